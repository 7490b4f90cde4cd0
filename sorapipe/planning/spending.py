"""Where the money went: every attempt under its scene, by provider and currency, and what became of it; pure sums.

`paid` is what the provider has, as far as it told or its prices say: the sum of what is in the film, is still running,
failed and kept its price, or is wasted. What is uncertain stands beside it, for nobody knows whether it was paid.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from sorapipe.planning.cost import NOTHING, spent_on
from sorapipe.planning.facts import UNSETTLED, Attempt, AttemptState, Facts
from sorapipe.planning.situation import Outlook


class Fate(StrEnum):
    """What became of an attempt's money."""

    IN_FILM = "in_film"
    RUNNING = "running"
    FAILED = "failed"
    WASTED = "wasted"
    UNCERTAIN = "uncertain"


class Part(StrEnum):
    """What a group of attempts is: a scene, a shot where there are no scenes, all characters, what is gone."""

    SCENE = "scene"
    SHOT = "shot"
    CHARACTERS = "characters"
    GONE = "gone"


class Group(NamedTuple):
    """The attempts of a scene, or of whatever takes its place; `id` is empty for characters and what is gone."""

    part: Part
    id: str


class Account(NamedTuple):
    """Whose money it is. Practice and real money are never mixed."""

    provider: str
    currency: str
    rehearsal: bool


@dataclass(slots=True)
class Sums:
    """Amounts in one currency. `unpriced` counts the attempts of which nobody knows what they cost."""

    attempts: int = 0
    unpriced: int = 0
    estimated: Decimal = NOTHING
    in_film: Decimal = NOTHING
    running: Decimal = NOTHING
    failed: Decimal = NOTHING
    wasted: Decimal = NOTHING
    uncertain: Decimal = NOTHING

    @property
    def paid(self) -> Decimal:
        """What the provider has."""
        return self.in_film + self.running + self.failed + self.wasted

    def of(self, fate: Fate) -> Decimal:
        """One of the amounts."""
        amount: Decimal = getattr(self, fate.value)
        return amount

    def add(self, other: Sums) -> None:
        """Adds another sum to this one."""
        self.attempts += other.attempts
        self.unpriced += other.unpriced
        self.estimated += other.estimated
        for fate in Fate:
            setattr(self, fate.value, self.of(fate) + other.of(fate))


Spending = dict[Account, dict[Group, Sums]]
"""By account, the one that is used now first, then by group in the order of the storyboard."""


def spending(outlook: Outlook, facts: Facts, select: Collection[str] | None = None) -> Spending:
    """Adds everything up that was ever sent. `select` narrows it to the attempts of some shots."""
    return _Counting(outlook, facts).count(select)


def total(groups: dict[Group, Sums]) -> Sums:
    """All groups together."""
    whole = Sums()
    for sums in groups.values():
        whole.add(sums)
    return whole


class _Counting:
    """One walk over the attempts."""

    def __init__(self, outlook: Outlook, facts: Facts) -> None:
        self._outlook = outlook
        self._facts = facts
        self._here = outlook.ground.capabilities
        films = [it.film.attempt for it in outlook.situations.values() if it.film is not None]
        self._tokens = {attempt.token for attempt in films}
        self._tasks = {task for attempt in films for task in attempt.tasks}  # also of a take that was renamed since

    def count(self, select: Collection[str] | None) -> Spending:
        found: Spending = {}
        for address, group in self._groups(select):
            for attempt in self._facts.attempts[address]:
                sums = self._sums(attempt)
                if sums is not None:
                    account = Account(attempt.provider, attempt.currency or self._here.currency, attempt.rehearsal)
                    found.setdefault(account, {}).setdefault(group, Sums()).add(sums)
        return dict(sorted(found.items(), key=lambda one: (one[0].provider != self._here.profile, one[0])))

    def _groups(self, select: Collection[str] | None) -> Iterator[tuple[str, Group]]:
        """Addresses that have attempts, in the order of the storyboard; then characters, then what is gone."""
        there = [it for it in self._outlook.situations if it in self._facts.attempts]
        order = {shot.address.canonical: place for place, shot in enumerate(self._outlook.ground.storyboard.shots)}
        for address in sorted(there, key=order.__getitem__):
            if select is None or address in select:
                yield address, self._group(address)
        if select is not None:
            return
        others = sorted(self._facts.attempts.keys() - self._outlook.situations.keys())
        people = self._outlook.ground.storyboard.characters
        cast = [it for it in others if it.startswith("@") and it[1:] in people]
        yield from ((address, Group(Part.CHARACTERS, "")) for address in cast)
        yield from ((address, Group(Part.GONE, "")) for address in others if address not in cast)

    def _group(self, address: str) -> Group:
        shot = self._outlook.shots[address]
        return Group(Part.SHOT, shot.address.shot) if shot.scene is None else Group(Part.SCENE, shot.scene)

    def _sums(self, attempt: Attempt) -> Sums | None:
        """What one attempt adds; nothing for one by which nothing was bought, and for a copy of another."""
        copied = attempt.cost == 0 and attempt.price is None and attempt.state is AttemptState.DONE
        unbought = attempt.token in self._facts.not_bought and attempt.state is AttemptState.UNCERTAIN
        if copied or unbought:
            return None
        cost = attempt.cost
        if cost is None and attempt.state in UNSETTLED:
            cost = spent_on(attempt, self._facts, self._here) or None
        sums = Sums(1, cost is None, (cost if attempt.price is None else attempt.price) or NOTHING)
        setattr(sums, self._fate(attempt).value, cost or NOTHING)
        return sums

    def _fate(self, attempt: Attempt) -> Fate:
        match attempt.state:
            case AttemptState.INTENT | AttemptState.UNCERTAIN:
                return Fate.UNCERTAIN
            case AttemptState.SUBMITTED:
                return Fate.RUNNING
            case AttemptState.FAILED | AttemptState.VANISHED | AttemptState.UNAVAILABLE:
                return Fate.FAILED
        return Fate.IN_FILM if self._used(attempt) else Fate.WASTED

    def _used(self, attempt: Attempt) -> bool:
        name = attempt.address.removeprefix("@")
        if attempt.address.startswith("@"):
            known = name in self._outlook.ground.storyboard.characters
            return known and self._outlook.ground.recipes.character(name).digest == attempt.recipe
        return attempt.token in self._tokens or not self._tasks.isdisjoint(attempt.tasks)
