"""A git in memory: commits of a storyboard and its lock, and how two of them become one; knows no machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from campaign.world_film import Film
from sorapipe.state.lock import dumps
from sorapipe.state.merging import merged, settle

Lock = bytes | None
MARKS = (b"<<<<<<< HEAD\n", b"=======\n", b">>>>>>> theirs\n")


@dataclass(frozen=True, eq=False, slots=True)
class Commit:
    """What was tracked at some moment; clips are not."""

    film: Film
    lock: Lock
    parents: tuple[Commit, ...] = ()

    def ancestors(self) -> list[Commit]:
        """This one and all before it, near ones first."""
        found: dict[int, Commit] = {}
        waiting: list[Commit] = [self]
        for one in waiting:
            if id(one) not in found:
                found[id(one)] = one
                waiting += one.parents
        return list(found.values())

    def is_in(self, other: Commit) -> bool:
        """Whether another one has this one among its ancestors."""
        return any(one is self for one in other.ancestors())


def common(ours: Commit, theirs: Commit) -> Commit | None:
    """The nearest commit that both have."""
    known = {id(one) for one in ours.ancestors()}
    return next((one for one in theirs.ancestors() if id(one) in known), None)


def merged_film(base: Film | None, ours: Film, theirs: Film, random: Random) -> Film:
    """The storyboard after a merge; where both have changed it a person takes one of them."""
    if ours in (base, theirs):
        return theirs
    return ours if theirs == base else random.choice([ours, theirs])


def by_join(base: Lock, ours: bytes, theirs: bytes) -> bytes:
    """As the merge driver does it."""
    return dumps(merged(base or b"", ours, theirs))


def by_union(base: Lock, ours: bytes, theirs: bytes) -> bytes:
    """As `merge=union` does it: the lines of both, without those that one of them has taken out."""
    old = set((base or b"").splitlines(keepends=True))
    mine, yours = ours.splitlines(keepends=True), theirs.splitlines(keepends=True)
    kept = [line for line in mine if line in yours or line not in old]
    return b"".join([*kept, *(line for line in yours if line not in mine and line not in old)])


def by_marks(base: Lock, ours: bytes, theirs: bytes) -> bytes:
    """As git leaves a conflict: what only one of them has, between marks."""
    mine, yours = ours.splitlines(keepends=True), theirs.splitlines(keepends=True)
    both = [line for line in mine if line in yours]
    left, right = [line for line in mine if line not in both], [line for line in yours if line not in both]
    if not left or not right:
        return b"".join([*both, *left, *right])
    return b"".join([*both, MARKS[0], *left, MARKS[1], *right, MARKS[2]])


def by_hand(lock: bytes) -> bytes:
    """A conflict as a person resolves it who reads the error: only the marks go."""
    return b"".join(line for line in lock.splitlines(keepends=True) if line not in MARKS)


def by_command(lock: bytes) -> bytes:
    """As `sorapipe lock resolve` does it."""
    return settle(lock).data


MERGES: dict[str, Callable[[Lock, bytes, bytes], bytes]] = {"join": by_join, "union": by_union, "marks": by_marks}


def merged_lock(how: str, base: Lock, ours: Lock, theirs: Lock) -> Lock:
    """The lock after a merge. One that only one side ever had is taken as it is."""
    if ours is None or theirs is None or ours == theirs:
        return ours or theirs
    if base in (ours, theirs):
        return theirs if base == ours else ours
    return MERGES[how](base, ours, theirs)
