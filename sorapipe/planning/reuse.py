"""Takes that exist under another name: of shots that were renamed, and of neighbouring storyboards; buys and copies
nothing itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from sorapipe.planning.choice import conflict, next_take, single_pick, take_label
from sorapipe.planning.facts import Attempt, AttemptState, CharacterFact, Facts
from sorapipe.planning.plan_types import Gone, Reason, Reuse
from sorapipe.planning.renames import Renames, derived_token
from sorapipe.planning.why import printed
from sorapipe.storyboard.model import Shot, Storyboard

Neighbours = Sequence[tuple[str, Facts]]


Cell = tuple[str, ...]
"""A shot's name and its words, sorted: what stays of an address when an axis gets another name."""


class Claim(NamedTuple):
    """A take that is to be written down for a shot: as it will be recorded, how, and why. `old` is its token so far."""

    attempt: Attempt
    reuse: Reuse
    reason: Reason
    old: str


class Wanted(NamedTuple):
    """What a shot looks for elsewhere. `missing` takes of one of the `digests`, made from today's `inputs`;
    `shared` says that a neighbour's take of this recipe means the same there, `practice` that practice takes count."""

    shot: Shot
    address: str
    recipe: str
    digests: Collection[str]
    own: tuple[Attempt, ...]
    inputs: tuple[tuple[str, str], ...]
    missing: int
    shared: bool
    practice: bool


class Reuses:
    """Hands out takes that exist already, each clip once. `renders` is the folder for clips of this storyboard."""

    def __init__(
        self, storyboard: Storyboard, facts: Facts, renames: Renames, neighbours: Neighbours, renders: str
    ) -> None:
        self._facts = facts
        self._renames = renames
        self._neighbours = neighbours
        self._renders = renders
        live = self._live = {shot.address.canonical for shot in storyboard.shots}
        self._shots = storyboard.shots
        self.orphans = {
            address: facts.attempts[address]
            for address in sorted(facts.attempts)
            if address not in live and not address.startswith("@")
        }
        self._used: set[str] = set()
        self._moved_to: dict[str, list[str]] = {}
        self._by_recipe: dict[str, list[str]] = {}
        self._cells: dict[tuple[str, Cell], list[str]] = {}
        self._live_cells: dict[Cell, list[str]] | None = None
        self._orphan_clips: dict[str, list[tuple[str, str]]] | None = None
        self._neighbour_takes: dict[str, list[tuple[str, Facts, Attempt]]] | None = None
        self._next_door: dict[str, list[tuple[str, Attempt]]] | None = None
        if self.orphans:
            self._recognise(live)
            self._index(live)

    def _recognise(self, live: set[str]) -> None:
        """Finds takes that an earlier run has written down under a new name."""
        known: dict[str, list[tuple[str, str]]] = {}
        for address in live:
            for attempt in self._facts.attempts.get(address, ()):
                known.setdefault(attempt.sha256 or "", []).append((address, attempt.token))
        for old, attempts in self.orphans.items():
            for attempt in attempts:
                for new, token in known.get(attempt.sha256 or "", ()) if attempt.sha256 else ():
                    if token == derived_token(attempt.token, new):
                        self._used.add(attempt.token)
                        self._renames.add(old, new)

    def _index(self, live: set[str]) -> None:
        for old, attempts in self.orphans.items():
            new = self._renames.today(old)
            if new in live:
                self._moved_to.setdefault(new, []).append(old)
            for recipe in dict.fromkeys(attempt.recipe for attempt in attempts):
                self._by_recipe.setdefault(recipe, []).append(old)
                self._cells.setdefault((recipe, _cell(old)), []).append(old)

    @property
    def possible(self) -> bool:
        """Whether there is anything to be found at all."""
        return bool(self.orphans) or bool(self._neighbours)

    def olds(self, address: str) -> Sequence[str]:
        """The names that a shot had before, as far as the lock knows takes under them."""
        return self._moved_to.get(address, ())

    def gone(self, *, practice: bool) -> tuple[Gone, ...]:
        """Takes of shots that are no longer in the storyboard and that no shot has taken over, by old address."""
        found: list[Gone] = []
        for address, attempts in self.orphans.items():
            if self._renames.today(address) in self._live:
                continue
            done = [
                it
                for it in attempts
                if it.state is AttemptState.DONE and it.token not in self._used and (practice or not it.rehearsal)
            ]
            if done and not self._went_on(done[0]):
                costs, currencies = [it.cost for it in done], {it.currency for it in done if it.cost}
                cost = sum(filter(None, costs), Decimal(0)) if None not in costs and len(currencies) <= 1 else None
                found.append(Gone(address, printed(address, {}), len(done), cost, next(iter(currencies), None)))
        return tuple(found)

    def _went_on(self, attempt: Attempt) -> bool:
        """Whether a take was written down under a later name, which is gone as well."""
        if self._orphan_clips is None:
            self._orphan_clips = {}
            for address, attempts in self.orphans.items():
                for it in attempts:
                    if it.sha256 is not None:
                        self._orphan_clips.setdefault(it.sha256, []).append((address, it.token))
        later = self._orphan_clips.get(attempt.sha256 or "", ())
        return any(token == derived_token(attempt.token, address) for address, token in later)

    def claim(self, wanted: Wanted) -> tuple[Claim, ...]:
        """The takes that a shot gets from elsewhere: all that it had under its old name, which is known or found by its
        recipe, else what neighbours have."""
        claims = list(self._take_over(wanted, self._moved_to.get(wanted.address, ())))
        while self._lacks(wanted, claims) and (olds := self._same_recipe(wanted)):
            so_far = wanted._replace(own=(*wanted.own, *(it.attempt for it in claims)))
            claims += self._take_over(so_far, olds)
        if not claims and wanted.missing > 0 and wanted.shared and self._neighbours:
            claims = list(self._from_neighbours(wanted))
        return tuple(claims)

    def _lacks(self, wanted: Wanted, claims: Sequence[Claim]) -> bool:
        """Whether takes of today's recipe are missing still."""
        return wanted.missing > sum(it.attempt.recipe in wanted.digests for it in claims)

    def collecting(self, address: str, digests: Collection[str], *, practice: bool) -> Attempt | None:
        """A take that is still open under the shot's old name: it is collected or settled before another is bought.
        `practice`: also one that is only for practice."""
        olds = self._moved_to.get(address, ())
        by_recipe = (old for digest in sorted(digests) for old in self._by_recipe.get(digest, ()))
        for old in (*olds, *by_recipe):
            for attempt in self.orphans[old]:
                is_open = attempt.state is AttemptState.SUBMITTED or self._facts.holds_up(attempt)
                is_open = is_open and (practice or not attempt.rehearsal)
                if is_open and attempt.recipe in digests and self._renames.today(old) in (old, address):
                    return attempt
        return None

    def ordered_next_door(self, recipe: str, inputs: tuple[tuple[str, str], ...]) -> tuple[str, Attempt] | None:
        """A real order of this recipe in a neighbour's lock that has come to no end, and the neighbour's name. An order
        that this storyboard knows itself, from a copy of that lock, is none."""
        if self._next_door is None:
            self._next_door = {}
            ours = {it.token for attempts in self._facts.attempts.values() for it in attempts}
            for name, facts in self._neighbours:
                for attempt in facts.open_orders():
                    if not attempt.address.startswith("@") and attempt.token not in ours:
                        self._next_door.setdefault(attempt.recipe, []).append((name, attempt))
        return next((found for found in self._next_door.get(recipe, ()) if found[1].inputs == inputs), None)

    def _same_recipe(self, wanted: Wanted) -> list[str]:
        """A name out of use whose finished takes have this recipe and belong to nobody else: the one with the same
        words (its axis was renamed), else the first that is not another shot's by its words."""
        digests, cell = sorted(wanted.digests), _cell(wanted.address)
        twins = (old for digest in digests for old in self._cells.get((digest, cell), ()))
        others = (old for digest in digests for old in self._by_recipe.get(digest, ()))
        old = next((old for old in twins if self._free(old, wanted)), None)
        if old is None:
            free = (old for old in others if self._free(old, wanted))
            old = next((old for old in free if not self._is_anothers(old, wanted)), None)
        if old is None:
            return []
        self._renames.add(old, wanted.address)
        return [old]

    def _free(self, old: str, wanted: Wanted) -> bool:
        return self._renames.today(old) == old and any(
            it.recipe in wanted.digests and it.state is AttemptState.DONE and it.token not in self._used
            for it in self.orphans[old]
        )

    def _is_anothers(self, old: str, wanted: Wanted) -> bool:
        """Whether another shot of today, which has no takes yet, has the words of an old name and the same recipe."""
        if self._live_cells is None:
            self._live_cells = {}
            for shot in self._shots:
                address = shot.address.canonical
                if shot.address.cell and shot.request is not None and not self._facts.attempts.get(address):
                    self._live_cells.setdefault(_cell(address), []).append(address)
        twins = self._live_cells.get(_cell(old), ())
        return any(twin != wanted.address and self._renames.wants(twin, wanted.recipe) for twin in twins)

    def _take_over(self, wanted: Wanted, olds: Iterable[str]) -> Iterator[Claim]:
        own = list(wanted.own)
        for old in olds:
            name = printed(old, {})
            before = old if name == wanted.shot.label else name
            picks = self._facts.picks.get(old, ())
            pick = None if conflict(picks) else single_pick(picks)
            for attempt in self.orphans[old]:
                there = attempt.sha256 is not None and any(it.sha256 == attempt.sha256 for it in own)
                if attempt.state is not AttemptState.DONE or attempt.token in self._used or there:
                    continue
                copy = self._copy(attempt, wanted, own)
                own.append(copy)
                picked = pick is not None and pick.token == attempt.token and wanted.address not in self._facts.picks
                reuse = Reuse(
                    copy,
                    attempt.out,
                    None,
                    replace(pick, address=wanted.address, token=copy.token, take=copy.take)
                    if picked and pick
                    else None,
                    attempt.token in self._facts.no_good,
                )
                yield Claim(
                    copy,
                    reuse,
                    Reason("renamed", f"it was `{before}` before: {take_label(attempt.take)} is kept"),
                    attempt.token,
                )

    def _from_neighbours(self, wanted: Wanted) -> Iterator[Claim]:
        own = list(wanted.own)
        left = wanted.missing
        for name, facts, attempt in self._neighbour_index().get(wanted.recipe, ()):
            if left == 0:
                return
            if attempt.token in self._used or attempt.token in facts.no_good or attempt.inputs != wanted.inputs:
                continue
            if attempt.rehearsal and not wanted.practice:
                continue
            copy = self._copy(attempt, wanted, own)
            own.append(copy)
            left -= 1
            yield Claim(copy, Reuse(copy, attempt.out, None), Reason("neighbour", f"made for {name}"), attempt.token)

    def _neighbour_index(self) -> dict[str, list[tuple[str, Facts, Attempt]]]:
        """Finished takes of the neighbours by recipe; those that are picked there come first."""
        if self._neighbour_takes is None:
            self._neighbour_takes = {}
            for name, facts in self._neighbours:
                picked = {pick.token for picks in facts.picks.values() for pick in picks}
                for address in sorted(facts.attempts):
                    done = [it for it in facts.attempts[address] if it.state is AttemptState.DONE]
                    for attempt in sorted(done, key=lambda it: it.token not in picked):
                        self._neighbour_takes.setdefault(attempt.recipe, []).append((name, facts, attempt))
        return self._neighbour_takes

    def _copy(self, attempt: Attempt, wanted: Wanted, own: list[Attempt]) -> Attempt:
        """The attempt as it is recorded here: its own token and number, nothing paid."""
        self._used.add(attempt.token)
        taken = {it.take for it in own}
        take = next_take(own) if attempt.take in taken else attempt.take
        return replace(
            attempt,
            token=derived_token(attempt.token, wanted.address),
            address=wanted.address,
            take=take,
            recipe=wanted.recipe if attempt.recipe in wanted.digests else attempt.recipe,
            inputs=tuple(sorted((self._renames.today(address), sha) for address, sha in attempt.inputs)),
            cost=Decimal(0),
            out=f"{self._renders}/{wanted.shot.address.stem}_{take_label(take)}.mp4",
        )


def _cell(address: str) -> Cell:
    name, bracket, cell = address.partition("[")
    if not bracket:
        return (name,)
    return (name, *sorted(pair.partition("=")[2] for pair in cell.removesuffix("]").split(",")))


def next_door(name: str, attempt: Attempt) -> Reason:
    """Why nothing is bought as long as a neighbour has an open order of the same recipe."""
    if attempt.state is AttemptState.SUBMITTED:
        text = f"ordered for {name} and not collected: run {name}, then it is taken over"
        return Reason("neighbour-open", f"{text} (`roll` buys another)")
    text = f"an order for {name} may have bought it: settle that first"
    return Reason("neighbour-uncertain", f"{text} (`roll` buys another)")


def neighbour_character(
    neighbours: Neighbours, recipe: str, provider: str, account: str | None, inputs: tuple[tuple[str, str], ...] | None
) -> tuple[str, CharacterFact] | None:
    """A character that another storyboard has made at this provider and account, and that storyboard's name.

    `inputs` are the clips that it would be made from today, where it is made from a shot: a neighbour's shot of the
    same name may be another clip.
    """
    for name, facts in neighbours:
        for fact in facts.characters:
            if (fact.recipe, fact.provider, fact.account) != (recipe, provider, account):
                continue
            if inputs is None or any(
                attempt.inputs == inputs and attempt.recipe == recipe
                for attempt in facts.attempts.get(f"@{fact.name}", ())
            ):
                return name, fact
    return None
