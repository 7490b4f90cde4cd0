"""Which lock files the words of a command mean, and what is said of them; knows nothing of what stands in one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sorapipe.cli.choosing import existing, is_storyboard, shell_words, storyboards
from sorapipe.cli.failures import Exit, Expected

if TYPE_CHECKING:
    from sorapipe.planning.facts import Facts

_SUFFIX = ".lock"
_STORYBOARDS = (".yaml", ".yml", ".sorapipe.yaml", ".sorapipe.yml")


class Target(NamedTuple):
    """A lock, which may not be there yet, and the storyboard it belongs to, where that is there."""

    lock: Path
    manifest: Path | None

    @property
    def words(self) -> str:
        """The storyboard as it would be typed, with a space before it; nothing for the usual one."""
        if self.manifest is None or self.manifest == Path("storyboard.yaml"):
            return ""
        return shell_words([str(self.manifest)])


def targets(words: Sequence[str]) -> list[Target]:
    """What was named, else every storyboard of this folder and every lock that has none. Raises `Expected`."""
    found = [_named(word) for word in words] or _here()
    if not found:
        raise Expected(Exit.USAGE, "there is neither a storyboard nor a lock in this folder", "name one")
    return list(dict.fromkeys(found))


def _named(word: str) -> Target:
    if is_storyboard(word):
        return of_manifest(existing(word))
    path = Path(word)
    if not word.endswith(_SUFFIX):
        hint = "locks end in `.lock`, storyboards in `.yaml`"
        raise Expected(Exit.USAGE, f"`{word}` is neither a lock nor a storyboard", hint)
    if not path.exists():
        near = [other.name for other in locks(path.parent)]
        there = f"there is {', '.join(f'`{name}`' for name in near[:6])}" if near else None
        raise Expected(Exit.USAGE, f"there is no file `{word}`", there)
    return of_lock(path)


def _here() -> list[Target]:
    from sorapipe.state.merging import is_lock

    found = [of_manifest(path) for path in storyboards(Path())]
    taken = {one.lock for one in found}
    return found + [of_lock(path) for path in locks(Path()) if path not in taken and is_lock(_beginning(path))]


def of_manifest(manifest: Path) -> Target:
    """The lock beside a storyboard."""
    from sorapipe.state.workspace import name_of

    return Target(manifest.with_name(f"{name_of(manifest.name)}{_SUFFIX}"), manifest)


def of_lock(lock: Path) -> Target:
    """The storyboard beside a lock."""
    stem = lock.name.removesuffix(_SUFFIX)
    beside = (lock.with_name(stem + suffix) for suffix in _STORYBOARDS)
    return Target(lock, next((path for path in beside if path.is_file()), None))


def locks(folder: Path) -> list[Path]:
    """The files of a folder that are called so, whosever they are."""
    try:
        return sorted(path for path in folder.iterdir() if path.name.endswith(_SUFFIX) and path.is_file())
    except OSError:
        return []


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1 << 20)


def read(path: Path) -> bytes | None:
    """The bytes of a lock, `None` where there is none. Raises `LockUnusable`, `StateError`."""
    from sorapipe.state.books import read_lock
    from sorapipe.state.disk import Disk

    return read_lock(Disk(), path.absolute())


def tell_conflicts(name: str, target: Target, known: Facts) -> None:
    """Says which picks contradict each other, and how that is settled."""
    from sorapipe.cli.console import say
    from sorapipe.state.proof import conflicts

    for one in conflicts(known):
        say(f"{name}: {one.message}", f"`{settle(target, one.address)}` settles it", level="warning")


def settle(target: Target, address: str | None) -> str:
    """The command that settles contradicting picks."""
    from sorapipe.state.proof import shown

    return f"sorapipe pick{target.words}{shell_words([shown(address or 'SHOT')])} N"
