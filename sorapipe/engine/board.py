"""The jobs of a run and who waits for whom; knows no answers, no time and no money."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from sorapipe.engine.events import Ended, NotStarted
from sorapipe.engine.poll import Kind
from sorapipe.engine.seams import Choose, Today
from sorapipe.planning.facts import Attempt, AttemptState
from sorapipe.planning.plan_types import BUYS, Reason, Step
from sorapipe.storyboard.model import Handle

NEEDS_PICK = "needs-pick"
"""The code of a reason that is no failure: a person must choose first."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a clip must be like. `size` is `WIDTHxHEIGHT`, `within` how many seconds it may be off; `None`: anything."""

    seconds: Decimal | None = None
    size: str | None = None
    within: Decimal = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Search:
    """What tells whether a list that does not show an order proves that this was never taken.

    `before` and `after` are the client tokens of orders that were sent earlier and later, `age` the seconds since it
    was sent, by the wall clock.
    """

    before: frozenset[str]
    after: frozenset[str]
    age: float


@dataclass(frozen=True, slots=True)
class Work:
    """One step of the plan, with all that the engine must know to carry it out.

    `draft` is the attempt that a create begins with (no token yet) or the one that exists. `sources` are the addresses
    whose clip or task goes into the order, `mentions` the characters that it names. `kind` tells what its duration
    depends on. `stem` begins the name of its clip. `search` is set where an uncertain order may prove never taken.
    """

    step: Step
    draft: Attempt | None
    kind: Kind
    stem: str = "clip"
    sources: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    expected: Expected = Expected()
    search: Search | None = None

    @property
    def character(self) -> str | None:
        """The id of the character that this makes, `None` for a shot."""
        return self.step.address[1:] if self.step.address.startswith("@") else None


class Phase(Enum):
    """Where a job stands in this run; what happened to its attempt is `AttemptState`."""

    HELD = "held"
    READY = "ready"
    SENDING = "sending"
    SOUGHT = "sought"
    RUNNING = "running"
    WAITING_TO_LOAD = "waiting to load"
    LOADING = "loading"
    COPYING = "copying"
    PARKED = "parked"
    OVER = "over"


@dataclass(slots=True, eq=False)
class Job:
    """One work in progress. Times are the schedule's seconds."""

    work: Work
    order: int
    phase: Phase
    attempt: Attempt | None
    open_needs: int = 0
    task: str = ""
    taken_at: float = 0.0
    not_ready_at: float | None = None
    in_flight: bool = False
    polling: bool = False
    unlisted: int = 0
    looks: int = 0
    proofs: int = 0
    hinted_at: float = float("-inf")
    percent: int | None = None
    word: str | None = None
    misses: int = 0
    absences: int = 0
    absent_since: float = 0.0
    urlless_since: float | None = None
    url: str | None = None
    ready_at: float = 0.0
    refreshed: int = 0
    broken: int = 0
    stumbles: int = 0
    end: Ended | NotStarted | None = None

    @property
    def key(self) -> str:
        """Unique in a run: that of its step."""
        return self.work.step.key


@dataclass(slots=True)
class _Station:
    """What happens at one address in this run."""

    jobs: list[Job] = field(default_factory=list)
    dependents: list[Job] = field(default_factory=list)
    open: int = 0


class Board:
    """All jobs. An address is settled when none of its jobs is open; its dependents are held until then.

    `today` is what each address gave to others before the run; it changes when the address is settled, parents first.
    """

    def __init__(
        self,
        works: Iterable[Work],
        attempts: Mapping[str, Sequence[Attempt]],
        handles: Mapping[str, Handle],
        choose: Choose,
        today: Today,
    ) -> None:
        self.jobs: dict[str, Job] = {}
        self.handles = dict(handles)
        self.lost: set[str] = set()
        self._attempts = {address: {a.token: a for a in known} for address, known in attempts.items()}
        self._choose = choose
        self._today = dict(today)
        self._stations: dict[str, _Station] = {}
        self._ready: list[tuple[int, str]] = []
        for order, work in enumerate(works):
            self._add(Job(work, order, Phase.HELD, None if work.step.action in BUYS else work.draft))
        for job in self.jobs.values():
            self._hold(job)

    def __iter__(self) -> Iterator[Job]:
        return iter(self.jobs.values())

    def know(self, attempt: Attempt) -> None:
        """Remembers an attempt as it is now."""
        self._attempts.setdefault(attempt.address, {})[attempt.token] = attempt

    def ready(self, job: Job) -> None:
        """Nothing keeps the job from being sent."""
        job.phase = Phase.READY
        heapq.heappush(self._ready, (job.order, job.key))

    def first_ready(self) -> Job | None:
        """The job to send next, in the order of the plan; it stays in the queue."""
        while self._ready and self.jobs[self._ready[0][1]].phase is not Phase.READY:
            heapq.heappop(self._ready)
        return self.jobs[self._ready[0][1]] if self._ready else None

    def owner(self, task: str) -> Attempt | None:
        """The attempt that a task is known to belong to."""
        every = (attempt for known in self._attempts.values() for attempt in known.values())
        return next((attempt for attempt in every if task in attempt.tasks), None)

    def settle(self, job: Job) -> list[Job]:
        """A job is over. The jobs that nothing holds any more."""
        station = self._stations[job.work.step.address]
        station.open -= 1
        if station.open:
            return []
        address = job.work.step.address
        chosen = self.source(address)
        self._today[address] = None if chosen is None else chosen.sha256
        freed = []
        for dependent in station.dependents:
            dependent.open_needs -= 1
            if dependent.open_needs == 0 and dependent.phase is Phase.HELD:
                freed.append(dependent)
        return freed

    def free_at_start(self) -> list[Job]:
        """The jobs that nothing of this run holds."""
        return [job for job in self.jobs.values() if job.open_needs == 0 and job.phase is Phase.HELD]

    def source(self, address: str) -> Attempt | None:
        """The attempt whose clip stands for an address now; `None` when there is none, or a person must pick."""
        known = sorted(self._attempts.get(address, {}).values(), key=_place)
        chosen = self._choose(address, known, self._today) if known else None
        if chosen is None or chosen.token in self.lost or chosen.state is not AttemptState.DONE:
            return None
        return chosen

    def obstacle(self, job: Job) -> Reason | None:
        """Why a job whose needs are settled can't be sent after all."""
        for address in job.work.step.needs:
            reason = self._obstacle(address, needed=address in job.work.sources)
            if reason is not None:
                return reason
        return None

    def _obstacle(self, address: str, *, needed: bool) -> Reason | None:
        station = self._stations.get(address)
        label = station.jobs[0].work.step.label if station and station.jobs else address
        if address.startswith("@"):
            made = station is None or not all(_spoiled(job) for job in station.jobs)
            return None if made else _bad(label, station)
        if not (station and station.jobs) and not needed:
            return None
        chosen = self.source(address)
        if chosen is not None and not _outdated(chosen, station):
            return None
        if station and any(_spoiled(job) for job in station.jobs):
            return _bad(label, station)
        if chosen is None and self._finished(address) > 1:
            return Reason(NEEDS_PICK, f"pick a take of {label}", f"sorapipe pick {label} N")
        return _bad(label, station)

    def _finished(self, address: str) -> int:
        return sum(a.state is AttemptState.DONE for a in self._attempts.get(address, {}).values())

    def _add(self, job: Job) -> None:
        if job.key in self.jobs:
            raise AssertionError(f"BUG: two steps are called {job.key}")
        self.jobs[job.key] = job
        station = self._stations.setdefault(job.work.step.address, _Station())
        station.jobs.append(job)
        station.open += 1

    def _hold(self, job: Job) -> None:
        for address in dict.fromkeys(job.work.step.needs):
            station = self._stations.get(address)
            if station is not None and address != job.work.step.address:
                station.dependents.append(job)
                job.open_needs += 1


def _place(attempt: Attempt) -> tuple[int, str]:
    return attempt.take, attempt.token


def _spoiled(job: Job) -> bool:
    return job.end is not None and not (isinstance(job.end, Ended) and job.end.state is AttemptState.DONE)


def _outdated(chosen: Attempt, station: _Station | None) -> bool:
    """Whether the parent was to be rendered anew in this run, none of it worked, and what is left is the old clip."""
    bought = [job for job in station.jobs if job.work.step.action in BUYS] if station else []
    return bool(bought) and all(_spoiled(job) and job.work.step.recipe != chosen.recipe for job in bought)


_ENDED = {
    AttemptState.FAILED: "failed",
    AttemptState.SUSPECT: "came back as something else",
    AttemptState.UNCERTAIN: "is uncertain",
    AttemptState.VANISHED: "vanished",
    AttemptState.UNAVAILABLE: "is there, but its clip can't be had",
}


def _bad(label: str, station: _Station | None) -> Reason:
    for job in station.jobs if station else ():
        match job.end:
            case Ended(state=state, why=why) if state is not AttemptState.DONE:
                return Reason("parent", f"{label} {_ENDED.get(state, 'came to nothing')}" + (f": {why}" if why else ""))
            case NotStarted(reason=reason):
                code = NEEDS_PICK if reason.code == NEEDS_PICK else "parent"
                return Reason(code, f"{label} was not rendered: {reason.text}", reason.command)
    return Reason("parent", f"{label} has no clip that could be used")
