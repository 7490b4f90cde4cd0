"""Uploads before a create: whatever goes wrong with them, nothing was bought and nothing is in the books."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine.memory_disk import Killed
from engine.world import World, film, never_twice, shot

from sorapipe.engine.effects import as_sent
from sorapipe.engine.events import Paused
from sorapipe.engine.outcome import Outcome
from sorapipe.planning.facts import AttemptState as S
from sorapipe.providers.base import Media, Order, Refusal, Refused


def three() -> World:
    return World(film(shot("a"), shot("b"), shot("c")))


def ran(world: World) -> Outcome:
    outcome = world.run()
    assert outcome is not None
    return outcome


def test_a_picture_that_is_refused_blocks_its_shot_and_the_others_go_on() -> None:
    world = World(film(shot("a"), shot("b", continues="a"), shot("c")))
    world.provider.script.prepares = [Refused(Refusal.REQUEST, "`fog.png` can't be uploaded: no picture")]
    with never_twice(world):
        outcome = ran(world)
    assert world.states() == {"c": [S.DONE]}
    assert len(world.provider.calls) == 1
    blocked = {one.label: one.reason for one in outcome.not_started}
    assert (blocked["a"].code, blocked["a"].text) == ("inputs", "`fog.png` can't be uploaded: no picture")
    assert set(blocked) == {"a", "b"}


@pytest.mark.parametrize("refusal", [Refusal.UNREACHABLE, Refusal.UNAVAILABLE, Refusal.RATE])
def test_an_upload_that_does_not_get_through_pauses_the_lane_and_is_tried_again(refusal: Refusal) -> None:
    world = three()
    world.provider.script.prepares = [Refused(refusal, "not now"), Refused(refusal, "not now")]
    with never_twice(world):
        assert ran(world).exit_code == 0
    assert world.states() == {"a": [S.DONE], "b": [S.DONE], "c": [S.DONE]}
    assert [order.prompt for _, order in world.provider.calls] == [f"A picture of {name}." for name in "abc"]
    assert len(world.said(Paused)) == 2


@pytest.mark.parametrize(("refusal", "code"), [(Refusal.AUTHENTICATION, 6), (Refusal.CREDITS, 7)])
def test_an_upload_that_the_key_may_not_do_ends_the_creates_and_leaves_nothing_in_the_books(
    refusal: Refusal, code: int
) -> None:
    world = three()
    world.provider.script.prepares = [None, Refused(refusal, "no")]
    outcome = ran(world)
    assert outcome.exit_code == code
    assert world.states() == {"a": [S.DONE]}
    assert {one.label for one in outcome.not_started} == {"b", "c"}
    assert ran(world).exit_code == 0


def test_an_upload_that_never_gets_through_ends_the_run_and_the_next_one_goes_on() -> None:
    world = three()
    world.provider.script.prepares = [Refused(Refusal.UNREACHABLE, "name not known")] * 20
    assert ran(world).exit_code == 10
    assert world.states() == {}
    assert "P1" not in world.disk.points
    world.provider.script.prepares = []
    assert ran(world).exit_code == 0


def test_being_killed_in_an_upload_leaves_no_intent() -> None:
    world = three()
    world.provider.prepare = _killed  # type: ignore[method-assign]
    assert world.run() is None
    assert world.states() == {}
    del world.provider.prepare  # type: ignore[method-assign]
    with never_twice(world):
        assert ran(world).exit_code == 0
    assert world.states() == {"a": [S.DONE], "b": [S.DONE], "c": [S.DONE]}


def _killed(order: Order) -> Order:
    raise Killed("in the upload")


def test_an_error_that_nobody_foresaw_blocks_the_shot_and_buys_nothing() -> None:
    world = three()
    world.provider.script.prepares = [RuntimeError("odd")]
    outcome = ran(world)
    assert world.states() == {"b": [S.DONE], "c": [S.DONE]}
    assert [one.label for one in outcome.not_started] == ["a"]


def test_the_journal_knows_where_a_picture_lay() -> None:
    picture = Media("fog.png", "image/png", b"\x89PNG")
    order = Order("m", "p", 10, "1280x720", "t", "m", input_reference=replace(picture, url="https://up.example/fog"))
    assert as_sent(order)["input_reference"]["url"] == "https://up.example/fog"  # type: ignore[index,call-overload]
    assert "url" not in as_sent(replace(order, input_reference=picture))["input_reference"]  # type: ignore[operator]
