"""A provider that is hostile: one run meets many of its answers, each for a shot of its own."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from attacks.hostile_data import attacks
from attacks.stage import FORGED, Stage
from providers.provider_data import profile

from sorapipe.providers.base import DownloadFailed
from sorapipe.providers.client import HttpProvider
from sorapipe.providers.key import Key

KEY = "canary-key-sk-0123456789"
PROFILE = """\
dialect: tasks
base_url: {url}
key_env: EVIL_KEY
currency: credits
limits: {{creates: 1000, window: 1}}
models: {{sora-2: {{sizes: [1280x720], seconds: [10], price: [{{amount: 10}}]}}}}
"""
Answer = Callable[["Asked"], None]


class Asked(BaseHTTPRequestHandler):
    """Answers by the last part of the path; remembers every request and whether the key came with it."""

    protocol_version = "HTTP/1.1"
    server: Hostile

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["content-length"])))

    def _answer(self, body: bytes) -> None:
        if not self.path.endswith("/chat/credit"):  # the balance: asked for before and after, and no part of any order
            self.server.asked.append((self.command, self.path, KEY in str(self.headers)))
        if self.path.endswith("/tasks/create"):
            prompt = json.loads(body)["input"]["prompt"]
            self.server.create(self, prompt)
        else:
            act = self.server.answers.get(self.path.rpartition("/")[2])
            (act or self.server.lost)(self)

    def send(self, body: bytes, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        """One whole answer."""
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


class Hostile(ThreadingHTTPServer):
    """`answers` by task; a create is accepted with the prompt as the task's id unless `creates` says otherwise."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.asked: list[tuple[str, str, bool]] = []
        self.answers: dict[str, Answer] = {}
        self.creates: Answer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def create(self, asked: Asked, prompt: str) -> None:
        if self.creates is not None:
            self.creates(asked)
        else:
            asked.send(json.dumps({"code": 200, "message": "ok", "data": {"taskId": prompt}}).encode())

    def lost(self, asked: Asked) -> None:
        asked.send(b"{}", 404)

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is what we want."""


@pytest.fixture
def hostile(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hostile]:
    server = Hostile()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("EVIL_KEY", KEY)
    (stage.config / "providers").mkdir(parents=True)
    (stage.config / "providers" / "evil.yaml").write_text(PROFILE.format(url=server.url))
    yield server
    server.shutdown()
    server.server_close()


def _film(stage: Stage, names: list[str]) -> None:
    stage.film("sorapipe: 1\nprovider: evil\nshots:\n" + "".join(f"  - {{id: {n}, prompt: {n}}}\n" for n in names))


def _state(**data: object) -> Answer:
    body = json.dumps({"code": 200, "message": "ok", "data": data}).encode()
    return lambda asked: asked.send(body)


def _url(url: str) -> Answer:
    return _state(state="success", resultJson=json.dumps({"resultUrls": [url]}))


def _nothing_leaked(stage: Stage, *texts: str) -> None:
    files = [path for top in (stage.folder, stage.state) for path in top.rglob("*") if path.is_file()]
    for text in (*texts, *(path.read_text(errors="replace") for path in files)):
        assert KEY not in text


ADDRESSES, REDIRECTS = attacks("addresses"), attacks("redirects")
INSIDE = "points to this machine"
"""Only where the provider is elsewhere: this one is here."""


@pytest.mark.parametrize("name", ADDRESSES)
def test_an_address_that_is_never_fetched(name: str) -> None:
    house = HttpProvider(profile(), Key(KEY), transport=httpx.MockTransport(lambda _: pytest.fail("it was fetched")))
    with pytest.raises(DownloadFailed) as failed, house.download(ADDRESSES[name]["url"], 0, None):
        pass
    assert ADDRESSES[name]["refused"] in str(failed.value)
    assert failed.value.gone, "waiting makes it no other address"


def test_urls_that_are_never_fetched(stage: Stage, hostile: Hostile) -> None:
    urls = [one["url"] for one in ADDRESSES.values() if one["refused"] != INSIDE]
    names = [f"u{number}" for number in range(len(urls))]
    _film(stage, names)
    hostile.answers = {name: _url(url) for name, url in zip(names, urls, strict=True)}
    run = stage.run("run", "--yes", "--max-wait", "0.5s", code=10)
    assert {path.rpartition("/")[0] for _, path, _ in hostile.asked} == {"/api/v1/tasks", "/api/v1/tasks/query"}
    assert sum(method == "POST" for method, _, _ in hostile.asked) == len(urls)
    assert not list(stage.folder.rglob("*.mp4"))
    _nothing_leaked(stage, run.out, run.err, stage.run("status", code=0).out, stage.run("status", "--json", code=0).out)


BODIES: dict[str, bytes] = {
    "page": b"<html><script>alert(1)</script>" + FORGED.encode(),
    "json": b'{"error":"x"}',
    "gzip": gzip.compress(b"\0" * 10_000_000),
    "zip": b"PK\x03\x04" + b"\0" * 100,
    "list": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    "concat": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "both": b"\0\0\0\x10ftypisom\0\0\0\0#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    "boxes": b"\0\0\0\x08free" * 200_000,
    "zeros": b"\0" * 1_000_000,
    "empty": b"",
    "huge": b"\xff\xff\xff\xffftypisom" + b"\0" * 100,
}


def _clip(body: bytes, status: int = 200, **headers: str) -> Answer:
    return lambda asked: asked.send(body, status, "video/mp4", **headers)


def test_clips_that_are_no_clips(stage: Stage, hostile: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    from sorapipe.engine import download

    sent: list[int] = []

    def endless(asked: Asked) -> None:
        asked.send_response(200)
        asked.end_headers()
        while sum(sent) < 64 << 20:
            sent.append(asked.wfile.write(b"\0" * (1 << 20)))

    monkeypatch.setattr(download, "LARGEST", 2 << 20)
    names = [*BODIES, "endless"]
    _film(stage, names)
    hostile.answers = {name: _url(f"{hostile.url}/{name}.mp4") for name in names}
    hostile.answers |= {f"{name}.mp4": _clip(body) for name, body in BODIES.items()} | {"endless.mp4": endless}
    run = stage.run("run", "--yes", "--max-wait", "4s", code=12)
    assert not list(stage.folder.rglob("*.mp4"))
    assert not [path for path in stage.folder.rglob("*") if path.is_file() and path.stat().st_size > 4 << 20]
    assert sum(sent) < 48 << 20, "a download without end went on"
    assert [path for _, path, key in hostile.asked if path.endswith(".mp4") and key] == []
    _nothing_leaked(stage, run.out, run.err)


def test_redirects_of_a_clip_lead_nowhere_inside(stage: Stage, hostile: Hostile) -> None:
    names = {f"r{number}": one for number, one in enumerate(REDIRECTS.values())}
    _film(stage, [*names, "bomb"])
    hostile.answers = {name: _url(f"{hostile.url}/{name}.mp4") for name in (*names, "bomb")}
    hostile.answers["bomb.mp4"] = _clip(gzip.compress(b"\0" * 10_000_000), content_encoding="gzip")
    hostile.answers["loop.mp4"] = _clip(b"", 302, location="/loop.mp4")
    for name, one in names.items():
        hostile.answers[f"{name}.mp4"] = _clip(b"", 302, location=one["to"])
    stage.run("run", "--yes", "--max-wait", "0.5s", code=10)
    assert not list(stage.folder.rglob("*.mp4"))
    assert not any(key for _, path, key in hostile.asked if path.endswith(".mp4"))


def test_words_and_numbers_of_a_provider(stage: Stage, hostile: Hostile) -> None:
    said = FORGED + KEY
    raw: dict[str, bytes] = {
        "deep": b"[" * 1_000_000,
        "digits": b'{"code":200,"data":{"state":"success","creditsConsumed":' + b"9" * 100_000 + b"}}",
        "exponent": b'{"code":200,"data":{"state":"success","creditsConsumed":1e999999999,"resultJson":"{}"}}',
        "nan": b'{"code":NaN,"data":{"state":Infinity}}',
        "large": b'{"code":200,"x":"' + b"a" * 5_000_000 + b'"}',
        "page": b"<html>" + said.encode(),
        "surrogate": b'{"code":200,"data":{"state":"fail","failMsg":"\\ud800\\u202e\\u001b[31m"}}',
    }
    _film(stage, ["fail", "word", "progress", *raw])
    hostile.answers = {
        "fail": _state(state="fail", failCode=said, failMsg=said),
        "word": _state(state=said),
        "progress": _state(state="generating", progress="9" * 5_000),
    }
    hostile.answers |= {name: _clip(body) for name, body in raw.items()}
    run = stage.run("run", "--yes", "--max-wait", "0.5s", code=8)
    assert "[key]" in run.out
    events = stage.run("run", "--yes", "--json", "--max-wait", "0.5s", code=8)
    assert all(json.loads(line) for line in events.out.splitlines())
    shown = [stage.run(*words, code=0).out for words in (("status",), ("status", "--json"), ("plan",))]
    _nothing_leaked(stage, run.out, run.err, events.out, events.err, *shown)


TASKS: dict[str, object] = {name: one["task"] for name, one in attacks("tasks").items()}
TASKS |= {"none": None, "truth": True, "list": ["a"], "mapping": {"a": 1}, "fraction": -1.5}


@pytest.mark.parametrize("name", TASKS)
def test_an_id_that_can_not_be_asked_for_leaves_a_create_uncertain(stage: Stage, hostile: Hostile, name: str) -> None:
    _film(stage, ["a"])
    body = json.dumps({"code": 200, "message": FORGED + KEY, "data": {"taskId": TASKS[name]}}).encode()
    hostile.creates = lambda asked: asked.send(body)
    run = stage.run("run", "--yes", "--max-wait", "0.5s", code=9)
    again = stage.run("run", "--yes", "--max-wait", "0.5s", code=9)
    assert [method for method, _, _ in hostile.asked] == ["POST"], "it was sent again"
    _nothing_leaked(stage, run.out, run.err, again.out, again.err)


@pytest.mark.parametrize(
    ("status", "code"), [(200, 9), (302, 9), (401, 6), (402, 7), (403, 6), (409, 9), (422, 8), (500, 9), (501, 9)]
)
def test_refusals_with_hostile_words(stage: Stage, hostile: Hostile, status: int, code: int) -> None:
    _film(stage, ["a"])
    body = json.dumps({"code": status, "message": FORGED + KEY, "data": {}}).encode()
    hostile.creates = lambda asked: asked.send(body, status, location=f"{hostile.url}/elsewhere")
    run = stage.run("run", "--yes", "--max-wait", "0.5s", code=code)
    assert len(hostile.asked) == 1
    _nothing_leaked(stage, run.out, run.err, stage.run("status", "--json", code=0).out)


def test_a_server_that_hangs_up_is_asked_once(stage: Stage, hostile: Hostile) -> None:
    _film(stage, ["a"])
    hostile.creates = lambda asked: asked.connection.shutdown(2)
    stage.run("run", "--yes", "--max-wait", "0.5s", code=9)
    assert len(hostile.asked) == 1


BALANCES = (
    b"", b"\xff\x00", b"[]", b'{"code":200,"data":-5}', b'{"code":200,"data":1e999999}',
    b'{"code":200,"data":1e-999999}',
    b'{"code":200,"data":"\\u001b]0;x\\u0007"}', b'{"code":200,"data":NaN}', b'{"code":200,"data":true}',
    b'{"code":200,"data":' + b"[" * 100_000, b'{"code":401,"message":"' + KEY.encode() + b'"}',
)  # fmt: skip


@pytest.mark.parametrize("body", BALANCES)
def test_a_hostile_balance_changes_nothing_but_its_own_line(stage: Stage, hostile: Hostile, body: bytes) -> None:
    _film(stage, ["a"])
    hostile.answers = {"credit": lambda asked: asked.send(body), "a": _state(state="fail", failMsg="no")}
    run = stage.run("run", "--yes", code=8)
    assert len(run.out) < 2000
    assert "\x1b" not in run.out
    assert sum(method == "POST" for method, _, _ in hostile.asked) == 1
    _nothing_leaked(stage, run.out, run.err)
