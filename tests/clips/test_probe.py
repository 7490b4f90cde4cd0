"""A clip is taken when it is whole, and what is wrong with another is said in words for a person."""

from __future__ import annotations

import struct
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
import pytest

from sorapipe.clips.boxes import walk
from sorapipe.clips.frames import NoSuchFrame, frame, poster
from sorapipe.clips.probe import Broken, ClipInfo, probe


class MakeClip(Protocol):
    def __call__(self, name: str = "clip.mp4", **wanted: object) -> Path: ...


def why(path: Path) -> str:
    with pytest.raises(Broken) as broken:
        probe(path)
    return str(broken.value)


def test_a_whole_clip_says_what_it_is(make_clip: MakeClip) -> None:
    assert probe(make_clip()) == ClipInfo(160, 90, Decimal("2.000"), 24, Fraction(12), True, None)


def test_a_clip_without_sound_is_whole(make_clip: MakeClip) -> None:
    assert not probe(make_clip(sound=False)).has_audio


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
@pytest.mark.parametrize("faststart", [True, False])
def test_the_index_may_stand_first_or_last(make_clip: MakeClip, faststart: bool, codec: str) -> None:
    assert probe(make_clip(faststart=faststart, codec=codec)).frames == 24


TAGS = [
    ({"comment": "task=task_1"}, "task_1"),
    ({"comment": "made by a machine; task=a:b.c-d, seed=7"}, "a:b.c-d"),
    ({"sorapipe_task": "task_2", "comment": "task=other"}, "task_2"),
    ({"sorapipe_task": "no id at all", "comment": "task=task_3"}, "task_3"),
    ({"comment": "multitask=1"}, None),
    ({"comment": "task="}, None),
    ({"comment": "task=../../etc"}, None),
    ({"comment": "task=" + "x" * 201}, None),
    ({}, None),
]


@pytest.mark.parametrize(("tags", "task"), TAGS)
def test_the_task_is_read_from_the_files_tags(make_clip: MakeClip, tags: dict[str, str], task: str | None) -> None:
    assert probe(make_clip(tags=tuple(tags.items()))).task == task


@pytest.mark.parametrize("faststart", [True, False])
@pytest.mark.parametrize("kept", [0.02, 0.25, 0.5, 0.75, 0.99])
def test_half_a_file_is_never_a_clip(make_clip: MakeClip, faststart: bool, kept: float) -> None:
    path = make_clip(faststart=faststart)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    assert "truncated" in why(path)


def test_every_cut_is_noticed(make_clip: MakeClip) -> None:
    path = make_clip(frames=6, width=32, height=32, sound=False)
    data = path.read_bytes()
    for kept in range(0, len(data), 37):
        path.write_bytes(data[:kept])
        assert why(path)


def test_a_cut_at_the_edge_of_a_box_is_noticed(make_clip: MakeClip) -> None:
    for faststart in (True, False):
        path = make_clip(faststart=faststart)
        data = path.read_bytes()
        with path.open("rb") as file:
            ends = [box.end for box in walk(file, 0, len(data))]
        for end in ends[:-1]:
            path.write_bytes(data[:end])
            assert "truncated" in why(path)


def test_a_file_of_the_right_size_with_nothing_in_it_is_noticed(make_clip: MakeClip) -> None:
    path = make_clip()
    data = bytearray(path.read_bytes())
    with path.open("rb") as file:
        mdat = next(box for box in walk(file, 0, len(data)) if box.kind == b"mdat")
    data[mdat.start + 2000 : mdat.end] = bytes(mdat.end - mdat.start - 2000)
    path.write_bytes(data)
    assert "is damaged" in why(path)


def test_missing_pictures_are_counted(make_clip: MakeClip) -> None:
    path = make_clip(sound=False)
    data = path.read_bytes()
    at = data.index(b"stsz") + 12
    count = struct.unpack(">I", data[at : at + 4])[0]
    assert count == 24
    path.write_bytes(data[:at] + struct.pack(">I", 20) + data[at + 4 :])
    assert why(path)


OTHERS = [
    (b"", "the file is empty"),
    (b"<!DOCTYPE html><html>expired</html>", "it is a web page, not a video"),
    (b"\n\n  <html>", "it is a web page, not a video"),
    (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "it is an XML text, not a video"),
    (b'{"error": "expired"}', "it is a JSON text, not a video"),
    (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "it is a picture (PNG), not a video"),
    (b"\xff\xd8\xff\xe0" + b"\0" * 50, "it is a picture (JPEG), not a video"),
    (b"\x1aE\xdf\xa3" + b"\0" * 50, "it is a WebM or Matroska file: only MP4 and MOV are taken"),
    (b"\x1f\x8b\x08" + b"\0" * 50, "it is a gzip archive, not a video"),
    (b"#!/bin/sh\nrm -rf /\n", "it is not an MP4 file"),
    (b"\0" * 5000, "it is not an MP4 file"),
    (b"\0\0\0\x18ftypmp42" + b"\0" * 12, "it is truncated: the index of the video (`moov`) is missing"),
    (b"\0\0\0\x10ftypmp42\0\0\0\0", "it is truncated: the index of the video (`moov`) is missing"),
    (b"\0\0\0\x04ftypmp42\0\0\0\0", "the box `ftyp` is smaller than its own header"),
    (b"\0\0\0\x10ftypmp42\0\0\0\0junk", "it is truncated: it ends in the header of a box at byte 16"),
    (b"\0\0\0\x10ftypmp42\0\0\0\0\0\0\0\x01\xff\xff\xff\xff\0\0\0\x40", "at byte 16 there is no box"),
    (b"\0\0\0\x10ftypmp42\0\0\0\0\0\0\0\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff", "lacks 18446744073709551599 bytes"),
    (b"\0\0\0\x10ftypmp42\0\0\0\0\0\0\0\x08moov\0\0\0\x08mdat", "it has no picture"),
]


@pytest.mark.parametrize(("data", "words"), OTHERS)
def test_what_came_instead_of_a_clip_is_named(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    assert words in why(path)


def test_sound_alone_is_no_clip(tmp_path: Path, make_clip: MakeClip) -> None:
    source, path = make_clip(), tmp_path / "sound.mp4"
    with av.open(str(source)) as there, av.open(str(path), "w") as out:
        old = there.streams.audio[0]
        new = out.add_stream_from_template(old)
        for packet in there.demux(old):
            if packet.dts is not None:
                packet.stream = new
                out.mux(packet)
    assert why(path) == "it has no picture, only sound"


def turned(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """The same clip with another matrix in its first track's header."""
    data = path.read_bytes()
    at = data.index(b"tkhd") + 4 + 40
    one = 0x10000
    matrix = struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, 0, 0, 0x40000000)
    path.write_bytes(data[:at] + matrix + data[at + 36 :])
    return path


@pytest.mark.parametrize(
    ("matrix", "size"),
    [((1, 0, 0, 1), (160, 90)), ((0, 1, -1, 0), (90, 160)), ((-1, 0, 0, -1), (160, 90)), ((0, -1, 1, 0), (90, 160))],
)
def test_a_clip_has_the_size_that_it_is_shown_in(
    make_clip: MakeClip, matrix: tuple[int, int, int, int], size: tuple[int, int]
) -> None:
    info = probe(turned(make_clip(sound=False), *matrix))
    assert (info.width, info.height) == size


def test_a_file_that_is_not_there_is_the_disks_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        probe(tmp_path / "none.mp4")


@pytest.mark.parametrize("damage", [b"\xff\x7f\x00\x81", b"\0\0\0\0", b"\xff", b"\x01"])
def test_damage_anywhere_is_never_a_traceback(make_clip: MakeClip, damage: bytes) -> None:
    path = make_clip(frames=6, width=32, height=32)
    data = path.read_bytes()
    for at in range(0, len(data) - len(damage), 41):
        path.write_bytes(data[:at] + damage + data[at + len(damage) :])
        for look in (probe, lambda path: frame(path, None), lambda path: frame(path, Decimal("0.2")), poster):
            try:
                look(path)
            except (Broken, NoSuchFrame) as broken:
                assert str(broken)
