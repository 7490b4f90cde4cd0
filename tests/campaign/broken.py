"""`python -m tests.campaign broken`: clients that are wrong on purpose, each of which a suite must catch.

A suite plays its own cases, first as the client is and then as it is wrong: silent without, and with it a broken
promise in the words that are expected. This module knows no suite's rules; it brings wrong clients to its cases.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

from campaign import fault_play, wrong_answers, wrong_books, wrong_clips, wrong_creates, wrong_persons
from campaign.crash import LATENCY, Case, Trial, Verdict
from campaign.crowd import crowd
from campaign.fault_cells import Cell
from campaign.film import PROVIDERS, Stage, write_profiles
from campaign.hasty import hurry
from campaign.server import Server, key_of, serving
from campaign.warm import Client, Ended, rehearse, warm_up
from campaign.wrong_client import CRASH, CROWD, FAULTS, FILES, VIRTUAL, WORLDS, Trap, Wrong

_ACCOUNTS = 400
_LONGEST = 110
_CROWD_PATIENCE = 4.0

Play = Callable[[str, Wrong | None], list[str]]
"""Plays one case of a suite, with a wrong client or with the right one: the promises that were broken."""


def _of(module: ModuleType) -> list[Wrong]:
    return [found for found in vars(module).values() if isinstance(found, Wrong)]


_MODULES = (wrong_creates, wrong_answers, wrong_clips, wrong_books, wrong_persons)
EVERY: Mapping[str, Wrong] = {wrong.name: wrong for module in _MODULES for wrong in _of(module)}


@dataclass(frozen=True)
class Row:
    """How one wrong client fared in one suite. `cases` were played until it was caught; `said` is what was said then,
    or all that was said where it was not caught; `silent` tells that nothing is said about the right client."""

    wrong: str
    suite: str
    caught: bool
    silent: bool
    cases: int
    case: str
    said: str
    seconds: float

    @property
    def good(self) -> bool:
        """Whether the suite does what it is for."""
        return self.caught and self.silent


# The suites.


class _Trial(Trial):
    """A case of the crash suite whose clients are wrong."""

    wrong: Wrong | None = None

    def _prepare(self) -> None:
        super()._prepare()
        if self.wrong is not None:
            self.wrong.wear()


class _Accounts:
    """Numbers of accounts that nobody has used."""

    def __init__(self) -> None:
        self._next = 0

    def take(self) -> int:
        self._next += 1
        return self._next - 1


class Crashes:
    """Cases of the crash suite."""

    def __init__(self, root: Path, server: Server, accounts: _Accounts) -> None:
        self._root = root
        self._server = server
        self._accounts = accounts
        self._known: dict[str, Verdict] = {}

    def play(self, case: str, wrong: Wrong | None) -> list[str]:
        """See `Play`."""
        mode, where, provider, seed = case.split(":")
        found = Case(mode, where, provider, int(seed), self._accounts.take())
        if mode != "plain":
            known = self._undisturbed(provider)
            found = replace(found, passed=known.passed, seconds=known.run_seconds, paid=known.paid)
        return self._carry_out(found, wrong).broken

    def _undisturbed(self, provider: str) -> Verdict:
        """A run that nobody disturbs: its length, and the points that it passes. The second one, as in the suite."""
        if provider not in self._known:
            for seed in range(2):
                found = self._carry_out(Case("plain", "", provider, seed, self._accounts.take()), None)
            self._known[provider] = found
        return self._known[provider]

    def _carry_out(self, case: Case, wrong: Wrong | None) -> Verdict:
        folder = self._root / f"case-{case.account:04}"
        trial = _Trial(case, self._server, self._config, folder)
        trial.wrong = wrong
        verdict = trial.carry_out()
        shutil.rmtree(folder)
        return verdict

    @property
    def _config(self) -> Path:
        return self._root / "config"

    def crowd(self, case: str, wrong: Wrong | None) -> list[str]:
        """So many at once; see `Play`."""
        account = self._accounts.take()
        stage = Stage(self._root / f"crowd-{account:04}", self._config, PROVIDERS[0], key_of(account))
        prepare = (lambda: None) if wrong is None else wrong.wear
        found = crowd(stage, self._server, int(case), prepare, _CROWD_PATIENCE)
        shutil.rmtree(stage.root)
        return found.broken


@contextmanager
def _crashes(root: Path) -> Iterator[Crashes]:
    with serving(root / "books", _ACCOUNTS, ("--latency", LATENCY)) as server:
        write_profiles(root / "config", server)
        os.environ |= {"SORAPIPE_CONFIG_DIR": str(root / "config"), "SORAPIPE_STATE_DIR": str(root / "practice")}
        practice = Stage(root / "practice", root / "config", PROVIDERS[0], key_of(0))
        practice.set_up()
        rehearse(practice.film / practice.manifest)
        accounts = _Accounts()
        accounts.take()
        yield Crashes(root, server, accounts)


@contextmanager
def _faults(root: Path) -> Iterator[Play]:
    accounts = _Accounts()
    (root / "film.yaml").write_text(fault_play.BOARD)
    rehearse(root / "film.yaml")

    def play(case: str, wrong: Wrong | None) -> list[str]:
        number = accounts.take()
        folder = root / f"cell-{number}"
        folder.mkdir()
        verdict = fault_play.play(Cell(*case.split()), folder, server, number, _started(wrong))
        shutil.rmtree(folder, ignore_errors=True)
        return [f"{kind}: {text}" for kind, text in verdict.broken]

    with serving(root / "books", _ACCOUNTS, ("--latency", "0", "--seed", "5")) as server:
        yield play


def _started(wrong: Wrong | None) -> fault_play.Start:
    def start(words: Sequence[str], folder: Path, environment: Mapping[str, str], haste: float) -> Ended:
        def prepare() -> None:
            hurry(haste)()
            if wrong is not None:
                wrong.wear()

        return Client(words, folder, environment, prepare=prepare).wait(60)

    return start


def _files(case: str, wrong: Wrong | None) -> list[str]:
    from campaign import files

    return files.play(case, None if wrong is None else wrong.worn())


def _worlds(case: str, wrong: Wrong | None) -> list[str]:
    from campaign import worlds

    nobody = dict.fromkeys(("SORAPIPE_CONFIG_DIR", "SORAPIPE_STATE_DIR"), tempfile.gettempdir() + "/nobody")
    with patch.dict(os.environ, nobody):
        return worlds.play(int(case), None if wrong is None else wrong.worn)


VIRTUAL_PLAYS: Mapping[str, Play] = {FILES: _files, WORLDS: _worlds}


class Suites:
    """The suites that forked clients need, begun when somebody asks for a case. The process must have no threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._open = ExitStack()
        self._plays: dict[str, Play] = {}
        self._warm = False

    def __enter__(self) -> Suites:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def play(self, suite: str, case: str, wrong: Wrong | None) -> list[str]:
        """Plays a case."""
        if suite not in self._plays:
            self._begin(suite)
        return self._plays[suite](case, wrong)

    def _begin(self, suite: str) -> None:
        if not self._warm and suite not in VIRTUAL:
            warm_up()
            self._warm = True
        if suite in VIRTUAL:
            self._plays |= VIRTUAL_PLAYS
            return
        root = self._root / ("crash" if suite == CROWD else suite)
        root.mkdir(exist_ok=True)
        if suite in {CRASH, CROWD}:
            crashes = self._open.enter_context(_crashes(root))
            self._plays |= {CRASH: crashes.play, CROWD: crashes.crowd}
        else:
            self._plays[FAULTS] = self._open.enter_context(_faults(root))


# The play.


class Judge:
    """Plays traps. The right client plays each case once, and only the cases that were needed."""

    def __init__(self, play: Callable[[str, str, Wrong | None], list[str]]) -> None:
        self._play = play
        self._without: dict[tuple[str, str], list[str]] = {}

    def row(self, wrong: Wrong, trap: Trap) -> Row:
        """How a wrong client fares in a suite: its cases in turn until it is caught."""
        began = time.monotonic()
        said: list[str] = []
        played, case = 0, ""
        caught: str | None = None
        for case in trap.cases:
            played += 1
            now = self._play(trap.suite, case, wrong)
            said += now
            caught = next((text for text in now if re.search(trap.says, text, re.DOTALL)), None)
            if caught is not None:
                break
        seconds = time.monotonic() - began
        noise = self._control(trap.suite, case)
        text = " | ".join(noise) if noise else caught if caught is not None else " | ".join(said)
        return Row(wrong.name, trap.suite, caught is not None, not noise, played, case, text, seconds)

    def _control(self, suite: str, case: str) -> list[str]:
        if (suite, case) not in self._without:
            self._without[suite, case] = self._play(suite, case, None)
        return self._without[suite, case]


def rows(chosen: Sequence[tuple[Wrong, Trap]], told: Callable[[Row], None]) -> list[Row]:
    """Plays all of these."""
    root = Path(tempfile.mkdtemp(prefix="broken-"))
    found = []
    with Suites(root) as suites:
        judge = Judge(suites.play)
        for wrong, trap in chosen:
            found.append(judge.row(wrong, trap))
            told(found[-1])
    shutil.rmtree(root, ignore_errors=True)
    return found


def table(found: Sequence[Row]) -> str:
    """A line for each wrong client and suite."""
    lines = [("this client …", "caught by", "cases", "s", "and what was said")]
    for row in found:
        verdict = row.suite if row.good else "NOISE" if row.caught else "NOT CAUGHT"
        said = " ".join(row.said.split())
        said = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
        lines.append((EVERY[row.wrong].what, verdict, str(row.cases), f"{row.seconds:.1f}", f"{row.case}: {said}"))
    widths = [max(len(line[at]) for line in lines) for at in range(4)]
    return "\n".join(
        f"{what:{widths[0]}}  {by:{widths[1]}}  {cases:>{widths[2]}}  {seconds:>{widths[3]}}  {said}"
        for what, by, cases, seconds, said in lines
    )


def add(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--only", action="append", choices=sorted(EVERY), metavar="NAME", help="may be given again")
    parser.add_argument("--suite", action="append", choices=[CRASH, CROWD, FAULTS, *sorted(VIRTUAL)])
    parser.add_argument("--json", action="store_true", help="a JSON object for each row, as it ends, and no table")
    parser.add_argument("--list", action="store_true", help="print the wrong clients and play nothing")


def main(words: argparse.Namespace) -> int:
    """Plays them; 1 when one was not caught, or the right client was."""
    chosen = [
        (wrong, trap)
        for wrong in EVERY.values()
        for trap in wrong.traps
        if (not words.only or wrong.name in words.only) and (not words.suite or trap.suite in words.suite)
    ]
    if words.list:
        for wrong, trap in chosen:
            print(f"{wrong.name:36} {trap.suite:8} {wrong.what}")
        return 0
    began = time.monotonic()

    def told(row: Row) -> None:
        if words.json:
            print(json.dumps(asdict(row)), flush=True)
        elif not row.good or sys.stderr.isatty():
            print(f"{row.wrong}: {row.suite} {row.case}: {row.said or 'nothing was said'}", file=sys.stderr, flush=True)

    found = rows(chosen, told)
    if not words.json:
        clients = len({row.wrong for row in found})
        bad = len({row.wrong for row in found if not row.good})
        print(f"{table(found)}\n\n{clients} wrong clients, {bad} not caught; {time.monotonic() - began:.0f} s")
    return 0 if all(row.good for row in found) else 1
