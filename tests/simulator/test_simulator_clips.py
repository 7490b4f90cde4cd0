"""The clips: real, of the asked shape, fetched whole or in parts."""

from __future__ import annotations

import base64
import time
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import pytest
from PIL import Image, ImageChops, ImageStat
from simulator.box import Simulator, Start

from sorapipe.simulator.catalogue import Wish
from sorapipe.simulator.encode import FPS
from sorapipe.simulator.fonts import font, legible, lines
from sorapipe.simulator.render import render_clip


def frames(data: bytes | Path, *numbers: int) -> list[Image.Image]:
    """Frames by number."""
    source = BytesIO(data) if isinstance(data, bytes) else str(data)
    found = {}
    with av.open(source) as clip:
        for number, frame in enumerate(clip.decode(video=0)):
            if number in numbers:
                found[number] = frame.to_image()
            if number == max(numbers):
                break
    return [found[number] for number in numbers]


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures, 0 to 255."""
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


SHORT = 3
LAST = SHORT * FPS - 1


def rendered(folder: Path, prompt: str, **fields: object) -> Path:
    """A clip as the simulator makes it, shorter than any that can be ordered."""
    wish = Wish("tasks", "sora-2", prompt, SHORT, 1280, 720)
    for name, value in fields.items():
        object.__setattr__(wish, name, value)
    path = folder / f"{abs(hash((prompt, *map(str, fields.values()))))}.mp4"
    reference = fields.get("reference")
    render_clip(path, wish, "task_" + "a" * 24, Path(str(reference)) if reference else None, folder / "cache")
    return path


@pytest.mark.parametrize(
    ("model", "size", "seconds"),
    [("sora-2", "1280x720", "10"), ("sora-2", "720x1280", "15"), ("sora-2-hd", "1024x1792", "10")],
)
def test_a_real_clip_has_the_asked_shape_and_sound(start: Start, model: str, size: str, seconds: str) -> None:
    simulator = start(clips="real")
    task = simulator.create("A lighthouse in the storm", model, size=size, seconds=seconds)
    data = simulator.http.get(simulator.clip_url(task), timeout=60).content
    with av.open(BytesIO(data)) as clip:
        picture, sound = clip.streams.video[0], clip.streams.audio[0]
        assert (picture.codec_context.name, sound.codec_context.name) == ("h264", "aac")
        assert f"{picture.width}x{picture.height}" == size
        assert picture.pix_fmt == "yuv420p"
        assert clip.metadata["comment"] == f"task={task}"
        assert clip.duration == int(seconds) * 1_000_000
        count = sum(1 for packet in clip.demux(picture) if packet.size)
        assert Fraction(count) / picture.average_rate == int(seconds)
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("seconds", [4, 25])
def test_a_clip_is_as_long_as_was_asked_for(tmp_path: Path, seconds: int) -> None:
    with av.open(str(rendered(tmp_path, "A lighthouse", seconds=seconds, width=320, height=180))) as clip:
        assert clip.duration == seconds * 1_000_000
        assert sum(1 for packet in clip.demux(video=0) if packet.size) == seconds * FPS


def test_a_clip_moves_and_its_clock_runs(tmp_path: Path) -> None:
    first, second, last = frames(rendered(tmp_path, "Waves on a quiet sea", seconds=10), 0, 60, 119)
    clock = (1000, 600, 1280, 660)
    assert difference(first.crop(clock), second.crop(clock)) > 1
    assert difference(first.crop((0, 0, 1280, 590)), last.crop((0, 0, 1280, 590))) > 1


def test_prompts_and_styles_look_different(tmp_path: Path) -> None:
    prompts = ("A ship at sea", "A city at night", "A pine forest in fog")
    looks = [rendered(tmp_path, prompt) for prompt in prompts]
    looks += [rendered(tmp_path, prompts[0], style=style) for style in ("winter", "comic", "news")]
    pictures = [frames(path, 30)[0].crop((0, 0, 1280, 590)) for path in looks]
    for number, one in enumerate(pictures):
        for other in pictures[:number]:
            assert difference(one, other) > 8


def test_the_same_task_gives_the_same_bytes(tmp_path: Path) -> None:
    one = rendered(tmp_path, "A ship at sea").read_bytes()
    assert rendered(tmp_path / "again", "A ship at sea").read_bytes() == one


def test_a_clip_begins_with_its_reference_picture(tmp_path: Path) -> None:
    parent = rendered(tmp_path, "A sailboat at sunset")
    last = frames(parent, LAST)[0]
    last.save(tmp_path / "last.png")
    child = rendered(tmp_path, "The keeper looks up", reference=tmp_path / "last.png")
    box = (0, 0, 1280, 590)
    first, end = frames(child, 0, LAST)
    assert difference(last.crop(box), first.crop(box)) < 3
    assert difference(first.crop(box), end.crop(box)) > 3


def test_a_reference_in_a_create_is_seen_in_the_clip(start: Start) -> None:
    out = BytesIO()
    Image.new("RGB", (1280, 720), (200, 40, 40)).save(out, "JPEG")
    simulator = start(clips="real")
    url = "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
    task = simulator.create("Something blue", input_reference=url)
    data = simulator.http.get(simulator.clip_url(task), timeout=60).content
    red, green, _ = frames(data, 0)[0].getpixel((640, 300))  # type: ignore[misc]
    assert red > 170
    assert green < 70


def test_letters_that_no_font_has_leave_no_boxes() -> None:
    text, path = legible("日本 caf\u00e9 \U0001f642 na\u00efve\x07\u202e")
    face = font(20, path)
    box = bytes(face.getmask("\uffff"))
    assert all(letter.isspace() or bytes(face.getmask(letter)) != box for letter in text)
    assert "caf" in text


def test_long_prompts_are_shortened_to_their_lines() -> None:
    face = font(20)
    for text in ("word " * 500, "x" * 5000):
        broken = lines(text, face, 300, 3)
        assert len(broken) == 3
        assert broken[-1].endswith("…")
        assert all(face.getlength(line) <= 300 for line in broken)


def test_canned_clips_differ_by_task_alone(canned: Simulator) -> None:
    one, two = canned.create("a"), canned.create("b")
    first, second = (canned.http.get(canned.clip_url(task)).content for task in (one, two))
    assert len(first) == len(second)
    assert first != second
    for data, task in ((first, one), (second, two)):
        with av.open(BytesIO(data)) as clip:
            assert clip.metadata["comment"] == f"task={task}"
            assert clip.duration == 10_000_000


@pytest.mark.parametrize("clips", ["canned", "real"])
def test_parts_of_a_clip_fit_together(start: Start, clips: str) -> None:
    simulator = start(clips=clips)
    url = simulator.clip_url(simulator.create())
    get = simulator.http.get
    whole = get(url)
    size, tag = len(whole.content), whole.headers["etag"]
    assert whole.headers["content-type"] == "video/mp4"
    assert int(whole.headers["content-length"]) == size
    head = simulator.http.head(url)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(size))
    part = get(url, headers={"Range": "bytes=1000-", "If-Range": tag})
    assert part.status_code == 206
    assert part.headers["content-range"] == f"bytes 1000-{size - 1}/{size}"
    assert whole.content[:1000] + part.content == whole.content
    assert get(url, headers={"Range": "bytes=-10"}).content == whole.content[-10:]
    assert get(url, headers={"Range": "bytes=5-9"}).content == whole.content[5:10]
    assert get(url, headers={"Range": "bytes=5-", "If-Range": '"other"'}).status_code == 200
    assert get(url, headers={"Range": f"bytes={size}-"}).status_code == 416
    assert get(url, headers={"Range": "pages=1-2"}).status_code == 200
    assert get(url, headers={"If-None-Match": tag}).status_code == 304
    assert get(url).headers["etag"] == tag


def test_a_result_url_is_signed(canned: Simulator) -> None:
    url = canned.clip_url(canned.create())
    other = canned.create()
    assert canned.http.get(url[:-1] + ("0" if url[-1] != "0" else "1")).status_code == 403
    assert canned.http.get(url.split("?")[0]).status_code == 403
    assert canned.http.get(url.replace(url.split("/")[-1].split(".")[0], other)).status_code == 403
    assert canned.http.get("/files/..%2Fbooks.sqlite").status_code in {403, 404}


def test_result_urls_expire_and_a_query_gives_a_fresh_one(start: Start) -> None:
    simulator = start("--url-lifetime", "0.3")
    task = simulator.create()
    url = simulator.clip_url(task)
    assert simulator.http.get(url).status_code == 200
    deadline = time.monotonic() + 5
    while simulator.http.get(url).status_code == 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert simulator.http.get(url).status_code == 403
    assert simulator.http.get(simulator.clip_url(task)).status_code == 200


def test_a_clip_that_somebody_deleted_is_made_again_the_same(start: Start) -> None:
    simulator = start(clips="real")
    task = simulator.create()
    first = simulator.http.get(simulator.clip_url(task), timeout=30)
    simulator.stop()
    (simulator.books / "clips" / f"{task}.mp4").unlink()
    again = start(clips="real")
    second = again.http.get(again.clip_url(task), timeout=30)
    assert second.content == first.content
    assert second.headers["etag"] == first.headers["etag"]
