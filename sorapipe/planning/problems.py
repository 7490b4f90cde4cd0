"""What a provider doesn't take, as data with the place it is said at; knows no rule by which it is found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sorapipe.storyboard.diagnostics import did_you_mean


class Problem(NamedTuple):
    """Something that the provider doesn't take. `field` is the key that says it; `mild` is only ever a warning.

    `character` has its own keys: then `field` is one of them. `mention` is the character whose mention in the shot's
    texts is meant. `once` counts for all shots that have it, at the first of them.
    """

    code: str
    field: str
    message: str
    hint: str | None = None
    mild: bool = False
    character: str | None = None
    mention: str | None = None
    once: bool = False


def unknown(field: str, word: str, known: Iterable[str], whose: str) -> Problem:
    """A value that is not among the known ones."""
    names = list(known)
    meant = None if word.isdigit() else did_you_mean(word, names)
    hint = f"did you mean `{meant}`? " if meant is not None else ""
    takes = f"it takes {listed(names)}" if names else "it takes none"
    verb = "takes" if field in {"size", "seconds"} else "has"
    return Problem(f"unknown-{field}", field, f"{whose} {verb} no {field} `{word}`", hint + takes)


def listed(names: Iterable[str]) -> str:
    """Names in backticks, sorted, numbers by their value."""
    return ", ".join(f"`{name}`" for name in sorted(names, key=_natural))


def either(names: Iterable[str]) -> str:
    """Names in backticks, one of which is to be chosen: `a`, `b` or `c`."""
    *others, last = [f"`{name}`" for name in names]
    return f"{', '.join(others)} or {last}" if others else last


def _natural(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdigit() else (0, name)
