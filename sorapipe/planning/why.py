"""Why a clip is no longer the shot's, with old and new values: the one description that "why" and "whether" both read.

Compares recipes and inputs; knows no times, no files and not what is bought.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from json import loads

from sorapipe.planning.plan_types import Staleness

Value = dict[str, object]

_TEXTS = {
    "prompt": "prompt",
    "negative_prompt": "negative prompt",
    "metadata": "metadata",
    "description": "description",
}
_LISTED = frozenset({"v", "kind", "characters", "extra"})
_PICTURES = frozenset({"input_reference", "last_frame"})


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `field` is the key (`prompt`, `extra.cfg_scale`, `@keeper`, `inputs.stairs`).

    `text` says it in a phrase; `old` and `new` are the values as text, `None` where nothing was or is said.
    """

    field: str
    text: str
    old: str | None = None
    new: str | None = None


def recipe_changes(old: str | None, new: str, known: Mapping[str, str]) -> tuple[Change, ...]:
    """What differs between two recipes given as canonical JSON, in a stable order.

    `old` is `None` when nobody kept it. `known` are recipes by digest; characters of both are looked up there.
    """
    if old is None:
        return (Change("recipe", "the recipe is another one"),)
    before, after = _object(old), _object(new)
    found: list[Change] = []
    for field in sorted((before.keys() | after.keys()) - _LISTED, key=_rank):
        if before.get(field) != after.get(field):
            found.append(_change(field, before.get(field), after.get(field)))
    found += _extra_changes(before.get("extra"), after.get("extra"))
    found += _character_changes(before.get("characters"), after.get("characters"), known)
    return tuple(found) or (Change("recipe", "the recipe is another one"),)


def input_changes(
    inputs: Iterable[tuple[str, str]], today: Mapping[str, str | None], labels: Mapping[str, str]
) -> tuple[Change, ...]:
    """Which clips that a take was made from are no longer the ones in the film.

    `today` gives the sha256 of the clip in the film by address; `None`, or no entry, says nothing.
    """
    return tuple(
        Change(f"inputs.{address}", f"{labels.get(address, address)}: another take is picked", old, new)
        for address, old in inputs
        if (new := today.get(address)) is not None and new != old
    )


def kind_of(changes: Iterable[Change]) -> Staleness:
    """Under which name a difference of recipes is bought: only the model, or an edit."""
    return Staleness.MODEL if {change.field for change in changes} == {"model"} else Staleness.EDIT


def phrase(changes: Iterable[Change]) -> str:
    """All changes in one line: `prompt edited, seconds 10 → 15`."""
    return ", ".join(change.text for change in changes)


def _object(text: str) -> Value:
    value = loads(text)
    return value if isinstance(value, dict) else {}


def _rank(field: str) -> tuple[int, str]:
    order = ("prompt", "negative_prompt", "name", "description", "model", "seconds", "size")
    return (order.index(field) if field in order else len(order), field)


def _change(field: str, old: object, new: object) -> Change:
    before, after = _shown(old), _shown(new)
    if field in _TEXTS:
        return Change(field, f"{_TEXTS[field]} {_verb(old, new)}", before, after)
    if field in _PICTURES and _is_file(old) and _is_file(new):
        return Change(field, f"{field}: another picture", before, after)
    return Change(field, f"{field} {before or 'default'} → {after or 'default'}", before, after)


def _verb(old: object, new: object) -> str:
    if old is None:
        return "added"
    return "removed" if new is None else "edited"


def _is_file(value: object) -> bool:
    return isinstance(value, dict) and "sha256" in value


def _shown(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, dict):
        if "frame" in value:
            at = value.get("at")
            return f"the last frame of {value['frame']}" if at == "last" else f"{value['frame']} at {at} s"
        return "a picture"
    if isinstance(value, list):
        return " to ".join(str(item) for item in value)
    return str(value)


def _extra_changes(old: object, new: object) -> list[Change]:
    before = old if isinstance(old, dict) else {}
    after = new if isinstance(new, dict) else {}
    names = sorted(before.keys() | after.keys())
    return [
        _change(f"extra.{name}", before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    ]


def _character_changes(old: object, new: object, known: Mapping[str, str]) -> list[Change]:
    """Characters that are mentioned before and after with another recipe; who came or went is seen in the prompt."""
    before, after = _cast(old), _cast(new)
    return [
        _character_change(name, before[name], digest, known)
        for name, digest in after.items()
        if name in before and before[name] != digest
    ]


def _cast(value: object) -> dict[str, str]:
    if not isinstance(value, list):
        return {}
    return {str(item.get("character")): str(item.get("recipe")) for item in value if isinstance(item, dict)}


def _character_change(name: str, old: str, new: str, known: Mapping[str, str]) -> Change:
    fields = ""
    if old in known and new in known:
        changes = recipe_changes(known[old], known[new], known)
        fields = f" ({', '.join(change.field for change in changes)})"
    return Change(f"@{name}", f"{name} edited{fields}", old, new)
