"""What a run is doing at this moment, added up from its events; knows no terminal and asks no clock of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from sorapipe.engine.events import (
    Downloading,
    Ended,
    Event,
    NotStarted,
    Paused,
    Progressed,
    Said,
    Sending,
    Sent,
    Settled,
    Stopped,
)
from sorapipe.planning.choice import take_label
from sorapipe.planning.facts import AttemptState
from sorapipe.planning.plan_types import Action, Plan, Step
from sorapipe.views.words import count

GOOD = frozenset({AttemptState.DONE})
_WORKING = frozenset({Action.RENDER, Action.RERENDER, Action.RESUME, Action.FETCH})


def _works(step: Step) -> bool:
    """Whether a step is carried out: something is sent or fetched, or a clip is copied or renamed."""
    return step.action in _WORKING or step.reuse is not None


Clock = Callable[[], float]
"""Seconds that only go forward."""


@dataclass(slots=True)
class Active:
    """One take on its way. `since` is the clock's time of its first event, `percent` 0 to 100 where it is known."""

    label: str
    take: str
    word: str
    since: float
    percent: int | None = None
    cost: Decimal | None = None


@dataclass(slots=True)
class Tally:
    """All takes that are active, in the order in which they began, and counts of the rest.

    `took` are the seconds from the first event to the end of the take that ended last.
    """

    plan: Plan
    clock: Clock
    active: dict[str, Active] = field(default_factory=dict)
    done: int = 0
    failed: int = 0
    left_out: int = 0
    spent: Decimal = Decimal(0)
    took: float | None = None
    remark: str = ""
    begun: float = 0.0
    goal: int = 0
    steps: dict[str, Step] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.begun = self.clock()
        self.goal = sum(_works(step) for step in self.plan.steps)
        self.steps = {step.key: step for step in self.plan.steps}

    @property
    def to_come(self) -> int:
        """How many takes have not begun."""
        return max(0, self.goal - self.done - self.failed - self.left_out - len(self.active))

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return self.clock() - self.begun

    def add(self, event: Event) -> None:
        """Takes one event in."""
        match event:
            case Sending(key=key):
                self._row(key).word = "sending"
            case Sent(key=key, cost=cost):
                row = self._row(key)
                row.word, row.cost = "queued", cost
                self.spent += cost or Decimal(0)
            case Settled(key=key, task=task) if task is not None:
                self._row(key).word = "queued"
            case Progressed(key=key, word=word, percent=percent):
                row = self._row(key)
                row.word, row.percent = word, percent if word != "queued" else None
            case Downloading(key=key, done=done, total=total):
                row = self._row(key)
                row.word, row.percent = "downloading", round(100 * done / total) if total else None
            case Ended(key=key, state=state):
                over = self.active.pop(key, None)
                self.took = self.clock() - over.since if over else None
                if state in GOOD:
                    self.done += 1
                else:
                    self.failed += 1
            case NotStarted(key=key):
                self.active.pop(key, None)
                step = self.steps.get(key)
                self.left_out += step is not None and _works(step)
            case Paused(seconds=seconds, why=why):
                self.remark = f"no new orders for {seconds:.0f} s: {why}"
            case Stopped(why=why):
                self.remark = f"no more orders: {why}"
            case Said(text=text):
                self.remark = text

    @property
    def goal_words(self) -> str:
        """What is to be done, after `3 of`: `13 takes`, `15 takes and characters`."""
        people = sum(_works(step) and step.address.startswith("@") for step in self.plan.steps)
        if 0 < people < self.goal:
            return f"{self.goal:,} takes and characters"
        return count(self.goal, "character" if people else "take")

    def row(self, key: str) -> Active | None:
        """What is known of a take that is on its way."""
        return self.active.get(key)

    def name(self, key: str) -> tuple[str, str]:
        """A step's label and the name of its take; a character has no take."""
        step = self.steps.get(key)
        if step is None:
            address, _, take = key.rpartition("#")
            return address, take_label(int(take)) if take.isdigit() else ""
        return step.label, "" if step.address.startswith("@") else take_label(step.take)

    def _row(self, key: str) -> Active:
        if key not in self.active:
            label, take = self.name(key)
            self.active[key] = Active(label, take, "waiting", self.clock())
        return self.active[key]
