"""From a read storyboard to a finished run, for the verbs that buy: the order of the steps, none of their rules."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import click

from sorapipe.cli.callbacks import NO_CALLBACKS, Callbacks, check_callbacks
from sorapipe.cli.consent import agreed, budget_left, within_limits
from sorapipe.cli.failures import Exit, Expected, Quit
from sorapipe.cli.limits import Terms
from sorapipe.cli.options import page_for
from sorapipe.cli.production import Production, Script, checked, produce
from sorapipe.cli.signals import let_go
from sorapipe.planning.choice import take_label
from sorapipe.planning.plan import narrowed
from sorapipe.planning.plan_types import BUYS, CHANGED, KEPT_ELSEWHERE, Action, Plan, Wishes
from sorapipe.planning.situation import look
from sorapipe.storyboard.diagnostics import escape
from sorapipe.views.ink import paint
from sorapipe.views.words import count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sorapipe.cli.reviewed import Given
    from sorapipe.engine.events import Event
    from sorapipe.engine.outcome import Outcome
    from sorapipe.planning.facts import Facts
    from sorapipe.planning.reuse import Neighbours
    from sorapipe.providers.base import Provider
    from sorapipe.state.session import Session

_SIGNALS = 128


@dataclass(frozen=True, slots=True)
class Order:
    """What a person ordered. `command` is what was typed, shown to whoever finds the storyboard held; `only` narrows
    the plan to some addresses and what they need; `given` is a plan that was looked at: no other is carried out."""

    wishes: Wishes
    terms: Terms
    provider: str | None
    as_json: bool
    max_wait: float
    command: str
    note: str = ""
    only: frozenset[str] | None = None
    callbacks: Callbacks = NO_CALLBACKS
    given: Given | None = None


def perform(script: Script, order: Order) -> None:
    """Plans, asks, carries out, says how it went. Ends the command with the run's exit code."""
    production = produce(script, order.provider)
    check_callbacks(production.profile, order.callbacks)
    production = settled(production, order)
    plan = _wanted(production, order)
    if order.only is not None and not plan.steps:
        text = "nothing that is missing needs it: a character is made for a shot"
        raise Expected(Exit.USAGE, text, "roll a shot that it is in")
    checked(production, plan)
    if plan.idle:
        _idle(production, plan, order)
        return
    plan = within_limits(production, plan, order.terms)
    _ask(production, plan, order)
    began = time.monotonic()
    outcome: Outcome | None = None
    try:
        with production.workspace.hold(order.command) as session:
            production, plan = again(production, plan, session.facts(), lambda now: _within(now, order))
            outcome = carry_out(production, plan, session, order)
            _note(session, plan, order.note)
    except Exception as error:
        if outcome is None:
            raise
        outcome = _spoilt(outcome, error)
    finish(production, plan, outcome, order, time.monotonic() - began)


def settled(production: Production, order: Order) -> Production:
    """The production after a look at what is uncertain, where there is a provider's list to look at. Raises `Quit` when
    a signal ends that."""
    from sorapipe.cli.shoot import lists_of, search

    plan = _wanted(production, order)
    if not lists_of(production, plan):
        return production
    with production.workspace.hold(order.command) as session:
        now = as_known(production, session.facts())
        search(now, _wanted(now, order), session, partial(_tell_settled, as_json=order.as_json))
        facts = session.facts()
    return as_known(production, facts)


def _tell_settled(event: Event, *, as_json: bool) -> None:
    """Says what a look has settled, and what it has not."""
    from sorapipe.engine.events import Said, Settled
    from sorapipe.views.progress import event_data, settled_line

    if isinstance(event, Said | Settled):
        if as_json:
            print(json.dumps(event_data(event), ensure_ascii=False), flush=True)
        else:
            click.echo(settled_line(event), err=True)


def _wanted(production: Production, order: Order) -> Plan:
    plan = production.plan(order.wishes)
    if order.given is not None:
        from sorapipe.cli.reviewed import hold_against

        hold_against(production, plan, order.given)
    return plan if order.only is None else narrowed(plan, production.outlook, order.only)


def _spoilt(outcome: Outcome, error: Exception) -> Outcome:
    """An outcome whose last save failed: said at once, and counted among all that went wrong. Raises bugs again."""
    from sorapipe.cli.console import say
    from sorapipe.cli.translate import expected
    from sorapipe.engine.outcome import exit_code

    known = expected(error)
    if known is None:
        raise error
    say(known.message, known.hint)
    return replace(outcome, exit_code=exit_code((outcome.exit_code, known.code)))


def _idle(production: Production, plan: Plan, order: Order) -> None:
    """Nothing to send and nothing to fetch: says what waits, if anything, and writes nothing that is known already."""
    lost = production.unwritten()
    if (production.known.behind or lost) and not production.known.held:
        with production.workspace.hold(order.command) as session:
            session.remember(lost)  # and closing brings the lock up to date with the journal
    if not order.as_json and all(step.action is Action.KEEP for step in plan.steps):
        from sorapipe.views.plan_view import everything_there

        for step in plan.steps:
            if step.reason.code == CHANGED:
                click.echo(escape(f"{step.label} {take_label(step.take, step.letter)}: {step.reason.text}"))
        kept = Counter(step.reason for step in plan.steps if step.reason.code == KEPT_ELSEWHERE)
        for reason, number in kept.items():
            click.echo(f"{count(number, 'take')}: {reason.text}: `{reason.command}`")
        click.echo(f"nothing to do{': nothing is to be bought' if kept else everything_there(plan.steps)}")
        return
    from sorapipe.cli.shoot import outcome_of_nothing

    finish(production, plan, outcome_of_nothing(production, plan), order, 0.0)


def _ask(production: Production, plan: Plan, order: Order) -> None:
    """Shows what it costs where that is real money, and asks for the yes and for the key before anything is begun."""
    from sorapipe.cli.reach import need_key

    buys = any(step.action in BUYS for step in plan.steps)
    if buys:
        need_key(production.profile)
    if buys and not production.capabilities.rehearsal:
        from sorapipe.views.plan_view import plan_text

        page = replace(page_for(production.script.words, order.provider), paint=partial(paint, stream=sys.stderr))
        click.echo(plan_text(plan, production.storyboard, page, going=True), err=True)
    agreed(production, plan, order.terms)


def as_known(production: Production, facts: Facts, neighbours: Neighbours | None = None) -> Production:
    """The same production with other facts, and other neighbours where they are given."""
    neighbours = production.neighbours if neighbours is None else neighbours
    ground = production.outlook.ground._replace(facts=facts, neighbours=neighbours)
    return replace(
        production, known=replace(production.known, facts=facts), outlook=look(ground), neighbours=neighbours,
        inventory=production.workspace.inventory(facts, neighbours),
    )  # fmt: skip


def again(
    production: Production, plan: Plan, facts: Facts, replan: Callable[[Production], Plan]
) -> tuple[Production, Plan]:
    """Production and plan as they are now that nobody else can change them, by the facts of the session and by what
    neighbours have bought meanwhile. Raises `Expected` when another thing would be bought now than was agreed to."""
    neighbours = production.workspace.neighbours()[0] if _bought(plan) else production.neighbours
    if facts == production.facts and neighbours == production.neighbours:
        return production, plan
    now = as_known(production, facts, neighbours)
    new = replan(now)
    if _bought(new) != _bought(plan):
        raise Expected(Exit.TEMPORARY, "another run has changed what is to be done; nothing was sent", "run it again")
    return now, new


def _within(production: Production, order: Order) -> Plan:
    """What would happen now, as far as the terms allow it."""
    plan = _wanted(production, order)
    return plan if plan.idle else within_limits(production, plan, order.terms)


def _bought(plan: Plan) -> list[str]:
    return [step.key for step in plan.steps if step.action in BUYS]


def carry_out(
    production: Production, plan: Plan, session: Session, order: Order, providers: Mapping[str, Provider] | None = None
) -> Outcome:
    """Does what a plan says and shows it. `providers` are those that are spoken to already, if any."""
    from sorapipe.cli.audience import Audience
    from sorapipe.cli.shoot import Pace, shoot
    from sorapipe.views.progress import Ndjson
    from sorapipe.views.showing import view

    pace = Pace(order.terms.max_cost, order.max_wait, order.callbacks, budget_left(production))
    showing = Ndjson(sys.stdout) if order.as_json else view(plan, sys.stderr, time.monotonic)
    page = page_for(production.script.words, order.provider)
    with Audience(showing, page.command) as audience:
        return shoot(production, plan, session, audience, pace, providers)


def _note(session: Session, plan: Plan, text: str) -> None:
    """Puts the note on the takes that were bought."""
    if not text:
        return
    bought = {(step.address, step.take) for step in plan.steps if step.action in BUYS}
    for address, attempts in session.facts().attempts.items():
        for attempt in attempts:
            if (address, attempt.take) in bought:
                session.note(address, attempt.token, attempt.take, text)


def finish(production: Production, plan: Plan, outcome: Outcome, order: Order, seconds: float) -> None:
    """Says how it went. Ends the command with the run's exit code."""
    kept, code = let_go(), outcome.exit_code
    if kept is not None and code <= _SIGNALS:
        code = _SIGNALS + kept
    try:
        if order.as_json:
            _finished(outcome, plan)
        else:
            _summary(production, plan, outcome, order, seconds)
    except OSError as error:  # all is saved; where nobody hears of it the exit code still tells
        from sorapipe.cli.audience import whoever_left

        left = whoever_left(error)
        if left is None:
            raise
        code = code or _SIGNALS + left
    _end(code)


def _summary(production: Production, plan: Plan, outcome: Outcome, order: Order, seconds: float) -> None:
    from sorapipe.views.summary import summary_text

    page = page_for(production.script.words, order.provider)
    click.echo(summary_text(outcome, plan, production.storyboard, page, seconds), nl=False)


def _finished(outcome: Outcome, plan: Plan) -> None:
    """The last line of the events: how it all ended."""
    from sorapipe.views.progress import finished_data

    print(json.dumps(finished_data(outcome, plan.currency), ensure_ascii=False), flush=True)


def _end(code: int) -> None:
    if code:
        raise Quit(code)
