"""Signals that ask the process to end, while a verb runs; knows not what the verb does.

Whoever can end more gracefully than by an exception takes them over for a while (`taken`). While books are closed one
signal is kept until that is done (`hold_back`, `let_go`). Ctrl-Z waits until standing still is safe (`resting`).
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from sorapipe.cli.failures import Signalled

ENDING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # Windows has no SIGHUP

_LOST = frozenset(int(getattr(signal, name)) for name in ("SIGHUP", "SIGPIPE") if hasattr(signal, name))
"""Nobody presses these: a terminal that closes sends SIGHUP several times, and writing to it fails as well."""


class _Patience:
    """Whether the first signal is kept for later, and which one it was."""

    on = False
    kept: int | None = None


def hold_back() -> None:
    """From now on the first signal waits until `let_go`; a second one ends the process as ever."""
    _Patience.on = True


def let_go() -> int | None:
    """Signals end the process at once again. The one that was kept, if any."""
    kept, _Patience.on, _Patience.kept = _Patience.kept, False, None
    return kept


def _raise(number: int, frame: FrameType | None) -> None:
    if _Patience.on and (_Patience.kept is None or number in _LOST):
        _Patience.kept = _Patience.kept or number
        return
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise Signalled(number)


@contextmanager
def listening() -> Iterator[None]:
    """Turns SIGTERM and SIGHUP into `Signalled`, so that everything on the way is closed."""
    with taken(lambda number: _raise(number, None)):
        try:
            yield
        finally:
            let_go()


def first_and_second(stop: Callable[[int], None]) -> Callable[[int], None]:
    """`stop`, but a terminal or a reader that is gone counts once, and never as a second thought."""
    heard: list[int] = []

    def act(number: int) -> None:
        if not (heard and number in _LOST):
            heard.append(number)
            stop(number)

    return act


@contextmanager
def resting(
    pause: Callable[[Callable[[], None]], None], hide: Callable[[], None], show: Callable[[], None]
) -> Iterator[None]:
    """Ctrl-Z: `pause` calls what it is given when standing still is safe; the terminal is left as it was before."""
    asked = getattr(signal, "SIGTSTP", None)
    if asked is None or not _in_main_thread() or signal.getsignal(asked) is not signal.SIG_DFL:
        yield
        return

    def rest() -> None:
        hide()
        signal.signal(asked, signal.SIG_DFL)
        os.kill(os.getpid(), asked)  # we stand still in here until somebody wants us to go on
        signal.signal(asked, heard)
        show()

    def heard(number: int, frame: FrameType | None) -> None:
        pause(rest)

    signal.signal(asked, heard)
    try:
        yield
    finally:
        signal.signal(asked, signal.SIG_DFL)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def taken(act: Callable[[int], None]) -> Iterator[None]:
    """Calls `act` with the number of each ending signal, in the main thread; elsewhere it changes nothing."""
    if not _in_main_thread():
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
