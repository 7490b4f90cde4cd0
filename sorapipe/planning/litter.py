"""What of a folder of clips could be deleted: by names, takes and the plan; looks at no disk and deletes nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sorapipe.planning.choice import Because, labels, take_label
from sorapipe.planning.facts import Attempt, AttemptState, Facts
from sorapipe.planning.plan_types import Plan
from sorapipe.planning.situation import Outlook
from sorapipe.storyboard.model import Address

_CLIP = re.compile(r"[a-z0-9][A-Za-z0-9._-]*_t[0-9]{2,}[a-z]*(?:_[0-9a-f]{8})?\.mp4")
_PART = re.compile(r"\.([A-Za-z0-9][A-Za-z0-9._-]*\.mp4)\.(part|etag|pull)")
_OTHERS = re.compile(r"\.gitignore|\.gitattributes|.*\.dvc")
"""Files of other programs that belong beside clips; not worth a word."""


class Kind(StrEnum):
    """Why a file could be deleted, or that it is a person's."""

    PART = "part"
    UNKNOWN = "unknown"
    GONE = "gone"
    OLD = "old"
    UNUSED = "unused"
    NO_GOOD = "no good"
    YOURS = "yours"


@dataclass(frozen=True, slots=True)
class Litter:
    """One file of the folder of clips. `name` is its name there, `take` how its take is said, where it is one.

    `precious` says that it was paid, or came from no provider, or nobody knows: it is deleted only where a store has it
    or a person says so.
    """

    name: str
    size: int
    kind: Kind
    attempt: Attempt | None = None
    take: str = ""
    precious: bool = False


def litter(  # noqa: PLR0913, PLR0917 - everything that speaks for keeping a file
    outlook: Outlook, plan: Plan, names: Mapping[str, int], folder: str, others: Collection[str],
    addresses: Collection[str] | None = None,
) -> list[Litter]:  # fmt: skip
    """What could go, of some addresses or of all (`None`), and what is a person's; sorted by kind and name.

    `names` are the files of the folder with their sizes, `others` the clips that other storyboards' locks name.
    """
    facts = outlook.ground.facts
    owners = _owners(facts)
    keep = _Keep(_needed(outlook, plan), _running(facts), _kept_bytes(outlook, plan, names, folder))
    taken_over = {step.reuse.clip for step in plan.steps if step.reuse is not None}
    found = []
    for name in sorted(names):
        out = f"{folder}/{name}"
        if out in others or out in taken_over or _OTHERS.fullmatch(name):
            continue
        one = _judged(outlook, name, names[name], owners.get(out, []), keep)
        if one is not None and (addresses is None or (one.attempt is not None and one.attempt.address in addresses)):
            found.append(one)
    order = list(Kind)
    return sorted(found, key=lambda one: (order.index(one.kind), one.name))


class _Keep(NamedTuple):
    """What speaks for a file: the tokens of `needed` takes, the clips that are `running`, the `bytes` of clips that
    stay."""

    needed: Collection[str]
    running: Collection[str]
    bytes: Collection[str]


def _judged(outlook: Outlook, name: str, size: int, owners: list[Attempt], keep: _Keep) -> Litter | None:
    part = _PART.fullmatch(name)
    if part is not None:
        return None if part[1] in keep.running else Litter(name, size, Kind.PART)
    if not owners:
        known = _CLIP.fullmatch(name) is not None
        return Litter(name, size, Kind.UNKNOWN if known else Kind.YOURS, precious=known)
    if any(attempt.token in keep.needed for attempt in owners):
        return None
    attempt = owners[0]
    if attempt.size is not None and attempt.size != size:
        return Litter(name, size, Kind.YOURS)
    facts = outlook.ground.facts
    if attempt.address not in outlook.situations:
        kind = Kind.GONE
    elif attempt.token in facts.no_good:
        kind = Kind.NO_GOOD
    elif attempt.token in outlook.situations[attempt.address].current:
        kind = Kind.UNUSED
    else:
        kind = Kind.OLD
    label = outlook.labels.get(attempt.address, attempt.address)
    name_of_take = labels(facts.attempts[attempt.address])[attempt.token]
    precious = any(not one.rehearsal and one.sha256 not in keep.bytes for one in owners)
    return Litter(name, size, kind, attempt, f"{label} {name_of_take}", precious)


def _owners(facts: Facts) -> dict[str, list[Attempt]]:
    """The attempts that name each clip."""
    found: dict[str, list[Attempt]] = {}
    for attempts in facts.attempts.values():
        for attempt in attempts:
            if attempt.out is not None:
                found.setdefault(attempt.out, []).append(attempt)
    return found


def _kept_bytes(outlook: Outlook, plan: Plan, names: Mapping[str, int], folder: str) -> frozenset[str]:
    """The sha256 of clips that stay and are here: a second copy of one, under its old name, is nobody's loss."""
    needed = _needed(outlook, plan)
    return frozenset(
        one.sha256
        for attempts in outlook.ground.facts.attempts.values()
        for one in attempts
        if one.token in needed and one.sha256 is not None and one.out is not None
        and names.get(one.out.removeprefix(f"{folder}/")) == one.size
    )  # fmt: skip


def _needed(outlook: Outlook, plan: Plan) -> frozenset[str]:
    """The tokens of takes whose clips stay: in the film, picked, still open, about to be taken over, or among which a
    person has yet to choose. A run would only bring them again."""
    facts = outlook.ground.facts
    stay = {pick.token for picks in facts.picks.values() for pick in picks if pick.token is not None}
    for it in outlook.situations.values():
        if it.film is not None:
            stay.add(it.film.attempt.token)
    for step in plan.steps:
        if step.attempt is None:
            continue
        settled = outlook.situations.get(step.address)
        film = settled.film if settled is not None else None
        chosen = film is not None and film.because is Because.PICKED
        if not chosen and step.attempt.token not in facts.no_good:
            stay.add(step.attempt.token)
    for attempts in facts.attempts.values():
        stay |= {one.token for one in attempts if one.state is not AttemptState.DONE}
    return frozenset(stay)


def _running(facts: Facts) -> frozenset[str]:
    """The names of clips whose download may be continued: of tasks that are still to be collected."""
    found = set()
    for address, attempts in facts.attempts.items():
        if address.startswith("@"):
            continue
        for attempt in attempts:
            if attempt.state in {AttemptState.SUBMITTED, AttemptState.INTENT, AttemptState.UNAVAILABLE}:
                name = labels(attempts)[attempt.token] or take_label(attempt.take)
                stem = Address.parse(address).stem
                found.add((attempt.out or f"{stem}_{name}.mp4").rpartition("/")[2])
    return frozenset(found)
