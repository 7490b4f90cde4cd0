"""Measures the command line on long storyboards and prints a table; knows sorapipe only as a command.

    python benchmarks/measure.py [--shots 100,1000,10000] [--rounds 5] [--doit PATH] [--write]

Every command runs once a round, one after the other, so that a busy machine is as unfair to the floors as to us; the
medians count. Floors are what nobody can beat here: the interpreter with click, and the events of libyaml. With
`--doit` the same number of tasks is given to doit, whose second run has nothing to do. `--write` puts the table into
README.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

HERE = Path(__file__).parent
README = HERE / "README.md"
BEGIN, END = "<!-- begin of the table -->", "<!-- end of the table -->"
CLICK, EVENTS, DOIT = "python -c 'import click'", "events of libyaml", "doit, nothing to do"
LIBYAML = """
import gc, sys, time, yaml
gc.disable()
text = open(sys.argv[1], encoding="utf-8").read()
parser = yaml.CSafeLoader(text)
began = time.perf_counter()
while parser.check_event():
    parser.get_event()
print(time.perf_counter() - began)
"""
DODO = """
import os
def touch(path):
    open(path, "w").close()
def task_shot():
    for number in range({shots}):
        parent = number % {parents}
        yield {{
            "name": str(number), "targets": [f"out/{{number}}"], "actions": [(touch, [f"out/{{number}}"])],
            "file_dep": [f"out/{{parent}}"] if number >= {parents} else [],
            "uptodate": [True],
        }}
"""


class Case(NamedTuple):
    """One command. `floor` names what its time is divided by; `self_timed` ones print their seconds themselves."""

    name: str
    words: tuple[str, ...]
    floor: str
    folder: Path
    extra: tuple[tuple[str, str], ...] = ()
    self_timed: bool = False


class Measured(NamedTuple):
    """Seconds on the wall, and the most memory in MB."""

    seconds: float
    memory: float


def main() -> None:
    """Measures what the options say."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--shots", default="100,1000,10000", help="lengths, with commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--doit", help="path of the command `doit`, to measure it beside")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run([sys.executable, "-m", "compileall", "-q", HERE.parent / "sorapipe"], check=True)
    lengths = [int(word) for word in options.shots.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        results = {shots: measure(cases(Path(folder) / str(shots), shots, options.doit), options.rounds)
                   for shots in lengths}  # fmt: skip
    text = f"{machine(f'Seconds on the wall, medians of {options.rounds} rounds')}\n\n{table(results)}"
    print(text)
    if options.write:
        write(text)


def cases(folder: Path, shots: int, doit: str | None) -> list[Case]:
    """Everything that is measured for one length; makes its files first."""
    fresh, finished = folder / "fresh", folder / "finished"
    for one in (fresh, finished):
        one.mkdir(parents=True)
        # all by processes of their own: what this one has ever taken counts as taken by those that it measures
        subprocess.run([sys.executable, HERE / "storyboards.py", str(shots), one / "film.yaml"], check=True)
    subprocess.run([sys.executable, HERE / "finished.py", "film.yaml"], cwd=finished, env=_env(finished), check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    python, film = (sys.executable,), ("film.yaml",)
    ours = (*python, "-m", "sorapipe")
    typed = (("_SORAPIPE_COMPLETE", "bash_complete"), ("COMP_WORDS", f"sorapipe pick film.yaml shot-{shots - 1}"))
    found = [
        Case(CLICK, (*python, "-c", "import click"), CLICK, fresh),
        Case(EVENTS, (*python, "-c", LIBYAML, *film), EVENTS, fresh, self_timed=True),
        Case("--version", (*ours, "--version"), CLICK, fresh),
        Case("--help", (*ours, "--help"), CLICK, fresh),
        Case("a shot's name completed", ours, CLICK, finished, (*typed, ("COMP_CWORD", "3"))),
        Case("validate", (*ours, "validate", *film), EVENTS, fresh),
        Case("plan, nothing rendered yet", (*ours, "plan", *film), EVENTS, fresh),
        Case("run, nothing to do", (*ours, "run", *film), EVENTS, finished),
        Case("status, all rendered", (*ours, "status", *film), EVENTS, finished),
    ]
    return [*found, _doit_case(folder / "doit", shots, doit)] if doit else found


def _doit_case(folder: Path, shots: int, doit: str) -> Case:
    (folder / "out").mkdir(parents=True)
    (folder / "dodo.py").write_text(DODO.format(shots=shots, parents=max(1, shots // 50)), encoding="utf-8")
    subprocess.run([doit], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return Case(DOIT, (doit,), DOIT, folder)


def measure(found: list[Case], rounds: int) -> dict[Case, Measured]:
    """The median of each case; a first round that isn't counted warms caches."""
    times: dict[Case, list[Measured]] = {case: [] for case in found}
    for number in range(rounds + 1):
        for case in found:
            one = run(case)
            if number:
                times[case].append(one)
    return {case: Measured(median(one.seconds for one in many), max(one.memory for one in many))
            for case, many in times.items()}  # fmt: skip


def run(case: Case) -> Measured:
    """One process from its start to its end."""
    env = _env(case.folder) | dict(case.extra)
    began = perf_counter()
    with subprocess.Popen(case.words, cwd=case.folder, env=env, stdout=subprocess.PIPE) as process:
        said = process.stdout.read() if process.stdout else b""
        _, status, used = os.wait4(process.pid, 0)
        seconds = perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"`{case.name}` ended with {process.returncode}")
    return Measured(float(said) if case.self_timed else seconds, used.ru_maxrss / 1024)


def _env(folder: Path) -> dict[str, str]:
    ours = {"SORAPIPE_STATE_DIR": str(folder / "state"), "SORAPIPE_CONFIG_DIR": str(folder / "config")}
    paths = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    return os.environ | ours | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


def table(results: dict[int, dict[Case, Measured]]) -> str:
    """Rows are commands, columns lengths; each cell has seconds, the ratio to its floor, and the memory."""
    lengths = list(results)
    lines = ["| | " + " | ".join(f"{shots:,} shots" for shots in lengths) + " | floor | memory at most |",
             "|---|" + "---|" * (len(lengths) + 2)]  # fmt: skip
    for row in zip(*(one.items() for one in results.values()), strict=True):
        cells = []
        for (case, measured), shots in zip(row, lengths, strict=True):
            floor = next(one.seconds for other, one in results[shots].items() if other.name == case.floor)
            ratio = "" if case.name == case.floor else f" ({measured.seconds / floor:.1f} x)"
            cells.append(f"{measured.seconds:.3f}{ratio}")
        case, last = row[-1]
        floor_name = "" if case.name == case.floor else case.floor
        lines.append(f"| {case.name} | {' | '.join(cells)} | {floor_name} | {last.memory:.0f} MB |")
    return "\n".join(lines)


def machine(how: str) -> str:
    """Where, when and how this was measured."""
    chip = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        chip = next((line.partition(": ")[2] for line in info.read_text().splitlines() if "model name" in line), chip)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({chip}), {platform.system()}, "
        f"Python {platform.python_version()}. {how}."
    )


def write(text: str, begin: str = BEGIN, end: str = END) -> None:
    """Puts the table between its marks."""
    before, _, rest = README.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    README.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
