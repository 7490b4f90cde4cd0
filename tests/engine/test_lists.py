"""Providers with a list: one look serves all jobs, what it does not show is asked by itself, and lists that fail."""

from __future__ import annotations

from itertools import pairwise

import pytest
from engine.memory_disk import full
from engine.scripted import Charged, ScriptedProvider
from engine.world import World, character, film, never_twice, shot

from sorapipe.engine.events import Event, Said
from sorapipe.engine.messages import Limits, PolledAll
from sorapipe.planning.facts import AttemptState
from sorapipe.providers.base import Failed, Listed, Missed, PollAnswer, Running, Succeeded

S = AttemptState
LISTS = Limits(lists=frozenset({"studio"}))


def wave(jobs: int = 20, seconds: float = 60.0, **more: object) -> World:
    return World(film(*(shot(f"s{n:03}") for n in range(jobs))), seconds=lambda _: seconds, limits=LISTS, **more)  # type: ignore[arg-type]


def finished(world: World) -> None:
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0, outcome
    assert {state for (state,) in world.states().values()} == {S.DONE}


def said(world: World) -> list[str]:
    return [event.text for event in world.said(Said) if isinstance(event, Said)]


def test_one_look_answers_for_all_jobs() -> None:
    world = wave()
    finished(world)
    assert len(world.provider.looks) > 0
    assert world.provider.polls <= 1, "only the last one, when nobody else has anything of a look"
    assert world.schedule.outcome().polls == len(world.provider.looks) + world.provider.polls


def test_looks_keep_a_distance_so_that_each_serves_many() -> None:
    world = wave(600, 2.0, latency=0.005)
    at: list[float] = []
    newest = world.provider.newest
    world.provider.newest = lambda tasks: (at.append(world.now), newest(tasks))[1]  # type: ignore[method-assign]
    began = world.now
    finished(world)
    assert min(later - earlier for earlier, later in pairwise(at)) >= 0.05
    assert (len(at) + world.provider.polls) / 600 <= 0.3
    assert world.now - began <= 12.0 * 1.07 + 1.0


def test_what_the_list_shows_before_its_time_is_collected_at_once() -> None:
    world = World(film(shot("a"), shot("b"), shot("c", seconds=15)), limits=LISTS)
    world.provider._seconds = lambda number: 60.0 if number < 2 else 5.0
    ends: dict[str, float] = {}
    began = world.now

    def watch(event: Event) -> None:
        if type(event).__name__ == "Ended":
            ends[event.label] = world.now - began  # type: ignore[union-attr]

    world.watch = watch
    finished(world)
    assert ends["c"] < 8


def test_a_job_alone_is_asked_by_itself() -> None:
    world = wave(1)
    finished(world)
    assert world.provider.looks == []


def test_a_task_that_the_list_does_not_show_is_asked_by_itself() -> None:
    world = wave(8)
    world.provider.script.unlisted = {"task_00003"}
    finished(world)
    assert world.provider.charges["task_00003"].polls >= 1
    others = [one for task, one in world.provider.charges.items() if task != "task_00003"]
    assert sum(one.polls for one in others) <= 1
    assert said(world) == []


def test_a_list_that_says_nothing_twice_is_given_up_for_a_while_and_that_is_said_once() -> None:
    world = wave(8)
    world.provider.script.every_list = lambda: Missed("502")
    finished(world)
    assert len(world.provider.looks) == 2
    assert said(world) == ["the list of `studio` can't be read (502): each task is asked by itself for a while"]


def test_a_list_that_is_given_up_is_tried_again_later_and_nothing_more_is_said() -> None:
    world = wave(8, 900.0)
    world.provider.script.lists = [Missed("502")] * 3
    finished(world)
    assert len(world.provider.looks) > 3
    assert len(said(world)) == 1


def test_one_look_that_says_nothing_is_no_more_than_a_missed_poll() -> None:
    world = wave(8)
    world.provider.script.lists = [Missed("429", 30.0)]
    finished(world)
    assert len(world.provider.looks) > 2
    assert said(world) == []


def test_a_list_that_shows_none_of_ours_is_given_up() -> None:
    world = wave(8)
    world.provider.script.every_list = lambda: Listed({}, {})
    finished(world)
    assert len(world.provider.looks) <= 3
    assert said(world) == ["the list of `studio` shows none of our tasks: each task is asked by itself for a while"]


def test_a_finished_clip_without_an_address_in_the_list_is_asked_by_itself() -> None:
    world = wave(5)
    provider = world.provider
    newest = provider.newest

    def bare(tasks: object) -> object:
        listed = newest(tasks)  # type: ignore[arg-type]
        assert isinstance(listed, Listed)
        short = {t: Succeeded(None) if isinstance(a, Succeeded) else a for t, a in listed.answers.items()}
        return Listed(short, listed.tokens)

    provider.newest = bare  # type: ignore[method-assign, assignment]
    finished(world)
    assert all(charged.polls == 1 for charged in provider.charges.values())


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_job_that_failed_in_the_list_is_asked_by_itself(confirmed: bool) -> None:
    world = wave(5)
    failed = Failed("501", "generation failed")
    listed: dict[str, PollAnswer] = {f"task_{n:05}": Running() for n in range(1, 6)}
    world.provider.script.lists = [Listed({**listed, "task_00002": failed}, {})]
    world.provider.script.polls = {"task_00002": [failed]} if confirmed else {}
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == (8 if confirmed else 0)
    assert [end.why for end in outcome.ended if end.state is S.FAILED] == ["501: generation failed"] * confirmed


def test_characters_and_expired_addresses_are_asked_by_themselves() -> None:
    from sorapipe.providers.base import DownloadFailed

    cast = [character("gull", of="a")]
    world = World(film(shot("a"), shot("b", "@gull."), shot("c"), shot("d"), characters=cast), limits=LISTS)
    world.provider.script.downloads = {"task_00002": [DownloadFailed("403", gone=True)]}
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0
    assert world.provider.charges["task_00002"].polls >= 1
    maker = next(one for one in world.provider.charges.values() if one.order.character_name)
    assert maker.polls >= 1
    assert all(maker.task not in look for look in world.provider.looks)


def test_a_key_that_is_refused_by_the_list_leaves_the_jobs_to_a_later_run() -> None:
    world = wave(8)
    world.provider.script.every_list = lambda: Missed("401", authentication=True)
    world.provider.script.every_poll = lambda *_: Missed("401", authentication=True)
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 6
    world.provider.script.every_list = world.provider.script.every_poll = None
    finished(world)
    assert len(world.provider.charges) == 8


def test_what_the_disk_refuses_of_a_look_ends_the_run_and_loses_nothing() -> None:
    world = wave(6)
    newest = world.provider.newest

    def then_full(tasks: object) -> object:
        if world.now > 1059:
            world.disk.refuse = full("append /state/journals")
        return newest(tasks)  # type: ignore[arg-type]

    world.provider.newest = then_full  # type: ignore[method-assign, assignment]
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 11
    world.disk.refuse = None
    world.provider.newest = newest  # type: ignore[method-assign]
    finished(world)
    assert len(world.provider.charges) == 6


def test_client_tokens_that_a_list_gives_back_are_in_the_news() -> None:
    world = wave(4)
    heard: list[PolledAll] = []
    drive = world._drive

    def driven(schedule: object, studio: object) -> object:
        step = schedule.step  # type: ignore[attr-defined]

        def stepped(news: object, now: float) -> object:
            if isinstance(news, PolledAll):
                heard.append(news)
            return step(news, now)

        schedule.step = stepped  # type: ignore[attr-defined]
        return drive(schedule, studio)  # type: ignore[arg-type]

    world._drive = driven  # type: ignore[method-assign, assignment]
    finished(world)
    sent = {
        order.token: world_task for order, world_task in ((c.order, c.task) for c in world.provider.charges.values())
    }
    assert heard and dict(heard[-1].tokens) == sent


def test_two_providers_with_lists_are_looked_at_apart() -> None:
    class Other(ScriptedProvider):
        def __init__(self, world: World) -> None:
            super().__init__(lambda: world.now, world.disk, prefix="old")

    from sorapipe.planning.facts import Attempt
    from sorapipe.providers.base import Order

    world = World(
        film(*(shot(f"a{n}") for n in range(3)), *(shot(f"b{n}") for n in range(3))),
        limits=Limits(lists=frozenset({"studio", "oldhouse"})),
    )
    old = Other(world)
    world.others["oldhouse"] = old
    recipes = world.outlook().ground.recipes
    with world.workspace.hold("x") as session:
        for n in range(3):
            digest = recipes.shot(f"a{n}").digest
            attempt = Attempt(f"{n:a>20}", f"a{n}", 1, digest, "oldhouse", "sora-2", S.SUBMITTED, tasks=(f"old_{n}",))
            session.record(attempt)
            order = Order("sora-2", f"a{n}", 10, "1280x720", attempt.token, attempt.token)
            old.charges[f"old_{n}"] = Charged(f"old_{n}", order, world.now, 30.0)
    finished(world)
    assert old.looks and all(task.startswith("old_") for look in old.looks for task in look)
    assert world.provider.looks and all(task.startswith("task_") for look in world.provider.looks for task in look)


@pytest.mark.parametrize("at", range(1, 120, 3))
def test_killed_at_any_point_with_a_list_nothing_is_sent_twice(at: int) -> None:
    world = wave(4)
    with never_twice(world):
        world.run(kill_at=at)
        for _ in range(6):
            world.now += 100
            if world.plan().idle:
                break
            world.run()
    assert {state for (state,) in world.states().values()} <= {S.DONE, S.UNCERTAIN}


def test_the_points_of_a_poll_are_reached_with_a_list_too() -> None:
    world = wave(3)
    passed: list[str] = []
    reach = world.disk.reach

    def note(point: str) -> None:
        passed.append(point)
        reach(point)

    world.disk.reach = note  # type: ignore[method-assign]
    finished(world)
    assert passed.count("P11") == 3
    assert passed.count("P12") == 3
    assert passed.index("P10") < passed.index("P11") < passed.index("P12")
