"""A disk and a wire that end the process at a named point: what a forked client gets in the place of the real ones.

The points of the disk are those that the product hands to `reach`. The wire's are found here, by looking at what its
connections do: a body half sent, a body sent, an answer half read, a question under way.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from sorapipe.providers.dialect import Call, Reply
from sorapipe.providers.http import Wire
from sorapipe.state.disk import Disk
from sorapipe.state.files import Handle

POINTS = (
    *(f"P{number}" for number in range(1, 13)),
    "P13a",
    "P13b",
    "P13c",
    *(f"P{number}" for number in range(14, 27)),
)
ANY = "any"
"""Before any operation that writes."""
TORN = "torn"
"""In the middle of an append."""


@dataclass
class Fate:
    """When the process ends: at the `nth` passing of `point`. `passed` counts all of them. `act` is what happens."""

    point: str = ""
    nth: int = 0
    act: Callable[[], None] = lambda: os.kill(os.getpid(), signal.SIGKILL)
    passed: Counter[str] = field(default_factory=Counter)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def reach(self, point: str) -> None:
        """A point is passed."""
        if self.comes(point):
            self.act()

    def comes(self, point: str) -> bool:
        """Whether this passing is the one."""
        if not point:
            return False
        with self.guard:
            self.passed[point] += 1
            return point == self.point and self.passed[point] == self.nth


class DyingDisk(Disk):
    """The real disk until its hour has come."""

    fate = Fate()

    def reach(self, point: str) -> None:
        self.fate.reach(point)

    def append(self, handle: Handle, data: bytes, before: str = "", after: str = "") -> None:
        self.reach(ANY)
        if self.fate.comes(TORN):
            os.write(handle.number, data[: len(data) // 2])
            self.fate.act()
        super().append(handle, data, before, after)

    def sync(self, handle: Handle, before: str = "", after: str = "") -> None:
        self.reach(ANY)
        super().sync(handle, before, after)

    def open(self, path: Path, *, keep: int | None = None, private: bool = False) -> Handle:
        self.reach(ANY)
        return super().open(path, keep=keep, private=private)

    def close(self, handle: Handle) -> None:
        self.reach(ANY)
        super().close(handle)

    def replace(self, source: Path, target: Path, before: str = "", after: str = "") -> None:
        self.reach(ANY)
        super().replace(source, target, before, after)

    def put_new(self, source: Path, target: Path, before: str = "", after: str = "") -> bool:
        self.reach(ANY)
        return super().put_new(source, target, before, after)

    def sync_folder(self, path: Path, before: str = "", after: str = "") -> None:
        self.reach(ANY)
        super().sync_folder(path, before, after)

    def make_folder(self, path: Path, *, private: bool = False) -> None:
        self.reach(ANY)
        super().make_folder(path, private=private)

    def remove(self, path: Path) -> None:
        self.reach(ANY)
        super().remove(path)


class DyingWire(Wire):
    """The real wire, with somebody watching its connections."""

    fate = Fate()

    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        self.fate.comes("wire")
        self._creates = _Watched(self._creates, self.fate)
        self._asks = _Watched(self._asks, self.fate)

    def buy(self, call: Call) -> Reply:
        with _doing("create"):
            return super().buy(call)

    def ask(self, call: Call) -> Reply:
        with _doing("" if "credit" in call.path else "poll"):
            return super().ask(call)


class _Here(threading.local):
    what = ""


_here = _Here()


class _doing:
    """What this thread asks for now."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        _here.what = self._what

    def __exit__(self, *_: object) -> None:
        _here.what = ""


class _Watched(httpx.BaseTransport):
    """Passes the points of a create and of a question."""

    def __init__(self, inner: httpx.BaseTransport, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        what = _here.what
        if not what:
            return self._inner.handle_request(request)
        sent = "P5" if what == "create" else "P10"

        def trace(name: str, _: object) -> None:
            if name == "http11.send_request_body.complete":
                self._fate.reach(sent)

        request.extensions = {**request.extensions, "trace": trace}
        if what == "create":
            whole = request.read()
            half = len(whole) // 2
            request.stream = _Pieces([whole[:half], whole[half:]], lambda: self._fate.reach("P4"))
        response = self._inner.handle_request(request)
        if what == "create":
            response.stream = _Halves(response.stream, lambda: self._fate.reach("P6"))
        return response

    def close(self) -> None:
        self._inner.close()


class _Pieces(httpx.SyncByteStream):
    """A body in pieces; `between` is called when all but the last one are on their way."""

    def __init__(self, pieces: Sequence[bytes], between: Callable[[], None]) -> None:
        self._pieces = pieces
        self._between = between

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces[:-1]
        self._between()
        yield self._pieces[-1]


class _Halves(httpx.SyncByteStream):
    """An answer whose first piece comes in two."""

    def __init__(self, inner: Any, between: Callable[[], None]) -> None:
        self._inner = inner
        self._between: Callable[[], None] | None = between

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._inner:
            if self._between is None:
                yield piece
                continue
            yield piece[: len(piece) // 2]
            between, self._between = self._between, None
            between()
            yield piece[len(piece) // 2 :]

    def close(self) -> None:
        self._inner.close()
