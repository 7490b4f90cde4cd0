"""Is this file a whole clip, and what is in it? Knows nothing of shots, tasks' meaning or where the file came from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from sorapipe.clips.boxes import BadBox, quarter_turns, walk

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

LONGEST = 3600
MOST_FRAMES = 1_000_000
MOST_PIXELS = 8192 * 4352
"""Of one picture: 8K with room for padding. Two megabytes can say that they unfold to more memory than there is."""
_INDEX_ONLY = {"probesize": "32", "analyzeduration": "0"}
"""Opens without decoding the first pictures: an MP4 says in its index what is in it. 0.4 ms and not 6."""
_BOUNDS = {"max_pixels": str(MOST_PIXELS)}

_TASK = re.compile(r"(?:^|[\s;,])task=([A-Za-z0-9._:-]{1,200})(?=$|[\s;,])")
_BARE_TASK = re.compile(r"[A-Za-z0-9._:-]{1,200}")
_MISTAKEN: tuple[tuple[bytes, str], ...] = (
    (b"\x1aE\xdf\xa3", "a WebM or Matroska file: only MP4 and MOV are taken"),
    (b"RIFF", "a RIFF file (AVI, WebP or WAV), not an MP4"),
    (b"\x89PNG", "a picture (PNG), not a video"),
    (b"\xff\xd8\xff", "a picture (JPEG), not a video"),
    (b"GIF8", "a picture (GIF), not a video"),
    (b"\x1f\x8b", "a gzip archive, not a video"),
    (b"PK\x03\x04", "a zip archive, not a video"),
    (b"<?xml", "an XML text, not a video"),
    (b"<", "a web page, not a video"),
    (b"{", "a JSON text, not a video"),
    (b"[", "a JSON text, not a video"),
)


class Broken(Exception):
    """The file is not a whole clip. The text says why and reads well after "the clip is not right: "."""


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """What is in a clip. `width` and `height` are as shown, after rotation; `seconds` is the length of the picture.

    `task` is the provider's id of the task, where the file names one.
    """

    width: int
    height: int
    seconds: Decimal
    frames: int
    fps: Fraction
    has_audio: bool
    task: str | None


def probe(path: Path) -> ClipInfo:
    """Looks inside a clip: every box against the file's size, every packet against what is declared.

    Raises `Broken` for a file that is not a whole clip, `OSError` where it can't be read.
    """
    turns = _check_boxes(path)
    with opened(path, _INDEX_ONLY) as container:
        if all(_sized(stream) for stream in container.streams.video[:1]):
            return _look(container, turns)
    with opened(path) as container:
        return _look(container, turns)


def _sized(stream: VideoStream) -> bool:
    return bool(stream.codec_context.width and stream.codec_context.height and stream.average_rate)


@contextmanager
def opened(path: Path, options: dict[str, str] | None = None) -> Iterator[InputContainer]:
    """A clip with at least one track of pictures. What the codecs say against it is raised as `Broken`."""
    import av

    path.open(
        "rb"
    ).close()  # a file that can't be opened is the disk's error; codecs borrow the system's words for others
    try:
        bounded = {**(options or {}), **_BOUNDS}  # the first pictures may be decoded already while it is opened
        with av.open(str(path), format="mp4", metadata_errors="replace", options=bounded) as container:
            if not container.streams.video:
                raise Broken("it has no picture, only sound" if container.streams.audio else "it has no picture")
            _bound(container.streams.video[0])
            yield container
    except av.error.FFmpegError as error:
        raise Broken(f"it can't be read as a video ({error.strerror or 'unknown error'})") from None
    except OverflowError:
        raise Broken("its times are out of all bounds") from None


def _bound(stream: VideoStream) -> None:
    """Has the decoder refuse pictures that are too large, whatever the index says of their size."""
    context = stream.codec_context
    if context is None:
        raise Broken("its picture is in a format that is not known here")
    if context.width * context.height > MOST_PIXELS:
        raise Broken(f"its picture is {context.width}x{context.height}, larger than any that is made")
    context.options = {**context.options, **_BOUNDS}


def _check_boxes(path: Path) -> int:
    """Whether the boxes fill the file and the needed ones are there; how the picture is turned."""
    with path.open("rb") as file:
        size = path.stat().st_size
        start = file.read(64)
        if not start:
            raise Broken("the file is empty")
        _check_beginning(start)
        try:
            kinds = {box.kind for box in walk(file, 0, size)}
            _check_kinds(kinds)
            return quarter_turns(file, size)
        except BadBox as error:
            raise Broken(str(error)) from None


def _check_beginning(start: bytes) -> None:
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, words in _MISTAKEN:
        if start.startswith(magic) or text.startswith(magic):
            raise Broken(f"it is {words}")
    if start[4:8] not in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}:
        raise Broken("it is not an MP4 file")


def _check_kinds(kinds: set[bytes]) -> None:
    if b"moov" not in kinds:
        raise Broken("it is truncated: the index of the video (`moov`) is missing")
    if b"mdat" not in kinds:
        raise Broken("it is truncated: the pictures (`mdat`) are missing")


def _look(container: InputContainer, turns: int) -> ClipInfo:
    stream = container.streams.video[0]
    width, height = stream.codec_context.width, stream.codec_context.height
    if not width or not height:
        raise Broken("its picture has no size")
    seconds = _seconds(container, stream)
    frames = _count(container, stream)
    return ClipInfo(
        width=height if turns % 2 else width,
        height=width if turns % 2 else height,
        seconds=seconds,
        frames=frames,
        fps=Fraction(stream.average_rate or Fraction(frames) / max(Fraction(seconds), Fraction(1, 1000))),
        has_audio=bool(container.streams.audio),
        task=_task(container.metadata),
    )


def _seconds(container: InputContainer, stream: VideoStream) -> Decimal:
    if stream.duration and stream.time_base:
        length = Fraction(stream.duration) * stream.time_base
    else:
        length = Fraction(container.duration or 0, 1_000_000)
    if length <= 0:
        raise Broken("its length is zero")
    if length > LONGEST:
        raise Broken(f"it says that it is longer than {LONGEST // 60} minutes")
    return Decimal(round(length * 1000)).scaleb(-3)


def _count(container: InputContainer, stream: VideoStream) -> int:
    """Counts the pictures and looks at how each is built: a file can have its size and hold nothing."""
    prefix = _length_prefix(stream)
    found = 0
    for packet in container.demux(stream):
        if packet.size == 0:
            continue
        found += 1
        if packet.is_corrupt or (prefix and not _is_built(memoryview(packet), prefix)):
            raise Broken(f"picture {found} is damaged")
        if found > MOST_FRAMES:
            raise Broken(f"it has more than {MOST_FRAMES} pictures")
    if not found:
        raise Broken("it has no pictures")
    if stream.frames and found != stream.frames:
        raise Broken(f"it is truncated: {found} of {stream.frames} pictures are there")
    return found


def _length_prefix(stream: VideoStream) -> int:
    """How many bytes of length stand before each unit of H.264 and HEVC; 0 where pictures are built otherwise."""
    extra = stream.codec_context.extradata or b""
    at = {"h264": 4, "hevc": 21}.get(stream.codec_context.name)
    if at is None or len(extra) <= at or extra[0] != 1:
        return 0
    return (extra[at] & 3) + 1


def _is_built(data: memoryview, prefix: int) -> bool:
    """Whether the units of one picture fill its packet exactly."""
    at, end = 0, len(data)
    while at < end:
        size = int.from_bytes(data[at : at + prefix], "big")
        if size == 0:
            return False
        at += prefix + size
    return at == end


def _task(tags: dict[str, str]) -> str | None:
    """The task's id in the file's tags: `sorapipe_task`, or `task=…` in the comment."""
    own = tags.get("sorapipe_task", "").strip()
    if _BARE_TASK.fullmatch(own):
        return own
    match = _TASK.search(tags.get("comment", ""))
    return match[1] if match else None
