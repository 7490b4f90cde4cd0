"""The events of a run as a live table, as plain lines, or as NDJSON; knows not what makes them.

A view is a context manager that is called with each event. On a terminal only what is active has a row: a thousand
rows would eat a core. Without a terminal there are no bars, only a line for what matters.
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import fields
from decimal import Decimal
from enum import Enum
from types import TracebackType
from typing import Protocol, TextIO

from sorapipe.engine.events import Ended, Event, NotStarted, Paused, Said, Sent, Settled, Stopped
from sorapipe.engine.outcome import Balance, Outcome
from sorapipe.planning.choice import take_label
from sorapipe.planning.facts import AttemptState
from sorapipe.planning.plan_types import Plan, Reason
from sorapipe.storyboard.diagnostics import escape
from sorapipe.views.tally import Clock, Tally
from sorapipe.views.words import length, money

STATES: dict[AttemptState, str] = {
    AttemptState.DONE: "done",
    AttemptState.FAILED: "failed",
    AttemptState.SUSPECT: "suspect",
    AttemptState.UNCERTAIN: "uncertain",
    AttemptState.VANISHED: "vanished",
    AttemptState.UNAVAILABLE: "unavailable",
    AttemptState.SUBMITTED: "still running",
    AttemptState.INTENT: "uncertain",
}


class View(AbstractContextManager["View"], Protocol):
    """Something that shows events."""

    def __call__(self, event: Event) -> None:
        """Shows one event. Called from one thread at a time."""


def event_data(event: Event) -> dict[str, object]:
    """An event as JSON data: its name in lower case and its members; decimals are strings."""
    name = "".join(f"_{char.lower()}" if char.isupper() else char for char in type(event).__name__).lstrip("_")
    return {"event": name} | {field.name: _plain(getattr(event, field.name)) for field in fields(event)}


def finished_data(outcome: Outcome, currency: str) -> dict[str, object]:
    """The last event of a run, which no engine sends: how it ended."""
    return {
        "event": "finished",
        "exit_code": outcome.exit_code,
        "done": sum(end.state is AttemptState.DONE for end in outcome.ended),
        "not_right": sum(end.state is not AttemptState.DONE for end in outcome.ended),
        "not_started": [{"key": one.key, "reason": _plain(one.reason)} for one in outcome.not_started],
        "running": [list(attempt.tasks) for attempt in outcome.running],
        "spent": f"{outcome.spent:f}",
        "currency": currency,
        "balance": _balance(outcome.balance),
        "why": escape(outcome.why) if outcome.why else None,
    }


def _balance(balance: Balance | None) -> dict[str, str | None] | None:
    if balance is None:
        return None
    numbers = {"before": balance.before, "after": balance.after, "fell": balance.fell}
    return {name: None if number is None else f"{number:f}" for name, number in numbers.items()}


def event_line(event: Event, tally: Tally) -> str | None:
    """An event as a line for people, `None` for those that are not worth one: what is not started for a reason that
    was said before is counted at the end."""
    match event:
        case Sent(key=key, cost=cost):
            return f"{_name(tally, key)}  sent{_cost(cost, tally)}"
        case Ended(key=key, state=state, why=why, notes=notes):
            said = [STATES[state], *([escape(why)] if why else [])]
            return "\n".join([f"{_name(tally, key)}  {': '.join(said)}", *(f"    note: {escape(n)}" for n in notes)])
        case NotStarted(key=key, reason=reason):
            if reason.text in tally.held:
                return None
            tally.held.add(reason.text)
            return None if reason.code == "signal" else f"{_name(tally, key)}  not started: {escape(reason.text)}"
        case Settled():
            return settled_line(event)
        case Paused() | Stopped() | Said():
            return escape(tally.remark)
        case _:
            return None


def settled_line(event: Settled | Said) -> str:
    """What a look at a provider's list has taught."""
    if isinstance(event, Said):
        return escape(event.text)
    take = "" if event.label.startswith("@") else f" {take_label(event.take)}"
    return f"{escape(event.label)}{take}  {escape(event.text)}"


class Lines:
    """Plain lines on a stream that is no terminal."""

    def __init__(self, plan: Plan, stream: TextIO, clock: Clock) -> None:
        self._stream = stream
        self._tally = Tally(plan, clock)

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._stream.flush()

    def __call__(self, event: Event) -> None:
        self._tally.add(event)
        line = event_line(event, self._tally)
        if line:
            done = self._tally.done + self._tally.failed
            count = f"[{done}/{self._tally.goal}]"
            first, *rest = line.split("\n")
            took = f"  {length(self._tally.took)}" if isinstance(event, Ended) and self._tally.took is not None else ""
            text = "\n".join([f"{length(self._tally.elapsed):>5}  {count}  {first}{took}", *rest])
            print(text, file=self._stream, flush=True)


class Ndjson:
    """One JSON object a line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __enter__(self) -> Ndjson:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._stream.flush()

    def __call__(self, event: Event) -> None:
        print(json.dumps(event_data(event), ensure_ascii=False), file=self._stream, flush=True)


def _name(tally: Tally, key: str) -> str:
    label, take = tally.name(key)
    return f"{escape(label)} {take}".rstrip()


def _cost(cost: Decimal | None, tally: Tally) -> str:
    return f", {money(cost, tally.plan.currency)}" if cost else ""


def _plain(value: object) -> object:
    match value:
        case Enum():
            return value.value
        case Decimal():
            return f"{value:f}"
        case Reason(code=code, text=text, command=command, instead=instead, then=then):
            return {"code": code, "text": escape(text), "command": command, "instead": instead, "then": then}
        case str():
            return escape(value)
        case tuple():
            return [_plain(one) for one in value]
        case _:
            return value
