"""From a storyboard and what has happened to a plan: the front door of the rooms that think about purchases."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from sorapipe.planning.capabilities import Capabilities
from sorapipe.planning.facts import Facts
from sorapipe.planning.graph import Graph
from sorapipe.planning.keeping import Inventory
from sorapipe.planning.plan_types import BUYS, Action, Plan, Wishes
from sorapipe.planning.planner import Planner
from sorapipe.planning.recipe import Recipes
from sorapipe.planning.reuse import Neighbours
from sorapipe.planning.situation import Ground, Outlook, look
from sorapipe.planning.totals import totals, uploads
from sorapipe.storyboard.model import Address, Storyboard

NO_WISHES = Wishes()


def make_plan(  # noqa: PLR0913, PLR0917 - everything that a plan depends on is an argument: it looks nowhere else
    storyboard: Storyboard,
    graph: Graph,
    recipes: Recipes,
    facts: Facts,
    inventory: Inventory,
    capabilities: Capabilities,
    neighbours: Neighbours = (),
    wishes: Wishes = NO_WISHES,
    *,
    renders: str = "renders",
) -> Plan:
    """Says what happens to every take that counts, why, and at what price.

    `inventory` gives the size in bytes of the clips on disk by their path (as in `Attempt.out`), `None` for one that
    is not there; a path that it does not hold counts as there. `neighbours` are the names and facts of the other
    storyboards of the folder. `renders` is the folder of this storyboard's clips: where reused takes will be.
    """
    ground = Ground(storyboard, graph, recipes, facts, capabilities, neighbours, renders)
    return plan_from(look(ground), inventory, wishes)


def plan_from(outlook: Outlook, inventory: Inventory, wishes: Wishes = NO_WISHES) -> Plan:
    """The same, where the outlook is at hand."""
    steps = Planner(outlook, inventory, wishes).steps()
    capabilities = outlook.ground.capabilities
    return Plan(
        capabilities.profile,
        capabilities.account,
        capabilities.currency,
        steps,
        totals(outlook, steps, _selected(wishes)),
        uploads(outlook, steps),
        outlook.reuses.gone(practice=capabilities.rehearsal) if wishes.select is None else (),
    )


def _selected(wishes: Wishes) -> frozenset[str] | None:
    """The addresses that a person named, for the sums."""
    return None if wishes.select is None else wishes.select | {address for address, _ in wishes.rolls}


def narrowed(plan: Plan, outlook: Outlook, addresses: Collection[str]) -> Plan:
    """The part of a plan that is about some addresses, with all that is to be finished before it."""
    needs: dict[str, set[str]] = {}
    for step in plan.steps:
        needs.setdefault(step.address, set()).update(step.needs)
    kept, open_ones = set(addresses), [*addresses]
    while open_ones:
        new = needs.get(open_ones.pop(), set()) - kept
        kept |= new
        open_ones += new
    steps = tuple(step for step in plan.steps if step.address in kept)
    sums = totals(outlook, steps, addresses)
    return replace(plan, steps=steps, totals=sums, uploads=uploads(outlook, steps), gone=())


def finished(plan: Plan) -> Callable[[Address], bool]:
    """A test for `check`: whether nothing of a shot would be sent, neither now nor once its parents are there."""
    sends = BUYS | {Action.WAIT, Action.BLOCKED}
    open_shots = {step.address for step in plan.steps if step.action in sends and step.attempt is None}
    return lambda address: address.canonical not in open_shots
