"""Plans and events for tests of views, without a storyboard file in sight."""

from __future__ import annotations

from decimal import Decimal

from sorapipe.planning.plan_types import Action, Plan, Reason, Staleness, Step, Totals
from sorapipe.storyboard.model import Address, Scene, Shot, Storyboard, Use
from sorapipe.storyboard.source import Place, Span


class Nowhere:
    """An origin for things that nobody wrote."""

    def place(self, field: str | None = None) -> Span:
        return Span(Place("storyboard.yaml", 1, 1), 1)

    def mention(self, name: str) -> Span:
        return self.place()


def step(  # noqa: PLR0913 - a plan's line has that many sides
    label: str,
    action: Action = Action.RENDER,
    *,
    take: int = 1,
    price: str | None = "10",
    reason: Reason | None = None,
    stale: Staleness = Staleness.FRESH,
) -> Step:
    cost = Decimal(price) if price is not None else None
    why = reason or Reason("new", "not rendered yet")
    return Step(label, label, take, action, why, cost, "r", stale=stale, stale_price=cost)


def plan(*steps: Step, currency: str = "credits") -> Plan:
    buys = [one for one in steps if one.action in {Action.RENDER, Action.RERENDER}]
    prices = [one.price for one in buys]
    cost = None if None in prices else sum((price for price in prices if price is not None), Decimal(0))
    stale = sum((s.stale_price or Decimal(0) for s in steps if s.stale is not Staleness.FRESH), Decimal(0))
    shots = len({one.address for one in steps if not one.address.startswith("@")})
    totals = Totals(shots, len(steps), len(buys), Decimal(10 * shots), cost, stale, len(buys), Decimal(3))
    return Plan("house", None, currency, steps, totals, ())


def shot(name: str, scene: str | None = None) -> Shot:
    return Shot(Address(name), name, scene, 1, None, Address("x"), (), False, Use(), (), None, None, (), Nowhere())


def storyboard(*shots: Shot, title: str = "A film", scenes: tuple[Scene, ...] = ()) -> Storyboard:
    return Storyboard(title, None, {}, shots, scenes, (), None, {}, Nowhere())
