"""Dialect `jobs`: an envelope with the error inside, and files that go up first."""

from __future__ import annotations

import json
import time

import httpx
import pytest
from PIL import Image
from simulator.box import Simulator, Start
from simulator.pieces import mp4, png

TEXT: dict[str, object] = {
    "prompt": "A lighthouse in the storm",
    "aspect_ratio": "portrait",
    "n_frames": "15",
    "remove_watermark": True,
}
URL = "https://example.org/a.png"


def upload(simulator: Simulator, data: bytes, name: str = "a.png") -> str:
    parts = {"file": (name, data, "image/png"), "uploadPath": (None, "frames/one"), "fileName": (None, name)}
    answer = simulator.http.post("/api/file-stream-upload", files=parts)
    assert answer.json()["code"] == 200, answer.text
    return str(answer.json()["data"]["downloadUrl"])


def test_create_and_query_answer_in_the_markets_envelope(canned: Simulator) -> None:
    own = {"metadata": "sp1:abc", "style": "news", "seed": 3, "negative_prompt": "x", "cfg_scale": 4, "private": True}
    made = canned.job("sora-2-text-to-video", {**TEXT, **own, "last_frame": URL})
    assert made == {"code": 200, "msg": "success", "data": {"taskId": made["data"]["taskId"]}}
    record = canned.record(made["data"]["taskId"])
    assert (record["state"], record["model"], record["progress"]) == ("success", "sora-2-text-to-video", 100)
    assert json.loads(record["param"])["input"]["metadata"] == "sp1:abc"
    assert json.loads(record["resultJson"])["resultUrls"][0].startswith(f"{canned.url}/files/")
    assert record["creditsConsumed"] == 15
    assert record["createTime"] <= record["updateTime"] <= record["completeTime"]
    assert record["createTime"] > 1_600_000_000_000
    assert record["costTime"] == record["completeTime"] - record["createTime"]
    assert canned.http.get("/api/v1/chat/credit").json()["msg"] == "success"


@pytest.mark.parametrize(
    ("ratio", "size", "shape"),
    [
        ("portrait", None, (720, 1280)),
        ("landscape", None, (1280, 720)),
        ("portrait", "standard", (720, 1280)),
        ("landscape", "high", (1792, 1024)),
    ],
)
def test_the_shape_comes_from_ratio_and_size(
    canned: Simulator, ratio: str, size: str | None, shape: tuple[int, int]
) -> None:
    model = "sora-2-text-to-video" if size is None else "sora-2-pro-text-to-video"
    fields = {**TEXT, "aspect_ratio": ratio} | ({} if size is None else {"size": size})
    task = canned.job(model, fields)["data"]["taskId"]
    wish = next(row for row in canned.sim("tasks") if row["task"] == task)["wish"]
    assert (wish["width"], wish["height"]) == shape


REFUSED: list[tuple[str, dict[str, object], str]] = [
    ("sora-2", {}, "model: must be one of sora-2-text-to-video"),
    ("sora-2-pro-storyboard", {}, "model: must be one of"),
    ("sora-2-text-to-video", {"prompt": ""}, "input.prompt: is empty"),
    ("sora-2-text-to-video", {"prompt": "x" * 10_001}, "input.prompt: is longer than 10000"),
    ("sora-2-text-to-video", {"n_frames": 10}, "input.n_frames: must be a string"),
    ("sora-2-text-to-video", {"n_frames": "25"}, "input.n_frames: must be one of 10, 15"),
    ("sora-2-text-to-video", {"seconds": "10"}, "input.seconds: unknown parameter"),
    ("sora-2-text-to-video", {"watermark": False}, "input.watermark: unknown parameter"),
    ("sora-2-text-to-video", {"aspect_ratio": "9:16"}, "input.aspect_ratio: must be one of portrait, landscape"),
    ("sora-2-text-to-video", {"remove_watermark": "true"}, "input.remove_watermark: must be true or false"),
    ("sora-2-text-to-video", {"size": "standard"}, "input.size: unknown parameter"),
    ("sora-2-text-to-video", {"image_urls": [URL]}, "input.image_urls: unknown parameter"),
    ("sora-2-text-to-video", {"style": "noir"}, "input.style: must be one of"),
    ("sora-2-text-to-video", {"last_frame": "data:image/png;base64,AA"}, "input.last_frame: must be an http(s) URL"),
    ("sora-2-text-to-video", {"character_id_list": ["a"] * 6}, "input.character_id_list: may name at most 5"),
    ("sora-2-text-to-video", {"character_id_list": ["char_no"]}, "input.character_id_list: no such character"),
    ("sora-2-text-to-video", {"prompt": "@tom.abc waves"}, "input.prompt: no such character `@tom.abc`"),
    ("sora-2-image-to-video", {}, "input.image_urls: required"),
    ("sora-2-image-to-video", {"image_urls": URL}, "input.image_urls: must be a list of URLs"),
    ("sora-2-image-to-video", {"image_urls": []}, "input.image_urls: must hold exactly 1 URL"),
    ("sora-2-image-to-video", {"image_urls": [URL, URL]}, "input.image_urls: must hold exactly 1 URL"),
    ("sora-2-image-to-video", {"image_urls": ["a.png"]}, "input.image_urls: must be an http(s) URL"),
    ("sora-2-image-to-video", {"image_urls": ["http://example.org/a"]}, "must be an https URL or an upload"),
    ("sora-2-image-to-video", {"image_urls": ["http://127.0.0.1:1/uploads/a.png"]}, "the URL is not signed"),
    ("sora-2-pro-text-to-video", {}, "input.size: required"),
    ("sora-2-pro-image-to-video", {"size": "720x1280"}, "input.size: must be one of standard, high"),
    ("sora-2-characters", {}, "input.character_file_url: required"),
    ("sora-2-characters-pro", {}, "input.character_prompt: required"),
]


@pytest.mark.parametrize(("model", "fields", "words"), REFUSED)
def test_a_wrong_field_is_refused_inside_an_http_200(
    canned: Simulator, model: str, fields: dict[str, object], words: str
) -> None:
    answer = canned.job(model, {**TEXT, **fields})
    assert (answer["code"], answer["data"]) == (422, None)
    assert words in answer["msg"]


@pytest.mark.parametrize("missing", sorted(TEXT))
def test_the_server_applies_no_defaults(canned: Simulator, missing: str) -> None:
    answer = canned.job("sora-2-text-to-video", {name: value for name, value in TEXT.items() if name != missing})
    assert answer["msg"] == f"input.{missing}: required"


def test_bodies_beside_the_shape_are_refused(canned: Simulator) -> None:
    post = canned.http.post
    for body, words in (
        ([], "must be an object"),
        ({"model": "sora-2-text-to-video"}, "input: required"),
        ({"model": "sora-2-text-to-video", "input": TEXT, "prompt": "x"}, "prompt: unknown parameter"),
        ({"model": "sora-2-text-to-video", "input": TEXT, "callBackUrl": "x"}, "callBackUrl: must be an http(s) URL"),
    ):
        assert words in post("/api/v1/jobs/createTask", json=body).json()["msg"]
    assert post("/api/v1/jobs/createTask", content=b"{").json()["msg"] == "the body is not JSON"


def test_an_unknown_task_has_no_record(canned: Simulator) -> None:
    get = canned.http.get
    for path, words in (
        ("/api/v1/jobs/recordInfo?taskId=task_none", "recordInfo is null"),
        ("/api/v1/jobs/recordInfo", "taskId: required"),
    ):
        answer = get(path)
        assert (answer.status_code, answer.json()) == (200, {"code": 422, "msg": words, "data": None})
    assert get("/api/v1/jobs/other").json()["code"] == 404


def test_errors_can_be_statuses_here_too(start: Start) -> None:
    simulator = start("--errors", "status", "--key", "a-key", "--credits", "3")
    body = {"model": "sora-2-text-to-video", "input": TEXT}
    assert simulator.http.post("/api/v1/jobs/createTask", json=body).status_code == 402
    assert httpx.post(simulator.url + "/api/v1/jobs/createTask", json=body).status_code == 401
    assert httpx.get(simulator.url + "/api/v1/jobs/recordInfo?taskId=x").status_code == 401
    assert httpx.post(simulator.url + "/api/file-stream-upload").status_code == 401


def test_a_file_goes_up_first_and_is_used(canned: Simulator) -> None:
    url = upload(canned, png())
    back = httpx.get(url)
    assert (back.content, back.headers["content-type"]) == (png(), "image/png")
    made = canned.job("sora-2-image-to-video", {**TEXT, "image_urls": [url], "last_frame": url})
    wish = next(row for row in canned.sim("tasks") if row["task"] == made["data"]["taskId"])["wish"]
    assert wish["reference"] == wish["last_frame"]
    assert Image.open(canned.books / "references" / wish["reference"]).size == (64, 36)
    assert canned.job("sora-2-image-to-video", {**TEXT, "image_urls": [URL]})["code"] == 200


def test_wrong_uploads_are_refused(canned: Simulator) -> None:
    good = {"file": ("a.png", png()), "uploadPath": (None, "frames"), "fileName": (None, "a.png")}
    for change, words in (
        ({"file": ("a.png", b"text")}, "file: is neither a picture"),
        ({"file": ("a.png", png()[:60])}, "file: is not a picture"),
        ({"file": (None, "text")}, "file: must be a file"),
        ({"uploadPath": (None, "../../etc")}, "uploadPath: is not a folder"),
        ({"uploadPath": (None, "/etc")}, "uploadPath: is not a folder"),
        ({"fileName": (None, "../a.png")}, "fileName: is not a name"),
        ({"upload_path": (None, "x")}, "upload_path: unknown parameter"),
    ):
        parts = list({**good, **change}.items())
        answer = canned.http.post("/api/file-stream-upload", files=parts).json()
        assert answer["code"] == 422
        assert words in answer["msg"]
    assert "file: required" in canned.http.post("/api/file-stream-upload", files={"a": (None, "b")}).json()["msg"]
    assert canned.http.post("/api/file-stream-upload", json={}).json()["code"] == 422


def test_uploads_live_for_a_while_only(start: Start) -> None:
    simulator = start("--upload-lifetime", "0.4")
    url = upload(simulator, png())
    assert httpx.get(url).status_code == 200
    deadline = time.monotonic() + 5
    while httpx.get(url).status_code == 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    answer = simulator.job("sora-2-image-to-video", {**TEXT, "image_urls": [url]})
    assert answer["msg"] == "input.image_urls: the URL has expired"


def test_a_clip_for_a_character_is_looked_at(canned: Simulator) -> None:
    for data, words in ((png(), "is not an MP4"), (mp4(0.5), "must run 1 to 4 seconds"), (mp4(5), "must run 1 to 4")):
        url = upload(canned, data, "a.mp4")
        assert words in canned.job("sora-2-characters", {"character_file_url": [url]})["msg"]
