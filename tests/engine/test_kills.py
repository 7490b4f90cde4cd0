"""The process dies at each persistence point, and again while recovering: nothing is sent twice, nothing is lost."""

from __future__ import annotations

import pytest
from engine.world import World, character, film, never_twice, shot

from sorapipe.planning.facts import AttemptState
from sorapipe.storyboard.model import Storyboard

POINTS = [f"P{n}" for n in range(1, 25) if n not in {10, 13}] + ["P10", "P13a", "P13b", "P13c"]


def story() -> Storyboard:
    cast = [character("gull", of="cliff")]
    return film(
        shot("cliff"),
        shot("stairs"),
        shot("after", continues="stairs"),
        shot("storm", "@gull passes."),
        characters=cast,
    )


def settled(world: World) -> bool:
    return all(
        attempt.state in {AttemptState.DONE, AttemptState.UNCERTAIN}
        for attempts in world.attempts().values()
        for attempt in attempts
    )


def points_of_a_run() -> list[str]:
    world = World(story())
    passed: list[str] = []
    reach = world.disk.reach

    def note(point: str) -> None:
        if point:
            passed.append(point)
        reach(point)

    world.disk.reach = note  # type: ignore[method-assign]
    world.run()
    return passed


PASSED = points_of_a_run()


def test_a_run_passes_all_points_of_an_attempt_and_of_the_lock() -> None:
    assert set(POINTS) <= set(PASSED)


def test_the_points_of_one_attempt_come_in_their_order() -> None:
    world_points = [point for point in PASSED if point not in {"P21", "P22", "P23", "P24", "P10"}]
    one = world_points[: world_points.index("P6") + 1]
    assert one == ["P1", "P2", "P3", "P4", "P5", "P6"]
    assert [p for p in world_points if p in {"P7", "P8", "P9"}][:3] == ["P7", "P8", "P9"]
    begin = world_points.index("P13a")
    tail = ["P13a", "P13b", "P13c", "P14", "P15", "P16", "P17", "P18", "P19", "P20"]
    assert world_points[begin : begin + 10] == tail


@pytest.mark.parametrize("at", range(1, len(PASSED) + 1))
def test_killed_at_any_point_the_next_runs_finish_and_nothing_is_sent_twice(at: int) -> None:
    world = World(story())
    with never_twice(world):
        assert world.run(kill_at=at) is None
        for _ in range(6):
            world.now += 100
            if world.plan().idle:
                break
            world.run()
    assert settled(world)
    lost = [attempt for found in world.attempts().values() for attempt in found if not attempt.tasks]
    assert len(lost) <= 1
    if not lost:
        assert len(world.provider.charges) == 5
        assert len(world.clips()) == 4
        assert world.plan().idle


@pytest.mark.parametrize("first", range(1, len(PASSED) + 1, 5))
def test_killed_again_while_recovering(first: int) -> None:
    for second in range(1, 40, 7):
        world = World(story(), seed=first * 100 + second)
        with never_twice(world):
            world.run(kill_at=first)
            world.now += 100
            world.run(kill_at=second)
            for _ in range(6):
                world.now += 100
                if world.plan().idle:
                    break
                world.run()
        assert settled(world)
