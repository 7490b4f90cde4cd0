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
    from sorapipe.cli.choices import choice, command_for, film_of
    from sorapipe.cli.choosing import shell_words
    from sorapipe.planning.choice import Because, stand_ins

    chosen = choice(words, "ng", clear=False)
    attempt = chosen.attempt
    if attempt is None:
        raise Expected(Exit.USAGE, "`ng` wants a shot and a take", "for example `sorapipe ng stairs 1`")
    with chosen.production.workspace.hold("sorapipe ng") as session:
        session.no_good(chosen.address, attempt.token, attempt.take, on=not clear)
    click.echo(f"{chosen.label}: {chosen.name} is {'good again' if clear else 'no good'}", err=True)
    if clear:
        return
    film = film_of(chosen)
    picked = film is not None and film.because in {Because.PICKED, Because.STALE_PICK}
    marked = {*chosen.production.facts.no_good, attempt.token}
    it = chosen.production.outlook.situations.get(chosen.address)
    today = it.current if it is not None else frozenset()
    good = [one for one in stand_ins(chosen.attempts) if one.token not in marked]
    good.sort(key=lambda one: one.token not in today)
    another = f"sorapipe roll{chosen.target}{shell_words([chosen.label])}"
    if film is None or film.attempt.token != attempt.token or not picked:
        click.echo(f"\nfor another take: {another}", err=True)
    elif good:
        example = command_for(chosen, "pick", good[0])
        click.echo(f"\nit is still picked: pick another, for example `{example}`", err=True)
    else:
        click.echo(f"\nit is still picked, and no other take is good: `{another}`", err=True)
