"""What the provider does with a checked wish: takes it, bills it, works on it; knows no HTTP and no dialect."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Protocol, assert_never

from sorapipe.simulator.catalogue import Wish, price
from sorapipe.simulator.characters import Problem, character_of, misused
from sorapipe.simulator.ledger import Asked, Books, Character, Entry, Fate, Money, Page, Task
from sorapipe.simulator.options import Options

FREE_CREDITS = 100_000
HOUSE = "house"
_TOKEN = re.compile(r"sp1:([A-Za-z0-9._-]{1,64})")
_MODERATED = ("moderated", "content moderation stopped this generation")
_QUEUED, _STARTED = 0.08, 0.25
_ID_LETTERS = 29


class State(StrEnum):
    """Where a task is; `WAITING` to `GENERATING` in this order, then one of the ends."""

    WAITING = "waiting"
    QUEUING = "queuing"
    GENERATING = "generating"
    SUCCESS = "success"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class View:
    """A task as it is at this moment. Times in ms; `completed` is set at an end. `consumed` are the credits that it
    costs as far as is known: one that failed and was given back none."""

    task: Task
    wish: Wish
    state: State
    progress: int
    completed: int | None
    character: Character | None
    has_clip: bool
    consumed: int = 0


class No(StrEnum):
    """Why a create is turned away."""

    KEY = "key"
    CREDITS = "credits"
    PARAMETERS = "parameters"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A create that was not taken: nothing was charged. `retry_after` in seconds.

    `field` is the member of the wish that is wrong, where it is known which.
    """

    no: No
    message: str
    retry_after: int | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A create that was taken and charged."""

    task: Task
    wish: Wish


class Clips(Protocol):
    """Who makes the clips."""

    def begin(self, task: str, wish: Wish) -> None:
        """Has the clip made some time soon."""

    def instant(self) -> bool:
        """Whether clips are there the moment they are asked for."""


class Provider:
    """The business behind every dialect."""

    def __init__(self, books: Books, options: Options, clips: Clips) -> None:
        self.books = books
        self.options = options
        self._clips = clips
        self._seed = options.seed if options.seed is not None else int(books.secret, 16)
        accounts = [HOUSE] if len(options.keys) <= 1 else [account_of(key) for key in options.keys]
        with books.durable() as page:
            for account in accounts:
                page.open_account(account, options.credits, FREE_CREDITS)
            self._pays_later = options.charge != "accept" or bool(page.unpaid())
        self.promised: Callable[[str, str], None] | None = None
        """Told the task and the URL of every create that wants a callback."""

    def account(self, key: str | None) -> str | None:
        """The account of a key; `None` when the key is none of ours."""
        if not self.options.keys:
            return HOUSE
        if key is None or key not in self.options.keys:
            return None
        return HOUSE if len(self.options.keys) == 1 else account_of(key)

    # Creates.

    def create(self, account: str, wish: Wish | str, asked: Asked, body: bytes) -> tuple[Taken | TurnedAway, int]:
        """Decides about a create and books it before anybody hears of it; also returns the number of the request.

        `wish` is a text where the parameters were refused.
        """
        digest = body_digest(body)
        with self.books.durable() as page:
            self._settle(page)
            verdict = self._decide(page, account, wish, digest, asked.fate)
            match verdict:
                case TurnedAway():
                    token = _token(wish.metadata) if isinstance(wish, Wish) else _token(body.decode("utf-8", "replace"))
                    about = f"{verdict.field}: " if verdict.field else ""
                    said = f"{verdict.no}: {about}{verdict.message}"
                    line = Money(Entry.REJECT, account, 0, token=token, body=digest, note=said)
                    number = _reject(page, asked, _STATUS[verdict.no], line)
                case Taken(task=task):
                    number = page.ask(asked, 200, pid=os.getpid(), task=task.task, sent=0.0)
                    page.add_task(replace(task, request=number))
                    if task.charge == "accept":
                        page.book(_charge(replace(task, request=number), asked.fault, 0.0))
                    self._note_character(page, task, verdict.wish)
                case _:
                    assert_never(verdict)
        if isinstance(verdict, Taken):
            if not verdict.wish.character_only and not verdict.task.fail_code:
                self._clips.begin(verdict.task.task, verdict.wish)
            if self.promised is not None and verdict.wish.callback is not None:
                self.promised(verdict.task.task, verdict.wish.callback)
        return verdict, number

    def refuse_key(self, asked: Asked, body: bytes) -> None:
        """Books a create that came with a wrong key or none."""
        with self.books.durable() as page:
            _reject(page, asked, 401, Money(Entry.REJECT, "nobody", 0, body=body_digest(body), note="key"))

    def refuse(self, account: str | None, asked: Asked, body: bytes) -> None:
        """Books a create that the script of faults kept from the provider: nothing was made, nothing is charged."""
        with self.books.durable() as page:
            token, said = _token(body.decode("utf-8", "replace")), f"fault: {asked.fault}"
            line = Money(Entry.REJECT, account or "nobody", 0, token=token, body=body_digest(body), note=said)
            _reject(page, asked, 0, line)

    def _decide(self, page: Page, account: str, wish: Wish | str, digest: str, fate: Fate) -> Taken | TurnedAway:
        now = self.books.clock()
        slow = self._too_fast(page, account, now)
        if slow is not None:
            return TurnedAway(No.RATE, "too many creates: slow down", slow)
        if isinstance(wish, str):
            return TurnedAway(No.PARAMETERS, wish)
        problem = self._broken_reference(page, account, wish)
        if problem is not None:
            field, message = problem
            return TurnedAway(No.PARAMETERS, message, field=field)
        cost = price(wish)
        balance = page.balance(account) - self._promised_credits(page, account)
        if balance < cost:
            return TurnedAway(No.CREDITS, f"insufficient credits: this costs {cost}, {balance} are left")
        most = self.options.max_in_flight
        if most is not None and page.in_flight(account, now) >= most:
            return TurnedAway(No.RATE, f"too many tasks at once: {most} are under way", 1)
        return Taken(self._new_task(page, account, wish, digest, fate), wish)

    def _promised_credits(self, page: Page, account: str) -> int:
        """Credits that tasks under way will still cost."""
        if not self._pays_later:
            return 0
        return sum(task.credits for task in page.unpaid(account) if _will_be_paid(task))

    def _too_fast(self, page: Page, account: str, now: int) -> int | None:
        rate = self.options.rate
        if rate is None:
            return None
        window = int(rate.seconds * 1000)
        recent = page.creates_since(account, now - window)
        if len(recent) < rate.creates:
            return None
        return max(1, -(-(recent[-rate.creates] + window - now) // 1000))

    def _broken_reference(self, page: Page, account: str, wish: Wish) -> Problem | None:
        if wish.character_from_task is not None:
            source = page.task(wish.character_from_task)
            if source is None or source.account != account:
                return "character_from_task", "no such task"
            view = self._view(page, source)
            if view.state is not State.SUCCESS or not view.has_clip:
                return "character_from_task", "the task is not a finished clip"
        return misused(page, account, wish)

    def _new_task(self, page: Page, account: str, wish: Wish, digest: str, fate: Fate) -> Task:
        now = self.books.clock()
        number = page.next_number()
        name = self._id(wish, f"{self._seed}:task:{number}")
        if page.task(name) is not None:  # another seed was here before
            name = self._id(wish, f"{self.books.secret}:{name}")
        length = self.options.latency.draw(random.Random(f"{self._seed}:{number}"))  # noqa: S311
        if fate.seconds is not None:
            length = fate.seconds
        if wish.immediate:
            length = 0
        code, message = fate.fail or (_MODERATED if "[moderated]" in wish.prompt else (None, None))
        return Task(
            number=number,
            task=name,
            account=account,
            created=now,
            due=now + round(length * 1000),
            wish=json.dumps(asdict(wish), ensure_ascii=False),
            token=_token(wish.metadata),
            body=digest,
            credits=price(wish),
            fail_code=code,
            fail_message=message,
            charge=self.options.charge,
        )

    def _id(self, wish: Wish, source: str) -> str:
        """An id: of the same length in all dialects, as canned clips have room for."""
        word = "video" if wish.dialect == "videos" else "task"
        mark = ":" if self.options.ids == "colon" else "_"
        return (word + mark + hashlib.sha256(source.encode()).hexdigest())[:_ID_LETTERS]

    def _note_character(self, page: Page, task: Task, wish: Wish) -> None:
        if wish.character_create and task.fail_code is None:
            page.add_character(character_of(task, wish))

    # Looks at tasks.

    def look(self, account: str, name: str) -> View | None:
        """The task as it is now; `None` when this account has no such task. The first look is noted."""
        with self.books.reading() as page:
            task = page.task(name)
            view = self._view(page, task) if task is not None and task.account == account else None
        if view is None:
            return None
        self._note_look(view)
        self._keep_working(view)
        return view

    def watch(self, name: str) -> View | None:
        """The task as it is now, for whoever holds the signed URL of its clip; no look is noted."""
        with self.books.reading() as page:
            task = page.task(name)
            return self._view(page, task) if task is not None else None

    def listed(self, account: str, dialect: str, after: View | None, limit: int, *, newest_first: bool) -> list[View]:
        """Tasks of the account that make clips in the dialect, from behind `after`; no look is noted."""
        behind = after.task.number if after is not None else None
        with self.books.reading() as page:
            tasks = page.tasks(account, dialect, behind, limit, newest_first=newest_first)
            return [self._view(page, task) for task in tasks]

    def fetched(self, view: View) -> None:
        """Notes that the clip was sent for the first time."""
        if view.task.downloaded is None:
            with self.books.noted() as page:
                page.mark(view.task.task, "downloaded", self.books.clock())

    def _note_look(self, view: View) -> None:
        task, now = view.task, self.books.clock()
        if task.polled is None or (view.completed is not None and task.ended is None):
            with self.books.noted() as page:
                page.mark(task.task, "polled", now)
                if view.completed is not None:
                    page.mark(task.task, "ended", now)
        if view.state is State.FAIL or self._pays_later:
            self.settle()

    def _keep_working(self, view: View) -> None:
        """A clip whose process was killed before it was made is made by the next process that is asked for it."""
        if view.has_clip and view.state is State.GENERATING and view.task.rendered is None:
            self._clips.begin(view.task.task, view.wish)

    def _view(self, page: Page, task: Task) -> View:
        wish = wish_of(task)
        now = self.books.clock()
        makes_clip = not wish.character_only
        ready = task.due if self._clips.instant() or not makes_clip or task.fail_code else task.rendered
        if ready is not None and now >= max(ready, task.due):
            end = max(ready, task.due)
            state = State.FAIL if task.fail_code else State.SUCCESS
            character = character_of(task, wish) if state is State.SUCCESS and wish.character_create else None
            has_clip = makes_clip and state is State.SUCCESS
            return View(task, wish, state, 100, end, character, has_clip, self._consumed(task, state))
        share = (now - task.created) / max(1, task.due - task.created)
        percent = max(0, min(99, int(share * 100)))
        return View(task, wish, _underway(share), percent, None, None, makes_clip, task.credits)

    def _consumed(self, task: Task, state: State) -> int:
        given_back = task.charge == "success" or task.due <= self._refund_line()
        return 0 if state is State.FAIL and given_back else task.credits

    # Money.

    def balance(self, account: str) -> int:
        """Credits left, after all that is due was given back."""
        self.settle()
        with self.books.reading() as page:
            return page.balance(account)

    def settle(self) -> None:
        """Books what is due by now: charges of tasks that are paid for late, refunds of failed ones; each once."""
        with self.books.reading() as page:
            due = bool(page.due_refunds(self._refund_line())) or (self._pays_later and bool(self._due_charges(page)))
        if due:
            with self.books.durable() as page:
                self._settle(page)

    def _settle(self, page: Page) -> None:
        for task in self._due_charges(page) if self._pays_later else ():
            page.book(_charge(task, None, page.sent_of(task.request)))
        for task in page.due_refunds(self._refund_line()):
            page.book(
                Money(Entry.REFUND, task.account, task.credits, None, task.task, task.token, task.body, task.fail_code)
            )

    def _refund_line(self) -> int:
        """What failed before this moment is given back."""
        match self.options.refunds:
            case "none":
                return -1
            case "late":
                return self.books.clock() - round(self.options.refund_after * 1000)
        return self.books.clock()

    def _due_charges(self, page: Page) -> list[Task]:
        """Tasks whose hour to be paid for has come."""
        return [task for task in page.unpaid() if self._costs_now(page, task)]

    def _costs_now(self, page: Page, task: Task) -> bool:
        view = self._view(page, task)
        if task.charge == "success":
            return view.state is State.SUCCESS
        return view.state not in {State.WAITING, State.QUEUING}


_STATUS = {No.KEY: 401, No.CREDITS: 402, No.PARAMETERS: 422, No.RATE: 429}


def status_of(no: No) -> int:
    """The status code that says no in this way."""
    return _STATUS[no]


def account_of(key: str) -> str:
    """The account's name: a hash, so that no key stands in the books."""
    return "key-" + hashlib.sha256(key.encode()).hexdigest()[:12]


def body_digest(body: bytes) -> str:
    """Digest of a JSON body whatever its spaces and order; of the bytes where it's no JSON."""
    with suppress(ValueError, RecursionError):
        body = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(body).hexdigest()


def _reject(page: Page, asked: Asked, status: int, line: Money) -> int:
    number = page.ask(asked, status, pid=os.getpid(), sent=0.0)
    page.book(replace(line, request=number, fault=asked.fault, sent=0.0))
    return number


def _charge(task: Task, fault: str | None, sent: float) -> Money:
    note = wish_of(task).remark
    return Money(
        Entry.CHARGE, task.account, -task.credits, task.request, task.task, task.token, task.body, note, fault, sent
    )


def _will_be_paid(task: Task) -> bool:
    """Whether a task that was not paid for at once will be: one that fails is, where the start costs."""
    return task.charge == "start" or task.fail_code is None


def _token(text: str | None) -> str | None:
    found = _TOKEN.search(text or "")
    return found[1] if found else None


def _underway(share: float) -> State:
    if share < _QUEUED:
        return State.WAITING
    return State.QUEUING if share < _STARTED else State.GENERATING


def wish_of(task: Task) -> Wish:
    """The wish that made the task."""
    members = json.loads(task.wish)
    members["character_ids"] = tuple(members["character_ids"])
    return Wish(**members)
