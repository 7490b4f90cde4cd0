"""Clients whose books can not be trusted: written too late, in the wrong order, or read as less than they say."""

from __future__ import annotations

from typing import Any, cast

from campaign.wrong_client import Glued, Swap, crash, files, worlds, wrong
from campaign.wrong_creates import EARLY
from sorapipe.cli import limits
from sorapipe.engine.creates import Creates
from sorapipe.planning import cost
from sorapipe.planning.plan_types import Reason
from sorapipe.state import books, committed, journal, lock, merging
from sorapipe.state import session as session_module
from sorapipe.state.files import Files, write_atomic
from sorapipe.state.journal import Journal, Story
from sorapipe.state.session import Session


@wrong(
    "keeps the id of a task in memory until the clip is there",
    crash(*(f"point:P12:simulator:{seed}" for seed in range(1, 8)), says="attempts are uncertain after 1 kills"),
    worlds(says="^2: task .* was answered and is not durable"),
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
    files("first:kill", range(28, 60), says="^double: "),
    worlds(11, 15, most=300, says="^1: .* was bought though"),
)
def takes_an_open_intent_for_unsent(swap: Swap) -> None:
    def forget(self: Story, token: str, why: str = "") -> None:
        self.attempts.pop(token, None)

    swap(Story, "judge", forget)


@wrong(
    "reads the lock and not the journal",
    crash("point:P9:simulator:1", says=r"creates for \d+, not"),
    worlds(0, 11, says="^1: .* was bought though 1 of it are known"),
)
def reads_no_journal(swap: Swap) -> None:
    swap(books, "_join_journal", lambda files, places, found, lineage, ours: found.stories.append(Story()))


@wrong(
    "saves the lock only when it feels like it, not when a signal ends the run",
    crash(
        *(f"signal:INT:simulator:{seed}" for seed in EARLY), says="tasks are not in the lock|has 0 takes that are done"
    ),
)
def saves_no_lock_at_the_end(swap: Swap) -> None:
    swap(Session, "save", lambda self: False)


@wrong(
    "writes the lock in its place, without a second file",
    files("first:kill", range(1, 120), says="^unreadable: the lock"),
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
                write_atomic(self._files, saved, self._lock.bytes(), private=True)
            save(self)

    swap(Session, "save", once)
    swap(Session, "close", close)


@wrong(
    "does not sync an intent before it sends the order",
    files("first:cut", (60, 20, 40), says="^early: .* was sent, and its intent is not on the disk"),
    worlds(says="^4: the intent of .* is not durable"),
)
def syncs_no_intent(swap: Swap) -> None:
    _leaves_unsynced("intent", swap)


@wrong(
    "does not sync the id of a task",
    files("first:cut", (60, 20, 40), says="^early: .* before the task .* was on the disk"),
    worlds(says="^2: task .* was answered and is not durable"),
)
def syncs_no_answer(swap: Swap) -> None:
    _leaves_unsynced("submitted", swap)


def _leaves_unsynced(kind: str, swap: Swap) -> None:
    write = Journal.write

    def lazy(self: Journal, values: Any, *, before: str = "", written: str = "", synced: str | None = None) -> None:
        if values["kind"] != kind:
            write(self, values, before=before, written=written, synced=synced)
            return
        write(self, values, before=before, written=written)
        self._files.reach(synced or "")

    swap(Journal, "write", lazy)


@wrong(
    "goes on behind a line that was cut off as if that were whole",
    files("first:kill", range(35, 140), seeds=(1, 0), says="^torn: .* stands behind"),
)
def writes_behind_a_torn_line(swap: Swap) -> None:
    write = Journal.write

    def glued(self: Journal, values: Any, **named: Any) -> None:
        files, self._files, self._torn = self._files, cast(Files, Glued(self._files)), False
        try:
            write(self, values, **named)
        finally:
            self._files = files

    swap(Journal, "write", glued)


@wrong(
    "forgets the id of a task that the journal did not take",
    files("first:ever-ENOSPC", range(28, 80), says="^lost: .* was answered, is nowhere, and nobody was told"),
)
def rescues_nothing(swap: Swap) -> None:
    swap(Session, "last_resort", lambda self, token, task: None)
    swap(Creates, "disk_refused", lambda self, job, news, now: self.not_composed(job, Reason("disk", ""), now))


@wrong(
    "puts the id of a task nowhere else when the journal did not take it",
    files("first:once-EIO", range(28, 80), says="^lost: .* is written nowhere after one refusal"),
)
def rescues_by_word_of_mouth(swap: Swap) -> None:
    swap(Session, "last_resort", lambda self, token, task: None)


@wrong(
    "keeps no copy of a lock of an older version",
    files("migrate:kill", (1,), says="the backup of the older lock is not what the lock was"),
)
def keeps_no_older_lock(swap: Swap) -> None:
    swap(committed.Committed, "_back_up", lambda self: None)


@wrong(
    "takes ours and forgets theirs when two locks are joined",
    worlds(1, 13, says="^[12]: "),
)
def joins_only_ours(swap: Swap) -> None:
    for module in (lock, merging):
        swap(module, "join", lambda ours, theirs: ours)


@wrong(
    "takes the later line of a token, not the higher state",
    worlds(33, 12, 80, most=300, says="^2: in the .* went back from"),
)
def lets_states_fall(swap: Swap) -> None:
    for module in (lock, journal):
        swap(module, "join_attempts", lambda ours, theirs: theirs)


@wrong(
    "spends what the storyboard's budget does not give",
    worlds(115, 165, most=300, says="^6: .* were spent of a budget"),
)
def knows_no_budget(swap: Swap) -> None:
    swap(limits, "judge", lambda plan, bounds, so_far: cost.Verdict(True, None, (), cost.NOTHING))
    swap(Creates, "_admit", lambda self, job: True)
