"""Mappings laid over each other, with the place of every value; knows no profile and no file."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from sorapipe.storyboard.places import Places, Value
from sorapipe.storyboard.source import Span

Mapping = dict[str, Value]

_NEAR = 15
"""Powers of ten between which numbers of a profile lie: `1e999999999` can't be written out."""


class Layers:
    """The nearest mapping wins; mappings merge key by key, everything else is replaced, `null` removes.

    Readers give `None` for what is absent or not of their kind: what is not of the right kind was refused before.
    """

    def __init__(self, maps: tuple[Mapping, ...], places: Places) -> None:
        self._maps = maps
        self._places = places

    def get(self, key: str) -> Value:
        """The value that counts, `None` without one."""
        return next((layer[key] for layer in self._maps if key in layer), None)

    def span(self, key: str | None = None) -> Span | None:
        """The place of the value that counts; of the nearest mapping without a key, or where there is no such key."""
        owner = next((layer for layer in self._maps if key is not None and key in layer), None)
        if owner is not None:
            return self._places.of(owner, key)
        return self._places.of(self._maps[0]) if self._maps else None

    def name(self, key: str) -> Span | None:
        """The place of a key itself, where its value counts."""
        owner = next((layer for layer in self._maps if key in layer), None)
        return self._places.key(owner, key) if owner is not None else None

    def together(self, one: str, other: str) -> bool:
        """Whether two keys have their values from the same mapping."""
        return next((other in layer for layer in self._maps if one in layer), False) and next(
            (one in layer for layer in self._maps if other in layer), False
        )

    def nearest(self) -> Layers:
        """The nearest mapping by itself: what a profile says on its own."""
        return Layers(self._maps[:1], self._places)

    def below(self, key: str) -> Layers:
        """The merged mapping at a key; empty where there is none."""
        found: list[Mapping] = []
        for layer in self._maps:
            if key in layer:
                value = layer[key]
                if not isinstance(value, dict):
                    break
                found.append(value)
        return Layers(tuple(found), self._places)

    def keys(self) -> tuple[str, ...]:
        """All keys that have a value, those of the farthest mapping first."""
        every = dict.fromkeys(key for layer in reversed(self._maps) for key in layer)
        return tuple(key for key in every if self.get(key) is not None)

    def items(self, key: str) -> tuple[Layers, ...]:
        """A mapping or a list of mappings at a key, each by itself."""
        value = self.get(key)
        entries = value if isinstance(value, list) else [value]
        return tuple(Layers((entry,), self._places) for entry in entries if isinstance(entry, dict))

    def text(self, key: str) -> str | None:
        """A text."""
        value = self.get(key)
        return value if isinstance(value, str) else None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty without one."""
        value = self.get(key)
        return tuple(str(entry) for entry in value if isinstance(entry, str)) if isinstance(value, list) else ()

    def whole(self, key: str) -> int | None:
        """A whole number."""
        return _whole(self.get(key))

    def wholes(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers; empty without one."""
        value = self.get(key)
        numbers = (_whole(entry) for entry in value) if isinstance(value, list) else ()
        return tuple(number for number in numbers if number is not None)

    def flag(self, key: str, default: bool) -> bool:
        """A truth value."""
        value = self.get(key)
        return value if isinstance(value, bool) else default

    def decimal(self, key: str) -> Decimal | None:
        """An exact number, as it was written."""
        value = self.get(key)
        if value is None or isinstance(value, bool | list | dict):
            return None
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            return None
        return number if number.is_finite() and abs(number.adjusted()) < _NEAR else None


def _whole(value: Value) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:18])
    return value if isinstance(value, int) and not isinstance(value, bool) else None
