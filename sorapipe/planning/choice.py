"""Which take of a shot is in the film, and what takes are called; pure rules over attempts, knows no storyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sorapipe.planning.facts import Attempt, AttemptState, Pick

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Because(StrEnum):
    """Why a take is in the film."""

    PICKED = "picked"
    FIRST_GOOD = "first good take"
    OTHER_MODEL = "first good take of another model"
    STALE_PICK = "picked, stale"
    STALE_LATEST = "latest take, stale"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The take in the film and why it is. `current` says that its recipe is today's or that a person accepted it."""

    attempt: Attempt
    because: Because
    current: bool


class Today(NamedTuple):
    """What a shot wants today, as tests of its attempts, by their tokens.

    `current` have today's recipe, `near` differ from it only by the model, `unmoved` of both were made from today's
    inputs; `accepted` says that a person accepted the clip as it is.
    """

    current: frozenset[str]
    unmoved: frozenset[str]
    accepted: bool = False
    near: frozenset[str] = frozenset()


def wanted(
    attempts: Sequence[Attempt],
    current: frozenset[str],
    near: frozenset[str],
    moved: Callable[[Attempt], object],
    *,
    accepted: bool,
) -> Today:
    """What a shot wants today, with the attempts of `current` and `near` sorted out by what they were made from."""
    close = current | near if near else current
    others = {one.token for one in attempts if one.inputs and one.token in close and moved(one)}
    return Today(current, close - others if others else close, accepted, near)


def choose(attempts: Sequence[Attempt], pick: Pick | None, no_good: frozenset[str], today: Today) -> Chosen | None:
    """The take that is in the film, or `None` when no clip is finished.

    `attempts` are all of one shot in the order of take and token. Practice takes count only where there is no real
    one. A pick comes before others that are as near to what the shot wants today; takes of today's recipe come before
    those of another model, and these before all others. Among equal ones those made from today's inputs come first.
    """
    finished = stand_ins(attempts)
    if not finished:
        return None
    picked = None
    if pick is not None and pick.token is not None:
        picked = next((attempt for attempt in finished if attempt.token == pick.token), None)
    if picked is not None and (today.accepted or picked.token in today.current):
        return Chosen(picked, Because.PICKED, True)
    good = _lowest(finished, today.current - no_good, today.unmoved)
    if good is not None:
        return Chosen(good, Because.FIRST_GOOD, True)
    if picked is not None and picked.token in today.near:
        return Chosen(picked, Because.STALE_PICK, False)
    near = _lowest(finished, today.near - no_good, today.unmoved)
    if near is not None:
        return Chosen(near, Because.OTHER_MODEL, today.accepted)
    if picked is not None:
        return Chosen(picked, Because.STALE_PICK, False)
    latest = next((attempt for attempt in reversed(finished) if attempt.token not in no_good), finished[-1])
    return Chosen(latest, Because.STALE_LATEST, today.accepted or latest.token in today.current)


def _lowest(finished: Sequence[Attempt], tokens: frozenset[str], first: frozenset[str]) -> Attempt | None:
    """The lowest take among `tokens`; those among `first` come before the others."""
    if not tokens:
        return None
    found = [attempt for attempt in finished if attempt.token in tokens]
    return next((attempt for attempt in found if attempt.token in first), found[0] if found else None)


def stand_ins(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The finished takes that may be in the film: the real ones, and practice takes only where there are none."""
    finished = [attempt for attempt in attempts if attempt.state is AttemptState.DONE]
    real = [attempt for attempt in finished if not attempt.rehearsal]
    return real or finished


def single_pick(picks: Sequence[Pick]) -> Pick | None:
    """The pick that holds: `None` without one, after one was taken back, or while several contradict each other."""
    if not picks or conflict(picks):
        return None
    return picks[0] if picks[0].token is not None else None


def conflict(picks: Sequence[Pick]) -> bool:
    """Whether live picks name different takes, so that a person must settle it."""
    return len(picks) > 1 and len({pick.token for pick in picks}) > 1


def next_take(attempts: Iterable[Attempt]) -> int:
    """The number of the next take: one more than any before it, failed ones included."""
    return 1 + max((attempt.take for attempt in attempts), default=0)


def letters(attempts: Sequence[Attempt]) -> dict[str, str]:
    """By token: what follows the number in a take's label, empty but where two machines made the same take.

    `attempts` are all of one address in the order of take and token.
    """
    found: dict[str, str] = {}
    seen: dict[int, int] = {}
    for attempt in attempts:
        count = seen.get(attempt.take, 0)
        found[attempt.token] = _letter(count) if count else ""
        seen[attempt.take] = count + 1
    return found


def take_label(take: int, letter: str = "") -> str:
    """What a take is called: `t02`, `t02b`."""
    return f"t{take:02d}{letter}"


def labels(attempts: Sequence[Attempt]) -> dict[str, str]:
    """By token: the labels of all takes of one address (`t02`, `t02b`, `t02c`)."""
    by_token = letters(attempts)
    return {attempt.token: take_label(attempt.take, by_token[attempt.token]) for attempt in attempts}


def _letter(count: int) -> str:
    """`b` for the second take of a number, `z` for the 26th, then `ba` and so on: never the same twice."""
    text = ""
    while True:
        count, rest = divmod(count, len(_LETTERS))
        text = _LETTERS[rest] + text
        if not count:
            return text
