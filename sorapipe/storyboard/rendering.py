"""Renders the texts of a storyboard; knows no YAML, shots or places, and the template engine only where it must.

Most templates are text with a few `{{ name.attr|filter }}`. Those are read here and never meet the engine, which is
slow to compile; a test holds both ways together. All other templates go to `templates`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple, Protocol

from sorapipe.storyboard.filters import FILTERS, MAX_OUTPUT, RESERVED, BadValue, TemplateRefused, UnknownName, printed

Context = Mapping[str, object]

_PLAIN = r"\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)((?:\s*\|\s*[a-z]+)*)\s*"
_INSIDE = re.compile(_PLAIN, re.ASCII)
_FIELD = re.compile(r"\{\{" + _PLAIN + r"\}\}", re.ASCII)
_ROOTS = frozenset({"vars", "matrix", "characters", "shot"})
_NO_NAMES = (RESERVED - _ROOTS) | {"True", "False", "None"}
_MARK = re.compile(r"\{[{%#]")


class Template(Protocol):
    """A text that is ready to be rendered, many times."""

    def render(self, context: Context) -> str:
        """The text for one shot. Raises `TemplateRefused`."""


def is_template(text: str) -> bool:
    """Whether the text holds anything to render."""
    return "{{" in text or ("{" in text and _MARK.search(text) is not None)


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
    """Text and fields in turn, a literal at both ends."""

    __slots__ = ("_fields", "_literals", "_text")

    def __init__(self, text: str, literals: list[str], fields: list[_Field]) -> None:
        self._text = text
        self._literals = literals
        self._fields = fields

    def render(self, context: Context) -> str:
        out = self._literals.copy()
        for number, field in enumerate(self._fields):
            try:
                out[number] += _value(context, field)
            except BadValue as bad:
                offset, length = self._place(number)
                raise TemplateRefused(bad.message, bad.hint, offset, length) from None
            except UnknownName as unknown:
                unknown.offset += self._place(number)[0]
                raise
        text = "".join(out)
        if len(text) > MAX_OUTPUT:
            raise TemplateRefused(f"the rendered text has more than {MAX_OUTPUT:,} characters")
        return text

    def parts(self, context: Context) -> list[Part]:
        """The rendered text in parts."""
        out: list[Part] = []
        for literal, field in zip(self._literals, self._fields, strict=False):
            out += [Part(literal, ()), Part(_value(context, field), field.path, not field.filters)]
        return [*out, Part(self._literals[-1], ())]

    def _place(self, number: int) -> tuple[int, int]:
        """Where the name of a field stands; only asked for when something is wrong with it."""
        match = list(_FIELD.finditer(self._text))[number]
        return match.start(1), len(match[1])


class Part(NamedTuple):
    """A part of a rendered text: the `path` of the name that it came from (empty for what is written out), and whether
    it stands there as the name has it."""

    text: str
    path: tuple[str, ...]
    plain: bool = True


def parts(text: str, context: Context) -> list[Part]:
    """The rendered text in parts. Of a template for the engine all is one, but for the values that are found in it
    again. Raises `TemplateRefused`."""
    compiled = compile_template(text)
    if isinstance(compiled, _Quick):
        return compiled.parts(context)
    rendered = compiled.render(context)
    names = {tuple(name.split(".")) for tag in _TAGS.findall(text) for name in _DOTTED.findall(tag)}
    found = {path: value for path in sorted(names) if isinstance(value := _found(context, path), str) and value.strip()}
    return _found_again(rendered, found)


_TAGS = re.compile(r"\{[{%].*?[}%]\}", re.DOTALL)
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)


def _found(context: Context, path: tuple[str, ...]) -> object:
    value: object = context
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _found_again(rendered: str, values: Mapping[tuple[str, ...], str]) -> list[Part]:
    """The text in parts, where the longest values are looked for first."""
    out = [Part(rendered, ())]
    for path, value in sorted(values.items(), key=lambda pair: -len(pair[1])):
        cut: list[Part] = []
        for part in out:
            if part.path or value not in part.text:
                cut.append(part)
                continue
            pieces = part.text.split(value)
            cut += [one for piece in pieces[:-1] for one in (Part(piece, ()), Part(value, path))]
            cut.append(Part(pieces[-1], ()))
        out = cut
    return out


def compile_quick(text: str) -> Template | None:
    """The template without the engine, or `None` where it holds more than plain fields."""
    first, *pieces = text.split("{{")
    literals, fields = [first], []
    for piece in pieces:
        inside, closed, literal = piece.partition("}}")
        field = _field(inside) if closed else None
        if field is None:
            return None
        fields.append(field)
        literals.append(literal)
    for literal in literals:
        if "{" in literal and (literal[-1] == "{" or _MARK.search(literal)):
            return None
    return None if "\r" in text else _Quick(text, literals, fields)


@lru_cache(maxsize=4096)
def _field(inside: str) -> _Field | None:
    """What stands between the braces, or `None` where it is more than a name with filters."""
    match = _INSIDE.fullmatch(inside)
    if match is None:
        return None
    path = tuple(match[1].split("."))
    names = [part.strip() for part in match[2].split("|")[1:]]
    if path[0] in _NO_NAMES or "__" in match[1]:
        return None
    if not all(part in FILTERS and part not in _WITH_WORDS for part in names):
        return None
    return _Field(path, tuple(FILTERS[part] for part in names))


_WITH_WORDS = frozenset({"replace"})
"""Filters that mean nothing without words in brackets: their mistakes are the engine's to explain."""


def _value(context: Context, field: _Field) -> str:
    value: object = context
    for name in field.path:
        if not isinstance(value, dict) or name not in value:
            raise _unknown(context, field.path)
        value = value[name]
    for change in field.filters:
        value = change(value)
    return value if isinstance(value, str) else printed(value)


def _unknown(context: Context, path: tuple[str, ...]) -> UnknownName:
    """The first part of a path that isn't there; its offset is from the begin of the path."""
    value: object = context
    for depth, name in enumerate(path):
        if not isinstance(value, dict) or name not in value:
            known = tuple(map(str, value)) if isinstance(value, dict) else ()
            offset = sum(len(part) + 1 for part in path[:depth])
            return UnknownName(path[: depth + 1], known, offset, len(name))
        value = value[name]
    raise AssertionError("BUG: the whole path is there")
