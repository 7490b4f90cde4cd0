"""Bounds of a finished storyboard, and warnings about what it asks for; knows no files, templates or providers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from sorapipe.storyboard.desk import Desk
from sorapipe.storyboard.diagnostics import Related
from sorapipe.storyboard.model import Address, FrameOf, Request, Shot

LONGEST_STEM = 200
"""Characters of the beginning of a clip's file name: what is put behind it must fit into the 255 of a disk."""


def bounds(desk: Desk, shots: Sequence[Shot], most_takes: int) -> None:
    """What could be paid for and then have no place, or was surely not meant."""
    takes = 0
    for shot in shots:
        takes += shot.takes
        if len(shot.address.stem) > LONGEST_STEM and desk.first("long name", shot.address.shot):
            message = f"the clips of `{shot.address.shot}` would have file names of more than {LONGEST_STEM} characters"
            desk.error("long-name", message, shot.origin.place("matrix"), "shorter words, or fewer axes")
    if takes > most_takes:
        message = f"the storyboard asks for {takes:,} takes, more than {most_takes:,}"
        desk.error("too-many-takes", message, None, "fewer `takes`, or several storyboards")


def check(desk: Desk, shots: Sequence[Shot], film_axes: Iterable[str]) -> None:
    """Everything that is allowed and probably not meant."""
    by_shot: dict[str, list[Shot]] = {}
    for shot in shots:
        if shot.address.cell and shot.request is not None:
            by_shot.setdefault(shot.address.shot, []).append(shot)
    idle = {name for name, cells in by_shot.items() if _idle_axes(desk, cells, frozenset(film_axes))}
    _same_requests(desk, shots, idle)
    _late_frames(desk, shots)


def _idle_axes(desk: Desk, cells: Sequence[Shot], film_axes: frozenset[str]) -> bool:
    """Whether an axis changes nothing that is sent."""
    found = False
    for axis, _ in cells[0].address.cell:
        groups: dict[tuple[tuple[str, str], ...], list[Request | None]] = {}
        for shot in cells:
            rest = tuple(pair for pair in shot.address.cell if pair[0] != axis)
            groups.setdefault(rest, []).append(shot.request)
        if all(len(group) > 1 and all(other == group[0] for other in group) for group in groups.values()):
            _idle(desk, cells, axis, axis in film_axes)
            found = True
    return found


def _idle(desk: Desk, cells: Sequence[Shot], axis: str, of_film: bool) -> None:
    shot = cells[0]
    span = shot.origin.place(f"matrix.{axis}") if not of_film else shot.origin.place()
    hint = f"write `matrix: {{{axis}: null}}`" if of_film else f"use `{{{{ matrix.{axis} }}}}`, or take the axis out"
    message = f"axis `{axis}` changes nothing that is sent for `{shot.address.shot}`: {len(cells)} equal requests"
    desk.warning("idle-axis", message, span, hint)


def _same_requests(desk: Desk, shots: Sequence[Shot], idle: set[str]) -> None:
    """By prompt first: most prompts differ, and a whole request takes long to hash."""
    first: dict[str, Shot] = {}
    groups: dict[Request, list[Shot]] = {}
    for shot in shots:
        request = shot.request
        if request is None or shot.frozen or shot.address.shot in idle:
            continue
        other = first.setdefault(request.prompt, shot)
        if other is not shot and other.request is not None:
            groups.setdefault(other.request, [other])
            groups.setdefault(request, []).append(shot)
    for same in groups.values():
        if len(same) > 1:
            _same(desk, same)


def _same(desk: Desk, shots: Sequence[Shot]) -> None:
    one, other = shots[0], shots[1]
    rest = f", and so have {len(shots) - 2} more" if len(shots) > 2 else ""  # noqa: PLR2004 (one and the other)
    message = f"`{other.label}` has the same request as `{one.label}`{rest}: each is a purchase of its own"
    hint = f"to show the clip again for nothing, write `clip: {one.label}`"
    related = [Related(one.origin.place(), f"`{one.label}` is here")]
    desk.warning("same-request", message, other.origin.place(), hint, related)


def _late_frames(desk: Desk, shots: Sequence[Shot]) -> None:
    """A frame that lies behind the cut doesn't join."""
    trimmed: dict[Address, Shot] = {shot.address: shot for shot in shots if shot.use.end is not None}
    if not trimmed:
        return
    for shot in shots:
        request = shot.request
        if request is None:
            continue
        field = "continues" if shot.origin.place("continues") != shot.origin.place() else "input_reference"
        for name, picture in ((field, request.input_reference), ("last_frame", request.last_frame)):
            if isinstance(picture, FrameOf) and picture.address in trimmed:
                _late(desk, shot, name, picture, trimmed[picture.address])


def _late(desk: Desk, shot: Shot, field: str, frame: FrameOf, parent: Shot) -> None:
    out = parent.use.end
    length = parent.request.seconds if parent.request is not None else None
    at = frame.at if frame.at is not None else Decimal(length) if length is not None else None
    if out is None or (at is not None and at <= out):
        return
    taken = f"the frame at {frame.at} s" if frame.at is not None else "the last frame"
    message = f"{taken} of `{parent.label}` lies behind its `use.out` ({out}): the film cuts before it"
    related = [Related(parent.origin.place("use.out"), "`out` is here")]
    hint = f"take the frame at the cut: `{field}: {{shot: {parent.label}, at: {out}}}`"
    desk.warning("late-frame", message, shot.origin.place(field), hint, related)
