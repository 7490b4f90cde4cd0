"""`sorapipe accept`: keeps clips that are out of date as they are; buys nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sorapipe.cli.choosing import sort_words
from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import exclude_option, provider_option, words_argument

if TYPE_CHECKING:
    from sorapipe.cli.choosing import Words
    from sorapipe.cli.production import Production
    from sorapipe.planning.facts import Attempt
    from sorapipe.planning.situation import Situation


@click.command(
    "accept",
    cls=VerbCommand,
    short_help="Keep a clip that is out of date as it is.",
    help="Keep the clips of shots as they are, although their text or a clip before them has changed. The picked take "
    "is in the film then, else the one that is there. It ends when the shot changes again.",
    examples=(
        ("sorapipe accept stairs --because 'the old light is better'", "one shot"),
        ("sorapipe accept scene:tower --because 'seen and approved'", "all shots of a scene"),
        ("sorapipe accept stairs --clear", "not accepted any more"),
    ),
)
@words_argument("[STORYBOARD] SHOT...")
@exclude_option
@click.option("--because", metavar="TEXT", default="", help="Why, for whoever reads the lock.")
@click.option("--clear", is_flag=True, help="Take it back.")
@provider_option
def command(words: tuple[str, ...], exclude: tuple[str, ...], because: str, clear: bool, provider: str | None) -> None:
    """Writes down what is accepted and lists it."""
    from sorapipe.cli.production import produce, read, show
    from sorapipe.cli.reach import without_address
    from sorapipe.planning.facts import Waiver
    from sorapipe.views.words import count

    sorted_words = sort_words(words)
    if not sorted_words.shots:
        example = f"sorapipe accept{sorted_words.target} stairs --because 'the old light is better'"
        raise Expected(Exit.USAGE, "`accept` wants a shot", f"for example `{example}`")
    if clear:
        _clear(sorted_words, exclude, because, provider)
        return
    if not because.strip():
        raise Expected(Exit.USAGE, "`accept` wants a reason", "`--because '…'`: it stands in the lock beside the shot")
    production = produce(read(sorted_words), provider)
    chosen = production.chosen(exclude=exclude) or frozenset()
    found = [it for address, it in production.outlook.situations.items() if address in chosen]
    blessed = [(it, take) for it in found if (take := _out_of_date(production, it)) is not None]
    if not blessed:
        hint = f"`sorapipe status{sorted_words.target}` shows what is"
        raise Expected(Exit.USAGE, "nothing is out of date there", hint)
    with production.workspace.hold("sorapipe accept") as session:
        if session.facts() != production.facts:
            raise Expected(Exit.TEMPORARY, "another run has changed what is there; nothing is accepted", "try it again")
        for it, _ in blessed:
            session.waive(Waiver(it.address, it.recipe.digest, it.inputs, because.strip()))
    for it, take in blessed:
        click.echo(_line(it, take), err=True)
    click.echo(f"\n{count(len(blessed), 'shot')} accepted, until the text or a clip before it changes again", err=True)
    note = without_address(production.profile)
    if note is not None:
        show([note], {})


def _clear(words: Words, exclude: tuple[str, ...], because: str, provider: str | None) -> None:
    """Takes back what was accepted, and says of which shots."""
    from sorapipe.cli.production import produce, read

    if because:
        raise Expected(Exit.USAGE, "`--clear` needs no reason", "leave `--because` out")
    production = produce(read(words), provider)
    chosen = production.chosen(exclude=exclude) or frozenset()
    names = {address: (address, *production.outlook.reuses.olds(address)) for address in chosen}
    labels = production.outlook.labels
    with production.workspace.hold("sorapipe accept") as session:
        cleared = {address for address, olds in names.items() for name in olds if session.unwaive(name)}
    if not cleared:
        raise Expected(Exit.USAGE, "nothing was accepted there", f"`sorapipe status{words.target}` shows how it stands")
    for address in sorted(cleared):
        click.echo(f"{labels.get(address, address)}: not accepted any more", err=True)
    click.echo(f"\nnext: sorapipe plan{words.target}", err=True)


def _out_of_date(production: Production, it: Situation) -> Attempt | None:
    """The take that would be kept: the picked one, else the one in the film; `None` where it is up to date.

    Raises `Expected` where picks contradict each other.
    """
    from sorapipe.planning.choice import single_pick, stand_ins

    if it.conflict:
        hint = f"`sorapipe pick{production.script.words.target} {it.shot.label} N` settles it"
        raise Expected(Exit.USAGE, f"two takes of {it.shot.label} are picked", hint)
    if it.accepted or it.film is None:
        return None
    pick = single_pick(production.facts.picks.get(it.address, ()))
    picked = next((one for one in stand_ins(it.attempts) if pick is not None and one.token == pick.token), None)
    take = picked or it.film.attempt
    return None if take.token in it.unmoved else take


def _line(it: Situation, take: Attempt) -> str:
    from sorapipe.planning.choice import labels

    why = "made for an older text" if take.token not in it.current else "made from another clip than today's"
    return f"{it.shot.label}: {labels(it.attempts)[take.token]} is in the film as it is ({why})"
