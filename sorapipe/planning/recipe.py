"""What a shot or a character is, as one canonical text and its digest; knows no provider, take or disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from hashlib import sha256
from json import JSONEncoder

from sorapipe.storyboard.model import (
    Address,
    Character,
    FileRef,
    FileSource,
    Picture,
    Request,
    ShotSource,
    Storyboard,
    UrlSource,
)
from sorapipe.storyboard.record import record
from sorapipe.storyboard.source import Asset

VERSION = 1
"""Of the canonical form; a change of it makes every finished clip stale, so it stays."""

LAST = "last"
"""What `at` says for the last frame of a clip."""


@record(frozen=True, slots=True)
class Recipe:
    """The canonical JSON of a shot or character and the sha256 of its bytes, in hex."""

    digest: str
    json: str


class Recipes:
    """The recipes of a whole storyboard, each computed once; `assets` are the files that they stand on."""

    def __init__(
        self, shots: Mapping[str, Recipe], characters: Mapping[str, Recipe], assets: Mapping[str, Asset]
    ) -> None:
        self._shots = shots
        self._characters = characters
        self.assets = assets

    def shot(self, address: Address | str) -> Recipe:
        """The recipe of a shot that renders something. Raises `KeyError` for others."""
        return self._shots[address if isinstance(address, str) else address.canonical]

    def character(self, name: str) -> Recipe:
        """The recipe of a character, by its id. Raises `KeyError` for an unknown one."""
        return self._characters[name]

    def by_digest(self) -> dict[str, str]:
        """All recipes as the lock keeps them: digest to canonical JSON."""
        both = (*self._characters.values(), *self._shots.values())
        return {recipe.digest: recipe.json for recipe in both}


def recipes(storyboard: Storyboard, assets: Mapping[str, Asset]) -> Recipes:
    """Computes the recipes of all shots and characters.

    `assets` holds every file that a shot or character names, by its path. Raises `KeyError` when one is missing.
    """
    characters = {name: _recipe(_character(it, assets)) for name, it in storyboard.characters.items()}
    cast: dict[str, object] = {
        name: {"character": name, "recipe": recipe.digest} for name, recipe in characters.items()
    }
    shots = {
        shot.address.canonical: _recipe(_shot(shot.request, cast, assets))
        for shot in storyboard.shots
        if shot.request is not None
    }
    return Recipes(shots, characters, assets)


def canonical(value: object) -> str:
    """Canonical JSON: sorted keys, no spaces, real characters, decimals as strings without needless zeros."""
    return _encode(value)


def digest(text: str) -> str:
    """The sha256 of a canonical text, in hex."""
    return sha256(text.encode()).hexdigest()


def decimal_text(value: Decimal) -> str:
    """A decimal in its one written form: `3.20` is `3.2`, `3.0` is `3`, `1E+2` is `100`."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _default(value: object) -> str:
    if isinstance(value, Decimal):
        return decimal_text(value)
    raise TypeError(f"BUG: {type(value).__name__} has no place in a recipe")


_encode: Callable[[object], str] = JSONEncoder(
    sort_keys=True, ensure_ascii=False, separators=(",", ":"), check_circular=False, allow_nan=False, default=_default
).encode


def _recipe(value: dict[str, object]) -> Recipe:
    text = _encode(value)
    return Recipe(sha256(text.encode()).hexdigest(), text)


def _shot(request: Request, cast: Mapping[str, object], assets: Mapping[str, Asset]) -> dict[str, object]:
    """The request with the language's defaults filled in; what is not said is not in it."""
    value: dict[str, object] = {
        "v": VERSION,
        "kind": "shot",
        "prompt": request.prompt,
        "watermark": request.watermark,
        "private": request.private,
        "character_create": request.character_create,
    }
    for name in ("model", "seconds", "size", "negative_prompt", "metadata", "style", "seed"):
        said = getattr(request, name)
        if said is not None:
            value[name] = said
    if request.input_reference is not None:
        value["input_reference"] = _picture(request.input_reference, assets)
    if request.last_frame is not None:
        value["last_frame"] = _picture(request.last_frame, assets)
    if request.extra:
        value["extra"] = dict(request.extra)
    if request.mentions:
        value["characters"] = [cast[name] for name in request.mentions]
    return value


def _picture(picture: Picture, assets: Mapping[str, Asset]) -> dict[str, object]:
    if isinstance(picture, FileRef):
        return {"sha256": assets[picture.path].sha256}
    return {"frame": picture.address.canonical, "at": LAST if picture.at is None else picture.at}


def _character(character: Character, assets: Mapping[str, Asset]) -> dict[str, object]:
    value: dict[str, object] = {"v": VERSION, "kind": "character", "name": character.name}
    if character.description is not None:
        value["description"] = character.description
    source = character.source
    match source:
        case UrlSource():
            value["url"] = source.url
        case FileSource():
            value["sha256"] = assets[source.path].sha256
        case ShotSource():
            value["from_shot"] = source.address.canonical
        case None:
            return value
    if source.timestamps is not None:
        value["timestamps"] = list(source.timestamps)
    return value
