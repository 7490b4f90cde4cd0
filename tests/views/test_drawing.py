"""The graph as a drawing: nothing overlaps, every word is escaped, 300 shots are quick."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from sorapipe.planning.graph import Kind
from sorapipe.views.drawing import CAST, Arrow, Figure, Node, Shape, dot, mermaid, part
from sorapipe.views.fitting import cut, drawn, squeezed
from sorapipe.views.layout import CARD_HEIGHT, CARD_WIDTH, arrange
from sorapipe.views.svg import _COLOURS, svg


def node(name: str, group: str = "", shape: Shape = Shape.SHOT) -> Node:
    return Node(name, name, f"line of {name}", f"about {name}", group, shape)


def film(scenes: int, shots: int, every: int = 2) -> Figure:
    cast = [node(f"@c{n}", CAST, Shape.CHARACTER) for n in range(4)]
    groups = [(CAST, "Characters"), *((f"g{n}", f"Scene {n}") for n in range(scenes))]
    nodes, arrows = list(cast), []
    for scene in range(scenes):
        for place in range(shots):
            nodes.append(node(f"s{scene}-{place}", f"g{scene}"))
            arrows.append(Arrow(f"@c{place % 4}", f"s{scene}-{place}", Kind.CHARACTER))
            if place % every:
                arrows.append(Arrow(f"s{scene}-{place - 1}", f"s{scene}-{place}", Kind.FRAME))
    return Figure("A film", tuple(groups), tuple(nodes), tuple(arrows))


FAN = Figure(
    "Fan",
    (("", "Shots"),),
    tuple(node(f"s{n}") for n in range(60)),
    tuple(Arrow("s0", f"s{n}", Kind.FRAME) for n in range(1, 60)),
)
CHAIN = Figure(
    "Chain",
    (("", "Shots"),),
    tuple(node(f"s{n}") for n in range(120)),
    tuple(Arrow(f"s{n}", f"s{n + 1}", Kind.FRAME) for n in range(119)),
)


@pytest.mark.parametrize("picture", [film(4, 3), film(25, 12), film(1, 300), FAN, CHAIN])
def test_no_two_cards_overlap_and_all_are_in_their_box(picture: Figure) -> None:
    page = arrange(picture)
    boxes = {box.group: box for box in page.boxes}
    seen = sorted(page.cards.values())
    assert len(set(seen)) == len(picture.nodes)
    for (ax, ay), (bx, by) in pairwise(seen):
        assert bx - ax >= CARD_WIDTH or ax == bx, "columns stand apart"
        assert ax != bx or by - ay >= CARD_HEIGHT, "rows stand apart"
    for one in picture.nodes:
        (x, y), box = page.cards[one.id], boxes[one.group]
        assert box.x <= x <= box.x + box.width - CARD_WIDTH
        assert box.y <= y <= box.y + box.height - CARD_HEIGHT
    for index, one_box in enumerate(page.boxes):
        for other in page.boxes[index + 1 :]:
            apart = one_box.x + one_box.width <= other.x or one_box.y + one_box.height <= other.y
            assert apart, "boxes stand apart"


@pytest.mark.parametrize("picture", [film(25, 12), film(1, 300), CHAIN])
def test_a_page_has_the_shape_of_a_page(picture: Figure) -> None:
    page = arrange(picture)
    assert 0.7 < page.width / page.height < 3


def test_what_is_needed_stands_to_the_left() -> None:
    page = arrange(film(1, 2))
    assert page.cards["s0-0"][0] < page.cards["s0-1"][0]
    assert page.cards["s0-0"][1] == page.cards["s0-1"][1]


def test_three_hundred_shots_are_drawn_at_once() -> None:
    began = time.perf_counter()
    text = svg(film(25, 12))
    assert time.perf_counter() - began < 2
    ElementTree.fromstring(text)  # noqa: S314 - our own drawing


def test_words_from_outside_are_escaped_for_every_format() -> None:
    evil = '"]<script>alert(1)</script>#]]>&'
    figure = Figure(evil, (("", "Shots"),), (Node("a", evil, evil, evil, "", Shape.SHOT),), ())
    text = svg(figure)
    ElementTree.fromstring(text)  # noqa: S314 - our own drawing
    assert "<script>" not in text
    for graph in (mermaid(figure), dot(figure)):
        assert "<script>" not in graph
        assert all(line.count('"') % 2 == 0 for line in graph.splitlines())


def test_threads_of_characters_give_way_to_dots_when_they_are_many() -> None:
    few, many = svg(film(2, 4)), svg(film(10, 12))
    assert 'class="wire character"' in few
    assert 'class="wire character"' not in many
    assert "a dot: the character is seen here" in many


def test_a_part_holds_only_what_is_kept() -> None:
    smaller = part(film(3, 4), frozenset({"s1-0", "s1-1", "@c0"}))
    assert [group for group, _ in smaller.groups] == [CAST, "g1"]
    assert {arrow.child for arrow in smaller.arrows} == {"s1-0", "s1-1"}


def test_what_is_cut_fits_and_a_name_keeps_its_end() -> None:
    for text in ("漢字漢字漢字漢字", "hero-of-the-film-number-17", "mmmmmmmmmmmmmmmmmm"):
        for room in (60, 90, 120):
            assert drawn(cut(text, room, 12), 12) <= room
            assert drawn(squeezed(text, room, 12, bold=True), 12, bold=True) <= room
    one, two = (squeezed(f"hero-of-the-film-number-{n}", 100, 12, bold=True) for n in (17, 18))
    assert one.startswith("hero")
    assert one.endswith("-17")
    assert one != two


def card(label: str, takes: int = 1) -> str:
    return svg(Figure("A", (("", "Shots"),), (replace(node(label), takes=takes),), ()))


def test_the_words_of_a_matrix_get_the_second_line_where_the_name_is_long() -> None:
    assert ">storm/fog/wide<" in card("storm/fog/wide")
    assert ">closing<" in card("closing/a-100/tall_hd/en")
    assert ">a-100/tall_hd/en<" in card("closing/a-100/tall_hd/en")


def test_a_badge_leaves_room_for_itself() -> None:
    label = "hero-of-the-film"
    assert f">{label}<" in card(label)
    assert f">{label}<" not in card(label, takes=12)
    assert "\u00d712" in card(label, takes=12)


def test_the_legend_has_no_colour_of_a_character() -> None:
    for picture in (film(2, 4), film(10, 12)):
        text = svg(picture)
        legend = text[text.rindex("</g>") :]
        assert "seen" in legend
        assert not any(colour in legend for colour in _COLOURS)
