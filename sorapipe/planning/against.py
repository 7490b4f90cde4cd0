"""Two plans held against each other: that of a version of the past and today's; knows no git and no words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sorapipe.planning.cost import NOTHING
from sorapipe.planning.facts import Facts
from sorapipe.planning.plan_types import BUYS, Plan
from sorapipe.planning.since import Comparison, Difference, Fate


@dataclass(frozen=True, slots=True)
class Against:
    """What differs. `then` is the plan of the past, `None` where there was no storyboard. `prices` say by address what
    is to be bought for a shot today, `None` where the profile names no price; a shot for which nothing is bought has
    none. `bought` and `paid` are takes and characters that the past did not know, and what they cost; `paid` is `None`
    where nobody knows."""

    comparison: Comparison
    plan: Plan
    then: Plan | None
    prices: Mapping[str, Decimal | None]
    bought: int
    paid: Decimal | None

    @property
    def shown(self) -> list[Difference]:
        """The shots that are new, gone or edited, in the order of the storyboard."""
        calm = {Fate.SAME, Fate.COSMETIC}
        return [one for one in self.comparison.differences if one.fate not in calm]

    @property
    def cost_then(self) -> Decimal | None:
        """What was to be bought then."""
        return NOTHING if self.then is None else self.then.totals.cost

    @property
    def more(self) -> Decimal | None:
        """How much more is to be bought today; less than zero for less, `None` where a price is not known."""
        now, then = self.plan.totals.cost, self.cost_then
        return None if now is None or then is None else now - then


def hold_together(comparison: Comparison, plan: Plan, then: Plan | None, facts: Facts, known_then: Facts) -> Against:
    """All that differs. `known_then` is what the lock of the past tells."""
    prices: dict[str, Decimal | None] = {}
    for step in plan.steps:
        if step.action in BUYS:
            before = prices.get(step.address, NOTHING)
            prices[step.address] = None if before is None or step.price is None else before + step.price
    old = {take.token for takes in known_then.attempts.values() for take in takes}
    new = [take for takes in facts.attempts.values() for take in takes if take.token not in old]
    costs = [take.cost for take in new]
    same = all(take.currency in {None, plan.currency} for take in new)
    paid = sum((cost for cost in costs if cost is not None), NOTHING) if same and None not in costs else None
    return Against(comparison, plan, then, prices, len(new), paid)
