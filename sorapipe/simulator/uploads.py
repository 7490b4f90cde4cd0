"""Files that were brought before the create that needs them; knows no task, no dialect and no money."""

from __future__ import annotations

import hashlib
import os
import tempfile
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from sorapipe.simulator.pictures import NoPicture, Pictures
from sorapipe.simulator.signer import Signer

MAX_BYTES = 50_000_000
_OURSELVES = frozenset({"127.0.0.1", "localhost", "::1"})
_TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "gif": "image/gif", "mp4": "video/mp4"}


class NoVideo(Exception):
    """What came in is no clip that we take; the text says why."""


class Uploads:
    """The folder of what was brought: named by what it holds, found again by a signed address."""

    def __init__(self, folder: Path, pictures: Pictures, signer: Signer, lifetime: float) -> None:
        """`lifetime` in seconds: as long does an address open."""
        self._folder = folder
        self._pictures = pictures
        self._signer = signer
        self._lifetime = lifetime

    def bring(self, data: bytes) -> str:
        """Keeps a picture or an MP4; gives its path on this server, signed. Raises NoPicture or NoVideo."""
        ending = _ending(data)
        if ending == "mp4":
            clip_seconds(data)
        else:
            self._pictures.take(data)
        name = f"{hashlib.sha256(data).hexdigest()}.{ending}"
        self._keep(name, data)
        return self._signer.sign(f"/uploads/{name}", self._lifetime)

    def find(self, url: str) -> Path | str | None:
        """The file behind an address of ours; a text where it doesn't open, `None` where it isn't ours."""
        parts = urlsplit(url)
        if parts.hostname not in _OURSELVES or not parts.path.startswith("/uploads/"):
            return None
        return self.open(parts.path, dict(parse_qsl(parts.query)))

    def open(self, path: str, given: dict[str, str]) -> Path | str:
        """The file behind a signed path, or why it doesn't open."""
        refusal = self._signer.refusal(path, given)
        if refusal is not None:
            return refusal
        file = self._folder / path.removeprefix("/uploads/")
        return file if file.is_file() else "no such file"

    def _keep(self, name: str, data: bytes) -> None:
        path = self._folder / name
        if path.exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(draft).replace(path)


def media_type(path: Path) -> str:
    """What kind of file it is, by the ending that we gave it."""
    return _TYPES[path.suffix.removeprefix(".")]


def _ending(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise NoPicture(f"is larger than {MAX_BYTES // 1_000_000} MB")
    if data[4:8] == b"ftyp":
        return "mp4"
    beginnings = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg", b"RIFF": "webp", b"GIF8": "gif"}
    for beginning, ending in beginnings.items():
        if data.startswith(beginning):
            return ending
    raise NoPicture("is neither a picture (PNG, JPEG, WebP or GIF) nor an MP4")


def clip_seconds(data: bytes) -> float:
    """How long the pictures of an MP4 run, by its packets. Raises NoVideo."""
    import av

    if data[4:8] != b"ftyp":
        raise NoVideo("is not an MP4")
    try:
        with av.open(BytesIO(data), "r", format="mp4") as clip:
            pictures = clip.streams.video[0]
            packets = [packet for packet in clip.demux(pictures) if packet.size and packet.pts is not None]
            ends = [(packet.pts or 0) + (packet.duration or 0) for packet in packets]
            starts = [packet.pts or 0 for packet in packets]
            if not packets or pictures.time_base is None:
                raise NoVideo("has no pictures")
            return float((max(ends) - min(starts)) * pictures.time_base)
    except NoVideo:
        raise
    except Exception:
        raise NoVideo("is not an MP4 that can be played") from None
