"""Where everything of a figure stands: boxes of scenes, cards in a grid; knows no colours and no XML.

Within a box, shots that need each other form a block that reads from left to right; single shots flow in the order
of the film. Boxes stand side by side where they fit. The number of columns is the one that makes a good page.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sorapipe.views.drawing import Figure

CARD_WIDTH, CARD_HEIGHT = 164, 46
_PITCH_X, _PITCH_Y = 206, 64
_INSET, _HEAD, _GAP_Y = 14, 34, 22
_GAP_X = _PITCH_X - CARD_WIDTH - 2 * _INSET  # so that the columns of all boxes stand above each other
_RATIO = 1.5
_MOST_COLUMNS = 24
_TALLEST = 8
"""So many cards stand above each other in one column of a block."""

Cells = dict[str, tuple[int, int]]
"""Column and row of each node, from 0."""


@dataclass(frozen=True, slots=True)
class Box:
    """The frame around a group, in pixels."""

    group: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The page: upper left corners of the cards by node, the boxes, and the size of it all, in pixels."""

    cards: Mapping[str, tuple[int, int]]
    boxes: tuple[Box, ...]
    width: int
    height: int


def arrange(picture: Figure) -> Layout:
    """The arrangement nearest to a page of a pleasant shape."""
    links = [(arrow.parent, arrow.child) for arrow in picture.arrows]
    lanes = {group: [node.id for node in picture.members(group)] for group, _ in picture.groups}
    inside = {group: _inside(nodes, links) for group, nodes in lanes.items()}
    most = min(_MOST_COLUMNS, max(3, *map(len, lanes.values()), 3))
    pages = (_page({g: _pack(inside[g], columns) for g in lanes}, columns) for columns in range(3, most + 1))
    return min(pages, key=lambda page: abs(math.log(page.width / max(page.height, 1) / _RATIO)))


def _inside(nodes: Sequence[str], links: Iterable[tuple[str, str]]) -> list[tuple[list[str], list[tuple[str, str]]]]:
    """The nodes of a box in pieces that hang together, each with its links, in the order of their first nodes."""
    here = set(nodes)
    own = [(a, b) for a, b in links if a in here and b in here]
    leader = {node: node for node in nodes}

    def find(node: str) -> str:
        while leader[node] != node:
            leader[node] = leader[leader[node]]
            node = leader[node]
        return node

    for a, b in own:
        leader[find(b)] = find(a)
    pieces: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        pieces[find(node)].append(node)
    bonds: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for a, b in own:
        bonds[find(a)].append((a, b))
    return [(piece, bonds[leader]) for leader, piece in pieces.items()]


def _pack(pieces: list[tuple[list[str], list[tuple[str, str]]]], columns: int) -> Cells:
    """All pieces of a box in rows that are at most `columns` wide."""
    cells: Cells = {}
    x = y = tallest = 0
    for nodes, bonds in pieces:
        block = _block(nodes, bonds, columns) if bonds else {nodes[0]: (0, 0)}
        width, height = _extent(block)
        if x and x + width > columns:
            x, y, tallest = 0, y + tallest, 0
        cells |= {node: (x + column, y + row) for node, (column, row) in block.items()}
        x, tallest = x + width, max(tallest, height)
    return cells


def _block(nodes: Sequence[str], bonds: Sequence[tuple[str, str]], columns: int) -> Cells:
    """Nodes that need each other: each to the right of what it needs, in the row of that where it is free."""
    parents: dict[str, list[str]] = defaultdict(list)
    for a, b in bonds:
        parents[b].append(a)
    levels = _levels(nodes, parents)
    crowd: dict[int, int] = defaultdict(int)
    for level in levels.values():
        crowd[level] += 1
    starts, at = {}, 0
    for level in sorted(crowd):
        starts[level] = at
        at += math.ceil(crowd[level] / _TALLEST)
    taken: set[tuple[int, int]] = set()
    cells: Cells = {}
    for node in sorted(nodes, key=lambda node: levels[node]):
        wish = next((cells[parent][1] for parent in parents[node]), 0)
        cells[node] = _free(starts[levels[node]], wish, taken)
        taken.add(cells[node])
    return _fold(cells, columns)


def _free(column: int, wish: int, taken: set[tuple[int, int]]) -> tuple[int, int]:
    """The free cell of a column that is nearest below the wish, above it or in the next column when it is full."""
    while True:
        for row in (*range(wish, max(_TALLEST, wish + 1)), *range(min(wish, _TALLEST))):
            if (column, row) not in taken:
                return column, row
        column += 1


def _fold(cells: Cells, columns: int) -> Cells:
    """A block that is wider than the page goes on in the line below."""
    width, height = _extent(cells)
    if width <= columns:
        return cells
    return {node: (column % columns, row + height * (column // columns)) for node, (column, row) in cells.items()}


def _levels(nodes: Sequence[str], parents: Mapping[str, list[str]]) -> dict[str, int]:
    levels: dict[str, int] = {}
    waiting = list(nodes)
    while waiting:
        later = []
        for node in waiting:
            if all(parent in levels for parent in parents.get(node, ())):
                levels[node] = max((levels[parent] + 1 for parent in parents.get(node, ())), default=0)
            else:
                later.append(node)
        waiting = later
    return levels


def _extent(cells: Cells) -> tuple[int, int]:
    return 1 + max(column for column, _ in cells.values()), 1 + max(row for _, row in cells.values())


def _page(lanes: Mapping[str, Cells], columns: int) -> Layout:
    """Boxes in shelves from left to right; all boxes of a shelf are equally tall."""
    limit = _size(columns, 1)[0]
    shelves: list[list[tuple[str, int, int]]] = []
    used = 0
    for group, cells in lanes.items():
        width, height = _size(*_extent(cells))
        if not shelves or used + width > limit or group == next(iter(lanes)):
            shelves.append([])
            used = 0
        shelves[-1].append((group, width, height))
        used += width + _GAP_X
    cards: dict[str, tuple[int, int]] = {}
    boxes: list[Box] = []
    y = 0
    for shelf in shelves:
        x, tall = 0, max(height for *_, height in shelf)
        for group, width, _ in shelf:
            boxes.append(Box(group, x, y, width, tall))
            for node, (column, row) in lanes[group].items():
                cards[node] = (x + _INSET + column * _PITCH_X, y + _HEAD + row * _PITCH_Y)
            x += width + _GAP_X
        y += tall + _GAP_Y
    right = max(box.x + box.width for box in boxes)
    return Layout(cards, tuple(_stretched(boxes, right)), right, y - _GAP_Y)


def _stretched(boxes: Sequence[Box], right: int) -> Iterator[Box]:
    """The last box of each shelf reaches to the right edge of the page."""
    for box, after in zip(boxes, [*boxes[1:], None], strict=True):
        last = after is None or after.y != box.y
        yield replace(box, width=right - box.x) if last else box


def _size(columns: int, rows: int) -> tuple[int, int]:
    """Of a box, in pixels."""
    across = columns * _PITCH_X - (_PITCH_X - CARD_WIDTH) + 2 * _INSET
    return across, rows * _PITCH_Y - (_PITCH_Y - CARD_HEIGHT) + _HEAD + _INSET
