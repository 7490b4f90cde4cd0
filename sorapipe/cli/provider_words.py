"""One provider in words and as data: all that its profile says, and what it can't do; asks nobody."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import fields

from sorapipe.cli.options import width
from sorapipe.planning.capabilities import Casting, CharacterWay, Model, Price, Source
from sorapipe.providers.profile import Pictures, Profile
from sorapipe.storyboard.model import Request
from sorapipe.views.words import count, money, wait

_NARROWEST = 40
_LABEL = 15
_WAYS = {
    CharacterWay.ENDPOINT: "a call of its own makes one, at once",
    CharacterWay.TASK: "an order of its own makes one",
    CharacterWay.OPENAI: "a call with a clip makes one",
    CharacterWay.INLINE: "none is made: the shot itself says where it is seen",
    CharacterWay.NONE: "none are known there; their descriptions go into the prompt",
}
_PICTURES = {
    Pictures.FILE: "sent as files",
    Pictures.DATA_URL: "sent inside the request",
    Pictures.UPLOAD: "uploaded first",
    None: "none that are files on this machine",
}


def not_understood(profile: Profile) -> list[str]:
    """The fields of a shot that this provider doesn't take."""
    every = {one.name for one in fields(Request)} - {"mentions"}
    return sorted(every - profile.capabilities.fields)


def profile_lines(profile: Profile) -> list[str]:
    """The page about one provider."""
    able = profile.capabilities
    wide = max(width(), _NARROWEST)
    lines = [profile.name, ""]
    for name, text in _facts(profile):
        lines += _wrapped(name, text, 2, wide)
    for model in able.models.values():
        lines += ["", f"  {model.name}" + (" (default)" if model.name == able.default_model else "")]
        for name, text in _model(profile, model):
            lines += _wrapped(name, text, 4, wide)
    return lines


def _wrapped(name: str, text: str, indent: int, wide: int) -> list[str]:
    """A fact in as many lines as it needs, none without a text; the texts of all of them stand below each other."""
    first = f"{' ' * indent}{name:{_LABEL + 2 - indent}} "
    return textwrap.wrap(
        text, wide, initial_indent=first, subsequent_indent=" " * len(first),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _facts(profile: Profile) -> Iterator[tuple[str, str]]:
    able, bears = profile.capabilities, profile.limits
    yield "what", profile.about or ""
    yield "profile", profile.path
    yield "address", address(profile)
    yield "key", _key(profile.key_env)
    yield (
        "callbacks",
        _key(profile.webhook_key_env).replace("in the", "signed with the secret in the")
        if (profile.webhook_key_env)
        else "",
    )
    yield "account", able.account or ""
    yield "speaks", profile.dialect
    yield "understands", ", ".join(sorted(able.fields))
    yield "not understood", ", ".join(not_understood(profile)) or "nothing: it takes every field"
    yield "pictures", ", ".join([_PICTURES[profile.pictures], *able.image_types])
    yield "characters", _characters(able.characters, able.casting)
    yield "made from", _sources(able.casting)
    yield "prices", _prices(profile)
    yield "a clip takes", wait(able.minutes)
    creates = f"{count(bears.creates, 'create')} in {bears.window:g} s"
    yield "at a time", f"{count(bears.in_flight, 'task')}, {creates}, {count(bears.downloads, 'download')}"
    yield "tells", _tells(profile)
    yield "checked", f"a clip may be {profile.verify_seconds:f} s longer or shorter than what was asked"


def address(profile: Profile) -> str:
    """Where it is, in words."""
    if profile.embedded:
        return "started by sorapipe when a run needs it"
    return profile.base_url or "none: it is there to be extended, `sorapipe providers check` says how"


def _key(variable: str | None) -> str:
    if variable is None:
        return "none is asked"
    there = "is set" if os.environ.get(variable) else "is not set"
    return f"in the environment variable {variable}, which {there}"


def _characters(way: CharacterWay, casting: Casting) -> str:
    if way is CharacterWay.NONE:
        return f"{way.value}: {_WAYS[way]}"
    return f"{way.value}: {_WAYS[way]}; up to {casting.most} in a shot"


def _sources(casting: Casting) -> str:
    """What a character can be made from, by the keys of a storyboard."""
    said = []
    for source in Source:
        if source in casting.sources:
            notes = _notes(source, casting)
            said.append(f"`{source.value}`" + (f" ({notes})" if notes else ""))
    return ", ".join(said)


def _notes(source: Source, casting: Casting) -> str:
    if source in casting.cut and casting.clip_seconds:
        shortest, longest = casting.clip_seconds
        return f"a clip of {shortest} to {longest} s is cut out and goes up"
    return "whole, without its timestamps" if source in casting.unstamped else ""


def _prices(profile: Profile) -> str:
    able = profile.capabilities
    if not any(model.prices for model in able.models.values()):
        return "none are known: they go into a profile of your own"
    return f"in {able.currency}" + (f", as of {able.prices_as_of}" if able.prices_as_of else "")


def _tells(profile: Profile) -> str:
    has = profile.features
    metadata = {True: "metadata comes back", False: "", None: "nobody knows whether metadata comes back"}
    said = [
        "the balance" if has.credits else "no balance",
        "a list of tasks" if has.list else "no list of tasks",
        metadata[has.metadata_echo] if "metadata" in profile.capabilities.fields else "",
        "" if has.range else "downloads begin anew after a break",
        f"links to clips last {_lasting(has.url_lifetime)}" if has.url_lifetime else "",
    ]
    return "; ".join(text for text in said if text)


def _lasting(seconds: float) -> str:
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= unit:
            return count(round(seconds / unit), name)
    return f"{seconds:g} s"


def _model(profile: Profile, model: Model) -> list[tuple[str, str]]:
    currency = profile.capabilities.currency
    return [
        ("called", _called(profile.wire.get(model.name, {}).items())),
        ("sizes", _sizes(profile, model)),
        ("seconds", ", ".join(map(str, model.seconds)) or "any"),
        ("styles", ", ".join(model.styles)),
        ("extra", ", ".join(model.extra)),
        ("prompt", f"up to {model.max_prompt:,} characters" if model.max_prompt else ""),
        ("price", "; ".join(_price(price, currency) for price in model.prices) or "not known"),
        ("character", _character(profile, model)),
        ("ends", str(model.ends or "")),
    ]


def _character(profile: Profile, model: Model) -> str:
    """What making a character costs; without a price of its own, what a plan counts."""
    able = profile.capabilities
    if model.character_price is not None:
        return _price(model.character_price, able.currency)
    if not model.prices or model.name != able.default_model:
        return ""
    counted = {CharacterWay.TASK: "a clip", CharacterWay.ENDPOINT: "free", CharacterWay.OPENAI: "free"}
    said = counted.get(able.characters)
    return f"counted as {said}: the profile has no `character_price`" if said else ""


def _called(names: Iterable[tuple[str, str]]) -> str:
    given = list(names)
    if [kind for kind, _ in given] == ["text"]:
        return given[0][1]
    return ", ".join(f"{name} ({kind.replace('_', ' of a ')})" for kind, name in given)


def _sizes(profile: Profile, model: Model) -> str:
    named = [
        size + (f" ({word})" if (word := profile.wire_size(model.name, size)) is not None else "")
        for size in model.sizes
    ]
    return ", ".join(named) or "any"


def _price(price: Price, currency: str) -> str:
    narrow = [f"{price.seconds} s" if price.seconds else "", price.size or ""]
    where = " ".join(part for part in narrow if part)
    return f"{money(price.amount, currency)} a {price.per.value}" + (f" of {where}" if where else "")


def profile_data(profile: Profile) -> dict[str, object]:
    """The same as data; amounts and lengths of time that may be fractions are strings where they are exact."""
    able, bears, has = profile.capabilities, profile.limits, profile.features
    return {
        "name": profile.name,
        "about": profile.about,
        "path": profile.path,
        "dialect": profile.dialect,
        "base_url": profile.base_url,
        "embedded": profile.embedded,
        "rehearsal": able.rehearsal,
        "account": able.account,
        "key_env": profile.key_env,
        "key_is_set": bool(profile.key_env and os.environ.get(profile.key_env)),
        "webhook_key_env": profile.webhook_key_env,
        "currency": able.currency,
        "prices_as_of": _text(able.prices_as_of),
        "characters": able.characters.value,
        "casting": _casting(able.casting),
        "fields": sorted(able.fields),
        "not_understood": not_understood(profile),
        "images": profile.pictures.value if profile.pictures else None,
        "image_types": able.image_types,
        "minutes": f"{able.minutes:f}",
        "limits": {name: getattr(bears, name) for name in ("creates", "window", "in_flight", "downloads")},
        "features": {
            name: getattr(has, name) for name in ("list", "metadata_echo", "range", "credits", "url_lifetime")
        },
        "verify": {"seconds": f"{profile.verify_seconds:f}"},
        "default_model": able.default_model,
        "models": {model.name: _model_data(profile, model) for model in able.models.values()},
    }  # fmt: skip


def _model_data(profile: Profile, model: Model) -> dict[str, object]:
    return {
        "sizes": model.sizes,
        "seconds": model.seconds,
        "styles": model.styles,
        "extra": model.extra,
        "max_prompt": model.max_prompt,
        "prices": [_price_data(price) for price in model.prices],
        "character_price": _price_data(model.character_price) if model.character_price else None,
        "wire": dict(profile.wire.get(model.name, {})),
        "wire_sizes": dict(profile.wire_sizes.get(model.name, {})),
        "ends": _text(model.ends),
    }


def _price_data(price: Price) -> dict[str, object]:
    return {"amount": f"{price.amount:f}", "per": price.per.value, "seconds": price.seconds, "size": price.size}


def _casting(casting: Casting) -> dict[str, object]:
    return {
        "most": casting.most,
        "sources": sorted(source.value for source in casting.sources),
        "cut": sorted(source.value for source in casting.cut),
        "clip_seconds": casting.clip_seconds,
        "unstamped": sorted(source.value for source in casting.unstamped),
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)
