"""Orders of which nobody knows whether they were taken, and what a provider's list proves of them; sends none again.

A token in the list is proof that its order was taken. A list without it proves the contrary only when it gives tokens
back, reaches from before the order to after it, and time enough has passed for it to appear.
"""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from sorapipe.engine import outcome as ends
from sorapipe.engine.board import Job, Phase, Search
from sorapipe.engine.course import Course, sure
from sorapipe.engine.events import NotStarted, Said, Settled
from sorapipe.engine.messages import Bind, Bound, DiskRefused, Seek, Sought
from sorapipe.engine.timers import Timers
from sorapipe.engine.watch import Watch
from sorapipe.planning.choice import take_label
from sorapipe.planning.facts import Attempt, AttemptState
from sorapipe.planning.plan_types import Reason

SETTLING = 900.0
"""Seconds after which an order that a list does not show may count as never taken."""
LOOKS_APART = 5.0
MOST_LOOKS = 3
"""Looks at a list for one order in one run."""
_PROOFS = 2


class Seeking:
    """What is looked for. `on_found` is called when an order turns out to be taken."""

    def __init__(self, course: Course, watch: Watch) -> None:
        self._course = course
        self._watch = watch
        self._again = Timers()
        self._due: defaultdict[str, list[Job]] = defaultdict(list)
        self._asked: dict[str, list[Job]] = {}
        self._binding: set[str] = set()
        self.on_found: Callable[[], None] = lambda: None

    def can(self, attempt: Attempt) -> bool:
        """Whether there is a list that may show an order."""
        return attempt.provider in self._course.limits.seek

    @property
    def busy(self) -> bool:
        """Whether an answer is waited for that must be heard."""
        return bool(self._asked or self._binding)

    @property
    def open(self) -> bool:
        """Whether something is still looked for: until then nothing new is sent."""
        return self.busy or len(self._again) > 0 or any(self._due.values())

    def opens(self) -> float | None:
        """When the next look is due; `None`: not before other news."""
        return self._again.next()

    def look_for(self, job: Job, at: float) -> None:
        """An uncertain order is looked for from `at` on."""
        if job.phase is not Phase.SENDING:
            self._course.active += 1
        job.phase = Phase.SOUGHT
        self._again.set(job.key, at)

    def begin(self, now: float) -> None:
        """Takes the looks that are due, one at a time at each provider for all that are looked for there."""
        while (key := self._again.pop(now)) is not None:
            job = self._course.board.jobs[key]
            self._due[sure(job).provider].append(job)
        for provider, jobs in self._due.items():
            if jobs and provider not in self._asked:
                self._asked[provider] = [*jobs]
                self._course.effects.append(Seek(provider, tuple(sure(job).token for job in jobs)))
                jobs.clear()

    def leave(self, now: float) -> None:
        """The run ends: what no look is under way for stays as it is."""
        waiting = [self._course.board.jobs[key] for key in self._again]
        for job in [*waiting, *(job for jobs in self._due.values() for job in jobs)]:
            self._stays(job, now)
        self._due.clear()

    def sought(self, news: Sought, now: float) -> None:
        """A list was looked through."""
        jobs = self._asked.pop(news.provider)
        unseen = []
        for job in jobs:
            job.looks += 1
            attempt = sure(job)
            task = news.tokens.get(attempt.token)
            if task and self._course.board.owner(task) is None:
                bound = replace(attempt, state=AttemptState.SUBMITTED, tasks=(task,), why=None)
                self._binding.add(job.key)
                self._course.effects.append(Bind(job.key, bound, task))
            elif task is not None:
                self._stays(job, now)
            elif self._course.leaving or not self._looked(job, news, now):
                unseen.append(job)
        self._say(news, unseen)
        for job in unseen:
            self._stays(job, now)

    def _looked(self, job: Job, news: Sought, now: float) -> bool:
        """The list does not show an order. Whether that is taken for a proof, or looked at once more."""
        proof = news.missed is None and proves(job.work.search, sure(job).token, news)
        job.proofs = job.proofs + 1 if proof else 0
        if job.proofs >= _PROOFS:
            self._never_taken(job, now)
            return True
        if job.looks >= MOST_LOOKS or not (proof or news.missed is not None):
            return False
        self._again.set(job.key, now + LOOKS_APART)
        return True

    def _say(self, news: Sought, unseen: list[Job]) -> None:
        if not unseen:
            return
        who = ", ".join(_name(job) for job in unseen[:3])
        who += f" and {len(unseen) - 3} more" if len(unseen) > 3 else ""  # noqa: PLR2004  the first three are named
        said = f"can't be read ({news.missed.message})" if news.missed is not None else "does not show it (so far)"
        self._course.tell(Said(f"{who}: the list of `{news.provider}` was looked through and {said}"))

    def _never_taken(self, job: Job, now: float) -> None:
        step, provider = job.work.step, sure(job).provider
        text = f"nothing was bought: the list of `{provider}` does not have it, and has those before and after it"
        self._course.conclude(job, replace(sure(job), why=text), None)
        self._course.tell(Settled(job.key, step.label, step.take, None, text))
        self._course.close(job, NotStarted(job.key, step.label, step.take, Reason("not-bought", text)), now)

    def _stays(self, job: Job, now: float) -> None:
        self._again.cancel(job.key)
        self._course.end(job, sure(job), now)

    def bound(self, job: Job, news: Bound, now: float) -> None:
        """The task of an order is in the journal: it goes on like any other."""
        self._binding.discard(job.key)
        attempt, step = self._course.set(job, news.attempt), job.work.step
        text = f"it was bought: the list of `{attempt.provider}` shows it as {attempt.tasks[-1]}"
        self._course.tell(Settled(job.key, step.label, step.take, attempt.tasks[-1], text))
        self.on_found()
        self._course.changed_at = now
        if self._course.leaving or self._course.limits.settling:
            self._course.park(job)
            if not self._course.limits.settling:
                self._course.codes.add(ends.AGAIN)
            return
        self._course.fly(job)
        self._watch.watch(job, attempt.tasks[-1], job.taken_at)
        self._course.polls.set(job.key, now)

    def disk_refused(self, job: Job, news: DiskRefused) -> None:
        """The task could not be written into the journal; it is told, and goes into the lock."""
        self._binding.discard(job.key)
        if news.attempt is not None:
            self._course.set(job, news.attempt)
        self._course.park(job)
        where = f" (also written to {news.refuge})" if news.refuge else ""
        command = f"sorapipe adopt {shlex.quote(job.work.step.label)} {news.task}"
        self._course.tell(Said(f"the task's id is not in the journal{where}; keep it: `{command}`", command))


def proves(search: Search | None, token: str, news: Sought) -> bool:
    """Whether a list proves that the order with `token` was never taken: it shows one from before and one from after
    it, and nothing between them that gives no token back."""
    if search is None or token in news.tokens or search.age < SETTLING:
        return False
    return any(not search.before.isdisjoint(run) and not search.after.isdisjoint(run) for run in news.runs)


def _name(job: Job) -> str:
    step = job.work.step
    return step.label if step.address.startswith("@") else f"{step.label} {take_label(step.take, step.letter)}"
