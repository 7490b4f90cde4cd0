"""A provider that follows a script, with its own books; no network. And eyes for the clips that it makes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from engine.memory_disk import MemoryDisk

from sorapipe.clips.probe import Broken
from sorapipe.providers.base import (
    Accepted,
    Body,
    CreateAnswer,
    DownloadFailed,
    ListAnswer,
    Listed,
    MadeCharacter,
    NotThere,
    Order,
    PollAnswer,
    Refused,
    Running,
    Succeeded,
    Unknown,
)

Clock = Callable[[], float]


@dataclass
class Charged:
    """One charge in the provider's own books."""

    task: str
    order: Order
    at: float
    seconds: float
    polls: int = 0
    downloads: int = 0
    collected_at: float | None = None


@dataclass
class Script:
    """What goes wrong. The lists are used up from the front; `None` stands for a good answer."""

    prepares: list[Refused | Exception | None] = field(default_factory=list)
    creates: list[CreateAnswer | None] = field(default_factory=list)
    lose: set[int] = field(default_factory=set)
    polls: dict[str, list[PollAnswer]] = field(default_factory=dict)
    lists: list[ListAnswer | None] = field(default_factory=list)
    unlisted: set[str] = field(default_factory=set)
    lag: float = 0.0
    every_list: Callable[[], ListAnswer | None] | None = None
    every_poll: Callable[[Charged, float], PollAnswer | None] | None = None
    downloads: dict[str, list[Exception | bytes]] = field(default_factory=dict)
    look: dict[str, dict[str, object]] = field(default_factory=dict)
    same_bytes: bool = False
    tells_seconds: bool = True
    cut_at: list[int] = field(default_factory=list)


class Seen(NamedTuple):
    """What the eyes see in a clip."""

    width: int
    height: int
    seconds: Decimal
    task: str | None


class ScriptedProvider:
    """Takes orders, charges, and gives clips after a while."""

    def __init__(
        self, clock: Clock, disk: MemoryDisk, seconds: Callable[[int], float] = lambda _: 60.0, prefix: str = "task"
    ) -> None:
        self._clock = clock
        self._disk = disk
        self._seconds = seconds
        self._prefix = prefix
        self.script = Script()
        self.charges: dict[str, Charged] = {}
        self.calls: list[tuple[float, Order]] = []
        self.instant = False
        """Whether characters are made within the call, as at an endpoint."""
        self.knows_as: Callable[[str, str], MadeCharacter] = lambda task, name: MadeCharacter(
            f"ch_{task}", f"{name}.{task}"
        )
        self.in_flight = 0
        self.most_in_flight = 0
        self.polls = 0
        self.looks: list[tuple[str, ...]] = []

    def create(self, order: Order) -> CreateAnswer:
        assert self.in_flight == 0, "two creates in flight"
        self._disk.reach("P4")
        self.calls.append((self._clock(), order))
        scripted = self.script.creates.pop(0) if self.script.creates else None
        if scripted is not None and not (isinstance(scripted, Accepted)):
            if isinstance(scripted, Unknown) and len(self.calls) - 1 in self.script.lose:
                self._charge(order)
            return scripted
        charged = self._charge(order)
        self._disk.reach("P5")
        self._disk.reach("P6")
        if scripted is None and self.instant and order.character_name is not None:
            return Accepted(charged.task, self.knows_as(charged.task, order.character_name))
        return scripted or Accepted(charged.task)

    def _charge(self, order: Order) -> Charged:
        task = f"{self._prefix}_{len(self.charges) + 1:05}"
        charged = Charged(task, order, self._clock(), self._seconds(len(self.charges)))
        self.charges[task] = charged
        running = sum(c.at + c.seconds > self._clock() for c in self.charges.values()) if len(self.charges) < 500 else 0
        self.most_in_flight = max(self.most_in_flight, running)
        return charged

    def prepare(self, order: Order) -> Order | Refused:
        scripted = self.script.prepares.pop(0) if self.script.prepares else None
        if isinstance(scripted, Exception):
            raise scripted
        return scripted or order

    def newest(self, tasks: Collection[str], tokens: Collection[str] = ()) -> ListAnswer:
        """All that was ever ordered; P10 once."""
        self.looks.append(tuple(tasks))
        self._disk.reach("P10")
        scripted = self.script.lists.pop(0) if self.script.lists else None
        if scripted is None and self.script.every_list is not None:
            scripted = self.script.every_list()
        if scripted is not None:
            return scripted
        shown = [
            charged
            for task, charged in self.charges.items()
            if task not in self.script.unlisted and self._clock() >= charged.at + self.script.lag
        ]
        tokens = {charged.order.token: charged.task for charged in shown}
        return Listed(
            {charged.task: self._state(charged.task) for charged in shown[-200:]}, tokens, (frozenset(tokens),)
        )

    def poll(self, task: str, *, character: bool = False) -> PollAnswer:
        self.polls += 1
        self._disk.reach("P10")
        if task in self.charges:
            self.charges[task].polls += 1
        return self._state(task)

    def _state(self, task: str) -> PollAnswer:
        charged = self.charges.get(task)
        if charged is None:
            return NotThere("no such task")
        if self.script.polls.get(task):
            return self.script.polls[task].pop(0)
        if self.script.every_poll is not None:
            answer = self.script.every_poll(charged, self._clock())
            if answer is not None:
                return answer
        if self._clock() < charged.at + charged.seconds:
            return Running(progress=None)
        made = None
        if charged.order.character_create:
            made = self.knows_as(task, charged.order.character_name or "someone")
        seconds = charged.seconds if self.script.tells_seconds else None
        return Succeeded(f"https://clips.example/{task}.mp4?{charged.polls}", made, seconds=seconds)

    def credits(self) -> Decimal | None:
        return None

    @contextmanager
    def download(self, url: str, offset: int, etag: str | None) -> Iterator[Body]:
        task = url.rsplit("/", 1)[1].partition(".")[0]
        charged = self.charges[task]
        charged.downloads += 1
        scripted = self.script.downloads.get(task)
        found = scripted.pop(0) if scripted else None
        if isinstance(found, Exception):
            raise found
        data = found if found is not None else self.clip(charged)
        start = offset if etag == f'"{task}"' else 0
        yield Body(start, len(data), f'"{task}"', self._pieces(data, start))
        charged.collected_at = self._clock()

    def _pieces(self, data: bytes, start: int) -> Iterator[bytes]:
        cut = self.script.cut_at.pop(0) if self.script.cut_at else None
        step = max(1, len(data) // 5)
        for at in range(start, len(data), step):
            if cut is not None and at >= cut:
                raise DownloadFailed("the connection was reset")
            yield data[at : at + step]

    def clip(self, charged: Charged) -> bytes:
        width, _, height = charged.order.size.partition("x")
        seen: dict[str, object] = {
            "width": int(width),
            "height": int(height),
            "seconds": charged.order.seconds,
            "task": None if self.script.same_bytes else charged.task,
        }
        seen |= self.script.look.get(charged.task, {})
        return json.dumps(seen).encode().ljust(500)

    def sent_twice(self) -> list[str]:
        """Tokens that were sent more than once."""
        counts = Counter(order.token for _, order in self.calls)
        return [token for token, count in counts.items() if count > 1]


class Eyes:
    """Looks at the clips of a scripted provider."""

    def __init__(self, disk: MemoryDisk) -> None:
        self._disk = disk

    def probe(self, path: Path) -> Seen:
        """Looks at how it begins, as one looks into a container: not at every picture."""
        try:
            found, _ = json.JSONDecoder().raw_decode((self._disk.read(path) or b"").decode("latin-1"))
        except ValueError as error:
            raise Broken("it is no clip") from error
        return Seen(found["width"], found["height"], Decimal(str(found["seconds"])), found["task"])

    def cut(self, data: bytes, start: Decimal, end: Decimal, least: Decimal) -> bytes:
        whole = json.loads(data)
        if whole["seconds"] < start + least:
            raise Broken(f"it is only {whole['seconds']} s long")
        return json.dumps(whole | {"from": str(start), "to": str(min(end, whole["seconds"]))}).encode()

    def frame(self, path: Path, at: Decimal | None) -> bytes:
        self.probe(path)
        return b"\x89PNG\r\n\x1a\n" + f"{path.name} at {at}".encode()
