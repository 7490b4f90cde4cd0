"""`sorapipe resubmit`: a person's consent to send again what may have been bought, and the run that follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sorapipe.cli.choosing import shell_words, sort_words
from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import exclude_option, excluding, provider_option, terms_options, words_argument

if TYPE_CHECKING:
    from decimal import Decimal


@click.command(
    "resubmit",
    cls=VerbCommand,
    short_help="Send again what is uncertain, though it may have been paid.",
    help="Send again what is uncertain, though it may have been paid. What is known of each is listed first, and a yes "
    "is asked for once; without a terminal `--yes` gives it, for the purchase too (`--max-cost` only limits it). The "
    "new take gets a number of its own; the old one stays in the lock and counts as possibly spent.",
    examples=(
        ("sorapipe resubmit stairs", "the uncertain take of `stairs`, as a new one"),
        ("sorapipe resubmit --all --yes --max-cost 5", "all of them, if that pays for it"),
    ),
)
@words_argument("[STORYBOARD] [SHOT]...")
@exclude_option
@click.option("--all", "every", is_flag=True, help="All that is uncertain.")
@terms_options
@provider_option
def command(  # noqa: PLR0913, PLR0917 - one argument an option
    words: tuple[str, ...],
    exclude: tuple[str, ...],
    every: bool,
    yes: bool,
    max_cost: Decimal | None,
    max_takes: int | None,
    partial: bool,
    max_wait: float,
    as_json: bool,
    provider: str | None,
) -> None:
    """Reads, lists, asks, writes the consent down, carries out."""
    from sorapipe.cli.limits import Terms
    from sorapipe.cli.performance import Order
    from sorapipe.cli.production import produce, read
    from sorapipe.cli.sending_again import lost, send_again
    from sorapipe.planning.plan_types import Wishes

    sorted_words = sort_words(words)
    if bool(sorted_words.shots) == every:
        example = f"sorapipe resubmit{sorted_words.target} --all"
        raise Expected(Exit.USAGE, "`resubmit` wants shots, or `--all`", f"for example `{example}`")
    production = produce(read(sorted_words), provider)
    attempts = lost(production, sorted_words.shots, exclude)
    if not attempts:
        click.echo("nothing is uncertain")
        return
    terms = Terms(yes, max_cost, max_takes, partial)
    typed = f"sorapipe resubmit{shell_words([*words, *excluding(exclude)])}{' --all' if every else ''}"
    send_again(production, attempts, Order(Wishes(), terms, provider, as_json, max_wait, typed))
