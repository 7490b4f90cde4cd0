"""A create whose answer is lost: nothing is sent again by itself, and a person has two ways out."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from main_job.shaky import Shaky, clip, serving
from studio import Result, Studio

FILM = """\
sorapipe: 1
title: A film
provider: house
shots:
  - id: cliff
    prompt: A gull over the cliff.
  - id: after
    continues: cliff
    prompt: It dives.
"""
CAST = """\
sorapipe: 1
provider: house
characters:
  keeper: {url: "https://example.org/keeper.mp4", timestamps: [1, 3]}
shots:
  - id: door
    prompt: "@keeper opens the door."
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return clip(tmp_path_factory.mktemp("clip") / "grey.mp4")


@pytest.fixture
def house(film: bytes, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shaky]:
    with serving(film) as shaky:
        profiles = Path(os.environ["SORAPIPE_CONFIG_DIR"]) / "providers"
        profiles.mkdir(parents=True)
        (profiles / "house.yaml").write_text(shaky.profile())
        monkeypatch.setenv("HOUSE_API_KEY", "canary-key-secret")
        studio.write("film.yaml", FILM)
        yield shaky


@pytest.fixture
def lost(house: Shaky, studio: Studio) -> Shaky:
    """The first answer is lost: `cliff` is uncertain."""
    house.creates = ["lost"]
    result = studio.run("run", "film.yaml", "--yes", code=9)
    assert "uncertain" in result.err
    assert "sorapipe adopt film.yaml cliff TASK`" in result.out
    assert "sorapipe resubmit film.yaml cliff`" in result.out
    assert house.paid == ["task_01"]
    return house


def takes(studio: Studio, address: str = "cliff") -> list[tuple[object, object, object]]:
    return [
        (record["take"], record["state"], record.get("task"))
        for record in studio.lock("film")
        if record["kind"] == "attempt" and record["address"] == address
    ]


def consents(studio: Studio) -> list[dict[str, object]]:
    return [record for record in studio.lock("film") if record["kind"] == "consent"]


def said(result: Result) -> str:
    return result.out + result.err


def test_a_second_run_sends_nothing_and_plan_and_status_name_both_ways_out(lost: Shaky, studio: Studio) -> None:
    assert takes(studio) == [(1, "uncertain", None)]
    studio.run("run", "film.yaml", "--yes", code=9)
    assert lost.paid == ["task_01"]
    for verb in ("plan", "status"):
        out = studio.run(verb, "film.yaml").out
        assert "    sorapipe adopt film.yaml cliff TASK\n" in out
        assert "    sorapipe resubmit film.yaml cliff\n" in out
        assert "to do this" not in out


def test_the_real_task_is_adopted_fetched_and_not_paid_again(lost: Shaky, studio: Studio) -> None:
    studio.run("adopt", "film.yaml", "cliff", "task_01")
    assert takes(studio) == [(1, "done", "task_01")]
    assert (studio.folder / "renders/film/cliff_t01.mp4").read_bytes() == lost.bytes_of("task_01")
    assert not takes(studio, "after")
    before = studio.snapshot()
    assert "cliff t01 has this task already" in studio.run("adopt", "film.yaml", "cliff", "task_01").out
    assert studio.snapshot().keys() == before.keys()
    refused = studio.run("adopt", "film.yaml", "after", "task_01", code=2)
    assert "belongs to cliff t01 already" in refused.err
    studio.run("run", "film.yaml", "--yes")
    assert lost.paid == ["task_01", "task_02"]  # what begins on it, once
    assert "nothing to do" in studio.run("run", "film.yaml").out


def test_what_can_not_be_adopted_is_refused_and_nothing_is_written(lost: Shaky, studio: Studio) -> None:
    before = (studio.folder / "film.lock").read_bytes()
    for shot, task, polls, code, words in (
        ("cliff", "task_77", "", 2, "`house` does not know the task `task_77`"),
        ("cliff", "../credit", "", 2, "is not the id of a task"),
        ("cliff", "task_01", "lost", 10, "could not be asked"),
        ("cliff", "task_01", 401, 6, "refused the key"),
        ("after", "task_01", "", 2, "nothing about after is uncertain"),
        ("@nobody", "task_01", "", 2, "no attempt to make `@nobody` is known"),
    ):
        lost.polls = polls
        assert words in studio.run("adopt", "film.yaml", shot, task, code=code).err
        assert (studio.folder / "film.lock").read_bytes() == before


def test_it_is_sent_again_once_after_a_yes_and_the_old_one_stays(lost: Shaky, studio: Studio) -> None:
    before = (studio.folder / "film.lock").read_bytes()
    asked = studio.run("resubmit", "film.yaml", "cliff", code=2)
    assert "cliff t01  house, 0.10 USD: " in asked.err
    assert f"sp1:{lost.tokens[0]}" in asked.err
    assert "this buys 1 create for 0.10 USD; 1 order may turn out to be paid besides (0.10 USD)" in asked.err
    assert "`--yes`" in asked.err
    studio.run("resubmit", "film.yaml", "--all", "--max-cost", "0.10", code=2)
    studio.run("resubmit", "film.yaml", "cliff", "--yes", "--max-cost", "0.05", code=7)
    assert "nothing about `after` is uncertain" in studio.run("resubmit", "film.yaml", "after", "--yes", code=2).err
    assert (studio.folder / "film.lock").read_bytes() == before
    assert lost.paid == ["task_01"]

    studio.run("resubmit", "film.yaml", "cliff", "--yes", "--max-cost", "0.10")
    assert lost.paid == ["task_01", "task_02"]
    assert takes(studio) == [(1, "uncertain", None), (2, "done", "task_02")]
    assert [(one["address"], one["take"], one["token"]) for one in consents(studio)] == [("cliff", 1, lost.tokens[0])]
    status = studio.run("status", "film.yaml").out
    assert "t01  uncertain, given up" in status
    assert "1 uncertain attempt given up, perhaps paid: 0.10 USD" in status
    assert "spent so far: 0.20 USD" in status
    assert "adopt" not in status + studio.run("plan", "film.yaml").out
    assert "nothing is uncertain" in studio.run("resubmit", "film.yaml", "--all", "--yes").out

    studio.run("adopt", "film.yaml", "cliff", "task_01")  # it turns up after all
    assert [state for _, state, _ in takes(studio)] == ["done", "done"]
    assert lost.paid == ["task_01", "task_02"]


def test_a_resubmission_that_is_lost_too_needs_a_consent_of_its_own(lost: Shaky, studio: Studio) -> None:
    lost.creates = ["lost"]
    studio.run("resubmit", "film.yaml", "cliff", "--yes", code=9)
    assert takes(studio) == [(1, "uncertain", None), (2, "uncertain", None)]
    studio.run("run", "film.yaml", "--yes", code=9)
    assert lost.paid == ["task_01", "task_02"]
    assert "sorapipe adopt film.yaml cliff TASK --take t02" in studio.run("plan", "film.yaml").out
    assert "say `--take t01` or `--take t02`" in studio.run("adopt", "film.yaml", "cliff", "task_02", code=2).err
    studio.run("adopt", "film.yaml", "cliff", "task_02", "--take", "t02")
    assert takes(studio) == [(1, "uncertain", None), (2, "done", "task_02")]


def test_a_run_that_is_killed_before_the_answer_leaves_one_uncertain_take(house: Shaky, studio: Studio) -> None:
    house.creates = ["held"]
    process = subprocess.Popen(
        [sys.executable, "-m", "sorapipe", "run", "film.yaml", "--yes"], cwd=studio.folder,
        env=studio.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert house.arrived.wait(20)
    held = studio.run("resubmit", "film.yaml", "--all", "--yes", code=4)
    assert "a run is sending cliff t01 now" in held.err
    assert "held by process" in studio.run("adopt", "film.yaml", "cliff", "task_01", code=4).err
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    house.release.set()
    studio.run("run", "film.yaml", "--yes", code=9)
    assert house.paid == ["task_01"]
    assert takes(studio) == [(1, "uncertain", None)]
    studio.run("adopt", "film.yaml", "cliff", "task_01")
    assert takes(studio) == [(1, "done", "task_01")]
    assert house.paid == ["task_01"]


@pytest.mark.parametrize(("answer", "code", "paid"), [(b"n\n", 2, 1), (b"y\n", 0, 2)])
def test_in_a_terminal_one_question_is_asked(lost: Shaky, studio: Studio, answer: bytes, code: int, paid: int) -> None:
    master, slave = pty.openpty()
    os.write(master, answer)
    done = subprocess.run(
        [sys.executable, "-m", "sorapipe", "resubmit", "film.yaml", "cliff"], cwd=studio.folder, check=False,
        env=studio.environment() | {"TERM": "dumb"}, stdin=slave, stderr=slave, stdout=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip
    os.close(slave)
    shown = os.read(master, 65536).decode()
    os.close(master)
    assert done.returncode == code, shown
    assert shown.count("Send again? [y/N]") == 1
    assert len(lost.paid) == paid
    assert len(consents(studio)) == paid - 1


def test_a_character_is_settled_like_a_shot(house: Shaky, studio: Studio) -> None:
    studio.write("film.yaml", CAST)
    house.creates = ["lost"]
    studio.run("run", "film.yaml", "--yes", code=9)
    assert "sorapipe adopt film.yaml @keeper TASK" in studio.run("plan", "film.yaml").out
    house.creates = ["lost"]
    studio.run("resubmit", "film.yaml", "@keeper", "--yes", code=9)
    assert house.paid == ["task_01", "task_02"]  # and no shot with him
    studio.run("adopt", "film.yaml", "@keeper", "task_02", "--take", "2")
    assert [record["handle"] for record in studio.lock("film") if record["kind"] == "character"] == [
        {"id": "ch_task_02"}
    ]
    studio.run("run", "film.yaml", "--yes")
    assert house.paid == ["task_01", "task_02", "task_03"]


def test_a_task_whose_intent_was_damaged_finds_its_shot(house: Shaky, studio: Studio) -> None:
    house.polls = "lost"
    studio.run("run", "film.yaml", "--yes", "--max-wait", "0.2s", code=10)
    (journal,) = (studio.state / "journals").glob("*.jsonl")
    journal.write_bytes(journal.read_bytes().replace(b'"address":"cliff"', b'"address":"clifX"'))
    (studio.folder / "film.lock").unlink()
    house.polls = ""
    assert "`sorapipe adopt SHOT task_01`" in said(studio.run("plan", "film.yaml"))
    studio.run("adopt", "film.yaml", "cliff", "task_01")
    assert takes(studio) == [(1, "done", "task_01")]
    assert house.paid == ["task_01"]


def test_a_clip_from_elsewhere_is_a_take_that_costs_nothing(house: Shaky, studio: Studio, film: bytes) -> None:
    (studio.folder / "mine.mp4").write_bytes(film)
    studio.write("page.mp4", "<html>")
    assert "a web page" in studio.run("adopt", "film.yaml", "cliff", "--file", "page.mp4", code=2).err
    assert not list((studio.folder / "renders/film").iterdir())
    taken = studio.run("adopt", "film.yaml", "cliff", "--file", "mine.mp4")
    assert "cliff t01 is `mine.mp4`, copied to renders/film/cliff_t01.mp4" in taken.err
    assert (studio.folder / "renders/film/cliff_t01.mp4").read_bytes() == film
    again = studio.run("adopt", "film.yaml", "cliff", "--file", "mine.mp4", code=2)
    assert "this clip is cliff t01 already" in again.err
    (record,) = [r for r in studio.lock("film") if r["kind"] == "attempt"]
    assert (record["provider"], record["cost"], record["state"], "task" in record) == ("file", "0", "done", False)
    studio.run("run", "film.yaml", "--yes")
    assert house.paid == ["task_01"]  # only what begins on it
    (studio.folder / "renders/film/cliff_t01.mp4").unlink()
    assert "came from no provider" in studio.run("plan", "film.yaml").out
    studio.run("adopt", "film.yaml", "cliff", "--file", "mine.mp4")
    assert takes(studio) == [(1, "done", None)]
    assert "nothing to do" in studio.run("run", "film.yaml").out


def test_practice_is_settled_on_the_simulator_that_a_run_starts(studio: Studio) -> None:
    studio.example("hello.yaml")
    studio.run("run", "hello.yaml")
    (studio.folder / "renders/hello/hello_t01.mp4").unlink()
    (charge,) = studio.ledger()
    (journal,) = (studio.state / "journals").glob("*.jsonl")
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(line for line in lines if b'"kind":"journal"' in line or b'"kind":"intent"' in line))
    (studio.folder / "hello.lock").unlink()
    assert "sorapipe adopt hello.yaml hello TASK" in studio.run("plan", "hello.yaml").out
    studio.run("adopt", "hello.yaml", "hello", str(charge["task"]))
    assert len(studio.ledger()) == 1
    assert (studio.folder / "renders/hello/hello_t01.mp4").exists()
