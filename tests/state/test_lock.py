"""The lock: lines that check themselves, and a join that loses nothing in any order."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from state.film import RECIPE, attempt

from sorapipe.planning.facts import AttemptState, CharacterFact
from sorapipe.state import meaning
from sorapipe.state.lock import LockFile, LockUnusable, dumps, join, loads
from sorapipe.state.records import (
    ATTEMPT_MEMBERS,
    Damaged,
    attempt_of,
    attempt_record,
    attempt_values,
    character_record,
    decode,
    encode,
    from_members,
    members,
    record_of,
)
from sorapipe.storyboard.model import Handle

TOKENS = ["aaaa", "bbbb", "cccc"]
STATES = [state for state in AttemptState if state is not AttemptState.INTENT]
words = st.text(max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
unknown = st.dictionaries(words.filter(lambda name: name not in ATTEMPT_MEMBERS | {"~"}), json_values, max_size=3)


@st.composite
def attempts(draw: st.DrawFn) -> bytes:
    tasks = draw(st.lists(st.sampled_from(["t1", "t2", "t3"]), unique=True, max_size=2))
    made = attempt(
        draw(st.sampled_from(TOKENS)),
        draw(st.sampled_from(["cliff", "storm[lens=wide]"])),
        draw(st.integers(1, 3)),
        state=draw(st.sampled_from(STATES)),
        tasks=tuple(tasks),
        why=draw(st.none() | words),
    )
    return encode(draw(unknown) | attempt_values(made))


@st.composite
def others(draw: st.DrawFn) -> bytes:
    kind = draw(st.sampled_from(["pick", "note", "festoon"]))
    return encode(draw(unknown) | {"kind": kind, "address": "cliff", "token": draw(st.sampled_from(TOKENS)), "take": 1})


@st.composite
def locks(draw: st.DrawFn) -> LockFile:
    lock = LockFile(draw(st.lists(st.sampled_from(["lineage2", "lineage3"]), max_size=2)))
    for line in draw(st.lists(attempts() | others(), max_size=5)):
        lock.add(record_of(line))
    return lock


@given(locks(), locks())
def test_join_is_the_same_from_either_side(one: LockFile, other: LockFile) -> None:
    assert dumps(join(one, other)) == dumps(join(other, one))


@given(locks(), locks(), locks())
def test_join_is_the_same_in_any_grouping(a: LockFile, b: LockFile, c: LockFile) -> None:
    assert dumps(join(join(a, b), c)) == dumps(join(a, join(b, c)))


@given(locks(), locks())
def test_joining_again_changes_nothing(one: LockFile, other: LockFile) -> None:
    both = join(one, other)
    assert dumps(join(one, one)) == dumps(one)
    assert dumps(join(both, other)) == dumps(both)


@given(locks(), locks())
def test_task_ids_only_grow(one: LockFile, other: LockFile) -> None:
    assert join(one, other).tasks() == one.tasks() | other.tasks()


@given(locks())
def test_a_lock_survives_writing_and_reading_byte_for_byte(lock: LockFile) -> None:
    data = dumps(lock)
    assert dumps(loads(data)) == data
    assert loads(data).same_as(lock)


@given(locks(), locks(), st.randoms())
def test_any_union_of_lines_is_the_join(one: LockFile, other: LockFile, rng: random.Random) -> None:
    lines = (dumps(one) + dumps(other)).splitlines(keepends=True)
    rng.shuffle(lines)
    assert loads(b"".join(lines)).same_as(join(one, other))


@given(unknown, st.sampled_from(STATES))
def test_members_nobody_knows_stay_when_an_attempt_goes_on(extra: dict[str, object], state: AttemptState) -> None:
    old = record_of(encode(extra | attempt_values(attempt("aaaa", state=AttemptState.UNCERTAIN))))
    kept = {name: text for name, text in members(old.raw).items() if name not in attempt_values(attempt("aaaa"))}
    new = attempt_record(attempt("aaaa", state=state, tasks=("t1",)), old)
    assert kept.items() <= members(new.raw).items() or not kept.keys().isdisjoint({"task", "tasks"})


@given(unknown)
def test_the_text_of_members_is_kept(values: dict[str, object]) -> None:
    line = encode(values | {"kind": "x"})
    assert from_members(members(line)) == line


def test_numbers_stay_as_they_were_written() -> None:
    line = from_members({"kind": '"attempt"', "new": "1.100e5", "token": '"aaaa"'})
    assert members(line)["new"] == "1.100e5"


@given(st.lists(attempts(), max_size=4), st.data())
def test_a_changed_byte_is_noticed(lines: list[bytes], data: st.DataObject) -> None:
    lock = LockFile(["lineage2"])
    for line in lines:
        lock.add(record_of(line))
    text = bytearray(dumps(lock))
    at = data.draw(st.integers(0, len(text) - 1))
    if text[at : at + 1] == b"\n":
        return
    text[at] = data.draw(st.integers(33, 126).filter(lambda byte: byte != text[at]))
    with pytest.raises(LockUnusable):
        loads(bytes(text))


@given(attempts())
def test_an_attempt_is_read_back_as_it_was(line: bytes) -> None:
    made = attempt_of(decode(line))
    assert attempt_of(decode(attempt_record(made).raw)) == made


def test_the_higher_state_wins_and_both_tasks_stay() -> None:
    one = attempt_record(attempt("aaaa", state=AttemptState.DONE, tasks=("t2",), sha256="cd" * 32))
    other = attempt_record(attempt("aaaa", state=AttemptState.SUBMITTED, tasks=("t1",)))
    lock = LockFile()
    lock.add(one)
    lock.add(other)
    (got,) = meaning.facts(lock).attempts["cliff"]
    assert (got.state, got.tasks, got.sha256) == (AttemptState.DONE, ("t1", "t2"), "cd" * 32)


def test_two_machines_that_made_the_same_take_both_stay() -> None:
    lock = LockFile()
    lock.add(attempt_record(attempt("bbbb", state=AttemptState.DONE)))
    lock.add(attempt_record(attempt("aaaa", state=AttemptState.DONE)))
    assert [one.token for one in meaning.facts(lock).attempts["cliff"]] == ["aaaa", "bbbb"]


def test_the_first_line_is_first_and_lines_are_sorted() -> None:
    lock = LockFile(["lineage2"])
    lock.add(record_of(encode({"kind": "zebra"})))
    lock.add(record_of(encode({"kind": "consent", "token": "aaaa", "address": "b", "take": 1})))
    for address, take in [("storm", 1), ("cliff", 10), ("cliff", 2)]:
        lock.add(attempt_record(attempt(f"{address}{take}", address, take, state=AttemptState.DONE)))
    lines = [json.loads(line) for line in dumps(lock).splitlines()]
    assert [line["kind"] for line in lines] == ["lock", "attempt", "attempt", "attempt", "consent", "zebra"]
    assert [(line["address"], line["take"]) for line in lines[1:4]] == [("cliff", 2), ("cliff", 10), ("storm", 1)]
    assert all(list(line)[:-1] == sorted(list(line)[:-1]) and list(line)[-1] == "~" for line in lines)


def test_a_line_without_state_or_with_spaces_of_another_tool_is_read() -> None:
    body = b'{"kind" : "festoon", "x": [1, 2]'
    import hashlib

    line = body + b',"~":"' + hashlib.sha256(body).hexdigest()[:8].encode() + b'"}'
    data = encode({"kind": "lock", "version": 1, "lineage": "lineage2"}) + b"\r\n" + line + b"\r\n\r\n"
    lock = loads(b"\xef\xbb\xbf" + data)
    assert line in dumps(lock)
    assert b"\r" not in dumps(lock)


FIRST = encode({"kind": "lock", "version": 1, "lineage": "lineage2"}) + b"\n"


@pytest.mark.parametrize(
    ("data", "line", "says", "hint"),
    [
        (FIRST + b"<<<<<<< HEAD\n", 2, "the marks of a merge conflict", "no line is lost"),
        (FIRST + b">>>>>>> other\n", 2, "the marks of a merge conflict", "lock resolve"),
        (FIRST + b'{"kind":"note"}\n', 2, "it does not end with its digest", "git checkout"),
        (FIRST + FIRST.replace(b"1,", b"2,"), 2, "its digest is another", "git checkout"),
        (FIRST[:-20], 1, "does not end with its digest", "git checkout"),
        (b"", 1, "its first line is missing", "git checkout"),
        (FIRST.replace(b"\n", b"\n[1]\n"), 2, "it does not end", "git checkout"),
        (encode({"kind": "lock", "version": 7}) + b"\n?\n", None, "version 7", "pip install"),
        (encode({"kind": "lock", "version": 0}) + b"\n", None, "version 0", None),
        (FIRST + encode({"kind": "attempt", "token": "a"}), 2, "no token or no address", "git"),
        (FIRST + encode({"kind": "attempt", "token": "a", "address": "b", "state": "gone"}), 2, "`gone`", "git"),
        (encode({"kind": "lock", "version": 1, "lineage": "../../etc"}), 1, "not a name that sorapipe makes", "git"),
        (FIRST + b"\xff\xfe\n", 2, "digest", "git"),
    ],
)
def test_an_unusable_lock_is_refused_with_its_line_and_a_way_out(
    data: bytes, line: int | None, says: str, hint: str | None
) -> None:
    with pytest.raises(LockUnusable) as refused:
        loads(data)
    assert refused.value.line == line
    assert says in refused.value.message
    assert hint is None or hint in (refused.value.hint or "")


def test_the_way_out_names_the_file_as_it_would_be_typed() -> None:
    with pytest.raises(LockUnusable) as refused:
        loads(FIRST + b"<<<<<<< HEAD\n")
    assert "`sorapipe lock resolve 'my film.lock'`" in (refused.value.of("my film.lock").hint or "")


def test_hostile_nesting_is_an_error_not_a_crash() -> None:
    import hashlib

    body = b'{"kind":"x","y":' + b"[" * 100_000
    line = body + b',"~":"' + hashlib.sha256(body).hexdigest()[:8].encode() + b'"}'
    with pytest.raises(LockUnusable, match="not JSON"):
        loads(FIRST + line)


def test_nonsense_in_a_sound_line_is_refused_when_facts_are_asked_for() -> None:
    values = attempt_values(attempt("aaaa", state=AttemptState.DONE)) | {"cost": "NaN"}
    lock = LockFile()
    lock.add(record_of(encode(values)))
    with pytest.raises(LockUnusable, match="`attempt` of `cliff`, take 1: `cost` is not an amount"):
        meaning.facts(lock)


def test_an_older_version_is_brought_up_to_date_in_memory() -> None:
    old = encode({"kind": "lock", "version": 0, "lineage": "lineage2"}) + b"\nA|cliff|aaaa|t1\n" + FIRST

    def migrate(lines: list[bytes]) -> list[bytes]:
        new = [attempt_record(attempt("aaaa", state=AttemptState.SUBMITTED, tasks=("t1",))).raw]
        return [line for line in lines if line.startswith(b"{")] + new

    lock = loads(old, migrations={0: migrate})
    assert lock.tasks() == {"t1"}
    assert (lock.found, lock.older) == (0, old)


def test_two_lineages_stay_known_after_a_merge() -> None:
    lock = join(LockFile(["lineage3"]), LockFile(["lineage2"]))
    assert loads(dumps(lock)).lineages == ("lineage2", "lineage3")


def test_an_unknown_member_of_the_first_line_stays() -> None:
    first = encode({"kind": "lock", "version": 1, "lineage": "lineage2", "sign": {"b": 1.50}})
    assert dumps(loads(first + b"\n")) == first + b"\n"


# Choices.


def pick(lock: LockFile, token: str | None) -> None:
    values: dict[str, object] = {"kind": "pick", "address": "cliff"} | ({"token": token, "take": 1} if token else {})
    lock.add(meaning.choice(values, meaning.live(lock, "pick", "cliff")))  # type: ignore[arg-type]


def picked(lock: LockFile) -> list[str | None]:
    return [one.token for one in meaning.facts(lock).picks.get("cliff", ())]


def test_the_last_pick_stands_and_an_earlier_one_can_come_back() -> None:
    lock = LockFile()
    for token in ["aaaa", "bbbb", "aaaa", None, "aaaa"]:
        pick(lock, token)
        assert picked(lock) == [token]
    assert len(lock.others) == 5


def test_picks_of_two_branches_are_a_conflict_until_one_more_pick() -> None:
    trunk = LockFile()
    pick(trunk, "aaaa")
    ours, theirs = trunk.copy(), trunk.copy()
    pick(ours, "bbbb")
    pick(theirs, "cccc")
    merged = join(ours, theirs)
    assert picked(merged) == ["bbbb", "cccc"]
    pick(merged, "cccc")
    assert picked(merged) == ["cccc"]


def test_the_same_pick_on_two_branches_is_no_conflict() -> None:
    ours, theirs = LockFile(), LockFile()
    pick(ours, "bbbb")
    pick(ours, "aaaa")
    pick(theirs, "aaaa")
    assert picked(join(ours, theirs)) == ["aaaa"]


def test_a_recipe_stands_in_its_line_as_it_is() -> None:
    text = '{"kind":"shot","prompt":"Hør \\"nord\\" 雪","v":1}'
    lock = LockFile()
    lock.add(meaning.recipe_record(RECIPE, text))
    assert meaning.facts(loads(dumps(join(lock, LockFile(["lineage2"]))))).recipes == {RECIPE: text}
    assert record_of(meaning.recipe_record(RECIPE, text).raw).values["recipe"] == json.loads(text)


def test_a_character_is_read_back() -> None:
    fact = CharacterFact("keeper", RECIPE, "house", "studio-a", Handle("ch_1", "old.tom"), "t1")
    lock = LockFile()
    lock.add(character_record(fact))
    assert meaning.facts(lock).characters == (fact,)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_lock_or_refused(data: bytes) -> None:
    try:
        loads(data)
    except LockUnusable:
        return
    try:
        decode(data)
    except Damaged:
        return
