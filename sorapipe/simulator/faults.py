"""Decides which fault hits a call: rules, counters, a seed in; a fault or nothing out. Knows no HTTP and makes none."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sorapipe.simulator.faults_catalogue import GROUPS, KINDS, Kind, Seam
from sorapipe.simulator.ledger import Fate


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one call. `rule` counts from 1; `round` is how often the rule has fired, this time included."""

    kind: Kind
    values: Mapping[str, object]
    rule: int
    round: int
    accepted: bool

    @property
    def name(self) -> str:
        """As the catalogue calls it."""
        return self.kind.name

    def number(self, name: str) -> int:
        """A value that is a whole number."""
        return int(self.real(name))

    def real(self, name: str) -> float:
        """A value that is a number."""
        value = self.values[name]
        return float(value) if isinstance(value, int | float) else 0.0

    def text(self, name: str) -> str:
        """A value that is a text."""
        return str(self.values[name])

    def fate(self) -> Fate:
        """What it means for the task that a create makes."""
        if self.name == "fails":
            return Fate(fail=(self.text("code"), self.text("message")))
        return Fate(seconds=self.real("seconds")) if self.name == "takes" else Fate()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a call is about: its task with id and number, the prompt, and whether the task has ended."""

    task: str | None = None
    number: int | None = None
    prompt: str = ""
    ended: bool = False


@dataclass(frozen=True, slots=True)
class When:
    """When a rule fires, among the calls that it looks at. Without conditions: each time."""

    nth: int | None = None
    every: int | None = None
    first: int = 1
    last: int | None = None
    probability: float = 1.0
    task: str | int | None = None
    prompt: str | None = None
    ended: bool | None = None
    times: int | None = None

    @property
    def asks_facts(self) -> bool:
        """Whether it must be known what the call is about."""
        return self.task is not None or self.prompt is not None or self.ended is not None

    def concerns(self, facts: Facts) -> bool:
        """Whether the rule looks at a call with these facts at all."""
        if self.task is not None and self.task not in {facts.task, facts.number}:
            return False
        if self.prompt is not None and self.prompt not in facts.prompt:
            return False
        return self.ended is None or self.ended == facts.ended

    def strikes(self, count: int, luck: random.Random) -> bool:
        """Whether it is the turn of the `count`-th call that the rule looks at."""
        if count < self.first or (self.last is not None and count > self.last):
            return False
        if self.nth is not None and count != self.nth:
            return False
        if self.every is not None and (count - self.first + 1) % self.every:
            return False
        return self.probability >= 1.0 or luck.random() < self.probability


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a script: which call, when, what. `said` is the rule as it was written."""

    call: str
    when: When
    what: str
    values: Mapping[str, object]
    accepted: bool
    said: Mapping[str, object] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """What the catalogue says about it."""
        return KINDS[self.what]


class Script:
    """Rules at work. Each one counts the calls that it looks at; the first that strikes wins."""

    def __init__(self, rules: Sequence[Rule] = (), seed: int = 0) -> None:
        self.rules = tuple(rules)
        self.seed = seed
        self._seen = [0] * len(self.rules)
        self._fired = [0] * len(self.rules)
        self._lock = threading.Lock()

    def choose(self, call: str, facts: Callable[[], Facts], *, unread: bool = False) -> Fault | None:
        """What happens to this call. Faults of unread requests are chosen apart, before there is a body."""
        looking = [
            (index, rule)
            for index, rule in enumerate(self.rules)
            if call in GROUPS[rule.call] and call in rule.kind.calls and (rule.kind.seam is Seam.UNREAD) == unread
        ]
        if not looking:
            return None
        known = facts() if any(rule.when.asks_facts for _, rule in looking) else Facts()
        with self._lock:
            striking = [
                index for index, rule in looking if rule.when.concerns(known) and self._strikes(index, rule.when)
            ]
            return self._fire(striking[0]) if striking else None

    def _strikes(self, index: int, when: When) -> bool:
        self._seen[index] += 1
        if when.times is not None and self._fired[index] >= when.times:
            return False
        luck = random.Random(f"{self.seed}:{index}:{self._seen[index]}")  # noqa: S311
        return when.strikes(self._seen[index], luck)

    def _fire(self, index: int) -> Fault:
        self._fired[index] += 1
        rule = self.rules[index]
        return Fault(rule.kind, rule.values, index + 1, self._fired[index], rule.accepted)

    def as_json(self) -> dict[str, object]:
        """The rules with how often each looked and fired."""
        with self._lock:
            rows = zip(self.rules, self._seen, self._fired, strict=True)
            rules = [
                {"rule": number, **rule.said, "seen": seen, "fired": fired}
                for number, (rule, seen, fired) in enumerate(rows, 1)
            ]
        return {"seed": self.seed, "rules": rules}
