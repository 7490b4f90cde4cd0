"""Outlines of things as grey masks with soft edges: hills, waves, roofs, trees, people; knows no colour and no time."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

from PIL import Image, ImageDraw, ImageFilter

Point = tuple[float, float]


def smooth(size: tuple[int, int], paint: Callable[[ImageDraw.ImageDraw, float], None]) -> Image.Image:
    """A mask painted at twice the size (the second argument of `paint` is that scale) and reduced: soft edges."""
    width, height = even(size[0]), even(size[1])
    large = Image.new("L", (width * 2, height * 2))
    paint(ImageDraw.Draw(large), 2.0)
    return large.reduce(2)


def even(number: float) -> int:
    """The next even whole number, at least 2: half-size colour planes need it."""
    return max(2, 2 * math.ceil(number / 2))


def twice(mask: Image.Image) -> Image.Image:
    """A mask laid twice side by side, to slide for ever."""
    wide = Image.new("L", (mask.width * 2, mask.height))
    wide.paste(mask, (0, 0))
    wide.paste(mask, (mask.width, 0))
    return wide


def stacked(mask: Image.Image) -> Image.Image:
    """A mask laid twice above itself, to fall for ever."""
    tall = Image.new("L", (mask.width, mask.height * 2))
    tall.paste(mask, (0, 0))
    tall.paste(mask, (0, mask.height))
    return tall


def ridge(chance: random.Random, size: tuple[int, int], *, rough: float, waves: Sequence[int]) -> Image.Image:
    """A skyline of hills that meets itself at the ends. `waves` are humps a width, `rough` from 0 to 1 their height."""
    parts = [(count, 1 / float(count) ** 0.85, chance.random() * math.tau) for count in waves]
    total = sum(strength for _, strength, _ in parts)

    def height(share: float) -> float:
        swing: float = sum(strength * math.sin(math.tau * count * share + phase) for count, strength, phase in parts)
        return 0.5 - 0.5 * swing / float(total)

    def paint(draw: ImageDraw.ImageDraw, scale: float) -> None:
        width, tall = size[0] * scale, size[1] * scale
        steps = 240
        top = [(width * i / steps, tall * (1 - rough + rough * height(i / steps) * 0.98)) for i in range(steps + 1)]
        top = [(x, y - tall * (1 - rough)) for x, y in top]
        draw.polygon([(0, tall), *top, (width, tall)], fill=255)

    return smooth(size, paint)


def swell(chance: random.Random, size: tuple[int, int], crest: float, count: int, sharp: float) -> Image.Image:
    """A band of water with `count` waves of `crest` pixels; `sharp` from 0 (swell) to 1 (pointed)."""
    phase = chance.random() * math.tau
    second = chance.random() * math.tau

    def paint(draw: ImageDraw.ImageDraw, scale: float) -> None:
        width, tall = size[0] * scale, size[1] * scale
        steps = 320
        top = []
        for i in range(steps + 1):
            angle = math.tau * i / steps
            round_ = 0.5 + 0.5 * math.sin(count * angle + phase)
            pointed = 1 - abs(math.sin(count * angle / 2 + phase))
            minor = 0.5 + 0.5 * math.sin((count * 3 + 1) * angle + second)
            lift = (1 - sharp) * round_ + sharp * pointed
            top.append((width * i / steps, (crest * scale) * (1 - 0.82 * lift - 0.18 * minor)))
        draw.polygon([(0, tall), *top, (width, tall)], fill=255)

    return smooth(size, paint)


def roofs(chance: random.Random, size: tuple[int, int], widest: float) -> tuple[Image.Image, Image.Image]:
    """Houses side by side, and their lit windows."""
    houses: list[tuple[float, float, float, int]] = []
    x = 0.0
    while x < size[0]:
        width = chance.uniform(0.45, 1.0) * widest
        houses.append((x, min(width, size[0] - x), chance.uniform(0.06, 0.72) ** 1.2 * size[1], chance.randrange(5)))
        x += width

    def walls(draw: ImageDraw.ImageDraw, scale: float) -> None:
        for left, width, top, kind in houses:
            box = (left * scale, top * scale, (left + width) * scale, size[1] * scale)
            draw.rectangle(box, fill=255)
            middle = (left + width / 2) * scale
            if kind == 0:
                draw.line(
                    [(middle, top * scale), (middle, (top - widest * 0.45) * scale)], fill=255, width=int(3 * scale)
                )
            elif kind == 1:
                inset = width * 0.22 * scale
                draw.rectangle((box[0] + inset, box[1] - widest * 0.16 * scale, box[2] - inset, box[1]), fill=255)
            elif kind == 2:  # noqa: PLR2004
                draw.polygon([(box[0], box[1]), (middle, box[1] - width * 0.3 * scale), (box[2], box[1])], fill=255)

    def lights(draw: ImageDraw.ImageDraw, scale: float) -> None:
        pitch = max(9.0, widest / 6)
        for left, width, top, _ in houses:
            for row in range(int((size[1] - top) / pitch) - 1):
                for column in range(int(width / pitch) - 1):
                    if chance.random() < 0.3:  # noqa: PLR2004
                        at = ((left + (column + 0.75) * pitch) * scale, (top + (row + 0.7) * pitch) * scale)
                        wide, tall = pitch * 0.42 * scale, pitch * 0.5 * scale
                        draw.rectangle((*at, at[0] + wide, at[1] + tall), fill=chance.choice((110, 170, 255)))

    return smooth(size, walls), smooth(size, lights)


def pines(chance: random.Random, size: tuple[int, int], tall: float, count: int) -> Image.Image:
    """A row of firs on a bank."""

    def paint(draw: ImageDraw.ImageDraw, scale: float) -> None:
        ground = size[1] - tall * 0.16
        for place in range(count):
            middle = (place + chance.uniform(0.1, 0.9)) * size[0] / count
            height = tall * chance.uniform(0.55, 0.98)
            for shift in (-size[0], 0, size[0]):
                _fir(draw, (middle + shift) * scale, ground * scale, height * scale)
        steps = 120
        phase = chance.random() * math.tau
        bank = [
            math.sin(math.tau * 2 * i / steps + phase) + 0.5 * math.sin(math.tau * 5 * i / steps)
            for i in range(steps + 1)
        ]
        top = [
            (size[0] * scale * i / steps, (ground - tall * 0.025 * (1.2 + bank[i])) * scale) for i in range(steps + 1)
        ]
        draw.polygon([(0, size[1] * scale), *top, (size[0] * scale, size[1] * scale)], fill=255)

    return smooth(size, paint)


def _fir(draw: ImageDraw.ImageDraw, x: float, ground: float, height: float) -> None:
    tiers = 7
    edge: list[Point] = []
    for tier in range(tiers):
        half = height * 0.2 * (1 - tier / tiers) ** 0.85
        low = ground - height * (0.07 + 0.86 * tier / tiers)
        edge += [(half * 0.5, low - height * 0.02 * bool(tier)), (half, low)]
    outline = (
        [(x - half, y) for half, y in edge] + [(x, ground - height)] + [(x + half, y) for half, y in reversed(edge)]
    )
    draw.polygon(outline, fill=255)
    draw.rectangle((x - height * 0.015, ground - height * 0.1, x + height * 0.015, ground), fill=255)


def clouds(chance: random.Random, size: tuple[int, int], count: int, strength: int) -> Image.Image:
    """Soft bands of cloud that meet themselves at the ends; painted small and blown up."""
    small = (max(8, size[0] // 8), max(8, size[1] // 8))
    sheet = Image.new("L", small)
    draw = ImageDraw.Draw(sheet)
    for _ in range(count):
        x, y = chance.uniform(0, small[0]), chance.uniform(0.12, 0.85) * small[1]
        wide = chance.uniform(0.08, 0.22) * small[0]
        for _ in range(6):
            dx, dy = chance.uniform(-1, 1) * wide, chance.uniform(-0.06, 0.06) * small[1]
            rx, ry = wide * chance.uniform(0.3, 0.8), small[1] * chance.uniform(0.02, 0.07)
            for shift in (-small[0], 0, small[0]):
                box = (x + dx - rx + shift, y + dy - ry, x + dx + rx + shift, y + dy + ry)
                draw.ellipse(box, fill=strength)
    wide_sheet = twice(sheet).filter(ImageFilter.GaussianBlur(small[1] * 0.035 + 1))
    middle = wide_sheet.crop((small[0] // 2, 0, small[0] // 2 + small[0], small[1]))
    return middle.resize((even(size[0]), even(size[1])), Image.Resampling.BICUBIC)


def streaks(chance: random.Random, size: tuple[int, int], count: int, long: float, lean: float) -> Image.Image:
    """Rain that meets itself above and below."""

    def paint(draw: ImageDraw.ImageDraw, scale: float) -> None:
        for _ in range(count):
            x, y = chance.uniform(-0.1, 1.1) * size[0] * scale, chance.uniform(0, 1) * size[1] * scale
            length = long * chance.uniform(0.5, 1) * scale
            shade = chance.choice((50, 80, 120))
            for shift in (-size[1] * scale, 0):
                draw.line([(x, y + shift), (x - length * lean, y + length + shift)], fill=shade, width=round(scale))

    return smooth(size, paint)


def flakes(chance: random.Random, size: tuple[int, int], count: int, radius: float) -> Image.Image:
    """Snow or dust that meets itself on all sides."""

    def paint(draw: ImageDraw.ImageDraw, scale: float) -> None:
        for _ in range(count):
            x, y, r = chance.uniform(0, size[0]), chance.uniform(0, size[1]), radius * chance.uniform(0.4, 1)
            shade = chance.choice((110, 170, 230))
            for dx in (-size[0], 0):
                for dy in (-size[1], 0):
                    box = (x + dx - r, y + dy - r, x + dx + r, y + dy + r)
                    draw.ellipse(tuple(part * scale for part in box), fill=shade)

    return smooth(size, paint)


def person(height: float, *, coat: bool) -> Image.Image:
    """Somebody who stands there, `height` pixels tall."""

    def paint(draw: ImageDraw.ImageDraw, scale: float) -> None:
        unit = height * scale
        middle = unit * 0.25

        def at(*points: Point) -> list[Point]:
            return [(middle + x * unit, y * unit) for x, y in points]

        draw.ellipse((middle - 0.062 * unit, 0.01 * unit, middle + 0.062 * unit, 0.145 * unit), fill=255)
        draw.polygon(at((-0.03, 0.12), (0.03, 0.12), (0.03, 0.19), (-0.03, 0.19)), fill=255)
        hem, flare = (0.68, 0.16) if coat else (0.54, 0.1)
        draw.polygon(
            at((-0.045, 0.165), (0.045, 0.165), (0.115, 0.21), (flare, hem), (-flare, hem), (-0.115, 0.21)), fill=255
        )
        draw.polygon(at((0.095, 0.2), (0.125, 0.23), (0.165, 0.5), (0.13, 0.52)), fill=255)
        draw.polygon(at((-0.095, 0.2), (-0.125, 0.23), (-0.165, 0.5), (-0.13, 0.52)), fill=255)
        draw.polygon(at((-0.09, 0.5), (-0.01, 0.5), (-0.025, 0.99), (-0.075, 0.99)), fill=255)
        draw.polygon(at((0.09, 0.5), (0.01, 0.5), (0.03, 0.99), (0.08, 0.99)), fill=255)

    return smooth((even(height * 0.5), even(height)), paint)


def bust(height: float, *, left: bool) -> Image.Image:
    """Head and shoulders near the lens, in three-quarter view; the hair ends in a knot."""

    def paint(draw: ImageDraw.ImageDraw, scale: float) -> None:
        unit = height * scale
        side = -1 if left else 1

        def blob(x: float, y: float, wide: float, tall: float) -> None:
            middle = unit * (0.65 + side * x)
            draw.ellipse((middle - wide * unit, (y - tall) * unit, middle + wide * unit, (y + tall) * unit), fill=255)

        def area(*points: Point) -> None:
            draw.polygon([(unit * (0.65 + side * x), y * unit) for x, y in points], fill=255)

        blob(0.02, 0.245, 0.165, 0.2)
        blob(-0.03, 0.2, 0.165, 0.165)
        blob(-0.185, 0.16, 0.062, 0.066)
        area((0.16, 0.27), (0.198, 0.325), (0.168, 0.335), (0.165, 0.4), (0.1, 0.45), (0, 0.42), (0, 0.2), (0.15, 0.2))
        area((-0.1, 0.35), (0.075, 0.4), (0.085, 0.6), (0.2, 0.66), (-0.24, 0.67), (-0.105, 0.6))
        blob(-0.02, 0.98, 0.5, 0.36)

    return smooth((even(height * 1.3), even(height)), paint)


def lighthouse(height: float) -> Image.Image:
    """A tower with gallery and lantern on a rock."""

    def paint(draw: ImageDraw.ImageDraw, scale: float) -> None:
        unit = height * scale
        middle = unit * 0.45

        def at(*points: Point) -> list[Point]:
            return [(middle + x * unit, y * unit) for x, y in points]

        draw.polygon(at((0, 0.0), (0.055, 0.05), (-0.055, 0.05)), fill=255)
        draw.polygon(at((-0.04, 0.05), (0.04, 0.05), (0.04, 0.125), (-0.04, 0.125)), fill=255)
        draw.polygon(at((-0.072, 0.125), (0.072, 0.125), (0.066, 0.15), (-0.066, 0.15)), fill=255)
        draw.polygon(at((-0.048, 0.15), (0.048, 0.15), (0.085, 0.84), (-0.085, 0.84)), fill=255)
        rock = (
            (-0.44, 1),
            (-0.34, 0.9),
            (-0.21, 0.87),
            (-0.1, 0.81),
            (0.12, 0.82),
            (0.2, 0.88),
            (0.33, 0.9),
            (0.45, 1),
        )
        draw.polygon(at(*rock), fill=255)

    return smooth((even(height * 0.9), even(height)), paint)


def sailboat(width: float) -> Image.Image:
    """A small boat with two sails."""

    def paint(draw: ImageDraw.ImageDraw, scale: float) -> None:
        unit = width * scale
        hull = ((0.06, 0.86), (0.96, 0.86), (0.82, 1.0), (0.2, 1.0))
        draw.polygon([(x * unit, y * unit) for x, y in hull], fill=255)
        draw.line([(0.5 * unit, 0.05 * unit), (0.5 * unit, 0.88 * unit)], fill=255, width=max(2, int(unit * 0.018)))
        draw.polygon([(x * unit, y * unit) for x, y in ((0.525, 0.06), (0.9, 0.79), (0.525, 0.79))], fill=255)
        draw.polygon([(x * unit, y * unit) for x, y in ((0.475, 0.16), (0.475, 0.79), (0.14, 0.79))], fill=255)

    return smooth((even(width), even(width)), paint)


def cabin(width: float) -> tuple[Image.Image, Image.Image]:
    """A house with a chimney, and its lit window."""

    def walls(draw: ImageDraw.ImageDraw, scale: float) -> None:
        unit = width * scale
        draw.rectangle((0.12 * unit, 0.4 * unit, 0.88 * unit, 0.85 * unit), fill=255)
        draw.polygon([(0.02 * unit, 0.43 * unit), (0.5 * unit, 0.1 * unit), (0.98 * unit, 0.43 * unit)], fill=255)
        draw.rectangle((0.66 * unit, 0.08 * unit, 0.76 * unit, 0.32 * unit), fill=255)

    def light(draw: ImageDraw.ImageDraw, scale: float) -> None:
        unit = width * scale
        for left in (0.26, 0.56):
            draw.rectangle((left * unit, 0.53 * unit, (left + 0.15) * unit, 0.69 * unit), fill=255)

    size = (even(width), even(width * 0.86))
    return smooth(size, walls), smooth(size, light)


def gull(width: float) -> Image.Image:
    """A bird far away."""

    def paint(draw: ImageDraw.ImageDraw, scale: float) -> None:
        unit = width * scale
        thick = max(2, int(unit * 0.07))
        draw.arc((-0.02 * unit, 0.1 * unit, 0.52 * unit, 0.7 * unit), 200, 340, fill=255, width=thick)
        draw.arc((0.48 * unit, 0.1 * unit, 1.02 * unit, 0.7 * unit), 200, 340, fill=255, width=thick)

    return smooth((even(width), even(width * 0.5)), paint)


def glow(size: tuple[float, float], strength: float = 1.0) -> Image.Image:
    """Light around a lamp, from `strength` (0 to 1) in the middle to nothing at the rim."""
    spot = Image.radial_gradient("L").point([round(max(0.0, 1 - i / 181) ** 2.2 * 255 * strength) for i in range(256)])
    return spot.resize((even(size[0]), even(size[1])), Image.Resampling.BICUBIC)


def disc(radius: float) -> Image.Image:
    """A full circle."""
    side = even(radius * 2)
    return smooth((side, side), lambda draw, scale: draw.ellipse((1, 1, side * scale - 2, side * scale - 2), fill=255))


def beam(size: tuple[int, int], lamp: Point, angle: float, spread: float) -> Image.Image:
    """A ray of light from a lamp; painted small and blown up."""
    small = (max(4, size[0] // 8), max(4, size[1] // 8))
    x, y = lamp[0] / 8, lamp[1] / 8
    reach = sum(small) * 1.2
    sheet = Image.new("L", small)
    draw = ImageDraw.Draw(sheet)
    for part in range(5):
        wide = spread * (1 - part / 5)
        rim = [(x + math.cos(angle + turn) * reach, y + math.sin(angle + turn) * reach) for turn in (-wide, wide)]
        draw.polygon([(x, y), *rim], fill=18 + part * 14)
    return sheet.filter(ImageFilter.GaussianBlur(0.8)).resize(size, Image.Resampling.BILINEAR)
