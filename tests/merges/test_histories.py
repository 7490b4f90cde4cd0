"""Two machines and real git: whatever they do, nothing that was paid is lost and no two records are mixed."""

from __future__ import annotations

import pytest
from campaign.merges import play


@pytest.mark.parametrize("seed", range(1000, 1015))
def test_a_history_loses_and_mixes_nothing(seed: int) -> None:
    told = play(seed, rounds=2)
    assert not told.broken, "\n".join([told.way, *told.story])
    assert told.tasks
