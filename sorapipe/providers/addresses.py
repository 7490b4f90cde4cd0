"""Which URLs and network addresses may be talked to; pure rules, opens no socket and knows no HTTP library."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

MAX_URL = 8192

_VISIBLE = re.compile(r"[\x21-\x5b\x5d-\x7e]+")
"""Printable ASCII but the backslash, which parsers of URLs disagree about."""

_NAT64 = IPv6Network("64:ff9b::/96")


def checked_base_url(text: str) -> str:
    """A provider's base URL without a slash at its end.

    Raises `ValueError` with words that fit after "base_url ": a key must only ever go to https or to this machine.
    """
    parts = _split(text)
    if parts.scheme not in {"http", "https"}:
        raise ValueError("must begin with `https://`")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or password: the key comes from the variable in `key_env`")
    if "?" in text or "#" in text:
        raise ValueError("must end with its path: no `?` and no `#`")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("must be `https://`: `http://` is only for this machine (`localhost`, `127.0.0.1`, `[::1]`)")
    return text.rstrip("/")


def checked_download(url: str, *, loopback: bool) -> str:
    """The URL of a finished clip, or of one hop on the way to it, without its fragment.

    `loopback` says that clips may be on this machine, over http too. Raises `ValueError` with words for a person.
    Names are not resolved here: what they stand for is checked by `may_connect`.
    """
    parts = _split(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError("the URL holds a user name or password")
    here = is_loopback(parts.hostname or "")
    if here and not loopback:
        raise ValueError("the URL points to this machine")
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        raise ValueError("the URL is not `https://`")
    return url.partition("#")[0]


def _split(text: str) -> SplitResult:
    if len(text) > MAX_URL:
        raise ValueError("is not a URL: it is too long")
    if not _VISIBLE.fullmatch(text):
        raise ValueError("is not a URL: it holds blanks, control characters, backslashes or letters outside ASCII")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if not parts.hostname or port == 0:
        raise ValueError("is not a URL with a host")
    return parts


def is_loopback(host: str) -> bool:
    """Whether a host, as written, is this machine."""
    if host.lower().rstrip(".") == "localhost":
        return True
    address = literal(host)
    return address is not None and _inner(address).is_loopback


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address when a host is written as one, `None` for names."""
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def may_connect(address: str, *, loopback: bool) -> bool:
    """Whether bytes may be fetched from a resolved address: public ones, and this machine where `loopback` says so."""
    parsed = literal(address)
    if parsed is None:
        return False
    inner = _inner(parsed)
    if inner.is_loopback:
        return loopback
    return inner.is_global and not inner.is_multicast


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address inside an IPv6 one: what a tunnel or translator would really talk to."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour or address


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs have the same scheme, host and port."""
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or ""), parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def own_path(url: str, base: str) -> str | None:
    """What follows a base URL in a URL of the same origin, from its slash on; `None` for every other URL.

    Only a plain URL counts: none with a user name, a query or a fragment, and none that parsers could read twice.
    """
    if len(url) > MAX_URL or not _VISIBLE.fullmatch(url) or set("?#@") & set(url):
        return None
    try:
        same, path, root = same_origin(url, base), urlsplit(url).path, urlsplit(base).path
    except ValueError:
        return None
    return path.removeprefix(root) if same and path.startswith(f"{root}/") else None
