"""Two sides of a merge: nothing paid is lost, choices go as their commits made them, in either order."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from state.film import RECIPE, attempt

from sorapipe.planning.facts import AttemptState
from sorapipe.state.lock import LockFile, LockUnusable, dumps, join, loads
from sorapipe.state.meaning import CHOICES
from sorapipe.state.merging import both_whole, is_lock, is_mark, merged, settle, without_marks
from sorapipe.state.proof import prove, shown
from sorapipe.state.records import attempt_values, encode, record_of

STATES = [state for state in AttemptState if state is not AttemptState.INTENT]
TOKENS = ["aaaa", "bbbb", "cccc"]


@st.composite
def records(draw: st.DrawFn) -> bytes:
    token = draw(st.sampled_from(TOKENS))
    kind = draw(st.sampled_from(["attempt", "attempt", "recipe", "festoon", *sorted(CHOICES)]))
    if kind == "attempt":
        tasks = tuple(draw(st.lists(st.sampled_from(["t1", "t2"]), unique=True, max_size=1)))
        return encode(attempt_values(attempt(token, state=draw(st.sampled_from(STATES)), tasks=tasks)))
    if kind == "recipe":
        return encode({"kind": "recipe", "digest": RECIPE, "recipe": {"v": draw(st.integers(1, 3))}})
    more = {"recipe": RECIPE, "because": "good"} if kind == "waiver" else {}
    return encode({"kind": kind, "address": "cliff", "token": token, "take": draw(st.integers(1, 3))} | more)


@st.composite
def locks(draw: st.DrawFn) -> LockFile:
    lock = LockFile([draw(st.sampled_from(["lineage2", "lineage3"]))])
    for line in draw(st.lists(records(), max_size=6)):
        lock.add(record_of(line))
    return lock


def choices(lock: LockFile) -> set[bytes]:
    return {raw for raw, record in lock.others.items() if record.kind in CHOICES}


def paid(lock: LockFile) -> set[bytes]:
    return {raw for raw, record in lock.others.items() if record.kind not in CHOICES}


@given(locks(), locks(), locks())
def test_a_merge_keeps_what_was_paid_and_merges_choices(base: LockFile, ours: LockFile, theirs: LockFile) -> None:
    was, mine, yours = map(dumps, (base, ours, theirs))
    result = merged(was, mine, yours)
    assert dumps(result) == dumps(merged(was, yours, mine))
    both = join(ours, theirs)
    assert result.attempts.keys() == both.attempts.keys()
    assert all(result.attempts[token].raw == both.attempts[token].raw for token in both.attempts)
    assert paid(result) == paid(both)
    one, other, old = choices(ours), choices(theirs), choices(base)
    assert choices(result) == (one & other) | ((one ^ other) - old)


@given(locks(), locks())
def test_without_a_base_everything_is_kept(ours: LockFile, theirs: LockFile) -> None:
    for base in (b"", b"junk", dumps(ours)[:-4]):
        assert dumps(merged(base, dumps(ours), dumps(theirs))) == dumps(join(ours, theirs))


@given(locks(), locks(), st.sampled_from([b"\n", b"\r\n"]))
def test_settling_marks_is_the_join_and_settles_for_good(ours: LockFile, theirs: LockFile, end: bytes) -> None:
    data = both_whole(dumps(ours), dumps(theirs)).replace(b"\n", end)
    found = settle(data)
    assert found.marks == 1
    assert found.data == dumps(join(ours, theirs))
    assert settle(found.data).data == found.data
    assert prove(found.data).lock is not None


@given(locks(), locks(), locks())
def test_marks_of_a_merge_under_way_are_settled_as_the_driver_does(
    base: LockFile, ours: LockFile, theirs: LockFile
) -> None:
    sides = dumps(base), dumps(ours), dumps(theirs)
    data = both_whole(sides[1], sides[2])
    assert settle(data, sides).data == dumps(merged(*sides))
    edited = data + encode({"kind": "note", "address": "cliff", "token": "dddd", "take": 4, "text": "by hand"}) + b"\n"
    assert settle(edited, sides).data == settle(edited).data
    assert settle(data, (b"", b"junk", b"junk")).data == settle(data).data


@given(locks(), st.randoms(use_true_random=False), st.binary(max_size=3))
def test_a_damaged_lock_is_told_of_and_raises_nothing(lock: LockFile, dice: random.Random, junk: bytes) -> None:
    data = bytearray(dumps(lock))
    at = dice.randrange(len(data))
    data[at : at + dice.randrange(3)] = junk
    proof = prove(bytes(data))
    assert proof.lock is not None or not proof.sound
    try:
        settled = settle(bytes(data))
    except LockUnusable:
        assert not proof.sound
    else:
        assert settle(settled.data).data == settled.data


@given(st.binary(max_size=200))
def test_any_bytes_are_told_of_and_raise_nothing(data: bytes) -> None:
    proof = prove(data)
    assert proof.lock is None
    assert not proof.sound or not data
    assert not is_lock(data)


def test_marks_are_whole_lines_of_one_sign() -> None:
    for line in (b"<<<<<<< HEAD", b"=======", b"=======\r", b"||||||| a b", b">>>>>>>", b"<" * 40 + b" x"):
        assert is_mark(line), line
    for line in (
        b"<<<<<< HEAD",
        b"======",
        b"======= x",
        b"=======x",
        b"<<<<<<<x",
        b'{"kind":"note"}',
        b"",
        b"<<<<<<>",
    ):
        assert not is_mark(line), line
    assert without_marks(b"\xef\xbb\xbf<<<<<<< a\nb\n=======\nc\n>>>>>>> d") == (b"b\nc", 1)


def test_what_is_joined_with_what_cannot_be_read_is_refused() -> None:
    sound = dumps(LockFile(["lineage2"]))
    for ours, theirs in ((sound, b"junk\n"), (b"", sound), (sound, encode({"kind": "lock", "version": 9}) + b"\n")):
        try:
            merged(sound, ours, theirs)
        except LockUnusable:
            continue
        raise AssertionError(ours)
    assert loads(sound).lineages == ("lineage2",)


def test_an_address_is_shown_as_it_can_be_typed() -> None:
    assert shown("storm[lens=wide,weather=fog]") == "storm/wide/fog"
    assert shown("cliff") == "cliff"
    assert shown("@gull") == "@gull"
