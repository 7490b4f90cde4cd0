"""`sorapipe pick`: chooses the take that is in the film; buys nothing."""

from __future__ import annotations

import click

from sorapipe.cli.completion import TakeWord
from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.group import VerbCommand


@click.command(
    "pick",
    cls=VerbCommand,
    short_help="Choose the take of a shot that is in the film.",
    help="Choose the take of a shot that is in the film. What begins on its last frame goes on from there.",
    examples=(
        ("sorapipe pick stairs 2", "take 2 of the shot `stairs`"),
        ("sorapipe pick renders/storyboard/stairs_t02.mp4", "the same"),
        ("sorapipe pick stairs --clear", "no choice any more"),
    ),
)
@click.argument("words", nargs=-1, type=TakeWord(), metavar="[STORYBOARD] SHOT TAKE")
@click.option("--clear", is_flag=True, help="Take the choice back.")
def command(words: tuple[str, ...], clear: bool) -> None:
    """Writes the choice down."""
    from sorapipe.cli.choices import choice
    from sorapipe.planning.facts import AttemptState

    chosen = choice(words, "pick", clear=clear)
    attempt = chosen.attempt
    if not clear and attempt is not None and attempt.state is not AttemptState.DONE:
        raise Expected(
            Exit.USAGE, f"{chosen.label} {chosen.name} has no clip: it is {attempt.state.value}",
            f"`sorapipe status{chosen.target} {chosen.label}` shows its takes",
        )  # fmt: skip
    with chosen.production.workspace.hold("sorapipe pick") as session:
        session.pick(
            chosen.address,
            None if clear or attempt is None else attempt.token,
            attempt.take if attempt and not clear else None,
        )
    if clear:
        click.echo(f"{chosen.label}: no take is picked", err=True)
    else:
        click.echo(f"{chosen.label}: {chosen.name} is in the film", err=True)
        if attempt is not None and attempt.token in chosen.production.facts.no_good:
            click.echo(f"note: {chosen.name} is marked as no good", err=True)
    click.echo(f"\nnext: sorapipe plan{chosen.target}", err=True)
