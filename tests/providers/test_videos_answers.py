"""Recorded answers of the dialect `videos`, as data: what each one means. Nothing here is our own server's."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from providers.provider_data import PROFILE, reply

from sorapipe.engine.compose import TOKEN_MARK
from sorapipe.providers import videos
from sorapipe.providers.answers import usable_task
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
from sorapipe.providers.dialect import ListPage, Reply

HTML = b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"
URL = "https://cdn.example.com/clip.mp4?X-Sig=a%2Fb&e=1"


def video(**more: object) -> dict[str, object]:
    return {"id": "video_1", "object": "video", "model": "sora-2", "status": "queued", "progress": 0, **more}


def error(message: str = "no", **more: object) -> dict[str, object]:
    return {"error": {"message": message, "type": "invalid_request_error", "code": None, "param": None, **more}}


def gateway(code: str, message: str = "no") -> dict[str, object]:
    return {"code": code, "message": message, "data": None}


ACCEPTED: list[tuple[int, object, str]] = [
    (200, video(created_at=1766304530, seconds="10", size="1280x720"), "video_1"),
    (201, video(created_at=1766304530229), "video_1"),
    (202, video(), "video_1"),
    (200, video(id="proxy:video_1:a"), "proxy:video_1:a"),
    (200, video(error=None), "video_1"),
    (200, video(error={}), "video_1"),
    (200, video(error=""), "video_1"),
    (200, video(error={"code": "", "message": ""}), "video_1"),
    (200, video(status="failed", error={"code": "moderation", "message": "no"}), "video_1"),
    (200, video(id=None, task_id="task_9"), "task_9"),
    (200, {"id": "video_1"}, "video_1"),
    (200, {"id": 918273, "status": "submitted"}, "918273"),
    (200, {"id": "video_1", "code": "success", "message": "", "data": None}, "video_1"),
    (200, {"code": "success", "message": "", "data": video(id="video_2")}, "video_2"),
]


@pytest.mark.parametrize(("status", "body", "task"), ACCEPTED)
def test_a_create_is_accepted_with_a_2xx_and_an_id(status: int, body: object, task: str) -> None:
    assert videos.read_create(reply(status, body)) == Accepted(task)


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
SHAPES: list[object] = [
    error(),
    {"error": "no"},
    gateway("bad_thing"),
    {"detail": "no"},
    {"detail": [{"loc": ["body", "size"], "msg": "no", "type": "value_error"}]},
    {"detail": {"message": "no"}},
    {**error(), "code": None},
]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("body", SHAPES)
def test_these_statuses_refuse_for_certain_with_an_error_of_any_of_the_shapes(code: int, body: object) -> None:
    assert videos.read_create(reply(code, body)) == Refused(CODES[code], "no")


@pytest.mark.parametrize("code", sorted(set(range(100, 600)) - set(CODES) - set(range(200, 300))))
def test_every_other_status_leaves_a_create_unknown(code: int) -> None:
    for body in (error(), gateway("bad_thing"), {"detail": "no"}, video()):
        assert isinstance(videos.read_create(reply(code, body)), Unknown)


REFUSED: list[tuple[int, object, dict[str, str], Refused]] = [
    (429, error(code="rate_limit_exceeded"), {"retry_after": "7"}, Refused(Refusal.RATE, "no", 7.0)),
    (429, error(code="insufficient_quota"), {"retry_after": "7"}, Refused(Refusal.CREDITS, "no")),
    (403, gateway("insufficient_user_quota"), {}, Refused(Refusal.CREDITS, "no")),
    (400, error(code="400"), {}, Refused(Refusal.REQUEST, "no")),
    (400, error(code=1203), {}, Refused(Refusal.REQUEST, "no")),
    (400, error(code=429), {}, Refused(Refusal.RATE, "no")),
    (400, error("", code="content_policy_violation"), {}, Refused(Refusal.REQUEST, "content_policy_violation")),
    (422, {"detail": ["size"]}, {}, Refused(Refusal.REQUEST, "an error without words")),
    (429, b"", {"retry_after": "7"}, Refused(Refusal.RATE, "too many requests", 7.0)),
    (401, b"", {"www_authenticate": "Bearer"}, Refused(Refusal.AUTHENTICATION, "the key was refused")),
]


@pytest.mark.parametrize(("status", "body", "headers", "wanted"), REFUSED)
def test_a_refusal_says_why(status: int, body: object, headers: dict[str, str], wanted: Refused) -> None:
    assert videos.read_create(reply(status, body, **headers)) == wanted


UNKNOWN: list[tuple[int, object]] = [
    (200, b""),
    (200, HTML),
    (200, b"ok"),
    (200, b'{"id":"video_1","obj'),
    (200, []),
    (200, {}),
    (200, video(id="")),
    (200, video(id=None)),
    (200, video(id="a b")),
    (200, video(id="video_1\n")),
    (200, video(id="../credits")),
    (200, video(id="..")),
    (200, video(id="x" * 201)),
    (200, video(id=True)),
    (200, video(id=["video_1"])),
    (200, error()),
    (200, {**error(), "id": "req_1"}),
    (200, {**gateway("bad"), "id": "req_1"}),
    (200, {"code": "success", "message": "", "data": "task_1"}),
    (301, video()),
    (302, b""),
    (400, HTML),
    (400, b""),
    (400, {}),
    (400, video()),
    (422, video(status="failed", error={"message": "no"})),
    (422, {**error(), "id": "video_1"}),
    (422, {**error(), "data": {"id": "video_1"}}),
    (422, {"code": "bad", "message": "no", "data": "task_1"}),
    (400, {"message": "no"}),
    (400, {"error": {}}),
    (400, {"error": "", "detail": []}),
    (400, gateway("success")),
    (400, gateway("500")),
    (400, error(code=500)),
    (422, error(code=200)),
    (404, b"not found"),
    (429, HTML),
    (429, b""),
    (401, b""),
    (500, error(code=422)),
    (503, gateway("bad")),
    (500, video()),
    (408, error()),
    (409, error()),
    (425, error()),
    (501, error()),
]


@pytest.mark.parametrize(("status", "body"), UNKNOWN)
def test_whatever_is_not_clear_may_have_been_bought(status: int, body: object) -> None:
    answer = videos.read_create(reply(status, body))
    assert isinstance(answer, Unknown)


@pytest.mark.parametrize("body", [{**error(), "id": "video_7"}, {"code": "x", "message": "y", "data": "video_7"}])
def test_an_id_in_an_answer_that_is_no_success_is_not_lost_to_the_reader(body: object) -> None:
    answer = videos.read_create(reply(500, body))
    assert isinstance(answer, Unknown)
    assert "video_7" in answer.message


FOX = {
    "id": "ch_1",
    "username": "fox.ember",
    "permalink": "https://sora.example/fox.ember",
    "profile_picture_url": "https://cdn.example/p.png",
}
MADE: list[tuple[int, object, Accepted]] = [
    (200, FOX, Accepted("ch_1", MadeCharacter("ch_1", "fox.ember"))),
    (201, {**FOX, "username": "@fox.ember"}, Accepted("ch_1", MadeCharacter("ch_1", "fox.ember"))),
    (200, {"id": "ch_1", "created_at": 1766304530, "name": "Ember"}, Accepted("ch_1", MadeCharacter("ch_1", "Ember"))),
    (
        200,
        {"id": "ch_1", "object": "character", "created_at": 1, "name": "Ember Fox"},
        Accepted("ch_1", MadeCharacter("ch_1", "Ember Fox")),
    ),
    (200, video(model="sora-2-character"), Accepted("video_1")),
    (200, {"id": "video_1"}, Accepted("video_1")),
    (200, {"id": "video_1", "status": "queued", "name": "Ember"}, Accepted("video_1")),
    (200, video(name="Ember"), Accepted("video_1")),
    (200, {"id": "ch_1", "name": "two\nlines"}, Accepted("ch_1")),
]


@pytest.mark.parametrize(("status", "body", "wanted"), MADE)
def test_a_character_is_made_at_once_or_by_a_task(status: int, body: object, wanted: Accepted) -> None:
    assert videos.read_create(reply(status, body), character=True) == wanted


def test_a_character_without_an_id_may_have_been_bought() -> None:
    assert isinstance(videos.read_create(reply(200, {"username": "fox.ember"}), character=True), Unknown)


def test_only_an_order_for_a_character_makes_one() -> None:
    assert videos.read_create(reply(200, FOX)) == Accepted("ch_1")


WORDS = {
    "queued pending submitted not_start preparing created starting NOT_START Queued": Running(queued=True),
    "processing in_progress running generating IN_PROGRESS In-Progress": Running(),
    "completed complete success succeeded finished SUCCESS Completed": Succeeded(None),
}


@pytest.mark.parametrize(("word", "wanted"), [(w, a) for words, a in WORDS.items() for w in words.split()])
def test_state_words_are_known_in_any_case(word: str, wanted: PollAnswer) -> None:
    assert videos.read_query(reply(200, video(status=word, progress=None))) == wanted


@pytest.mark.parametrize("word", "failed failure fail error cancelled canceled FAILED Canceled".split())  # noqa: SIM905
def test_words_for_failure_are_known_in_any_case(word: str) -> None:
    assert videos.read_query(reply(200, video(status=word))) == Failed(None, f"the task ended as `{word}`")


MODERATED = {"code": "moderation_blocked", "message": "blocked by our moderation"}
POLLS: list[tuple[int, object, PollAnswer]] = [
    (200, video(status="in_progress", progress=45), Running(progress=45)),
    (200, video(status="in_progress", progress="45%", error=None), Running(progress=45)),
    (200, video(status="in_progress", progress=99, error={}), Running(progress=99)),
    (200, video(status="in_progress", error={"code": "", "message": ""}), Running(progress=0)),
    (200, video(status="dreaming", progress=12), Running(progress=12, unknown_word="dreaming")),
    (200, video(status="queued", video_url=URL), Running(queued=True, progress=0)),
    (200, video(status="completed", progress=100), Succeeded(None)),
    (200, video(status="completed", video_url=URL), Succeeded(URL)),
    (200, video(status="completed", url=URL), Succeeded(URL)),
    (200, video(status="completed", metadata={"url": URL}), Succeeded(URL)),
    (200, video(status="completed", metadata=json.dumps({"url": URL})), Succeeded(None)),
    (200, video(status="completed", video_url="", url=None, metadata={"url": URL}), Succeeded(URL)),
    (200, video(status="completed", data={"video_url": URL}), Succeeded(URL)),
    (200, video(status="completed", data=[{"url": URL}]), Succeeded(URL)),
    (200, video(status="completed", result={"video": {"url": URL}}), Succeeded(URL)),
    (200, video(status="completed", output=[URL]), Succeeded(URL)),
    (200, video(status="completed", output=URL), Succeeded(URL)),
    (200, video(status="completed", video={"url": URL}), Succeeded(URL)),
    (200, video(status="completed", videos=[{"url": URL}]), Succeeded(URL)),
    (200, video(status="completed", resultJson=json.dumps({"resultUrls": [URL]})), Succeeded(URL)),
    (200, video(status="completed", video_url="file:///etc/passwd"), Succeeded(None)),
    (200, video(status="completed", video_url="/v1/videos/video_1/content"), Succeeded(None)),
    (200, video(status="completed", created_at=1766304530, completed_at=1766304590), Succeeded(None, seconds=60.0)),
    (
        200,
        video(status="completed", created_at=1766304530229, completed_at=1766304590),
        Succeeded(None, seconds=59.771),
    ),
    (
        200,
        video(status="completed", created_at=1766304530229, completed_at=1766304590729),
        Succeeded(None, seconds=60.5),
    ),
    (200, video(status="completed", created_at=1766304590, completed_at=1766304530), Succeeded(None)),
    (200, video(status="completed", cost="0.40"), Succeeded(None, cost=Decimal("0.40"))),
    (200, video(status="completed", usage={"credits": 12}), Succeeded(None, cost=Decimal(12))),
    (200, video(status="completed", cost=0, usage={"cost": 3}), Succeeded(None, cost=Decimal(0))),
    (200, video(status="completed", cost=-3), Succeeded(None)),
    (200, video(id="another", status="completed"), Succeeded(None)),
    (200, video(status="completed", character={"id": "ch_1"}), Succeeded(None, MadeCharacter("ch_1", None))),
    (200, video(status="completed", character_id="ch_1"), Succeeded(None, MadeCharacter("ch_1", None))),
    (200, video(status="completed", username="fox.ember"), Succeeded(None, MadeCharacter(None, "fox.ember"))),
    (200, video(status="completed", characters=[{"id": "ch_1"}]), Succeeded(None)),
    (200, video(status="failed", error=MODERATED), Failed("moderation_blocked", "blocked by our moderation")),
    (200, video(status="failed", error="out of memory"), Failed(None, "out of memory")),
    (200, video(status="failed", error={}), Failed(None, "the task ended as `failed`")),
    (200, video(status="FAILURE", fail_reason="no"), Failed(None, "no")),
    (200, video(status="expired"), Failed("expired", "the task ended as `expired`")),
    (200, {"status": "failed", "error": "no"}, Failed(None, "no")),
    (200, {"code": "success", "message": "", "data": video(status="SUCCESS", url=URL)}, Succeeded(URL)),
    (400, video(status="failed", error=MODERATED), Failed("moderation_blocked", "blocked by our moderation")),
    (404, video(status="expired"), Failed("expired", "the task ended as `expired`")),
    (500, video(status="failed", error={"message": "gpu fell off"}), Failed(None, "gpu fell off")),
    (500, video(status="in_progress"), Missed("HTTP 500 (HTTP 500)")),
    (400, gateway("task_not_exist", "task_not_exist"), NotThere("task_not_exist")),
    (400, gateway("task_not_exist", "nope"), NotThere("nope")),
    (404, error("Video with id 'video_1' not found."), NotThere("Video with id 'video_1' not found.")),
    (404, {"detail": "Not Found"}, NotThere("Not Found")),
    (404, b"", NotThere("HTTP 404 with an empty answer")),
    (404, HTML, Missed("HTTP 404 with a web page")),
    (400, error("bad"), Missed("bad (HTTP 400)")),
    (401, error("bad key"), Missed("bad key (HTTP 401)", None, True)),
    (403, {"detail": "no"}, Missed("no (HTTP 403)", None, True)),
    (401, b"", Missed("HTTP 401 with an empty answer", None, True)),
    (429, error("slow down"), Missed("slow down (HTTP 429)")),
    (429, {"status": "error", "message": "slow down"}, Missed("HTTP 429 (HTTP 429)")),
    (500, {"status": "failed", "error": "busy"}, Missed("busy (HTTP 500)")),
    (200, {"status": "error", "error": "try again"}, Missed("try again (HTTP 200)")),
    (500, {"status": 500, "error": "Internal Server Error"}, Missed("Internal Server Error (HTTP 500)")),
    (502, HTML, Missed("HTTP 502 with a web page")),
    (200, HTML, Missed("HTTP 200 with a web page")),
    (200, b"", Missed("HTTP 200 with an empty answer")),
    (200, [], Missed("HTTP 200 with an answer that is not a JSON object")),
    (200, {}, Missed("the answer holds no state")),
    (200, {"id": "video_1"}, Missed("the answer holds no state")),
    (200, video(status=None), Missed("the answer holds no state")),
    (302, b"", Missed("HTTP 302 with an empty answer")),
    (202, video(status="queued"), Running(queued=True, progress=0)),
]


@pytest.mark.parametrize(("status", "body", "wanted"), POLLS)
def test_a_poll_means(status: int, body: object, wanted: PollAnswer) -> None:
    assert videos.read_query(reply(status, body)) == wanted


def test_a_poll_that_is_to_wait_says_how_long() -> None:
    assert videos.read_query(reply(429, error("slow"), retry_after="7")) == Missed("slow (HTTP 429)", 7.0)


MAKING: list[tuple[int, object, PollAnswer]] = [
    (404, error("not found"), NotThere("not found")),
    (404, b"", NotThere("HTTP 404 with an empty answer")),
    (404, HTML, Missed("HTTP 404 with a web page")),
    (202, b"", Running()),
    (202, {}, Running()),
    (202, video(status="queued"), Running(queued=True, progress=0)),
    (202, {**FOX}, Succeeded(None, MadeCharacter("ch_1", "fox.ember"))),
    (200, {**FOX}, Succeeded(None, MadeCharacter("ch_1", "fox.ember"))),
    (200, video(status="completed", username="fox.ember"), Succeeded(None, MadeCharacter(None, "fox.ember"))),
    (200, video(status="processing", progress=30), Running(progress=30)),
    (200, video(status="completed", progress=100), Running(progress=100)),
    (200, video(status="completed", character_id="ch_1"), Succeeded(None, MadeCharacter("ch_1", None))),
    (200, video(status="completed", character=FOX), Succeeded(None, MadeCharacter("ch_1", "fox.ember"))),
    (200, video(status="completed", characters=[FOX]), Succeeded(None, MadeCharacter("ch_1", "fox.ember"))),
    (200, video(status="completed", metadata=FOX), Succeeded(None, MadeCharacter("ch_1", "fox.ember"))),
    (200, {"code": "success", "data": FOX}, Succeeded(None, MadeCharacter("ch_1", "fox.ember"))),
    (200, {"id": "ch_1", "created_at": 1, "name": "Ember"}, Succeeded(None, MadeCharacter("ch_1", "Ember"))),
    (200, video(status="failed", error=MODERATED), Failed("moderation_blocked", "blocked by our moderation")),
    (404, video(status="failed", error=MODERATED), Failed("moderation_blocked", "blocked by our moderation")),
    (200, video(status="expired"), Failed("expired", "the task ended as `expired`")),
    (200, video(status="completed", username="two words"), Running(progress=0)),
    (400, gateway("task_not_exist", "nope"), NotThere("nope")),
    (200, {}, Missed("the answer holds no state")),
    (500, error("odd"), Missed("odd (HTTP 500)")),
]


@pytest.mark.parametrize(("status", "body", "wanted"), MAKING)
def test_a_poll_of_a_task_that_makes_a_character_means(status: int, body: object, wanted: PollAnswer) -> None:
    assert videos.read_query(reply(status, body), character=True) == wanted


TOKEN = "abcdefghij234567abcd"


def page(*jobs: object, **more: object) -> dict[str, object]:
    return {"object": "list", "data": list(jobs), **more}


LISTS: list[tuple[object, ListPage]] = [
    (page(), ListPage({}, {}, None)),
    ([], ListPage({}, {}, None)),
    (page(video(status="in_progress"), has_more=False), ListPage({"video_1": Running(progress=0)}, {}, None)),
    (page(video(), has_more=True), ListPage({"video_1": Running(queued=True, progress=0)}, {}, "video_1")),
    (
        page(video(), has_more=True, last_id="video_0"),
        ListPage({"video_1": Running(queued=True, progress=0)}, {}, "video_0"),
    ),
    (page(video(status="completed", url=URL)), ListPage({"video_1": Succeeded(URL)}, {}, None)),
    (page(video(status="failed", error="no")), ListPage({"video_1": Failed(None, "no")}, {}, None)),
    (page({"id": "video_1"}, 5, None, {"status": "queued"}, {"id": "a b"}), ListPage({}, {}, None)),
    (page(video(model="sora-2-character", status="completed")), ListPage({}, {}, None)),
    (
        page({"id": "v", "metadata": f"ep01 sp1:{TOKEN}"}, {"id": "w", "metadata": {"note": f"sp1:{TOKEN[::-1]}"}}),
        ListPage({}, {TOKEN: "v", TOKEN[::-1]: "w"}, None),
    ),
    (page({"id": "v", "metadata": f"sp1:{TOKEN}x sp1:SHOUTING"}, {"id": "w", "metadata": 5}), ListPage({}, {}, None)),
    (
        page({"id": "new", "metadata": f"sp1:{TOKEN}"}, {"id": "old", "metadata": f"sp1:{TOKEN}"}),
        ListPage({}, {TOKEN: "new"}, None),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "wanted"), LISTS)
def test_a_page_of_the_list_means(body: object, wanted: ListPage) -> None:
    assert videos.read_list(reply(200, body)) == wanted


def test_a_full_page_of_a_list_that_does_not_say_whether_it_ends_has_a_next_one() -> None:
    found = videos.read_list(reply(200, page(*({"id": f"v{n}"} for n in range(100)))))
    assert isinstance(found, ListPage)
    assert found.after == "v99"


@pytest.mark.parametrize(
    ("status", "body", "authentication"),
    [(404, {"detail": "Not Found"}, False), (405, b"", False), (401, error("no"), True), (403, b"", True),
     (200, HTML, False), (200, {"data": {}}, False), (200, 5, False), (500, error(), False), (200, video(), False)],
)  # fmt: skip
def test_other_answers_are_no_list(status: int, body: object, authentication: bool) -> None:
    found = videos.read_list(reply(status, body))
    assert isinstance(found, Missed)
    assert found.authentication is authentication


def test_the_mark_of_a_token_is_the_one_that_orders_carry() -> None:
    assert videos.bare.objects.tokens(f"a {TOKEN_MARK}{TOKEN}") == (TOKEN,)


def test_nobody_tells_a_balance() -> None:
    assert videos.credits_request(PROFILE) is None
    assert videos.read_credits(reply(200, {"credits": 5})) is None


# Whatever comes, it is an answer.

_KEYS = st.sampled_from(
    [
        "id", "object", "status", "state", "error", "code", "message", "detail", "data", "metadata", "url", "video_url",
        "username", "name", "character", "characters", "character_id", "usage", "cost", "progress", "created_at",
        "completed_at", "has_more", "last_id", "output", "result", "resultJson", "type", "task_id", "model",
    ]
)  # fmt: skip
_LEAVES = st.sampled_from(
    [None, True, 0, -1, 5, 10**40, 1.5, 1e308, "",
     "video_1", "queued", "completed", "failed", "error", "expired", URL, "x" * 300,
     "\ud800", "a b", "[", '{"url": 5}', "429", "500", f"sp1:{TOKEN}", "..", "@fox"]
)  # fmt: skip
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5), max_leaves=12
)
_BODIES = st.dictionaries(_KEYS, _VALUES, max_size=7).map(lambda v: json.dumps(v).encode()) | st.binary(max_size=40)
_STATUSES = st.sampled_from([200, 201, 202, 204, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503])


@settings(max_examples=300, deadline=None)
@given(_STATUSES, _BODIES, st.booleans())
def test_no_answer_ever_raises_and_what_is_accepted_has_an_id(status: int, body: bytes, character: bool) -> None:
    answer = videos.read_create(Reply(status, {}, body), character=character)
    if isinstance(answer, Accepted):
        assert 200 <= status < 300
        assert usable_task(answer.task) == answer.task
    polled = videos.read_query(Reply(status, {}, body), character=character)
    if isinstance(polled, Succeeded):
        assert 200 <= status < 300
        assert not character or polled.character is not None
    assert isinstance(videos.read_list(Reply(status, {}, body)), ListPage | Missed)
