"""Some cells of the fault matrix: a fault at a call, at the first, the k-th or all of them; the real command line.

All of them: `python -m tests.campaign faults --dialect all`. In a process of its own, for clients are forked.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from campaign.fault_cells import CALLS, DIALECTS, ENDS, FAULTS, WHERE, Cell, cells
from campaign.fault_suite import SUITE

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.xdist_group("matrix"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def verdicts() -> Mapping[Cell, list[list[str]]]:
    """What broke in each cell of the suite."""
    line = [sys.executable, "-m", "tests.campaign", "faults", "--suite", "--json"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    found = {}
    for said in done.stdout.splitlines():
        cell, broken, _, _ = json.loads(said)
        found[Cell(*cell)] = broken
    assert len(found) == len(SUITE), done.stderr
    return found


@pytest.mark.parametrize("cell", SUITE, ids=lambda cell: f"{cell.fault}-{cell.call}-{cell.where}-{cell.dialect}")
def test_a_fault_costs_nothing_twice_loses_nothing_and_ends_as_it_should(
    cell: Cell, verdicts: Mapping[Cell, list[list[str]]]
) -> None:
    assert verdicts[cell] == [], cell.command


def test_the_matrix_has_sixty_faults_at_four_calls_three_times_each() -> None:
    every = list(cells())
    assert len(FAULTS) >= 60
    assert {cell.where for cell in every} == set(WHERE)
    several = Counter(cell.call for cell in set(every) if cell.where == "all" and cell.dialect in {"tasks", "videos"})
    assert all(several[call] > 60 for call in CALLS)
    assert {(cell.call, cell.dialect) for cell in SUITE} >= {
        (call, dialect) for call in ("create", "poll", "download") for dialect in DIALECTS
    }
    assert set(SUITE) <= set(every)
    struck = {(cell.call, FAULTS[cell.fault].class_of(cell.call, cell.dialect)) for cell in SUITE}
    assert struck == {(call, kind) for call, kinds in ENDS.items() for kind in kinds}
