"""Signals that ask the process to end, while a verb runs; knows not what the verb does.

Whoever can end more gracefully than by an exception takes them over for a while (`taken`).
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from sorapipe.cli.failures import Signalled

ENDING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # Windows has no SIGHUP


def _raise(number: int, frame: FrameType | None) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise Signalled(number)


@contextmanager
def listening() -> Iterator[None]:
    """Turns SIGTERM and SIGHUP into `Signalled`, so that everything on the way is closed."""
    with taken(lambda number: _raise(number, None)):
        yield


@contextmanager
def taken(act: Callable[[int], None]) -> Iterator[None]:
    """Calls `act` with the number of each ending signal, in the main thread; elsewhere it changes nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda n, _: act(n)) for number in ENDING if _heard(number)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _heard(number: int) -> bool:
    """`nohup` and background jobs have signals ignored for us: that stays."""
    return signal.getsignal(number) is not signal.SIG_IGN
