"""Brings one clip: a part that survives, resumed where it stopped, hashed, looked at, put in its place.

Knows no schedule and no journal; what it finds is a value.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from threading import Lock
from types import MappingProxyType

from sorapipe.clips.probe import Broken
from sorapipe.engine.board import Expected
from sorapipe.engine.messages import NotLoaded
from sorapipe.engine.seams import Clips, Look
from sorapipe.providers.base import Body, DownloadFailed, Provider
from sorapipe.state.files import Files, Handle
from sorapipe.state.renders import Renders

LARGEST = 8 << 30
"""Bytes of a clip above which it is nobody's: an endless body must not fill the disk."""
_STEP = 1 << 20
_HALF = 0.5
_NEARLY = 0.99
_LONGEST_ETAG = 1000

Progress = Callable[[int, int | None], None]
"""Called with the bytes there and the bytes in all, where these are known."""


@dataclass(frozen=True, slots=True)
class Bytes:
    """A whole file that is on the disk."""

    part: Path
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a look at a clip says. `suspicion`: why it is not the clip that was asked for; `notes` are for a person."""

    suspicion: str | None
    notes: tuple[str, ...]


class Twins:
    """Which clip bytes belong to which task, so that one clip that is sold twice is noticed, and which task belongs to
    which order (`owners`: its token), so that one task that is sold twice is. For any thread."""

    def __init__(self, known: dict[str, frozenset[str]], owners: Mapping[str, str] = MappingProxyType({})) -> None:
        self._tasks = dict(known)
        self._owners = dict(owners)
        self._lock = Lock()

    def sold(self, tasks: frozenset[str], token: str) -> str | None:
        """Says that an order has these tasks. One of them that another order had before, if any."""
        with self._lock:
            owners = {task: self._owners.setdefault(task, token) for task in sorted(tasks)}
        return next((task for task, owner in owners.items() if owner != token), None)

    def claim(self, sha256: str, tasks: frozenset[str]) -> str | None:
        """Says that a clip has these bytes. Another task that has them too, if any."""
        with self._lock:
            others = self._tasks.get(sha256, frozenset())
            self._tasks[sha256] = others | tasks
        strangers = sorted(others - tasks) if not others & tasks else []
        return strangers[0] if strangers else None


class Bringer:
    """Downloads clips. `stopped` is asked between pieces: whether to break off."""

    def __init__(self, files: Files, renders: Renders, stopped: Callable[[], bool]) -> None:
        self._files = files
        self._renders = renders
        self._stopped = stopped

    def bring(self, key: str, out: str, provider: Provider, url: str, progress: Progress) -> Bytes | NotLoaded:
        """The bytes behind `url`, whole and synced, in the part of the clip `out`. Raises `StateError`.

        A part that is there already is continued where the server says that it is still the same file, unless the
        machine was started again: of what was not synced there may be holes, at which nobody looks.
        """
        self._renders.prepare(out)
        part = self._renders.part(out)
        there = self._files.size(part) or 0
        etag = self._etag(part) if there else None
        offset = there if etag is not None else 0
        try:
            with provider.download(url, offset, etag) as body:
                self._keep_etag(part, body.etag)
                return self._read(key, part, body, progress)
        except DownloadFailed as error:
            came = (self._files.size(part) or 0) > there
            return NotLoaded(key, str(error), gone=error.gone, progress=came)

    def discard(self, out: str) -> None:
        """Throws a part away that turned out to be no clip."""
        part = self._renders.part(out)
        self._files.remove(part)
        self._files.remove(_tag(part))

    def place(self, out: str, whole: Bytes) -> str:
        """Gives the part its name, or one beside it when another file has that. The name it got."""
        self._files.remove(_tag(whole.part))  # first: the folder is synced when the part has its name
        return self._renders.place(whole.part, out, whole.sha256)

    def _read(self, key: str, part: Path, body: Body, progress: Progress) -> Bytes | NotLoaded:
        there = self._files.size(part) or 0
        if body.offset > there:
            return NotLoaded(key, "the server began behind the end of what is here", broken=True)
        handle = self._files.open(part, keep=body.offset)
        try:
            digest = hashlib.sha256() if body.offset == 0 else None
            size, problem = self._copy(key, handle, body, digest, progress)
            if problem is not None:
                return problem
            self._files.sync(handle, before="P14", after="P15")
        finally:
            self._files.close(handle)
        sha256 = digest.hexdigest() if digest is not None else self._files.digest(part)
        if sha256 is None:
            return NotLoaded(key, f"`{part}` was taken away while it was written")
        return Bytes(part, sha256, size)

    def _copy(
        self, key: str, handle: Handle, body: Body, digest: hashlib._Hash | None, progress: Progress
    ) -> tuple[int, NotLoaded | None]:
        """Writes what comes. How much is there then, and what went wrong, if anything."""
        size, told = body.offset, body.offset
        marks = _Marks(self._files.reach, body.total)
        marks.at(size)
        chunks = iter(body.chunks)
        while True:
            try:
                chunk = next(chunks, None)
            except DownloadFailed as error:
                return size, NotLoaded(key, str(error), gone=error.gone, progress=size > body.offset)
            if chunk is None:
                break
            if self._stopped():
                return size, NotLoaded(key, "interrupted", interrupted=True)
            size += len(chunk)
            if size > LARGEST:
                return size, NotLoaded(key, f"it does not end after {LARGEST >> 30} GB", broken=True)
            self._files.append(handle, chunk)
            if digest is not None:
                digest.update(chunk)
            marks.at(size)
            if size - told >= _STEP:
                told = size
                progress(size, body.total)
        if body.total is not None and size != body.total:
            short = f"{size} of {body.total} bytes came"
            return size, NotLoaded(key, short, progress=size > body.offset, broken=size > body.total)
        return size, None

    def _etag(self, part: Path) -> str | None:
        etag, _, boot = (self._files.read(_tag(part)) or b"").decode("latin-1").partition("\n")
        return etag if etag and boot == self._files.boot() else None

    def _keep_etag(self, part: Path, etag: str | None) -> None:
        """A part can only be continued when the server can be asked whether it still has the same file."""
        tag = _tag(part)
        if etag is None or etag.startswith("W/") or len(etag) > _LONGEST_ETAG:
            self._files.remove(tag)
            return
        data = f"{etag}\n{self._files.boot()}".encode("latin-1", "replace")
        if self._files.read(tag) == data:
            return
        # In this order: whatever ends us in between, a tag never stands beside the bytes of another file.
        self._files.remove(tag)
        if self._files.size(part):
            self._files.close(self._files.open(part, keep=0))
        handle = self._files.open(tag, keep=0)
        try:
            self._files.append(handle, data)
        finally:
            self._files.close(handle)


class _Marks:
    """Passes the three points of a download: nothing here yet, half, nearly all."""

    def __init__(self, reach: Callable[[str], None], total: int | None) -> None:
        self._reach = reach
        self._total = total
        self._left = ["P13a", "P13b", "P13c"]
        self._bounds = [0.0, _HALF, _NEARLY]

    def at(self, size: int) -> None:
        while self._left and (self._bounds[0] == 0 or (self._total and size >= self._bounds[0] * self._total)):
            self._bounds.pop(0)
            self._reach(self._left.pop(0))


def judge(clips: Clips, path: Path, expected: Expected, tasks: frozenset[str]) -> Judgement:
    """Looks into a clip and compares it with what was asked for. Raises `clips.probe.Broken`."""
    look = clips.probe(path)
    if look.task is not None and look.task not in tasks:
        return Judgement(f"the file names another task, `{look.task}`", ())
    seconds = Decimal(str(look.seconds))
    if expected.seconds is not None and abs(seconds - expected.seconds) > expected.within:
        return Judgement(f"it is {seconds:.2f} s long, not {expected.seconds} s", ())
    return _sizes(look, expected.size)


def _sizes(look: Look, wanted: str | None) -> Judgement:
    if wanted is None:
        return Judgement(None, ())
    width, _, height = wanted.partition("x")
    found = f"{look.width}x{look.height}"
    if _shape(look.width, look.height) != _shape(int(width), int(height)):
        return Judgement(f"it is {found}, not {wanted}: another orientation", ())
    return Judgement(None, () if found == wanted else (f"it is {found}, not {wanted}",))


def _shape(width: int, height: int) -> int:
    return (width > height) - (width < height)


def _tag(part: Path) -> Path:
    """Where the server's name for the content of a part is kept."""
    return part.with_suffix(".etag")


__all__ = ["Bringer", "Broken", "Bytes", "Judgement", "Twins", "judge"]
