"""Whatever a server sends, the readers of enveloped answers read it, and never take it for more than it says."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from providers.provider_data import reply

from sorapipe.providers import jobs, tasks
from sorapipe.providers.base import Accepted, Failed, Refused, Succeeded, Unknown
from sorapipe.providers.dialect import Dialect, Reply, Uploaded

DIALECTS: dict[str, tuple[Dialect, set[int]]] = {
    "tasks": (tasks, {400, 401, 402, 403, 404, 405, 413, 415, 422, 429}),
    "jobs": (jobs, {400, 401, 402, 403, 404, 405, 413, 415, 422, 429, 455, 505}),
}
"""Each with the codes by which it refuses for certain."""

NAMES = (
    "code message msg data taskId id state status resultJson resultUrls url downloadUrl failCode failMsg createTime "
    "completeTime costTime progress creditsConsumed character_id character_id_list username error detail success fail "
    "completed expired generating odd 501 metadata"
)
WORDS = st.sampled_from(NAMES.split())
CODES = st.sampled_from([200, 400, 401, 402, 404, 422, 429, 455, 500, 501, 505])
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    WORDS,
    CODES,
    st.sampled_from(
        ["200", 10**400, "1e999999999999999999999", "٣", "\ud800", "[" * 2000, 1e308, "https://a/b", "a:b"]
    ),
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(WORDS, st.text(max_size=5)), inner, max_size=6),
        st.dictionaries(WORDS, inner, max_size=4).map(json.dumps),
    ),
    max_leaves=20,
)
JOB = st.fixed_dictionaries(
    {},
    optional={
        "taskId": st.one_of(st.just("t1"), LEAVES),
        "state": st.sampled_from(["success", "fail", "expired", "generating", "odd"]),
        "resultJson": JSON,
        "failMsg": JSON,
        "createTime": LEAVES,
        "completeTime": LEAVES,
        "costTime": LEAVES,
        "progress": LEAVES,
        "creditsConsumed": LEAVES,
    },
)
ENVELOPE = st.fixed_dictionaries(
    {"code": st.one_of(CODES, CODES.map(str), LEAVES)},
    optional={"data": st.one_of(JOB, JOB.map(json.dumps), JSON), "msg": JSON, "message": JSON},
)
HEADERS = st.dictionaries(st.sampled_from(["retry-after", "date", "www-authenticate"]), st.text(max_size=40))
STATUS = st.one_of(st.just(200), CODES, st.integers(100, 599))
SOME = settings(max_examples=150)


def as_bytes(body: object) -> bytes:
    try:
        return json.dumps(body).encode()
    except ValueError:
        return b"1" * 5000


def read_all(answer: Reply) -> None:
    """Every reader, and what becomes of its words: they go into files as UTF-8."""
    for dialect, _ in DIALECTS.values():
        for character in (False, True):
            repr(dialect.read_create(answer, character=character)).encode()
            repr(dialect.read_query(answer, character=character)).encode()
        for read in (dialect.read_credits, dialect.read_upload, dialect.read_list):
            repr(read(answer)).encode()


@SOME
@given(STATUS, HEADERS, st.one_of(ENVELOPE, JSON).map(as_bytes))
def test_no_json_gets_a_traceback_out_of_the_readers(status: int, headers: dict[str, str], body: bytes) -> None:
    read_all(Reply(status, headers, body))


@SOME
@given(STATUS, HEADERS, st.binary(max_size=200))
def test_no_bytes_get_a_traceback_out_of_the_readers(status: int, headers: dict[str, str], body: bytes) -> None:
    read_all(Reply(status, headers, body))


@SOME
@given(STATUS, HEADERS, ENVELOPE.map(as_bytes))
def test_a_create_is_never_taken_for_more_than_it_says(status: int, headers: dict[str, str], body: bytes) -> None:
    for dialect, refuses in DIALECTS.values():
        answer = dialect.read_create(Reply(status, headers, body))
        if isinstance(answer, Accepted):
            assert 200 <= status < 300
            assert 200 <= int(json.loads(body)["code"]) < 300
            assert re.fullmatch(r"[A-Za-z0-9._:-]{1,200}", answer.task)
            assert answer.task.strip(".")
        if isinstance(answer, Refused):
            inside = json.loads(body)["code"]
            assert status in refuses or 200 <= status < 300
            assert status in refuses or int(inside) in refuses
            assert not (isinstance(inside, int) and 200 <= inside < 300)  # that contradicts a refusal around it


@SOME
@given(STATUS, HEADERS, ENVELOPE.map(as_bytes))
def test_a_poll_fails_a_shot_only_with_a_state_or_with_501(status: int, headers: dict[str, str], body: bytes) -> None:
    for dialect, _ in DIALECTS.values():
        answer = dialect.read_query(Reply(status, headers, body))
        if isinstance(answer, Failed):
            assert any(
                word in body.lower() for word in (b"fail", b"expired", b"501", b"error", b"canceled", b"cancelled")
            )
        if isinstance(answer, Succeeded):
            assert 200 <= status < 300
            assert answer.url is None or answer.url.startswith("http")


@SOME
@given(STATUS, HEADERS, ENVELOPE.map(as_bytes))
def test_an_upload_is_somewhere_only_after_a_success(status: int, headers: dict[str, str], body: bytes) -> None:
    answer = jobs.read_upload(Reply(status, headers, body))
    if isinstance(answer, Uploaded):
        assert 200 <= status < 300
        assert answer.url.startswith("http")


OK = {"code": 200, "msg": "success", "data": {"taskId": "task_1"}}
NASTY = [
    b"[" * 100_000,
    b'{"code":200,"data":{"state":' + b"[" * 900 + b"]" * 900 + b"}}",
    b'{"code":200,"data":{"state":"success","resultJson":"' + b"[" * 100_000 + b'"}}',
    b'{"code":200,"data":"' + b"{" * 100_000 + b'"}',
    b'{"code":' + b"9" * 5000 + b"}",
    b'{"code":NaN,"data":Infinity}',
    b'{"code":200,"data":{"state":"\\ud800"}}',
    b'{"code":200,"data":{"state":"fail","failMsg":"\\udfff"}}',
    b'{"code":422,"message":"\\ud800"}',
    b"\xef\xbb\xbf" + json.dumps(OK).encode(),
    json.dumps(OK).encode("utf-16"),
    b'{"code":200,"code":422,"data":{"taskId":"a","taskId":"b"}}',
]


@pytest.mark.parametrize("body", NASTY, ids=range(len(NASTY)))
def test_nasty_answers_are_only_answers(body: bytes) -> None:
    for status in (200, 422, 500):
        read_all(Reply(status, {}, body))


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("status", sorted({*range(500, 600), 100, 301, 302, 303, 307, 308, 408, 409, 418, 425, 499}))
def test_no_answer_with_an_odd_status_is_accepted_or_refused(name: str, status: int) -> None:
    dialect, refuses = DIALECTS[name]
    for inside in (None, 200, 422, 429, 500, status):
        if status in refuses and inside not in {None, 200, 500}:
            continue  # 505 of `jobs`, well formed
        for data in (None, {"taskId": "task_1"}):
            body = {"code": inside, "msg": "no", "data": data}
            assert isinstance(dialect.read_create(reply(status, body)), Unknown), (inside, data)
