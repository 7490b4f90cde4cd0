"""What a character is at one provider: words, a name that exists, or something to be made, and out of what; knows no
takes, no prices and no files."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from sorapipe.planning.capabilities import Capabilities, Casting, CharacterWay, Source
from sorapipe.storyboard.model import Character, CharacterSource, FileSource, Handle, ShotSource, UrlSource

LONGEST_NAME = 200


class Standing(StrEnum):
    """How a provider comes to know a character, if it does."""

    WORDS = "words"
    """It stands in the prompt by its name and description."""
    NAMED = "named"
    """It exists there: the storyboard says what the provider calls it."""
    MADE = "made"
    """It is made once, before the first shot that mentions it."""
    CARRIED = "carried"
    """Each shot that mentions it carries the clip that shows it."""


class Part(NamedTuple):
    """The seconds that are cut out of a clip. A clip that ends before `end` will do from `least` seconds on."""

    start: Decimal
    end: Decimal
    least: Decimal


def standing(character: Character, capabilities: Capabilities) -> Standing:
    """What a character is at a provider. A name that the storyboard gives comes before everything that can be made."""
    if capabilities.characters is CharacterWay.NONE:
        return Standing.WORDS
    if capabilities.profile in character.handles:
        return Standing.NAMED
    if character.source is None:
        return Standing.WORDS
    return Standing.CARRIED if capabilities.characters is CharacterWay.INLINE else Standing.MADE


def serves(handle: Handle, casting: Casting) -> bool:
    """Whether a handle holds what a shot needs to name the character, and nothing that would say more than a name."""
    named = any(handle_part(handle, name) for name in casting.names)
    spoken = _is_word(handle.username) if "username" in casting.names else _is_name(handle.username)
    return named and spoken and _is_word(handle.id)


def _is_name(text: str | None) -> bool:
    """Whether it can stand in a prompt: one short line. A lock may come from anywhere."""
    return text is None or (len(text) <= LONGEST_NAME and text.isprintable())


def _is_word(text: str | None) -> bool:
    return text is None or (_is_name(text) and " " not in text and not text.startswith("@"))


def handle_part(handle: Handle, name: str) -> str | None:
    """What a handle holds under a name of `Casting.names`."""
    return {"id": handle.id, "username": handle.username}[name]


def kind(source: CharacterSource) -> Source:
    """The key under which a source stands in a storyboard."""
    match source:
        case UrlSource():
            return Source.URL
        case FileSource():
            return Source.FILE
        case ShotSource():
            return Source.SHOT


def part(source: CharacterSource, casting: Casting) -> Part | None:
    """What is cut out of the clip that a character is made from: its timestamps, else as much from the beginning as
    the provider takes. `None` where nothing is cut."""
    if kind(source) not in casting.cut:
        return None
    if source.timestamps is not None:
        start, end = source.timestamps
        return Part(start, end, end - start)
    shortest, longest = casting.clip_seconds or (1, 3)
    return Part(Decimal(0), Decimal(longest), Decimal(shortest))


def stamps(source: CharacterSource, casting: Casting) -> tuple[Decimal, Decimal] | None:
    """The timestamps that are sent with a clip: none where it was cut to them, or where they can't be said."""
    said = kind(source) not in casting.cut | casting.unstamped
    return source.timestamps if said else None
