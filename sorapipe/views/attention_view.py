"""What of a film needs a person, alike things together, each with the command for it; decides nothing itself."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from shlex import quote
from typing import NamedTuple

from sorapipe.planning.facts import AttemptState, Facts
from sorapipe.planning.plan_types import BUYS, TOLD, Action, Plan, Staleness, Step
from sorapipe.planning.situation import Outlook
from sorapipe.storyboard.diagnostics import escape
from sorapipe.views.folding import folded
from sorapipe.views.page import Page
from sorapipe.views.words import count, listing, money

_NEEDS_A_PERSON = frozenset({Action.WAIT, Action.BLOCKED, Action.UNCERTAIN})
_MOST = 12
"""Kinds of trouble that are told; the plan has the rest."""
_NAMED = 6
_IN_A_COMMAND = 12
"""A command for many shots names at most so many."""
_TAKE_MANY = frozenset({"accept", "fetch", "resubmit", "roll", "run"})
"""Verbs that take any number of shots."""
_HOLE = "\0"


@dataclass(frozen=True, slots=True)
class Needs:
    """What there is to tell. `running`: a run is on that may be doing it; `select` narrows it to some shots."""

    outlook: Outlook
    plan: Plan
    facts: Facts
    running: bool
    select: frozenset[str] | None


class _Trouble(NamedTuple):
    """What is alike: the words, and the commands with a hole for the shot's name."""

    text: str
    instead: str | None
    command: str | None


def calls(step: Step) -> bool:
    """Whether a step is something a person should know about."""
    return step.action is not Action.KEEP or step.stale is not Staleness.FRESH or step.reason.code in TOLD


def attention(needs: Needs, page: Page) -> list[str]:
    """What is to be rendered in one line, everything else by its reason, each with its command."""
    select = needs.select
    steps = [step for step in needs.plan.steps if calls(step) and (select is None or step.address in select)]
    lines = _work([step for step in steps if _is_work(step)], needs, page)
    groups = _groups(steps, needs)
    shown = list(groups.items())[: None if page.every else _MOST]
    told: set[str] = set()
    for trouble, group in shown:
        who = listing([escape(label) for label in dict.fromkeys(step.label for step in group)], _NAMED)
        lines.append(f"  {folded(f'{who}: {escape(trouble.text)}', page.prose, 2)}")
        for command in _commands(trouble, group, needs, page):
            if command not in told:
                told.add(command)
                lines += _typed(command, group, page)
    if len(groups) > len(shown):
        rest = len(groups) - len(shown)
        lines.append(f"  and {count(rest, 'thing')} more: `{page.command('sorapipe status --all')}` lists them")
    return lines


def _groups(steps: Sequence[Step], needs: Needs) -> dict[_Trouble, list[Step]]:
    doubtful = {step.address for step in steps if step.action is Action.UNCERTAIN}
    groups: dict[_Trouble, list[Step]] = defaultdict(list)
    for step in steps:
        own_doubt = step.address in doubtful and step.action is Action.BLOCKED and step.reason.code == "uncertain"
        if _is_work(step) or own_doubt or _being_sent(step, needs):
            continue
        instead, command = (_with_hole(said, step.label) for said in (step.reason.instead, step.reason.command))
        groups[_Trouble(step.reason.text, instead, command)].append(step)
    return groups


def _with_hole(command: str | None, label: str) -> str | None:
    return re.sub(rf"(?<!\S){re.escape(quote(label))}(?!\S)", _HOLE, command) if command else None


def _commands(trouble: _Trouble, group: Sequence[Step], needs: Needs, page: Page) -> list[str]:
    said = [command for command in (trouble.instead, trouble.command) if command]
    return [one for command in said for one in _filled(command, group, needs, page)]


def _filled(command: str, group: Sequence[Step], needs: Needs, page: Page) -> list[str]:
    """One command for all shots of a group, or one for each where the verb takes but one."""
    labels = list(dict.fromkeys(quote(step.label) for step in group))
    verb = command.split()[1] if " " in command else ""
    if verb not in _TAKE_MANY:
        if _HOLE not in command:
            return [command]
        return [command.replace(_HOLE, label) for label in labels[: None if page.every else _IN_A_COMMAND]]
    many = " ".join(labels) if len(labels) <= _IN_A_COMMAND else _selector(group, labels, needs)
    return [command.replace(_HOLE, many)]


def _selector(group: Sequence[Step], labels: Sequence[str], needs: Needs) -> str:
    """`result:failed` where that means just these shots, else the first few."""
    addresses = {step.address for step in group}
    for state in (AttemptState.FAILED, AttemptState.SUSPECT, AttemptState.VANISHED):
        ended = {
            address
            for address, it in needs.outlook.situations.items()
            if it.shot.takes and any(attempt.state is state for attempt in it.attempts[-it.shot.takes :])
        }
        if ended == addresses:
            return f"result:{state.value}"
    return " ".join(labels[:_IN_A_COMMAND])


def _typed(command: str, group: Sequence[Step], page: Page) -> list[str]:
    rest = _left_out(command, group)
    lines = [f"      {page.paint(escape(page.command(command)), 'cyan')}"]
    return lines + ([page.paint(f"      … and {rest:,} more alike", "dim")] if rest else [])


def _left_out(command: str, group: Sequence[Step]) -> int:
    """How many shots of a group are missing in a command that could have named them."""
    labels = {quote(step.label) for step in group}
    named = labels & set(command.split())
    return len(labels) - len(named) if len(named) > 1 else 0


def _is_work(step: Step) -> bool:
    return step.action not in _NEEDS_A_PERSON and step.action is not Action.KEEP


def _work(steps: Sequence[Step], needs: Needs, page: Page) -> list[str]:
    """What a run would do, by what it costs; with its command, unless one is on that may be doing it."""
    buys = [step for step in steps if step.action in BUYS]
    paid = [step for step in steps if step.action is Action.RESUME]
    lost = [step for step in steps if step.action is Action.FETCH]
    lines = []
    if buys:
        prices = [step.price for step in buys]
        cost = None if None in prices else sum((price for price in prices if price is not None), Decimal(0))
        lines.append(f"  {_takes(buys)} to render ({money(cost, needs.plan.currency)})")
    if paid:
        lines.append(f"  {_takes(paid)} {'running' if needs.running else 'to collect (paid)'}")
    lines += [f"  {_takes(lost)} to fetch again (paid)"] if lost else []
    if lines and not needs.running:
        lines.append(f"      {page.paint(page.command('sorapipe run'), 'cyan')}")
    return lines


def _takes(steps: Sequence[Step]) -> str:
    """`7 takes`, `7 takes and 1 character`."""
    people = sum(step.address.startswith("@") for step in steps)
    takes = len(steps) - people
    said = [count(takes, "take")] if takes else []
    return " and ".join(said + ([count(people, "character")] if people else []))


def _being_sent(step: Step, needs: Needs) -> bool:
    """Whether the run that is on sends this at the moment, or it waits for what is being sent."""
    if not needs.running:
        return False
    if step.attempt is not None:
        return step.attempt.state is AttemptState.INTENT
    every = (attempt for attempts in needs.facts.attempts.values() for attempt in attempts)
    blocked = step.reason.code in {"uncertain", "parent-blocked"}
    return blocked and any(attempt.state is AttemptState.INTENT for attempt in every)
