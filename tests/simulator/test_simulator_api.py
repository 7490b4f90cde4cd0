"""Dialect `tasks` as the reference page has it."""

from __future__ import annotations

import base64
import json
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image
from simulator.box import Simulator, Start


def picture(size: tuple[int, int] = (64, 36), kind: str = "PNG") -> str:
    """A data URL of a picture."""
    out = BytesIO()
    Image.new("RGB", size, (200, 80, 40)).save(out, kind)
    return f"data:image/{kind.lower()};base64," + base64.b64encode(out.getvalue()).decode()


FULL: dict[str, Any] = {
    "prompt": "A lighthouse in the storm",
    "seconds": "15",
    "size": "720x1280",
    "watermark": True,
    "private": False,
    "style": "winter",
    "metadata": "sp1:abc.def hello",
    "seed": 7,
    "negative_prompt": "text",
    "input_reference": picture(),
    "last_frame": picture((36, 36)),
    "cfg_scale": 7.5,
}


def test_create_and_query_answer_as_on_the_reference_page(canned: Simulator) -> None:
    answer = canned.post({"model": "sora-2", "input": FULL, "callBackUrl": "https://example.org/hook"})
    assert answer.status_code == 200
    assert answer.json()["code"] == 200
    assert answer.json()["message"] == "success"
    task = answer.json()["data"]["taskId"]
    data = canned.finished(task)
    assert data["taskId"] == task
    assert data["state"] == "success"
    assert data["metadata"] == FULL["metadata"]
    assert data["creditsConsumed"] == 15
    assert data["createTime"] > 1_600_000_000_000
    assert data["completeTime"] >= data["createTime"]
    assert isinstance(data["resultJson"], str)
    assert json.loads(data["resultJson"])["resultUrls"][0].startswith(f"{canned.url}/files/{task}.mp4?")


REFUSED: list[tuple[object, str]] = [
    ([], "the body must be an object"),
    ({}, "model: required; input: required"),
    ({"model": "sora-3", "input": {"prompt": "x"}}, "model: must be one of sora-2, sora-2-hd"),
    ({"model": "sora-2", "input": "x"}, "input: must be an object"),
    ({"model": "sora-2", "input": {"prompt": "x"}, "prompt": "x"}, "prompt: unknown parameter"),
    ({"model": "sora-2", "input": {}}, "input.prompt: required"),
    ({"model": "sora-2", "callBackUrl": "ftp://x", "input": {"prompt": "x"}}, "callBackUrl: must be an http(s) URL"),
]
REFUSED_FIELDS: list[tuple[dict[str, object], str]] = [
    ({"prompt": " "}, "input.prompt: is empty"),
    ({"prompt": 3}, "input.prompt: must be a string"),
    ({"prompt": "x" * 10_001}, "input.prompt: is longer than 10000 characters"),
    ({"prompt": "a [refused] thing"}, "input.prompt: this prompt is against the rules"),
    ({"seconds": 10}, "input.seconds: must be a string"),
    ({"seconds": "12"}, "input.seconds: must be one of 10, 15"),
    ({"seconds": "25"}, "input.seconds: must be one of 10, 15 with sora-2"),
    ({"size": "1792x1024"}, "input.size: must be one of 720x1280, 1280x720 with sora-2"),
    ({"size": "1x1"}, "input.size: must be one of 720x1280, 1280x720"),
    ({"watermark": "true"}, "input.watermark: must be true or false"),
    ({"private": 0}, "input.private: must be true or false"),
    ({"style": "noir"}, "input.style: must be one of winter, comic, news"),
    ({"metadata": {}}, "input.metadata: must be a string"),
    ({"seed": True}, "input.seed: must be a whole number"),
    ({"aspect_ratio": "portrait"}, "input.aspect_ratio: unknown parameter"),
    ({"input_reference": "cat.png"}, "input.input_reference: must be an http(s) URL"),
    ({"input_reference": "data:image/png;base64,AAAA"}, "input.input_reference: is not a picture"),
    ({"last_frame": "cat.png"}, "input.last_frame: must be an http(s) URL"),
    ({"last_frame": "data:image/png;base64,AAAA"}, "input.last_frame: is not a picture"),
    ({"cfg_scale": "7"}, "input.cfg_scale: must be a number"),
    ({"cfg_scale": True}, "input.cfg_scale: must be a number"),
    ({"cfg_scale": -1}, "input.cfg_scale: must be between 0 and 30"),
    ({"prompt": "@keeper.9f waves"}, "input.prompt: no such character `@keeper.9f`"),
    ({"input_reference": "data:image/png;base64,&"}, "input.input_reference: is not valid base64"),
    ({"character_url": "https://example.org/a.mp4"}, "input.character_timestamps: required with character_url"),
    ({"character_url": "file:///etc/passwd"}, "input.character_url: must be an http(s) URL"),
    ({"character_timestamps": "1,3"}, "needs character_url or character_from_task"),
    ({"character_from_task": "task_none"}, "input.character_from_task: no such task"),
    ({"character_id_list": ["char_none"]}, "input.character_id_list: no such character"),
    ({"character_id_list": "char"}, "input.character_id_list: must be a list"),
    ({"character_id_list": ["a"] * 6}, "input.character_id_list: may name at most 5"),
    ({"character_create": "yes"}, "input.character_create: must be true or false"),
]


@pytest.mark.parametrize(("body", "words"), REFUSED)
def test_a_wrong_body_is_refused_with_the_name_of_the_field(canned: Simulator, body: object, words: str) -> None:
    answer = canned.post(body)
    assert answer.status_code == 422
    assert words in answer.json()["message"]
    assert answer.json()["code"] == 422


@pytest.mark.parametrize(("fields", "words"), REFUSED_FIELDS)
def test_a_wrong_field_is_refused_by_its_name(canned: Simulator, fields: dict[str, object], words: str) -> None:
    answer = canned.post({"model": "sora-2", "input": {"prompt": "A quiet sea", **fields}})
    assert answer.status_code == 422
    assert words in answer.json()["message"]


def test_all_that_is_wrong_is_said_at_once(canned: Simulator) -> None:
    message = canned.post({"model": "sora-2", "input": {"size": "big", "style": "noir"}}).json()["message"]
    assert [part.split(":")[0] for part in message.split("; ")] == ["input.style", "input.prompt", "input.size"]


@pytest.mark.parametrize(
    ("span", "good"),
    [
        ("0,1", True),
        ("1.5,4.5", True),
        ("1, 3", True),
        ("1,1.9", False),
        ("0,3.1", False),
        ("3,1", False),
        ("1", False),
    ],
)
def test_character_timestamps_span_one_to_three_seconds(canned: Simulator, span: str, good: bool) -> None:
    fields = {"prompt": "x", "character_url": "https://example.org/a.mp4", "character_timestamps": span}
    assert canned.post({"model": "sora-2", "input": fields}).status_code == (200 if good else 422)


def test_a_body_that_is_no_json_is_refused(canned: Simulator) -> None:
    for body in (b"", b"{", b"[" * 100_000, b"\xff"):
        answer = canned.http.post("/api/v1/tasks/create", content=body)
        assert answer.status_code == 422, body[:10]


def test_unknown_tasks_and_paths_are_404_in_the_envelope(canned: Simulator) -> None:
    for path in ("/api/v1/tasks/query/task_none", "/api/v1/tasks/query/a%2Fb", "/nothing"):
        answer = canned.http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, 404)
    assert canned.http.get("/api/v1/tasks/create").json()["code"] == 405


def test_another_host_name_is_refused(canned: Simulator) -> None:
    answer = canned.http.get("/api/v1/chat/credit", headers={"Host": "evil.example:80"})
    assert answer.status_code == 403


def test_only_the_right_key_opens(start: Start) -> None:
    simulator = start("--key", "a-key")
    simulator.create()
    for header in ("Bearer other", "Bearer", "a-key", ""):
        bare = httpx.Client(base_url=simulator.url, headers={"Authorization": header} if header else {})
        assert bare.post("/api/v1/tasks/create", json={}).status_code == 401
        assert bare.get("/api/v1/tasks/query/x").status_code == 401
        assert bare.get("/api/v1/chat/credit").status_code == 401
        bare.close()
    kinds = [entry["kind"] for entry in simulator.sim("ledger")]
    assert kinds == ["bought", "charge", "reject", "reject", "reject", "reject"]


def test_accounts_of_two_keys_know_nothing_of_each_other(start: Start) -> None:
    simulator = start("--key", "a-key", "--key", "b-key", "--credits", "30")
    mine = simulator.create()
    simulator.finished(mine)
    other = {"Authorization": "Bearer b-key"}
    assert simulator.http.get(f"/api/v1/tasks/query/{mine}", headers=other).status_code == 404
    body = {"model": "sora-2", "input": {"prompt": "x", "character_from_task": mine, "character_create": True}}
    assert simulator.post(body, **other).status_code == 422
    assert simulator.http.get("/api/v1/chat/credit", headers=other).json()["data"] == 30
    assert simulator.credits() == 20


def test_credits_run_out_with_402(start: Start) -> None:
    simulator = start("--credits", "25")
    simulator.create()
    simulator.create()
    answer = simulator.post({"model": "sora-2", "input": {"prompt": "one too many"}})
    assert (answer.status_code, answer.json()["code"]) == (402, 402)
    assert "5 are left" in answer.json()["message"]
    assert simulator.credits() == 5


def test_too_many_creates_get_429_with_retry_after(start: Start) -> None:
    simulator = start("--rate", "2/60")
    simulator.create()
    simulator.create()
    answer = simulator.post({"model": "sora-2", "input": {"prompt": "x"}})
    assert answer.status_code == 429
    assert 50 <= int(answer.headers["retry-after"]) <= 60


def test_errors_can_hide_in_an_http_200(start: Start) -> None:
    simulator = start("--errors", "body")
    answer = simulator.post({"model": "sora-2", "input": {}})
    assert (answer.status_code, answer.json()["code"]) == (200, 422)
    answer = simulator.http.get("/api/v1/tasks/query/none")
    assert (answer.status_code, answer.json()["code"]) == (200, 404)


def test_metadata_is_not_repeated_where_the_provider_does_not(start: Start) -> None:
    simulator = start("--metadata-echo", "off")
    assert "metadata" not in simulator.query(simulator.create(metadata="sp1:x"))


def test_states_follow_each_other_and_progress_never_goes_back(start: Start) -> None:
    simulator = start(latency="0.6")
    task = simulator.create()
    seen = [simulator.query(task)]
    while seen[-1]["state"] != "success":
        seen.append(simulator.query(task))
    states = list(dict.fromkeys(data["state"] for data in seen))
    assert states == ["waiting", "queuing", "generating", "success"]
    progress = [data["progress"] for data in seen]
    assert progress == sorted(progress)
    assert seen[-1]["completeTime"] - seen[-1]["createTime"] == 600


def test_a_moderated_prompt_fails_with_words_and_the_money_comes_back(start: Start) -> None:
    simulator = start("--credits", "100")
    data = simulator.finished(simulator.create("a [moderated] scene"))
    assert (data["state"], data["failCode"]) == ("fail", "moderated")
    assert "moderation" in data["failMsg"]
    assert data["resultJson"] == ""
    assert simulator.credits() == 100
    assert [entry["kind"] for entry in simulator.sim("ledger")] == ["bought", "charge", "refund"]


def test_a_provider_can_keep_the_money_of_failures(start: Start) -> None:
    simulator = start("--credits", "100", "--refunds", "none")
    simulator.finished(simulator.create("a [moderated] scene"))
    assert simulator.credits() == 90


def test_a_character_is_made_of_a_clip_by_url(canned: Simulator) -> None:
    before = canned.credits()
    task = canned.create(
        "Mira, a lighthouse keeper",
        character_url="https://example.org/mira.mp4",
        character_timestamps="1,3",
        character_create=True,
    )
    result = canned.result(task)
    assert result["resultUrls"] == []
    assert result["character_id_list"] == [result["character_id"]]
    assert result["username"].startswith("mira.")
    assert before - canned.credits() == 10
    shot = canned.create("@mira walks", character_id_list=[result["character_id"]])
    assert canned.finished(shot)["state"] == "success"


def test_a_character_is_made_of_a_finished_shot_only(start: Start) -> None:
    simulator = start(latency="0.3")
    shot = simulator.create("The keeper at the door")
    body = {"model": "sora-2", "input": {"prompt": "keeper", "character_from_task": shot, "character_create": True}}
    early = simulator.post(body)
    assert early.status_code == 422
    assert "not a finished clip" in early.json()["message"]
    simulator.finished(shot)
    made = simulator.post(body).json()["data"]["taskId"]
    assert simulator.result(made)["character_id"].startswith("char_")


def test_a_shot_can_make_its_hero_a_character_at_once(canned: Simulator) -> None:
    result = canned.result(canned.create("Tove waves", character_create=True))
    assert result["resultUrls"]
    assert result["username"].startswith("tove.")


def test_prices_are_those_of_the_catalogue(canned: Simulator) -> None:
    for model, seconds, credits in (
        ("sora-2", "10", 10),
        ("sora-2", "15", 15),
        ("sora-2-hd", "10", 40),
        ("sora-2-hd", "15", 60),
        ("sora-2-hd", "25", 100),
    ):
        task = canned.create("x", model, seconds=seconds)
        assert canned.query(task)["creditsConsumed"] == credits
