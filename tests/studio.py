"""A film studio for tests: a folder with a storyboard, the real command line, the simulator's books; no shortcuts."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import canary
import pytest
import warm_start

EXAMPLES = Path(__file__).parents[1] / "examples" / "manifests"


def shelf(factory: pytest.TempPathFactory) -> Path:
    """The folder of canned clips of this run of the tests: each is encoded once and not once a test."""
    base = factory.getbasetemp()
    folder = (base.parent if base.name.startswith("popen-gw") else base) / "canned"  # shared by all workers
    folder.mkdir(exist_ok=True)
    return folder


def with_shelf(books: Path, canned: Path) -> Path:
    """A folder of books in which the canned clips are there already."""
    books.mkdir(parents=True, exist_ok=True)
    if not (books / "cache").exists():
        (books / "cache").symlink_to(canned)
    return books


@dataclass(frozen=True)
class Result:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, object]:
        return json.loads(self.out)


@dataclass
class Studio:
    """A folder to work in with a state folder of its own."""

    folder: Path
    state: Path
    simulator: str = "--latency 0.05 --clips canned"

    def copy(self, root: Path) -> Studio:
        """The same folders elsewhere, with what was done in this one. Its lock alone tells there which film it is."""
        shutil.copytree(self.folder, root / self.folder.name, symlinks=True)
        shutil.copytree(self.state, root / self.state.name, symlinks=True)
        return Studio(root / self.folder.name, root / self.state.name, self.simulator)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def example(self, *names: str) -> None:
        """Copies files or folders of the examples here."""
        for name in names:
            source = EXAMPLES / name
            if source.is_dir():
                shutil.copytree(source, self.folder / name, ignore=shutil.ignore_patterns("renders", "*.lock"))
            else:
                shutil.copy(source, self.folder / name)

    def environment(self) -> dict[str, str]:
        return os.environ | {"SORAPIPE_STATE_DIR": str(self.state), "SORAPIPE_SIMULATOR": self.simulator}

    def run(self, *words: str, code: int | None = 0, stdin: str = "", **environment: str) -> Result:
        """Runs `sorapipe` in its own process, without a terminal, and checks how it ended."""
        surroundings = self.environment() | environment
        canary.look_at(surroundings)
        result = Result(*warm_start.run(words, self.folder, surroundings, stdin))
        canary.listen(result.out, result.err)
        assert "Traceback" not in result.err, result.err
        assert code is None or result.code == code, f"exit {result.code}\n{result.out}\n{result.err}"
        return result

    def lock(self, name: str = "storyboard") -> list[dict[str, object]]:
        """The records of a lock file."""
        path = self.folder / f"{name}.lock"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def ledger(self, kind: str = "charge") -> list[dict[str, object]]:
        """What the simulator's own books say, without asking the client."""
        books = next(iter(sorted((self.state / "simulator").glob("*.sqlite*"))), None)
        if books is None:
            return []
        with sqlite3.connect(f"file:{books}?mode=ro", uri=True) as base:
            base.row_factory = sqlite3.Row
            return [dict(row) for row in base.execute("select * from ledger where kind = ? order by rowid", (kind,))]

    def snapshot(self) -> dict[str, tuple[int, int, bytes]]:
        """Every file of the folder and of the state folder: time of change, inode, bytes."""
        return {
            str(path): (path.stat().st_mtime_ns, path.stat().st_ino, path.read_bytes())
            for top in (self.folder, self.state)
            for path in sorted(top.rglob("*"))
            if path.is_file()
        }


def opened(root: Path, factory: pytest.TempPathFactory) -> Studio:
    """A studio with an empty folder, under `root`."""
    (root / "film").mkdir()
    with_shelf(root / "state" / "simulator", shelf(factory))
    return Studio(root / "film", root / "state")


_STAGED: dict[Callable[[Studio], None], Studio] = {}


def staged(play: Callable[[Studio], None], root: Path, factory: pytest.TempPathFactory) -> Studio:
    """A studio, under `root`, in which `play` has happened: it happens once, and each test has a copy."""
    if play not in _STAGED:
        studio = opened(factory.mktemp("staged"), factory)
        play(studio)
        _STAGED[play] = studio
    return _STAGED[play].copy(root)
