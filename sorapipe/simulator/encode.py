"""Pictures and a tone into an MP4 that every player shows; knows nothing of what is in the pictures."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
from av.audio import AudioStream
from av.video import VideoStream
from PIL import Image

FPS = 12
SAMPLE_RATE = 48_000
_AAC_FRAME = 1024
_X264 = "keyint={key}:scenecut=0:bframes=0:aq-mode=1:weightp=0"


class Care(NamedTuple):
    """How much of the encoder's time goes into a clip, and how many of its bytes. Every `key`-th frame stands alone."""

    preset: str
    tune: str
    crf: int
    key: int

    def options(self) -> dict[str, str]:
        """In the encoder's words."""
        params = _X264.format(key=self.key)
        return {"preset": self.preset, "tune": self.tune, "crf": str(self.crf), "threads": "1", "x264-params": params}


QUICK = Care("ultrafast", "fastdecode", 26, 36)


class Planes(NamedTuple):
    """One picture as YUV 4:2:0: three grey images, the last two of half the size."""

    y: Image.Image
    u: Image.Image
    v: Image.Image


class Label(NamedTuple):
    """What goes with the pictures: the file with the tone of the same length, and the container's comment tag."""

    tone: Path
    comment: str


def write_clip(path: Path, frames: Iterable[Planes], size: tuple[int, int], label: Label, care: Care = QUICK) -> None:
    """Encodes frames at `FPS`; the file is there whole or not at all.

    Raises OSError or av.FFmpegError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".mp4")
    os.close(handle)
    try:
        _encode(name, frames, size, label, care)
        _put(Path(name), path)
    finally:
        Path(name).unlink(missing_ok=True)


def _put(made: Path, path: Path) -> None:
    """Gives a file its name. Where another process was quicker its file stays: somebody may have been sent it."""
    try:
        os.link(made, path)
    except FileExistsError:
        return
    except OSError:  # a disk without links
        made.replace(path)


def _encode(name: str, frames: Iterable[Planes], size: tuple[int, int], label: Label, care: Care) -> None:
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(name, "w", format="mp4", options=options) as out, av.open(str(label.tone)) as sound:
        out.metadata["comment"] = label.comment
        video = _video_stream(out, size, care)
        audio = out.add_stream_from_template(sound.streams.audio[0])
        packets = _audio_packets(sound, audio)
        for number, planes in enumerate(frames):
            for packet in video.encode(_frame(planes, size, number)):
                out.mux(packet)
            _mux_until(out, packets, (number + 1) / FPS)
        for packet in video.encode(None):
            out.mux(packet)
        _mux_until(out, packets, float("inf"))


def _video_stream(out: av.container.OutputContainer, size: tuple[int, int], care: Care) -> VideoStream:
    video = out.add_stream("libx264", rate=FPS, options=care.options())
    video.width, video.height = size
    video.pix_fmt = "yuv420p"
    video.codec_context.time_base = Fraction(1, FPS)
    video.codec_context.color_range = 1
    video.codec_context.colorspace = 1
    video.codec_context.color_primaries = 1
    video.codec_context.color_trc = 1
    return video


def _frame(planes: Planes, size: tuple[int, int], number: int) -> av.VideoFrame:
    frame = av.VideoFrame(size[0], size[1], "yuv420p")
    for plane, picture in zip(frame.planes, planes, strict=True):
        plane.update(_rows(picture, plane.line_size))
    frame.pts = number
    frame.time_base = Fraction(1, FPS)
    return frame


def _rows(picture: Image.Image, line: int) -> bytes:
    """The bytes of a grey image with rows of `line` bytes, as the encoder's memory has them."""
    if picture.width == line:
        return picture.tobytes()
    padded = Image.new("L", (line, picture.height))
    padded.paste(picture, (0, 0))
    return padded.tobytes()


_AudioPackets = Iterator[tuple[float, "av.Packet[AudioStream]"]]


def _audio_packets(sound: av.container.InputContainer, target: AudioStream) -> _AudioPackets:
    for packet in sound.demux(sound.streams.audio[0]):
        if packet.dts is None or packet.pts is None or packet.time_base is None:
            continue
        at = float(packet.pts * packet.time_base)
        packet.stream = target
        yield at, packet


def _mux_until(out: av.container.OutputContainer, packets: _AudioPackets, until: float) -> None:
    """Interleaves: the sound goes along with the pictures, so that a player starts at once."""
    for at, packet in packets:
        out.mux(packet)
        if at >= until:
            return


def write_tone(path: Path, expression: str, seconds: int, bits: int) -> None:
    """A sound of `seconds` (a hair shorter, so that the picture rules the length) from a libav expression of `t`.

    `bits` is how many a second may take.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".mp4")
    os.close(handle)
    try:
        with av.open(name, "w", format="mp4", options={"fflags": "+bitexact"}) as out:
            audio = out.add_stream("aac", rate=SAMPLE_RATE, layout="mono", options={"b": str(bits)})
            for frame in _samples(expression, seconds):
                for packet in audio.encode(frame):
                    out.mux(packet)
            for packet in audio.encode(None):
                out.mux(packet)
        _put(Path(name), path)
    finally:
        Path(name).unlink(missing_ok=True)


def _samples(expression: str, seconds: int) -> Iterator[av.AudioFrame]:
    count = seconds * SAMPLE_RATE // _AAC_FRAME * _AAC_FRAME
    length = count / SAMPLE_RATE
    graph = av.filter.Graph()
    source = graph.add("aevalsrc", f"exprs={expression}:s={SAMPLE_RATE}:d={length}:n={_AAC_FRAME}")
    fade_in = graph.add("afade", "t=in:d=0.6:curve=hsin")
    fade_out = graph.add("afade", f"t=out:st={length - 1.2}:d=1.2:curve=hsin")
    form = graph.add("aformat", f"sample_fmts=fltp:sample_rates={SAMPLE_RATE}:channel_layouts=mono")
    sink = graph.add("abuffersink")
    for left, right in ((source, fade_in), (fade_in, fade_out), (fade_out, form), (form, sink)):
        left.link_to(right)
    graph.configure()
    sent = 0
    while sent < count:
        try:
            frame = sink.pull()
        except (av.EOFError, BlockingIOError):
            return
        assert isinstance(frame, av.AudioFrame)  # noqa: S101
        sent += frame.samples
        yield frame
