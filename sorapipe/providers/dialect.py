"""What a dialect is: orders become calls, replies become answers; knows no dialect by name and sends nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from sorapipe.planning.capabilities import Casting, CharacterWay
from sorapipe.providers.base import CreateAnswer, Media, Missed, Order, PollAnswer, Refused
from sorapipe.providers.profile import Pictures, Profile

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request before anybody sends it.

    `path` follows the base URL and is ready for the wire (escaped). At most one of `json` and `form` is set; `form`
    is sent as multipart even when `files`, by field name, is empty.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    json: dict[str, Json] | None = None
    form: tuple[tuple[str, str], ...] | None = None
    files: tuple[tuple[str, Media], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole HTTP answer. Names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Uploaded:
    """Where the provider has a file now."""

    url: str


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list, newest tasks first.

    `answers` are by task. `tokens` maps client tokens that came back to their tasks. `after` is what the next page is
    asked with, `None` at the end. `runs` are the tokens that stand side by side: a new one begins behind each task that
    gives none back. The last one goes on with the next page; where something may lie between, it is empty.
    """

    answers: Mapping[str, PollAnswer]
    tokens: Mapping[str, str]
    after: str | None
    runs: tuple[frozenset[str], ...] = field(default=(frozenset(),), compare=False)


class Dialect(Protocol):
    """One wire format, a plain module: pure functions, none of which raises for anything that a server says."""

    @property
    def FIELDS(self) -> frozenset[str]:
        """Names of `Request` fields that every provider of this dialect takes."""

    @property
    def OPTIONAL(self) -> frozenset[str]:
        """Names of `Request` fields that only go out where the profile lists them."""

    @property
    def PICTURES(self) -> frozenset[Pictures]:
        """The ways in which a local picture can go out."""

    @property
    def CHARACTERS(self) -> Mapping[CharacterWay, Casting]:
        """The ways of characters it can speak of, each with what it can do unless the profile knows better."""

    @property
    def CALLBACKS(self) -> bool:
        """Whether an order can name an address that is told of its end."""

    def uploads(self, order: Order, profile: Profile) -> tuple[Media, ...]:
        """What of an order must be at an address of the provider's before the order is sent."""

    def upload_request(self, media: Media, profile: Profile) -> Call:
        """The call that uploads a file. Only asked of dialects whose `uploads` ever gives something."""

    def read_upload(self, reply: Reply) -> Uploaded | Refused:
        """Where the file is now; no answer to an upload ever means that something was bought."""

    def create_request(self, order: Order, profile: Profile) -> Call:
        """The call that buys one clip or character."""

    def read_create(self, reply: Reply, *, character: bool = False) -> CreateAnswer:
        """What the reply to a create means: accepted, refused for certain, or unknown. `character`: it made one."""

    def query_request(self, task: str, profile: Profile, *, character: bool = False) -> Call:
        """The call that asks how a task is."""

    def read_query(self, reply: Reply, *, character: bool = False) -> PollAnswer:
        """What the reply to a query means; `character` says that the task makes one."""

    def list_request(self, profile: Profile, after: str | None = None) -> Call | None:
        """The call that asks for a page of the list, the newest first; `None` where the dialect has none."""

    def read_list(self, reply: Reply) -> ListPage | Missed:
        """What the reply to a list means."""

    def content_path(self, task: str, profile: Profile) -> str | None:
        """Where the bytes of a finished clip are, when its answer names no address: a path at the provider that wants
        the key. `None` where the dialect has no such place."""

    def credits_request(self, profile: Profile) -> Call | None:
        """The call that asks for the balance, `None` where there is none."""

    def read_credits(self, reply: Reply) -> Decimal | None:
        """The balance, `None` when the reply holds none."""
