"""A run with real threads and a real clock: one creates, two poll, a few download, one keeps books; decides nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import assert_never

from sorapipe.engine.effects import Studio, Work, carry_out
from sorapipe.engine.events import Event
from sorapipe.engine.messages import (
    Begin,
    Bind,
    Conclude,
    CopyClip,
    Create,
    Download,
    Effect,
    Hint,
    Interrupt,
    News,
    Poll,
    PollAll,
    Save,
    Seek,
    Stop,
    Tell,
    Tick,
)
from sorapipe.engine.outcome import Outcome
from sorapipe.engine.schedule import Schedule

POLLERS = 2
LAST_POLLS = 1.0
"""Seconds for which the polls in flight are waited for when a run ends; what they would have said is asked again."""

LAST_CREATE = 20.0
"""Seconds for which a create in flight is waited for before a run stands still."""
LONGEST_SLEEP = 5.0
"""Seconds after which the clock is looked at again: waiting itself does not count the time of a machine's sleep."""

Listen = Callable[[Event], None]
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class _Crash:
    """An effect broke: a bug of ours."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class _Pause:
    """Somebody wants everything to stand still for a while."""

    rest: Callable[[], None]


def steady() -> float:
    """Seconds on a clock that nobody can set, and that counts while the machine sleeps where the system has such."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Run:
    """One run. `listen` is called with every event, in the thread that calls `go`."""

    def __init__(self, schedule: Schedule, studio: Studio, listen: Listen, clock: Clock = steady) -> None:
        self._news: SimpleQueue[News | _Crash | _Pause] = SimpleQueue()
        self._studio = replace(studio, post=self._news.put)
        self._schedule = schedule
        self._listen = listen
        self._clock = clock
        self._stops = 0
        self._lane = _Crew("create", 1, self._work)
        self._pollers = _Crew("poll", POLLERS, self._work)
        self._loaders = _Crew("download", schedule.limits.downloads, self._work)
        self._clerk = _Crew("books", 1, self._work)

    def stop(self, signal: int) -> None:
        """Ends the run: the first call lets the create in flight finish, the second leaves at once.

        May be called from a signal handler or any thread.
        """
        self._stops += 1
        self._news.put(Stop(signal, now=self._stops > 1))

    def hint(self, task: str) -> None:
        """Somebody says that there is news of a task: it is asked soon. May be called from any thread."""
        self._news.put(Hint(task))

    def pause(self, rest: Callable[[], None]) -> None:
        """Calls `rest` between two steps, in the thread that calls `go`, when no create is in flight any more; for that
        it waits a while. May be called from a signal handler."""
        self._news.put(_Pause(rest))

    def go(self) -> Outcome:
        """Carries the plan out and says how it ended. Only bugs are raised, after what is known was saved."""
        schedule = self._schedule
        try:
            self._begin(schedule.step(Begin(), self._clock()))
            while not schedule.over:
                self._begin(schedule.step(self._wait(), self._clock()))
        except Exception:
            with suppress(Exception):  # the bug is what must be seen
                self._studio.books.save()
            raise
        finally:
            self._close()
        return schedule.outcome()

    def _wait(self) -> News:
        due = self._schedule.due()
        timeout = None if due is None else min(max(due - self._clock(), 0.0), LONGEST_SLEEP)
        try:
            news = self._news.get(timeout=timeout)
        except Empty:
            return Tick()
        if isinstance(news, _Crash):
            raise news.error
        if isinstance(news, _Pause):
            self._lane.calm(LAST_CREATE)
            news.rest()
            return Tick()
        return news

    def _begin(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Tell(event=event):
                    self._listen(event)
                case Create():
                    self._lane.take(effect)
                case Poll() | PollAll() | Seek():
                    self._pollers.take(effect)
                case Download() | CopyClip():
                    self._loaders.take(effect)
                case Conclude() | Bind() | Save():
                    self._clerk.take(effect)
                case Interrupt():
                    self._studio.interrupted.set()
                case _:
                    assert_never(effect)

    def _work(self, effect: Work) -> None:
        try:
            self._news.put(carry_out(effect, self._studio))
        except BaseException as error:  # a thread must not die in silence
            self._news.put(_Crash(error))

    def _close(self) -> None:
        """Ends the threads. A create in flight is waited for unless the run is left at once: its answer is money."""
        self._studio.interrupted.set()
        if self._stops > 1:
            return
        for crew in (self._lane, self._loaders, self._clerk):
            crew.dismiss(None)
        self._pollers.dismiss(LAST_POLLS)


class _Crew:
    """A few threads that take effects in turn; started when there is something to do."""

    def __init__(self, name: str, size: int, work: Callable[[Work], None]) -> None:
        self._name = name
        self._size = size
        self._work = work
        self._effects: SimpleQueue[Work | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._calm = threading.Condition()
        self._at_work = 0

    def take(self, effect: Work) -> None:
        """Hands an effect to the next free thread."""
        if len(self._threads) < self._size:
            thread = threading.Thread(target=self._run, name=f"{self._name}-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        with self._calm:
            self._at_work += 1
        self._effects.put(effect)

    def calm(self, seconds: float) -> None:
        """Waits until nothing is being done, for at most `seconds`."""
        with self._calm:
            self._calm.wait_for(lambda: not self._at_work, seconds)

    def dismiss(self, seconds: float | None) -> None:
        """Lets the threads end after what they are doing; waits for at most `seconds`."""
        for _ in self._threads:
            self._effects.put(None)
        for thread in self._threads:
            thread.join(seconds)

    def _run(self) -> None:
        while (effect := self._effects.get()) is not None:
            self._work(effect)
            with self._calm:
                self._at_work -= 1
                self._calm.notify_all()
