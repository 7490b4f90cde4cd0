"""The one provider of a world: an account that machines share, its own ledger, and a weather of faults by dice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Protocol

from engine.memory_disk import MemoryDisk
from engine.scripted import Charged, ScriptedProvider

from sorapipe.providers.base import (
    Accepted,
    Body,
    CreateAnswer,
    DownloadFailed,
    Failed,
    ListAnswer,
    Listed,
    MadeCharacter,
    Missed,
    NotThere,
    Order,
    PollAnswer,
    Refusal,
    Refused,
    Running,
    Succeeded,
    Unknown,
)

SECONDS = (3.0, 20.0, 90.0)
"""How long the provider works on a clip."""
LONGEST_LAG = 800.0
"""Seconds after which an order stands in the list at the latest: a tool that waits for 900 must not be deceived."""


class Caller(Protocol):
    """Who sends: a process on a machine. `name` is the machine's."""

    name: str
    disk: MemoryDisk


class Witness(Protocol):
    """Who is told of every create, before and after the provider has decided."""

    def sending(self, caller: Caller, order: Order) -> None: ...
    def answered(self, caller: Caller, order: Order, answer: CreateAnswer) -> None: ...


@dataclass
class Weather:
    """How likely each call goes wrong, from 0 to 1."""

    creates: float = 0.0
    polls: float = 0.0
    lists: float = 0.0
    downloads: float = 0.0
    fates: float = 0.0


CALM = Weather()
_CREATES: dict[str, Callable[[Random], CreateAnswer]] = {
    "unknown, lost": lambda _: Unknown("reset before it was taken"),
    "unknown, taken": lambda _: Unknown("reset after it was taken"),
    "429": lambda dice: Refused(Refusal.RATE, "slow down", dice.choice([None, 0.0, -1.0, 1e9, 7.0])),
    "422": lambda _: Refused(Refusal.REQUEST, "moderation"),
    "no route": lambda _: Refused(Refusal.UNREACHABLE, "no route"),
    "maintenance": lambda _: Refused(Refusal.UNAVAILABLE, "maintenance"),
    "402": lambda _: Refused(Refusal.CREDITS, "the account is empty"),
    "401": lambda _: Refused(Refusal.AUTHENTICATION, "the key was revoked"),
}
_COMMON = ("unknown, lost", "unknown, taken", "unknown, taken", "429", "422", "no route")
_POLLS: dict[str, Callable[[Random], PollAnswer]] = {
    "502": lambda _: Missed("502"),
    "429": lambda dice: Missed("429", dice.choice([0.0, 3.0, 1e9])),
    "garbage": lambda _: Missed("not JSON"),
    "404 once": lambda _: NotThere("no such task"),
    "unknown word": lambda _: Running(unknown_word="musing"),
    "queued": lambda dice: Running(queued=True, progress=dice.randrange(100)),
    "no address": lambda _: Succeeded(None),
}
_LISTS: dict[str, Callable[[Random], ListAnswer]] = {
    "502": lambda _: Missed("502"),
    "429": lambda dice: Missed("429", dice.choice([0.0, 3.0, 1e9])),
    "empty": lambda _: Listed({}, {}),
}
_DOWNLOADS: dict[str, Callable[[Random], Exception | bytes | int]] = {
    "html": lambda _: b"<html>sorry</html>",
    "gone": lambda _: DownloadFailed("403", gone=True),
    "reset": lambda _: DownloadFailed("reset"),
    "cut": lambda dice: dice.randrange(500),
}
_FATES = ("failed", "vanished", "no clip", "turned", "doubled")


@dataclass
class Ledger:
    """Who ordered each task, and what becomes of those that go wrong whatever the weather."""

    owners: dict[str, str] = field(default_factory=dict)
    fates: dict[str, str] = field(default_factory=dict)

    def of(self, name: str) -> list[str]:
        """The tasks that a machine ordered."""
        return [task for task, owner in self.owners.items() if owner == name]


class Studio(ScriptedProvider):
    """Takes orders of several machines. `acting` says who calls; `faults` counts what went wrong by kind."""

    def __init__(self, clock: Callable[[], float], acting: Callable[[], Caller], dice: Random) -> None:
        super().__init__(clock, MemoryDisk(), lambda _: dice.choice(SECONDS))
        self._acting = acting
        self._dice = dice
        self.weather = CALM
        self.ledger = Ledger()
        self.faults: Counter[str] = Counter()
        self.echoes = False
        self.meanwhile: Callable[[], None] = lambda: None
        self.witness: Witness | None = None
        self.knows_as = lambda task, name: MadeCharacter(f"ch_{task}", f"{name}.{task}")
        self.script.every_poll = self._poll_weather
        self.script.every_list = self._list_weather

    def prices(self) -> Decimal:
        """The sum of the ledger."""
        return sum((price_of(charged.order) for charged in self.charges.values()), Decimal(0))

    def on_page(self, token: str) -> str | None:
        """What a person finds on the account's page: the task whose metadata ends in that token."""
        task = self.charged_for(token)
        return None if task is None or self._fate(task) == "vanished" else task

    def charged_for(self, token: str) -> str | None:
        """What the ledger knows: the task that was charged for a token."""
        return next((task for task, it in self.charges.items() if it.order.token == token), None)

    def finished(self, tasks: Collection[str]) -> bool:
        """Whether the work on one of these is over."""
        known = [self.charges[task] for task in tasks if task in self.charges]
        return any(self._clock() >= it.at + it.seconds for it in known)

    def heal(self) -> None:
        """Nothing goes wrong any more; what is lost stays lost."""
        self.weather = CALM
        self.ledger.fates = {task: fate for task, fate in self.ledger.fates.items() if fate != "no clip"}

    def create(self, order: Order) -> CreateAnswer:
        caller = self._caller()
        if self.witness is not None:
            self.witness.sending(caller, order)
        self._disk.reach("P4")
        self.calls.append((self._clock(), order))
        kind = self._strikes(self.weather.creates, "create", self._create_kinds())
        answer: CreateAnswer = Accepted("") if kind is None else _CREATES[kind](self._dice)
        if kind is None or kind == "unknown, taken":
            task = self._taken(order, caller)
            answer = Accepted(task) if kind is None else answer
        self.meanwhile()
        self._caller()
        self._disk.reach("P5")
        self._disk.reach("P6")
        if self.witness is not None:
            self.witness.answered(caller, order, answer)
        return answer

    def newest(self, tasks: Collection[str], tokens: Collection[str] = ()) -> ListAnswer:
        self._caller()
        shown = super().newest(tasks, tokens)
        return shown if isinstance(shown, Missed) or self.echoes else Listed(shown.answers, {})

    def poll(self, task: str, *, character: bool = False) -> PollAnswer:
        self._caller()
        return super().poll(task, character=character)

    def download(self, url: str, offset: int, etag: str | None) -> AbstractContextManager[Body]:
        self._caller()
        task = url.rsplit("/", 1)[1].partition(".")[0]
        kind = self._strikes(self.weather.downloads, "download", _DOWNLOADS)
        if self._fate(task) == "no clip":
            self.script.downloads[task] = [DownloadFailed("410", gone=True)]
        elif kind is not None:
            found = _DOWNLOADS[kind](self._dice)
            if isinstance(found, int):
                self.script.cut_at = [found]
            else:
                self.script.downloads[task] = [found]
        return super().download(url, offset, etag)

    def _caller(self) -> Caller:
        caller = self._acting()
        self._disk = caller.disk
        return caller

    def _create_kinds(self) -> Collection[str]:
        return _COMMON if self._dice.random() < 0.9 else _CREATES

    def _taken(self, order: Order, caller: Caller) -> str:
        task = self._charge(order).task
        self.ledger.owners[task] = caller.name
        kind = self._strikes(self.weather.fates, "fate", _FATES)
        if kind is not None:
            self.ledger.fates[task] = kind
            if kind == "turned":
                self.script.look[task] = {"width": 720, "height": 1280}
            elif kind == "doubled":
                self.script.look[task] = {"seconds": order.seconds * 2}
        return task

    def _fate(self, task: str) -> str:
        return self.ledger.fates.get(task, "good")

    def _poll_weather(self, charged: Charged, now: float) -> PollAnswer | None:
        fate, over = self._fate(charged.task), now >= charged.at + charged.seconds
        if fate == "vanished":
            return NotThere("no such task")
        if fate == "failed" and over:
            return Failed("internal", "sorry")
        kind = self._strikes(self.weather.polls, "poll", _POLLS)
        return None if kind is None else _POLLS[kind](self._dice)

    def _list_weather(self) -> ListAnswer | None:
        kind = self._strikes(self.weather.lists, "list", _LISTS)
        return None if kind is None else _LISTS[kind](self._dice)

    def _strikes(self, likely: float, call: str, kinds: Collection[str]) -> str | None:
        if likely == 0.0 or self._dice.random() >= likely:
            return None
        kind = self._dice.choice(list(kinds))
        self.faults[f"{call}: {kind}"] += 1
        return kind


def price_of(order: Order) -> Decimal:
    """What an order costs."""
    return Decimal(40) if order.model == "sora-2-hd" and order.character_name is None else Decimal(10)
