"""Takes that are still open, of two machines and of shots that are gone: each has its own step, none blocks wrongly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from planning.build import PRACTICE, REAL, World, board, character, said, shot

from sorapipe.planning.facts import AttemptState
from sorapipe.storyboard.model import UrlSource

KEEPER = character("keeper", UrlSource("https://e.org/x.mp4", None))
OPEN = AttemptState.SUBMITTED


def test_open_takes_of_two_machines_are_told_apart_when_their_shot_is_gone() -> None:
    w = World(board(shot("stairs"), shot("old")))
    w.took("old", OPEN, token="m" * 20)
    w.took("old", OPEN, take=1, token="n" * 20)
    assert [step.key for step in w.without("old").plan().steps] == ["stairs#1", "old#1", "old#1b"]


def test_open_orders_of_two_machines_for_one_character_are_told_apart() -> None:
    w = World(board(shot("stairs", mentions=("keeper",)), characters=[KEEPER]))
    w.took("@keeper", OPEN, token="m" * 20)
    w.took("@keeper", OPEN, take=1, token="n" * 20)
    assert [step.key for step in w.plan().steps] == ["@keeper#1", "stairs#1", "@keeper#1b"]


TAKES = st.lists(
    st.tuples(
        st.sampled_from(["stairs", "boat", "gone", "@keeper"]), st.sampled_from(AttemptState), st.integers(1, 3),
        st.booleans(),
    ),
    max_size=8,
)  # fmt: skip


@given(TAKES, st.booleans())
def test_no_two_steps_have_one_key(takes: list[tuple[str, AttemptState, int, bool]], removed: bool) -> None:
    shots = shot("stairs", mentions=("keeper",), takes=2), shot("boat", frame="stairs"), shot("gone")
    w = World(board(*shots, characters=[KEEPER]))
    for number, (name, state, take, practice) in enumerate(takes):
        w.at(PRACTICE if practice else REAL).took(name, state, take=take, token=f"t{number}".ljust(20, "a"))
    w.at(REAL)
    if removed:
        w.without("gone")
    for wishes in ({}, {"select": ["boat"]}, {"rolls": (("stairs", 2),)}, {"cascade": True}):
        keys = [step.key for step in w.plan(**wishes).steps]
        assert len(keys) == len(set(keys))


def test_a_neighbours_practice_take_neither_stands_in_nor_hides_a_real_one() -> None:
    neighbour = World(board(shot("stairs")), PRACTICE)
    neighbour.took("stairs")
    w = World(board(shot("stairs")))
    w.neighbours = [("ep01", neighbour.facts)]
    assert said(w.plan()) == ["render stairs t01: new"]
    neighbour.at(REAL).took("stairs")
    w.neighbours = [("ep01", neighbour.facts)]
    assert said(w.plan()) == ["keep stairs t02: neighbour"]


def test_a_neighbours_practice_take_is_enough_for_practice() -> None:
    neighbour = World(board(shot("stairs")), PRACTICE)
    neighbour.took("stairs")
    w = World(board(shot("stairs")), PRACTICE)
    w.neighbours = [("ep01", neighbour.facts)]
    assert said(w.plan()) == ["keep stairs t01: neighbour"]


def test_open_practice_under_an_old_name_holds_up_nothing_real() -> None:
    for state in AttemptState.UNCERTAIN, OPEN:
        w = World(board(shot("old", "A lamp.")), PRACTICE)
        w.took("old", state)
        w.edit(shot("stairs", "A lamp.")).without("old")
        assert "render stairs t01: new" not in said(w.plan())
        assert "render stairs t01: new" in said(w.at(REAL).plan())


def test_an_uncertain_practice_order_of_a_shot_that_is_gone_is_settled_in_practice_only() -> None:
    w = World(board(shot("stairs"), shot("old")), PRACTICE)
    w.took("old", AttemptState.UNCERTAIN)
    w.without("old")
    assert said(w.plan()) == ["render stairs t01: new", "uncertain old t01: uncertain"]
    assert said(w.at(REAL).plan()) == ["render stairs t01: new"]


def test_an_order_that_the_provider_does_not_know_can_be_asked_for_again_at_no_cost() -> None:
    w = World(board(shot("stairs", mentions=("keeper",)), shot("boat"), characters=[KEEPER]))
    w.took("@keeper", AttemptState.VANISHED)
    w.took("boat", AttemptState.VANISHED)
    plan = w.plan()
    ways = {step.label: (step.reason.instead, step.reason.command) for step in plan.steps if step.attempt is not None}
    assert ways == {
        "@keeper": ("sorapipe fetch @keeper", "sorapipe roll @keeper"),
        "boat": ("sorapipe fetch boat", "sorapipe roll boat"),
    }
    assert plan.totals.calls == 0
