"""A plan as plain data: what happens to every take, why, and at what price; knows not how any of it is done."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from sorapipe.planning.facts import Attempt, CharacterFact, Pick
from sorapipe.storyboard.record import record
from sorapipe.storyboard.source import Asset


class Action(StrEnum):
    """What happens to one take."""

    RENDER = "render"
    RERENDER = "re-render"
    RESUME = "resume"
    FETCH = "fetch"
    KEEP = "keep"
    WAIT = "wait"
    BLOCKED = "blocked"
    UNCERTAIN = "uncertain"


BUYS = frozenset({Action.RENDER, Action.RERENDER})
"""The actions that send a create."""


CHANGED = "changed"
"""The code of the reason for which a take is kept whose file is another one now."""


KEPT_ELSEWHERE = "elsewhere"
"""The code of the reason for which a take is kept whose clip another program keeps and has not brought."""
NOT_HERE = frozenset({CHANGED, KEPT_ELSEWHERE})
"""The codes of takes that are kept and whose clips are not in their places."""
CONTRADICTED = "pick-conflict"
"""The code of a take that is kept though two picks contradict each other, as a merge leaves them."""
TOLD = NOT_HERE | {CONTRADICTED}
"""The codes of takes that are kept and that a person should know about."""


class Staleness(StrEnum):
    """Why a finished clip is no longer the shot's, or `fresh`."""

    FRESH = "fresh"
    EDIT = "edit"
    CASCADE = "cascade"
    MODEL = "model"


@record(frozen=True, slots=True)
class Reason:
    """Why an action was chosen: a `code` for programs, a `text` for people, a `command` that changes it, if any.

    `instead` is another command that settles it, where there are two ways; `then` is one that settles it only once the
    plan is carried out.
    """

    code: str
    text: str
    command: str | None = None
    instead: str | None = None
    then: str | None = None


@dataclass(frozen=True, slots=True)
class Reuse:
    """A take or a character that exists already and is only written down here: moved, renamed or a neighbour's.

    `attempt` is the record to write (its `out` is where the clip shall be, `clip` where it is now, both relative to
    the manifest's folder); for a character `character` is the record to write. What a person said of the take under
    its old name goes with it: `pick` and `no_good`.
    """

    attempt: Attempt | None
    clip: str | None
    character: CharacterFact | None
    pick: Pick | None = None
    no_good: bool = False


@record(frozen=True, slots=True)
class Step:
    """One take of one shot, or the making of one character (`address` is `@id`, `take` is 1).

    `price` is what this step costs when it is carried out: zero when it buys nothing, `None` when the profile names no
    price. `recipe` is the digest of what would be sent. `needs` are the addresses (shots and `@id`) that must be
    finished first. `attempt` is the existing attempt that is kept, resumed, fetched or uncertain.
    `stale` and `stale_price` tell of a kept clip that is out of date and what bringing it up to date would cost.
    `letter` is set where two machines made the same take: the second is `t02b`.
    """

    address: str
    label: str
    take: int
    action: Action
    reason: Reason
    price: Decimal | None
    recipe: str | None
    needs: tuple[str, ...] = ()
    attempt: Attempt | None = None
    reuse: Reuse | None = None
    stale: Staleness = Staleness.FRESH
    stale_price: Decimal | None = None
    letter: str = ""

    @property
    def key(self) -> str:
        """Unique in a plan: address and take."""
        return f"{self.address}#{self.take}{self.letter}"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that leaves this machine, and the labels of the steps that send it.

    `asset` is `None` for the clip of a shot that is not there yet; `shot` is the label of the shot whose clip it is.
    `part` are the seconds of it that are cut out and sent, from and to; `None`: the whole file goes.
    """

    asset: Asset | None
    steps: tuple[str, ...]
    part: tuple[Decimal, Decimal] | None = None
    shot: str | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a plan. `shots`, `takes` and `film_seconds` (of what is in the film) count what is selected.

    `cost` is `None` when a step to be bought has no price. `calls` are the creates, `minutes` the expected time until
    all is there. `waiting` takes are bought once a person has decided, at `waiting_cost` (as `cost`).
    """

    shots: int
    takes: int
    buys: int
    film_seconds: Decimal
    cost: Decimal | None
    stale_cost: Decimal
    calls: int
    minutes: Decimal
    waiting: int = 0
    waiting_cost: Decimal | None = Decimal(0)


@dataclass(frozen=True, slots=True)
class Gone:
    """Finished takes of a shot that is no longer in the storyboard under this address, and what they cost.

    `cost` is `None` where nobody knows, or where it was paid in several currencies.
    """

    address: str
    label: str
    takes: int
    cost: Decimal | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps in a stable order: what others need comes first, else the storyboard's order. `gone` are shots whose
    takes belong to nothing any more; they ask for no work."""

    provider: str
    account: str | None
    currency: str
    steps: tuple[Step, ...]
    totals: Totals
    uploads: tuple[Upload, ...]
    gone: tuple[Gone, ...] = ()

    @property
    def idle(self) -> bool:
        """Whether carrying it out would send, fetch and write nothing."""
        return all(s.action in {Action.KEEP, Action.WAIT, Action.BLOCKED} and s.reuse is None for s in self.steps)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person asked for beyond "bring it up to date".

    `select` are canonical addresses (`None`: all shots). `rolls` are further takes by address. `cascade` buys what is
    stale by its parents' picks, `reshoot` what is stale by its model, `first_takes` lets shots go on with the lowest
    good take of a parent where no pick is made.
    """

    select: frozenset[str] | None = None
    rolls: tuple[tuple[str, int], ...] = ()
    cascade: bool = False
    reshoot: bool = False
    first_takes: bool = False
