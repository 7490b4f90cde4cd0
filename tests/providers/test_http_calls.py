"""Calls over HTTP: what is sent, and what every way of going wrong means for money."""

from __future__ import annotations

import inspect
import json
import pickle
import socket
import traceback
from collections.abc import Callable, Iterator
from threading import Thread

import httpx
import pytest
from providers.provider_data import order, profile

from sorapipe.providers.base import Accepted, Missed, Refusal, Refused, Running, Unknown
from sorapipe.providers.client import HttpProvider
from sorapipe.providers.http import MAX_ANSWER, NEVER_SENT
from sorapipe.providers.key import Key

KEY = "canary-key-sk-0123456789"
OK = {"code": 200, "message": "success", "data": {"taskId": "task_1"}}


class Scripted(httpx.BaseTransport):
    """A network that does what a function says, and remembers what was sent."""

    def __init__(self, act: Callable[[httpx.Request], httpx.Response]) -> None:
        self.act = act
        self.sent: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        request.read()
        return self.act(request)


class Stream(httpx.SyncByteStream):
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return self.chunks


def answering(body: object = OK, status: int = 200, **headers: str) -> Scripted:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Scripted(lambda request: httpx.Response(status, headers=named, stream=Stream(iter([raw]))))


def failing(error: Exception) -> Scripted:
    def act(request: httpx.Request) -> httpx.Response:
        raise error

    return Scripted(act)


def provider(transport: httpx.BaseTransport, **changes: object) -> HttpProvider:
    return HttpProvider(profile(**changes), Key(KEY), transport=transport)


def test_a_create_is_sent_once_with_the_key_and_nothing_else_of_ours() -> None:
    network = answering()
    assert provider(network).create(order()) == Accepted("task_1")
    (request,) = network.sent
    assert str(request.url) == "https://api.example.org/api/v1/tasks/create"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept-encoding"] == "identity"
    assert "cookie" not in request.headers
    assert json.loads(request.content)["input"]["seconds"] == "10"


def test_a_base_url_may_have_a_path() -> None:
    network = answering()
    provider(network, base_url="https://gate.example.org/sora").create(order())
    assert str(network.sent[0].url) == "https://gate.example.org/sora/api/v1/tasks/create"


def test_text_of_any_script_arrives_as_it_was_written() -> None:
    network = answering()
    provider(network).create(order(prompt="Tom ruft »Hør!« 灯台 🎬 \ud800"))
    assert json.loads(network.sent[0].content)["input"]["prompt"] == "Tom ruft »Hør!« 灯台 🎬 \ud800"


EXCEPTIONS = [
    kind
    for _, kind in inspect.getmembers(httpx, inspect.isclass)
    if issubclass(kind, Exception) and kind.__module__ == "httpx"
]


def made(kind: type[Exception]) -> Exception:
    if kind is httpx.HTTPStatusError:
        request = httpx.Request("POST", "https://api.example.org")
        return httpx.HTTPStatusError("broke", request=request, response=httpx.Response(500, request=request))
    try:
        return kind("broke")
    except TypeError:
        return kind()


@pytest.mark.parametrize("kind", EXCEPTIONS)
def test_every_exception_of_the_library_is_an_answer(kind: type[Exception]) -> None:
    house = provider(failing(made(kind)))
    answer = house.create(order())
    if issubclass(kind, NEVER_SENT):
        assert isinstance(answer, Refused)
        assert answer.refusal is Refusal.UNREACHABLE
    else:
        assert isinstance(answer, Unknown)
    assert isinstance(house.poll("task_1"), Missed)
    assert house.credits() is None


def test_only_what_comes_before_the_first_byte_is_certain() -> None:
    assert {kind.__name__ for kind in EXCEPTIONS if issubclass(kind, NEVER_SENT)} == {
        "ConnectError",
        "ConnectTimeout",
        "PoolTimeout",
        "UnsupportedProtocol",
        "InvalidURL",
    }


@pytest.mark.parametrize("error", [OSError(5, "io"), ValueError("odd"), RuntimeError("odd"), MemoryError()])
def test_an_error_that_nobody_foresaw_leaves_a_create_unknown(error: Exception) -> None:
    assert isinstance(provider(failing(error)).create(order()), Unknown)
    assert isinstance(provider(failing(error)).poll("task_1"), Missed)


def test_being_killed_is_not_an_answer() -> None:
    def act(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        provider(Scripted(act)).create(order())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_a_call_is_never_followed(status: int) -> None:
    network = answering(b"", status, location="https://evil.example/api/v1/tasks/create")
    assert isinstance(provider(network).create(order()), Unknown)
    assert isinstance(provider(network).poll("task_1"), Missed)
    assert {request.url.host for request in network.sent} == {"api.example.org"}
    assert len(network.sent) == 2


def test_cookies_are_neither_kept_nor_sent() -> None:
    network = answering(set_cookie="session=1; Path=/")
    house = provider(network)
    house.create(order())
    house.create(order())
    assert all("cookie" not in request.headers for request in network.sent)


def test_an_answer_without_end_is_given_up() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b" " * 65536

    network = Scripted(lambda request: httpx.Response(200, stream=Stream(endless())))
    answer = provider(network).create(order())
    assert isinstance(answer, Unknown)
    assert str(MAX_ANSWER) in answer.message
    assert isinstance(provider(network).poll("task_1"), Missed)


def test_an_answer_that_drips_is_given_up() -> None:
    now = [0.0]

    def drip() -> Iterator[bytes]:
        while True:
            now[0] += 20.0
            yield b" "

    network = Scripted(lambda request: httpx.Response(200, stream=Stream(drip())))
    house = HttpProvider(profile(), Key(KEY), transport=network, clock=lambda: now[0])
    assert isinstance(house.create(order()), Unknown)
    assert now[0] < 300


def test_a_compressed_answer_was_not_asked_for() -> None:
    assert isinstance(provider(answering(b"\x1f\x8b", content_encoding="gzip")).create(order()), Unknown)


def test_an_answer_that_breaks_in_the_middle_leaves_a_create_unknown() -> None:
    def half() -> Iterator[bytes]:
        yield json.dumps(OK).encode()[:20]
        raise httpx.ReadError("reset")

    network = Scripted(lambda request: httpx.Response(200, stream=Stream(half())))
    assert isinstance(provider(network).create(order()), Unknown)


def test_an_order_that_is_no_json_is_refused_before_it_is_sent() -> None:
    network = answering()
    answer = provider(network).create(order(extra=(("cfg", float("nan")),)))
    assert isinstance(answer, Refused)
    assert answer.refusal is Refusal.REQUEST
    assert network.sent == []


def echoing(code: int) -> Scripted:
    return answering({"code": code, "message": f"Incorrect API key provided: {KEY}", "data": None}, code)


def test_the_key_is_shown_nowhere() -> None:
    key = Key(KEY)
    house = HttpProvider(profile(), key, transport=failing(httpx.LocalProtocolError(f"illegal header Bearer {KEY}")))
    answers = [house.create(order()), house.poll("task_1")]
    answers.append(provider(echoing(401)).create(order()))
    answers.append(provider(echoing(500)).poll("task_1"))
    shown = [repr(house), repr(key), str(key), f"{key}", repr(vars(house)), *map(repr, answers)]
    assert KEY not in " ".join(shown)
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_the_key_is_in_no_traceback_even_with_all_variables() -> None:
    def act(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    house = provider(Scripted(act))
    with pytest.raises(KeyboardInterrupt) as stopped:
        house.create(order())
    shown = "".join(traceback.TracebackException.from_exception(stopped.value, capture_locals=True).format())
    assert "in create" in shown
    assert KEY not in shown


@pytest.mark.parametrize("text", ["", " ", "sk-1\n", "sk 1", "clé", "sk-\x00", "x" * 5000])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError, match="the key is empty or holds") as refused:
        Key(text)
    assert not text.strip() or text not in str(refused.value)


def test_a_provider_needs_its_key_and_its_address() -> None:
    with pytest.raises(ValueError, match="`house` needs the key in `HOUSE_API_KEY`"):
        HttpProvider(profile(), None)
    with pytest.raises(ValueError, match="`house` has no base URL"):
        HttpProvider(profile(base_url=None), Key(KEY))


def test_without_a_key_none_is_sent() -> None:
    network = answering()
    HttpProvider(profile(key_env=None), None, transport=network).create(order())
    assert "authorization" not in network.sent[0].headers


# Real sockets: what the kernel does to a create.


class Server:
    """One connection at a time is handed to a function; how many came is counted."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self.serve = serve
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                self.serve(connection)

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[socket.socket], None]], Server]]:
    servers: list[Server] = []

    def start(act: Callable[[socket.socket], None]) -> Server:
        servers.append(Server(act))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def request_of(connection: socket.socket) -> bytes:
    """Reads one whole request; nothing when the other side has hung up."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    wanted = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    while len(body) < wanted:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def http(body: bytes, status: bytes = b"200 OK", length: int | None = None) -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body) if length is None else length, body)


def local(server_url: str) -> HttpProvider:
    return HttpProvider(profile(base_url=server_url), Key(KEY))


Serve = Callable[[Callable[[socket.socket], None]], Server]


def test_a_create_over_a_real_connection(serve: Serve) -> None:
    def act(connection: socket.socket) -> None:
        assert b"Bearer " + KEY.encode() in request_of(connection)
        connection.sendall(http(json.dumps(OK).encode()))

    with local(serve(act).url) as house:
        assert house.create(order()) == Accepted("task_1")


def test_polls_share_a_connection_and_creates_never_do(serve: Serve) -> None:
    def act(connection: socket.socket) -> None:
        while request := request_of(connection):
            state = b'{"code":200,"data":{"state":"generating"}}'
            connection.sendall(http(state if b"tasks/query" in request else json.dumps(OK).encode()))

    server = serve(act)
    with local(server.url) as house:
        assert [house.create(order()) for _ in range(3)] == [Accepted("task_1")] * 3
        assert server.connections == 3
        assert [house.poll("task_1") for _ in range(5)] == [Running()] * 5
        assert server.connections == 4


def reset_in_the_request(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def hang_up_after_the_request(connection: socket.socket) -> None:
    request_of(connection)


def reset_after_the_request(connection: socket.socket) -> None:
    request_of(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def half_an_answer(connection: socket.socket) -> None:
    request_of(connection)
    connection.sendall(http(json.dumps(OK).encode()[:-3], length=len(json.dumps(OK))))


def not_http(connection: socket.socket) -> None:
    request_of(connection)
    connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")


def half_a_head(connection: socket.socket) -> None:
    request_of(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")


@pytest.mark.parametrize(
    "act",
    [reset_in_the_request, hang_up_after_the_request, reset_after_the_request, half_an_answer, not_http, half_a_head],
)
def test_a_connection_that_breaks_leaves_a_create_unknown_and_it_is_sent_once(
    serve: Serve, act: Callable[[socket.socket], None]
) -> None:
    server = serve(act)
    with local(server.url) as house:
        assert isinstance(house.create(order()), Unknown)
        assert server.connections == 1
        assert isinstance(house.poll("task_1"), Missed)


def test_a_provider_that_is_not_there_has_taken_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with local(f"http://127.0.0.1:{port}") as house:
        answer = house.create(order())
    assert isinstance(answer, Refused)
    assert answer.refusal is Refusal.UNREACHABLE


def test_a_host_that_speaks_no_tls_has_taken_nothing(serve: Serve) -> None:
    def act(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(http(b"{}", b"400 Bad Request"))

    with local(serve(act).url.replace("http:", "https:")) as house:
        answer = house.create(order())
    assert isinstance(answer, Refused)
    assert answer.refusal is Refusal.UNREACHABLE
