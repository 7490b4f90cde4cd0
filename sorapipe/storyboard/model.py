"""What a storyboard means once it is expanded; knows nothing of YAML, cascade or providers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Protocol

from sorapipe.storyboard.record import record
from sorapipe.storyboard.source import Span

Scalar = str | int | bool | Decimal
Cell = tuple[tuple[str, str], ...]
"""Axis and word, sorted by axis."""

_ADDRESS = re.compile(r"^([a-z0-9][a-z0-9_-]{0,63})(?:\[([^\[\]]+)\])?$")


@record(frozen=True, order=True)
class Address:
    """A shot's name with its matrix words: `storm[lens=wide,weather=fog]`.

    `cell` is sorted by axis, so that the order of axes in a file means nothing.
    """

    shot: str
    cell: Cell = ()

    @cached_property
    def canonical(self) -> str:
        """The one written form, used in the lock and in recipes."""
        if not self.cell:
            return self.shot
        return f"{self.shot}[{','.join(f'{axis}={word}' for axis, word in self.cell)}]"

    @property
    def stem(self) -> str:
        """The beginning of the clip's file name: `storm.wide.fog`."""
        return ".".join((self.shot, *(word for _, word in self.cell)))

    def __str__(self) -> str:
        return self.canonical

    @classmethod
    def parse(cls, text: str) -> Address:
        """Reads the canonical form back. Raises `ValueError` for anything else."""
        match = _ADDRESS.match(text)
        if match is None:
            raise ValueError(f"not an address: {text!r}")
        if match[2] is None:
            return cls(match[1])
        pairs = [part.partition("=") for part in match[2].split(",")]
        if not all(axis and sep and word for axis, sep, word in pairs):
            raise ValueError(f"not an address: {text!r}")
        return cls(match[1], tuple(sorted((axis, word) for axis, _, word in pairs)))


@record(frozen=True, slots=True)
class FileRef:
    """A picture or clip on disk; `path` is relative to the storyboard's folder."""

    path: str


@record(frozen=True, slots=True)
class FrameOf:
    """A frame of the clip that is picked for another shot; `at` in seconds, `None` is its last frame."""

    address: Address
    at: Decimal | None = None


Picture = FileRef | FrameOf


@record(frozen=True, slots=True)
class Request:
    """What a shot asks for, in no provider's words. `None` means: not said, the profile's default is sent.

    `prompt` is rendered and normalised; mentions stand in it as `@id` and the literal sign as `@@`.
    `mentions` are the characters' ids in the order of their first mention.
    """

    prompt: str
    model: str | None = None
    seconds: int | None = None
    size: str | None = None
    negative_prompt: str | None = None
    input_reference: Picture | None = None
    last_frame: Picture | None = None
    watermark: bool = False
    private: bool = False
    character_create: bool = False
    metadata: str | None = None
    style: str | None = None
    seed: int | None = None
    extra: tuple[tuple[str, Scalar], ...] = ()
    mentions: tuple[str, ...] = ()


@record(frozen=True, slots=True)
class UrlSource:
    """A clip on the web that shows the character; `timestamps` in seconds."""

    url: str
    timestamps: tuple[Decimal, Decimal] | None


@record(frozen=True, slots=True)
class FileSource:
    """A clip on disk that shows the character; `timestamps` in seconds."""

    path: str
    timestamps: tuple[Decimal, Decimal] | None


@record(frozen=True, slots=True)
class ShotSource:
    """A finished shot that shows the character; `timestamps` in seconds."""

    address: Address
    timestamps: tuple[Decimal, Decimal] | None


CharacterSource = UrlSource | FileSource | ShotSource


@record(frozen=True, slots=True)
class Handle:
    """What a provider calls a character that exists there."""

    id: str | None = None
    username: str | None = None


class Origin(Protocol):
    """Where the fields of a thing were written."""

    def place(self, field: str | None = None) -> Span:
        """The place of a field's value, wherever the cascade took it from; of the thing itself without one."""

    def mention(self, name: str) -> Span:
        """The place of the first `@name` in the texts of the thing; of its prompt where it stands in none of them."""


@record(frozen=True, slots=True)
class Character:
    """A reusable identity, or a prop, place or costume (then it has no `source` and no handle, only words)."""

    id: str
    name: str
    description: str | None
    source: CharacterSource | None
    handles: Mapping[str, Handle]
    origin: Origin = field(compare=False, repr=False)


@record(frozen=True, slots=True)
class Use:
    """How the film uses a clip; seconds of the clip. Never part of a recipe."""

    in_film: bool = True
    start: Decimal | None = None
    end: Decimal | None = None
    fade: Decimal | None = None


@record(frozen=True, slots=True)
class Subtitle:
    """A line over the clip: `at` and `duration` in seconds of clip time; `text` by language (`""` when it has none)."""

    at: Decimal
    duration: Decimal
    text: Mapping[str, str]


@record(frozen=True, slots=True)
class Shot:
    """One slot in the film, after cascade and expansion.

    `label` is how it is printed and typed (`storm/fog/wide`). Exactly one of `request` and `clip` is set:
    `clip` shows another shot's clip here and renders nothing. `scene` is the scene's id.
    """

    address: Address
    label: str
    scene: str | None
    takes: int
    request: Request | None
    clip: Address | None
    needs: tuple[Address, ...]
    frozen: bool
    use: Use
    subtitles: tuple[Subtitle, ...]
    title: str | None
    notes: str | None
    tags: tuple[str, ...]
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Scene:
    """A run of shots with a name for people."""

    id: str
    title: str | None
    shots: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Film:
    """One film: its cell of the film matrix, its file, and its shots in order (those that are in it)."""

    cell: Cell
    file: str
    fps: Decimal | None
    audio: str | None
    shots: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Budget:
    """What the whole storyboard may cost, in `currency`."""

    max_cost: Decimal | None
    currency: str | None
    max_takes: int | None
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Storyboard:
    """A whole storyboard: everything that the manifest and the files it includes say, expanded.

    `shots` are in the order of the film (manifest order, last axis fastest). `moved` maps old canonical
    addresses or shot ids to new ones. `store` is the name of a store, or `./FOLDER`.
    """

    title: str | None
    provider: str | None
    characters: Mapping[str, Character]
    shots: tuple[Shot, ...]
    scenes: tuple[Scene, ...]
    films: tuple[Film, ...]
    budget: Budget | None
    moved: Mapping[str, str]
    origin: Origin = field(compare=False, repr=False)
    store: str | None = None
