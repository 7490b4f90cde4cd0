"""The application: the doors of all dialects on one port, and the books for people; decides nothing about money."""

from __future__ import annotations

import json
import logging
import os
import time

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sorapipe.simulator import jobs, tasks
from sorapipe.simulator.audit import audit
from sorapipe.simulator.callbacks import Callbacks
from sorapipe.simulator.desk import Call, Desk, Door, Says, bearer, from_here
from sorapipe.simulator.downloads import Downloads
from sorapipe.simulator.faults import Script
from sorapipe.simulator.faults_pages import FaultPages
from sorapipe.simulator.faults_rules import from_file
from sorapipe.simulator.gate import Gate
from sorapipe.simulator.jobs import Jobs
from sorapipe.simulator.options import Options
from sorapipe.simulator.provider import View
from sorapipe.simulator.tasks import Tasks
from sorapipe.simulator.videos import Videos

MAX_BODY = 64_000_000
_PAGE = 1_000

log = logging.getLogger(__name__)


class TooLarge(Exception):
    """A body that nobody needs to send."""


class Server:
    """The simulator's application: one desk and the dialects that are spoken at it."""

    def __init__(self, options: Options) -> None:
        self.desk = Desk(options)
        self.books = self.desk.books
        self.provider = self.desk.provider
        self.gate = Gate(self.desk, from_file(options.faults, options.seed) if options.faults else Script())
        self.faults = FaultPages(self.gate, options.seed)
        self.callbacks = Callbacks(
            self.provider, self.books, options.webhook_secret, self._told, lambda: self.gate.script
        )
        self.callbacks.lifetime = options.url_lifetime
        self.started = time.time()
        self._tasks, self._videos, self._jobs = Tasks(self.desk), Videos(self.desk), Jobs(self.desk)

    def application(self) -> Starlette:
        """All routes."""
        downloads = Downloads(self.desk, self._tasks.says)
        doors = [speaker.doors() for speaker in (self._tasks, self._videos, self._jobs, downloads)]
        return Starlette(
            routes=[
                *(self._route(door) for shelf in doors for door in shelf),
                Route("/__sim/health", self._health),
                Route("/__sim/ledger", self._ledger),
                Route("/__sim/requests", self._requests),
                Route("/__sim/tasks", self._tasks_page),
                Route("/__sim/audit", self._audit),
                Route("/__sim/callbacks", self._callbacks),
                *self.faults.routes(),
            ],
            exception_handlers={HTTPException: self._http_error, Exception: self._bug},
        )

    def _route(self, door: Door) -> Route:
        async def endpoint(request: Request) -> ASGIApp:
            if not from_here(request.headers.get("host", "")):
                return door.says(403, "this server answers on loopback only")
            closed = self.gate.unread(door, request)
            if closed is not None:
                return closed
            try:
                body = await _body(request) if request.method == "POST" else b""
            except TooLarge:
                return door.says(413, "the body is too large")
            except ClientDisconnect:  # it was never asked for, and nobody hears the answer
                return door.says(400, "the request ended in the middle")
            call = Call(door.kind, request, body, bearer(request.headers), request.path_params.get("task"))
            return await self.gate.passes(door, call)

        return Route(door.path, endpoint, methods=[door.method])

    def _says(self, request: Request) -> Says:
        """How errors look under this path."""
        path = request.url.path
        if path.startswith(("/v1/", "/sora/")):
            return self._videos.says
        return self._jobs.says if path.startswith(("/api/v1/jobs/", "/api/file-")) else self._tasks.says

    def _told(self, view: View, url: str | None) -> dict[str, object]:
        """What a callback says: the body of a query's answer."""
        echo = self.desk.options.metadata_echo
        if view.wish.dialect == "jobs":
            return {"code": 200, "msg": "success", "data": jobs.told(view, url, metadata_echo=echo)}
        return tasks.envelope(200, "success", tasks.told(view, url, metadata_echo=echo))

    # The books, for people and tests.

    async def _health(self, request: Request) -> Response:
        return _pretty({"ok": True, "pid": os.getpid(), "uptime": round(time.time() - self.started, 3)})

    async def _ledger(self, request: Request) -> Response:
        self.provider.settle()
        return self._listed(request, "SELECT * FROM ledger WHERE entry > ? ORDER BY entry LIMIT ?")

    async def _requests(self, request: Request) -> Response:
        return self._listed(request, "SELECT * FROM requests WHERE number > ? ORDER BY number LIMIT ?")

    async def _tasks_page(self, request: Request) -> Response:
        return self._listed(request, "SELECT * FROM tasks WHERE number > ? ORDER BY number LIMIT ?")

    async def _audit(self, request: Request) -> Response:
        self.provider.settle()
        return _pretty(audit(self.books).as_json())

    async def _callbacks(self, request: Request) -> Response:
        return self._listed(request, "SELECT * FROM callbacks WHERE number > ? ORDER BY number LIMIT ?")

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
        return self._says(request)(reason.status_code, reason.detail.lower())

    async def _bug(self, request: Request, reason: Exception) -> Response:
        log.error("BUG: %s %s", request.method, request.url.path, exc_info=reason)
        return self._says(request)(500, "server error")


async def _body(request: Request) -> bytes:
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > MAX_BODY:
            raise TooLarge
        pieces.append(piece)
    return b"".join(pieces)


def _number(text: str | None, usual: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 16 else usual  # noqa: PLR2004


def _pretty(value: object) -> Response:
    return Response(json.dumps(value, ensure_ascii=False, indent=1), media_type="application/json")
