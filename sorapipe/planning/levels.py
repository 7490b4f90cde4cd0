"""How much of the film is still the same: its bytes, its requests, its intent; opens no clip and asks nobody."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from shlex import quote
from typing import NamedTuple

from sorapipe.planning.choice import labels
from sorapipe.planning.elsewhere import Elsewhere
from sorapipe.planning.facts import Attempt
from sorapipe.planning.keeping import clip_of
from sorapipe.planning.plan_types import Plan, Staleness
from sorapipe.planning.situation import Outlook, Situation
from sorapipe.planning.why import Change, phrase


class Level(StrEnum):
    """The best that can be said of a shot. The same bytes count only where the request is the same as well."""

    BYTES = "L0"
    REQUEST = "L1"
    INTENT = "L2"
    NOTHING = "none"


class Clip(StrEnum):
    """What is in the place of a clip."""

    SAME = "same"
    MISSING = "missing"
    CHANGED = "changed"
    ELSEWHERE = "elsewhere"


class Read(NamedTuple):
    """What lies in the places of clips, by the tokens of their takes: `digests` the sha256 of files, `None` where there
    is none; `kept` the programs that have a clip and have not brought it."""

    digests: Mapping[str, str | None]
    kept: Mapping[str, Elsewhere]


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of one shot. `clip` is `None` and `take` is empty where no take is in the film.

    `request` says that the take was made from today's request and today's clips, `held` that a person keeps it as it is
    (accepted or frozen). `out` is where its clip lies. `changes` are how the request differs. `command` goes on.
    """

    address: str
    label: str
    level: Level
    text: str
    attempt: Attempt | None = None
    take: str = ""
    out: str | None = None
    clip: Clip | None = None
    request: bool = False
    held: bool = False
    changes: tuple[Change, ...] = ()
    command: str | None = None

    @property
    def good(self) -> bool:
        """Whether the film has what the storyboard asks for here, byte by byte."""
        return self.clip is Clip.SAME and (self.request or self.held)


def in_film(outlook: Outlook, addresses: Collection[str] | None = None) -> list[tuple[Situation, Attempt, str | None]]:
    """The takes that are in the film, with where their clips are, in the order of the storyboard; of some shots or of
    all. Practice takes stand for none where the provider is a real one."""
    practice = outlook.ground.capabilities.rehearsal
    return [
        (it, it.film.attempt, clip_of(it, it.film.attempt))
        for it in _situations(outlook, addresses)
        if it.film is not None and (practice or not it.film.attempt.rehearsal)
    ]


def proofs(outlook: Outlook, plan: Plan, found: Read, addresses: Collection[str] | None = None) -> list[Proof]:
    """How much of each shot is the same, in the order of the storyboard. `found` is what lies in the places
    of clips."""
    there = {it.address: (attempt, out) for it, attempt, out in in_film(outlook, addresses)}
    why = {step.address: step.reason.text for step in reversed(plan.steps)}
    return [
        _proof(it, *there[it.address], found) if it.address in there else _without(it, why)
        for it in _situations(outlook, addresses)
    ]


def _situations(outlook: Outlook, addresses: Collection[str] | None) -> Iterable[Situation]:
    for shot in outlook.ground.storyboard.shots:
        address = shot.address.canonical
        if address in outlook.situations and (addresses is None or address in addresses):
            yield outlook.situations[address]


def _without(it: Situation, why: Mapping[str, str]) -> Proof:
    label = it.shot.label
    text = f"no take: {why.get(it.address, 'not rendered yet')}"
    return Proof(it.address, label, Level.NOTHING, text, command=f"sorapipe run {quote(label)}")


def _proof(it: Situation, attempt: Attempt, out: str | None, found: Read) -> Proof:
    label, name = it.shot.label, labels(it.attempts)[attempt.token]
    keeper = found.kept.get(attempt.token)
    clip, said = _clip(attempt, found.digests.get(attempt.token))
    if keeper is not None:
        clip, said = Clip.ELSEWHERE, f"its clip {keeper.text}"
    same = attempt.token in it.unmoved and not it.conflict
    level = Level.INTENT if not same else Level.BYTES if clip is Clip.SAME else Level.REQUEST
    command = f"sorapipe fetch {quote(label)}" if clip is Clip.MISSING else keeper.command if keeper else None
    if not same and not it.held:
        command = command or f"sorapipe {'status' if it.conflict else 'why'} {quote(label)}"
    words = _words(it, clip, said, same)
    return Proof(
        it.address, label, level, words, attempt, name, out, clip, same, it.held, it.changes if not same else (),
        command,
    )  # fmt: skip


def _clip(attempt: Attempt, found: str | None) -> tuple[Clip, str]:
    if found is None:
        return Clip.MISSING, "its clip is not here"
    if attempt.sha256 is None or found == attempt.sha256:
        return Clip.SAME, "same bytes"
    return Clip.CHANGED, "the file is another one than the lock says"


def _words(it: Situation, clip: Clip, said: str, same: bool) -> str:
    if same:
        return f"{said}, same request" if clip is Clip.SAME else f"same request; {said}"
    if it.conflict:
        return f"{said}; two takes are picked"
    kept = "accepted as it is" if it.accepted else "frozen" if it.shot.frozen else ""
    other = phrase(it.changes)
    if it.stale is Staleness.CASCADE:
        why = f"made from another clip: {other}"
    else:
        why = f"another request: {other}" if other else "another request"
    return f"{said}; {kept}" + (f" ({other})" if other else "") if kept else f"{said}; {why}"
