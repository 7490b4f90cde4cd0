"""The run as a pure state machine: `step(news, now)` gives the effects to carry out. No clock, IO, threads or chance.

Only this file changes the state of an attempt.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from decimal import Decimal
from typing import assert_never

from sorapipe.engine import outcome as ends
from sorapipe.engine.board import Board, Job, Phase
from sorapipe.engine.events import (
    Downloading,
    Ended,
    Event,
    NotStarted,
    Paused,
    Progressed,
    Said,
    Sending,
    Sent,
    Stopped,
)
from sorapipe.engine.lane import AFTER_UNKNOWN, Lane
from sorapipe.engine.messages import (
    Begin,
    Conclude,
    Concluded,
    Copied,
    CopyClip,
    Create,
    Created,
    DiskRefused,
    Download,
    Effect,
    Heard,
    Hint,
    Interrupt,
    Limits,
    Loaded,
    News,
    NotComposed,
    NotLoaded,
    Poll,
    Polled,
    Save,
    Saved,
    Stop,
    Tell,
    Tick,
)
from sorapipe.engine.outcome import Outcome, exit_code
from sorapipe.engine.poll import SCOUTS, Budget, Durations, Kind, after_miss
from sorapipe.engine.timers import Timers
from sorapipe.planning.choice import take_label
from sorapipe.planning.facts import Attempt, AttemptState, CharacterFact
from sorapipe.planning.plan_types import BUYS, Action, Reason
from sorapipe.providers.base import (
    Accepted,
    Failed,
    MadeCharacter,
    Missed,
    NotThere,
    Refusal,
    Refused,
    Running,
    Succeeded,
    Unknown,
)
from sorapipe.storyboard.model import Handle

MOST_UNKNOWN = 2
MOST_UNREACHABLE = 5
MOST_UNAVAILABLE = 4
UNAVAILABLE_PAUSE = 30.0
MOST_ABSENCES = 3
ABSENT_FOR = 120.0
ABSENCE_STEP = 60.0
URLLESS_FOR = 300.0
URLLESS_STEP = 10.0
MOST_REFRESHES = 3
MOST_BROKEN = 3
LONGEST_STUMBLE = 60.0
MOST_KEY_REFUSALS = 3
SAVE_SHARE = 0.02
SAVE_AT_LEAST = 1.0

_ZERO = Decimal(0)
_LONG_AGO = float("-inf")
_AT_PROVIDER = frozenset({Phase.RUNNING, Phase.WAITING_TO_LOAD, Phase.LOADING, Phase.PARKED})
_NEVER_SENT = frozenset({Phase.HELD, Phase.READY})
_IDLE = frozenset({Phase.HELD, Phase.READY, Phase.PARKED, Phase.OVER})
_CODES = {
    AttemptState.UNCERTAIN: ends.UNCERTAIN,
    AttemptState.FAILED: ends.SOME_FAILED,
    AttemptState.SUSPECT: ends.PAID_WITHOUT_CLIP,
    AttemptState.VANISHED: ends.PAID_WITHOUT_CLIP,
    AttemptState.UNAVAILABLE: ends.PAID_WITHOUT_CLIP,
}


class Schedule:
    """One run. `now` is any steady clock in seconds; it never goes back."""

    def __init__(self, board: Board, limits: Limits, durations: Durations | None = None) -> None:
        self._board = board
        self.limits = limits
        self._durations = durations or Durations()
        self._lane = Lane(limits.creates, limits.window)
        self._budget = Budget()
        self._polls = Timers()
        self._reloads = Timers()
        self._to_load: deque[Job] = deque()
        self._by_task: dict[str, Job] = {}
        self._effects: list[Effect] = []
        self._codes: set[int] = set()
        self._words: set[str] = set()
        self._scouts: dict[Kind, set[str]] = {}
        self._sending: Job | None = None
        self._loading = 0
        self._copying = 0
        self._concluding = 0
        self._in_flight = 0
        self._active = 0
        self._remaining = limits.remaining
        self._spent = _ZERO
        self._sent = 0
        self._polled = 0
        self._unknown_in_a_row = 0
        self._unreachable_in_a_row = 0
        self._unavailable_in_a_row = 0
        self._key_refusals = 0
        self._stopped: Reason | None = None
        self._leaving = False
        self._over = False
        self._dirty = False
        self._saving = False
        self._save_at = 0.0
        self._save_refused = False
        self._settled: deque[Job] = deque()
        self._changed_at = 0.0

    # What drivers use.

    def step(self, news: News, now: float) -> list[Effect]:
        """Takes one piece of news in and says what to do. Effects are to be begun in their order."""
        self._effects = []
        self._hear(news, now)
        if not self._over:
            self._advance(now)
        return self._effects

    @property
    def over(self) -> bool:
        """Whether nothing is left to do or to wait for."""
        return self._over

    def due(self) -> float | None:
        """When to send a `Tick` if nothing else happens; `None`: only news can help."""
        if self._over or self._leaving:
            return None
        times = [self._changed_at + self.limits.max_wait]
        poll = self._polls.next()
        if poll is not None:
            times.append(max(poll, self._budget.opens()))
        reload = self._reloads.next()
        if reload is not None:
            times.append(reload)
        if self._may_create():
            times.append(self._lane.opens())
        if self._dirty and not self._saving:
            times.append(self._save_at)
        return min(times)

    def outcome(self) -> Outcome:
        """How the run ended; to be asked when it is over."""
        jobs = sorted(self._board, key=lambda job: job.order)
        return Outcome(
            exit_code=exit_code(self._codes),
            ended=tuple(job.end for job in jobs if isinstance(job.end, Ended)),
            not_started=tuple(job.end for job in jobs if isinstance(job.end, NotStarted)),
            running=tuple(job.attempt for job in jobs if job.attempt is not None and job.phase in _AT_PROVIDER),
            spent=self._spent,
            sent=self._sent,
            polls=self._polled,
            why=None if self._stopped is None else self._stopped.text,
        )

    # News.

    def _hear(self, news: News, now: float) -> None:  # noqa: PLR0912  one line a kind of news: a table
        match news:
            case Begin():
                self._begin(now)
            case Tick():
                pass
            case Stop():
                self._on_stop(news, now)
            case Hint(task=task):
                self._on_hint(task, now)
            case Heard(event=event):
                if isinstance(event, Downloading):
                    self._changed_at = now
                self._tell(event)
            case Created():
                self._on_created(self._board.jobs[news.key], news, now)
            case NotComposed():
                self._on_not_composed(self._board.jobs[news.key], news.reason, now)
            case DiskRefused():
                self._on_disk_refused(news, now)
            case Polled():
                self._on_polled(self._board.jobs[news.key], news, now)
            case Loaded():
                self._on_loaded(self._board.jobs[news.key], news, now)
            case NotLoaded():
                self._on_not_loaded(self._board.jobs[news.key], news, now)
            case Copied():
                self._on_copied(self._board.jobs[news.key], news, now)
            case Concluded():
                self._concluding -= 1
            case Saved(seconds=seconds):
                self._saving = False
                self._save_at = now + max(SAVE_AT_LEAST, seconds / SAVE_SHARE)
            case _:
                assert_never(news)

    def _begin(self, now: float) -> None:
        self._changed_at = self._save_at = now
        for job in list(self._board):
            step = job.work.step
            if step.action is Action.WAIT:
                self._not_started(job, step.reason, now)
            elif step.action in {Action.BLOCKED, Action.UNCERTAIN}:
                self._codes.add(ends.step_code(step))
                self._not_started(job, step.reason, now)
        for job in self._board.free_at_start():
            self._freed(job, now)

    def _freed(self, job: Job, now: float) -> None:
        """Nothing of this run holds the job any more."""
        action = job.work.step.action
        if job.work.step.reuse is not None:
            self._start(job, Phase.COPYING)
            self._copying += 1
            self._effects.append(CopyClip(job.key, job.work.step.reuse))
        elif action in BUYS:
            reason = self._board.obstacle(job)
            if reason is None:
                self._board.ready(job)
            else:
                self._blocked(job, reason, now)
        elif action in {Action.RESUME, Action.FETCH}:
            self._resume(job, now)

    def _resume(self, job: Job, now: float) -> None:
        attempt = _sure(job)
        if not attempt.tasks:
            raise AssertionError(f"BUG: {job.key} is to be resumed and has no task")
        self._watch(job, attempt.tasks[-1], _LONG_AGO)
        if job.work.step.action is Action.RESUME:
            self._fly(job)
        self._polls.set(job.key, now)

    def _on_stop(self, stop: Stop, now: float) -> None:
        self._codes.add(128 + stop.signal)
        self._stopped = Reason("signal", "interrupted")
        self._tell(Stopped("interrupted", stop.now))
        self._leave(now)
        self._over = stop.now

    def _on_hint(self, task: str, now: float) -> None:
        job = self._by_task.get(task)
        if job is not None and job.phase is Phase.RUNNING and not job.polling:
            self._polls.set(job.key, now)

    # Creates.

    def _may_create(self) -> bool:
        """Whether a create may begin as far as everything but the time is concerned.

        Clips that are ready come down before anything new is begun: their addresses expire.
        """
        return (
            self._stopped is None
            and not self._leaving
            and self._sending is None
            and not self._to_load
            and self._in_flight < self.limits.in_flight
            and self._board.first_ready() is not None
        )

    def _create(self, now: float) -> None:
        while self._may_create() and self._lane.opens() <= now:
            job = self._board.first_ready()
            if job is None or not self._admit(job):
                return
            self._send(job, now)

    def _admit(self, job: Job) -> bool:
        """Holds the next purchase against the money that is left."""
        if self._remaining is None:
            return True
        price = job.work.step.price
        if price is not None and price <= self._remaining:
            return True
        text = f"{self._remaining} is left and {job.work.step.label} costs {'?' if price is None else price}"
        self._halt(Reason("over-limit", f"the limit is reached: {text}"), ends.CREDITS)
        return False

    def _send(self, job: Job, now: float) -> None:
        draft = job.work.draft
        if draft is None:
            raise AssertionError(f"BUG: {job.key} is to be sent and has no draft")
        sources = []
        for address in job.work.sources:
            source = self._board.source(address)
            if source is None:
                self._blocked(job, Reason("parent", f"{address} has no clip that could be used"), now)
                return
            sources.append((address, source))
        handles = self._board.handles
        known = tuple((name, handles[name]) for name in job.work.mentions if name in handles)
        self._start(job, Phase.SENDING)
        self._sending = job
        self._lane.begin()
        self._book(job.work.step.price or _ZERO)
        self._tell(Sending(job.key, job.work.step.label, job.work.step.take))
        self._effects.append(Create(job.work.step, draft, tuple(sources), known))

    def _on_created(self, job: Job, news: Created, now: float) -> None:
        self._sending = None
        self._sent += 1
        self._lane.answered(now)
        job.attempt = news.attempt
        answer = news.answer
        match answer:
            case Accepted():
                self._certain()
                self._accepted(job, answer, now)
            case Refused():
                self._certain(answer.refusal)
                self._book(-(job.work.step.price or _ZERO))
                self._refused(job, answer, news.chance, now)
            case Unknown():
                self._unknown(job, answer, now)
            case _:
                assert_never(answer)

    def _certain(self, refusal: Refusal | None = None) -> None:
        self._unknown_in_a_row = 0
        if refusal is not Refusal.UNREACHABLE:
            self._unreachable_in_a_row = 0
        if refusal is not Refusal.UNAVAILABLE:
            self._unavailable_in_a_row = 0

    def _accepted(self, job: Job, answer: Accepted, now: float) -> None:
        self._lane.accepted()
        self._changed_at = now
        attempt = self._set(job, replace(_sure(job), state=AttemptState.SUBMITTED, tasks=(answer.task,)))
        self._tell(Sent(job.key, answer.task, attempt.cost))
        if answer.character is not None:
            self._made_character(job, answer.character, now)
            return
        self._fly(job)
        self._watch(job, answer.task, now)
        self._ask_later(job, now)

    def _fly(self, job: Job) -> None:
        job.in_flight = True
        self._in_flight += 1

    def _watch(self, job: Job, task: str, taken_at: float) -> None:
        if job.phase in _IDLE:
            self._active += 1
        job.phase = Phase.RUNNING
        job.task = task
        job.taken_at = taken_at
        self._by_task[task] = job

    def _refused(self, job: Job, answer: Refused, chance: float, now: float) -> None:
        attempt, job.attempt = job.attempt, None
        match answer.refusal:
            case Refusal.REQUEST:
                job.attempt = attempt
                failed = replace(_sure(job), state=AttemptState.FAILED, why=answer.message, cost=_ZERO)
                self._end(job, failed, now)
                return
            case Refusal.RATE:
                seconds = self._lane.limited(now, answer.retry_after, chance)
                self._tell(Paused(seconds, "rate limit"))
            case Refusal.AUTHENTICATION:
                self._halt(Reason("authentication", answer.message), ends.AUTHENTICATION)
            case Refusal.CREDITS:
                self._halt(Reason("credits", answer.message), ends.CREDITS)
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
        self._active -= 1
        self._board.ready(job)

    def _wait_or_stop(self, times: int, most: int, wait: float, answer: Refused, now: float) -> None:
        if times >= most:
            self._halt(Reason(answer.refusal.value, answer.message), ends.AGAIN)
        else:
            self._tell(Paused(self._lane.pause(now, wait), answer.message))

    def _unknown(self, job: Job, answer: Unknown, now: float) -> None:
        self._unknown_in_a_row += 1
        self._codes.add(ends.UNCERTAIN)
        if self._unknown_in_a_row >= MOST_UNKNOWN:
            text = f"the answers of {self._unknown_in_a_row} creates in a row are unknown: {answer.message}"
            self._halt(Reason("uncertain", text), ends.UNCERTAIN)
        else:
            self._tell(Paused(self._lane.pause(now, AFTER_UNKNOWN), answer.message))
        self._end(job, replace(_sure(job), state=AttemptState.UNCERTAIN, why=answer.message), now)

    def _on_not_composed(self, job: Job, reason: Reason, now: float) -> None:
        self._unsent(job)
        self._blocked(job, reason, now)

    def _unsent(self, job: Job) -> None:
        self._sending = None
        self._lane.withdrawn()
        self._book(-(job.work.step.price or _ZERO))

    def _book(self, amount: Decimal) -> None:
        self._spent += amount
        if self._remaining is not None:
            self._remaining -= amount

    # Polls.

    def _poll(self, now: float) -> None:
        while self._budget.opens() <= now and (key := self._polls.pop(now)) is not None:
            job = self._board.jobs[key]
            if job.phase is not Phase.RUNNING or job.attempt is None:
                continue
            job.polling = True
            self._polled += 1
            self._budget.spend(now)
            self._effects.append(Poll(key, job.attempt, job.task))

    def _on_polled(self, job: Job, news: Polled, now: float) -> None:
        job.polling = False
        if job.phase is not Phase.RUNNING or self._leaving:
            return
        answer = news.answer
        if not isinstance(answer, Missed):
            job.misses = self._key_refusals = 0
            self._budget.answered()
        if not isinstance(answer, NotThere | Missed):
            job.absences = 0
        match answer:
            case Running():
                self._still_running(job, answer, now)
            case Succeeded():
                self._succeeded(job, answer, now)
            case Failed():
                why = f"{answer.code}: {answer.message}" if answer.code else answer.message
                self._lose(job, AttemptState.FAILED, why, now)
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
            self._changed_at = now
            self._tell(Progressed(job.key, word, answer.progress))
        if answer.unknown_word is not None and answer.unknown_word not in self._words:
            self._words.add(answer.unknown_word)
            text = f"the provider says `{answer.unknown_word}`, which nobody has documented: asked again later"
            self._tell(Said(text))
        job.urlless_since = None
        job.not_ready_at = now
        if job.taken_at == _LONG_AGO:  # resumed: nobody here knows its age, so it counts from now
            job.taken_at = now
        self._ask_later(job, now)

    def _ask_later(self, job: Job, now: float) -> None:
        kind = job.work.kind
        scout = self._durations.knows(kind) or self._is_scout(job)
        seen = job.taken_at if job.not_ready_at is None else job.not_ready_at
        age = self._durations.next_poll(kind, seen - job.taken_at, scout=scout)
        self._polls.set(job.key, max(now, job.taken_at + age))

    def _is_scout(self, job: Job) -> bool:
        scouts = self._scouts.setdefault(job.work.kind, set())
        if len(scouts) < SCOUTS:
            scouts.add(job.key)
        return job.key in scouts

    def _succeeded(self, job: Job, answer: Succeeded, now: float) -> None:
        attempt = _sure(job)
        self._learn(job, answer, now)
        if answer.cost is not None and attempt.state is not AttemptState.DONE:
            if job.work.step.action in BUYS:
                self._book(answer.cost - (attempt.cost or _ZERO))
            self._set(job, replace(attempt, cost=answer.cost))
        if job.work.character is not None:
            if answer.character is None:
                self._without_result(job, "it is finished and the provider names no character", now)
            else:
                self._made_character(job, answer.character, now)
        elif answer.url is None:
            self._without_result(job, "it is finished and the provider names no address of the clip", now)
        else:
            if answer.character is not None:
                self._remember_character(job, answer.character)
            self._changed_at = now
            self._leave_provider(job)
            job.url = answer.url
            job.phase = Phase.WAITING_TO_LOAD
            self._to_load.append(job)

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
        for job in self._board:
            if job.work.kind == kind and job.key in self._polls and job.misses == job.absences == 0:
                if job.taken_at != _LONG_AGO:
                    self._ask_later(job, now)

    def _without_result(self, job: Job, why: str, now: float) -> None:
        if job.urlless_since is None:
            job.urlless_since = now
        waited = now - job.urlless_since
        if waited >= URLLESS_FOR:
            self._lose(job, AttemptState.UNAVAILABLE, why, now)
        else:
            self._polls.set(job.key, now + min(URLLESS_STEP + waited / 2, URLLESS_FOR - waited))

    def _absent(self, job: Job, answer: NotThere, now: float) -> None:
        if job.absences == 0:
            job.absent_since = now
        job.absences += 1
        if job.absences >= MOST_ABSENCES and now - job.absent_since >= ABSENT_FOR:
            self._lose(job, AttemptState.VANISHED, answer.message, now)
            return
        tasks = job.attempt.tasks if job.attempt is not None else ()
        if len(tasks) > 1:  # two machines wrote two ids for one token: the other one may be there
            job.task = tasks[(tasks.index(job.task) + 1) % len(tasks)] if job.task in tasks else tasks[0]
        self._polls.set(job.key, now + ABSENCE_STEP)

    def _missed(self, job: Job, answer: Missed, chance: float, now: float) -> None:
        job.misses += 1
        if answer.retry_after is not None:
            self._budget.complained(now, answer.retry_after)
        if answer.authentication:
            self._key_refusals += 1
            self._halt(Reason("authentication", answer.message), ends.AUTHENTICATION)
            if self._key_refusals >= MOST_KEY_REFUSALS:
                self._leave(now)
                return
        self._polls.set(job.key, now + after_miss(job.misses, answer.retry_after, chance))

    # Clips and characters.

    def _load(self, now: float) -> None:
        while (key := self._reloads.pop(now)) is not None:
            self._to_load.append(self._board.jobs[key])
        while self._to_load and self._loading < self.limits.downloads:
            job = self._to_load.popleft()
            attempt = _sure(job)
            if job.url is None:
                raise AssertionError(f"BUG: {job.key} is to be downloaded and has no address")
            job.phase = Phase.LOADING
            self._loading += 1
            sha256 = attempt.sha256 if attempt.state is AttemptState.DONE else None
            step = job.work.step
            label = take_label(step.take, step.letter)
            work = job.work
            self._effects.append(Download(job.key, attempt, job.url, work.stem, label, sha256, work.expected))

    def _on_loaded(self, job: Job, news: Loaded, now: float) -> None:
        self._loading -= 1
        attempt = replace(
            _sure(job),
            state=AttemptState.DONE if news.suspicion is None else AttemptState.SUSPECT,
            sha256=news.sha256,
            size=news.size,
            out=news.out,
            why=news.suspicion,
        )
        self._end(job, attempt, now, notes=news.notes)

    def _on_not_loaded(self, job: Job, news: NotLoaded, now: float) -> None:
        self._loading -= 1
        job.phase = Phase.WAITING_TO_LOAD
        if news.interrupted or self._leaving:
            return
        if news.broken:
            job.broken += 1
            if job.broken >= MOST_BROKEN:
                self._lose(job, AttemptState.UNAVAILABLE, news.message, now)
                return
        if news.gone or news.broken:
            self._refresh(job, news, now)
            return
        job.stumbles = 1 if news.progress else job.stumbles + 1
        self._reloads.set(job.key, now + min(2.0 ** (job.stumbles - 1), LONGEST_STUMBLE))

    def _refresh(self, job: Job, news: NotLoaded, now: float) -> None:
        """The address gave nothing useful: the job is asked for a fresh one."""
        job.refreshed += 1
        if news.gone and job.refreshed > MOST_REFRESHES:
            self._lose(job, AttemptState.UNAVAILABLE, news.message, now)
            return
        job.phase = Phase.RUNNING
        self._polls.set(job.key, now + 2.0 * (job.refreshed - 1))

    def _made_character(self, job: Job, made: MadeCharacter, now: float) -> None:
        name = job.work.character
        if name is None:
            raise AssertionError(f"BUG: {job.key} makes no character")
        self._board.handles[name] = Handle(made.id, made.username)
        attempt = replace(_sure(job), state=AttemptState.DONE)
        self._conclude(job, attempt, _character(job, name, made))
        self._end(job, attempt, now)

    def _remember_character(self, job: Job, made: MadeCharacter) -> None:
        """A shot was asked to leave a character behind and did."""
        self._conclude(job, _sure(job), _character(job, job.work.step.address, made))

    def _on_copied(self, job: Job, news: Copied, now: float) -> None:
        self._copying -= 1
        if news.trouble is not None or (news.attempt is None and news.character is None):
            self._blocked(job, Reason("copy", news.trouble or "there is nothing to copy"), now)
            return
        if news.character is not None:
            self._board.handles[job.work.character or news.character.name] = news.character.handle
        if news.attempt is not None:
            job.attempt = news.attempt
            self._board.know(news.attempt)
        self._dirty = True
        step = job.work.step
        if step.action is Action.FETCH:
            self._resume(job, now)
            return
        out = None if news.attempt is None else news.attempt.out
        self._close(job, Ended(job.key, step.label, step.take, AttemptState.DONE, out, _ZERO, None), now)

    # Ends.

    def _set(self, job: Job, attempt: Attempt) -> Attempt:
        """The one place where an attempt gets another state."""
        job.attempt = attempt
        self._board.know(attempt)
        self._dirty = True
        return attempt

    def _end(
        self, job: Job, attempt: Attempt, now: float, *, notes: tuple[str, ...] = (), conclude: bool = False
    ) -> None:
        """An attempt came to its end: recorded, told, its dependents freed or blocked.

        `conclude` when no effect has journaled it yet.
        """
        self._changed_at = now
        self._set(job, attempt)
        if conclude:
            self._conclude(job, attempt, None)
        if attempt.state in _CODES:
            self._codes.add(_CODES[attempt.state])
        step = job.work.step
        self._leave_provider(job)
        self._close(
            job,
            Ended(job.key, step.label, step.take, attempt.state, attempt.out, attempt.cost, attempt.why, notes),
            now,
        )

    def _lose(self, job: Job, state: AttemptState, why: str, now: float) -> None:
        """A job that was taken has no clip for us. A clip that was here once stays recorded as it was."""
        attempt = _sure(job)
        if attempt.state is not AttemptState.DONE:
            self._end(job, replace(attempt, state=state, why=why), now, conclude=True)
            return
        self._board.lost.add(attempt.token)
        self._codes.add(ends.PAID_WITHOUT_CLIP)
        step = job.work.step
        self._close(job, Ended(job.key, step.label, step.take, AttemptState.UNAVAILABLE, None, attempt.cost, why), now)

    def _conclude(self, job: Job, attempt: Attempt, character: CharacterFact | None) -> None:
        self._concluding += 1
        self._dirty = True
        self._effects.append(Conclude(job.key, attempt, character))

    def _blocked(self, job: Job, reason: Reason, now: float) -> None:
        if reason.code != "pick":
            self._codes.add(ends.SOME_FAILED)
        self._not_started(job, reason, now)

    def _not_started(self, job: Job, reason: Reason, now: float) -> None:
        step = job.work.step
        self._close(job, NotStarted(job.key, step.label, step.take, reason), now)

    def _close(self, job: Job, end: Ended | NotStarted, now: float) -> None:
        """The job is over; what waited for it goes on or is blocked, however long the chain."""
        if job.phase not in _IDLE:
            self._active -= 1
        job.phase = Phase.OVER
        job.end = end
        self._by_task.pop(job.task, None)
        self._scouts.get(job.work.kind, set()).discard(job.key)
        self._polls.cancel(job.key)
        self._tell(end)
        self._settled.append(job)
        if len(self._settled) == 1:
            while self._settled:
                for freed in self._board.settle(self._settled[0]):
                    self._freed(freed, now)
                self._settled.popleft()

    def _start(self, job: Job, phase: Phase) -> None:
        job.phase = phase
        self._active += 1

    def _park(self, job: Job) -> None:
        """Nothing more is done for the job in this run; a later one goes on with it."""
        if job.phase not in _IDLE:
            self._active -= 1
        self._leave_provider(job)
        self._polls.cancel(job.key)
        job.phase = Phase.PARKED

    def _leave_provider(self, job: Job) -> None:
        self._in_flight -= job.in_flight
        job.in_flight = False

    def _tell(self, event: Event) -> None:
        self._effects.append(Tell(event))

    # The disk.

    def _on_disk_refused(self, news: DiskRefused, now: float) -> None:
        self._halt(Reason("disk", news.message), ends.LOCK_UNUSABLE if news.lock else ends.LOCAL_DISK)
        if news.key is None:
            self._saving = False
            self._save_refused = True
            return
        job = self._board.jobs[news.key]
        if job.phase is Phase.SENDING:
            self._disk_refused_a_create(job, news, now)
        elif job.phase is Phase.LOADING:
            self._loading -= 1
            self._park(job)
        elif job.phase is Phase.COPYING:
            self._copying -= 1
            self._not_started(job, Reason("disk", news.message), now)
        elif job.phase is Phase.RUNNING:
            job.polling = False
            self._park(job)
        else:  # a conclusion that is not in the journal: the next run comes to the same one
            self._concluding -= 1

    def _disk_refused_a_create(self, job: Job, news: DiskRefused, now: float) -> None:
        if not news.sent or news.attempt is None:
            self._unsent(job)
            self._not_started(job, Reason("disk", news.message), now)
            return
        self._sending = None
        self._sent += 1
        self._lane.answered(now)
        job.attempt = news.attempt
        if news.task is None:
            why = f"the answer is not in the journal: {news.message}"
            self._end(job, replace(news.attempt, state=AttemptState.UNCERTAIN, why=why), now)
            return
        self._set(job, replace(news.attempt, state=AttemptState.SUBMITTED, tasks=(news.task,)))
        self._park(job)
        where = f" (also written to {news.refuge})" if news.refuge else ""
        command = f"sorapipe adopt {job.work.step.label} {news.task}"
        self._tell(Said(f"the task's id is not in the journal{where}; keep it: `{command}`"))

    # The frame.

    def _halt(self, reason: Reason, code: int | None) -> None:
        """No more creates in this run; what is paid is still collected."""
        if code is not None:
            self._codes.add(code)
        if self._stopped is None:
            self._stopped = reason
            self._tell(Stopped(reason.text, False))

    def _leave(self, now: float) -> None:
        """Nothing new is begun. What is in flight and can't be left alone is waited for."""
        if self._leaving:
            return
        self._leaving = True
        if any(job.phase is Phase.LOADING for job in self._board):
            self._effects.append(Interrupt())
        reason = self._stopped or Reason("time", "the run ended before it was its turn")
        for job in self._board:
            if job.phase in _NEVER_SENT:
                self._not_started(job, Reason(reason.code, reason.text), now)
            elif job.phase in _AT_PROVIDER:
                self._codes.add(ends.AGAIN)

    def _advance(self, now: float) -> None:
        if not self._leaving:
            self._load(now)
            self._poll(now)
            self._create(now)
            if now - self._changed_at >= self.limits.max_wait:
                self._halt(Reason("time", "nothing has changed for too long"), ends.AGAIN)
                self._leave(now)
            elif self._active == 0 and not self._may_create():
                self._leave(now)
        self._save(now)
        self._over = self._leaving and not (self._busy() or self._saving or self._unsaved())

    def _busy(self) -> bool:
        return self._sending is not None or self._loading + self._copying + self._concluding > 0

    def _unsaved(self) -> bool:
        return self._dirty and not self._save_refused

    def _save(self, now: float) -> None:
        if self._saving or not self._unsaved():
            return
        if (self._leaving and not self._busy()) or (not self._leaving and now >= self._save_at):
            self._saving, self._dirty = True, False
            self._effects.append(Save())


def _sure(job: Job) -> Attempt:
    if job.attempt is None:
        raise AssertionError(f"BUG: {job.key} has no attempt")
    return job.attempt


def _character(job: Job, name: str, made: MadeCharacter) -> CharacterFact:
    attempt = _sure(job)
    task = attempt.tasks[-1] if attempt.tasks else None
    return CharacterFact(name, attempt.recipe, attempt.provider, attempt.account, Handle(made.id, made.username), task)
