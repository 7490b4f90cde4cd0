"""Shots that have another name today: which recipes of the past are still the same; knows no takes and no prices."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Mapping
from hashlib import sha256
from json import loads

from sorapipe.planning.facts import Facts
from sorapipe.planning.recipe import Recipe, Recipes, canonical, digest
from sorapipe.storyboard.diagnostics import Diagnostics, did_you_mean
from sorapipe.storyboard.model import Storyboard

_TOKEN_LENGTH = 20
_GENERATIONS = 8
"""How many earlier names of one shot are looked at; more renames in one manifest are nobody's real life."""


def derived_token(token: str, address: str) -> str:
    """The token under which a take is written down at another address: the same on every machine."""
    name = sha256(f"{token} {address}".encode()).digest()
    return b32encode(name).decode().lower()[:_TOKEN_LENGTH]


class Renames:
    """Old and new addresses: those of `moved:` and those that were found by recipe."""

    def __init__(self, storyboard: Storyboard, recipes: Recipes) -> None:
        self._live = {shot.address.canonical for shot in storyboard.shots}
        self._recipes = recipes
        self._moved: Mapping[str, str] = storyboard.moved
        self._found: dict[str, str] = {}
        self._olds: dict[str, list[str]] = {}
        for old, new in sorted(storyboard.moved.items()):
            self._olds.setdefault(new, []).append(old)

    def __bool__(self) -> bool:
        return bool(self._moved) or bool(self._found)

    def add(self, old: str, new: str) -> None:
        """Notes that the takes of `old` (canonical) are those of `new` now."""
        if self._found.get(old) != new:
            self._found[old] = new
            self._olds.setdefault(new, []).append(old)

    def today(self, address: str) -> str:
        """What an address of the past is called now; itself when nobody renamed it or it is still in use."""
        for _ in range(_GENERATIONS):
            if address in self._live:
                return address
            new = self._found.get(address) or self._moved_to(address)
            if new is None:
                return address
            address = new
        return address

    def _moved_to(self, address: str) -> str | None:
        if address in self._moved:
            return self._moved[address]
        name, bracket, cell = address.partition("[")
        return f"{self._moved[name]}{bracket}{cell}" if bracket and name in self._moved else None

    def earlier(self, address: str, generation: int) -> str:
        """What an address was called so many renames ago; the first name it had when there were fewer."""
        for _ in range(generation):
            olds = self._olds.get(address)
            if olds:
                address = olds[0]
                continue
            name, bracket, cell = address.partition("[")
            olds = self._olds.get(name) if bracket else None
            if not olds:
                break
            address = f"{olds[0]}{bracket}{cell}"
        return address

    def digests(self, recipe: Recipe) -> frozenset[str]:
        """The digests under which today's recipe was known before shots were renamed, today's included."""
        found = {recipe.digest}
        if not self or not _symbolic(recipe.json):
            return frozenset(found)
        for generation in range(1, _GENERATIONS):
            before = len(found)
            found.add(self._earlier_digest(recipe.json, generation))
            if len(found) == before:
                break
        return frozenset(found)

    def wants(self, address: str, digest: str) -> bool:
        """Whether a shot that renders something has this recipe today."""
        return self._recipes.shot(address).digest == digest

    def modern(self, text: str, known: Mapping[str, str]) -> str:
        """A recipe of the past with the names that its shots have today; `known` are recipes by digest."""
        if not self or not _symbolic(text):
            return text
        value = loads(text)
        self._rename(value)
        characters = value.get("characters")
        for mention in characters if isinstance(characters, list) else ():
            old = known.get(str(mention.get("recipe"))) if isinstance(mention, dict) else None
            if old is not None and "from_shot" in old:
                character = loads(old)
                self._rename(character)
                mention["recipe"] = digest(canonical(character))
        return canonical(value)

    def _rename(self, value: dict[str, object]) -> None:
        for field in ("input_reference", "last_frame"):
            picture = value.get(field)
            if isinstance(picture, dict) and "frame" in picture:
                picture["frame"] = self.today(str(picture["frame"]))
        if "from_shot" in value:
            value["from_shot"] = self.today(str(value["from_shot"]))

    def _earlier_digest(self, text: str, generation: int) -> str:
        value = loads(text)
        for field in ("input_reference", "last_frame"):
            picture = value.get(field)
            if isinstance(picture, dict) and "frame" in picture:
                picture["frame"] = self.earlier(picture["frame"], generation)
        if "from_shot" in value:
            value["from_shot"] = self.earlier(value["from_shot"], generation)
        for mention in value.get("characters", ()):
            character = self._recipes.character(mention["character"])
            if "from_shot" in character.json:
                mention["recipe"] = self._earlier_digest(character.json, generation)
        return digest(canonical(value))


def _symbolic(text: str) -> bool:
    """Whether a recipe may hold an address."""
    return '"frame":' in text or '"from_shot":' in text or '"characters":' in text


def check_moves(storyboard: Storyboard, facts: Facts, diagnostics: Diagnostics) -> None:
    """Warns of names in `moved:` under which no take was ever made. Without any takes there is nothing to say."""
    takes = {address for address in facts.attempts if not address.startswith("@")}
    if not storyboard.moved or not takes:
        return
    shots = {address.partition("[")[0] for address in takes}
    known = takes | shots | set(storyboard.moved.values())
    live = {shot.address.canonical for shot in storyboard.shots} | {shot.address.shot for shot in storyboard.shots}
    for old in sorted(storyboard.moved.keys() - known):
        meant = did_you_mean(old, sorted(known - live)) or did_you_mean(old, sorted(known))
        hint = f"did you mean `{meant}`?" if meant else "`from` is the name that the takes have in the lock"
        message = f"`moved` names `{old}`, and there are no takes of that name: nothing is moved"
        diagnostics.warning("moved", message, storyboard.origin.place("moved"), hint=hint)
