"""Measures a long lock: reading, joining and saving it against plain JSON, and the verbs that live on it.

    python benchmarks/lock.py [--shots 10000] [--rounds 9] [--write]

A storyboard of so many shots is put down as rendered; its lock has an attempt and a recipe for each, and characters.
The floor takes the same bytes as one JSON document: `json.loads`, `json.dumps`, and a file written beside the old one,
synced, renamed, its folder synced. Ours reads the lock, every line held against its digest, joins it with that of a
branch on which one take in a hundred came to another end, and saves what both say together. Both take turns in
one process. The verbs are whole commands, divided by the events of libyaml of the same storyboard in the same rounds,
as measure.py does. `--write` puts the table into README.md.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from measure import EVENTS, LIBYAML, Case, Measured, _env, machine, measure, write  # noqa: E402

from sorapipe.state.disk import Disk  # noqa: E402
from sorapipe.state.files import write_atomic  # noqa: E402
from sorapipe.state.lock import LockFile, dumps, join, loads  # noqa: E402
from sorapipe.state.records import attempt_of as read_attempt  # noqa: E402
from sorapipe.state.records import attempt_values, encode, record_of  # noqa: E402

BEGIN, END = "<!-- begin of a long lock -->", "<!-- end of a long lock -->"
FLOOR, OURS = "json.loads, json.dumps, an atomic write", "lock: load, join, save"
ONE_IN = 100
LINE = b"\n"


def main() -> None:
    """Measures what the options say."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--shots", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run([sys.executable, "-m", "compileall", "-q", HERE.parent / "sorapipe"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        film = finished(Path(folder), options.shots)
        # the commands first: what this process has ever taken counts as taken by those that it starts
        verbs = measure(cases(film.parent, options.shots), max(3, options.rounds // 2))
        data = film.with_suffix(".lock").read_bytes()
        books = rounds(data, film.parent, options.rounds)
    text = f"{machine(f'Medians of {options.rounds} rounds')}\n\n{table(data, books)}\n\n{commands(verbs)}"
    print(text)
    if options.write:
        write(text, BEGIN, END)


def finished(folder: Path, shots: int) -> Path:
    """A storyboard of so many shots that are all there; made by processes of their own."""
    film = folder / "film.yaml"
    subprocess.run([sys.executable, HERE / "storyboards.py", str(shots), film], check=True)
    subprocess.run([sys.executable, HERE / "finished.py", film.name], cwd=folder, env=_env(folder), check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    return film


def rounds(data: bytes, folder: Path, number: int) -> dict[str, tuple[float, float]]:
    """Seconds on the wall and of CPU of each work, medians; a first round that isn't counted warms caches."""
    branch = branched(data)
    disk = Disk()
    document = b"[" + b",".join(data.splitlines()) + b"]"

    def plain() -> None:
        text = json.dumps(json.loads(document), ensure_ascii=False, separators=(",", ":"))
        replaced(folder / "plain.json", text.encode())

    def ours() -> None:
        both = join(loads(data), branch)
        write_atomic(disk, folder / "joined.lock", dumps(both))

    def merged() -> None:
        write_atomic(disk, folder / "joined.lock", dumps(join(loads(data), loads(theirs))))

    theirs = dumps(branch)
    read = loads(data)
    both = join(read, branch)
    works: dict[str, Callable[[], object]] = {
        FLOOR: plain,
        OURS: ours,
        "of that: load": lambda: loads(data),
        "of that: join": lambda: join(read, branch),
        "of that: save": lambda: write_atomic(disk, folder / "joined.lock", dumps(both)),
        "a merge: load both sides, join, save": merged,
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for turn in range(number + 1):
        for name, work in works.items():
            one = timed(work)
            if turn:
                times[name].append(one)
    return {name: (median(one for one, _ in many), median(cpu for _, cpu in many)) for name, many in times.items()}


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall and of CPU; the collector of garbage rests meanwhile, as it does where locks are read."""
    gc.collect()
    gc.disable()
    wall, cpu = perf_counter(), process_time()
    work()
    found = perf_counter() - wall, process_time() - cpu
    gc.enable()
    return found


def branched(data: bytes) -> LockFile:
    """The lock of a branch on which one take in a hundred came to another end."""
    branch = LockFile()
    for number, record in enumerate((one := loads(data)).attempts.values()):
        if number % ONE_IN:
            branch.add(record_of(record.raw))
        else:
            values = attempt_values(read_attempt(record.values)) | {"state": "submitted"}
            branch.add(record_of(encode(values)))
    for record in one.others.values():
        branch.add(record)
    branch.lineages = one.lineages
    return branch


def replaced(path: Path, data: bytes) -> None:
    """Writes a file as a whole: beside, synced, renamed, the folder synced."""
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def cases(folder: Path, shots: int) -> list[Case]:
    """The verbs that read the whole lock."""
    ours, shot = (sys.executable, "-m", "sorapipe"), f"shot-{shots // 2}"
    return [
        Case(EVENTS, (sys.executable, "-c", LIBYAML, "film.yaml"), EVENTS, folder, self_timed=True),
        Case("lock verify", (*ours, "lock", "verify", "film.yaml"), EVENTS, folder),
        Case("plan", (*ours, "plan", "film.yaml"), EVENTS, folder),
        Case("status", (*ours, "status", "film.yaml"), EVENTS, folder),
        Case("why, one shot", (*ours, "why", "film.yaml", shot), EVENTS, folder),
    ]


def table(data: bytes, books: dict[str, tuple[float, float]]) -> str:
    """One row a work, its seconds and how many times the floor that is."""
    wall, cpu = books[FLOOR]
    attempts = data.count(b'"kind":"attempt"')
    lines = [
        f"A lock of {attempts:,} attempts, {data.count(LINE):,} lines, {len(data) / 1e6:.1f} MB.", "",
        "| | seconds | ÷ floor | CPU | ÷ floor |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for name, (one, busy) in books.items():
        ratios = ("", "") if name == FLOOR else (f"{one / wall:.1f} x", f"{busy / cpu:.1f} x")
        lines.append(f"| {name} | {one:.3f} | {ratios[0]} | {busy:.3f} | {ratios[1]} |")
    return "\n".join(lines)


def commands(verbs: dict[Case, Measured]) -> str:
    """One row a command, from its start to its end."""
    floor = next(found.seconds for case, found in verbs.items() if case.name == EVENTS)
    lines = ["| | seconds | ÷ libyaml | memory at most |", "|---|---|---|---|"]
    for case, found in verbs.items():
        ratio = "" if case.name == EVENTS else f"{found.seconds / floor:.1f} x"
        lines.append(f"| {case.name} | {found.seconds:.3f} | {ratio} | {found.memory:.0f} MB |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
