"""The only room with httpx: carries out calls and downloads; knows no dialect, no lock and no storyboard.

It works on httpx's transports: no redirect is followed, no cookie kept, no proxy or certificate taken from the
environment, and nothing is ever sent twice. The key goes into one header of calls to the profile's own origin;
downloads have neither key nor cookies.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from threading import Lock
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

from sorapipe import __version__
from sorapipe.providers import ranges
from sorapipe.providers.addresses import checked_download, is_loopback, same_origin
from sorapipe.providers.base import (
    Body,
    CreateAnswer,
    DownloadFailed,
    ListAnswer,
    Missed,
    Order,
    PollAnswer,
    Refusal,
    Refused,
    Unknown,
)
from sorapipe.providers.dialect import Call, Reply
from sorapipe.providers.dialects import DIALECTS
from sorapipe.providers.key import Key
from sorapipe.providers.profile import Profile
from sorapipe.providers.resolving import Resolve, addresses_of, resolve

Clock = Callable[[], float]

MAX_ANSWER = 4 * 1024 * 1024
MAX_HOPS = 5
SLOWEST = 4096.0
"""Bytes per second below which a download is given up, looked at every `WINDOW` seconds of waiting."""
WINDOW = 30.0

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CREATE = {"connect": 15.0, "write": 120.0, "read": 120.0, "pool": 30.0}
"""Long: the answer to a create that is not waited for is money whose receipt is thrown away."""
_ASK = {"connect": 10.0, "write": 30.0, "read": 30.0, "pool": 30.0}
_FETCH = {"connect": 15.0, "write": 30.0, "read": 30.0, "pool": 60.0}
_CREATE_ANSWER = 180.0
_ASK_ANSWER = 60.0
"""Seconds in all until an answer has been read, however slowly it drips."""

NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
"""No byte of a request has left this machine for these: name not found, refused, TLS handshake, wait for a connection.
Everything else that can go wrong with a create leaves it unknown."""


class HttpProvider:
    """A `Provider` over HTTP. Calls may come from several threads; `close` it, or use it as a context.

    `transport` carries everything in the place of real connections. A profile with a `key_env` needs a key.
    Raises `ValueError` without one, or where the profile has no base URL yet.
    """

    def __init__(
        self,
        profile: Profile,
        key: Key | None,
        *,
        transport: httpx.BaseTransport | None = None,
        resolve: Resolve = resolve,
        clock: Clock = time.monotonic,
    ) -> None:
        if profile.base_url is None:
            raise ValueError(f"`{profile.name}` has no base URL")
        if profile.key_env is not None and key is None:
            raise ValueError(f"`{profile.name}` needs the key in `{profile.key_env}`")
        self._profile = profile
        self._base = profile.base_url
        self._key = key
        self._dialect = DIALECTS[profile.dialect]
        self._clock = clock
        self._loopback = is_loopback(urlsplit(self._base).hostname or "")
        context = _tls(self._base)
        # A create goes out on a connection of its own: one that was kept may have been closed by the other side
        # just now, and then nobody could say whether the create arrived.
        self._creates = transport or _transport(context, connections=2, keep=0)
        self._asks = transport or _transport(context, connections=8, keep=8)
        self._fetches = _Pinned(transport, loopback=self._loopback, resolve=resolve)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes every connection."""
        for transport in (self._creates, self._asks, self._fetches):
            transport.close()

    def create(self, order: Order) -> CreateAnswer:
        """Orders one clip or character. Sent once, never repeated in here."""
        try:
            request = self._request(self._dialect.create_request(order, self._profile), _CREATE)
        except (ValueError, TypeError, httpx.InvalidURL) as error:
            return Refused(Refusal.REQUEST, f"the order can't be put into a request: {_words(error)}")
        try:
            reply = self._reply(self._creates, request, _CREATE_ANSWER)
        except NEVER_SENT as error:
            return Refused(Refusal.UNREACHABLE, _words(error))
        except Exception as error:  # whatever else it was, the order may have arrived
            return Unknown(_words(error))
        return self._dialect.read_create(reply)

    def prepare(self, order: Order) -> Order | Refused:
        """Uploads what the order needs at an address of the provider's; buys nothing."""
        return order

    def poll(self, task: str, *, character: bool = False) -> PollAnswer:
        """Asks how a task is; `character` says that it makes one, and no clip."""
        try:
            reply = self._ask(self._dialect.query_request(task, self._profile, character=character))
        except Exception as error:  # a poll that went wrong, however it did, is asked again
            return Missed(_words(error))
        return self._dialect.read_query(reply, character=character)

    def newest(self, tasks: Collection[str]) -> ListAnswer:
        """Asks for the newest tasks."""
        return Missed("there is no list")

    def credits(self) -> Decimal | None:
        """The balance, `None` where the provider tells none or did not answer."""
        call = self._dialect.credits_request(self._profile)
        if call is None:
            return None
        try:
            return self._dialect.read_credits(self._ask(call))
        except Exception:  # the balance is advice
            return None

    def _ask(self, call: Call) -> Reply:
        return self._reply(self._asks, self._request(call, _ASK), _ASK_ANSWER)

    def _request(self, call: Call, timeouts: dict[str, float]) -> httpx.Request:
        url = self._base + call.path + (f"?{urlencode(call.query)}" if call.query else "")
        if not same_origin(url, self._base):
            raise ValueError("BUG: a call leaves the provider's own address")
        request = _built(call, url, timeouts)
        if self._key is not None:
            request.headers["Authorization"] = f"Bearer {self._key.reveal()}"
        return request

    def _reply(self, transport: httpx.BaseTransport, request: httpx.Request, patience: float) -> Reply:
        """Sends once and reads the answer: all of it, of a bounded size, within `patience` seconds."""
        until = self._clock() + patience
        response = transport.handle_request(request)
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

    def download(self, url: str, offset: int, etag: str | None) -> AbstractContextManager[Body]:
        """Opens the bytes of a finished clip from `offset` on, without any credentials. Raises `DownloadFailed`.

        `etag` is the one of an earlier `Body`. An answer that starts over has `offset` 0. `chunks` raises
        `DownloadFailed` when the bytes stop coming, come too slowly or end early; how many are too many is for the
        caller to say.
        """
        return self._download(url, offset if self._profile.features.range else 0, etag)

    @contextmanager
    def _download(self, url: str, offset: int, etag: str | None) -> Iterator[Body]:
        response, placed = self._open(url, offset, etag)
        try:
            etag = ranges.validator(response.headers)
            yield Body(placed.offset, placed.total, etag, self._chunks(response, placed))
        finally:
            response.close()

    def _open(self, url: str, offset: int, etag: str | None) -> tuple[httpx.Response, ranges.Placed]:
        headers = ranges.resume_headers(offset, etag)
        response = self._follow(url, headers)
        try:
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise DownloadFailed("the clip comes compressed, which was not asked for", gone=True)
            return response, ranges.place(response.status_code, response.headers, offset if headers else 0)
        except ranges.StartOver:
            response.close()
            if not headers:
                words = "the server answered with a part of the file that nobody asked for"
                raise DownloadFailed(words, gone=True) from None
            return self._open(url, 0, None)
        except BaseException:
            response.close()
            raise

    def _follow(self, url: str, headers: dict[str, str]) -> httpx.Response:
        """The answer at the end of at most `MAX_HOPS` redirects, each of which is checked like the first URL."""
        for _ in range(MAX_HOPS + 1):
            response = self._get(url, headers)
            if response.status_code not in _REDIRECTS:
                return response
            location = response.headers.get("location", "")
            response.close()
            try:
                url = urljoin(url, location)
            except ValueError:
                raise DownloadFailed("the server redirected to something that is not a URL", gone=True) from None
        raise DownloadFailed(f"the server redirected more than {MAX_HOPS} times", gone=True)

    def _get(self, url: str, headers: dict[str, str]) -> httpx.Response:
        try:
            checked = checked_download(url, loopback=self._loopback)
            request = httpx.Request("GET", checked, headers={**_COMMON, **headers}, extensions={"timeout": _FETCH})
            return self._fetches.handle_request(request)
        except (ValueError, httpx.InvalidURL) as error:
            raise DownloadFailed(str(error), gone=True) from None  # ours to refuse: no waiting makes it another URL
        except Exception as error:
            raise DownloadFailed(_words(error)) from error

    def _chunks(self, response: httpx.Response, placed: ranges.Placed) -> Iterator[bytes]:
        if placed.offset == placed.total:
            return
        done = placed.offset
        try:
            for chunk in _brisk(response.iter_raw(), self._clock):
                done += len(chunk)
                yield chunk
        except DownloadFailed:
            raise
        except Exception as error:
            raise DownloadFailed(_words(error)) from error
        if placed.total is not None and done != placed.total:
            raise DownloadFailed(f"the bytes ended at {done} of {placed.total}")


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

    def __init__(self, inner: httpx.BaseTransport | None, *, loopback: bool, resolve: Resolve) -> None:
        self._inner = inner
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
                self._made[scheme] = _transport(_tls(f"{scheme}:"), connections=32, keep=0)
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


def _brisk(chunks: Iterator[bytes], clock: Clock) -> Iterator[bytes]:
    """The same chunks, as long as they come at `SLOWEST` bytes per second or more; the reader's own time is free."""
    waited, came = 0.0, 0
    while True:
        asked = clock()
        chunk = next(chunks, None)
        waited += clock() - asked
        if chunk is None:
            return
        came += len(chunk)
        if waited >= WINDOW:
            if came < SLOWEST * waited:
                raise DownloadFailed(f"the bytes come at less than {SLOWEST / 1024:.0f} kB/s")
            waited, came = 0.0, 0
        yield chunk


def _tls(base_url: str) -> ssl.SSLContext:
    """What TLS trusts. Plain http to this machine needs no authorities, and loading them takes 40 ms."""
    if base_url.startswith("https:"):
        return httpx.create_ssl_context(trust_env=False)
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _transport(context: ssl.SSLContext, *, connections: int, keep: int) -> httpx.BaseTransport:
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=keep, keepalive_expiry=4.0)
    return httpx.HTTPTransport(verify=context, trust_env=False, http2=False, limits=limits)


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
