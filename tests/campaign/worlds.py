"""Virtual worlds: whole lives of a film by seed, and the promises after every event; starts, counts, replays.

No socket, codec or git is used, and no clock but the world's: the command line is the product's own, on a disk in
memory and against a scripted provider.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from unittest.mock import patch

from campaign.world_machine import seams
from campaign.world_person import Person
from campaign.world_story import Story

Variant = Callable[[], AbstractContextManager[object]]
_MOST_SAID, _LONGEST = 5, 2000


@dataclass
class World:
    """What became of a world. `broken` are the promises that did not hold."""

    seed: int
    broken: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)
    code: int | None = None


def live(seed: int, variant: Variant | None = None) -> World:
    """A whole world. `variant` patches classes of the product as long as it lives."""
    story = Story(seed)
    found = World(seed, story.oracle.broken, story.counts, story.told)
    with seams(story.world), (variant or nullcontext)():
        try:
            story.steps()
            if not story.oracle.broken:
                found.code = Person(story).finish()
        except Exception as error:  # whatever breaks in there is a finding
            last = "".join(traceback.format_exception(error)[-3:])
            story.oracle.say(f"{type(error).__name__}: {error}\n{last}")
    _count(story, found)
    return found


def play(seed: int, variant: Variant | None = None) -> list[str]:
    """The promises that were broken in a world, in words."""
    return live(seed, variant).broken


def _count(story: Story, found: World) -> None:
    studio = story.studio
    story.counts["creates"] += len(studio.calls)
    story.counts["charges"] += len(studio.charges)
    story.counts["machines"] += len(story.machines)
    every = [entry for machine in story.machines for entry in machine.books.whole().entries.values()]
    story.counts["uncertain at the end"] += sum(it.state == "uncertain" for it in every)
    story.counts[f"ends with {found.code}"] += 1
    story.counts.update({f"fault at {kind}": times for kind, times in studio.faults.items()})


def lives(seeds: Sequence[int], jobs: int = 1) -> Iterator[World]:
    """Worlds in the order of their seeds."""
    if jobs <= 1:
        yield from map(live, seeds)
        return
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        yield from pool.imap(live, seeds, chunksize=20)


def table(counts: Counter[str]) -> str:
    """What happened, by kind."""
    width = max(map(len, counts), default=0)
    return "\n".join(f"{name:{width}}  {counts[name]:7}" for name in sorted(counts))


def add(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--count", type=int, default=200, help="worlds (default 200)")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first seed (default 0)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--replay", type=int, metavar="SEED", help="one world, with all that happens in it")


def main(words: argparse.Namespace) -> int:
    """Lets worlds live; 1 when a promise was broken."""
    with tempfile.TemporaryDirectory() as nobody:
        home = {"SORAPIPE_CONFIG_DIR": nobody, "SORAPIPE_STATE_DIR": nobody}
        with patch.dict(os.environ, home):
            return _replay(words.replay) if words.replay is not None else _campaign(words)


def _replay(seed: int) -> int:
    world = live(seed)
    print(*world.told, sep="\n")
    _tell(world)
    return int(bool(world.broken))


def _campaign(words: argparse.Namespace) -> int:
    began, counts, wrong = time.monotonic(), Counter[str](), 0
    done = 0
    try:
        for world in lives(range(words.first, words.first + words.count), words.jobs):
            done += 1
            counts.update(world.counts)
            wrong += bool(world.broken)
            _tell(world)
    except KeyboardInterrupt:
        print("interrupted: this is what was done until now")
    seconds = time.monotonic() - began
    print(f"\n{table(counts)}\n\n{done} worlds in {seconds:.0f} s, {wrong} with broken promises")
    return int(wrong > 0)


def _tell(world: World) -> None:
    if not world.broken:
        return
    print(f"\nbroken: python -m tests.campaign worlds --replay {world.seed}")
    for problem in world.broken[:_MOST_SAID]:
        print(f"  {problem if len(problem) < _LONGEST else f'{problem[:_LONGEST]}…'}", flush=True)
