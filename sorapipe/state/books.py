"""Lock, journal and index of one storyboard read together, nothing opened for writing; knows not who asks.

In the state folder: `journals/LINEAGE.jsonl` the journal, `journals/LINEAGE.rescued.jsonl` lines that could not be
written there, `journals/LINEAGE.saved` the lock as it was when the journal was last archived,
`journals/archive/LINEAGE-0001.jsonl` … the archives, `index.jsonl` the lineage of each manifest, `locks/LINEAGE` the
run locks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sorapipe.planning.facts import Facts
from sorapipe.state import meaning
from sorapipe.state.files import Files, Stamp
from sorapipe.state.journal import JournalUnusable, Story, replay
from sorapipe.state.lock import MOST_LINEAGES, LockFile, LockUnusable, loads
from sorapipe.state.records import Damaged, Record, attempt_of, attempt_record, character_record, decode
from sorapipe.storyboard.source import FileRefused

LOCK_LIMIT = 256 << 20
"""Bytes of a lock."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the run lock, as far as it is known. `since` is a date and time in UTC."""

    pid: int | None = None
    host: str = ""
    command: str = ""
    since: str = ""

    def __str__(self) -> str:
        if self.pid is None:
            return "another process"
        words = f"process {self.pid} on {self.host}"
        return f"{words} (`{self.command}`, since {self.since})" if self.command else words


@dataclass(frozen=True, slots=True)
class Places:
    """Where the books of one storyboard are. `root` is the manifest's real folder, `manifest` its real path."""

    root: Path
    manifest: Path
    lock: Path
    state: Path

    @property
    def index(self) -> Path:
        return self.state / "index.jsonl"

    @property
    def index_lock(self) -> Path:
        return self.state / "locks" / "index"

    @property
    def archive(self) -> Path:
        return self.state / "journals" / "archive"

    def journal(self, lineage: str) -> Path:
        return self.state / "journals" / f"{lineage}.jsonl"

    def rescued(self, lineage: str) -> Path:
        return self.state / "journals" / f"{lineage}.rescued.jsonl"

    def saved(self, lineage: str) -> Path:
        return self.state / "journals" / f"{lineage}.saved"

    def run_lock(self, lineage: str) -> Path:
        return self.state / "locks" / lineage

    @property
    def written(self) -> str:
        """The manifest as the index names it; a name that is no UTF-8 is written with escapes."""
        return str(self.manifest).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@dataclass(slots=True)
class Books:
    """What was read. `disk` is the lock as it lies there, `whole` the same joined with all that this machine knows.

    `story` is the journal of the first lineage, to which a session writes; `stamp` and `data` are of the lock's file.
    `judged` are tokens of intents whose run is over; `held` says that a run may be alive that has open intents.
    """

    lineages: tuple[str, ...]
    disk: LockFile | None
    data: bytes | None
    stamp: Stamp | None
    whole: LockFile
    story: Story
    stories: list[Story] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    judged: list[str] = field(default_factory=list)
    held: bool = False


def read_lock(files: Files, path: Path) -> bytes | None:
    """The bytes of a lock, `None` when there is none. Raises `LockUnusable` for a link or anything that is no file."""
    if files.stamp(path) is None:
        return None
    try:
        return files.read_below(path.parent, (path.name,), LOCK_LIMIT)
    except FileRefused as error:
        raise LockUnusable(str(error), name=path.name) from error


def load_lock(data: bytes, name: str) -> LockFile:
    """`lock.loads` with the file's name in the error."""
    try:
        return loads(data)
    except LockUnusable as error:
        raise error.of(name) from error


def facts_of(lock: LockFile, name: str) -> Facts:
    """`meaning.facts` with the file's name in the error."""
    try:
        return meaning.facts(lock)
    except LockUnusable as error:
        raise error.of(name) from error


def read_books(files: Files, places: Places, *, ours: bool = False) -> Books:
    """Reads and joins everything. `ours`: this process holds the run lock. Raises `LockUnusable`, `StateError`.

    An intent without an answer is uncertain, unless a run that is alive may still be waiting for it.
    """
    stamp = files.stamp(places.lock)
    data = read_lock(files, places.lock)
    disk = None if data is None else load_lock(data, places.lock.name)
    whole = LockFile() if disk is None else disk.copy()
    whole.lineages = joined(files, places, whole.lineages)
    books = Books(whole.lineages, disk, data, stamp, whole, Story())
    for lineage in books.lineages:
        _join_saved(files, places, books, lineage)
        _join_journal(files, places, books, lineage, ours)
    for lineage, story in zip(books.lineages, books.stories, strict=True):
        story.forget(books.whole.tasks())
        _ask_for(books, places.journal(lineage), story)
    if books.stories:
        books.story = books.stories[0]
    return books


def joined(files: Files, places: Places, named: tuple[str, ...]) -> tuple[str, ...]:
    """The lineages that a lock names, and those that this machine has a journal of for the same manifest: git may have
    put another machine's lock in the place of ours. Where there are none, the one that the index named last."""
    known = lineages_of(files, places)
    ours = [one for one in known if one not in named and files.size(places.journal(one)) is not None]
    room = max(MOST_LINEAGES - len(named), 0)
    return tuple(sorted({*named, *ours[max(len(ours) - room, 0) :]})) or known[-1:]


def lineages_of(files: Files, places: Places) -> tuple[str, ...]:
    """All that the index says of a manifest, in the order in which it was written."""
    found: dict[str, None] = {}
    for manifest, lineage in _index(files, places):
        if manifest == places.written:
            found.pop(lineage, None)
            found[lineage] = None
    return tuple(found)


def _index(files: Files, places: Places) -> Iterator[tuple[str, str]]:
    for line in (files.read(places.index) or b"").split(b"\n"):
        try:
            values = decode(line) if line else {}
        except Damaged:
            continue
        match values:
            case {"manifest": str() as manifest, "lineage": str() as lineage}:
                yield manifest, lineage


def moved_from(files: Files, places: Places) -> list[str]:
    """Remarks for a storyboard that nothing is known of: manifests of the same name that are gone, and whose journals
    have orders that came to no end. A folder may have been moved before its first lock was written."""
    found: dict[str, str] = {}
    for manifest, lineage in _index(files, places):
        path = Path(manifest)
        if path.name != places.manifest.name or manifest in found or files.stamp(path) is not None:
            continue
        try:
            story = replay(files.read(places.journal(lineage)) or b"")
        except JournalUnusable:
            continue
        if any(it["state"] in _OPEN and it.get("rehearsal") is not True for it in story.attempts.values()):
            found[manifest] = (
                f"orders of `{manifest}`, which is gone, are still open, and nothing is known of this storyboard: "
                "if its folder was moved, move it back and run it there once, then move it with its lock"
            )
    return [*found.values()]


_OPEN = frozenset({"intent", "uncertain", "submitted"})


def who_holds(files: Files, places: Places, lineage: str) -> Holder:
    """What the holder of a run lock wrote about itself."""
    try:
        values = json.loads(files.read(places.run_lock(lineage)) or b"{}")
        return Holder(int(values["pid"]), str(values["host"]), str(values["command"]), str(values["since"]))
    except (ValueError, TypeError, KeyError):
        return Holder()


def _join_saved(files: Files, places: Places, books: Books, lineage: str) -> None:
    """Brings back what was paid and is in no journal any more: a checkout may have put an older lock there."""
    saved = files.read(places.saved(lineage))
    if books.disk is None:
        _join_archives(files, places, books, lineage)
    if saved is None or saved == books.data:
        return
    try:
        if books.disk is None:
            books.whole.merge(loads(saved))
        else:
            books.whole.merge(loads(_missing(saved, books.disk)), only_paid=True)
    except LockUnusable as error:
        books.remarks.append(f"{places.saved(lineage)}: {error}; the archives of the journal were read instead")
        if books.disk is not None:
            _join_archives(files, places, books, lineage)


def _missing(saved: bytes, disk: LockFile) -> bytes:
    """The lines that are not in the lock, so that only these are read."""
    known = disk.others.keys() | {record.raw for record in disk.attempts.values()}
    return b"\n".join(line for line in saved.split(b"\n") if line not in known)


def _join_archives(files: Files, places: Places, books: Books, lineage: str) -> None:
    for path in archives(files, places, lineage):
        story = _replay(files, path, books, Story())
        for token in story.open():
            story.judge(token)
        _tell(books.whole, story)


def archives(files: Files, places: Places, lineage: str) -> list[Path]:
    """The archives of a journal, oldest first."""
    return [places.archive / name for name in files.names(places.archive) if name.startswith(f"{lineage}-")]


def _join_journal(files: Files, places: Places, books: Books, lineage: str, ours: bool) -> None:
    story = _replay(files, places.rescued(lineage), books, Story())  # first: what was done later knows the task
    story.end, story.torn = 0, False
    _replay(files, places.journal(lineage), books, story)
    books.stories.append(story)
    open_intents = story.open()
    held = bool(open_intents) and not ours and files.is_locked(places.run_lock(lineage))
    books.held |= held
    if not held:
        books.judged += open_intents
        for token in open_intents:
            story.judge(token)
    _tell(books.whole, story)


def _ask_for(books: Books, journal: Path, story: Story) -> None:
    """Tells of paid tasks that belong to nothing known."""
    for token, tasks in story.orphans.items():
        for task in tasks:
            books.remarks.append(
                f"{journal}: task `{task}` was paid, but the line that says for which shot is damaged "
                f"(token {token}): `sorapipe adopt SHOT {task}`"
            )


def _replay(files: Files, path: Path, books: Books, story: Story) -> Story:
    data = files.read(path)
    if data is None:
        return story
    try:
        replay(data, story)
    except JournalUnusable as error:
        raise LockUnusable(
            str(error), hint="a newer sorapipe wrote it: `pip install --upgrade sorapipe`", name=str(path)
        ) from error
    for number, (_, why) in story.damage.items():
        books.remarks.append(f"{path}:{number}: this line was changed or damaged ({why}); all others are used")
    story.damage.clear()  # the next file has lines of its own
    return story


def _tell(lock: LockFile, story: Story) -> None:
    """Joins what a journal tells."""
    for record in told(lock, story, story.attempts):
        lock.add(record)
    for fact in story.characters:
        lock.add(character_record(fact))


def told(lock: LockFile, story: Story, tokens: Iterable[str]) -> list[Record]:
    """The lock's lines of a journal's attempts. An intent has none: it must not be believed on another machine."""
    found: list[Record] = []
    for token in tokens:
        values = story.attempts.get(token)
        if values is not None and values["state"] != "intent":
            found.append(attempt_record(attempt_of(values), lock.attempts.get(token)))
    return found
