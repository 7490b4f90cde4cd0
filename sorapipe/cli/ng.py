"""`sorapipe ng`: marks a take as no good; buys nothing."""

from __future__ import annotations

import click

from sorapipe.cli.completion import TakeWord
from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.group import VerbCommand


@click.command(
    "ng",
    cls=VerbCommand,
    short_help="Mark a take as no good.",
    help="Mark a take as no good: it is not in the film unless it is picked. The clip stays where it is.",
    examples=(
        ("sorapipe ng stairs 1", "take 1 of the shot `stairs`"),
        ("sorapipe ng stairs 1 --clear", "it is good after all"),
    ),
)
@click.argument("words", nargs=-1, type=TakeWord(), metavar="[STORYBOARD] SHOT TAKE")
@click.option("--clear", is_flag=True, help="Take the mark back.")
def command(words: tuple[str, ...], clear: bool) -> None:
    """Writes the mark down."""
    from sorapipe.cli.choices import choice

    chosen = choice(words, "ng", clear=False)
    attempt = chosen.attempt
    if attempt is None:
        raise Expected(Exit.USAGE, "`ng` wants a shot and a take", "for example `sorapipe ng stairs 1`")
    with chosen.production.workspace.hold("sorapipe ng") as session:
        session.no_good(chosen.address, attempt.token, attempt.take, on=not clear)
    click.echo(f"{chosen.label}: {chosen.name} is {'good again' if clear else 'no good'}", err=True)
    click.echo(f"\nfor another take: sorapipe roll{chosen.target} {chosen.label}", err=True)
