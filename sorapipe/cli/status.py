"""`sorapipe status`: how the film stands and what needs attention; sends and writes nothing."""

from __future__ import annotations

import click

from sorapipe.cli.choosing import sort_words
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import json_option, page_for, print_json, provider_option, words_argument


@click.command(
    "status",
    cls=VerbCommand,
    short_help="Show the takes of each shot and what needs attention.",
    help="Show the takes of each shot, where their clips are, which one is in the film "
    "(● picked, ○ first good one), and what needs attention.",
    examples=(
        ("sorapipe status", "the storyboard of this folder"),
        ("sorapipe status skerry.yaml stairs --json", "one shot, as data"),
    ),
)
@words_argument()
@json_option
@provider_option
def command(words: tuple[str, ...], as_json: bool, provider: str | None) -> None:
    """Reads and shows."""
    from sorapipe.cli.production import produce, read, show
    from sorapipe.planning.plan_types import Wishes
    from sorapipe.views.status_view import Doing, Standing, status_data, status_text

    script = read(sort_words(words))
    select = script.chosen()
    production = produce(script, provider)
    show([one for one in production.diagnostics if one.code == "state"], production.sources)
    plan = production.plan(Wishes())
    missing = frozenset(out for out, size in production.inventory.items() if size is None)
    holder = production.workspace.holder()
    doing = Doing(holder.pid, holder.command) if holder is not None else None
    standing = Standing(production.storyboard, production.outlook, plan, production.facts, missing, doing)
    if as_json:
        print_json(status_data(standing, select))
    else:
        click.echo(status_text(standing, page_for(script.words, provider), select), nl=False)
