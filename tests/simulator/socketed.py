"""One request over a bare socket, and everything that came back: bytes, and how the connection ended."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Heard:
    """What came back. `ended` is closed, reset, or open when we lost patience."""

    raw: bytes
    ended: str

    @property
    def head(self) -> str:
        return self.raw.partition(b"\r\n\r\n")[0].decode("latin-1")

    @property
    def status(self) -> int:
        return int(self.head.split(" ")[1]) if self.raw.startswith(b"HTTP/") else 0

    @property
    def headers(self) -> dict[str, str]:
        lines = (line.partition(":") for line in self.head.split("\r\n")[1:])
        return {name.lower(): value.strip() for name, _, value in lines}

    @property
    def body(self) -> bytes:
        rest = self.raw.partition(b"\r\n\r\n")[2]
        return _joined(rest) if self.headers.get("transfer-encoding") == "chunked" else rest

    @property
    def missing(self) -> int:
        """How many bytes were promised and did not come."""
        return int(self.headers.get("content-length", len(self.body))) - len(self.body)

    def json(self) -> Any:
        return json.loads(self.body)


def talk(
    url: str, method: str = "GET", body: bytes = b"", *, keep: bool = False, patience: float = 5.0, **headers: str
) -> Heard:
    """Sends a request and reads until the other side ends it, or until `patience` runs out."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    given = {"host": parts.netloc, "authorization": "Bearer a-key", "content-length": str(len(body)), **headers}
    if not keep:
        given["connection"] = "close"
    lines = [f"{method} {target} HTTP/1.1", *(f"{name.replace('_', '-')}: {value}" for name, value in given.items())]
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=patience) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        return _read(connection)


def _read(connection: socket.socket) -> Heard:
    found = bytearray()
    try:
        while len(found) < 4_000_000:
            piece = connection.recv(65_536)
            if not piece:
                return Heard(bytes(found), "closed")
            found += piece
    except ConnectionResetError:
        return Heard(bytes(found), "reset")
    except TimeoutError:
        pass
    return Heard(bytes(found), "open")


def _joined(chunks: bytes) -> bytes:
    found = b""
    while chunks:
        size, _, chunks = chunks.partition(b"\r\n")
        length = int(size or b"0", 16)
        found, chunks = found + chunks[:length], chunks[length + 2 :]
        if not length:
            break
    return found
