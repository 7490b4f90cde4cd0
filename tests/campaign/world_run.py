"""A run in virtual time: the product's own loop, but its crews wait on a clock that jumps; decides nothing itself.

An effect is carried out as a whole at the moment at which it would be over. What comes from outside (signals, a kill, a
machine that sleeps, other people's doings) stands in a list by the seconds after the run's beginning.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from errno import EIO
from functools import partial
from queue import Empty
from random import Random
from typing import Protocol

from engine.memory_disk import MemoryDisk

from sorapipe.engine.effects import Studio, Work
from sorapipe.engine.messages import (
    CopyClip,
    Create,
    Download,
    Effect,
    Interrupt,
    News,
    Poll,
    PollAll,
    Seek,
    Tell,
    Tick,
)
from sorapipe.engine.run import POLLERS, Listen, Run
from sorapipe.engine.schedule import Schedule

MOST_STEPS = 20_000
_POLLS = Poll | PollAll | Seek
_LOADS = Download | CopyClip


@dataclass
class Harm:
    """What is done to a process. Points and operations are counted from 1, times in seconds from a run's beginning.

    `cut` makes a loss of power of a kill. `refuses` is the errno of the operations from `refuse_at` on: one, or all if
    `for_ever`. `calls` are happenings in the midst of a run, `in_flight` one while a create is unanswered.
    """

    point: int | None = None
    operation: int | None = None
    after: float | None = None
    cut: bool = False
    refuse_at: int | None = None
    refuses: int = EIO
    for_ever: bool = False
    signals: tuple[tuple[float, int], ...] = ()
    sleeps: tuple[tuple[float, float], ...] = ()
    calls: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    in_flight: Callable[[], None] | None = None
    hints: tuple[tuple[float, str], ...] = ()
    slow: float = 0.3

    @property
    def kills(self) -> bool:
        """Whether the process may die of it."""
        return self.point is not None or self.operation is not None or self.after is not None


class Stage(Protocol):
    """The machine on which a run runs, and the world around it."""

    disk: MemoryDisk
    harm: Harm
    now: float
    dice: Random
    signalled: bool
    last_breath: list[Callable[[], object]]

    def looked_at(self) -> None:
        """Something was carried out."""


class VirtualRun(Run):
    """Fills `engine.run.Run` without threads."""

    def __init__(self, schedule: Schedule, studio: Studio, listen: Listen, stage: Stage) -> None:
        super().__init__(schedule, studio, listen, lambda: stage.now)
        self._stage = stage
        self._coming: list[tuple[float, int, Work | Callable[[], None]]] = []
        self._free: dict[str, list[float]] = {
            "create": [0.0], "poll": [0.0] * POLLERS, "load": [0.0] * schedule.limits.downloads, "books": [0.0],
        }  # fmt: skip
        self._serial = 0
        self._steps = 0
        self._sending = 0
        self._expect(stage.harm)

    def _expect(self, harm: Harm) -> None:
        began = self._stage.now
        for at, number in harm.signals:
            self._push(began + at, partial(self._signal, number))
        for at, seconds in harm.sleeps:
            self._push(began + at, partial(self._sleep, seconds))
        for at, task in harm.hints:
            self._push(began + at, partial(self.hint, task))
        for at, call in harm.calls:
            self._push(began + at, call)
        if harm.after is not None:
            self._push(began + harm.after, self._stage.disk.die)

    def _signal(self, number: int) -> None:
        self._stage.signalled = True
        self.stop(number)

    def _sleep(self, seconds: float) -> None:
        self._stage.now += seconds

    def _begin(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Tell):
                self._listen(effect.event)
            elif isinstance(effect, Interrupt):
                self._studio.interrupted.set()
            else:
                self._queue(effect)

    def _queue(self, effect: Work) -> None:
        """The next free one of its crew does it, and needs a while."""
        crew = "books"
        seconds = 0.001
        if isinstance(effect, Create):
            crew, seconds = "create", self._stage.harm.slow * self._stage.dice.random()
            self._sending += 1
            assert self._sending == 1, "two creates in flight"
        elif isinstance(effect, _POLLS):
            crew, seconds = "poll", 0.02
        elif isinstance(effect, _LOADS):
            crew, seconds = "load", self._stage.harm.slow * self._stage.dice.random()
        free = self._free[crew]
        at = max(heapq.heappop(free), self._stage.now) + seconds
        heapq.heappush(free, at)
        self._push(at, effect)

    def _push(self, at: float, what: Work | Callable[[], None]) -> None:
        self._serial += 1
        heapq.heappush(self._coming, (at, self._serial, what))

    def _wait(self) -> News:
        stage = self._stage
        self._steps += 1
        assert self._steps < MOST_STEPS, "the run takes too many steps"
        while True:
            try:
                news = self._news.get_nowait()
            except Empty:
                pass
            else:
                if hasattr(news, "error"):
                    raise news.error
                return news  # type: ignore[return-value]
            due = self._schedule.due()
            soonest = self._coming[0][0] if self._coming else None
            assert due is not None or soonest is not None, "the run waits for nothing"
            if soonest is None or (due is not None and due < soonest):
                stage.now = max(stage.now, due or 0.0)
                return Tick()
            stage.now = max(stage.now, soonest)
            self._do(heapq.heappop(self._coming)[2])

    def _do(self, what: Work | Callable[[], None]) -> None:
        if callable(what):
            what()
            return
        self._sending -= isinstance(what, Create)
        self._work(what)
        self._stage.looked_at()

    def _close(self) -> None:
        """What is under way is waited for, polls excepted. Whoever leaves at once leaves threads behind."""
        self._studio.interrupted.set()
        stage = self._stage
        if stage.disk.dead:
            return
        left = [what for _, _, what in sorted(self._coming, key=lambda one: one[:2]) if not callable(what)]
        rest = [what for what in left if not isinstance(what, _POLLS)]
        if self._stops <= 1:
            for what in rest:
                self._do(what)
            return
        for what in rest:
            kind = stage.dice.randrange(3)
            if kind == 1:
                self._do(what)
            elif kind == 2:
                stage.last_breath.append(partial(self._do, what))
