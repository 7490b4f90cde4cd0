"""The rows of the safety table about disks: one operation is refused, or the power goes, in a whole run on a disk in
memory; the exit code, what a person sees, the lock and what was paid.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from campaign.file_scenes import KILLED, LOCK, Desk, story

from sorapipe.engine.messages import Limits
from sorapipe.providers.base import CreateAnswer, Order
from sorapipe.state.lock import loads

Refusing = Callable[[str, Path], bool]


class Once:
    """Refuses the n-th of such operations and no other. `came` tells whether it was there."""

    def __init__(self, number: int, when: Refusing, nth: int = 1) -> None:
        self._number = number
        self._when = when
        self._left = nth
        self.came = False

    def __call__(self, what: str, path: Path) -> int | None:
        self._left -= self._when(what, path)
        if self._left or self.came:
            return None
        self.came = True
        return self._number


def journal(operation: str) -> Refusing:
    return lambda what, path: what == operation and path.parent.name == "journals" and "rescued" not in path.name


def charged(desk: Desk) -> list[str]:
    return list(desk.provider.charges)


def test_a_lock_that_can_not_be_written_ends_creating_and_what_runs_is_collected_at_leisure() -> None:
    desk = Desk(story())
    desk.disk.refuse = Once(errno.ENOSPC, lambda what, path: what == "open" and path.name == ".film.lock.new", 3)
    ended = desk.command()
    assert ended.code == 11
    assert "can't open `/film/.film.lock.new`: no space left on device" in ended.said[0]
    assert desk.steps < 200, "it turns in circles while it waits"
    assert loads(desk.disk.read(LOCK) or b"").tasks() == set(charged(desk))
    desk.disk.refuse = None
    assert desk.command().code == 0
    assert len(charged(desk)) == 6


def test_a_lock_whose_folder_could_not_be_synced_is_made_sure_of_at_the_end() -> None:
    def synced(what: str, path: Path) -> bool:
        return what == "sync_folder" and path == LOCK.parent

    seen = Desk(story())
    syncs: list[str] = []
    seen.disk.refuse = lambda what, path: syncs.append(what) if synced(what, path) else None
    seen.command()
    desk = Desk(story())
    desk.disk.refuse = Once(errno.EIO, synced, len(syncs))
    assert desk.command().code == 11
    assert desk.disk.sure(LOCK) == desk.disk.read(LOCK)
    assert loads(desk.disk.sure(LOCK) or b"").tasks() == set(charged(desk))


def test_what_is_sent_after_a_sync_was_refused_is_known_after_a_loss_of_power() -> None:
    """No later sync brings what that one was to bring: there is a hole, and it must swallow no line behind it."""
    sent = 0
    for nth in range(1, 16):
        for seed in range(8):
            desk = Desk(story(), Limits(in_flight=1))
            refused = Once(errno.EIO, journal("sync"), nth)
            desk.disk.refuse = refused
            dies_sending(desk, refused)
            sent += desk.command().code == KILLED
            desk.disk.power_cut(Random(seed))
            known = {attempt.token for attempts in desk.attempts().values() for attempt in attempts}
            assert {one.order.token for one in desk.provider.charges.values()} <= known
    assert sent, "some runs were sending when it was refused"


def dies_sending(desk: Desk, refused: Once) -> None:
    """After a refusal an order is taken, and its answer never comes."""
    create = desk.provider.create

    def sending(order: Order) -> CreateAnswer:
        answer = create(order)
        return desk.disk.die() if refused.came else answer

    desk.provider.create = sending  # type: ignore[method-assign]


def test_a_journal_is_found_again_though_the_run_that_began_it_was_killed_before_its_index_was_on_the_disk() -> None:
    for seed in range(12):
        desk = Desk(story())
        desk.disk.refuse = lambda what, path, desk=desk: (  # type: ignore[misc]
            desk.disk.die() if (what, path.name) in {("sync", "index.jsonl"), ("close", "index.jsonl")} else None
        )
        assert desk.command().code == KILLED
        desk.disk.process_dies()
        desk.disk.refuse = lambda what, path, desk=desk: (  # type: ignore[misc]
            desk.disk.die() if path.name == ".film.lock.new" and desk.provider.charges else None
        )
        assert desk.command().code == KILLED
        desk.disk.power_cut(Random(seed))
        desk.disk.refuse = None
        assert desk.command().code == 0
        assert len(charged(desk)) == 6


def test_a_characters_id_that_was_rescued_stands_in_the_lock_once() -> None:
    desk = Desk(story())
    made = [one for one in range(1, 20) if refused_at(one) == "@keeper"]
    assert made, "the id of the character is rescued in one of these runs"
    desk.disk.refuse = Once(errno.ENOSPC, journal("append"), made[0])
    ended = desk.command()
    assert ended.code == 11
    assert any("sorapipe adopt @keeper task_" in text and ".rescued.jsonl" in text for text in ended.said)
    desk.disk.refuse = None
    assert desk.command().code == 0
    before = desk.disk.read(LOCK) or b""
    assert [record.kind for record in loads(before).others.values()].count("character") == 1
    assert desk.command().code == 0
    assert desk.disk.read(LOCK) == before
    assert len(charged(desk)) == 6


def refused_at(nth: int) -> str:
    """Which shot's id is rescued when the n-th append to the journal is refused."""
    desk = Desk(story())
    desk.disk.refuse = Once(errno.ENOSPC, journal("append"), nth)
    said = [text for text in desk.command().said if "sorapipe adopt" in text]
    return said[0].partition("sorapipe adopt ")[2].split()[0] if said else ""


def test_nothing_is_left_beside_clips_when_the_power_goes_after_they_are_placed() -> None:
    for seed in range(20):
        desk = Desk(story())
        desk.disk.refuse = lambda what, path, desk=desk: (  # type: ignore[misc]
            desk.disk.die() if path.name == ".film.lock.new" and desk.clips() else None
        )
        assert desk.command().code == KILLED
        desk.disk.power_cut(Random(seed))
        desk.disk.refuse = None
        assert desk.command().code == 0
        assert [path.name for path in desk.disk.paths() if path.suffix in {".part", ".etag", ".new"}] == []


@pytest.mark.parametrize("power", [False, True], ids=["killed", "power"])
def test_a_download_goes_on_after_a_kill_and_begins_anew_after_a_loss_of_power(power: bool) -> None:
    """What was not synced may have holes then, and nobody looks at every picture of a clip."""
    for seed in range(20):
        desk = Desk(story(), Limits(downloads=1))
        first = Pieces(desk, dies_at=4)
        assert desk.command().code == KILLED
        if power:
            desk.disk.power_cut(Random(seed))
        desk.disk.process_dies()
        second = Pieces(desk)
        assert desk.command().code == 0
        clips = [attempt for attempts in desk.attempts().values() for attempt in attempts if attempt.out is not None]
        assert second.came == len(clips) * 5 - (0 if power else first.came - 1)
        for clip in clips:
            theirs = desk.provider.clip(desk.provider.charges[clip.tasks[0]])
            assert desk.disk.read(desk.workspace.clips.path(clip.out or "")) == theirs


class Pieces:
    """Counts the pieces of clips that come; each clip has five. The process dies at one of them."""

    def __init__(self, desk: Desk, dies_at: int = 0) -> None:
        self.came = 0
        self._desk = desk
        self._dies_at = dies_at
        desk.disk.refuse = self

    def __call__(self, what: str, path: Path) -> None:
        self.came += what == "append" and path.suffix == ".part"
        if self._dies_at and self.came == self._dies_at:
            self._desk.disk.die()
