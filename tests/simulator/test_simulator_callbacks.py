"""Callbacks as they arrive at a listener on this machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from simulator.box import Simulator
from studio import shelf, with_shelf

from sorapipe.simulator.callbacks import is_here

SECRET = "a practice secret"


class Listener(ThreadingHTTPServer):
    """Writes down what is posted to it; answers 500 as often as `refuses` says."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Posted)
        self.heard: list[tuple[dict[str, str], Any]] = []
        self.refuses = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}/hook"

    def wait(self, count: int) -> list[tuple[dict[str, str], Any]]:
        deadline = time.monotonic() + 5
        while len(self.heard) < count:
            assert time.monotonic() < deadline, self.heard
            time.sleep(0.01)
        return self.heard


class Posted(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.heard.append(({name.lower(): value for name, value in self.headers.items()}, json.loads(body)))
        self.server.refuses -= 1
        self.send_response(500 if self.server.refuses >= 0 else 204)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    options = ("--clips", "canned", "--latency", "0.1", "--webhook-secret", SECRET)
    simulator = Simulator(with_shelf(tmp_path_factory.mktemp("calling"), shelf(tmp_path_factory)), *options)
    yield simulator
    simulator.stop()


@pytest.fixture
def listener(sim: Simulator) -> Iterator[Listener]:
    server = Listener()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
    sim.http.delete("/__sim/faults")


def create(sim: Simulator, url: str, prompt: str = "A quiet sea") -> str:
    answer = sim.post({"model": "sora-2", "callBackUrl": url, "input": {"prompt": prompt}})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"]["taskId"])


def told(sim: Simulator, task: str, count: int) -> list[dict[str, Any]]:
    """What the books say about the callbacks of a task, once there are so many."""
    deadline = time.monotonic() + 5
    while True:
        rows = [row for row in sim.sim("callbacks") if row["task"] == task]
        if len(rows) >= count:
            return rows
        assert time.monotonic() < deadline, rows
        time.sleep(0.01)


def signature(task: str, at: str, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), f"{task}.{at}".encode(), hashlib.sha256).digest()).decode()


def test_a_task_that_has_ended_is_posted_and_signed(sim: Simulator, listener: Listener) -> None:
    task = create(sim, listener.url)
    ((headers, body),) = listener.wait(1)
    assert body["data"]["taskId"] == task
    assert body["data"]["state"] == "success"
    assert headers["x-webhook-signature"] == signature(task, headers["x-webhook-timestamp"])
    assert abs(int(headers["x-webhook-timestamp"]) - time.time()) < 5
    url = json.loads(body["data"]["resultJson"])["resultUrls"][0]
    assert sim.http.get(url).content[4:8] == b"ftyp"
    assert [(row["attempt"], row["status"]) for row in told(sim, task, 1)] == [(1, 204)]


def test_a_failed_task_is_posted_too(sim: Simulator, listener: Listener) -> None:
    create(sim, listener.url, "a [moderated] scene")
    ((_, body),) = listener.wait(1)
    assert (body["data"]["state"], body["data"]["failCode"]) == ("fail", "moderated")


def test_dialect_jobs_posts_its_own_record(sim: Simulator, listener: Listener) -> None:
    wish = {"prompt": "A kite", "aspect_ratio": "landscape", "n_frames": "10", "remove_watermark": True}
    body = {"model": "sora-2-text-to-video", "callBackUrl": listener.url, "input": wish}
    task = sim.http.post("/api/v1/jobs/createTask", json=body).json()["data"]["taskId"]
    ((_, record),) = listener.wait(1)
    asked = sim.http.get(f"/api/v1/jobs/recordInfo?taskId={task}").json()
    assert set(record) == {"code", "msg", "data"}
    assert set(record["data"]) == set(asked["data"])
    assert record["data"]["taskId"] == task


def test_a_callback_that_is_refused_is_tried_three_times(sim: Simulator, listener: Listener) -> None:
    listener.refuses = 2
    task = create(sim, listener.url)
    listener.wait(3)
    assert [row["status"] for row in told(sim, task, 3)] == [500, 500, 204]


@pytest.mark.parametrize("url", ["http://192.0.2.1/hook", "https://example.org/hook", "http://localhost.example.org/x"])
def test_nobody_outside_this_machine_is_called(sim: Simulator, url: str) -> None:
    (row,) = told(sim, create(sim, url), 1)
    assert (row["attempt"], row["status"]) == (0, None)
    assert "loopback only" in row["problem"]


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:80/x", True),
        ("http://127.9.9.9/x", True),
        ("http://[::1]:9/x", True),
        ("http://localhost/x", True),
        ("http://127.0.0.1@example.org/x", False),
        ("ftp://127.0.0.1/x", False),
        ("http://10.0.0.1/x", False),
        ("http://[::1/x", False),
    ],
)
def test_what_counts_as_this_machine(url: str, here: bool) -> None:
    assert is_here(url) == here


def test_callbacks_go_wrong_by_script(sim: Simulator, listener: Listener) -> None:
    kinds = ("callback-lost", "callback-twice", "callback-forged", "callback-lies", "callback-late")
    rules = [
        {"call": "callback", "what": {kind: 0.05} if kind == "callback-late" else kind, "when": {"prompt": kind}}
        for kind in kinds
    ]
    assert sim.http.post("/__sim/faults", json=rules).status_code == 200
    tasks = {kind: create(sim, listener.url, f"a sea of {kind}") for kind in kinds}
    heard = listener.wait(5)
    by_task: dict[str, list[tuple[dict[str, str], Any]]] = {}
    for headers, body in heard:
        by_task.setdefault(body["data"]["taskId"], []).append((headers, body))
    assert tasks["callback-lost"] not in by_task
    assert len(by_task[tasks["callback-twice"]]) == 2
    ((headers, _),) = by_task[tasks["callback-forged"]]
    assert headers["x-webhook-signature"] != signature(tasks["callback-forged"], headers["x-webhook-timestamp"])
    assert by_task[tasks["callback-lies"]][0][1]["data"]["state"] == "fail"
    assert sim.finished(tasks["callback-lies"])["state"] == "success"
    assert len(by_task[tasks["callback-late"]]) == 1
    assert told(sim, tasks["callback-lost"], 1)[0]["fault"] == "callback-lost"
