"""One clip from one wish: look, caption and tone put together; knows no shelf and no books."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from sorapipe.simulator.catalogue import Wish
from sorapipe.simulator.encode import FPS, Planes, write_clip
from sorapipe.simulator.tones import tone


def render_clip(path: Path, wish: Wish, task: str, reference: Path | None, cache: Path) -> None:
    """Makes the MP4 of a task. `reference` is the picture it begins with. Raises OSError or av.FFmpegError."""
    digest = hashlib.sha256(wish.prompt.encode()).digest()
    size = (wish.width, wish.height)
    base = Image.new("RGB", size, (digest[0] // 2, digest[1] // 2, digest[2]))
    draw = ImageDraw.Draw(base)
    draw.text((40, 40), task + "\n" + wish.prompt[:100], font=ImageFont.load_default(28))
    y, cb, cr = base.convert("YCbCr").split()
    half = (size[0] // 2, size[1] // 2)
    planes = Planes(y, cb.resize(half), cr.resize(half))

    def frames():  # type: ignore[no-untyped-def]
        for number in range(wish.seconds * FPS):
            p = planes.y.copy()
            ImageDraw.Draw(p).text(
                (size[0] - 200, 40), f"{number / FPS:.2f}", fill=235, font=ImageFont.load_default(28)
            )
            yield Planes(p, planes.u, planes.v)

    write_clip(path, frames(), size, tone(cache, digest[3], wish.seconds), f"task={task}")
