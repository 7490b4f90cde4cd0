"""Completion knows verbs, shots and takes from the text alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli.commands import Sorapipe

from sorapipe.cli.completion import shots, takes

LOCK = """\
{"address":"stairs","kind":"attempt","take":1,"token":"a"}
{"address":"stairs","kind":"attempt","take":2,"token":"b"}
{"address":"storm[lens=wide,weather=fog]","kind":"attempt","take":1,"token":"c"}
"""


def complete(words: str, folder: Path) -> list[str]:
    code = "from sorapipe.cli.console import main; main()"
    environment = os.environ | {
        "_SORAPIPE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert not done.stderr
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_shots_are_found_and_scenes_are_not(film: Path) -> None:
    assert shots(film / "storyboard.yaml") == ["cliff", "boat", "landing", "stairs", "storm"]


def test_inline_shots_and_included_files_are_found(here: Path) -> None:
    (here / "storyboard.yaml").write_text(
        "sorapipe: 1\ninclude: [more.yaml]\nscenes:\n  - {id: s, shots: [{id: one, prompt: x}]}\n"
    )
    (here / "more.yaml").write_text("shots:\n  - {id: two, prompt: x}\n  - prompt: y\n    id: three\n")
    assert {"one", "two", "three"} <= set(shots(here / "storyboard.yaml"))


def test_cells_and_takes_come_from_the_lock(film: Path) -> None:
    (film / "storyboard.lock").write_text(LOCK)
    assert "storm/wide/fog" in shots(film / "storyboard.yaml")
    assert takes(film / "storyboard.yaml", "stairs") == ["t01", "t02"]
    assert takes(film / "storyboard.yaml", "storm/fog") == ["t01"]


def test_the_shell_is_answered(film: Path) -> None:
    (film / "storyboard.lock").write_text(LOCK)
    assert complete("sorapipe ru", film) == ["run"]
    assert complete("sorapipe roll st", film) == ["stairs", "storm", "storm/wide/fog", "storyboard.yaml", "state:"]
    assert complete("sorapipe pick stairs ", film) == ["t01", "t02"]


def test_storyboards_scenes_tags_and_providers_are_completed(film: Path) -> None:
    text = (film / "storyboard.yaml").read_text().replace("id: cliff\n", "id: cliff\n        tags: [hero, dawn]\n")
    (film / "tram.yaml").write_text(text)
    (film / "storyboard.yaml").unlink()
    assert complete("sorapipe plan t", film) == ["tram.yaml", "tag:"]
    assert complete("sorapipe plan tram.yaml scene:", film) == ["scene:shore", "scene:tower"]
    assert complete("sorapipe plan scene : t", film) == ["tower"]
    assert complete("sorapipe plan tag:h", film) == ["tag:hero"]
    assert complete("sorapipe run --provider sg", film) == ["sglang"]
    assert complete("sorapipe providers sh", film) == ["show"]
    assert complete("sorapipe providers c", film) == ["check"]
    assert complete("sorapipe providers check ru", film) == ["ruxa"]
    assert complete("sorapipe credits tr", film) == ["tram.yaml"]
    assert complete("sorapipe providers show ", film)[:2] == ["kie", "litellm"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_printed(shell: str, sorapipe: Sorapipe) -> None:
    assert "_SORAPIPE_COMPLETE" in sorapipe("completion", shell).out
