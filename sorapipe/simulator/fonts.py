"""Letters: a font that has the letters of a text, and lines that fit; knows no picture."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

# Tried in this order where the font that comes along lacks a letter. None of them has to be there.
_ELSEWHERE = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "/System/Library/Fonts/Helvetica.ttc",
    "C:/Windows/Fonts/msyh.ttc",
    "C:/Windows/Fonts/arial.ttf",
)
_PROBE = 20


@lru_cache(maxsize=64)
def font(size: int, path: str | None = None) -> Font:
    """The font that comes along with Pillow, or the one at `path`, at `size` pixels."""
    return ImageFont.load_default(size) if path is None else ImageFont.truetype(path, size)


@lru_cache(maxsize=4096)
def _has(path: str | None, letter: str) -> bool:
    """Whether a font draws a letter with a shape of its own and not with its box for missing ones."""
    if letter.isspace():
        return True
    probe = font(_PROBE, path)
    shape, box = probe.getmask(letter), probe.getmask("\uffff")
    return shape.size != box.size or bytes(shape) != bytes(box)


@lru_cache(maxsize=1)
def _fonts() -> tuple[str | None, ...]:
    return (None, *(path for path in _ELSEWHERE if Path(path).exists()))


def legible(text: str) -> tuple[str, str | None]:
    """The text with the letters that can be drawn, and the path of the font that draws most of them.

    Accents are left out where no font has them; what can't be drawn at all becomes a middle dot, once.
    """
    text = " ".join("".join(c for c in text if c.isprintable() or c.isspace()).split())
    letters = set(text)
    best = max(_fonts(), key=lambda path: sum(_has(path, letter) for letter in letters))
    drawn: list[str] = []
    for letter in text:
        plain = letter if _has(best, letter) else _plain(letter, best)
        if plain or drawn[-1:] != ["·"]:
            drawn.append(plain or "·")
    return "".join(drawn), best


def _plain(letter: str, path: str | None) -> str:
    parts = unicodedata.normalize("NFKD", letter)
    kept = "".join(part for part in parts if not unicodedata.combining(part) and _has(path, part))
    return kept or {"\u2014": "-", "\u2013": "-", "\u00d7": "x"}.get(letter, "")


def lines(text: str, face: Font, width: float, most: int) -> list[str]:
    """The text in at most `most` lines of `width` pixels; shortened with an ellipsis where it's longer."""
    done: list[str] = []
    rest = text
    while rest and len(done) < most:
        line = _fitting(rest, face, width)
        rest = rest[len(line) :].lstrip()
        done.append(line.rstrip())
    if rest and done:
        last = done[-1] + " …"
        while face.getlength(last) > width and len(last) > 2:  # noqa: PLR2004
            last = last[:-3].rstrip() + " …"
        done[-1] = last.replace(" …", "…")
    return done


def _fitting(text: str, face: Font, width: float) -> str:
    """The longest beginning that fits, broken between words where there are any."""
    low, high = 1, min(len(text), 400)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if face.getlength(text[:middle]) <= width else (low, middle - 1)
    if low == len(text) or text[low : low + 1].isspace():
        return text[:low]
    space = text.rfind(" ", 0, low)
    return text[:space] if space > 0 else text[:low]
