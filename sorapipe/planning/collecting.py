"""What was paid and is not here, as steps that bring it: asks nobody, and buys nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from shlex import quote

from sorapipe.planning.choice import letters
from sorapipe.planning.cost import NOTHING
from sorapipe.planning.elsewhere import Elsewhere
from sorapipe.planning.facts import Attempt, AttemptState
from sorapipe.planning.keeping import Inventory
from sorapipe.planning.plan_types import Action, Reason, Step
from sorapipe.planning.situation import Outlook

_ASKED_AGAIN = {
    AttemptState.UNAVAILABLE: Reason("unavailable", "it is paid and finished, but its clip could not be had"),
    AttemptState.VANISHED: Reason("vanished", "the provider said it does not know its task"),
    AttemptState.SUSPECT: Reason("suspect", "its clip was not what was asked"),
}
_GONE = Reason("gone", "its clip is not on disk")
_RUNNING = Reason("resume", "it was ordered before and is collected")


def collecting(outlook: Outlook, inventory: Inventory, addresses: Collection[str] | None) -> tuple[Step, ...]:
    """A step for each take that is paid and not here, of some addresses, or of all there ever were (`None`): then takes
    that are marked as no good may be missing."""
    facts, practice = outlook.ground.facts, outlook.ground.capabilities.rehearsal
    shots = [address for address in outlook.situations if address in facts.attempts]
    others = sorted(address for address in facts.attempts if address not in outlook.situations)
    steps: list[Step] = []
    for address in (*others, *shots):
        if addresses is not None and address not in addresses:
            continue
        names = letters(facts.attempts[address])
        for attempt in facts.attempts[address]:
            ignored = addresses is None and attempt.token in facts.no_good
            if not ignored and (practice or not attempt.rehearsal):
                label = outlook.labels.get(address, address)
                steps += _step(label, attempt, names[attempt.token], inventory, named=addresses is not None)
    return tuple(steps)


def _step(label: str, attempt: Attempt, letter: str, inventory: Inventory, *, named: bool) -> list[Step]:
    action, reason = Action.FETCH, _ASKED_AGAIN.get(attempt.state)
    if attempt.state is AttemptState.SUBMITTED:
        action, reason = Action.RESUME, _RUNNING
    elif attempt.state is AttemptState.DONE and _missing(attempt, inventory, named=named):
        reason = _GONE
    if reason is None:
        return []
    if not attempt.tasks:
        text = "its clip is not on disk and came from no provider"
        action, reason = Action.BLOCKED, Reason("gone", text, f"sorapipe adopt {quote(label)} --file CLIP")
    out = None if inventory.get(attempt.token, 0) is None else attempt.out  # another take's clip may have its name
    whole = replace(attempt, out=out)
    return [
        Step(attempt.address, label, attempt.take, action, reason, NOTHING, attempt.recipe, (), whole, letter=letter)
    ]


def _missing(attempt: Attempt, inventory: Inventory, *, named: bool) -> bool:
    """Whether a clip is to be brought. One that DVC would bring is only where its shot was named."""
    if attempt.address.startswith("@"):
        return False
    if attempt.token in inventory:
        return inventory[attempt.token] is None
    found = None if attempt.out is None else inventory.get(attempt.out, 0)
    return found is None or (named and found is Elsewhere.DVC)
