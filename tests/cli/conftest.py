"""The command line inside this process, and the studio for what needs processes of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.commands import FILM, Sorapipe
from studio import Result, Studio, opened

from sorapipe.cli.console import run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def film(here: Path) -> Path:
    """A folder with a storyboard."""
    (here / "storyboard.yaml").write_text(FILM)
    return here


@pytest.fixture
def sorapipe(capsys: pytest.CaptureFixture[str]) -> Iterator[Sorapipe]:
    """Runs the command line in this process and checks how it ended."""

    def call(*words: str, code: int = 0) -> Result:
        capsys.readouterr()
        ended = run(words)
        out, err = capsys.readouterr()
        assert ended == code, f"exit {ended}\n{out}\n{err}"
        return Result(ended, out, err)

    yield call


@pytest.fixture
def studio(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return opened(tmp_path, tmp_path_factory)
