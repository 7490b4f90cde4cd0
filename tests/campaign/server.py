"""A real simulator in a process of its own, shared by many clients, and its books as a stranger reads them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

_ROUNDS, _GAP, _PATIENCE = 4, 0.05, 60.0


def key_of(number: int) -> str:
    """The key of the account of that number: a canary that must be in no file."""
    return f"canary-key-{hashlib.sha256(str(number).encode()).hexdigest()[:24]}"


@dataclass(frozen=True)
class Charge:
    """A line of the ledger. `at` in seconds; `body` is what was ordered; `answered` the id that was told: for a
    character that is made at once it is the character's own, and `username` what it is called then."""

    task: str
    answered: str
    token: str | None
    credits: int
    at: float
    body: str
    username: str | None = None


@dataclass(frozen=True)
class Server:
    """Where the simulator is, and the folder of its books."""

    url: str
    folder: Path

    def said(self) -> str:
        """What it complained about: nothing, or it has a bug."""
        return (self.folder / "said.txt").read_text(errors="backslashreplace")

    def settle(self) -> None:
        """Returns when what was sent before this call is in the books: a client that was killed may have left an order
        on its way. Under load the server answers late, and then this takes as long."""
        for _ in range(_ROUNDS):
            with urllib.request.urlopen(f"{self.url}/__sim/health", timeout=_PATIENCE) as answer:  # noqa: S310 (loopback)
                answer.read()
            time.sleep(_GAP)

    def resumed(self, tasks: Iterable[str]) -> int:
        """How many downloads of these tasks asked for the rest of a file that was still the same."""
        with self._books() as books:
            found = books.execute("SELECT task, headers FROM requests WHERE call IN ('file', 'content')")
            wanted = set(tasks)
            return sum(task in wanted and '"range"' in headers and '"if-range"' in headers for task, headers in found)

    def _books(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(f"file:{self.folder / 'books.sqlite'}?mode=ro", uri=True, timeout=20))

    def charges(self, key: str) -> list[Charge]:
        """What the account of a key has paid for, in order."""
        account = "key-" + hashlib.sha256(key.encode()).hexdigest()[:12]
        with self._books() as books:
            found = books.execute(
                "SELECT ledger.task, CASE requests.call WHEN 'character' THEN characters.id ELSE ledger.task END,"
                " ledger.token, -credits, ledger.at, coalesce(requests.body, ''), characters.username FROM ledger"
                " LEFT JOIN requests ON requests.number = ledger.request"
                " LEFT JOIN characters ON characters.task = ledger.task"
                " WHERE ledger.account = ? AND ledger.kind = 'charge' ORDER BY entry",
                (account,),
            )
            return [
                Charge(task, told or task, token, credits, at / 1000, body, username)
                for task, told, token, credits, at, body, username in found
            ]


@contextmanager
def serving(folder: Path, accounts: int, options: Sequence[str] = ()) -> Iterator[Server]:
    """A simulator with so many accounts, until the context ends or we do."""
    keys = [word for number in range(max(accounts, 2)) for word in ("--key", key_of(number))]
    line = [sys.executable, "-m", "sorapipe.simulator", "serve", "--books", str(folder), "--while-parent"]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(
            [*line, "--clips", "canned", *options, *keys],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
    try:
        if process.stdout is None:
            raise RuntimeError("the simulator has no output")
        yield Server(json.loads(process.stdout.readline())["url"], folder)
    finally:
        process.terminate()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
