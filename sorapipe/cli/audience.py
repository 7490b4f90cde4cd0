"""Whoever watches a run. One that is gone ends the run like a signal does: once, when it is safe; knows no event."""

from __future__ import annotations

import errno
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from types import TracebackType

from sorapipe.engine.events import Event, Said
from sorapipe.storyboard.diagnostics import escape
from sorapipe.views.progress import Ndjson, View

_PIPE = int(getattr(signal, "SIGPIPE", 13))
_HANGUP = int(getattr(signal, "SIGHUP", 1))
_GONE = {errno.EPIPE: _PIPE, errno.EIO: _HANGUP, errno.ENXIO: _HANGUP}


def whoever_left(error: OSError) -> int | None:
    """The signal that stands for what happened: the reader of a pipe has gone, or a terminal was closed; `None` for
    other errors."""
    return _GONE.get(error.errno or 0)


class Audience(AbstractContextManager["Audience"]):
    """Shows events by a view."""

    def __init__(self, view: View, typed: Callable[[str], str] = str) -> None:
        """`typed` makes a command one that can be typed here as it is."""
        self._typed = typed
        self._leave: Callable[[int], None] | None = None
        self._left: int | None = None
        self._view = view
        self._there = True

    def __enter__(self) -> Audience:
        self.show()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.hide()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Said) and event.keep is not None:
            event = self._aloud(event, event.keep)
        self._try(lambda: self._view(event))

    def _aloud(self, event: Said, keep: str) -> Said:
        """A command that must not get lost is on standard error also where events go elsewhere, or to nobody."""
        command = self._typed(keep)
        event = Said(event.text.replace(keep, command), command)
        if not self._there or isinstance(self._view, Ndjson):
            with suppress(OSError):
                print(escape(event.text), file=sys.stderr, flush=True)
        return event

    def leaves_by(self, leave: Callable[[int], None]) -> None:
        """`leave` is called with the signal when nobody can see anything any more; at once if that is so already."""
        self._leave = leave
        if self._left is not None:
            leave(self._left)

    def show(self) -> None:
        """Begins to show, also after a while of hiding."""
        self._try(self._view.__enter__)

    def hide(self) -> None:
        """Leaves the terminal as it was."""
        self._try(lambda: self._view.__exit__(None, None, None))

    def _try(self, act: Callable[[], object]) -> None:
        if not self._there:
            return
        try:
            act()
        except OSError as error:
            self._lost(error)

    def _lost(self, error: OSError) -> None:
        number = whoever_left(error)
        if number is None and isinstance(self._view, Ndjson):  # data that is incomplete must be told of
            raise error
        self._there = False
        # Python ignores SIGPIPE always; whoever has SIGHUP ignored wants the run to go on without a terminal.
        if number == _PIPE or (number is not None and signal.getsignal(number) is not signal.SIG_IGN):
            self._left = number
            if self._leave is not None:
                self._leave(number)
