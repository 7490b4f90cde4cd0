"""Every signal at every moment, by the real command line: what ends, what is kept, and what the next run does.

Nothing here waits for luck: moments are lines of events, words on a terminal, and what stands in the provider's books.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from canary import sings
from studio import Studio

FILM = """\
sorapipe: 1
shots:
  - id: cliff
    prompt: A gull over the cliff.
  - id: boat
    prompt: A boat crosses grey water.
"""
HOUSE = """\
extends: simulator
about: a real one, for tests
embedded: false
rehearsal: false
base_url: "http://127.0.0.1:9"
key_env: HOUSE_API_KEY
"""
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
QUICK = "--latency 0.05 --clips canned"
SORAPIPE = [sys.executable, "-m", "sorapipe"]
SHOWN, HIDDEN = b"\x1b[?25h", b"\x1b[?25l"


@pytest.fixture
def film(studio: Studio) -> Studio:
    studio.write("storyboard.yaml", FILM)
    return studio


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.01)


def faults(studio: Studio, rule: str, latency: str = "0.05") -> None:
    path = studio.write("faults.yml", f"rules:\n  - {rule}\n")
    studio.simulator = f"--latency {latency} --clips canned --faults {path}"


def start(studio: Studio, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*SORAPIPE, "run", "storyboard.yaml", *words], cwd=studio.folder, env=studio.environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def hear(process: subprocess.Popen[str], event: str) -> None:
    """Reads events up to the first of a kind."""
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == event:
            return
    raise AssertionError(f"no event {event}: {process.stderr.read() if process.stderr else ''}")


def intents(studio: Studio) -> int:
    """How many creates were begun."""
    return sum(path.read_bytes().count(b'"kind":"intent"') for path in studio.state.glob("journals/*.jsonl"))


def goes_on(studio: Studio, code: int = 0) -> None:
    """The next run continues: everything that was paid is used, and nothing was paid twice."""
    before = len(studio.ledger())
    paid = {str(entry["task"]) for entry in studio.ledger()}
    known = {str(record.get("task")) for record in studio.lock() if record["kind"] == "attempt"}
    assert paid <= known, "a paid task is not in the lock"
    studio.simulator = QUICK
    studio.run("run", "storyboard.yaml", code=code)
    assert len(studio.ledger()) == 2 >= before
    clips = sorted(path.name for path in (studio.folder / "renders/storyboard").iterdir())
    assert clips == ["boat_t01.mp4", "cliff_t01.mp4"]


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err, err
    return out, err


@pytest.mark.parametrize("number", CODES)
def test_in_a_create_it_is_finished_and_kept(film: Studio, number: int) -> None:
    faults(film, "{call: create, when: {nth: 1}, what: {delay: 0.7}}")
    process = start(film, "--json")
    hear(process, "sending")
    process.send_signal(number)
    out, _ = ended(process)
    assert process.returncode == CODES[signal.Signals(number)]
    last = json.loads(out.splitlines()[-1])
    assert [len(tasks) for tasks in last["running"]] == [1]
    assert len(film.ledger()) == 1
    if number == signal.SIGINT:
        goes_on(film)


@pytest.mark.parametrize("number", CODES)
def test_while_polling_it_is_said_what_keeps_running(film: Studio, number: int) -> None:
    film.simulator = "--latency 30 --clips canned"
    process = start(film)
    assert process.stderr is not None
    while "sent" not in process.stderr.readline():
        pass
    process.send_signal(number)
    out, err = ended(process)
    assert process.returncode == CODES[signal.Signals(number)]
    assert "still running at the provider" in out, err
    paid = {str(entry["task"]) for entry in film.ledger()}
    assert paid <= {str(record.get("task")) for record in film.lock()}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_in_a_download_what_has_come_is_kept(film: Studio, number: int) -> None:
    faults(film, "{call: download, when: {nth: 1}, what: {drip: 30000}}")
    process = start(film, "--json")
    parts = film.folder / "renders/storyboard"
    until(lambda: any(path.stat().st_size for path in parts.glob(".[bc]*.part")), "some bytes of a clip")
    process.send_signal(number)
    ended(process)
    assert process.returncode == CODES[signal.Signals(number)]
    if number == signal.SIGINT:
        goes_on(film)


def test_twice_is_now_and_what_nobody_answered_is_uncertain(film: Studio) -> None:
    faults(film, "{call: create, when: {nth: 1}, what: {delay: 30}}")
    process = start(film, "--json")
    hear(process, "sending")
    until(lambda: intents(film), "an intent")
    process.send_signal(signal.SIGTERM)
    hear(process, "stopped")
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    ended(process)
    assert time.monotonic() - began < 15
    assert process.returncode == 143
    film.simulator = QUICK
    assert "uncertain" in film.run("status", "storyboard.yaml").out


def test_a_closing_terminal_sends_many_signals_and_they_count_once(film: Studio) -> None:
    faults(film, "{call: create, when: {nth: 1}, what: {delay: 2}}")
    process = start(film, "--json")
    hear(process, "sending")
    for _ in range(3):
        process.send_signal(signal.SIGHUP)
    ended(process)
    assert process.returncode == 129
    assert len(film.ledger()) == 1


def test_without_hangups_the_run_goes_on(film: Studio) -> None:
    film.simulator = "--latency 0.5 --clips canned"
    process = subprocess.Popen(
        ["nohup", *SORAPIPE, "run", "--json"], cwd=film.folder, env=film.environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    hear(process, "sent")
    process.send_signal(signal.SIGHUP)
    ended(process)
    assert process.returncode == 0


# Readers that leave.


def test_a_reader_of_events_that_leaves_ends_the_run_once_it_is_safe(film: Studio) -> None:
    process = start(film, "--json")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == 141
    assert process.stderr is not None
    assert process.stderr.read() == ""
    goes_on(film)


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("run 2>&1 >/dev/null | head -1", {141}),
        ("run | true", {0, 141}),
        ("plan | head -1", {0, 141}),
        ("plan --format json | true", {0, 141}),
        ("status --cost | true", {0, 141}),
        ("simulator faults | head -1", {0, 141}),
        ("simulator faults --json | true", {0, 141}),
        ("run >&- 2>&- <&-", {0}),
        ("plan >/dev/full", {11}),
    ],
)
def test_a_line_of_a_shell_ends_quietly(film: Studio, line: str, codes: set[int]) -> None:
    words = f"'{sys.executable}' -m sorapipe {line}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", words], cwd=film.folder, env=film.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode in codes, done
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert "BUG" not in done.stderr
    charges = film.ledger()
    assert len({entry["token"] for entry in charges}) == len(charges)
    known = {str(record.get("task")) for record in film.lock() if record["kind"] == "attempt"}
    assert {str(entry["task"]) for entry in charges} <= known


# A terminal.


@dataclass
class Terminal:
    """The far end of a terminal and the process that sits at it."""

    process: subprocess.Popen[bytes]
    end: int
    seen: bytearray = field(default_factory=bytearray)

    def read(self, seconds: float = 0.05) -> bool:
        """Takes what was written; whether there can be more."""
        if select.select([self.end], [], [], seconds)[0]:
            try:
                piece = os.read(self.end, 65536)
            except OSError:
                return False
            self.seen += piece
            return bool(piece)
        return True

    def wait_for(self, words: bytes) -> None:
        until(lambda: self.read() and words in self.seen, f"{words!r} in {bytes(self.seen)!r}")

    def wait(self) -> int:
        until(lambda: self.read() is None or self.process.poll() is not None, f"an end after {bytes(self.seen)!r}")
        while self.read(0.0) and select.select([self.end], [], [], 0.0)[0]:
            pass
        return self.process.returncode

    def close(self) -> None:
        """The window is closed."""
        os.close(self.end)
        self.end = -1

    @property
    def cursor(self) -> bool:
        """Whether it can be seen."""
        return self.seen.rfind(SHOWN) >= self.seen.rfind(HIDDEN)


@contextmanager
def terminal(studio: Studio, *words: str, controlling: bool = True) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()

    def take() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        [*SORAPIPE, "run", "storyboard.yaml", *words], cwd=studio.folder, stdin=theirs, stdout=theirs, stderr=theirs,
        env=studio.environment() | {"TERM": "xterm", "HOUSE_API_KEY": "canary-key-house"},
        preexec_fn=take if controlling else os.setpgrp,  # noqa: PLW1509 - this process has one thread here
    )  # fmt: skip
    os.close(theirs)
    far = Terminal(process, ours)
    try:
        yield far
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if far.end >= 0:
            os.close(far.end)
        assert not sings(bytes(far.seen))


@pytest.fixture
def house(film: Studio) -> Studio:
    """A real provider that nobody is to speak to."""
    folder = Path(os.environ["SORAPIPE_CONFIG_DIR"]) / "providers"
    folder.mkdir(parents=True)
    (folder / "house.yaml").write_text(HOUSE)
    return film


@pytest.mark.parametrize("how", ["^C", signal.SIGTERM, signal.SIGHUP, "closed", "^D"])
def test_at_the_question_nothing_is_sent_and_nothing_written(house: Studio, how: str | int) -> None:
    with terminal(house, "--provider", "house") as far:
        far.wait_for(b"Go on?")
        match how:
            case "closed":
                far.close()
                code = far.process.wait(60)
            case "^C" | "^D":
                os.write(far.end, b"\x03" if how == "^C" else b"\x04")
                code = far.wait()
            case int():
                far.process.send_signal(how)
                code = far.wait()
        assert code == {"^C": 130, "^D": 130, "closed": 129, signal.SIGTERM: 143, signal.SIGHUP: 129}[how]
        assert b"Traceback" not in far.seen
        assert far.cursor
    assert not (house.folder / "storyboard.lock").exists()
    assert not list(house.state.glob("journals/*"))


@pytest.mark.parametrize("how", ["^C", signal.SIGTERM])
def test_the_terminal_is_left_as_it_was(film: Studio, how: str | int) -> None:
    film.simulator = "--latency 30 --clips canned"
    with terminal(film) as far:
        far.wait_for(b"queued")
        assert not far.cursor
        if how == "^C":
            os.write(far.end, b"\x03")
        else:
            far.process.send_signal(signal.SIGTERM)
        assert far.wait() == (130 if how == "^C" else 143)
        assert far.cursor
        assert b"still running at the provider" in far.seen
        assert b"Traceback" not in far.seen


def test_a_terminal_that_is_closed_ends_the_run_once_it_is_safe(film: Studio) -> None:
    faults(film, "{call: create, when: {nth: 2}, what: {delay: 0.7}}", "30")
    with terminal(film) as far:
        until(lambda: far.read() and intents(film) == 2, "the second create")
        far.close()
        assert far.process.wait(60) == 129
    paid = {str(entry["task"]) for entry in film.ledger()}
    assert paid <= {str(record.get("task")) for record in film.lock()}
    assert len(paid) == 2


def test_a_run_that_is_put_aside_shows_the_cursor_and_goes_on_later(film: Studio) -> None:
    film.simulator = "--latency 1 --clips canned"
    with terminal(film, controlling=False) as far:
        far.wait_for(b"queued")
        far.process.send_signal(signal.SIGTSTP)
        _, status = os.waitpid(far.process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        while far.read(0.0) and select.select([far.end], [], [], 0.0)[0]:
            pass
        assert far.cursor
        far.process.send_signal(signal.SIGCONT)
        assert far.wait() == 0
        assert far.cursor
    assert len(film.ledger()) == 2
