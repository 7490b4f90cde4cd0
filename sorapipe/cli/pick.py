"""`sorapipe pick`: chooses the take that is in the film; buys nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sorapipe.cli.completion import TakeWord
from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.group import VerbCommand

if TYPE_CHECKING:
    from sorapipe.cli.choices import Choice
    from sorapipe.planning.facts import Attempt


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
    from sorapipe.cli.choosing import shell_words
    from sorapipe.planning.facts import AttemptState

    chosen = choice(words, "pick", clear=clear)
    attempt = chosen.attempt
    if not clear and attempt is not None and attempt.state is not AttemptState.DONE:
        raise Expected(
            Exit.USAGE, f"{chosen.label} {chosen.name} has no clip: it is {attempt.state.value}",
            f"`sorapipe status{chosen.target}{shell_words([chosen.label])}` shows its takes",
        )  # fmt: skip
    with chosen.production.workspace.hold("sorapipe pick") as session:
        session.pick(
            chosen.address,
            None if clear or attempt is None else attempt.token,
            attempt.take if attempt and not clear else None,
        )
    if clear or attempt is None:
        click.echo(f"{chosen.label}: no take is picked", err=True)
    else:
        _tell(chosen, attempt)
    click.echo(f"\nnext: sorapipe plan{chosen.target}", err=True)


def _tell(chosen: Choice, attempt: Attempt) -> None:
    """Says what the choice comes to: a take of an older text gives way to one of today's until it is accepted."""
    from sorapipe.cli.choosing import shell_words
    from sorapipe.planning.choice import Today, choose, labels
    from sorapipe.planning.facts import Pick
    from sorapipe.planning.situation import wanted_now

    label, name = chosen.label, chosen.name
    it = chosen.production.outlook.situations.get(chosen.address)
    outlook = chosen.production.outlook
    nothing = Today(frozenset(), frozenset())
    today = wanted_now(outlook, it, chosen.attempts, outlook.today) if it is not None else nothing
    pick = Pick(chosen.address, attempt.token, attempt.take)
    film = choose(chosen.attempts, pick, chosen.production.facts.no_good, today)
    older = it is not None and attempt.token not in it.current and not it.accepted
    if film is None or film.attempt.token == attempt.token:
        click.echo(f"{label}: {name} is in the film", err=True)
    elif older:
        stays = labels(chosen.attempts)[film.attempt.token]
        click.echo(f"{label}: {name} was made for an older text of this shot; {stays} stays in the film", err=True)
    else:
        stays = labels(chosen.attempts)[film.attempt.token]
        click.echo(f"{label}: {name} is a practice take; {stays} stays in the film", err=True)
    if attempt.token in chosen.production.facts.no_good:
        click.echo(f"note: {name} is marked as no good", err=True)
    if older:
        if film is None or film.attempt.token == attempt.token:
            click.echo(f"note: {name} was made for an older text of this shot; a run renders a new take", err=True)
        way = f"sorapipe accept{chosen.target}{shell_words([label])} --because"
        click.echo(f'\nto keep {name} in the film: {way} "…"', err=True)
