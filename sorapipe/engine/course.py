"""The one state of a run that its parts share, and the ways in which it changes; knows no answer of a provider.

Only `Course.set` gives a job its attempt and an attempt another state, and only `schedule.step` leads there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from sorapipe.engine import outcome as ends
from sorapipe.engine.board import NEEDS_PICK, Board, Job, Phase
from sorapipe.engine.events import Ended, Event, NotStarted, Stopped
from sorapipe.engine.messages import Conclude, Effect, Limits, Tell
from sorapipe.engine.poll import Kind
from sorapipe.engine.timers import Timers
from sorapipe.planning.facts import Attempt, AttemptState, CharacterFact
from sorapipe.planning.plan_types import Reason

ZERO = Decimal(0)
LONG_AGO = float("-inf")
CLIPS_WAIT = 3.0
"""Seconds that a clip may wait for its download before nothing new is begun. Without any patience a first wave of jobs
stays one: all of them come down, then all are sent, and the provider stands idle in between."""
DROWSY = 60.0
"""Seconds for which nothing is bought after the machine slept, unless a job is answered before."""
KEY_REFUSED = "authentication"
"""The code of the reason why nothing more is sent to a provider that refuses the key."""
UNSENT = frozenset({Phase.HELD, Phase.READY})
IDLE = frozenset({Phase.HELD, Phase.READY, Phase.PARKED, Phase.OVER})
_CODES = {
    AttemptState.UNCERTAIN: ends.UNCERTAIN,
    AttemptState.FAILED: ends.SOME_FAILED,
    AttemptState.SUSPECT: ends.PAID_WITHOUT_CLIP,
    AttemptState.VANISHED: ends.PAID_WITHOUT_CLIP,
    AttemptState.UNAVAILABLE: ends.PAID_WITHOUT_CLIP,
}


class Course:
    """How far a run is. `effects` collects what the step at hand asks for; `polls` are the jobs to be asked and when;
    `to_load` are those whose clip is ready. `on_freed` is called for a job that nothing holds any more."""

    def __init__(self, board: Board, limits: Limits) -> None:
        self.board = board
        self.limits = limits
        self.on_freed: Callable[[Job, float], None] = lambda job, now: None
        self.effects: list[Effect] = []
        self.polls = Timers()
        self.to_load: deque[Job] = deque()
        self.scouts: dict[Kind, set[str]] = {}
        self.codes: set[int] = set()
        self.concluding = 0
        self.in_flight = 0
        self.active = 0
        self._remaining = limits.remaining
        self._budget = limits.budget
        self._woke_at = LONG_AGO
        self.spent = ZERO
        self.stopped: Reason | None = None
        self.leaving = False
        self.dirty = False
        self.changed_at = 0.0
        self._settled: deque[Job] = deque()

    def set(self, job: Job, attempt: Attempt) -> Attempt:
        """The one place where an attempt gets another state."""
        job.attempt = attempt
        self.board.know(attempt)
        self.dirty = True
        return attempt

    def end(
        self, job: Job, attempt: Attempt, now: float, *, notes: tuple[str, ...] = (), conclude: bool = False
    ) -> None:
        """An attempt came to its end: recorded, told, its dependents freed or blocked.

        `conclude` when no effect has journaled it yet.
        """
        self.changed_at = now
        self.set(job, attempt)
        if conclude:
            self.conclude(job, attempt, None)
        if attempt.state in _CODES:
            self.codes.add(_CODES[attempt.state])
        step = job.work.step
        self.leave_provider(job)
        self.close(
            job,
            Ended(job.key, step.label, step.take, attempt.state, attempt.out, attempt.cost, attempt.why, notes),
            now,
        )

    def lose(self, job: Job, state: AttemptState, why: str, now: float) -> None:
        """A job that was taken has no clip for us. A clip that was here once stays recorded as it was."""
        attempt = sure(job)
        if attempt.state is not AttemptState.DONE:
            self.end(job, replace(attempt, state=state, why=why), now, conclude=True)
            return
        self.board.lost.add(attempt.token)
        self.codes.add(ends.PAID_WITHOUT_CLIP)
        step = job.work.step
        self.close(job, Ended(job.key, step.label, step.take, AttemptState.UNAVAILABLE, None, attempt.cost, why), now)

    def conclude(self, job: Job, attempt: Attempt, character: CharacterFact | None) -> None:
        """Has a conclusion journaled."""
        self.concluding += 1
        self.dirty = True
        self.effects.append(Conclude(job.key, attempt, character))

    def blocked(self, job: Job, reason: Reason, now: float) -> None:
        """Something that the job needs went wrong, or waits for a person."""
        if reason.code != NEEDS_PICK:
            self.codes.add(ends.SOME_FAILED)
        self.not_started(job, reason, now)

    def not_started(self, job: Job, reason: Reason, now: float) -> None:
        """The job will not be carried out in this run."""
        step = job.work.step
        self.close(job, NotStarted(job.key, step.label, step.take, reason), now)

    def close(self, job: Job, end: Ended | NotStarted, now: float) -> None:
        """The job is over; what waited for it goes on or is blocked, however long the chain."""
        if job.phase not in IDLE:
            self.active -= 1
        job.phase = Phase.OVER
        job.end = end
        self.scouts.get(job.work.kind, set()).discard(job.key)
        self.polls.cancel(job.key)
        self.tell(end)
        self._settled.append(job)
        if len(self._settled) == 1:
            while self._settled:
                for freed in self.board.settle(self._settled[0]):
                    self.on_freed(freed, now)
                self._settled.popleft()

    def start(self, job: Job, phase: Phase) -> None:
        """An effect is begun for a job that was idle."""
        job.phase = phase
        self.active += 1

    def park(self, job: Job) -> None:
        """Nothing more is done for the job in this run; a later one goes on with it."""
        if job.phase not in IDLE:
            self.active -= 1
        self.leave_provider(job)
        self.polls.cancel(job.key)
        job.phase = Phase.PARKED

    def leave_provider(self, job: Job) -> None:
        """The job takes no place at the provider any more."""
        self.in_flight -= job.in_flight
        job.in_flight = False

    def fly(self, job: Job) -> None:
        """The job takes a place at the provider."""
        job.in_flight = True
        self.in_flight += 1

    def tell(self, event: Event) -> None:
        """Tells the world."""
        self.effects.append(Tell(event))

    def halt(self, reason: Reason, code: int | None) -> None:
        """No more creates in this run; what is paid is still collected. `code` is `None` where the end depends on
        whether anything is left undone by it."""
        if code is not None:
            self.codes.add(code)
        if self.stopped is None:
            self.stopped = reason
            self.tell(Stopped(reason.text, False))

    def woke(self, now: float) -> None:
        """The machine slept: every job is asked now, and nothing is sent until one of them was answered."""
        running = [job for job in self.board if job.phase is Phase.RUNNING]
        for job in running:
            self.polls.set(job.key, now)
        self._woke_at = now if running else LONG_AGO

    def answered(self) -> None:
        """Somebody answers: the network is back, if it was gone."""
        self._woke_at = LONG_AGO

    def drowsy(self, now: float) -> bool:
        """Whether nobody has answered yet since the machine woke up."""
        return now - self._woke_at < DROWSY

    def overdue(self, now: float) -> bool:
        """Whether a clip has waited for its download for too long: its address expires."""
        return bool(self.to_load) and now - self.to_load[0].ready_at > CLIPS_WAIT

    @property
    def remaining(self) -> Decimal | None:
        """The money that is left for the next purchase; `None` without a limit."""
        return min((left for left in (self._remaining, self._budget) if left is not None), default=None)

    def book(self, amount: Decimal, *, ours: bool = True) -> None:
        """Money is spent, or comes back when negative. What an earlier run bought (not `ours`) is of the storyboard's
        budget only."""
        if ours:
            self.spent += amount
            self._remaining = None if self._remaining is None else self._remaining - amount
        self._budget = None if self._budget is None else self._budget - amount

    def ready(self, job: Job, now: float) -> None:
        """The job may be sent, unless the run is about to end."""
        if self.leaving:
            self.left(job, now)
            return
        if job.phase not in IDLE:
            self.active -= 1
        self.board.ready(job)

    def why_ended(self) -> str | None:
        """What ended the run early, if anything. A key that was refused once and held nothing up did not."""
        if self.stopped is None:
            return None
        if self.stopped.code == KEY_REFUSED and self.codes.isdisjoint({ends.AUTHENTICATION, ends.AGAIN}):
            return None
        return self.stopped.text

    def left(self, job: Job, now: float) -> None:
        """The end of the run finds the job undone, for the reason for which nothing more was sent."""
        reason = self.stopped or Reason("time", "the run ended before it was its turn")
        if reason.code == KEY_REFUSED:
            self.codes.add(ends.AUTHENTICATION)
        self.not_started(job, reason, now)


def sure(job: Job) -> Attempt:
    """The attempt of a job that must have one by now."""
    if job.attempt is None:
        raise AssertionError(f"BUG: {job.key} has no attempt")
    return job.attempt
