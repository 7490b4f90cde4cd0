"""The boxes of an MP4 or MOV file, by their headers alone; knows no codec and reads no pictures."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MOST_BOXES = 100_000


class BadBox(Exception):
    """The boxes don't fit the file. The text says how, in words for a person."""


@dataclass(frozen=True, slots=True)
class Box:
    """One box: `start` of its payload and `end`, as offsets in the file."""

    kind: bytes
    start: int
    end: int


def walk(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes that lie between two offsets, side by side. Raises `BadBox` where they don't fill it exactly."""
    for _ in range(MOST_BOXES):
        if start == end:
            return
        box = _box(file, start, end)
        yield box
        start = box.end
    raise BadBox(f"it has more than {MOST_BOXES} boxes")


def _box(file: BinaryIO, start: int, end: int) -> Box:
    file.seek(start)
    header = file.read(min(16, end - start))
    if len(header) < 8:  # noqa: PLR2004
        raise BadBox(f"it is truncated: it ends in the header of a box at byte {start}")
    size, kind = struct.unpack(">I4s", header[:8])
    if not all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in kind):  # noqa: PLR2004
        raise BadBox(f"at byte {start} there is no box")
    body = start + 8
    if size == 1:
        if len(header) < 16:  # noqa: PLR2004
            raise BadBox(f"it is truncated: it ends in the header of a box at byte {start}")
        size, body = struct.unpack(">Q", header[8:])[0], start + 16
    elif size == 0:
        size = end - start
    if start + size < body:
        raise BadBox(f"the box `{kind.decode('latin-1')}` is smaller than its own header")
    if start + size > end:
        missing = start + size - end
        raise BadBox(f"it is truncated: the box `{kind.decode('latin-1')}` lacks {missing} bytes")
    return Box(kind, body, start + size)


def quarter_turns(file: BinaryIO, size: int) -> int:
    """How the first picture track is to be turned for showing, in quarter turns clockwise (0 to 3).

    Raises `BadBox` where the boxes don't fit.
    """
    for track in _inside(file, size, (b"moov", b"trak")):
        kinds = {box.kind: box for box in walk(file, track.start, track.end)}
        if b"tkhd" in kinds and _is_picture(file, track):
            return _turns(file, kinds[b"tkhd"])
    return 0


def _inside(file: BinaryIO, size: int, path: tuple[bytes, ...]) -> list[Box]:
    """All boxes at a path of kinds."""
    found = [Box(b"", 0, size)]
    for kind in path:
        found = [box for outer in found for box in walk(file, outer.start, outer.end) if box.kind == kind]
    return found


def _is_picture(file: BinaryIO, track: Box) -> bool:
    for media in walk(file, track.start, track.end):
        if media.kind == b"mdia":
            for box in walk(file, media.start, media.end):
                if box.kind == b"hdlr":
                    file.seek(box.start + 8)
                    return file.read(4) == b"vide"
    return False


def _turns(file: BinaryIO, header: Box) -> int:
    """The rotation in a track header's matrix; anything but quarter turns counts as none."""
    file.seek(header.start)
    data = file.read(min(header.end - header.start, 96))
    offset = 52 if data[:1] == b"\x01" else 40
    if len(data) < offset + 20:
        return 0
    a, b, _, c, d = struct.unpack(">5i", data[offset : offset + 20])
    signs = tuple((value > 0) - (value < 0) for value in (a, b, c, d))
    return {(1, 0, 0, 1): 0, (0, 1, -1, 0): 1, (-1, 0, 0, -1): 2, (0, -1, 1, 0): 3}.get(signs, 0)
