"""Measures whole runs over HTTP: `sorapipe run` in its own process against a simulator in another; prints a table.

    python benchmarks/over_http.py [--jobs 1000] [--seconds 2,2.3,1.5-2.5] [--in-flight 100] [--rounds 1] [--write]

Each run begins with nothing: its own folder, books and simulator. The makespan counts from the first create that the
simulator sees to the end of the process, `whole` from the start of the process. The bound is the time that nobody can
beat: each job, as long as the simulator made it, begins as soon as one of so many places is free; for jobs of equal
length that is jobs ÷ places times seconds. Requests are those that the simulator saw; CPU is that of the client, its
start and its looks into each clip included. `--write` puts the table into README.md.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, time
from typing import Any, NamedTuple
from urllib.request import urlopen

from measure import HERE, machine, write

BEGIN, END = "<!-- begin of runs over HTTP -->", "<!-- end of runs over HTTP -->"
HOWS = (("each by itself", "simulator"), ("with a list", "simulator-videos"))
PROFILE = """\
extends: {base}
embedded: false
base_url: {url}
limits: {{creates: 1000, window: 1, in_flight: {in_flight}, downloads: 4}}
"""


class Run(NamedTuple):
    """One run: ratios to the bound, requests and polls a job, seconds of CPU, MB of memory."""

    ratio: float
    whole: float
    requests: float
    polls: float
    cpu: float
    memory: float


def main() -> None:
    """Measures what the options say."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--seconds", default="2,2.3,1.5-2.5", help="how long jobs take, with commas")
    parser.add_argument("--in-flight", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=1, help="medians count")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run([sys.executable, "-m", "compileall", "-q", HERE.parent / "sorapipe"], check=True)
    lines = [
        "| jobs | polls | makespan ÷ bound | whole ÷ bound | requests a job | polls a job | client CPU | memory |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for seconds in options.seconds.split(","):
        for how, base in HOWS:
            runs = [one_run(options.jobs, seconds, options.in_flight, base) for _ in range(options.rounds)]
            mid = Run(*(median(values) for values in zip(*runs, strict=True)))
            lines.append(
                f"| {options.jobs:,} of {seconds} s, {options.in_flight} at a time | {how} | {mid.ratio:.3f} | "
                f"{mid.whole:.3f} | {mid.requests:.2f} | {mid.polls:.2f} | {mid.cpu:.1f} s | {mid.memory:.0f} MB |"
            )
            print(lines[-1], flush=True)
    rounds = "one run each" if options.rounds == 1 else f"medians of {options.rounds} runs"
    text = "\n".join([machine(rounds), "", *lines])
    print(text)
    if options.write:
        write(text, BEGIN, END)


def one_run(jobs: int, seconds: str, in_flight: int, base: str) -> Run:
    """A whole film, bought at a simulator that nobody has used before."""
    with tempfile.TemporaryDirectory() as name, simulator(Path(name) / "books", seconds) as url:
        folder = Path(name)
        (folder / "config" / "providers").mkdir(parents=True)
        profile = PROFILE.format(base=base, url=url, in_flight=in_flight)
        (folder / "config" / "providers" / "bench.yaml").write_text(profile, encoding="utf-8")
        shots = "".join(f"  - {{id: s{n:05}, prompt: Picture {n} of the harbour.}}\n" for n in range(jobs))
        (folder / "film.yaml").write_text(f"sorapipe: 1\nshots:\n{shots}", encoding="utf-8")
        return _measured(folder, url, jobs, in_flight)


def _measured(folder: Path, url: str, jobs: int, in_flight: int) -> Run:
    paths = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    env = os.environ | {
        "SORAPIPE_STATE_DIR": str(folder / "state"),
        "SORAPIPE_CONFIG_DIR": str(folder / "config"),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    words = [sys.executable, "-m", "sorapipe", "run", "film.yaml", "--provider", "bench", "--yes"]
    began = perf_counter()
    process = subprocess.Popen(words, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    whole, ended = perf_counter() - began, time()
    process.returncode = os.waitstatus_to_exitcode(status)
    clips = len(list((folder / "renders" / "film").glob("*.mp4")))
    if process.returncode or clips != jobs:
        sys.exit(f"the run ended with {process.returncode} and {clips} clips")
    first, lengths, calls, polls = _seen(url)
    least = bound(lengths, in_flight)
    cpu = used.ru_utime + used.ru_stime
    return Run((ended - first) / least, whole / least, calls / jobs, polls / jobs, cpu, used.ru_maxrss / 1024)


def _seen(url: str) -> tuple[float, list[float], int, int]:
    """What the simulator says: when the first job was ordered, how long each took, all requests, the polls."""
    calls = [row for row in _rows(url, "requests") if not row["path"].startswith("/__sim")]
    tasks = _rows(url, "tasks")
    first = min(row["created"] for row in tasks) / 1000
    polls = sum(row["call"] in {"query", "list"} for row in calls)
    return first, [(row["due"] - row["created"]) / 1000 for row in tasks], len(calls), polls


def _rows(url: str, page: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        after = found[-1]["number"] if found else 0
        with urlopen(f"{url}/__sim/{page}?after={after}&limit=1000") as answer:  # noqa: S310  our own
            rows = json.load(answer)
        found += rows
        if not rows:
            return found


def bound(lengths: list[float], places: int) -> float:
    """When the last of the jobs could be done, in their order, each as soon as there is a place."""
    free = [0.0] * places
    for length in lengths:
        heapq.heapreplace(free, free[0] + length)
    return max(free)


@contextmanager
def simulator(books: Path, seconds: str) -> Iterator[str]:
    """A simulator of its own. Its URL."""
    words = [sys.executable, "-m", "sorapipe.simulator", "serve", "--port", "0", "--books", str(books)]
    words += ["--clips", "canned", "--latency", seconds, "--credits", "100000000", "--seed", "1"]
    env = os.environ | {"PYTHONPATH": str(HERE.parent)}
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield json.loads(process.stdout.readline() if process.stdout else "{}")["url"]
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
