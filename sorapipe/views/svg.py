"""A figure as a drawn SVG page, without any program but this one; knows nothing of storyboards.

The page brings its own paper, so that it can be read on any background; viewers that ask for a dark look get one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from xml.sax.saxutils import escape as xml

from sorapipe.planning.graph import Kind
from sorapipe.views.drawing import CAST, Arrow, Figure, Node, Shape
from sorapipe.views.fitting import cut, drawn, squeezed
from sorapipe.views.layout import CARD_HEIGHT, CARD_WIDTH, Box, Layout, arrange

_MARGIN, _TOP, _FOOT = 32, 76, 58
_COLOURS = ("#c2701c", "#2f7d6b", "#7a4fa3", "#b23a55", "#2b6cb0", "#6b7d1f", "#a0522d", "#4b5f8f")
_MOST_THREADS = 30
"""With more threads from characters than this nobody can follow them: the dots on the cards say it alone."""
_MOST_DOTS = 6
_LABEL_SIZE, _LINE_SIZE, _HEAD_SIZE, _TITLE_SIZE = 12.5, 10.5, 13, 22
_GREY = "#8d8577"
_TRACKS = 5

_STYLE = """
  .paper{fill:#f7f5f0} .box{fill:#ffffff;stroke:#e0dbd0} .title{fill:#26221c;font-weight:600;font-size:22px}
  .sub{fill:#7a7367;font-size:12px} .head{fill:#4c463c;font-weight:600;font-size:13px}
  .card{fill:#fdfcf9;stroke:#b9b2a3} .again{fill:none;stroke:#b9b2a3;stroke-dasharray:4 3}
  .label{fill:#26221c;font-weight:600;font-size:12.5px} .line{fill:#7a7367;font-size:10.5px}
  .cell{font-weight:600} .badge{fill:#7a7367;font-size:10.5px;font-weight:600}
  .dot{font-size:8px;font-weight:700;fill:#ffffff}
  .frame{stroke:#33507a;stroke-width:2} .needs{stroke:#8d8577;stroke-dasharray:2 4;stroke-width:1.6}
  .clip{stroke:#8d8577;stroke-dasharray:7 4;stroke-width:1.4} .from_shot{stroke-width:1.8}
  .character{stroke-width:1.2;stroke-opacity:.5} .tip-frame{fill:#33507a} .tip-grey{fill:#8d8577}
  path.wire{fill:none;stroke-linecap:round}
  @media (prefers-color-scheme:dark){
  .paper{fill:#16181c} .box{fill:#1d2026;stroke:#31353d} .title,.label{fill:#eceae5} .sub,.line,.badge{fill:#9b978e}
  .head{fill:#cfcbc2} .card{fill:#252930;stroke:#555b66} .again{stroke:#555b66} .frame{stroke:#8fb3ea}
  .tip-frame{fill:#8fb3ea}}
"""


def svg(picture: Figure) -> str:
    """The whole page as text. Every word from outside is escaped for XML."""
    page = arrange(picture)
    width = max(page.width + 2 * _MARGIN, 640)
    height = page.height + _TOP + _FOOT
    colours = _cast_colours(picture)
    title = cut(picture.title, width - 2 * _MARGIN, _TITLE_SIZE, bold=True)
    body = [
        f'<rect class="paper" width="{width}" height="{height}" rx="10"/>',
        f'<text class="title" x="{_MARGIN}" y="38">{xml(title)}</text>',
        f'<text class="sub" x="{_MARGIN}" y="58">{_numbers(picture)}</text>',
        f'<g transform="translate({_MARGIN} {_TOP})">',
        *(_box(box, dict(picture.groups)[box.group], len(picture.members(box.group))) for box in page.boxes),
        *_wires(picture, page, colours),
        *(_node(node, page.cards[node.id], colours, _who(picture).get(node.id, [])) for node in picture.nodes),
        "</g>",
        _legend(picture, height - 24),
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" font-family="Inter, Helvetica, Arial, \'DejaVu Sans\', sans-serif">'
    )
    return "\n".join([head, f"<title>{xml(picture.title)}</title>", f"<style>{_STYLE}</style>", _tips(colours), *body,
                      "</svg>"]) + "\n"  # fmt: skip


def _cast_colours(picture: Figure) -> dict[str, str]:
    return {node.id: _COLOURS[place % len(_COLOURS)] for place, node in enumerate(picture.members(CAST))}


def _who(picture: Figure) -> dict[str, list[str]]:
    """The characters of each shot."""
    found: dict[str, list[str]] = defaultdict(list)
    for arrow in picture.arrows:
        if arrow.kind is Kind.CHARACTER:
            found[arrow.child].append(arrow.parent)
    return found


def _numbers(picture: Figure) -> str:
    shots = sum(node.group != CAST for node in picture.nodes)
    scenes = sum(group not in {CAST, ""} for group, _ in picture.groups)
    cast = len(picture.members(CAST))
    parts = [(shots, "shot"), (scenes, "scene"), (cast, "character")]
    return " · ".join(f"{number:,} {word}{'' if number == 1 else 's'}" for number, word in parts if number)


def _tips(colours: dict[str, str]) -> str:
    """Arrow heads: SVG gives them no colour of their line, so there is one for each."""
    heads = [_tip("frame", 'class="tip-frame"'), _tip("grey", 'class="tip-grey"')]
    heads += [_tip(colour[1:], f'fill="{colour}"') for colour in dict.fromkeys(colours.values())]
    return f"<defs>{''.join(heads)}</defs>"


def _tip(name: str, paint: str) -> str:
    return (
        f'<marker id="tip-{name}" viewBox="0 0 8 8" refX="7.4" refY="4" markerWidth="8" markerHeight="8" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.6L8 4L0 7.4Z" {paint}/></marker>'
    )


def _box(box: Box, heading: str, members: int) -> str:
    room = box.width - 36 - (8 + drawn(str(members), 12) if members > 1 else 0)
    count = f'<tspan class="sub" dx="8">{members}</tspan>' if members > 1 else ""
    shown = xml(cut(heading, room, _HEAD_SIZE, bold=True))
    text = f'<text class="head" x="{box.x + 18}" y="{box.y + 22}">{shown}{count}</text>'
    frame = f'<rect class="box" x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="10"/>'
    return frame + (text if heading else "")


def _wires(picture: Figure, page: Layout, colours: dict[str, str]) -> list[str]:
    threads = sum(arrow.kind is Kind.CHARACTER for arrow in picture.arrows)
    shown = [a for a in picture.arrows if a.kind is not Kind.CHARACTER or threads <= _MOST_THREADS]
    groups = {node.id: node.group for node in picture.nodes}
    tracks = {parent: place for place, parent in enumerate(dict.fromkeys(arrow.parent for arrow in shown))}
    drawn = []
    for arrow in sorted(shown, key=lambda a: a.kind is not Kind.CHARACTER):
        start, end = page.cards[arrow.parent], page.cards[arrow.child]
        near = groups[arrow.parent] == groups[arrow.child]
        path = _near(start, end) if near else _far(start, end, tracks[arrow.parent])
        drawn.append(_wire(arrow, path, colours))
    return drawn


def _wire(arrow: Arrow, path: str, colours: dict[str, str]) -> str:
    colour = {Kind.CHARACTER: colours.get(arrow.parent), Kind.FROM_SHOT: colours.get(arrow.child)}.get(arrow.kind)
    tip = colour[1:] if colour else "frame" if arrow.kind is Kind.FRAME else "grey"
    stroke = f' style="stroke:{colour}"' if colour else ""
    return f'<path class="wire {arrow.kind.value}" d="{path}" marker-end="url(#tip-{tip})"{stroke}/>'


def _near(start: tuple[int, int], end: tuple[int, int]) -> str:
    """Within a box: sideways where the child stands to the right, over the cards between; else back and down."""
    (ax, ay), (bx, by) = start, end
    half = CARD_HEIGHT // 2
    if ay == by and bx > ax + 1.5 * CARD_WIDTH:
        x1, x2, lift = ax + CARD_WIDTH - 24, bx + 24, ay - 16
        return f"M{x1} {ay}C{x1 + 14} {lift},{x2 - 14} {lift},{x2} {by}"
    if bx > ax + CARD_WIDTH:
        x1, x2, bend = ax + CARD_WIDTH, bx, max(14, (bx - ax - CARD_WIDTH) // 2)
        return f"M{x1} {ay + half}C{x1 + bend} {ay + half},{x2 - bend} {by + half},{x2} {by + half}"
    down = by > ay
    x1, x2 = ax + CARD_WIDTH // 2, bx + CARD_WIDTH // 2
    y1, y2 = (ay + CARD_HEIGHT, by) if down else (ay, by + CARD_HEIGHT)
    bend = max(14, abs(y2 - y1) // 2) * (1 if down else -1)
    return f"M{x1} {y1}C{x1} {y1 + bend},{x2} {y2 - bend},{x2} {y2}"


def _far(start: tuple[int, int], end: tuple[int, int], track: int) -> str:
    """From box to box: along the gutter to the left of the child, where no card stands, and in from its side."""
    (ax, ay), (bx, by) = start, end
    way = 1 if by > ay else -1
    beside = (track % _TRACKS) * 5
    x, gutter = ax + CARD_WIDTH // 2 - 16 + beside * 2, bx - 12 - beside
    if way < 0:  # the heading of a box is above its cards: pass it on the side
        x = ax + CARD_WIDTH - 16 if gutter > ax else ax + 16
    y = ay + CARD_HEIGHT if way > 0 else ay
    target = by + (CARD_HEIGHT // 2 - 9 if way > 0 else CARD_HEIGHT // 2 + 9)
    turn = y + way * (36 + beside)
    return (
        f"M{x} {y}C{x} {y + way * 24},{gutter} {turn - way * 28},{gutter} {turn}"
        f"L{gutter} {target - way * 12}Q{gutter} {target},{bx} {target}"
    )


def _node(node: Node, place: tuple[int, int], colours: dict[str, str], who: Sequence[str]) -> str:
    x, y = place
    colour = colours.get(node.id)
    round_by = CARD_HEIGHT // 2 if colour else 7
    dash = ' stroke-dasharray="4 3"' if node.shape is Shape.PROP else ""
    paint = f'fill="{colour}" fill-opacity=".13" stroke="{colour}" stroke-width="1.5"{dash}' if colour else ""
    under = f'<rect class="paper" x="{x}" y="{y}" width="{CARD_WIDTH}" height="{CARD_HEIGHT}" rx="{round_by}"/>'
    style = "" if colour else f'class="{"again" if node.shape is Shape.AGAIN else "card"}"'
    frame = f'<rect {style} x="{x}" y="{y}" width="{CARD_WIDTH}" height="{CARD_HEIGHT}" rx="{round_by}" {paint}/>'
    left = x + (18 if colour else 11)
    times = f"\u00d7{node.takes}" if node.takes > 1 else ""
    badge = "" if not times else (
        f'<text class="badge" x="{x + CARD_WIDTH - 9}" y="{y + 18}" text-anchor="end">{times}</text>'
    )  # fmt: skip
    seen = [(name, colours[name]) for name in who if name in colours]
    dots = _dots(x, y, seen)
    right = x + CARD_WIDTH - (18 if colour else 9)
    taken = drawn(times, _LINE_SIZE, bold=True) + 6 if times else 0
    above = right - left - taken
    below = (x + CARD_WIDTH - _dotted(len(seen)) if seen else right) - left
    name, slash, cell = node.label.partition("/")
    if slash and drawn(node.label, _LABEL_SIZE, bold=True) > above:  # what tells it from its like is worth a line
        label, line, kind = name, squeezed(cell, below, _LINE_SIZE, bold=True), "line cell"
    else:
        label, line, kind = node.label, cut(node.line, below, _LINE_SIZE), "line"
    texts = (
        f'<text class="label" x="{left}" y="{y + 19}">{xml(squeezed(label, above, _LABEL_SIZE, bold=True))}</text>'
        f'<text class="{kind}" x="{left}" y="{y + 36}">{xml(line)}</text>'
    )
    return f"<g><title>{xml(node.about)}</title>{under}{frame}{texts}{badge}{dots}</g>"


def _dotted(characters: int) -> int:
    """The width of the corner of a card that the dots of its characters take."""
    return 8 + 15 * min(characters, _MOST_DOTS) + (18 if characters > _MOST_DOTS else 0) + 4


def _dots(x: int, y: int, who: Sequence[tuple[str, str]]) -> str:
    """One dot of a character's colour with its initial, from the right."""
    drawn = []
    for place, (name, colour) in enumerate(who[:_MOST_DOTS]):
        cx, cy = x + CARD_WIDTH - 14 - place * 15, y + CARD_HEIGHT - 13
        drawn.append(
            f'<circle cx="{cx}" cy="{cy}" r="6.5" fill="{colour}"/>'
            f'<text class="dot" x="{cx}" y="{cy + 3}" text-anchor="middle">{xml(name[1:2].upper())}</text>'
        )
    if len(who) > _MOST_DOTS:
        drawn.append(
            f'<text class="line" x="{x + CARD_WIDTH - 14 - _MOST_DOTS * 15}" y="{y + CARD_HEIGHT - 10}" '
            f'text-anchor="middle">+{len(who) - _MOST_DOTS}</text>'
        )
    return "".join(drawn)


def _legend(picture: Figure, y: int) -> str:
    """What the lines mean, as far as they are there. Their colour says which character, so it is none here."""
    words = {
        Kind.FRAME: "its frame begins the next",
        Kind.FROM_SHOT: "makes the character",
        Kind.NEEDS: "comes before",
        Kind.CLIP: "is shown again",
        Kind.CHARACTER: "is seen in",
    }
    kinds = {arrow.kind for arrow in picture.arrows}
    threads = sum(arrow.kind is Kind.CHARACTER for arrow in picture.arrows)
    x, parts = _MARGIN, []
    for kind, text in words.items():
        if kind not in kinds:
            continue
        if kind is Kind.CHARACTER and threads > _MOST_THREADS:
            text = "a dot: the character is seen here"  # noqa: PLW2901
            sample = f'<circle cx="{x + 13}" cy="{y - 4}" r="6.5" fill="{_GREY}"/>'
        else:
            style = f' style="stroke:{_GREY}"' if kind in {Kind.FROM_SHOT, Kind.CHARACTER} else ""
            sample = f'<path class="wire {kind.value}" d="M{x} {y - 4}H{x + 26}"{style}/>'
        parts.append(f'{sample}<text class="sub" x="{x + 34}" y="{y}">{text}</text>')
        x += 34 + round(drawn(text, 12)) + 20
    return "".join(parts)
