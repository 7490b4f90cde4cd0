"""The journal: what a run wrote is what the next one knows, wherever the last write was cut off."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from state.film import RECIPE, attempt
from state.memory import Memory

from sorapipe.planning.facts import AttemptState
from sorapipe.state.files import StateError
from sorapipe.state.journal import Journal, JournalUnusable, Story, replay
from sorapipe.state.records import Values, attempt_values, encode

OURS = "aaaa"
PATH = Path("/state/journals/lineage2.jsonl")


def intent(token: str) -> Values:
    values = attempt_values(attempt(token)) | {"kind": "intent", "request": {"prompt": "a gull"}, "t": 1.0}
    del values["state"]
    return values


TAKE: list[Values] = [
    intent("aaaa"),
    {"kind": "submitted", "token": "aaaa", "task": "t1"},
    {"kind": "ended", "token": "aaaa", "url": "https://x/1", "cost": "0.20", "seconds": 9.5},
    {"kind": "done", "token": "aaaa", "sha256": "cd" * 32, "bytes": 3, "out": "renders/skerry/cliff_t01.mp4"},
]
DATA = b"".join(encode(line) + b"\n" for line in TAKE)


def state_of(story: Story, token: str = OURS) -> AttemptState | None:
    made = story.attempt(token)
    return None if made is None else made.state


def test_a_take_is_told_from_its_intent_to_its_clip() -> None:
    story = replay(DATA)
    made = story.attempt("aaaa")
    assert made is not None
    assert (made.state, made.tasks, made.size, str(made.cost)) == (AttemptState.DONE, ("t1",), 3, "0.20")
    assert [(one.model, one.seconds) for one in story.durations] == [("sora-2", 9.5)]
    assert story.requests == {"aaaa": {"prompt": "a gull"}}
    assert not story.damage


@pytest.mark.parametrize("cut", range(len(DATA) + 1))
def test_a_journal_cut_at_any_byte_tells_all_whole_lines_and_goes_on(cut: int) -> None:
    data = DATA[:cut]
    whole = sum(1 for end in [len(b"".join(DATA.splitlines(True)[: n + 1])) - 1 for n in range(4)] if end <= cut)
    expected = [None, AttemptState.INTENT, AttemptState.SUBMITTED, AttemptState.SUBMITTED, AttemptState.DONE][whole]
    story = replay(data)
    assert state_of(story) == expected
    assert not story.damage

    files = Memory()
    files.put(PATH, data)
    journal = Journal(files, PATH, story)
    journal.write(intent("bbbb"), synced="P3")
    journal.write({"kind": "submitted", "token": "bbbb", "task": "t2"}, synced="P9")
    journal.close()
    again = replay(files.read(PATH) or b"")
    assert (state_of(again), state_of(again, "bbbb")) == (expected, AttemptState.SUBMITTED)
    assert not again.damage
    assert not again.torn


@pytest.mark.parametrize("line", range(3))
def test_damage_in_the_middle_is_told_and_all_else_is_used(line: int) -> None:
    lines = DATA.splitlines(True)
    lines[line] = lines[line].replace(b'"kind"', b'"kin\x00"')
    story = replay(b"".join(lines) + encode(intent("bbbb")) + b"\n")
    assert list(story.damage) == [line + 1]
    assert state_of(story, "bbbb") == AttemptState.INTENT
    assert story.orphans == ({"aaaa": ["t1"]} if line == 0 else {})


def test_damage_stays_known_when_a_torn_end_is_closed_later() -> None:
    lines = DATA.splitlines(True)
    lines[1] = lines[1].replace(b"t1", b"t9")
    files = Memory()
    files.put(PATH, b"".join(lines)[:-7])
    for token in ["bbbb", "cccc"]:
        journal = Journal(files, PATH, replay(files.read(PATH) or b""))
        journal.write(intent(token))
        journal.close()
    assert list(replay(files.read(PATH) or b"").damage) == [2]


def test_a_write_that_failed_halfway_does_not_spoil_the_next() -> None:
    files = Memory()
    journal = Journal(files, PATH, Story())
    journal.write(intent("aaaa"), synced="P3")
    files.fail = len(files.steps) + 1
    with pytest.raises(StateError, match=r"can't write to .*lineage2.jsonl`: no space left on device"):
        journal.write({"kind": "submitted", "token": "aaaa", "task": "t1"}, synced="P9")
    journal.write({"kind": "submitted", "token": "aaaa", "task": "t1"}, synced="P9")
    journal.close()
    story = replay(files.read(PATH) or b"")
    assert state_of(story) == AttemptState.SUBMITTED
    assert not story.damage


@given(st.permutations(TAKE[1:] + [{"kind": kind, "token": "aaaa", "why": "x"} for kind in
       ("uncertain", "vanished", "unavailable", "failed", "void")]))  # fmt: skip
def test_states_only_grow_and_a_task_is_never_forgotten(lines: list[Values]) -> None:
    story = replay(encode(TAKE[0]))
    highest, known = AttemptState.INTENT, False
    for line in lines:
        if line["kind"] == "void" and not known:
            continue
        story = replay(encode(line), story)
        known = known or line["kind"] == "submitted"
        made = story.attempt("aaaa")
        assert made is not None
        assert made.state.rank >= highest.rank
        assert bool(made.tasks) == known
        highest = made.state
    assert highest == AttemptState.DONE


def test_a_void_intent_never_was_but_a_paid_one_stays() -> None:
    void = encode({"kind": "void", "token": "aaaa", "why": "rate limit"}) + b"\n"
    assert replay(DATA.splitlines(True)[0] + void).attempts == {}
    story = replay(DATA + void + DATA[:0])
    assert state_of(story) == AttemptState.DONE
    assert list(story.damage) == [5]


def test_an_adopted_task_joins_what_is_known() -> None:
    first = replay(DATA.splitlines(True)[0])
    first.judge("aaaa")
    adopted = attempt_values(attempt("aaaa", state=AttemptState.SUBMITTED, tasks=("t7",)))
    story = replay(encode(adopted), first)
    made = story.attempt("aaaa")
    assert made is not None
    assert (made.state, made.tasks) == (AttemptState.SUBMITTED, ("t7",))


def test_a_newer_journal_is_refused_and_unknown_lines_are_passed_over() -> None:
    with pytest.raises(JournalUnusable):
        replay(encode({"kind": "journal", "version": 2}) + b"\n")
    assert not replay(encode({"kind": "festoon", "token": "aaaa"}) + b"\n").damage


def test_a_task_costs_at_most_four_lines_and_a_thousand_bytes() -> None:
    files = Memory()
    journal = Journal(files, PATH, Story())
    request = {"prompt": "x" * 300, "model": "sora-2"}
    line = intent("k" * 20) | {"recipe": RECIPE, "inputs": {"stairs": "cd" * 32}, "currency": "USD", "request": request}
    journal.write(line)
    first = len(files.read(PATH) or b"")
    journal.write({"kind": "submitted", "token": "k" * 20, "task": "task_" + "e" * 32, "t": 1_800_000_000.123})
    journal.write({"kind": "ended", "token": "k" * 20, "url": "https://x.example/" + "u" * 100, "seconds": 12.125})
    journal.write(TAKE[3] | {"token": "k" * 20, "t": 1_800_000_000.123})
    assert (files.read(PATH) or b"").count(b"\n") == 5
    assert first
    assert journal.length - len(encode(request)) <= 1000


def test_only_what_is_open_is_carried_when_a_journal_is_archived() -> None:
    files = Memory()
    going = [intent("bbbb"), {"kind": "submitted", "token": "bbbb", "task": "t2"}]
    lines = [*(line | {"token": f"zz{n:02}"} for n in range(20) for line in TAKE), *going]
    data = b"".join(encode(line) + b"\n" for line in lines)
    files.put(PATH, data)
    journal = Journal(files, PATH, replay(data))
    assert journal.archive(PATH.parent / "archive", "lineage2")
    assert files.read(PATH.parent / "archive/lineage2-0001.jsonl") == data
    rest = replay(files.read(PATH) or b"")
    assert list(rest.attempts) == ["bbbb"]
    assert len(rest.durations) == 20
    assert files.points == ["P25"]
    journal.write({"kind": "done", "token": "bbbb"}, synced="P20")
    journal.close()
    assert state_of(replay(files.read(PATH) or b""), "bbbb") == AttemptState.DONE


def test_durations_are_kept_with_the_seconds_of_the_clip_where_these_are_known() -> None:
    asked = intent("aaaa") | {"request": {"seconds": 15}}
    maker = intent("cccc") | {"address": "@gull", "request": {"seconds": 10}}
    took = {"kind": "ended", "seconds": 9.5}
    lines = [asked, took | {"token": "aaaa"}, intent("bbbb"), took | {"token": "bbbb"}, maker, took | {"token": "cccc"}]
    old: Values = {"kind": "learned", "durations": [["studio", "sora-2", 60.0], ["studio", "sora-2", 61, 10]]}
    data = b"".join(encode(line) + b"\n" for line in [old, *lines])
    story = replay(data)
    assert [(one.seconds, one.clip) for one in story.durations] == [(60.0, None), (61.0, 10), (9.5, 15), (9.5, None)]
    files = Memory()
    files.put(PATH, data + encode({"kind": "note", "text": "x" * 2000}) + b"\n")
    Journal(files, PATH, replay(files.read(PATH) or b"")).archive(PATH.parent / "archive", "lineage2")
    again = replay(files.read(PATH) or b"")
    assert [(one.seconds, one.clip) for one in again.durations][:4] == [
        (60.0, None),
        (61.0, 10),
        (9.5, 15),
        (9.5, None),
    ]


@given(st.binary(max_size=300))
def test_any_bytes_can_be_replayed(data: bytes) -> None:
    story = replay(DATA + data)
    assert state_of(story) == AttemptState.DONE or story.damage or story.torn
