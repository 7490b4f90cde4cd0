"""The books: what is written, when, and what survives."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from simulator.box import Start


def test_every_create_is_a_line_of_the_ledger(start: Start) -> None:
    simulator = start("--credits", "100")
    task = simulator.create(metadata="note sp1:tok-1 more")
    simulator.post({"model": "sora-2", "input": {"prompt": ""}})
    bought, charge, reject = simulator.sim("ledger")
    assert (bought["kind"], bought["balance"]) == ("bought", 100)
    assert (charge["kind"], charge["task"], charge["token"]) == ("charge", task, "tok-1")
    assert (charge["credits"], charge["balance"]) == (-10, 90)
    assert len(charge["body"]) == 64
    assert (reject["kind"], reject["credits"], reject["balance"]) == ("reject", 0, 90)
    assert "input.prompt" in reject["note"]
    requests = {request["number"]: request for request in simulator.sim("requests")}
    assert requests[charge["request"]]["task"] == task
    assert requests[reject["request"]]["status"] == 422


def test_requests_are_kept_with_their_headers_but_without_the_key(start: Start) -> None:
    simulator = start()
    simulator.query(simulator.create())
    requests = simulator.sim("requests")
    assert [request["call"] for request in requests] == ["create", "query"]
    assert requests[0]["headers"]["content-type"] == "application/json"
    assert requests[0]["headers"]["authorization"].startswith("sha256:")
    everything = b"".join(path.read_bytes() for path in simulator.books.glob("books.sqlite*"))
    assert b"a-key" not in everything


def test_a_charge_is_in_the_books_before_anybody_hears_of_it(start: Start) -> None:
    """Killed the moment the answer is here: the next process knows the task and the money."""
    simulator = start("--credits", "100")
    task = simulator.create(metadata="sp1:one")
    os.kill(simulator.process.pid, signal.SIGKILL)
    simulator.process.wait(5)
    again = start()
    assert again.finished(task)["state"] == "success"
    assert again.credits() == 90
    assert again.http.get(again.clip_url(task)).status_code == 200


def test_a_later_process_goes_on_with_running_tasks(start: Start) -> None:
    simulator = start(latency="1.0")
    task = simulator.create()
    simulator.stop()
    again = start(latency="500")
    assert again.query(task)["state"] != "fail"
    assert again.finished(task)["completeTime"] - again.query(task)["createTime"] == 1000


def test_a_clip_that_was_never_made_is_made_by_the_next_process(start: Start) -> None:
    simulator = start(clips="real", latency="0")
    task = simulator.create()
    os.kill(simulator.process.pid, signal.SIGKILL)
    simulator.process.wait(5)
    again = start(clips="real")
    assert again.http.get(again.clip_url(task), timeout=30).content[4:8] == b"ftyp"


def test_the_audit_finds_double_charges_and_orphans(start: Start) -> None:
    simulator = start()
    first = simulator.create("one", metadata="sp1:a")
    second = simulator.create("one", metadata="sp1:a")
    third = simulator.create("two", metadata="sp1:b")
    for task in (first, second):
        simulator.finished(task)
    audit = simulator.sim("audit")
    assert not audit["clean"]
    assert [double["token"] for double in audit["double_charges_by_token"]] == ["a"]
    assert audit["double_charges_by_token"][0]["tasks"] == [first, second]
    assert audit["double_charges_by_body"][0]["charges"] == 2
    assert [orphan["task"] for orphan in audit["orphans"]] == [third]
    assert audit["conserved"]


def test_the_audit_finds_a_lost_credit(start: Start) -> None:
    simulator = start()
    simulator.finished(simulator.create())
    assert simulator.sim("audit")["clean"]
    with sqlite3.connect(simulator.books / "books.sqlite") as books:
        books.execute("UPDATE ledger SET balance = balance + 1 WHERE kind = 'charge'")
    books.close()
    assert not simulator.sim("audit")["conserved"]


def test_audit_is_a_command_of_its_own(start: Start, tmp_path: Path) -> None:
    simulator = start()
    task = simulator.create()

    def audit(folder: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sorapipe.simulator", "audit", "--json", "--books", str(folder)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    dirty = audit(simulator.books)
    assert dirty.returncode == 1
    assert json.loads(dirty.stdout)["orphans"][0]["task"] == task
    simulator.finished(task)
    assert audit(simulator.books).returncode == 0
    assert audit(tmp_path / "nowhere").returncode == 2


def test_several_processes_keep_the_same_books(start: Start) -> None:
    """Creates through three processes at once: no number twice, no credit lost, each serves the tasks of all."""
    simulators = [start("--credits", "1000") for _ in range(3)]
    with ThreadPoolExecutor(6) as pool:
        tasks = list(pool.map(lambda n: simulators[n % 3].create(metadata=f"sp1:t{n}"), range(60)))
    assert len(set(tasks)) == 60
    for number, task in enumerate(tasks):
        assert simulators[(number + 1) % 3].finished(task)["state"] == "success"
    assert {simulator.credits() for simulator in simulators} == {400}
    assert simulators[0].sim("audit")["clean"]


def test_processes_that_begin_the_books_at_once_agree(tmp_path: Path, start: Start) -> None:
    with ThreadPoolExecutor(4) as pool:
        simulators = list(pool.map(lambda _: start("--credits", "50", books=tmp_path / "fresh"), range(4)))
    assert {simulator.credits() for simulator in simulators} == {50}
    assert len(simulators[0].sim("ledger")) == 1


def test_credits_are_what_was_bought_in_all(start: Start) -> None:
    simulator = start("--credits", "50")
    simulator.create()
    simulator.stop()
    again = start("--credits", "50")
    assert again.credits() == 40
    again.stop()
    assert start("--credits", "70").credits() == 60


def test_the_same_seed_gives_the_same_ids(start: Start, tmp_path: Path) -> None:
    one = start("--seed", "7", books=tmp_path / "one", latency="1-9")
    two = start("--seed", "7", books=tmp_path / "two", latency="1-9")
    assert [one.create() for _ in range(3)] == [two.create() for _ in range(3)]
    lengths = [[task["due"] - task["created"] for task in simulator.sim("tasks")] for simulator in (one, two)]
    assert lengths[0] == lengths[1]
    assert all(1000 <= length <= 9000 for length in lengths[0])


def test_it_ends_with_its_parent_and_on_sigterm(start: Start) -> None:
    simulator = start()
    began = time.monotonic()
    assert simulator.stop() == 0
    assert time.monotonic() - began < 3
    simulator = start()
    simulator.process.terminate()
    assert simulator.process.wait(5) in {0, -signal.SIGTERM}


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    """A parent that starts a simulator and is killed -9 leaves nothing behind."""
    code = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-m', 'sorapipe.simulator', 'serve', '--while-parent', '--books',"
        f" {str(tmp_path / 'books')!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)\n"
        "print(p.stdout.readline().strip(), flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = json.loads(parent.stdout.readline())["pid"]
    parent.kill()
    parent.wait(5)
    parent.stdout.close()
    deadline = time.monotonic() + 8
    while _lives(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _lives(pid)


def _lives(pid: int) -> bool:
    """Whether the process runs; one that only waits to be buried doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
