"""What all attacks share: the command line that is attacked, records of a hostile lock, and what may never be seen."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from studio import Result

from sorapipe.cli.console import run

FILM = "sorapipe: 1\nshots:\n  - id: a\n    prompt: A gull over the cliff.\n"
LINEAGE = "abcdefghijklmnopqrst"
TOKEN = "a" * 20
FORGED = "\x1b]0;pwn\x07\x1b[2J\u202egnp\x9b31m\r\nerror: forged"
"""A title, a cleared screen, a turned direction, a colour in one byte, and a line of its own."""

_NEVER_SHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BUG = ("Traceback", "this is a bug")


@dataclass(frozen=True)
class Stage:
    """A film folder, the folders of state and config, and a folder that nobody may touch."""

    folder: Path
    state: Path
    config: Path
    victim: Path
    capsys: pytest.CaptureFixture[str]

    def film(self, text: str | bytes = FILM, name: str = "storyboard.yaml") -> Path:
        """Writes a storyboard."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def lock(self, *records: dict[str, object] | bytes, name: str = "storyboard.lock") -> Path:
        """Writes a lock whose lines are sound, whatever they say."""
        first = {"kind": "lock", "version": 1, "lineage": LINEAGE}
        lines = [one if isinstance(one, bytes) else sealed(one) for one in (first, *records)]
        path = self.folder / name
        path.write_bytes(b"\n".join([*lines, b""]))
        return path

    def run(self, *words: str, code: int) -> Result:
        """The command line in this process; whatever happens, no bug is shown and nothing a terminal would obey."""
        self.capsys.readouterr()
        ended = run(words)
        out, err = self.capsys.readouterr()
        text = out + err
        assert not any(word in text for word in _BUG), text[-3000:]
        assert ended == code, f"exit {ended}\n{text[-3000:]}"
        found = _NEVER_SHOWN.search(text)
        assert found is None, f"{found[0]!r} is shown: {text[max(0, found.start() - 80) : found.end()]!r}"
        return Result(ended, out, err)

    def refused(self, code: str) -> Result:
        """Validating and running end with 3 and this code; nothing is written anywhere and nothing is sent."""
        before = self.files()
        self.invalid(code)
        text = self.run("run", "--yes", code=3)
        assert "nothing was sent" in text.err
        assert self.files() == before, "something was written"
        self.nothing_sent()
        return text

    def invalid(self, code: str) -> None:
        """Validating ends with 3 and this code."""
        found = self.run("validate", "--json", code=3)
        told = [one for one in json.loads(found.out)["files"][0]["diagnostics"] if one["severity"] == "error"]
        assert code in {one["code"] for one in told}, told[:5]

    def nothing_sent(self) -> None:
        """No simulator was started, so no ledger has a line, and no journal knows an intent."""
        assert not (self.state / "simulator").exists()
        journals = self.state / "journals"
        assert not [path for path in journals.glob("*.jsonl") if b'"intent"' in path.read_bytes()]

    def files(self) -> dict[str, int]:
        """Every name in the film's folder, with its time of change."""
        return {str(path): path.lstat().st_mtime_ns for path in sorted(self.folder.rglob("*"))}


def sealed(values: dict[str, object]) -> bytes:
    """The line of a record with its right digest."""
    return seal(json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))[:-1].encode())


def seal(body: bytes) -> bytes:
    """An object that lacks its end, with the digest that every line of a lock ends with."""
    return body + b',"~":"' + hashlib.sha256(body).hexdigest()[:8].encode() + b'"}'


def attempt(**members: object) -> dict[str, object]:
    """An attempt as a lock holds it; a member that is `None` is left out."""
    values: dict[str, object] = {
        "kind": "attempt", "address": "a", "take": 1, "token": TOKEN, "recipe": "0" * 64, "provider": "simulator",
        "model": "sora-2", "state": "submitted", "task": "task_1",
    }  # fmt: skip
    return {name: value for name, value in (values | members).items() if value is not None}
