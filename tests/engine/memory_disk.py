"""A disk in memory that fills the file layer, and can refuse or be the last thing that a process sees."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Sequence
from pathlib import Path

from sorapipe.state.files import Handle, Stamp, StateError
from sorapipe.storyboard.source import FileRefused


class Killed(BaseException):
    """The process is gone. Nothing may catch this."""


class MemoryDisk:
    """What was written stays, as under SIGKILL. `kill_at` counts points; `refuse` are words of what fails."""

    def __init__(self) -> None:
        self.data: dict[Path, bytearray] = {}
        self.folders: set[Path] = set()
        self.locked: set[Path] = set()
        self.points: list[str] = []
        self.kill_at: int | None = None
        self.full: set[str] = set()
        self._changes = 0
        self._stamps: dict[Path, int] = {}

    def reach(self, point: str) -> None:
        if not point:
            return
        self.points.append(point)
        if self.kill_at is not None and len(self.points) >= self.kill_at:
            raise Killed(point)

    def read(self, path: Path) -> bytes | None:
        found = self.data.get(path)
        return None if found is None else bytes(found)

    def read_below(self, root: Path, parts: Sequence[str], limit: int) -> bytes:
        found = self.data.get(root.joinpath(*parts))
        if found is None:
            raise FileRefused("does not exist")
        return bytes(found)

    def stamp(self, path: Path) -> Stamp | None:
        if path not in self.data:
            return None
        return Stamp(1, 1, len(self.data[path]), self._stamps[path], self._stamps[path])

    def size(self, path: Path) -> int | None:
        return len(self.data[path]) if path in self.data else None

    def sizes(self, folder: Path) -> dict[str, int]:
        return {path.name: len(data) for path, data in self.data.items() if path.parent == folder}

    def digest(self, path: Path) -> str | None:
        return hashlib.sha256(self.data[path]).hexdigest() if path in self.data else None

    def real_folder(self, path: Path) -> bool | None:
        return True if path in self.folders else None

    def names(self, folder: Path) -> list[str]:
        return sorted(path.name for path in self.data if path.parent == folder)

    def make_folder(self, path: Path, *, private: bool = False) -> None:
        self.folders.update([path, *path.parents])

    def open(self, path: Path, *, keep: int | None = None, private: bool = False) -> Handle:
        self._refuse("open", path)
        content = self.data.setdefault(path, bytearray())
        if keep is not None:
            del content[keep:]
        self._touch(path)
        return Handle(path, 0)

    def append(self, handle: Handle, data: bytes, before: str = "", after: str = "") -> None:
        self.reach(before)
        self._refuse("append", handle.path)
        self.data[handle.path] += data
        self._touch(handle.path)
        self.reach(after)

    def sync(self, handle: Handle, before: str = "", after: str = "") -> None:
        self.reach(before)
        self._refuse("sync", handle.path)
        self.reach(after)

    def close(self, handle: Handle) -> None:
        pass

    def replace(self, source: Path, target: Path, before: str = "", after: str = "") -> None:
        self.reach(before)
        self.data[target] = self.data.pop(source)
        self._touch(target)
        self.reach(after)

    def put_new(self, source: Path, target: Path, before: str = "", after: str = "") -> bool:
        self.reach(before)
        if target in self.data:
            return False
        self.data[target] = self.data.pop(source)
        self._touch(target)
        self.reach(after)
        return True

    def sync_folder(self, path: Path, before: str = "", after: str = "") -> None:
        self.reach(before)
        self.reach(after)

    def remove(self, path: Path) -> None:
        self.data.pop(path, None)

    def take_lock(self, path: Path, who: bytes) -> Handle | None:
        if path in self.locked:
            return None
        self.locked.add(path)
        self.data[path] = bytearray(who)
        self._touch(path)
        return Handle(path, 0)

    def release(self, handle: Handle) -> None:
        self.locked.discard(handle.path)

    def is_locked(self, path: Path) -> bool:
        return path in self.locked

    def process_dies(self) -> None:
        """What the system does for a process that is gone."""
        self.locked.clear()
        self.kill_at = None
        self.points.clear()

    def _refuse(self, what: str, path: Path) -> None:
        if any(word in f"{what} {path}" for word in self.full):
            raise StateError(what, path, "no space left on device", errno.ENOSPC)

    def _touch(self, path: Path) -> None:
        self._changes += 1
        self._stamps[path] = self._changes
