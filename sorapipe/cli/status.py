"""`sorapipe status`: how the film stands and what needs attention; sends and writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sorapipe.cli.choosing import sort_words
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import exclude_option, json_option, page_for, print_json, provider_option, words_argument

if TYPE_CHECKING:
    from sorapipe.cli.production import Production
    from sorapipe.views.page import Page


@click.command(
    "status",
    cls=VerbCommand,
    short_help="Show the takes of each shot and what needs attention.",
    help="Show the takes of each shot, where their clips are, which one is in the film "
    "(● picked, ○ first good one), and what needs attention. Of a film of more than 60 shots: how many of each scene "
    "stand how, and what needs attention.",
    examples=(
        ("sorapipe status", "the storyboard of this folder"),
        ("sorapipe status skerry.yaml stairs --json", "one shot, as data"),
        ("sorapipe status --cost", "what was paid for each scene, and what of it is in the film"),
    ),
)
@words_argument()
@exclude_option
@click.option("--cost", "costs", is_flag=True, help="Show where the money went instead.")
@click.option("--all", "every", is_flag=True, help="List every take, also of a long film.")
@json_option
@provider_option
def command(  # noqa: PLR0913, PLR0917 - one argument an option
    words: tuple[str, ...], exclude: tuple[str, ...], costs: bool, every: bool, as_json: bool, provider: str | None
) -> None:
    """Reads and shows."""
    from sorapipe.cli.production import produce, read, show
    from sorapipe.planning.plan_types import Action, Wishes
    from sorapipe.views.status_view import Doing, Standing, status_data, status_text

    script = read(sort_words(words))
    select = script.chosen(exclude=exclude, provider=provider)
    production = produce(script, provider)
    show([one for one in production.diagnostics if one.code == "state"], production.sources)
    if costs:
        _show_costs(production, select, page_for(script.words, provider), as_json=as_json)
        return
    plan = production.plan(Wishes())
    missing = frozenset(out for out, size in production.inventory.items() if size is None)
    holder = production.workspace.holder()
    doing = Doing(holder.pid, holder.command) if holder is not None else None
    standing = Standing(production.storyboard, production.outlook, plan, production.facts, missing, doing)
    if as_json:
        print_json(status_data(standing, select))
    else:
        click.echo(status_text(standing, page_for(script.words, provider, every=every), select), nl=False)
        if any(step.action is Action.UNCERTAIN for step in plan.steps):
            from sorapipe.cli.uncertain import say_who_looks

            say_who_looks(production, plan)


def _show_costs(production: Production, select: frozenset[str] | None, page: Page, *, as_json: bool) -> None:
    from sorapipe.planning.cost import spent
    from sorapipe.planning.spending import spending
    from sorapipe.views.costs_view import Costs, costs_data, costs_text

    so_far = spent(production.facts, production.capabilities).cost
    sums = spending(production.outlook, production.facts, select)
    costs = Costs(production.storyboard, sums, so_far, production.capabilities.currency, select is None)
    if as_json:
        print_json(costs_data(costs))
    else:
        click.echo(costs_text(costs, page), nl=False)
