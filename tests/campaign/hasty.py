"""Clients that wait for nothing: a run's clock leaps over pauses, and patience with a server ends sooner.

Everything is injected in a forked child: a subclass of the run, of the wire and of the provider. Pauses keep their
length on the run's own clock; only nobody sits through them.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from queue import Empty
from typing import Any

import httpx

from campaign.refusing import REFUSED, RefusingDisk
from sorapipe.cli import balance, shoot
from sorapipe.engine import download
from sorapipe.engine.messages import Effect, Heard, Hint, Interrupt, News, Stop, Tell, Tick
from sorapipe.engine.run import Run
from sorapipe.providers import client
from sorapipe.providers.http import Wire
from sorapipe.state import disk, workspace

_Provider = client.HttpProvider
_LARGEST = 6 << 20
_SHORTEST_PATIENCE = 0.3


def hurry(haste: float) -> Callable[[], None]:
    """What a child calls before its command: with patience for servers that ends `haste` times sooner."""

    def prepare() -> None:
        Leaping.haste = HastyProvider.haste = HastyWire.haste = haste
        tempfile.tempdir = None  # where that is, our own surroundings say
        workspace.Disk = RefusingDisk if REFUSED in os.environ else disk.Disk  # type: ignore[misc]
        client.Wire = HastyWire  # type: ignore[misc]
        client.HttpProvider = HastyProvider  # type: ignore[misc]
        shoot.Run = Leaping  # type: ignore[misc]
        balance.PATIENCE = max(balance.PATIENCE / haste, _SHORTEST_PATIENCE)
        download.LARGEST = _LARGEST  # a body without end should not write gigabytes here

    return prepare


class Leaping(Run):
    """A run whose clock leaps to what is due next when nothing is under way."""

    haste = 1.0

    def __init__(self, schedule: Any, studio: Any, listen: Any) -> None:
        self._began = time.monotonic()
        self._leapt = 0.0
        self._under_way = 0
        super().__init__(schedule, studio, listen, self._now)

    def _now(self) -> float:
        return (time.monotonic() - self._began) * self.haste + self._leapt

    def _begin(self, effects: list[Effect]) -> None:
        self._under_way += sum(not isinstance(effect, Tell | Interrupt) for effect in effects)
        super()._begin(effects)

    def _wait(self) -> News:
        due = self._schedule.due()
        ahead = None if due is None else max(due - self._now(), 0.0)
        if ahead is not None and not self._under_way and self._news.empty():
            self._leapt += ahead
            return Tick()
        try:
            news = self._news.get(timeout=None if ahead is None else ahead / self.haste)
        except Empty:
            return Tick()
        if not isinstance(news, Heard | Stop | Hint):
            self._under_way -= 1
        error = getattr(news, "error", None)
        if isinstance(error, BaseException):
            raise error
        return news  # type: ignore[return-value]


class _Hurried(httpx.BaseTransport):
    """The same connections with shorter patience."""

    def __init__(self, inner: httpx.BaseTransport, haste: float) -> None:
        self._inner = inner
        self._haste = haste

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends it."""
        patience = {name: seconds / self._haste for name, seconds in request.extensions["timeout"].items()}
        request.extensions = {**request.extensions, "timeout": patience}
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Closes the connections."""
        self._inner.close()


class HastyWire(Wire):
    """The real wire with shorter patience."""

    haste = 1.0

    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        if self.haste != 1.0:
            for name in ("_creates", "_asks", "_contents", "_fetches"):
                setattr(self, name, _Hurried(getattr(self, name), self.haste))


class HastyProvider(_Provider):
    """The real provider whose seconds are shorter."""

    haste = 1.0

    def __init__(self, profile: Any, key: Any, **named: Any) -> None:
        super().__init__(profile, key, **{"clock": lambda: time.monotonic() * self.haste, **named})
