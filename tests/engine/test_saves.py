"""When a run writes the lock: at the first task, then seldom, and before it says how it ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine.world import World, film, shot

from sorapipe.engine.events import Event
from sorapipe.engine.messages import Limits
from sorapipe.engine.outcome import Outcome
from sorapipe.planning.plan_types import Wishes
from sorapipe.state.lock import LockFile, loads
from sorapipe.state.session import Session

LOCK = Path("/film/film.lock")
REPLACED = "P23"
"""The point at which a lock has taken the place of the one before."""


class Watched(World):
    """A world that looks at the lock when the run is over and its books are not closed yet."""

    at_the_end: bytes | None = None
    saves = 0

    def _run(self, session: Session, wishes: Wishes) -> Outcome:
        outcome = super()._run(session, wishes)
        self.at_the_end = self.disk.read(LOCK)
        self.saves = self.disk.points.count(REPLACED)
        return outcome


def read(world: World) -> LockFile:
    return loads(world.disk.read(LOCK) or b"")


def test_a_lock_is_written_when_the_first_task_is_known() -> None:
    world = World(film(*(shot(f"s{number}") for number in range(5))))
    seen: list[tuple[int, int]] = []

    def look(_: Event) -> None:
        paid = len(world.provider.charges)
        seen.append((paid, 0 if world.disk.read(LOCK) is None else len(read(world).tasks())))

    world.watch = look
    world.run()
    assert (0, 0) in seen
    assert max(known for paid, known in seen if paid == 2) >= 1


def test_all_is_in_the_lock_before_the_run_says_how_it_ended() -> None:
    world = Watched(film(*(shot(f"s{number}") for number in range(5))))
    outcome = world.run()
    assert outcome is not None
    assert world.at_the_end == world.disk.read(LOCK)
    assert {record.values["state"] for record in read(world).attempts.values()} == {"done"}


@pytest.mark.parametrize("seconds", [0.001, 0.2, 5.0, 20.0])
def test_saves_take_less_than_a_fiftieth_of_a_run(seconds: float) -> None:
    world = Watched(film(*(shot(f"s{number}") for number in range(120))), limits=Limits(in_flight=4))
    clock = [0.0]

    def stopwatch() -> float:
        clock[0] += seconds
        return clock[0]

    world.stopwatch = stopwatch
    began = world.now
    world.run()
    first_and_last = 2
    assert world.saves > first_and_last
    assert (world.saves - first_and_last) * seconds <= 0.02 * (world.now - began)
