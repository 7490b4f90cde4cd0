"""`sorapipe roll`: buys further takes of shots; picks stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sorapipe.cli.choosing import shell_words, sort_words
from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import provider_option, terms_options, words_argument

if TYPE_CHECKING:
    from decimal import Decimal


@click.command(
    "roll",
    cls=VerbCommand,
    short_help="Buy another take of a shot.",
    help="Buy another take of a shot, or several. What is picked stays picked.",
    examples=(
        ("sorapipe roll stairs", "one more take"),
        ("sorapipe roll storm/fog --takes 3 --note 'slower'", "three more, with a note on each"),
    ),
)
@words_argument("[STORYBOARD] SHOT...")
@click.option("--takes", type=click.IntRange(1, 1000), default=1, help="How many takes of each shot.", metavar="N")
@click.option("--note", default="", help="A note on each new take, for people.", metavar="TEXT")
@terms_options
@provider_option
def command(  # noqa: PLR0913, PLR0917 - one argument an option
    words: tuple[str, ...],
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
    from sorapipe.cli.consent import Terms
    from sorapipe.cli.performance import Order, perform
    from sorapipe.cli.production import read
    from sorapipe.planning.plan_types import Wishes

    sorted_words = sort_words(words)
    if not sorted_words.shots:
        raise Expected(Exit.USAGE, "`roll` wants a shot", f"for example `sorapipe roll{sorted_words.target} stairs`")
    script = read(sorted_words)
    chosen = script.chosen() or frozenset()
    again = {shot.address.canonical for shot in script.storyboard.shots if shot.clip is not None}
    if chosen <= again:
        raise Expected(Exit.USAGE, "such a shot shows another shot's clip: roll that one")
    wishes = Wishes(chosen, tuple((address, takes) for address in sorted(chosen - again)))
    terms = Terms(yes, max_cost, max_takes, partial)
    typed = f"sorapipe roll{shell_words(words)}"
    perform(script, Order(wishes, terms, provider, as_json, max_wait, typed, note))
