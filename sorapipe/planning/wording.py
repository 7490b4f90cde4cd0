"""Which words of a text became which: differences of prompts, word by word; knows no recipes and no colours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from itertools import takewhile
from typing import NamedTuple

MOST_WORDS = 400
"""Between more words than this nobody looks for those that stayed."""
_TOKEN = re.compile(r"\n+|\S+")


class Kind(StrEnum):
    """What became of words."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


class Piece(NamedTuple):
    """Neighbouring words with one fate. A break between paragraphs is a word of its own, `\\n`."""

    kind: Kind
    words: tuple[str, ...]


class Swap(NamedTuple):
    """Words from `a` to `b` of the old text that became those from `c` to `d` of the new one."""

    a: int
    b: int
    c: int
    d: int


def tokens(text: str) -> list[str]:
    """The words of a text, and `\\n` for each break between paragraphs."""
    return ["\n" if word[0] == "\n" else word for word in _TOKEN.findall(text)]


def swaps(old: Sequence[str], new: Sequence[str]) -> list[Swap]:
    """What differs between two lists of words, in order. Where too much does, all between the first and the last
    difference is one."""
    head = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    backwards = zip(reversed(old[head:]), reversed(new[head:]), strict=False)
    tail = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], backwards))
    before, after = old[head : len(old) - tail], new[head : len(new) - tail]
    if not before and not after:
        return []
    if not before or not after or len(before) + len(after) > MOST_WORDS:
        return [Swap(head, head + len(before), head, head + len(after))]
    from difflib import SequenceMatcher

    codes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return [Swap(head + a, head + b, head + c, head + d) for tag, a, b, c, d in codes if tag != "equal"]


def word_diff(old: str, new: str) -> tuple[Piece, ...]:
    """Both texts in one, in pieces."""
    before, after = tokens(old), tokens(new)
    found: list[Piece] = []
    at = 0
    for a, b, c, d in swaps(before, after):
        found += [
            Piece(Kind.SAME, tuple(after[at:c])),
            Piece(Kind.REMOVED, tuple(before[a:b])),
            Piece(Kind.ADDED, tuple(after[c:d])),
        ]
        at = d
    found.append(Piece(Kind.SAME, tuple(after[at:])))
    return tuple(piece for piece in found if piece.words)
