"""Which shots have no take of what the storyboard says today, and for what reason; knows no price and no clip."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from sorapipe.planning.plan_types import Staleness
from sorapipe.planning.situation import Situation


class Lack(StrEnum):
    """Why a shot has no current take, the reasons that a plain run buys first."""

    NO_TAKE = "no take"
    EDIT = "edit"
    PRACTICE = "practice"
    CONFLICT = "conflict"
    CASCADE = "cascade"
    MODEL = "model"


_STALE = {Staleness.EDIT: Lack.EDIT, Staleness.CASCADE: Lack.CASCADE, Staleness.MODEL: Lack.MODEL}


def lacking(situations: Iterable[Situation], *, rehearsal: bool) -> dict[Lack, list[Situation]]:
    """By reason: the shots that lack a current take, in their order. What is accepted or frozen lacks none.

    `rehearsal`: takes for practice are as good as any.
    """
    found: dict[Lack, list[Situation]] = {}
    for it in situations:
        reason = _reason(it, rehearsal)
        if reason is not None:
            found.setdefault(reason, []).append(it)
    return {reason: found[reason] for reason in Lack if reason in found}


def _reason(it: Situation, rehearsal: bool) -> Lack | None:
    if it.film is None:
        return Lack.NO_TAKE
    if it.held:
        return None
    if it.conflict:
        return Lack.CONFLICT
    if it.film.attempt.rehearsal and not rehearsal:
        return Lack.PRACTICE
    return _STALE.get(it.stale)
