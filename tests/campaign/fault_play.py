"""Plays one cell of the fault matrix with the real command line against a simulator, and holds it to the promises.

A cell has a storyboard, an account and a state folder of its own. What a cell must come to stands in `fault_cells`.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from campaign.fault_cells import FAULTS, KTH, SHOTS, Cell, script
from campaign.hasty import hurry
from campaign.server import Server, key_of
from campaign.warm import Client, Ended

BOARD = "sorapipe: 1\nprovider: house\nshots:\n" + "".join(
    f"  - id: {shot}\n    prompt: {prompt}\n" + ("    needs: [gull]\n" if shot == "dive" else "")
    for shot, prompt in SHOTS.items()
)
PROFILES = {"tasks": "simulator", "videos": "simulator-videos", "jobs": "simulator-jobs"}
_HALTING = frozenset({"key", "credits"})
_LOST = frozenset({"vanished", "unavailable", "suspect"})
_BUGS = ("Traceback", "BUG", "this is a bug")
_ROUNDS = 3
_MOST_UNKNOWN = 2
_LIST_WAIT = "24h"
"""Where the list is struck, jobs take real time, while the client's clock leaps from one question to the next."""
_PAID_WITHOUT_CLIP = 12


@dataclass
class Verdict:
    """What broke, by the kind of promise; empty when all held."""

    cell: Cell
    broken: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    ended: int = -1

    def breaks(self, kind: str, text: str) -> None:
        """Notes one thing. `kind`: double early halt traceback code key lost shown resume audit idle hang."""
        self.broken.append((kind, text))


@dataclass(frozen=True)
class Line:
    """A create in the books: `kind` is charge or reject."""

    kind: str
    task: str | None
    token: str | None
    shot: str


Lock = list[dict[str, Any]]
Start = Callable[[Sequence[str], Path, Mapping[str, str], float], Ended]


def _forked(words: Sequence[str], folder: Path, environment: Mapping[str, str], haste: float) -> Ended:
    return Client(words, folder, environment, prepare=hurry(haste)).wait(60)


class Film:
    """A storyboard at a provider, its account and its books; every command is held to what always holds."""

    max_wait = "10m"

    def __init__(  # noqa: PLR0913, PLR0917 - what a film is made of
        self, root: Path, server: Server, number: int, dialect: str, haste: float = 1.0, profile: str = "",
        board: str = BOARD,
    ) -> None:  # fmt: skip
        self.root, self.server, self.key = root, server, key_of(number)
        self.folder, self.state, config = root / "film", root / "state", root / "config"
        (config / "providers").mkdir(parents=True)
        self.folder.mkdir()
        self.state.mkdir()
        (root / "tmp").mkdir()
        (self.folder / "film.yaml").write_text(board)
        (config / "providers" / "house.yaml").write_text(
            f"extends: {PROFILES[dialect]}\nbase_url: {server.url}\nembedded: false\nrehearsal: false\n"
            f"key_env: HOUSE_API_KEY\n{profile}"
        )
        self.environment = {
            "HOME": str(root), "PATH": "/usr/bin:/bin", "NO_COLOR": "1", "HOUSE_API_KEY": self.key,
            "SORAPIPE_CONFIG_DIR": str(config), "SORAPIPE_STATE_DIR": str(self.state), "TMPDIR": str(root / "tmp"),
        }  # fmt: skip
        self.haste = haste
        self.start: Start = _forked
        self.said: list[str] = []

    def run(self, *words: str) -> Ended:
        """A command. Raises `TimeoutError` where it hangs."""
        ended = self.start(words, self.folder, self.environment, self.haste)
        self.said.append(f"$ sorapipe {' '.join(words)}\n{ended.out}{ended.err}[exit {ended.code}]\n")
        return ended

    @property
    def lock(self) -> Lock:
        """The attempts and consents of the lock."""
        path = self.folder / "film.lock"
        records = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [record for record in records if record["kind"] in {"attempt", "consent"}]

    def lines(self) -> list[Line]:
        """All creates of this account that the books know of, in order."""
        account = "key-" + sha256(self.key.encode()).hexdigest()[:12]
        with closing(sqlite3.connect(f"file:{self.server.folder / 'books.sqlite'}?mode=ro", uri=True, timeout=20)) as b:
            rows = b.execute(
                "SELECT ledger.kind, ledger.task, ledger.token, coalesce(requests.body, '') FROM ledger LEFT JOIN"
                " requests ON requests.number = ledger.request WHERE ledger.account = ?"
                " AND ledger.kind IN ('charge', 'reject') ORDER BY entry",
                (account,),
            ).fetchall()
        return [Line(kind, task, token, _shot(str(body))) for kind, task, token, body in rows]

    def requests(self, *calls: str) -> list[tuple[str, str]]:
        """Task and headers of each request of these calls; of those that carry no key the ones about our tasks."""
        ours = f"sha256:{sha256(f'Bearer {self.key}'.encode()).hexdigest()}"
        tasks = {line.task for line in self.lines()}
        with closing(sqlite3.connect(f"file:{self.server.folder / 'books.sqlite'}?mode=ro", uri=True, timeout=20)) as b:
            wanted = ",".join("?" * len(calls))
            rows = b.execute(
                f"SELECT coalesce(task, ''), headers FROM requests WHERE call IN ({wanted}) ORDER BY number",  # noqa: S608
                calls,
            ).fetchall()
        return [(task, text) for task, text in rows if ours in text or task in tasks]

    def leaks(self) -> list[str]:
        """Where the key stands: files, or outputs."""
        key = self.key.encode()
        files = [str(path) for path in self.root.rglob("*") if path.is_file() and key in path.read_bytes()]
        return files + (["an output"] if any(self.key in text for text in self.said) else [])

    def snapshot(self) -> dict[str, tuple[int, bytes]]:
        """Every file with its time."""
        return {
            str(path): (path.stat().st_mtime_ns, path.read_bytes())
            for top in (self.folder, self.state)
            for path in sorted(top.rglob("*"))
            if path.is_file()
        }


def _shot(body: str) -> str:
    return next((shot for shot, prompt in SHOTS.items() if prompt in body), "?")


def attempts(lock: Lock, *states: str) -> Lock:
    """The attempts of a lock, in some states."""
    return [one for one in lock if one["kind"] == "attempt" and (not states or one["state"] in states)]


def tasks_of(attempt: Mapping[str, Any]) -> list[str]:
    """The ids of an attempt."""
    return list(attempt.get("tasks") or ([attempt["task"]] if "task" in attempt else []))


def unsettled(lock: Lock) -> Lock:
    """The uncertain attempts that no person has given up."""
    given_up = {one.get("token") for one in lock if one["kind"] == "consent"}
    return [one for one in attempts(lock, "uncertain") if one["token"] not in given_up]


def code_of(lock: Lock) -> int:
    """With what a run must end that finds nothing wrong and leaves this lock."""
    best = {one["address"] for one in attempts(lock, "done")}
    left = {one["state"] for one in attempts(lock) if one["address"] not in best}
    if unsettled(lock):
        return 9
    if left & _LOST:
        return 12
    return 8 if "failed" in left else 10 if "submitted" in left else 0


def scripted(server: Server, rules: Sequence[Mapping[str, Any]]) -> None:
    """Gives the simulator a script of faults; none takes it away."""
    if rules:
        httpx.post(f"{server.url}/__sim/faults", json=list(rules), trust_env=False).raise_for_status()
    else:
        httpx.delete(f"{server.url}/__sim/faults", trust_env=False)


def fired(server: Server) -> int:
    """How often the script has struck."""
    rules = httpx.get(f"{server.url}/__sim/faults", trust_env=False).json()["rules"]
    return sum(int(rule["fired"]) for rule in rules if rule["call"] == rules[0]["call"])


def play(cell: Cell, root: Path, server: Server, number: int, start: Start = _forked) -> Verdict:
    """One cell, from the fault to a film that is whole."""
    began = time.monotonic()
    verdict = Verdict(cell)
    fault = FAULTS[cell.fault]
    features = ""
    if cell.dialect == "videos":
        features = f"features: {{list: {'true' if cell.call == 'list' else 'false'}, metadata_echo: false}}\n"
    film = Film(root, server, number, cell.dialect, fault.haste, features)
    film.max_wait = _LIST_WAIT if cell.call == "list" else fault.max_wait
    film.start = start
    try:
        scripted(server, script(cell))
        first = film.run("run", "film.yaml", "--yes", "--max-wait", film.max_wait)
        strikes = fired(server)
        scripted(server, ())
        verdict.ended = first.code
        if first.code != cell.ends:
            verdict.breaks("code", f"ended with {first.code}, not {cell.ends}")
        if not strikes:
            verdict.breaks("idle", "the fault never struck")
        _after_the_fault(cell, film, first, verdict)
        _to_the_end(film, verdict)
        _at_the_end(film, verdict)
    except TimeoutError as error:
        verdict.breaks("hang", str(error)[-400:])
    finally:
        scripted(server, ())
    verdict.seconds = time.monotonic() - began
    if verdict.broken:
        (root / "said.txt").write_text("\n".join(film.said))
    return verdict


def _after_the_fault(cell: Cell, film: Film, first: Ended, verdict: Verdict) -> None:
    lock = film.lock
    open_ones = unsettled(lock)
    lines = film.lines()
    for one in open_ones:
        of_shot = [line for line in lines if line.shot == one["address"]]
        if of_shot and one["token"] in {line.token for line in of_shot[:-1]}:
            verdict.breaks("double", f"{one['address']} was sent again after its answer was unknown")
    if bool(open_ones) != (first.code == 9):
        verdict.breaks("code", f"{len(open_ones)} uncertain, and exit code {first.code}")
    shown = film.run("status", "film.yaml").out if first.code else ""
    for one in open_ones:
        for verb in ("adopt", "resubmit"):
            way = re.compile(rf"sorapipe {verb} film\.yaml(?: \S+)* {re.escape(one['address'])}\b")
            missing = [where for where, text in (("status", shown), ("the run", first.out)) if not way.search(text)]
            verdict.broken += [("shown", f"{where} names no `{verb}` of {one['address']}") for where in missing]
    kind = FAULTS[cell.fault].class_of(cell.call, cell.dialect)
    undone = set(SHOTS) - {one["address"] for one in attempts(lock, "done")}
    if cell.where != "all" and kind not in _HALTING and len(undone) > (2 if "gull" in undone else 1):
        verdict.breaks("lost", f"one fault, and undone are {', '.join(sorted(undone))}")
    _no_more_than_asked(cell, film, verdict)
    _accounted(film, verdict)


def _no_more_than_asked(cell: Cell, film: Film, verdict: Verdict) -> None:
    """In one run no shot twice, none before what it needs, none after an answer that ends all creates; and what was
    refused is written down."""
    kind, lock = FAULTS[cell.fault].class_of(cell.call, cell.dialect), film.lock
    paid = Counter(line.shot for line in film.lines() if line.kind == "charge")
    for shot, times in paid.items():
        if times > 1:
            verdict.breaks("double", f"{shot} was paid {times} times in one run")
    if "dive" in paid and not any(one["address"] == "gull" for one in attempts(lock, "done")):
        verdict.breaks("early", "dive was bought and gull was not done")
    if kind in {"request", "dead", "failed"} and not attempts(lock, "failed"):
        verdict.breaks("lost", "a shot was refused and no attempt says so: it is sent again unasked")
    if cell.call == "create":
        sent = len(film.requests("create"))
        last = {"first": 1, "kth": KTH, "all": 1}[cell.where]
        if kind in _HALTING and sent > last:
            verdict.breaks("halt", f"{sent - last} creates were sent after a refusal that ends all creates")
        if kind == "unknown" and cell.where == "all" and sent > _MOST_UNKNOWN:
            verdict.breaks("halt", f"{sent - _MOST_UNKNOWN} creates were sent after two unknown answers in a row")


def _accounted(film: Film, verdict: Verdict) -> None:
    """No token twice, and every charge in the lock: as a task, or as uncertain."""
    lock, lines = film.lock, film.lines()
    for token, times in Counter(line.token for line in lines).items():
        if token is None or times > 1:
            verdict.breaks("double", f"the token {token} was sent {times} times")
    known = {task for one in attempts(lock) for task in tasks_of(one)}
    uncertain = {one["token"] for one in attempts(lock, "uncertain")}
    for line in lines:
        if line.kind == "charge" and line.task not in known and line.token not in uncertain:
            verdict.breaks("lost", f"{line.task} of {line.shot} was charged and is nowhere")


def _to_the_end(film: Film, verdict: Verdict) -> None:
    """Runs again, does what a person would do about what is left, until the film is whole."""
    before, lines = film.lock, film.lines()
    again = film.run("run", "film.yaml", "--yes", "--max-wait", film.max_wait)
    after = film.lock
    if again.code != code_of(after):
        verdict.breaks("code", f"the second run ended with {again.code}, not {code_of(after)}")
    new = film.lines()[len(lines):]  # fmt: skip
    earlier = attempts(before, "uncertain", "submitted", "done", "failed", *_LOST)
    sent, tokens = {one["address"] for one in earlier}, {one["token"] for one in earlier}
    for line in new:
        if line.shot in sent and line.token not in tokens:  # its own create may be booked late
            verdict.breaks("double", f"{line.shot} was sent again by the second run")
    later = {one["token"]: one for one in attempts(after)}
    for one in attempts(before, "submitted"):
        now = later.get(one["token"], {"state": "gone"})
        if now["state"] != "done" or tasks_of(now) != tasks_of(one):
            verdict.breaks("resume", f"{one['address']} was submitted and is {now['state']}")
    for _ in range(_ROUNDS):
        wanted = list(_ways(film))
        if not wanted:
            break
        for words in wanted:
            film.run(*words)
        film.run("run", "film.yaml", "--yes", "--max-wait", film.max_wait)


def _ways(film: Film) -> Iterator[tuple[str, ...]]:
    """What a person does about what is left."""
    lock = film.lock
    whole = {one["address"] for one in attempts(lock, "done")}
    paid = {line.token: line.task for line in film.lines() if line.kind == "charge"}
    for one in unsettled(lock):
        task = paid.get(one["token"])
        if task is None:
            yield "resubmit", "film.yaml", one["address"], "--yes"
        else:
            yield "adopt", "film.yaml", one["address"], task
    for address in sorted({one["address"] for one in attempts(lock, "failed", *_LOST)} - whole):
        yield "roll", "film.yaml", address, "--yes"


def _at_the_end(film: Film, verdict: Verdict) -> None:
    before = film.snapshot()
    last = film.run("run", "film.yaml", "--yes", "--max-wait", film.max_wait)
    if last.code or "nothing to do" not in last.out:
        verdict.breaks("code", f"the last run ended with {last.code}: the film is not whole")
    elif film.snapshot() != before:
        verdict.breaks("resume", "a finished storyboard was written to")
    _accounted(film, verdict)
    for text in film.said:
        for bug in _BUGS:
            if bug in text:
                verdict.breaks("traceback", text[-1500:])
    for place in film.leaks():
        verdict.breaks("key", f"the key is in {place}")
    if not _has_clean_text(film.said):
        verdict.breaks("shown", "control characters of the provider reach the terminal")
    for _, headers in film.requests("file"):
        if '"authorization"' in headers:
            verdict.breaks("key", "the key went along with the download of a clip")
    for _, headers in film.requests("file", "content"):
        if '"range"' in headers and '"if-range"' not in headers:
            verdict.breaks("resume", "a part of a clip was asked for, of whatever file is there now")
    for text in differences(film, unasked=verdict.cell.ends == _PAID_WITHOUT_CLIP and verdict.cell.call == "create"):
        verdict.breaks("audit", text)


def _has_clean_text(said: Sequence[str]) -> bool:
    return not any(char in text for text in said for char in ("\x1b]", "\x07", "\u202e", "\x9b", "\x00"))


def differences(film: Film, *, unasked: bool = False) -> list[str]:
    """What `simulator audit --lock` finds about this account. A task that an `unasked` answer named is none of it."""
    from sorapipe.simulator.audit_report import report

    found = report(film.server.folder, [film.folder / "film.lock"], frozenset({"house"}))
    if isinstance(found, str):
        return [found]
    mine = {line.task for line in film.lines()} | {task for one in attempts(film.lock) for task in tasks_of(one)}
    return [one.text for one in found.differences if one.task in mine and not (unasked and one.kind == "unknown-task")]
