"""Limits and the yes of a person, before anything is bought; knows not how anything is bought."""

from __future__ import annotations

import sys
from decimal import Decimal

import click

from sorapipe.cli.failures import Exit, Expected, Quit
from sorapipe.cli.limits import Terms, breach
from sorapipe.cli.production import Production, show
from sorapipe.planning.cost import cut, spent
from sorapipe.planning.plan_types import Plan
from sorapipe.storyboard.diagnostics import Diagnostic, Severity
from sorapipe.views.words import count, money


def within_limits(production: Production, plan: Plan, terms: Terms) -> Plan:
    """The plan if it keeps to all limits, or what fits of it with `--partial`. Raises `Expected` or `Quit` (7)."""
    broken = breach(production, plan, terms)
    if broken is None:
        return plan
    if terms.partial and broken.verdict.fits:
        return cut(plan, broken.verdict)
    text = f"{broken.text}; nothing was sent"
    if broken.span is None:
        raise Expected(Exit.MONEY, text, broken.hint)
    show([Diagnostic(Severity.ERROR, broken.code, text, broken.span, broken.hint)], production.sources)
    raise Quit(Exit.MONEY)


def warn_of_limits(production: Production, plan: Plan) -> None:
    """Adds to the production's diagnostics that a run would be refused for the storyboard's own budget."""
    broken = breach(production, plan)
    if broken is not None:
        production.diagnostics.warning(broken.code, broken.text, broken.span, hint=broken.hint)


def budget_left(production: Production) -> Decimal | None:
    """What is left of the storyboard's own budget; `None` without one."""
    budget = production.storyboard.budget
    if budget is None or budget.max_cost is None:
        return None
    return budget.max_cost - spent(production.facts, production.capabilities).cost


def agreed(production: Production, plan: Plan, terms: Terms) -> None:
    """Makes sure that somebody wants to pay for this. Raises `Expected` (2) where nobody can be asked,
    `Quit` (2) on a no."""
    if production.capabilities.rehearsal or not plan.totals.calls or terms.yes or terms.max_cost is not None:
        return
    from sorapipe.views.plan_view import purchase

    price = money(plan.totals.cost, plan.currency)
    ordered = f"{purchase(plan)} from {plan.provider} for {price}"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Expected(
            Exit.USAGE, f"this buys {ordered}, and nobody is here to agree",
            "`--max-cost N` allows it up to an amount, `--yes` whatever it costs",
        )  # fmt: skip
    files = f" and sends {count(len(plan.uploads), 'file')}" if plan.uploads else ""
    if not click.confirm(f"This buys {ordered}{files}. Go on?", default=False, err=True):
        click.echo("nothing was sent", err=True)
        raise Quit(Exit.USAGE)
