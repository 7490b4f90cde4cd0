"""A storyboard on this machine: its folder, its books, who may write them; knows nothing of prompts or providers."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

from sorapipe.planning.elsewhere import Elsewhere
from sorapipe.planning.facts import Facts
from sorapipe.state import meaning
from sorapipe.state.books import (
    Books,
    Holder,
    Places,
    archives,
    facts_of,
    joined,
    lineages_of,
    load_lock,
    moved_from,
    read_books,
    read_lock,
    who_holds,
)
from sorapipe.state.disk import Disk
from sorapipe.state.files import Files, StateError
from sorapipe.state.journal import Duration
from sorapipe.state.lock import LockFile, LockUnusable
from sorapipe.state.reader import FolderReader
from sorapipe.state.records import encode
from sorapipe.state.renders import Renders
from sorapipe.state.session import Outside, Session, intents, new_token

_SUFFIXES = (".yaml", ".yml")
_LINEAGE_TRIES = 3
_INDEX_TRIES = 100
_LOSING = frozenset({errno.EIO, errno.ENOSPC, errno.EDQUOT})
"""Of a folder that could be opened and not be brought to the disk."""
OUTSIDE = Outside()
"""The clocks and the randomness of this machine."""


class HeldElsewhere(Exception):
    """Another run holds the storyboard. `holder` is who, as far as it is known."""

    def __init__(self, manifest: str, holder: Holder) -> None:
        super().__init__(f"`{manifest}` is held by {holder}")
        self.manifest = manifest
        self.holder = holder


@dataclass(frozen=True, slots=True)
class Known:
    """Everything known of a storyboard, read without opening anything for writing.

    `durations` are what providers told of their work. `remarks` are sentences a person should see. `held` says that a
    run is alive which has sent something and waits for the answer. `behind` says that the lock on the disk lacks
    something that this machine knows.
    """

    facts: Facts
    durations: tuple[Duration, ...]
    remarks: tuple[str, ...]
    held: bool
    behind: bool


def _folder(variable: str, default: str) -> Path:
    named = os.environ.get(variable)
    if named:
        return Path(named).absolute()
    import platformdirs

    folder = platformdirs.user_config_path if default == "config" else platformdirs.user_state_path
    return folder("sorapipe", appauthor=False)


def config_dir() -> Path:
    """The user's own profiles: `SORAPIPE_CONFIG_DIR`, else the folder for configuration of this system."""
    return _folder("SORAPIPE_CONFIG_DIR", "config")


def state_dir() -> Path:
    """Journals and locks of runs: `SORAPIPE_STATE_DIR`, else the folder for state of this system."""
    return _folder("SORAPIPE_STATE_DIR", "state")


def name_of(manifest: str) -> str:
    """`skerry` of `skerry.yaml` and of `skerry.sorapipe.yaml`: the name of its lock and of its folder of clips."""
    for suffix in _SUFFIXES:
        manifest = manifest.removesuffix(suffix)
    return manifest.removesuffix(".sorapipe")


class Workspace:
    """A manifest's folder and what is known of it. Making one touches nothing.

    `root` is the real folder, `name` as in `name_of`, `manifest` the file's name in the folder.
    """

    def __init__(
        self,
        manifest: Path,
        state: Path | None = None,
        files: Files | None = None,
        outside: Outside = OUTSIDE,
    ) -> None:
        typed = manifest.parent
        self.root = Path(os.path.realpath(typed))
        self.manifest = manifest.name
        self.name = name_of(manifest.name)
        self.lock_path = self.root / f"{self.name}.lock"
        self.files: Files = files or Disk()
        self.clips = Renders(self.files, self.root, self.name)
        self._shown = "" if str(typed) == "." else str(typed)
        self._places = Places(self.root, self.root / manifest.name, self.lock_path, state or state_dir())
        self._outside = outside

    @classmethod
    def open(cls, manifest: Path, state: Path | None = None, files: Files | None = None) -> Workspace:
        """The workspace of a manifest, with this machine's clocks and randomness."""
        return cls(manifest, state, files)

    @property
    def renders(self) -> str:
        """The folder of clips, relative to `root`."""
        return self.clips.folder

    def reader(self) -> FolderReader:
        """How the storyboard's files are read."""
        return FolderReader(self.files, self.root, self._shown)

    def facts(self) -> Facts:
        """What is known, lock and journal joined; see `known`."""
        return self.known().facts

    def known(self) -> Known:
        """Everything known. Opens nothing for writing. Raises `LockUnusable`, `StateError`."""
        books = read_books(self.files, self._places)
        going = [
            attempt
            for story in books.stories
            for token in story.open()
            if (attempt := story.attempt(token)) is not None
        ]
        return Known(
            facts=meaning.with_intents(facts_of(books.whole, self.lock_path.name), going),
            durations=tuple(one for story in books.stories for one in story.durations),
            remarks=tuple(books.remarks if books.lineages else moved_from(self.files, self._places)),
            held=books.held,
            behind=not books.whole.same_as(books.disk or LockFile(books.lineages)),
        )

    def requested(self) -> frozenset[str]:
        """The tokens of attempts of which this machine's journals and archives know what exactly was sent."""
        books = read_books(self.files, self._places)
        found = {token for story in books.stories for token in story.requests}
        for lineage in books.lineages:
            for path in archives(self.files, self._places, lineage):
                found |= intents(self.files.read(path) or b"")
        return frozenset(found)

    def inventory(
        self, facts: Facts, neighbours: Iterable[tuple[str, Facts]] = ()
    ) -> dict[str, int | Elsewhere | None]:
        """The size of every clip that an attempt names, `None` where none is, or who else keeps it; those of neighbours
        too, for they may be reused here."""
        found: dict[str, int | Elsewhere | None] = {}
        for _, theirs in neighbours:
            found |= self.clips.inventory(theirs)
        return found | self.clips.inventory(facts)

    def neighbours(self) -> tuple[list[tuple[str, Facts]], list[str]]:
        """The other locks of the folder by name, and remarks about those that can't be used. Read only."""
        found: list[tuple[str, Facts]] = []
        remarks: list[str] = []
        names = self.files.names(self.root)
        manifests = {name_of(name) for name in names if name.endswith(_SUFFIXES)}
        for name in names:
            path = self.root / name
            if not name.endswith(".lock") or path == self.lock_path or name.startswith("."):
                continue
            try:
                data = read_lock(self.files, path)
                if data is not None and b'"kind":' in data[:4096]:  # locks of other programs are none of ours
                    facts = facts_of(load_lock(data, name), name)
                    found.append((name.removesuffix(".lock"), facts))
                    if found[-1][0] not in manifests and next(facts.open_orders(), None) is not None:
                        remarks.append(self._nobodys(name))
            except (LockUnusable, StateError) as error:
                remarks.append(f"{error} (passed over)")
        return found, remarks

    def _nobodys(self, name: str) -> str:
        """What is said of a lock with open orders whose storyboard is not in the folder."""
        own, other = quote(self.lock_path.name), quote(name)
        way = f"cat {other} >> {own} && mv {other} {other}.old"
        what = f"`{name}` has open orders, and its storyboard is not here"
        return f"{what}: if this one was called so before, that lock belongs to it: `{way}`"

    def holder(self) -> Holder | None:
        """Who holds the run lock now; `None` when nobody does. Writes nothing."""
        for lineage in self._lineages():
            if self.files.is_locked(self._places.run_lock(lineage)):
                return who_holds(self.files, self._places, lineage)
        return None

    @contextmanager
    def hold(self, command: str = "") -> Iterator[Session]:
        """Holds the storyboard until the end: only one process does. Then journal and lock are saved.

        Raises `HeldElsewhere` at once when another one does, `LockUnusable`, `StateError`. What was known before may
        be old by now: look at `Session.facts` again.
        """
        with ExitStack() as held:
            books = self._take(command, held)
            session = Session(self.files, self._places, books, self._outside)
            try:
                yield session
            except BaseException as first:
                try:
                    session.close()
                except (StateError, LockUnusable) as second:
                    first.add_note(str(second))
                raise
            session.close()

    def _take(self, command: str, held: ExitStack) -> Books:
        """Takes the run locks of all lineages of the lock and reads the books under them."""
        for folder in ("locks", "journals"):
            self.files.make_folder(self._places.state / folder, private=True)
        mine: set[str] = set()
        for _ in range(_LINEAGE_TRIES):
            for lineage in sorted(set(self._claim()) - mine):
                self._take_one(lineage, command, held)
                mine.add(lineage)
            books = read_books(self.files, self._places, ours=True)
            if books.lineages and mine.issuperset(books.lineages):
                if books.disk is None:
                    self._sync_index()
                return books
        raise HeldElsewhere(self.manifest, Holder())

    def _take_one(self, lineage: str, command: str, held: ExitStack) -> None:
        import platform

        path = self._places.run_lock(lineage)
        since = datetime.fromtimestamp(self._outside.wall(), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        who = {"pid": os.getpid(), "host": platform.node(), "command": command, "since": since}
        handle = self.files.take_lock(path, json.dumps(who).encode())
        if handle is None:
            raise HeldElsewhere(self.manifest, who_holds(self.files, self._places, lineage))
        held.callback(self.files.release, handle)

    def _lineages(self) -> tuple[str, ...]:
        """Those of the lock, and those of the index that have a journal here."""
        data = read_lock(self.files, self.lock_path)
        named = () if data is None else load_lock(data, self.lock_path.name).lineages
        return joined(self.files, self._places, named)

    def _claim(self) -> tuple[str, ...]:
        """The lineages of this storyboard; the first run makes one. The index knows them from then on."""
        lineages = self._lineages()
        if lineages and set(lineages) <= set(lineages_of(self.files, self._places)):
            return lineages
        with self._index_held():
            lineages = self._lineages() or (new_token(self._outside.random),)
            for lineage in sorted({*lineages} - {*lineages_of(self.files, self._places)}):
                self._write_index(lineage)
        return lineages

    @contextmanager
    def _index_held(self) -> Iterator[None]:
        """A lock for an instant, so that two first runs at once agree on one lineage."""
        for _ in range(_INDEX_TRIES):
            handle = self.files.take_lock(self._places.index_lock, b"")
            if handle is not None:
                break
        else:
            raise StateError("lock", self._places.index_lock, "another process has held it for seconds")
        try:
            yield
        finally:
            self.files.release(handle)

    def _write_index(self, lineage: str) -> None:
        line = encode({"kind": "storyboard", "manifest": self._places.written, "lineage": lineage}) + b"\n"
        self._root_state()  # first: what is in the index was rooted
        path = self._places.index
        handle = self.files.open(path, private=True)
        try:
            self.files.append(handle, b"\n" + line if self.files.size(path) else line)  # it may end with a hole
            self.files.sync(handle)
        finally:
            self.files.close(handle)
        self.files.sync_folder(path.parent)

    def _sync_index(self) -> None:
        """Without a lock the index is all that leads to the journal, and its last line may be of a run that was killed
        before that was on the disk."""
        self._root_state()
        handle = self.files.open(self._places.index, private=True)
        try:
            self.files.sync(handle)
        finally:
            self.files.close(handle)
        self.files.sync_folder(self._places.state)

    def _root_state(self) -> None:
        """The state folder, and folders above it, may be of a run that was killed before their names were on the disk:
        then nothing in them would be safe. A folder that can't be synced at all was not made by us."""
        for folder in self._places.state.parents:
            try:
                self.files.sync_folder(folder)
            except StateError as error:
                if error.errno in _LOSING:
                    raise
