"""What the engine tells the world while it works: values without words for a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sorapipe.planning.facts import AttemptState
from sorapipe.planning.plan_types import Reason


@dataclass(frozen=True, slots=True)
class Sending:
    """A create is about to be sent."""

    key: str
    label: str
    take: int


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took it."""

    key: str
    task: str
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Progressed:
    """A poll was answered: `word` is `queued` or `running`, `percent` where the provider tells."""

    key: str
    word: str
    percent: int | None


@dataclass(frozen=True, slots=True)
class Downloading:
    """Bytes of the clip have come: `done` of `total`, where it is known."""

    key: str
    done: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Ended:
    """One take came to an end in this run. `out` is the clip's path relative to the manifest's folder.

    `notes` are things a person should know about a clip that was accepted ("it is 1280x704, not 1280x720").
    """

    key: str
    label: str
    take: int
    state: AttemptState
    out: str | None
    cost: Decimal | None
    why: str | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotStarted:
    """A step of the plan will not be carried out in this run."""

    key: str
    label: str
    take: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Paused:
    """No create is sent for `seconds`; `why` is `rate limit` or what the provider said."""

    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """No more creates are sent in this run; tasks that run are still collected unless `now`."""

    why: str
    now: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """What nobody knew of an order is known: it was taken, as `task`, or nothing was bought. `text` says how."""

    key: str
    label: str
    take: int
    task: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """A remark for people, once: an unknown state word, a file that was changed.

    `keep` is a command in the text that stands nowhere else: whoever runs this must see it, whatever else he sees.
    """

    text: str
    keep: str | None = None


Event = Sending | Sent | Progressed | Downloading | Ended | NotStarted | Paused | Stopped | Settled | Said
