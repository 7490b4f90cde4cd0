"""What two versions of a storyboard ask for, shot by shot, and what differs without changing that; knows no git."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from sorapipe.planning.causes import Cause, Side, causes
from sorapipe.planning.recipe import Recipes
from sorapipe.planning.renames import Renames
from sorapipe.planning.why import recipe_changes
from sorapipe.storyboard.model import Shot, Storyboard
from sorapipe.storyboard.provenance import written

_EXPANDED = frozenset({"id", "matrix", "exclude", "include", "cells", "when", "params"})
"""Keys that are used up before there are shots."""
_MERGED = ("vars", "with", "use", "extra", "params")
_SAME_WORDS = {name: f"how the {name.replace('_', ' ')} is written" for name in ("prompt", "look", "negative_prompt")}
_NAMED = {"vars": "variable {}", "with": "`{}`", "use": "use.{}", "extra": "extra.{}", "params": "`{}`"}


class Version(NamedTuple):
    """A storyboard with its recipes."""

    storyboard: Storyboard
    recipes: Recipes


class Fate(StrEnum):
    """What became of a shot."""

    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"
    COSMETIC = "cosmetic"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Difference:
    """One shot in two versions: `shot` is today's, or the old one where it is gone; `then` is the old one. `causes` say
    what is sent differently, `cosmetic` what else was edited, in words. `digest` is the recipe of then."""

    shot: Shot
    fate: Fate
    then: Shot | None = None
    causes: tuple[Cause, ...] = ()
    cosmetic: tuple[str, ...] = ()
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """All shots, those that are gone at the end. `edited` names what else was edited for no shot in particular: the
    title, the order of the shots, variables that no text uses."""

    differences: tuple[Difference, ...]
    edited: tuple[str, ...] = ()

    def of(self, fate: Fate) -> list[Difference]:
        """Those with one fate."""
        return [one for one in self.differences if one.fate is fate]


def compare(then: Version, now: Version, addresses: Iterable[str] | None = None) -> Comparison:
    """Compares what is asked for. `addresses` narrow it to some shots of today; then nothing is gone."""
    before = {shot.address.canonical: shot for shot in then.storyboard.shots}
    after = {shot.address.canonical: shot for shot in now.storyboard.shots}
    wanted = set(after) if addresses is None else set(addresses)
    earlier = {address: _earlier(address, before, now.storyboard) for address in after}
    earlier |= _renamed_alone(then, now, [name for name, old in earlier.items() if old not in before],
                              before.keys() - set(earlier.values()))  # fmt: skip
    pair = _Pair(then, now)
    found = [pair.shot(shot, before.get(earlier[name])) for name, shot in after.items() if name in wanted]
    if addresses is not None:
        return Comparison(tuple(found))
    left = before.keys() - set(earlier.values())
    found += [Difference(shot, Fate.GONE, shot) for address, shot in before.items() if address in left]
    stayed = [earlier[address] for address in after if earlier[address] in before]
    order = [] if stayed == [address for address in before if address not in left] else ["the order of the shots"]
    return Comparison(tuple(found), (*_whole(then.storyboard, now.storyboard), *order, *sorted(pair.unused)))


def _renamed_alone(then: Version, now: Version, new: Iterable[str], gone: Collection[str]) -> dict[str, str]:
    """The names of then of shots that have another name and are the same for the rest: each is found once."""
    by_recipe: dict[str, list[str]] = {}
    for shot in then.storyboard.shots:
        if shot.request is not None and shot.address.canonical in gone:
            by_recipe.setdefault(then.recipes.shot(shot.address).digest, []).append(shot.address.canonical)
    if not by_recipe:
        return {}
    rendered = {shot.address.canonical for shot in now.storyboard.shots if shot.request is not None}
    found = ((name, by_recipe.get(now.recipes.shot(name).digest)) for name in new if name in rendered)
    return {name: olds.pop(0) for name, olds in found if olds}


def _whole(then: Storyboard, now: Storyboard) -> Iterator[str]:
    """What was edited that belongs to no shot."""
    if then.title != now.title:
        yield "the title"
    if then.provider != now.provider:
        yield "the provider"
    if _budget(then) != _budget(now):
        yield "the budget"
    titles = [{scene.id: scene.title for scene in board.scenes} for board in (then, now)]
    yield from (f"the title of {name}" for name in titles[1] if titles[0].get(name, titles[1][name]) != titles[1][name])
    if [replace(film, shots=()) for film in then.films] != [replace(film, shots=()) for film in now.films]:
        yield "the film's file, rate or sound"


def _budget(storyboard: Storyboard) -> object:
    budget = storyboard.budget
    return budget and (budget.max_cost, budget.currency, budget.max_takes)


class _Pair:
    """Two versions, and the shots that are held against each other."""

    def __init__(self, then: Version, now: Version) -> None:
        self._then, self._now = then, now
        self._known = then.recipes.by_digest() | now.recipes.by_digest()
        shots = (*then.storyboard.shots, *now.storyboard.shots)
        self._labels = {shot.address.canonical: shot.label for shot in shots}
        self._renames = Renames(now.storyboard, now.recipes)
        self._idle: set[str] = set()
        self._used: set[str] = set()

    @property
    def unused(self) -> set[str]:
        """Variables that were edited without an effect on any shot."""
        return self._idle - self._used

    def shot(self, shot: Shot, then: Shot | None) -> Difference:
        """What became of one shot."""
        if then is None:
            return Difference(shot, Fate.NEW)
        cosmetic = list(_renamed(shot, then))
        if shot.request is None or then.request is None:
            if (shot.request is None) != (then.request is None) or shot.clip != then.clip:
                cosmetic.append("clip")
            return Difference(shot, Fate.COSMETIC if cosmetic else Fate.SAME, then, (), tuple(cosmetic))
        digest = self._then.recipes.shot(then.address).digest
        found = self._causes(shot, then)
        told = {spot.what for cause in found for spot in cause.spots} | {cause.change.field for cause in found}
        self._used |= told
        for name in _edited(written(then), written(shot)):
            if name.startswith("variable "):
                self._idle.add(name)
            elif name not in told:
                cosmetic.append(_SAME_WORDS.get(name, name))
        fate = Fate.CHANGED if found else Fate.COSMETIC if cosmetic else Fate.SAME
        return Difference(shot, fate, then, found, tuple(cosmetic), digest)

    def _causes(self, shot: Shot, then: Shot) -> tuple[Cause, ...]:
        before = self._renames.modern(self._then.recipes.shot(then.address).json, self._known)
        after = self._now.recipes.shot(shot.address).json
        if before == after:
            return ()
        changes = recipe_changes(before, after, self._known, self._labels)
        return causes(changes, Side(shot, self._now.storyboard), Side(then, self._then.storyboard), self._known)


def _earlier(address: str, before: Mapping[str, Shot], storyboard: Storyboard) -> str:
    """The name that a shot had then: its own, or one that `moved:` tells of."""
    if address in before:
        return address
    name, bracket, cell = address.partition("[")
    for old, new in storyboard.moved.items():
        for found in (old if new == address else "", f"{old}{bracket}{cell}" if new == name else ""):
            if found in before:
                return found
    return address


def _renamed(shot: Shot, then: Shot) -> Iterator[str]:
    if shot.address != then.address:
        yield f"its name (was {then.label})"
    if shot.scene != then.scene:
        yield f"its scene (was {then.scene})" if then.scene else "its scene"


def _edited(then: Mapping[str, object], now: Mapping[str, object]) -> Iterator[str]:
    """The keys that are written in another way, for people."""
    for key in sorted((then.keys() | now.keys()) - _EXPANDED):
        old, new = then.get(key), now.get(key)
        if old == new:
            continue
        if key in _MERGED and isinstance(old, dict | None) and isinstance(new, dict | None):
            before, after = old or {}, new or {}
            for name in sorted(before.keys() | after.keys()):
                if before.get(name) != after.get(name):
                    yield _NAMED[key].format(name)
        else:
            yield key
