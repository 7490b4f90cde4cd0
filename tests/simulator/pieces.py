"""Small pictures and clips for tests of what is brought to the simulator."""

from __future__ import annotations

from io import BytesIO

import av
from PIL import Image


def png(size: tuple[int, int] = (64, 36)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, (200, 80, 40)).save(out, "PNG")
    return out.getvalue()


def mp4(seconds: float) -> bytes:
    out = BytesIO()
    with av.open(out, "w", format="mp4") as clip:
        video = clip.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 64, 36, "yuv420p"
        frame = av.VideoFrame.from_image(Image.new("RGB", (64, 36), (20, 80, 140)))
        for number in range(round(seconds * 10)):
            frame.pts = number
            clip.mux(video.encode(frame))
        clip.mux(video.encode(None))
    return out.getvalue()
