"""`init` writes a storyboard that is right, and overwrites nothing."""

from __future__ import annotations

from pathlib import Path

from cli.commands import Sorapipe


def test_the_new_storyboard_is_right_and_teaches(here: Path, sorapipe: Sorapipe) -> None:
    sorapipe("init", "skerry")
    text = (here / "skerry/storyboard.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=storyboard.schema.json\n")
    assert (here / "skerry/storyboard.schema.json").exists()
    assert "nothing wrong" in sorapipe("validate", "skerry/storyboard.yaml").out
    assert (here / "skerry/.gitattributes").read_text().endswith("\n*.lock merge=sorapipe text eol=lf\n")
    assert "renders/\n" in (here / "skerry/.gitignore").read_text()
    assert ".lock" not in (here / "skerry/.gitignore").read_text().replace("the lock", "")


def test_nothing_is_overwritten(here: Path, sorapipe: Sorapipe) -> None:
    sorapipe("init")
    (here / "storyboard.yaml").write_text("mine")
    result = sorapipe("init")
    assert not result.out
    assert "`storyboard.yaml` is there already and stays as it is; nothing is missing beside it" in result.err
    assert (here / "storyboard.yaml").read_text() == "mine"


def test_beside_a_storyboard_only_what_is_missing_is_written(here: Path, sorapipe: Sorapipe) -> None:
    (here / "tram.yaml").write_text("sorapipe: 1\nshots: [{id: a, prompt: x}]\n")
    (here / ".gitignore").write_text("renders/\n")
    result = sorapipe("init")
    assert result.out.splitlines() == ["storyboard.schema.json", ".gitattributes"]
    assert "*.lock merge=sorapipe text eol=lf\n" in (here / ".gitattributes").read_text()
    assert "`tram.yaml` is there already" in result.err
    assert "sorapipe init NAME" in result.err
    assert "next: sorapipe plan tram.yaml" in result.err
    assert not (here / "storyboard.yaml").exists()
    sorapipe("init", "second")
    assert (here / "second/storyboard.yaml").exists()


def test_what_git_is_told_already_stays(here: Path, sorapipe: Sorapipe) -> None:
    (here / ".gitignore").write_text("*.tmp")
    (here / ".gitattributes").write_text("*.lock merge=sorapipe text eol=lf\n")
    sorapipe("init")
    assert (here / ".gitignore").read_text().startswith("*.tmp\n")
    assert "renders/" in (here / ".gitignore").read_text()
    assert (here / ".gitattributes").read_text() == "*.lock merge=sorapipe text eol=lf\n"
