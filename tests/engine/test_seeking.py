"""Uncertain orders where a list gives tokens back: found ones are collected, proofs are hard to come by."""

from __future__ import annotations

import pytest
from engine.world import World, character, film, never_twice, shot

from sorapipe.engine.board import Search
from sorapipe.engine.events import Ended, Event, Settled
from sorapipe.engine.messages import Limits, Sought
from sorapipe.engine.seek import SETTLING, proves
from sorapipe.planning.facts import Attempt, AttemptState
from sorapipe.providers.base import Accepted, Listed, Missed, Unknown
from sorapipe.state.files import StateError

S = AttemptState
SEEKS = Limits(seek=frozenset({"studio"}))


def three(limits: Limits = SEEKS) -> World:
    return World(film(shot("a"), shot("b"), shot("c")), limits=limits)


def only(world: World, address: str) -> Attempt:
    (attempt,) = world.attempts()[address]
    return attempt


def settled(world: World) -> list[tuple[str, str | None]]:
    return [(event.label, event.task) for event in world.said(Settled) if isinstance(event, Settled)]


def lost(world: World, number: int = 0, *, taken: bool = True) -> None:
    """The answer to that create does not come; whether it was `taken` nobody is told."""
    world.provider.script.creates = [None] * number + [Unknown("reset")]
    world.provider.script.lose = {number} if taken else set()


def test_an_order_whose_answer_is_lost_is_looked_for_after_the_pause_and_goes_on() -> None:
    world = three()
    lost(world, 1)
    with never_twice(world):
        outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0 and outcome.why is None
    assert settled(world) == [("b", "task_00002")]
    assert only(world, "b").tasks == ("task_00002",)
    at = [at for at, _ in world.provider.calls]
    assert at[2] - at[1] >= 10, "nothing else is sent meanwhile"


def test_many_lost_answers_are_no_outage_as_long_as_the_list_tells() -> None:
    world = three()
    world.provider.script.creates = [Unknown("reset")] * 3
    world.provider.script.lose = {0, 1, 2}
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0 and outcome.sent == 3


def test_what_the_list_does_not_show_stays_uncertain_however_late_it_is() -> None:
    world = three()
    lost(world, 1, taken=False)
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 9
    assert (only(world, "b").state, len(world.provider.calls)) == (S.UNCERTAIN, 3)
    world.now += SETTLING / 2
    assert world.run() is not None and len(world.provider.calls) == 3


def test_a_run_that_was_killed_after_it_sent_collects_its_clip() -> None:
    at = 0
    while True:
        at += 1
        world = World(film(shot("a"), shot("b", continues="a")), limits=SEEKS)
        world.run(kill_at=at)
        if world.provider.charges:
            break
    assert only(world, "a").state is S.UNCERTAIN
    with never_twice(world):
        outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0, "what begins on its last frame goes on in the same run"
    assert len(world.provider.charges) == 2


def test_a_list_from_before_to_after_it_proves_after_a_while_that_it_was_never_taken() -> None:
    world = three()
    lost(world, 1, taken=False)
    world.run()
    world.now += SETTLING
    with never_twice(world):
        outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0 and outcome.sent == 1
    assert [one.state for one in world.attempts()["b"]] == [S.UNCERTAIN, S.DONE]
    assert [one.take for one in world.attempts()["b"]] == [1, 2]
    facts = world.workspace.facts()
    assert facts.not_bought == {world.attempts()["b"][0].token}
    assert world.run() is None, "and that stands in the lock"


@pytest.mark.parametrize("number", [0, 2])
def test_without_an_order_before_and_one_after_it_nothing_is_proved(number: int) -> None:
    world = three()
    lost(world, number, taken=False)
    world.run()
    world.now += 10 * SETTLING
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 9 and outcome.sent == 0


def test_a_list_that_lags_behind_at_the_second_look_proves_nothing() -> None:
    world = three()
    lost(world, 1)
    world.provider.script.unlisted = {"task_00002"}
    world.run()
    assert only(world, "b").state is S.UNCERTAIN
    world.now += SETTLING
    looks = len(world.provider.looks)

    def appears() -> None:
        if len(world.provider.looks) > looks + 1:
            world.provider.script.unlisted = set()

    world.provider.script.every_list = appears  # type: ignore[assignment]
    with never_twice(world):
        outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0 and outcome.sent == 0
    assert only(world, "b").tasks == ("task_00002",)


def test_a_list_that_gives_no_tokens_back_proves_nothing() -> None:
    world = three()
    lost(world, 1, taken=False)
    world.run()
    world.now += SETTLING
    world.provider.script.every_list = lambda: Listed({}, {})
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 9 and outcome.sent == 0


def test_a_list_that_can_not_be_read_is_tried_again_and_then_left() -> None:
    world = three()
    lost(world, 1)
    world.provider.script.lists = [Missed("502"), Missed("502")]
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0 and len(world.provider.looks) == 3


def test_an_order_with_an_id_that_can_not_be_used_is_neither_bound_nor_sent_again() -> None:
    world = three()
    lost(world, 1, taken=False)
    world.run()
    token = only(world, "b").token
    world.now += SETTLING
    others = {charged.order.token: task for task, charged in world.provider.charges.items()}
    world.provider.script.every_list = lambda: Listed({}, {**others, token: ""})
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 9 and outcome.sent == 0


def test_a_task_that_belongs_to_another_order_is_not_bound() -> None:
    world = three()
    lost(world, 1, taken=False)
    world.provider.script.every_list = lambda: Listed({}, {world.provider.calls[1][1].token: "task_00001"})
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 9
    assert only(world, "b").tasks == ()


def test_a_character_is_found_and_never_taken_for_unsent() -> None:
    def world_with(*, taken: bool) -> World:
        world = World(
            film(
                shot("z"), shot("a", "@keeper waits."), shot("b"), characters=[character("keeper", url="https://e.x/k")]
            ),
            limits=SEEKS,
        )
        lost(world, 1, taken=taken)
        return world

    world = world_with(taken=True)
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0 and world.attempts()["@keeper"][0].state is S.DONE
    world = world_with(taken=False)
    world.run()
    world.now += SETTLING
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 9 and outcome.sent == 0


def test_ctrl_c_while_it_is_looked_for_leaves_it_to_the_next_run() -> None:
    world = three()
    lost(world, 1)
    world.stop_at(world.now + 5)
    with never_twice(world):
        outcome = world.run()
        assert outcome is not None and outcome.exit_code == 130
        assert only(world, "b").state is S.UNCERTAIN
        world.at.clear()
        outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0


def test_a_task_that_is_found_and_can_not_be_journaled_is_told_and_kept() -> None:
    world = three()
    lost(world, 1)
    said: list[Event] = []
    world.watch = said.append
    real = world.disk.append

    def full(handle: object, data: bytes, *points: str, **more: str) -> None:
        if b'"kind":"submitted"' in data and b"task_00002" in data:
            raise StateError("write", world.workspace.root, "no space left")
        real(handle, data, *points, **more)  # type: ignore[arg-type]

    world.disk.append = full  # type: ignore[method-assign]
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 11
    world.disk.append = real  # type: ignore[method-assign]
    with never_twice(world):
        outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0
    assert only(world, "b").tasks == ("task_00002",)


def test_a_found_order_ends_once() -> None:
    world = three()
    lost(world, 1)
    world.run()
    assert [event.label for event in world.said(Ended) if isinstance(event, Ended)].count("b") == 1


def test_an_accepted_create_is_never_looked_for() -> None:
    world = three()
    world.provider.script.creates = [Accepted("task_00001")]
    world.run()
    assert world.provider.looks == []


SEARCH = Search(frozenset({"early"}), frozenset({"late"}), SETTLING)


@pytest.mark.parametrize(
    ("search", "tokens", "proof"),
    [
        (SEARCH, {"early": "t1", "late": "t3"}, True),
        (None, {"early": "t1", "late": "t3"}, False),
        (SEARCH, {"early": "t1", "mine": "", "late": "t3"}, False),
        (SEARCH, {"late": "t3"}, False),
        (SEARCH, {"early": "t1"}, False),
        (SEARCH, {}, False),
        (Search(SEARCH.before, SEARCH.after, SETTLING - 1), {"early": "t1", "late": "t3"}, False),
    ],
)
def test_what_counts_as_proof(search: Search | None, tokens: dict[str, str], proof: bool) -> None:
    assert proves(search, "mine", Sought("studio", tokens, runs=(frozenset(tokens),))) is proof
