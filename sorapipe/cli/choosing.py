"""Which words are the storyboard and which are shots, and which storyboard when none is named; reads no storyboard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from sorapipe.cli.failures import Exit, Expected
from sorapipe.storyboard.diagnostics import escape

_ENDINGS = (".yaml", ".yml")
_TOP_KEY = re.compile(rb"^(?:\xef\xbb\xbf)?[\"']?sorapipe[\"']?[ \t]*:", re.MULTILINE)
_LONGEST_NAME = 200
_LOOK = 65536
"""The top key stands near the beginning; more of a file isn't read to find it."""


class Words(NamedTuple):
    """The words of a command: the storyboard, the shots, and the storyboard as it was typed (` skerry.yaml`)."""

    manifest: Path
    shots: tuple[str, ...]
    target: str


def sort_words(words: Sequence[str]) -> Words:
    """Tells storyboard and shots apart. Raises `Expected` for two storyboards, none, or a choice of several."""
    named = [word for word in words if is_storyboard(word)]
    shots = tuple(word for word in words if not is_storyboard(word))
    if len(named) > 1:
        raise Expected(Exit.USAGE, f"one storyboard at a time, not {len(named)}: {', '.join(named)}",
                       "a small file can include others: `include: [cast.yaml]`")  # fmt: skip
    if named:
        return Words(existing(named[0]), shots, f" {escape(_shell(named[0]))}")
    found = find()
    return Words(found, shots, "" if found.name == "storyboard.yaml" else f" {escape(_shell(str(found)))}")


def is_storyboard(word: str) -> bool:
    """Whether a word names a storyboard: it ends in `.yaml` or `.yml`."""
    return word.lower().endswith(_ENDINGS)


def existing(name: str) -> Path:
    """The path, if there is a file. Raises `Expected`."""
    path = Path(name)
    if path.is_dir():
        raise Expected(Exit.USAGE, f"`{name}` is a folder")
    if not path.exists():
        near = [other.name for other in _yaml_files(path.parent)] if path.parent.is_dir() else []
        hint = f"there is {', '.join(f'`{other}`' for other in near[:6])}" if near else "`sorapipe init` writes one"
        raise Expected(Exit.USAGE, f"there is no file `{name}`", hint)
    return _well_named(path)


def _well_named(path: Path) -> Path:
    """The path, if clips can be named after it and a line of text can name it. Raises `Expected`."""
    name = path.name
    if name.startswith(".") or not path.stem.strip() or not name.isprintable() or len(name.encode()) > _LONGEST_NAME:
        raise Expected(
            Exit.USAGE, f"a storyboard can't be called `{name}`", "its lock and its clips are named after it: rename it"
        )
    return path


def find(folder: Path | None = None) -> Path:
    """`storyboard.yaml`, else the only storyboard of the folder. Raises `Expected` that lists them."""
    here = folder or Path()
    usual = here / "storyboard.yaml"
    if usual.is_file():
        return usual
    found = [path for path in _yaml_files(here) if _says_so(path)]
    if len(found) == 1:
        return _well_named(found[0])
    if not found:
        raise Expected(Exit.USAGE, "there is no storyboard in this folder", "`sorapipe init` writes one that runs")
    names = ", ".join(f"`{path.name}`" for path in found[:12])
    raise Expected(Exit.USAGE, f"there are {len(found)} storyboards in this folder: {names}",
                   f"name one, for example `sorapipe plan {_shell(found[0].name)}`")  # fmt: skip


def storyboards(folder: Path) -> list[Path]:
    """The storyboards of a folder, by name; one that is called `storyboard.yaml` is one whatever it says."""
    return [path for path in _yaml_files(folder) if path.name == "storyboard.yaml" or _says_so(path)]


def _yaml_files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in _ENDINGS and path.is_file())
    except OSError:
        return []


def _says_so(path: Path) -> bool:
    """Whether a file has the top key `sorapipe`; one that only others include may have it, and `scenes` is no proof."""
    try:
        with path.open("rb") as file:
            return _TOP_KEY.search(file.read(_LOOK)) is not None
    except OSError:
        return False


def _shell(word: str) -> str:
    import shlex

    return shlex.quote(word)


def shell_words(words: Iterable[str]) -> str:
    """Words as they would be typed, each with a space before it."""
    return "".join(f" {_shell(word)}" for word in words)
