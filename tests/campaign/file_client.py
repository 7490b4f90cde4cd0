"""The real command line on a real disk that refuses its n-th operation, or that and all that follow; and limits of the
system itself. Held against the simulator's ledger.

A case is `real:harm:operation:dialect`; `real:limit:BYTES:dialect` lets no file grow beyond so many bytes.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from campaign.dying import Fate
from campaign.fault_play import BOARD, PROFILES, SHOTS, Film, attempts, tasks_of
from campaign.file_play import REFUSALS, Verdict
from campaign.hasty import hurry
from campaign.server import Server, serving
from campaign.warm import Client, Ended, rehearse, warm_up
from sorapipe.state.disk import Disk
from sorapipe.state.files import Handle, StateError
from sorapipe.state.lock import LockUnusable, loads

LIMITS = (700, 1500, 3000, 20000)
"""Bytes beyond which no file grows."""
_RUN = ("run", "film.yaml", "--yes", "--max-wait", "10m")
_AGAIN = ("resubmit", "film.yaml")
_OPERATIONS = "operations"
_DONE, _UNCERTAIN, _DISK = 0, 9, 11
_MOST_RUNS = 6


@dataclass
class Harm:
    """Refuses the operation `nth`, and with `ever` all that follow; 0 refuses none. `limit`: bytes of a file."""

    nth: int = 0
    ever: bool = False
    number: int = errno.ENOSPC
    limit: int | None = None


class RefusingNth(Disk):
    """The real disk, counting."""

    harm = Harm()
    fate = Fate()
    guard = threading.Lock()

    def _ask(self, what: str, path: Path) -> None:
        with self.guard:
            self.fate.passed[_OPERATIONS] += 1
            count = self.fate.passed[_OPERATIONS]
        harm = self.harm
        if harm.nth and (count == harm.nth or (harm.ever and count > harm.nth)):
            raise StateError(what, path, os.strerror(harm.number).lower(), harm.number)

    def open(self, path: Path, *, keep: int | None = None, private: bool = False) -> Handle:
        self._ask("open", path)
        return super().open(path, keep=keep, private=private)

    def append(self, handle: Handle, data: bytes, before: str = "", after: str = "") -> None:
        try:
            self._ask("write to", handle.path)
        except StateError:
            os.write(handle.number, data[: len(data) // 2])
            raise
        super().append(handle, data, before, after)

    def sync(self, handle: Handle, before: str = "", after: str = "") -> None:
        self._ask("sync", handle.path)
        super().sync(handle, before, after)

    def close(self, handle: Handle) -> None:
        super().close(handle)
        self._ask("close", handle.path)

    def replace(self, source: Path, target: Path, before: str = "", after: str = "") -> None:
        self._ask("replace", target)
        super().replace(source, target, before, after)

    def put_new(self, source: Path, target: Path, before: str = "", after: str = "") -> bool:
        self._ask("make", target)
        return super().put_new(source, target, before, after)

    def sync_folder(self, path: Path, before: str = "", after: str = "") -> None:
        self._ask("sync the folder", path)
        super().sync_folder(path, before, after)

    def make_folder(self, path: Path, *, private: bool = False) -> None:
        if not path.is_dir():
            self._ask("make the folder", path)
        super().make_folder(path, private=private)

    def remove(self, path: Path) -> None:
        self._ask("remove", path)
        super().remove(path)

    def take_lock(self, path: Path, who: bytes) -> Handle | None:
        self._ask("lock", path)
        return super().take_lock(path, who)


class Trial:
    """A case with a film of its own."""

    def __init__(self, name: str, root: Path, server: Server, account: int) -> None:
        _, self.kind, number, dialect = name.split(":")
        self.number = int(number)
        self.harm = Harm()
        self.fate = Fate()
        self.verdict = Verdict(name)
        self.film = Film(root, server, account, dialect)
        self.film.start = self._start

    def _start(self, words: Sequence[str], folder: Path, environment: Mapping[str, str], haste: float) -> Ended:
        return Client(words, folder, environment, self.fate, self._prepare(haste)).wait(60)

    def _prepare(self, haste: float) -> Callable[[], None]:
        def prepare() -> None:
            from sorapipe.state import workspace

            hurry(haste)()
            RefusingNth.harm, RefusingNth.fate = self.harm, self.fate
            workspace.Disk = RefusingNth  # type: ignore[misc]
            if self.harm.limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (self.harm.limit, resource.RLIM_INFINITY))

        return prepare

    def carry_out(self) -> Verdict:
        """The harm, the promises, the way out of it, the promises again."""
        often, _, error = self.kind.partition("-")
        if self.kind == "limit":
            self.harm = Harm(limit=self.number)
        elif error:
            self.harm = Harm(self.number, often == "ever", getattr(errno, error))
        ended = self._run(*_RUN)
        operations = ended.passed.get(_OPERATIONS, 0)
        self.verdict.operations, self.verdict.code = operations, ended.code
        struck = self.harm.limit is not None or 0 < self.harm.nth <= operations
        self.verdict.at = f"operation {self.number}" if struck else ""
        self._look(ended)
        if struck:
            self._check_code(ended)
        elif ended.code != _DONE:
            self._say("code", f"exit {ended.code}, and nothing was refused: {ended.err[-300:]}")
        self.harm = Harm()
        self._recover()
        return self.verdict

    def _say(self, kind: str, problem: str) -> None:
        self.verdict.broken.append(f"{kind}: {problem}")

    def _run(self, *words: str) -> Ended:
        ended = self.film.run(*words)
        if "Traceback" in ended.err or ended.code in {1, 97, 98}:
            self._say("bug", ended.err[-600:])
        if self.film.key in ended.out + ended.err:
            self._say("key", "the key was printed")
        return ended

    def _check_code(self, ended: Ended) -> None:
        number = errno.EFBIG if self.harm.limit is not None else self.harm.number
        reason = os.strerror(number).lower()
        uncertain = self._uncertain()
        if ended.code not in ({_DISK, _UNCERTAIN} if uncertain else {_DISK}):
            self._say("code", f"exit {ended.code}: {ended.err[-400:]}")
        told = [line for line in ended.err.splitlines() if reason in line and "`/" in line]
        if not told:
            self._say("code", f"standard error names neither the cause nor the file: {ended.err[-400:]}")

    def _look(self, ended: Ended | None = None) -> None:
        """Every charge is known, or how to adopt it was told; the lock can be read."""
        path = self.film.folder / "film.lock"
        if path.exists():
            try:
                loads(path.read_bytes())
            except LockUnusable as error:
                self._say("unreadable", str(error))
        written = b"".join(self._written())
        for line in self.film.lines():
            known = any(one is not None and one.encode() in written for one in (line.task, line.token))
            told = ended is not None and f"sorapipe adopt film.yaml {line.shot} {line.task}" in ended.err
            if line.kind == "charge" and not known and not told:
                self._say("lost", f"{line.task} of {line.shot} was paid and nobody knows it")

    def _written(self) -> Iterator[bytes]:
        for top in (self.film.state, self.film.folder, self.film.root / "tmp"):
            for path in top.rglob("*"):
                if path.suffix in {".jsonl", ".lock", ".saved"}:
                    yield path.read_bytes()

    def _uncertain(self) -> list[str]:
        """Shots of which nobody knows whether they were bought, by what `status` says."""
        return [shot for shot in SHOTS if f"resubmit film.yaml {shot}" in self._run("status", "film.yaml").out]

    def _recover(self) -> None:
        for _ in range(_MOST_RUNS):
            ended = self._run(*_RUN)
            if ended.code == _DONE:
                break
            if ended.code != _UNCERTAIN:
                self._say("code", f"a run afterwards: exit {ended.code}: {ended.err[-400:]}")
                return
            self._settle()
        paid = Counter(line.shot for line in self.film.lines() if line.kind == "charge")
        self.verdict.charges = paid.total()
        if paid != Counter(SHOTS.keys()):
            self._say("double" if paid.total() > len(SHOTS) else "lost", f"paid were {dict(paid)}")
        done = Counter(one["address"] for one in attempts(self.film.lock, "done"))
        if done != Counter(SHOTS.keys()):
            self._say("lost", f"done are {dict(done)}")
        self._look()
        left = [path.name for path in self.film.folder.rglob(".*") if path.suffix in {".new", ".part", ".etag"}]
        if left:
            self._say("left", f"left behind: {', '.join(left)}")

    def _settle(self) -> None:
        """Does what a person does who looks into the account."""
        known = {task for one in attempts(self.film.lock) for task in tasks_of(one)}
        for shot in self._uncertain():
            self.verdict.uncertain += 1
            paid = [line.task for line in self.film.lines() if line.kind == "charge" and line.shot == shot]
            strangers = [task for task in paid if task is not None and task not in known]
            words = (
                ("adopt", "film.yaml", shot, strangers[0]) if strangers else ("resubmit", "film.yaml", shot, "--yes")
            )
            self._run(*words)


def play_real(names: Sequence[str], every: int) -> Iterator[Verdict]:
    """Plays cases by name, or each n-th operation of a run in each dialect in turn; one after the other."""
    from campaign.files import told

    with tempfile.TemporaryDirectory(prefix="sorapipe-files-") as folder:
        top = Path(folder)
        warm_up()
        (top / "film.yaml").write_text(BOARD)
        rehearse(top / "film.yaml")
        with serving(top / "books", 3000, ("--latency", "0", "--seed", "5")) as server:
            numbers = iter(range(3000))

            def one(name: str) -> Verdict:
                number = next(numbers)
                verdict = Trial(name, top / f"case-{number}", server, number).carry_out()
                shutil.rmtree(top / f"case-{number}", ignore_errors=True)
                return told(verdict)

            if not names:
                usual = [one(f"real:none:0:{dialect}") for dialect in PROFILES]
                yield from usual
                names = _names(max(verdict.operations for verdict in usual), every)
            for name in names:
                yield one(name)


def _names(operations: int, every: int) -> list[str]:
    dialects = list(PROFILES)
    found = [f"real:limit:{limit}:{dialect}" for limit in LIMITS for dialect in dialects]
    for row, harm in enumerate(REFUSALS):
        for number in range(1 + row % every, operations + 1, every):
            found.append(f"real:{harm}:{number}:{dialects[(row + number) % len(dialects)]}")
    return found
