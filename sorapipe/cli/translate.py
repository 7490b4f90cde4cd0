"""Errors of the floors below that people, providers or the machine cause, as expected ends; knows no verb."""

from __future__ import annotations

from sorapipe.cli.failures import Exit, Expected

_GOES_ON = "nothing that was paid is lost: the same command goes on"


def expected(error: Exception) -> Expected | None:
    """The expected end that an error means, `None` for a bug."""
    from sorapipe.state.files import StateError
    from sorapipe.state.lock import LockUnusable
    from sorapipe.state.workspace import HeldElsewhere
    from sorapipe.storyboard.diagnostics import escape

    match error:
        case HeldElsewhere():
            return Expected(Exit.HELD, escape(str(error)), "wait for it, or end it: what it has paid for is kept")
        case LockUnusable():
            return Expected(Exit.LOCK, escape(str(error)), error.hint)
        case StateError():
            return Expected(Exit.DISK, escape(str(error)), "make room, then: " + _GOES_ON if error.full else _GOES_ON)
        case OSError(strerror=str(reason)):
            where = f"`{escape(str(error.filename))}`: " if error.filename else ""
            return Expected(Exit.DISK, f"{where}{reason.lower()}", _GOES_ON)
        case _:
            return None
