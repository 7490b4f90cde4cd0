"""Why a clip is no longer the shot's, with old and new values: the one description that "why" and "whether" both read.

Compares recipes and inputs; knows no times, no files and not what is bought.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from json import loads

from sorapipe.planning.plan_types import Staleness
from sorapipe.planning.wording import swaps
from sorapipe.storyboard.model import Address

Value = dict[str, object]
Labels = Mapping[str, str]

_TEXTS = {
    "prompt": "prompt",
    "negative_prompt": "negative prompt",
    "metadata": "metadata",
    "description": "description",
}
_LISTED = frozenset({"v", "kind", "characters", "extra"})
_PICTURES = frozenset({"input_reference", "last_frame"})
_LONGEST = 50
"""Changes of words that take more characters than this are only called an edit."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `field` is the key (`prompt`, `extra.cfg_scale`, `@keeper`, `inputs.stairs`).

    `text` says it in a phrase; `old` and `new` are the values as text, `None` where nothing was or is said; of files
    and of inputs they are digests, of characters the digests of their recipes.
    """

    field: str
    text: str
    old: str | None = None
    new: str | None = None


def recipe_changes(old: str | None, new: str, known: Mapping[str, str], labels: Labels) -> tuple[Change, ...]:
    """What differs between two recipes given as canonical JSON, in a stable order.

    `old` is `None` when nobody kept it. `known` are recipes by digest; characters of both are looked up there.
    `labels` is how addresses are printed.
    """
    if old is None:
        return (Change("recipe", "the recipe is another one"),)
    before, after = _object(old), _object(new)
    found: list[Change] = []
    for field in sorted((before.keys() | after.keys()) - _LISTED, key=_rank):
        if before.get(field) != after.get(field):
            found.append(_change(field, before.get(field), after.get(field), labels))
    found += _extra_changes(before.get("extra"), after.get("extra"), labels)
    found += _character_changes(before.get("characters"), after.get("characters"), known)
    return tuple(found) or (Change("recipe", "the recipe is another one"),)


def input_changes(
    inputs: Iterable[tuple[str, str]], today: Mapping[str, str | None], labels: Labels, picked: Collection[str] = ()
) -> tuple[Change, ...]:
    """Which clips that a take was made from are no longer the ones in the film.

    `today` gives the sha256 of the clip in the film by address; `None`, or no entry, says nothing. `picked` are the
    addresses whose clip in the film a person chose.
    """
    return tuple(
        Change(
            f"inputs.{address}",
            f"{printed(address, labels)}: another take is {'picked' if address in picked else 'in the film now'}",
            old,
            new,
        )
        for address, old in inputs
        if (new := today.get(address)) is not None and new != old
    )


def kind_of(changes: Iterable[Change]) -> Staleness:
    """Under which name a difference of recipes is bought: only the model, or an edit."""
    return Staleness.MODEL if {change.field for change in changes} == {"model"} else Staleness.EDIT


def phrase(changes: Iterable[Change]) -> str:
    """All changes in one line: `prompt: day → night; seconds 10 → 15`."""
    return "; ".join(change.text for change in changes)


def printed(address: str, labels: Labels) -> str:
    """How an address is shown: by its label, and where no shot has it any more the way a label would be."""
    label = labels.get(address)
    if label is not None or "[" not in address:
        return label or address
    try:
        old = Address.parse(address)
    except ValueError:
        return address
    return "/".join((old.shot, *(word for _, word in old.cell)))


def _object(text: str) -> Value:
    value = loads(text)
    return value if isinstance(value, dict) else {}


def _rank(field: str) -> tuple[int, str]:
    order = ("prompt", "negative_prompt", "name", "description", "model", "seconds", "size")
    return (order.index(field) if field in order else len(order), field)


def _change(field: str, old: object, new: object, labels: Labels) -> Change:
    before, after = _shown(old, labels), _shown(new, labels)
    if field in _TEXTS:
        return Change(field, _text_change(_TEXTS[field], old, new), before, after)
    if field in _PICTURES and isinstance(old, dict) and isinstance(new, dict) and _is_file(old) and _is_file(new):
        return Change(field, f"{field}: another picture", str(old["sha256"]), str(new["sha256"]))
    if field == "sha256" and old is not None and new is not None:
        return Change(field, "another clip in its file", before, after)
    if field == "input_reference" and (_is_frame(old) or _is_frame(new)):
        return Change(field, _beginning(before, after), before, after)
    return Change(field, f"{field} {before or 'default'} → {after or 'default'}", before, after)


def _beginning(old: str | None, new: str | None) -> str:
    """What a shot begins on, where that is or was a frame of another one: few people wrote `input_reference`."""
    if new is None:
        return f"begins on no frame any more (was {old})"
    return f"begins on {new} now" if old is None else f"begins on another frame ({old} → {new})"


def _text_change(name: str, old: object, new: object) -> str:
    if old is None or new is None:
        return f"{name} {'added' if old is None else 'removed'}"
    said = _words(str(old).split(), str(new).split())
    return f"{name}: {said}" if said else f"{name} edited"


def _words(old: Sequence[str], new: Sequence[str]) -> str:
    """Which words became which, where that is short; empty otherwise."""
    found = swaps(old, new)
    if sum(b - a + d - c for a, b, c, d in found) > _LONGEST:
        return ""
    said = ", ".join(_swap(" ".join(old[a:b]), " ".join(new[c:d])) for a, b, c, d in found)
    return said if len(said) <= _LONGEST else ""


def _swap(old: str, new: str) -> str:
    if not old or not new:
        return f'added "{new}"' if new else f'without "{old}"'
    if old[-1] == new[-1] and old[-1] in ".,;:!?" and len(old) > 1 and len(new) > 1:
        old, new = old[:-1], new[:-1]
    return f"{old} → {new}"


def _is_frame(value: object) -> bool:
    return isinstance(value, dict) and "frame" in value


def _is_file(value: object) -> bool:
    return isinstance(value, dict) and "sha256" in value


def _shown(value: object, labels: Labels) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, dict):
        if "frame" in value:
            at, of = value.get("at"), printed(str(value["frame"]), labels)
            return f"the last frame of {of}" if at == "last" else f"{of} at {at} s"
        return "a picture"
    if isinstance(value, list):
        return " to ".join(str(item) for item in value)
    return str(value)


def _extra_changes(old: object, new: object, labels: Labels) -> list[Change]:
    before = old if isinstance(old, dict) else {}
    after = new if isinstance(new, dict) else {}
    names = sorted(before.keys() | after.keys())
    return [
        _change(f"extra.{name}", before.get(name), after.get(name), labels)
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
        changes = recipe_changes(known[old], known[new], known, {})
        fields = f" ({', '.join(change.field for change in changes)})"
    return Change(f"@{name}", f"{name} edited{fields}", old, new)
