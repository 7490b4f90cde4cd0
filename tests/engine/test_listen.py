"""Callbacks over real sockets: what is a hint, what is not, and what nobody can do to us by calling."""

from __future__ import annotations

import base64
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from sorapipe.engine import listen
from sorapipe.engine.listen import Hearing, hearing, signed, tasks_of

SECRET = b"a secret"


class Ear:
    """A server that is listening, and what it was hinted at."""

    def __init__(self) -> None:
        self.hints: list[str] = []
        self.port = 0

    def call(self, body: object, method: str = "POST", **headers: str) -> int:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, "/any/path", data, {name.replace("_", "-"): v for name, v in headers.items()})
            return connection.getresponse().status
        finally:
            connection.close()

    def heard(self, so_many: int = 1) -> list[str]:
        until(lambda: len(self.hints) >= so_many)
        return self.hints


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not true() and time.monotonic() < end:
        time.sleep(0.005)


@contextmanager
def ear(secret: bytes | None = None) -> Iterator[Ear]:
    found = Ear()
    with hearing(Hearing("127.0.0.1", 0, found.hints.append, secret)) as url:
        found.port = urlsplit(url).port or 0
        yield found


@pytest.mark.parametrize(
    ("body", "tasks"),
    [
        ({"taskId": "task_1"}, ("task_1",)),
        ({"code": 200, "data": {"taskId": "task_1", "state": "success"}}, ("task_1",)),
        ({"id": "video_1:x", "object": "video"}, ("video_1:x",)),
        ({"event": "done", "data": {"id": "a"}, "id": "b"}, ("b", "a")),
        ({"task_id": 12}, ("12",)),
        ({"taskId": "no id"}, ()),
        ({"taskId": ["a"]}, ()),
        ({"data": {"data": {"data": {"taskId": "too deep"}}}}, ()),
        ({}, ()),
        ([{"taskId": "a"}], ()),
        ("taskId", ()),
    ],
)
def test_a_callback_names_its_task_in_one_of_several_ways(body: object, tasks: tuple[str, ...]) -> None:
    assert tasks_of(json.dumps(body).encode()) == tasks


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"<html>", b"[" * 60000, b'{"taskId": NaN}', b"9" * 60000])
def test_garbage_names_nothing(body: bytes) -> None:
    assert tasks_of(body) == ()
    with ear() as found:
        assert found.call(body) == 200
        assert found.call({"taskId": "after"}) == 200
        assert found.heard() == ["after"]


def test_a_post_is_answered_and_is_a_hint() -> None:
    with ear() as found:
        assert found.call({"code": 200, "data": {"taskId": "task_1"}}) == 200
        assert found.heard() == ["task_1"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW"])
def test_other_methods_are_not_here(method: str) -> None:
    with ear() as found:
        assert found.call({"taskId": "task_1"}, method) == 404
        assert found.hints == []


def test_bodies_have_a_limit_and_a_length() -> None:
    with ear() as found:
        assert found.call(b" " * (64 << 10)) == 200
        assert found.call(b" " * ((64 << 10) + 1)) == 413
        assert found.call(b"{}", Content_Length="9" * 500) == 413
        assert found.call(b"{}", Content_Length="-1") == 411
        assert found.hints == []


def signature(text: str, secret: bytes = SECRET) -> str:
    return base64.b64encode(hmac.new(secret, text.encode(), "sha256").digest()).decode()


def test_only_what_is_signed_is_heard_where_there_is_a_secret() -> None:
    right = signature("task_1.1700000000")
    with ear(SECRET) as found:
        for headers in (
            {},
            {"X_Webhook_Signature": right},
            {"X_Webhook_Timestamp": "1700000000"},
            {"X_Webhook_Signature": right, "X_Webhook_Timestamp": "1700000001"},
            {"X_Webhook_Signature": "not base64!", "X_Webhook_Timestamp": "1700000000"},
            {"X_Webhook_Signature": signature("task_1.1700000000", b"x"), "X_Webhook_Timestamp": "1700000000"},
        ):
            assert found.call({"taskId": "task_1"}, **headers) == 200
        assert found.call({"taskId": "task_2"}, X_Webhook_Signature=right, X_Webhook_Timestamp="1700000000") == 200
        assert found.call({"taskId": "task_1"}, X_Webhook_Signature=right, X_Webhook_Timestamp="1700000000") == 200
        assert found.heard() == ["task_1"]


def test_the_time_may_be_in_the_body() -> None:
    body = json.dumps({"taskId": "t", "timestamp": 1700000000}).encode()
    assert signed("t", body, {"x-webhook-signature": signature("t.1700000000")}, SECRET)
    assert not signed("t", body, {"x-webhook-signature": signature("t.1700000001")}, SECRET)


def test_whoever_calls_slowly_is_cut_off_and_others_are_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen, "LONGEST_CALL", 0.3)
    monkeypatch.setattr(listen, "MOST_CALLS", 4)
    with ear() as found:
        slow = [socket.create_connection(("127.0.0.1", found.port), timeout=5) for _ in range(4)]
        for one in slow:
            one.sendall(b"POST / HTTP/1.1\r\nContent-Length: 60000\r\n\r\n{")
        with pytest.raises(OSError):
            for _ in range(50):
                found.call({"taskId": "full"})
        for one in slow:
            assert one.recv(100) == b""
            one.close()
        until(lambda: threading.active_count() < 8)
        assert found.call({"taskId": "later"}) == 200
        assert found.heard()[-1] == "later"


def test_no_thread_and_no_port_is_left() -> None:
    before = threading.active_count()
    with ear() as found:
        found.call({"taskId": "a"})
        port = found.port
    until(lambda: threading.active_count() <= before)
    assert threading.active_count() <= before
    with hearing(Hearing("127.0.0.1", port, print)) as url:
        assert url == f"http://127.0.0.1:{port}/"


def test_an_address_that_is_taken_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        what = Hearing("127.0.0.1", taken.getsockname()[1], print)
        with pytest.raises(OSError), hearing(what):
            pass
