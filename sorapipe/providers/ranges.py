"""Resuming a download: which headers ask for the rest, and where the bytes of an answer belong; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sorapipe.providers.base import DownloadFailed

_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_UNSATISFIED = re.compile(r"bytes \*/(\d{1,18})")
_LENGTH = re.compile(r"\d{1,18}")
_STRONG = re.compile(r'"[\x21\x23-\x7e]{0,200}"')
_DATE = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT")
_GONE = frozenset({403, 404, 410})


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the first byte of an answer belongs, and the size of the whole where it is told."""

    offset: int
    total: int | None


class StartOver(Exception):
    """The server can't give the rest of this file: ask for the whole."""


def resume_headers(offset: int, validator: str | None) -> dict[str, str]:
    """The headers that ask for the bytes from `offset` on, or for all when the file has changed since.

    Without a validator nothing says that it is still the same file, so all of it is asked for.
    """
    if offset <= 0 or validator is None or not (_STRONG.fullmatch(validator) or _DATE.fullmatch(validator)):
        return {}
    return {"Range": f"bytes={offset}-", "If-Range": validator}


def validator(headers: Mapping[str, str]) -> str | None:
    """What names this version of the file: its strong ETag, else the date of its last change."""
    etag, changed = headers.get("etag", ""), headers.get("last-modified", "")
    if _STRONG.fullmatch(etag):
        return etag
    return changed if _DATE.fullmatch(changed) else None


def place(status: int, headers: Mapping[str, str], offset: int) -> Placed:
    """Where the bytes of an answer belong that was asked for from `offset` on.

    Raises `StartOver`, or `DownloadFailed` for answers that hold none of the bytes.
    """
    if status == 200:  # noqa: PLR2004
        length = headers.get("content-length", "")
        return Placed(0, int(length) if _LENGTH.fullmatch(length) else None)
    if status == 206:  # noqa: PLR2004
        return _partial(headers, offset)
    if status == 416 and offset:  # noqa: PLR2004
        return _beyond(headers, offset)
    raise DownloadFailed(f"the server answered HTTP {status}", gone=status in _GONE)


def _partial(headers: Mapping[str, str], offset: int) -> Placed:
    match = _RANGE.fullmatch(headers.get("content-range", "").strip())
    if match is None:
        raise DownloadFailed("the server answered with a part of the file and did not say which")
    if not offset or int(match[1]) != offset:
        raise StartOver
    return Placed(offset, None if match[3] == "*" else int(match[3]))


def _beyond(headers: Mapping[str, str], offset: int) -> Placed:
    """Nothing lies behind `offset`: either the file is already whole, or it is another one."""
    match = _UNSATISFIED.fullmatch(headers.get("content-range", "").strip())
    if match is None or int(match[1]) != offset:
        raise StartOver
    return Placed(offset, offset)
