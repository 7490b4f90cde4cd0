"""The shelf of finished clips: made in the background, kept beside the books; knows no HTTP and no money."""

from __future__ import annotations

import hashlib
import logging
import queue
import threading
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path

from sorapipe.simulator.catalogue import Wish
from sorapipe.simulator.files import Clip
from sorapipe.simulator.pictures import Pictures

_WORKERS = 2
_PLACEHOLDER = "task_" + "0" * 24
_CANNED = "A canned clip: the same for every task, but for its id"
_STAND_IN = "Somebody else's clip, from quite another prompt"
# Part of the names of cached clips: a new number where old ones must not be shown any more.
_LOOK = "3"

log = logging.getLogger(__name__)


class Shelf:
    """Makes clips with a few threads and hands them out.

    `rendered` is told the task when its clip is there. `real` clips are one file each; `canned` ones are one encode per
    size and length, of which each task gets a copy with its own id in the comment tag.
    """

    def __init__(self, folder: Path, pictures: Pictures, *, canned: bool, rendered: Callable[[str], None]) -> None:
        self._folder = folder
        self._pictures = pictures
        self._canned = canned
        self._rendered = rendered
        self._lock = threading.Lock()
        self._waiting: dict[str, threading.Event] = {}
        self._queue: queue.SimpleQueue[tuple[str, Wish]] = queue.SimpleQueue()
        self._known: dict[str, Clip] = {}
        self._bases: dict[tuple[int, int, int, str], tuple[bytes, int, str]] = {}
        self._base_lock = threading.Lock()
        self._threads = 0

    def instant(self) -> bool:
        """Canned clips are there at once."""
        return self._canned

    def begin(self, task: str, wish: Wish) -> None:
        """Has the clip made in the background; asking again changes nothing."""
        if self._canned:
            return
        self._order(task, wish)

    def _order(self, task: str, wish: Wish) -> threading.Event:
        with self._lock:
            if task in self._waiting:
                return self._waiting[task]
            event = self._waiting[task] = threading.Event()
            if self._threads < _WORKERS:
                self._threads += 1
                threading.Thread(target=self._work, name=f"clips-{self._threads}", daemon=True).start()
        self._queue.put((task, wish))
        return event

    def ready(self, task: str, wish: Wish) -> Clip | None:
        """The clip if it can be had without waiting."""
        known = self._known.get(task)
        if known is None and self._canned and not self._path(task).exists():
            base = self._bases.get((wish.width, wish.height, wish.seconds, _CANNED))
            return _copy(task, *base) if base else None
        return known

    def clip(self, task: str, wish: Wish) -> Clip:
        """The clip of a finished task; waits for it, and makes it again where the file is gone. Raises OSError."""
        path = self._path(task)
        if self._canned and not path.exists():
            return _copy(task, *self._base(wish))
        while not path.exists():
            self._order(task, wish).wait()
            if not path.exists():
                raise OSError(f"the clip of {task} could not be made")
        data = path.read_bytes()
        clip = Clip(path, len(data), _etag(data), formatdate(path.stat().st_mtime, usegmt=True))
        self._known[task] = clip
        return clip

    def known(self, task: str, wish: Wish, *, canned: bool) -> Clip | None:
        """The clip as it was or would be sent, where it need not be rendered for that."""
        if self._path(task).exists():
            return self.clip(task, wish)
        cached = self._folder / "cache" / f"canned-{_LOOK}-{wish.width}x{wish.height}-{wish.seconds}.mp4"
        return _copy(task, *self._base(wish)) if canned and cached.exists() else None

    def _path(self, task: str) -> Path:
        return self._folder / "clips" / f"{task}.mp4"

    def _work(self) -> None:
        while True:
            task, wish = self._queue.get()
            try:
                self._make(self._path(task), task, wish)
                self._rendered(task)
            except Exception:
                log.exception("the clip of %s could not be made", task)
            finally:
                with self._lock:
                    self._waiting.pop(task).set()

    def _make(self, path: Path, task: str, wish: Wish) -> None:
        if path.exists():
            return
        from sorapipe.simulator.render import render_clip

        reference = self._pictures.path(wish.reference) if wish.reference else None
        render_clip(path, wish, task, reference, self._folder / "cache")

    def stand_in(self, task: str, wish: Wish) -> Clip:
        """A clip of that size and length with another picture than the task's own. Raises OSError."""
        return _copy(task, *self._base(wish, _STAND_IN))

    def _base(self, wish: Wish, words: str = _CANNED) -> tuple[bytes, int, str]:
        key = (wish.width, wish.height, wish.seconds, words)
        with self._base_lock:
            if key not in self._bases:
                name = "canned" if words == _CANNED else "other"
                path = self._folder / "cache" / f"{name}-{_LOOK}-{wish.width}x{wish.height}-{wish.seconds}.mp4"
                if not path.exists():
                    from sorapipe.simulator.render import render_still

                    plain = Wish(wish.dialect, wish.model, words, wish.seconds, wish.width, wish.height)
                    render_still(path, plain, _PLACEHOLDER, self._folder / "cache")
                data = path.read_bytes()
                place = data.index(f"task={_PLACEHOLDER}".encode()) + len("task=")
                self._bases[key] = (data, place, formatdate(path.stat().st_mtime, usegmt=True))
        return self._bases[key]


def _copy(task: str, data: bytes, place: int, made: str) -> Clip:
    name = task.encode()
    if len(name) != len(_PLACEHOLDER):
        raise ValueError(f"BUG: {task} is not as long as the placeholder")
    mine = data[:place] + name + data[place + len(name) :]
    return Clip(mine, len(mine), f'"{hashlib.sha256(name).hexdigest()[:24]}-{len(mine):x}"', made)


def _etag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'
