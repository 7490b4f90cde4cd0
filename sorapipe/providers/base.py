"""The words every dialect shares: what is ordered, what can be answered; knows no dialect and no HTTP library."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or clip that goes up with an order. `url` is where the provider has it, once it was uploaded."""

    name: str
    media_type: str
    data: bytes
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One create, in no dialect's words; every value is ready to be sent.

    `seconds` counts whole seconds, `size` is `WIDTHxHEIGHT`. `metadata` already holds the client token.
    `character_timestamps` is `start,end` in seconds. An order that makes a character, and no shot, has a
    `character_name`; `character_file` is a local clip that shows it. `callback_url` is where the provider may report
    the end.
    """

    model: str
    prompt: str
    seconds: int
    size: str
    token: str
    metadata: str
    negative_prompt: str | None = None
    input_reference: Media | None = None
    last_frame: Media | None = None
    watermark: bool = False
    private: bool = False
    style: str | None = None
    seed: int | None = None
    extra: tuple[tuple[str, str | int | bool | Decimal], ...] = ()
    character_ids: tuple[str, ...] = ()
    character_url: str | None = None
    character_timestamps: str | None = None
    character_from_task: str | None = None
    character_create: bool = False
    character_name: str | None = None
    character_file: Media | None = None
    callback_url: str | None = None


@dataclass(frozen=True, slots=True)
class MadeCharacter:
    """A character as the provider names it."""

    id: str | None
    username: str | None


# The three answers of a create.


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the order; `task` is its id for the job.

    `character` is set where a character is made within the call: then the order is finished and nothing is polled.
    """

    task: str
    character: MadeCharacter | None = None


class Refusal(StrEnum):
    """Why a create was refused for certain."""

    UNREACHABLE = "unreachable"
    AUTHENTICATION = "authentication"
    CREDITS = "credits"
    RATE = "rate"
    REQUEST = "request"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was bought, for certain. `retry_after` in seconds where the provider named a time."""

    refusal: Refusal
    message: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been bought: nobody knows. Never sent again unasked."""

    message: str


CreateAnswer = Accepted | Refused | Unknown


# The answers of a poll.


@dataclass(frozen=True, slots=True)
class Running:
    """Not finished. `progress` from 0 to 100 where told; `unknown_word` is a state that nobody has documented."""

    queued: bool = False
    progress: int | None = None
    unknown_word: str | None = None


@dataclass(frozen=True, slots=True)
class Succeeded:
    """Finished. `url` is `None` when the provider named none; `seconds` is how long it worked, where told."""

    url: str | None
    character: MadeCharacter | None = None
    cost: Decimal | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The provider gave up on it; `message` is what it said. `cost` is what it kept of the price, where told."""

    code: str | None
    message: str
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NotThere:
    """The provider says that it does not know the task."""

    message: str


@dataclass(frozen=True, slots=True)
class Missed:
    """No answer that says anything: asked again later. `authentication` is set when the key was refused."""

    message: str
    retry_after: float | None = None
    authentication: bool = False


PollAnswer = Running | Succeeded | Failed | NotThere | Missed


@dataclass(frozen=True, slots=True)
class Listed:
    """What one look at the provider's list says.

    `answers` are by task, only of tasks that were seen; one that is missing here says nothing: ask it by itself.
    `tokens` maps client tokens that the provider gave back to the tasks they went out with; to nothing where a task is
    there and its id can't be used. `runs` are the tokens that stand side by side, with no other task between them that
    might be the one that is looked for.
    """

    answers: Mapping[str, PollAnswer]
    tokens: Mapping[str, str]
    runs: tuple[frozenset[str], ...] = field(default=(), compare=False)


ListAnswer = Listed | Missed


# What a look at a provider teaches.


@dataclass(frozen=True, slots=True)
class Findings:
    """What asking a provider taught, without buying anything.

    `reachable` says that something answered, `key` whether the key was accepted, `list` whether there is a list that
    can be read; `None` where nobody can tell (`key` also where none is asked). `balance` is `None` where none is told.
    `messages` say what was asked and what came back, one line each, in the words of the provider where it has any:
    outside text that is escaped before it is shown.
    """

    reachable: bool
    key: bool | None
    balance: Decimal | None
    list: bool | None
    messages: tuple[str, ...]


# Downloads.


@dataclass(frozen=True, slots=True)
class Body:
    """The answer to a download. `offset` is where its first byte belongs, `total` the size of the whole where told."""

    offset: int
    total: int | None
    etag: str | None
    chunks: Iterator[bytes]


class DownloadFailed(Exception):
    """The bytes did not come. `gone` says that this URL will never give them (403, 404, 410, or one that
    we refuse ourselves)."""

    def __init__(self, message: str, *, gone: bool = False) -> None:
        super().__init__(message)
        self.gone = gone


class Provider(Protocol):
    """One provider, whatever it speaks. No method raises for what a server or a network does, `download` excepted."""

    def prepare(self, order: Order) -> Order | Refused:
        """Uploads what the order needs at an address of the provider's; buys nothing. The order as it is to be sent."""

    def create(self, order: Order) -> CreateAnswer:
        """Orders one clip or character. Sent once, never repeated in here."""

    def poll(self, task: str, *, character: bool = False) -> PollAnswer:
        """Asks how a task is; `character` says that it makes one, and no clip."""

    def newest(self, tasks: Collection[str], tokens: Collection[str] = ()) -> ListAnswer:
        """Asks for the newest tasks, at least until all of `tasks` and those that went out with `tokens` were seen, or
        the list is at its end. Only where the profile says that the provider has a list."""

    def credits(self) -> Decimal | None:
        """The balance, `None` where the provider tells none or did not answer."""

    def download(self, url: str, offset: int, etag: str | None) -> AbstractContextManager[Body]:
        """Opens the bytes of a finished clip from `offset` on (Range and If-Range). Raises `DownloadFailed`."""
