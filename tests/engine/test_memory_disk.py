"""What the disk in memory promises: what is seen, what survives a kill, and what may survive a loss of power."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from engine.memory_disk import Killed, MemoryDisk, full

from sorapipe.state.files import StateError, write_atomic

A, B = Path("/film/a"), Path("/film/b")


def left(write: Callable[[MemoryDisk], None], path: Path = A) -> set[bytes | None]:
    """All that a loss of power leaves of a file, in many of them."""
    found = set()
    for seed in range(300):
        disk = MemoryDisk()
        write(disk)
        disk.power_cut(Random(seed))
        found.add(disk.read(path))
    return found


def put(disk: MemoryDisk, path: Path, *pieces: bytes, folder: bool = True) -> None:
    handle = disk.open(path)
    for piece in pieces:
        disk.append(handle, piece)
        disk.sync(handle)
    if folder:
        disk.sync_folder(path.parent)


def test_a_kill_leaves_all_that_was_written_and_frees_the_locks() -> None:
    disk = MemoryDisk()
    lock = disk.take_lock(B, b"me")
    assert lock is not None and disk.take_lock(B, b"you") is None
    disk.append(disk.open(A), b"never synced")
    with pytest.raises(Killed):
        disk.die()
    with pytest.raises(Killed):
        disk.append(lock, b"the dead do not write")
    disk.process_dies()
    assert disk.read(A) == b"never synced"
    assert disk.take_lock(B, b"you") is not None


def test_the_name_of_a_new_file_is_on_the_disk_when_its_folder_is_synced() -> None:
    assert left(lambda disk: put(disk, A, b"x", folder=False)) == {None, b"x"}
    assert left(lambda disk: put(disk, A, b"x")) == {b"x"}


def test_of_writes_that_were_not_synced_any_may_survive_and_holes_are_zeros() -> None:
    def write(disk: MemoryDisk) -> None:
        put(disk, A, b"old.")
        handle = disk.open(A)
        disk.append(handle, b"12")
        disk.append(handle, b"34")

    found = left(write)
    assert {b"old.", b"old.12", b"old.1234", b"old.\0\x0034", b"old.1", b"old.\0\0\0\0"} <= found
    assert all(one is not None and one.startswith(b"old.") and set(one[4:]) <= set(b"\x001234") for one in found)


def test_a_file_that_is_cut_off_may_have_its_old_end_again() -> None:
    def write(disk: MemoryDisk) -> None:
        put(disk, A, b"12345678")
        disk.append(disk.open(A, keep=4), b"ab")

    assert {b"12345678", b"1234", b"1234ab", b"1234ab78"} <= left(write)


def test_a_file_that_is_replaced_is_the_old_one_or_the_new_one() -> None:
    def write(disk: MemoryDisk) -> None:
        put(disk, A, b"old")
        put(disk, B, b"new", folder=False)
        disk.replace(B, A)

    assert left(write) == {b"old", b"new"}


def test_changes_of_names_keep_their_order_where_the_disk_keeps_it() -> None:
    pairs: dict[bool, set[tuple[bool, bool]]] = {True: set(), False: set()}
    for seed in range(300):
        for ordered, found in pairs.items():
            disk = MemoryDisk()
            disk.open(A)
            disk.open(B)
            disk.power_cut(Random(seed), ordered=ordered)
            found.add((disk.read(A) is not None, disk.read(B) is not None))
    assert pairs[True] == {(False, False), (True, False), (True, True)}
    assert pairs[False] == pairs[True] | {(False, True)}


def test_a_file_is_gone_with_its_folder() -> None:
    def write(disk: MemoryDisk) -> None:
        disk.refuse = lambda what, path: errno.EIO if what == "sync_folder" and path == Path("/film") else None
        with pytest.raises(StateError):
            disk.make_folder(Path("/film/new"))
        put(disk, Path("/film/new/a"), b"x")

    assert left(write, Path("/film/new/a")) == {None, b"x"}


@pytest.mark.parametrize("last", range(7))
def test_an_atomic_write_is_whole_or_not_at_all_wherever_the_power_goes(last: int) -> None:
    old, new = b"old", b"n" * 5000
    for seed in range(40):
        disk = MemoryDisk()
        disk.put(A, old)
        disk.refuse = lambda what, path, disk=disk: disk.die() if disk.operations.total() > last else None  # type: ignore[misc]
        try:
            write_atomic(disk, A, new)
        except Killed:
            assert last < 6
        disk.power_cut(Random(seed))
        assert disk.read(A) in ({new} if last == 6 else {old, new})


def test_what_a_refused_sync_was_to_bring_no_later_sync_brings() -> None:
    def write(disk: MemoryDisk) -> None:
        put(disk, A)
        handle = disk.open(A)
        disk.append(handle, b"first")
        disk.refuse = lambda what, path: errno.EIO if what == "sync" else None
        with pytest.raises(StateError, match="can't sync `/film/a`: input/output error"):
            disk.sync(handle)
        disk.refuse = None
        disk.append(handle, b"second")
        disk.sync(handle)
        assert disk.read(A) == b"firstsecond"

    found = left(write)
    assert {b"firstsecond", b"\0\0\0\0\0second"} <= found
    assert all(one is not None and one.endswith(b"second") for one in found)


def test_a_full_disk_may_have_taken_a_part_or_all() -> None:
    parts = set()
    disk = MemoryDisk()
    disk.refuse = full("append /film")
    for _ in range(50):
        handle = disk.open(A, keep=0)
        with pytest.raises(StateError, match="no space left on device") as refused:
            disk.append(handle, b"abc")
        assert refused.value.full
        parts.add(disk.read(A))
    assert parts == {b"", b"a", b"ab", b"abc"}
    assert disk.operations["append"] == 50


def test_there_is_no_file_in_a_folder_that_is_not_there() -> None:
    with pytest.raises(StateError, match="no such file or directory"):
        MemoryDisk().open(Path("/nowhere/a"))
