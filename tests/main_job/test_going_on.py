"""What a second run does: nothing, the rest, or just what was edited."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from studio import Studio, staged

FILM = """\
sorapipe: 1
title: A film
vars: {tone: wind}
defaults: {look: "35mm, soft light"}
shots:
  - id: cliff
    title: The cliff
    prompt: >-
      A gull hangs in the {{ vars.tone }} over
      the cliff.
  - id: boat
    prompt: A boat crosses grey water.
    use: {in: 0.5, out: 8}
  - id: landing
    continues: boat
    prompt: A man steps out of the boat.
"""


def played(studio: Studio) -> None:
    studio.write("storyboard.yaml", FILM)
    studio.run("run")
    assert len(studio.ledger()) == 3


@pytest.fixture
def film(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """The film after a run."""
    return staged(played, tmp_path, tmp_path_factory)


def edit(studio: Studio, old: str, new: str) -> None:
    text = (studio.folder / "storyboard.yaml").read_text()
    assert old in text
    studio.write("storyboard.yaml", text.replace(old, new))


REWRAPPED = """\
    prompt: >-
      A gull hangs
      in the {{ vars.tone }} over the cliff."""
TURNED = """\
    use: false
    prompt: "A boat crosses grey water."
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (FILM[FILM.index("    prompt: >-") : FILM.index("\n  - id: boat")], REWRAPPED),
        ("title: The cliff", "title: Another title"),
        ("title: A film", "title: Another film"),
        ("{in: 0.5, out: 8}", "{in: 1, out: 7, fade: 0.5}"),
        (FILM[FILM.index("    prompt: A boat") : FILM.index("  - id: landing")], TURNED),
        ("title: A film", "# a comment\ntitle: A film"),
        ("vars: {tone: wind}", "vars: {tone: wind, unused: words}"),
    ],
)
def test_what_does_not_change_the_picture_costs_nothing(film: Studio, old: str, new: str) -> None:
    edit(film, old, new)
    before = film.snapshot()
    film.run("run")
    assert film.snapshot() == before


def test_the_order_of_shots_costs_nothing(film: Studio) -> None:
    head, *shots = (film.folder / "storyboard.yaml").read_text().split("  - id: ")
    film.write("storyboard.yaml", head + "".join(f"  - id: {shot}" for shot in reversed(shots)))
    film.run("run")
    assert len(film.ledger()) == 3


def test_an_edited_prompt_renders_that_shot_again(film: Studio) -> None:
    edit(film, "vars: {tone: wind}", "vars: {tone: storm}")
    plan = film.run("plan", "--exit-code", code=20).out
    assert "cliff" in plan
    assert "prompt" in plan
    film.run("run")
    assert len(film.ledger()) == 4
    assert (film.folder / "renders/storyboard/cliff_t02.mp4").exists()
    assert (film.folder / "renders/storyboard/cliff_t01.mp4").exists()


def test_an_edited_parent_is_bought_but_never_the_cascade_unasked(film: Studio) -> None:
    edit(film, "grey water", "green water")
    film.run("run")
    assert len(film.ledger()) == 4
    assert "--cascade" in film.run("plan").out
    film.run("run", "--cascade")
    assert len(film.ledger()) == 5


def test_a_wiped_work_tree_gets_its_clips_and_its_lock_back(studio: Studio) -> None:
    played(studio)
    (studio.folder / "storyboard.lock").unlink()
    for clip in (studio.folder / "renders/storyboard").iterdir():
        clip.unlink()
    studio.run("run")
    assert len(studio.ledger()) == 3
    assert len(list((studio.folder / "renders/storyboard").glob("*.mp4"))) == 3


@pytest.mark.parametrize("charges", [1, 2])
def test_a_killed_run_goes_on_by_itself(studio: Studio, charges: int) -> None:
    studio.simulator = "--latency 0.4 --clips canned"
    studio.write("storyboard.yaml", FILM)
    process = subprocess.Popen(
        [sys.executable, "-m", "sorapipe", "run"],
        cwd=studio.folder,
        env=studio.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 30
    journals = studio.state / "journals"
    while time.monotonic() < deadline:
        written = b"".join(path.read_bytes() for path in journals.glob("*.jsonl")) if journals.exists() else b""
        if written.count(b"submitted") >= charges:
            break
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    studio.run("run", code=None)
    studio.run("run", code=None)
    ledger = studio.ledger()
    assert len({charge["token"] for charge in ledger}) == len(ledger) <= 3


def test_a_shot_that_fails_stops_its_children_and_nobody_else(studio: Studio) -> None:
    studio.write("storyboard.yaml", FILM.replace("grey water", "[moderated] water"))
    result = studio.run("run", code=8)
    assert "boat" in result.out + result.err
    assert (studio.folder / "renders/storyboard/cliff_t01.mp4").exists()
    assert not (studio.folder / "renders/storyboard/landing_t01.mp4").exists()
    spent = len(studio.ledger())
    assert "roll boat" in studio.run("plan").out
    studio.run("run", code=8)
    assert len(studio.ledger()) == spent


TAKES = """\
sorapipe: 1
shots:
  - id: stairs
    takes: 2
    prompt: A man climbs the stairs.
  - id: after
    continues: stairs
    prompt: He looks back.
"""


def test_what_depends_on_several_takes_waits_for_a_pick(studio: Studio) -> None:
    studio.write("storyboard.yaml", TAKES)
    result = studio.run("run")
    assert "sorapipe pick stairs" in result.out + result.err
    assert len(studio.ledger()) == 2
    studio.run("pick", "stairs", "2")
    studio.run("run")
    assert len(studio.ledger()) == 3
    (done,) = [r for r in studio.lock() if r.get("address") == "after" and r["kind"] == "attempt"]
    second = [r for r in studio.lock() if r.get("address") == "stairs" and r["kind"] == "attempt" and r["take"] == 2]
    assert done["inputs"] == {"stairs": second[0]["sha256"]}


def test_no_good_takes_are_left_out_and_a_roll_adds_one(studio: Studio) -> None:
    studio.write("storyboard.yaml", TAKES)
    studio.run("run")
    studio.run("ng", "stairs", "t01")
    studio.run("roll", "stairs")
    assert (studio.folder / "renders/storyboard/stairs_t03.mp4").exists()
    assert len(studio.ledger()) == 3
    status = studio.run("status").out
    assert "stairs" in status
    assert "t02" in status


def test_a_lock_that_is_spoilt_during_a_run_ends_with_5_and_the_run_is_told_all_the_same(studio: Studio) -> None:
    studio.simulator = "--latency 0.6 --clips canned"
    studio.write("storyboard.yaml", FILM)
    words = [sys.executable, "-m", "sorapipe", "run"]
    process = subprocess.Popen(words, cwd=studio.folder, env=studio.environment(), stdout=-1, stderr=-1, text=True)
    deadline = time.monotonic() + 30
    lock = studio.folder / "storyboard.lock"
    while not lock.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    lock.write_text("<<<<<<< HEAD\n=======\n>>>>>>> other\n")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 5, err
    assert "Traceback" not in err
    assert "cliff" in out
    lock.unlink()
    studio.run("run")
    assert len({charge["token"] for charge in studio.ledger()}) == len(studio.ledger()) == 3
