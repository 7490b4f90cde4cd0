"""The three answers of a create in the dialect `jobs`, and of its uploads: recorded answers, as data.

A new row: what it shows, then status and body as they came, then what they mean.
"""

from __future__ import annotations

import pytest
from providers.provider_data import reply

from sorapipe.providers import jobs
from sorapipe.providers.base import Accepted, CreateAnswer, Refusal, Refused, Unknown
from sorapipe.providers.dialect import Uploaded

HTML = b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"
TASK = "281e5b0f39b9d3b6a0a9a0f4cbd93b32"
OK = {"code": 200, "msg": "success", "data": {"taskId": TASK}}


def no(code: int, words: str = "no") -> dict[str, object]:
    return {"code": code, "msg": words, "data": None}


ACCEPTED: dict[str, tuple[int, object, str]] = {
    "as the page has it": (200, OK, TASK),
    "with a record beside the task": (200, {**OK, "data": {"taskId": "t1", "recordId": "r1"}}, "t1"),
    "with `message` for `msg`": (200, {"code": 200, "message": "success", "data": {"taskId": "t1"}}, "t1"),
    "with another word for success": (200, {"code": 200, "msg": "completed", "data": {"taskId": "t1"}}, "t1"),
    "with a code in a string": (200, {"code": "200", "data": {"taskId": "t1"}}, "t1"),
    "with another code of success": (201, {"code": 202, "msg": "queued", "data": {"taskId": "t1"}}, "t1"),
    "with an id that holds colons": (200, {"code": 200, "data": {"taskId": "a:b.c_d-e"}}, "a:b.c_d-e"),
    "with an id that is a number": (200, {"code": 200, "data": {"taskId": 918273}}, "918273"),
    "with the longest id": (200, {"code": 200, "data": {"taskId": "x" * 200}}, "x" * 200),
    "with an id of another spelling": (200, {"code": 200, "data": {"task_id": "t1"}}, "t1"),
    "with JSON inside a string": (200, {"code": 200, "data": '{"taskId": "t1"}'}, "t1"),
    "with an empty error": (200, {**OK, "error": {}}, TASK),
    "with our own metadata": (200, {"code": 200, "data": {"taskId": "t1", "metadata": "sp1:abc"}}, "t1"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_create_is_accepted(name: str) -> None:
    status, body, task = ACCEPTED[name]
    assert jobs.read_create(reply(status, body)) == Accepted(task)
    assert jobs.read_create(reply(status, body), character=True) == Accepted(task)


HTTP_CODES = {
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
OWN_CODES = {455: Refusal.UNAVAILABLE, 505: Refusal.REQUEST}
CODES = {**HTTP_CODES, **OWN_CODES}
OTHERS = sorted(set(range(100, 600)) - set(CODES) - set(range(200, 300)))


@pytest.mark.parametrize("code", CODES)
def test_these_codes_refuse_for_certain_outside_and_inside_the_envelope(code: int) -> None:
    wanted = Refused(CODES[code], "no")
    assert jobs.read_create(reply(200, no(code))) == wanted
    assert jobs.read_create(reply(code, no(code))) == wanted
    assert jobs.read_create(reply(200, {"code": str(code), "message": "no"})) == wanted
    assert jobs.read_create(reply(422, no(code))) == wanted  # two refusals that differ are still refusals


@pytest.mark.parametrize("code", HTTP_CODES)
def test_the_codes_of_http_need_no_envelope_but_an_errors_words(code: int) -> None:
    for body in ({"error": {"message": "no"}}, {"detail": "no"}, {"msg": "no"}):
        assert jobs.read_create(reply(code, body)) == Refused(HTTP_CODES[code], "no")


@pytest.mark.parametrize("code", OWN_CODES)
def test_the_dialects_own_codes_say_nothing_without_an_envelope(code: int) -> None:
    """A proxy that does not like our HTTP version says 505, too."""
    for body in ({"error": {"message": "no"}}, {"msg": "no"}, HTML, b""):
        assert isinstance(jobs.read_create(reply(code, body)), Unknown)


@pytest.mark.parametrize("code", CODES)
def test_a_refusal_with_a_server_error_around_it_says_nothing(code: int) -> None:
    for status in (100, 302, 408, 409, 500, 502, 503, 504):
        assert isinstance(jobs.read_create(reply(status, no(code))), Unknown)


@pytest.mark.parametrize("code", OTHERS)
def test_every_other_code_leaves_a_create_unknown(code: int) -> None:
    for status, body in ((200, no(code)), (code, no(code)), (code, OK), (code, {"msg": "no"}), (code, b"")):
        answer = jobs.read_create(reply(status, body))
        assert isinstance(answer, Unknown), (status, body)
        assert answer.message


@pytest.mark.parametrize("code", range(200, 300))
def test_a_code_of_success_without_a_task_leaves_a_create_unknown(code: int) -> None:
    for body in (no(code), {"code": 200, "data": {}}, {}, [], HTML, b"", b"ok"):
        assert isinstance(jobs.read_create(reply(code, body)), Unknown)


UNKNOWN: dict[str, tuple[int, object, str]] = {
    "500 can be a validation error, and nobody knows": (
        200,
        no(500, "This field is required"),
        "HTTP 200 with code 500: This field is required",
    ),
    "an id with a blank": (200, {"code": 200, "data": {"taskId": "a b"}}, "the answer names no usable task"),
    "an id that ends its line": (200, {"code": 200, "data": {"taskId": "t1\n"}}, "the answer names no usable task"),
    "an id that climbs": (200, {"code": 200, "data": {"taskId": "../x"}}, "the answer names no usable task"),
    "an id of dots": (200, {"code": 200, "data": {"taskId": ".."}}, "the answer names no usable task"),
    "an id that is too long": (200, {"code": 200, "data": {"taskId": "x" * 201}}, "the answer names no usable task"),
    "an id that is a truth": (200, {"code": 200, "data": {"taskId": True}}, "the answer names no usable task"),
    "a string of broken JSON": (200, {"code": 200, "data": '{"taskId": "t1'}, "the answer names no usable task"),
    "half an answer": (200, b'{"code":200,"data":{"taskId":"t', "HTTP 200 with an answer that is not JSON"),
    "a page": (200, HTML, "HTTP 200 with a web page"),
    "a page with a refusal": (422, HTML, "HTTP 422 with a web page"),
    "nothing": (200, b"", "HTTP 200 with an empty answer"),
    "an empty refusal": (402, b"", "HTTP 402 with an empty answer"),
    "a refusal without words or code": (422, {}, "HTTP 422 with no code: code 422"),
    "no code": (200, {"data": {"taskId": "t1"}},
                "HTTP 200 with no code, and yet the answer names the task `t1`: code 200"),
    "code 0": (200, {"code": 0, "data": {"taskId": "t1"}},
               "HTTP 200 with code 0, and yet the answer names the task `t1`: code 0"),
    "a refusal that names a task": (200, {**OK, "code": 422, "data": {"taskId": "t1"}},
                                    "HTTP 200 with code 422, and yet the answer names the task `t1`: success"),
    "switched off, and a task": (505, {"code": 505, "msg": "off", "data": {"taskId": "t1"}},
                                 "HTTP 505 with code 505, and yet the answer names the task `t1`: off"),
    "success with a bad status": (500, {"code": 200, "data": {"taskId": "t1"}},
                                  "HTTP 500 with code 200, and yet the answer names the task `t1`: code 200"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNKNOWN)
def test_nobody_knows_what_was_bought_after(name: str) -> None:
    status, body, words = UNKNOWN[name]
    assert jobs.read_create(reply(status, body)) == Unknown(words)


HEADERS: dict[str, tuple[int, object, dict[str, str], CreateAnswer]] = {
    "a limit that says how long": (429, no(429), {"retry_after": "7"}, Refused(Refusal.RATE, "no", 7.0)),
    "a limit inside that says how long": (200, no(429), {"retry_after": "7"}, Refused(Refusal.RATE, "no", 7.0)),
    "an empty limit that says how long": (
        429, b"", {"retry_after": "7"}, Refused(Refusal.RATE, "too many requests", 7.0),
    ),
    "no number": (429, no(429), {"retry_after": "nan"}, Refused(Refusal.RATE, "no")),
    "other refusals don't wait": (422, no(422), {"retry_after": "7"}, Refused(Refusal.REQUEST, "no")),
    "an empty refusal of the key": (
        401, b"", {"www_authenticate": "Bearer"}, Refused(Refusal.AUTHENTICATION, "the key was refused"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
def test_headers_count_as_http_has_them(name: str) -> None:
    status, body, headers, answer = HEADERS[name]
    assert jobs.read_create(reply(status, body, **headers)) == answer


URL = "https://files.example.org/sorapipe/0f46.png"
UPLOADS: dict[str, tuple[int, object, Uploaded | Refused]] = {
    "as the page has it": (
        200,
        {"success": True, "code": 200, "msg": "File uploaded successfully",
         "data": {"fileName": "0f46.png", "filePath": "sorapipe/0f46.png", "downloadUrl": URL, "fileSize": 154832,
                  "mimeType": "image/png", "uploadedAt": "2026-11-22T10:00:00.000Z"}},
        Uploaded(URL),
    ),
    "under another name": (200, {"code": 200, "data": {"fileUrl": URL}}, Uploaded(URL)),
    "with both names": (200, {"code": 200, "data": {"fileUrl": "https://b/c", "downloadUrl": URL}}, Uploaded(URL)),
    "with one name empty": (200, {"code": 200, "data": {"fileUrl": URL, "downloadUrl": ""}}, Uploaded(URL)),
    "as the data itself": (200, {"code": 200, "data": URL}, Uploaded(URL)),
    "without a code": (201, {"success": True, "data": {"downloadUrl": URL}}, Uploaded(URL)),
    "nowhere": (200, {"code": 200, "data": {}},
                Refused(Refusal.UNAVAILABLE, "the answer does not say where the file is")),
    "on our own disk": (200, {"code": 200, "data": {"downloadUrl": "file:///etc/passwd"}},
                        Refused(Refusal.UNAVAILABLE, "the answer does not say where the file is")),
    "key": (401, no(401, "You do not have access permissions"),
            Refused(Refusal.AUTHENTICATION, "You do not have access permissions")),
    "key, inside": (200, no(401, "bad key"), Refused(Refusal.AUTHENTICATION, "bad key")),
    "key, without words": (401, b"", Refused(Refusal.AUTHENTICATION, "HTTP 401 with an empty answer")),
    "credits": (200, no(402, "no credits"), Refused(Refusal.CREDITS, "no credits")),
    "too fast": (429, HTML, Refused(Refusal.RATE, "HTTP 429 with a web page", 7.0)),
    "too fast, inside": (200, no(429, "slow down"), Refused(Refusal.RATE, "slow down", 7.0)),
    "too large for a proxy": (413, HTML, Refused(Refusal.REQUEST, "HTTP 413 with a web page")),
    "not a picture": (200, no(422, "unsupported type"), Refused(Refusal.REQUEST, "unsupported type")),
    "bad request": (400, no(400, "missing parameter"), Refused(Refusal.REQUEST, "missing parameter")),
    "no such call": (404, {"detail": "Not Found"}, Refused(Refusal.UNAVAILABLE, "Not Found")),
    "a redirect": (302, b"", Refused(Refusal.UNAVAILABLE, "HTTP 302 with an empty answer")),
    "a server error": (500, no(500, "Internal error"), Refused(Refusal.UNAVAILABLE, "Internal error")),
    "a server error, inside": (200, no(500, "Internal error"), Refused(Refusal.UNAVAILABLE, "Internal error")),
    "a server error in a page": (502, HTML, Refused(Refusal.UNAVAILABLE, "HTTP 502 with a web page")),
    "a server error that says it is well": (500, {"code": 200, "data": {"downloadUrl": URL}},
                                            Refused(Refusal.UNAVAILABLE, "HTTP 500 with code 200")),
    "maintenance": (200, no(455, "maintenance"), Refused(Refusal.UNAVAILABLE, "maintenance")),
    "switched off": (200, no(505, "uploads are off"), Refused(Refusal.REQUEST, "uploads are off")),
    "a status of HTTP's own": (505, {"error": "version"}, Refused(Refusal.UNAVAILABLE, "version")),
    "a page that says it is well": (200, HTML, Refused(Refusal.UNAVAILABLE, "HTTP 200 with a web page")),
    "nothing at all": (200, b"", Refused(Refusal.UNAVAILABLE, "HTTP 200 with an empty answer")),
    "a list": (200, [], Refused(Refusal.UNAVAILABLE, "HTTP 200 with an answer that is not a JSON object")),
}  # fmt: skip


@pytest.mark.parametrize("name", UPLOADS)
def test_where_an_upload_went(name: str) -> None:
    status, body, answer = UPLOADS[name]
    assert jobs.read_upload(reply(status, body, retry_after="7")) == answer


@pytest.mark.parametrize("status", range(500, 600))
def test_a_server_error_in_an_upload_passes_by_itself(status: int) -> None:
    for body in (HTML, b"", {"msg": "no"}):
        answer = jobs.read_upload(reply(status, body))
        assert isinstance(answer, Refused)
        assert answer.refusal is Refusal.UNAVAILABLE
