"""Frames are exact: the one that is shown at a time, and the very last one."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Protocol

import pytest
from PIL import Image

from sorapipe.clips.frames import NoSuchFrame, frame, poster, size
from sorapipe.clips.probe import Broken


class MakeClip(Protocol):
    def __call__(self, name: str = "clip.mp4", **wanted: object) -> Path: ...


def number(png: bytes) -> int:
    """Which frame it is: its grey says so."""
    with Image.open(BytesIO(png)) as picture:
        red = picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2))[0]  # type: ignore[index]
    return round((red - 16) / 8)


@pytest.mark.parametrize("bframes", [0, 2])
@pytest.mark.parametrize("gop", [1, 6, 100])
def test_every_frame_can_be_had(make_clip: MakeClip, gop: int, bframes: int) -> None:
    path = make_clip(gop=gop, bframes=bframes)
    got = [number(frame(path, (Decimal(n) / 12).quantize(Decimal("0.001")))) for n in range(24)]
    assert got == list(range(24))


TIMES = [
    ("0", 0),
    ("0.08", 0),
    ("0.083", 1),
    ("0.0834", 1),
    ("0.16", 1),
    ("0.5", 6),
    ("1.91", 22),
    ("1.99", 23),
    ("2", 23),
]


@pytest.mark.parametrize(("at", "shown"), TIMES)
def test_a_time_means_the_frame_that_is_shown_then(make_clip: MakeClip, at: str, shown: int) -> None:
    assert number(frame(make_clip(), Decimal(at))) == shown


@pytest.mark.parametrize("bframes", [0, 2])
@pytest.mark.parametrize(("gop", "frames"), [(1, 24), (6, 24), (6, 25), (100, 23), (6, 1)])
def test_the_last_frame_is_the_last(make_clip: MakeClip, gop: int, frames: int, bframes: int) -> None:
    assert number(frame(make_clip(gop=gop, frames=frames, bframes=bframes), None)) == frames - 1


@pytest.mark.parametrize("at", ["2.001", "99", "-0.1"])
def test_a_time_outside_the_clip_has_no_frame(make_clip: MakeClip, at: str) -> None:
    with pytest.raises(NoSuchFrame, match=f"there is no frame at {at} s: the clip is 2.000 s long"):
        frame(make_clip(), Decimal(at))


def test_a_frame_has_the_clips_full_size_and_is_always_the_same(make_clip: MakeClip) -> None:
    path = make_clip(width=320, height=180)
    assert size(frame(path, None)) == (320, 180)
    assert frame(path, Decimal("0.5")) == frame(path, Decimal("0.5"))


def test_a_poster_is_small(make_clip: MakeClip) -> None:
    with Image.open(BytesIO(poster(make_clip(width=640, height=360), 160))) as picture:
        assert (picture.format, picture.size) == ("JPEG", (160, 90))
    with Image.open(BytesIO(poster(make_clip()))) as picture:
        assert picture.size == (160, 90)


def test_a_file_that_is_no_clip_has_no_frames(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"<html>")
    for look in (lambda: frame(path, None), lambda: poster(path)):
        with pytest.raises(Broken, match="it can't be read as a video"):
            look()


@pytest.mark.parametrize("data", [b"", b"GIF89a" + b"\0" * 30, b"\x89PNG\r\n\x1a\n"])
def test_only_a_png_has_a_size(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a PNG"):
        size(data)
