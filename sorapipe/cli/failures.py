"""The expected ways a command ends badly, as values with an exit code; knows not how they are shown."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the exit code tells a script."""

    DONE = 0
    BUG = 1
    USAGE = 2
    REFUSED = 3
    HELD = 4
    LOCK = 5
    AUTHENTICATION = 6
    MONEY = 7
    SOME_FAILED = 8
    UNCERTAIN = 9
    TEMPORARY = 10
    DISK = 11
    CLIP = 12
    SOMETHING_TO_DO = 20
    HANGUP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class Expected(Exception):
    """Something a person, a provider or the machine did; `message` is for a person, `hint` is what to do next."""

    def __init__(self, code: int, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class Quit(Exception):
    """The command has said all it had to say and ends with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Signalled(BaseException):
    """The process was asked to end by a signal; not an `Exception`, so that nothing on the way swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
