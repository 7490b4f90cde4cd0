"""Checks of single parameters, shared by the dialects: values in, words for what is wrong out; knows no envelope."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from sorapipe.simulator.catalogue import CHARACTERS_A_SHOT, PROMPT_LIMIT, STYLES, Model

_SPAN = re.compile(r"(\d{1,6}(?:\.\d{1,6})?),\s*(\d{1,6}(?:\.\d{1,6})?)")
_TASK = re.compile(r"[A-Za-z0-9._:-]{1,200}")
_METADATA_LIMIT = 4_096
_URL_LIMIT = 2_048
CFG_LIMIT = 30
REFUSED = "[refused]"

Check = Callable[[object], str | None]


def text(limit: int) -> Check:
    """A string of at most `limit` characters."""

    def check(value: object) -> str | None:
        if not isinstance(value, str):
            return "must be a string"
        return f"is longer than {limit} characters" if len(value) > limit else None

    return check


def prompt(limit: int = PROMPT_LIMIT) -> Check:
    """What is to be seen, in at most `limit` characters."""

    def check(value: object) -> str | None:
        if not isinstance(value, str):
            return "must be a string"
        if not value.strip():
            return "is empty"
        if REFUSED in value:
            return "this prompt is against the rules"
        return f"is longer than {limit} characters" if len(value) > limit else None

    return check


def one_of(words: Iterable[str]) -> Check:
    """One of these words."""
    known = tuple(words)
    return lambda value: None if isinstance(value, str) and value in known else f"must be one of {', '.join(known)}"


def string(value: object) -> str | None:
    """Any text: what it says is looked at elsewhere."""
    return None if isinstance(value, str) else "must be a string"


def boolean(value: object) -> str | None:
    """A real boolean."""
    return None if isinstance(value, bool) else "must be true or false"


def seed(value: object) -> str | None:
    """A whole number that fits into 64 bits."""
    if isinstance(value, bool) or not isinstance(value, int):
        return "must be a whole number"
    return None if -(2**63) <= value < 2**63 else "is out of range"


style = one_of(STYLES)


def cfg_scale(value: object) -> str | None:
    """How closely the prompt is followed."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return "must be a number"
    return None if 0 <= value <= CFG_LIMIT else f"must be between 0 and {CFG_LIMIT}"


def url(value: object) -> str | None:
    """An http(s) URL with a host."""
    if not isinstance(value, str):
        return "must be a string"
    try:
        parts = urlsplit(value)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and len(value) <= _URL_LIMIT
    except ValueError:
        good = False
    return None if good else "must be an http(s) URL"


def span(least: int, most: int) -> Check:
    """`start,end` in seconds, so far apart."""

    def check(value: object) -> str | None:
        found = _SPAN.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            return "must be `start,end` in seconds, for example `1,3`"
        length = float(found[2]) - float(found[1])
        good = least - 1e-9 < length < most + 1e-9
        return None if good else f"must span {least} to {most} seconds"

    return check


timestamps = span(1, 3)


def task(value: object) -> str | None:
    """Something that can be a task's id."""
    return None if isinstance(value, str) and _TASK.fullmatch(value) else "must be the id of a task"


def character_ids(value: object) -> str | None:
    """A list of character ids."""
    if not isinstance(value, list) or not all(isinstance(id, str) and _TASK.fullmatch(id) for id in value):
        return "must be a list of character ids"
    return f"may name at most {CHARACTERS_A_SHOT} characters" if len(value) > CHARACTERS_A_SHOT else None


def picture(value: object) -> str | None:
    """A URL or a data URL; the bytes of the latter are checked where they are kept."""
    if isinstance(value, str) and value[:5].lower() == "data:":
        return None
    return url(value)


metadata = text(_METADATA_LIMIT)


def model(names: Iterable[str]) -> Check:
    """A model that is sold here."""
    return one_of(names)


def seconds(value: object, model: Model, others: Iterable[Model]) -> str | None:
    """A length that the model makes, as a string."""
    if not isinstance(value, str):
        return "must be a string"
    if value in map(str, model.credits):
        return None
    longest = any(value in map(str, other.credits) for other in others)
    return f"must be one of {', '.join(map(str, model.credits))}" + (f" with {model.name}" if longest else "")


def size(value: object, model: Model, others: Iterable[Model]) -> str | None:
    """A size that the model makes."""
    if isinstance(value, str) and value in model.sizes:
        return None
    other = isinstance(value, str) and any(value in shelf.sizes for shelf in others)
    return f"must be one of {', '.join(model.sizes)}" + (f" with {model.name}" if other else "")


def members(values: Mapping[str, object], checks: Mapping[str, Check], prefix: str) -> list[str]:
    """What is wrong with an object whose members are checked by name; a member without a check is refused."""
    problems = [f"{prefix}{name[:80]}: unknown parameter" for name in values if name not in checks]
    for name, check in checks.items():
        problem = check(values[name]) if name in values else None
        if problem is not None:
            problems.append(f"{prefix}{name}: {problem}")
    return problems
