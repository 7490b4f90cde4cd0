"""Texts with what changed in them, word by word: for a terminal, as data; knows not where the words come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sorapipe.planning.wording import Kind, Piece
from sorapipe.storyboard.diagnostics import escape
from sorapipe.views.page import Paint

NEAR = 6
"""So many words that stayed are shown beside those that changed."""
_MARKS = {Kind.SAME: ("", "", ""), Kind.REMOVED: ("[-", "-]", "red"), Kind.ADDED: ("{+", "+}", "green")}
BREAK = "¶"


class _Word(NamedTuple):
    text: str
    style: str
    glued: bool = False
    """Whether it stands right behind the word before, as `{+new+}` behind `[-old-]`."""


def shortened(pieces: Sequence[Piece], near: int = NEAR) -> list[Piece]:
    """The pieces with long stretches of words that stayed left out."""
    out: list[Piece] = []
    for place, piece in enumerate(pieces):
        words = piece.words
        head = 0 if place == 0 else near
        tail = 0 if place == len(pieces) - 1 else near
        if piece.kind is Kind.SAME and len(words) > head + tail + 1:
            words = (*words[:head], "…", *(words[len(words) - tail :] if tail else ()))
        out.append(Piece(piece.kind, words))
    return out


def diff_lines(pieces: Sequence[Piece], width: int, paint: Paint) -> list[str]:
    """`[-old-]{+new+}` in lines of at most so many columns."""
    lines: list[list[_Word]] = [[]]
    room = width
    for word in _marked(shortened(pieces)):
        if lines[-1] and not word.glued and len(word.text) > room:
            lines.append([])
            room = width
        lines[-1].append(word)
        room -= len(word.text) + (not word.glued)
    return [_line(line, paint) for line in lines]


def diff_data(pieces: Iterable[Piece]) -> list[dict[str, str]]:
    """The whole text as data: `[{kind: same, text: …}, {kind: removed, text: …}]`."""
    return [{"kind": piece.kind.value, "text": escape(_joined(piece.words), newlines=True)} for piece in pieces]


def _line(words: Iterable[_Word], paint: Paint) -> str:
    text = ""
    for word in words:
        between = "" if word.glued or not text else " "
        text += between + (paint(word.text, word.style) if word.style else word.text)
    return text


def _joined(words: Sequence[str]) -> str:
    return " ".join(words).replace(" \n ", "\n").replace("\n ", "\n").replace(" \n", "\n")


def _marked(pieces: Iterable[Piece]) -> Iterator[_Word]:
    before = Kind.SAME
    for piece in pieces:
        begin, end, style = _MARKS[piece.kind]
        for place, word in enumerate(piece.words):
            text = BREAK if word == "\n" else escape(word)
            text = f"{begin}{text}" if place == 0 else text
            text = f"{text}{end}" if place == len(piece.words) - 1 else text
            glued = place == 0 and piece.kind is Kind.ADDED and before is Kind.REMOVED
            yield _Word(text, style, glued)
        before = piece.kind
