"""Prices and limits: what a take costs, and what a budget lets through."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from build import HD, MODEL, REAL, At, World, board, shot

from sorapipe.planning.capabilities import CharacterWay, Per, Price
from sorapipe.planning.cost import Limits, Spent, character_price, cut, judge, price, spent
from sorapipe.planning.facts import AttemptState
from sorapipe.storyboard.model import Budget

NOTHING = Spent(Decimal(0), 0)


def test_the_first_price_that_fits_holds() -> None:
    assert price(REAL, "sora-2", 15, None) == 2
    assert price(REAL, "sora-2", 10, None) == 1
    assert price(REAL, None, None, None) == 1
    assert price(REAL, "sora-2-hd", 15, None) == Decimal("7.5")
    assert price(REAL, "unknown", 10, None) is None
    sized = replace(MODEL, prices=(Price(Decimal(9), Per.CLIP, size="1x1"),))
    assert price(replace(REAL, models={"sora-2": sized}), "sora-2", 10, "2x2") is None


def test_a_character_has_its_price_or_that_of_a_clip_or_none() -> None:
    own = replace(MODEL, character_price=Price(Decimal("0.25"), Per.CLIP))
    assert character_price(replace(REAL, models={"sora-2": own})) == Decimal("0.25")
    assert character_price(REAL) == 1
    assert character_price(replace(REAL, characters=CharacterWay.ENDPOINT)) == 0
    unpriced = replace(MODEL, prices=())
    assert character_price(replace(REAL, models={"sora-2": unpriced}, characters=CharacterWay.ENDPOINT)) is None


def test_a_plan_above_the_limit_is_refused_and_says_what_would_fit() -> None:
    shots = [shot("a", seconds=15), shot("b", frame="a"), shot("c"), shot("d")]
    plan = World(board(*shots)).plan()
    verdict = judge(plan, Limits(Decimal(4)), NOTHING)
    assert not verdict.allowed
    assert verdict.fits == ("a#1", "b#1", "c#1")
    assert verdict.reason is not None and verdict.reason.text == "the plan costs 5 credits and the limit leaves 4"
    small = cut(plan, verdict)
    assert (small.totals.buys, small.totals.cost) == (3, 4)
    assert [it.action.value for it in small.steps] == ["render", "render", "render", "blocked"]


def test_a_child_does_not_fit_without_its_parent() -> None:
    plan = World(board(shot("a", seconds=15), shot("b", frame="a"), shot("c"))).plan()
    assert judge(plan, Limits(Decimal(1)), NOTHING).fits == ("c#1",)


def test_the_budget_counts_what_was_spent_before() -> None:
    budget = Budget(Decimal(5), "credits", None, At())
    plan = World(board(shot("a"))).plan()
    assert judge(plan, Limits(None, budget), Spent(Decimal(4), 4)).allowed
    assert not judge(plan, Limits(None, budget), Spent(Decimal("4.5"), 4)).allowed
    assert not judge(plan, Limits(None, replace(budget, max_takes=4)), Spent(Decimal(0), 4)).allowed


def test_a_limit_that_cant_be_kept_is_refused() -> None:
    plan = World(board(shot("a"))).plan()
    dollars = judge(plan, Limits(None, Budget(Decimal(50), "USD", None, At())), NOTHING)
    assert dollars.reason is not None and dollars.reason.code == "currency"
    unpriced = replace(REAL, models={"sora-2": replace(HD, prices=())})
    verdict = judge(World(board(shot("a")), unpriced).plan(), Limits(Decimal(100)), NOTHING)
    assert verdict.reason is not None and verdict.reason.code == "no-price"
    assert judge(World(board(shot("a")), unpriced).plan(), Limits(), NOTHING).allowed


def test_a_character_alone_is_bought_for_its_own_sake() -> None:
    plan = World(board(shot("a"))).plan()
    alone = replace(plan, steps=(replace(plan.steps[0], address="@gull", needs=()),))
    assert judge(alone, Limits(), NOTHING).allowed
    assert judge(alone, Limits(Decimal(1)), NOTHING).allowed
    assert not judge(alone, Limits(Decimal("0.5")), NOTHING).allowed


def test_nothing_to_buy_is_always_allowed() -> None:
    plan = World(board(shot("a"))).took_all().plan()
    assert judge(plan, Limits(Decimal(0), Budget(Decimal(5), "USD", None, At())), NOTHING).allowed


def test_what_was_spent_counts_uncertain_orders_with_their_price_and_no_practice() -> None:
    world = World(board(shot("a", seconds=15)))
    world.took("a", cost=Decimal("1.5"))
    world.took("a", AttemptState.UNCERTAIN, cost=None)
    world.took("a", rehearsal=True, cost=Decimal(100))
    world.took("a", currency="USD", cost=Decimal(100))
    assert spent(world.facts, REAL) == Spent(Decimal("3.5"), 3)
