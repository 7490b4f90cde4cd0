"""Clients that are wrong on purpose are caught by the suites, and the right one is not: else the suites prove nothing.

All of them in all suites: `python -m tests.campaign broken`. Here those that a virtual suite catches soon, and a few of
those that need processes and a server.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from campaign.broken import EVERY, VIRTUAL_PLAYS, Judge, Row
from campaign.wrong_client import CRASH, FAULTS, VIRTUAL, WORLDS, Trap, Wrong

ROOT = Path(__file__).parents[2]
FEW = (
    (CRASH, "uses-a-token-twice"),
    (FAULTS, "sends-again-on-500"),
    (FAULTS, "follows-a-redirect-of-a-create"),
    (FAULTS, "takes-the-key-along"),
    (FAULTS, "resumes-blindly"),
)
_MOST_WORLDS = 200
"""Whoever is caught in one world of many is left to the campaign."""
_VIRTUAL = [
    (wrong, trap)
    for wrong in EVERY.values()
    for trap in wrong.traps
    if trap.suite in VIRTUAL and not (trap.suite == WORLDS and len(trap.cases) > _MOST_WORLDS)
]
pytestmark = [pytest.mark.xdist_group("broken"), pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(lambda suite, case, wrong: VIRTUAL_PLAYS[suite](case, wrong))


@pytest.mark.parametrize(("wrong", "trap"), _VIRTUAL, ids=[f"{wrong.name}-{trap.suite}" for wrong, trap in _VIRTUAL])
def test_a_wrong_client_is_caught_without_a_process(wrong: Wrong, trap: Trap, judge: Judge) -> None:
    row = judge.row(wrong, trap)
    assert row.caught, f"this client {wrong.what}; {trap.suite} says: {row.said or 'nothing'}"
    assert row.silent, f"{trap.suite} {row.case} says of the right client: {row.said}"


@pytest.fixture(scope="module")
def forked() -> Mapping[tuple[str, str], Row]:
    """In a process of its own, for clients are forked from one without threads."""
    only = [word for _, name in FEW for word in ("--only", name)]
    line = [sys.executable, "-m", "tests.campaign", "broken", "--suite", CRASH, "--suite", FAULTS, "--json", *only]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    rows = [Row(**json.loads(said)) for said in done.stdout.splitlines()]
    assert rows, done.stderr
    return {(row.suite, row.wrong): row for row in rows}


@pytest.mark.parametrize(("suite", "name"), FEW)
def test_a_wrong_command_line_is_caught(suite: str, name: str, forked: Mapping[tuple[str, str], Row]) -> None:
    row = forked[suite, name]
    assert row.caught, f"this client {EVERY[name].what}; {suite} says: {row.said or 'nothing'}"
    assert row.silent, f"{suite} {row.case} says of the right client: {row.said}"


def test_there_are_many_wrong_clients_and_every_suite_catches_some() -> None:
    assert len(EVERY) >= 30
    caught = [trap.suite for wrong in EVERY.values() for trap in wrong.traps]
    assert all(
        caught.count(suite) >= least for suite, least in (("crash", 10), ("faults", 20), ("files", 5), ("worlds", 15))
    )
    assert "crowd" in caught


def test_a_wrong_client_is_wrong_only_as_long_as_it_is_worn() -> None:
    from sorapipe.providers.http import Wire

    before = Wire.buy
    with EVERY["sends-again-on-500"].worn():
        assert Wire.buy is not before
    assert Wire.buy is before
