"""How many takes of a shot are to be made, and for which reason; knows nothing of its parents' fate or of prices."""

from __future__ import annotations

from typing import NamedTuple

from sorapipe.planning.choice import Because
from sorapipe.planning.facts import Attempt, AttemptState
from sorapipe.planning.plan_types import Reason, Staleness, Wishes
from sorapipe.planning.situation import Situation
from sorapipe.planning.why import phrase

_ENDED = frozenset({AttemptState.FAILED, AttemptState.VANISHED, AttemptState.SUSPECT, AttemptState.UNAVAILABLE})


class Desire(NamedTuple):
    """What is wanted of one shot, were it alone.

    `make` takes are to be bought, for `reason`. `ended` are attempts of the same recipe that came to no clip and are
    not sent again unasked. `again` says that a finished take is made anew, `moves` that the clip that the shot gives
    to others will be another one. `good` finished takes stand beside the new ones for a person to choose from.
    """

    make: int
    ended: tuple[Attempt, ...]
    reason: Reason
    again: bool
    moves: bool
    good: int = 0


NEW = Reason("new", "not rendered yet")
ROLL = Reason("roll", "another take, as asked")
PRACTISED = Reason("new", "only practice takes are there")
NOTHING = Desire(0, (), Reason("keep", "nothing to do"), again=False, moves=False)


class Asked(NamedTuple):
    """The wishes of a plan, looked up by address; `practice` is whether practice takes satisfy a shot, `provider` the
    one that would get new orders."""

    wishes: Wishes
    rolls: dict[str, int]
    practice: bool
    provider: str


def asked(wishes: Wishes, *, practice: bool, provider: str) -> Asked:
    """Prepares the wishes; several rolls of one address add up."""
    rolls: dict[str, int] = {}
    for address, count in wishes.rolls:
        rolls[address] = rolls.get(address, 0) + count
    return Asked(wishes, rolls, practice, provider)


def desire(it: Situation, want: Asked, moving: tuple[str, ...] = ()) -> Desire:
    """What is to be made of a shot. `moving` are the labels of parents whose clip in the film this plan replaces."""
    if it.shot.frozen:
        return NOTHING
    rolls = want.rolls.get(it.address, 0)
    if not it.attempts:
        return Desire(max(it.shot.takes, rolls), (), NEW, again=False, moves=True)
    if _satisfied(it, want) and not rolls and not moving:
        return NOTHING
    pool = [attempt for attempt in it.attempts if want.practice or not attempt.rehearsal]
    film = it.film.attempt if it.film is not None and it.film.attempt in pool else None
    refresh = film is not None and _refreshes(it, want, moving)
    wanted = (it.unmoved if not moving else frozenset()) if refresh else it.current
    missing = max(0, it.shot.takes - sum(_counts(attempt) and attempt.token in wanted for attempt in pool))
    if it.accepted or (film is not None and _kept_by_model(it, pool) and not want.wishes.reshoot):
        missing = 0
    ended = _ended(pool, wanted, want.provider)[:missing]
    ended = ended[: max(0, len(ended) - rolls)]
    make = max(missing - len(ended), rolls)
    if not make and not ended:
        return NOTHING
    again = film is not None and it.film is not None and (refresh or not it.film.current)
    moves = _moves(it, film, make, refresh, want.practice)
    good = sum(_good(it, attempt) and attempt.token in wanted for attempt in pool)
    return Desire(make, ended, _reason(it, film, rolls, refresh, moving), again, moves, good)


def _satisfied(it: Situation, want: Asked) -> bool:
    """The common case, quickly: one take is asked for, and one of today's recipe is in the film."""
    film = it.film
    if film is None or not film.current or it.shot.takes > 1 or want.wishes.cascade:
        return False
    return want.practice or not film.attempt.rehearsal


def _moves(it: Situation, film: Attempt | None, make: int, refresh: bool, practice: bool) -> bool:
    """Whether new takes change what is in the film: a current pick stays, and practice replaces nothing real."""
    if not make or film is None or it.film is None:
        return make > 0
    if practice and not film.rehearsal:
        return False
    return not it.film.current or (refresh and it.film.because is not Because.PICKED)


def good_takes(it: Situation, *, practice: bool) -> int:
    """How many finished takes of today's recipe a person could choose from: those made from today's inputs, if any."""
    good = [take for take in it.attempts if _good(it, take) and take.token in it.current]
    good = [take for take in good if practice or not take.rehearsal]
    return sum(take.token in it.unmoved for take in good) or len(good)


def _good(it: Situation, attempt: Attempt) -> bool:
    return attempt.state is AttemptState.DONE and attempt.token not in it.no_good


def _counts(attempt: Attempt) -> bool:
    """Whether an attempt is, or is about to become, a take."""
    return attempt.state is AttemptState.DONE or attempt.state is AttemptState.SUBMITTED


def _refreshes(it: Situation, want: Asked, moving: tuple[str, ...]) -> bool:
    """Whether takes of today's recipe are made again because their inputs are others."""
    if not want.wishes.cascade or it.held or it.film is None or not it.film.current:
        return False
    return it.stale is Staleness.CASCADE or bool(moving)


def _kept_by_model(it: Situation, pool: list[Attempt]) -> bool:
    """Whether only the model differs and nothing of today's recipe exists yet."""
    there = any(_counts(attempt) and attempt.token in it.current for attempt in pool)
    return it.stale is Staleness.MODEL and not there


def _ended(pool: list[Attempt], wanted: frozenset[str], provider: str) -> tuple[Attempt, ...]:
    """Attempts that hold a take's place without a clip; another provider's failure does not hold it."""
    return tuple(
        attempt
        for attempt in pool
        if attempt.state in _ENDED
        and attempt.token in wanted
        and (attempt.state is not AttemptState.FAILED or attempt.provider == provider)
    )


def _reason(it: Situation, film: Attempt | None, rolls: int, refresh: bool, moving: tuple[str, ...]) -> Reason:
    if film is None:
        return PRACTISED if it.film is not None else ROLL if rolls and it.current else NEW
    if refresh:
        new = ", ".join(f"{label} gets a new take" for label in moving)
        return Reason("cascade", new or phrase(it.changes))
    if it.film is not None and not it.film.current:
        return Reason("model" if it.stale is Staleness.MODEL else "edited", phrase(it.changes))
    return ROLL if rolls else NEW
