"""Who judges the histories sees what is wrong: lost tasks, mixed records, a product that forgets a side."""

from __future__ import annotations

import pytest
from campaign.merge_oracle import lost, mixed
from campaign.merges import play

from sorapipe.state import merging
from sorapipe.state.records import encode

FIRST = {"kind": "lock", "lineage": "lineage2", "version": 1}
BASE = {"kind": "attempt", "token": "aaaa", "address": "a", "take": 1, "recipe": "r"}
SUBMITTED = BASE | {"state": "submitted", "task": "t1"}
DONE = BASE | {"state": "done", "task": "t1", "sha256": "5"}
OTHER = BASE | {"state": "done", "task": "t2", "sha256": "6"}
NOTE = {"kind": "note", "token": "aaaa", "text": "slower"}


def lock(*records: dict[str, object]) -> bytes:
    return b"".join(encode(one) + b"\n" for one in (FIRST, *records))


def test_the_join_of_two_lines_is_no_mixture() -> None:
    sides = [lock(SUBMITTED), lock(OTHER, NOTE)]
    both = {name: value for name, value in OTHER.items() if name != "task"} | {"tasks": ["t1", "t2"]}
    assert mixed(lock(both, NOTE), sides) == []
    assert lost(lock(both, NOTE), sides) == []
    assert lost(lock(both), [lock(DONE)]) == []


@pytest.mark.parametrize(
    "record",
    [
        DONE | {"sha256": "6"},
        OTHER | {"task": "t1", "state": "submitted"},
        SUBMITTED | {"task": "t2"},
        BASE | {"state": "done", "tasks": ["t1", "t3"], "sha256": "6"},
    ],
)
def test_a_mixture_is_found(record: dict[str, object]) -> None:
    assert mixed(lock(record), [lock(SUBMITTED), lock(OTHER)])


def test_what_is_lost_or_comes_from_nowhere_is_found() -> None:
    assert lost(lock(OTHER), [lock(DONE), lock(OTHER)]) == ["task t1 is lost"]
    assert lost(lock(), [lock(DONE)]) == ["task t1 is lost", "attempt aaaa is lost"]
    assert mixed(lock(DONE, NOTE), [lock(DONE)])
    assert mixed(encode(FIRST | {"lineage": "lineage3"}) + b"\n", [lock()])


def test_a_product_that_forgets_a_side_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def ours_only(data: bytes) -> tuple[bytes, int]:
        lines, kept, theirs = data.split(b"\n"), [], False
        for line in lines:
            if merging.is_mark(line):
                theirs = line.startswith(b"=")
            elif not theirs:
                kept.append(line)
        return b"\n".join(kept), sum(line.startswith(b"<<<<<<<") for line in lines)

    monkeypatch.setattr(merging, "without_marks", ours_only)
    monkeypatch.setattr("sorapipe.state.git.Git.sides", lambda git, path: None)
    assert any("is lost" in one for one in play(1, rounds=3).broken)
