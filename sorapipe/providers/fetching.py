"""Opens a clip's bytes and watches them come, whether they lie anywhere or at the provider; knows no dialect.

What lies at the provider wants the key, and only the first question there carries it: wherever that answer leads,
the way is gone without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sorapipe.providers import ranges
from sorapipe.providers.answers import Unreadable, is_html, message_of, parse
from sorapipe.providers.base import Body, DownloadFailed
from sorapipe.providers.http import MAX_HOPS, REDIRECTS, Clock, Opened, Wire, redirected
from sorapipe.providers.objects import clip_url

SLOWEST = 4096.0
"""Bytes per second below which a download is given up, looked at every `WINDOW` seconds of waiting."""
WINDOW = 30.0

_NOT_YET = frozenset({202, 400, 404, 409, 422, 425})
_KEY_REFUSED = frozenset({401, 403})

Open = Callable[[Mapping[str, str]], Opened]
"""Opens the bytes with these headers. Raises `DownloadFailed`."""


@contextmanager
def body(opening: Open, offset: int, etag: str | None, clock: Clock) -> Iterator[Body]:
    """The bytes from `offset` on, or all of them where the rest can't be had. Raises `DownloadFailed`."""
    opened, placed = _placed(opening, offset, etag)
    try:
        yield Body(placed.offset, placed.total, ranges.validator(opened.headers), _chunks(opened, placed, clock))
    finally:
        opened.close()


def _placed(opening: Open, offset: int, etag: str | None) -> tuple[Opened, ranges.Placed]:
    headers = ranges.resume_headers(offset, etag)
    opened = opening(headers)
    try:
        _plain(opened)
        return opened, ranges.place(opened.status, opened.headers, offset if headers else 0)
    except ranges.StartOver:
        opened.close()
        if not headers:
            words = "the server answered with a part of the file that nobody asked for"
            raise DownloadFailed(words, gone=True) from None
        return _placed(opening, 0, None)
    except BaseException:
        opened.close()
        raise


def _plain(opened: Opened) -> None:
    if opened.headers.get("content-encoding", "identity").lower() != "identity":
        raise DownloadFailed("the clip comes compressed, which was not asked for", gone=True)


def _chunks(opened: Opened, placed: ranges.Placed, clock: Clock) -> Iterator[bytes]:
    if placed.offset == placed.total:
        return
    done = placed.offset
    for chunk in _brisk(opened.chunks, clock):
        done += len(chunk)
        yield chunk
    if placed.total is not None and done != placed.total:
        raise DownloadFailed(f"the bytes ended at {done} of {placed.total}")


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


# What lies at the provider.


def open_content(wire: Wire, url: str, path: str, headers: Mapping[str, str]) -> Opened:
    """Opens the bytes at a `path` of the provider's, which may answer with them, or with where they are.

    `url` is the same place in full. Raises `DownloadFailed`; one that is not `gone` may be there later.
    """
    opened = wire.open(path, headers)
    try:
        if opened.status in REDIRECTS:
            elsewhere = redirected(url, opened.headers)
        elif _holds_bytes(wire, opened):
            return opened
        else:
            elsewhere = _named(wire, opened)
    except BaseException:
        opened.close()
        raise
    opened.close()
    return wire.fetch(elsewhere, headers, MAX_HOPS - 1)


def _holds_bytes(wire: Wire, opened: Opened) -> bool:
    """Whether the answer is a file (or a question of ranges), and not words. Raises `DownloadFailed` for refusals."""
    if opened.status in _KEY_REFUSED:
        words = f"the provider does not give the clip to this key ({_said(wire, opened)})"
        raise DownloadFailed(words, gone=opened.status == 403)  # noqa: PLR2004
    if opened.status in _NOT_YET:
        raise DownloadFailed(f"the clip is not there yet ({_said(wire, opened)})")
    kind = opened.headers.get("content-type", "").partition(";")[0].strip().lower()
    if opened.status != 200 or not (kind.startswith("text/") or kind.endswith(("/json", "+json"))):  # noqa: PLR2004
        return True
    _plain(opened)
    return False


def _said(wire: Wire, opened: Opened) -> str:
    """The answer's status, with its own words where it has any."""
    try:
        answer = parse(wire.rest(opened))
    except (Unreadable, DownloadFailed):
        answer = None
    words = message_of(answer) if isinstance(answer, dict) else None
    return f"HTTP {opened.status}: {words[:300]}" if words else f"HTTP {opened.status}"


def _named(wire: Wire, opened: Opened) -> str:
    """The address in an answer of words. Raises `DownloadFailed` where it names none."""
    text = wire.rest(opened)
    try:
        answer = parse(text)
    except Unreadable:
        words = "a web page" if is_html(text) else "text"
        raise DownloadFailed(f"the provider answered with {words} in the clip's place", gone=True) from None
    url = clip_url(answer) if isinstance(answer, dict) else None
    if url is not None:
        return url
    said = message_of(answer) if isinstance(answer, dict) else None
    raise DownloadFailed(f"the clip is not there yet ({said[:300]})" if said else "the clip is not there yet")
