"""What people type first is answered with what they meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from click import Command, Context

from sorapipe.cli.console import run
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.group import sorapipe as root
from sorapipe.cli.verbs import LATER, SYNONYMS, VERBS


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        (["render", "a.yaml", "storm"], "sorapipe run a.yaml storm"),
        (["apply"], "sorapipe run"),
        (["retake", "stairs"], "sorapipe roll stairs"),
        (["circle", "stairs", "2"], "sorapipe pick stairs 2"),
        (["lint"], "sorapipe validate"),
        (["new", "skerry"], "sorapipe init skerry"),
        (["ls"], "sorapipe status"),
        (["cost"], "sorapipe plan"),
        (["rnu"], "did you mean `sorapipe run`?"),
        (["valdate", "x.yaml"], "did you mean `sorapipe validate x.yaml`?"),
        (["film.yaml", "storm"], "sorapipe run film.yaml storm"),
        (["run", "--dry-run"], "`sorapipe plan`"),
        (["run", "x.yaml", "--dry-run", "storm"], "`sorapipe plan x.yaml storm`"),
        (["run", "--force", "storm"], "`sorapipe roll storm`"),
        (["run", "--only", "storm"], "`sorapipe run storm`"),
        (["plan", "--only=storm"], "`sorapipe plan storm`"),
        (["run", "--var", "a=b"], "include: [storyboard.yaml]"),
        (["plan", "--env", "a=b"], "write a small file that includes the first"),
        (["run", "--api-key", "k"], "environment variable"),
    ],
)
def test_a_wrong_first_try_is_answered(
    typed: list[str], hint: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(typed) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("error: ")
    assert hint in err


@pytest.mark.parametrize("verb", [*LATER, "open", "view"])
def test_what_is_not_there_yet_is_said_plainly(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([verb, "x"]) == 2
    assert "not in this version" in capsys.readouterr().err


def test_no_help_lists_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    listed = {line.split()[0] for line in out.splitlines() if line.startswith("  ") and line.split()}
    assert set(VERBS) <= listed
    assert not listed & set(LATER)


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_every_verb_has_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([verb, "--help"]) == 0
    out = capsys.readouterr().out
    assert "Example" in out
    assert f"sorapipe {verb}" in out


@pytest.mark.parametrize("verb", VERBS)
def test_the_table_says_what_the_verb_says(verb: str) -> None:
    command: Command | None = root.get_command(Context(root), verb)
    assert isinstance(command, VerbCommand)
    assert command.short_help == VERBS[verb].line


def test_every_synonym_leads_to_a_verb() -> None:
    for meant in SYNONYMS.values():
        assert meant.split()[0] in {*VERBS, *LATER, "--version", "--help"}


def test_no_words_show_the_help_and_are_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert "Usage" in err


def test_a_library_message_is_in_our_style(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "--fomat", "json"]) == 2
    assert capsys.readouterr().err.startswith("error: no such option `--fomat`")
