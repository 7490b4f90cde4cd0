"""Whose jobs may be asked about with which key, and which of several makings of a character is meant."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine.scripted import Charged
from engine.world import CAPABILITIES, World, character, film, shot

from sorapipe.engine.messages import Limits
from sorapipe.planning.facts import AttemptState, CharacterFact
from sorapipe.planning.handles import known_handles
from sorapipe.planning.plan_types import Wishes
from sorapipe.providers.base import MadeCharacter, NotThere, PollAnswer, Running, Succeeded
from sorapipe.storyboard.model import Handle

S = AttemptState


def account(world: World, name: str | None) -> None:
    world.capabilities = replace(CAPABILITIES, account=name)


@pytest.mark.parametrize(
    ("before", "now", "why"),
    [
        (
            "studio-a",
            "studio-b",
            "it was ordered with account `studio-a`, and the profile `studio` names `studio-b` now",
        ),
        ("studio-a", None, "it was ordered with account `studio-a`, and the profile `studio` names none now"),
        (None, "studio-b", "it was ordered with no account named, and the profile `studio` names `studio-b` now"),
    ],
)
def test_a_job_of_another_account_is_not_asked_about_and_waits_for_its_own_key(
    before: str | None, now: str | None, why: str
) -> None:
    world = World(film(shot("a"), shot("b")), limits=Limits(max_wait=100))
    account(world, before)
    world.provider.script.every_poll = lambda *_: Running()
    world.run()
    account(world, now)
    world.limits = Limits()
    world.provider.script.every_poll = lambda *_: NotThere("no such task")
    polls = world.provider.polls
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 6
    assert {one.reason.text for one in outcome.not_started} == {why}
    assert world.provider.polls == polls
    assert world.states() == {"a": [S.SUBMITTED], "b": [S.SUBMITTED]}
    account(world, before)
    world.provider.script.every_poll = None
    again = world.run()
    assert again is not None and again.exit_code == 0 and again.sent == 0


def cast_called(*handles: str) -> World:
    """`gull` is made from `cliff`, and its makings are called by the handles, one after the other."""
    gull = character("gull", of="cliff")
    world = World(film(shot("cliff", takes=2), shot("b", "@gull flies."), characters=[gull]))
    names: dict[str, str] = {}
    left = iter(handles)

    def poll(charged: Charged, now: float) -> PollAnswer | None:
        if not charged.order.character_create or now < charged.at + charged.seconds:
            return None
        name = names.get(charged.task) or names.setdefault(charged.task, next(left))
        return Succeeded(f"https://clips.example/{charged.task}.mp4", MadeCharacter(name, name))

    world.provider.script.every_poll = poll
    world.run()
    return world


def pick(world: World, take: int) -> None:
    with world.workspace.hold("pick") as session:
        token = next(it.token for it in session.facts().attempts["cliff"] if it.take == take)
        session.pick("cliff", token, take)


def say(world: World, name: str) -> tuple[str, ...]:
    """Which gull a new shot is sent with."""
    gull = world.storyboard.characters.values()
    world.storyboard = film(*world.storyboard.shots, shot(name, f"@gull {name}."), characters=gull)
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0
    return world.provider.calls[-1][1].character_ids


@pytest.fixture(params=[("z", "a"), ("a", "z")], ids=["falling", "rising"])
def twice_made(request: pytest.FixtureRequest) -> tuple[World, str, str]:
    """A character that was made from take 1 and, once that was chosen, from take 2."""
    first, second = request.param
    world = cast_called(first, second)
    pick(world, 1)
    world.run()
    pick(world, 2)
    gull = world.storyboard.characters.values()
    world.storyboard = film(*world.storyboard.shots, shot("c", "@gull sits."), characters=gull)
    world.run(Wishes(cascade=True))
    assert world.provider.calls[-1][1].character_ids == (second,)
    return world, first, second


def test_the_character_that_was_made_last_is_meant_whatever_its_handle(twice_made: tuple[World, str, str]) -> None:
    world, _, second = twice_made
    assert say(world, "swims") == (second,)


def test_the_one_that_was_made_from_todays_clip_is_meant(twice_made: tuple[World, str, str]) -> None:
    world, first, _ = twice_made
    pick(world, 1)
    assert say(world, "swims") == (first,)


@pytest.mark.parametrize("task", ["task_00000", "task_99999"])
def test_a_handle_of_our_own_making_comes_before_one_that_only_the_lock_knows(task: str) -> None:
    world = World(film(shot("a", "@keeper walks."), characters=[character("keeper", url="https://e.org/k.mp4")]))
    world.run()
    (own,) = world.workspace.facts().characters
    with world.workspace.hold("x") as session:
        session.character(CharacterFact("keeper", own.recipe, "studio", None, Handle("ch_0000", "x"), task))
    assert known_handles(world.outlook()) == {"keeper": own.handle}
