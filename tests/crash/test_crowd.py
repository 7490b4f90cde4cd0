"""Fifty runs at once on one storyboard: one submits, the others say who it is; killed, it is out of the way at once.

In a process of its own, for clients are forked from a parent without threads.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_one_of_fifty_runs_submits_and_its_death_frees_the_storyboard() -> None:
    line = [sys.executable, "-m", "tests.campaign", "crowd", "--many", "50", "--rounds", "1"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[1].split()[:3] == ["50", "1", "49"]
