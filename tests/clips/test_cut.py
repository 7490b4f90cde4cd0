"""A cut is exact: the frames that are asked for and no others, with their sound, and the same bytes every time."""

from __future__ import annotations

import math
from array import array
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
import pytest

from sorapipe.clips.cut import cut
from sorapipe.clips.frames import frame
from sorapipe.clips.probe import Broken, probe


class MakeClip(Protocol):
    def __call__(self, name: str = "clip.mp4", **wanted: object) -> Path: ...


def greys(path: Path) -> list[int]:
    """The numbers of the frames of a clip: their grey says them."""
    with av.open(str(path)) as clip:
        return [round((shown.to_image().getpixel((40, 40))[0] - 16) / 8) for shown in clip.decode(video=0)]  # type: ignore[no-untyped-call]


def cut_to(folder: Path, path: Path, start: str, end: str, least: str | None = None) -> Path:
    made = folder / "short.mp4"
    made.write_bytes(cut(path.read_bytes(), Decimal(start), Decimal(end), Decimal(least) if least else None))
    return made


@pytest.mark.parametrize(("gop", "bframes"), [(6, 2), (100, 0)])
@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [("0", "1", 0, 11), ("0.5", "1.5", 6, 17), ("0.083", "2", 1, 23), ("1", "2", 12, 23)],
)
def test_just_these_frames(  # noqa: PLR0913, PLR0917 - a row of the table
    make_clip: MakeClip, tmp_path: Path, gop: int, bframes: int, start: str, end: str, first: int, last: int
) -> None:
    short = cut_to(tmp_path, make_clip(gop=gop, bframes=bframes), start, end)
    assert greys(short) == list(range(first, last + 1))
    assert abs(probe(short).seconds - (Decimal(end) - Decimal(start))) <= Decimal("0.001")


def test_a_player_shows_it_at_once_and_it_has_sound(make_clip: MakeClip, tmp_path: Path) -> None:
    short = cut_to(tmp_path, make_clip(), "0.25", "1.75")
    data = short.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(short)) as clip:
        video, audio = clip.streams.video[0], clip.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert audio.codec_context.name == "aac"
        assert audio.duration is not None and audio.time_base is not None
        assert abs(float(audio.duration * audio.time_base) - 1.5) < 0.05
    silent = cut_to(tmp_path, make_clip(sound=False), "0", "1")
    assert not probe(silent).has_audio


def test_the_same_bytes_give_the_same_bytes(make_clip: MakeClip) -> None:
    data = make_clip().read_bytes()
    assert cut(data, Decimal("0.5"), Decimal(2)) == cut(data, Decimal("0.5"), Decimal(2))


def test_tags_do_not_go_along(make_clip: MakeClip, tmp_path: Path) -> None:
    short = cut_to(tmp_path, make_clip(tags=(("comment", "task=secret"),)), "0", "1")
    assert b"secret" not in short.read_bytes() and probe(short).task is None


def test_a_rate_that_does_not_divide_the_span_gives_the_span_all_the_same(make_clip: MakeClip, tmp_path: Path) -> None:
    short = cut_to(tmp_path, make_clip(frames=100, fps=Fraction(30000, 1001), sound=False), "0", "2")
    found = probe(short)
    assert (found.frames, found.seconds) == (60, Decimal("2.000"))


def test_odd_sizes_are_made_even(make_clip: MakeClip, tmp_path: Path) -> None:
    path = make_clip(codec="mpeg4", width=161, height=91, bframes=0)
    found = probe(cut_to(tmp_path, path, "0", "1"))
    assert (found.width, found.height) == (160, 90)


def test_a_clip_that_ends_early_will_do_where_less_is_enough(make_clip: MakeClip, tmp_path: Path) -> None:
    assert probe(cut_to(tmp_path, make_clip(), "0", "4", "1")).seconds == 2
    with pytest.raises(Broken, match="it is 2 s long, and 3 s of it are needed"):
        cut_to(tmp_path, make_clip(), "0", "4", "3")
    with pytest.raises(Broken, match="it is 2 s long, and 1 to 3 s of it are needed"):
        cut_to(tmp_path, make_clip(), "1", "3")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), "a picture"),
        (b"<!doctype html><html></html>" + bytes(60), "a web page"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(12), "truncated|damaged|box"),
    ],
)
def test_what_is_no_clip_is_refused_in_words(data: bytes, why: str) -> None:
    with pytest.raises(Broken, match=why):
        cut(data, Decimal(0), Decimal(1))


def test_half_a_clip_is_refused(make_clip: MakeClip) -> None:
    data = make_clip().read_bytes()
    with pytest.raises(Broken):
        cut(data[: len(data) // 2], Decimal(0), Decimal(1))


def test_the_sound_is_that_of_the_span(tmp_path: Path) -> None:
    """A second of silence, then a tone: the cut begins with the tone."""
    path = tmp_path / "tone.mp4"
    with av.open(str(path), "w", format="mp4") as out:
        video = out.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        audio = out.add_stream("aac", rate=44100, layout="mono")
        for number in range(30):
            shown = av.VideoFrame(64, 64, "yuv420p")
            for plane in shown.planes:
                plane.update(bytes([128]) * plane.buffer_size)
            shown.pts, shown.time_base = number, Fraction(1, 10)
            out.mux(video.encode(shown))
        out.mux(video.encode(None))
        for at in range(0, 3 * 44100, 1024):
            wave = array("f", (0.5 * math.sin(n / 10) if n >= 44100 else 0.0 for n in range(at, at + 1024)))
            sound = av.AudioFrame(format="fltp", layout="mono", samples=1024)
            sound.planes[0].update(wave.tobytes())
            sound.pts, sound.sample_rate, sound.time_base = at, 44100, Fraction(1, 44100)
            out.mux(audio.encode(sound))
        out.mux(audio.encode(None))

    def loudness(start: str, end: str) -> list[float]:
        with av.open(str(cut_to(tmp_path, path, start, end))) as clip:
            samples = array("f")
            for sound in clip.decode(audio=0):
                samples.frombytes(bytes(sound.planes[0])[: sound.samples * 4])
            third = len(samples) // 3
            return [max(map(abs, samples[n * third : (n + 1) * third])) for n in range(3)]

    quiet, middle, loud = loudness("0", "2.1")
    assert quiet < 0.05
    assert min(middle, loud) > 0.3
    assert all(one > 0.3 for one in loudness("1.1", "2.1"))
    assert all(one < 0.05 for one in loudness("0", "0.9"))


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_clip_comes_out_upright(make_clip: MakeClip, tmp_path: Path, turn: int) -> None:
    path = make_clip(frames=12, sound=False)
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    one = 1 << 16
    rows = {90: (0, one, 0, -one & 0xFFFFFFFF, 0), 180: (-one & 0xFFFFFFFF, 0, 0, 0, -one & 0xFFFFFFFF),
            270: (0, -one & 0xFFFFFFFF, 0, one, 0)}[turn]  # fmt: skip
    for number, value in enumerate(rows):
        data[at + 4 * number : at + 4 * number + 4] = value.to_bytes(4, "big")
    path.write_bytes(data)
    before = probe(path)
    short = cut_to(tmp_path, path, "0", "0.5")
    after = probe(short)
    assert (after.width, after.height) == (before.width, before.height) == ((90, 160) if turn % 180 else (160, 90))
    assert len(frame(short, None)) > 0
