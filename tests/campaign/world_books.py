"""What a machine's files say of money, read as a stranger reads them: by none of the product's code."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.memory_disk import MemoryDisk

RANKS = {
    name: rank
    for rank, name in enumerate(
        ("intent", "uncertain", "submitted", "vanished", "unavailable", "failed", "suspect", "done")
    )
}
UNSETTLED = frozenset({"intent", "uncertain"})
Line = dict[str, Any]


@dataclass(slots=True)
class Entry:
    """One attempt. `brought` are sha256 and path of the clips that were placed for it on this machine."""

    token: str
    address: str = ""
    take: int = 0
    recipe: str = ""
    state: str = "intent"
    inputs: dict[str, str] = field(default_factory=dict)
    tasks: frozenset[str] = frozenset()
    cost: str | None = None
    sha256: str | None = None
    out: str | None = None
    brought: tuple[tuple[str, str], ...] = ()

    @property
    def rank(self) -> int:
        return RANKS[self.state]

    def joined(self, other: Entry) -> Entry:
        """What two files say of it together."""
        high, low = (self, other) if self.rank >= other.rank else (other, self)
        return Entry(
            self.token,
            high.address or low.address,
            high.take or low.take,
            high.recipe or low.recipe,
            high.state,
            high.inputs or low.inputs,
            high.tasks | low.tasks,
            high.cost or low.cost,
            high.sha256 or low.sha256,
            high.out or low.out,
            (*high.brought, *(one for one in low.brought if one not in high.brought)),
        )


@dataclass(slots=True)
class Page:
    """What one file says, or several together. `loose` are lines about tokens that are in another file."""

    entries: dict[str, Entry] = field(default_factory=dict)
    consents: set[str] = field(default_factory=set)
    not_bought: set[str] = field(default_factory=set)
    recipes: dict[str, Line] = field(default_factory=dict)
    loose: list[Line] = field(default_factory=list)
    marked: bool = False

    def add(self, other: Page) -> None:
        """Joins another one."""
        for token, entry in other.entries.items():
            mine = self.entries.get(token)
            self.entries[token] = entry if mine is None else mine.joined(entry)
        self.consents |= other.consents
        self.not_bought |= other.not_bought
        self.recipes |= other.recipes
        self.loose += other.loose
        self.marked |= other.marked

    def waiting(self) -> list[Entry]:
        """What may have been bought and nobody has settled."""
        return [it for it in self.entries.values() if it.state in UNSETTLED and it.token not in self.consents]

    def only(self, tokens: frozenset[str]) -> Page:
        """The same without other attempts."""
        return replace(self, entries={token: it for token, it in self.entries.items() if token in tokens})

    def label(self, entry: Entry) -> str:
        """What a take is called: the second one of a number has a letter."""
        twins = sorted(it.token for it in self.entries.values() if (it.address, it.take) == (entry.address, entry.take))
        place = twins.index(entry.token)
        return f"t{entry.take:02}{chr(ord('a') + place) if place else ''}"

    def at(self, address: str, recipe: str) -> list[Entry]:
        """The attempts of one recipe of an address."""
        return [it for it in self.entries.values() if it.address == address and it.recipe == recipe]


class Reader:
    """Turns bytes to pages; a line that was read once is known."""

    def __init__(self) -> None:
        self._lines: dict[bytes, Line] = {}

    def page(self, data: bytes) -> Page:
        """What a file says. What can't be read was never written."""
        page = Page()
        for raw in data.split(b"\n"):
            line = self._line(raw)
            if line:
                _take_in(line, page)
        page.marked = b"\n<<<<<<<" in data or data.startswith(b"<<<<<<<")
        return page

    def _line(self, raw: bytes) -> Line:
        known = self._lines.get(raw)
        if known is None:
            try:
                value = json.loads(raw)
            except ValueError:
                value = {}
            known = self._lines[raw] = value if isinstance(value, dict) else {}
        return known


def _take_in(line: Line, page: Page) -> None:
    kind, token = line.get("kind"), line.get("token", "")
    if kind in {"intent", "attempt"}:
        new = _entry(line)
        old = page.entries.get(token)
        page.entries[token] = new if old is None else old.joined(new)
    elif kind == "recipe":
        page.recipes[line["digest"]] = line["recipe"]
    elif kind == "consent" and line.get("on") is not False:
        page.consents.add(token)
        if line.get("bought") is False:
            page.not_bought.add(token)
    elif kind == "void":
        page.entries.pop(token, None)
    elif kind in {"submitted", "ended", *RANKS}:
        if token in page.entries:
            _go_on(page.entries[token], line)
        else:
            page.loose.append(line)


def _entry(line: Line) -> Entry:
    tasks = frozenset(line.get("tasks", ())) | ({line["task"]} if "task" in line else set())
    return Entry(
        line["token"],
        line["address"],
        line["take"],
        line["recipe"],
        line.get("state", "intent"),
        line.get("inputs", {}),
        tasks,
        line.get("cost"),
        line.get("sha256"),
        line.get("out"),
    )


def _go_on(entry: Entry, line: Line) -> None:
    kind = line["kind"]
    if "task" in line:
        entry.tasks |= {line["task"]}
    if kind == "done" and line.get("out"):
        entry.brought = (*entry.brought, (line["sha256"], line["out"]))
    state = "done" if kind == "submitted" and "handle" in line else kind
    if state in RANKS and RANKS[state] >= entry.rank:
        entry.state = state
        entry.sha256, entry.out = line.get("sha256", entry.sha256), line.get("out", entry.out)
    entry.cost = line.get("cost", entry.cost)


class Books:
    """The files of one machine; each is read again when it has changed. `touched` counts what others did to them."""

    def __init__(self, disk: MemoryDisk, lock: Path, state: Path, reader: Reader) -> None:
        self.lock_path, self.reader, self.touched = lock, reader, 0
        self._disk, self._prefix = disk, f"{state}/journals/"
        self._pages: dict[Path, tuple[object, Page]] = {}
        self._paths: list[Path] = []
        self._own, self._whole = Page(), Page()
        self._version: object = None
        self._stamps: object = None
        self._whole_of: Page | None = None
        self._whole_stamp: object = None

    def lock(self) -> Page:
        """The lock that lies beside the storyboard."""
        return self._page(self.lock_path)

    def own(self) -> Page:
        """What lies in the state folder."""
        version = (self.touched, self._disk.operations.total())
        if version != self._version:
            self._version = version
            self._paths = [
                path for path in self._disk.paths() if str(path).startswith(self._prefix) and path.name[0] != "."
            ]
            stamps = [(path, self._disk.stamp(path)) for path in self._paths]
            if stamps != self._stamps:
                self._stamps, self._own = stamps, _together(map(self._page, self._paths))
        return self._own

    def whole(self) -> Page:
        """All that this machine knows."""
        own, stamp = self.own(), self._disk.stamp(self.lock_path)
        if own is not self._whole_of or stamp != self._whole_stamp:
            self._whole_of, self._whole_stamp = own, stamp
            self._whole = _together((own, self.lock()))
        return self._whole

    def sure(self) -> bytes:
        """What of the journals survives a loss of power in any case."""
        self.own()
        return b"\n".join(self._disk.sure(path) or b"" for path in self._paths)

    def _page(self, path: Path) -> Page:
        stamp = self._disk.stamp(path)
        known = self._pages.get(path)
        if known is None or known[0] != stamp:
            known = self._pages[path] = (stamp, self.reader.page(self._disk.read(path) or b""))
        return known[1]


def _together(pages: Iterable[Page]) -> Page:
    whole = Page()
    for page in pages:
        whole.add(page)
    for line in whole.loose:
        entry = whole.entries.get(line["token"])
        if entry is not None:
            whole.entries[entry.token] = replace(entry)
            _go_on(whole.entries[entry.token], line)
    return whole
