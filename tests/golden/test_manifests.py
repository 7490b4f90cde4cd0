"""Every manifest of the folders `bad` and `warned` is told exactly what the text beside it says.

A case is a file `NAME.yaml` with `NAME.txt`, or a folder with `storyboard.yaml` and `expected.txt`. What is in `bad` is
refused, what is in `warned` is not. `SORAPIPE_REWRITE=1` writes the texts anew: read every line before it is committed.
"""

from __future__ import annotations

import os
import re
from itertools import pairwise
from pathlib import Path

import pytest

from sorapipe.cli.console import run

HERE = Path(__file__).parent
FOLDERS = {"bad": 3, "warned": 0}
CASES = [
    case
    for name in FOLDERS
    for case in sorted([*(HERE / name).glob("*.yaml"), *(HERE / name).glob("*/storyboard.yaml")])
]


def expectation(case: Path) -> Path:
    return case.parent / "expected.txt" if case.name == "storyboard.yaml" else case.with_suffix(".txt")


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.relative_to(HERE)))
def test_a_manifest_is_told_this(
    case: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = HERE / case.relative_to(HERE).parts[0]
    monkeypatch.chdir(folder)
    code = run(["validate", str(case.relative_to(folder))])
    said = capsys.readouterr()
    text = f"exit {code}\n{said.out}{said.err}"
    if os.environ.get("SORAPIPE_REWRITE"):
        expectation(case).write_text(text)
    assert text == expectation(case).read_text()
    assert code == FOLDERS[folder.name]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.relative_to(HERE)))
def test_the_text_suits_a_terminal(case: Path) -> None:
    """No control character gets through, no hint is wider than a line, every caret stands under its excerpt."""
    lines = expectation(case).read_text().split("\n")
    assert all(line.isprintable() for line in lines)
    assert all(len(line) <= 100 for line in lines if line.startswith("hint: "))
    for above, line in pairwise(lines):
        if re.fullmatch(r" +\| +\^+", line):
            assert re.match(r" *\d+ \| ", above)


def test_there_are_many() -> None:
    assert len(CASES) >= 200
    texts = {path for name in FOLDERS for path in (*(HERE / name).glob("*.txt"), *(HERE / name).glob("*/expected.txt"))}
    assert texts == {expectation(case) for case in CASES}
