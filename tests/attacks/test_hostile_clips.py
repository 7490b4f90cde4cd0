"""Clips that unfold: small files whose pictures or sound would fill the memory of whoever looks inside."""

from __future__ import annotations

import resource
import struct
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import av
import pytest

from sorapipe.clips.cut import cut
from sorapipe.clips.frames import frame, poster
from sorapipe.clips.probe import Broken, probe

HUGE = (9600, 9600)
SMALL = (320, 240)
LOOKS: dict[str, Callable[[Path], object]] = {
    "probe": probe,
    "cut": lambda path: cut(path.read_bytes(), Decimal(0), Decimal(1)),
    "first-frame": lambda path: frame(path, Decimal(0)),
    "last-frame": lambda path: frame(path, None),
    "poster": poster,
}
looks = pytest.mark.parametrize("look", LOOKS)


def _png(width: int, height: int) -> bytes:
    """A black picture: a few kB, whatever its size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" * (1 + (width + 7) // 8)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = zlib.compress(row * height, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def _clip(path: Path, said: tuple[int, int], sizes: Sequence[tuple[int, int]]) -> Path:
    """A clip that says one size and holds pictures of others."""
    pictures = {size: _png(*size) for size in set(sizes)}
    with av.open(str(path), "w", format="mov") as out:
        stream = out.add_stream("png", rate=24)
        stream.width, stream.height, stream.pix_fmt = *said, "gray"
        for number, size in enumerate(sizes):
            packet = av.Packet(pictures[size])
            packet.pts = packet.dts = number
            packet.time_base, packet.stream, packet.is_keyframe = Fraction(1, 24), stream, True
            out.mux(packet)
    return path


def _grown(before: int) -> int:
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10


@looks
def test_a_picture_that_is_larger_than_any_screen_is_not_unfolded(tmp_path: Path, look: str) -> None:
    path, before = _clip(tmp_path / "a.mov", HUGE, [HUGE] * 36), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Broken):
        LOOKS[look](path)
    assert _grown(before) < 200


@looks
@pytest.mark.parametrize("sizes", [[HUGE] * 36, [SMALL, *[HUGE] * 35]], ids=["all", "all-but-the-first"])
def test_nor_one_that_says_that_it_is_small(tmp_path: Path, look: str, sizes: list[tuple[int, int]]) -> None:
    path, before = _clip(tmp_path / "a.mov", SMALL, sizes), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with suppress(Broken):
        LOOKS[look](path)
    assert _grown(before) < 200


@looks
def test_pictures_that_change_their_size_on_the_way_are_looked_at_or_refused(tmp_path: Path, look: str) -> None:
    path = _clip(tmp_path / "a.mov", SMALL, [SMALL, (640, 480), (64, 64), SMALL] * 9)
    with suppress(Broken):
        LOOKS[look](path)
