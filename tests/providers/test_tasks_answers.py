"""Recorded answers of the dialect `tasks`, as data: what each one means. Nothing here is our own server's."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from providers.provider_data import reply

from sorapipe.providers import tasks
from sorapipe.providers.base import (
    Accepted,
    Failed,
    MadeCharacter,
    Missed,
    NotThere,
    PollAnswer,
    Refusal,
    Refused,
    Running,
    Succeeded,
    Unknown,
)

OK = {"code": 200, "message": "success", "data": {"taskId": "task_sora-2_1766304530229_cf4dafd2"}}
HTML = b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"


def no(code: int, words: str = "no") -> dict[str, object]:
    return {"code": code, "message": words, "data": None}


ACCEPTED = [
    (200, OK, "task_sora-2_1766304530229_cf4dafd2"),
    (201, {"code": 200, "message": "completed", "data": {"taskId": "a:b.c_d-e"}}, "a:b.c_d-e"),
    (200, {"code": "200", "msg": "success", "data": {"taskId": "x" * 200}}, "x" * 200),
    (200, {"code": 200, "data": {"task_id": "t1", "state": "waiting"}}, "t1"),
    (200, {"code": 200, "data": {"taskId": 918273}}, "918273"),
]


@pytest.mark.parametrize(("status", "body", "task"), ACCEPTED)
def test_a_create_is_accepted_with_a_good_envelope_and_an_id(status: int, body: object, task: str) -> None:
    assert tasks.read_create(reply(status, body)) == Accepted(task)


CODES = {
    400: Refusal.REQUEST,
    401: Refusal.AUTHENTICATION,
    402: Refusal.CREDITS,
    403: Refusal.AUTHENTICATION,
    404: Refusal.UNAVAILABLE,
    405: Refusal.UNAVAILABLE,
    413: Refusal.REQUEST,
    415: Refusal.REQUEST,
    422: Refusal.REQUEST,
    429: Refusal.RATE,
}


@pytest.mark.parametrize("code", CODES)
def test_these_codes_refuse_for_certain_outside_and_inside_the_envelope(code: int) -> None:
    wanted = Refused(CODES[code], "no")
    assert tasks.read_create(reply(code, no(code))) == wanted
    assert tasks.read_create(reply(200, no(code))) == wanted
    assert tasks.read_create(reply(code, {"error": {"message": "no", "type": "x"}})) == wanted
    assert tasks.read_create(reply(code, {"detail": [{"loc": ["size"], "msg": "no"}]})) == wanted


@pytest.mark.parametrize("code", sorted(set(range(100, 600)) - set(CODES) - set(range(200, 300))))
def test_every_other_code_leaves_a_create_unknown(code: int) -> None:
    assert isinstance(tasks.read_create(reply(200, no(code))), Unknown)
    assert isinstance(tasks.read_create(reply(code, no(code))), Unknown)


UNKNOWN = [
    (200, b""),
    (200, HTML),
    (200, b"ok"),
    (200, b'{"code":200,"data":{"taskId":"task_1'),
    (200, []),
    (200, {}),
    (200, {"code": 200}),
    (200, {"code": 200, "data": None}),
    (200, {"code": 200, "data": {"taskId": ""}}),
    (200, {"code": 200, "data": {"taskId": "a b"}}),
    (200, {"code": 200, "data": {"taskId": "task_1\n"}}),
    (200, {"code": 200, "data": {"taskId": "../credits"}}),
    (200, {"code": 200, "data": {"taskId": ".."}}),
    (200, {"code": 200, "data": {"taskId": "x" * 201}}),
    (200, {"code": 200, "data": {"taskId": True}}),
    (200, {"code": 200, "data": {"taskId": ["t1"]}}),
    (200, {"data": {"taskId": "task_1"}}),
    (200, {"code": 0, "data": {"taskId": "task_1"}}),
    (200, {"success": False, "data": {"taskId": "task_1"}}),
    (301, OK),
    (302, b""),
    (422, HTML),
    (422, b""),
    (422, {}),
    (404, b"not found"),
    (429, HTML),
    (429, b""),
    (401, b""),
    (422, OK),
    (422, {**OK, "code": 422}),
    (500, OK),
    (500, no(422)),
    (503, no(429)),
    (422, no(500)),
    (422, no(200)),
]


@pytest.mark.parametrize(("status", "body"), UNKNOWN)
def test_whatever_is_not_clear_may_have_been_bought(status: int, body: object) -> None:
    assert isinstance(tasks.read_create(reply(status, body)), Unknown)


def test_an_empty_refusal_counts_with_the_header_that_http_has_for_it() -> None:
    assert tasks.read_create(reply(429, b"", retry_after="7")) == Refused(Refusal.RATE, "too many requests", 7.0)
    answer = tasks.read_create(reply(401, b"", www_authenticate="Bearer"))
    assert answer == Refused(Refusal.AUTHENTICATION, "the key was refused")


def test_an_id_in_an_answer_that_is_no_success_is_not_lost_to_the_reader() -> None:
    answer = tasks.read_create(reply(500, OK))
    assert isinstance(answer, Unknown)
    assert "task_sora-2_1766304530229_cf4dafd2" in answer.message


PAUSES = [
    ("7", 7.0),
    ("1.5", 1.5),
    ("0", 1.0),
    ("-5", 1.0),
    ("1000000000", 600.0),
    ("99999999999999999999", None),
    ("junk", None),
    ("", None),
    ("inf", None),
    ("nan", None),
    ("1e3", None),
    ("Sun, 22 Nov 2026 10:00:30 GMT", 30.0),
    ("Sun, 22 Nov 2026 09:00:00 GMT", 1.0),
    ("Mon, 22 Nov 2027 10:00:00 GMT", 600.0),
    ("Sun, 99 Nov 2026 10:00:30 GMT", None),
]


@pytest.mark.parametrize(("text", "seconds"), PAUSES)
def test_retry_after_is_read_in_all_its_forms_and_kept_between_a_second_and_ten_minutes(
    text: str, seconds: float | None
) -> None:
    answer = tasks.read_create(reply(429, no(429), retry_after=text, date="Sun, 22 Nov 2026 10:00:00 GMT"))
    assert answer == Refused(Refusal.RATE, "no", seconds)


def test_a_date_to_wait_for_says_nothing_without_the_servers_own_clock() -> None:
    assert tasks.read_create(reply(429, no(429), retry_after="Sun, 22 Nov 2026 10:00:30 GMT")) == Refused(
        Refusal.RATE, "no", None
    )


def query(**data: object) -> dict[str, object]:
    return {"code": 200, "message": "success", "data": {"taskId": "task_1", **data}}


def result(**inside: object) -> str:
    return json.dumps(inside)


URL = "https://cdn.example.com/clip.mp4?X-Sig=a%2Fb&e=1"
POLLS: list[tuple[int, object, PollAnswer]] = [
    (200, query(state="waiting"), Running(queued=True)),
    (200, query(state="queuing"), Running(queued=True)),
    (200, query(state="generating"), Running()),
    (200, query(state="generating", progress=45), Running(progress=45)),
    (200, query(state="GENERATING", progress="45.7%"), Running(progress=45)),
    (200, query(state="In Progress", progress=450), Running(progress=100)),
    (200, query(state="not-start", progress=None), Running(queued=True)),
    (200, query(state="dreaming"), Running(unknown_word="dreaming")),
    (200, query(state=3), Running(unknown_word="3")),
    (200, query(status="processing"), Running()),
    (200, query(state="success", resultJson=result(resultUrls=[URL])), Succeeded(URL)),
    (200, query(state="Completed", resultJson={"resultUrls": [URL, "https://b"]}), Succeeded(URL)),
    (200, query(state="success", resultJson=result(resultUrls=[{"url": URL}])), Succeeded(URL)),
    (200, query(state="success", resultJson=result(resultUrls=URL)), Succeeded(URL)),
    (200, query(state="success", resultJson=json.dumps([URL])), Succeeded(URL)),
    (200, query(state="success", resultJson=result(video_url=URL)), Succeeded(URL)),
    (200, query(state="success", resultJson="not json", video_url=URL), Succeeded(URL)),
    (200, query(state="success", resultJson=""), Succeeded(None)),
    (200, query(state="success", resultJson=None), Succeeded(None)),
    (200, query(state="success", resultJson=result(resultUrls=[])), Succeeded(None)),
    (200, query(state="success", resultJson=result(resultUrls=["", None, 5])), Succeeded(None)),
    (200, query(state="success", resultJson=result(resultUrls=["file:///etc/passwd"])), Succeeded(None)),
    (200, query(state="success", resultJson=result(resultUrls=["https://a/\nb"])), Succeeded(None)),
    (
        200,
        query(state="success", resultJson=result(character_id="ch_1")),
        Succeeded(None, MadeCharacter("ch_1", None)),
    ),
    (
        200,
        query(state="success", resultJson=result(character_id_list=["ch_2", "ch_3"], username="fox.ember")),
        Succeeded(None, MadeCharacter("ch_2", "fox.ember")),
    ),
    (
        200,
        query(state="success", resultJson=result(username="@fox.ember", resultUrls=[URL])),
        Succeeded(URL, MadeCharacter(None, "fox.ember")),
    ),
    (200, query(state="success", resultJson=result(username="two words")), Succeeded(None)),
    (
        200,
        query(state="success", createTime=1766304530229, completeTime=1766304590729, creditsConsumed=12.5),
        Succeeded(None, cost=Decimal("12.5"), seconds=60.5),
    ),
    (
        200,
        query(state="success", createTime=1766304530, completeTime="1766304590", creditsConsumed="40"),
        Succeeded(None, cost=Decimal("40"), seconds=60.0),
    ),
    (
        200,
        query(state="success", createTime="2026-11-22T10:00:00Z", completeTime="2026-11-22T10:01:00+00:00"),
        Succeeded(None, seconds=60.0),
    ),
    (200, query(state="success", createTime=0, completeTime=1766304590), Succeeded(None)),
    (200, query(state="success", createTime=1766304590, completeTime=1766304530), Succeeded(None)),
    (200, query(state="success", creditsConsumed=-3), Succeeded(None)),
    (200, query(state="fail", failCode="422", failMsg="real person"), Failed("422", "real person")),
    (200, query(state="FAILED", failCode=501, failMsg=""), Failed("501", "the task ended as `FAILED`")),
    (200, query(state="fail", error={"message": "moderation"}), Failed(None, "moderation")),
    (200, query(state="cancelled"), Failed(None, "the task ended as `cancelled`")),
    (200, query(state="expired"), Failed("expired", "the task ended as `expired`")),
    (500, {**query(state="fail", failMsg="gpu fell off"), "code": 500}, Failed("500", "gpu fell off")),
    (200, no(501, "generation failed"), Failed("501", "generation failed")),
    (501, no(501, "generation failed"), Failed("501", "generation failed")),
    (404, no(404, "no such task"), NotThere("no such task")),
    (200, no(404, "gone"), NotThere("gone")),
    (404, {"detail": "Not Found"}, NotThere("Not Found")),
    (404, b"", NotThere("HTTP 404 with an empty answer")),
    (200, no(422, "recordInfo is null"), NotThere("recordInfo is null")),
    (400, {"code": "task_not_exist", "message": "task_not_exist", "data": None}, NotThere("task_not_exist")),
    (404, HTML, Missed("HTTP 404 with a web page")),
    (200, HTML, Missed("HTTP 200 with a web page")),
    (200, b"", Missed("HTTP 200 with an empty answer")),
    (200, b"\x00\xff", Missed("HTTP 200 with an answer that is not JSON")),
    (200, [], Missed("HTTP 200 with an answer that is not a JSON object")),
    (200, {}, Missed("the answer holds no state")),
    (200, query(), Missed("the answer holds no state")),
    (200, query(state=None), Missed("the answer holds no state")),
    (200, query(state={"a": 1}), Missed("the answer holds no state")),
    (200, {"code": 200, "data": "task"}, Missed("the answer holds no state")),
    (500, no(500, "oops"), Missed("oops (HTTP 500 with code 500)")),
    (200, no(500, "oops"), Missed("oops (HTTP 200 with code 500)")),
    (500, query(state="generating"), Missed("success (HTTP 500 with code 200)")),
    (501, {"message": "Generation failed"}, Failed("501", "Generation failed")),
    (200, {**query(state="generating"), "code": 501}, Missed("success (HTTP 200 with code 501)")),
    (200, {"code": 501, "message": "no", "data": {"state": "fail"}}, Failed("501", "no")),
    (500, {"code": 500, "message": "no", "data": {"status": "error"}}, Missed("no (HTTP 500 with code 500)")),
    (200, query(state="success", username="studio-a"), Succeeded(None)),
    (501, {"message": "not implemented"}, Missed("not implemented (HTTP 501 with no code)")),
    (501, {"message": "Failed: no such method"}, Missed("Failed: no such method (HTTP 501 with no code)")),
    (503, HTML, Missed("HTTP 503 with a web page")),
    (422, no(422, "bad id"), Missed("bad id (HTTP 422 with code 422)")),
    (401, no(401, "bad key"), Missed("bad key (HTTP 401 with code 401)", authentication=True)),
    (200, no(403, "bad key"), Missed("bad key (HTTP 200 with code 403)", authentication=True)),
    (401, b"", Missed("HTTP 401 with an empty answer", authentication=True)),
    (302, b"", Missed("HTTP 302 with an empty answer")),
]


@pytest.mark.parametrize(("status", "body", "answer"), POLLS)
def test_what_the_answer_to_a_query_means(status: int, body: object, answer: PollAnswer) -> None:
    assert tasks.read_query(reply(status, body)) == answer


def test_a_poll_that_is_too_early_says_when_to_come_back() -> None:
    answer = tasks.read_query(reply(429, no(429, "slow down"), retry_after="12"))
    assert answer == Missed("slow down (HTTP 429 with code 429)", 12.0)


CREDITS = [
    (200, {"code": 200, "msg": "success", "data": 100}, Decimal(100)),
    (200, {"code": 200, "data": "12.50"}, Decimal("12.50")),
    (200, {"code": 200, "data": {"credits": 3.25}}, Decimal("3.25")),
    (200, {"code": 200, "data": None}, None),
    (200, {"code": 200, "data": True}, None),
    (200, {"code": 401, "data": 100}, None),
    (404, {"code": 404, "message": "no"}, None),
    (200, HTML, None),
]


@pytest.mark.parametrize(("status", "body", "balance"), CREDITS)
def test_the_balance_is_read_where_there_is_one(status: int, body: object, balance: Decimal | None) -> None:
    assert tasks.read_credits(reply(status, body)) == balance
