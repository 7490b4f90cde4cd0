"""Reads clips whole for their sha256, several at once, with a line for whoever looks on; knows not what for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from sorapipe.views.words import amount_of_bytes, count

if TYPE_CHECKING:
    from sorapipe.cli.production import Production
    from sorapipe.planning.elsewhere import Elsewhere
    from sorapipe.planning.levels import Read
    from sorapipe.state.renders import Renders

_AT_ONCE = 4
_QUIET = 0.3
"""Seconds between two lines of progress, and before the first."""

Progress = Callable[[int, int], None]
"""Called with how many are finished and how many bytes they have."""


def digests(
    renders: Renders, clips: Mapping[str, str | None], sizes: Mapping[str, int], doing: str = "reading"
) -> dict[str, str | None]:
    """The sha256 of files by any keys, `None` where there is none. `sizes` are known sizes by path, for the progress.

    Raises `StateError` for a file that can't be read.
    """
    from concurrent.futures import ThreadPoolExecutor

    with progress(doing, len(clips)) as tell, ThreadPoolExecutor(min(_AT_ONCE, os.cpu_count() or 1)) as readers:
        keys = list(clips)
        found: dict[str, str | None] = {}
        done = 0
        for key, sha256 in zip(keys, readers.map(lambda key: _one(renders, clips[key]), keys), strict=True):
            found[key] = sha256
            done += sizes.get(clips[key] or "", 0)
            tell(len(found), done)
    return found


def _one(renders: Renders, out: str | None) -> str | None:
    return None if out is None else renders.digest(out)


@contextmanager
def progress(doing: str, total: int) -> Iterator[Progress]:
    """A line on standard error that is written over again, where that is a terminal; nothing elsewhere."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda _done, _size: None
        return
    began = last = monotonic()
    shown = False

    def tell(done: int, size: int) -> None:
        nonlocal last, shown
        now = monotonic()
        if now - last >= _QUIET and now > began:
            last, shown = now, True
            text = f"{doing} {done:,} of {count(total, 'clip')} · {amount_of_bytes(size)}"
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        if shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def read_film(production: Production, addresses: Collection[str] | None) -> tuple[Read, int]:
    """What lies in the places of the film's clips, every byte read; and how many bytes these were."""
    from sorapipe.planning.keeping import elsewhere
    from sorapipe.planning.levels import Read, in_film

    inventory = production.inventory
    clips: dict[str, str | None] = {}
    kept: dict[str, Elsewhere] = {}
    sizes: dict[str, int] = {}
    for it, attempt, out in in_film(production.outlook, addresses):
        keeper = elsewhere(it, attempt, inventory)
        size = inventory.get(out or "")
        if keeper is not None:
            kept[attempt.token] = keeper
        else:
            clips[attempt.token] = out
            if out is not None and isinstance(size, int):
                sizes[out] = size
    found = digests(production.workspace.clips, clips, sizes, "verifying")
    return Read(found, kept), sum(sizes.values())
