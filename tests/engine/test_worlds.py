"""Whole lives of films by seed: two machines, git, faults, kills, power cuts; the promises hold after every event.

More of them: `python -m tests.campaign worlds --count 10000 --jobs 2`.
"""

from __future__ import annotations

from collections import Counter

import pytest
from campaign.worlds import live

MANY = 50
HAPPENS = (
    "creates",
    "killed",
    "kill -9 at a point",
    "power cut at a point",
    "power cut while idle",
    "laptop sleeps in a run",
    "something while a run goes on",
    "fault at create: unknown, taken",
    "pull: merge by join",
    "clip deleted",
    "exit 0",
    "exit 9",
    "exit 11",
)


@pytest.mark.parametrize("first", range(0, 4 * MANY, MANY))
def test_the_promises_hold_after_every_event_and_every_world_comes_to_rest(first: int) -> None:
    counts: Counter[str] = Counter()
    broken: dict[str, list[str]] = {}
    for seed in range(first, first + MANY):
        world = live(seed)
        counts.update(world.counts)
        if world.broken:
            broken[f"python -m tests.campaign worlds --replay {seed}"] = world.broken
    assert broken == {}
    assert [what for what in HAPPENS if not counts[what]] == [], "worlds in which little happens prove little"
    assert counts["creates"] > 2 * MANY


def test_a_world_is_the_same_whenever_it_is_played() -> None:
    assert [live(seed).told for seed in range(3)] == [live(seed).told for seed in range(3)]
