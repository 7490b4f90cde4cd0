"""A laptop that sleeps and a clock that jumps: no decision is the wall clock's, and after a sleep polls come first."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from engine.world import World, film, shot

from sorapipe.engine.events import Event, Progressed, Sent
from sorapipe.engine.messages import Limits
from sorapipe.engine.run import steady
from sorapipe.planning.facts import AttemptState
from sorapipe.providers.base import Missed, PollAnswer
from sorapipe.state.session import Outside
from sorapipe.state.workspace import Workspace

HOURS = 7200.0


def sleeps(world: World, when: Callable[[Event], bool], seconds: float = HOURS) -> list[float]:
    """The machine sleeps once, at the first event of that kind; when it woke up."""
    woke: list[float] = []

    def watch(event: Event) -> None:
        if when(event) and not woke:
            world.now += seconds
            woke.append(world.now)

    world.watch = watch
    return woke


def shots(number: int) -> World:
    return World(film(*(shot(f"s{index}") for index in range(number))), seconds=lambda _: HOURS * 2)


def test_a_sleep_is_no_patience_that_was_used_up() -> None:
    world = World(film(shot("a"), shot("b", continues="a")), limits=Limits(max_wait=3600.0))
    sleeps(world, lambda event: isinstance(event, Progressed))
    outcome = world.run()
    assert outcome is not None
    assert outcome.exit_code == 0
    assert world.states() == {"a": [AttemptState.DONE], "b": [AttemptState.DONE]}


def test_a_run_that_hears_nothing_still_ends_by_its_patience_however_it_slept() -> None:
    world = shots(1)
    world.limits = Limits(max_wait=600.0)
    woke = sleeps(world, lambda event: isinstance(event, Progressed))
    outcome = world.run()
    assert outcome is not None
    assert outcome.exit_code == 10
    assert 500 < world.now - woke[0] < 700


@pytest.mark.parametrize("deaf", [0.0, 20.0])
def test_polls_come_first_after_a_sleep(deaf: float) -> None:
    world = shots(2)
    world.limits = Limits(creates=1, window=100.0)
    woke = sleeps(world, lambda event: isinstance(event, Progressed))
    answered: list[float] = []

    def poll(charged: object, now: float) -> PollAnswer | None:
        if woke and now < woke[0] + deaf:
            return Missed("the network is still away")
        if woke:
            answered.append(now)
        return None

    world.provider.script.every_poll = poll
    world.stop_at(HOURS + 2000.0)
    world.run()
    (second,) = [at for at, event in world.events if isinstance(event, Sent)][1:]
    assert woke[0] + deaf <= answered[0] < second < woke[0] + deaf + 60


def test_purchases_wait_no_longer_than_a_minute_for_a_poll() -> None:
    world = shots(2)
    world.limits = Limits(creates=1, window=100.0)
    woke = sleeps(world, lambda event: isinstance(event, Progressed))
    world.provider.script.every_poll = lambda charged, now: Missed("never again") if woke else None
    world.stop_at(HOURS + 2000.0)
    world.run()
    (second,) = [at for at, event in world.events if isinstance(event, Sent)][1:]
    assert woke[0] + 59 < second < woke[0] + 130


def test_a_wall_clock_that_jumps_changes_nothing() -> None:
    def played(jumps: bool) -> list[tuple[float, Event]]:
        world, chance = World(film(*(shot(f"s{index}") for index in range(6)))), Random(7)
        wall = (lambda: world.now + chance.uniform(-1e8, 1e8)) if jumps else (lambda: world.now)
        outside = Outside(wall, world.random.randbytes)
        world.workspace = Workspace(Path("/film/film.yaml"), Path("/state"), world.disk, outside)
        outcome = world.run()
        assert outcome is not None
        assert outcome.exit_code == 0
        return world.events

    assert played(jumps=True) == played(jumps=False)


def test_the_clock_of_a_run_is_one_that_nobody_can_set() -> None:
    before = steady()
    assert 0 <= steady() - before < 60
    if hasattr(time, "CLOCK_BOOTTIME"):
        assert abs(steady() - time.clock_gettime(time.CLOCK_BOOTTIME)) < 60
