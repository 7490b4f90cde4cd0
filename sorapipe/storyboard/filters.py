"""Values, filters and errors of templates, bounded in what they put out; knows neither the engine nor shots."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

MAX_OUTPUT = 100_000
"""Characters that one rendered text, and every step on the way to it, may have."""

_WORD = re.compile(r"[^\W_][\w'\u2019]*")


RESERVED = frozenset(
    re.findall(
        r"\w+",
        "vars matrix characters shot self super loop caller varargs kwargs true false none and or not if else elif is"
        " in for set macro block import include extends call filter with recursive",
    )
)
"""Names that a template's parameter can't have."""


class TemplateRefused(Exception):
    """A template that can't be rendered: `message` and `hint` for a person, `offset` and `length` in its text."""

    def __init__(self, message: str, hint: str | None = None, offset: int = 0, length: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.offset = offset
        self.length = length


class UnknownName(TemplateRefused):
    """A name that isn't there: the `path` to it, and the names that are `known` in its place."""

    def __init__(self, path: tuple[str, ...], known: tuple[str, ...], offset: int, length: int) -> None:
        super().__init__(f"unknown name `{'.'.join(path)}`", None, offset, length)
        self.path = path
        self.known = known


class BadValue(Exception):
    """A value that can't be printed or filtered so; `hint` is the way out."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def printed(value: object) -> str:
    """How a value stands in the text. Raises `BadValue` for what has no plain form."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        hint = "choose a word: `{{ 'dusk' if matrix.lens == 'wide' else 'day' }}`"
        raise BadValue("a yes or no can't be printed", hint)
    if isinstance(value, int | Decimal | float):
        return str(value)
    if isinstance(value, list):
        raise BadValue("a list can't be printed", "join it: `{{ vars.words|join(', ') }}`")
    if isinstance(value, Mapping):
        keys = ", ".join(f"`{key}`" for key in list(value)[:4])
        raise BadValue("a mapping can't be printed", f"name one of its keys: {keys}" if keys else None)
    raise BadValue("there is no value here")


def bounded(text: str) -> str:
    """The text itself. Raises `BadValue` when it is longer than any prompt may be."""
    if len(text) > MAX_OUTPUT:
        raise BadValue(f"the rendered text has more than {MAX_OUTPUT:,} characters")
    return text


def _changed(change: Callable[[str], str]) -> Callable[[object], str]:
    return lambda value: bounded(change(printed(value)))


def _title(text: str) -> str:
    return _WORD.sub(lambda match: match[0][0].upper() + match[0][1:].lower(), text)


def _replace(value: object, old: object, new: object) -> str:
    text, before, after = printed(value), printed(old), printed(new)
    if not before:
        raise BadValue("`replace` needs a text to look for")
    if len(text) + text.count(before) * (len(after) - len(before)) > MAX_OUTPUT:
        raise BadValue(f"the rendered text has more than {MAX_OUTPUT:,} characters")
    return text.replace(before, after)


def _join(value: object, between: object = "") -> str:
    if not isinstance(value, list):
        raise BadValue("`join` needs a list")
    parts, gap = [printed(item) for item in value], printed(between)
    if sum(map(len, parts)) + len(gap) * len(parts) > MAX_OUTPUT:
        raise BadValue(f"the rendered text has more than {MAX_OUTPUT:,} characters")
    return gap.join(parts)


def _end(index: int) -> Callable[[object], object]:
    def pick(value: object) -> object:
        if not isinstance(value, list | str):
            raise BadValue("`first` and `last` need a list or a text")
        if not value:
            raise BadValue("`first` and `last` need something that isn't empty")
        end: object = value[index]
        return end

    return pick


def _length(value: object) -> int:
    if not isinstance(value, list | str | Mapping):
        raise BadValue("`length` needs a list or a text")
    return len(value)


FILTERS: dict[str, Callable[..., object]] = {
    "upper": _changed(str.upper),
    "lower": _changed(str.lower),
    "capitalize": _changed(str.capitalize),
    "title": _changed(_title),
    "trim": _changed(str.strip),
    "replace": _replace,
    "join": _join,
    "first": _end(0),
    "last": _end(-1),
    "length": _length,
}
"""By name. `default` is the engine's business, as only it knows what is undefined."""
