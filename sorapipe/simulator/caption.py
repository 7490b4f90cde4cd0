"""The panel under a picture: prompt, running timecode, what the take is; and the lower third of the news."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw

from sorapipe.simulator.catalogue import Wish
from sorapipe.simulator.encode import FPS, Planes
from sorapipe.simulator.fonts import Font, font, legible, lines
from sorapipe.simulator.layers import Motion, Sheet, Window, planes, tint
from sorapipe.simulator.mood import Colour
from sorapipe.simulator.shapes import even

PANEL: Colour = (20, 21, 26)
_PAPER: Colour = (238, 236, 230)
_FAINT: Colour = (150, 152, 160)
_RED: Colour = (200, 30, 45)
_INK: Colour = (24, 24, 30)


def panel_height(size: tuple[int, int]) -> int:
    """How much of a frame the panel takes, in pixels."""
    width, height = size
    return even(height * 0.172) if width > height else even(height * 0.15)


class Caption:
    """The panel of one clip: painted once, only the clock and the bar run."""

    def __init__(self, wish: Wish, task: str, accent: Colour) -> None:
        self._size = (wish.width, wish.height)
        self._height = panel_height(self._size)
        self._top = wish.height - self._height
        self._accent = tint(accent)
        self._frames = wish.seconds * FPS
        self._unit = min(self._size) / 720
        self._margin = even(30 * self._unit)
        self._clock_size = round(30 * self._unit)
        digit = _digits(self._clock_size)["0"]
        self._clock_at = (wish.width - self._margin - digit.width * 11, self._top + even(20 * self._unit))
        self.panel = self._painted(wish, task)
        self._panel = planes(self.panel)

    def _painted(self, wish: Wish, task: str) -> Image.Image:
        width, unit = self._size[0], self._unit
        panel = Image.new("RGB", (width, self._height), PANEL)
        draw = ImageDraw.Draw(panel)
        upright = self._size[1] > width
        text, path = legible(wish.prompt)
        size = round((27 if upright else 26) * unit)
        face = font(size, path)
        room = width - 2 * self._margin if upright else self._clock_at[0] - self._margin * 2.4
        top = 74 * unit if upright else 17 * unit
        for number, line in enumerate(lines(text, face, room, 2 if upright else 3)):
            draw.text((self._margin, top + number * size * 1.22), line, font=face, fill=_PAPER)
        small = font(round(17 * unit))
        facts = f"{wish.model}  ·  {wish.width}x{wish.height}  ·  {wish.seconds} s" + (
            f"  ·  {wish.style}" if wish.style else ""
        )
        if upright:
            draw.text((self._margin, 24 * unit), facts, font=small, fill=_FAINT)
            draw.text((self._margin, self._height - 30 * unit), task, font=small, fill=_FAINT)
        else:
            right = width - self._margin
            draw.text((right, 72 * unit), facts, font=small, fill=_FAINT, anchor="rt")
            draw.text((right, 95 * unit), task, font=small, fill=_FAINT, anchor="rt")
        return panel

    def lay(self, onto: Planes, number: int) -> None:
        """Lays the panel over the foot of frame `number`, with its clock and its bar."""
        for place, plane in enumerate(onto):
            plane.paste(self._panel[place], (0, self._top // (1 if place == 0 else 2)))
        bar = even(4 * self._unit)
        length = even(self._size[0] * (number + 1) / self._frames)
        for place, plane in enumerate(onto):
            half = 1 if place == 0 else 2
            plane.paste(self._accent[place], (0, self._top // half, length // half, (self._top + bar) // half))
        x, y = self._clock_at
        digits = _digits(self._clock_size)
        seconds, frame = divmod(number, FPS)
        for sign in f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frame:02d}":
            onto.y.paste(digits[sign], (x, y))
            x += digits[sign].width


@lru_cache(maxsize=8)
def _digits(size: int) -> dict[str, Image.Image]:
    """Digits of equal width, light on the panel's dark, as brightness."""
    face = font(size)
    width = even(max(face.getlength(sign) for sign in "0123456789") + 1)
    dark, light = tint(PANEL)[0], tint(_PAPER)[0]
    cells = {}
    for sign in "0123456789:":
        cell = Image.new("L", (width, even(size * 1.25)), dark)
        ImageDraw.Draw(cell).text((width / 2, size * 0.08), sign, font=face, fill=light, anchor="mt")
        cells[sign] = cell
    return cells


class LowerThird:
    """The headline of the news over the foot of a picture of `size`, and the ticker that runs under it."""

    def __init__(self, wish: Wish, size: tuple[int, int], accent: Colour) -> None:
        unit = min(size) / 720
        text, path = legible(wish.prompt)
        tall, strip = even(124 * unit), even(36 * unit)
        self._top = even(size[1] - tall - strip)
        self._board = planes(_headline(text, path, (size[0], tall), unit, accent))
        words = f"{text[:400]}   ·   {wish.seconds} seconds   ·   {wish.model}   ·   "
        ticker = _ticker(words, font(round(20 * unit), path), size[0], strip)
        window = Window((ticker.width - size[0], 0), (size[0], strip))
        full = Image.new("L", ticker.size, 255)
        self._ticker = Sheet(full, ticker, (0, self._top + tall), Motion(across=70 * unit), window)

    def lay(self, onto: Planes, seconds: float) -> None:
        """Lays both over a picture."""
        for place, plane in enumerate(onto):
            plane.paste(self._board[place], (0, self._top // (1 if place == 0 else 2)))
        self._ticker.lay(onto, seconds)


def _headline(text: str, path: str | None, size: tuple[int, int], unit: float, accent: Colour) -> Image.Image:
    board = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(board)
    draw.rectangle((0, 0, 12 * unit, size[1]), fill=accent)
    tag = font(round(22 * unit))
    white = (255, 255, 255)
    draw.rectangle((30 * unit, 16 * unit, 58 * unit + tag.getlength("LIVE"), 46 * unit), fill=_RED)
    draw.text((44 * unit, 20 * unit), "LIVE", font=tag, fill=white, stroke_width=1, stroke_fill=white)
    head = font(round(34 * unit), path)
    for line in lines(text.split(". ", maxsplit=1)[0], head, size[0] - 70 * unit, 1):
        draw.text((30 * unit, 62 * unit), line, font=head, fill=_INK, stroke_width=1, stroke_fill=_INK)
    return board


def _ticker(text: str, face: Font, width: int, height: int) -> Image.Image:
    """A strip that can run for ever: at least a frame long, with its beginning again at its end."""
    length = even(max(face.getlength(text), 40))
    copies = -(-width // length)
    strip = Image.new("RGB", (length * copies + width, height), _INK)
    draw = ImageDraw.Draw(strip)
    for number in range(copies * 2 + 1):
        draw.text((number * length, height * 0.2), text, font=face, fill=(230, 230, 235))
    return strip
