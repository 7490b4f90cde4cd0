"""`sorapipe roll`: buys further takes of shots; picks stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sorapipe.cli.choosing import shell_words, sort_words
from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import exclude_option, excluding, provider_option, terms_options, words_argument

if TYPE_CHECKING:
    from decimal import Decimal

    from sorapipe.cli.production import Script


@click.command(
    "roll",
    cls=VerbCommand,
    short_help="Buy another take of a shot.",
    help="Buy another take of a shot, or several. What is picked stays picked.",
    examples=(
        ("sorapipe roll stairs", "one more take"),
        ("sorapipe roll result:failed", "one more of each shot that failed"),
        ("sorapipe roll @keeper", "make a character again that failed"),
        ("sorapipe roll storm/fog --takes 3 --note 'slower'", "three more, with a note on each"),
    ),
)
@words_argument("[STORYBOARD] SHOT...")
@exclude_option
@click.option("--takes", type=click.IntRange(1, 1000), default=1, help="How many takes of each shot.", metavar="N")
@click.option("--note", default="", help="A note on each new take, for people.", metavar="TEXT")
@terms_options
@provider_option
def command(  # noqa: PLR0913, PLR0917 - one argument an option
    words: tuple[str, ...],
    exclude: tuple[str, ...],
    takes: int,
    note: str,
    yes: bool,
    max_cost: Decimal | None,
    max_takes: int | None,
    partial: bool,
    max_wait: float,
    as_json: bool,
    provider: str | None,
) -> None:
    """Reads, plans the takes, asks, carries out."""
    from sorapipe.cli.limits import Terms
    from sorapipe.cli.performance import Order, perform
    from sorapipe.cli.production import read
    from sorapipe.planning.plan_types import Wishes

    sorted_words = sort_words(words)
    if not sorted_words.shots:
        raise Expected(Exit.USAGE, "`roll` wants a shot", f"for example `sorapipe roll{sorted_words.target} stairs`")
    script = read(sorted_words)
    cast = _cast(script, [word for word in sorted_words.shots if word.startswith("@")])
    shots = [word for word in sorted_words.shots if not word.startswith("@")]
    chosen = (script.chosen(shots, exclude, provider) if shots else None) or frozenset()
    again = {shot.address.canonical for shot in script.storyboard.shots if shot.clip is not None}
    if not chosen and not cast:
        return
    if chosen <= again and not cast:
        raise Expected(Exit.USAGE, "such a shot shows another shot's clip: roll that one")
    rolls = [(address, takes) for address in sorted(chosen - again)] + [(name, 1) for name in cast]
    wishes = Wishes(chosen | _carriers(script, cast), tuple(rolls))
    terms = Terms(yes, max_cost, max_takes, partial)
    typed = f"sorapipe roll{shell_words([*words, *excluding(exclude)])}"
    only = frozenset({*chosen, *cast}) if cast else None
    perform(script, Order(wishes, terms, provider, as_json, max_wait, typed, note, only))


def _cast(script: Script, words: list[str]) -> list[str]:
    """The characters that are meant (`@driver`). Raises `Expected` for one that nobody makes."""
    from sorapipe.storyboard.diagnostics import did_you_mean

    known = script.storyboard.characters
    for word in words:
        character = known.get(word[1:])
        if character is None:
            meant = did_you_mean(word[1:], known)
            raise Expected(
                Exit.USAGE, f"there is no character `{word}`", f"did you mean `@{meant}`?" if meant else None
            )
        if character.source is None:
            raise Expected(Exit.USAGE, f"`{word}` is only words: there is nothing to make", "roll the shots it is in")
    return list(dict.fromkeys(words))


def _carriers(script: Script, cast: list[str]) -> frozenset[str]:
    """The shots that mention them: a character is made for a shot that needs it."""
    wanted = {name[1:] for name in cast}
    shots = [shot for shot in script.storyboard.shots if shot.request and wanted & {*shot.request.mentions}]
    return frozenset(shot.address.canonical for shot in shots)
