"""A reader over files in memory, and short ways to load storyboards from text."""

from __future__ import annotations

import textwrap
from hashlib import sha256
from posixpath import basename, dirname

from sorapipe.storyboard.diagnostics import render
from sorapipe.storyboard.load import Loaded, load
from sorapipe.storyboard.model import Shot, Storyboard
from sorapipe.storyboard.source import Asset, FileRefused

TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".mp4": "video/mp4"}


class Memory:
    """Files by path; counts how often each asset is looked at."""

    def __init__(self, files: dict[str, str | bytes]) -> None:
        self.files = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
        self.looked: list[str] = []

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise FileRefused("does not exist")
        return self.files[path]

    def name(self, path: str) -> str:
        return path

    def asset(self, path: str) -> Asset:
        self.looked.append(path)
        data = self.read(path)
        kind = next((media for ending, media in TYPES.items() if path.endswith(ending)), None)
        if kind is None:
            raise FileRefused("is neither a picture nor a clip")
        return Asset(path, sha256(data).hexdigest(), len(data), kind)

    def siblings(self, path: str) -> list[str]:
        return [basename(other) for other in self.files if dirname(other) == dirname(path)]


def loaded(text: str, **files: str) -> Loaded:
    """Loads `board.yaml`; other files by name, `__` for `/` and the last `_` for the dot."""
    named = {name.replace("__", "/")[::-1].replace("_", ".", 1)[::-1]: body for name, body in files.items()}
    bodies = {name: textwrap.dedent(body) for name, body in named.items()}
    return load("board.yaml", Memory({"board.yaml": textwrap.dedent(text), **bodies}))


def board(text: str, **files: str) -> Storyboard:
    """The storyboard of a text without errors; `sorapipe: 1` is put before it."""
    result = loaded("sorapipe: 1\n" + textwrap.dedent(text), **files)
    assert result.storyboard is not None, render(result.diagnostics, result.sources)
    return result.storyboard


def problems(text: str, **files: str) -> list[str]:
    """All problems as `line: message` (with the file's name before it where it is another)."""
    result = loaded("sorapipe: 1\n" + textwrap.dedent(text), **files)
    assert (result.storyboard is None) == result.diagnostics.has_errors
    out = []
    for problem in result.diagnostics:
        place = problem.span.place if problem.span else None
        file = f"{place.file}:" if place and place.file != "board.yaml" else ""
        out.append(f"{file}{place.line if place else 0}: {problem.message}")
    return out


def hints(text: str, **files: str) -> list[str | None]:
    """The hints of all problems."""
    return [problem.hint for problem in loaded("sorapipe: 1\n" + textwrap.dedent(text), **files).diagnostics]


def shot(storyboard: Storyboard, label: str) -> Shot:
    """A shot by its label."""
    return next(shot for shot in storyboard.shots if shot.label == label)


def prompts(storyboard: Storyboard) -> dict[str, str | None]:
    """Prompts by label."""
    return {shot.label: shot.request.prompt if shot.request else None for shot in storyboard.shots}
