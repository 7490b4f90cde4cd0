"""Renders the texts of a storyboard; knows no YAML, shots or places, and the template engine only where it must.

Most templates are text with a few `{{ name.attr|filter }}`. Those are read here and never meet the engine, which is
slow to compile; a test holds both ways together. All other templates go to `templates`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple, Protocol

from sorapipe.storyboard.filters import FILTERS, RESERVED, BadValue, TemplateRefused, UnknownName, bounded, printed

Context = Mapping[str, object]

_FIELD = re.compile(r"\{\{\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)((?:\s*\|\s*[a-z]+)*)\s*\}\}", re.ASCII)
_ROOTS = frozenset({"vars", "matrix", "characters", "shot"})
_NO_NAMES = (RESERVED - _ROOTS) | {"True", "False", "None"}
_MARK = re.compile(r"\{[{%#]")


class Template(Protocol):
    """A text that is ready to be rendered, many times."""

    def render(self, context: Context) -> str:
        """The text for one shot. Raises `TemplateRefused`."""


def is_template(text: str) -> bool:
    """Whether the text holds anything to render."""
    return "{" in text and _MARK.search(text) is not None


def compile_template(text: str) -> Template:
    """The template in `text`. Raises `TemplateRefused` for whatever isn't allowed in one."""
    compiled = _compiled(text)
    if isinstance(compiled, TemplateRefused):
        raise compiled.with_traceback(None)
    return compiled


@lru_cache(maxsize=4096)
def _compiled(text: str) -> Template | TemplateRefused:
    """Refusals are kept as well: ten thousand shots may share one bad template."""
    quick = compile_quick(text)
    if quick is not None:
        return quick
    from sorapipe.storyboard import templates

    try:
        return templates.compile_tree(text)
    except TemplateRefused as refused:
        return refused


class _Field(NamedTuple):
    path: tuple[str, ...]
    filters: tuple[Callable[..., object], ...]


class _Quick:
    """Text and fields in turn: `pieces` holds `(offset, field)` between the `literals`."""

    __slots__ = ("fields", "literals")

    def __init__(self, literals: list[str], fields: list[tuple[int, _Field]]) -> None:
        self.literals = literals
        self.fields = fields

    def render(self, context: Context) -> str:
        out = [self.literals[0]]
        for (offset, field), literal in zip(self.fields, self.literals[1:], strict=True):
            out.append(_value(context, field, offset))
            out.append(literal)
        text = "".join(out)
        try:
            return bounded(text)
        except BadValue as bad:
            raise TemplateRefused(bad.message, bad.hint) from None


def compile_quick(text: str) -> Template | None:
    """The template without the engine, or `None` where it holds more than plain fields."""
    literals: list[str] = []
    fields: list[tuple[int, _Field]] = []
    end = 0
    for match in _FIELD.finditer(text):
        field = _field(match[1], match[2])
        literal = text[end : match.start()]
        if field is None or literal.endswith("{"):
            return None
        literals.append(literal)
        fields.append((match.start(1), field))
        end = match.end()
    literals.append(text[end:])
    if "\r" in text:
        return None
    for literal in literals:
        if "{" in literal and _MARK.search(literal):
            return None
    return _Quick(literals, fields)


@lru_cache(maxsize=4096)
def _field(name: str, filters: str) -> _Field | None:
    path = tuple(name.split("."))
    names = [part.strip() for part in filters.split("|")[1:]]
    if path[0] in _NO_NAMES or not all(part in FILTERS and part not in _WITH_WORDS for part in names):
        return None
    return _Field(path, tuple(FILTERS[part] for part in names))


_WITH_WORDS = frozenset({"replace"})
"""Filters that mean nothing without words in brackets: their mistakes are the engine's to explain."""


def _value(context: Context, field: _Field, offset: int) -> str:
    value: object = context
    for depth, name in enumerate(field.path):
        if not isinstance(value, Mapping) or name not in value:
            raise _unknown(field.path[: depth + 1], value, offset)
        value = value[name]
    try:
        for change in field.filters:
            value = change(value)
        return printed(value)
    except BadValue as bad:
        raise TemplateRefused(bad.message, bad.hint, offset, len(".".join(field.path))) from None


def _unknown(path: tuple[str, ...], within: object, offset: int) -> UnknownName:
    known = tuple(str(key) for key in within) if isinstance(within, Mapping) else ()
    return UnknownName(path, known, offset + len("".join(f"{part}." for part in path[:-1])), len(path[-1]))
