"""Every fault of the catalogue happens once, over a real socket: what is on the wire, and what the books say."""

from __future__ import annotations

import gzip
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from simulator.box import Simulator
from simulator.socketed import Heard, talk
from studio import shelf, with_shelf

from sorapipe.simulator.faults_catalogue import KINDS

_NUMBERS = itertools.count(1)


@dataclass
class Happened:
    """A fault that was provoked: what was heard, the lines of ledger and requests, the simulator, the task."""

    heard: Heard
    line: dict[str, Any]
    asked: dict[str, Any]
    sim: Simulator
    task: str

    @property
    def data(self) -> Any:
        return self.heard.json()["data"]


Check = Callable[[Happened], bool]


@dataclass
class Case:
    """How to provoke a fault and what must be true then. `booked` is what the ledger says of a create."""

    call: str
    values: object
    check: Check
    booked: str = ""
    keep: bool = False
    patience: float = 5.0


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    books = with_shelf(tmp_path_factory.mktemp("faulty"), shelf(tmp_path_factory))
    simulator = Simulator(books, "--clips", "canned", "--latency", "0", "--seed", "3")
    yield simulator
    assert simulator.stop() == 0


@pytest.fixture(autouse=True)
def no_script(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "sim" in request.fixturenames:
        request.getfixturevalue("sim").http.delete("/__sim/faults")


def script(sim: Simulator, *rules: dict[str, Any]) -> Any:
    answer = sim.http.post("/__sim/faults", json=list(rules))
    assert answer.status_code == 200, answer.text
    return answer.json()


def wish(prompt: str, token: str) -> bytes:
    return json.dumps({"model": "sora-2", "input": {"prompt": prompt, "metadata": f"sp1:{token}"}}).encode()


def provoke(sim: Simulator, name: str, case: Case, **headers: str) -> Happened:
    """One call with one rule."""
    token, what = f"tok-{next(_NUMBERS)}", name if case.values is None else {name: case.values}
    task = "" if case.call == "create" else sim.create("A quiet sea", metadata=f"sp1:{token}")
    path = {
        "create": "/api/v1/tasks/create",
        "query": f"/api/v1/tasks/query/{task}",
        "list": "/v1/videos?limit=2",
        "credit": "/api/v1/chat/credit",
    }
    url = sim.clip_url(task) if case.call == "file" else sim.url + path[case.call]
    script(sim, {"call": case.call, "what": what, "when": {"times": 1}})
    if case.call == "create":
        heard = talk(url, "POST", wish("A storm", token), keep=case.keep, patience=case.patience, **headers)
    else:
        heard = talk(url, keep=case.keep, patience=case.patience, **headers)
    if name in {"late-accept", "hang"}:
        time.sleep(0.2)
    assert sim.sim("faults")["rules"][0]["fired"] == 1
    asked = [row for row in sim.sim(f"requests?after={_last(sim) - 5}") if row["fault"] == name][-1]
    lines = [row for row in sim.sim("ledger?limit=9999") if row["token"] == token and row["kind"] != "refund"]
    return Happened(heard, lines[-1] if lines else {}, asked, sim, task)


def _last(sim: Simulator) -> int:
    rows = sim.sim("requests?limit=99999")
    return int(rows[-1]["number"])


def error(code: int, words: str = "") -> Check:
    return lambda it: it.heard.status == code and it.data is None and words in it.heard.json()["message"]


def clip(it: Happened) -> bytes:
    return it.sim.http.get(it.sim.clip_url(it.task)).content


def is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def result(it: Happened) -> Any:
    return json.loads(it.data["resultJson"])


CASES: dict[str, Case] = {
    # Instead of an answer.
    "status": Case("create", {"code": 503, "message": "not now"}, error(503, "not now"), "reject"),
    "code-in-200": Case("create", 402, lambda it: (it.heard.status, it.heard.json()["code"]) == (200, 402), "reject"),
    "html": Case("query", None, lambda it: it.heard.status == 502 and b"<h1>502" in it.heard.body),
    "empty": Case("create", None, lambda it: (it.heard.status, it.heard.body) == (200, b""), "reject"),
    "garbage": Case("query", None, lambda it: len(it.heard.body) == 512 and not is_json(it.heard.body)),
    "other-json": Case("query", "null", lambda it: it.heard.json() is None),
    "deep-json": Case("query", None, lambda it: it.heard.body.count(b"[") == 100_000 and it.heard.missing == 0),
    "huge": Case("query", 3_000_000, lambda it: len(it.heard.body) == 3_000_000 and is_json(it.heard.body)),
    "gzip-bomb": Case(
        "file", 5_000_000, lambda it: len(it.heard.body) < 20_000 and len(gzip.decompress(it.heard.body)) >= 5_000_000
    ),
    "header-bomb": Case("query", None, lambda it: len(it.heard.head) > 200_000),
    "redirect": Case(
        "create", None, lambda it: it.heard.status == 302 and it.heard.headers["location"].startswith("http://127.0.0.1:9/"),
        "reject",
    ),
    "hostile-text": Case("create", None, lambda it: "\x1b]0;" in it.heard.json()["message"], "reject"),
    "leaks-key": Case("query", None, lambda it: "Bearer a-key" in it.heard.json()["message"]),
    "not-http": Case("query", None, lambda it: b"SSH-2.0" in it.heard.raw and it.heard.status == 0),
    # On creates.
    "accepted-500": Case("create", None, error(500), "charge"),
    "answer-lost": Case("create", None, lambda it: it.heard.raw == b"" and it.line["sent"] == 0, "charge"),
    "late-accept": Case("create", 0.15, lambda it: it.heard.ended == "open", "charge", patience=0.05),
    "without-id": Case("create", None, lambda it: it.heard.status == 200 and it.data == {}, "charge"),
    "odd-id": Case("create", "a b/c", lambda it: it.data["taskId"] == "a b/c" != it.line["task"], "charge"),
    "fails": Case(
        "create", "no sharks", lambda it: it.sim.finished(it.data["taskId"])["failMsg"] == "no sharks", "charge"
    ),
    "takes": Case("create", 50, lambda it: it.sim.query(it.data["taskId"])["state"] == "waiting", "charge"),
    "closed-unread": Case("create", None, lambda it: it.heard.raw == b"", ""),
    # On queries and lists.
    "stuck": Case("query", None, lambda it: (it.data["state"], it.data["progress"]) == ("generating", 99)),
    "never-finishes": Case("query", None, lambda it: (it.data["state"], it.data["progress"]) == ("generating", 1)),
    "progress-back": Case("query", None, lambda it: it.data["progress"] == 90 and it.data["resultJson"] == ""),
    "state-word": Case("query", "pondering", lambda it: it.data["state"] == "pondering"),
    "no-state": Case("query", None, lambda it: "state" not in it.data),
    "error-at-end": Case("query", None, error(500)),
    "success-without-url": Case("query", None, lambda it: result(it) == {"resultUrls": []}),
    "result-not-json": Case("query", None, lambda it: not is_json(it.data["resultJson"].encode())),
    "url-elsewhere": Case("query", "metadata", lambda it: "169.254.169.254" in result(it)["resultUrls"][0]),
    "says-failed": Case("query", "no", lambda it: (it.data["state"], it.data["failMsg"]) == ("fail", "no")),
    "as-status": Case("query", 422, lambda it: it.heard.status == 422 and it.data["state"] == "success"),
    "failed-as-status": Case("query", None, lambda it: it.heard.status == 500 and it.data["state"] == "fail"),
    "unknown-task": Case("query", None, error(404)),
    "other-task": Case("query", None, lambda it: it.data["taskId"] not in {it.task, None}),
    "id-changes": Case("query", None, lambda it: it.data["taskId"].startswith("video_") and ":" in it.data["taskId"]),
    "times": Case("query", "s", lambda it: it.data["createTime"] < 10**11),
    "empty-error": Case("query", "object", lambda it: it.data["error"] == {} and it.data["state"] == "success"),
    "list-empty": Case("list", None, lambda it: it.heard.json()["data"] == []),
    "list-endless": Case("list", None, lambda it: it.heard.json()["has_more"] is True),
    # On downloads.
    "truncated": Case("file", 0.25, lambda it: it.heard.missing == 0 and len(it.heard.body) == len(clip(it)) // 4),
    "corrupted": Case("file", None, lambda it: len(it.heard.body) == len(clip(it)) and it.heard.body != clip(it)),
    "other-clip": Case(
        "file", None, lambda it: it.heard.body != clip(it) and f"task={it.task}".encode() in it.heard.body
    ),
    "other-task-clip": Case("file", None, lambda it: f"task={it.task}".encode() not in it.heard.body),
    "other-size": Case("file", None, lambda it: it.heard.body[4:8] == b"ftyp" and len(it.heard.body) != len(clip(it))),
    "other-duration": Case("file", None, lambda it: len(it.heard.body) < len(clip(it)) and it.heard.missing == 0),
    "endless": Case("file", None, lambda it: it.heard.ended == "open" and len(it.heard.raw) > 3_000_000),
    "etag-changes": Case("file", None, lambda it: it.heard.headers["etag"] == '"changed-1-1"'),
    "range-ignored": Case("file", None, lambda it: it.heard.status == 200 and it.heard.body == clip(it)),
    "range-wrong": Case("file", None, lambda it: it.heard.headers["content-range"].startswith("bytes 0-")),
    "hops": Case("file", 2, lambda it: it.heard.headers["location"].endswith("hop=1")),
    # On the wire.
    "closed": Case("create", None, lambda it: it.heard.raw == b"" and it.heard.ended == "closed", "reject"),
    "closed-after-headers": Case("create", None, lambda it: it.heard.missing > 0 and it.heard.body == b"", "charge"),
    "cut": Case("create", 0.5, lambda it: it.heard.missing > 0 and 0 < it.line["sent"] < 1, "charge"),
    "reset": Case("create", None, lambda it: it.heard.ended == "reset" and it.line["sent"] == 0, "charge"),
    "hang": Case("create", 0.3, lambda it: it.heard.raw == b"" and it.heard.ended == "open", "reject", patience=0.15),
    "stall": Case(
        "file", {"at": 0.5, "seconds": 2}, lambda it: it.heard.missing > 0 and it.heard.ended == "open", patience=0.3
    ),
    "drip": Case("query", 4000, lambda it: it.heard.missing == 0),
    "delay": Case("create", 0.1, lambda it: it.heard.status == 200 and it.line["sent"] == 1, "charge"),
    "wrong-length": Case("file", 500, lambda it: it.heard.missing == 500),
    "no-length": Case("file", None, lambda it: "content-length" not in it.heard.headers and it.heard.body == clip(it)),
    "goodbye": Case(
        "query", None, lambda it: it.heard.ended == "closed" and "connection" not in it.heard.headers, keep=True
    ),
    "invalid-json": Case("create", None, lambda it: not is_json(it.heard.body) and it.heard.missing == 0, "charge"),
    "wrong-type": Case("file", None, lambda it: it.heard.headers["content-type"] == "text/html"),
    "no-type": Case("file", None, lambda it: "content-type" not in it.heard.headers),
    "gzip": Case("query", None, lambda it: json.loads(gzip.decompress(it.heard.body))["code"] == 200),
}  # fmt: skip


def test_the_table_has_every_fault_of_the_catalogue() -> None:
    assert set(CASES) == {name for name, kind in KINDS.items() if kind.calls != ("callback",)}


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_on_the_wire_and_in_the_books(sim: Simulator, name: str) -> None:
    case = CASES[name]
    headers = {"range": "bytes=100-199"} if name.startswith("range-") else {}
    it = provoke(sim, name, case, **headers)
    assert case.check(it), (it.heard.raw[:2000], it.heard.ended, it.line)
    assert it.asked["call"] == case.call
    assert it.asked["status"] in {it.heard.status, 0}
    if case.call == "create":
        assert it.line.get("kind", "") == case.booked
        assert it.line.get("fault", name) == name


def test_after_all_faults_the_credits_add_up(sim: Simulator) -> None:
    audit = sim.sim("audit")
    assert audit["conserved"]
    assert not audit["double_charges_by_token"]


@pytest.mark.parametrize(
    "code", [400, 401, 402, 403, 404, 405, 408, 409, 413, 415, 422, 425, 429, 455, 501, 502, 504, 505]
)
def test_a_status_comes_in_every_dialects_own_words(sim: Simulator, code: int) -> None:
    script(sim, {"what": {"status": code}})
    tasks = sim.http.get("/api/v1/tasks/query/x")
    jobs = sim.http.get("/api/v1/jobs/recordInfo?taskId=x")
    videos = sim.http.get("/v1/videos/x")
    assert {tasks.status_code, jobs.status_code, videos.status_code} == {code}
    assert (tasks.json()["code"], set(tasks.json())) == (code, {"code", "message", "data"})
    assert (jobs.json()["code"], set(jobs.json())) == (code, {"code", "msg", "data"})
    assert "message" in videos.json()["error"]


def test_an_unknown_task_is_unknown_in_every_dialects_own_way(sim: Simulator) -> None:
    script(sim, {"what": "unknown-task", "when": {"to": 3}}, {"what": {"unknown-task": "gateway"}})
    assert sim.http.get("/api/v1/tasks/query/x").status_code == 404
    assert sim.http.get("/v1/videos/x").json()["error"]["message"] == "not found"
    assert sim.http.get("/api/v1/jobs/recordInfo?taskId=x").json() == {
        "code": 422, "msg": "recordInfo is null", "data": None,
    }  # fmt: skip
    assert sim.http.get("/v1/videos/x").json()["code"] == "task_not_exist"


@pytest.mark.parametrize(
    ("wish", "header"),
    [
        (None, None), ("none", None), ("7", "7"), ("zero", "0"), ("negative", "-5"), ("huge", "1000000000"),
        ("junk", "soon, I promise"), ("date", "GMT"),
    ],
)  # fmt: skip
def test_retry_after_comes_in_every_kind(sim: Simulator, wish: str | None, header: str | None) -> None:
    values = {"code": 429} if wish is None else {"code": 429, "retry_after": wish}
    script(sim, {"call": "create", "what": {"status": values}})
    given = sim.post({}).headers.get("retry-after")
    assert given == header or (wish == "date" and str(given).endswith("GMT"))


def test_faults_speak_videos_and_jobs_too(sim: Simulator) -> None:
    """The same rules find ids, states and addresses in the other dialects' answers."""
    form = {"model": (None, "sora-2"), "prompt": (None, "A kite"), "seconds": (None, "10"), "size": (None, "1280x720")}
    video = sim.http.post("/v1/videos", files=form).json()["id"]
    body = {
        "model": "sora-2-text-to-video",
        "input": {"prompt": "A kite", "aspect_ratio": "landscape", "n_frames": "10", "remove_watermark": True},
    }
    job = sim.http.post("/api/v1/jobs/createTask", json=body).json()["data"]["taskId"]
    script(sim, {"call": "query", "what": "stuck"})
    first = sim.http.get(f"/v1/videos/{video}").json()
    assert (first["status"], first["progress"]) == ("in_progress", 99)
    assert sim.http.get(f"/api/v1/jobs/recordInfo?taskId={job}").json()["data"]["state"] == "generating"
    script(sim, {"call": "query", "what": "says-failed"})
    assert sim.http.get(f"/v1/videos/{video}").json()["error"]["code"] == "moderation_blocked"
    assert sim.http.get(f"/api/v1/jobs/recordInfo?taskId={job}").json()["data"]["failCode"] == "moderation_blocked"
    script(sim, {"call": "create", "what": "without-id"})
    assert "id" not in sim.http.post("/v1/videos", files=form).json()
    assert sim.http.post("/api/v1/jobs/createTask", json=body).json()["data"] == {}
    script(sim, {"call": "content", "what": {"status": 403}, "when": {"task": video}})
    assert sim.http.get(f"/v1/videos/{video}/content").status_code == 403


def test_hops_lead_to_the_clip_in_the_end_or_in_a_circle_or_elsewhere(sim: Simulator) -> None:
    url = sim.clip_url(sim.create())
    script(sim, {"call": "download", "what": {"hops": 3}})
    answer = sim.http.get(url, follow_redirects=True)
    assert (len(answer.history), answer.content[4:8]) == (3, b"ftyp")
    script(sim, {"call": "download", "what": {"hops": {"count": 2, "to": "private"}}})
    seen = [sim.http.get(url)]
    while "hop=" in seen[-1].headers["location"]:
        seen.append(sim.http.get(seen[-1].headers["location"]))
    assert seen[-1].headers["location"] == "https://10.0.0.1/clip.mp4"
    script(sim, {"call": "download", "what": {"redirect": "self"}})
    assert sim.http.get(url).headers["location"] == url


def test_an_etag_changes_between_two_ranges(sim: Simulator) -> None:
    url = sim.clip_url(sim.create())
    script(sim, {"call": "file", "what": "etag-changes"})
    first, second = (sim.http.get(url, headers={"Range": f"bytes={at}-{at + 9}"}) for at in (0, 10))
    assert (first.status_code, second.status_code) == (206, 206)
    assert first.headers["etag"] != second.headers["etag"]


def test_a_refused_create_can_be_made_and_charged_all_the_same(sim: Simulator) -> None:
    script(sim, {"call": "create", "what": {"status": 422}, "accepted": True, "when": {"times": 1}})
    before = sim.credits()
    assert sim.post({"model": "sora-2", "input": {"prompt": "x"}}).status_code == 422
    assert before - sim.credits() == 10
    line = sim.sim("ledger?limit=9999")[-1]
    assert (line["kind"], line["fault"], line["sent"]) == ("charge", "status", 1.0)


def test_rules_strike_by_prompt_task_and_turn(sim: Simulator) -> None:
    script(
        sim,
        {"call": "create", "what": {"status": 500}, "when": {"prompt": "kraken"}},
        {"call": "query", "what": {"status": 502}, "when": {"every": 2}},
    )
    assert sim.post({"model": "sora-2", "input": {"prompt": "a kraken wakes"}}).status_code == 500
    task = sim.create("a calm bay")
    answers = [sim.http.get(f"/api/v1/tasks/query/{task}").status_code for _ in range(4)]
    assert answers == [200, 502, 200, 502]
    script(sim, {"call": "file", "what": {"status": 410}, "when": {"task": task}})
    other = sim.create("another bay")
    assert [sim.http.get(sim.clip_url(name)).status_code for name in (task, other)] == [410, 200]
    assert [(rule["seen"], rule["fired"]) for rule in sim.sim("faults")["rules"]] == [(1, 1)]


def test_a_script_that_is_wrong_says_all_and_changes_nothing(sim: Simulator) -> None:
    script(sim, {"call": "credit", "what": {"status": 500}})
    answer = sim.http.post("/__sim/faults", content=b"- {call: any, what: rest}\n- {what: html, call: callback}")
    assert answer.status_code == 422
    assert answer.json()["problems"] == [
        "rule 1: what: there is no `rest`, did you mean `reset`?",
        "rule 2: what: `html` doesn't happen to callback; it does to create, query, list, content, file, credit,"
        " upload, character, remix",
    ]
    assert sim.http.get("/api/v1/chat/credit").status_code == 500
    assert sim.http.delete("/__sim/faults").json()["rules"] == []
    assert sim.http.get("/api/v1/chat/credit").status_code == 200


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_scripts_come_from_this_machine_only(sim: Simulator, header: dict[str, str]) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert sim.http.request(method, "/__sim/faults", headers=header, content=b"[]").status_code == 403


def test_a_hanging_call_holds_nobody_else_up(sim: Simulator) -> None:
    script(sim, {"call": "credit", "what": {"hang": 2}, "when": {"nth": 1}})
    waiting = threading.Thread(target=talk, args=(sim.url + "/api/v1/chat/credit",), kwargs={"patience": 0.5})
    waiting.start()
    began = time.monotonic()
    while not sim.sim("faults")["rules"][0]["fired"]:
        time.sleep(0.005)
    assert sim.http.get("/api/v1/chat/credit").status_code == 200
    assert time.monotonic() - began < 0.45
    waiting.join()
