"""What must be true of an order before it is sent, as far as one machine can know it; remembers nothing."""

from __future__ import annotations

from decimal import Decimal

from campaign.world_books import Entry, Page
from campaign.world_film import GUEST, Film
from campaign.world_machine import Process
from campaign.world_studio import Studio

_HERE = frozenset({"done", "submitted"})


def under_old_names(whole: Page, intent: Entry, film: Film) -> list[Entry]:
    """Takes of the same recipe that are there, or on their way, at an address that the film no longer has."""
    names = {one.name for one in film}
    every = (it for it in whole.entries.values() if it.recipe == intent.recipe and it.state in _HERE)
    return [it for it in every if it.address not in names and not it.address.startswith("@")]


def inputs_missing(caller: Process, studio: Studio, whole: Page, intent: Entry) -> list[str]:
    """Promise 4: what goes into an order is done, and here; under which name is all the same."""
    said, machine, film = [], caller.machine, caller.film
    for address, sha256 in intent.inputs.items():
        made = [it for it in whole.entries.values() if it.sha256 == sha256 and it.state == "done" and it.out]
        by_task = bool(made) and intent.address.startswith("@")  # no clip is sent, only the id of its task
        if not by_task and not any(machine.disk.digest(machine.folder / str(it.out)) == sha256 for it in made):
            said.append(f"4: {intent.address} was sent before {address} was done and here")
    shot = film.shot(intent.address)
    parents = set(shot.parents) if shot is not None else {film.pictures[0].name}
    done = [it for it in whole.entries.values() if it.state == "done"]
    shown = {_shown(studio.charges[task].order.prompt) for it in done for task in it.tasks if task in studio.charges}
    late = [one.name for one in film if one.name in parents and _shown(one.words) not in shown]
    made = [it for it in whole.entries.values() if it.address == f"@{GUEST}"]
    if shot is not None and shot.guest and not any(it.state == "done" or studio.finished(it.tasks) for it in made):
        late.append(f"@{GUEST}")
    return said + [f"4: {intent.address} was sent before {name} was done" for name in late]


def _shown(words: str) -> str:
    """Which picture a prompt asks for, whatever text of it."""
    return words.partition(",")[0]


def over_budget(whole: Page, film: Film) -> list[str]:
    """What was spent so far, this order included; what is uncertain counts."""
    if film.budget is None:
        return []
    spent = sum(
        (Decimal(it.cost or 0) for it in whole.entries.values() if it.token not in whole.not_bought), Decimal(0)
    )
    return [f"6: {spent} were spent of a budget of {film.budget}"] if spent > film.budget else []
