"""`sorapipe fetch`: brings what was paid and is not here; never sends a create."""

from __future__ import annotations

import time
from dataclasses import replace

import click

from sorapipe.cli.choosing import shell_words, sort_words
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import Wait, exclude_option, excluding, provider_option, words_argument


@click.command(
    "fetch",
    cls=VerbCommand,
    short_help="Bring clips that were paid and are not here.",
    help="Bring clips that were paid and are not here: those that run, could not be had before or were not what was "
    "asked, and those whose file was deleted. The provider is asked for each again; nothing is bought. Without a shot, "
    "takes that are marked as no good may be missing. Exit 0 when all is here, 12 when something can't be had.",
    examples=(
        ("sorapipe fetch", "all that is paid and missing"),
        ("sorapipe fetch skerry.yaml stairs", "every take of one shot"),
    ),
)
@words_argument()
@exclude_option
@click.option("--max-wait", type=Wait(), default="60m", metavar="TIME", show_default=True,
              help="End when nothing has changed for this long.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print events as JSON, one a line.")
@provider_option
def command(
    words: tuple[str, ...], exclude: tuple[str, ...], max_wait: float, as_json: bool, provider: str | None
) -> None:
    """Reads, looks what is missing, asks for it."""
    from sorapipe.cli import uncertain
    from sorapipe.cli.limits import Terms
    from sorapipe.cli.performance import Order, again, carry_out, finish
    from sorapipe.cli.production import Production, produce, read, show
    from sorapipe.planning.collecting import collecting
    from sorapipe.planning.elsewhere import Elsewhere
    from sorapipe.planning.plan_types import Plan, Wishes
    from sorapipe.planning.totals import totals

    sorted_words = sort_words(words)
    production = produce(read(sorted_words), provider)
    show([one for one in production.diagnostics if one.code == "state"], production.sources)
    chosen: frozenset[str] | None = None
    if sorted_words.shots:
        chosen = frozenset[str]().union(*(uncertain.addresses(production, word) for word in sorted_words.shots))

    left_out = frozenset[str]().union(*(uncertain.addresses(production, word) for word in exclude))

    def wanted(now: Production) -> Plan:
        steps = tuple(one for one in collecting(now.outlook, now.inventory, chosen) if one.address not in left_out)
        sums = totals(now.outlook, steps, chosen)
        return replace(now.plan(Wishes(frozenset())), steps=steps, totals=sums, uploads=(), gone=())

    plan = wanted(production)
    if not plan.steps:
        kept = sorted({found for found in production.inventory.values() if isinstance(found, Elsewhere)})
        said = "; ".join(f"what is not here {one.value} keeps: `{one.command}`" for one in kept)
        click.echo(f"nothing to fetch: {said or 'every clip that was paid is here'}", err=as_json)
        return
    typed = f"sorapipe fetch{shell_words([*words, *excluding(exclude)])}"
    order = Order(Wishes(frozenset()), Terms(), provider, as_json, max_wait, typed)
    began = time.monotonic()
    with production.workspace.hold(typed) as session:
        production, plan = again(production, plan, session.facts(), wanted)
        outcome = carry_out(production, plan, session, order)
    finish(production, plan, outcome, order, time.monotonic() - began)
