"""The only room with httpcore: connections on which an answer must have come in time, however slowly it drips.

A timeout of a read begins anew with each byte, so that a server which sends one now and then holds a call for days.
Knows no provider, no key and no dialect.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore

_Options = Iterable[Any]


class Patience(threading.local):
    """How long this thread still reads. Without a limit each read has only its own timeout."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seconds: float | None = None
        self._until: float | None = None

    @contextmanager
    def of(self, seconds: float) -> Iterator[None]:
        """Within this block reads have so many seconds in all, from the first one on."""
        self._seconds, self._until = seconds, None
        try:
            yield
        finally:
            self._seconds = self._until = None

    def left(self, timeout: float | None) -> float | None:
        """The timeout of the next read. Raises `httpcore.ReadTimeout` when there is none left."""
        if self._seconds is None:
            return timeout
        now = self._clock()
        if self._until is None:
            self._until = now + self._seconds
        left = self._until - now
        if left <= 0:
            raise httpcore.ReadTimeout(f"the answer took longer than {self._seconds:.0f} s")
        return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    """A connection whose reads ask how long they may take."""

    def __init__(self, inner: httpcore.NetworkStream, patience: Patience) -> None:
        self._inner = inner
        self._patience = patience

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes."""
        return self._inner.read(max_bytes, self._patience.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Sends bytes."""
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        """Closes it."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted."""
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, timeout), self._patience)

    def get_extra_info(self, info: str) -> Any:
        """What the library asks its connections."""
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Makes connections."""

    def __init__(self, patience: Patience) -> None:
        self._inner = httpcore.SyncBackend()
        self._patience = patience

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _Options | None = None,
    ) -> httpcore.NetworkStream:
        """A connection. The options of sockets are the library's own."""
        return _Stream(self._inner.connect_tcp(host, port, timeout, local_address, socket_options), self._patience)


def pool(context: ssl.SSLContext, patience: Patience, *, connections: int, keep: int) -> httpcore.ConnectionPool:
    """Connections of which at most `keep` are kept, for 4 s; nothing is sent twice."""
    return httpcore.ConnectionPool(
        ssl_context=context,
        max_connections=connections,
        max_keepalive_connections=keep,
        keepalive_expiry=4.0,
        http1=True,
        http2=False,
        retries=0,
        network_backend=_Backend(patience),
    )
