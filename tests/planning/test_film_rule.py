"""Which clip stays in the film when texts, models, names and picks change, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from build import World, board, clip, from_shot, said, shot, step

from sorapipe.planning.choice import Because, Today, choose
from sorapipe.planning.facts import Attempt, AttemptState, Pick
from sorapipe.planning.plan_types import Staleness


def take(number: int) -> Attempt:
    return Attempt(f"k{number}", "a", number, "r", "p", "m", AttemptState.DONE)


TAKES = [take(1), take(2), take(3)]


def film(current: str = "", near: str = "", pick: int = 0, bad: str = "") -> tuple[int, Because]:
    now, close = frozenset(current.split()), frozenset(near.split())
    choice = Pick("a", f"k{pick}", pick) if pick else None
    found = choose(TAKES, choice, frozenset(bad.split()), Today(now, now | close, near=close))
    assert found is not None
    return found.attempt.take, found.because


def test_a_take_of_another_model_comes_after_todays_and_before_all_others() -> None:
    assert film("k3", "k2") == (3, Because.FIRST_GOOD)
    assert film("k3", "k2", pick=2) == (3, Because.FIRST_GOOD)
    assert film("", "k1 k2", pick=2) == (2, Because.STALE_PICK)
    assert film("", "k1 k2", pick=3) == (1, Because.OTHER_MODEL)
    assert film("", "k1 k2", bad="k1") == (2, Because.OTHER_MODEL)
    assert film("", "k1", pick=3, bad="k1") == (3, Because.STALE_PICK)
    assert film("", "k1", bad="k1") == (3, Because.STALE_LATEST)


def test_of_old_takes_the_highest_that_is_not_marked_is_in_the_film() -> None:
    assert film("", bad="k3") == (2, Because.STALE_LATEST)
    assert film("", bad="k1 k2 k3") == (3, Because.STALE_LATEST)


def test_of_takes_of_another_model_those_of_todays_inputs_come_first() -> None:
    found = choose(TAKES, None, frozenset(), Today(frozenset(), frozenset({"k2"}), near=frozenset({"k1", "k2"})))
    assert found is not None
    assert found.attempt.take == 2


def test_a_pick_of_an_older_text_makes_no_change_of_the_model_an_edit() -> None:
    world = World(board(shot("a", "A street. day"), shot("b"))).took_all()
    world.edit(shot("a", "A street. night")).took("a")
    world.pick("a", 1)
    assert world.outlook().situations["a"].film.attempt.take == 2  # type: ignore[union-attr]
    world.edit(shot("a", "A street. night", model="sora-2-hd"), shot("b", model="sora-2-hd"))
    plan = world.plan()
    assert said(plan) == ["keep a t02: stale-model", "keep b t01: stale-model"]
    assert plan.idle
    assert step(plan, "a#2").reason.text == "in the film, stale: model default → sora-2-hd"
    assert said(world.plan(reshoot=True)) == ["re-render a t03: model", "re-render b t02: model"]


def test_a_pick_that_differs_by_the_model_stays_and_a_marked_take_of_another_model_holds_up_no_edit() -> None:
    world = World(board(shot("a", "Day.", takes=2))).took_all()
    second = world.took("a")
    world.pick("a", 2).edit(shot("a", "Day.", takes=2, model="sora-2-hd"))
    assert said(world.plan()) == ["keep a t02: stale-model"]
    world = World(board(shot("a", "Day."))).took_all()
    world.edit(shot("a", "Night.")).took("a")
    world.pick("a", 1).bad(replace(second, token=world.facts.attempts["a"][1].token))
    assert said(world.edit(shot("a", "Night.", model="sora-2-hd")).plan()) == ["re-render a t03: edited"]


def test_old_takes_stay_while_every_take_of_todays_recipe_is_marked() -> None:
    world = World(board(shot("a"), shot("b", frame="a"))).took_all()
    world.edit(shot("a", "New."))
    world.bad(world.took("a"))
    world.edit(shot("b", "New too.", frame="a"))
    plan = world.plan()
    assert said(plan) == [
        "keep a t01: stale-edit",
        "keep a t02: no-good",
        "keep b t01: stale-edit",
        "wait b t02: no-good",
    ]
    assert "every new take is marked as no good" in step(plan, "a#1").reason.text
    assert step(plan, "a#1").reason.command == step(plan, "b#2").reason.command == "sorapipe roll a"


def renamed() -> World:
    world = World(board(shot("a"), shot("b", frame="a"))).took_all()
    world.without("a", "b").edit(shot("street", "A picture of a."), shot("b", frame="street"), moved={"a": "street"})
    copy = next(it for it in world.plan().steps if it.reuse is not None).reuse.attempt  # type: ignore[union-attr]
    world.facts = replace(world.facts, attempts={**world.facts.attempts, "street": (copy,)})
    assert world.plan().idle
    return world


@pytest.mark.parametrize("written", [True, False])
def test_a_new_name_is_never_shown_as_a_change(written: bool) -> None:
    world = renamed()
    model = shot("b", frame="street", model="sora-2-hd")
    plan = world.edit(model, moved={"a": "street"} if written else {}).plan()
    assert step(plan, "b#1").reason.text == "in the film, stale: model default → sora-2-hd"
    assert step(plan, "b#1").stale is Staleness.MODEL
    plan = world.edit(shot("b", "A door.", frame="street")).plan()
    assert step(plan, "b#2").reason.text == "prompt: picture of b → door"


def test_a_renamed_shot_of_a_character_is_no_change_of_who_mentions_it() -> None:
    world = World(board(shot("a"), shot("b", mentions=("tom",)), characters=(from_shot("tom", "a"),)))
    world.took_all().knows("tom")
    world.without("a", "b").edit(
        shot("street", "A picture of a."), shot("b", mentions=("tom",), model="sora-2-hd"),
        characters={"tom": from_shot("tom", "street")}, moved={"a": "street"},
    )  # fmt: skip
    assert step(world.plan(), "b#1").reason.text == "in the film, stale: model default → sora-2-hd"


def test_another_beginning_is_told_without_the_word_input_reference() -> None:
    cells = (shot("a[lens=wide,weather=fog]"), shot("c"))
    world = World(board(*cells, shot("b", frame="a[lens=wide,weather=fog]"), shot("d"))).took_all()
    plan = world.edit(shot("b", frame="c"), shot("d", frame="c")).plan()
    last = "the last frame of"
    assert step(plan, "b#2").reason.text == f"begins on another frame ({last} a/wide/fog → {last} c)"
    assert step(plan, "d#2").reason.text == f"begins on {last} c now"
    assert (
        step(world.edit(shot("b")).plan(), "b#2").reason.text == f"begins on no frame any more (was {last} a/wide/fog)"
    )


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("A street. day", "A street. night", "prompt: day → night"),
        ("A man in a street.", "A man in a dark street.", 'prompt: added "dark"'),
        ("A man in a dark street.", "A man in a street.", 'prompt: without "dark"'),
        ("A cat by a door.", "A dog by a wall.", "prompt: cat → dog, door → wall"),
        ("A street.", "Something else that has far too many words to be shown here.", "prompt edited"),
        ("word " * 900, "other " * 900, "prompt edited"),
        ("two words", "two  words", "prompt edited"),
    ],
)
def test_a_short_change_of_words_is_shown(old: str, new: str, text: str) -> None:
    world = World(board(shot("a", old))).took_all()
    assert step(world.edit(shot("a", new)).plan(), "a#2").reason.text == text


def test_another_clip_is_said_to_be_picked_only_when_it_is() -> None:
    world = World(board(shot("a", takes=2), shot("again", clip=None), shot("b", frame="a")))
    world.storyboard = replace(
        world.storyboard, shots=(shot("a", takes=2), clip("again", "a"), shot("b", frame="again"))
    )
    world.took("a")
    world.took("a")
    world.pick("a", 2).took("b")
    world.pick("a", 1)
    assert "again: another take is picked" in step(world.plan(), "b#1").reason.text
    world.facts = replace(world.facts, picks={})
    assert "again: another take is in the film now" in step(world.plan(), "b#1").reason.text
