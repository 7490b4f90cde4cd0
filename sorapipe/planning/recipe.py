"""What a shot or a character is, as one canonical text and its digest; knows no provider, take or disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from hashlib import sha256
from json import JSONEncoder, loads

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
    characters = {name: _recipe(_encode(_character(it, assets))) for name, it in storyboard.characters.items()}
    cast = {name: _encode({"character": name, "recipe": recipe.digest}) for name, recipe in characters.items()}
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


def of_model(text: str, model: str | None) -> str:
    """The canonical text of the same request to another model; `None`: to whichever the provider takes."""
    value = loads(text)
    value.pop("model", None)
    return _encode(value if model is None else value | {"model": model})


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


_JSON = {True: "true", False: "false"}


def _recipe(text: str) -> Recipe:
    return Recipe(sha256(text.encode()).hexdigest(), text)


def _shot(request: Request, cast: Mapping[str, str], assets: Mapping[str, Asset]) -> str:
    """The request with the language's defaults filled in; what is not said is not in it.

    Put together by hand, its keys in their order: the encoder takes three times as long for a text as small as this.
    """
    parts = [f'{{"character_create":{_JSON[request.character_create]}']
    if request.mentions:
        parts.append(f'"characters":[{",".join([cast[name] for name in request.mentions])}]')
    if request.extra:
        parts.append(f'"extra":{_encode(dict(request.extra))}')
    if request.input_reference is not None:
        parts.append(f'"input_reference":{_encode(_picture(request.input_reference, assets))}')
    parts.append('"kind":"shot"')
    if request.last_frame is not None:
        parts.append(f'"last_frame":{_encode(_picture(request.last_frame, assets))}')
    if request.metadata is not None:
        parts.append(f'"metadata":{_encode(request.metadata)}')
    if request.model is not None:
        parts.append(f'"model":{_encode(request.model)}')
    if request.negative_prompt is not None:
        parts.append(f'"negative_prompt":{_encode(request.negative_prompt)}')
    parts.append(f'"private":{_JSON[request.private]},"prompt":{_encode(request.prompt)}')
    if request.seconds is not None:
        parts.append(f'"seconds":{request.seconds}')
    if request.seed is not None:
        parts.append(f'"seed":{request.seed}')
    if request.size is not None:
        parts.append(f'"size":{_encode(request.size)}')
    if request.style is not None:
        parts.append(f'"style":{_encode(request.style)}')
    parts.append(f'"v":{VERSION},"watermark":{_JSON[request.watermark]}}}')
    return ",".join(parts)


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
