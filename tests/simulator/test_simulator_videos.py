"""Dialect `videos`: forms in, bare objects out."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import av
import httpx
import pytest
from simulator.box import Simulator, Start
from simulator.pieces import mp4, png

FULL = {
    "prompt": "A lighthouse in the storm",
    "model": "sora-2",
    "seconds": "15",
    "size": "720x1280",
    "watermark": "true",
    "private": "false",
    "metadata": "sp1:abc.def hello",
    "style": "winter",
    "seed": "7",
    "negative_prompt": "text",
    "cfg_scale": "7.5",
    "character_create": "false",
}


def video(simulator: Simulator, id: str) -> Any:
    return simulator.http.get(f"/v1/videos/{id}").json()


def test_create_and_query_answer_bare_objects(canned: Simulator) -> None:
    answer = canned.form("/v1/videos", FULL, input_reference=png(), last_frame=png((30, 30)))
    made = answer.json()
    assert answer.status_code == 200, made
    assert made | {"id": "", "created_at": 0} == {
        "id": "",
        "object": "video",
        "model": "sora-2",
        "status": "queued",
        "progress": 0,
        "created_at": 0,
        "seconds": "15",
        "size": "720x1280",
    }
    assert made["id"].startswith("video_")
    assert 1_600_000_000 < made["created_at"] < 10_000_000_000
    done = video(canned, made["id"])
    assert (done["id"], done["status"], done["progress"]) == (made["id"], "completed", 100)
    assert done["metadata"] == FULL["metadata"]
    assert done["error"] is None
    assert "video_url" not in done
    task = next(task for task in canned.sim("tasks") if task["task"] == made["id"])
    wish = task["wish"]
    assert (wish["watermark"], wish["seed"], wish["cfg_scale"]) == (True, 7, 7.5)
    assert wish["reference"] != wish["last_frame"]
    assert (task["credits"], task["token"]) == (15, "abc.def")


REFUSED: list[tuple[dict[str, str], str, str]] = [
    ({"prompt": " "}, "prompt", "is empty"),
    ({"prompt": "x" * 32_001}, "prompt", "is longer than 32000 characters"),
    ({"prompt": "a [refused] thing"}, "prompt", "against the rules"),
    ({"model": "sora-3"}, "model", "must be one of sora-2, sora-2-hd, sora-2-pro, sora-2-character"),
    ({"seconds": "12"}, "seconds", "must be one of 10, 15"),
    ({"seconds": "10.0"}, "seconds", "must be one of 10, 15"),
    ({"seconds": "25"}, "seconds", "must be one of 10, 15 with sora-2"),
    ({"size": "1792x1024"}, "size", "with sora-2"),
    ({"size": "landscape"}, "size", "must be one of"),
    ({"watermark": "True"}, "watermark", "must be true or false"),
    ({"watermark": "1"}, "watermark", "must be true or false"),
    ({"private": ""}, "private", "must be true or false"),
    ({"style": "noir"}, "style", "must be one of winter, comic, news"),
    ({"seed": "7.5"}, "seed", "must be a whole number"),
    ({"seed": "seven"}, "seed", "must be a whole number"),
    ({"cfg_scale": "high"}, "cfg_scale", "must be a number"),
    ({"cfg_scale": "99"}, "cfg_scale", "must be between 0 and 30"),
    ({"metadata": "x" * 5_000}, "metadata", "is longer than 4096 characters"),
    ({"input_reference": "https://example.org/a.png"}, "input_reference", "must be a file"),
    ({"aspect_ratio": "portrait"}, "aspect_ratio", "unknown parameter"),
    ({"input": "{}"}, "input", "unknown parameter"),
    ({"callBackUrl": "https://example.org"}, "callBackUrl", "unknown parameter"),
    ({"character_id_list": "[]"}, "character_id_list", "unknown parameter"),
    ({"characters": "char_1"}, "characters", "must be a list"),
    ({"characters": '["char_1"]'}, "characters", "must be a list"),
    ({"characters": '[{"id":"a"},{"id":"b"},{"id":"c"}]'}, "characters", "at most 2"),
    ({"characters": '[{"id":"char_none"}]'}, "characters", "no such character"),
    ({"character_url": "https://example.org/a.mp4"}, "character_timestamps", "required with character_url"),
    ({"character_timestamps": "1,3"}, "character_timestamps", "needs character_url"),
    (
        {"character_url": "https://example.org/a.mp4", "character_timestamps": "1,3", "character_create": "true"},
        "character_create",
        "is made with the model sora-2-character",
    ),
    ({"character_from_task": "video_none"}, "character_from_task", "no such task"),
]


@pytest.mark.parametrize(("fields", "param", "words"), REFUSED)
def test_a_wrong_field_is_refused_by_its_name(
    canned: Simulator, fields: dict[str, str], param: str, words: str
) -> None:
    answer = canned.form("/v1/videos", {"model": "sora-2", "prompt": "A quiet sea", "seconds": "10"} | fields)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error.keys() == {"message", "type", "code", "param"}
    assert (error["param"], error["type"]) == (param, "invalid_request_error")
    assert words in error["message"]


@pytest.mark.parametrize("missing", ["model", "prompt", "seconds"])
def test_what_must_be_said_is_asked_for(canned: Simulator, missing: str) -> None:
    fields = {"model": "sora-2", "prompt": "A quiet sea", "seconds": "10"}
    del fields[missing]
    answer = canned.form("/v1/videos", fields)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, missing)
    assert "required" in answer.json()["error"]["message"]


def test_only_a_form_is_taken(canned: Simulator) -> None:
    fields = {"model": "sora-2", "prompt": "A quiet sea", "seconds": "10"}
    post, before = canned.http.post, canned.credits()
    assert post("/v1/videos", json=fields).status_code == 415
    assert post("/v1/videos", data=fields).status_code == 415
    kind = {"content-type": "multipart/form-data; boundary=x"}
    part = b'--x\r\ncontent-disposition: form-data; name="model"\r\n\r\nsora-2\r\n'
    for body, words in (
        (b"", "no end"),
        (part, "no end"),
        (b"rubbish", "well-formed"),
        (part + part + b"--x--\r\n", "model: given more than once"),
        (part.replace(b' name="model"', b"") + b"--x--\r\n", "has no name"),
        (part.replace(b"sora-2", b"\xff") + b"--x--\r\n", "model: is not UTF-8"),
    ):
        answer = post("/v1/videos", content=body, headers=kind)
        assert answer.status_code == 400
        assert words in answer.json()["error"]["message"], body
    assert post("/v1/videos", content=part, headers={"content-type": "multipart/form-data"}).status_code == 400
    assert canned.credits() == before


def test_a_picture_is_a_file_part_that_holds_a_picture(canned: Simulator) -> None:
    fields = {"model": "sora-2", "prompt": "A quiet sea", "seconds": "10"}
    for name in ("input_reference", "last_frame"):
        answer = canned.form("/v1/videos", fields, **{name: b"no picture"})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, name)
    answer = canned.form("/v1/videos", {"model": "sora-2", "seconds": "10"}, prompt=b"A quiet sea")
    assert "must be a field, not a file" in answer.json()["error"]["message"]


def test_the_same_form_sent_again_is_found_as_a_double(start: Start) -> None:
    """Boundaries differ, and so may the order: what the form says is the same."""
    simulator = start()
    fields = {"model": "sora-2", "prompt": "A quiet sea", "seconds": "10", "metadata": "sp1:tok"}
    for again in (fields, dict(reversed(fields.items()))):
        assert simulator.form("/v1/videos", again, input_reference=png()).status_code == 200
    simulator.form("/v1/videos", fields, input_reference=png((20, 20)))
    audit = simulator.sim("audit")
    assert [double["charges"] for double in audit["double_charges_by_body"]] == [2]
    assert [double["charges"] for double in audit["double_charges_by_token"]] == [3]
    said = json.loads(simulator.sim("requests")[0]["body"])
    assert {part["name"]: part.get("text") for part in said}["prompt"] == "A quiet sea"


def test_a_missing_length_can_be_the_trap_that_it_was(start: Start) -> None:
    simulator = start("--missing-seconds", "trap", "--credits", "100")
    answer = simulator.form("/v1/videos", {"model": "sora-2", "prompt": "A quiet sea"})
    assert answer.json()["seconds"] == "10"
    charge = simulator.sim("ledger")[-1]
    assert charge["credits"] == -4
    assert "billed as 4 s, rendered as 10 s" in charge["note"]


def test_errors_of_keys_credits_and_paths_have_the_dialects_shape(start: Start) -> None:
    simulator = start("--key", "a-key", "--credits", "5")
    for request, code in (
        (("POST", "/v1/videos"), 401),
        (("GET", "/v1/videos"), 401),
        (("GET", "/v1/videos/video_x"), 401),
        (("GET", "/v1/videos/video_x/content"), 401),
        (("POST", "/sora/v1/characters"), 401),
        (("POST", "/v1/videos/characters"), 401),
    ):
        answer = httpx.request(*request[:1], simulator.url + request[1])
        assert (answer.status_code, answer.json()["error"]["type"]) == (code, "authentication_error")
    fields = {"model": "sora-2", "prompt": "A quiet sea", "seconds": "10"}
    assert simulator.form("/v1/videos", fields).status_code == 402
    assert simulator.http.get("/v1/videos/video_none").json()["error"]["message"] == "no such video"
    assert simulator.http.get("/v1/nothing").json()["error"]["code"] == "not_found"
    assert simulator.http.delete("/v1/videos/video_none").status_code == 405
    remix = simulator.http.post("/v1/videos/video_none/remix", json={"prompt": "x"})
    assert (remix.status_code, remix.json()["error"]["code"]) == (501, "not_supported")


def test_a_failed_video_says_why(canned: Simulator) -> None:
    id = canned.video("a [moderated] scene")
    failed = video(canned, id)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "moderated")
    assert canned.http.get(f"/v1/videos/{id}/content").status_code == 404


def test_states_are_those_of_the_dialect(start: Start) -> None:
    simulator = start(latency="0.4")
    id = simulator.video()
    assert simulator.http.get(f"/v1/videos/{id}/content").json()["error"]["message"] == "the video is not ready"
    seen = [video(simulator, id)["status"]]
    while seen[-1] != "completed":
        seen.append(video(simulator, id)["status"])
    assert list(dict.fromkeys(seen)) == ["queued", "in_progress", "completed"]


def test_content_is_the_clip_itself_and_needs_the_key(start: Start) -> None:
    simulator = start("--key", "a-key")
    id = simulator.video()
    path = f"/v1/videos/{id}/content"
    whole = simulator.http.get(path)
    assert whole.headers["content-type"] == "video/mp4"
    with av.open(BytesIO(whole.content)) as clip:
        assert clip.metadata["comment"] == f"task={id}"
    part = simulator.http.get(path, headers={"Range": "bytes=100-", "If-Range": whole.headers["etag"]})
    assert (part.status_code, whole.content[:100] + part.content) == (206, whole.content)
    assert httpx.get(simulator.url + path).status_code == 401
    assert simulator.sim("tasks")[0]["downloaded"]


def test_content_can_be_a_redirect_or_json_or_named_in_the_video(start: Start) -> None:
    simulator = start("--content", "redirect")
    id = simulator.video()
    moved = simulator.http.get(f"/v1/videos/{id}/content")
    assert (moved.status_code, moved.content) == (302, b"")
    assert httpx.get(moved.headers["location"]).content[4:8] == b"ftyp"
    simulator.stop()
    simulator = start("--content", "json")
    url = simulator.http.get(f"/v1/videos/{id}/content").json()["url"]
    assert httpx.get(url).content[4:8] == b"ftyp"
    simulator.stop()
    simulator = start("--content", "url")
    assert httpx.get(video(simulator, id)["video_url"]).content[4:8] == b"ftyp"


def test_the_list_is_paged_in_both_orders(start: Start) -> None:
    simulator = start()
    ids = [simulator.video(metadata=f"sp1:t{number}") for number in range(5)]
    simulator.create("of another dialect")

    def page(**given: object) -> Any:
        return simulator.http.get("/v1/videos", params=given).json()

    first = page(limit=2)
    assert first["object"] == "list"
    assert [item["id"] for item in first["data"]] == [ids[4], ids[3]]
    assert (first["first_id"], first["last_id"], first["has_more"]) == (ids[4], ids[3], True)
    assert first["data"][0]["metadata"] == "sp1:t4"
    second = page(limit=3, after=first["last_id"])
    assert [item["id"] for item in second["data"]] == ids[2::-1]
    assert not second["has_more"]
    assert [item["id"] for item in page(order="asc")["data"]] == ids
    assert page(after=ids[0])["data"] == []
    for wrong in ({"limit": 0}, {"limit": 101}, {"limit": "x"}, {"order": "up"}, {"after": "none"}, {"page": 2}):
        assert "error" in page(**wrong), wrong
    assert simulator.sim("audit")["orphans"], "a list is not a look at a task"


def test_a_gateway_may_have_no_list(start: Start) -> None:
    assert start("--list", "off").http.get("/v1/videos").status_code == 404


def test_ids_may_hold_a_colon(start: Start) -> None:
    simulator = start("--ids", "colon")
    id = simulator.video()
    assert id.startswith("video:")
    assert video(simulator, id)["id"] == id
    data = simulator.http.get(f"/v1/videos/{id}/content").content
    with av.open(BytesIO(data)) as clip:
        assert clip.metadata["comment"] == f"task={id}"
    assert simulator.http.get(simulator.clip_url(simulator.create())).status_code == 200


def test_prices_are_those_of_the_catalogue(canned: Simulator) -> None:
    for model, seconds, credits in (("sora-2", "15", 15), ("sora-2-hd", "25", 100), ("sora-2-pro", "10", 40)):
        id = canned.video(model=model, seconds=seconds)
        assert next(task for task in canned.sim("tasks") if task["task"] == id)["credits"] == credits


def test_a_named_character_needs_a_clip_of_two_to_four_seconds(canned: Simulator) -> None:
    for data, words in (
        (mp4(1.5), "must run 2 to 4 seconds, runs 1.50"),
        (mp4(4.5), "must run 2 to 4 seconds"),
        (mp4(3)[:600], "can be played"),
        (png(), "is not an MP4"),
    ):
        answer = canned.form("/v1/videos/characters", {"name": "Tom"}, video=data)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "video")
        assert words in answer.json()["error"]["message"]
