"""When to ask how a task is: durations learned by kind of clip, back-off, one budget; asks nobody itself."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sorapipe.providers.answers import clamp

Kind = tuple[str, str, int]
"""Provider, model and seconds of a clip: what its duration depends on."""

ANY_SECONDS = 0
"""In a `Kind`: durations of a model, whatever the length of the clip was. Believed where nothing better is known."""

CHARACTER = -1
"""In a `Kind`: no clip but a character is made; what clips take says nothing about that."""

SCOUTS = 4
"""How many jobs of an unknown kind are asked often."""

_SAMPLES = 64
_FIRST = 1.0
_FIRST_OF_SCOUTS = 0.3
_SHORTEST_STEP = 0.4
_GROWTH = 0.1
_GROWTH_OF_OTHERS = 0.5
_LONGEST_STEP = 60.0
_PATIENCE = 2.0
_STEADY = 0.06
_MARGIN = 0.005
_DOUBT = 0.8
_HURRY = 0.97
_NARROW = 0.1
_TELLING = frozenset({1, 2, 4, 8})
_SHARE = 0.03
_SHORTEST_PACE = 0.05
_LONGEST_PACE = 0.6
_UNKNOWN_PACE = 0.25
_LONGEST_WORK = 86400.0
"""A day: more is a broken clock at the other end."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """How long a clip takes, in seconds from the answer of its create: first asked at `first`, then each `step`, up to
    `last`; after that a clip is overdue."""

    first: float
    step: float
    last: float

    @property
    def pace(self) -> float:
        """Seconds between two looks at a list that serves all jobs of the kind."""
        return min(max(_SHARE * (self.first + self.last) / 2, _SHORTEST_PACE), _LONGEST_PACE)


class Samples:
    """The last durations of one kind."""

    def __init__(self) -> None:
        self._order: deque[float] = deque()
        self._sorted: list[float] = []
        self._expectation: Expectation | None = None

    def __len__(self) -> int:
        return len(self._sorted)

    def add(self, seconds: float) -> None:
        """One more; the oldest is forgotten."""
        if len(self._order) == _SAMPLES:
            del self._sorted[bisect_left(self._sorted, self._order.popleft())]
        self._order.append(seconds)
        insort(self._sorted, seconds)
        self._expectation = None

    def expectation(self) -> Expectation:
        """What to expect, from the quantiles of the samples."""
        if self._expectation is None:
            self._expectation = self._expect()
        return self._expectation

    def _expect(self) -> Expectation:
        low, middle, high = self._quantile(0.05), self._quantile(0.5), self._quantile(0.95)
        spread = max(high - low, _DOUBT * middle / len(self._sorted) ** 0.5)  # a few samples say little
        shortest = max(0.025 * middle, 0.05)
        if high - low <= _STEADY * middle:
            first = self._quantile(0.8) * 1.001 + _MARGIN
            step = min(max(shortest, spread / 6), max(_PATIENCE, 0.05 * middle))
            return Expectation(first, step, max(high, first))
        step = min(max(spread / 5.5, shortest), max(_PATIENCE, 0.1 * middle))
        return Expectation(low + _MARGIN, step, high)

    def _quantile(self, part: float) -> float:
        return self._sorted[min(int(part * len(self._sorted)), len(self._sorted) - 1)]


class Durations:
    """What is known of how long clips take.

    Learned from what the provider tells of its own start and end, else from the two polls between which a clip became
    ready; never from the time at which we noticed: then an estimate would only ever grow.
    """

    def __init__(self, known: Mapping[Kind, Iterable[float]] | None = None) -> None:
        self._samples: dict[Kind, Samples] = {}
        for kind, values in (known or {}).items():
            for seconds in values:
                self.told(kind, seconds)

    def told(self, kind: Kind, seconds: float) -> bool:
        """A clip took so long. Whether that says much that was not known: it is one of the first of its kind."""
        if not 0 < seconds < _LONGEST_WORK:
            return False
        samples = self._samples.setdefault(kind, Samples())
        samples.add(seconds)
        return len(samples) in _TELLING

    def knows(self, kind: Kind) -> bool:
        """Whether anything is known of a kind."""
        return self.expect(kind) is not None

    def expect(self, kind: Kind) -> Expectation | None:
        """What to expect of a kind; `None` when nothing is known."""
        samples = self._samples.get(kind)
        if samples is None and kind[2] != CHARACTER:
            samples = self._samples.get((*kind[:2], ANY_SECONDS))
        return None if samples is None else samples.expectation()

    def pace(self, kind: Kind) -> float:
        """Seconds between two looks at a list on which jobs of a kind are."""
        expectation = self.expect(kind)
        return _UNKNOWN_PACE if expectation is None else expectation.pace

    def next_poll(self, kind: Kind, age: float, *, scout: bool = True, shared: bool = False) -> float:
        """The age, in seconds since it was taken, at which a job that is not ready at `age` is asked (again).

        Where nothing is known of a kind a few scouts are asked often and the others seldom: what the first scout
        teaches serves them all. `shared`: one question serves many jobs, so it may be asked more often.
        """
        expectation = self.expect(kind)
        if expectation is None:
            return _unlearned(age, scout or shared)
        if age < expectation.first:
            return expectation.first
        if age < expectation.last + expectation.step:
            return age + (min(expectation.step, expectation.pace) if shared else expectation.step)
        overdue = (age - expectation.last) / 2
        return age + min(max(expectation.step, min(overdue, max(_PATIENCE, 0.05 * age))), _LONGEST_STEP)


def worked(told: float | None, after: float | None, by: float | None) -> float | None:
    """How long a clip took, from the answer of its create on, out of what a poll taught that found it ready.

    `told` is what the provider says. It was not ready at the age `after` (`None`: nobody asked) and ready at the age
    `by` (`None`: nobody here knows its age). What the provider says is believed as far as the two polls allow it: it
    may count whole seconds only, or leave out how long the clip was queued. Two polls far apart teach nothing. When
    the first poll finds it ready that says only "not later": the guess is a little less, so that the estimate creeps
    down until polls come too early again.
    """
    told = told if told is not None and 0 < told < _LONGEST_WORK else None
    if by is None:
        return told
    if after is None:
        return told if told is not None and told <= by else by * _HURRY
    if told is not None:
        return max(after, min(told, by))
    return (after + by) / 2 if by - after <= _NARROW * by else None


def _unlearned(age: float, scout: bool) -> float:
    first = _FIRST_OF_SCOUTS if scout else _FIRST
    if age < first:
        return first
    if not scout:
        return age + min(max(_SHORTEST_STEP, _GROWTH_OF_OTHERS * age), _LONGEST_STEP)
    return age + min(max(_SHORTEST_STEP, _GROWTH * age), max(_PATIENCE, 0.05 * age), _LONGEST_STEP)


def after_miss(misses: int, retry_after: float | None, chance: float) -> float:
    """Seconds until a job is asked again whose poll was answered with nothing useful, `misses` times in a row."""
    if retry_after is not None:
        return clamp(retry_after)
    return min(2.0 ** min(misses, 6), _LONGEST_STEP) * (0.75 + chance / 2)


class Budget:
    """One budget of polls for all tasks: so many a second at most, fewer when the provider complains."""

    def __init__(self, rate: float = 250.0) -> None:
        self._most = rate
        self._rate = rate
        self._free_at = float("-inf")

    def opens(self) -> float:
        """When the next poll may be sent."""
        return self._free_at

    def spend(self, now: float) -> None:
        """A poll is sent. What was not used within a second is gone."""
        self._free_at = max(self._free_at, now - 1.0) + 1.0 / self._rate

    def answered(self) -> None:
        """A poll was answered well: the rate recovers."""
        if self._rate < self._most:
            self._rate = min(self._most, self._rate * 1.05)

    def complained(self, now: float, retry_after: float) -> None:
        """The provider asked for a pause."""
        self._rate = max(self._rate / 2, 0.5)
        self._free_at = max(self._free_at, now + clamp(retry_after))
