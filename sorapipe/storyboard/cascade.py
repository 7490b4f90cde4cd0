"""Layers of fields, the lower overruled by the higher, and where each field came from; knows no shots or templates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sorapipe.storyboard.document import Container, Places, Value
from sorapipe.storyboard.source import Span
from sorapipe.storyboard.text import words

Fields = dict[str, Value]

MERGED = ("vars", "use", "extra")
"""Fields that merge by key; all others are replaced."""


def lay(low: Fields, high: Fields) -> Fields:
    """One layer over what lies below. `null` stays in the result, so that it also removes what lies deeper."""
    out = {**low, **high}
    for key in MERGED:
        if key in high and key in low:
            over, under = high[key], low[key]
            if isinstance(over, dict) and isinstance(under, dict):
                out[key] = {**under, **over}
    return out


def lay_all(layers: Iterable[Fields], low: Fields | None = None) -> Fields:
    """Layers from the lowest to the highest over `low`."""
    out: Fields = low or {}
    for layer in layers:
        out = lay(out, layer)
    return out


def present(fields: Fields) -> Fields:
    """The fields without those that `null` removed."""
    return {key: value for key, value in fields.items() if value is not None} if None in fields.values() else fields


class Written:
    """Where the fields of one thing were written: its layers, lowest first, and the mapping that is the thing."""

    __slots__ = ("_head", "_layers", "_places")

    def __init__(self, places: Places, head: Fields, layers: Sequence[Fields]) -> None:
        self._places = places
        self._head = head
        self._layers = layers

    def place(self, field: str | None = None) -> Span:
        """Of a field's value, `use.out` and the like too; of the thing itself without a field or where it has none."""
        if field is not None:
            found = self.home(field)
            if found is not None:
                return self._places.of(*found)
        return self._places.of(self._head, "id" if "id" in self._head else None)

    def inside(self, field: str, offset: int, length: int) -> Span:
        """Of `length` characters from `offset` of a field's text as it stands in the file."""
        found = self.home(field)
        return self._places.inside(*found, offset, length) if found is not None else self.place()

    def mention(self, name: str) -> Span:
        """Of the first `@name` in the texts, or in the values that templates put into them; else of the prompt."""
        for field, text in self._texts():
            found = next((word for word in words(text) if word.text == name), None)
            if found is not None and self.home(field) is not None:
                return self.inside(field, found.offset, len(name) + 1)
        return self.place("prompt")

    def _texts(self) -> Iterator[tuple[str, str]]:
        """The texts that may hold mentions, by field, as they stand in the file."""
        fields = lay_all(self._layers)
        for field in ("prompt", "look", "negative_prompt"):
            value = fields.get(field)
            if isinstance(value, str):
                yield field, value
        for root in ("with", "params", "vars"):
            values = fields.get(root)
            for name, value in values.items() if isinstance(values, dict) else ():
                if isinstance(value, str):
                    yield f"{root}.{name}", value

    def own(self, field: str) -> bool:
        """Whether the thing says a field itself."""
        return self._head.get(field) is not None

    def empty(self, field: str) -> Span | None:
        """The empty cell of a table that leaves a field unsaid."""
        found = (self._places.empty(layer, field) for layer in reversed(self._layers))
        return next((span for span in found if span is not None), None)

    def home(self, field: str) -> tuple[Container, str | int] | None:
        """The container that a field's value was taken from, and its key there."""
        name, _, rest = field.partition(".")
        for layer in reversed(self._layers):
            if name not in layer:
                continue
            found = self._deeper(layer, name, rest)
            if found is not None:
                return found
        return None

    def role(self, field: str) -> str:
        """What people call the layer that a field's value was taken from: `defaults`, `scene arrival`; empty where it
        is the thing itself or has no name."""
        name, _, rest = field.partition(".")
        for layer in reversed(self._layers):
            if name in layer and self._deeper(layer, name, rest) is not None:
                return "" if layer is self._head else self._places.role(layer)
        return ""

    def written(self) -> Fields:
        """The fields as they stand in the files, after cascade, before anything is rendered."""
        return present(lay_all(self._layers))

    def _deeper(self, container: Container, name: str, rest: str) -> tuple[Container, str | int] | None:
        value: Value = container[name] if isinstance(container, dict) else container[int(name)]
        if rest and isinstance(value, dict | list):
            first, _, more = rest.partition(".")
            inside = first in value if isinstance(value, dict) else first.isdigit() and int(first) < len(value)
            return self._deeper(value, first, more) if inside else None
        if self._places.known(container):
            return container, name if isinstance(container, dict) else int(name)
        return None
