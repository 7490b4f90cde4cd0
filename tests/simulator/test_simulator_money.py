"""When a task is paid for, what comes back, and what went out of every answer."""

from __future__ import annotations

import random
import sqlite3
import statistics
import time
from pathlib import Path

import pytest
from simulator.box import Simulator, Start

from sorapipe.simulator.options import parse


def kinds(simulator: Simulator) -> list[str]:
    return [row["kind"] for row in simulator.sim("ledger")]


def wait_for(simulator: Simulator, count: int) -> None:
    """Until the ledger has so many lines."""
    deadline = time.monotonic() + 5
    while len(kinds(simulator)) < count:
        assert time.monotonic() < deadline, kinds(simulator)
        time.sleep(0.02)


def test_a_task_can_be_paid_for_when_it_begins(start: Start) -> None:
    simulator = start("--charge", "start", "--credits", "100", latency="0.8")
    task = simulator.create(metadata="sp1:tok")
    assert kinds(simulator) == ["bought"]
    assert simulator.query(task)["state"] in {"waiting", "queuing"}
    wait_for(simulator, 2)
    assert simulator.query(task)["state"] == "generating"
    charge = simulator.sim("ledger")[1]
    assert (charge["kind"], charge["task"], charge["token"], charge["request"]) == ("charge", task, "tok", 1)
    assert (charge["credits"], charge["balance"], charge["sent"]) == (-10, 90, 1.0)


def test_a_task_can_be_paid_for_only_when_it_is_done(start: Start) -> None:
    simulator = start("--charge", "success", "--credits", "100", latency="0.2")
    good, bad = simulator.create("a gull"), simulator.create("a [moderated] gull")
    assert kinds(simulator) == ["bought"]
    assert simulator.finished(bad)["state"] == "fail"
    simulator.finished(good)
    assert simulator.credits() == 90
    assert kinds(simulator) == ["bought", "charge"]
    assert simulator.sim("audit")["clean"]


def test_what_will_be_charged_later_can_not_be_spent_twice(start: Start) -> None:
    simulator = start("--charge", "success", "--credits", "15", latency="30")
    simulator.create()
    answer = simulator.post({"model": "sora-2", "input": {"prompt": "one too many"}})
    assert answer.status_code == 402
    assert simulator.credits() == 15


def test_a_failed_task_that_was_paid_at_its_start_gets_the_money_back(start: Start) -> None:
    simulator = start("--charge", "start", "--credits", "100")
    simulator.finished(simulator.create("a [moderated] gull"))
    assert kinds(simulator) == ["bought", "charge", "refund"]
    assert simulator.credits() == 100


def test_a_refund_can_be_late(start: Start) -> None:
    simulator = start("--refunds", "late", "--refund-after", "0.4", "--credits", "100")
    simulator.finished(simulator.create("a [moderated] gull"))
    assert simulator.credits() == 90
    wait_for(simulator, 3)
    assert simulator.credits() == 100
    assert simulator.sim("audit")["conserved"]


def test_a_charge_that_was_due_is_booked_by_the_next_process(start: Start) -> None:
    simulator = start("--charge", "success", "--credits", "100", latency="0.1")
    task = simulator.create()
    simulator.stop()
    time.sleep(0.1)
    again = start()
    assert again.finished(task)["state"] == "success"
    assert again.credits() == 90


def test_the_books_know_that_an_answer_went_out(start: Start) -> None:
    simulator = start()
    simulator.create()
    simulator.post({})
    rows = {row["kind"]: row for row in simulator.sim("ledger")}
    assert (rows["charge"]["sent"], rows["reject"]["sent"]) == (1.0, 1.0)
    assert [row["sent"] for row in simulator.sim("requests")] == [1.0, 1.0]


def test_so_many_tasks_at_once_and_no_more(start: Start) -> None:
    simulator = start("--max-in-flight", "2", latency="30")
    simulator.create()
    simulator.create()
    answer = simulator.post({"model": "sora-2", "input": {"prompt": "a third"}})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert "2 are under way" in answer.json()["message"]


def test_ranges_and_etags_can_be_missing(start: Start) -> None:
    simulator = start("--range", "off", "--etag", "off")
    answer = simulator.http.get(simulator.clip_url(simulator.create()), headers={"Range": "bytes=0-9"})
    assert answer.status_code == 200
    assert len(answer.content) > 1000
    assert "etag" not in answer.headers
    assert answer.headers["accept-ranges"] == "none"


def test_books_of_the_first_version_are_read_and_brought_up_to_date(start: Start, tmp_path: Path) -> None:
    simulator = start("--credits", "50")
    task = simulator.create()
    simulator.stop()
    with sqlite3.connect(tmp_path / "books" / "books.sqlite") as books:
        books.execute("ALTER TABLE tasks DROP COLUMN charge")
        books.execute("ALTER TABLE tasks DROP COLUMN request")
        books.execute("ALTER TABLE requests DROP COLUMN sent")
        books.execute("UPDATE books SET value = '1' WHERE name = 'version'")
    books.close()
    again = start()
    assert again.finished(task)["state"] == "success"
    assert again.credits() == 40
    assert again.sim("audit")["clean"]
    again.create()
    assert again.credits() == 30


def test_lengths_can_be_drawn_from_a_log_normal(tmp_path: Path) -> None:
    latency = parse(["--books", str(tmp_path), "--latency", "lognormal:60,0.5"]).latency
    draws = [latency.draw(random.Random(seed)) for seed in range(2000)]
    assert 54 < statistics.median(draws) < 66
    assert max(draws) > 150
    assert draws == [latency.draw(random.Random(seed)) for seed in range(2000)]


@pytest.mark.parametrize(
    "words",
    [
        ["--latency", "lognormal:0"],
        ["--latency", "lognormal:a,b"],
        ["--latency", "lognormal:5,9"],
        ["--latency", "lognormal:5,nan"],
        ["--latency", "9-3"],
        ["--charge", "never"],
        ["--refunds", "half"],
        ["--refund-after", "0"],
        ["--max-in-flight", "0"],
        ["--range", "maybe"],
    ],
)
def test_wrong_options_end_with_2(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["--books", str(tmp_path), *words])
    assert ended.value.code == 2
    assert words[0] in capsys.readouterr().err
