"""What things cost and what a limit lets through, in decimals of the profile's currency; buys nothing itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from json import loads

from sorapipe.planning.capabilities import Capabilities, CharacterWay, Per, Price
from sorapipe.planning.facts import UNSETTLED, Attempt, AttemptState, Facts
from sorapipe.planning.plan_types import BUYS, Action, Plan, Reason, Step
from sorapipe.storyboard.model import Budget, Request

NOTHING = Decimal(0)


def price(capabilities: Capabilities, model: str | None, seconds: int | None, size: str | None) -> Decimal | None:
    """The price of one clip: the first price of the model that fits. `None` when the profile names none.

    What is `None` among the arguments is the profile's default.
    """
    known = capabilities.models.get(model or capabilities.default_model)
    if known is None:
        return None
    wanted = seconds or capabilities.default_seconds
    frame = size or capabilities.default_size
    for one in known.prices:
        if one.seconds in (None, wanted) and one.size in (None, frame):
            return _amount(one, wanted)
    return None


def request_price(capabilities: Capabilities, request: Request) -> Decimal | None:
    """The price of one take of a shot."""
    return price(capabilities, request.model, request.seconds, request.size)


def character_price(capabilities: Capabilities) -> Decimal | None:
    """The price of making one character.

    Without a price of its own, one that is made by a create costs a whole clip, and one made at an endpoint nothing.
    """
    model = capabilities.models.get(capabilities.default_model)
    if model is None:
        return None
    if model.character_price is not None:
        return _amount(model.character_price, capabilities.default_seconds)
    if capabilities.characters is CharacterWay.TASK:
        return price(capabilities, None, None, None)
    return NOTHING if model.prices else None


def _amount(one: Price, seconds: int) -> Decimal:
    return one.amount * seconds if one.per is Per.SECOND else one.amount


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be spent. `max_cost` is for this run, in the profile's currency; `budget` is the storyboard's own, for
    everything that was ever bought for it."""

    max_cost: Decimal | None = None
    budget: Budget | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """What was bought so far with this kind of provider: money (uncertain attempts included) and takes."""

    cost: Decimal
    takes: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a plan keeps to the limits. `reason` says which one it breaks.

    `fits` are the keys of the steps to be bought that would fit, in order, with their `cost`.
    """

    allowed: bool
    reason: Reason | None
    fits: tuple[str, ...]
    cost: Decimal


def spent(facts: Facts, capabilities: Capabilities) -> Spent:
    """Adds up what all attempts cost in the profile's currency; practice and real money are never mixed.

    An attempt that nobody knows the fate of counts with its price, as it may have been charged.
    """
    cost, takes = NOTHING, 0
    for attempts in facts.attempts.values():
        for attempt in attempts:
            if attempt.rehearsal is not capabilities.rehearsal:
                continue
            if attempt.token in facts.not_bought and attempt.state is AttemptState.UNCERTAIN:
                continue
            takes += not attempt.address.startswith("@") and attempt.state is not AttemptState.FAILED
            cost += spent_on(attempt, facts, capabilities)
    return Spent(cost, takes)


def spent_on(attempt: Attempt, facts: Facts, capabilities: Capabilities) -> Decimal:
    """What one attempt counts with, in the profile's currency."""
    if attempt.token in facts.not_bought and attempt.state is AttemptState.UNCERTAIN:
        return NOTHING
    if attempt.cost is not None:
        return attempt.cost if attempt.currency in (None, capabilities.currency) else NOTHING
    if attempt.state not in UNSETTLED or attempt.provider != capabilities.profile:
        return NOTHING
    if attempt.address.startswith("@"):
        return character_price(capabilities) or NOTHING
    said = loads(facts.recipes.get(attempt.recipe, "{}"))
    return price(capabilities, attempt.model, said.get("seconds"), said.get("size")) or NOTHING


def judge(plan: Plan, limits: Limits, so_far: Spent) -> Verdict:
    """Holds a plan against the limits. A plan that is not allowed sends nothing unless it is cut to what fits."""
    buys = [step for step in plan.steps if step.action in BUYS]
    everything = tuple(step.key for step in buys)
    refusal = _unjudgeable(plan, limits, buys)
    if refusal is not None:
        return Verdict(not buys, refusal if buys else None, (), NOTHING)
    money = _money_left(limits, so_far)
    takes = _takes_left(limits, so_far)
    fits, cost = _fitting(buys, money, takes)
    if len(fits) == len(buys):
        return Verdict(True, None, everything, cost)
    return Verdict(False, _over(plan, buys, money, takes), fits, cost)


def cut(plan: Plan, verdict: Verdict) -> Plan:
    """The plan with only those purchases that fit; the others are blocked by the limit."""
    fits = frozenset(verdict.fits)
    reason = verdict.reason or Reason("over-limit", "over the limit")
    steps = tuple(
        replace(step, action=Action.BLOCKED, price=NOTHING, needs=(), reason=Reason("over-limit", reason.text))
        if step.action in BUYS and step.key not in fits
        else step
        for step in plan.steps
    )
    calls = plan.totals.calls - (plan.totals.buys - len(fits))
    totals = replace(plan.totals, buys=len(fits), cost=verdict.cost, calls=calls)
    return replace(plan, steps=steps, totals=totals)


def _unjudgeable(plan: Plan, limits: Limits, buys: list[Step]) -> Reason | None:
    """Why a limit can't be kept at all: another currency, or a model without a price."""
    budget = limits.budget
    money = limits.max_cost is not None or (budget is not None and budget.max_cost is not None)
    if budget is not None and budget.max_cost is not None and budget.currency not in (None, plan.currency):
        return Reason("currency", f"the budget is in {budget.currency} and `{plan.provider}` counts in {plan.currency}")
    unpriced = next((step for step in buys if step.price is None), None)
    if money and unpriced is not None:
        return Reason("no-price", f"`{plan.provider}` names no price for {unpriced.label}, so no limit can be kept")
    return None


def _money_left(limits: Limits, so_far: Spent) -> Decimal | None:
    left = [] if limits.max_cost is None else [limits.max_cost]
    if limits.budget is not None and limits.budget.max_cost is not None:
        left.append(limits.budget.max_cost - so_far.cost)
    return min(left, default=None)


def _takes_left(limits: Limits, so_far: Spent) -> int | None:
    if limits.budget is None or limits.budget.max_takes is None:
        return None
    return limits.budget.max_takes - so_far.takes


def _fitting(buys: list[Step], money: Decimal | None, takes: int | None) -> tuple[tuple[str, ...], Decimal]:
    """The purchases that fit, in order. A character is made for a shot: one of which no shot fits is left out, and what
    it would have cost is there for others. Where no shot is bought with it, it is bought for its own sake."""
    useless: frozenset[str] = frozenset()
    wanted = {need for step in buys for need in step.needs}
    while True:
        taken, cost = _in_order(buys, money, takes, useless)
        needed = {need for step in taken for need in step.needs}
        idle = {step.address for step in taken if step.address.startswith("@")} & (wanted - needed)
        if not idle:
            return tuple(step.key for step in taken), cost
        useless |= idle


def _in_order(
    buys: list[Step], money: Decimal | None, takes: int | None, useless: frozenset[str]
) -> tuple[list[Step], Decimal]:
    """Goes through the purchases in order and takes each that still fits and whose own needs fit."""
    bought = {step.address for step in buys}
    taken: set[str] = set()
    fits: list[Step] = []
    cost, count = NOTHING, 0
    for step in buys:
        total = cost + (step.price or NOTHING)
        more = count + (not step.address.startswith("@"))
        dear = (money is not None and total > money) or (takes is not None and more > takes)
        if dear or step.address in useless or any(need in bought and need not in taken for need in step.needs):
            continue
        cost, count = total, more
        taken.add(step.address)
        fits.append(step)
    return fits, cost


def _over(plan: Plan, buys: list[Step], money: Decimal | None, takes: int | None) -> Reason:
    cost = sum((step.price or NOTHING for step in buys), NOTHING)
    if money is not None and cost > money:
        return Reason("over-limit", f"the plan costs {cost} {plan.currency} and the limit leaves {max(money, NOTHING)}")
    count = sum(not step.address.startswith("@") for step in buys)
    return Reason("over-limit", f"the plan renders {count} takes and the limit leaves {max(takes or 0, 0)}")
