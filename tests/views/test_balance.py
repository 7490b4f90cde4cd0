"""The words about the balance after a run: as estimated, or by how much it is not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from views.plans import plan, step

from sorapipe.engine.events import Ended
from sorapipe.engine.outcome import Balance, Outcome
from sorapipe.planning.facts import AttemptState
from sorapipe.views.balance import balance_lines

PLAN = plan(step("a"))


def said(before: int, after: int | None, booked: int, estimate: int | None, currency: str = "credits") -> str:
    told = Balance(Decimal(before), None if after is None else Decimal(after))
    outcome = Outcome(0, (), (), (), Decimal(booked), 1, 0, None, told)
    cost = None if estimate is None else Decimal(estimate)
    with_cost = replace(PLAN, currency=currency, totals=replace(PLAN.totals, cost=cost))
    return "\n".join(balance_lines(outcome, with_cost))


@pytest.mark.parametrize(("numbers", "words"), [
    ((10000, 9665, 335, 335), "balance 9,665 credits (was 10,000): 335 spent, as estimated"),
    ((10000, 9675, 325, 335), "balance 9,675 credits (was 10,000): 325 spent, 335 estimated"),
    ((100, 80, 10, 10), "balance 80 credits (was 100): 20 spent, 10 more than the 10 booked\n  failed jobs may"),
    ((100, 95, 10, 10), "balance 95 credits (was 100): 5 spent, 5 less than the 10 booked\n  jobs may be charged when"),
    ((100, 150, 10, 10), "balance 150 credits (was 100): it rose by 50, 60 less than the 10 booked"),
    ((100, 90, 0, None), "balance 90 credits (was 100): 10 spent; the profile has no prices to hold this against"),
    ((100, None, 10, 10), "the balance was 100 credits before this run; afterwards the provider told none"),
    ((10, 0, 10, 10), "balance 0 credits (was 10): 10 spent, as estimated"),
])  # fmt: skip
def test_the_balance_is_held_against_what_was_booked(numbers: tuple[int, int, int, int], words: str) -> None:
    assert said(*numbers).startswith(words)


def test_prices_in_another_currency_are_not_held_against_it() -> None:
    assert said(100, 90, 3, 3, "USD") == "balance 90 (was 100): 10 spent, in the provider's own unit"


def test_without_a_balance_nothing_is_said() -> None:
    assert balance_lines(Outcome(0, (), (), (), Decimal(0), 1, 0, None), PLAN) == []


@pytest.mark.parametrize(("after", "words"), [
    (80, "so what is uncertain was probably bought: look for it in your account"),
    (90, "so what is uncertain was probably not bought, as far as the balance is up to date"),
    (85, ""),
])  # fmt: skip
def test_the_balance_gives_advice_about_what_is_uncertain(after: int, words: str) -> None:
    lost = Ended("b#1", "b", 1, AttemptState.UNCERTAIN, None, Decimal(10), "reset")
    outcome = Outcome(9, (lost,), (), (), Decimal(20), 2, 0, None, Balance(Decimal(100), Decimal(after)))
    lines = balance_lines(outcome, PLAN)
    assert [line.strip() for line in lines[1:]] == ([words] if words else [])
