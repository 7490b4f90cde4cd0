"""What the tests of rows share: a rule of a fault script, what the lock and the simulator's books say, the next run."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from typing import Any

from campaign.fault_play import Film, attempts, scripted

RUN = ("run", "film.yaml", "--yes", "--max-wait", "10m")
Begin = Callable[..., Film]


def fault(call: str, what: Any, **when: Any) -> dict[str, Any]:
    """A rule of a script."""
    return {"call": call, "what": what, "when": when} if when else {"call": call, "what": what}


def states(film: Film) -> dict[str, str]:
    """By shot, what the lock says of its attempt."""
    return {one["address"]: one["state"] for one in attempts(film.lock)}


def charges(film: Film) -> list[str]:
    """The shots that the provider was paid for, in order."""
    return [line.shot for line in film.lines() if line.kind == "charge"]


def asked(film: Film, *calls: str) -> list[dict[str, Any]]:
    """The requests of this account (or, of files, anybody's without a key) in the simulator's books."""
    mine = f"%sha256:{sha256(f'Bearer {film.key}'.encode()).hexdigest()}%"
    with closing(sqlite3.connect(f"file:{film.server.folder / 'books.sqlite'}?mode=ro", uri=True)) as books:
        books.row_factory = sqlite3.Row
        rows = books.execute("SELECT * FROM requests WHERE headers LIKE ? ORDER BY number", (mine,)).fetchall()
    return [dict(row) for row in rows if row["call"] in calls]


def healed(film: Film, code: int = 0) -> None:
    """The trouble is over; the next run."""
    scripted(film.server, ())
    ended = film.run(*RUN)
    assert ended.code == code, ended.out + ended.err
