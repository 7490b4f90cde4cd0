"""Locks that somebody else wrote: every line has its right digest and says what sorapipe would never write."""

from __future__ import annotations

import json

import pytest
from attacks.hostile_data import attacks
from attacks.stage import FORGED, LINEAGE, TOKEN, Stage, attempt, seal, sealed

TASKS = attacks("tasks")
MEMBERS = {name: (one["record"], one["refused"]) for name, one in attacks("locks").items()}
MEMBERS |= {
    "take-of-4300-digits": ({"take": int("9" * 4_300)}, "take"),
    "bytes-of-4000-digits": ({"bytes": 10**4_000}, "bytes"),
    "address-forged": ({"address": FORGED}, "address"),
}


@pytest.mark.parametrize("name", TASKS)
def test_a_task_that_would_change_the_url_is_none(stage: Stage, name: str) -> None:
    stage.film()
    stage.lock(attempt(task=TASKS[name]["task"]))
    _unusable(stage, TASKS[name]["refused"])


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_that_nobody_writes_is_refused(stage: Stage, name: str) -> None:
    stage.film()
    record, word = MEMBERS[name]
    clip: dict[str, object] = {"sha256": "0" * 64, "bytes": 5} if "out" in record else {}
    stage.lock(attempt(**(clip | record)))
    _unusable(stage, word)


def _unusable(stage: Stage, word: str = "") -> None:
    """Every verb ends with 5, and a run neither sends nor writes anything beside its run lock."""
    before = stage.files()
    for words in (("plan",), ("status", "--json"), ("run", "--yes")):
        result = stage.run(*words, code=5)
        assert word in result.err
        assert "storyboard.lock" in result.err
        assert len(result.err) < 2_000
    assert stage.files() == before
    stage.nothing_sent()


LETTERS = "abcdefghijklmnopqrstuvwxyz"
FIRST_LINES: dict[str, dict[str, object]] = {
    "lineage-up": {"lineage": "../../x"},
    "lineage-newline": {"lineage": "abcdefghijkl\n"},
    "lineage-number": {"lineage": 5},
    "lineage-index": {"lineage": "index"},
    "also-a-text": {"lineage": LINEAGE, "also": "x"},
    "also-up": {"lineage": LINEAGE, "also": ["../../x"]},
    "also-600": {"lineage": LINEAGE, "also": [f"abcdefghijklmnopqr{one}{two}" for one in LETTERS for two in LETTERS]},
    "version-of-4000-digits": {"lineage": LINEAGE, "version": 10**4_000},
    "version-next": {"lineage": LINEAGE, "version": 2},
}


@pytest.mark.parametrize("name", FIRST_LINES)
def test_a_first_line_that_nobody_writes_is_refused(stage: Stage, name: str) -> None:
    stage.film()
    (stage.folder / "storyboard.lock").write_bytes(sealed({"kind": "lock", "version": 1} | FIRST_LINES[name]) + b"\n")
    _unusable(stage)
    assert not (stage.state / "locks").exists() or len(list((stage.state / "locks").iterdir())) < 5


BYTES = {
    "empty": b"",
    "nul": b"\0" * 100_000,
    "text": b"hello\n",
    "deep-json": seal(b'{"kind":"x","v":' + b"[" * 100_000 + b"]" * 100_000) + b"\n",
    "number-of-5000-digits": seal(b'{"kind":"attempt","take":' + b"9" * 5_000) + b"\n",
    "two-objects": seal(b'{"kind":"x"}{"kind":"y"') + b"\n",
    "not-utf-8": seal(b'{"kind":"\xff"') + b"\n",
    "surrogate": seal(b'{"kind":"\xed\xa0\x80"') + b"\n",
    "wrong-digest": b'{"kind":"lock","version":1,"~":"00000000"}\n',
    "merge-conflict": b"<<<<<<< HEAD\n=======\n>>>>>>> other\n",
}


@pytest.mark.parametrize("name", BYTES)
def test_bytes_that_are_no_lock_are_refused(stage: Stage, name: str) -> None:
    stage.film()
    (stage.folder / "storyboard.lock").write_bytes(BYTES[name])
    _unusable(stage)


CHOICES: dict[str, dict[str, object]] = {
    "pick-nonsense": {"kind": "pick", "address": "a", "take": "x", "token": 5},
    "waiver-number": {"kind": "waiver", "address": 1},
    "waiver-inputs": {"kind": "waiver", "address": "a", "recipe": "x", "inputs": {"a": 5}, "because": []},
    "recipe-without-digest": {"kind": "recipe"},
    "recipe-list": {"kind": "recipe", "digest": "x", "recipe": []},
    "character-number": {"kind": "character", "name": "x", "recipe": "x", "provider": "simulator", "handle": 5},
    "character-escape": {
        "kind": "character",
        "name": "x",
        "recipe": "x",
        "provider": "simulator",
        "handle": {"username": FORGED},
    },
}


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_that_nobody_writes_is_refused(stage: Stage, name: str) -> None:
    stage.film()
    stage.lock(CHOICES[name])
    _unusable(stage)


def test_words_of_others_are_shown_escaped(stage: Stage) -> None:
    stage.film()
    stage.lock(
        attempt(state="failed", why=FORGED),
        {"kind": "note", "address": "a", "token": TOKEN, "take": 1, "text": FORGED},
        {"kind": FORGED, "address": FORGED},
    )
    for words in (("plan",), ("plan", "--json"), ("status",), ("status", "--json"), ("graph",)):
        stage.run(*words, code=0)


def test_a_long_lock_of_others_is_read_in_a_moment(stage: Stage) -> None:
    stage.film()
    stage.lock(*(attempt(address=f"b{n}", token=f"tttttttttttttt{n:06}") for n in range(10_000)))
    stage.run("plan", code=0)
    stage.run("status", code=0)


def test_a_lock_can_name_a_provider_but_not_bring_one(stage: Stage) -> None:
    """A profile in the cloned folder, named by a path, is never read: its address would get a key."""
    (stage.folder / "evil.yaml").write_text("dialect: tasks\nbase_url: https://evil.example\nkey_env: HOME\n")
    stage.film()
    stage.lock(attempt(provider="../film/evil", state="failed", task=None))
    shown = stage.run("plan", "--json", code=0)
    assert "evil.example" not in shown.out
    stage.run("plan", "--provider", "./evil", code=3)
    stage.run("plan", "--provider", "../film/evil", code=3)


def test_a_neighbours_lock_is_passed_over(stage: Stage) -> None:
    stage.film()
    stage.lock(attempt(cost="1E+999999999"), name="other.lock")
    (stage.folder / "cargo.lock").write_bytes(b"\xff" * 1_000)
    result = stage.run("plan", code=0)
    assert "other.lock" in result.err


def test_a_copied_lock_buys_nothing_twice_and_stays_two(stage: Stage) -> None:
    """`cp` of a storyboard and its lock: both are of one lineage, and only one of them runs at a time."""
    stage.film()
    stage.lock(attempt(state="failed", task=None))
    twin = stage.folder / "twin.yaml"
    twin.write_bytes((stage.folder / "storyboard.yaml").read_bytes())
    (stage.folder / "twin.lock").write_bytes((stage.folder / "storyboard.lock").read_bytes())
    from sorapipe.state.workspace import Workspace

    with Workspace.open(stage.folder / "storyboard.yaml").hold("the first"):
        assert "held" in stage.run("run", "twin.yaml", "--yes", code=4).err
    stage.nothing_sent()


@pytest.mark.parametrize(
    "damage",
    [b"\0" * 5_000, b'{"kind":"intent"', seal(b'{"kind":"intent","token":5') + b"\n", b"\xff\xfe\n" * 100,
     seal(b'{"kind":"ended","token":"x","seconds":1e999') + b"\n", seal(b'{"kind":"x","v":' + b"[" * 90_000) + b"\n",
     seal(b'{"kind":"ended","token":"x","cost":"1E+999999999"') + b"\n"],
    ids=["nul", "torn", "number", "bytes", "infinite", "deep", "cost"],
)  # fmt: skip
def test_a_damaged_journal_is_told_and_nothing_of_it_is_lost(stage: Stage, damage: bytes) -> None:
    stage.film()
    stage.lock(attempt(state="failed", task=None))
    journal = stage.state / "journals" / f"{LINEAGE}.jsonl"
    journal.parent.mkdir(parents=True)
    values = attempt(token="b" * 20, take=2, state=None, task=None, kind="intent")
    whole = sealed({"kind": "journal", "version": 1}) + b"\n" + sealed(values) + b"\n"
    journal.write_bytes(whole + damage)
    shown = json.loads(stage.run("status", "--json", code=0).out)
    assert [take["state"] for take in shown["shots"][0]["takes"]] == ["failed", "uncertain"]
    assert journal.read_bytes() == whole + damage
