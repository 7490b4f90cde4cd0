"""One clip into a store or out of it: every byte against its sha256, nothing written over; knows no shots."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from sorapipe.state.disk import pieces
from sorapipe.state.files import Files, StateError
from sorapipe.state.renders import Renders
from sorapipe.state.store import Store

LARGEST = 8 << 30
"""Bytes of a clip whose size nobody knows, above which it is nobody's."""

Look = Callable[[Path], None]
"""Looks into a clip. Raises `Wrong` for one that is not whole."""
Stopped = Callable[[], bool]
"""Whether to break off; asked between pieces."""


class Wrong(Exception):
    """A clip is not what it should be; nothing of it was kept. The text says why."""


class BrokenOff(Exception):
    """Somebody wants to leave."""


def push(renders: Renders, store: Store, out: str, sha256: str, stopped: Stopped) -> None:
    """Copies a clip into a store that does not have it. Raises `Wrong`, `BrokenOff`, `StateError`, `StoreError`."""
    if renders.digest(out) != sha256:
        raise Wrong("the file here is another one than the lock says")
    path = renders.path(out)
    store.write(sha256, _watched(pieces(path), sha256, stopped))


def _watched(data: Iterator[bytes], sha256: str, stopped: Stopped) -> Iterator[bytes]:
    """The same bytes; at their end it is known that they are the right ones."""
    digest = hashlib.sha256()
    for piece in data:
        if stopped():
            raise BrokenOff
        digest.update(piece)
        yield piece
    if digest.hexdigest() != sha256:
        raise Wrong("the file was changed while it was read")


def pull(  # noqa: PLR0913, PLR0917 - what, whence, where to, and who looks at it
    files: Files, renders: Renders, store: Store, out: str, sha256: str, size: int | None, look: Look, stopped: Stopped
) -> str:
    """Brings a clip out of a store and gives it its name, or one beside it where another file has that. The name.

    Raises `Wrong` for other bytes than the lock's and for what is no clip, `BrokenOff`, `StateError`, `StoreError`.
    """
    part = renders.arriving(out)
    renders.prepare(out)
    digest, came, most = hashlib.sha256(), 0, LARGEST if size is None else size
    try:
        handle = files.open(part, keep=0)
        try:
            for piece in store.read(sha256):
                if stopped():
                    raise BrokenOff
                came += len(piece)
                if came > most:
                    break
                files.append(handle, piece)
                digest.update(piece)
            files.sync(handle)
        finally:
            files.close(handle)
        if came > most or digest.hexdigest() != sha256:
            raise Wrong(f"`{store.shown}` has other bytes under {sha256[:8]}…; they were refused")
        look(part)
        return renders.place(part, out, sha256)
    except BaseException:
        with suppress(StateError):  # the first error is the one to tell
            files.remove(part)
        raise
