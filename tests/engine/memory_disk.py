"""A disk in memory that promises what a disk promises, and no more; knows nothing of what the bytes mean.

What a program wrote is seen by every program, and by the next one after a kill -9. After a loss of power only what
was synced is sure to be there: the content of a file by `sync`, the names in a folder by `sync_folder`. Of the rest
any part may be there, in any order. `refuse` lets it refuse what it is asked for.
"""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple, NoReturn, TypeVar

from sorapipe.state.files import Handle, Stamp, StateError
from sorapipe.storyboard.source import FileRefused

SECTOR = 512
"""Bytes that a disk writes as one."""
OPERATIONS = {
    "open": "open",
    "append": "write to",
    "sync": "sync",
    "close": "close",
    "replace": "replace",
    "put_new": "make",
    "sync_folder": "sync the folder",
    "make_folder": "make the folder",
    "remove": "remove",
    "take_lock": "lock",
}
"""What writes, and how an error calls it."""
LOSING = frozenset({errno.EIO, errno.ENOSPC, errno.EDQUOT})
"""After these a refused append may have written a part, and what a refused sync was to bring is brought by no other."""

Refusal = Callable[[str, Path], int | None]
"""Asked before an operation of `OPERATIONS` at a path: the number of the error, or `None`. May call `die`."""
T = TypeVar("T")


class Killed(BaseException):
    """The process is gone. Nothing may catch this."""


def full(*words: str) -> Refusal:
    """No room for any operation in whose name and path (`append /state/journals/x`) one of the words is."""
    return lambda what, path: errno.ENOSPC if any(word in f"{what} {path}" for word in words) else None


class _Write(NamedTuple):
    """Bytes that were written at a place of a file; `None`: it was cut off there."""

    at: int
    data: bytes | None

    def on(self, content: bytearray) -> None:
        if self.data is None:
            del content[self.at :]
            return
        content.extend(bytes(max(0, self.at - len(content))))
        content[self.at : self.at + len(self.data)] = self.data

    def sectors(self) -> Iterator[_Write]:
        """The same in pieces, each of which a disk writes whole or not."""
        if self.data is None:
            yield self
            return
        start = 0
        while start < len(self.data):
            end = start + SECTOR - (self.at + start) % SECTOR
            yield _Write(self.at + start, self.data[start:end])
            start = end


@dataclass(eq=False, slots=True)
class _Inode:
    """A file: what programs see, what is on the disk, what waits for a sync, and what a refused sync has forgotten."""

    number: int
    seen: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    waiting: list[_Write] = field(default_factory=list)
    forgotten: list[_Write] = field(default_factory=list)
    changed: int = 0

    def write(self, data: bytes) -> None:
        self._do(_Write(len(self.seen), data))

    def cut(self, keep: int) -> None:
        if keep < len(self.seen):
            self._do(_Write(keep, None))

    def _do(self, write: _Write) -> None:
        write.on(self.seen)
        self.waiting.append(write)
        self.changed += 1

    def sync(self) -> None:
        for write in self.waiting:
            write.on(self.durable)
        self.waiting.clear()

    def forget(self) -> None:
        self.forgotten += self.waiting
        self.waiting.clear()

    def lose_power(self, random: Random) -> None:
        if not self.waiting and not self.forgotten:
            return
        kept = _some([piece for write in (*self.forgotten, *self.waiting) for piece in write.sectors()], random)
        if kept and kept[-1].data and random.random() < 0.5:
            kept[-1] = _Write(kept[-1].at, kept[-1].data[: random.randrange(len(kept[-1].data))])
        for piece in kept:
            piece.on(self.durable)
        if random.random() < 0.2:  # it was long enough already, the bytes were on their way
            self.durable.extend(bytes(max(0, len(self.seen) - len(self.durable))))
        self.seen = bytearray(self.durable)
        self.waiting.clear()
        self.forgotten.clear()
        self.changed += 1


_Tree = dict[Path, _Inode | None]
"""By path; `None` is a folder."""


class _Change(NamedTuple):
    """Of the names in one folder, as a whole: who is gone, who is there instead."""

    folder: Path
    gone: Path | None
    made: Path | None
    node: _Inode | None

    def on(self, tree: _Tree) -> None:
        if self.gone is not None:
            tree.pop(self.gone, None)
        if self.made is not None:
            tree[self.made] = self.node


def _some(what: Sequence[T], random: Random, *, ordered: bool = False) -> list[T]:
    """What survives: nothing, all, or a part; `ordered`: nothing without what came before it."""
    kind = random.randrange(4)
    if kind == 0:
        return []
    if kind == 1:
        return list(what)
    if ordered:
        return list(what[: random.randrange(len(what) + 1)])
    return [one for one in what if random.random() < 0.5]


class MemoryDisk:
    """Fills `sorapipe.state.files.Files`.

    `kill_at` kills the process at that persistence point, counted from 1; `die` at once. From then on nothing is
    written, until `process_dies` or `power_cut` says what the world is like for the next one. `refuse` may refuse any
    operation; `operations` counts them. `chance` decides how much of an append is written that is
    refused, or during which the process dies.
    """

    def __init__(self, *folders: Path) -> None:
        self.tree: _Tree = {}
        self.locked: set[Path] = set()
        self.points: list[str] = []
        self.kill_at: int | None = None
        self.dead = False
        self.refuse: Refusal | None = None
        self.operations: Counter[str] = Counter()
        self.chance = Random(1)
        self._durable: _Tree = {}
        self._changes: list[_Change] = []
        self._handles: dict[int, _Inode] = {}
        self._numbers = 0
        self._boots = 1
        for folder in folders or (Path("/film"), Path(tempfile.gettempdir())):
            self._put_folder(folder)

    # What happens to disks.

    def die(self, why: str = "") -> NoReturn:
        """kill -9, here and now."""
        self.dead = True
        raise Killed(why)

    def process_dies(self) -> None:
        """What the system does for a process that is gone: all that was written stays, its locks are free."""
        self.locked.clear()
        self._handles.clear()
        self.kill_at = None
        self.dead = False
        self.points.clear()

    def settle(self) -> None:
        """Time passes: everything reaches the disk, also what a refused sync was to bring."""
        for change in self._changes:
            change.on(self._durable)
        self._changes.clear()
        for node in {id(node): node for node in self.tree.values() if node is not None}.values():
            node.waiting.clear()
            node.forgotten.clear()
            node.durable = bytearray(node.seen)

    def power_cut(self, random: Random, *, ordered: bool | None = None) -> None:
        """What may be there afterwards. `ordered`: whether the disk keeps the order of changes of names; by chance."""
        self.process_dies()
        self._boots += 1
        ordered = random.random() < 0.5 if ordered is None else ordered
        for change in _some(self._changes, random, ordered=ordered):
            change.on(self._durable)
        self._changes.clear()
        self.tree = {}
        for path in sorted(self._durable, key=lambda path: len(path.parts)):
            if path.parent == path or self.tree.get(path.parent, path) is None:  # else its folder is gone
                self.tree[path] = self._durable[path]
        self._durable = dict(self.tree)
        for node in {id(node): node for node in self.tree.values() if node is not None}.values():
            node.lose_power(random)

    # What other programs and people do: at once, and for sure.

    def put(self, path: Path, data: bytes) -> None:
        """Somebody else writes a file, a new one in the place of an old one; the folders are made."""
        self._put_folder(path.parent)
        node = self._node()
        node.seen, node.durable = bytearray(data), bytearray(data)
        self.tree[path] = self._durable[path] = node

    def take_away(self, path: Path) -> None:
        """Somebody else removes a file, or a folder with all that is in it."""
        gone = {one for one in {*self.tree, *self._durable} if one == path or path in one.parents}
        for one in gone:
            self.tree.pop(one, None)
            self._durable.pop(one, None)
        self._changes = [it for it in self._changes if it.made not in gone and it.gone not in gone]

    def paths(self) -> list[Path]:
        """Every file, in order."""
        return sorted(path for path, node in self.tree.items() if node is not None)

    def sure(self, path: Path) -> bytes | None:
        """What a loss of power leaves of a file in any case; `None`: perhaps not even its name."""
        names = [path, *path.parents]
        node = self._durable.get(path)
        return bytes(node.durable) if node is not None and all(one in self._durable for one in names) else None

    def _put_folder(self, path: Path) -> None:
        for folder in (path, *path.parents):
            self.tree[folder] = self._durable[folder] = None

    # Looking.

    def reach(self, point: str) -> None:
        if self.dead:
            raise Killed(point)
        if not point:
            return
        self.points.append(point)
        if self.kill_at is not None and len(self.points) >= self.kill_at:
            self.die(point)

    def boot(self) -> str:
        return f"boot {self._boots}"

    def read(self, path: Path) -> bytes | None:
        found = self.tree.get(path)
        return None if found is None else bytes(found.seen)

    def read_below(self, root: Path, parts: Sequence[str], limit: int) -> bytes:
        found = self.read(root.joinpath(*parts))
        if found is None:
            raise FileRefused("does not exist")
        if len(found) > limit:
            raise FileRefused(f"is larger than {limit} bytes")
        return found

    def stamp(self, path: Path) -> Stamp | None:
        found = self.tree.get(path)
        return None if found is None else Stamp(1, found.number, len(found.seen), found.changed, found.changed)

    def size(self, path: Path) -> int | None:
        found = self.tree.get(path)
        return None if found is None else len(found.seen)

    def sizes(self, folder: Path) -> dict[str, int]:
        return {path.name: len(node.seen) for path, node in self._in(folder) if node is not None}

    def digest(self, path: Path) -> str | None:
        found = self.tree.get(path)
        return None if found is None else hashlib.sha256(found.seen).hexdigest()

    def real_folder(self, path: Path) -> bool | None:
        return self.tree[path] is None if path in self.tree else None

    def names(self, folder: Path) -> list[str]:
        return sorted(path.name for path, _ in self._in(folder))

    def _in(self, folder: Path) -> Iterable[tuple[Path, _Inode | None]]:
        return [(path, node) for path, node in self.tree.items() if path.parent == folder and path != folder]

    # Writing.

    def make_folder(self, path: Path, *, private: bool = False) -> None:
        if path in self.tree and self.tree[path] is None:
            return
        self.make_folder(path.parent, private=private)
        self._ask("make_folder", path)
        if path in self.tree:
            self._say("make_folder", path, errno.EEXIST)
        self._change(_Change(path.parent, None, path, None))
        self.sync_folder(path.parent)

    def open(self, path: Path, *, keep: int | None = None, private: bool = False) -> Handle:
        self._ask("open", path)
        node = self._file("open", path)
        if keep is not None:
            node.cut(keep)
        return self._handle(path, node)

    def append(self, handle: Handle, data: bytes, before: str = "", after: str = "") -> None:
        self.reach(before)
        node = self._handles[handle.number]
        try:
            self._ask("append", handle.path)
        except (StateError, Killed) as error:
            written = self.chance.choice([0, self.chance.randrange(len(data) + 1)]) if data else 0
            if written and (isinstance(error, Killed) or error.errno in LOSING):
                node.write(data[:written])
            raise
        node.write(data)
        self.reach(after)

    def sync(self, handle: Handle, before: str = "", after: str = "") -> None:
        self.reach(before)
        node = self._handles[handle.number]
        try:
            self._ask("sync", handle.path)
        except StateError as error:
            if error.errno in LOSING:
                node.forget()
            raise
        node.sync()
        self.reach(after)

    def close(self, handle: Handle) -> None:
        self.reach("")
        del self._handles[handle.number]
        self._ask("close", handle.path)

    def replace(self, source: Path, target: Path, before: str = "", after: str = "") -> None:
        self.reach(before)
        self._ask("replace", target)
        self._rename(source, target)
        self.reach(after)

    def put_new(self, source: Path, target: Path, before: str = "", after: str = "") -> bool:
        self.reach(before)
        self._ask("put_new", target)
        if target in self.tree:
            return False
        node = self.tree[source]
        self._change(_Change(target.parent, None, target, node))  # a link first, then the old name is removed
        self._change(_Change(source.parent, source, None, None))
        self.reach(after)
        return True

    def sync_folder(self, path: Path, before: str = "", after: str = "") -> None:
        self.reach(before)
        self._ask("sync_folder", path)
        for change in self._changes:
            if change.folder == path:
                change.on(self._durable)
        self._changes = [change for change in self._changes if change.folder != path]
        self.reach(after)

    def remove(self, path: Path) -> None:
        self._ask("remove", path)
        if path in self.tree:
            self._change(_Change(path.parent, path, None, None))

    def take_lock(self, path: Path, who: bytes) -> Handle | None:
        self._ask("take_lock", path)
        node = self._file("take_lock", path)
        if path in self.locked:
            return None
        self.locked.add(path)
        node.cut(0)
        node.write(who)
        return self._handle(path, node)

    def release(self, handle: Handle) -> None:
        self.reach("")
        self.locked.discard(handle.path)
        self._handles.pop(handle.number).cut(0)

    def is_locked(self, path: Path) -> bool:
        return path in self.locked

    def _ask(self, what: str, path: Path) -> None:
        if self.dead:
            raise Killed(what)
        self.operations[what] += 1
        number = None if self.refuse is None else self.refuse(what, path)
        if number is not None:
            self._say(what, path, number)

    def _say(self, what: str, path: Path, number: int) -> NoReturn:
        raise StateError(OPERATIONS[what], path, os.strerror(number).lower(), number)

    def _file(self, what: str, path: Path) -> _Inode:
        if self.tree.get(path.parent, path) is not None:
            self._say(what, path, errno.ENOENT)
        if path not in self.tree:
            self._change(_Change(path.parent, None, path, self._node()))
        node = self.tree[path]
        if node is None:
            self._say(what, path, errno.EISDIR)
        return node

    def _rename(self, source: Path, target: Path) -> None:
        assert source.parent == target.parent, "a rename from folder to folder is two changes"
        self._change(_Change(target.parent, source, target, self.tree[source]))

    def _change(self, change: _Change) -> None:
        change.on(self.tree)
        self._changes.append(change)

    def _node(self) -> _Inode:
        self._numbers += 1
        return _Inode(self._numbers)

    def _handle(self, path: Path, node: _Inode) -> Handle:
        self._numbers += 1
        self._handles[self._numbers] = node
        return Handle(path, self._numbers)
