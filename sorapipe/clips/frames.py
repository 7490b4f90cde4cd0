"""Single frames of a clip as pictures: the exact one for the next shot, a small one for people; knows no shots."""

from __future__ import annotations

import struct
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from sorapipe.clips.probe import Broken, opened

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream
    from PIL.Image import Image

_ROUNDING = Fraction(1, 2000)
"""People write 0.083 for 1/12: a frame that begins within half a millisecond after a time is the one they mean."""


class NoSuchFrame(Broken):
    """The clip has no frame at that time. The text says how long it is."""


def frame(path: Path, at: Decimal | None) -> bytes:
    """The frame that is shown at `at` seconds, as PNG in the clip's full size, turned upright; `None` is the last one.

    The same clip and time always give the same bytes on one machine. Raises `NoSuchFrame` for a time outside the clip,
    `Broken` for a file without pictures, `OSError` where it can't be read.
    """
    with opened(path) as container:
        return _png(_picture(_find(container, at)))


def poster(path: Path, width: int = 480) -> bytes:
    """A small JPEG of the middle of the clip, at most `width` wide: quick rather than exact. Raises like `frame`."""
    with opened(path) as container:
        stream = container.streams.video[0]
        seek(container, stream, _length(container, stream) / 2)
        shown = next(container.decode(stream), None)
        if shown is None:
            raise Broken("it has no pictures")
        small = min(1.0, width / shown.width)
        even = [max(2, round(side * small / 2) * 2) for side in (shown.width, shown.height)]
        picture = _picture(shown.reformat(width=even[0], height=even[1]), turn=shown.rotation)
        out = BytesIO()
        picture.save(out, "JPEG", quality=80)
        return out.getvalue()


def size(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG, from its header. Raises `ValueError` for other bytes."""
    if png[:8] != b"\x89PNG\r\n\x1a\n" or png[12:16] != b"IHDR" or len(png) < 24:  # noqa: PLR2004
        raise ValueError("not a PNG")
    width, height = struct.unpack(">2I", png[16:24])
    return width, height


def _find(container: InputContainer, at: Decimal | None) -> VideoFrame:
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    length = _length(container, stream)
    if at is not None and not 0 <= at <= Decimal(length.numerator) / Decimal(length.denominator):
        raise NoSuchFrame(f"there is no frame at {at} s: the clip is {float(length):.3f} s long")
    seek(container, stream, length if at is None else Fraction(at))
    found = _last_until(container, stream, None if at is None else Fraction(at) + _ROUNDING)
    if found is None:  # the index may point behind the last picture: then only reading from the beginning helps
        container.seek(0)
        found = _last_until(container, stream, None if at is None else Fraction(at) + _ROUNDING)
    if found is None:
        raise Broken("it has no pictures")
    return found


def _last_until(container: InputContainer, stream: VideoStream, until: Fraction | None) -> VideoFrame | None:
    """The last frame that begins at `until` seconds or before; the very last one without `until`.

    Nothing before `until` but something after it gives that: the first frame of a clip may begin late.
    """
    found: VideoFrame | None = None
    for shown in container.decode(stream):
        if until is not None and found is not None and begins(shown, stream) > until:
            return found
        found = shown
    return found


def begins(shown: VideoFrame, stream: VideoStream) -> Fraction:
    """When a frame is shown, in seconds from the beginning of the clip."""
    base = shown.time_base or stream.time_base or Fraction(1)
    return ((shown.pts or 0) - (stream.start_time or 0)) * base


def _length(container: InputContainer, stream: VideoStream) -> Fraction:
    if stream.duration and stream.time_base:
        return Fraction(stream.duration) * stream.time_base
    return Fraction(container.duration or 0, 1_000_000)


def seek(container: InputContainer, stream: VideoStream, seconds: Fraction) -> None:
    """Goes to the key frame at or before a time."""
    base = stream.time_base or Fraction(1)
    container.seek(int(seconds / base) + (stream.start_time or 0), stream=stream, backward=True)


def _picture(shown: VideoFrame, turn: int | None = None) -> Image:
    """The frame as RGB, upright. Its own colour matrix and range are used, as a player would."""
    degrees = shown.rotation if turn is None else turn
    picture: Image = shown.to_image()  # type: ignore[no-untyped-call]
    return picture.rotate(degrees, expand=True) if degrees % 360 else picture


def _png(picture: Image) -> bytes:
    out = BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()
