"""Sends uncertain takes again: lists them, asks once, writes the consent down before anything is sent."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import click

from sorapipe.cli import uncertain
from sorapipe.cli.consent import within_limits
from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.limits import Terms
from sorapipe.cli.performance import Order, again, as_known, carry_out, finish
from sorapipe.cli.production import Production, checked
from sorapipe.planning.facts import Attempt, AttemptState, Facts
from sorapipe.planning.plan import narrowed
from sorapipe.planning.plan_types import BUYS, Plan, Wishes
from sorapipe.state.session import Session
from sorapipe.storyboard.diagnostics import escape
from sorapipe.views.doubt import doubt_text, question
from sorapipe.views.ink import paint
from sorapipe.views.words import count, money


def lost(production: Production, words: Sequence[str], exclude: Sequence[str] = ()) -> list[Attempt]:
    """The uncertain attempts that words mean, all without any, less those that `exclude` means. Raises `Expected` where
    there are none of a word, and where one is being sent at this moment."""
    found = uncertain.holding_up(production)
    if words:
        meant: set[str] = set()
        for word in words:
            there = uncertain.addresses(production, word)
            if not any(attempt.address in there for attempt in found):
                raise _nothing(production, word)
            meant |= there
        found = [attempt for attempt in found if attempt.address in meant]
    left_out = {address for word in exclude for address in uncertain.addresses(production, word)}
    found = [attempt for attempt in found if attempt.address not in left_out]
    for attempt in found:
        if attempt.state is AttemptState.INTENT:
            raise Expected(Exit.HELD, f"a run is sending {uncertain.name(production, attempt)} now", "wait for its end")
    return found


def _nothing(production: Production, word: str) -> Expected:
    target = production.script.words.target
    return Expected(
        Exit.USAGE, f"nothing about `{escape(word)}` is uncertain; nothing was sent",
        f"what is missing: `sorapipe run{target}`; another take: `sorapipe roll{target} SHOT`",
    )  # fmt: skip


def send_again(production: Production, attempts: Sequence[Attempt], order: Order) -> None:
    """Shows what that means, asks, records, goes on like a run for these shots and no others."""
    order = replace(order, wishes=_wishes(production, attempts))

    def replan(now: Production) -> Plan:
        return narrowed(now.plan(order.wishes), now.outlook, _targets(now, attempts))

    agreed = as_known(production, _with_consent(production.facts, attempts))
    plan = replan(agreed)
    checked(agreed, plan)
    plan = within_limits(agreed, plan, order.terms)
    _ask(agreed, plan, attempts, order.terms)
    began = time.monotonic()
    with production.workspace.hold(order.command) as session:
        facts = session.facts()
        _still(facts, attempts)
        now, plan = again(
            agreed, plan, _with_consent(facts, attempts), lambda now: within_limits(now, replan(now), order.terms)
        )
        _write(session, attempts)
        outcome = carry_out(now, plan, session, order)
    _say_rest(production, plan, attempts)
    finish(now, plan, outcome, order, time.monotonic() - began)


def _with_consent(facts: Facts, attempts: Sequence[Attempt]) -> Facts:
    return replace(facts, consents=facts.consents | {attempt.token for attempt in attempts})


def _targets(production: Production, attempts: Sequence[Attempt]) -> frozenset[str]:
    """Where the new takes belong: a shot that was renamed has another address now."""
    return frozenset(production.outlook.renames.today(attempt.address) for attempt in attempts)


def _wishes(production: Production, attempts: Sequence[Attempt]) -> Wishes:
    """As many new takes as are sent again, also of a shot that has others; a character is made for a shot that needs
    it."""
    shots = production.outlook.situations
    targets = _targets(production, attempts)
    carriers = {address for address, it in shots.items() if targets & {f"@{name}" for name in it.request.mentions}}
    rolls = Counter(it.address for it in attempts if it.address in shots or it.address.startswith("@"))
    return Wishes(frozenset({*targets & shots.keys(), *carriers}), tuple(sorted(rolls.items())))


def _ask(production: Production, plan: Plan, attempts: Sequence[Attempt], terms: Terms) -> None:
    """The list, the plan where it costs real money, and one question. Raises `Expected` (2) without a yes."""
    from sorapipe.cli.options import page_for
    from sorapipe.cli.reach import need_key
    from sorapipe.views.plan_view import plan_text

    ink = partial(paint, stream=sys.stderr)
    here = production.capabilities
    marked = here.profile if "metadata" in here.fields else None
    click.echo(doubt_text(attempts, partial(uncertain.name, production), ink, marked), err=True)
    buys = any(step.action in BUYS for step in plan.steps)
    if buys:
        need_key(production.profile)
    if buys and not production.capabilities.rehearsal:
        page = replace(page_for(production.script.words), paint=ink)
        click.echo(f"\n{plan_text(plan, production.storyboard, page, going=True)}", err=True)
    if terms.yes:
        return
    said = question(attempts, plan.totals.calls, money(plan.totals.cost, plan.currency))
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Expected(Exit.USAGE, f"{said}, and nobody is here to agree", "`--yes` agrees to both")
    if not click.confirm(f"{said[:1].upper()}{said[1:]}. Send again?", default=False, err=True):
        raise Expected(Exit.USAGE, "nothing was sent and nothing written")


def _still(facts: Facts, attempts: Sequence[Attempt]) -> None:
    """Nobody has settled one of them meanwhile."""
    known = {attempt.token: attempt for attempt in attempts}
    held = {it.token for address in {a.address for a in attempts} for it in facts.attempts.get(address, ())
            if facts.holds_up(it)}  # fmt: skip
    if not known.keys() <= held:
        raise Expected(Exit.TEMPORARY, "somebody has settled some of this meanwhile; nothing was sent", "look again")


def _write(session: Session, attempts: Sequence[Attempt]) -> None:
    """The consent is on the disk before anything is sent."""
    for attempt in attempts:
        session.consent(attempt.address, attempt.token, attempt.take)
    session.save()


def _say_rest(production: Production, plan: Plan, attempts: Sequence[Attempt]) -> None:
    """Where nothing is bought in their place at once."""
    bought = {step.address for step in plan.steps if step.action in BUYS}
    today = production.outlook.renames.today
    rest = [attempt for attempt in attempts if today(attempt.address) not in bought]
    if rest:
        text = f"{count(len(rest), 'take')} settled and not sent again now; a run renders what is missing"
        click.echo(f"note: {text}", err=True)
