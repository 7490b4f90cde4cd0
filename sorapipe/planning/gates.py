"""Whether what a shot needs is there: ready, coming in this plan, waiting for a person, or blocked; buys nothing."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from sorapipe.planning.facts import AttemptState
from sorapipe.planning.plan_types import Reason, Staleness
from sorapipe.planning.purchase import Asked, good_takes
from sorapipe.planning.situation import Outlook, Situation
from sorapipe.planning.why import phrase


class State(IntEnum):
    """How far a need is; of several the greatest counts."""

    READY = 0
    PENDING = 1
    WAIT = 2
    BLOCKED = 3


class Gate(NamedTuple):
    """The state of a need; `reason` names what stands in the way and is passed on to all that depend on it."""

    state: State
    reason: Reason | None = None


READY = Gate(State.READY)
PENDING = Gate(State.PENDING)


class Result(NamedTuple):
    """What a plan does with one shot.

    `make` takes are bought, `open` ones of today's recipe are collected, `ended` hold a place without a clip; `good`
    finished ones could be chosen beside the new ones. `moves`: another clip will be in the film; `touched`: the clip in
    the film is fetched or taken over first. `halted` keeps the shot from getting its takes, `lost` from giving away the
    clip in the film.
    """

    make: int = 0
    open: int = 0
    ended: int = 0
    moves: bool = False
    touched: bool = False
    good: int = 0
    halted: Gate | None = None
    lost: Gate | None = None


IDLE = Result()


def worst(gates: Iterable[Gate]) -> Gate:
    """The gate that decides, the first of equal ones."""
    found = READY
    for gate in gates:
        if gate.state > found.state:
            found = gate
    return found


class Gates:
    """Answers for parents whose fate in the plan is known; `results` is filled by the planner, parents first."""

    def __init__(self, outlook: Outlook, want: Asked, results: dict[str, Result]) -> None:
        self._outlook = outlook
        self._want = want
        self._results = results
        self._clips: dict[str, Gate] = {}

    def clip(self, address: str) -> Gate:
        """Whether the clip that a shot gives to others can be used."""
        gate = self._clips.get(address)
        if gate is None:
            gate = self._clips[address] = self._clip(self._outlook.source(address))
        return gate

    def order(self, address: str) -> Gate:
        """Whether a shot that is only to come first is finished."""
        it = self._outlook.source(address)
        result = self._results.get(it.address, IDLE)
        if result.make or result.open:
            return PENDING
        if self._usable(it):
            return READY
        return result.halted or _left_out(it)

    def result(self, address: str) -> Result:
        """What the plan does with the shot whose clip is shown at an address."""
        return self._results.get(self._outlook.source(address).address, IDLE)

    def _usable(self, it: Situation) -> bool:
        return it.film is not None and (self._want.practice or not it.film.attempt.rehearsal)

    def _clip(self, it: Situation) -> Gate:
        result = self._results.get(it.address, IDLE)
        label = it.shot.label
        if it.conflict:
            text = f"{label} has picks that contradict each other"
            return Gate(State.BLOCKED, Reason("pick-conflict", text, f"sorapipe pick {label} N"))
        if result.moves or not self._usable(it):
            return self._coming(it, result)
        return self._staying(it, result)

    def _coming(self, it: Situation, result: Result) -> Gate:
        if not result.make and not result.open:
            return result.halted or _left_out(it)
        count = result.good + result.make + result.open + result.ended
        if count <= 1 or self._want.wishes.first_takes:
            return PENDING
        return self._undecided(it) if result.good else _first(it, result.make + result.open)

    def _staying(self, it: Situation, result: Result) -> Gate:
        film = it.film
        if result.lost is not None:
            return result.lost
        if film is None or it.held:
            return PENDING if result.touched else READY
        stale = self._stale(it, result)
        if stale is not None:
            return stale
        if not it.picked:
            if film.attempt.token in it.no_good:
                return _marked(it)
            if self._choices(it, result) > 1 and not self._want.wishes.first_takes:
                return self._undecided(it)
        return PENDING if result.touched else READY

    def _stale(self, it: Situation, result: Result) -> Gate | None:
        label = it.shot.label
        if it.stale is Staleness.CASCADE:
            text = f"{label} is stale ({phrase(it.changes)}); accept it or bring it up to date"
            return Gate(State.BLOCKED, Reason("parent-stale", text, f"sorapipe run --cascade {label}"))
        if it.stale is not Staleness.EDIT or self._good(it):
            return None
        if self._want.practice and (result.make or result.open):
            return None
        if not result.make and any(one.token in it.current and one.token in it.no_good for one in it.attempts):
            return _marked(it)
        return result.halted or _left_out(it)

    def _choices(self, it: Situation, result: Result) -> int:
        """Among how many takes a person could choose."""
        if it.film is not None and it.film.current:
            return self._good(it) + result.make + result.open + result.ended
        recipe = it.film.attempt.recipe if it.film is not None else None
        return sum(
            attempt.state is AttemptState.DONE and attempt.recipe == recipe and attempt.token not in it.no_good
            for attempt in it.attempts
        )

    def _good(self, it: Situation) -> int:
        return good_takes(it, practice=self._want.practice)

    @staticmethod
    def _undecided(it: Situation) -> Gate:
        label = it.shot.label
        return Gate(State.WAIT, Reason("needs-pick", f"pick a take of {label}", f"sorapipe pick {label} N"))


def _first(it: Situation, coming: int) -> Gate:
    """Nothing is there yet to pick from."""
    label = it.shot.label
    text = f"{label} gets {coming} take{'s' if coming > 1 else ''} in this run; then pick one"
    return Gate(State.WAIT, Reason("needs-pick", text, then=f"sorapipe pick {label} N"))


def _marked(it: Situation) -> Gate:
    text = f"every take of {it.shot.label} is marked as no good"
    return Gate(State.WAIT, Reason("no-good", text, f"sorapipe roll {it.shot.label}"))


def _left_out(it: Situation) -> Gate:
    label = it.shot.label
    return Gate(State.BLOCKED, Reason("left-out", f"{label} has no clip of today's recipe", f"sorapipe run {label}"))
