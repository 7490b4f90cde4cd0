"""The API key, wrapped so that it is shown nowhere; knows neither where it comes from nor where it goes."""

from __future__ import annotations

import re

_SHORTEST_SCRUBBED = 8


class Key:
    """A key that prints as `***`. Raises `ValueError`, without the key in it, for one that no header can carry."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        if not re.fullmatch(r"[\x21-\x7e]{1,4096}", text):
            raise ValueError("the key is empty or holds blanks, line breaks or characters outside ASCII")
        self.__text = text

    def reveal(self) -> str:
        """The key itself: for the one header that carries it."""
        return self.__text

    def scrub(self, body: bytes) -> bytes:
        """An answer without the key: some providers repeat it in their error messages.

        A key of a few letters is left: it protects nothing, and cutting it out would hurt innocent words.
        """
        if len(self.__text) < _SHORTEST_SCRUBBED:
            return body
        return body.replace(self.__text.encode("ascii"), b"[key]")

    def __repr__(self) -> str:
        return "Key(***)"

    __str__ = __repr__

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a key is not written anywhere")
