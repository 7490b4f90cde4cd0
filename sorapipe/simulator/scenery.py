"""A scene from a mood: what stands still, what slides, what the lamp does; knows no prompt, no caption, no encoder."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from PIL import Image, ImageDraw, ImageFilter

from sorapipe.simulator import shapes
from sorapipe.simulator.layers import STILL, Motion, Sheet, Window
from sorapipe.simulator.mood import Colour, Mood, mix
from sorapipe.simulator.shapes import even
from sorapipe.simulator.sky import comic_dots, grain, sky

INK: Colour = (18, 14, 28)
_SHADOW: Colour = (6, 8, 14)
_WARM_LIGHT: Colour = (255, 214, 140)


@dataclass(slots=True)
class Scene:
    """A still ground and the sheets over it, in the order in which they lie; `ray` is a lamp's light at a time."""

    mood: Mood
    size: tuple[int, int]
    ground: Image.Image
    sheets: list[Sheet] = field(default_factory=list)
    ray: Callable[[float], Sheet] | None = None


def build(mood: Mood, size: tuple[int, int]) -> Scene:
    """The scene for a picture of `size` (even numbers)."""
    horizon = size[1] * mood.shape.uniform(0.52, 0.6)
    scene = Scene(mood, size, sky(mood, size, horizon))
    if mood.place == "room":
        _room(scene, mood)
    else:
        _air(scene, mood, horizon)
        _PLACES[mood.place](scene, mood, horizon)
    if mood.people and mood.place != "room":
        _people(scene, mood)
    weather(scene, mood)
    return scene


# What the places share.


def _air(scene: Scene, mood: Mood, horizon: float) -> None:
    """Clouds and birds."""
    width = scene.size[0]
    if mood.style != "comic" and mood.weather != "clear":
        heavy = mood.storm or mood.weather == "rain"
        strip = shapes.clouds(mood.shape, (width, even(horizon * 1.02)), 26 if heavy else 9, 150 if heavy else 110)
        colour = mix(mood.palette.high, _SHADOW, 0.25) if heavy else mix(mood.palette.low, mood.palette.sun, 0.6)
        scene.sheets.append(_strip(shapes.twice(strip), width, colour, 0, Motion(across=14 if heavy else 7)))
    if mood.birds:
        for number in range(4):
            bird = shapes.gull(min(scene.size) * mood.shape.uniform(0.022, 0.04))
            at = (round(width * mood.shape.uniform(0.1, 0.6)), round(horizon * mood.shape.uniform(0.2, 0.7)))
            motion = Motion(across=mood.shape.uniform(14, 26), swing=5, period=2.4, phase=number / 4)
            scene.sheets.append(Sheet(bird, mix(mood.palette.near, mood.palette.far, 0.3), at, motion))


def _strip(mask: Image.Image, width: int, fill: Colour | Image.Image, top: int, motion: Motion) -> Sheet:
    return Sheet(mask, fill, (0, top // 2 * 2), motion, Window((width, 0), (width, mask.height)))


def _band(scene: Scene, mask: Image.Image, colour: Colour, top: float, motion: Motion) -> None:
    """A strip of land or water: outlined in a comic, with snow on it in winter, paler towards its foot in between."""
    mood, width = scene.mood, scene.size[0]
    wide = shapes.twice(mask)
    if mood.style == "comic":
        scene.sheets.append(_strip(wide, width, INK, round(top) - 6, motion))
    fill: Colour | Image.Image = colour
    if mood.weather == "snow" and mood.place != "sea":
        scene.sheets.append(_strip(wide, width, mix(colour, (255, 255, 255), 0.72), round(top), motion))
        top += 8
    elif mood.style != "comic":
        fill = _graded(wide.size, colour, mix(colour, mood.palette.low, 0.16))
    scene.sheets.append(_strip(wide, width, fill, round(top), motion))


def _graded(size: tuple[int, int], top: Colour, foot: Colour) -> Image.Image:
    column = Image.new("RGB", (1, 2))
    column.putpixel((0, 0), top)
    column.putpixel((0, 1), foot)
    return column.resize(size, Image.Resampling.BILINEAR)


def _thing(scene: Scene, mask: Image.Image, colour: Colour, at: tuple[float, float], motion: Motion = STILL) -> None:
    """A single shape; outlined in a comic."""
    place = (round(at[0] / 2) * 2, round(at[1] / 2) * 2)
    if scene.mood.style == "comic":
        room = Image.new("L", (mask.width + 16, mask.height + 16))
        room.paste(mask, (8, 8))
        scene.sheets.append(Sheet(room.filter(ImageFilter.MaxFilter(9)), INK, (place[0] - 8, place[1] - 8), motion))
    scene.sheets.append(Sheet(mask, colour, place, motion))


# Places.


def _hills(scene: Scene, mood: Mood, horizon: float) -> None:
    width, height = scene.size
    for depth, (lift, tall) in enumerate(((0.14, 0.4), (0.02, 0.34), (-0.14, 0.3))):
        colour = mix(mood.palette.far, mood.palette.near, depth / 2)
        waves = ((2, 3, 5, 9, 17), (1, 2, 4, 7), (1, 2, 3))[depth]
        mask = shapes.ridge(mood.shape, (width, even(height * tall)), rough=0.55, waves=waves)
        top = horizon - height * lift
        foot = (horizon + height * 0.33, horizon + height * 0.45, height)[depth]
        _band(scene, _filled(mask, foot - top), colour, top, Motion(across=(3, 7, 14)[depth]))
        if depth == 1 and mood.house:
            _cabin(scene, mood, (width * 0.58, horizon + height * 0.03))


def _filled(mask: Image.Image, height: float) -> Image.Image:
    """A strip that goes on down to the foot of the picture."""
    tall = Image.new("L", (mask.width, even(max(height, mask.height))), 255)
    tall.paste(mask, (0, 0))
    return tall


def _desert(scene: Scene, mood: Mood, horizon: float) -> None:
    width, height = scene.size
    for depth, lift in enumerate((0.05, -0.04, -0.16)):
        colour = mix(mix(mood.palette.far, mood.palette.low, 0.35), mood.palette.near, depth * 0.36)
        mask = shapes.ridge(mood.shape, (width, even(height * 0.2)), rough=0.8, waves=(1, 2) if depth else (1, 2, 3))
        top = horizon - height * lift
        foot = (horizon + height * 0.25, horizon + height * 0.37, height)[depth]
        _band(scene, _filled(mask, foot - top), colour, top, Motion(across=(3, 8, 15)[depth]))


def _sea(scene: Scene, mood: Mood, horizon: float) -> None:
    width, height = scene.size
    if not mood.lighthouse:
        isle = shapes.ridge(mood.shape, (width, even(height * 0.09)), rough=1, waves=(1, 2, 5))
        _band(scene, isle, mix(mood.palette.far, mood.palette.low, 0.25), horizon - height * 0.08, Motion(across=2))
    else:
        _tower(scene, mood, horizon)
    crest = height * (0.05 if mood.storm else 0.022)
    for depth in range(5):
        share = depth / 4
        colour = mix(mix(mood.palette.far, mood.palette.middle, 0.4), mood.palette.near, share**0.8)
        top = horizon + height * (0.015 + 0.36 * share**1.35) - crest
        count = (9, 7, 5, 4, 3)[depth] if width > height else (5, 4, 3, 3, 2)[depth]
        mask = shapes.swell(
            mood.shape, (width, even(height - top + 30)), crest * (0.5 + share), count, 0.7 if mood.storm else 0.15
        )
        speed = (6 + 22 * share) * (1.7 if mood.storm else 1) * (1 if depth % 2 else -1)
        motion = Motion(across=speed, swing=4 + 8 * share, period=4.5 - share, phase=depth * 0.23)
        if mood.style != "comic":
            foam = mix(colour, mood.palette.sun, 0.5 if mood.storm else 0.28)
            scene.sheets.append(_strip(shapes.twice(mask), width, foam, round(top) - 2, motion))
        _band(scene, mask, colour, top, motion)
        if depth == 1 and mood.boat:
            side = min(width, height) * 0.2
            at = (width * mood.shape.uniform(0.2, 0.6), top - side * 0.78)
            boat = mix(mood.palette.near, mood.palette.sun, 0.08)
            _thing(scene, shapes.sailboat(side), boat, at, Motion(across=9, swing=9, period=3.4))


def _tower(scene: Scene, mood: Mood, horizon: float) -> None:
    width, height = scene.size
    tall = min(height * 0.52, width * 0.62)
    left = mood.shape.random() < 0.5  # noqa: PLR2004
    at = (width * (0.1 if left else 0.9) - (0 if left else tall * 0.9), horizon - tall * 0.93)
    _thing(scene, shapes.lighthouse(tall), mix(mood.palette.near, mood.palette.far, 0.25), at)
    lamp = (at[0] + tall * 0.45, at[1] + tall * 0.088)
    light = mix(_WARM_LIGHT, mood.palette.sun, 0.3)
    halo = shapes.glow((tall * 0.5, tall * 0.5), 0.95)
    scene.sheets.append(Sheet(halo, light, (round(lamp[0] - halo.width / 2), round(lamp[1] - halo.height / 2))))
    dots = shapes.disc(tall * 0.022)
    scene.sheets.append(
        Sheet(dots, (255, 250, 232), (round(lamp[0] - dots.width / 2), round(lamp[1] - dots.height / 2)))
    )
    middle = 0.0 if left else math.pi

    rays: dict[int, Sheet] = {}

    def ray(seconds: float) -> Sheet:
        turn = round(10 * math.sin(math.tau * seconds / 7.0))
        if turn not in rays:
            mask = shapes.beam(scene.size, lamp, middle + turn * 0.042 - (0.12 if left else -0.12), 0.085)
            x, y, right, foot = mask.getbbox() or (0, 0, 2, 2)
            box = (x // 2 * 2, y // 2 * 2, even(right), even(foot))
            rays[turn] = Sheet(mask.crop(box), light, box[:2])
        return rays[turn]

    scene.ray = ray


def _city(scene: Scene, mood: Mood, horizon: float) -> None:
    width, height = scene.size
    short = min(width, height)
    for depth, (lift, tall, wide) in enumerate(((0.34, 0.5, 0.1), (0.2, 0.5, 0.15), (0.02, 0.5, 0.22))):
        colour = mix(mood.palette.far, mood.palette.near, depth / 2)
        top = horizon - height * lift
        walls, lights = shapes.roofs(mood.shape, (width, even(height * tall)), short * wide)
        motion = Motion(across=(3, 7, 15)[depth])
        _band(scene, _filled(walls, height - top), colour, top, motion)
        lit = mix(colour, _WARM_LIGHT, (0.45, 0.7, 0.9)[depth] if mood.night else (0.2, 0.3, 0.35)[depth])
        scene.sheets.append(
            _strip(shapes.twice(lights), width, lit, round(top) + (8 if mood.weather == "snow" else 0), motion)
        )


def _forest(scene: Scene, mood: Mood, horizon: float) -> None:
    width, height = scene.size
    short = min(width, height)
    back = shapes.ridge(mood.shape, (width, even(height * 0.3)), rough=0.6, waves=(1, 2, 4))
    _band(scene, back, mood.palette.far, horizon - height * 0.16, Motion(across=2))
    for depth, tall in enumerate((0.26, 0.44, 0.74)):
        colour = mix(mood.palette.far, mood.palette.near, (0.35, 0.7, 1.0)[depth])
        foot = horizon + height * (0.1, 0.24, 0.46)[depth]
        count = round(width / (short * tall * (0.2, 0.24, 0.34)[depth]))
        mask = shapes.pines(mood.shape, (width, even(short * tall * 1.1)), short * tall, count)
        top = foot - mask.height
        deep = (horizon + height * 0.26, horizon + height * 0.48, height)[depth]
        _band(scene, _filled(mask, deep - top), colour, top, Motion(across=(4, 9, 20)[depth]))
        if depth == 1 and mood.house:
            _cabin(scene, mood, (width * 0.36, foot - short * 0.2))


def _cabin(scene: Scene, mood: Mood, at: tuple[float, float]) -> None:
    walls, light = shapes.cabin(min(scene.size) * 0.2)
    _thing(scene, walls, mix(mood.palette.near, mood.palette.far, 0.15), at)
    scene.sheets.append(Sheet(light, _WARM_LIGHT, (round(at[0] / 2) * 2, round(at[1] / 2) * 2)))


def _room(scene: Scene, mood: Mood) -> None:
    """A wall, a window with the sky in it, a table with things on it, light that wanders."""
    width, height = scene.size
    palette = mood.palette
    wall = mix(mix(palette.far, palette.low, 0.35), palette.near, 0.72 if mood.night else 0.3)
    room = _graded(scene.size, mix(wall, palette.near, 0.35), wall)
    across = width > height
    wide, tall = (width * 0.3, height * 0.52) if across else (width * 0.58, height * 0.34)
    left = width * (mood.shape.choice((0.1, 0.6)) if across else mood.shape.choice((0.08, 0.34)))
    top = height * 0.1
    pane = scene.ground.crop((0, 0, scene.size[0], round(height * 0.62))).resize((round(wide), round(tall)))
    room.paste(pane, (round(left), round(top)))
    _frame(room, (left, top, left + wide, top + tall), mix(palette.near, wall, 0.25))
    scene.ground = grain(room, mood) if mood.style != "comic" else comic_dots(room, mood)
    ray = shapes.beam(
        scene.size, (left + wide / 2, top + tall * 0.2), math.pi * (0.38 if left < width * 0.4 else 0.62), 0.3
    )
    scene.sheets.append(Sheet(ray, palette.sun, (0, 0), Motion(swing=10, period=6)))
    table = height * (0.78 if across else 0.8)
    slab = Image.new("L", (width, even(height - table)), 255)
    scene.sheets.append(
        Sheet(slab, _graded(slab.size, mix(palette.near, palette.accent, 0.22), palette.near), (0, even(table)))
    )
    if mood.people:
        tall = height * (0.62 if across else 0.42)
        bust = shapes.bust(tall, left=left > width * 0.4)
        x = width * (0.62 if left < width * 0.4 else 0.2) - bust.width / 2 + width * 0.08
        _thing(scene, bust, mix(palette.near, _SHADOW, 0.3), (x, height - tall * 0.92), Motion(swing=4, period=5))
    else:
        _still_life(scene, mood, table, 0.66 if left < width * 0.4 else 0.3)
    dust = shapes.flakes(mood.shape, scene.size, 46, 2.2)
    scene.sheets.append(_fall(scene, dust.point([i // 3 for i in range(256)]), palette.sun, Motion(across=5, down=-6)))


def _frame(room: Image.Image, box: tuple[float, float, float, float], colour: Colour) -> None:
    draw = ImageDraw.Draw(room)
    thick = max(6, round((box[2] - box[0]) * 0.025))
    draw.rectangle(box, outline=colour, width=thick)
    middle = (box[0] + box[2]) / 2
    draw.line([(middle, box[1]), (middle, box[3])], fill=colour, width=thick * 2 // 3)
    across = box[1] + (box[3] - box[1]) * 0.45
    draw.line([(box[0], across), (box[2], across)], fill=colour, width=thick * 2 // 3)
    draw.rectangle((box[0] - thick * 2, box[3], box[2] + thick * 2, box[3] + thick * 1.5), fill=colour)


def _still_life(scene: Scene, mood: Mood, table: float, place: float) -> None:
    """A bottle, a bowl and a cup."""
    unit = min(scene.size) * 0.46

    def paint(draw: ImageDraw.ImageDraw, scale: float) -> None:
        s = unit * scale
        draw.rounded_rectangle((0.3 * s, 0.36 * s, 0.52 * s, 1.0 * s), 0.05 * s, fill=255)
        draw.rounded_rectangle((0.375 * s, 0.08 * s, 0.445 * s, 0.4 * s), 0.02 * s, fill=255)
        draw.polygon(
            [(0.3 * s, 0.42 * s), (0.375 * s, 0.27 * s), (0.445 * s, 0.27 * s), (0.52 * s, 0.42 * s)], fill=255
        )
        draw.chord((0.58 * s, 0.5 * s, 1.06 * s, 1.12 * s), 0, 180, fill=255)
        draw.rounded_rectangle((0.04 * s, 0.72 * s, 0.22 * s, 1.0 * s), 0.03 * s, fill=255)

    things = shapes.smooth((even(unit * 1.1), even(unit)), paint)
    at = (scene.size[0] * place - things.width / 2, table - unit + 14)
    halo = shapes.glow((unit * 2, unit * 2), 0.5)
    middle = (round(at[0] + things.width / 2 - halo.width / 2), round(table - unit * 1.35))
    scene.sheets.append(Sheet(halo, mix(mood.palette.accent, mood.palette.sun, 0.5), middle))
    _thing(scene, things, mix(mood.palette.accent, mood.palette.near, 0.3), at)


# People and weather.


def _people(scene: Scene, mood: Mood) -> None:
    width, height = scene.size
    if mood.close:
        tall = min(height * 0.66, width * 0.8)
        bust = shapes.bust(tall, left=mood.shape.random() < 0.5)  # noqa: PLR2004
        at = (width * mood.shape.uniform(0.38, 0.62) - bust.width / 2, height - tall * 0.94)
        _rimmed(scene, bust, at, Motion(swing=5, period=5))
        return
    bank = shapes.ridge(mood.shape, (width, even(height * 0.2)), rough=0.45, waves=(1, 2, 3))
    ground = mix(mood.palette.near, _SHADOW, 0.45)
    _band(scene, bank, ground, height * 0.8, Motion(across=10))
    for number in range(mood.people):
        tall = min(width, height) * mood.shape.uniform(0.4, 0.46)
        figure = shapes.person(tall, coat=mood.shape.random() < 0.6)  # noqa: PLR2004
        middle = width * (0.5 + (number - (mood.people - 1) / 2) * 0.13 + mood.shape.uniform(-0.06, 0.06))
        at = (middle - figure.width / 2, height * 0.925 - tall)
        _rimmed(scene, figure, at, Motion(across=mood.shape.uniform(-4, 4), swing=2, period=3.2, phase=number * 0.3))


def _rimmed(scene: Scene, mask: Image.Image, at: tuple[float, float], motion: Motion) -> None:
    """A dark shape with a thin edge of light, so that it stands out from dark ground."""
    mood = scene.mood
    if mood.style != "comic":
        light = mix(mood.palette.low, mood.palette.sun, 0.4)
        scene.sheets.append(Sheet(mask, light, (round(at[0] / 2) * 2 - 2, round(at[1] / 2) * 2 - 2), motion))
        _thing(scene, mask, mix(mood.palette.near, _SHADOW, 0.35), at, motion)
    else:
        _thing(scene, mask, mix(mood.palette.accent, INK, 0.15), at, motion)


def weather(scene: Scene, mood: Mood) -> None:
    """Rain, snow or fog before everything else."""
    width, height = scene.size
    if mood.weather == "rain" and mood.place != "room":
        drops = shapes.streaks(
            mood.shape, scene.size, 130 if mood.storm else 90, height * 0.1, 0.32 if mood.storm else 0.12
        )
        scene.sheets.append(_fall(scene, drops, mood.palette.sun, Motion(down=-height * 1.3)))
    elif mood.weather == "snow" and mood.place != "room":
        for count, radius, speed in ((110, 2.4, 0.06), (44, 4.6, 0.11)):
            snow = shapes.flakes(mood.shape, scene.size, count, radius * min(scene.size) / 720)
            scene.sheets.append(_fall(scene, snow, (255, 255, 255), Motion(across=6, down=-height * speed, swing=0)))
    elif mood.weather == "fog" and mood.place != "room":
        for number, top in enumerate((0.36, 0.58)):
            bank = shapes.clouds(mood.shape, (width, even(height * 0.4)), 16, 120)
            colour = mix(mood.palette.low, mood.palette.sun, 0.3)
            scene.sheets.append(
                _strip(shapes.twice(bank), width, colour, round(height * top), Motion(across=(9, -14)[number]))
            )


def _fall(scene: Scene, mask: Image.Image, colour: Colour, motion: Motion) -> Sheet:
    """Something that falls (`down` is negative: the window over the mask goes up) and drifts, for ever."""
    return Sheet(shapes.stacked(shapes.twice(mask)), colour, (0, 0), motion, Window(scene.size, scene.size, light=True))


_PLACES: dict[str, Callable[[Scene, Mood, float], None]] = {
    "hills": _hills,
    "sea": _sea,
    "city": _city,
    "forest": _forest,
    "desert": _desert,
}
