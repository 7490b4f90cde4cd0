"""What was paid and is not here, through the real command line: found in a list, fetched again, or said with words."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from studio import Studio

FILM = """\
sorapipe: 1
title: A film
provider: simulator-videos
shots:
  - id: cliff
    prompt: A gull over the cliff.
  - id: after
    continues: cliff
    prompt: It dives.
"""
HELD = "rules: [{call: create, when: {nth: 1}, what: {delay: 30}}]"


def states(studio: Studio, name: str = "film") -> list[tuple[object, object]]:
    return [(it["address"], it["state"]) for it in studio.lock(name) if it["kind"] == "attempt"]


def killed_while_sending(studio: Studio) -> None:
    """A run that dies between a create and its answer."""
    studio.write("faults.yaml", HELD)
    options = f"{studio.simulator} --faults {studio.folder / 'faults.yaml'}"
    process = subprocess.Popen(
        [sys.executable, "-m", "sorapipe", "run", "film.yaml"], cwd=studio.folder,
        env=studio.environment() | {"SORAPIPE_SIMULATOR": options},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with suppress(sqlite3.OperationalError):
            if studio.ledger():
                break
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert len(studio.ledger()) == 1


def test_a_killed_run_settles_by_itself_where_the_provider_has_a_list(studio: Studio) -> None:
    studio.write("film.yaml", FILM)
    killed_while_sending(studio)
    plan = studio.run("plan", "film.yaml")
    assert "sorapipe adopt film.yaml cliff TASK" in plan.out
    studio.write("other.yaml", FILM.partition("  - id: after")[0].replace("A gull", "A cat"))
    studio.run("run", "other.yaml")
    task = str(studio.ledger()[1]["task"])
    for name in ("other.lock", "other.yaml"):
        (studio.folder / name).unlink()
    other = studio.run("adopt", "film.yaml", "cliff", task, code=2)
    assert f"shows the task `{task}` as another order" in other.err and "nothing was written" in other.err
    assert "`sorapipe run film.yaml` looks for it there first" in plan.err
    result = studio.run("run", "film.yaml")
    assert f"it was bought: the list of `simulator-videos` shows it as {studio.ledger()[0]['task']}" in result.err
    assert states(studio) == [("after", "done"), ("cliff", "done")]
    assert len(studio.ledger()) == 3
    assert "nothing to do" in studio.run("run", "film.yaml").out


def test_without_a_list_it_stays_uncertain_and_every_verb_says_how_to_settle_it(studio: Studio) -> None:
    studio.write("film.yaml", FILM.replace("simulator-videos", "simulator"))
    killed_while_sending(studio)
    for verb in ("run", "plan", "status"):
        result = studio.run(verb, "film.yaml", code=9 if verb == "run" else 0)
        assert "sorapipe adopt film.yaml cliff TASK" in result.out
        assert "sorapipe resubmit film.yaml cliff" in result.out
    assert len(studio.ledger()) == 1
    studio.run("adopt", "film.yaml", "cliff", str(studio.ledger()[0]["task"]))
    assert states(studio) == [("cliff", "done")]
    assert len(studio.ledger()) == 1


@pytest.mark.parametrize("provider", ["simulator", "simulator-videos", "simulator-jobs"])
def test_fetch_brings_back_what_was_deleted_and_buys_nothing(studio: Studio, provider: str) -> None:
    studio.write("film.yaml", FILM.replace("simulator-videos", provider).partition("  - id: after")[0])
    studio.run("run", "film.yaml")
    assert "nothing to fetch" in studio.run("fetch", "film.yaml").out
    clip = studio.folder / "renders/film/cliff_t01.mp4"
    there = clip.read_bytes()
    clip.unlink()
    assert "cliff_t01.mp4" in studio.run("fetch", "film.yaml", "cliff").out
    assert clip.read_bytes() == there
    assert len(studio.ledger()) == 1


def test_fetch_asks_again_for_a_clip_that_could_not_be_had(studio: Studio) -> None:
    studio.write("film.yaml", FILM.partition("  - id: after")[0].replace("simulator-videos", "simulator"))
    studio.write("faults.yaml", "rules: [{call: download, what: truncated}]")
    broken = {"SORAPIPE_SIMULATOR": f"{studio.simulator} --faults {studio.folder / 'faults.yaml'}"}
    studio.run("run", "film.yaml", code=12, **broken)
    assert states(studio) == [("cliff", "unavailable")]
    said = studio.run("fetch", "film.yaml", code=12, **broken)
    assert "sorapipe fetch film.yaml cliff" in said.out
    studio.run("fetch", "film.yaml")
    assert states(studio) == [("cliff", "done")]
    assert len(studio.ledger()) == 1


def test_fetch_says_of_a_clip_from_elsewhere_that_nobody_has_it(studio: Studio) -> None:
    studio.write("film.yaml", FILM.partition("  - id: after")[0])
    studio.run("run", "film.yaml")
    (studio.folder / "renders/film/cliff_t01.mp4").rename(studio.folder / "mine.mp4")
    for path in (studio.folder / "film.lock", *(studio.state / "journals").iterdir(), studio.state / "index.jsonl"):
        path.unlink()
    studio.run("adopt", "film.yaml", "cliff", "--file", "mine.mp4")
    (studio.folder / "renders/film/cliff_t01.mp4").unlink()
    result = studio.run("fetch", "film.yaml", code=12)
    assert "came from no provider" in result.out and "sorapipe adopt film.yaml cliff --file CLIP" in result.out


def test_a_lock_that_could_not_be_written_is_found_before_money_is_spent(studio: Studio) -> None:
    studio.write("film.yaml", FILM)
    Path(studio.folder / ".film.lock.new").symlink_to(studio.folder / "elsewhere")
    result = studio.run("run", "film.yaml", code=11)
    assert ".film.lock.new" in result.err and "nothing was sent" in result.err
    assert studio.ledger() == []
    (studio.folder / ".film.lock.new").unlink()
    studio.run("run", "film.yaml")
