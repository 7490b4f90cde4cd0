"""The files of a storyboard and places in them; knows nothing of YAML and opens no file itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Place(NamedTuple):
    """A place in a text file, as people count: `line` and `column` begin at 1.

    `file` is the name that is shown (as the user would type it from the current folder).
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Span(NamedTuple):
    """A place and how many characters of its line belong to it (at least 1)."""

    place: Place
    length: int


@dataclass(frozen=True, slots=True)
class Source:
    """One text file that belongs to a storyboard.

    `path` is relative to the storyboard's folder with `/` between parts; `name` is what messages show.
    """

    path: str
    name: str
    text: str

    def line(self, number: int) -> str:
        """The text of line `number` (from 1) without its line break; empty when there is none."""
        lines = self.text.split("\n")
        return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else ""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that a provider will get: its digest, its size in bytes and its media type (`image/png`)."""

    path: str
    sha256: str
    size: int
    media_type: str


class FileRefused(Exception):
    """A file can't be used. The text says why, in words for a person: `is a symbolic link`, `does not exist`."""


class Reader(Protocol):
    """How the storyboard sees the disk. Paths are relative to the storyboard's folder, `/` between parts."""

    def read(self, path: str) -> bytes:
        """The bytes of a regular file under the folder. Raises `FileRefused`."""

    def name(self, path: str) -> str:
        """What messages call the file: its path from the folder the user stands in."""

    def asset(self, path: str) -> Asset:
        """Looks at a file that would be uploaded: regular, not a link, of a known media type, not too large.

        Raises `FileRefused`.
        """

    def siblings(self, path: str) -> list[str]:
        """Names of files in the same folder, for "did you mean"; empty when the folder can't be read."""
