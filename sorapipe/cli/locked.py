"""`sorapipe run --locked`: brings the film that the lock names, or says what the lock lacks; never sends a create."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import click

from sorapipe.cli.clips_read import read_film
from sorapipe.cli.failures import Exit, Expected, Quit
from sorapipe.cli.options import page_for
from sorapipe.cli.performance import Order, as_known, carry_out
from sorapipe.cli.production import Production, Script, produce, show
from sorapipe.engine.outcome import exit_code
from sorapipe.planning.facts import AttemptState
from sorapipe.planning.levels import Clip, Proof, proofs
from sorapipe.planning.locked import Lack, bringing, lacking, missing
from sorapipe.planning.stock import stock
from sorapipe.storyboard.diagnostics import escape
from sorapipe.views.proof_view import Proofs, locked_data, locked_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sorapipe.planning.plan_types import Plan
    from sorapipe.state.session import Session

_MOST = 12
_LONGEST = 90


class Came(NamedTuple):
    """How many clips were brought, and by address why one was not."""

    clips: int = 0
    why: Mapping[str, str] = {}


def refuse_wishes(**given: bool) -> None:
    """Raises `Expected` (2) for an option that asks for more than the lock names."""
    for name, on in given.items():
        if on:
            raise Expected(
                Exit.USAGE, f"`--locked` buys nothing, so `--{name.replace('_', '-')}` can't hold",
                "leave one of them out",
            )  # fmt: skip


def perform_locked(script: Script, order: Order) -> None:
    """Brings what is missing of the lock's film, verifies all of it, says how it stands. Ends with the exit code."""
    production = produce(script, order.provider)
    show([one for one in production.diagnostics if one.code == "state"], production.sources)
    _refuse(production, order)
    if production.known.behind and not order.as_json:
        name, target = production.workspace.lock_path.name, production.script.words.target
        text = (
            f"`{name}` lacks something that this machine knows, so a clone lacks it too: `sorapipe run{target}` adds it"
        )
        click.echo(f"note: {escape(text)}", err=True)
    code, came = int(Exit.DONE), Came()
    if _wanted(production, order).steps:
        with production.workspace.hold(order.command) as session:
            production = as_known(production, session.facts())
            _refuse(production, order)
            code, came = _bring(production, session, order)
            production = as_known(production, session.facts())
    _verify(production, order, code, came)


def _wanted(production: Production, order: Order) -> Plan:
    plan = production.plan(order.wishes)
    return bringing(production.outlook, production.inventory, plan, order.wishes.select)


def _bring(production: Production, session: Session, order: Order) -> tuple[int, Came]:
    """Pulls what is missing, fetches the rest. The exit code of that, and what came."""
    pulled = _pull(production, session, order)
    production = as_known(production, session.facts())
    plan = _wanted(production, order)
    if not plan.steps:
        return Exit.DONE, Came(pulled)
    outcome = carry_out(production, plan, session, order)
    done = sum(end.state is AttemptState.DONE for end in outcome.ended)
    why = {end.key.rpartition("#")[0]: end.why for end in outcome.ended if end.why}
    why |= {one.key.rpartition("#")[0]: one.reason.text for one in outcome.not_started}
    return outcome.exit_code, Came(pulled + done, why)


def _pull(production: Production, session: Session, order: Order) -> int:
    """Brings clips of the film out of the store, where there is one. How many came; what is wrong with others is said,
    and so is a store that can't be used: the provider may have them."""
    from sorapipe.cli.pulling import bring
    from sorapipe.cli.stores import find_store

    select = order.wishes.select
    tokens = {attempt.token for attempt in missing(production.outlook, production.inventory, select)}
    clips = [one for one in stock(production.outlook, production.inventory, select) if one.attempt.token in tokens]
    if not clips:
        return 0
    try:
        store = find_store(production)
        moved = bring(production, session, store, clips) if store is not None else None
    except Expected as error:
        click.echo(f"note: {escape(error.message)}", err=True)
        return 0
    for clip, why in moved.wrong.items() if moved is not None else ():
        click.echo(f"{escape(clip.name)}: {escape(why)}", err=True)
    return len(moved.moved) if moved is not None else 0


def _refuse(production: Production, order: Order) -> None:
    """Raises `Expected` (3) where the storyboard asks for more than the lock holds; by name."""
    lacks = lacking(production.outlook, production.plan(order.wishes), order.wishes.select)
    if not lacks:
        return
    if order.as_json:
        found = [{"address": one.address, "label": one.label, "text": one.text} for one in lacks]
        line = {"event": "refused", "exit_code": int(Exit.REFUSED), "lacking": found}
        click.echo(json.dumps(line, ensure_ascii=False))
    name, target = production.workspace.lock_path.name, production.script.words.target
    shown = "\n".join(f"  {text}" for text in _rows(lacks))
    raise Expected(
        Exit.REFUSED, f"the storyboard asks for more than `{name}` holds; nothing was sent\n\n{shown}",
        f"`sorapipe plan{target}` says why and at what price, `sorapipe run{target}` renders it",
    )  # fmt: skip


def _rows(lacks: list[Lack]) -> list[str]:
    width = max(len(one.label) for one in lacks[:_MOST])
    rows = [f"{one.label:{width}}  {_short(one.text)}" for one in lacks[:_MOST]]
    return rows + ([f"and {len(lacks) - _MOST} more"] if len(lacks) > _MOST else [])


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _verify(production: Production, order: Order, code: int, came: Came) -> None:
    """Reads every clip of the film and says how it stands. Raises `Quit`."""
    select = order.wishes.select
    found, size = read_film(production, select)
    every = proofs(production.outlook, production.plan(order.wishes), found, select)
    every = [_with_reason(one, came) for one in every]
    here = Proofs(every, size, frozenset())
    if any(one.clip is not Clip.SAME for one in every):
        code = exit_code((code, Exit.CLIP))
    if order.as_json:
        click.echo(json.dumps(locked_data(here, came.clips, code), ensure_ascii=False))
    else:
        page = replace(page_for(production.script.words, order.provider), every=False)
        click.echo(locked_text(here, page, came.clips), nl=False)
    if code:
        raise Quit(code)


def _with_reason(one: Proof, came: Came) -> Proof:
    why = came.why.get(one.address)
    return replace(one, text=f"{one.text}: {why}") if why and one.clip is Clip.MISSING else one
