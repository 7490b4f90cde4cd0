"""A plan that was looked at, to be carried out later: what it buys, and whether the world still is as it was then.

What a run has done of it since is no move: a take that was ordered under the number and the recipe of the plan counts
as that step, whatever became of it. Knows no files and no command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from sorapipe.planning.choice import take_label
from sorapipe.planning.facts import Facts
from sorapipe.planning.handles import known_handles
from sorapipe.planning.plan_types import BUYS, Action, Plan, Step, Wishes
from sorapipe.planning.recipe import canonical, digest
from sorapipe.planning.situation import Outlook
from sorapipe.planning.why import phrase, recipe_changes

VERSION = 1


class Unreadable(Exception):
    """What was given is no plan that can be carried out; the text says why."""


class Buy(NamedTuple):
    """A create that was looked at. `inputs` are the clips that were there to begin on, by address, `handles` what the
    provider called the characters in it that existed."""

    address: str
    label: str
    take: int
    recipe: str
    price: Decimal | None
    inputs: tuple[tuple[str, str], ...]
    handles: tuple[tuple[str, str], ...]

    @property
    def key(self) -> tuple[str, int]:
        """What it is known by."""
        return self.address, self.take

    @property
    def name(self) -> str:
        """What it is called."""
        return self.label if self.address.startswith("@") else f"{self.label} {take_label(self.take)}"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A plan that was looked at. `seller` is a digest of everything about the provider that an order or a price depends
    on; `recipes` are the texts of what is bought, by digest."""

    provider: str
    currency: str
    seller: str
    wishes: Wishes
    buys: tuple[Buy, ...]
    recipes: Mapping[str, str]


def review(plan: Plan, outlook: Outlook, wishes: Wishes, seller: str) -> Reviewed:
    """What is to be remembered of a plan."""
    texts = outlook.ground.recipes.by_digest()
    buys = tuple(buys_of(plan, outlook))
    used = {buy.recipe for buy in buys}
    return Reviewed(
        plan.provider, plan.currency, seller, wishes, buys, {name: texts[name] for name in sorted(used & texts.keys())}
    )


def buys_of(plan: Plan, outlook: Outlook) -> Iterator[Buy]:
    """What a plan buys."""
    handles = known_handles(outlook)
    for step in plan.steps:
        if step.action in BUYS:
            yield Buy(
                step.address, step.label, step.take, step.recipe or "", step.price,
                _inputs(step, outlook), _handles(step, outlook, handles),
            )  # fmt: skip


def _inputs(step: Step, outlook: Outlook) -> tuple[tuple[str, str], ...]:
    """The clips that are there to begin on; those that this plan makes are not yet."""
    it = outlook.situations.get(step.address)
    if it is None:
        return ()
    return tuple((address, sha) for address, sha in it.inputs if outlook.source(address).address not in step.needs)


def _handles(step: Step, outlook: Outlook, known: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    it = outlook.situations.get(step.address)
    if it is None:
        return ()
    here = outlook.ground.capabilities.profile
    cast = outlook.ground.storyboard.characters
    found = ((name, cast[name].handles.get(here) or known.get(name)) for name in it.request.mentions)
    return tuple((name, str(handle)) for name, handle in found if handle is not None)


def moves(reviewed: Reviewed, plan: Plan, outlook: Outlook, seller: str) -> list[str]:
    """What is no longer as it was looked at, in sentences; empty where a run does just what was agreed to."""
    found = []
    if plan.provider != reviewed.provider:
        return [f"the plan is for `{reviewed.provider}`, and this would go to `{plan.provider}`"]
    if seller != reviewed.seller:
        found.append(f"the profile of `{plan.provider}` is another one: models, prices or its address")
    now = {buy.key: buy for buy in buys_of(plan, outlook)}
    then = {buy.key: buy for buy in reviewed.buys}
    for buy in reviewed.buys:
        found += _moved(buy, now.get(buy.key), reviewed, plan, outlook)
    edited = {buy.address for buy in reviewed.buys if buy.key in now}
    for key, buy in now.items():
        if key not in then and not (buy.address in edited and _told(buy, reviewed)):
            found.append(f"{buy.name} would be bought as well, and is not in the plan")
    return found


def _told(buy: Buy, reviewed: Reviewed) -> bool:
    """Whether a take that is new belongs to an edit that was told of already."""
    return all(buy.recipe != other.recipe for other in reviewed.buys if other.address == buy.address)


def _moved(buy: Buy, now: Buy | None, reviewed: Reviewed, plan: Plan, outlook: Outlook) -> Iterator[str]:
    if now is None:
        if not _ordered(buy, outlook.ground.facts):
            yield f"{buy.name} would not be bought any more: {_instead(buy, plan, outlook)}"
        return
    if now.recipe != buy.recipe:
        yield f"{buy.name} was edited: {_edit(buy.recipe, now.recipe, reviewed, outlook)}"
    elif now.price != buy.price:
        yield f"the price of {buy.name} was {_price(buy.price)} and is {_price(now.price)}"
    clips = dict(now.inputs)
    for address, sha in buy.inputs:
        if clips.get(address) != sha:
            yield f"{buy.name} would begin on another clip of {outlook.labels.get(address, address)}"
    names = dict(now.handles)
    for name, handle in buy.handles:
        if names.get(name) != handle:
            yield f"@{name} in {buy.name} is another one at the provider"


def _ordered(buy: Buy, facts: Facts) -> bool:
    """Whether it was sent since: then it is done, on its way, or has ended in a way that the run tells."""
    return any(it.take == buy.take and it.recipe == buy.recipe for it in facts.attempts.get(buy.address, ()))


def _instead(buy: Buy, plan: Plan, outlook: Outlook) -> str:
    if buy.address not in outlook.situations and not buy.address.startswith("@"):
        return "its shot is gone"
    steps = [step for step in plan.steps if step.address == buy.address]
    step = next((one for one in steps if one.action in {Action.BLOCKED, Action.WAIT, Action.UNCERTAIN}), None)
    step = step or next(iter(steps), None)
    if step is None:
        return "nothing needs it"
    text = step.reason.text
    return f"{take_label(step.take, step.letter)} is {text}" if text.startswith("in the film") else text


def _edit(old: str, new: str, reviewed: Reviewed, outlook: Outlook) -> str:
    known = {**outlook.ground.recipes.by_digest(), **outlook.ground.facts.recipes, **reviewed.recipes}
    if new not in known:
        return "its recipe is another one"
    return phrase(recipe_changes(known.get(old), known[new], known, outlook.labels))


def _price(amount: Decimal | None) -> str:
    return "unknown" if amount is None else f"{amount:f}"


def data_of(reviewed: Reviewed) -> dict[str, object]:
    """As JSON data, with a digest of all of it."""
    wishes = reviewed.wishes
    body: dict[str, object] = {
        "v": VERSION,
        "provider": reviewed.provider,
        "currency": reviewed.currency,
        "seller": reviewed.seller,
        "wishes": {
            "select": sorted(wishes.select) if wishes.select is not None else None,
            "cascade": wishes.cascade,
            "reshoot": wishes.reshoot,
            "first_takes": wishes.first_takes,
        },
        "buys": [
            {
                "address": buy.address, "label": buy.label, "take": buy.take, "recipe": buy.recipe,
                "price": None if buy.price is None else f"{buy.price:f}",
                "inputs": dict(buy.inputs), "handles": dict(buy.handles),
            }
            for buy in reviewed.buys
        ],
        "recipes": dict(reviewed.recipes),
    }  # fmt: skip
    return {**body, "digest": digest(canonical(body))}


def read_back(data: object) -> Reviewed:
    """The plan in JSON data. Raises `Unreadable` for what is no plan, and one that was changed or is of another
    version."""
    if not isinstance(data, dict) or "digest" not in data or "buys" not in data:
        raise Unreadable("it is no plan that `sorapipe plan --out` wrote")
    if data.get("v") != VERSION:
        raise Unreadable("another version of sorapipe wrote it")
    body = {key: value for key, value in data.items() if key != "digest"}
    try:
        if digest(canonical(body)) != data["digest"]:
            raise Unreadable("it was changed after it was written")
        wishes, select = data["wishes"], data["wishes"]["select"]
        return Reviewed(
            data["provider"],
            data["currency"],
            data["seller"],
            Wishes(
                None if select is None else frozenset(select),
                cascade=wishes["cascade"] is True,
                reshoot=wishes["reshoot"] is True,
                first_takes=wishes["first_takes"] is True,
            ),
            tuple(_buys(data["buys"])),
            dict(data["recipes"]),
        )
    except (KeyError, TypeError, ValueError, ArithmeticError):
        raise Unreadable("it is no plan that `sorapipe plan --out` wrote") from None


def _buys(items: Iterable[Mapping[str, object]]) -> Iterator[Buy]:
    for item in items:
        price = item["price"]
        inputs, handles = item["inputs"], item["handles"]
        if not (isinstance(inputs, dict) and isinstance(handles, dict) and isinstance(item["take"], int)):
            raise TypeError
        yield Buy(
            str(item["address"]), str(item["label"]), item["take"], str(item["recipe"]),
            None if price is None else Decimal(str(price)), tuple(sorted(inputs.items())), tuple(handles.items()),
        )  # fmt: skip
