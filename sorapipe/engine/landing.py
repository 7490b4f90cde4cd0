"""The clips that come down: which is next, and what is done when one does not come; knows no creates."""

from __future__ import annotations

from dataclasses import replace

from sorapipe.engine.board import Job, Phase
from sorapipe.engine.course import Course, sure
from sorapipe.engine.messages import Download, Loaded, NotLoaded
from sorapipe.engine.timers import Timers
from sorapipe.planning.choice import take_label
from sorapipe.planning.facts import AttemptState

MOST_REFRESHES = 3
MOST_BROKEN = 3
STUMBLES_AT_ONE_ADDRESS = 4
"""After so many downloads in a row of which nothing came the job is asked whether its clip lies elsewhere by now."""
LONGEST_STUMBLE = 60.0


class Landing:
    """Downloads. `loading` counts those that run."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._again = Timers()
        self.loading = 0

    def opens(self) -> float | None:
        """When the next download is tried again; `None`: none is to be."""
        return self._again.next()

    def begin(self, now: float, *, eager: bool = False) -> None:
        """Begins downloads, as many as may run at a time; one where creates are `eager` to be sent: jobs begin to work
        while clips come down, not after it. A clip that has waited for long holds the creates up, not they it."""
        most = 1 if eager and not self._course.overdue(now) else self._course.limits.downloads
        while (key := self._again.pop(now)) is not None:
            self._course.to_load.append(self._course.board.jobs[key])
        while self._course.to_load and self.loading < most:
            job = self._course.to_load.popleft()
            attempt = sure(job)
            if job.url is None:
                raise AssertionError(f"BUG: {job.key} is to be downloaded and has no address")
            job.phase = Phase.LOADING
            self.loading += 1
            sha256 = attempt.sha256 if attempt.state is AttemptState.DONE else None
            step = job.work.step
            label = take_label(step.take, step.letter)
            work = job.work
            self._course.effects.append(Download(job.key, attempt, job.url, work.stem, label, sha256, work.expected))

    def loaded(self, job: Job, news: Loaded, now: float) -> None:
        """A clip is in its place."""
        self.loading -= 1
        attempt = replace(
            sure(job),
            state=AttemptState.DONE if news.suspicion is None else AttemptState.SUSPECT,
            sha256=news.sha256,
            size=news.size,
            out=news.out,
            why=news.suspicion,
        )
        self._course.end(job, attempt, now, notes=news.notes)

    def not_loaded(self, job: Job, news: NotLoaded, now: float) -> None:
        """The bytes did not come, or were no clip."""
        self.loading -= 1
        job.phase = Phase.WAITING_TO_LOAD
        if news.interrupted or self._course.leaving:
            return
        if news.broken:
            job.broken += 1
            if job.broken >= MOST_BROKEN:
                self._course.lose(job, AttemptState.UNAVAILABLE, news.message, now)
                return
        if news.gone or news.broken:
            self._refresh(job, news, now)
            return
        job.stumbles = 1 if news.progress else job.stumbles + 1
        later = now + min(2.0 ** min(job.stumbles - 1, 10), LONGEST_STUMBLE)
        if job.stumbles % STUMBLES_AT_ONE_ADDRESS:
            self._again.set(job.key, later)
        else:
            job.phase = Phase.RUNNING
            self._course.polls.set(job.key, later)

    def _refresh(self, job: Job, news: NotLoaded, now: float) -> None:
        """The address gave nothing useful: the job is asked for a fresh one."""
        job.refreshed += 1
        if news.gone and job.refreshed > MOST_REFRESHES:
            self._course.lose(job, AttemptState.UNAVAILABLE, news.message, now)
            return
        job.phase = Phase.RUNNING
        self._course.polls.set(job.key, now + 2.0 * (job.refreshed - 1))
