"""Texts of a request: their normal form and the mentions in them; knows no shots, characters or files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from unicodedata import normalize

_SIGN = re.compile(r"@(?:@|(?<![A-Za-z0-9._%+@-]@)([A-Za-z0-9_][A-Za-z0-9_-]*|\w))")
"""It begins with the sign itself, which is found several times faster than a choice of beginnings."""

_ID = re.compile(r"[a-z][a-z0-9_-]*")


class Mention(NamedTuple):
    """`@id` in a prompt."""

    id: str


class Word(NamedTuple):
    """A word behind a sign: `text` without the `@`, `offset` of the sign; a `mention` when it has the form of an id."""

    text: str
    offset: int
    mention: bool


def normalise(text: str) -> str:
    """The form of a text that is digested and sent, so that re-wrapping a paragraph costs nothing.

    NFC, stripped; a single line break (with the blanks around it) is a space, blank lines stay.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = normalize("NFC", text)
    text = text.strip()
    return _unwrap(text) if "\n" in text else text


def _unwrap(text: str) -> str:
    pieces: list[str] = []
    blank = False
    for line in text.split("\n"):
        stripped = line.strip()
        if not stripped:
            blank = True
            pieces.append("\n")
            continue
        if pieces:
            pieces.append("\n" if blank else " ")
        pieces.append(stripped)
        blank = False
    return "".join(pieces)


def paragraphs(look: str, prompt: str) -> str:
    """The one text of a request: the look first, as it holds for all that follows, then the prompt. Both normalised."""
    return f"{look}\n\n{prompt}" if look and prompt else look or prompt


def words(text: str) -> Iterator[Word]:
    """Every word behind a single `@`, in order; signs inside addresses such as `info@keeper.com` are text."""
    if "@" not in text:
        return
    for match in _SIGN.finditer(text):
        word = match[1]
        if word is not None:
            yield Word(word, match.start(), _ID.fullmatch(word) is not None)


def split_mentions(prompt: str) -> list[str | Mention]:
    """A normalised prompt in pieces: literal text (with `@@` made `@`) and mentions, in order; no empty pieces."""
    pieces: list[str | Mention] = []
    literal = ""
    end = 0
    for match in _SIGN.finditer(prompt):
        literal += prompt[end : match.start()]
        end = match.end()
        word = match[1]
        if word is None:
            literal += "@"
        elif _ID.fullmatch(word) is None:
            literal += match[0]
        else:
            if literal:
                pieces.append(literal)
            pieces.append(Mention(word))
            literal = ""
    literal += prompt[end:]
    if literal:
        pieces.append(literal)
    return pieces
