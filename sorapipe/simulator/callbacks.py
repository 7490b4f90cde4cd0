"""Callbacks: a task that has ended is posted to who asked for it, on this machine only; knows no dialect."""

from __future__ import annotations

import base64
import hashlib
import heapq
import hmac
import ipaddress
import json
import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from urllib.parse import urlsplit

from sorapipe.simulator.faults import Facts, Fault, Script
from sorapipe.simulator.ledger import Books
from sorapipe.simulator.provider import Provider, State, View
from sorapipe.simulator.signer import Signer

TRIES = 3
_PAUSES = (0.2, 1.0)
_SECONDS = 5.0
_LOOK_AGAIN = 0.05
_GOOD = range(200, 300)

log = logging.getLogger(__name__)

Told = Callable[[View, str | None], dict[str, object]]
_Heard = tuple[int | None, str | None]


class _Stay(urllib.request.HTTPRedirectHandler):
    """A callback that is redirected has failed."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """No."""
        return


class Callbacks:
    """A thread that waits for promised tasks to end. `told` makes the body; `home` is our address."""

    def __init__(self, provider: Provider, books: Books, secret: str, told: Told, script: Callable[[], Script]) -> None:
        self.home = ""
        self.lifetime: float | None = None
        self._provider = provider
        self._books = books
        self._secret = secret.encode()
        self._signer = Signer(books.secret)
        self._told = told
        self._script = script
        self._due: list[tuple[float, str, str]] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay).open
        provider.promised = self.promise

    def promise(self, task: str, url: str) -> None:
        """Posts to `url` when the task has ended."""
        if not is_here(url):
            self._write((task, url), 0, (None, "not sent: this server calls back to loopback only"), None)
            return
        with self._changed:
            heapq.heappush(self._due, (time.monotonic(), task, url))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="callbacks", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _work(self) -> None:
        while True:
            task, url = self._next()
            try:
                view = self._provider.watch(task)
                if view is not None and view.completed is not None:
                    self._call(view, url)
                elif view is not None:
                    self._later(view, url)
            except Exception:
                log.exception("the callback of %s could not be sent", task)

    def _next(self) -> tuple[str, str]:
        with self._changed:
            while not self._due or self._due[0][0] > time.monotonic():
                self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
            _, task, url = heapq.heappop(self._due)
            return task, url

    def _later(self, view: View, url: str) -> None:
        left = max(_LOOK_AGAIN, (view.task.due - self._books.clock()) / 1000)
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + left, view.task.task, url))

    def _call(self, view: View, url: str) -> None:
        task = view.task
        fault = self._script().choose("callback", lambda: Facts(task.task, task.number, view.wish.prompt, True))
        name = fault.name if fault is not None else None
        if name == "callback-lost":
            self._write((task.task, url), 0, (None, "not sent"), name)
            return
        if fault is not None and name == "callback-late":
            time.sleep(fault.real("seconds"))
        for _ in range(2 if name == "callback-twice" else 1):
            self._post(view, url, fault)

    def _post(self, view: View, url: str, fault: Fault | None) -> None:
        body, headers = self._message(view, fault.name if fault is not None else None)
        for attempt in range(1, TRIES + 1):
            heard = self._send(url, body, headers)
            self._write((view.task.task, url), attempt, heard, fault.name if fault is not None else None)
            if heard[0] in _GOOD:
                return
            if attempt < TRIES:
                time.sleep(_PAUSES[attempt - 1])

    def _message(self, view: View, fault: str | None) -> tuple[bytes, dict[str, str]]:
        name, at = view.task.task, str(int(time.time()))
        path = f"/files/{name}.mp4"
        url = (
            self.home + self._signer.sign(path, self.lifetime)
            if view.state is State.SUCCESS and view.has_clip
            else None
        )
        secret = b"another secret" if fault == "callback-forged" else self._secret
        body = json.dumps(self._told(view, url), ensure_ascii=False)
        if fault == "callback-lies":
            body = body.replace('"state": "success"', '"state": "fail"').replace('"completed"', '"failed"')
        signed = hmac.new(secret, f"{name}.{at}".encode(), hashlib.sha256).digest()
        return body.encode(), {
            "Content-Type": "application/json",
            "X-Webhook-Timestamp": at,
            "X-Webhook-Signature": base64.b64encode(signed).decode(),
        }

    def _send(self, url: str, body: bytes, headers: dict[str, str]) -> _Heard:
        request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - http(s) to loopback: see promise
        try:
            with self._open(request, timeout=_SECONDS) as answer:
                return int(answer.status), None
        except urllib.error.HTTPError as error:
            error.close()
            return error.code, None
        except (OSError, ValueError) as error:
            return None, str(error)

    def _write(self, call: tuple[str, str], attempt: int, answer: _Heard, fault: str | None) -> None:
        with self._books.noted() as page:
            page.run(
                "INSERT INTO callbacks (at, task, url, attempt, status, problem, fault) VALUES (?,?,?,?,?,?,?)",
                (self._books.clock(), *call, attempt, *answer, fault),
            )


def is_here(url: str) -> bool:
    """Whether an address is on this machine, by number or as `localhost`."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return parts.scheme in {"http", "https"} and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False
