"""What is known to have happened: attempts, picks, notes. Filled from lock and journal; knows neither file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from sorapipe.storyboard.model import Handle
from sorapipe.storyboard.record import record


class AttemptState(StrEnum):
    """Where one create stands. The order of the members is the order of the join: a later one wins.

    `intent` is in the journal only. `submitted` covers everything from the task's id to the verified clip.
    """

    INTENT = "intent"
    UNCERTAIN = "uncertain"
    SUBMITTED = "submitted"
    VANISHED = "vanished"
    UNAVAILABLE = "unavailable"
    FAILED = "failed"
    SUSPECT = "suspect"
    DONE = "done"

    @property
    def rank(self) -> int:
        """The place in the order of the join, from 0."""
        return _RANK[self]


_RANK = {state: rank for rank, state in enumerate(AttemptState)}
UNSETTLED = frozenset({AttemptState.INTENT, AttemptState.UNCERTAIN})
"""Sent, or about to be, and nobody knows whether it was bought."""


@record(frozen=True, slots=True)
class Attempt:
    """One create of one take, from its intent on.

    `address` is a shot's canonical address, or `@id` for the making of a character. `inputs` maps addresses to the
    sha256 of the clip that was used, sorted. `out` is the clip's path relative to the manifest's folder. `cost` is in
    `currency`. `rehearsal` marks takes of a provider that is only for practice: they never stand in for real ones.
    `why` is what the provider said when it failed. `recipe` is the digest of the recipe. `price` is what the plan said
    that it would cost, where the provider told another cost.
    """

    token: str
    address: str
    take: int
    recipe: str
    provider: str
    model: str
    state: AttemptState
    inputs: tuple[tuple[str, str], ...] = ()
    account: str | None = None
    tasks: tuple[str, ...] = ()
    cost: Decimal | None = None
    currency: str | None = None
    sha256: str | None = None
    size: int | None = None
    out: str | None = None
    rehearsal: bool = False
    why: str | None = None
    price: Decimal | None = None

    @property
    def estimate(self) -> Decimal | None:
        """What the plan said that it would cost."""
        return self.cost if self.price is None else self.price


@dataclass(frozen=True, slots=True)
class CharacterFact:
    """A character that exists at a provider: made from `recipe`, known there as `handle`."""

    name: str
    recipe: str
    provider: str
    account: str | None
    handle: Handle
    task: str | None


@record(frozen=True, slots=True)
class Pick:
    """The take that a person chose for a shot; `token` is `None` when a person took the choice back."""

    address: str
    token: str | None
    take: int | None


@dataclass(frozen=True, slots=True)
class Waiver:
    """A person accepted the clip as it is, for this recipe and these inputs and no others."""

    address: str
    recipe: str
    inputs: tuple[tuple[str, str], ...]
    because: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known, after the join. `attempts` are by address, each tuple in the order of take and token.

    `picks` holds all live picks of an address: more than one is a conflict that a person must settle.
    `no_good` and `notes` are by token of the attempt. `consents` are tokens of uncertain attempts that a person wants
    sent again, or of which it is known that nothing was bought: these are `not_bought` as well.
    """

    lineage: str | None = None
    attempts: Mapping[str, tuple[Attempt, ...]] = field(default_factory=dict)
    recipes: Mapping[str, str] = field(default_factory=dict)
    characters: tuple[CharacterFact, ...] = ()
    picks: Mapping[str, tuple[Pick, ...]] = field(default_factory=dict)
    no_good: frozenset[str] = frozenset()
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    waivers: Mapping[str, tuple[Waiver, ...]] = field(default_factory=dict)
    consents: frozenset[str] = frozenset()
    not_bought: frozenset[str] = frozenset()

    def open_orders(self) -> Iterator[Attempt]:
        """The orders that came to no end yet: on their way, or nobody knows. Practice is none."""
        for attempts in self.attempts.values():
            for attempt in attempts:
                if not attempt.rehearsal and (attempt.state is AttemptState.SUBMITTED or self.holds_up(attempt)):
                    yield attempt

    def holds_up(self, attempt: Attempt) -> bool:
        """Whether nobody knows if an attempt was bought, and no person has said that it may be sent again."""
        if attempt.state is AttemptState.UNCERTAIN:
            return attempt.token not in self.consents
        return attempt.state is AttemptState.INTENT
