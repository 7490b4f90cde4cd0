"""Hears callbacks of providers: a POST that names a task is a hint that it should be asked. Believes nothing else.

Knows no job and no provider; whoever can reach the address can at most have tasks asked that are asked anyway.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from typing import NamedTuple

from sorapipe.providers.answers import usable_task

LARGEST_BODY = 64 << 10
LONGEST_CALL = 5.0
"""Seconds for a whole call: whoever sends slowly is cut off."""
MOST_CALLS = 16
"""How many calls are heard at a time; more are hung up on. The polls tell the rest."""

SIGNATURE = "X-Webhook-Signature"
TIMESTAMP = "X-Webhook-Timestamp"

_NAMES = ("taskId", "task_id", "id")
_DEEPEST = 2


class Hearing(NamedTuple):
    """What is listened to and what is done with it. `secret` signs what is believed, `None`: everybody is heard.
    `hint` gets each task's id, in any thread."""

    host: str
    port: int
    hint: Callable[[str], None]
    secret: bytes | None = None


@contextmanager
def hearing(what: Hearing) -> Iterator[str]:
    """Listens as long as the context lasts. Its URL. Raises `OSError` where the address can't be had."""
    server = _Server(what)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="hints", daemon=True)
    thread.start()
    try:
        host = f"[{what.host}]" if ":" in what.host else what.host
        yield f"http://{host}:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def tasks_of(body: bytes) -> tuple[str, ...]:
    """The ids of tasks that a callback names, whatever dialect it speaks; none in what can't be read."""
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    return tuple(dict.fromkeys(_named(whole, 0)))


def _named(value: object, depth: int) -> Iterator[str]:
    if not isinstance(value, dict) or depth > _DEEPEST:
        return
    for name in _NAMES:
        task = usable_task(value.get(name))
        if task is not None:
            yield task
    for name in ("data", "task", "video"):
        yield from _named(value.get(name), depth + 1)


def signed(task: str, body: bytes, headers: Mapping[str, str], secret: bytes) -> bool:
    """Whether a callback about a task is signed with the secret: base64(HMAC-SHA256(secret, "task.timestamp")).

    `headers` have names in lower case. The body itself is not signed: nothing in it may be believed.
    """
    stamp = headers.get(TIMESTAMP.lower()) or _stamp(body)
    if stamp is None:
        return False
    right = hmac.new(secret, f"{task}.{stamp}".encode(), "sha256").digest()
    try:
        given = base64.b64decode(headers.get(SIGNATURE.lower(), ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(right, given)


def _stamp(body: bytes) -> str | None:
    with suppress(ValueError, RecursionError):
        whole = json.loads(body)
        stamp = whole.get("timestamp") if isinstance(whole, dict) else None
        if isinstance(stamp, str | int) and not isinstance(stamp, bool):
            return str(stamp)
    return None


class _Server(ThreadingMixIn, HTTPServer):
    """One thread a call, a few at a time, none of which outlives the process."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, what: Hearing) -> None:
        self.what = what
        self.address_family = socket.AF_INET6 if ":" in what.host else socket.AF_INET
        self._places = threading.BoundedSemaphore(MOST_CALLS)
        super().__init__((what.host, what.port), _Call)

    def server_bind(self) -> None:
        """Binds without asking a name server what we are called."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: object, client_address: object) -> None:
        """Hears a call when there is a place for it."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)  # type: ignore[arg-type]
        else:
            self.shutdown_request(request)  # type: ignore[arg-type]

    def process_request_thread(self, request: object, client_address: object) -> None:
        """One call, in its own thread, cut off when it takes too long."""
        end = threading.Timer(LONGEST_CALL, _cut, (request,))
        end.daemon = True
        end.start()
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            end.cancel()
            self._places.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """A call that broke is nobody's matter."""


def _cut(request: socket.socket) -> None:
    with suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)


class _Call(BaseHTTPRequestHandler):
    """One call. Every POST that can be read is answered with 200, whatever it says: strangers learn nothing."""

    server: _Server
    timeout = 2.0
    server_version = "sorapipe"
    sys_version = ""

    def do_POST(self) -> None:
        """A callback."""
        body = self._body()
        if body is None:
            return
        self._answer(HTTPStatus.OK)
        what = self.server.what
        headers = {name.lower(): value for name, value in self.headers.items()}
        for task in tasks_of(body):
            if what.secret is None or signed(task, body, headers, what.secret):
                what.hint(task)

    def _body(self) -> bytes | None:
        text = self.headers.get("Content-Length", "")
        if not (text.isascii() and text.isdigit()):
            self._answer(HTTPStatus.LENGTH_REQUIRED)
            return None
        if len(text) > len(str(LARGEST_BODY)) or int(text) > LARGEST_BODY:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return None
        body = self.rfile.read(int(text))
        return body if len(body) == int(text) else None

    def _answer(self, status: HTTPStatus) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """All other methods are not here, and nothing is explained."""
        self._answer(HTTPStatus.NOT_FOUND if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code))

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: standard error belongs to the view."""
