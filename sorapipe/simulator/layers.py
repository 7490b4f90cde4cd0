"""Sheets of colour that slide over each other, as in an animation stand; knows neither scenes nor encoders.

A picture is kept as YUV 4:2:0 planes from the start, so that a frame costs a few pastes and no conversion.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from sorapipe.simulator.encode import Planes
from sorapipe.simulator.mood import Colour

# BT.709, limited range, as rows of a Pillow matrix.
_MATRIX = (
    (0.1826, 0.6142, 0.0620, 16.0),
    (-0.1006, -0.3386, 0.4392, 128.0),
    (0.4392, -0.3989, -0.0403, 128.0),
)


def planes(picture: Image.Image) -> Planes:
    """An RGB picture of even size as planes."""
    y, u, v = picture.convert("RGB").convert("RGB", tuple(number for row in _MATRIX for number in row)).split()
    return Planes(y, u.reduce(2), v.reduce(2))


def tint(colour: Colour) -> tuple[int, int, int]:
    """A colour as Y, U and V."""
    y, u, v = (
        round(sum(part * share for part, share in zip(colour, row[:3], strict=True)) + row[3]) for row in _MATRIX
    )
    return y, u, v


@dataclass(frozen=True, slots=True)
class Motion:
    """Where a sheet is at a time: it drifts in pixels a second and bobs by `swing` pixels in `period` seconds."""

    across: float = 0.0
    down: float = 0.0
    swing: float = 0.0
    period: float = 4.0
    phase: float = 0.0

    def at(self, seconds: float) -> tuple[int, int]:
        """Offset in whole even pixels, so that colour and brightness stay together."""
        bob = self.swing * math.sin(2 * math.pi * (seconds / self.period + self.phase))
        return round(self.across * seconds / 2) * 2, round((self.down * seconds + bob) / 2) * 2


STILL = Motion()


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a sheet is seen. A strip wraps after `loop` pixels (across, down; 0 where it doesn't slide): its
    mask is laid twice. `view` is the size of the part, the whole where none is named; `light` changes brightness alone.
    """

    loop: tuple[int, int] = (0, 0)
    view: tuple[int, int] | None = None
    light: bool = False


WHOLE = Window()


class Sheet:
    """A shape of one colour, or a picture, behind a mask.

    A sprite moves over the frame; a strip stays where it is and slides behind its window.
    """

    def __init__(
        self,
        mask: Image.Image,
        fill: Colour | Image.Image,
        place: tuple[int, int] = (0, 0),
        motion: Motion = STILL,
        window: Window = WHOLE,
    ) -> None:
        self._masks = (mask, mask.reduce(2))
        self._light = window.light
        self._solid = _solid(mask)
        self._fill = tint(fill) if isinstance(fill, tuple) else planes(fill)
        self._place = place
        self._motion = motion
        self._loop = window.loop
        self._view = window.view or mask.size

    def lay(self, onto: Planes, seconds: float) -> None:
        """Lays the sheet over a picture as it is at that time."""
        dx, dy = self._motion.at(seconds)
        if any(self._loop):
            window = (dx % self._loop[0] if self._loop[0] else 0, dy % self._loop[1] if self._loop[1] else 0)
            x, y = self._place
            if not self._loop[1]:
                y += dy
        else:
            window, (x, y) = (0, 0), (self._place[0] + dx, self._place[1] + dy)
        for number, plane in enumerate(onto[:1] if self._light else onto):
            self._lay_plane(plane, number, window, (x, y))

    def _lay_plane(self, plane: Image.Image, number: int, window: tuple[int, int], at: tuple[int, int]) -> None:
        half = 1 if number == 0 else 2
        left, top, x, y = (part // half for part in (*window, *at))
        width, height = self._view[0] // half, self._view[1] // half
        edge = height if self._loop[1] else min(height, self._solid // half)
        fill: float | Image.Image = self._fill[number]
        for first, last, masked in ((0, edge, True), (edge, height, False)):
            if first < last:
                cut = (left, top + first, left + width, top + last)
                target = (x, y + first, x + width, y + last)
                part = fill.crop(cut) if isinstance(fill, Image.Image) else fill
                plane.paste(part, target, self._masks[half - 1].crop(cut) if masked else None)


def _solid(mask: Image.Image) -> int:
    """The row from which a mask hides everything, even: from there on it needn't be looked at."""
    low, high = 0, mask.height // 2
    while low < high:
        row = (low + high) // 2
        if mask.crop((0, row * 2, mask.width, mask.height)).getextrema()[0] == 255:  # noqa: PLR2004
            high = row
        else:
            low = row + 1
    return low * 2


def copy(picture: Planes) -> Planes:
    """A picture of its own."""
    return Planes(*(plane.copy() for plane in picture))


def lay_all(sheets: Sequence[Sheet], onto: Planes, seconds: float) -> None:
    """Lays sheets in their order."""
    for sheet in sheets:
        sheet.lay(onto, seconds)
