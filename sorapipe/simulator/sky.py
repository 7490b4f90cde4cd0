"""The still ground of a picture: sky, sun, stars, and how it's printed (film grain, comic dots); knows no place."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageDraw

from sorapipe.simulator import shapes
from sorapipe.simulator.mood import Mood, mix

# Random bytes as faint specks around the middle grey.
_GRAIN = [128 + round((value - 128) * 0.06) for value in range(256)]


def sky(mood: Mood, size: tuple[int, int], horizon: float) -> Image.Image:
    """The sky down to the horizon (a height in pixels), with its light."""
    palette = mood.palette
    steps = 64
    column = Image.new("RGB", (1, steps))
    edge = min(0.98, horizon / size[1] * 1.05)
    for row in range(steps):
        share = min(1.0, row / (steps - 1) / edge)
        upper = share < 0.55  # noqa: PLR2004
        colour = (
            mix(palette.high, palette.middle, share / 0.55)
            if upper
            else mix(palette.middle, palette.low, (share - 0.55) / 0.45)
        )
        column.putpixel((0, row), colour)
    picture = column.resize(size, Image.Resampling.BICUBIC)
    sun = (size[0] * mood.shape.uniform(0.24, 0.76), horizon * mood.shape.uniform(0.35, 0.78))
    if mood.night:
        _stars(picture, mood, horizon)
        sun = (sun[0], horizon * mood.shape.uniform(0.2, 0.42))
    _sun(picture, mood, sun)
    return comic_dots(picture, mood) if mood.style == "comic" else grain(picture, mood)


def _sun(sky: Image.Image, mood: Mood, at: tuple[float, float]) -> None:
    short = min(sky.size)
    hidden = mood.storm or mood.weather in {"rain", "fog"}
    halo = shapes.glow((short * 1.5, short * 1.5), 0.45 if hidden else 0.8)
    sky.paste(mood.palette.sun, (round(at[0] - halo.width / 2), round(at[1] - halo.height / 2)), halo)
    if not hidden:
        disc = shapes.disc(short * (0.042 if mood.night else 0.06))
        sky.paste(mood.palette.sun, (round(at[0] - disc.width / 2), round(at[1] - disc.height / 2)), disc)


def _stars(sky: Image.Image, mood: Mood, horizon: float) -> None:
    draw = ImageDraw.Draw(sky)
    for _ in range(150):
        x, y = mood.shape.uniform(0, sky.width), mood.shape.uniform(0, 1) ** 1.4 * horizon
        light = mix(mood.palette.middle, mood.palette.sun, mood.shape.uniform(0.25, 1))
        r = mood.shape.choice((0, 0, 0.5, 0.5, 1))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=light)


def grain(picture: Image.Image, mood: Mood) -> Image.Image:
    """Film grain, and a little darkness in the corners; hides the steps of a gradient."""
    width, height = picture.size
    small = (width // 2, height // 2)
    speckle = Image.frombytes("L", small, mood.shape.randbytes(small[0] * small[1])).point(_GRAIN)
    noise = Image.merge("RGB", (speckle.resize(picture.size),) * 3)
    corners = Image.radial_gradient("L").point([255 - round(max(0, i - 120) * 0.5) for i in range(256)])
    shade = Image.merge("RGB", (corners.resize(picture.size, Image.Resampling.BICUBIC),) * 3)
    return ImageChops.multiply(ImageChops.add(picture, noise, 1, -128), shade)


def comic_dots(sky: Image.Image, mood: Mood) -> Image.Image:
    """Flat bands and a screen of printed dots that grow towards the horizon."""
    flat = sky.quantize(6, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    pitch = max(10, min(sky.size) // 48)
    dots = Image.new("L", (sky.width * 2, sky.height * 2))
    draw = ImageDraw.Draw(dots)
    for row in range(sky.height // pitch + 2):
        radius = pitch * (0.08 + 0.42 * min(1.0, row * pitch / sky.height * 1.4)) * 2
        for column in range(sky.width // pitch + 2):
            x, y = (column + (row % 2) / 2) * pitch * 2, row * pitch * 2
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=70)
    flat.paste(mood.palette.accent, (0, 0), dots.reduce(2))
    return flat
