"""Lists that say what is no longer so, and hints that never end: no paid clip waits for ever."""

from __future__ import annotations

import json
from collections.abc import Collection

from engine.world import World, film, shot

from sorapipe.engine.compose import TOKEN_MARK
from sorapipe.engine.messages import Hint, Limits
from sorapipe.planning.facts import AttemptState
from sorapipe.providers import videos
from sorapipe.providers.base import Listed, Missed, PollAnswer, Running
from sorapipe.providers.dialect import ListPage, Reply

LISTS = Limits(lists=frozenset({"studio"}))
S = AttemptState


def _wave(jobs: int, limits: Limits = LISTS, seconds: float = 60.0) -> World:
    return World(film(*(shot(f"s{n}") for n in range(jobs))), seconds=lambda _: seconds, limits=limits)


def _finished(world: World) -> None:
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0, outcome
    assert {state for (state,) in world.states().values()} == {S.DONE}


def test_a_list_that_never_moves_on_keeps_no_clip_back() -> None:
    world = _wave(8)
    world.provider.script.every_list = lambda: Listed(dict.fromkeys(world.provider.charges, Running()), {})
    began = world.now
    _finished(world)
    assert world.now - began < 200, "found when each was asked by itself"
    assert world.provider.polls <= 2 * 8


def test_nor_does_one_that_is_wrong_about_a_few_of_many() -> None:
    world = _wave(12)
    newest = world.provider.newest

    def wrong(tasks: Collection[str]) -> Listed:
        listed = newest(tasks)
        assert isinstance(listed, Listed)
        return Listed({**listed.answers, **dict.fromkeys(("task_00003", "task_00007"), Running())}, listed.tokens)

    world.provider.newest = wrong  # type: ignore[method-assign]
    _finished(world)
    assert world.provider.polls <= 6


def test_a_storyboard_can_not_give_its_task_the_token_of_another_order() -> None:
    victim, own = "a" * 20, "b" * 20
    for metadata in (f"{TOKEN_MARK}{victim} {TOKEN_MARK}{own}", {"note": f"{TOKEN_MARK}{victim} {TOKEN_MARK}{own}"}):
        body = json.dumps({"data": [{"id": "video_1", "status": "queued", "metadata": metadata}]}).encode()
        page = videos.read_list(Reply(200, {}, body))
        assert isinstance(page, ListPage)
        assert page.tokens == {own: "video_1"}


def test_hints_that_pile_up_during_a_pause_are_one_question() -> None:
    world = _wave(3, Limits(), seconds=900.0)
    begins = world.now
    world.provider.script.polls = {"task_00002": [Missed("429", 300.0)]}
    world.at = [(begins + 5 + second * 1.01, Hint("task_00001")) for second in range(280)]
    asked: list[float] = []
    poll = world.provider.poll

    def counted(task: str, *, character: bool = False) -> PollAnswer:
        asked.append(world.now)
        return poll(task, character=character)

    world.provider.poll = counted  # type: ignore[method-assign]
    _finished(world)
    after_the_pause = [at for at in asked if begins + 295 < at < begins + 320]
    assert len(after_the_pause) <= 12, "not one for each hint"
