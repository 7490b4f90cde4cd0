"""The crash suite: a run is killed, runs again to its end, and the promises are held against the simulator's ledger."""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from campaign import promises
from campaign.dying import ANY, POINTS, TORN, Fate
from campaign.film import CREATES, FIRST_PART, PROVIDERS, Stage, write_profiles
from campaign.server import Charge, Server, key_of, serving
from campaign.warm import Client, Ended, rehearse, warm_up

MODES = ("point", "random", "pair", "signal", "command")
SIGNALS = {"INT": 130, "TERM": 143, "HUP": 129}
EVERY = (*POINTS, ANY, TORN)
UNANSWERED = frozenset({"P2", "P3", "P4", "P5", "P6", "P7"})
"""Killed here, nobody knows the answer of the create. At P8 the line with the task is written: that is enough."""
_UNSTEADY = frozenset({"P10", "P21", "P22", "P23", "P24", ANY, TORN})
LATENCY = "0.02"
_MOST_RUNS = 6
_UNDER_WAY = 2
"""Creates that may be charged after a signal: the one in flight, and the next one while it is on its way."""
_MOST_SAID, _LONGEST = 6, 1200
_COLD_PATIENCE = 60.0
_DONE, _HELD, _UNCERTAIN, _AGAIN = 0, 4, 9, 10


@dataclass(frozen=True)
class Case:
    """One kill, told completely: the same case is the same kill again, as far as threads allow.

    `where` is a point, or a signal (`INT`, `TERM2` for twice). `passed` and `seconds` are of a run that nobody killed.
    """

    mode: str
    where: str
    provider: str
    seed: int
    account: int = 0
    passed: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 1.0
    paid: int = 0

    @property
    def name(self) -> str:
        return f"{self.mode}:{self.where}:{self.provider}:{self.seed}"

    @property
    def random(self) -> random.Random:
        return random.Random(self.name)

    @property
    def older(self) -> bool:
        """Whether the lock is of an older version when the run begins."""
        return self.where == "P26"


def _times(point: str, passed: Mapping[str, int]) -> int:
    """How often a point is passed for certain: how often is polled and saved depends on the time."""
    times = passed.get(point, 1)
    return max(times * 2 // 3 if point in _UNSTEADY else times, 1)


@dataclass
class Verdict:
    """What became of a case. `broken` are promises that did not hold."""

    case: str
    broken: list[str] = field(default_factory=list)
    lost: int = 0
    double: int = 0
    uncertain: int = 0
    killed: int = 0
    runs: int = 0
    seconds: float = 0.0
    run_seconds: float = 0.0
    passed: Mapping[str, int] = field(default_factory=dict)
    paid: int = 0
    kept: str = ""


class Trial:
    """One case carried out on a stage of its own."""

    def __init__(self, case: Case, server: Server, config: Path, folder: Path) -> None:
        self.case = case
        self.server = server
        self.random = case.random
        self.stage = Stage(folder, config, case.provider, key_of(case.account))
        self.verdict = Verdict(case.name)
        self._older = b""

    def carry_out(self) -> Verdict:
        """Kills, recovers, settles, compares."""
        began = time.monotonic()
        self.stage.set_up()
        try:
            if self.case.older:
                self._have_an_older_lock()
            self._kill()
            self._recover()
            self._settle()
            self._at_the_end()
        except (TimeoutError, AssertionError, OSError, ValueError, KeyError) as error:
            self._say(f"{type(error).__name__}: {error}")
        self.verdict.seconds = time.monotonic() - began
        return self.verdict

    # The kill.

    def _kill(self) -> None:
        case, passed = self.case, self.case.passed
        if case.mode == "plain":
            ended = self._run()
            self._check_code(ended, {_DONE})
            self.verdict.passed, self.verdict.run_seconds = ended.passed, ended.seconds
        elif case.mode == "random":
            self._shot_from_outside(signal.SIGKILL)
        elif case.mode == "signal":
            self._signalled()
        elif case.mode == "command":
            self._cold_kill()
        else:
            self._dies_at(case.where, self.random.randint(1, _times(case.where, passed)))
            self._check_unanswered()
            if case.mode == "pair":
                again = self.random.choice([*EVERY, "outside"])
                if again == "outside":
                    self._shot_from_outside(signal.SIGKILL)
                else:
                    self._dies_at(again, self.random.randint(1, max(_times(again, passed) // 2, 1)), certain=False)
        if case.mode != "plain":
            self._look(recovered=False)

    def _dies_at(self, point: str, nth: int, *, certain: bool = True) -> None:
        """Runs until the point is passed for the n-th time; where it is passed less often, an earlier time."""
        while True:
            ended = self._run(Fate(point, nth))
            self.verdict.killed += ended.killed
            if ended.killed:
                return
            self._check_code(ended, {_DONE, _UNCERTAIN})
            if certain:
                self._say(f"the point {point} was passed {ended.passed.get(point, 0)} times, not {nth} times")
            return

    def _shot_from_outside(self, number: int) -> None:
        client = self._start()
        if not client.ended(self.random.uniform(0.02, 1.0) * self.case.seconds):
            client.signal(number)
        self.verdict.killed += self._ended(client).killed

    def _cold_kill(self) -> None:
        """The command itself, unchanged, in a process of its own; killed when a file tells that it is time."""
        folders = {"intent": self.stage.state / "journals", "clip": self.stage.film / "renders"}
        patterns = {"intent": "*.jsonl", "clip": "*/.*.part"}
        folder, pattern = folders[self.case.where], patterns[self.case.where]
        process = self._process()
        until = time.monotonic() + _COLD_PATIENCE
        while process.poll() is None and time.monotonic() < until:
            if any(b'"kind":"intent"' in path.read_bytes() or path.suffix == ".part" for path in folder.glob(pattern)):
                break
            time.sleep(0.0005)
        process.kill()
        self._said(process)
        self.verdict.killed = process.returncode == -signal.SIGKILL
        if not self.verdict.killed:
            self._say(f"it ended before it could be killed: exit {process.returncode}")

    def _process(self) -> subprocess.Popen[str]:
        self.verdict.runs += 1
        return subprocess.Popen(
            [sys.executable, "-m", "sorapipe", "run", self.stage.manifest, "--yes"],
            cwd=self.stage.film,
            env=self.stage.environment() | {"PYTHONPATH": str(Path(__file__).parents[2])},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _said(self, process: subprocess.Popen[str]) -> Ended:
        out, err = process.communicate(timeout=_COLD_PATIENCE)
        return self._looked_at(Ended(process.returncode, out, err, 0.0, {}))

    def _check_unanswered(self) -> None:
        """Killed between the intent and the answer, one attempt is open and no more."""
        known = promises.read(self.stage)
        answered = {line["token"] for line in known.lines if line["kind"] not in {"intent"} and "token" in line}
        open_now = [token for token in known.intents if token not in answered and token not in known.lock]
        if len(open_now) > 1:
            self._say(f"{len(open_now)} intents are open after one kill")
        if self.case.where in UNANSWERED and len(open_now) != 1:
            self._say(f"killed at {self.case.where}, {len(open_now)} intents are open, not 1")
        if self.case.where in {"P1", "P8", "P9"} and open_now:
            self._say(f"killed at {self.case.where}, an intent is open")

    # Signals.

    def _signalled(self) -> None:
        name = self.case.where.rstrip("2")
        number, twice = getattr(signal, f"SIG{name}"), self.case.where.endswith("2")
        client = self._start()
        if client.ended(self.random.uniform(0.05, 0.95) * self.case.seconds):
            self._check_code(self._ended(client), {_DONE})
            return
        before = len(self._charges())
        client.signal(number)
        if twice and not client.ended(self.random.uniform(0.0, 0.03)):
            client.signal(number)
        ended = self._ended(client)
        self.verdict.killed += ended.code == SIGNALS[name]
        self._check_code(ended, {SIGNALS[name], _DONE})
        later = len(self._charges()) - before
        if later > _UNDER_WAY:
            self._say(f"{later} creates were sent after the signal")
        if not twice:
            self._check_graceful(ended)

    def _check_graceful(self, ended: Ended) -> None:
        """After one signal everything is saved, nothing is uncertain, and what still runs is told."""
        known = promises.read(self.stage)
        charges = self._charges()
        if known.uncertain():
            self._say("one signal left an attempt uncertain")
        in_lock = {task for line in known.lock.values() for task in promises.tasks_of(line)}
        unsaved = [charge.task for charge in charges if charge.answered not in in_lock]
        if unsaved:
            self._say(f"after one signal {len(unsaved)} tasks are not in the lock")
        running = [line for line in known.lock.values() if line["state"] == "submitted"]
        if running and ended.code != _DONE and "still running at the provider" not in ended.out + ended.err:
            self._say(f"{len(running)} takes run on and nobody was told: {ended.out}{ended.err}")

    # Recovery.

    def _recover(self) -> None:
        if self.case.mode == "plain":
            return
        ended = self._said(self._process()) if self.case.mode == "command" else self._run()
        self._check_code(ended, {_DONE, _UNCERTAIN})
        known = self._look(recovered=True)
        uncertain = known.uncertain()
        self.verdict.uncertain = len(uncertain)
        if len(uncertain) > max(self.verdict.killed, 0):
            self._say(f"{len(uncertain)} attempts are uncertain after {self.verdict.killed} kills")
        if (ended.code == _UNCERTAIN) != bool(uncertain):
            self._say(f"exit {ended.code} with {len(uncertain)} uncertain attempts")
        if uncertain:
            self._check_cost(known)
        half = self.case.mode == "point" and self.case.where in {"P13b", "P13c"}
        if half and not self.server.resumed(charge.task for charge in self._charges()):
            self._say("half a clip was there, and its download began anew")
        if self._older:
            backup = self.stage.lock.with_name(f"{self.stage.lock.name}.v0.backup")
            if not backup.exists() or backup.read_bytes() != self._older:
                self._say("the backup of the older lock is not what the lock was")

    def _settle(self) -> None:
        """Does what a person does: adopts what was charged, sends again what was not, runs to the end."""
        for _ in range(_MOST_RUNS):
            known = promises.read(self.stage)
            waiting = {token: line for token, line in known.uncertain().items() if not known.given_up(token)}
            if not waiting:
                break
            token, line = sorted(waiting.items())[0]
            if self._charge_of(token, line, known) is None:
                self.server.settle()  # nobody sends again what may be on its way
            charge = self._charge_of(token, line, known)
            if charge is None:
                words = ["resubmit", line["address"], "--yes"]
            else:
                if charge.token is None and charge.username is not None:
                    self.stage.name_character(line["address"], charge.answered, charge.username)
                words = ["adopt", line["address"], charge.answered, "--take", str(line["take"])]
            self._check_code(self._command(*words), {_DONE, _UNCERTAIN})
        for _ in range(_MOST_RUNS):
            ended = self._run()
            if ended.code == _DONE:
                break
        self._check_code(ended, {_DONE})

    def _charge_of(self, token: str, line: Mapping[str, Any], known: promises.Known) -> Charge | None:
        """What a person finds in the account: the task with that token, or the character that nobody knows."""
        for charge in self._charges():
            if charge.token == token:
                return charge
            unknown = charge.token is None and charge.answered not in known.tasks
            if unknown and promises.character_of(charge) == line["address"]:
                return charge
        return None

    def _at_the_end(self) -> None:
        known = self._look(recovered=True)
        charges = self._charges()
        for problem in promises.unfinished(known):
            self._say(problem)
        self.verdict.paid = sum(charge.credits for charge in charges)
        if len(charges) != CREATES or (self.case.paid and self.verdict.paid != self.case.paid):
            self._say(f"{len(charges)} creates for {self.verdict.paid}, not {CREATES} for {self.case.paid}")
            self.verdict.double += max(len(charges) - CREATES, 0)
        self._check_cost(known)
        self._check_idle()
        left = [path.name for path in self.stage.film.rglob(".*") if path.name.endswith((".new", ".part", ".etag"))]
        if left:
            self._say(f"left behind: {', '.join(left)}")

    def _check_idle(self) -> None:
        """Promise 5."""
        before = self.stage.snapshot()
        ended = self._run()
        self._check_code(ended, {_DONE})
        if self.stage.snapshot() != before:
            self._say("5: a finished film was written to")
        if ended.passed.get("wire") or ended.passed.get(ANY):
            self._say(f"5: a finished film: {ended.passed}")

    def _check_cost(self, known: promises.Known) -> None:
        ended = self._command("status", "--json")
        self._check_code(ended, {_DONE})
        data = json.loads(ended.out)
        for problem in promises.costs(data["spent"], self._charges(), known):
            self._say(problem)
        shown = {step["address"] for step in data["attention"] if step["action"] == "uncertain"}
        waiting = {line["address"] for token, line in known.uncertain().items() if not known.given_up(token)}
        if waiting - shown:
            self._say(f"2: {', '.join(sorted(waiting - shown))} is uncertain and not shown")

    # What all of them do.

    def _look(self, *, recovered: bool) -> promises.Known:
        known, charges = promises.read(self.stage), self._charges()
        for problem in promises.broken(self.stage, charges, known, recovered=recovered):
            self._say(problem)
            self.verdict.double += problem.startswith("1:")
            self.verdict.lost += problem.startswith("2:")
        return known

    def _charges(self) -> list[Charge]:
        return self.server.charges(self.stage.key)

    def _start(self, fate: Fate | None = None, *words: str) -> Client:
        self.verdict.runs += 1
        line = words or ("run", self.stage.manifest, "--yes")
        return Client(line, self.stage.film, self.stage.environment(), fate, self._prepare)

    def _ended(self, client: Client) -> Ended:
        return self._looked_at(client.wait())

    def _looked_at(self, ended: Ended) -> Ended:
        if "Traceback" in ended.err or ended.code in {1, 97, 98}:
            self._say(f"a bug: exit {ended.code}: {ended.err[-800:]}")
        if self.stage.key in ended.out + ended.err:
            self._say("7: the key was printed")
        return ended

    def _run(self, fate: Fate | None = None) -> Ended:
        return self._ended(self._start(fate))

    def _command(self, verb: str, *words: str) -> Ended:
        return self._ended(self._start(None, verb, self.stage.manifest, *words))

    def _prepare(self) -> None:
        """In the child: what is small in this film and large in others, and what takes time for politeness."""
        from sorapipe.engine import poll
        from sorapipe.state import session

        if self.case.where == "P25":
            session.ARCHIVE_ABOVE = 0
        if self.case.older:
            from campaign.older import teach

            teach()
        for name in ("_FIRST", "_FIRST_OF_SCOUTS", "_SHORTEST_STEP"):
            if hasattr(poll, name):
                setattr(poll, name, 0.04)

    def _have_an_older_lock(self) -> None:
        """Half of the film, made on another machine: only its lock is here, in an older version."""
        from campaign.older import make_older

        ended = self._command("run", *FIRST_PART, "--yes")
        self._check_code(ended, {_DONE})
        self._older = make_older(self.stage.lock)
        if self.random.random() < 0.5:
            shutil.rmtree(self.stage.state)

    def _check_code(self, ended: Ended, codes: Iterable[int]) -> None:
        if ended.code not in set(codes):
            self._say(f"exit {ended.code}: {ended.out[-300:]}{ended.err[-500:]}")

    def _say(self, problem: str) -> None:
        self.verdict.broken.append(problem)


# Workers: warm parents, each in a process of its own.


class Pool:
    """Warm parents that carry out cases, one at a time each, and the simulator that they share."""

    def __init__(self, root: Path, accounts: int, workers: int = 2) -> None:
        self._root = root
        self._workers = workers
        self._accounts = accounts
        self._next = 0
        self._free: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()

    @contextmanager
    def open(self) -> Iterator[Pool]:
        """Everything runs until the end of the context."""
        config = self._root / "config"
        with serving(self._root / "books", self._accounts + len(PROVIDERS), ("--latency", LATENCY)) as server:
            self.server = server
            write_profiles(config, server)
            setup = {"url": server.url, "books": str(server.folder), "config": str(config), "root": str(self._root)}
            started = [_worker(setup) for _ in range(self._workers)]
            for one in started:
                self._free.put(one)
            try:
                with ThreadPoolExecutor(self._workers) as self.threads:
                    yield self
            finally:
                for one in started:
                    if one.stdin is not None:
                        with suppress(BrokenPipeError):
                            one.stdin.close()
                    one.wait()

    def account(self) -> int:
        """An account that nobody has used."""
        self._next += 1
        return self._next - 1

    def carry_out(self, case: Case) -> Verdict:
        """One case, in a worker that is free. For any thread."""
        worker = self._free.get()
        try:
            if worker.stdin is None or worker.stdout is None:
                raise RuntimeError("a worker without pipes")
            line = ""
            with suppress(BrokenPipeError):
                worker.stdin.write(json.dumps(asdict(case)) + "\n")
                worker.stdin.flush()
                line = worker.stdout.readline()
        finally:
            self._free.put(worker)
        if not line:
            return Verdict(case.name, ["the worker died"])
        return Verdict(**json.loads(line))

    def references(self) -> dict[str, Verdict]:
        """A run that nobody kills, of each dialect: what it costs, how long it takes, which points it passes.

        The second one counts: the server makes its first clips slowly, and a kill that was timed by that would come
        when all is over."""
        for nth in range(2):
            cases = [Case("plain", "", provider, nth, self.account()) for provider in PROVIDERS]
            found = list(self.threads.map(self.carry_out, cases))
            if any(verdict.broken for verdict in found):
                break
        return dict(zip(PROVIDERS, found, strict=True))


def _worker(setup: Mapping[str, str]) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "tests.campaign", "crash", "--worker", json.dumps(setup)]
    return subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )


def work(setup: Mapping[str, str]) -> int:
    """A worker: reads cases, a line each, and answers with verdicts."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    root, config = Path(setup["root"]), Path(setup["config"])
    server = Server(setup["url"], Path(setup["books"]))
    warm_up()
    answers = os.fdopen(os.dup(1), "w")
    with tempfile.TemporaryDirectory(dir=root) as folder:
        os.environ |= {"SORAPIPE_CONFIG_DIR": str(config), "SORAPIPE_STATE_DIR": folder}
        practice = Stage(Path(folder), config, PROVIDERS[0], key_of(0))
        practice.set_up()
        rehearse(practice.film / practice.manifest)
    for line in sys.stdin:
        case = Case(**json.loads(line))
        folder_of_case = root / f"case-{case.account:05}"
        verdict = Trial(case, server, config, folder_of_case).carry_out()
        if verdict.broken:
            verdict.kept = str(folder_of_case)
        else:
            shutil.rmtree(folder_of_case)
        print(json.dumps(asdict(verdict)), file=answers, flush=True)
    return 0


# The campaign.


def case_of(name: str, pool: Pool, references: Mapping[str, Verdict]) -> Case:
    """The case of a name, as it is printed where it fails."""
    mode, where, provider, seed = name.split(":")
    known = references[provider]
    return Case(mode, where, provider, int(seed), pool.account(), known.passed, known.run_seconds, known.paid)


def names_of(mode: str, points: Sequence[str], many: int, seed: int, providers: Sequence[str] = PROVIDERS) -> list[str]:
    """`many` cases for each point (or signal), the dialects in turn."""
    wheres = [s + twice for s in SIGNALS for twice in ("", "2")] if mode == "signal" else points
    wheres = ["outside"] if mode == "random" else ["intent", "clip"] if mode == "command" else wheres
    return [
        f"{mode}:{where}:{providers[(row + nth) % len(providers)]}:{seed + nth}"
        for nth in range(many)
        for row, where in enumerate(wheres)
    ]


def table(found: Mapping[str, Sequence[Verdict]]) -> str:
    """A row for each point, and their sum."""
    rows = [("point", "cases", "runs", "killed", "lost", "double", "uncertain", "broken", "s a case")]
    for where, verdicts in [*found.items(), ("all", [one for some in found.values() for one in some])]:
        sums: Counter[str] = Counter()
        for one in verdicts:
            for name in ("runs", "killed", "lost", "double", "uncertain"):
                sums[name] += getattr(one, name)
        wrong = sum(bool(one.broken) for one in verdicts)
        each = sum(one.seconds for one in verdicts) / max(len(verdicts), 1)
        counts = (sums[name] for name in ("runs", "killed", "lost", "double", "uncertain"))
        rows.append((where, str(len(verdicts)), *map(str, counts), str(wrong), f"{each:.2f}"))
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join("  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows)


def add(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--per-point", type=int, default=1, metavar="N", help="cases for each point (default 1)")
    parser.add_argument("--points", nargs="+", choices=EVERY, default=list(EVERY), metavar="P", help="only these")
    parser.add_argument("--mode", choices=MODES, action="append", help="may be given again (default point)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--provider", choices=PROVIDERS, action="append", help="may be given again (default all)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--replay", action="append", default=[], metavar="CASE", help="a case by its name")
    parser.add_argument("--folder", type=Path, help="where the films are shot (default: where temporary files are)")
    parser.add_argument("--worker", metavar="JSON", help=argparse.SUPPRESS)


def main(words: argparse.Namespace) -> int:
    """Carries the cases out; 1 when a promise was broken."""
    if words.worker:
        return work(json.loads(words.worker))
    names = words.replay or [
        name
        for mode in words.mode or ["point"]
        for name in names_of(mode, words.points, words.per_point, words.seed, words.provider or PROVIDERS)
    ]
    root = Path(tempfile.mkdtemp(prefix="crash-", dir=words.folder))
    found: dict[str, list[Verdict]] = defaultdict(list)
    began = time.monotonic()
    with Pool(root, len(names) + len(PROVIDERS), words.workers).open() as pool:
        references = pool.references()
        wrong = [verdict for verdict in references.values() if verdict.broken]
        for verdict in wrong:
            _tell(verdict, 0, 0, began)
        names = [] if wrong else names  # what doesn't even run undisturbed need not be disturbed
        cases = _cases(names, pool, references)
        try:
            for number, verdict in enumerate(pool.threads.map(pool.carry_out, cases), 1):
                mode, where = verdict.case.split(":")[:2]
                found[where if mode == "point" else f"{mode} {where}"].append(verdict)
                wrong.append(verdict)
                _tell(verdict, number, len(names), began)
        except KeyboardInterrupt:
            print("interrupted: this is what was done until now")
            pool.threads.shutdown(cancel_futures=True)
    if pool.server.said():
        wrong.append(Verdict("the simulator", [f"the simulator: {pool.server.said()}"]))
        _tell(wrong[-1], 0, 0, began)
    wrong = [verdict for verdict in wrong if verdict.broken]
    seconds = time.monotonic() - began
    done = sum(map(len, found.values()))
    print(f"\n{table(found)}\n\n{done} cases in {seconds:.0f} s, {len(wrong)} with broken promises")
    if not wrong:
        shutil.rmtree(root)
    return 1 if wrong else 0


def _cases(names: Sequence[str], pool: Pool, references: Mapping[str, Verdict]) -> list[Case]:
    return [case_of(name, pool, references) for name in names]


def _tell(verdict: Verdict, number: int, many: int, began: float) -> None:
    if number and number % 50 == 0:
        print(f"{number} of {many}, {time.monotonic() - began:.0f} s", flush=True)
    if verdict.broken:
        print(f"\nbroken: python -m tests.campaign crash --replay {verdict.case}   (kept: {verdict.kept})")
        for problem in verdict.broken[:_MOST_SAID]:
            print(f"  {problem if len(problem) < _LONGEST else f'{problem[:_LONGEST]}…'}", flush=True)
