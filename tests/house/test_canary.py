"""The check that no key is written or said can fail: each way in which one could get out is found."""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import canary
import pytest

TESTS = Path(__file__).parents[1]
KEY = canary.key("abcdef0123456789")
WAYS: dict[str, bytes] = {
    "plain": b"Authorization: Bearer " + KEY.encode(),
    "json": json.dumps({"headers": {"authorization": KEY}}).encode(),
    "base64": base64.b64encode(KEY.encode()),
    "base64-one-later": base64.b64encode(b"x" + KEY.encode()),
    "base64-two-later": base64.b64encode(b"Basic" + KEY.encode()),
    "hex": KEY.encode().hex().encode(),
    "wide": KEY.encode("utf-16-le"),
    "turned": KEY.encode()[::-1],
    "at-the-end-of-much": b"\0" * (9 << 20) + KEY.encode(),
    "across-two-pieces": b"\0" * ((8 << 20) - 5) + KEY.encode(),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is gone before the session's own look."""
    return tmp_path / "looked through"


@pytest.fixture(autouse=True)
def tidy(folder: Path) -> object:
    folder.mkdir()
    yield
    shutil.rmtree(folder)


@pytest.mark.parametrize("way", WAYS)
def test_a_key_in_a_file_is_found(folder: Path, way: str) -> None:
    (folder / "deep" / "below").mkdir(parents=True)
    (folder / "deep" / "below" / "file").write_bytes(b"harmless " + canary.MARK.encode()[:-1])
    assert canary.traces(folder) == []
    (folder / "deep" / "below" / "other").write_bytes(WAYS[way])
    assert canary.traces(folder) == [str(folder / "deep" / "below" / "other")]


def test_a_key_in_a_name_in_a_link_and_in_a_database_is_found(folder: Path) -> None:
    (folder / f"x-{KEY}").mkdir()
    (folder / "link").symlink_to(f"/nowhere/{KEY}")
    with closing(sqlite3.connect(folder / "books.sqlite")) as books:
        books.execute("CREATE TABLE requests (headers TEXT)")
        books.execute("INSERT INTO requests VALUES (?)", (KEY,))
        books.commit()
    assert {Path(one).name for one in canary.traces(folder)} == {f"x-{KEY}", "link", "books.sqlite"}


def test_only_a_users_own_file_of_keys_may_hold_one(folder: Path) -> None:
    for name in ("config", "film"):
        (folder / name).mkdir()
        (folder / name / "keys").write_text(f"HOUSE_API_KEY={KEY}\n")
    assert canary.traces(folder) == [str(folder / "film" / "keys")]


@pytest.mark.parametrize("name", ["HOUSE_API_KEY", "KEY", "AUTH_TOKEN", "A_SECRET"])
def test_a_key_without_the_mark_is_noticed(name: str) -> None:
    assert canary.unmarked({name: "sk-1"}) == [name]
    assert canary.unmarked({name: KEY, "KEYBOARD": "us", "PATH": "/bin"}) == []
    assert canary.unmarked({name: ""}) == canary.unmarked({name: "two words"}) == []


HEAD = "import os, subprocess, sys\nimport canary, studio, warm_start\nKEY = canary.key()\n"
TESTS_THAT_TELL = {
    "file": "def test(tmp_path):\n    (tmp_path / 'x').write_text(KEY)\n",
    "module-file": "def test(tmp_path_factory):\n    (tmp_path_factory.mktemp('m') / 'x').write_text(KEY)\n",
    "home": "def test():\n    open(os.path.join(os.environ['TMPDIR'], 'x'), 'w').write(KEY)\n",
    "print": "def test():\n    print(KEY)\n",
    "stderr": "def test():\n    print(KEY, file=sys.stderr)\n",
    "captured": "def test(capsys):\n    print(KEY)\n    capsys.readouterr()\n",
    "child": "def test():\n    subprocess.run([sys.executable, '-c', f'print({KEY!r})'], capture_output=True)\n",
    "command": "def test(tmp_path, monkeypatch):\n    monkeypatch.setattr(warm_start, 'run', lambda *_: (0, KEY, ''))\n"
    "    studio.Studio(tmp_path, tmp_path).run('plan')\n",
    "unmarked-command": "def test(tmp_path):\n"
    "    studio.Studio(tmp_path, tmp_path).run('plan', code=None, HOUSE_API_KEY='sk-1')\n",
    "unmarked": "def test(monkeypatch):\n    monkeypatch.setenv('HOUSE_API_KEY', 'sk-1')\n",
    "unmarked-child": "def test():\n    subprocess.run(['true'], env={'HOUSE_API_KEY': 'sk-1'})\n",
}
SILENT = (
    "def test(monkeypatch, tmp_path):\n    monkeypatch.setenv('HOUSE_API_KEY', KEY)\n    (tmp_path / 'x').touch()\n"
)


def _session(folder: Path, test: str, *options: str) -> int:
    """The exit code of a session of its own with one test, which has the same surroundings as all of ours."""
    (folder / "test_it.py").write_text(HEAD + test)
    shutil.copy(TESTS / "conftest.py", folder / "conftest.py")
    (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = {TESTS}\n")
    words = [sys.executable, "-m", "pytest", "-q", "--show-capture=no", "--tb=no", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*words, f"--basetemp={folder / 'base'}", *options, "test_it.py"], cwd=folder, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    assert done.returncode == 0 or "key" in done.stdout or "FAILED" in done.stdout
    return done.returncode


@pytest.mark.parametrize("way", TESTS_THAT_TELL)
def test_a_session_in_which_a_key_gets_out_fails(folder: Path, way: str) -> None:
    assert _session(folder, TESTS_THAT_TELL[way]) == 1


def test_a_session_in_which_none_does_passes(folder: Path) -> None:
    assert _session(folder, SILENT) == 0


@pytest.mark.parametrize("way", ["file", "print"])
def test_workers_tell_what_they_found(folder: Path, way: str) -> None:
    assert _session(folder, TESTS_THAT_TELL[way], "-n", "1") == 1
