"""Small clips, made here: nothing in these tests comes from a provider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image


@dataclass(frozen=True)
class Wanted:
    width: int = 160
    height: int = 90
    frames: int = 24
    fps: int = 12
    gop: int = 6
    sound: bool = True
    tags: tuple[tuple[str, str], ...] = ()
    faststart: bool = True
    codec: str = "libx264"
    bframes: int = 2


MakeClip = Callable[..., Path]


def grey(number: int) -> tuple[int, int, int]:
    """The colour of a frame: its number can be read back from it."""
    return (number * 8 + 16,) * 3


def write_clip(path: Path, wanted: Wanted) -> Path:
    flags = "use_metadata_tags" + ("+faststart" if wanted.faststart else "")
    with av.open(str(path), "w", format="mp4", options={"movflags": flags}) as out:
        out.metadata.update(dict(wanted.tags))
        video = out.add_stream(wanted.codec, rate=wanted.fps)
        video.width, video.height, video.pix_fmt = wanted.width, wanted.height, "yuv420p"
        video.codec_context.gop_size = wanted.gop
        video.options = {"preset": "ultrafast", "bf": str(wanted.bframes), "crf": "12"}
        audio = out.add_stream("aac", rate=44100, layout="mono") if wanted.sound else None
        for number in range(wanted.frames):
            picture = Image.new("RGB", (wanted.width, wanted.height), grey(number % 28))
            frame = av.VideoFrame.from_image(picture)
            frame.pts, frame.time_base = number, Fraction(1, wanted.fps)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if audio is not None:
            _silence(out, audio, wanted.frames * 44100 // wanted.fps)
    return path


def _silence(out: av.container.OutputContainer, audio: av.audio.stream.AudioStream, samples: int) -> None:
    for start in range(0, samples, 1024):
        frame = av.AudioFrame(format="fltp", layout="mono", samples=min(1024, samples - start))
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.pts, frame.sample_rate, frame.time_base = start, 44100, Fraction(1, 44100)
        out.mux(audio.encode(frame))
    out.mux(audio.encode(None))


@pytest.fixture
def make_clip(tmp_path: Path) -> MakeClip:
    def make(name: str = "clip.mp4", **wanted: object) -> Path:
        return write_clip(tmp_path / name, Wanted(**wanted))  # type: ignore[arg-type]

    return make
