"""Limits and the yes of a person, before anything is bought; knows not how anything is bought."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from decimal import Decimal

import click

from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.production import Production
from sorapipe.planning.cost import Limits, Verdict, cut, judge, spent
from sorapipe.planning.plan_types import Plan
from sorapipe.storyboard.model import Budget
from sorapipe.views.words import count, money


@dataclass(frozen=True, slots=True)
class Terms:
    """What a person allowed on the command line."""

    yes: bool = False
    max_cost: Decimal | None = None
    max_takes: int | None = None
    partial: bool = False


def within_limits(production: Production, plan: Plan, terms: Terms) -> Plan:
    """The plan if it keeps to all limits, or what fits of it with `--partial`. Raises `Expected` (7) otherwise."""
    verdict = judge(plan, _limits(production, terms), spent(production.facts, production.capabilities))
    if verdict.allowed:
        return plan
    if terms.partial and verdict.fits:
        return cut(plan, verdict)
    why = verdict.reason.text if verdict.reason else "over the limit"
    raise Expected(Exit.MONEY, f"{why}; nothing was sent", _what_fits(verdict, plan))


def money_left(production: Production, terms: Terms) -> Decimal | None:
    """What may still be spent in this run; `None` without a limit."""
    left = [] if terms.max_cost is None else [terms.max_cost]
    budget = production.storyboard.budget
    if budget is not None and budget.max_cost is not None:
        left.append(budget.max_cost - spent(production.facts, production.capabilities).cost)
    return min(left, default=None)


def agreed(production: Production, plan: Plan, terms: Terms) -> None:
    """Makes sure that somebody wants to pay for this. Raises `Expected` (2) where nobody can be asked, or on a no."""
    if production.capabilities.rehearsal or not plan.totals.calls or terms.yes or terms.max_cost is not None:
        return
    price = money(plan.totals.cost, plan.currency)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Expected(
            Exit.USAGE, f"this buys {count(plan.totals.calls, 'create')} on {plan.provider} for {price}, and nobody is "
            "here to agree", "`--max-cost N` allows it up to an amount, `--yes` whatever it costs",
        )  # fmt: skip
    files = f" and sends {count(len(plan.uploads), 'file')}" if plan.uploads else ""
    question = f"This buys {count(plan.totals.calls, 'create')} on {plan.provider} for {price}{files}. Go on?"
    if not click.confirm(question, default=False, err=True):
        raise Expected(Exit.USAGE, "nothing was sent")


def _limits(production: Production, terms: Terms) -> Limits:
    budget = production.storyboard.budget
    if terms.max_takes is not None:
        most = spent(production.facts, production.capabilities).takes + terms.max_takes
        if budget is None:
            budget = Budget(None, None, most, production.storyboard.origin)
        else:
            budget = replace(budget, max_takes=most if budget.max_takes is None else min(most, budget.max_takes))
    return Limits(terms.max_cost, budget)


def _what_fits(verdict: Verdict, plan: Plan) -> str | None:
    if not verdict.fits:
        return None
    return f"`--partial` renders what fits: {count(len(verdict.fits), 'take')} for {money(verdict.cost, plan.currency)}"
