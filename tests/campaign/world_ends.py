"""How a command may end: its exit code against what the files say, what it printed, what it says that was spent."""

from __future__ import annotations

import json
from decimal import Decimal

from campaign.world_books import Page
from campaign.world_machine import Ended, Machine
from campaign.world_oracle import Oracle
from campaign.world_studio import Studio, price_of

_DONE, _BUG, _USAGE, _HELD, _LOCK, _KEY, _MONEY, _FAILED, _UNCERTAIN, _AGAIN, _DISK, _CLIP = (
    0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12,
)  # fmt: skip
_RUNS = frozenset({"run", "roll", "resubmit", "adopt", "fetch"})
_PERSONS = frozenset({"roll", "resubmit", "adopt", "pick", "ng", "accept", "fetch"})
_LOST = frozenset({"vanished", "unavailable", "suspect"})


def judge(oracle: Oracle, machine: Machine, ended: Ended) -> None:
    """Holds the end of a command against the books."""
    if ended.died:
        return
    said = ended.out + ended.err
    if ended.code == _BUG or "Traceback" in said or "BUG" in said:
        oracle.say(f"a bug: `{' '.join(ended.words)}` ended with {ended.code}: {said[-1500:]}")
        return
    page = machine.books.whole().only(ended.known)
    problem = _wrong(machine, ended, page)
    if problem is not None:
        states = sorted((it.address, it.take, it.state) for it in page.entries.values() if it.state != "done")
        oracle.say(f"exit {ended.code} of `{' '.join(ended.words)}`: {problem} {states}\n{said[-600:]}")


def _wrong(machine: Machine, ended: Ended, page: Page) -> str | None:
    """Why an exit code is not the one that the books call for, `None` where it is."""
    code, verb, studio = ended.code, ended.words[0], machine.world.studio
    assert studio is not None
    match code:
        case _ if code > 128:
            return None if ended.signalled else "nobody has sent a signal"
        case 2:
            return None if verb in _PERSONS else "it was typed right"
        case 4:
            return None if machine.busy else "nobody holds it"
        case 5:
            return None if page.marked else "the lock is sound"
        case 6:
            return None if studio.faults["create: 401"] else "no key was refused"
        case 7:
            limited = studio.faults["create: 402"] or machine.film.budget is not None or "--max-cost" in ended.words
            return None if limited else "there is no limit"
        case 11:
            return None if ended.refused else "the disk has refused nothing"
        case 3:
            return "the storyboard is right"
    if verb not in _RUNS:
        return None
    return _unsettled(ended, page) or _unfinished(ended, page)


def _unsettled(ended: Ended, page: Page) -> str | None:
    """Whether 9 means that something is uncertain, and something uncertain means 9."""
    waiting = page.waiting()
    if ended.code == _UNCERTAIN:
        return None if waiting else "nothing is uncertain"
    return "something is uncertain" if waiting and ended.words[0] == "run" and not _narrowed(ended) else None


def _narrowed(ended: Ended) -> bool:
    return any(not word.startswith("-") for word in ended.words[2:])


def _unfinished(ended: Ended, page: Page) -> str | None:
    states = {it.state for it in page.entries.values()}
    if ended.code == _DONE and ended.words[0] == "run" and "submitted" in states and not _narrowed(ended):
        return "something is still at the provider"
    if ended.code == _CLIP and not states & _LOST and "done" not in states:
        return "nothing was lost"
    return None


def costs(oracle: Oracle, machine: Machine) -> None:
    """Promise 6: what is shown, less what is uncertain and was not charged, is what the ledger has of what is known."""
    ended = machine.command("status", "--json")
    if ended.code:
        oracle.say(f"`status --json` ended with {ended.code}: {ended.err[-500:]}")
        return
    shown = Decimal(json.loads(ended.out)["spent"])
    page, studio = machine.books.whole(), machine.world.studio
    assert studio is not None
    ledger, uncertain = _known_of(studio, page)
    if shown - uncertain != ledger:
        oracle.say(f"6: {shown} is shown on {machine.name}, {uncertain} of it uncertain; the ledger says {ledger}")


def _known_of(studio: Studio, page: Page) -> tuple[Decimal, Decimal]:
    """What the ledger has of attempts that are known, and what is counted of uncertain ones that it hasn't."""
    charged = {charge.order.token: charge.order for charge in studio.charges.values()}
    ledger = sum((price_of(charged[token]) for token in page.entries if token in charged), Decimal(0))
    open_ones = [it for it in page.entries.values() if it.state == "uncertain" and it.token not in page.not_bought]
    return ledger, sum((Decimal(it.cost or 0) for it in open_ones if it.token not in charged), Decimal(0))


def not_bought(oracle: Oracle, machine: Machine, page: Page) -> None:
    """What the books say was never bought was never bought."""
    studio = machine.world.studio
    assert studio is not None
    for token in page.not_bought:
        task = studio.charged_for(token)
        if task is not None:
            oracle.say(f"2: {machine.name} says that {token} was not bought, and it was charged as {task}")
