"""A few seconds of a clip as a clip of its own, exact to a frame; knows no shots, no characters and no provider."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sorapipe.clips.frames import begins, seek
from sorapipe.clips.probe import Broken, ClipInfo, opened, probe

if TYPE_CHECKING:
    from av import AudioFrame, VideoFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.filter import Graph
    from av.video.stream import VideoStream

FASTEST = 60
"""Frames per second; files that claim more are thinned out."""

_ROUNDING = Fraction(1, 2000)
"""People write 0.083 for 1/12: what begins within half a millisecond after a time begins at it."""
_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
"""The rates of sound that AAC takes."""
_CHUNK = 1024
_BEFORE = Fraction(1, 5)
"""Sound is read from a little earlier on: the first packet after a jump is not whole."""
_TURNS = {90: ("transpose=cclock",), 180: ("hflip", "vflip"), 270: ("transpose=clock",)}


def cut(data: bytes, start: Decimal, end: Decimal, least: Decimal | None = None) -> bytes:
    """The seconds from `start` to `end` of a clip, as an MP4 of H.264 and AAC, upright, without tags.

    Where the clip ends before `end`, at least `least` seconds must be there. The same bytes give the same bytes on one
    machine. Raises `Broken` for what is no whole clip, or too short a one, `OSError` where there is no room for it.
    """
    with TemporaryDirectory(prefix="sorapipe-cut-") as folder:
        whole, short = Path(folder) / "whole.mp4", Path(folder) / "short.mp4"
        whole.write_bytes(data)
        found = probe(whole)
        span = _span(found, Fraction(start), Fraction(end), Fraction(end - start if least is None else least))
        _write(whole, short, found, Fraction(start), span)
        return short.read_bytes()


def _span(found: ClipInfo, start: Fraction, end: Fraction, least: Fraction) -> Fraction:
    """How many seconds there are to cut out; half a frame may be missing at the end."""
    if not 0 <= start < end:
        raise ValueError(f"BUG: nothing lies between {start} s and {end} s")
    length = Fraction(found.seconds)
    if length + Fraction(1, 2) / _rate(found) >= end:
        return end - start
    if length - start < max(least, Fraction(1, 1000)):
        wanted = f"{float(start):g} to {float(end):g} s" if least == end - start else f"{float(least):g} s"
        raise Broken(f"it is {found.seconds.normalize():f} s long, and {wanted} of it are needed")
    return length - start


def _rate(found: ClipInfo) -> Fraction:
    """Frames per second, within reason."""
    if found.fps < 1:
        return Fraction(1)
    return found.fps if found.fps <= FASTEST else Fraction(FASTEST)


def _write(whole: Path, short: Path, found: ClipInfo, start: Fraction, span: Fraction) -> None:
    import av

    count = max(1, round(span * _rate(found)))
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with opened(whole) as source, av.open(str(short), "w", format="mp4", options=options) as out:
        rate = (count / span).limit_denominator(100_000)
        video = out.add_stream("libx264", rate=rate)
        video.width, video.height, video.pix_fmt = found.width // 2 * 2, found.height // 2 * 2, "yuv420p"
        video.time_base = video.codec_context.time_base = 1 / rate
        # One thread: with several the picture depends on how many there are.
        video.options = {"preset": "veryfast", "crf": "18", "threads": "1", "x264-params": "bframes=0"}
        audio = _audio_stream(source, out)
        _pictures(source, out, video, [start + n / rate for n in range(count)])
        if audio is not None:
            _sound(source, out, audio, start, span)


def _audio_stream(source: InputContainer, out: OutputContainer) -> AudioStream | None:
    """A track of sound like the first one of the source, `None` where that has none that can be read."""
    if not source.streams.audio or source.streams.audio[0].codec_context is None:
        return None
    told = source.streams.audio[0].codec_context
    rate = told.sample_rate if told.sample_rate in _RATES else 48000
    return out.add_stream("aac", rate=rate, layout="mono" if told.channels == 1 else "stereo")


def _pictures(source: InputContainer, out: OutputContainer, video: VideoStream, times: list[Fraction]) -> None:
    """Encodes the frame that is shown at each of the times."""
    import av

    upright: Graph | None = None
    for number, shown in enumerate(_shown(source, times)):
        if upright is None:
            upright = _upright(shown, video)
        upright.push(shown)
        picture = upright.pull()
        if not isinstance(picture, av.VideoFrame):
            raise TypeError("BUG: pictures are made of pictures")
        picture.pts, picture.time_base = number, video.codec_context.time_base
        picture.pict_type = av.video.frame.PictureType.NONE
        out.mux(video.encode(picture))
    out.mux(video.encode(None))


def _shown(source: InputContainer, times: list[Fraction]) -> Iterator[VideoFrame]:
    """For each time the last frame that has begun by then; before the first one that one, after the last that one."""
    stream = source.streams.video[0]
    stream.thread_type = "AUTO"
    seek(source, stream, times[0])
    frames = source.decode(stream)
    now = next(frames, None)
    if now is None:
        raise Broken("it has no pictures")
    following = next(frames, None)
    for time in times:
        while following is not None and begins(following, stream) <= time + _ROUNDING:
            now, following = following, next(frames, None)
        yield now


def _upright(shown: VideoFrame, video: VideoStream) -> Graph:
    """A graph that turns frames as they are to be seen, in the size and format of the stream."""
    from av.filter import Graph

    graph = Graph()
    nodes = [graph.add_buffer(template=None, width=shown.width, height=shown.height, format=shown.format,
                              time_base=shown.time_base or Fraction(1, 1000))]  # fmt: skip
    for turn in _TURNS.get(round(shown.rotation) % 360, ()):
        name, _, value = turn.partition("=")
        nodes.append(graph.add(name, value or None))
    nodes.append(graph.add("scale", f"{video.width}:{video.height}"))
    nodes.append(graph.add("format", "yuv420p"))
    graph.link_nodes(*nodes, graph.add("buffersink")).configure()
    return graph


def _sound(source: InputContainer, out: OutputContainer, audio: AudioStream, start: Fraction, span: Fraction) -> None:
    """Encodes the samples of the span; silence before sound that begins late, nothing after it has ended."""
    from av.audio.fifo import AudioFifo

    rate = audio.codec_context.sample_rate
    fifo, left, written = AudioFifo(), round(span * rate), 0
    first: int | None = None
    for frame in _samples(source, audio, max(start - _BEFORE, Fraction(0))):
        if first is None:
            first = (frame.pts or 0) - round(start * rate)
            if first > 0:
                fifo.write(_silence(audio, min(first, left)))
        frame.pts = None
        fifo.write(frame)
        while first < 0 and fifo.samples:  # nobody can say how much there is before the beginning: none of it is kept
            early = min(-first, fifo.samples)
            fifo.read(early)
            first += early
        if first >= 0 and fifo.samples >= left:
            break
    while left > 0 and first is not None and first >= 0 and fifo.samples:
        samples = min(_CHUNK, left, fifo.samples)
        piece = fifo.read(samples)
        if piece is None:
            break
        piece.pts, piece.time_base = written, Fraction(1, rate)
        out.mux(audio.encode(piece))
        written, left = written + samples, left - samples
    out.mux(audio.encode(None))


def _samples(source: InputContainer, audio: AudioStream, start: Fraction) -> Iterator[AudioFrame]:
    """The sound from about `start` on, in the form that is encoded; `pts` counts samples of the clip."""
    from av.audio.resampler import AudioResampler

    stream = source.streams.audio[0]
    context = audio.codec_context
    resampler = AudioResampler(format="fltp", layout=context.layout, rate=context.sample_rate)
    base, begin = stream.time_base or Fraction(1), stream.start_time or 0
    source.seek(int(start / base) + begin, stream=stream, backward=True)
    at: int | None = None
    for shown in source.decode(stream):
        if at is None:
            at = round(((shown.pts or 0) - begin) * base * context.sample_rate)
        for frame in resampler.resample(shown):
            frame.pts, at = at, at + frame.samples
            yield frame


def _silence(audio: AudioStream, samples: int) -> AudioFrame:
    from av import AudioFrame

    context = audio.codec_context
    frame = AudioFrame(format="fltp", layout=context.layout, samples=samples)
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    frame.sample_rate = context.sample_rate
    return frame
