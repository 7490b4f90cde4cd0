"""The only room with httpx: sends one call, reads one answer, opens bytes; knows no dialect, no lock and no storyboard.

It works on httpx's transports: no redirect of a call is followed, no cookie kept, no proxy or certificate taken from
the environment, and nothing is ever sent twice. The key goes into one header of calls to the profile's own origin;
what `fetch` opens gets neither key nor cookies, at no hop.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

from sorapipe import __version__
from sorapipe.providers.addresses import checked_download, is_loopback, same_origin
from sorapipe.providers.base import DownloadFailed
from sorapipe.providers.dialect import Call, Reply
from sorapipe.providers.key import Key
from sorapipe.providers.patience import Patience, pool
from sorapipe.providers.resolving import Resolve, addresses_of, resolve

Clock = Callable[[], float]
Transport = httpx.BaseTransport
"""What carries requests; tests and nobody else bring their own."""

MAX_ANSWER = 4 * 1024 * 1024
MAX_HOPS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})

_CREATE = {"connect": 15.0, "write": 120.0, "read": 120.0, "pool": 30.0}
"""Long: the answer to a create that is not waited for is money whose receipt is thrown away."""
_ASK = {"connect": 10.0, "write": 30.0, "read": 30.0, "pool": 30.0}
_UPLOAD = {"connect": 10.0, "write": 120.0, "read": 120.0, "pool": 30.0}
_FETCH = {"connect": 15.0, "write": 30.0, "read": 30.0, "pool": 60.0}
_CREATE_ANSWER = 180.0
_ASK_ANSWER = 60.0
"""Seconds in all until an answer has been read, however slowly it drips."""
_FETCH_HEAD = 60.0
"""Seconds in all until the headers of an answer with a clip have been read."""

NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
"""No byte of a request has left this machine for these: name not found, refused, TLS handshake, wait for a connection.
Everything else that can go wrong with a create leaves it unknown."""


class Unsendable(ValueError):
    """A call can't be put into a request; nothing was sent. The text says why."""


class NoAnswer(Exception):
    """No answer came that could be read. `sent` is false where not a byte of the request can have left this machine."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Opened:
    """An answer whose bytes are still to be read. Names of `headers` are in lower case.

    `chunks` raises `DownloadFailed` when the bytes stop coming. Whoever opens it calls `close`.
    """

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]
    close: Callable[[], None]


class Wire:
    """Connections to one provider, and to wherever its clips lie. Calls may come from several threads.

    `transport` carries everything in the place of real connections.
    """

    def __init__(
        self,
        base: str,
        key: Key | None,
        *,
        transport: httpx.BaseTransport | None = None,
        resolve: Resolve = resolve,
        clock: Clock = time.monotonic,
    ) -> None:
        self._base = base
        self._key = key
        self._clock = clock
        self._loopback = is_loopback(urlsplit(base).hostname or "")
        context = _tls(base if transport is None else "")  # nobody is to be trusted where nothing is connected
        self._patience = patience = Patience(clock)
        # A create goes out on a connection of its own: one that was kept may have been closed by the other side
        # just now, and then nobody could say whether the create arrived.
        self._creates = transport or _transport(context, patience, connections=2, keep=0)
        self._asks = transport or _transport(context, patience, connections=8, keep=8)
        # Bytes that come slowly must not keep polls waiting.
        self._contents = transport or _transport(context, patience, connections=32, keep=0)
        self._fetches = _Pinned(transport, patience, loopback=self._loopback, resolve=resolve)

    def close(self) -> None:
        """Closes every connection."""
        for transport in (self._creates, self._asks, self._contents, self._fetches):
            transport.close()

    def buy(self, call: Call) -> Reply:
        """Sends a call that costs money: once, on a connection of its own. Raises `Unsendable` or `NoAnswer`."""
        return self._reply(self._creates, self._request(call, _CREATE), _CREATE_ANSWER)

    def ask(self, call: Call) -> Reply:
        """Sends a call that costs nothing. Raises `Unsendable` or `NoAnswer`."""
        return self._reply(self._asks, self._request(call, _ASK), _ASK_ANSWER)

    def upload(self, call: Call) -> Reply:
        """Sends a call that costs nothing and carries a file. Raises `Unsendable` or `NoAnswer`."""
        return self._reply(self._creates, self._request(call, _UPLOAD), _CREATE_ANSWER)

    def open(self, path: str, headers: Mapping[str, str]) -> Opened:
        """Opens bytes at the provider itself, with the key; a redirect is not followed. Raises `DownloadFailed`."""
        try:
            request = self._request(Call("GET", path), _FETCH)
            request.headers.update({"Accept": "*/*", **headers})
            with self._patience.of(_FETCH_HEAD):
                return self._opened(self._contents.handle_request(request))
        except Exception as error:
            raise DownloadFailed(_words(error)) from error

    def fetch(self, url: str, headers: Mapping[str, str], hops: int = MAX_HOPS) -> Opened:
        """Opens bytes anywhere, without credentials: at the end of at most `hops` redirects, each of which is
        checked like the first URL. Raises `DownloadFailed`."""
        for _ in range(hops + 1):
            opened = self._get(url, headers)
            if opened.status not in REDIRECTS:
                return opened
            opened.close()
            url = redirected(url, opened.headers)
        raise DownloadFailed(f"the server redirected more than {MAX_HOPS} times", gone=True)

    def rest(self, opened: Opened) -> bytes:
        """All that is still to be read of an answer, of a bounded size, without the key. Raises `DownloadFailed`."""
        body, until = bytearray(), self._clock() + _ASK_ANSWER
        for chunk in opened.chunks:
            body += chunk
            if len(body) > MAX_ANSWER or self._clock() > until:
                raise DownloadFailed("the answer is too large, or comes too slowly, to be about a clip")
        return bytes(body) if self._key is None else self._key.scrub(bytes(body))

    def _request(self, call: Call, timeouts: dict[str, float]) -> httpx.Request:
        try:
            url = self._base + call.path + (f"?{urlencode(call.query)}" if call.query else "")
            if not same_origin(url, self._base):
                raise Unsendable("BUG: a call leaves the provider's own address")
            request = _built(call, url, timeouts)
        except Unsendable:
            raise
        except (ValueError, TypeError, httpx.InvalidURL) as error:
            raise Unsendable(str(error) or type(error).__name__) from None
        if self._key is not None:
            request.headers["Authorization"] = f"Bearer {self._key.reveal()}"
        return request

    def _reply(self, transport: httpx.BaseTransport, request: httpx.Request, patience: float) -> Reply:
        """Sends once and reads the answer: all of it, of a bounded size, within `patience` seconds."""
        try:
            with self._patience.of(patience):
                return self._read(transport.handle_request(request), self._clock() + patience, patience)
        except NEVER_SENT as error:
            raise NoAnswer(_words(error), sent=False) from None
        except Exception as error:  # whatever else it was, the request may have arrived
            raise NoAnswer(_words(error), sent=True) from None

    def _read(self, response: httpx.Response, until: float, patience: float) -> Reply:
        try:
            body = bytearray()
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > MAX_ANSWER:
                    raise httpx.ReadError(f"the answer is larger than {MAX_ANSWER} bytes")
                if self._clock() > until:
                    raise httpx.ReadTimeout(f"the answer took longer than {patience:.0f} s")
        finally:
            response.close()
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise httpx.DecodingError("the answer is compressed, which was not asked for")
        whole = bytes(body) if self._key is None else self._key.scrub(bytes(body))
        return Reply(response.status_code, dict(response.headers), whole)

    def _get(self, url: str, headers: Mapping[str, str]) -> Opened:
        try:
            checked = checked_download(url, loopback=self._loopback)
            request = httpx.Request("GET", checked, headers={**_COMMON, **headers}, extensions={"timeout": _FETCH})
            with self._patience.of(_FETCH_HEAD):
                return self._opened(self._fetches.handle_request(request))
        except (ValueError, httpx.InvalidURL) as error:
            raise DownloadFailed(str(error), gone=True) from None  # ours to refuse: no waiting makes it another URL
        except Exception as error:
            raise DownloadFailed(_words(error)) from error

    def _opened(self, response: httpx.Response) -> Opened:
        return Opened(response.status_code, dict(response.headers), _pieces(response), response.close)


def redirected(url: str, headers: Mapping[str, str]) -> str:
    """Where a redirect leads. Raises `DownloadFailed`."""
    try:
        return urljoin(url, headers.get("location", ""))
    except ValueError:
        raise DownloadFailed("the server redirected to something that is not a URL", gone=True) from None


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_raw()
    except Exception as error:
        raise DownloadFailed(_words(error)) from error


def _built(call: Call, url: str, timeouts: dict[str, float]) -> httpx.Request:
    """The request of a call, without the key."""
    headers = {"Accept": "application/json", **_COMMON}
    extensions = {"timeout": timeouts}
    if call.json is not None:
        headers["Content-Type"] = "application/json"
        content = json.dumps(call.json, separators=(",", ":"), allow_nan=False).encode("ascii")
        return httpx.Request(call.method, url, headers=headers, content=content, extensions=extensions)
    if call.form is not None:
        parts = [(name, (None, value.encode(), None)) for name, value in call.form]
        files = [(name, (media.name, media.data, media.media_type)) for name, media in call.files]
        return httpx.Request(call.method, url, headers=headers, files=[*parts, *files], extensions=extensions)
    return httpx.Request(call.method, url, headers=headers, extensions=extensions)


_COMMON = {"User-Agent": f"sorapipe/{__version__}", "Accept-Encoding": "identity"}


class _Pinned(httpx.BaseTransport):
    """Connects downloads to the very address that was checked, so that a name can't change its mind in between.

    TLS still checks the certificate against the name. Connections are not kept: their pool would tell them apart by
    address, and two names may share one.
    """

    def __init__(
        self, inner: httpx.BaseTransport | None, patience: Patience, *, loopback: bool, resolve: Resolve
    ) -> None:
        self._inner = inner
        self._patience = patience
        self._loopback = loopback
        self._resolve = resolve
        self._made: dict[str, httpx.BaseTransport] = {}
        self._making = Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Tries the checked addresses in turn until one takes the connection."""
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        failed: Exception = httpx.ConnectError("no address")
        try:
            addresses = addresses_of(url.host, port, loopback=self._loopback, resolve=self._resolve)
        except OSError as error:
            raise httpx.ConnectError(str(error)) from error
        for address in addresses:
            try:
                return self._transport(url.scheme).handle_request(_at(request, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed = error
        raise failed

    def _transport(self, scheme: str) -> httpx.BaseTransport:
        if self._inner is not None:
            return self._inner
        with self._making:
            if scheme not in self._made:
                self._made[scheme] = _transport(_tls(f"{scheme}:"), self._patience, connections=32, keep=0)
            return self._made[scheme]

    def close(self) -> None:
        """Closes every connection."""
        for transport in (*self._made.values(), *([] if self._inner is None else [self._inner])):
            transport.close()


def _at(request: httpx.Request, address: str) -> httpx.Request:
    """The same request, connected to `address`; the `Host` header and the name for TLS stay."""
    extensions = {**request.extensions, "sni_hostname": request.url.host}
    url = request.url.copy_with(host=address)
    return httpx.Request(request.method, url, headers=request.headers, extensions=extensions)


def _tls(base_url: str) -> ssl.SSLContext:
    """What TLS trusts. Plain http to this machine needs no authorities, and loading them takes 40 ms."""
    if base_url.startswith("https:"):
        return httpx.create_ssl_context(trust_env=False)
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _Connections(httpx.HTTPTransport):
    """The library's transport over our own connections."""

    def __init__(self, context: ssl.SSLContext, patience: Patience, connections: int, keep: int) -> None:
        super().__init__(verify=context, trust_env=False, http2=False)
        self._pool = pool(context, patience, connections=connections, keep=keep)


def _transport(context: ssl.SSLContext, patience: Patience, *, connections: int, keep: int) -> httpx.BaseTransport:
    return _Connections(context, patience, connections, keep)


_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (httpx.ConnectTimeout, "no connection in time"),
    (httpx.ConnectError, "no connection"),
    (httpx.PoolTimeout, "no free connection"),
    (httpx.ReadTimeout, "no answer in time"),
    (httpx.WriteTimeout, "the request could not be sent in time"),
    (httpx.ReadError, "the connection broke before the answer was read"),
    (httpx.WriteError, "the connection broke while the request was sent"),
    (httpx.RemoteProtocolError, "the server hung up or did not speak HTTP"),
    (httpx.LocalProtocolError, "the request is not valid HTTP"),
    (httpx.DecodingError, "the answer can't be decoded"),
    (httpx.InvalidURL, "not a URL"),
    (httpx.UnsupportedProtocol, "not an http or https URL"),
)


def _words(error: Exception) -> str:
    """What went wrong, in words for a person; with the system's own where these can't hold a header."""
    words = next((text for kind, text in _WORDS if isinstance(error, kind)), f"{type(error).__name__}")
    detail = str(error) if isinstance(error, httpx.NetworkError | httpx.TimeoutException) else ""
    return f"{words} ({detail[:300]})" if detail else words
