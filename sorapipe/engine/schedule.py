"""The run as a pure state machine: `step(news, now)` gives the effects to carry out. Has no clock, IO or chance."""

from __future__ import annotations

from typing import assert_never

from sorapipe.engine import outcome as ends
from sorapipe.engine.board import Board, Job, Phase
from sorapipe.engine.course import LONG_AGO, UNSENT, ZERO, Course, sure
from sorapipe.engine.creates import Creates
from sorapipe.engine.events import Downloading, Ended, NotStarted, Stopped
from sorapipe.engine.landing import Landing
from sorapipe.engine.messages import (
    Begin,
    Bound,
    Concluded,
    Copied,
    CopyClip,
    Created,
    DiskRefused,
    Effect,
    Heard,
    Hint,
    Interrupt,
    Limits,
    Loaded,
    News,
    NotComposed,
    NotLoaded,
    Polled,
    PolledAll,
    Save,
    Saved,
    Sought,
    Stop,
    Tick,
)
from sorapipe.engine.outcome import Outcome, exit_code
from sorapipe.engine.poll import Durations
from sorapipe.engine.seek import Seeking
from sorapipe.engine.watch import Watch
from sorapipe.planning.facts import AttemptState
from sorapipe.planning.plan_types import BUYS, Action, Reason

SAVE_SHARE = 0.001
SAVE_AT_LEAST = 1.0
SAVE_AT_MOST = 120.0
MOST_SAVE_SHARE = 0.02
"""Saves take a thousandth of a run: a save rewrites the lock, and all that it says is in the journal before. Where
that is more than `SAVE_AT_MOST` seconds apart they may take more, but never more than `MOST_SAVE_SHARE`."""

LONGEST_WAIT = 60.0
"""Seconds after which a step is asked for in any case, so that a gap can be told from a quiet time."""
ASLEEP = 30.0
"""Seconds by which a step comes too late from which on the machine must have slept, or we were stopped."""

_AT_PROVIDER = frozenset({Phase.RUNNING, Phase.WAITING_TO_LOAD, Phase.LOADING, Phase.PARKED})


class Schedule:
    """One run. `now` is any steady clock in seconds; it never goes back."""

    def __init__(self, board: Board, limits: Limits, durations: Durations | None = None) -> None:
        self.limits = limits
        self._course = Course(board, limits)
        self._course.on_freed = self._freed
        self._watch = Watch(self._course, durations or Durations())
        self._seeking = Seeking(self._course, self._watch)
        self._creates = Creates(self._course, self._watch, self._seeking)
        self._landing = Landing(self._course)
        self._copying = 0
        self._over = False
        self._saving = False
        self._save_at = 0.0
        self._save_refused = False
        self._next = float("inf")

    def step(self, news: News, now: float) -> list[Effect]:
        """Takes one piece of news in and says what to do. Effects are to be begun in their order."""
        self._course.effects = []
        if now - self._next > ASLEEP:
            self._wake(now)
        self._hear(news, now)
        if not self._over:
            self._advance(now)
        self._next = now + LONGEST_WAIT
        return self._course.effects

    @property
    def over(self) -> bool:
        """Whether nothing is left to do or to wait for."""
        return self._over

    def due(self) -> float | None:
        """When to send a `Tick` if nothing else happens; `None`: only news can help."""
        if self._over or self._course.leaving:
            return None
        times = [self._course.changed_at + self._course.limits.max_wait, self._next]
        openings = (self._watch.opens(), self._landing.opens(), self._creates.opens(), self._seeking.opens())
        times += [at for at in openings if at is not None]
        if self._unsaved() and not self._saving:
            times.append(self._save_at)
        return min(times)

    def outcome(self) -> Outcome:
        """How the run ended; to be asked when it is over."""
        jobs = sorted(self._course.board, key=lambda job: job.order)
        return Outcome(
            exit_code=exit_code(self._course.codes),
            ended=tuple(job.end for job in jobs if isinstance(job.end, Ended)),
            not_started=tuple(job.end for job in jobs if isinstance(job.end, NotStarted)),
            running=tuple(job.attempt for job in jobs if job.attempt is not None and job.phase in _AT_PROVIDER),
            spent=self._course.spent,
            sent=self._creates.sent,
            polls=self._watch.asked,
            why=self._course.why_ended(),
        )

    def _hear(self, news: News, now: float) -> None:  # noqa: PLR0912  one line a kind of news: a table
        match news:
            case Begin():
                self._begin(now)
            case Tick():
                pass
            case Stop():
                self._on_stop(news, now)
            case Heard(event=event):
                if isinstance(event, Downloading):
                    self._course.changed_at = now
                self._course.tell(event)
            case Created():
                self._creates.answered(self._course.board.jobs[news.key], news, now)
            case NotComposed():
                self._creates.not_composed(self._course.board.jobs[news.key], news.reason, now)
            case DiskRefused():
                self._on_disk_refused(news, now)
            case Polled():
                self._watch.answered(self._course.board.jobs[news.key], news, now)
            case PolledAll():
                self._watch.looked(news, now)
                for refused in news.refused:
                    self._on_disk_refused(refused, now)
            case Sought():
                self._seeking.sought(news, now)
            case Bound():
                self._seeking.bound(self._course.board.jobs[news.key], news, now)
            case Hint(task=task):
                self._watch.hinted(task, now)
            case Loaded():
                self._landing.loaded(self._course.board.jobs[news.key], news, now)
            case NotLoaded():
                self._landing.not_loaded(self._course.board.jobs[news.key], news, now)
            case Copied():
                self._on_copied(self._course.board.jobs[news.key], news, now)
            case Concluded():
                self._course.concluding -= 1
            case Saved(seconds=seconds):
                self._saving = False
                self._save_at = now + _until_save(seconds)
            case _:
                assert_never(news)

    def _begin(self, now: float) -> None:
        self._course.changed_at = self._save_at = now
        for job in list(self._course.board):
            step = job.work.step
            if self._course.limits.settling and step.action is Action.UNCERTAIN and self._seeking.can(sure(job)):
                self._seeking.look_for(job, now)
            elif step.action in {Action.WAIT, Action.BLOCKED, Action.UNCERTAIN}:
                self._course.codes.add(ends.step_code(step))
                self._course.not_started(job, step.reason, now)
        for job in self._course.board.free_at_start():
            self._freed(job, now)

    def _freed(self, job: Job, now: float) -> None:
        """Nothing of this run holds the job any more."""
        if self._course.leaving:
            self._course.left(job, now)
            return
        action = job.work.step.action
        if job.work.step.reuse is not None:
            self._course.start(job, Phase.COPYING)
            self._copying += 1
            self._course.effects.append(CopyClip(job.key, job.work.step.reuse, action is Action.FETCH))
        elif action in BUYS:
            reason = self._course.board.obstacle(job)
            if reason is None:
                self._course.ready(job, now)
            else:
                self._course.blocked(job, reason, now)
        elif action in {Action.RESUME, Action.FETCH}:
            self._resume(job, now)

    def _resume(self, job: Job, now: float) -> None:
        attempt = sure(job)
        if not attempt.tasks:
            raise AssertionError(f"BUG: {job.key} is to be resumed and has no task")
        self._watch.watch(job, attempt.tasks[-1], LONG_AGO)
        if job.work.step.action is Action.RESUME:
            self._course.fly(job)
        self._course.polls.set(job.key, now)

    def _wake(self, now: float) -> None:
        """Nothing was heard for longer than there ever is between two steps. That gap is no patience that was used up;
        what became of the jobs is asked before anything else is bought."""
        self._course.changed_at += now - self._next
        self._course.woke(now)

    def _on_stop(self, stop: Stop, now: float) -> None:
        self._course.codes.add(128 + stop.signal)
        self._course.stopped = Reason("signal", "interrupted")
        self._course.tell(Stopped("interrupted", stop.now))
        self._leave(now)
        self._over = stop.now

    def _on_copied(self, job: Job, news: Copied, now: float) -> None:
        self._copying -= 1
        if news.trouble is not None or (news.attempt is None and news.character is None):
            self._course.blocked(job, Reason("copy", news.trouble or "there is nothing to copy"), now)
            return
        if news.character is not None:
            self._course.board.handles[job.work.character or news.character.name] = news.character.handle
        if news.attempt is not None:
            self._course.set(job, news.attempt)
        self._course.dirty = True
        step = job.work.step
        if step.action is Action.FETCH:
            self._resume(job, now)
            return
        out = None if news.attempt is None else news.attempt.out
        self._course.close(job, Ended(job.key, step.label, step.take, AttemptState.DONE, out, ZERO, None), now)

    def _on_disk_refused(self, news: DiskRefused, now: float) -> None:
        self._course.halt(Reason("disk", news.message), ends.LOCK_UNUSABLE if news.lock else ends.LOCAL_DISK)
        if news.key is None:
            self._saving = False
            self._save_refused = True
            return
        job = self._course.board.jobs[news.key]
        match news.during:
            case "create":
                self._creates.disk_refused(job, news, now)
            case "poll":
                job.polling = False
                if job.phase is Phase.RUNNING:
                    self._course.park(job)
            case "bind":
                self._seeking.disk_refused(job, news)
            case "download":
                self._landing.loading -= 1
                self._course.park(job)
            case "copy":
                self._copying -= 1
                self._course.not_started(job, Reason("disk", news.message), now)
            case "conclude":  # it is not in the journal: the next run comes to the same conclusion
                self._course.concluding -= 1
            case "save":
                raise AssertionError("BUG: a save belongs to no job")
            case _:
                assert_never(news.during)

    def _leave(self, now: float) -> None:
        """Nothing new is begun. What is in flight and can't be left alone is waited for."""
        if self._course.leaving:
            return
        self._course.leaving = True
        if any(job.phase is Phase.LOADING for job in self._course.board):
            self._course.effects.append(Interrupt())
        self._seeking.leave(now)
        for job in self._course.board:
            if job.phase in UNSENT:
                self._course.left(job, now)
            elif job.phase in _AT_PROVIDER:
                self._course.codes.add(ends.AGAIN)

    def _advance(self, now: float) -> None:
        if not self._course.leaving:
            self._landing.begin(now, eager=self._creates.eager(now))
            self._watch.begin(now)
            self._seeking.begin(now)
            self._creates.begin(now)
            if now >= self._course.changed_at + self._course.limits.max_wait:
                waited = f"nothing has changed for {self._course.limits.max_wait:g} s (`--max-wait`)"
                self._course.halt(Reason("time", waited), ends.AGAIN)
                self._leave(now)
            elif self._course.active == 0 and not self._creates.possible():
                self._leave(now)
        self._save(now)
        self._over = self._course.leaving and not (self._busy() or self._saving or self._unsaved())

    def _busy(self) -> bool:
        waits = self._creates.sending is not None or self._seeking.busy
        return waits or self._landing.loading + self._copying + self._course.concluding > 0

    def _unsaved(self) -> bool:
        return self._course.dirty and not self._save_refused

    def _save(self, now: float) -> None:
        if self._saving or not self._unsaved():
            return
        if (self._course.leaving and not self._busy()) or (not self._course.leaving and now >= self._save_at):
            self._saving, self._course.dirty = True, False
            self._course.effects.append(Save())


def _until_save(seconds: float) -> float:
    """How long to wait until the next save after one that took so long."""
    return max(SAVE_AT_LEAST, min(seconds / SAVE_SHARE, SAVE_AT_MOST), seconds / MOST_SAVE_SHARE)
