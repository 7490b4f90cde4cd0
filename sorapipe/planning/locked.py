"""What stands between a lock and the film on this machine: what it lacks, what is only to be brought; buys nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple

from sorapipe.planning.facts import Attempt
from sorapipe.planning.keeping import Inventory, gone
from sorapipe.planning.levels import in_film
from sorapipe.planning.plan_types import BUYS, Action, Plan, Step
from sorapipe.planning.situation import Outlook
from sorapipe.planning.totals import totals

_TO_COME = frozenset({Action.WAIT, Action.BLOCKED})
_ENDED = frozenset({Action.BLOCKED, Action.UNCERTAIN})
_COLLECTED = frozenset({Action.RESUME, Action.FETCH})


class Lack(NamedTuple):
    """A shot of which the storyboard asks for more than the lock holds, and what that is."""

    address: str
    label: str
    text: str


def lacking(outlook: Outlook, plan: Plan, addresses: Collection[str] | None = None) -> list[Lack]:
    """The shots that the lock does not hold as the storyboard asks for them, once each, in the order of the plan; of
    those that are asked for, also where the lock names two takes for one place in the film."""
    filmed = {it.address for it, _, _ in in_film(outlook)}
    found = {
        it.address: Lack(it.address, it.shot.label, "two takes are picked, so nobody knows which is in the film")
        for it in outlook.situations.values()
        if it.conflict and (addresses is None or it.address in addresses)
    }
    for step in plan.steps:
        text = _lack(step, step.address in filmed)
        if text is not None and not step.address.startswith("@"):
            found.setdefault(step.address, Lack(step.address, step.label, text))
    return list(found.values())


def _lack(step: Step, filmed: bool) -> str | None:
    if step.action in BUYS or (step.action in _TO_COME and step.attempt is None):
        return step.reason.text
    if step.reuse is not None:
        return f"not in this lock yet ({step.reason.text}); a run writes it down for nothing"
    if step.action in _ENDED and not filmed:
        return step.reason.text
    return None


def bringing(outlook: Outlook, inventory: Inventory, plan: Plan, addresses: Collection[str] | None) -> Plan:
    """The part of a plan that brings the film of the lock: clips in the film that are not here, and tasks that run for
    shots that have none yet."""
    there = {attempt.token: it for it, attempt, _ in in_film(outlook, addresses)}
    filmed = {it.address for it in there.values()}
    steps = tuple(
        step
        for step in plan.steps
        if step.attempt is not None
        and step.action in _COLLECTED
        and (addresses is None or step.address in addresses)
        and (
            (step.attempt.token in there and gone(there[step.attempt.token], step.attempt, inventory))
            or (step.address not in filmed and step.address in outlook.situations)
        )
    )
    return replace(plan, steps=steps, totals=totals(outlook, steps, addresses), uploads=(), gone=())


def missing(outlook: Outlook, inventory: Inventory, addresses: Collection[str] | None) -> list[Attempt]:
    """The takes in the film whose clips are not here."""
    return [attempt for it, attempt, _ in in_film(outlook, addresses) if gone(it, attempt, inventory)]
