"""Routes: HTTP requests become calls of the provider, its answers become HTTP; decides nothing about money."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sorapipe.simulator import tasks
from sorapipe.simulator.audit import audit
from sorapipe.simulator.clips import Shelf
from sorapipe.simulator.files import SendClip
from sorapipe.simulator.ledger import Asked, Books
from sorapipe.simulator.options import Options
from sorapipe.simulator.pictures import Pictures
from sorapipe.simulator.provider import Provider, State, Taken, TurnedAway, View, status_of

MAX_BODY = 64_000_000
_KEPT_BODY = 20_000
_PAGE = 1_000
_OURSELVES = frozenset({"127.0.0.1", "localhost", "[::1]"})

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Call:
    """One request on its way: what it wants, who asks, and whether it stands in the books already."""

    kind: str
    request: Request
    body: bytes
    key: str | None
    task: str | None = None
    booked: bool = False

    def asked(self) -> Asked:
        """The request as the books keep it: without the key."""
        request = self.request
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        body = self.body[:_KEPT_BODY].decode("utf-8", "replace") if self.body else None
        return Asked(self.kind, request.method, target, _headers(request.headers), body)


Handler = Callable[[Call], Awaitable[ASGIApp]]


class TooLarge(Exception):
    """A body that nobody needs to send."""


class Server:
    """The simulator's application: one provider, its shelf of clips and the routes of its dialects."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.books = Books(options.books)
        self.pictures = Pictures(options.books / "references")
        self.shelf = Shelf(options.books, self.pictures, canned=options.clips == "canned", rendered=self._rendered)
        self.provider = Provider(self.books, options, self.shelf)
        self.started = time.time()

    def application(self) -> Starlette:
        """All routes."""
        return Starlette(
            routes=[
                self._route("/api/v1/tasks/create", "create", self._create, ["POST"]),
                self._route("/api/v1/tasks/query/{task}", "query", self._query, ["GET"]),
                self._route("/api/v1/chat/credit", "credit", self._credit, ["GET"]),
                self._route("/files/{name}", "file", self._file, ["GET"]),
                Route("/__sim/health", self._health),
                Route("/__sim/ledger", self._ledger),
                Route("/__sim/requests", self._requests),
                Route("/__sim/tasks", self._tasks),
                Route("/__sim/audit", self._audit),
            ],
            exception_handlers={HTTPException: self._http_error, Exception: self._bug},
        )

    def _route(self, path: str, kind: str, handler: Handler, methods: list[str]) -> Route:
        async def endpoint(request: Request) -> ASGIApp:
            if not _from_here(request.headers.get("host", "")):
                return self._error(403, "this server answers on loopback only")
            try:
                body = await _body(request) if request.method == "POST" else b""
            except TooLarge:
                return self._error(413, "the body is too large")
            call = Call(kind, request, body, _key(request.headers), request.path_params.get("task"))
            answer = await handler(call)
            if not call.booked:
                with self.books.noted() as page:
                    page.ask(call.asked(), _status(answer), pid=os.getpid(), task=call.task)
            return answer

        return Route(path, endpoint, methods=methods)

    # Dialect `tasks`.

    async def _create(self, call: Call) -> ASGIApp:
        call.booked = True
        account = self.provider.account(call.key)
        if account is None:
            self.provider.refuse_key(call.asked(), call.body)
            return self._error(401, "missing or invalid authentication credentials")
        wish = tasks.read_create(call.body, self.pictures)
        verdict, _ = self.provider.create(account, wish, call.asked(), call.body)
        match verdict:
            case Taken(task=task):
                return _json(tasks.created(task.task))
            case TurnedAway(no=no, message=message, retry_after=retry_after):
                return self._error(status_of(no), message, retry_after)

    async def _query(self, call: Call) -> ASGIApp:
        account = self.provider.account(call.key)
        if account is None:
            return self._error(401, "missing or invalid authentication credentials")
        view = self.provider.look(account, call.task or "")
        if view is None:
            return self._error(404, "task not found")
        url = self._url(call.request, view) if view.has_clip and view.state is State.SUCCESS else None
        return _json(tasks.queried(view, url, metadata_echo=self.options.metadata_echo))

    async def _credit(self, call: Call) -> ASGIApp:
        account = self.provider.account(call.key)
        if account is None:
            return self._error(401, "missing or invalid authentication credentials")
        return _json(tasks.envelope(200, "success", self.provider.balance(account)))

    def _error(self, code: int, message: str, retry_after: int | None = None) -> Response:
        status = 200 if self.options.errors == "body" else code
        headers = {} if retry_after is None else {"retry-after": str(retry_after)}
        return _json(tasks.envelope(code, message), status, headers)

    # Files.

    def _url(self, request: Request, view: View) -> str:
        lifetime = self.options.url_lifetime
        expires = int((time.time() + lifetime) * 1000) if lifetime is not None else 0
        task = view.task.task
        signature = self._signature(task, expires)
        return f"{request.url.scheme}://{request.headers['host']}/files/{task}.mp4?e={expires}&s={signature}"

    def _signature(self, task: str, expires: int) -> str:
        words = f"{task}:{expires}".encode()
        return hmac.new(self.books.secret.encode(), words, hashlib.sha256).hexdigest()[:24]

    async def _file(self, call: Call) -> ASGIApp:
        task = call.task = call.request.path_params["name"].removesuffix(".mp4")
        refusal = self._closed(task, call.request)
        if refusal is not None:
            return self._error(403, refusal)
        view = self.provider.watch(task)
        if view is None or view.state is not State.SUCCESS or not view.has_clip:
            return self._error(404, "no such file")
        clip = self.shelf.ready(task, view.wish)
        if clip is None:
            clip = await asyncio.to_thread(self.shelf.clip, task, view.wish)
        head = call.request.method == "HEAD"
        if not head:
            self.provider.fetched(view)
        return SendClip(clip, call.request.headers, head=head)

    def _closed(self, task: str, request: Request) -> str | None:
        given = request.query_params
        expires = given.get("e", "")
        if not (expires.isascii() and expires.isdigit() and len(expires) < 20):  # noqa: PLR2004
            return "the URL is not signed"
        if not hmac.compare_digest(given.get("s", "").encode(), self._signature(task, int(expires)).encode()):
            return "the URL's signature is wrong"
        return "the URL has expired" if 0 < int(expires) < time.time() * 1000 else None

    def _rendered(self, task: str) -> None:
        with self.books.noted() as page:
            page.mark(task, "rendered", self.books.clock())

    # The books, for people and tests.

    async def _health(self, request: Request) -> Response:
        return _pretty({"ok": True, "pid": os.getpid(), "uptime": round(time.time() - self.started, 3)})

    async def _ledger(self, request: Request) -> Response:
        self.provider.settle()
        return self._listed(request, "SELECT * FROM ledger WHERE entry > ? ORDER BY entry LIMIT ?")

    async def _requests(self, request: Request) -> Response:
        return self._listed(request, "SELECT * FROM requests WHERE number > ? ORDER BY number LIMIT ?")

    async def _tasks(self, request: Request) -> Response:
        return self._listed(request, "SELECT * FROM tasks WHERE number > ? ORDER BY number LIMIT ?")

    async def _audit(self, request: Request) -> Response:
        self.provider.settle()
        return _pretty(audit(self.books).as_json())

    def _listed(self, request: Request, question: str) -> Response:
        """Rows as JSON; `?after=NUMBER&limit=COUNT` pages through them."""
        after, limit = (
            _number(request.query_params.get(name), usual) for name, usual in (("after", 0), ("limit", _PAGE))
        )
        with self.books.reading() as page:
            rows = page.rows(question, (after, limit))
        for row in rows:
            for name in ("headers", "wish"):
                if name in row:
                    row[name] = json.loads(str(row[name]))
        return _pretty(rows)

    # What goes wrong.

    async def _http_error(self, request: Request, reason: Exception) -> Response:
        assert isinstance(reason, HTTPException)  # noqa: S101
        return self._error(reason.status_code, reason.detail.lower())

    async def _bug(self, request: Request, reason: Exception) -> Response:
        log.error("BUG: %s %s", request.method, request.url.path, exc_info=reason)
        return self._error(500, "server error")


async def _body(request: Request) -> bytes:
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > MAX_BODY:
            raise TooLarge
        pieces.append(piece)
    return b"".join(pieces)


def _status(answer: ASGIApp) -> int:
    return answer.status_code if isinstance(answer, Response) else getattr(answer, "status", 200)


def _from_here(host: str) -> bool:
    """Whether the Host header names this machine: a page in a browser must not reach us under a name of its own."""
    name, _, port = host.rpartition(":")
    return (name if name and port.isdigit() else host) in _OURSELVES


def _key(headers: Headers) -> str | None:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" and key.strip() else None


def _headers(headers: Headers) -> str:
    """All headers as JSON; a key is shown as a hash."""
    shown = {
        name: "sha256:" + hashlib.sha256(value.encode("latin-1")).hexdigest() if name == "authorization" else value
        for name, value in headers.items()
    }
    return json.dumps(shown)


def _number(text: str | None, usual: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 16 else usual  # noqa: PLR2004


def _json(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, headers, "application/json")


def _pretty(value: object) -> Response:
    return Response(json.dumps(value, ensure_ascii=False, indent=1), media_type="application/json")
