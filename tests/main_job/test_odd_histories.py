"""Things that happen to folders between two runs and in the middle of one: renamed, deleted, ordered by a neighbour."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from main_job.shaky import Shaky, clip, serving
from studio import Studio

FILM = """\
sorapipe: 1
title: A film
provider: house
shots:
  - id: cliff
    prompt: A gull over the cliff.
  - id: bay
    prompt: A boat in the bay.
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
JOIN = "`cat film.lock >> movie.lock && mv film.lock film.lock.old`"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return clip(tmp_path_factory.mktemp("clip") / "grey.mp4")


@pytest.fixture
def house(film: bytes, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shaky]:
    with serving(film) as shaky:
        profile(shaky.profile())
        monkeypatch.setenv("HOUSE_API_KEY", "canary-key-secret")
        studio.write("film.yaml", FILM)
        yield shaky


def profile(text: str) -> None:
    """Writes the profile of the house."""
    path = Path(os.environ["SORAPIPE_CONFIG_DIR"]) / "providers" / "house.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def on_its_way(house: Shaky, studio: Studio, name: str = "film.yaml") -> None:
    """Everything is ordered, nothing collected."""
    house.polls = "lost"
    studio.run("run", name, "--yes", "--max-wait", "0.2s", code=10)
    house.polls = ""


def obey(studio: Studio) -> None:
    """Types what the note says."""
    subprocess.run(["sh", "-c", JOIN.strip("`")], cwd=studio.folder, check=True)


def states(studio: Studio, name: str) -> list[str]:
    return sorted(str(record["state"]) for record in studio.lock(name) if record["kind"] == "attempt")


def test_a_storyboard_that_was_renamed_with_orders_on_their_way_buys_nothing_twice(
    house: Shaky, studio: Studio
) -> None:
    on_its_way(house, studio)
    (studio.folder / "film.yaml").rename(studio.folder / "movie.yaml")
    plan = studio.run("plan", "movie.yaml")
    assert "ordered for film and not collected" in plan.out
    assert JOIN in plan.err
    stopped = studio.run("run", "movie.yaml", "--yes", code=10)
    assert JOIN in stopped.err
    assert house.paid == ["task_01", "task_02"]

    obey(studio)
    assert "film.lock" not in studio.run("run", "movie.yaml", "--yes").err
    assert house.paid == ["task_01", "task_02"]
    assert states(studio, "movie") == ["done", "done"]


def test_what_a_renamed_storyboard_may_have_bought_is_settled_first(house: Shaky, studio: Studio) -> None:
    house.creates = ["lost"]
    studio.run("run", "film.yaml", "--yes", code=9)
    (studio.folder / "film.yaml").rename(studio.folder / "movie.yaml")
    stopped = studio.run("run", "movie.yaml", "--yes", code=9)  # the other shot's clip is taken over, so it has a lock
    assert "an order for film may have bought it" in stopped.out
    assert JOIN in stopped.err
    assert house.paid == ["task_01", "task_02"]

    obey(studio)
    studio.run("adopt", "movie.yaml", "cliff", "task_01")
    assert "nothing to do" in studio.run("run", "movie.yaml", "--yes").out
    assert house.paid == ["task_01", "task_02"]


def test_what_a_neighbour_has_ordered_is_taken_over_from_there(house: Shaky, studio: Studio) -> None:
    on_its_way(house, studio)
    studio.write("short.yaml", FILM)
    stopped = studio.run("run", "short.yaml", "--yes", code=10)
    assert "ordered for film and not collected: run film" in stopped.out
    assert "film.lock" not in stopped.err
    studio.run("run", "film.yaml", "--yes")
    studio.run("run", "short.yaml", "--yes")
    assert house.paid == ["task_01", "task_02"]
    studio.run("roll", "short.yaml", "cliff", "--yes")
    assert house.paid == ["task_01", "task_02", "task_03"]


def test_a_person_may_buy_a_take_that_a_neighbour_has_ordered(house: Shaky, studio: Studio) -> None:
    on_its_way(house, studio)
    studio.write("short.yaml", FILM)
    studio.run("roll", "short.yaml", "cliff", "--yes")
    assert house.paid == ["task_01", "task_02", "task_03"]
    assert states(studio, "short") == ["done"]


def test_a_character_that_a_neighbour_is_making_is_made_once(house: Shaky, studio: Studio) -> None:
    studio.write("film.yaml", CAST)
    on_its_way(house, studio)
    studio.write("short.yaml", CAST.replace("opens", "shuts"))
    stopped = studio.run("run", "short.yaml", "--yes", code=8)
    assert "ordered for film and not collected: run film" in stopped.out
    assert house.paid == ["task_01"]
    studio.run("run", "film.yaml", "--yes")
    studio.run("run", "short.yaml", "--yes")
    assert house.paid == ["task_01", "task_02", "task_03"]  # the keeper, and two shots with him


def test_a_run_whose_state_folder_is_deleted_sends_no_more(house: Shaky, studio: Studio) -> None:
    house.creates = ["late"]
    process = subprocess.Popen(
        [sys.executable, "-m", "sorapipe", "run", "film.yaml", "--yes"], cwd=studio.folder, env=studio.environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert house.arrived.wait(20)
    shutil.rmtree(studio.state)
    house.release.set()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 11, out + err
    assert "was deleted or replaced while the run went on" in out + err
    assert "sorapipe adopt film.yaml cliff task_01" in out + err
    assert house.paid == ["task_01"]
    studio.run("run", "film.yaml", "--yes")  # the lock has the id
    assert house.paid == ["task_01", "task_02"]
    assert states(studio, "film") == ["done", "done"]


def test_a_task_is_not_asked_for_with_the_key_of_another_account(house: Shaky, studio: Studio) -> None:
    house.creates = ["lost"]
    studio.run("run", "film.yaml", "--yes", code=9)
    profile(house.profile() + "account: other\n")
    house.asked.clear()
    refused = studio.run("adopt", "film.yaml", "cliff", "task_01", code=6)
    assert "it was ordered with no account named, and the profile `house` names `other` now" in refused.err
    assert "resubmit" not in refused.err
    assert house.asked == []
    profile(house.profile())
    studio.run("adopt", "film.yaml", "cliff", "task_01")
    assert house.paid == ["task_01", "task_02"]


def test_a_task_that_is_sold_twice_is_one_take_and_no_other(
    house: Shaky, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def order(_: bytes) -> str:
        house.paid.append("task_01")
        return "task_01"

    monkeypatch.setattr(house, "order", order)
    ended = studio.run("run", "film.yaml", "--yes", code=12)
    assert "another take has its task `task_01` too" in ended.out
    assert states(studio, "film") == ["done", "suspect"]
    studio.run("run", "film.yaml", "--yes", code=12)
    studio.run("fetch", "film.yaml", code=12)
    assert states(studio, "film") == ["done", "suspect"]
    assert len(house.paid) == 2


def test_a_folder_that_is_moved_before_its_first_lock_is_remembered(house: Shaky, studio: Studio) -> None:
    house.creates = ["held"]
    process = subprocess.Popen(
        [sys.executable, "-m", "sorapipe", "run", "film.yaml", "--yes"], cwd=studio.folder, env=studio.environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert house.arrived.wait(20)
    process.kill()
    process.wait()
    house.release.set()
    assert not studio.lock("film")
    here = studio.folder
    there = here.rename(here.with_name("moved"))
    said = replace(studio, folder=there).run("plan", "film.yaml").err
    assert f"orders of `{here / 'film.yaml'}`, which is gone, are still open" in " ".join(said.split())

    there.rename(here)
    studio.run("run", "film.yaml", "--yes", code=9)
    here.rename(there)
    replace(studio, folder=there).run("adopt", "film.yaml", "cliff", "task_01")
    assert house.paid == ["task_01"] + ["task_02"] * (len(house.paid) - 1)
    assert "still open" not in replace(studio, folder=there).run("plan", "film.yaml").err


def test_what_a_neighbour_orders_while_a_person_thinks_is_not_bought_twice(house: Shaky, studio: Studio) -> None:
    studio.write("short.yaml", FILM)
    master, slave = pty.openpty()
    thinking = subprocess.Popen(
        [sys.executable, "-m", "sorapipe", "run", "short.yaml"], cwd=studio.folder, stdin=slave, stderr=slave,
        env=studio.environment() | {"TERM": "dumb"}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(slave)
    shown = b""
    while b"[y/N]" not in shown:
        shown += os.read(master, 65536)
    on_its_way(house, studio)
    os.write(master, b"y\n")
    assert thinking.wait(60) == 10
    shown = os.read(master, 65536)
    os.close(master)
    assert b"another run has changed what is to be done; nothing was sent" in b" ".join(shown.split())
    assert house.paid == ["task_01", "task_02"]
