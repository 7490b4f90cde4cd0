"""A lock of a version before the first, that never was: its attempts have a `job` where those of today have a `task`.

There is one version of the lock so far. This one exists in tests only, and goes through the real migration.
"""

from __future__ import annotations

from pathlib import Path

from sorapipe.state import lock
from sorapipe.state.records import decode, encode

VERSION = 0


def make_older(path: Path) -> bytes:
    """Rewrites a lock in the older version; its bytes."""
    data = backward(path.read_bytes())
    path.write_bytes(data)
    return data


def backward(data: bytes) -> bytes:
    """A lock as it would have been in the older version."""
    return b"\n".join(_backward(line) for line in data.split(b"\n"))


def teach() -> None:
    """Lets this process know how the older version becomes version 1."""
    lock.MIGRATIONS[VERSION] = lambda lines: [_forward(line) for line in lines]  # type: ignore[index]


def _backward(line: bytes) -> bytes:
    return _renamed(line, "task", "job", VERSION)


def _forward(line: bytes) -> bytes:
    return _renamed(line, "job", "task", VERSION + 1)


def _renamed(line: bytes, old: str, new: str, version: int) -> bytes:
    if not line:
        return line
    values = dict(decode(line))
    if values["kind"] == "lock":
        values["version"] = version
    elif values["kind"] == "attempt" and old in values:
        values[new] = values.pop(old)
    values.pop("~", None)
    return encode(values)
