"""The lane of creates: what is sent next and what its three answers mean; knows no poll and no clip."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import assert_never

from sorapipe.engine import outcome as ends
from sorapipe.engine.board import Job, Phase
from sorapipe.engine.course import KEY_REFUSED, ZERO, Course
from sorapipe.engine.events import Paused, Said, Sending, Sent
from sorapipe.engine.lane import AFTER_UNKNOWN, Lane
from sorapipe.engine.messages import Create, Created, DiskRefused
from sorapipe.engine.seek import Seeking
from sorapipe.engine.watch import Watch
from sorapipe.planning.facts import Attempt, AttemptState
from sorapipe.planning.plan_types import Reason
from sorapipe.providers.base import Accepted, Refusal, Refused, Unknown

MOST_UNKNOWN = 2
MOST_UNREACHABLE = 5
MOST_UNAVAILABLE = 4
UNAVAILABLE_PAUSE = 30.0


class Creates:
    """One create in flight, in the order of the plan. `sent` counts those that were sent."""

    def __init__(self, course: Course, watch: Watch, seeking: Seeking) -> None:
        self._course = course
        self._watch = watch
        self._seeking = seeking
        seeking.on_found = self._certain
        self._lane = Lane(course.limits.creates, course.limits.window)
        self.sending: Job | None = None
        self.sent = 0
        self._now = 0.0
        self._unknown_in_a_row = 0
        self._unreachable_in_a_row = 0
        self._unavailable_in_a_row = 0

    def possible(self) -> bool:
        """Whether a create may begin as far as everything but the time is concerned.

        Clips that have been ready for a while come down before anything new is begun: their addresses expire.
        """
        return (
            self._course.stopped is None
            and not self._course.leaving
            and self.sending is None
            and not self._seeking.open
            and not self._course.overdue(self._now)
            and not self._course.drowsy(self._now)
            and self._course.in_flight < self._course.limits.in_flight
            and self._course.board.first_ready() is not None
        )

    def eager(self, now: float) -> bool:
        """Whether creates follow each other as fast as they are answered."""
        course = self._course
        return (
            course.stopped is None
            and not course.drowsy(now)
            and course.in_flight < course.limits.in_flight
            and self._lane.bears() <= now
            and course.board.first_ready() is not None
        )

    def opens(self) -> float | None:
        """When the next create may be sent; `None`: not before other news."""
        return self._lane.opens() if self.possible() else None

    def begin(self, now: float) -> None:
        """Sends the first job that is ready, when the lane is open."""
        self._now = now
        while self.possible() and self._lane.opens() <= now:
            job = self._course.board.first_ready()
            if job is None or not self._admit(job):
                return
            self._send(job, now)

    def _admit(self, job: Job) -> bool:
        """Holds the next purchase against the money that is left."""
        if self._course.remaining is None:
            return True
        price = job.work.step.price
        if price is not None and price <= self._course.remaining:
            return True
        left = max(self._course.remaining, ZERO)
        text = f"{left:f} is left and {job.work.step.label} costs {'?' if price is None else f'{price:f}'}"
        self._course.halt(Reason("over-limit", f"the limit is reached: {text}"), ends.CREDITS)
        return False

    def _send(self, job: Job, now: float) -> None:
        draft = job.work.draft
        if draft is None:
            raise AssertionError(f"BUG: {job.key} is to be sent and has no draft")
        sources = []
        for address in job.work.sources:
            source = self._course.board.source(address)
            if source is None:
                self._course.blocked(job, Reason("parent", f"{address} has no clip that could be used"), now)
                return
            sources.append((address, source))
        handles = self._course.board.handles
        known = tuple((name, handles[name]) for name in job.work.mentions if name in handles)
        self._course.start(job, Phase.SENDING)
        self.sending = job
        self._lane.begin()
        self._course.book(job.work.step.price or ZERO)
        self._course.tell(Sending(job.key, job.work.step.label, job.work.step.take))
        self._course.effects.append(Create(job.work.step, draft, tuple(sources), known))

    def answered(self, job: Job, news: Created, now: float) -> None:
        """The create in flight was answered."""
        self.sending = None
        self.sent += 1
        self._lane.answered(now)
        attempt, answer = news.attempt, news.answer
        match answer:
            case Accepted():
                self._certain()
                self._accepted(job, attempt, answer, now)
            case Refused():
                self._certain(answer.refusal)
                self._course.book(-(job.work.step.price or ZERO))
                self._refused(job, attempt, answer, news.chance, now)
            case Unknown():
                self._unknown(job, attempt, answer, now)
            case _:
                assert_never(answer)

    def _certain(self, refusal: Refusal | None = None) -> None:
        self._unknown_in_a_row = 0
        if refusal is not Refusal.UNREACHABLE:
            self._unreachable_in_a_row = 0
        if refusal is not Refusal.UNAVAILABLE:
            self._unavailable_in_a_row = 0

    def _accepted(self, job: Job, attempt: Attempt, answer: Accepted, now: float) -> None:
        self._lane.accepted()
        self._course.changed_at = now
        attempt = self._course.set(job, replace(attempt, state=AttemptState.SUBMITTED, tasks=(answer.task,)))
        self._course.tell(Sent(job.key, answer.task, attempt.cost))
        if answer.character is not None:
            self._watch.made_character(job, answer.character, now)
            return
        self._course.fly(job)
        self._watch.watch(job, answer.task, now)
        self._watch.ask_later(job, now)

    def _refused(self, job: Job, attempt: Attempt, answer: Refused, chance: float, now: float) -> None:
        match answer.refusal:
            case Refusal.REQUEST:
                failed = replace(attempt, state=AttemptState.FAILED, why=answer.message, cost=ZERO)
                self._course.end(job, failed, now)
                return
            case Refusal.RATE:
                seconds = self._lane.limited(now, answer.retry_after, chance)
                self._course.tell(Paused(seconds, "rate limit"))
            case Refusal.AUTHENTICATION:
                text = f"`{attempt.provider}` refused the key: {answer.message}"
                self._course.halt(Reason(KEY_REFUSED, text, "sorapipe run"), ends.AUTHENTICATION)
            case Refusal.CREDITS:
                text = f"the credits at `{attempt.provider}` don't reach: {answer.message}"
                self._course.halt(Reason("credits", text, "sorapipe run"), ends.CREDITS)
            case Refusal.UNREACHABLE:
                self._unreachable_in_a_row += 1
                wait = min(2.0**self._unreachable_in_a_row, 60.0) * (0.75 + chance / 2)
                self._wait_or_stop(self._unreachable_in_a_row, MOST_UNREACHABLE, wait, answer, now)
            case Refusal.UNAVAILABLE:
                self._unavailable_in_a_row += 1
                wait = UNAVAILABLE_PAUSE * 2.0 ** (self._unavailable_in_a_row - 1)
                self._wait_or_stop(self._unavailable_in_a_row, MOST_UNAVAILABLE, wait, answer, now)
            case _:
                assert_never(answer.refusal)
        self._course.ready(job, now)

    def _wait_or_stop(self, times: int, most: int, wait: float, answer: Refused, now: float) -> None:
        if times >= most:
            self._course.halt(Reason(answer.refusal.value, answer.message), ends.AGAIN)
        else:
            self._course.tell(Paused(self._lane.pause(now, wait), answer.message))

    def _unknown(self, job: Job, attempt: Attempt, answer: Unknown, now: float) -> None:
        self._unknown_in_a_row += 1
        if self._unknown_in_a_row >= MOST_UNKNOWN:
            text = f"the answers of {self._unknown_in_a_row} creates in a row are unknown: {answer.message}"
            self._course.halt(Reason("uncertain", text), ends.AGAIN)
        else:
            self._course.tell(Paused(self._lane.pause(now, AFTER_UNKNOWN), answer.message))
        lost = replace(attempt, state=AttemptState.UNCERTAIN, why=answer.message)
        if self._course.leaving or not self._seeking.can(lost):
            self._course.end(job, lost, now)
            return
        self._course.set(job, lost)
        job.taken_at = now
        self._seeking.look_for(job, now + AFTER_UNKNOWN)

    def not_composed(self, job: Job, reason: Reason, now: float) -> None:
        """The order could not be put together."""
        self._unsent(job)
        self._course.blocked(job, reason, now)

    def _unsent(self, job: Job) -> None:
        self.sending = None
        self._lane.withdrawn()
        self._course.book(-(job.work.step.price or ZERO))

    def disk_refused(self, job: Job, news: DiskRefused, now: float) -> None:
        """The journal could not be written, before or after the create was sent."""
        if not news.sent or news.attempt is None:
            self._unsent(job)
            self._course.not_started(job, Reason("disk", news.message), now)
            return
        self.sending = None
        self.sent += 1
        self._lane.answered(now)
        if news.task is None:
            why = f"the answer is not in the journal: {news.message}"
            self._course.end(job, replace(news.attempt, state=AttemptState.UNCERTAIN, why=why), now)
            return
        self._course.set(job, replace(news.attempt, state=AttemptState.SUBMITTED, tasks=(news.task,)))
        self._course.park(job)
        where = f" (also written to {news.refuge})" if news.refuge else ""
        command = f"sorapipe adopt {shlex.quote(job.work.step.label)} {news.task}"
        self._course.tell(Said(f"the task's id is not in the journal{where}; keep it: `{command}`", command))
