"""What the schedule asks for (effects) and what it is told (news), as values; carries nothing out itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from sorapipe.engine.board import Expected
from sorapipe.engine.events import Event
from sorapipe.planning.facts import Attempt, CharacterFact
from sorapipe.planning.plan_types import Reason, Reuse, Step
from sorapipe.providers.base import CreateAnswer, Missed, PollAnswer
from sorapipe.storyboard.model import Handle

# Effects.


@dataclass(frozen=True, slots=True)
class Create:
    """Compose the order, journal the intent, send it once, journal the answer.

    `draft` has no token yet. `sources` are the attempts whose clips feed the order, by address. `handles` are the
    characters that exist, by id.
    """

    step: Step
    draft: Attempt
    sources: tuple[tuple[str, Attempt], ...]
    handles: tuple[tuple[str, Handle], ...]


@dataclass(frozen=True, slots=True)
class Poll:
    """Ask the provider of the attempt how `task` is.

    `age` counts the seconds since it was taken, `after` is the age at which it was not ready yet; `None`: nobody here
    knows.
    """

    key: str
    attempt: Attempt
    task: str
    after: float | None = None
    age: float | None = None


@dataclass(frozen=True, slots=True)
class PollAll:
    """Look at the provider's list once: it must show those of `due`; what it shows of `others` is news as well."""

    provider: str
    due: tuple[Poll, ...]
    others: tuple[Poll, ...]


@dataclass(frozen=True, slots=True)
class Seek:
    """Look through the provider's list for orders of which nobody knows whether they were taken, by their tokens."""

    provider: str
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bind:
    """Journal the task of an order that was taken after all; `attempt` has it already."""

    key: str
    attempt: Attempt
    task: str


@dataclass(frozen=True, slots=True)
class Download:
    """Bring the clip, look at it, put it in its place, journal it.

    `stem` and `label` make its name, where it has none yet. `sha256` is what it must be, where that is known.
    """

    key: str
    attempt: Attempt
    url: str
    stem: str
    label: str
    sha256: str | None
    expected: Expected


@dataclass(frozen=True, slots=True)
class CopyClip:
    """Copy a take that exists already and write it down. `fetched`: a clip that is gone is brought afterwards."""

    key: str
    reuse: Reuse
    fetched: bool = False


@dataclass(frozen=True, slots=True)
class Conclude:
    """Journal what the schedule concluded about an attempt: `attempt` already has the state and the reason.

    `character` is the one that it made; that of a shot is written alone. An uncertain attempt is one by which nothing
    was bought.
    """

    key: str
    attempt: Attempt
    character: CharacterFact | None = None


@dataclass(frozen=True, slots=True)
class Save:
    """Bring the lock up to date."""


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Break off the downloads that run; what has come is kept."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell the world."""

    event: Event


Effect = Create | Poll | PollAll | Seek | Bind | Download | CopyClip | Conclude | Save | Interrupt | Tell

# News.


@dataclass(frozen=True, slots=True)
class Begin:
    """The run begins."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A person or the system wants the run to end: `signal` is its number, `now` leaves at once."""

    signal: int
    now: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """An event on its way to the world."""

    event: Event


@dataclass(frozen=True, slots=True)
class Created:
    """A create was answered and the answer is journaled. `attempt` has its token and its inputs, and no state of the
    answer yet. `chance` is a random number from 0 up to 1."""

    key: str
    attempt: Attempt
    answer: CreateAnswer
    chance: float


@dataclass(frozen=True, slots=True)
class NotComposed:
    """A create could not be put together: nothing was journaled or sent."""

    key: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class DiskRefused:
    """The disk refused to take something, and why in words for a person.

    `attempt` and `task` are set when a create was answered before: then the task's id is in nobody's journal,
    and `refuge` is where it was put instead. `sent` says that it may have been bought.
    `lock`: it is the lock that somebody broke.
    """

    key: str | None
    message: str
    during: Literal["create", "poll", "bind", "download", "copy", "conclude", "save"]
    attempt: Attempt | None = None
    task: str | None = None
    refuge: str | None = None
    sent: bool = False
    lock: bool = False


@dataclass(frozen=True, slots=True)
class Polled:
    """A poll was answered."""

    key: str
    task: str
    answer: PollAnswer
    chance: float


@dataclass(frozen=True, slots=True)
class PolledAll:
    """A look at a provider's list was answered.

    `polled` are those that it shows, `refused` those whose end the disk would not take. `tokens` maps client tokens
    that the list gave back to their tasks. `missed`: the look said nothing at all.
    """

    provider: str
    chance: float
    polled: tuple[Polled, ...] = ()
    refused: tuple[DiskRefused, ...] = ()
    tokens: Mapping[str, str] = field(default_factory=dict)
    missed: Missed | None = None


@dataclass(frozen=True, slots=True)
class Sought:
    """A provider's list was looked through. `tokens` maps all client tokens in it to their tasks, `runs` are those that
    stand side by side. `missed`: the look said nothing at all."""

    provider: str
    tokens: Mapping[str, str] = field(default_factory=dict)
    missed: Missed | None = None
    runs: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """The task of an order that was taken after all is in the journal."""

    key: str
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Hint:
    """Somebody says that there is news of a task. Nothing is believed of it: the task is asked."""

    task: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """The clip is in its place and journaled. `suspicion` says why it is not what was asked for."""

    key: str
    sha256: str
    size: int
    out: str
    notes: tuple[str, ...] = ()
    suspicion: str | None = None


@dataclass(frozen=True, slots=True)
class NotLoaded:
    """The bytes did not come. `gone`: this URL will never give them. `broken`: they came and are no clip.

    `interrupted`: we broke it off. `progress`: some new bytes came.
    """

    key: str
    message: str
    gone: bool = False
    broken: bool = False
    interrupted: bool = False
    progress: bool = False


@dataclass(frozen=True, slots=True)
class Copied:
    """A take that existed was copied, or could not be (`trouble`)."""

    key: str
    attempt: Attempt | None
    character: CharacterFact | None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Concluded:
    """What the schedule concluded is in the journal."""

    key: str


@dataclass(frozen=True, slots=True)
class Saved:
    """The lock is up to date; it took `seconds`."""

    seconds: float


News = (
    Begin
    | Tick
    | Stop
    | Heard
    | Created
    | NotComposed
    | DiskRefused
    | Polled
    | PolledAll
    | Sought
    | Bound
    | Hint
    | Loaded
    | NotLoaded
    | Copied
    | Concluded
    | Saved
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is done at a time. `remaining` is what this run may spend, `budget` what is left of the storyboard's
    budget, in `currency`, `None` without such a limit; times in seconds.

    `creates` per `window` seconds is the provider's rate, `None` where it has none. `lists` are the names of the
    providers that have a list of their tasks, `seek` of those whose list may give our client tokens back. `settling`:
    nothing is done but to look there for what is uncertain.
    """

    in_flight: int = 100
    creates: int | None = None
    window: float = 10.0
    downloads: int = 4
    remaining: Decimal | None = None
    max_wait: float = 3600.0
    lists: frozenset[str] = frozenset()
    budget: Decimal | None = None
    currency: str | None = None
    seek: frozenset[str] = frozenset()
    settling: bool = False
