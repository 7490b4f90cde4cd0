"""What a dialect is: orders become calls, replies become answers; knows no dialect by name and sends nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from sorapipe.planning.capabilities import CharacterWay
from sorapipe.providers.base import CreateAnswer, Media, Order, PollAnswer
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
    def CHARACTERS(self) -> Mapping[CharacterWay, int]:
        """The ways of characters it can speak of, each with how many a shot takes unless the profile knows better."""

    def create_request(self, order: Order, profile: Profile) -> Call:
        """The call that buys one clip or character."""

    def read_create(self, reply: Reply) -> CreateAnswer:
        """What the reply to a create means: accepted, refused for certain, or unknown."""

    def query_request(self, task: str, profile: Profile) -> Call:
        """The call that asks how a task is."""

    def read_query(self, reply: Reply) -> PollAnswer:
        """What the reply to a query means."""

    def credits_request(self, profile: Profile) -> Call | None:
        """The call that asks for the balance, `None` where there is none."""

    def read_credits(self, reply: Reply) -> Decimal | None:
        """The balance, `None` when the reply holds none."""
