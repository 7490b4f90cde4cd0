"""What the routes of every dialect stand on: the call, the account, the provider, answers; knows no dialect."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from sorapipe.simulator.catalogue import Wish
from sorapipe.simulator.clips import Shelf
from sorapipe.simulator.faults import Fault
from sorapipe.simulator.ledger import Asked, Books
from sorapipe.simulator.options import Options
from sorapipe.simulator.pictures import Pictures
from sorapipe.simulator.provider import Provider, State, Taken, TurnedAway, View
from sorapipe.simulator.signer import Signer
from sorapipe.simulator.uploads import Uploads

_KEPT_BODY = 20_000
_OURSELVES = frozenset({"127.0.0.1", "localhost", "[::1]"})
NO_KEY = "missing or invalid authentication credentials"


@dataclass(slots=True)
class Call:
    """One request on its way: what it wants, who asks, and whether it stands in the books already.

    `shown` is what the books keep of the body, where the bytes themselves would tell nobody anything. `fault` is what
    a script does to it; `noted` is the request as it stands in the books.
    """

    kind: str
    request: Request
    body: bytes
    key: str | None
    task: str | None = None
    booked: bool = False
    shown: bytes | None = None
    fault: Fault | None = None
    noted: Asked | None = None

    def asked(self) -> Asked:
        """The request as the books keep it: without the key."""
        if self.noted is None:
            self.noted = self._asked()
        return self.noted

    def _asked(self) -> Asked:
        request = self.request
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        shown = self.body if self.shown is None else self.shown
        body = shown[:_KEPT_BODY].decode("utf-8", "replace") if shown else None
        asked = Asked(self.kind, request.method, target, _headers(request.headers), body)
        if self.fault is not None:
            asked.fault, asked.fate = self.fault.name, self.fault.fate()
        return asked


class Says(Protocol):
    """How a dialect says no: `field` is the parameter it is about, `retry_after` in seconds."""

    def __call__(
        self, code: int, message: str, retry_after: int | None = None, field: str | None = None
    ) -> Response: ...


@dataclass(frozen=True, slots=True)
class Door:
    """One route of a dialect: `kind` is what the books call its requests."""

    path: str
    kind: str
    method: str
    opens: Callable[[Call], Awaitable[ASGIApp]]
    says: Says


class Desk:
    """One provider with its books, its shelf of clips and what was brought along."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.books = Books(options.books)
        self.pictures = Pictures(options.books / "references")
        self.shelf = Shelf(options.books, self.pictures, canned=options.clips == "canned", rendered=self._rendered)
        self.provider = Provider(self.books, options, self.shelf)
        self.signer = Signer(self.books.secret)
        self.uploads = Uploads(options.books / "uploads", self.pictures, self.signer, options.upload_lifetime)

    def account(self, call: Call) -> str | None:
        """Who asks; `None` where the key is none of ours."""
        return self.provider.account(call.key)

    def create(self, call: Call, wish: Wish | str) -> Taken | TurnedAway | None:
        """Has a create decided and booked; `None` where the key is wrong.

        `wish` is a text where the parameters are wrong.
        """
        call.booked = True
        seen = call.body if call.shown is None else call.shown
        account = self.account(call)
        if account is None:
            self.provider.refuse_key(call.asked(), seen)
            return None
        verdict, _ = self.provider.create(account, wish, call.asked(), seen)
        return verdict

    def clip_url(self, request: Request, view: View) -> str | None:
        """Where the clip can be had, once there is one."""
        if view.state is not State.SUCCESS or not view.has_clip:
            return None
        return home(request) + self.signer.sign(f"/files/{view.task.task}.mp4", self.options.url_lifetime)

    def _rendered(self, task: str) -> None:
        with self.books.noted() as page:
            page.mark(task, "rendered", self.books.clock())


def home(request: Request) -> str:
    """The address under which the caller knows us."""
    return f"{request.url.scheme}://{request.headers['host']}"


def from_here(host: str) -> bool:
    """Whether the Host header names this machine: a page in a browser must not reach us under a name of its own."""
    name, _, port = host.rpartition(":")
    return (name if name and port.isdigit() else host) in _OURSELVES


def bearer(headers: Headers) -> str | None:
    """The key that came along."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" and key.strip() else None


def answer(value: object, status: int = 200, retry_after: int | None = None) -> Response:
    """A value as JSON."""
    body = json.dumps(value, ensure_ascii=False).encode()
    headers = None if retry_after is None else {"retry-after": str(retry_after)}
    return Response(body, status, headers, "application/json")


def _headers(headers: Headers) -> str:
    """All headers as JSON; a key is shown as a hash."""
    shown = {
        name: "sha256:" + hashlib.sha256(value.encode("latin-1")).hexdigest() if name == "authorization" else value
        for name, value in headers.items()
    }
    return json.dumps(shown)
