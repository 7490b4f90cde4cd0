"""A real run dies at every persistence point, at any moment, twice, by signals: nothing is lost, nothing is paid twice.

The same cases in large numbers: `python -m tests.campaign crash --per-point 100`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future

import pytest
from campaign.crash import Pool, Verdict, case_of, names_of
from campaign.dying import POINTS
from campaign.film import PROVIDERS

POINT_CASES = names_of("point", (*POINTS, "any", "torn"), 1, seed=7)
OTHER_CASES = [
    *names_of("random", (), 2, seed=3),
    *names_of("pair", ("P5", "P13b", "P22"), 1, seed=11),
    "signal:INT:simulator:5",
    "signal:TERM2:simulator-videos:5",
    "signal:HUP:simulator-jobs:5",
    *names_of("command", (), 1, seed=0),
    "point:P4:simulator-jobs:3",  # a character that was not bought: sent again by itself
    "point:P5:simulator-videos:3",  # a character that is made at once: it can't be asked for, only named
]
Verdicts = Mapping[str, "Future[Verdict]"]
pytestmark = [pytest.mark.xdist_group("crash"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    names = len(POINT_CASES) + len(OTHER_CASES) + len(PROVIDERS)
    with Pool(tmp_path_factory.mktemp("crashes"), names).open() as pool:
        yield pool
        assert pool.server.said() == ""


@pytest.fixture(scope="module")
def undisturbed(pool: Pool) -> Mapping[str, Verdict]:
    return pool.references()


@pytest.fixture(scope="module")
def verdicts(pool: Pool, undisturbed: Mapping[str, Verdict]) -> Verdicts:
    """All cases, begun at once: two at a time are carried out while tests wait for theirs."""
    names = [*POINT_CASES, *OTHER_CASES]
    return {name: pool.threads.submit(pool.carry_out, case_of(name, pool, undisturbed)) for name in names}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_run_that_nobody_kills_passes_all_points(provider: str, undisturbed: Mapping[str, Verdict]) -> None:
    verdict = undisturbed[provider]
    assert verdict.broken == []
    assert set(POINTS) - set(verdict.passed) == {"P25", "P26"}  # a long journal; a lock of an older version


@pytest.mark.parametrize("name", POINT_CASES)
def test_killed_at_a_point(name: str, verdicts: Verdicts) -> None:
    verdict = verdicts[name].result()
    assert verdict.broken == [], verdict.kept
    assert verdict.killed == 1


@pytest.mark.parametrize("name", OTHER_CASES)
def test_killed_at_any_moment_again_while_recovering_by_signals_and_from_cold(name: str, verdicts: Verdicts) -> None:
    verdict = verdicts[name].result()
    assert verdict.broken == [], verdict.kept
