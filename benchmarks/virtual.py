"""Measures the engine without a network: jobs in virtual time, real books on a disk in memory; prints a table.

    python benchmarks/virtual.py [--tasks 1000,10000,30000] [--write]

The provider answers within 5 ms, 100 jobs are in flight. The bound is the time that nobody can beat who keeps to that:
each job begins as soon as one of 100 places is free. CPU is that of the engine with all around it: schedule,
effects, books, and the provider that is played; plan and board are made before. `--write` puts the table into
README.md.
"""

from __future__ import annotations

import argparse
import gc
import heapq
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests"), str(HERE)]

from engine.world import World, film, shot  # noqa: E402
from measure import machine, write  # noqa: E402

from sorapipe.engine.effects import Studio  # noqa: E402
from sorapipe.engine.messages import Limits  # noqa: E402
from sorapipe.engine.outcome import Outcome  # noqa: E402
from sorapipe.engine.schedule import Schedule  # noqa: E402

IN_FLIGHT = 100
JOBS = 1000
BEGIN, END = "<!-- begin of virtual time -->", "<!-- end of virtual time -->"
Draw = Callable[[random.Random], float]


class Row(NamedTuple):
    """One run. `ratio` is the makespan divided by the bound."""

    ratio: float
    polls: float
    cpu: float


KINDS: tuple[tuple[str, int, Draw], ...] = (
    ("2.0 s", JOBS, lambda _: 2.0),
    ("2.3 s", JOBS, lambda _: 2.3),
    ("2.0 s ± 0.5 s", JOBS, lambda dice: dice.uniform(1.5, 2.5)),
    ("10 s", JOBS, lambda _: 10.0),
    ("10 s ± 4 s", 500, lambda dice: dice.uniform(6.0, 14.0)),
    ("60 s", JOBS, lambda _: 60.0),
)


def main() -> None:
    """Measures what the options say."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--tasks", default="1000,10000,30000", help="lengths of runs whose CPU is measured")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    options = parser.parse_args()
    lines = ["| jobs | polls | makespan ÷ bound | polls a job |", "|---|---|---|---|"]
    for name, jobs, draw in KINDS:
        for how, lists in (("each by itself", frozenset[str]()), ("with a list", frozenset({"studio"}))):
            row = run(jobs, draw, lists)
            lines.append(f"| {jobs:,} of {name} | {how} | {row.ratio:.3f} | {row.polls:.2f} |")
    lines += ["", "| a run of | CPU a task |", "|---|---|"]
    for tasks in (int(word) for word in options.tasks.split(",")):
        cpu = min(run(tasks, lambda _: 60.0, frozenset()).cpu for _ in range(2))
        lines.append(f"| {tasks:,} | {cpu / tasks * 1000:.2f} ms |")
    text = "\n".join([machine("CPU is the better of 2 runs"), "", *lines])
    print(text)
    if options.write:
        write(text, BEGIN, END)


def run(jobs: int, draw: Draw, lists: frozenset[str]) -> Row:
    """One run of a provider whose jobs take as long as `draw` says."""
    dice = random.Random(1)
    lengths = [draw(dice) for _ in range(jobs)]
    limits = Limits(in_flight=IN_FLIGHT, lists=lists, downloads=4)
    shots = (shot(f"s{number:06}") for number in range(jobs))
    world = World(film(*shots), seconds=lambda number: lengths[number], latency=0.005, limits=limits)
    world.stopwatch = time.perf_counter
    drive, began, cpu = world._drive, world.now, 0.0

    def timed(schedule: Schedule, studio: Studio) -> Outcome:
        nonlocal cpu
        gc.collect()
        gc.freeze()  # as the command line does
        since = time.process_time()
        found = drive(schedule, studio)
        cpu = time.process_time() - since
        gc.unfreeze()
        return found

    world._drive = timed  # type: ignore[method-assign]
    outcome = world.run()
    if outcome is None or outcome.exit_code:
        sys.exit(f"the run went wrong: {outcome and outcome.exit_code}")
    last = max(charged.collected_at or 0.0 for charged in world.provider.charges.values())
    return Row((last - began) / bound(lengths), outcome.polls / jobs, cpu)


def bound(lengths: list[float]) -> float:
    """When the last of the jobs could be done, in their order, each as soon as there is a place."""
    places = [0.0] * IN_FLIGHT
    for length in lengths:
        heapq.heapreplace(places, places[0] + length)
    return max(places)


if __name__ == "__main__":
    main()
