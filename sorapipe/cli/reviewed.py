"""Plans in files: `plan --out` writes one, `run --plan` carries it out and nothing else; makes no rules of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from sorapipe.cli.choosing import Words, existing, shell_words, sort_words
from sorapipe.cli.failures import Exit, Expected
from sorapipe.planning.recipe import canonical, digest
from sorapipe.planning.reviewed import Reviewed, Unreadable, data_of, moves, read_back, review

if TYPE_CHECKING:
    from sorapipe.cli.production import Production, Script
    from sorapipe.planning.plan_types import Plan, Wishes
    from sorapipe.providers.profile import Profile

_LARGEST = 256 << 20
_SHOWN = 6
_BESIDE = frozenset({"about", "path", "key_env", "webhook_key_env", "limits", "minutes", "in_flight", "prices_as_of"})
"""What of a profile changes neither an order nor its price."""


@dataclass(frozen=True)
class Given:
    """A plan from a file, the words that name its storyboard, and the file as it was typed."""

    reviewed: Reviewed
    words: Words
    path: str


def write(path: str, production: Production, plan: Plan, wishes: Wishes, data: Mapping[str, object]) -> None:
    """Writes a plan, with its data for people and programs, as one JSON document."""
    from sorapipe.state.disk import Disk
    from sorapipe.state.files import write_atomic

    out = Path(path)
    if out.is_dir() or not out.parent.is_dir():
        what = "is a folder" if out.is_dir() else "lies in a folder that is not there"
        raise Expected(Exit.USAGE, f"`{path}` {what}", "`--out plan.json` writes it here")
    if out.suffix.lower() in {".yaml", ".yml", ".lock"}:
        raise Expected(Exit.USAGE, f"`{path}` would be taken for a storyboard or a lock", "call it `plan.json`")
    manifest = Path(os.path.relpath(production.script.words.manifest.absolute(), out.parent.absolute()))
    body = data_of(review(plan, production.outlook, wishes, seller(production.profile)))
    whole = {**data, "storyboard": manifest.as_posix(), "reviewed": body}
    write_atomic(Disk(), out.absolute(), json.dumps(whole, ensure_ascii=False, indent=1).encode() + b"\n")


def given(path: str, words: tuple[str, ...]) -> Given:
    """The plan in a file. `words` may name the storyboard again. Raises `Expected` (2, and 3 for one that can't be
    trusted)."""
    named = [word for word in words if not word.lower().endswith((".yaml", ".yml"))]
    if named:
        hint = f"`sorapipe plan{shell_words(named)} --out FILE` writes another one"
        raise Expected(Exit.USAGE, f"the plan says which shots are rendered: leave `{named[0]}` out", hint)
    data = _read(path)
    manifest = data.get("storyboard")
    try:
        reviewed = read_back(data.get("reviewed"))
    except Unreadable as error:
        raise Expected(Exit.REFUSED, f"`{path}` can't be carried out: {error}", _AGAIN) from None
    if words:
        return Given(reviewed, sort_words(words), path)
    if not isinstance(manifest, str):
        raise Expected(Exit.REFUSED, f"`{path}` names no storyboard", _AGAIN)
    found = Path(os.path.normpath(Path(path).parent / manifest))
    plain = str(found) == "storyboard.yaml" and existing("storyboard.yaml").exists()  # found without being named
    return Given(reviewed, sort_words(() if plain else (str(found),)), path)


def refuse_others(flags: Mapping[str, bool]) -> None:
    """What a plan already says can't be said again. Raises `Expected`."""
    said = next((flag for flag, on in flags.items() if on), None)
    if said is not None:
        raise Expected(Exit.USAGE, f"`--plan` and `{said}` exclude each other", "the plan says what is rendered")


_AGAIN = "`sorapipe plan --out FILE` writes one"


def _read(path: str) -> dict[str, object]:
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST)
    except OSError as error:
        raise Expected(Exit.USAGE, f"reading `{path}`: {(error.strerror or 'it failed').lower()}", _AGAIN) from None
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Expected(Exit.REFUSED, f"`{path}` can't be carried out: it is no plan", _AGAIN)
    return value


def seller_of(script: Script, it: Given) -> str | None:
    """The provider that the plan is for, where nobody would choose it otherwise."""
    from sorapipe.cli.production import DEFAULT_PROVIDER

    chosen = os.environ.get("SORAPIPE_PROVIDER") or script.storyboard.provider or DEFAULT_PROVIDER
    return it.reviewed.provider if it.reviewed.provider != chosen else None


def hold_against(production: Production, plan: Plan, it: Given) -> None:
    """Makes sure that a plan of now does what was looked at and nothing else. Raises `Expected` (3)."""
    found = moves(it.reviewed, plan, production.outlook, seller(production.profile))
    if not found:
        return
    listed = "".join(f"\n  {sentence}" for sentence in found[:_SHOWN])
    more = f"\n  and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    target = production.script.words.target
    raise Expected(
        Exit.REFUSED, f"things have changed since `{it.path}` was written; nothing was sent{listed}{more}",
        f"look at it again: `sorapipe plan{target}{shell_words(['--out', it.path])}`",
    )  # fmt: skip


def seller(profile: Profile) -> str:
    """A digest of all of a profile that an order or its price depends on."""
    return digest(canonical(_plain(profile)))


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value) if one.name not in _BESIDE}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(str(_plain(item)) for item in value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
