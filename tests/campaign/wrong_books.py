"""Clients whose books can not be trusted: written too late, in the wrong order, or read as less than they say."""

from __future__ import annotations

from typing import Any

from campaign.wrong_client import Swap, crash, wrong
from campaign.wrong_creates import EARLY
from sorapipe.state import books, committed
from sorapipe.state import session as session_module
from sorapipe.state.journal import Story
from sorapipe.state.session import Session


@wrong(
    "keeps the id of a task in memory until the clip is there",
    crash("point:P12:simulator:1", says="attempts are uncertain after 1 kills"),
)
def saves_the_id_after_the_download(swap: Swap) -> None:
    submitted, done = Session.submitted, Session.done
    kept: dict[str, Any] = {}

    def keep(self: Session, token: str, task: str, handle: Any = None) -> None:
        kept[token] = (task, handle)

    def late(self: Session, token: str, **found: Any) -> None:
        if token in kept:
            submitted(self, token, *kept.pop(token))
        done(self, token, **found)

    swap(Session, "submitted", keep)
    swap(Session, "done", late)


@wrong(
    "takes an intent without an answer for one that was never sent",
    crash("point:P5:simulator:1", says="^2: task .* was paid and nobody knows it"),
)
def takes_an_open_intent_for_unsent(swap: Swap) -> None:
    def forget(self: Story, token: str, why: str = "") -> None:
        self.attempts.pop(token, None)

    swap(Story, "judge", forget)


@wrong(
    "reads the lock and not the journal",
    crash("point:P9:simulator:1", says=r"creates for \d+, not"),
)
def reads_no_journal(swap: Swap) -> None:
    swap(books, "_join_journal", lambda files, places, found, lineage, ours: found.stories.append(Story()))


@wrong(
    "saves the lock only when it feels like it, not when a signal ends the run",
    crash(*(f"signal:INT:simulator:{seed}" for seed in EARLY), says="tasks are not in the lock"),
)
def saves_no_lock_at_the_end(swap: Swap) -> None:
    swap(Session, "save", lambda self: False)


@wrong(
    "writes the lock in its place, without a second file",
    crash(*(f"point:any:simulator:{seed}" for seed in range(8)), says="exit 5"),
)
def writes_the_lock_in_place(swap: Swap) -> None:
    def in_place(files: Any, path: Any, data: bytes, points: Any = ("", "", "", ""), *, private: bool = False) -> None:
        handle = files.open(path, keep=0, private=private)
        half = len(data) // 2
        files.append(handle, data[:half])
        files.append(handle, data[half:], after=points[0])
        files.sync(handle, after=points[1])
        files.close(handle)
        files.reach(points[2])
        files.reach(points[3])

    swap(committed, "write_atomic", in_place)


@wrong(
    "saves the lock once, and then no more before it has archived the journal",
    crash("point:P25:simulator:1", says=r"creates for \d+, not"),
)
def archives_before_it_saves(swap: Swap) -> None:
    save = Session.save

    def once(self: Session) -> bool:
        return self._lock._missing and save(self)

    def close(self: Session) -> None:
        with self._guard:
            self._journal.close()
            if self._journal.length > session_module.ARCHIVE_ABOVE and not self._journal.story.open():
                self._journal.archive(self._places.archive, self.lineage)
                saved = self._places.saved(self.lineage)
                session_module.write_atomic(self._files, saved, self._lock.bytes(), private=True)
            save(self)

    swap(Session, "save", once)
    swap(Session, "close", close)
