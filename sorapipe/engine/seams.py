"""What the engine needs of books, disk and clips, as narrow Protocols; knows nobody who fills them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from sorapipe.planning.facts import Attempt, CharacterFact
from sorapipe.state.records import Json
from sorapipe.storyboard.model import Handle

Today = Mapping[str, str | None]
"""The sha256 of the clip that stands for an address, `None` where there is none."""

Choose = Callable[[str, Sequence[Attempt], Today], Attempt | None]
"""The take of an address that is in the film, out of all its attempts; `None`: there is none, or a person must pick."""

Random = Callable[[], float]
"""A number from 0 up to 1."""

Token = Callable[[], str]
"""A client token that nobody has used before."""


class Books(Protocol):
    """The journal and the lock of one storyboard while this process holds them. Every method may be called from any
    thread and raises `OSError` when the disk refuses."""

    def intent(self, attempt: Attempt, request: Mapping[str, Json]) -> None:
        """Writes and syncs that `attempt` is about to be sent, with all that is sent (P1 to P3).

        When it raises, nothing may be sent, and nothing counts as sent.
        """

    def submitted(self, token: str, task: str, handle: Handle | None = None) -> None:
        """Writes and syncs the task's id (P7 to P9). `handle`: of a character that was made at once."""

    def last_resort(self, token: str, task: str) -> Path | None:
        """Puts the task's id anywhere at all, when the journal can't be written. Where it is, or `None`."""

    def ended(
        self, token: str, *, url: str | None = None, cost: Decimal | None = None, seconds: float | None = None
    ) -> None:
        """Writes that the provider is finished with it (P12)."""

    def done(
        self, token: str, *, sha256: str | None, size: int | None, out: str | None, handle: Handle | None = None
    ) -> None:
        """Writes and syncs that the clip is there and right (P19, P20). `handle`: of a character that was made."""

    def suspect(self, token: str, why: str, *, sha256: str | None, size: int | None, out: str | None) -> None:
        """Writes that the clip is there and not what was asked for."""

    def failed(self, token: str, why: str, cost: Decimal | None = None) -> None:
        """Writes that the provider gave up on it, or refused it for certain, and what it `cost` where that is known."""

    def uncertain(self, token: str, why: str) -> None:
        """Writes that nobody knows whether it was bought."""

    def void(self, token: str, why: str) -> None:
        """Writes that nothing was bought: the attempt never was."""

    def vanished(self, token: str, why: str) -> None:
        """Writes that the provider no longer knows the task."""

    def unavailable(self, token: str, why: str) -> None:
        """Writes that it is finished and paid and its clip can't be had."""

    def record(self, attempt: Attempt) -> None:
        """Writes an attempt as a whole: a take that was moved, or made for a neighbour."""

    def pick(self, address: str, token: str | None, take: int | None = None) -> None:
        """Writes which take is in the film."""

    def no_good(self, address: str, token: str, take: int, *, on: bool = True) -> None:
        """Writes that a take is no good."""

    def character(self, fact: CharacterFact) -> None:
        """Writes that a character exists."""

    def not_bought(self, address: str, token: str, take: int, why: str) -> None:
        """Writes that nothing was bought by an uncertain attempt."""

    def request(self, token: str) -> Mapping[str, Json] | None:
        """What was sent for an attempt, where this machine's journal knows it."""

    def save(self) -> bool:
        """Brings the lock up to date (P21 to P24); writes nothing when nothing is new.

        Whether it wrote. Raises `LockUnusable` when somebody broke the lock meanwhile.
        """


class Look(Protocol):
    """What a probe found in a clip. `task` is the task's id that the file names."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def seconds(self) -> Decimal | float: ...
    @property
    def task(self) -> str | None: ...


class Clips(Protocol):
    """Eyes for clips."""

    def probe(self, path: Path) -> Look:
        """Looks inside. Raises `clips.probe.Broken`."""

    def frame(self, path: Path, at: Decimal | None) -> bytes:
        """A PNG of the frame at `at` seconds, `None` the last one."""

    def cut(self, data: bytes, start: Decimal, end: Decimal, least: Decimal) -> bytes:
        """A clip of just those seconds of a clip; of at least `least` where that ends before `end`. Raises
        `clips.probe.Broken`."""
