"""From a host's name to the addresses that may be connected to; asks the system's resolver, connects to nothing."""

from __future__ import annotations

import socket
from collections.abc import Callable

from sorapipe.providers.addresses import literal, may_connect

Resolve = Callable[[str, int], list[str]]
"""All addresses of a host; raises `OSError` where the name is not known."""

MOST = 4


def resolve(host: str, port: int) -> list[str]:
    """The system's answer, in the order in which it should be tried."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise OSError(f"`{host}` is not a host name") from None
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def addresses_of(host: str, port: int, *, loopback: bool, resolve: Resolve) -> list[str]:
    """The addresses to try for a download, at most `MOST`.

    A name that also stands for a private address is refused as a whole: it is either a trick or a mistake.
    Raises `ValueError` with words for a person, `OSError` where the name is not known.
    """
    written = literal(host)
    addresses = [str(written)] if written is not None else resolve(host, port)
    if not all(may_connect(address, loopback=loopback) for address in addresses):
        raise ValueError(f"the URL's host `{host[:100]}` is not a public address")
    if not addresses:
        raise OSError(f"`{host}` has no address")
    return addresses[:MOST]
