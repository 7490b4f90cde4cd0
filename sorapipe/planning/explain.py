"""Why each shot stands as it does, what it would take to change that, and what of it costs money; sends nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from sorapipe.planning.causes import Cause, known_recipes, since_take
from sorapipe.planning.choice import labels
from sorapipe.planning.facts import AttemptState
from sorapipe.planning.keeping import Inventory, gone
from sorapipe.planning.plan import plan_from
from sorapipe.planning.plan_types import BUYS, Action, Plan, Reason, Staleness, Step, Wishes
from sorapipe.planning.situation import Outlook, Situation
from sorapipe.storyboard.model import Shot

_FLAGS = {Staleness.CASCADE: " --cascade", Staleness.MODEL: " --reshoot"}


class Standing(StrEnum):
    """How the clip in the film stands to what the shot says today."""

    NEW = "new"
    FRESH = "fresh"
    EDIT = "edit"
    CASCADE = "cascade"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Way:
    """Something that can be done: `command`, what it buys, and at what price, that of what it needs included (`None`:
    the profile names none). One that buys nothing has no `takes`."""

    command: str
    takes: int = 0
    characters: int = 0
    parents: int = 0
    cost: Decimal | None = Decimal(0)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One shot. `film` is what the take in the film is called; `causes` say what differs between it and the shot of
    today. `concerns` are the finished takes that are out of date, `current` those that are not. `because` are the words
    with which a person accepted it. `halts` are what keeps it from being rendered, `coming` is what a run will make
    of the take in the film without touching it."""

    shot: Shot
    address: str
    standing: Standing
    film: str | None = None
    picked: bool = False
    causes: tuple[Cause, ...] = ()
    concerns: tuple[str, ...] = ()
    current: tuple[str, ...] = ()
    because: str | None = None
    frozen: bool = False
    missing: bool = False
    halts: tuple[Reason, ...] = ()
    coming: str | None = None
    ways: tuple[Way, ...] = ()


def explain(outlook: Outlook, inventory: Inventory, addresses: Iterable[str]) -> list[Explanation]:
    """Why the shots at these addresses stand as they do, in the order of the storyboard."""
    wanted = set(addresses)
    found = [it for address, it in outlook.situations.items() if address in wanted]
    order = {shot.address.canonical: place for place, shot in enumerate(outlook.ground.storyboard.shots)}
    found.sort(key=lambda it: order[it.address])
    plain = plan_from(outlook, inventory, Wishes(frozenset(it.address for it in found)))
    plans = {Staleness.FRESH: _Priced(plain), Staleness.EDIT: _Priced(plain)}
    for kind, wishes in (
        (Staleness.CASCADE, Wishes(cascade=True)),
        (Staleness.MODEL, Wishes(reshoot=True)),
    ):
        some = frozenset(it.address for it in found if it.stale is kind and not it.held)
        if some:
            plans[kind] = _Priced(plan_from(outlook, inventory, replace(wishes, select=some)))
    known = known_recipes(outlook)
    return [_explained(outlook, it, plans, known, lost=_lost(it, inventory)) for it in found]


def _lost(it: Situation, inventory: Inventory) -> bool:
    return it.film is not None and gone(it, it.film.attempt, inventory)


def _explained(
    outlook: Outlook, it: Situation, plans: Mapping[Staleness, _Priced], known: Mapping[str, str], *, lost: bool
) -> Explanation:
    names = labels(it.attempts)
    practice = outlook.ground.capabilities.rehearsal
    film = it.film.attempt if it.film is not None and (practice or not it.film.attempt.rehearsal) else None
    done = [one for one in it.attempts if one.state is AttemptState.DONE and (practice or not one.rehearsal)]
    plain, best = plans[Staleness.FRESH], plans.get(it.stale, plans[Staleness.FRESH])
    steps = best.steps(it.address)
    kept = [
        s
        for s in plain.steps(it.address)
        if s.attempt is not None and film is not None and s.attempt.token == film.token
    ]
    coming = next((s.reason.text for s in kept if it.stale is Staleness.FRESH and s.stale is not Staleness.FRESH), None)
    return Explanation(
        it.shot,
        it.address,
        Standing.NEW if film is None else Standing(it.stale.value),
        names[film.token] if film is not None else None,
        it.picked,
        since_take(outlook, it, known) if film is not None else (),
        tuple(names[one.token] for one in done if one.token not in it.unmoved),
        tuple(names[one.token] for one in done if one.token in it.unmoved),
        _because(outlook, it),
        it.shot.frozen,
        film is not None and lost,
        tuple(dict.fromkeys(step.reason for step in steps if step.action in _HALTED)),
        coming,
        tuple(_ways(it, best, kept)),
    )


_HALTED = frozenset({Action.WAIT, Action.BLOCKED, Action.UNCERTAIN})


def _because(outlook: Outlook, it: Situation) -> str | None:
    """The words with which the clip was accepted, if that holds today."""
    if not it.accepted:
        return None
    names = (it.address, *outlook.reuses.olds(it.address))
    waivers = [waiver for name in names for waiver in outlook.ground.facts.waivers.get(name, ())]
    return next((waiver.because for waiver in waivers if waiver.recipe in it.digests), "")


def _ways(it: Situation, plan: _Priced, kept: Sequence[Step]) -> Iterable[Way]:
    label = it.shot.label
    better = next((step.reason.command for step in kept if step.reason.code.startswith("stale-")), None)
    if better is not None and better.startswith("sorapipe pick "):
        yield Way(better)
    bought = plan.bought(it.address)
    if any(step.address == it.address for step in bought):
        yield _way(f"sorapipe run{_FLAGS.get(it.stale, '')} {label}", it.address, bought)
    elif any(step.action in {Action.RESUME, Action.FETCH} for step in plan.steps(it.address)):
        yield Way(f"sorapipe run {label}")
    elif better is not None and better.startswith("sorapipe roll "):
        yield Way(better, 1, cost=plan.price(it.address))
    if it.film is not None and it.stale is not Staleness.FRESH and not it.held:
        yield Way(f'sorapipe accept {label} --because "…"')


def _way(command: str, address: str, bought: Sequence[Step]) -> Way:
    people = sum(step.address.startswith("@") for step in bought)
    own = sum(step.address == address for step in bought)
    prices = [step.price for step in bought]
    cost = None if None in prices else sum((price for price in prices if price is not None), Decimal(0))
    return Way(command, own, people, len(bought) - own - people, cost)


class _Priced:
    """A plan, asked by address."""

    def __init__(self, plan: Plan) -> None:
        self._steps: dict[str, list[Step]] = defaultdict(list)
        for step in plan.steps:
            self._steps[step.address].append(step)

    def steps(self, address: str) -> Sequence[Step]:
        """What happens to a shot."""
        return self._steps.get(address, ())

    def bought(self, address: str) -> list[Step]:
        """What is bought for a shot: its takes, and all that must be there first."""
        seen, waiting, found = {address}, [address], list[Step]()
        while waiting:
            for step in self.steps(waiting.pop()):
                if step.action in BUYS:
                    found.append(step)
                    waiting += [need for need in step.needs if need not in seen]
                    seen.update(step.needs)
        return found

    def price(self, address: str) -> Decimal | None:
        """What bringing a kept take up to date would cost."""
        return next((step.stale_price for step in self.steps(address) if step.stale_price is not None), None)
