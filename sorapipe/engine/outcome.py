"""How a run ended: counts, what became of every take, the exit code; prints nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sorapipe.engine.events import Ended, NotStarted
from sorapipe.planning.facts import Attempt
from sorapipe.planning.plan_types import Action, Step

DONE = 0
LOCK_UNUSABLE = 5
AUTHENTICATION = 6
CREDITS = 7
SOME_FAILED = 8
UNCERTAIN = 9
AGAIN = 10
LOCAL_DISK = 11
PAID_WITHOUT_CLIP = 12
_SIGNALS = 128
_PLANNED_CODES = {
    "over-limit": CREDITS,
    "no-price": CREDITS,
    "currency": CREDITS,
    "no-key": AUTHENTICATION,
    "suspect": PAID_WITHOUT_CLIP,
    "vanished": PAID_WITHOUT_CLIP,
    "gone": PAID_WITHOUT_CLIP,
    "neighbour-open": AGAIN,
    "neighbour-uncertain": UNCERTAIN,
}
_PRECEDENCE = (LOCK_UNUSABLE, UNCERTAIN, LOCAL_DISK, AUTHENTICATION, CREDITS, PAID_WITHOUT_CLIP, SOME_FAILED, AGAIN)


def exit_code(codes: Iterable[int]) -> int:
    """The one exit code of a run in which several apply: signals before all others."""
    there = set(codes)
    signals = sorted(code for code in there if code > _SIGNALS)
    if signals:
        return signals[0]
    return next((code for code in _PRECEDENCE if code in there), DONE)


def step_code(step: Step) -> int:
    """The exit code of a step that the plan itself leaves undone; `DONE` where nothing is wrong with that. A take that
    is collected under its old name is there after one more run."""
    if step.action is Action.UNCERTAIN:
        return UNCERTAIN
    if step.action is Action.WAIT and step.reason.code == "renamed":
        return AGAIN
    if step.action is not Action.BLOCKED:
        return DONE
    return _PLANNED_CODES.get(step.reason.code, SOME_FAILED)


@dataclass(frozen=True, slots=True)
class Balance:
    """What the provider said was left before a run bought anything and when it was over, in the provider's own unit;
    `after` is `None` where it did not say."""

    before: Decimal
    after: Decimal | None

    @property
    def fell(self) -> Decimal | None:
        """By how much it fell: what was really charged, unless somebody else uses the account."""
        return None if self.after is None else self.before - self.after


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did. `running` are the attempts that go on at the provider (or whose clip is still to be brought).

    `spent` is the sum of the prices of what was bought in this run, what is uncertain included. `why` says what
    ended the run early. `sent` counts the creates, `polls` the polls. `balance` is `None` where nothing was bought, and
    where the provider tells none.
    """

    exit_code: int
    ended: tuple[Ended, ...]
    not_started: tuple[NotStarted, ...]
    running: tuple[Attempt, ...]
    spent: Decimal
    sent: int
    polls: int
    why: str | None
    balance: Balance | None = None
