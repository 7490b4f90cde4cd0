"""What the balance says of a run's cost, beside what was estimated; knows not who was asked."""

from __future__ import annotations

from decimal import Decimal

from sorapipe.engine.outcome import Outcome
from sorapipe.planning.facts import AttemptState
from sorapipe.planning.plan_types import Plan
from sorapipe.views.words import number

_CREDITS = "credits"
"""The currency in which providers tell balances: prices in another one can't be held against them."""


def balance_lines(outcome: Outcome, plan: Plan) -> list[str]:
    """The balance now and before, and whether it fell by what was booked; nothing where none was told."""
    balance = outcome.balance
    if balance is None:
        return []
    unit = _CREDITS if plan.currency == _CREDITS else None
    if balance.after is None or balance.fell is None:
        return [f"the balance was {_amount(balance.before, unit)} before this run; afterwards the provider told none"]
    head = f"balance {_amount(balance.after, unit)} (was {number(balance.before)}): "
    if unit is None:
        return [f"{head}{_signed(balance.fell)}, in the provider's own unit"]
    return [head + _held_against(balance.fell, outcome, plan.totals.cost), *_of_uncertain(balance.fell, outcome)]


def _of_uncertain(fell: Decimal, outcome: Outcome) -> list[str]:
    """What the balance makes likely of orders that nobody knows the fate of; it proves nothing."""
    costs = [end.cost for end in outcome.ended if end.state is AttemptState.UNCERTAIN]
    lost = sum((cost for cost in costs if cost is not None), Decimal(0))
    if not lost or None in costs or fell not in {outcome.spent, outcome.spent - lost}:
        return []
    if fell == outcome.spent:
        return ["  so what is uncertain was probably bought: look for it in your account"]
    return ["  so what is uncertain was probably not bought, as far as the balance is up to date"]


def _held_against(fell: Decimal, outcome: Outcome, estimate: Decimal | None) -> str:
    """What was charged beside what was booked, and that beside what was estimated."""
    if estimate is None:
        return f"{_signed(fell)}; the profile has no prices to hold this against"
    booked = outcome.spent
    if fell == booked:
        return f"{number(fell)} spent, " + ("as estimated" if fell == estimate else f"{number(estimate)} estimated")
    more = fell > booked
    words = (
        f"{_signed(fell)}, {number(abs(fell - booked))} {'more' if more else 'less'} than the {number(booked)} booked"
    )
    return f"{words}\n  {_MORE if more else _LESS}"


_MORE = "failed jobs may have been charged, their refund may be on its way, or somebody else uses the account"
_LESS = "jobs may be charged when they are done, failed ones may have been refunded, or credits were added"


def _signed(fell: Decimal) -> str:
    return f"{number(fell)} spent" if fell >= 0 else f"it rose by {number(-fell)}"


def _amount(amount: Decimal, unit: str | None) -> str:
    return number(amount) if unit is None else f"{number(amount)} {unit}"
