"""The graph: a stable order, circles with their places, relatives."""

from __future__ import annotations

from dataclasses import replace

from build import At, board, character, clip, from_shot, shot
from hypothesis import given
from hypothesis import strategies as st

from sorapipe.planning.graph import Graph, Kind, build
from sorapipe.storyboard.diagnostics import Diagnostics
from sorapipe.storyboard.model import Storyboard


def graph(storyboard: Storyboard) -> Graph:
    found = build(storyboard, Diagnostics())
    assert found is not None
    return found


FILM = board(
    shot("a", frame="z"),
    shot("b", mentions=("gull",)),
    shot("c", needs=("b",)),
    clip("again", "a"),
    shot("z"),
    shot("cliff"),
    characters=[from_shot("gull", "cliff"), character("prop")],
)


def test_what_others_need_comes_first_else_the_order_of_the_storyboard() -> None:
    assert graph(FILM).order == ("z", "a", "cliff", "@gull", "b", "c", "again", "@prop")


def test_edges_say_why_and_where() -> None:
    assert [(it.parent, it.child, it.kind, it.field) for it in graph(FILM).edges] == [
        ("z", "a", Kind.FRAME, "input_reference"),
        ("cliff", "@gull", Kind.FROM_SHOT, "from_shot"),
        ("@gull", "b", Kind.CHARACTER, "prompt"),
        ("b", "c", Kind.NEEDS, "needs"),
        ("a", "again", Kind.CLIP, "clip"),
    ]


def test_relatives_levels_and_the_longest_chain() -> None:
    it = graph(FILM)
    assert it.ancestors(["c"]) == {"b", "@gull", "cliff"}
    assert it.descendants(["cliff"]) == {"@gull", "b", "c"}
    assert it.levels()["c"] == 3
    assert it.critical_path() == ("cliff", "@gull", "b", "c")


def test_a_circle_is_shown_with_its_path_and_every_place() -> None:
    problems = Diagnostics()
    shots = [
        replace(shot("a", frame="c"), origin=At(3, {"continues": 4})),
        replace(shot("b", frame="a"), origin=At(6, {"input_reference": 8})),
        replace(shot("c", needs=("b",)), origin=At(10, {"needs": 12})),
    ]
    assert build(board(shot("before"), *shots), problems) is None
    (found,) = problems
    assert found.message == "shots need each other in a circle: `a` → `c` → `b` → `a`"
    assert found.span is not None and found.span.place.line == 4
    assert [(it.span.place.line, it.text) for it in found.related] == [(12, "`c` needs `b`"), (8, "`b` needs `a`")]


def test_a_shot_that_needs_itself_through_a_character_is_a_circle() -> None:
    problems = Diagnostics()
    assert build(board(shot("a", mentions=("gull",)), characters=[from_shot("gull", "a")]), problems) is None
    assert next(iter(problems)).message == "shots need each other in a circle: `a` → `@gull` → `a`"


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40))
def test_parents_always_come_first(pairs: list[tuple[int, int]]) -> None:
    needs: dict[int, list[str]] = {}
    for one, other in pairs:
        if one != other:
            needs.setdefault(max(one, other), []).append(f"s{min(one, other)}")
    shots = [shot(f"s{index}", needs=tuple(needs.get(index, ()))) for index in range(31)]
    for order in (shots, shots[::-1]):
        it = graph(board(*order))
        place = {node: index for index, node in enumerate(it.order)}
        assert len(place) == 31
        assert all(place[edge.parent] < place[edge.child] for edge in it.edges)


def test_a_long_chain_needs_no_recursion() -> None:
    shots = [shot(f"s{index}", frame=f"s{index + 1}") for index in range(5000)]
    assert graph(board(*shots, shot("s5000"))).order[0] == "s5000"
