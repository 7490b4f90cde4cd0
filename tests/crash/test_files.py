"""A disk refuses an operation, once or for ever, or the power goes: in first and later runs, adoptions, fetches.

All operations: `python -m tests.campaign files --per-op 4`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from campaign.file_play import HARMS, judge, unharmed
from campaign.file_scenes import SCENES
from campaign.files import cases_of

EVERY = {"first": 61, "resume": 41}
"""Each how many-th operation of a scene is struck; of the others each 29th."""


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("harm", HARMS)
def test_nothing_is_paid_twice_nothing_is_lost_and_the_film_is_whole_in_the_end(scene: str, harm: str) -> None:
    seed = 5 * HARMS.index(harm) + 3 * list(SCENES).index(scene)
    struck = 0
    for case in cases_of(scene, harm, 1, EVERY.get(scene, 29), seed):
        verdict = judge(case)
        assert verdict.broken == [], f"python -m tests.campaign files --replay {case.name}"
        struck += bool(verdict.at)
    assert struck


@pytest.mark.parametrize("scene", SCENES)
def test_without_any_harm_every_scene_writes_and_every_clip_is_there(scene: str) -> None:
    verdict = unharmed(scene)
    assert verdict.operations > 30
    assert verdict.charges in {6, 7}


REAL = ("real:once-EIO:20:videos", "real:ever-ENOSPC:37:jobs", "real:limit:3000:tasks")
"""With the real command: an operation, all from one on, and files that the system lets grow to so many bytes."""


def test_the_real_command_on_a_real_disk_that_refuses() -> None:
    """In a process of its own, for clients are forked from a parent without threads."""
    line = [sys.executable, "-m", "tests.campaign", "files", *(word for name in REAL for word in ("--replay", name))]
    root = Path(__file__).parents[2]
    done = subprocess.run(line, cwd=root, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
