"""A film studio for tests: a folder with a storyboard, the real command line, the simulator's books; no shortcuts."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples" / "manifests"


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
        done = subprocess.run(
            [sys.executable, "-m", "sorapipe", *words],
            cwd=self.folder,
            env=self.environment() | environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        result = Result(done.returncode, done.stdout, done.stderr)
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
