"""The verbs that buy and choose, on the simulator in its own process: run, roll, pick, ng, status; signals; consent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from studio import Studio, staged

BOARD = """\
sorapipe: 1
title: A film
shots:
  - id: stairs
    takes: 2
    prompt: He climbs the stairs.
  - id: after
    continues: stairs
    prompt: He looks back.
"""


def simulators() -> set[str]:
    """Process ids of simulators that this test run may have left behind."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"sorapipe.simulator" in words:
            found.add(f"{folder.name} {words}")
    return found


def ours(studio: Studio) -> set[str]:
    return {one for one in simulators() if str(studio.state) in one}


@pytest.fixture
def board(studio: Studio) -> Studio:
    studio.write("storyboard.yaml", BOARD)
    return studio


def played(studio: Studio) -> None:
    studio.write("storyboard.yaml", BOARD)
    studio.run("run")


@pytest.fixture
def rendered(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """The board after a run."""
    return staged(played, tmp_path, tmp_path_factory)


def test_a_fresh_init_runs_as_it_is(studio: Studio) -> None:
    studio.run("init", "skerry")
    result = studio.run("run", "skerry/storyboard.yaml")
    assert "6 takes done" in result.out
    assert "skerry/renders/storyboard/boat_t01.mp4" in result.out
    assert (studio.folder / "skerry/renders/storyboard/boat_t01.mp4").exists()
    before = studio.snapshot()
    assert "nothing to do" in studio.run("run", "skerry/storyboard.yaml").out
    assert studio.snapshot() == before
    assert not ours(studio)


def test_a_wait_for_a_pick_is_said_with_its_command_and_ends_with_0(board: Studio) -> None:
    out = board.run("run").out
    assert "sorapipe pick stairs" in out
    assert "2 takes done" in out
    again = board.run("run")
    assert "sorapipe pick stairs" in again.out


def test_a_command_names_the_storyboard_it_is_for(studio: Studio) -> None:
    studio.write("other.yaml", BOARD)
    studio.write("storyboard.yaml", BOARD)
    assert "sorapipe pick other.yaml stairs" in studio.run("run", "other.yaml").out


@pytest.mark.parametrize("take", ["2", "t02", "T2", "renders/storyboard/stairs_t02.mp4"])
def test_a_take_has_several_names(rendered: Studio, take: str) -> None:
    rendered.run("pick", *(["stairs"] if "/" not in take else []), take)
    status = rendered.run("status", "stairs").out
    assert "● t02" in status
    rendered.run("pick", "stairs", "--clear")
    assert "●" not in rendered.run("status", "stairs").out


def test_ng_and_clear(rendered: Studio) -> None:
    rendered.run("ng", "stairs", "1")
    assert "no good" in rendered.run("status").out
    rendered.run("ng", "stairs", "1", "--clear")
    assert "no good" not in rendered.run("status").out


def test_status_says_what_the_provider_calls_the_characters(studio: Studio) -> None:
    studio.write(
        "storyboard.yaml",
        """\
        sorapipe: 1
        characters:
          man: {url: "https://example.org/man.mp4", timestamps: [1, 3]}
          guest: {handles: {simulator: {username: fox.ember}}}
          lantern: {description: a brass lantern}
        shots:
          - {id: walk, prompt: "@man walks, @lantern in hand.", character_create: true}
        """,
    )
    assert "  @man    not made\n  @guest  as given  username fox.ember\n" in studio.run("status").out
    studio.run("run")
    out = studio.run("status").out
    data = json.loads(studio.run("status", "--json").out)
    man, guest = data["characters"]
    assert f"  @man    made      id {man['handle']['id']}, username {man['handle']['username']}\n" in out
    assert guest == {"id": "guest", "state": "as given", "handle": {"id": None, "username": "fox.ember"}}
    kept = data["shots"][0]["takes"][0]["character"]
    assert f"made a character: id {kept['id']}, username {kept['username']}\n" in out
    assert "@lantern" not in out


def test_a_take_that_is_not_there_is_an_error_that_lists_them(rendered: Studio) -> None:
    assert "it has t01 (in the film), t02: `sorapipe pick stairs 2`" in rendered.run("pick", "stairs", "7", code=2).err


def test_a_roll_adds_takes_with_a_note(rendered: Studio) -> None:
    rendered.run("roll", "stairs", "--takes", "2", "--note", "slower")
    assert {p.name for p in (rendered.folder / "renders/storyboard").glob("stairs*")} == {
        f"stairs_t0{take}.mp4" for take in (1, 2, 3, 4)
    }
    assert sum(record["kind"] == "note" and record["text"] == "slower" for record in rendered.lock()) == 2


def test_events_are_one_json_a_line_and_end_with_the_code(board: Studio) -> None:
    result = board.run("run", "--json")
    events = [json.loads(line) for line in result.out.splitlines()]
    assert {event["event"] for event in events} >= {"sending", "sent", "ended", "not_started", "finished"}
    assert events[-1] == events[-1] | {"event": "finished", "exit_code": 0, "done": 2, "spent": "20"}
    assert result.err == ""


def test_a_limit_sends_nothing_or_what_fits(board: Studio) -> None:
    refused = board.run("run", "--max-cost", "15", code=7)
    assert "--partial" in refused.err
    assert not board.ledger()
    board.run("run", "--max-cost", "15", "--partial", code=7)
    assert len(board.ledger()) == 1
    board.run("run", "--max-takes", "0", code=7)
    assert len(board.ledger()) == 1


def test_each_clip_is_named_once_in_the_end(board: Studio) -> None:
    result = board.run("run", "stairs")
    assert "stairs t01  done  0:0" in result.err
    assert ".mp4" not in result.err
    assert result.out.count("renders/storyboard/stairs_t01.mp4") == 1


def test_standard_output_has_no_colour_and_no_bars_without_a_terminal(board: Studio) -> None:
    result = board.run("run")
    assert "\x1b" not in result.out + result.err
    assert "━" not in result.err


def start(studio: Studio, *words: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sorapipe", *words], cwd=studio.folder, env=studio.environment() | environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for_line(process: subprocess.Popen[str], word: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if word in line:
            return
    raise AssertionError(f"no line with {word}")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_a_run_gracefully_and_the_next_goes_on(board: Studio, number: int, code: int) -> None:
    board.simulator = "--latency 4 --clips canned"
    process = start(board, "run")
    wait_for_line(process, "sent")
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code, out + err
    assert "Traceback" not in err
    assert "still running at the provider" in out
    assert out.count("interrupted") == 1
    assert "not started" in out
    assert "not started" not in err
    status = board.run("status").out
    assert "to collect (paid)" in status
    assert "sorapipe run" in status
    assert not ours(board)
    sent = len(board.ledger())
    board.simulator = "--latency 0.05 --clips canned"
    board.run("run")
    assert len(board.ledger()) == 2 >= sent


def test_two_signals_leave_at_once_and_leave_no_simulator(board: Studio) -> None:
    board.simulator = "--latency 30 --clips canned"
    process = start(board, "run")
    wait_for_line(process, "sent")
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert time.monotonic() - began < 10
    assert process.returncode == 130
    assert not ours(board)


def test_a_killed_run_leaves_no_simulator(board: Studio) -> None:
    board.simulator = "--latency 30 --clips canned"
    process = start(board, "run")
    wait_for_line(process, "sent")
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 10
    while ours(board) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not ours(board)


def test_a_second_run_is_told_who_holds_it(board: Studio) -> None:
    board.simulator = "--latency 30 --clips canned"
    process = start(board, "run")
    wait_for_line(process, "sent")
    err = board.run("roll", "stairs", code=4).err
    assert str(process.pid) in err
    assert "sorapipe run" in err
    assert "held by" in board.run("doctor").out
    status = board.run("status").out
    assert status.startswith(f"a run is on (pid {process.pid}, `sorapipe run`)\n")
    assert "\n      sorapipe run" not in status
    assert json.loads(board.run("status", "--json").out)["run"] == {"pid": process.pid, "command": "sorapipe run"}
    process.kill()
    process.communicate()


HOUSE = """\
extends: simulator
about: a real one, for tests
embedded: false
rehearsal: false
base_url: {url}
key_env: HOUSE_API_KEY
"""


@pytest.fixture
def house(board: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """The board with a provider that costs money and wants a key."""
    config = tmp_path / "config"
    (config / "providers").mkdir(parents=True)
    monkeypatch.setenv("SORAPIPE_CONFIG_DIR", str(config))
    process = start(board, "simulator", "serve", "--latency", "0.05", "--clips", "canned", "--key", "canary-key-house")
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["url"]
    (config / "providers/house.yaml").write_text(HOUSE.format(url=url))
    yield board
    process.terminate()
    process.communicate()


def test_a_real_provider_wants_a_key_and_a_yes(house: Studio) -> None:
    house.run("plan", "--provider", "house")
    missing = house.run("run", "--provider", "house", code=6).err
    assert "export HOUSE_API_KEY=" in missing
    key = {"HOUSE_API_KEY": "canary-key-house"}
    alone = house.run("run", "--provider", "house", code=2, **key).err
    assert "--max-cost" in alone
    assert "20 credits" in alone
    assert not house.ledger()
    house.run("run", "--provider", "house", "--yes", **key)
    assert len(house.ledger()) == 2
    result = house.run("status", "--provider", "house", **key)
    assert "canary-key" not in result.out + result.err
    for path in (*house.folder.rglob("*"), *house.state.rglob("*")):
        assert not path.is_file() or b"canary-key" not in path.read_bytes() or "simulator" in str(path)


def test_a_limit_is_a_yes(house: Studio) -> None:
    house.run("run", "--provider", "house", "--max-cost", "20", HOUSE_API_KEY="canary-key-house")
    assert len(house.ledger()) == 2


def test_a_refused_key_stops_the_run_with_6(house: Studio) -> None:
    result = house.run("run", "--provider", "house", "--yes", code=6, HOUSE_API_KEY="canary-key-wrong-12345")
    assert "Traceback" not in result.err
    assert not house.ledger()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
@pytest.mark.parametrize(("answer", "code", "bought"), [("n\n", 2, 0), ("y\n", 0, 2)])
def test_in_a_terminal_a_person_is_asked(house: Studio, answer: str, code: int, bought: int) -> None:
    ours_end, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "sorapipe", "run", "--provider", "house"], cwd=house.folder,
        env=house.environment() | {"HOUSE_API_KEY": "canary-key-house"}, stdin=theirs, stdout=theirs, stderr=theirs,
        close_fds=True,
    )  # fmt: skip
    os.close(theirs)
    shown, asked = b"", False
    while True:
        try:
            piece = os.read(ours_end, 65536)
        except OSError:
            break
        shown += piece
        if not asked and b"Go on?" in shown:
            asked = True
            os.write(ours_end, answer.encode())
        if not piece:
            break
    assert process.wait(30) == code, shown.decode()
    assert b"This buys 2 clips from house for 20 credits. Go on?" in shown
    assert b"to do this" not in shown
    assert b"error:" not in shown
    assert (b"nothing was sent" in shown) == (bought == 0)
    assert len(house.ledger()) == bought
