"""The lock as one run sees it: what lies on the disk, what is to be written, and saving; knows no journal."""

from __future__ import annotations

import threading

from sorapipe.state.books import Books, Places, load_lock, read_lock
from sorapipe.state.files import Files, try_atomic, write_atomic
from sorapipe.state.lock import PAID, LockFile, dumps
from sorapipe.state.records import Record


class Committed:
    """Everything paid that is known, and the choices of this run, ready to be joined with what lies on the disk.

    Choices (picks, notes …) that were read stay where they were read: when somebody checks out another branch
    meanwhile, only what was paid and what this run decided go into its lock.
    """

    def __init__(self, files: Files, places: Places, books: Books) -> None:
        self._files = files
        self._places = places
        self._disk, self._stamp = books.disk, books.stamp
        self._missing = books.disk is None
        self._unsure = False
        self.paid = books.whole.paid()
        self.own = LockFile(books.lineages)
        if self._missing:
            self.own.merge(books.whole)
        self._guard = threading.RLock()
        self._saving = threading.Lock()

    def add(self, record: Record) -> None:
        """Joins a record: of something paid, or a choice that was made in this run."""
        with self._guard:
            (self.paid if record.kind in PAID else self.own).add(record)

    def whole(self) -> LockFile:
        """What the lock would say now."""
        with self._guard:
            lock = LockFile() if self._disk is None else self._disk.copy()
            lock.merge(self.paid)
            lock.merge(self.own)
            return lock

    def make_ready(self) -> None:
        """Finds out whether the lock could be written. Raises `StateError`."""
        try_atomic(self._files, self._places.lock)

    def save(self) -> bool:
        """Joins with the lock on the disk and writes it, if that says anything new (P21 to P24). Whether it did.

        Raises `StateError`; `LockUnusable` when somebody broke the lock meanwhile, which then stays as it is.
        """
        with self._saving:
            self._look_again()
            new = self.whole()
            empty = not new.attempts and not new.others
            if empty if self._missing else self._disk is not None and new.same_as(self._disk):
                self._make_sure()
                return False
            self._back_up()
            self._unsure = True
            write_atomic(self._files, self._places.lock, dumps(new), ("P21", "P22", "P23", "P24"))
            self._unsure = False
            with self._guard:
                new.older = None
                self._disk, self._missing = new, False
                self._stamp = self._files.stamp(self._places.lock)
            return True

    def _make_sure(self) -> None:
        """The lock was replaced before, and its folder may not have been synced (P24)."""
        if self._unsure:
            self._files.sync_folder(self._places.lock.parent, after="P24")
            self._unsure = False

    def bytes(self) -> bytes:
        """The lock as it would be written now."""
        return dumps(self.whole())

    def _look_again(self) -> None:
        """Reads the lock again if it is another file than it was: a checkout, a merge, an editor."""
        stamp = self._files.stamp(self._places.lock)
        if stamp == self._stamp:
            return
        data = read_lock(self._files, self._places.lock)
        with self._guard:
            self._missing = data is None
            if data is not None:
                self._disk = load_lock(data, self._places.lock.name)
            self._stamp = stamp

    def _back_up(self) -> None:
        """Keeps a lock of an older version, synced, before it is replaced (P26)."""
        older = None if self._disk is None else self._disk.older
        if older is not None and self._disk is not None:
            lock = self._places.lock
            path = lock.with_name(f"{lock.name}.v{self._disk.found}.backup")
            write_atomic(self._files, path, older, ("", "", "", "P26"))
