"""What is learned of how long clips take, by model and seconds, and what hints and slow providers do to polls."""

from __future__ import annotations

import pytest
from engine.scripted import Charged
from engine.world import World, character, film, shot

from sorapipe.engine.events import Event, Paused
from sorapipe.engine.messages import Hint, Limits
from sorapipe.engine.poll import ANY_SECONDS, CHARACTER, Durations, worked
from sorapipe.providers.base import Missed, PollAnswer, Refusal, Refused, Running

TEN, FIFTEEN = ("studio", "sora-2", 10), ("studio", "sora-2", 15)


@pytest.mark.parametrize(
    ("told", "after", "by", "took"),
    [
        (60.0, 58.0, 61.0, 60.0),
        (60.0, None, None, 60.0),
        (60.0, None, 61.0, 60.0),
        (None, 58.0, 60.0, 59.0),
        (None, None, 100.0, 97.0),
        (None, 40.0, 60.0, None),
        (40.0, 58.0, 60.0, 58.0),  # it does not count the time in the queue
        (63.0, 58.0, 60.0, 60.0),  # it counts whole seconds, or from before we had an answer
        (63.0, None, 60.0, 58.2),
        (-1.0, 58.0, 60.0, 59.0),
        (1e9, None, None, None),
        (None, None, None, None),
    ],
)
def test_what_the_provider_says_is_believed_as_far_as_polls_allow(
    told: float | None, after: float | None, by: float | None, took: float | None
) -> None:
    assert worked(told, after, by) == (None if took is None else pytest.approx(took))


def test_clips_of_other_lengths_are_learned_apart() -> None:
    durations = Durations({TEN: [60.0] * 20, FIFTEEN: [120.0] * 20})
    assert durations.next_poll(TEN, 0.0) == pytest.approx(60.0, abs=0.5)
    assert durations.next_poll(FIFTEEN, 0.0) == pytest.approx(120.0, abs=0.5)


def test_all_lengths_together_are_believed_only_where_nothing_better_is_known() -> None:
    durations = Durations({("studio", "sora-2", ANY_SECONDS): [90.0] * 9, TEN: [60.0] * 9})
    assert durations.next_poll(TEN, 0.0) == pytest.approx(60.0, abs=0.5)
    assert durations.next_poll(FIFTEEN, 0.0) == pytest.approx(90.0, abs=0.5)
    assert not durations.knows(("studio", "sora-2", CHARACTER))


def test_a_list_is_looked_at_more_often_than_a_job_is_asked_by_itself() -> None:
    durations = Durations({TEN: [6.0, 8.0, 10.0, 12.0, 14.0] * 5})
    alone = durations.next_poll(TEN, 8.0)
    assert 8.0 < durations.next_poll(TEN, 8.0, shared=True) < alone


def test_a_run_learns_each_length_by_itself_and_the_next_run_knows_them() -> None:
    shots = [shot(f"s{n:02}", seconds=10 if n % 2 else 15) for n in range(40)]
    world = World(film(*shots), seconds=lambda number: 60.0 if number % 2 else 120.0)
    assert world.run() is not None
    known = {(one.model, one.clip, round(one.seconds)) for one in world.workspace.known().durations}
    assert known == {("sora-2", 10, 60), ("sora-2", 15, 120)}


def test_durations_of_a_provider_that_tells_none_come_from_the_polls_around_the_end() -> None:
    world = World(film(*(shot(f"s{n:02}") for n in range(40))), seconds=lambda _: 60.0)
    world.provider.script.tells_seconds = False
    assert world.run() is not None
    known = [one.seconds for one in world.workspace.known().durations]
    assert len(known) >= 30
    assert all(55 < one < 65 for one in known)


def test_a_provider_that_counts_whole_seconds_makes_nobody_wait_for_the_next_one() -> None:
    """2.3 s are told as 2 or 3 s."""
    world = World(film(*(shot(f"s{n:03}") for n in range(400))), seconds=lambda _: 2.3, latency=0.005)
    provider = world.provider
    state = provider._state

    def rounded(task: str) -> PollAnswer:
        from dataclasses import replace

        from sorapipe.providers.base import Succeeded

        answer = state(task)
        if isinstance(answer, Succeeded):
            charged = provider.charges[task]
            return replace(answer, seconds=float(int(charged.at + charged.seconds) - int(charged.at)))
        return answer

    provider._state = rounded  # type: ignore[method-assign]
    began = world.now
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0
    assert world.now - began <= 4 * 2.3 * 1.12 + 1.5
    assert outcome.polls / 400 <= 6.5


def test_characters_teach_nothing_about_clips() -> None:
    cast = [character(f"p{n}", url="https://example.org/p.mp4") for n in range(3)]
    shots = [shot(f"s{n}", f"@p{n}.") for n in range(3)]
    world = World(film(*shots, characters=cast), seconds=lambda number: 5.0 if number < 3 else 60.0)
    assert world.run() is not None
    assert {round(one.seconds) for one in world.workspace.known().durations} == {60}


# Hints.


def polled(world: World) -> dict[str, list[float]]:
    """When each task is asked, from now on."""
    times: dict[str, list[float]] = {}
    poll = world.provider.poll

    def noted(task: str, *, character: bool = False) -> PollAnswer:
        times.setdefault(task, []).append(world.now)
        return poll(task, character=character)

    world.provider.poll = noted  # type: ignore[method-assign]
    return times


@pytest.mark.parametrize("lists", [frozenset(), frozenset({"studio"})], ids=["tasks", "list"])
def test_a_hint_has_the_job_asked_at_once(lists: frozenset[str]) -> None:
    world = World(film(shot("a"), shot("b")), limits=Limits(lists=lists))
    times = polled(world)
    world.at = [(1055.5, Hint("task_00002"))]
    assert world.run() is not None
    assert 1055.5 in times["task_00002"]
    assert 1055.5 not in times.get("task_00001", [])


def test_a_hint_changes_nothing_by_itself() -> None:
    world = World(film(shot("a")))
    world.at = [(1010.0, Hint("task_00001"))]
    assert world.run() is not None
    assert world.provider.charges["task_00001"].collected_at == pytest.approx(1060, abs=4)


def test_hints_about_strangers_are_ignored_and_many_about_one_task_ask_once_a_second() -> None:
    quiet = World(film(shot("a")))
    assert quiet.run() is not None
    world = World(film(shot("a")))
    world.at = [(1020.0 + n / 100, Hint(task)) for n in range(300) for task in ("task_00001", "nobody's")]
    times = polled(world)
    assert world.run() is not None
    assert len(times["task_00001"]) <= quiet.provider.polls + 4
    assert "nobody's" not in times


def test_hints_keep_to_the_budget_of_a_provider_that_asked_for_a_pause() -> None:
    world = World(film(shot("a")))
    world.provider.script.polls = {"task_00001": [Missed("429", 30.0)]}
    times = polled(world)
    world.at = [(1005.0 + n, Hint("task_00001")) for n in range(20)]
    assert world.run() is not None
    first = times["task_00001"][0]
    assert not [at for at in times["task_00001"] if first < at < first + 30]


def test_a_hint_about_a_clip_that_is_here_already_does_nothing() -> None:
    world = World(film(shot("a"), shot("b", continues="a")))
    world.at = [(1100.0, Hint("task_00001"))]
    times = polled(world)
    assert world.run() is not None
    assert 1100.0 not in times["task_00001"]


# Providers that bear little.


def test_a_provider_that_takes_5_a_second_gets_no_more_and_the_run_is_nearly_as_quick_as_that_allows() -> None:
    world = World(
        film(*(shot(f"s{n:03}") for n in range(200))), seconds=lambda _: 2.0, latency=0.05,
        limits=Limits(creates=5, window=1.0),
    )  # fmt: skip
    took: list[float] = []
    create = world.provider.create

    def strict(order: object) -> object:
        if sum(at > world.now - 1.0 for at in took) >= 5:
            return Refused(Refusal.RATE, "slow down")
        took.append(world.now)
        return create(order)  # type: ignore[arg-type]

    world.provider.create = strict  # type: ignore[method-assign, assignment]
    began = world.now
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0
    assert world.said(Paused) == []
    assert world.now - began <= (200 / 5 + 2.0) * 1.25


def test_a_provider_that_takes_fewer_than_its_profile_says_slows_the_lane_and_loses_nothing() -> None:
    world = World(film(*(shot(f"s{n:03}") for n in range(100))), seconds=lambda _: 2.0, latency=0.02)
    took: list[float] = []
    refused: list[float] = []
    create = world.provider.create

    def strict(order: object) -> object:
        if sum(at > world.now - 1.0 for at in took) >= 5:
            refused.append(world.now)
            return Refused(Refusal.RATE, "slow down", 1.0)
        took.append(world.now)
        return create(order)  # type: ignore[arg-type]

    world.provider.create = strict  # type: ignore[method-assign, assignment]
    began = world.now
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0
    assert len(world.provider.charges) == 100
    assert len(refused) <= 20
    assert world.now - began <= (100 / 5 + 2.0) * 2


def test_a_complaint_about_polls_slows_all_polls_of_that_provider() -> None:
    world = World(film(*(shot(f"s{n:02}") for n in range(30))))
    times = polled(world)
    said: list[float] = []

    def complain(charged: Charged, now: float) -> PollAnswer | None:
        if not said and now > 1050:
            said.append(now)
            return Missed("429", 20.0)
        return Running() if now < charged.at + charged.seconds else None

    world.provider.script.every_poll = complain
    assert world.run() is not None
    (at,) = said
    every = sorted(time for each in times.values() for time in each)
    assert not [time for time in every if at + 0.1 < time < at + 20.0]


def test_events_of_a_run_with_hints_are_those_without() -> None:
    def told(world: World) -> list[str]:
        assert world.run() is not None
        return [type(event).__name__ for _, event in world.events if not _progress(event)]

    hinted = World(film(shot("a"), shot("b")))
    hinted.at = [(1000.0 + n, Hint(f"task_0000{n % 3}")) for n in range(90)]
    assert told(hinted) == told(World(film(shot("a"), shot("b"))))


def _progress(event: Event) -> bool:
    return type(event).__name__ == "Progressed"
