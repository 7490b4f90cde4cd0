"""Random worlds: faults, kills and signals by seed; the promises hold after each run, and in the end all is settled."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from engine.scripted import Charged
from engine.world import World, character, film, never_twice, shot

from sorapipe.engine.messages import Hint, Limits
from sorapipe.planning.facts import AttemptState
from sorapipe.planning.plan_types import Wishes
from sorapipe.providers.base import (
    CreateAnswer,
    DownloadFailed,
    Failed,
    ListAnswer,
    Listed,
    Missed,
    NotThere,
    PollAnswer,
    Refusal,
    Refused,
    Running,
    Succeeded,
    Unknown,
)
from sorapipe.storyboard.model import Shot, Storyboard

SETTLED = {0, 8, 9, 12}


def any_film(random: Random) -> Storyboard:
    shots: list[Shot] = []
    cast = [character("gull", of="s0")]
    for number in range(random.randint(2, 9)):
        more: dict[str, object] = {}
        parent = f"s{random.randrange(number)}" if number else None
        kind = random.random()
        if parent and kind < 0.3:
            more["continues"] = parent
        elif parent and kind < 0.4:
            more["needs"] = [parent]
        words = " @gull." if number and random.random() < 0.2 else ""
        shots.append(shot(f"s{number}", f"Picture {number}.{words}", takes=random.choice([1, 1, 1, 2]), **more))
    return film(*shots, characters=cast)


def any_create(random: Random) -> CreateAnswer | None:
    kind = random.random()
    if kind < 0.8:
        return None
    return random.choice(
        [
            Unknown("reset"),
            Refused(Refusal.RATE, "slow", random.choice([None, 0.0, -1.0, 1e9, 7.0])),
            Refused(Refusal.REQUEST, "moderation"),
            Refused(Refusal.UNREACHABLE, "no route"),
            Refused(Refusal.UNAVAILABLE, "maintenance"),
            Refused(Refusal.CREDITS, "empty"),
            Refused(Refusal.AUTHENTICATION, "revoked"),
        ]
    )


def any_poll(random: Random) -> PollAnswer | None:
    if random.random() < 0.7:
        return None
    return random.choice(
        [
            Missed("502"),
            Missed("429", random.choice([0.0, 3.0, 1e9])),
            NotThere("no"),
            Running(unknown_word="musing"),
            Running(progress=random.randrange(100)),
            Succeeded(None),
            Failed(None, "sorry") if random.random() < 0.2 else Missed("garbage"),
        ]
    )


def any_list(random: Random) -> ListAnswer | None:
    if random.random() < 0.6:
        return None
    return random.choice(
        [
            Missed("502"),
            Missed("429", random.choice([0.0, 3.0, 1e9])),
            Listed({}, {}),
            Listed({"task_00001": Running(), "task_00002": Succeeded(None), "stranger": Running()}, {"x": "y"}),
            Listed({"task_00002": Missed("garbage"), "task_00003": NotThere("no")}, {}),
        ]
    )


def any_hint(world: World, random: Random) -> tuple[float, Hint]:
    return world.now + random.uniform(0, 300), Hint(f"task_{random.randrange(1, 12):05}")


def harm(world: World, random: Random) -> None:
    script = world.provider.script
    script.creates = [any_create(random) for _ in range(20)]
    script.lose = {n for n in range(200) if random.random() < 0.5}
    script.every_poll = lambda charged, now: any_poll(random)
    script.every_list = lambda: any_list(random)
    script.unlisted = {f"task_{n:05}" for n in range(1, 40) if random.random() < 0.2}
    script.cut_at = [random.randrange(500) for _ in range(random.randrange(3))]
    script.downloads = {
        f"task_{n:05}": [random.choice([b"<html>", DownloadFailed("gone", gone=True), DownloadFailed("reset")])]
        for n in range(1, 40)
        if random.random() < 0.2
    }


def heal(world: World) -> None:
    def done_when_its_time_has_come(charged: Charged, now: float) -> None:
        return None

    world.provider.script.creates = []
    world.provider.script.every_poll = done_when_its_time_has_come
    world.provider.script.every_list = None
    world.provider.script.downloads = {}
    world.provider.script.cut_at = []
    world.at.clear()


def name_of(charged: Charged) -> str:
    return charged.order.character_name or charged.order.prompt.partition(".")[0]


@pytest.mark.parametrize("seed", range(150))
def test_the_promises_hold_in_any_world_and_it_comes_to_rest(seed: int) -> None:
    comes_to_rest(seed, frozenset())


@pytest.mark.parametrize("seed", range(1000, 1100))
def test_they_hold_where_the_provider_has_a_list_and_anybody_sends_hints(seed: int) -> None:
    comes_to_rest(seed, frozenset({"studio"}))


@pytest.mark.parametrize("seed", range(2000, 2080))
def test_they_hold_where_the_list_gives_tokens_back_and_hours_pass_between_runs(seed: int) -> None:
    comes_to_rest(seed, frozenset({"studio"}), seeks=True)


def comes_to_rest(seed: int, lists: frozenset[str], *, seeks: bool = False) -> None:
    random = Random(seed)
    world = World(
        any_film(random),
        seconds=lambda _: random.choice([5.0, 40.0, 200.0]),
        seed=seed,
        limits=Limits(
            in_flight=random.choice([1, 3, 100]),
            creates=random.choice([None, 2]),
            downloads=random.choice([1, 4]),
            lists=lists,
            seek=lists if seeks else frozenset(),
        ),
    )
    with never_twice(world):
        for _ in range(random.randint(1, 4)):
            harm(world, random)
            if seeks:  # a list may lag behind, but leaves nothing out for ever
                world.provider.script.unlisted, world.provider.script.lag = set(), random.choice([0.0, 30.0, 800.0])
            world.at = [any_hint(world, random) for _ in range(20)] if lists else []
            if random.random() < 0.2:
                world.stop_at(world.now + random.uniform(0, 100))
            kill = random.randrange(1, 150) if random.random() < 0.5 else None
            world.run(Wishes(first_takes=True), kill_at=kill)
            world.now += random.choice([10, 2000, 20000]) if seeks else 10
        heal(world)
        code = None
        for _ in range(12):
            outcome = world.run(Wishes(first_takes=True))
            if outcome is None:
                break
            code = outcome.exit_code
            world.now += 10
            if outcome.exit_code in {9, 8, 12} and outcome.sent == 0 and not outcome.running:
                break
        else:
            pytest.fail(f"the world does not come to rest: {code} {world.states()}")
    bought = Counter(name_of(charged) for charged in world.provider.charges.values())
    for one in world.storyboard.shots:
        assert bought[f"Picture {one.label[1:]}"] <= one.takes, "paid more takes than were asked for"
    assert bought["Gull"] <= 1
    open_ones = [a for found in world.attempts().values() for a in found if a.state is AttemptState.SUBMITTED]
    assert open_ones == []
    assert code is None or code in SETTLED
