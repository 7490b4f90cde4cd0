"""The jobs at the provider and what their answers mean; knows nothing of how clips come down."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import assert_never

from sorapipe.engine import outcome as ends
from sorapipe.engine.asking import Asking
from sorapipe.engine.board import Job, Phase
from sorapipe.engine.course import IDLE, KEY_REFUSED, LONG_AGO, ZERO, Course, sure
from sorapipe.engine.events import Progressed, Said
from sorapipe.engine.messages import Polled, PolledAll
from sorapipe.engine.poll import Durations, after_miss
from sorapipe.planning.facts import AttemptState, CharacterFact
from sorapipe.planning.plan_types import BUYS, Reason
from sorapipe.providers.base import Failed, MadeCharacter, Missed, NotThere, PollAnswer, Running, Succeeded
from sorapipe.storyboard.model import Handle

MOST_ABSENCES = 3
ABSENT_FOR = 120.0
ABSENCE_STEP = 60.0
CHARACTER_ABSENT_FOR = 1800.0
"""A character that is being made is unknown at some providers until it is there."""
URLLESS_FOR = 300.0
URLLESS_STEP = 10.0
MOST_KEY_REFUSALS = 3


class Watch:
    """Listens to what comes back. Each provider has its own refusals of our key."""

    def __init__(self, course: Course, durations: Durations) -> None:
        self._course = course
        self._asking = Asking(course, durations)
        self._words: set[str] = set()
        self._key_refusals: Counter[str] = Counter()

    @property
    def asked(self) -> int:
        """How many questions were sent; a look at a list is one."""
        return self._asking.asked

    def opens(self) -> float | None:
        """When the next question may be sent; `None`: nobody is to be asked."""
        return self._asking.opens()

    def begin(self, now: float) -> None:
        """Asks those whose time has come."""
        self._asking.begin(now)

    def hinted(self, task: str, now: float) -> None:
        """Somebody says that there is news of a task."""
        self._asking.hinted(task, now)

    def ask_later(self, job: Job, now: float) -> None:
        """Sets the time of the next question about a job that is not ready."""
        self._asking.later(job, now)

    def watch(self, job: Job, task: str, taken_at: float) -> None:
        """From now on the job is asked how it is."""
        if job.phase in IDLE:
            self._course.active += 1
        job.phase = Phase.RUNNING
        job.task = task
        job.taken_at = taken_at
        self._asking.know(job)

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
            self._asking.answered(provider)
            self._course.answered()
        if not isinstance(answer, NotThere | Missed):
            job.absences = 0
        match answer:
            case Running():
                self._still_running(job, answer, now)
            case Succeeded():
                self._succeeded(job, answer, now)
            case Failed():
                why = f"{answer.code}: {answer.message}" if answer.code else answer.message
                self._charged(job, answer.cost)
                self._course.lose(job, AttemptState.FAILED, why, now)
            case NotThere():
                self._absent(job, answer, now)
            case Missed():
                self._missed(job, answer, news.chance, now)
            case _:
                assert_never(answer)

    def looked(self, news: PolledAll, now: float) -> None:
        """A look at a list was answered: each job that it shows as if that had been asked."""
        if news.missed is not None:
            self._saw_nothing(news.provider, news.missed, news.chance, now)
            return
        shown = [one.key for one in news.polled] + [one.key for one in news.refused if one.key is not None]
        missing = self._asking.seen(news.provider, shown)
        if missing and not shown and self._asking.empty(news.provider, now):
            self._give_list_up(news.provider, "shows none of our tasks")
        for polled in news.polled:
            job = self._course.board.jobs[polled.key]
            job.unlisted = 0
            if _whole(polled.answer):
                self.answered(job, polled, now)
            elif job.phase is Phase.RUNNING:
                self._asking.by_itself(job)

    def _saw_nothing(self, provider: str, missed: Missed, chance: float, now: float) -> None:
        jobs, given_up = self._asking.unseen(provider, now)
        if given_up:
            self._give_list_up(provider, f"can't be read ({missed.message})")
        if missed.retry_after is not None:
            self._asking.complained(provider, now, missed.retry_after)
        if missed.authentication and self._key_refused(provider, missed.message):
            return
        for job in jobs:
            if job.phase is Phase.RUNNING and not job.polling:
                self._course.polls.set(job.key, now + after_miss(1, missed.retry_after, chance))

    def _give_list_up(self, provider: str, why: str) -> None:
        self._course.tell(Said(f"the list of `{provider}` {why}: each task is asked by itself for a while"))

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
        _not_ready(job, now)
        if job.key not in self._course.polls:  # a list also shows those that were not to be asked yet
            self._asking.later(job, now)

    def _succeeded(self, job: Job, answer: Succeeded, now: float) -> None:
        self._asking.learn(job, answer.seconds, now)
        self._charged(job, answer.cost)
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
            if not job.stumbles:  # else that is known, and it changes nothing: its bytes don't come
                self._course.changed_at = now
            self._course.leave_provider(job)
            job.url = answer.url
            job.ready_at = now
            job.phase = Phase.WAITING_TO_LOAD
            self._course.to_load.append(job)

    def _charged(self, job: Job, cost: Decimal | None) -> None:
        """The provider says what a job cost: that counts from now on, whatever the plan said."""
        attempt = sure(job)
        if cost is None or cost == attempt.cost or attempt.state is AttemptState.DONE:
            return
        ours = job.work.step.action in BUYS
        if ours or attempt.currency == self._course.limits.currency:
            self._course.book(cost - (attempt.cost or ZERO), ours=ours)
        self._course.set(job, replace(attempt, cost=cost, price=attempt.estimate))

    def _without_result(self, job: Job, why: str, now: float) -> None:
        if job.urlless_since is None:
            job.urlless_since = now
        waited = now - job.urlless_since
        if waited >= URLLESS_FOR or sure(job).state is AttemptState.UNAVAILABLE:  # it was waited for before
            self._course.lose(job, AttemptState.UNAVAILABLE, why, now)
        else:
            self._course.polls.set(job.key, now + min(URLLESS_STEP + waited / 2, URLLESS_FOR - waited))

    def _absent(self, job: Job, answer: NotThere, now: float) -> None:
        if job.absences == 0:
            job.absent_since = now
        job.absences += 1
        making = job.work.character is not None
        patience = CHARACTER_ABSENT_FOR if making else ABSENT_FOR
        before = sure(job).state is AttemptState.VANISHED
        if before or (job.absences >= MOST_ABSENCES and now - job.absent_since >= patience):
            self._course.lose(job, AttemptState.VANISHED, answer.message, now)
            return
        tasks = job.attempt.tasks if job.attempt is not None else ()
        if len(tasks) > 1:  # two machines wrote two ids for one token: the other one may be there
            job.task = tasks[(tasks.index(job.task) + 1) % len(tasks)] if job.task in tasks else tasks[0]
            self._asking.know(job)
        if making:
            _not_ready(job, now)
            self._asking.later(job, now)
        else:
            self._course.polls.set(job.key, now + ABSENCE_STEP)

    def _missed(self, job: Job, answer: Missed, chance: float, now: float) -> None:
        job.misses += 1
        if answer.retry_after is not None:
            self._asking.complained(sure(job).provider, now, answer.retry_after)
        if answer.authentication and self._key_refused(sure(job).provider, answer.message):
            return
        self._course.polls.set(job.key, now + after_miss(job.misses, answer.retry_after, chance))

    def _key_refused(self, provider: str, message: str) -> bool:
        """A provider refused its key: nothing more is bought there. Whether it did so too often: its jobs are left for
        a later run."""
        self._key_refusals[provider] += 1
        if self._buys_at(provider):
            text = f"`{provider}` refused the key: {message}"
            self._course.halt(Reason(KEY_REFUSED, text, "sorapipe run"), None)
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


def _not_ready(job: Job, now: float) -> None:
    """The job was asked and is not ready. Of one that was resumed nobody here knows the age: it counts from now."""
    job.not_ready_at = now
    if job.taken_at == LONG_AGO:
        job.taken_at = now


def _whole(answer: PollAnswer) -> bool:
    """Whether a list is believed. Some show a finished clip without its address, and no list ends a paid job: what it
    calls failed is asked by itself."""
    return isinstance(answer, Running) or (isinstance(answer, Succeeded) and answer.url is not None)


def _fact(job: Job, name: str, made: MadeCharacter) -> CharacterFact:
    attempt = sure(job)
    task = attempt.tasks[-1] if attempt.tasks else None
    return CharacterFact(name, attempt.recipe, attempt.provider, attempt.account, Handle(made.id, made.username), task)
