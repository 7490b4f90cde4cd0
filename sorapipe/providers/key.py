"""The API key, wrapped so that it is shown nowhere; knows neither where it comes from nor where it goes."""

from __future__ import annotations

import re

_SHORTEST_SCRUBBED = 8
_CUT_OUT = b"[key]"


class Key:
    """A key that prints as `***`. Raises `ValueError`, without the key in it, for one that no header can carry."""

    __slots__ = ("__text", "__written")

    def __init__(self, text: str) -> None:
        if not re.fullmatch(r"[\x21-\x7e]{1,4096}", text):
            raise ValueError("the key is empty or holds blanks, line breaks or characters outside ASCII")
        self.__text = text
        self.__written = re.compile(_written(text))

    def reveal(self) -> str:
        """The key itself: for the one header that carries it."""
        return self.__text

    def scrub(self, body: bytes) -> bytes:
        """An answer without the key: some providers repeat it in their error messages.

        They may write it otherwise: a slash or `<` escaped in JSON, `%2F` in an address. A key of a few letters is
        left: it protects nothing, and cutting it out would hurt innocent words.
        """
        if len(self.__text) < _SHORTEST_SCRUBBED:
            return body
        plain = body.replace(self.__text.encode("ascii"), _CUT_OUT)
        return self.__written.sub(_CUT_OUT, plain) if b"\\" in plain or b"%" in plain else plain

    def __repr__(self) -> str:
        return "Key(***)"

    __str__ = __repr__

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a key is not written anywhere")


def _written(key: str) -> bytes:
    """A pattern of all ways in which JSON and addresses may write a key, also JSON inside a string of JSON."""
    letters = re.sub(r"\\+", r"\\", key)  # however many, they are told from nothing else anyway
    return b"".join(rb"\\{0,7}(?:%b|(?i:u00%02x|%%%02x))" % (re.escape(c), *c, *c) for c in map(_byte, letters))


def _byte(letter: str) -> bytes:
    return letter.encode("ascii")
