"""Bytes of clips over HTTP: ranges, validators, HEAD; knows no task and no books."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.types import Receive, Scope, Send

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.IGNORECASE)
_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Clip:
    """A finished clip: where its bytes are (a file, or memory), how many, and their strong validator."""

    source: Path | bytes
    size: int
    etag: str
    made: str  # HTTP date


class SendClip:
    """An answer with a clip, or with the part of it that was asked for, by a server that may know no parts or ETags."""

    def __init__(
        self, clip: Clip, headers: Mapping[str, str], *, head: bool, ranges: bool = True, etags: bool = True
    ) -> None:
        self._clip = clip
        self._head = head
        self._ranges = ranges
        self._etags = etags
        self.status, self._first, self._last = _wanted(clip, headers if ranges else {})
        if etags and headers.get("if-none-match") == clip.etag:
            self.status = 304

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        await send({"type": "http.response.start", "status": self.status, "headers": self._headers()})
        if self._head or self.status in {304, 416}:
            await send({"type": "http.response.body", "body": b""})
        elif isinstance(self._clip.source, bytes):
            await send({"type": "http.response.body", "body": self._clip.source[self._first : self._last + 1]})
        else:
            await self._stream(self._clip.source, send)

    async def _stream(self, path: Path, send: Send) -> None:
        with path.open("rb") as file:
            file.seek(self._first)
            left = self._last + 1 - self._first
            while left > 0:
                piece = file.read(min(_CHUNK, left))
                if not piece:
                    raise OSError(f"{path} became shorter while it was sent")
                left -= len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": left > 0})

    def _headers(self) -> list[tuple[bytes, bytes]]:
        clip = self._clip
        length = {304: None, 416: 0}.get(self.status, self._last + 1 - self._first)
        named = {
            "content-type": "video/mp4",
            "accept-ranges": "bytes" if self._ranges else "none",
            "etag": clip.etag if self._etags else None,
            "last-modified": clip.made,
            "content-length": None if length is None else str(length),
            "content-range": {
                206: f"bytes {self._first}-{self._last}/{clip.size}",
                416: f"bytes */{clip.size}",
            }.get(self.status),
        }
        return [(name.encode(), value.encode()) for name, value in named.items() if value is not None]


def _wanted(clip: Clip, headers: Mapping[str, str]) -> tuple[int, int, int]:
    """Status, first and last byte. A range whose If-Range names another version gets the whole clip."""
    whole = (200, 0, clip.size - 1)
    asked = headers.get("range")
    if asked is None or headers.get("if-range", clip.etag) not in {clip.etag, clip.made}:
        return whole
    found = _RANGE.fullmatch(asked.strip())
    if found is None or not (found[1] or found[2]):
        return whole
    if not found[1]:
        count = min(int(found[2]), clip.size)
        return (206, clip.size - count, clip.size - 1) if count else (416, 0, -1)
    first, last = int(found[1]), min(int(found[2] or clip.size - 1), clip.size - 1)
    if first >= clip.size:
        return 416, 0, -1
    return whole if last < first else (206, first, last)
