"""Addresses of files that nobody can guess and that may expire; knows no file."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping

_DIGITS = 20


class Signer:
    """Signs paths with the books' secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def sign(self, path: str, lifetime: float | None) -> str:
        """The path with its signature; it opens for `lifetime` seconds, or for ever."""
        expires = int((time.time() + lifetime) * 1000) if lifetime is not None else 0
        return f"{path}?e={expires}&s={self._signature(path, expires)}"

    def refusal(self, path: str, given: Mapping[str, str]) -> str | None:
        """Why the path doesn't open with the query that came along; `None` where it does."""
        expires = given.get("e", "")
        if not (expires.isascii() and expires.isdigit() and len(expires) < _DIGITS):
            return "the URL is not signed"
        if not hmac.compare_digest(given.get("s", "").encode(), self._signature(path, int(expires)).encode()):
            return "the URL's signature is wrong"
        return "the URL has expired" if 0 < int(expires) < time.time() * 1000 else None

    def _signature(self, path: str, expires: int) -> str:
        return hmac.new(self._secret, f"{path}:{expires}".encode(), hashlib.sha256).hexdigest()[:24]
