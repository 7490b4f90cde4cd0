"""Recorded answers to queries in the dialect `jobs`, as data: what each one means.

A new row: what it shows, then status and body as they came, then what they mean. `record` is the envelope around
what a job says, `result` its JSON inside a string.
"""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from providers.provider_data import reply

from sorapipe.providers import jobs
from sorapipe.providers.base import Failed, MadeCharacter, Missed, NotThere, PollAnswer, Running, Succeeded

HTML = b"<html><body>502 Bad Gateway</body></html>"
URL = "https://tempfile.example.net/x/8c4e.mp4?sig=a%2Fb&e=1"
PARAM = json.dumps(
    {
        "model": "sora-2-text-to-video",
        "callBackUrl": "https://studio.example/done",
        "input": {"prompt": "A gull", "image_urls": ["https://files.example.org/a.png"], "character_id_list": ["ch_9"]},
    }
)


def record(**data: object) -> dict[str, object]:
    """All that a job says, whatever its state; the row says what matters."""
    usual: dict[str, object] = {"taskId": "t1", "model": "sora-2-text-to-video", "param": PARAM, "resultJson": ""}
    empty = {"failCode": "", "failMsg": "", "completeTime": None, "createTime": 1766304530229}
    return {"code": 200, "msg": "success", "data": {**usual, **empty, **data}}


def result(**inside: object) -> str:
    return json.dumps(inside)


def no(code: int, words: str) -> dict[str, object]:
    return {"code": code, "msg": words, "data": None}


def done(**inside: object) -> dict[str, object]:
    return record(state="success", resultJson=result(resultUrls=[URL]), **inside)


RUNNING: dict[str, tuple[int, object, PollAnswer]] = {
    "waiting": (200, record(state="waiting"), Running(queued=True)),
    "queuing": (200, record(state="queuing", progress=0), Running(queued=True, progress=0)),
    "generating": (200, record(state="generating", progress=45), Running(progress=45)),
    "in any case": (200, record(state="Generating"), Running()),
    "a word of another vendor": (200, record(state="IN_PROGRESS"), Running()),
    "with a progress in a string": (200, record(state="generating", progress="99.5%"), Running(progress=99)),
    "with a progress beyond": (200, record(state="generating", progress=120), Running(progress=100)),
    "with a progress that is none": (200, record(state="generating", progress={"a": 1}), Running()),
    "an unknown word": (200, record(state="upscaling", progress=99), Running(progress=99, unknown_word="upscaling")),
    "with the word elsewhere": (200, {"code": 200, "data": {"taskId": "t1", "status": "queued"}}, Running(queued=True)),
    "with JSON inside a string": (200, {"code": 200, "data": '{"state": "waiting"}'}, Running(queued=True)),
    "with an empty error": (200, {**record(state="generating", error={}), "error": None}, Running()),
    "with our own metadata": (200, record(state="generating", metadata="a gull sp1:abcdefghij234567abcd"), Running()),
    "with metadata as an object": (200, record(state="generating", metadata={"url": URL}), Running()),
    "without a code": (200, {"data": {"state": "generating"}}, Running()),
    "under another id than it was made with": (200, record(state="generating", taskId="video:dDE="), Running()),
}

SUCCEEDED: dict[str, tuple[int, object, PollAnswer]] = {
    "as the page has it": (200, done(), Succeeded(URL)),
    "with another word": (200, record(state="completed", resultJson=result(resultUrls=[URL])), Succeeded(URL)),
    "with a marked copy beside it": (
        200,
        record(state="success", resultJson=result(resultWaterMarkUrls=["https://w/m.mp4"], resultUrls=[URL])),
        Succeeded(URL),
    ),
    "with several clips": (
        200, record(state="success", resultJson=result(resultUrls=[URL, "https://b/c"])), Succeeded(URL),
    ),
    "with an empty first": (200, record(state="success", resultJson=result(resultUrls=["", URL])), Succeeded(URL)),
    "as an object and no string": (200, record(state="success", resultJson={"resultUrls": [URL]}), Succeeded(URL)),
    "as a list in a string": (200, record(state="success", resultJson=json.dumps([URL])), Succeeded(URL)),
    "with one address": (200, record(state="success", resultJson=result(resultUrls=URL)), Succeeded(URL)),
    "with an object": (200, record(state="success", resultJson=result(resultUrls=[{"url": URL}])), Succeeded(URL)),
    "with the address beside": (200, record(state="success", resultJson="", videoUrl=URL), Succeeded(URL)),
    "with broken JSON": (200, record(state="success", resultJson='{"resultUrls":["https'), Succeeded(None)),
    "without an address": (200, record(state="success", resultJson=result(resultUrls=[])), Succeeded(None)),
    "with nothing": (200, record(state="success", resultJson=None), Succeeded(None)),
    "with an address that is none": (
        200, record(state="success", resultJson=result(resultUrls=["javascript:alert(1)"])), Succeeded(None),
    ),
    "with what it cost": (200, done(creditsConsumed=30), Succeeded(URL, cost=Decimal(30))),
    "with what it cost, in fractions": (200, done(creditsConsumed=12.5), Succeeded(URL, cost=Decimal("12.5"))),
    "with what it cost, in a string": (200, done(creditsConsumed="40"), Succeeded(URL, cost=Decimal(40))),
    "for nothing": (200, done(creditsConsumed=0), Succeeded(URL, cost=Decimal(0))),
    "with a cost that is none": (200, done(creditsConsumed=-1), Succeeded(URL)),
    "with times in ms": (200, done(completeTime=1766304590729, costTime=8), Succeeded(URL, seconds=60.5)),
    "with times in s": (200, done(createTime=1766304530, completeTime=1766304590), Succeeded(URL, seconds=60.0)),
    "with times in both": (200, done(createTime=1766304530, completeTime=1766304590500), Succeeded(URL, seconds=60.5)),
    "with times in strings": (
        200, done(createTime="1766304530229", completeTime="1766304590729"), Succeeded(URL, seconds=60.5),
    ),
    "with dates": (
        200, done(createTime="2026-11-22 10:00:00", completeTime="2026-11-22T10:01:00Z"), Succeeded(URL, seconds=60.0),
    ),
    "with its working time in s": (200, done(costTime=168), Succeeded(URL, seconds=168.0)),
    "with its working time in ms": (200, done(costTime=168_250), Succeeded(URL, seconds=168.25)),
    "with its working time in a string": (200, done(costTime="168"), Succeeded(URL, seconds=168.0)),
    "with no working time": (200, done(costTime=0), Succeeded(URL)),
    "with times that run backwards": (200, done(completeTime=1766304530, costTime=None), Succeeded(URL)),
    "with a working time of years": (200, done(costTime=10**12), Succeeded(URL)),
    "with names of the account beside it": (
        200, done(username="studio-a", character_id_list=["ch_9"]), Succeeded(URL),
    ),
    "with a character that was asked for": (
        200,
        record(state="success", resultJson=result(resultUrls=[URL], character_id="ch_1")),
        Succeeded(URL, MadeCharacter("ch_1", None)),
    ),
    "with our own metadata, whatever it looks like": (
        200, done(metadata='{"character_id": "ch_7", "resultUrls": ["https://b/c"]}'), Succeeded(URL),
    ),
}  # fmt: skip

FAILED: dict[str, tuple[int, object, PollAnswer]] = {
    "as the page has it": (
        200,
        record(state="fail", failCode="400", failMsg="Your input image contains real people"),
        Failed("400", "Your input image contains real people"),
    ),
    "with a number": (200, record(state="fail", failCode=500, failMsg="internal"), Failed("500", "internal")),
    "without words": (200, record(state="fail"), Failed(None, "the task ended as `fail`")),
    "with another word": (200, record(state="Failed", failMsg="no"), Failed(None, "no")),
    "with an error as an object": (200, record(state="fail", error={"message": "no", "code": 1}), Failed(None, "no")),
    "with an empty error": (200, record(state="fail", error={}), Failed(None, "the task ended as `fail`")),
    "cancelled": (200, record(state="cancelled"), Failed(None, "the task ended as `cancelled`")),
    "expired": (200, record(state="expired"), Failed("expired", "the task ended as `expired`")),
    "with a status and all of the job": (
        500, {**record(state="fail", failMsg="gpu fell off"), "code": 500}, Failed("500", "gpu fell off"),
    ),
    "with a code and all of the job": (
        200, {**record(state="fail", failMsg="a person"), "code": 422, "msg": "no"}, Failed("422", "a person"),
    ),
    "with a status of the client's and all of the job": (
        400, {"code": 200, "data": {"taskId": "t1", "state": "fail", "failCode": "7"}},
        Failed("7", "the task ended as `fail`"),
    ),
    "expired, with a status": (
        410, {"msg": "gone", "data": {"taskId": "t1", "state": "expired"}}, Failed("expired", "gone"),
    ),
    "501 inside": (200, no(501, "generation failed"), Failed("501", "generation failed")),
    "501 both": (501, no(501, "generation failed"), Failed("501", "generation failed")),
    "501 outside, in words": (501, {"message": "Generation failed"}, Failed("501", "Generation failed")),
    "501 in a string": (200, {"code": "501", "msg": "failed"}, Failed("501", "failed")),
    "501 with a job that failed": (
        200, {"code": 501, "msg": "no", "data": {"state": "fail"}}, Failed("501", "no"),
    ),
}  # fmt: skip

NOT_THERE: dict[str, tuple[int, object, PollAnswer]] = {
    "as it is seen": (200, no(422, "recordInfo is null"), NotThere("recordInfo is null")),
    "with a status": (422, no(422, "recordInfo is null"), NotThere("recordInfo is null")),
    "with `message`": (200, {"code": 422, "message": "RecordInfo is Null"}, NotThere("RecordInfo is Null")),
    "404": (404, no(404, "Not found"), NotThere("Not found")),
    "404 inside": (200, no(404, "no such task"), NotThere("no such task")),
    "404 without a body": (404, b"", NotThere("HTTP 404 with an empty answer")),
    "as gateways say it": (400, {"code": "task_not_exist", "message": "task_not_exist"}, NotThere("task_not_exist")),
}

MISSED: dict[str, tuple[int, object, PollAnswer]] = {
    "500 is a validation error at times": (
        200, no(500, "taskId must not be blank"), Missed("taskId must not be blank (HTTP 200 with code 500)"),
    ),
    "500 that speaks of null": (
        200, no(500, "recordInfo is null"), Missed("recordInfo is null (HTTP 200 with code 500)"),
    ),
    "another 422": (200, no(422, "bad parameter"), Missed("bad parameter (HTTP 200 with code 422)")),
    "maintenance": (200, no(455, "maintenance"), Missed("maintenance (HTTP 200 with code 455)")),
    "switched off": (200, no(505, "off"), Missed("off (HTTP 200 with code 505)")),
    "credits": (200, no(402, "no credits"), Missed("no credits (HTTP 200 with code 402)")),
    "too fast": (429, no(429, "slow down"), Missed("slow down (HTTP 429 with code 429)")),
    "too fast, inside": (200, no(429, "slow down"), Missed("slow down (HTTP 200 with code 429)")),
    "key": (401, no(401, "bad key"), Missed("bad key (HTTP 401 with code 401)", authentication=True)),
    "key, inside": (200, no(401, "bad key"), Missed("bad key (HTTP 200 with code 401)", authentication=True)),
    "key, and a word that is no job's": (
        401, {"code": 401, "msg": "bad key", "data": {"status": "error"}},
        Missed("bad key (HTTP 401 with code 401)", authentication=True),
    ),
    "a server error, and a word that is no job's": (
        500, {"code": 500, "msg": "oops", "data": {"state": "fail"}}, Missed("oops (HTTP 500 with code 500)"),
    ),
    "a server error around a job that goes on": (
        500, {**record(state="generating"), "msg": "oops"}, Missed("oops (HTTP 500 with code 200)"),
    ),
    "a server error around a job that is done": (
        500, {**done(), "code": 500, "msg": "oops"}, Missed("oops (HTTP 500 with code 500)"),
    ),
    "501 around a job that goes on": (
        200, {**record(state="generating"), "code": 501, "msg": "no"}, Missed("no (HTTP 200 with code 501)"),
    ),
    "501 of a call that nobody knows": (
        501, {"message": "not implemented"}, Missed("not implemented (HTTP 501 with no code)"),
    ),
    "no state": (200, record(), Missed("the answer holds no state")),
    "an empty state": (200, record(state=""), Missed("the answer holds no state")),
    "no data": (200, no(200, "success"), Missed("the answer holds no state")),
    "a page": (200, HTML, Missed("HTTP 200 with a web page")),
    "a page with 404": (404, HTML, Missed("HTTP 404 with a web page")),
    "a bad gateway": (502, HTML, Missed("HTTP 502 with a web page")),
    "nothing": (200, b"", Missed("HTTP 200 with an empty answer")),
    "half an answer": (200, b'{"code":200,"data":{"state":"succ', Missed("HTTP 200 with an answer that is not JSON")),
    "a list": (200, [record(state="success")], Missed("HTTP 200 with an answer that is not a JSON object")),
    "a redirect": (307, b"", Missed("HTTP 307 with an empty answer")),
}  # fmt: skip

TABLES = {"running": RUNNING, "succeeded": SUCCEEDED, "failed": FAILED, "not there": NOT_THERE, "missed": MISSED}
ROWS = [(table, name) for table, rows in TABLES.items() for name in rows]


@pytest.mark.parametrize(("table", "name"), ROWS)
def test_what_the_answer_to_a_query_means(table: str, name: str) -> None:
    status, body, wanted = TABLES[table][name]
    assert jobs.read_query(reply(status, body)) == wanted


@pytest.mark.parametrize("status", [200, 429, 503])
def test_a_missed_poll_comes_back_when_the_provider_says(status: int) -> None:
    answer = jobs.read_query(reply(status, no(429, "slow down"), retry_after="12"))
    assert answer == Missed(f"slow down (HTTP {status} with code 429)", 12.0)
    assert jobs.read_query(reply(status, HTML, retry_after="12")) == Missed(f"HTTP {status} with a web page", 12.0)


MADE: dict[str, tuple[object, MadeCharacter | None]] = {
    "as it is seen": (record(state="success", resultJson=result(character_id="ch_1")), MadeCharacter("ch_1", None)),
    "a list": (
        record(state="success", resultJson=result(character_id_list=["ch_2", "ch_3"])), MadeCharacter("ch_2", None),
    ),
    "a list of objects": (
        record(state="success", resultJson=result(character_id_list=[{"character_id": "ch_2"}])),
        MadeCharacter("ch_2", None),
    ),
    "a list in a string": (
        record(state="success", resultJson=result(character_id_list='["ch_2"]')), MadeCharacter("ch_2", None),
    ),
    "a list under the single name": (
        record(state="success", resultJson=result(character_id=["ch_2"])), MadeCharacter("ch_2", None),
    ),
    "a username": (
        record(state="success", resultJson=result(username="@fox.ember")), MadeCharacter(None, "fox.ember"),
    ),
    "all three": (
        record(
            state="success", resultJson=result(character_id="ch_1", character_id_list=["ch_2"], username="fox.ember")
        ),
        MadeCharacter("ch_1", "fox.ember"),
    ),
    "a number": (record(state="success", resultJson=result(character_id=77)), MadeCharacter("77", None)),
    "an object and no string": (
        record(state="success", resultJson={"character_id": "ch_1"}), MadeCharacter("ch_1", None),
    ),
    "beside the result": (record(state="success", character_id="ch_1"), MadeCharacter("ch_1", None)),
    "an empty id": (record(state="success", resultJson=result(character_id="", character_id_list=[])), None),
    "an id that can't be sent": (record(state="success", resultJson=result(character_id="two words")), None),
    "what was ordered is not what was made": (record(state="success", resultJson=""), None),
}  # fmt: skip


@pytest.mark.parametrize("name", MADE)
def test_a_character_task_ends_with_a_handle_and_no_address(name: str) -> None:
    body, made = MADE[name]
    assert jobs.read_query(reply(200, body), character=True) == Succeeded(None, made)


CREDITS: dict[str, tuple[int, object, Decimal | None]] = {
    "a number": (200, {"code": 200, "msg": "success", "data": 100}, Decimal(100)),
    "a fraction": (200, {"code": 200, "msg": "success", "data": 99.75}, Decimal("99.75")),
    "none left": (200, {"code": 200, "msg": "success", "data": 0}, Decimal(0)),
    "a string": (200, {"code": 200, "data": "12.50"}, Decimal("12.50")),
    "an object": (200, {"code": 200, "data": {"credits": 3}}, Decimal(3)),
    "no number": (200, {"code": 200, "data": "many"}, None),
    "nothing": (200, {"code": 200, "data": None}, None),
    "a refused key": (200, no(401, "bad key"), None),
    "a server error": (500, {"code": 200, "data": 100}, None),
    "a page": (200, HTML, None),
}


@pytest.mark.parametrize("name", CREDITS)
def test_the_balance_is_read_where_there_is_one(name: str) -> None:
    status, body, balance = CREDITS[name]
    assert jobs.read_credits(reply(status, body)) == balance
