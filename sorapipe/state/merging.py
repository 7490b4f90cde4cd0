"""What becomes of a lock that two branches changed: joined, its marks taken out, or both kept whole; opens no file."""

from __future__ import annotations

import re
from typing import NamedTuple

from sorapipe.state.lock import LockFile, LockUnusable, dumps, join, loads
from sorapipe.state.meaning import CHOICES

_MARK = re.compile(rb"(?:<{7,}|\|{7,}|>{7,})(?: .*)?|={7,}")
"""A line that git puts between two sides; longer ones stand in conflicts of what two bases had in common."""
_OURS = re.compile(rb',"~":"[0-9a-f]{8}"\}\r?$', re.MULTILINE)


_SIDES = (
    "each side as it was: `git show :2:./FILE` and `git show :3:./FILE`; "
    "put the line right by the side that has it whole, then `sorapipe lock resolve FILE`"
)


class Settled(NamedTuple):
    """A lock without conflicts. `marks` were taken out of it; `data` is what was read where nothing is to be done."""

    data: bytes
    marks: int
    lock: LockFile


def is_lock(data: bytes) -> bool:
    """Whether any line is one of sorapipe's: other programs have files that end in `.lock`, too."""
    return _OURS.search(data) is not None


def without_marks(data: bytes) -> tuple[bytes, int]:
    """The lines of all sides, and how many conflicts they had. What is there twice does no harm."""
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    kept = [line for line in lines if not is_mark(line)]
    return b"\n".join(kept), sum(line.startswith(b"<<<<<<<") for line in lines if is_mark(line))


def is_mark(line: bytes) -> bool:
    """Whether a line is the mark of a merge conflict, of any style."""
    return line[:1] in b"<|>=" and _MARK.fullmatch(line.removesuffix(b"\r")) is not None


Sides = tuple[bytes, bytes, bytes]


def settle(data: bytes, sides: Sides | None = None) -> Settled:
    """Takes out the marks, joins what stands there more than once, puts the lines in order.

    `sides` are base, ours and theirs, where a merge is under way: then choices are merged as `merged` does it, unless
    somebody has written in the file since. A lock without marks that is of an older version stays as it is until there
    is something to write. Raises `LockUnusable` for a line that can't be read, with its number in `data`.
    """
    rest, marks = without_marks(data)
    try:
        lock = loads(rest)
    except LockUnusable as error:
        hint = _SIDES if marks and error.line is not None else error.hint
        raise LockUnusable(error.message, _line_before(data, error.line), hint) from error
    if marks and sides is not None and _lines(rest) <= _lines(*sides):
        lock = _as_merged(sides, lock)
    unmarked = rest == data
    return Settled(data if unmarked and lock.older is not None else dumps(lock), marks, lock)


def _as_merged(sides: Sides, lock: LockFile) -> LockFile:
    """What the sides say together, with all that was paid in `lock`, which is all lines between the marks."""
    try:
        both = merged(*sides)
    except LockUnusable:
        return lock
    both.merge(lock, only_paid=True)
    return both


def _lines(*locks: bytes) -> set[bytes]:
    return {line.removesuffix(b"\r") for lock in locks for line in without_marks(lock)[0].split(b"\n")}


def _line_before(data: bytes, line: int | None) -> int | None:
    """The number that a line had before the marks were taken out."""
    if line is None:
        return None
    numbers = (number for number, text in enumerate(data.split(b"\n"), 1) if not is_mark(text))
    return next((number for kept, number in enumerate(numbers, 1) if kept == line), line)


def merged(base: bytes, ours: bytes, theirs: bytes) -> LockFile:
    """What two sides of a merge say together. Raises `LockUnusable` when one of them can't be read.

    What was paid is joined from everywhere and never taken out. A choice belongs to the commit that made it: one that a
    side took back since `base` (a revert), or that `base` had and this side never got (a cherry-pick), stays out.
    """
    try:
        one, other = (loads(without_marks(side)[0]) for side in (ours, theirs))
    except LockUnusable as error:
        raise LockUnusable(error.message, error.line, error.hint if error.line is None else _SIDES) from error
    both = join(one, other)
    for raw in _choices(base):
        if raw in both.others and not (raw in one.others and raw in other.others):
            del both.others[raw]
    return both


def _choices(base: bytes) -> list[bytes]:
    """The choices of the base; of one that can't be read, none: then both sides are kept whole."""
    try:
        lock = loads(without_marks(base)[0])
    except LockUnusable:
        return []
    return [raw for raw, record in lock.others.items() if record.kind in CHOICES]


def both_whole(ours: bytes, theirs: bytes) -> bytes:
    """Both sides as they are between the marks of a conflict, for one of them can't be read."""
    return b"".join((b"<<<<<<< ours\n", _ended(ours), b"=======\n", _ended(theirs), b">>>>>>> theirs\n"))


def _ended(data: bytes) -> bytes:
    return data if not data or data.endswith(b"\n") else data + b"\n"
