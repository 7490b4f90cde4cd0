"""One clip from one wish: scene, reference, caption and tone put together; knows no shelf and no books."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from sorapipe.simulator.caption import PANEL, Caption, LowerThird, panel_height
from sorapipe.simulator.catalogue import Wish
from sorapipe.simulator.encode import FPS, Care, Label, Planes, write_clip
from sorapipe.simulator.fonts import font
from sorapipe.simulator.layers import copy, lay_all, planes
from sorapipe.simulator.mood import Mood, mood
from sorapipe.simulator.scenery import Scene, build, weather
from sorapipe.simulator.shapes import even
from sorapipe.simulator.tones import tone

# How much nearer the camera is to a reference picture at the end of the clip.
_PUSH = 0.09
_STILL_CRF = 30


def render_clip(path: Path, wish: Wish, task: str, reference: Path | None, cache: Path) -> None:
    """Makes the MP4 of a task. `reference` is the picture it begins with. Raises OSError or av.FFmpegError."""
    seen = mood(wish.prompt, wish.style, f"{task}{wish.seed or ''}")
    pictures = _frames(wish, task, seen, reference)
    write_clip(path, pictures, (wish.width, wish.height), _label(wish, task, cache))


def render_still(path: Path, wish: Wish, task: str, cache: Path) -> None:
    """Makes an MP4 in which nothing but the clock runs: less work, and a fifth of the bytes."""
    scene = build(mood(wish.prompt, wish.style, task), stage_of(wish))
    scene.sheets.clear()
    scene.ray = None
    pictures = _played(wish, task, scene, None)
    care = Care("superfast", "stillimage", _STILL_CRF, key=wish.seconds * FPS)
    write_clip(path, pictures, (wish.width, wish.height), _label(wish, task, cache, thin=True), care)


def _label(wish: Wish, task: str, cache: Path, *, thin: bool = False) -> Label:
    digest = hashlib.sha256(f"{wish.prompt}|{wish.style}".encode()).digest()
    return Label(tone(cache, digest[0], wish.seconds, thin=thin), f"task={task}")


def stage_of(wish: Wish) -> tuple[int, int]:
    """The size of the picture above the panel."""
    return wish.width, wish.height - panel_height((wish.width, wish.height))


def _frames(wish: Wish, task: str, seen: Mood, reference: Path | None) -> Iterator[Planes]:
    stage = stage_of(wish)
    push: Push | None = None
    if reference is None:
        scene = build(seen, stage)
    else:
        picture = fitted(reference, stage)
        if wish.watermark:
            _watermark(picture, stage)
        push = Push(picture)
        scene = Scene(seen, stage, picture)
        weather(scene, seen)
    if push is None and wish.watermark:
        _watermark(scene.ground, stage)
    yield from _played(wish, task, scene, push)


def _played(wish: Wish, task: str, scene: Scene, push: Push | None) -> Iterator[Planes]:
    """Frame by frame: the ground or the picture, light, sheets, the headline, the panel."""
    caption = Caption(wish, task, scene.mood.palette.accent)
    third = LowerThird(wish, scene.size, scene.mood.palette.accent) if wish.style == "news" else None
    whole = Image.new("RGB", (wish.width, wish.height), PANEL)
    whole.paste(scene.ground, (0, 0))
    ground = planes(whole)
    count = wish.seconds * FPS
    for number in range(count):
        seconds = number / FPS
        frame = copy(ground)
        if push is not None:
            push.lay(frame, number / count)
        if scene.ray is not None:
            scene.ray(seconds).lay(frame, seconds)
        lay_all(scene.sheets, frame, seconds)
        if third is not None:
            third.lay(frame, seconds)
        caption.lay(frame, number)
        yield frame


class Push:
    """A reference picture that the camera slowly nears: exactly itself at the beginning."""

    def __init__(self, picture: Image.Image) -> None:
        self._planes = planes(picture)

    def lay(self, onto: Planes, share: float) -> None:
        """Lays the picture as it is after `share` of the clip."""
        near = _PUSH * share * share * (3 - 2 * share)
        for target, source in zip(onto, self._planes, strict=True):
            width, height = source.size
            cut = (width * near / 2, height * near / 2, width * (1 - near / 2), height * (1 - near / 2))
            part = source if near == 0 else source.resize(source.size, Image.Resampling.BILINEAR, box=cut)
            target.paste(part, (0, 0))


def fitted(path: Path, stage: tuple[int, int]) -> Image.Image:
    """A reference picture as large as the stage; the panel of one of our own frames is cut off."""
    with Image.open(path) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    if _has_panel(picture):
        picture = picture.crop((0, 0, picture.width, picture.height - panel_height(picture.size)))
    return ImageOps.fit(picture, stage, Image.Resampling.LANCZOS)


def _has_panel(picture: Image.Image) -> bool:
    """Whether the picture is a frame of a clip of ours: flat panel all the way down its left edge."""
    width, height = picture.size
    panel = panel_height(picture.size)
    rows = range(height - panel + max(6, panel // 8), height - 2, max(1, panel // 12))
    return all(
        max(abs(a - b) for a, b in zip(picture.getpixel((x, row)), PANEL, strict=True)) < 10  # type: ignore[arg-type]  # noqa: PLR2004
        for row in rows
        for x in (2, width - 3)
    )


def _watermark(picture: Image.Image, stage: tuple[int, int]) -> None:
    draw = ImageDraw.Draw(picture, "RGBA")
    face = font(even(min(stage) * 0.034))
    draw.text(
        (stage[0] - stage[0] // 40, stage[1] // 26), "simulated", font=face, fill=(255, 255, 255, 120), anchor="rt"
    )
