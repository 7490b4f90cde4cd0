"""How an answer leaves: whole, in pieces, cut, reset, dripping or never; knows no task and no reason for it."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_TRANSPORT = "sorapipe.transport"
_PIECE = 64 * 1024
_MOST_WAITING = 1_000_000
_A_MOMENT = 0.01
_SETTLE = 0.03
"""Between the last bytes and a reset: a reset takes away what the other side has not read yet."""
_LINGER_NOT = struct.pack("ii", 1, 0)


class Protocol(H11Protocol):
    """HTTP/1.1 that lets the application reach its connection."""

    def connection_made(self, transport: Any) -> None:
        """Puts the connection within reach of every request on it."""
        super().connection_made(transport)
        app: Any = self.app

        async def within_reach(scope: Any, receive: Any, send: Any) -> None:
            scope[_TRANSPORT] = transport
            await app(scope, receive, send)

        self.app = within_reach


@dataclass(slots=True)
class Answer:
    """An answer as a value. `more` comes after the body, piece by piece; `raw` are the bytes of something else."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""
    more: Iterable[bytes] = ()
    raw: bytes | None = None

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def without(self, *names: str) -> Answer:
        """Takes headers away."""
        self.headers = [(key, value) for key, value in self.headers if key.lower() not in names]
        return self

    def put(self, name: str, value: str) -> Answer:
        """Sets a header."""
        self.without(name.lower()).headers.append((name, value))
        return self

    def of(self, body: bytes) -> Answer:
        """The same with another body, and the length of that."""
        self.body = body
        return self.put("content-length", str(len(body)))


@dataclass(frozen=True, slots=True)
class Delivery:
    """How an answer is sent by hand.

    Of the body only `share` is sent (`None`: not even the headers), at `rate` bytes a second; then the connection is
    closed, reset, or left alone for `seconds` and closed.
    """

    share: float | None = 1.0
    end: str = "closed"
    rate: float | None = None
    seconds: float = 0.0


Told = Callable[[float], None]


async def capture(app: ASGIApp, scope: Scope) -> Answer:
    """What an application would send."""
    found = Answer(500, [])
    pieces: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            found.status = message["status"]
            found.headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]]
        else:
            pieces.append(message.get("body", b""))

    await app(scope, receive, send)
    found.body = b"".join(pieces)
    return found


class Watched:
    """An answer that tells, once it is over, what share of it went out."""

    def __init__(self, app: ASGIApp, told: Told) -> None:
        self._app = app
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        gone = _is_gone(scope)
        await self._app(scope, receive, send)
        self._told(0.0 if gone else 1.0)


@dataclass(slots=True)
class Whole:
    """A prepared answer, sent as HTTP wants it; without a Content-Length it comes in chunks."""

    answer: Answer
    status: int = field(init=False)

    def __post_init__(self) -> None:
        self.status = self.answer.status

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        answer = self.answer
        headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body, "more_body": True})
        for piece in answer.more:
            if _is_gone(scope):
                break
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b""})


class ByHand:
    """An answer that is written to the connection itself, past HTTP: it may be anything, and end in any way."""

    def __init__(self, answer: Answer, delivery: Delivery, told: Told) -> None:
        self.status = 0 if delivery.share is None else answer.status
        self._answer = answer
        self._delivery = delivery
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it, and tells what share of all its bytes was handed over."""
        transport: asyncio.Transport = scope[_TRANSPORT]
        head, body = self._bytes(scope["method"])
        sent = 0
        if self._delivery.share is not None:
            end = len(head) + round(len(body) * self._delivery.share)
            sent = await self._write(transport, (head + body)[:end])
        self._told(round(sent / max(1, len(head) + len(body)), 4))
        if self._delivery.seconds:
            await _until_gone(receive, self._delivery.seconds)
        if self._delivery.end == "reset":
            await asyncio.sleep(_SETTLE if sent else 0)
            reset(transport)
        transport.close()
        await _until_gone(receive, 5.0)

    def _bytes(self, method: str) -> tuple[bytes, bytes]:
        answer = self._answer
        if answer.raw is not None:
            return b"", answer.raw
        try:
            words = HTTPStatus(answer.status).phrase
        except ValueError:
            words = ""
        lines = [f"HTTP/1.1 {answer.status} {words}", *(f"{name}: {value}" for name, value in answer.headers)]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        return head, b"" if method == "HEAD" else answer.body

    async def _write(self, transport: asyncio.Transport, data: bytes) -> int:
        """Writes as fast as it is taken, or at the rate; returns how many bytes left us."""
        rate = self._delivery.rate
        step = _PIECE if rate is None else max(1, int(rate * 0.05))
        at = 0
        while at < len(data) and not transport.is_closing():
            transport.write(data[at : at + step])
            at += step
            if rate is not None:
                await asyncio.sleep(step / rate)
            while transport.get_write_buffer_size() > _MOST_WAITING and not transport.is_closing():
                await asyncio.sleep(_A_MOMENT)
        return max(0, min(at, len(data)) - transport.get_write_buffer_size())


def reset(transport: asyncio.Transport) -> None:
    """Ends a connection with RST."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    transport.abort()


def _is_gone(scope: Scope) -> bool:
    transport = scope.get(_TRANSPORT)
    return transport is not None and transport.is_closing()


async def _until_gone(receive: Receive, seconds: float) -> None:
    """Waits until the other side has left, or for so long."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(gone(), seconds)
    except TimeoutError:
        return
