"""Reference pictures that come in: checked, kept by their digest; knows no task and no HTTP."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import tempfile
from io import BytesIO
from pathlib import Path

_DATA = re.compile(r"data:([a-z]+/[a-z0-9.+-]+);base64,", re.IGNORECASE)
MAX_BYTES = 20_000_000
MAX_PIXELS = 50_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


class NoPicture(Exception):
    """What came in is no picture that we take; the text says why."""


def from_data_url(text: str) -> bytes:
    """The bytes of a base64 data URL. Raises NoPicture."""
    head = _DATA.match(text)
    if head is None:
        raise NoPicture("is neither an http(s) URL nor a base64 data URL")
    if len(text) > MAX_BYTES * 4 // 3 + 200:
        raise NoPicture(f"is larger than {MAX_BYTES // 1_000_000} MB")
    try:
        return base64.b64decode(text[head.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise NoPicture("is not valid base64") from None


class Pictures:
    """The folder of the pictures that creates brought along."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, data: bytes) -> str:
        """Keeps a picture; returns its sha256. Raises NoPicture."""
        _check(data)
        digest = hashlib.sha256(data).hexdigest()
        path = self.path(digest)
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).replace(path)
        return digest

    def path(self, digest: str) -> Path:
        """Where the picture of that digest is."""
        return self._folder / digest


def _check(data: bytes) -> None:
    from PIL import Image

    try:
        with Image.open(BytesIO(data), formats=FORMATS) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise NoPicture("has too many pixels")
            picture.draft("RGB", (64, 64))
            picture.load()
    except NoPicture:
        raise
    except Exception:
        raise NoPicture("is not a picture (PNG, JPEG, WebP or GIF)") from None
