"""A disk in memory that can refuse its n-th step, forget what was not synced and die at a persistence point."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sorapipe.state.files import Handle, Stamp, StateError
from sorapipe.storyboard.source import FileRefused


class Died(BaseException):
    """The process is gone; nothing of it may run any more."""


@dataclass
class Node:
    """A file: what programs see, and how much of it a loss of power leaves for certain."""

    data: bytearray = field(default_factory=bytearray)
    synced: bytes = b""
    changes: int = 0


Tree = dict[Path, Node | None]
"""`None` is a folder."""


class Memory:
    """Fills `sorapipe.state.files.Files`.

    `fail` names the step (counted from 1) that is refused with `number`; `for_ever`: and all after it.
    `die_at` is the persistence point at which `Died` is raised.
    """

    def __init__(self, tree: Tree | None = None) -> None:
        self.tree: Tree = {Path("/"): None} if tree is None else tree
        self.durable: Tree = dict(self.tree)
        self.handles: dict[int, Node] = {}
        self.locks: dict[Path, int] = {}
        self.steps: list[str] = []
        self.points: list[str] = []
        self.fail, self.for_ever, self.number = 0, False, errno.ENOSPC
        self.die_at = ""
        self.dead = False

    # What a disk does to people.

    def power_cut(self, keep: Callable[[int], int] = lambda length: 0) -> Memory:
        """What is there after a loss of power; `keep` says how many bytes of an unsynced end survive."""
        tree: Tree = {}
        for path, node in self.durable.items():
            if node is None:
                tree[path] = None
                continue
            rest = bytes(node.data[len(node.synced) :]) if node.data.startswith(node.synced) else b""
            data = node.synced + rest[: keep(len(rest))]
            tree[path] = Node(bytearray(data), data)
        return Memory(tree)

    def kill(self) -> Memory:
        """What is there after the process was killed: everything, and no lock."""
        new = Memory(self.tree)
        new.durable = self.durable
        return new

    def put(self, path: Path, data: bytes) -> None:
        """Another program writes a file."""
        for folder in reversed(path.parents):
            self.tree.setdefault(folder, None)
            self.durable.setdefault(folder, None)
        self.tree[path] = self.durable[path] = Node(bytearray(data), data)

    def _step(self, what: str, path: Path) -> None:
        if self.dead:
            raise Died(what)
        self.steps.append(what)
        if self.fail and (len(self.steps) == self.fail or (self.for_ever and len(self.steps) > self.fail)):
            raise StateError(what, path, os.strerror(self.number).lower(), self.number)

    def reach(self, point: str) -> None:
        if point and not self.dead:
            self.points.append(point)
        if self.dead or (point and point == self.die_at):
            self.dead = True
            raise Died(point)

    # Looking.

    def _file(self, path: Path) -> Node | None:
        return self.tree.get(path)

    def read(self, path: Path) -> bytes | None:
        node = self._file(path)
        return None if node is None else bytes(node.data)

    def read_below(self, root: Path, parts: Sequence[str], limit: int) -> bytes:
        node = self._file(root.joinpath(*parts))
        if node is None:
            raise FileRefused("does not exist")
        if len(node.data) > limit:
            raise FileRefused(f"is larger than {limit} bytes")
        return bytes(node.data)

    def stamp(self, path: Path) -> Stamp | None:
        node = self._file(path)
        return None if node is None else Stamp(0, id(node), len(node.data), node.changes, 0)

    def size(self, path: Path) -> int | None:
        node = self._file(path)
        return None if node is None else len(node.data)

    def sizes(self, folder: Path) -> dict[str, int]:
        return {path.name: len(node.data) for path, node in self.tree.items() if node and path.parent == folder}

    def digest(self, path: Path) -> str | None:
        data = self.read(path)
        return None if data is None else hashlib.sha256(data).hexdigest()

    def real_folder(self, path: Path) -> bool | None:
        return self.tree[path] is None if path in self.tree else None

    def names(self, folder: Path) -> list[str]:
        return sorted(path.name for path in self.tree if path.parent == folder and path != folder)

    # Writing.

    def make_folder(self, path: Path, *, private: bool = False) -> None:
        if path in self.tree:
            return
        self.make_folder(path.parent)
        self._step("make the folder", path)
        self.tree[path] = self.durable[path] = None

    def open(self, path: Path, *, keep: int | None = None, private: bool = False) -> Handle:
        self._step("open", path)
        if path.parent not in self.tree:
            raise StateError("open", path, "no such file or directory", errno.ENOENT)
        node = self.tree.setdefault(path, Node())
        assert node is not None
        if keep is not None:
            del node.data[keep:]
            node.changes += 1
        number = len(self.steps)
        self.handles[number] = node
        return Handle(path, number)

    def append(self, handle: Handle, data: bytes, before: str = "", after: str = "") -> None:
        self.reach(before)
        node = self.handles[handle.number]
        try:
            self._step("write to", handle.path)
        except StateError:
            node.data += data[: len(data) // 2]  # a full disk takes a part
            raise
        node.data += data
        node.changes += 1
        self.reach(after)

    def sync(self, handle: Handle, before: str = "", after: str = "") -> None:
        self.reach(before)
        self._step("sync", handle.path)
        node = self.handles[handle.number]
        node.synced = bytes(node.data)
        self.reach(after)

    def close(self, handle: Handle) -> None:
        self._step("close", handle.path)
        del self.handles[handle.number]

    def replace(self, source: Path, target: Path, before: str = "", after: str = "") -> None:
        self.reach(before)
        self._step("replace", target)
        self.tree[target] = self.tree.pop(source)
        self.reach(after)

    def put_new(self, source: Path, target: Path, before: str = "", after: str = "") -> bool:
        self.reach(before)
        self._step("make", target)
        if target in self.tree:
            return False
        self.tree[target] = self.tree.pop(source)
        self.reach(after)
        return True

    def sync_folder(self, path: Path, before: str = "", after: str = "") -> None:
        self.reach(before)
        self._step("sync the folder", path)
        for one in {*self.tree, *self.durable}:
            if one.parent == path and one != path:
                if one in self.tree:
                    self.durable[one] = self.tree[one]
                else:
                    del self.durable[one]
        self.reach(after)

    def remove(self, path: Path) -> None:
        self._step("remove", path)
        self.tree.pop(path, None)

    def take_lock(self, path: Path, who: bytes) -> Handle | None:
        self._step("lock", path)
        if path in self.locks:
            return None
        self.tree[path] = Node(bytearray(who))
        self.locks[path] = number = len(self.steps)
        return Handle(path, number)

    def release(self, handle: Handle) -> None:
        self.locks.pop(handle.path)

    def is_locked(self, path: Path) -> bool:
        return path in self.locks
