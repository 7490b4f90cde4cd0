"""Moves many clips at once, between here and a store; each ends well, wrong or not at all, and breaks off together."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from threading import Event
from typing import TYPE_CHECKING, TypeVar

from sorapipe.cli.clips_read import progress
from sorapipe.planning.stock import Clip
from sorapipe.state.transfer import Stopped, Wrong

if TYPE_CHECKING:
    from pathlib import Path

_AT_ONCE = 4
T = TypeVar("T")


def move(clips: Sequence[Clip], one: Callable[[Clip, Stopped], T], doing: str) -> dict[Clip, T | Wrong]:
    """Carries `one` out for each clip, some at once. What became of each; any other error ends all of them."""
    found: dict[Clip, T | Wrong] = {}
    leave = Event()
    size = 0
    with progress(doing, len(clips)) as tell, ThreadPoolExecutor(min(_AT_ONCE, (os.cpu_count() or 1) + 2)) as movers:
        waiting = {movers.submit(one, clip, leave.is_set): clip for clip in clips}
        try:
            for done in as_completed(waiting):
                clip = waiting[done]
                try:
                    found[clip] = done.result()
                except Wrong as wrong:
                    found[clip] = wrong
                size += clip.attempt.size or 0
                tell(len(found), size)
        except BaseException:
            leave.set()
            for other in waiting:
                other.cancel()
            raise
    return found


def look_into(path: Path) -> None:
    """Looks into a clip. Raises `Wrong` for one that is not whole."""
    from sorapipe.clips.probe import Broken, probe

    try:
        probe(path)
    except Broken as error:
        raise Wrong(f"the clip is not right: {error}") from error
