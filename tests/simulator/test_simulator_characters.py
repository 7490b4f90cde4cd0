"""Characters in every way: made, used, and refused where they are used wrongly."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from simulator.box import Simulator, Start
from simulator.pieces import mp4

URL = "https://example.org/keeper.mp4"
ENDPOINT = "/sora/v1/characters"
CLIP: dict[str, object] = {
    "prompt": "The keeper waves",
    "aspect_ratio": "portrait",
    "n_frames": "10",
    "remove_watermark": True,
}


def tried(simulator: Simulator, prompt: str, **fields: str) -> tuple[int, Any]:
    """Status and error of a create of dialect `videos`."""
    answer = simulator.form("/v1/videos", {"model": "sora-2", "prompt": prompt, "seconds": "10", **fields})
    return answer.status_code, answer.json().get("error")


def result(simulator: Simulator, task: str) -> Any:
    return json.loads(simulator.record(task)["resultJson"])


def test_the_endpoint_makes_one_at_once(start: Start) -> None:
    simulator = start(latency="500")
    before = simulator.credits()
    made = simulator.http.post(ENDPOINT, json={"url": URL, "timestamps": "1,3"}).json()
    assert made.keys() == {"id", "username", "permalink", "profile_picture_url"}
    assert "." in made["username"]
    assert httpx.get(made["profile_picture_url"]).headers["content-type"] == "image/png"
    assert before - simulator.credits() == 10
    assert tried(simulator, f"@{made['username']} walks along the quay.")[0] == 200
    assert tried(simulator, f"Wind, and then @{made['username']}.")[0] == 200
    assert [orphan["credits"] for orphan in simulator.sim("audit")["orphans"]] == [10, 10]
    assert {charge["task"] for charge in simulator.sim("ledger")[1:]} == {row["task"] for row in simulator.sim("tasks")}


def test_the_endpoint_takes_a_finished_task(canned: Simulator) -> None:
    for shot in (canned.video(), canned.create()):
        made = canned.http.post(ENDPOINT, json={"from_task": shot, "timestamps": "0,2.5"})
        assert made.status_code == 200, made.text


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"timestamps": "1,3"}, "url"),
        ({"url": URL}, "timestamps"),
        ({"url": URL, "from_task": "video_1", "timestamps": "1,3"}, "url"),
        ({"url": "keeper.mp4", "timestamps": "1,3"}, "url"),
        ({"url": URL, "timestamps": "1,5"}, "timestamps"),
        ({"url": URL, "timestamps": [1, 3]}, "timestamps"),
        ({"url": URL, "timestamps": "1,3", "name": "Tom"}, "name"),
        ({"character_url": URL, "character_timestamps": "1,3"}, "character_url"),
        ({"from_task": "video_none", "timestamps": "1,3"}, "character_from_task"),
    ],
)
def test_the_endpoint_refuses_wrong_bodies(canned: Simulator, body: dict[str, object], param: str) -> None:
    answer = canned.http.post(ENDPOINT, json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_a_form_is_no_body_for_the_endpoint(canned: Simulator) -> None:
    assert canned.form(ENDPOINT, {"url": URL, "timestamps": "1,3"}).status_code == 400


def test_a_task_of_the_dialect_videos_ends_with_the_handle(start: Start) -> None:
    simulator = start(latency="0.5")
    fields = {"model": "sora-2-character", "character_url": URL, "character_timestamps": "1,3", "metadata": "sp1:c"}
    made = simulator.form("/v1/videos", fields).json()
    assert (made["object"], made["status"], made["model"]) == ("video", "queued", "sora-2-character")
    answers = [simulator.http.get(f"/v1/videos/{made['id']}")]
    while "username" not in answers[-1].json():
        answers.append(simulator.http.get(f"/v1/videos/{made['id']}"))
    assert list(dict.fromkeys(answer.status_code for answer in answers)) == [404, 202, 200]
    handle = answers[-1].json()
    assert handle.keys() == {"id", "username", "permalink", "profile_picture_url"}
    assert tried(simulator, f"@{handle['username']} walks")[0] == 200
    assert simulator.sim("ledger")[1]["credits"] == -10
    assert simulator.http.get("/v1/videos").json()["data"][-1]["id"] != made["id"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"character_timestamps": "1,3"}, "character_url"),
        ({"character_url": URL}, "character_timestamps"),
        ({"character_from_task": "video_none", "character_timestamps": "1,3"}, "character_from_task"),
        ({"character_url": URL, "character_timestamps": "1,3", "seconds": "10"}, "seconds"),
        ({"character_url": URL, "character_timestamps": "1,3", "url": URL}, "url"),
    ],
)
def test_a_task_for_a_character_refuses_wrong_fields(canned: Simulator, fields: dict[str, str], param: str) -> None:
    answer = canned.form("/v1/videos", {"model": "sora-2-character", **fields})
    assert answer.status_code == 400
    assert f"{param}: " in answer.json()["error"]["message"]


def test_a_named_one_is_used_by_id_and_by_name(canned: Simulator) -> None:
    before = canned.credits()
    answer = canned.form("/v1/videos/characters", {"name": "Old Tom"}, video=mp4(3))
    made = answer.json()
    assert made.keys() == {"id", "created_at", "name"}
    assert made["name"] == "Old Tom"
    assert before - canned.credits() == 10
    listed = json.dumps([{"id": made["id"]}])
    assert tried(canned, "Old Tom walks", characters=listed)[0] == 200
    for prompt in ("He walks", "old tom walks"):
        status, error = tried(canned, prompt, characters=listed)
        assert (status, error["param"]) == (400, "characters")
        assert "doesn't say `Old Tom`" in error["message"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "name: required"),
        ({"name": " "}, "name: must have 1 to 80 characters"),
        ({"name": "Tom", "timestamps": "1,3"}, "timestamps: unknown parameter"),
    ],
)
def test_a_named_one_needs_a_name_and_a_file(canned: Simulator, fields: dict[str, str], words: str) -> None:
    answer = canned.form("/v1/videos/characters", fields, video=mp4(3))
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]
    assert canned.form("/v1/videos/characters", {"name": "Tom", "video": URL}).status_code == 400
    assert canned.http.post("/v1/videos/characters", json={"name": "Tom"}).status_code == 415


def test_jobs_make_one_of_a_clip_or_of_a_task(canned: Simulator) -> None:
    before = canned.credits()
    of_clip = {"character_file_url": [URL], "character_prompt": "Tom, old", "safety_instruction": "be kind"}
    first = canned.job("sora-2-characters", of_clip)["data"]["taskId"]
    of_task = {"origin_task_id": canned.create(), "timestamps": "0,4", "character_prompt": "Tom"}
    second = canned.job("sora-2-characters-pro", {**of_task, "character_user_name": "tom"})["data"]["taskId"]
    assert before - canned.credits() == 30
    for task in (first, second):
        assert result(canned, task).keys() == {"character_id"}
    ids = [result(canned, task)["character_id"] for task in (first, second)]
    made = canned.job("sora-2-text-to-video", {**CLIP, "character_id_list": ids})
    assert made["code"] == 200, made


def test_a_job_may_make_its_hero_a_character(canned: Simulator) -> None:
    made = canned.job("sora-2-text-to-video", {**CLIP, "character_create": True})["data"]["taskId"]
    assert result(canned, made).keys() == {"resultUrls", "character_id"}


@pytest.mark.parametrize(
    ("model", "fields", "words"),
    [
        ("sora-2-characters", {"character_file_url": URL}, "character_file_url: must be a list of URLs"),
        ("sora-2-characters", {"character_file_url": [URL, URL]}, "character_file_url: must hold exactly 1 URL"),
        ("sora-2-characters", {"character_file_url": [URL], "timestamps": "1,3"}, "timestamps: unknown parameter"),
        ("sora-2-characters", {"character_file_url": [URL], "character_prompt": "x" * 5001}, "longer than 5000"),
        ("sora-2-characters-pro", {"timestamps": "1,6"}, "input.timestamps: must span 1 to 4 seconds"),
        ("sora-2-characters-pro", {"character_user_name": "x" * 41}, "longer than 40"),
        ("sora-2-characters-pro", {"origin_task_id": "task_none"}, "input.origin_task_id: no such task"),
    ],
)
def test_jobs_refuse_wrong_characters(canned: Simulator, model: str, fields: dict[str, object], words: str) -> None:
    usual = {"origin_task_id": "task_1", "timestamps": "1,3", "character_prompt": "x"} if "pro" in model else {}
    answer = canned.job(model, {**usual, **fields})
    assert answer["code"] == 422
    assert words in answer["msg"]


def test_nobody_uses_the_characters_of_another_account(start: Start) -> None:
    simulator = start("--key", "a-key", "--key", "b-key")
    made = simulator.http.post(ENDPOINT, json={"url": URL, "timestamps": "1,3"}).json()
    named = simulator.form("/v1/videos/characters", {"name": "Tom"}, video=mp4(2)).json()
    listed = json.dumps([{"id": named["id"]}])
    assert tried(simulator, f"@{made['username']} and Tom", characters=listed)[0] == 200
    simulator.http.headers["Authorization"] = "Bearer b-key"
    assert tried(simulator, f"@{made['username']} waves")[1]["param"] == "prompt"
    assert tried(simulator, "Tom waves", characters=listed)[1]["param"] == "characters"
    assert simulator.job("sora-2-text-to-video", {**CLIP, "character_id_list": [made["id"]]})["code"] == 422
    answer = simulator.post({"model": "sora-2", "input": {"prompt": "x", "character_id_list": [made["id"]]}})
    assert answer.status_code == 422


def test_an_unknown_username_is_refused_everywhere(canned: Simulator) -> None:
    status, error = tried(canned, "@keeper.9f walks")
    assert (status, error["param"]) == (400, "prompt")
    answer = canned.post({"model": "sora-2", "input": {"prompt": "Then @keeper.9f."}})
    assert "input.prompt: no such character `@keeper.9f`" in answer.json()["message"]
    for fine in ("@keeper walks", "write to tom@example.org", "a sign: @ 5.50"):
        assert tried(canned, fine)[0] == 200


def test_the_endpoints_characters_have_no_name_to_be_listed_by(canned: Simulator) -> None:
    made = canned.http.post(ENDPOINT, json={"url": URL, "timestamps": "1,3"}).json()
    assert tried(canned, "x", characters=json.dumps([{"id": made["id"]}]))[1]["param"] == "characters"


def test_one_shot_mentions_only_so_many(canned: Simulator) -> None:
    names = [
        canned.http.post(ENDPOINT, json={"url": f"{URL}?{number}", "timestamps": "1,3"}).json()["username"]
        for number in range(6)
    ]
    assert tried(canned, " ".join(f"@{name}" for name in names[:5]))[0] == 200
    status, error = tried(canned, " ".join(f"@{name}" for name in names))
    assert (status, error["param"]) == (400, "prompt")


def test_a_video_may_make_its_hero_a_character(canned: Simulator) -> None:
    id = canned.video("Tove waves", character_create="true")
    made = canned.http.get(f"/v1/videos/{id}").json()
    assert made["status"] == "completed"
    assert tried(canned, f"@{made['username']} dives")[0] == 200


def test_a_shot_can_bring_its_character_along(canned: Simulator) -> None:
    """Way `inline`: nothing is made, the shot is a shot."""
    id = canned.video(character_url=URL, character_timestamps="1,3")
    assert canned.http.get(f"/v1/videos/{id}").json()["status"] == "completed"
    other = canned.video(character_from_task=id)
    assert canned.http.get(f"/v1/videos/{other}/content").status_code == 200
