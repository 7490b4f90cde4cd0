"""`sorapipe run`: plan, consent, do; goes on by itself. Knows not how anything is done."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from sorapipe.cli.callbacks import Callbacks, callback_options
from sorapipe.cli.choosing import shell_words, sort_words
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import (
    exclude_option,
    excluding,
    provider_option,
    terms_options,
    wishes_options,
    words_argument,
)

if TYPE_CHECKING:
    from decimal import Decimal


@click.command(
    "run",
    cls=VerbCommand,
    short_help="Render what is missing or was edited; goes on by itself after a break.",
    help="Render what is missing or was edited. A run that was interrupted goes on, and one with nothing to do writes "
    "nothing. A real provider asks before it costs money; Ctrl-C once ends a run when it is safe, twice at once. Clips "
    "that are broken, of another length or orientation, or of another task are never taken for done; a clip of the "
    "right shape that shows something else can't be told: look at it.",
    examples=(
        ("sorapipe run", "the storyboard of this folder"),
        ("sorapipe run skerry.yaml scene:arrival", "some of its shots"),
        ("sorapipe run state:stale --exclude tag:hero", "what is out of date, with an exception"),
        ("sorapipe run --max-cost 12.50 --partial", "as much as that pays for"),
        ("sorapipe run --plan plan.json", "what was looked at, and nothing else"),
        ("sorapipe run --locked", "a fresh clone, CI: the film of the lock, nothing bought"),
        ("sorapipe run --listen 127.0.0.1:8700 --callback-url https://tunnel.example.org/", "hear when a job ends"),
    ),
)
@words_argument()
@exclude_option
@terms_options
@wishes_options
@callback_options
@click.option("--locked", is_flag=True, help="Render nothing: bring the film that the lock names, and verify it.")
@click.option("--plan", "plan_file", type=click.Path(), metavar="FILE",
              help="Do just what `plan --out FILE` wrote; nothing where things have changed since.")  # fmt: skip
@provider_option
def command(  # noqa: PLR0913, PLR0917 - one argument an option
    words: tuple[str, ...],
    exclude: tuple[str, ...],
    yes: bool,
    max_cost: Decimal | None,
    max_takes: int | None,
    partial: bool,
    max_wait: float,
    as_json: bool,
    cascade: bool,
    reshoot: bool,
    first_takes: bool,
    callback_url: str | None,
    listen: tuple[str, int] | None,
    locked: bool,
    plan_file: str | None,
    provider: str | None,
) -> None:
    """Reads, plans, asks, carries out."""
    from sorapipe.cli.limits import Terms
    from sorapipe.cli.performance import Order, perform
    from sorapipe.cli.production import read
    from sorapipe.planning.plan_types import Wishes

    wishes = Wishes(cascade=cascade, reshoot=reshoot, first_takes=first_takes)
    agreed = None
    if plan_file is not None:
        from sorapipe.cli.reviewed import given, refuse_others, seller_of

        refuse_others({"--cascade": cascade, "--reshoot": reshoot, "--first-takes": first_takes, "--locked": locked,
                       "--exclude": bool(exclude)})  # fmt: skip
        agreed = given(plan_file, words)
        script, wishes = read(agreed.words), agreed.reviewed.wishes
        provider = provider or seller_of(script, agreed)
    else:
        script = read(sort_words(words))
        wishes = replace(wishes, select=script.chosen(exclude=exclude, provider=provider))
    terms = Terms(yes, max_cost, max_takes, partial)
    callbacks = Callbacks(callback_url, listen)
    command = f"sorapipe run{shell_words([*words, *excluding(exclude)])}"
    command += " --locked" if locked else shell_words(["--plan", plan_file]) if plan_file else ""
    order = Order(wishes, terms, provider, as_json, max_wait, command, callbacks=callbacks, given=agreed)
    if locked:
        from sorapipe.cli.locked import perform_locked, refuse_wishes

        refuse_wishes(cascade=cascade, reshoot=reshoot, first_takes=first_takes, partial=partial)
        perform_locked(script, order)
        return
    perform(script, order)
