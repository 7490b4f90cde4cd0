"""How a command ends: expected, interrupted, or with a bug report that holds no secret."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cli.commands import Sorapipe

from sorapipe.cli import bug, console
from sorapipe.cli.failures import Signalled


def break_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def verb(words: list[str]) -> int:
        raise error

    monkeypatch.setattr(console, "_verb", verb)


def test_a_bug_ends_with_1_and_a_report(monkeypatch: pytest.MonkeyPatch, sorapipe: Sorapipe) -> None:
    monkeypatch.setenv("HOUSE_API_KEY", "canary-key-0123")
    break_with(monkeypatch, RuntimeError("refused Bearer abcdef123 at https://u:p@example.org/x?sig=1 canary-key-0123"))
    err = sorapipe("run", "storm", code=1).err
    assert "this is a bug in sorapipe: RuntimeError" in err
    assert "command: sorapipe run storm" in err
    assert "Traceback" in err
    for secret in ("canary-key-0123", "abcdef123", "sig=1", "u:p@"):
        assert secret not in err


def test_the_home_folder_is_not_in_a_report() -> None:
    assert str(Path.home()) not in bug.redact(f"in {Path.home()}/film", {})


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (Signalled(15), 143), (Signalled(1), 129)])
def test_signals_have_their_codes(
    monkeypatch: pytest.MonkeyPatch, sorapipe: Sorapipe, error: BaseException, code: int
) -> None:
    break_with(monkeypatch, error)
    assert "Traceback" not in sorapipe("run", code=code).err


def test_a_disk_that_refuses_ends_with_11(monkeypatch: pytest.MonkeyPatch, sorapipe: Sorapipe) -> None:
    break_with(monkeypatch, PermissionError(13, "Permission denied", "/x/y"))
    assert sorapipe("run", code=11).err.startswith("error: `/x/y`: permission denied")


def test_a_broken_lock_ends_with_5_and_its_line(film: Path, sorapipe: Sorapipe) -> None:
    (film / "storyboard.lock").write_text("<<<<<<< ours\n")
    assert "storyboard.lock" in sorapipe("plan", code=5).err


def test_a_reader_that_leaves_is_no_error(film: Path) -> None:
    line = f"{sys.executable} -m sorapipe schema | head -c 10; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, cwd=film)
    assert done.stderr == ""
    assert done.returncode in {0, 141}


def test_version_and_help_import_little() -> None:
    for words, most in ((["--version"], set()), (["--help"], {"click"})):
        code = (
            "import sys\nfrom sorapipe.cli.console import run\n"
            f"run({words!r})\nprint(*sorted({{n.split('.')[0] for n in sys.modules}}), file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        foreign = set(done.stderr.split()) & {
            "click", "yaml", "jinja2", "httpx", "rich", "av", "PIL", "jsonschema", "filelock", "platformdirs", "json"
        }  # fmt: skip
        assert foreign <= most, (words, foreign)
