"""What is said of takes that exist: kept, fetched, collected, uncertain or ended; buys nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from sorapipe.planning.cast import uncertain, vanished
from sorapipe.planning.choice import take_label
from sorapipe.planning.cost import NOTHING
from sorapipe.planning.elsewhere import Elsewhere
from sorapipe.planning.facts import Attempt, AttemptState
from sorapipe.planning.plan_types import CHANGED, KEPT_ELSEWHERE, Action, Reason, Staleness, Step
from sorapipe.planning.reuse import Claim
from sorapipe.planning.situation import Situation
from sorapipe.planning.why import phrase

Inventory = Mapping[str, int | Elsewhere | None]
"""The size of a clip by its path, `None` where it is missing, or which other program keeps it. Where several takes were
given one name, their tokens are in it too: a token says whether the file is that take's."""


class Kept(NamedTuple):
    """A finished take that counts. `moving` are labels of parents that get another clip in this plan, `renewal` is what
    all takes of the shot would cost."""

    it: Situation
    attempt: Attempt
    letter: str
    moving: tuple[str, ...]
    renewal: Decimal | None


def clip_of(it: Situation, attempt: Attempt) -> str | None:
    """Where the clip of a take is now: one that is taken over still has its old place."""
    claim = _claim(it, attempt)
    return attempt.out if claim is None else claim.reuse.clip


def _claim(it: Situation, attempt: Attempt) -> Claim | None:
    for claim in it.claims:
        if claim.attempt.token == attempt.token:
            return claim
    return None


def gone(it: Situation, attempt: Attempt, inventory: Inventory) -> bool:
    """Whether the clip of a finished take is not on disk. A path that nobody looked for counts as there. For a take
    that is taken over another file in its old place is none."""
    path, claim = clip_of(it, attempt), _claim(it, attempt)
    token = attempt.token if claim is None else claim.old
    if token in inventory:
        return inventory[token] is None
    return path is None or inventory.get(path, 0) is None or _replaced(it, attempt, inventory)


def _replaced(it: Situation, attempt: Attempt, inventory: Inventory) -> bool:
    """Whether somebody has put another file in the old place of a take that is taken over."""
    path = clip_of(it, attempt)
    known = path in inventory and attempt.size is not None and _claim(it, attempt) is not None
    found = inventory.get(path or "")
    return known and not isinstance(found, Elsewhere) and found not in (None, attempt.size)


def changed(it: Situation, attempt: Attempt, inventory: Inventory) -> int | None:
    """The size of the file that somebody put in the place of a finished take's clip; `None` where it is the clip."""
    if attempt.size is None or attempt.out is None or _claim(it, attempt) is not None:
        return None
    size = inventory.get(attempt.token, inventory.get(attempt.out))
    return None if size == attempt.size or isinstance(size, Elsewhere) else size


def elsewhere(it: Situation, attempt: Attempt, inventory: Inventory) -> Elsewhere | None:
    """Which other program keeps the clip of a finished take and has not brought it; `None` for none."""
    claim = _claim(it, attempt)
    token = attempt.token if claim is None else claim.old
    found = inventory.get(token, inventory.get(clip_of(it, attempt) or ""))
    return found if isinstance(found, Elsewhere) else None


def in_place(it: Situation, attempt: Attempt, inventory: Inventory) -> bool:
    """Whether the clip of a finished take can be used where it lies."""
    if gone(it, attempt, inventory) or elsewhere(it, attempt, inventory) is not None:
        return False
    return changed(it, attempt, inventory) is None


def collected(it: Situation, attempt: Attempt, letter: str) -> Step:
    """A task that runs at the provider; it is paid and always collected, also when it is no longer wanted."""
    if attempt.token in it.current:
        reason = Reason("resume", "it was ordered before and is collected")
    else:
        reason = Reason("resume-old", "it was ordered before the last edit; it is paid and is collected")
    return _step(it, attempt, letter, Action.RESUME, reason)


def unsettled(it: Situation, attempt: Attempt, letter: str) -> Step:
    """An order that may have been charged."""
    return _step(it, attempt, letter, Action.UNCERTAIN, uncertain(it.shot.label, attempt, it.attempts))


def ended(it: Situation, attempt: Attempt, letter: str) -> Step:
    """An attempt of today's recipe that came to no clip: it is not sent again unasked."""
    label, said = it.shot.label, f": {attempt.why}" if attempt.why else ""
    match attempt.state:
        case AttemptState.UNAVAILABLE:
            reason = Reason("unavailable", f"it is paid and finished, but its clip could not be had{said}")
            return _step(it, attempt, letter, Action.FETCH, reason)
        case AttemptState.SUSPECT:
            reason = Reason("suspect", f"its clip is not what was asked{said}", f"sorapipe roll {label}")
        case AttemptState.VANISHED:
            reason = vanished(label)
        case _:
            reason = Reason("failed", f"it failed before{said}", f"sorapipe roll {label}")
    return _step(it, attempt, letter, Action.BLOCKED, reason)


def kept(take: Kept, inventory: Inventory) -> Step:
    """A finished take that stays, or whose clip is brought back."""
    it, attempt = take.it, take.attempt
    claim = _claim(it, attempt)
    reuse = claim.reuse if claim is not None else None
    if gone(it, attempt, inventory):
        if attempt.token in inventory:
            attempt = replace(attempt, out=None)  # another take's clip has its name
        other = _replaced(take.it, take.attempt, inventory)
        return replace(_lost(it, attempt, take.letter, _REPLACED if other else _GONE), reuse=reuse)
    film = it.film is not None and it.film.attempt.token == attempt.token
    stale, reason = _reason(take, film)
    keeper = elsewhere(it, attempt, inventory)
    if keeper is not None:
        renewal = take.renewal if stale is not Staleness.FRESH else None
        return replace(_kept_by(it, attempt, take.letter, keeper), stale=stale, stale_price=renewal)
    if claim is not None and stale is Staleness.FRESH:
        reason = claim.reason
    else:
        size = changed(it, attempt, inventory)
        reason = reason if size is None else _other_file(attempt, size)
    renewal = take.renewal if stale is not Staleness.FRESH else None
    return Step(
        it.address, it.shot.label, attempt.take, Action.KEEP, reason, NOTHING, attempt.recipe, (), attempt,
        reuse, stale, renewal, take.letter,
    )  # fmt: skip


def _other_file(attempt: Attempt, size: int) -> Reason:
    """The file is a person's and is left alone."""
    back = "; delete it to fetch the paid one again" if attempt.tasks else ""
    return Reason(CHANGED, f"the file was changed: {size:,} bytes, not {attempt.size:,}{back}")


def _kept_by(it: Situation, attempt: Attempt, letter: str, keeper: Elsewhere) -> Step:
    """A clip that another program has. One that is to be taken over from elsewhere is so once it is here."""
    reason = Reason(KEPT_ELSEWHERE, f"its clip {keeper.text}", keeper.command)
    return _step(it, attempt, letter, Action.KEEP, reason)


_GONE = "its clip is not on disk"
_REPLACED = "another file is in its old place and is left there"


def _lost(it: Situation, attempt: Attempt, letter: str, what: str) -> Step:
    if attempt.tasks:
        reason = Reason("gone", f"{what}; it is paid and is fetched again")
        return _step(it, attempt, letter, Action.FETCH, reason)
    text = f"{what}; it came from no provider" if what is _REPLACED else f"{what} and came from no provider"
    return _step(it, attempt, letter, Action.BLOCKED, Reason("gone", text, f"sorapipe roll {it.shot.label}"))


def _reason(take: Kept, film: bool) -> tuple[Staleness, Reason]:
    it, label = take.it, take.it.shot.label
    marked = take.attempt.token in it.no_good
    if not film:
        return Staleness.FRESH, Reason("no-good", "marked as no good") if marked else Reason("take", "another take")
    if it.conflict:
        text = "in the film until a person settles which pick holds"
        return Staleness.FRESH, Reason("pick-conflict", text, f"sorapipe pick {label} N")
    if it.accepted:
        return Staleness.FRESH, Reason("accepted", "in the film, accepted as it is")
    if it.shot.frozen:
        return it.stale, Reason("frozen", "in the film, frozen")
    if it.stale is not Staleness.FRESH:
        return it.stale, _stale(it)
    if take.moving:
        text = f"in the film, stale after this run: {', '.join(f'{name} gets a new take' for name in take.moving)}"
        return Staleness.CASCADE, Reason("stale-cascade", text, f"sorapipe run --cascade {label}")
    if marked and not it.picked:
        return Staleness.FRESH, Reason("no-good", "in the film, though marked as no good", f"sorapipe roll {label}")
    return Staleness.FRESH, Reason("picked", "in the film, picked") if it.picked else Reason("in-film", "in the film")


def _stale(it: Situation) -> Reason:
    label, why = it.shot.label, phrase(it.changes)
    match it.stale:
        case Staleness.CASCADE:
            better = next(iter(_unmoved(it)), None)
            if better is not None:
                name = take_label(better.take)
                text = f"in the film, stale: {why}; {name} is up to date"
                return Reason("stale-cascade", text, f"sorapipe pick {label} {better.take}")
            return Reason("stale-cascade", f"in the film, stale: {why}", f"sorapipe run --cascade {label}")
        case Staleness.MODEL:
            return Reason("stale-model", f"in the film, stale: {why}", f"sorapipe run --reshoot {label}")
        case _ if any(one.token in it.current and one.token in it.no_good for one in it.attempts):
            text = f"in the film, stale: {why}; every new take is marked as no good"
            return Reason("stale-edit", text, f"sorapipe roll {label}")
        case _:
            return Reason("stale-edit", f"in the film until its new take is there: {why}")


def _unmoved(it: Situation) -> list[Attempt]:
    return [a for a in it.attempts if a.state is AttemptState.DONE and a.token in it.unmoved]


def _step(it: Situation, attempt: Attempt, letter: str, action: Action, reason: Reason) -> Step:
    return Step(
        it.address, it.shot.label, attempt.take, action, reason, NOTHING, attempt.recipe, attempt=attempt, letter=letter
    )
