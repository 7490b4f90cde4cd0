"""Where and how sorapipe is started: folders, streams, locales and variables that somebody has prepared badly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from attacks.stage import FILM, Stage

from sorapipe.state.workspace import Workspace

MODULES = ("sorapipe", "uvicorn", "starlette", "sqlite3", "av", "asyncio", "encodings", "sitecustomize")
START = "import sys; from sorapipe.__main__ import main; sys.argv[0] = 'sorapipe'; main()"


def _started(
    stage: Stage, line: str, environment: Mapping[str, str | None] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """`sorapipe` as a process of its own; `line` is what stands behind it in a shell."""
    merged = {name: value for name, value in (os.environ | dict(environment or {})).items() if value is not None}
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -P -c "$1" {line}', sys.executable, START],
        cwd=cwd or stage.folder, env=merged, capture_output=True, timeout=30, check=False,
    )  # fmt: skip


def test_modules_in_the_films_folder_are_never_run(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator is a process of its own that begins in the folder we stand in: a cloned one may hold anything.

    The state folder lies inside of the film's for once.
    """
    stage.film()
    for name in MODULES:
        (stage.folder / f"{name}.py").write_text(f"open({str(stage.folder / 'PWNED')!r}, 'w')\nraise SystemExit(3)\n")
    monkeypatch.setenv("SORAPIPE_STATE_DIR", str(stage.folder / "state"))
    stage.run("run", "--yes", code=0)
    assert not (stage.folder / "PWNED").exists()
    assert "nothing to do" in stage.run("run", "--yes", code=0).out


def test_shown_help_of_the_simulator_runs_no_module_either(stage: Stage) -> None:
    (stage.folder / "sorapipe.py").write_text(f"open({str(stage.folder / 'PWNED')!r}, 'w')\n")
    found = _started(stage, "simulator serve --help")
    assert (found.returncode, b"--books" in found.stdout) == (0, True)
    assert not (stage.folder / "PWNED").exists()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("plan >&-", 0),
        ("plan >&- 2>&- <&-", 0),
        ("plan >/dev/full", 11),
        ("plan >/dev/full 2>/dev/full", 11),
        ("plan nobody 2>&-", 2),
        ("plan --provider ../x 2>/dev/full", 11),
    ],
)
def test_streams_that_are_closed_or_full(stage: Stage, line: str, code: int) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no such device here")
    stage.film()
    found = _started(stage, line)
    assert b"Traceback" not in found.stderr
    assert found.returncode == code


def test_a_reader_that_leaves_is_no_bug(stage: Stage) -> None:
    stage.film("sorapipe: 1\nshots:\n" + "".join(f"  - {{id: s{n}, prompt: p{n}}}\n" for n in range(2_000)))
    words = [sys.executable, "-P", "-c", START, "plan"]
    with subprocess.Popen(words, cwd=stage.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) == 141


SURROUNDINGS: dict[str, dict[str, str | None]] = {
    "no-home": {"HOME": None, "SORAPIPE_STATE_DIR": None, "SORAPIPE_CONFIG_DIR": None, "XDG_STATE_HOME": None},
    "home-nowhere": {"HOME": "/nonexistent/x", "SORAPIPE_CONFIG_DIR": None, "XDG_CONFIG_HOME": None},
    "ascii": {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "no-colour": {"NO_COLOR": "1"},
    "colour": {"FORCE_COLOR": "1"},
    "narrow": {"COLUMNS": "1"},
    "negative": {"COLUMNS": "-5"},
    "endless": {"COLUMNS": "9" * 4_000},
    "no-terminal": {"TERM": None, "COLUMNS": "x"},
    "other-name": {"SORAPIPE_PROVIDER": ""},
}


@pytest.mark.parametrize("name", ["no-home", "home-nowhere", "ascii"])
def test_started_in_a_strange_place(stage: Stage, name: str) -> None:
    stage.film("sorapipe: 1\ntitle: 鯨 ● é\nshots: [{id: a, prompt: 鯨}]\n")
    for line in ("plan", "validate"):
        found = _started(stage, line, SURROUNDINGS[name])
        assert (found.returncode, found.stderr) == (0, b"")


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_variables_change_no_meaning(stage: Stage, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.film()
    for variable, value in SURROUNDINGS[name].items():
        if value is None:
            monkeypatch.delenv(variable, raising=False)
        else:
            monkeypatch.setenv(variable, value)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert json.loads(stage.run("plan", "--json", code=0).out)
    stage.run("plan", code=0)
    stage.run("status", code=0)


@pytest.mark.parametrize("place", ["a file", "/dev/null", "/proc/self/x", "\n"])
@pytest.mark.parametrize("which", ["SORAPIPE_STATE_DIR", "SORAPIPE_CONFIG_DIR"])
def test_folders_that_are_none(stage: Stage, place: str, which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.film()
    (stage.folder / "a file").write_text("")
    monkeypatch.setenv(which, place)
    stage.run("plan", code=11 if which == "SORAPIPE_STATE_DIR" and place in {"a file", "/dev/null"} else 0)


@pytest.mark.parametrize("options", ["'open", "--bogus", "; touch PWNED", "--help"])
def test_options_of_the_simulator_are_no_commands(stage: Stage, options: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.film()
    monkeypatch.setenv("SORAPIPE_SIMULATOR", options)
    stage.run("run", "--yes", code=2 if options == "'open" else 10)
    assert not (stage.folder / "PWNED").exists()
    assert not list(stage.folder.rglob("*.mp4"))


def test_a_second_run_at_once_sends_nothing(stage: Stage) -> None:
    path = stage.film()
    with Workspace.open(path).hold("the first"):
        assert "the first" in stage.run("run", "--yes", code=4).err
    stage.nothing_sent()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
@pytest.mark.parametrize("which", ["film", "state"])
def test_a_folder_that_is_read_only_is_known_before_anything_is_paid(stage: Stage, which: str) -> None:
    stage.film()
    stage.state.mkdir()
    folder = stage.folder if which == "film" else stage.state
    folder.chmod(0o555)
    try:
        stage.run("plan", code=0)
        stage.run("run", "--yes", code=11)
        stage.nothing_sent()
    finally:
        folder.chmod(0o755)


def test_a_full_disk_before_the_first_create_sends_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.film()
    (stage.state / "journals").mkdir(parents=True)
    monkeypatch.setenv("SORAPIPE_STATE_DIR", str(stage.state))
    (stage.folder / "renders").write_text("a file where the folder of clips should be")
    stage.run("run", "--yes", code=11)
    stage.nothing_sent()


@pytest.mark.parametrize("name", ["storyboard.yaml", "cast.yaml", "storyboard.lock"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_tab_waits_for_no_pipe(stage: Stage, name: str, kind: str) -> None:
    if name != "storyboard.yaml":
        stage.film(FILM + "include: [cast.yaml]\n")
    if kind == "pipe":
        os.mkfifo(stage.folder / name)
    else:
        (stage.folder / name).symlink_to("/dev/zero")
    typed = {"COMP_WORDS": "sorapipe pick a ", "COMP_CWORD": "3", "_SORAPIPE_COMPLETE": "bash_complete"}
    assert _started(stage, "", typed).returncode in {0, 2}
