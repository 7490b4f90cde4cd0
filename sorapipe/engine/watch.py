"""The jobs at the provider: who is asked when and what the answers mean; knows nothing of how clips come down."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import replace
from typing import assert_never

from sorapipe.engine import outcome as ends
from sorapipe.engine.board import Job, Phase
from sorapipe.engine.course import IDLE, LONG_AGO, ZERO, Course, sure
from sorapipe.engine.events import Progressed, Said
from sorapipe.engine.messages import Poll, Polled
from sorapipe.engine.poll import SCOUTS, Budget, Durations, Kind, after_miss
from sorapipe.planning.facts import AttemptState, CharacterFact
from sorapipe.planning.plan_types import BUYS, Reason
from sorapipe.providers.base import Failed, MadeCharacter, Missed, NotThere, Running, Succeeded
from sorapipe.storyboard.model import Handle

MOST_ABSENCES = 3
ABSENT_FOR = 120.0
ABSENCE_STEP = 60.0
URLLESS_FOR = 300.0
URLLESS_STEP = 10.0
MOST_KEY_REFUSALS = 3


class Watch:
    """Asks. `asked` counts the polls. Each provider has its own budget of them, and its own refusals of our key."""

    def __init__(self, course: Course, durations: Durations) -> None:
        self._course = course
        self._durations = durations
        self._budgets: defaultdict[str, Budget] = defaultdict(Budget)
        self._due: defaultdict[str, deque[str]] = defaultdict(deque)
        self._words: set[str] = set()
        self._key_refusals: Counter[str] = Counter()
        self.asked = 0

    def opens(self) -> float | None:
        """When the next poll may be sent; `None`: nobody is to be asked."""
        times = [self._budgets[provider].opens() for provider, due in self._due.items() if due]
        first = self._course.polls.next()
        return min([*times, first] if first is not None else times, default=None)

    def watch(self, job: Job, task: str, taken_at: float) -> None:
        """From now on the job is asked how it is."""
        if job.phase in IDLE:
            self._course.active += 1
        job.phase = Phase.RUNNING
        job.task = task
        job.taken_at = taken_at

    def begin(self, now: float) -> None:
        """Asks those whose time has come, as far as the budgets go."""
        while (key := self._course.polls.pop(now)) is not None:
            self._due[sure(self._course.board.jobs[key]).provider].append(key)
        for provider, due in self._due.items():
            while due and self._budgets[provider].opens() <= now:
                self._ask(self._course.board.jobs[due.popleft()], now)

    def _ask(self, job: Job, now: float) -> None:
        if job.phase is not Phase.RUNNING or job.polling:
            return
        attempt = sure(job)
        job.polling = True
        self.asked += 1
        self._budgets[attempt.provider].spend(now)
        self._course.effects.append(Poll(job.key, attempt, job.task))

    def answered(self, job: Job, news: Polled, now: float) -> None:
        """A poll was answered."""
        job.polling = False
        if job.phase is not Phase.RUNNING or self._course.leaving:
            return
        answer = news.answer
        if not isinstance(answer, Missed):
            job.misses = 0
            provider = sure(job).provider
            self._key_refusals[provider] = 0
            self._budgets[provider].answered()
        if not isinstance(answer, NotThere | Missed):
            job.absences = 0
        match answer:
            case Running():
                self._still_running(job, answer, now)
            case Succeeded():
                self._succeeded(job, answer, now)
            case Failed():
                why = f"{answer.code}: {answer.message}" if answer.code else answer.message
                self._course.lose(job, AttemptState.FAILED, why, now)
            case NotThere():
                self._absent(job, answer, now)
            case Missed():
                self._missed(job, answer, news.chance, now)
            case _:
                assert_never(answer)

    def _still_running(self, job: Job, answer: Running, now: float) -> None:
        word = "queued" if answer.queued else "running"
        if word != job.word or answer.progress != job.percent:
            job.word, job.percent = word, answer.progress
            self._course.changed_at = now
            self._course.tell(Progressed(job.key, word, answer.progress))
        if answer.unknown_word is not None and answer.unknown_word not in self._words:
            self._words.add(answer.unknown_word)
            text = f"the provider says `{answer.unknown_word}`, which nobody has documented: asked again later"
            self._course.tell(Said(text))
        job.urlless_since = None
        job.not_ready_at = now
        if job.taken_at == LONG_AGO:  # resumed: nobody here knows its age, so it counts from now
            job.taken_at = now
        self.ask_later(job, now)

    def ask_later(self, job: Job, now: float) -> None:
        """Sets the time of the next poll of a job that is not ready."""
        kind = job.work.kind
        scout = self._durations.knows(kind) or self._is_scout(job)
        seen = job.taken_at if job.not_ready_at is None else job.not_ready_at
        age = self._durations.next_poll(kind, seen - job.taken_at, scout=scout)
        self._course.polls.set(job.key, max(now, job.taken_at + age))

    def _is_scout(self, job: Job) -> bool:
        scouts = self._course.scouts.setdefault(job.work.kind, set())
        if len(scouts) < SCOUTS:
            scouts.add(job.key)
        return job.key in scouts

    def _succeeded(self, job: Job, answer: Succeeded, now: float) -> None:
        attempt = sure(job)
        self._learn(job, answer, now)
        if answer.cost is not None and attempt.state is not AttemptState.DONE:
            if job.work.step.action in BUYS:
                self._course.book(answer.cost - (attempt.cost or ZERO))
            self._course.set(job, replace(attempt, cost=answer.cost))
        if job.work.character is not None:
            if answer.character is None:
                self._without_result(job, "it is finished and the provider names no character", now)
            else:
                self.made_character(job, answer.character, now)
        elif answer.url is None:
            self._without_result(job, "it is finished and the provider names no address of the clip", now)
        else:
            if answer.character is not None:
                self._remember_character(job, answer.character)
            self._course.changed_at = now
            self._course.leave_provider(job)
            job.url = answer.url
            job.phase = Phase.WAITING_TO_LOAD
            self._course.to_load.append(job)

    def _learn(self, job: Job, answer: Succeeded, now: float) -> None:
        if job.urlless_since is not None or job.refreshed or job.work.step.action not in BUYS:
            return
        kind = job.work.kind
        if answer.seconds is not None:
            first = self._durations.told(kind, answer.seconds)
        else:
            after = None if job.not_ready_at is None else job.not_ready_at - job.taken_at
            first = self._durations.bracketed(kind, after, now - job.taken_at)
        if first:
            self._replan(kind, now)

    def _replan(self, kind: Kind, now: float) -> None:
        """The first duration of a kind is known: those under way are asked when they are likely to be done."""
        for key in self._course.polls:
            job = self._course.board.jobs[key]
            known = job.taken_at != LONG_AGO and job.misses == job.absences == 0
            if job.work.kind == kind and known and job.phase is Phase.RUNNING:
                self.ask_later(job, now)

    def _without_result(self, job: Job, why: str, now: float) -> None:
        if job.urlless_since is None:
            job.urlless_since = now
        waited = now - job.urlless_since
        if waited >= URLLESS_FOR:
            self._course.lose(job, AttemptState.UNAVAILABLE, why, now)
        else:
            self._course.polls.set(job.key, now + min(URLLESS_STEP + waited / 2, URLLESS_FOR - waited))

    def _absent(self, job: Job, answer: NotThere, now: float) -> None:
        if job.absences == 0:
            job.absent_since = now
        job.absences += 1
        if job.absences >= MOST_ABSENCES and now - job.absent_since >= ABSENT_FOR:
            self._course.lose(job, AttemptState.VANISHED, answer.message, now)
            return
        tasks = job.attempt.tasks if job.attempt is not None else ()
        if len(tasks) > 1:  # two machines wrote two ids for one token: the other one may be there
            job.task = tasks[(tasks.index(job.task) + 1) % len(tasks)] if job.task in tasks else tasks[0]
        self._course.polls.set(job.key, now + ABSENCE_STEP)

    def _missed(self, job: Job, answer: Missed, chance: float, now: float) -> None:
        job.misses += 1
        if answer.retry_after is not None:
            self._budgets[sure(job).provider].complained(now, answer.retry_after)
        if answer.authentication and self._key_refused(sure(job).provider, answer.message):
            return
        self._course.polls.set(job.key, now + after_miss(job.misses, answer.retry_after, chance))

    def _key_refused(self, provider: str, message: str) -> bool:
        """A provider refused its key. Whether it did so too often: its jobs are left for a later run."""
        self._key_refusals[provider] += 1
        if self._buys_at(provider):
            self._course.halt(Reason("authentication", message), ends.AUTHENTICATION)
        if self._key_refusals[provider] < MOST_KEY_REFUSALS:
            return False
        self._course.codes.add(ends.AUTHENTICATION)
        left = [job for job in self._course.board if job.phase is Phase.RUNNING and sure(job).provider == provider]
        for job in left:
            self._course.park(job)
        if self._key_refusals[provider] == MOST_KEY_REFUSALS:
            text = f"`{provider}` refuses its key: {message}; what runs there is collected by a later run"
            self._course.tell(Said(text))
        return True

    def _buys_at(self, provider: str) -> bool:
        """Whether what this run buys, if anything, is bought there."""
        works = (job.work for job in self._course.board)
        return all(work.kind[0] == provider for work in works if work.step.action in BUYS)

    def made_character(self, job: Job, made: MadeCharacter, now: float) -> None:
        """A character exists."""
        name = job.work.character
        if name is None:
            raise AssertionError(f"BUG: {job.key} makes no character")
        self._course.board.handles[name] = Handle(made.id, made.username)
        attempt = replace(sure(job), state=AttemptState.DONE)
        self._course.conclude(job, attempt, _fact(job, name, made))
        self._course.end(job, attempt, now)

    def _remember_character(self, job: Job, made: MadeCharacter) -> None:
        """A shot was asked to leave a character behind and did."""
        self._course.conclude(job, sure(job), _fact(job, job.work.step.address, made))


def _fact(job: Job, name: str, made: MadeCharacter) -> CharacterFact:
    attempt = sure(job)
    task = attempt.tasks[-1] if attempt.tasks else None
    return CharacterFact(name, attempt.recipe, attempt.provider, attempt.account, Handle(made.id, made.username), task)
