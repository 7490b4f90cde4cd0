"""The provider's books in SQLite: accounts, requests, tasks, characters, money; knows no HTTP and no clip.

Several processes may keep the same books. What has to do with money is written by `durable()`, which is on the disk
when it returns; what is only remembered is written by `noted()`, which survives a killed process but not a lost power.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

VERSION = 2
_WAIT_SECONDS = 20.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS books (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS accounts (account TEXT PRIMARY KEY, bought INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS requests (
    number INTEGER PRIMARY KEY, at INTEGER NOT NULL, pid INTEGER NOT NULL, call TEXT NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, headers TEXT NOT NULL, body TEXT, status INTEGER NOT NULL, task TEXT, fault TEXT,
    sent REAL NOT NULL DEFAULT 1.0);
CREATE TABLE IF NOT EXISTS ledger (
    entry INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, request INTEGER, account TEXT NOT NULL,
    task TEXT, token TEXT, body TEXT, credits INTEGER NOT NULL, balance INTEGER NOT NULL, note TEXT,
    sent REAL NOT NULL DEFAULT 1.0, fault TEXT);
CREATE INDEX IF NOT EXISTS ledger_by_account ON ledger (account, entry);
CREATE INDEX IF NOT EXISTS ledger_by_request ON ledger (request) WHERE request IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS one_charge ON ledger (task) WHERE kind = 'charge';
CREATE UNIQUE INDEX IF NOT EXISTS one_refund ON ledger (task) WHERE kind = 'refund';
CREATE TABLE IF NOT EXISTS tasks (
    number INTEGER PRIMARY KEY, task TEXT NOT NULL UNIQUE, account TEXT NOT NULL, created INTEGER NOT NULL,
    due INTEGER NOT NULL, wish TEXT NOT NULL, token TEXT, body TEXT NOT NULL, credits INTEGER NOT NULL,
    fail_code TEXT, fail_message TEXT, rendered INTEGER, polled INTEGER, ended INTEGER, downloaded INTEGER,
    request INTEGER, charge TEXT NOT NULL DEFAULT 'accept');
CREATE INDEX IF NOT EXISTS tasks_by_time ON tasks (account, created);
CREATE INDEX IF NOT EXISTS failing ON tasks (due) WHERE fail_code IS NOT NULL;
CREATE TABLE IF NOT EXISTS sent_clips (
    task TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, fault TEXT NOT NULL,
    PRIMARY KEY (task, sha256)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS callbacks (
    number INTEGER PRIMARY KEY, at INTEGER NOT NULL, task TEXT NOT NULL, url TEXT NOT NULL, attempt INTEGER NOT NULL,
    status INTEGER, problem TEXT, fault TEXT);
CREATE TABLE IF NOT EXISTS characters (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, username TEXT NOT NULL UNIQUE, task TEXT NOT NULL UNIQUE,
    name TEXT) WITHOUT ROWID;
"""

# What the books of version 1 lack.
_SINCE_1 = {
    "tasks": ("request INTEGER", "charge TEXT NOT NULL DEFAULT 'accept'"),
    "requests": ("sent REAL NOT NULL DEFAULT 1.0",),
    "characters": ("name TEXT",),
}


class Entry(StrEnum):
    """What a line of the ledger is about. Credits that come in are positive."""

    BOUGHT = "bought"
    CHARGE = "charge"
    REFUND = "refund"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Fate:
    """What a script of faults has decided about a task that is about to be made.

    `fail` are the code and the words with which it will fail; `seconds` is how long it will take.
    """

    fail: tuple[str, str] | None = None
    seconds: float | None = None


@dataclass(slots=True)
class Asked:
    """A request as it came in; `call` is what it wants (create, query, credit, file).

    `fault` and `fate` are what the script does to it. `number` is given when it is written down.
    """

    call: str
    method: str
    path: str
    headers: str
    body: str | None = None
    fault: str | None = None
    fate: Fate = Fate()
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """One line of the ledger before it has a number and a balance."""

    kind: Entry
    account: str
    credits: int
    request: int | None = None
    task: str | None = None
    token: str | None = None
    body: str | None = None
    note: str | None = None
    fault: str | None = None
    sent: float = 1.0


@dataclass(frozen=True, slots=True)
class Task:
    """A task as it stands in the books. Times in ms since 1970; `wish` is JSON.

    `request` is the create's number; `charge` is when it is paid for: accept, start or success.
    """

    number: int
    task: str
    account: str
    created: int
    due: int
    wish: str
    token: str | None
    body: str
    credits: int
    fail_code: str | None
    fail_message: str | None
    rendered: int | None = None
    polled: int | None = None
    ended: int | None = None
    downloaded: int | None = None
    request: int | None = None
    charge: str = "accept"


@dataclass(frozen=True, slots=True)
class Character:
    """A character that a task made; one with a `name` is called so in prompts, the others by username."""

    id: str
    account: str
    username: str
    task: str
    name: str | None = None


def now_ms() -> int:
    """The wall clock in ms since 1970."""
    return time.time_ns() // 1_000_000


class Books:
    """One connection that waits for the disk and one that doesn't, each used by one thread at a time."""

    def __init__(self, folder: Path, clock: Callable[[], int] = now_ms) -> None:
        """Opens the books in `folder`, or begins them. Raises OSError or sqlite3.Error."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.clock = clock
        self._durable = _open(folder / "books.sqlite", "FULL")
        self._quick = _open(folder / "books.sqlite", "NORMAL")
        self._durable_lock = threading.Lock()
        self._quick_lock = threading.Lock()
        with self.durable() as page:
            for statement in filter(str.strip, _SCHEMA.split(";\n")):
                page.run(statement)
            self.secret = page.kept("secret", secrets.token_hex(16))
            self.version = int(page.kept("version", str(VERSION)))
            if self.version < VERSION:
                _renew(page)
        if self.version > VERSION:
            raise OSError(f"the books in {folder} were written by a newer version")

    @contextmanager
    def durable(self) -> Iterator[Page]:
        """A transaction that is on the disk when the block ends, or not there at all when it raises."""
        with self._durable_lock, _transaction(self._durable, self.clock):
            yield Page(self._durable, self.clock)

    @contextmanager
    def noted(self) -> Iterator[Page]:
        """A transaction that a killed process doesn't lose; a power cut may."""
        with self._quick_lock, _transaction(self._quick, self.clock):
            yield Page(self._quick, self.clock)

    @contextmanager
    def reading(self) -> Iterator[Page]:
        """Reads without a transaction of its own."""
        with self._quick_lock:
            yield Page(self._quick, self.clock)

    def close(self) -> None:
        """Closes both connections."""
        self._quick.close()
        self._durable.close()


def _open(path: Path, synchronous: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)
    _to_wal(connection)
    connection.execute(f"PRAGMA synchronous={synchronous}")
    connection.execute("PRAGMA cache_size=-8000")
    return connection


def _to_wal(connection: sqlite3.Connection) -> None:
    """Switching to WAL isn't covered by SQLite's own waiting: two processes that begin the books at once collide."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _renew(page: Page) -> None:
    """Brings books of version 1 up to date."""
    for table, columns in _SINCE_1.items():
        known = {row["name"] for row in page.rows(f"PRAGMA table_info({table})")}
        for column in columns:
            if column.split()[0] not in known:
                page.run(f"ALTER TABLE {table} ADD COLUMN {column}")
    page.run("UPDATE books SET value = ? WHERE name = 'version'", (str(VERSION),))


@contextmanager
def _transaction(connection: sqlite3.Connection, clock: Callable[[], int]) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


class Page:
    """What can be read and written inside a transaction."""

    def __init__(self, connection: sqlite3.Connection, clock: Callable[[], int]) -> None:
        self._connection = connection
        self._clock = clock

    def run(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """One statement."""
        return self._connection.execute(statement, values)

    def rows(self, statement: str, values: tuple[object, ...] = ()) -> list[dict[str, object]]:
        """The rows of a question, each by column name."""
        cursor = self._connection.execute(statement, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def kept(self, name: str, value: str) -> str:
        """A word that the books keep for ever: `value` when they have none yet."""
        self.run("INSERT OR IGNORE INTO books VALUES (?, ?)", (name, value))
        return str(self.run("SELECT value FROM books WHERE name = ?", (name,)).fetchone()[0])

    # Requests.

    def ask(self, asked: Asked, status: int, *, pid: int, task: str | None = None, sent: float = 1.0) -> int:
        """Writes down a request and what it was answered; returns its number, and tells it to `asked`."""
        cursor = self.run(
            "INSERT INTO requests (at, pid, call, method, path, headers, body, status, task, fault, sent)"
            " VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (
                self._clock(),
                pid,
                asked.call,
                asked.method,
                asked.path,
                asked.headers,
                asked.body,
                status,
                task,
                asked.fault,
                sent,
            ),
        )
        asked.number = int(cursor.lastrowid or 0)
        return asked.number

    def answered(self, number: int, status: int, sent: float) -> None:
        """Notes the status with which a create was answered in the end, and what share of the answer went out."""
        self.run("UPDATE requests SET status = ?, sent = ? WHERE number = ?", (status, sent, number))
        self.run("UPDATE ledger SET sent = ? WHERE request = ? AND sent <> ?", (sent, number, sent))

    def sent_of(self, number: int | None) -> float:
        """What share of the answer to that request went out."""
        found = self.run("SELECT sent FROM requests WHERE number = ?", (number,)).fetchone()
        return float(found[0]) if found else 0.0

    # Money.

    def balance(self, account: str) -> int:
        """Credits that are left."""
        row = self.run(
            "SELECT balance FROM ledger WHERE account = ? ORDER BY entry DESC LIMIT 1", (account,)
        ).fetchone()
        return int(row[0]) if row else 0

    def book(self, money: Money) -> int:
        """Writes a line of the ledger; returns the balance after it."""
        balance = self.balance(money.account) + money.credits
        self.run(
            "INSERT INTO ledger (at, kind, request, account, task, token, body, credits, balance, note, sent, fault)"
            " VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                self._clock(),
                money.kind,
                money.request,
                money.account,
                money.task,
                money.token,
                money.body,
                money.credits,
                balance,
                money.note,
                money.sent,
                money.fault,
            ),
        )
        return balance

    def open_account(self, account: str, bought: int | None, default: int) -> None:
        """Makes sure that the account has bought `bought` credits in all (`default` if new and none is named)."""
        row = self.run("SELECT bought FROM accounts WHERE account = ?", (account,)).fetchone()
        before = int(row[0]) if row else 0
        after = bought if bought is not None else (before if row else default)
        if row and before == after:
            return
        self.run("INSERT OR REPLACE INTO accounts VALUES (?, ?)", (account, after))
        self.book(Money(Entry.BOUGHT, account, after - before))

    # Tasks and characters.

    def next_number(self) -> int:
        """The number of the next task."""
        return int(self.run("SELECT coalesce(max(number), 0) + 1 FROM tasks").fetchone()[0])

    def add_task(self, task: Task) -> None:
        """Writes down a new task."""
        self.run(
            "INSERT INTO tasks (number, task, account, created, due, wish, token, body, credits, fail_code,"
            " fail_message, request, charge) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                task.number,
                task.task,
                task.account,
                task.created,
                task.due,
                task.wish,
                task.token,
                task.body,
                task.credits,
                task.fail_code,
                task.fail_message,
                task.request,
                task.charge,
            ),
        )

    def task(self, name: str) -> Task | None:
        """The task of that id."""
        row = self.run("SELECT * FROM tasks WHERE task = ?", (name,)).fetchone()
        return Task(*row) if row else None

    def mark(self, name: str, column: str, at: int) -> None:
        """Notes when something happened to a task for the first time."""
        if column not in {"rendered", "polled", "ended", "downloaded"}:
            raise ValueError(f"BUG: a task has no time `{column}`")
        self.run(f"UPDATE tasks SET {column} = ? WHERE task = ? AND {column} IS NULL", (at, name))  # noqa: S608

    def tasks(self, account: str, dialect: str, after: int | None, limit: int, *, newest_first: bool) -> list[Task]:
        """The account's first tasks of a dialect that are clips, counted from behind the task number `after`."""
        clips = (
            "SELECT * FROM tasks WHERE account = ? AND json_extract(wish, '$.dialect') = ?"
            " AND json_extract(wish, '$.seconds') > 0 AND "
        )
        where = "number < ? ORDER BY number DESC LIMIT ?" if newest_first else "number > ? ORDER BY number LIMIT ?"
        start = after if after is not None else (2**62 if newest_first else 0)
        found = self.run(clips + where, (account, dialect, start, limit))
        return [Task(*row) for row in found]

    def creates_since(self, account: str, since: int) -> list[int]:
        """Times of the creates that were accepted after `since`, oldest first."""
        found = self.run(
            "SELECT created FROM tasks WHERE account = ? AND created > ? ORDER BY created", (account, since)
        )
        return [int(row[0]) for row in found]

    def due_refunds(self, now: int) -> list[Task]:
        """Tasks that failed before `now`, were paid for and have not been given back yet."""
        found = self.run(
            "SELECT * FROM tasks WHERE fail_code IS NOT NULL AND due <= ? AND NOT EXISTS"
            " (SELECT 1 FROM ledger WHERE ledger.task = tasks.task AND ledger.kind = 'refund') AND EXISTS"
            " (SELECT 1 FROM ledger WHERE ledger.task = tasks.task AND ledger.kind = 'charge') ORDER BY number",
            (now,),
        )
        return [Task(*row) for row in found]

    def unpaid(self, account: str | None = None) -> list[Task]:
        """Tasks that are paid for later than at their create and have not been, the failing ones among them."""
        found = self.run(
            "SELECT * FROM tasks WHERE charge <> 'accept' AND (? IS NULL OR account = ?) AND NOT EXISTS"
            " (SELECT 1 FROM ledger WHERE ledger.task = tasks.task AND ledger.kind = 'charge') ORDER BY number",
            (account, account),
        )
        return [Task(*row) for row in found]

    def in_flight(self, account: str, now: int) -> int:
        """How many tasks are under way."""
        found = self.run("SELECT count(*) FROM tasks WHERE account = ? AND due > ?", (account, now))
        return int(found.fetchone()[0])

    def latest(self, account: str, but: str) -> str | None:
        """The id of the newest task of the account other than `but`."""
        found = self.run(
            "SELECT task FROM tasks WHERE account = ? AND task <> ? ORDER BY number DESC LIMIT 1", (account, but)
        ).fetchone()
        return str(found[0]) if found else None

    def sent_clip(self, task: str, sha256: str, size: int, fault: str) -> None:
        """Notes a whole clip that went out for a task although it is not the task's own."""
        self.run("INSERT OR IGNORE INTO sent_clips VALUES (?,?,?,?)", (task, sha256, size, fault))

    def add_character(self, character: Character) -> None:
        """Writes down a character; the same one again changes nothing."""
        self.run(
            "INSERT OR IGNORE INTO characters VALUES (?,?,?,?,?)",
            (character.id, character.account, character.username, character.task, character.name),
        )

    def character(self, account: str, id: str) -> Character | None:
        """The account's character of that id."""
        row = self.run("SELECT * FROM characters WHERE id = ? AND account = ?", (id, account)).fetchone()
        return Character(*row) if row else None

    def has_username(self, account: str, username: str) -> bool:
        """Whether a character of the account is called so."""
        found = self.run("SELECT 1 FROM characters WHERE username = ? AND account = ?", (username, account))
        return found.fetchone() is not None
