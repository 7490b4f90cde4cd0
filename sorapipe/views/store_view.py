"""What was moved into a store or out of it, for people and as data; moves nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sorapipe.planning.stock import Clip
from sorapipe.storyboard.diagnostics import escape
from sorapipe.views.folding import folded
from sorapipe.views.page import Page
from sorapipe.views.words import amount_of_bytes, count, listing


@dataclass(frozen=True, slots=True)
class Moved:
    """`moved` were copied, `there` were at their end already, `absent` are at neither end, and so are `spare` ones,
    which no run would ask for; `wrong` are refused, with the reason. `store` is how the store is called. `beside` are
    clips that got another name, by their usual one."""

    store: str
    moved: Sequence[Clip]
    there: Sequence[Clip]
    absent: Sequence[Clip]
    wrong: Mapping[Clip, str]
    beside: Mapping[str, str]
    spare: Sequence[Clip] = ()

    @property
    def size(self) -> int:
        """The bytes of what was copied."""
        return _bytes(self.moved)


def push_text(moved: Moved, page: Page) -> str:
    """What is in the store now."""
    store = escape(moved.store)
    lines = _wrong(moved, page)
    if moved.moved:
        lines.append(f"{_clips(moved.moved)} copied into {store}{_also(moved.there, 'there already')}")
    elif moved.there:
        lines.append(f"every clip that is here is in {store}: {_clips(moved.there)}")
    elif not moved.wrong:
        lines.append(f"nothing to push: no clip is here or in {store}")
    return "\n".join([*lines, *_lost("neither here nor there", moved, page)]) + "\n"


def pull_text(moved: Moved, page: Page) -> str:
    """What is here now."""
    store = escape(moved.store)
    lines = _wrong(moved, page)
    lines += [
        f"  note: another file is called `{escape(page.path(old))}`; it was left alone and this clip is "
        f"`{escape(page.path(new))}`"
        for old, new in moved.beside.items()
    ]
    if moved.moved:
        lines.append(f"{_clips(moved.moved)} brought from {store}{_also(moved.there, 'here already')}")
    elif not moved.wrong and not moved.absent:
        every = "every clip that is needed" if moved.spare else "every clip of the lock"
        lines.append(f"nothing to bring: {every} is here{_also(moved.there, 'in all', ' · ')}")
    return "\n".join([*lines, *_lost(f"not in {store}", moved, page)]) + "\n"


def moved_data(moved: Moved, verb: str) -> dict[str, object]:
    """The same as data: `{v, store, pushed|pulled, already, absent, wrong, bytes}`, the takes by name."""
    return {
        "v": 1,
        "store": escape(moved.store),
        verb: [_data(clip) for clip in moved.moved],
        "bytes": moved.size,
        "already": len(moved.there),
        "absent": [_data(clip) for clip in moved.absent],
        "spare": [_data(clip) for clip in moved.spare],
        "wrong": [_data(clip) | {"why": escape(why)} for clip, why in moved.wrong.items()],
    }


def _data(clip: Clip) -> dict[str, object]:
    return {
        "take": escape(clip.name),
        "address": clip.attempt.address,
        "sha256": clip.attempt.sha256,
        "bytes": clip.attempt.size,
        "file": escape(clip.attempt.out) if clip.attempt.out else None,
    }


def _wrong(moved: Moved, page: Page) -> list[str]:
    width = max((len(escape(clip.name)) for clip in moved.wrong), default=0)
    rows = [
        f"  {page.paint('✗', 'red')} {escape(clip.name):{width}}  {folded(escape(why), page.prose, width + 6)}"
        for clip, why in moved.wrong.items()
    ]
    return [*rows, ""] if rows else []


def _lost(where: str, moved: Moved, page: Page) -> list[str]:
    """What is not to be had, and what brings it."""
    lines = [folded(f"{where}, and not needed: {_names(moved.spare)}", page.prose, 0)] if moved.spare else []
    if not moved.absent:
        return lines
    commands = [clip.keeper.command if clip.keeper else page.command("sorapipe fetch") for clip in moved.absent]
    brings = [f"next: {command}" for command in dict.fromkeys(commands)]
    return [*lines, folded(f"{where}: {_names(moved.absent)}", page.prose, 0), "", *brings]


def _names(clips: Sequence[Clip]) -> str:
    return escape(listing([clip.name for clip in clips]))


def _clips(clips: Sequence[Clip]) -> str:
    return f"{count(len(clips), 'clip')} ({amount_of_bytes(_bytes(clips))})"


def _also(clips: Sequence[Clip], where: str, lead: str = " · ") -> str:
    return f"{lead}{count(len(clips), 'clip')} {where}" if clips else ""


def _bytes(clips: Sequence[Clip]) -> int:
    return sum(clip.attempt.size or 0 for clip in clips)
