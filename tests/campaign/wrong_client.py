"""A client that is wrong on purpose: what is wrong, how that is put in, which suite must catch it; plays nothing.

What is wrong is put into the product's own classes and modules, for a while or for the rest of a forked child's life.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

Swap = Callable[[Any, str, Any], None]
"""Gives an attribute of a class or a module another value."""
Put = Callable[[Swap], None]

CRASH, CROWD, FAULTS, FILES, WORLDS = "crash", "crowd", "faults", "files", "worlds"
VIRTUAL = frozenset({FILES, WORLDS})
"""The suites that need no process and no server."""


@dataclass(frozen=True)
class Trap:
    """Where a wrong client must be caught: in one of these cases of a suite, by a broken promise that says this.

    `cases` are the suite's own names of its cases; `says` is a pattern.
    """

    suite: str
    cases: tuple[str, ...]
    says: str


@dataclass(frozen=True)
class Wrong:
    """A client that is wrong in one way. `what` completes the sentence: this client …"""

    name: str
    what: str
    put_in: Put
    traps: tuple[Trap, ...]

    @contextmanager
    def worn(self) -> Iterator[None]:
        """The product is wrong in this way until the end of the context."""
        with ExitStack() as old:

            def swap(owner: Any, name: str, new: Any) -> None:
                old.callback(setattr, owner, name, getattr(owner, name))
                setattr(owner, name, new)

            self.put_in(swap)
            yield

    def wear(self) -> None:
        """The product is wrong in this way from now on: for a child, which ends with its command."""
        self.put_in(setattr)


class Around:
    """A disk with somebody between."""

    def __init__(self, files: Any) -> None:
        self._files = files

    def __getattr__(self, name: str) -> Any:
        return getattr(self._files, name)


class Unsynced(Around):
    """Folders are never synced."""

    def sync_folder(self, path: Any, before: str = "", after: str = "") -> None:
        """Only passes the points."""
        self._files.reach(before)
        self._files.reach(after)


class Glued(Around):
    """What is appended never begins with the end of a line."""

    def append(self, handle: Any, data: bytes, before: str = "", after: str = "") -> None:
        """Appends the rest."""
        self._files.append(handle, data.lstrip(b"\n"), before, after)


class Unwritten(Unsynced):
    """Files are not synced either."""

    def sync(self, handle: Any, before: str = "", after: str = "") -> None:
        """Only passes the points."""
        self._files.reach(before)
        self._files.reach(after)


def wrong(what: str, *traps: Trap) -> Callable[[Put], Wrong]:
    """Makes a wrong client of a function that puts it in; its name is that of the client."""
    return lambda put: Wrong(put.__name__.replace("_", "-"), what, put, traps)


def crash(*cases: str, says: str) -> Trap:
    """In the crash suite; cases as it prints them: `point:P5:simulator:1`."""
    return Trap(CRASH, cases, says)


def crowd(*cases: str, says: str) -> Trap:
    """In the crowd; a case is how many start at once."""
    return Trap(CROWD, cases, says)


def faults(*cases: str, says: str) -> Trap:
    """In the fault matrix; cases as the default suite lists them: `answer-lost create first tasks`."""
    return Trap(FAULTS, cases, says)


def files(where: str, operations: Iterable[int], says: str, seeds: Sequence[int] = (0,)) -> Trap:
    """In the campaign of files: `first:cut`, at one of these operations after the other until it is caught."""
    cases = dict.fromkeys(f"{where}:{number}:{seed}" for number in operations for seed in seeds)
    return Trap(FILES, tuple(cases), says)


def worlds(*first: int, says: str, most: int = 60) -> Trap:
    """In the virtual worlds: in those that are named, else in one after the other until it is caught."""
    seeds = dict.fromkeys((*first, *range(most)))
    return Trap(WORLDS, tuple(map(str, seeds)), says)
