"""Keys come from the environment or from the user's own file that nobody else can read, and are shown nowhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import canary
import pytest
from cli.commands import Sorapipe

from sorapipe.state.keys import read_keys

PROFILE = """\
extends: simulator
embedded: false
rehearsal: false
base_url: https://api.example.org
key_env: HOUSE_SECRET_KEY
"""
NAME = "HOUSE_SECRET_KEY"


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, film: Path) -> Iterator[Path]:
    """The user's file of keys, with a profile beside it that asks for one."""
    config = tmp_path / "config"
    (config / "providers").mkdir(parents=True)
    (config / "providers" / "house.yaml").write_text(PROFILE)
    monkeypatch.setenv("SORAPIPE_CONFIG_DIR", str(config))
    monkeypatch.delenv(NAME, raising=False)
    path = config / "keys"
    yield path
    path.unlink(missing_ok=True)  # it is the user's own: the one file that may hold a key


def write(path: Path, text: str, mode: int = 0o600) -> None:
    path.write_text(text)
    path.chmod(mode)


@pytest.mark.parametrize(
    "line", ["{}={}", "export {}={}", '{} = "{}"', "# mine\n\n{}='{}'\nOTHER=x", '{} = "{}" # mine']
)
def test_a_key_is_taken_from_a_file_that_only_its_owner_reads(keys: Path, sorapipe: Sorapipe, line: str) -> None:
    write(keys, line.format(NAME, canary.key()) + "\n")
    listed = sorapipe("providers").out
    assert "key is set" in next(one for one in listed.splitlines() if one.split()[0] == "house")
    assert f"{NAME} is set" in sorapipe("doctor", "--provider", "house").out


def test_without_one_both_ways_to_give_it_are_named(keys: Path, sorapipe: Sorapipe) -> None:
    err = sorapipe("run", "storyboard.yaml", "--provider", "house", "--yes", code=6).err
    assert f"`{NAME}` is not set" in err
    assert f"export {NAME}=" in err
    assert str(keys) in err


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(keys: Path, sorapipe: Sorapipe, mode: int) -> None:
    write(keys, f"{NAME}={canary.key()}\n", mode)
    err = sorapipe("run", "storyboard.yaml", "--provider", "house", "--yes", code=6).err
    assert "can be read by others" in err
    assert f"chmod 600 {keys}" in err
    assert "can be read by others" in sorapipe("doctor", "--provider", "house", code=6).out
    assert "key not set" in sorapipe("providers").out


def test_a_link_a_pipe_and_a_folder_are_refused(keys: Path, sorapipe: Sorapipe) -> None:
    run = ("run", "storyboard.yaml", "--provider", "house", "--yes")
    elsewhere = keys.with_name("elsewhere")
    write(elsewhere, "A=b\n")
    keys.symlink_to(elsewhere)
    err = sorapipe(*run, code=6).err
    assert f"`{keys}` is a symbolic link" in err and "hint: put the file itself there" in err
    keys.unlink()
    os.mkfifo(keys, 0o600)
    assert "not a regular file" in sorapipe(*run, code=6).err
    keys.unlink()
    keys.mkdir(mode=0o700)
    assert "not a regular file" in sorapipe(*run, code=6).err
    keys.rmdir()


def test_a_line_that_is_none_is_named_and_not_shown(keys: Path, sorapipe: Sorapipe) -> None:
    write(keys, f"A=b\n{canary.key()}\n")
    err = sorapipe("run", "storyboard.yaml", "--provider", "house", "--yes", code=6).err
    assert "line 2: it is not `NAME=SECRET`" in err


def test_the_environment_comes_first(keys: Path, sorapipe: Sorapipe, monkeypatch: pytest.MonkeyPatch) -> None:
    write(keys, f"{NAME}={canary.key('from-the-file')}\n", 0o644)  # not even looked at
    monkeypatch.setenv(NAME, canary.key("from-the-environment"))
    assert f"{NAME} is set" in sorapipe("doctor", "--provider", "house").out


@pytest.mark.parametrize(
    ("text", "kept"),
    [("ab#c", "ab#c"), ("ab # mine", "ab"), ("'a b' # mine", "a b"), ("'a#b'", "a#b"), ('"ab', '"ab'), ("# none", "")],
)
def test_a_remark_is_no_part_of_a_key(keys: Path, text: str, kept: str) -> None:
    write(keys, f"NAME={text}\n")
    assert read_keys(keys) == {"NAME": kept}
