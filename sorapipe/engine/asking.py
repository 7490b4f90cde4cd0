"""Which job is asked when, and how: by itself or with a look at a list; knows no answer but what it teaches of time."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable

from sorapipe.engine.board import Job, Phase
from sorapipe.engine.course import LONG_AGO, Course, sure
from sorapipe.engine.listing import Listing
from sorapipe.engine.messages import Poll, PollAll
from sorapipe.engine.poll import SCOUTS, Budget, Durations, Kind, worked
from sorapipe.planning.plan_types import BUYS, Action

MOST_UNLISTED = 2
"""After how many looks at a list that did not show it a job is asked by itself for good."""
BELIEVED_FOR = 120.0
"""Seconds for which only lists tell of a job that goes on: some providers look after a task only when it is asked for,
and their list says for ever what it said at the beginning."""
HINTS_APART = 1.0
"""Seconds between two polls of one job that hints may cause."""

_LISTED = BUYS | {Action.RESUME}


class Asking:
    """The questions. `asked` counts them. Each provider has its own budget of them."""

    def __init__(self, course: Course, durations: Durations) -> None:
        self._course = course
        self._durations = durations
        self._budgets: defaultdict[str, Budget] = defaultdict(Budget)
        self._singles: defaultdict[str, deque[str]] = defaultdict(deque)
        self._lists = {provider: Listing() for provider in sorted(course.limits.lists)}
        self._keys: dict[str, str] = {}
        self._believed_since: dict[str, float] = {}
        self.asked = 0

    def opens(self) -> float | None:
        """When the next question may be sent; `None`: nobody is to be asked."""
        times = [self._budgets[provider].opens() for provider, due in self._singles.items() if due]
        for provider, listing in self._lists.items():
            opens = listing.opens()
            times += [] if opens is None else [max(opens, self._budgets[provider].opens())]
        first = self._course.polls.next()
        return min([*times, first] if first is not None else times, default=None)

    def begin(self, now: float) -> None:
        """Asks those whose time has come, as far as the budgets go."""
        while (key := self._course.polls.pop(now)) is not None:
            self._sort(self._course.board.jobs[key], now)
        for provider, listing in self._lists.items():
            if not listing.serves(now):
                self._singles[provider].extend(listing.due)
                listing.due.clear()
            opens = listing.opens()
            if opens is not None and max(opens, self._budgets[provider].opens()) <= now:
                self._look(provider, listing, now)
        for provider, due in self._singles.items():
            while due and self._budgets[provider].opens() <= now:
                self._ask(self._course.board.jobs[due.popleft()], now)

    def _sort(self, job: Job, now: float) -> None:
        provider = sure(job).provider
        listing = self._lists.get(provider)
        if listing is not None and listing.serves(now) and _listed(job) and self._believed(job, now):
            listing.due[job.key] = None
        else:
            self._singles[provider].append(job.key)

    def _believed(self, job: Job, now: float) -> bool:
        """Whether what lists say of the job is enough for now; when not, it is believed again after it was asked."""
        if now - self._believed_since.setdefault(job.key, now) < BELIEVED_FOR:
            return True
        self._believed_since[job.key] = now
        return False

    def _look(self, provider: str, listing: Listing, now: float) -> None:
        """One question for all that are due, and for all others that it happens to answer."""
        due = [job for key in listing.due if _free(job := self._course.board.jobs[key])]
        if not due:
            listing.due.clear()
            return
        pace = min(self._durations.pace(job.work.kind) for job in due)
        waiting = (self._course.board.jobs[key] for key in self._course.polls)
        others = [job for job in waiting if _free(job) and _listed(job) and sure(job).provider == provider]
        if len(due) + len(others) < 2:  # noqa: PLR2004  nobody else has anything of it
            listing.due.clear()
            self._singles[provider].extend(job.key for job in due)
            return
        soon = [job for job in others if (self._course.polls.when(job.key) or now) <= now + pace / 2]
        others = [job for job in others if job not in soon]
        listing.begin(tuple(job.key for job in (*due, *soon)), now, pace)
        self._spend(provider, now)
        polls = ([_poll(job, now) for job in jobs] for jobs in ((*due, *soon), others))
        self._course.effects.append(PollAll(provider, *(tuple(each) for each in polls)))

    def _ask(self, job: Job, now: float) -> None:
        if _free(job):
            job.polling = True
            self._spend(sure(job).provider, now)
            self._course.effects.append(_poll(job, now))

    def _spend(self, provider: str, now: float) -> None:
        self.asked += 1
        self._budgets[provider].spend(now)

    def know(self, job: Job) -> None:
        """Remembers whose task it is, for hints."""
        self._keys[job.task] = job.key

    def hinted(self, task: str, now: float) -> None:
        """A hint that there is news: the job is asked now, if the budget allows it and it wasn't just asked for one."""
        job = self._course.board.jobs.get(self._keys.get(task, ""))
        if job is None or job.task != task or not _free(job) or now - job.hinted_at < HINTS_APART:
            return
        job.hinted_at = now
        self._singles[sure(job).provider].appendleft(job.key)

    def answered(self, provider: str) -> None:
        """A question was answered well."""
        self._budgets[provider].answered()

    def complained(self, provider: str, now: float, retry_after: float) -> None:
        """A provider asked for a pause."""
        self._budgets[provider].complained(now, retry_after)

    def seen(self, provider: str, shown: Iterable[str]) -> list[Job]:
        """A look was answered and shows these jobs. Those that it had to show and does not, which are asked by
        themselves."""
        listing = self._lists[provider]
        there = set(shown)
        asked = [self._course.board.jobs[key] for key in listing.end()]
        missing = [job for job in asked if job.key not in there]
        if there:
            listing.spoke()
        for job in missing:
            job.unlisted += 1
            self.by_itself(job)
        return missing

    def unseen(self, provider: str, now: float) -> tuple[list[Job], bool]:
        """A look said nothing. The jobs that it had to show, and whether the list is given up for the first time."""
        listing = self._lists[provider]
        return [self._course.board.jobs[key] for key in listing.end()], listing.silent(now)

    def empty(self, provider: str, now: float) -> bool:
        """A look was answered and shows nothing of ours. As for `unseen`."""
        return self._lists[provider].silent(now)

    def by_itself(self, job: Job) -> None:
        """The job is asked next, and not with the list."""
        self._course.polls.cancel(job.key)
        self._singles[sure(job).provider].append(job.key)

    def later(self, job: Job, now: float) -> None:
        """Sets the time of the next question about a job that is not ready."""
        kind = job.work.kind
        listing = self._lists.get(sure(job).provider)
        shared = listing is not None and listing.serves(now) and _listed(job)
        scout = shared or self._durations.knows(kind) or self._is_scout(job)
        seen = job.taken_at if job.not_ready_at is None else job.not_ready_at
        age = self._durations.next_poll(kind, seen - job.taken_at, scout=scout, shared=shared)
        self._course.polls.set(job.key, max(now, job.taken_at + age))

    def _is_scout(self, job: Job) -> bool:
        scouts = self._course.scouts.setdefault(job.work.kind, set())
        if len(scouts) < SCOUTS:
            scouts.add(job.key)
        return job.key in scouts

    def learn(self, job: Job, told: float | None, now: float) -> None:
        """A job was found ready for the first time; `told` is how long the provider says it worked."""
        if job.urlless_since is not None or job.refreshed or job.work.step.action not in BUYS:
            return
        after, age = _after(job), _age(job, now)
        seconds = worked(told, after, age)
        if seconds is None and age is not None and not self._durations.knows(job.work.kind):
            seconds = ((after or 0.0) + age) / 2  # better than nothing
        if seconds is not None and self._durations.told(job.work.kind, seconds):
            self._replan(job.work.kind, now)

    def _replan(self, kind: Kind, now: float) -> None:
        """More is known of a kind: those under way are asked when they are likely to be done. One that was done before,
        and whose clip did not come, is asked when it was to be asked."""
        for key in self._course.polls:
            job = self._course.board.jobs[key]
            known = job.taken_at != LONG_AGO and job.misses == job.absences == 0
            known = known and job.url is None and job.urlless_since is None
            if job.work.kind == kind and known and job.phase is Phase.RUNNING:
                self.later(job, now)


def _free(job: Job) -> bool:
    """Whether the job is to be asked and no question about it alone is under way."""
    return job.phase is Phase.RUNNING and not job.polling


def _listed(job: Job) -> bool:
    """Whether a list can say all that must be known of the job now."""
    return (
        job.work.character is None
        and job.work.step.action in _LISTED
        and job.unlisted < MOST_UNLISTED
        and job.urlless_since is None
        and not job.refreshed
    )


def _poll(job: Job, now: float) -> Poll:
    return Poll(job.key, sure(job), job.task, _after(job), _age(job, now))


def _after(job: Job) -> float | None:
    return None if job.not_ready_at is None or job.taken_at == LONG_AGO else job.not_ready_at - job.taken_at


def _age(job: Job, now: float) -> float | None:
    """`None` for one that another run sent: nobody here knows when that was."""
    return None if job.work.step.action not in BUYS or job.taken_at == LONG_AGO else now - job.taken_at
