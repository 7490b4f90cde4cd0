"""Which clips belong in a store and which are to be brought out of it: every take that has a clip; moves nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from sorapipe.planning.choice import labels
from sorapipe.planning.elsewhere import Elsewhere
from sorapipe.planning.facts import Attempt, AttemptState
from sorapipe.planning.keeping import Inventory
from sorapipe.planning.plan_types import Plan
from sorapipe.planning.situation import Outlook

_HAVE_CLIPS = frozenset({AttemptState.DONE, AttemptState.SUSPECT})


class Clip(NamedTuple):
    """A take with a clip. `name` is how it is said (`stairs t02`); `here` is whether a file lies in its place,
    `keeper` the program that keeps it and has not brought it."""

    attempt: Attempt
    name: str
    here: bool
    keeper: Elsewhere | None = None


def stock(outlook: Outlook, inventory: Inventory, addresses: Collection[str] | None) -> list[Clip]:
    """All takes that have a clip by its sha256: of some addresses, or of all there ever were (`None`), in the order of
    the storyboard and then those that it does not name any more."""
    facts = outlook.ground.facts
    shots = [address for address in outlook.situations if address in facts.attempts]
    others = sorted(address for address in facts.attempts if address not in outlook.situations and address[:1] != "@")
    found = []
    for address in (*shots, *others):
        if addresses is not None and address not in addresses:
            continue
        attempts = facts.attempts[address]
        names, label = labels(attempts), outlook.labels.get(address, address)
        found += [
            Clip(attempt, f"{label} {names[attempt.token]}", is_here(attempt, inventory), _keeper(attempt, inventory))
            for attempt in attempts
            if attempt.state in _HAVE_CLIPS and attempt.sha256 is not None
        ]
    return found


def is_here(attempt: Attempt, inventory: Inventory) -> bool:
    """Whether a file lies in the place of a take's clip; one that belongs to another take is none."""
    return isinstance(_found(attempt, inventory), int)


def _keeper(attempt: Attempt, inventory: Inventory) -> Elsewhere | None:
    found = _found(attempt, inventory)
    return found if isinstance(found, Elsewhere) else None


def _found(attempt: Attempt, inventory: Inventory) -> int | Elsewhere | None:
    if attempt.token in inventory:
        return inventory[attempt.token]
    return None if attempt.out is None else inventory.get(attempt.out)


def once(clips: Iterable[Clip]) -> list[Clip]:
    """One for each digest: of takes with the same bytes (a shot was renamed) one that is here, else the first."""
    found: dict[str | None, Clip] = {}
    for clip in clips:
        known = found.setdefault(clip.attempt.sha256, clip)
        if clip.here and not known.here:
            found[clip.attempt.sha256] = clip
    return list(found.values())


def asked_for(plan: Plan) -> frozenset[str]:
    """The tokens of takes whose clips a run would bring or needs where they are."""
    return frozenset(step.attempt.token for step in plan.steps if step.attempt is not None)


def absent(clips: Collection[Clip], no_good: Collection[str], *, named: bool) -> list[Clip]:
    """Those that are to be brought: done and not here. Takes that are marked as no good may be missing, unless their
    shot was `named`."""
    return [
        clip
        for clip in clips
        if not clip.here
        and clip.keeper is not Elsewhere.GIT_LFS  # its pointer lies in the place
        and clip.attempt.state is AttemptState.DONE
        and (named or clip.attempt.token not in no_good)
    ]
