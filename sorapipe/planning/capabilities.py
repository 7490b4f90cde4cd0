"""What a provider can do and what it takes for it, as the planner sees it; knows no URL, no key, no wire format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class CharacterWay(StrEnum):
    """How characters come into being at a provider."""

    ENDPOINT = "endpoint"
    TASK = "task"
    OPENAI = "openai"
    INLINE = "inline"
    NONE = "none"


class Source(StrEnum):
    """What a character can be made from, by the name of its key in a storyboard."""

    URL = "url"
    FILE = "file"
    SHOT = "from_shot"


@dataclass(frozen=True, slots=True)
class Casting:
    """What one way of characters can do.

    `most` counts characters in a shot. `sources` are what they can be made from; those in `cut` go up as a short clip
    that we cut out, `clip_seconds` long (shortest and longest). `unstamped` sources go out whole, without their
    timestamps. `names` says what a handle must hold at least one of to be of use: `id`, `username`.
    """

    most: int
    sources: frozenset[Source] = frozenset()
    cut: frozenset[Source] = frozenset()
    clip_seconds: tuple[int, int] | None = None
    unstamped: frozenset[Source] = frozenset()
    names: frozenset[str] = frozenset()


class Per(StrEnum):
    """What an amount is for."""

    CLIP = "clip"
    SECOND = "second"


@dataclass(frozen=True, slots=True)
class Price:
    """`amount` in the profile's currency per clip or second; `seconds` and `size` narrow what it is for."""

    amount: Decimal
    per: Per
    seconds: int | None = None
    size: str | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """One model of a provider. Empty `sizes` and `seconds` mean that anything is taken.

    `max_prompt` is in characters. `extra` are the names that a shot's `extra:` may hold. `ends` is the day
    on which the provider switches the model off.
    """

    name: str
    sizes: tuple[str, ...]
    seconds: tuple[int, ...]
    styles: tuple[str, ...]
    extra: tuple[str, ...]
    max_prompt: int | None
    prices: tuple[Price, ...]
    character_price: Price | None
    ends: date | None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """A provider seen from the plan.

    `fields` are the names of `Request` fields that dialect and profile can express. `characters` is the way in which
    characters come into being and `casting` what that way can do; its `most` is what the profile says.
    `default_model`, `default_size` and `default_seconds` are sent where the storyboard says nothing. `minutes` is the
    usual time of one clip. `rehearsal` marks a provider for practice: it costs no real money and asks nothing.
    `image_types` are the media types taken as reference pictures.
    """

    profile: str
    account: str | None
    currency: str
    prices_as_of: date | None
    models: Mapping[str, Model]
    default_model: str
    default_size: str
    default_seconds: int
    fields: frozenset[str]
    characters: CharacterWay
    casting: Casting
    image_types: tuple[str, ...]
    in_flight: int
    minutes: Decimal
    rehearsal: bool
