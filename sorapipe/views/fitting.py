"""How wide a text is when it is drawn, and what of it fits; reckons with a wide font, so that narrower ones fit too."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_PLAIN = 0.62
_WIDTHS = {
    **dict.fromkeys("ijl.,:;'|!`", 0.33),
    **dict.fromkeys("ftr()[]/ \\", 0.41),
    **dict.fromkeys("-_", 0.5),
    **dict.fromkeys("mw@%", 0.97),
    **dict.fromkeys("ABCDEFGHKLNOPQRSTUVXYZ&+=<>~", 0.74),
    **dict.fromkeys("MW…", 1.0),
}
_BOLD = 1.12


def drawn(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a text in pixels."""
    return sum(map(_width, text)) * size * (_BOLD if bold else 1)


def cut(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """The beginning of a text, as much as fits."""
    if drawn(text, size, bold=bold) <= room:
        return text
    ems = room / (size * (_BOLD if bold else 1)) - _WIDTHS["…"]
    return _taken(text, ems).rstrip() + "…"


def squeezed(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """A name without its middle, as much as fits: names that begin alike are told apart by their ends."""
    if drawn(text, size, bold=bold) <= room:
        return text
    ems = room / (size * (_BOLD if bold else 1)) - _WIDTHS["…"]
    end = _taken(reversed(text), ems * 0.6)[::-1]
    begin = _taken(text, ems - sum(map(_width, end)))
    return f"{begin}…{end}"


def _width(char: str) -> float:
    if unicodedata.combining(char):
        return 0
    return 1.05 if unicodedata.east_asian_width(char) in "WF" else _WIDTHS.get(char, _PLAIN)


def _taken(chars: Iterable[str], ems: float) -> str:
    found = ""
    for char in chars:
        ems -= _width(char)
        if ems < 0:
            break
        found += char
    return found
