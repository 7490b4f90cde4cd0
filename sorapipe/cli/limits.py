"""Which limit a plan breaks, in words, with its place and the way out; asks nobody and buys nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from sorapipe.planning.cost import NOTHING, Limits, Spent, Verdict, judge, spent
from sorapipe.planning.plan_types import BUYS, Plan, Reason
from sorapipe.storyboard.model import Budget
from sorapipe.views.words import count, money, number

if TYPE_CHECKING:
    from sorapipe.cli.production import Production
    from sorapipe.storyboard.source import Span


@dataclass(frozen=True, slots=True)
class Terms:
    """What a person allowed on the command line."""

    yes: bool = False
    max_cost: Decimal | None = None
    max_takes: int | None = None
    partial: bool = False


NO_TERMS = Terms()


class Breach(NamedTuple):
    """A limit that a plan breaks. `span` is where it stands, `None` for one of the command line. `verdict` says what
    would fit."""

    code: str
    text: str
    hint: str | None
    span: Span | None
    verdict: Verdict


class _Bound(NamedTuple):
    """One limit: how much it leaves, and what is said of it. `enough` is what would have to stand there."""

    left: Decimal
    text: str
    enough: str
    span: Span | None


def breach(production: Production, plan: Plan, terms: Terms = NO_TERMS) -> Breach | None:
    """The limit that a plan breaks, the tightest of several; `None` when it keeps to all."""
    so_far = spent(production.facts, production.capabilities)
    budget = production.storyboard.budget
    verdict = judge(plan, Limits(terms.max_cost, _with_takes(budget, terms, so_far, production)), so_far)
    if verdict.allowed or verdict.reason is None:
        return None
    code, said = verdict.reason.code, verdict.reason.text
    if code != "over-limit":
        place = "currency" if code == "currency" else "max_cost"
        span = budget.origin.place(place) if budget is not None and budget.max_cost is not None else None
        return Breach(code, said, _way(code), span, verdict)
    bounds = [*_money(plan, terms, budget, so_far), *_takes(plan, terms, budget, so_far)]
    tightest = min(bounds, key=lambda bound: bound.left, default=None)
    if tightest is None:
        return Breach(code, said, None, None, verdict)
    fits = f"`--partial` renders what fits: {count(len(verdict.fits), 'take')} for {money(verdict.cost, plan.currency)}"
    hint = f"{fits}; {tightest.enough}" if verdict.fits else tightest.enough
    return Breach(code, tightest.text, hint, tightest.span, replace(verdict, reason=Reason(code, tightest.text)))


def _way(code: str) -> str:
    if code == "currency":
        return "write the budget in the provider's currency, or leave `currency` out"
    return "give the model a price in the profile, or run without a limit of money"


def _money(plan: Plan, terms: Terms, budget: Budget | None, so_far: Spent) -> list[_Bound]:
    cost = sum((step.price or NOTHING for step in plan.steps if step.action in BUYS), NOTHING)
    costs = f"the plan costs {money(cost, plan.currency)}"
    found = []
    if terms.max_cost is not None:
        text = f"{costs} and `--max-cost` allows {number(terms.max_cost)}"
        found.append(_Bound(terms.max_cost, text, f"`--max-cost {cost:f}` allows all of it", None))
    if budget is not None and budget.max_cost is not None:
        left = budget.max_cost - so_far.cost
        text = (
            f"`budget.max_cost` is {number(budget.max_cost)}, {number(so_far.cost)} are spent: "
            f"{number(max(left, NOTHING))} is left, and {costs}"
        )
        enough = f"all of it fits into a `max_cost` of {so_far.cost + cost:f}"
        found.append(_Bound(left, text, enough, budget.origin.place("max_cost")))
    return [bound for bound in found if cost > bound.left]


def _takes(plan: Plan, terms: Terms, budget: Budget | None, so_far: Spent) -> list[_Bound]:
    takes = sum(step.action in BUYS and not step.address.startswith("@") for step in plan.steps)
    renders = f"the plan renders {count(takes, 'take')}"
    found = []
    if terms.max_takes is not None:
        text = f"{renders} and `--max-takes` allows {terms.max_takes}"
        found.append(_Bound(Decimal(terms.max_takes), text, f"`--max-takes {takes}` allows all of them", None))
    if budget is not None and budget.max_takes is not None:
        left = budget.max_takes - so_far.takes
        text = f"`budget.max_takes` is {budget.max_takes}, {so_far.takes} are made: {max(left, 0)} left, and {renders}"
        enough = f"all of it fits into a `max_takes` of {so_far.takes + takes}"
        found.append(_Bound(Decimal(left), text, enough, budget.origin.place("max_takes")))
    return [bound for bound in found if takes > bound.left]


def _with_takes(budget: Budget | None, terms: Terms, so_far: Spent, production: Production) -> Budget | None:
    """The budget with the limit of takes that holds for this run."""
    if terms.max_takes is None:
        return budget
    most = so_far.takes + terms.max_takes
    if budget is None:
        return Budget(None, None, most, production.storyboard.origin)
    return replace(budget, max_takes=most if budget.max_takes is None else min(most, budget.max_takes))
