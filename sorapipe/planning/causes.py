"""The differences of `why`, each with the written values that it comes from; knows no plan and no prices."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sorapipe.planning.choice import labels
from sorapipe.planning.facts import Attempt
from sorapipe.planning.situation import Outlook, Situation
from sorapipe.planning.why import Change, input_changes, recipe_changes
from sorapipe.planning.wording import Piece, swaps, word_diff
from sorapipe.storyboard.model import FileRef, Shot, Storyboard
from sorapipe.storyboard.provenance import Root, Word, made_of, place_of, roots
from sorapipe.storyboard.source import Span
from sorapipe.storyboard.text import normalise

_TEXTS = frozenset({"prompt", "negative_prompt", "description"})
_DIGITS = 8
_WRITTEN = {"sha256": "file"}
"""Where a field of a character's recipe stands in the storyboard."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A written value that a difference comes from: what people call it, the layer that says it (`scene arrival`), and
    where it stands today. `then` is where it stood, where a revision was looked at; one of both may be missing."""

    what: str
    role: str
    span: Span | None
    then: Span | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """A difference with all that is known of it: places, the words of a text, and what is behind it in turn: fields of
    a character, or what differs between two takes of a parent. `note` tells more than the difference itself: the file
    of a picture with its digests, the takes of a parent."""

    change: Change
    spots: tuple[Spot, ...] = ()
    words: tuple[Piece, ...] = ()
    inner: tuple[Cause, ...] = ()
    note: str = ""


class Side(NamedTuple):
    """A shot and the storyboard that it stands in."""

    shot: Shot
    storyboard: Storyboard


def known_recipes(outlook: Outlook) -> Mapping[str, str]:
    """All recipes of today and of the past that anybody kept, by digest."""
    return ChainMap(outlook.ground.recipes.by_digest(), dict(outlook.ground.facts.recipes))


def since_take(outlook: Outlook, it: Situation, known: Mapping[str, str]) -> tuple[Cause, ...]:
    """Why the take in the film is not what the shot wants today; empty where nothing differs. `known` are all recipes
    that anybody kept, by digest."""
    if it.film is None:
        return ()
    take = it.film.attempt
    changes = () if take.token in it.current else _changes(outlook, take.recipe, it.recipe.json, known)
    moved = tuple((outlook.renames.today(address), sha) for address, sha in take.inputs)
    picked = [address for address, _ in moved if address in outlook.labels and outlook.source(address).picked]
    changes += input_changes(moved, outlook.today, outlook.labels, picked)
    return causes(changes, Side(it.shot, outlook.ground.storyboard), None, known, outlook)


def _changes(outlook: Outlook, old: str, new: str, known: Mapping[str, str]) -> tuple[Change, ...]:
    text = known.get(old)
    before = None if text is None else outlook.renames.modern(text, known)
    return recipe_changes(before, new, known, outlook.labels)


def causes(
    changes: Iterable[Change], now: Side, then: Side | None, known: Mapping[str, str], outlook: Outlook | None = None
) -> tuple[Cause, ...]:
    """The same differences with their places, today's and those of `then`. With an `outlook` it is looked behind
    another clip of a parent as well."""
    return tuple(_cause(change, now, then, known, outlook) for change in changes)


def _cause(change: Change, now: Side, then: Side | None, known: Mapping[str, str], outlook: Outlook | None) -> Cause:
    field = change.field
    if field.startswith("@"):
        return Cause(change, inner=_of_character(change, now, then, known))
    if field.startswith("inputs."):
        spots = _field("input_reference", now, then)
        if outlook is None:
            return Cause(change, spots)
        return Cause(change, spots, (), _of_parent(change, known, outlook), _parent_takes(change, outlook))
    if field in _TEXTS and change.old is not None and change.new is not None:
        return Cause(change, _of_text(change, now, then), word_diff(change.old, change.new))
    return Cause(change, _field(field, now, then), note=_note(change, now.shot))


def _note(change: Change, shot: Shot) -> str:
    """Which file has other bytes now, and the beginnings of both digests; why nothing more can be told of a recipe."""
    if change.field == "recipe":
        return "no lock here holds the text that it was made from"
    if not change.text.endswith("another picture") or change.old is None or change.new is None:
        return ""
    picture = shot.request and (
        shot.request.input_reference if change.field == "input_reference" else shot.request.last_frame
    )
    name = f"{picture.path} " if isinstance(picture, FileRef) else ""
    return f"{name}{change.old[:_DIGITS]} → {change.new[:_DIGITS]}"


def _field(field: str, now: Side, then: Side | None) -> tuple[Spot, ...]:
    """The place of a field that is no text; a frame may have been asked for by another key."""
    names = ("continues", field) if field == "input_reference" else (field,)
    for name in names:
        today = place_of(now.shot.origin, name)
        before = place_of(then.shot.origin, name) if then is not None else None
        spot = _spot(name, today, before)
        if spot is not None:
            return (spot,)
    return ()


def _spot(what: str, today: tuple[Span, str] | None, before: tuple[Span, str] | None) -> Spot | None:
    found = today or before
    if found is None:
        return None
    return Spot(what, found[1], today[0] if today else None, before[0] if before else None)


def _of_character(change: Change, now: Side, then: Side | None, known: Mapping[str, str]) -> tuple[Cause, ...]:
    if change.old is None or change.new is None or change.old not in known or change.new not in known:
        return ()
    name = change.field[1:]
    found = []
    for inner in recipe_changes(known[change.old], known[change.new], known, {}):
        key = _WRITTEN.get(inner.field, inner.field)
        today, before = _character_place(now, name, key), _character_place(then, name, key)
        spot = _spot(inner.field, today, before)
        text = inner.field in _TEXTS and inner.old is not None and inner.new is not None
        words = word_diff(inner.old or "", inner.new or "") if text else ()
        found.append(Cause(inner, (spot,) if spot else (), words))
    return tuple(found)


def _character_place(side: Side | None, name: str, key: str) -> tuple[Span, str] | None:
    character = side.storyboard.characters.get(name) if side is not None else None
    return place_of(character.origin, key) if character is not None else None


def _of_parent(change: Change, known: Mapping[str, str], outlook: Outlook) -> tuple[Cause, ...]:
    """Why the parent has another take in the film than the one that was begun on."""
    parent = outlook.source(change.field.removeprefix("inputs."))
    old, new = _takes(parent, change)
    if old is None or new is None or old.recipe == new.recipe or new.recipe not in known:
        return ()
    changes = _changes(outlook, old.recipe, outlook.renames.modern(known[new.recipe], known), known)
    return causes(changes, Side(parent.shot, outlook.ground.storyboard), None, known)


def _parent_takes(change: Change, outlook: Outlook) -> str:
    """What the takes of a parent are called that were begun on then and would be now."""
    parent = outlook.source(change.field.removeprefix("inputs."))
    names = labels(parent.attempts)
    old, new = _takes(parent, change)
    then = names[old.token] if old else "a clip that is gone"
    return f"{then} then, {names[new.token] if new else 'another clip'} now"


def _takes(parent: Situation, change: Change) -> tuple[Attempt | None, Attempt | None]:
    old = next((take for take in parent.attempts if take.sha256 == change.old), None)
    new = next((take for take in parent.attempts if take.sha256 == change.new), None)
    return old, new


def _of_text(change: Change, now: Side, then: Side | None) -> tuple[Spot, ...]:
    """The written values that the difference of a text comes from."""
    today = made_of(now.shot, now.storyboard, change.field)
    if then is not None:
        found = tuple(_edited(roots(today), roots(made_of(then.shot, then.storyboard, change.field))))
        if found:
            return found
    new = (change.new or "").split()
    if len(new) != len(today):
        return _field(change.field, now, then)
    touched = dict.fromkeys(_touched((change.old or "").split(), new, today))
    return tuple(Spot(root.what, root.role, root.span) for root in touched)


def _edited(now: Mapping[str, Root], then: Mapping[str, Root]) -> Iterator[Spot]:
    """The values that are written in another way than they were, those that came and those that went."""
    for key in dict.fromkeys((*now, *then)):
        today, before = now.get(key), then.get(key)
        root = today or before
        if root is None or (today and before and normalise(today.text) == normalise(before.text)):
            continue
        yield Spot(root.what, root.role, today.span if today else None, before.span if before else None)


def _touched(old: Sequence[str], new: Sequence[str], made: Sequence[Word]) -> Iterator[Root]:
    """The roots of the characters that differ; of those beside, where something was only taken away."""
    for a, b, c, d in swaps(old, new):
        before, after = " ".join(old[a:b]), " ".join(new[c:d])
        known = _by_character(new[c:d], made[c:d])
        head = _shared(before, after)
        tail = _shared(before[head:][::-1], after[head:][::-1])
        inside = known[head : len(after) - tail]
        if inside:
            yield from (root for root in inside if root is not None)
            continue
        left = known[head - 1] if head else made[c - 1].roots[-1] if c else None
        right = known[head] if head < len(known) else made[d].roots[0] if d < len(made) else None
        yield from (root for root in (left, right) if root is not None)


def _by_character(words: Sequence[str], made: Sequence[Word]) -> list[Root | None]:
    """The root of each character of the words, joined by single blanks."""
    out: list[Root | None] = []
    for text, word in zip(words, made, strict=True):
        if out:
            out.append(None)
        same = len(text) == len(word.roots)  # composed characters may be fewer
        out += word.roots if same else [word.roots[0]] * len(text)
    return out


def _shared(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (left, right) in pairs if left != right), min(len(one), len(other)))
