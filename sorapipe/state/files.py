"""The file layer: the few ways in which state touches a disk; knows nothing of what the bytes mean.

Every step that a crash may separate from the next one takes the names of the persistence points before and after it
and hands them to `reach`, which does nothing here.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol


class StateError(OSError):
    """The disk refused. `doing` and `path` say what was being done to which file, `reason` what the system said."""

    def __init__(self, doing: str, path: Path, reason: str, number: int | None = None) -> None:
        super().__init__(number, reason, str(path))
        self.doing = doing
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"can't {self.doing} `{self.path}`: {self.reason}"

    @property
    def full(self) -> bool:
        """Whether it is for want of room."""
        return self.errno in {errno.ENOSPC, errno.EDQUOT}


@dataclass(slots=True)
class Handle:
    """A file that is open for writing at its end. `number` is the layer's own name for it."""

    path: Path
    number: int


class Stamp(NamedTuple):
    """Changes whenever the bytes of a file may have changed."""

    device: int
    inode: int
    size: int
    changed: int
    touched: int


class Files(Protocol):
    """What a disk can do. Everything raises `StateError`, never another `OSError`."""

    def reach(self, point: str) -> None:
        """A persistence point is passed. Nothing happens."""

    def boot(self) -> str:
        """A name for the time since this machine was started: what was not synced may be there in part in the next."""

    def read(self, path: Path) -> bytes | None:
        """The bytes of one of our own files; `None` when there is none. Never through a link, and never of a pipe."""

    def read_below(self, root: Path, parts: Sequence[str], limit: int) -> bytes:
        """The bytes of a regular file under `root`, no link followed below it. Raises `FileRefused`."""

    def stamp(self, path: Path) -> Stamp | None:
        """Tells whether a file was changed; `None` when there is none."""

    def size(self, path: Path) -> int | None:
        """The size of a regular file; `None` when there is none, or a link or anything else."""

    def sizes(self, folder: Path) -> dict[str, int]:
        """The size of every regular file in a folder, by name; empty when it can't be read."""

    def digest(self, path: Path) -> str | None:
        """The sha256 of a regular file, read in pieces; `None` as in `size`."""

    def real_folder(self, path: Path) -> bool | None:
        """Whether this is a folder and no link to one; `None` when nothing is there."""

    def names(self, folder: Path) -> list[str]:
        """The names in a folder, sorted; empty when it can't be read."""

    def make_folder(self, path: Path, *, private: bool = False) -> None:
        """Makes a folder and those above it, each one synced into its parent. `private` ones are for the user only."""

    def open(self, path: Path, *, keep: int | None = None, private: bool = False) -> Handle:
        """Opens a file for writing at its end, made when missing; its first `keep` bytes stay, `None`: all."""

    def append(self, handle: Handle, data: bytes, before: str = "", after: str = "") -> None:
        """Writes all of `data`."""

    def sync(self, handle: Handle, before: str = "", after: str = "") -> None:
        """Returns when all that was written is on the disk."""

    def close(self, handle: Handle) -> None:
        """Closes it; an error of that is an error."""

    def replace(self, source: Path, target: Path, before: str = "", after: str = "") -> None:
        """Renames; what was called `target` is gone."""

    def put_new(self, source: Path, target: Path, before: str = "", after: str = "") -> bool:
        """Renames to a name that is free; `False`, and nothing done, when it is taken."""

    def sync_folder(self, path: Path, before: str = "", after: str = "") -> None:
        """Returns when the names in a folder are on the disk."""

    def remove(self, path: Path) -> None:
        """Removes a file, if it is there."""

    def take_lock(self, path: Path, who: bytes) -> Handle | None:
        """Locks a file until `release` or the end of this process, and writes `who` in it; `None` when it is taken."""

    def release(self, handle: Handle) -> None:
        """Gives a lock back."""

    def is_locked(self, path: Path) -> bool:
        """Whether some process holds the lock; writes nothing."""


def place_of(files: Files, path: Path) -> tuple[int, int] | None:
    """Which file has a name now: it stays the same however that is written to. `None`: none has."""
    stamp = files.stamp(path)
    return None if stamp is None else (stamp.device, stamp.inode)


def write_atomic(
    files: Files,
    path: Path,
    data: bytes,
    points: tuple[str, str, str, str] = ("", "", "", ""),
    *,
    private: bool = False,
) -> None:
    """Replaces a file as a whole: written beside it, synced, renamed, the folder synced; a point after each.

    Raises `StateError`; then the old file is still there and what was written beside it is gone, or it is replaced
    and only the folder is not synced.
    """
    beside = _beside(path)
    handle = files.open(beside, keep=0, private=private)
    try:
        try:
            files.append(handle, data, after=points[0])
            files.sync(handle, after=points[1])
        finally:
            files.close(handle)
        files.replace(beside, path, after=points[2])
    except StateError:
        _try_to_remove(files, beside)
        raise
    files.sync_folder(path.parent, after=points[3])


def try_atomic(files: Files, path: Path) -> None:
    """Finds out whether a file could be replaced, by a file beside it that is removed again. Raises `StateError`."""
    beside = _beside(path)
    files.close(files.open(beside, keep=0))
    files.remove(beside)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


def _try_to_remove(files: Files, path: Path) -> None:
    try:
        files.remove(path)
    except StateError:
        return
