"""Many runs at once on one storyboard: one of them submits, all others say who holds it; killed, it holds no more."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from campaign import promises
from campaign.dying import Fate
from campaign.film import CREATES, PROVIDERS, Stage, write_profiles
from campaign.server import Server, key_of, serving
from campaign.warm import Client, rehearse, warm_up

_PATIENCE = 60.0
_DONE, _HELD, _UNCERTAIN = 0, 4, 9
_HOLDER = re.compile(r"held by process (\d+)")


@dataclass
class Crowd:
    """What became of a crowd. `freed` is how long after the kill of the holder another run had the storyboard."""

    many: int
    submitters: int = 0
    refused: int = 0
    seconds: float = 0.0
    freed: float = 0.0
    broken: list[str] = field(default_factory=list)


class _Gate:
    """Where those who are about to send something stand until they are let through, or killed."""

    def __init__(self) -> None:
        self._start, self._open_start = os.pipe()
        self.arrived, self._arrive = os.pipe()
        self._closed, self._never = os.pipe()

    def begin(self) -> None:
        """Everybody starts."""
        os.close(self._open_start)

    def wait_for_begin(self) -> None:
        """In the child: until everybody is there."""
        os.close(self._open_start)
        os.read(self._start, 1)

    def stand(self) -> None:
        """In the child: says that it would write an intent now, and waits for ever."""
        os.write(self._arrive, b".")
        os.read(self._closed, 1)


def _nothing() -> None:
    pass


def crowd(
    stage: Stage, server: Server, many: int, prepare: Callable[[], None] = _nothing, patience: float = _PATIENCE
) -> Crowd:
    """Starts so many at once, looks who submits, kills that one, lets one more run to its end.

    `prepare` is called in every child; `patience` are the seconds in which all but one must have ended.
    """
    found = Crowd(many)
    began = time.monotonic()
    gate = _Gate()
    stage.set_up()
    line = ("run", stage.manifest, "--yes")

    def begin() -> None:
        prepare()
        gate.wait_for_begin()

    clients = [Client(line, stage.film, stage.environment(), Fate("P1", 1, gate.stand), begin) for _ in range(many)]
    gate.begin()
    os.read(gate.arrived, 1)
    holder = _refused(clients, found, patience)
    found.seconds = time.monotonic() - began
    if holder is not None:
        _replaced(holder, stage, found)
    charges = server.charges(stage.key)
    if len(charges) != CREATES:
        found.broken.append(f"{len(charges)} creates, not {CREATES}")
    known = promises.read(stage)
    found.broken += promises.broken(stage, charges, known, recovered=True) + promises.unfinished(known)
    return found


def _refused(clients: list[Client], found: Crowd, patience: float) -> Client | None:
    """All but one end by themselves, and name the one that doesn't."""
    until = time.monotonic() + patience
    going = list(clients)
    while len(going) > 1 and time.monotonic() < until:
        for client in [one for one in going if one.ended(0.0)]:
            going.remove(client)
            ended = client.wait()
            found.refused += ended.code == _HELD
            named = _HOLDER.search(ended.err)
            if ended.code != _HELD or named is None or int(named[1]) not in {one.pid for one in clients}:
                found.broken.append(f"exit {ended.code}: {ended.out[-300:]}{ended.err[-500:]}")
    found.submitters = len(going)
    if len(going) != 1:
        found.broken.append(f"{len(going)} runs submit, not 1")
        for client in going:
            client.signal(signal.SIGKILL)
            client.wait()
        return None
    return going[0]


def _replaced(holder: Client, stage: Stage, found: Crowd) -> None:
    """As long as it lives another run is told its number; killed, the storyboard is free at once."""
    line = ("run", stage.manifest, "--yes")
    refused = Client(line, stage.film, stage.environment()).wait()
    if refused.code != _HELD or f"held by process {holder.pid}" not in refused.err:
        found.broken.append(f"beside the holder {holder.pid}: exit {refused.code}: {refused.err[-500:]}")
    holder.signal(signal.SIGKILL)
    holder.wait()
    began = time.monotonic()
    holds: list[float] = []
    read, write = os.pipe()
    client = Client(line, stage.film, stage.environment(), Fate("P1", 1, lambda: _mark(write)))
    os.close(write)
    if os.read(read, 1):
        holds.append(time.monotonic() - began)
    ended = client.wait()
    os.close(read)
    found.freed = holds[0] if holds else -1.0
    if ended.code != _DONE or not holds:
        found.broken.append(f"after the holder's end: exit {ended.code}: {ended.out[-300:]}{ended.err[-500:]}")


def _mark(pipe: int) -> None:
    os.write(pipe, b".")


def gather(root: Path, many: int, rounds: int, seed: int = 0) -> list[Crowd]:
    """Some crowds, in this process: it must have no threads."""
    config = root / "config"
    with serving(root / "books", rounds, ("--latency", "0.02")) as server:
        write_profiles(config, server)
        warm_up()
        os.environ |= {"SORAPIPE_CONFIG_DIR": str(config), "SORAPIPE_STATE_DIR": str(root / "practice" / "state")}
        practice = Stage(root / "practice", config, PROVIDERS[0], key_of(0))
        practice.set_up()
        rehearse(practice.film / practice.manifest)
        return [
            crowd(Stage(root / f"crowd-{number}", config, PROVIDERS[(seed + number) % 3], key_of(number)), server, many)
            for number in range(rounds)
        ]


def add(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--many", type=int, default=50, help="runs at once (default 50)")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="which dialect comes first")


def main(words: argparse.Namespace) -> int:
    """Carries them out; 1 when more than one submitted, or anything else was wrong."""
    root = Path(tempfile.mkdtemp(prefix="crowd-"))
    found = gather(root, words.many, words.rounds, words.seed)
    wrong = [one for one in found if one.broken]
    for one in wrong:
        print(*one.broken[:6], sep="\n", file=sys.stderr)
    print("runs at once  submitters  refused  seconds  free again after")
    for one in found:
        print(f"{one.many:12}  {one.submitters:10}  {one.refused:7}  {one.seconds:7.2f}  {one.freed * 1000:13.0f} ms")
    if not wrong:
        shutil.rmtree(root)
    return 1 if wrong else 0
