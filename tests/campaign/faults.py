"""`python -m tests.campaign faults`: every fault at every call, the first, the k-th and all of them, in every dialect.

Cells are data; workers play them side by side, each with a simulator of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from campaign.fault_cells import CALLS, DIALECTS, FAULTS, WHERE, Cell, cells
from campaign.fault_play import BOARD, Verdict, play
from campaign.fault_suite import SUITE
from campaign.server import serving
from campaign.warm import rehearse, warm_up

_OPTIONS = ("--latency", "0", "--seed", "5")
Told = Callable[[Verdict], None]


def add(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--dialect", choices=(*DIALECTS, "all"), help="default: each cell in one, in turn")
    parser.add_argument("--turn", type=int, default=0, metavar="N", help="which of its dialects comes first; 0, 1, 2")
    parser.add_argument("--call", choices=CALLS, help="only this call")
    parser.add_argument("--fault", metavar="NAME", action="append", help="only this fault; may be given again")
    parser.add_argument("--where", choices=WHERE, help="only there")
    parser.add_argument("--suite", action="store_true", help="the cells of the default suite and no others")
    parser.add_argument("--json", action="store_true", help="a JSON list for each cell, as it ends, and no table")
    parser.add_argument("--list", action="store_true", help="print the cells and play none")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the folders of cells that failed here")


def main(words: argparse.Namespace) -> int:
    """Plays cells; 1 when a promise was broken."""
    unknown = [name for name in words.fault or () if name not in FAULTS]
    if unknown:
        print(f"there is no fault `{unknown[0]}`; `--list` shows them all", file=sys.stderr)
        return 2
    chosen = choose(words.dialect, words.call, words.fault, words.where, words.turn)
    if words.suite:
        chosen = list(SUITE)
    if words.list:
        print(
            "\n".join(f"{cell.fault:24} {cell.call:9} {cell.where:6} {cell.dialect:7} {cell.ends}" for cell in chosen)
        )
        print(f"{len(chosen)} cells of {len({cell.fault for cell in chosen})} faults")
        return 0
    began = time.monotonic()
    shown: Counter[str] = Counter()

    def told(verdict: Verdict) -> None:
        shown["cells"] += 1
        if words.json:
            print(_packed(verdict), flush=True)
        elif verdict.broken or sys.stderr.isatty():
            print(f"[{shown['cells']}/{len(chosen)}] {_line(verdict)}", file=sys.stderr, flush=True)

    verdicts = play_all(chosen, words.workers, told, words.keep)
    if not words.json:
        print(table(verdicts))
        print(totals(verdicts, time.monotonic() - began))
    return 1 if any(verdict.broken for verdict in verdicts) or len(verdicts) != len(chosen) else 0


def choose(
    dialect: str | None = None,
    call: str | None = None,
    faults: Sequence[str] | None = None,
    where: str | None = None,
    turn: int = 0,
) -> list[Cell]:
    """Cells. Without a dialect each in one dialect, in turn; `all` stands for each in every one."""
    found = [
        cell
        for cell in cells()
        if call in {None, cell.call} and (not faults or cell.fault in faults) and where in {None, cell.where}
    ]
    if dialect is None:
        return in_turn(found, turn)
    return found if dialect == "all" else [cell for cell in found if cell.dialect == dialect]


def in_turn(found: Iterable[Cell], turn: int = 0) -> list[Cell]:
    """Each cell in one of the dialects that it has."""
    places: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in found:
        places.setdefault((cell.fault, cell.call, cell.where), []).append(cell)
    return [several[(number + turn) % len(several)] for number, several in enumerate(places.values())]


@dataclass(frozen=True)
class _Share:
    pid: int
    pipe: int


def play_all(chosen: Sequence[Cell], workers: int, told: Told, keep: Path | None = None) -> list[Verdict]:
    """Plays cells in forked workers; what a worker has begun and not told is missing from the answer."""
    with tempfile.TemporaryDirectory(prefix="sorapipe-faults-") as name:
        top = Path(name)
        warm_up()
        (top / "film.yaml").write_text(BOARD)
        rehearse(top / "film.yaml")
        shares = [_start(chosen[one::workers], top / f"w{one}", keep) for one in range(workers)]
        found = _listen(shares, told)
        for share in shares:
            os.waitpid(share.pid, 0)
    place = {cell: number for number, cell in enumerate(chosen)}
    return sorted(found, key=lambda verdict: place[verdict.cell])


def _start(chosen: Sequence[Cell], top: Path, keep: Path | None) -> _Share:
    top.mkdir()
    reader, writer = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        os.close(writer)
        return _Share(pid, reader)
    os.close(reader)
    code = 1
    try:
        with os.fdopen(writer, "w") as pipe:
            _work(chosen, top, lambda verdict: print(_packed(verdict), file=pipe, flush=True), keep)
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _work(chosen: Sequence[Cell], top: Path, told: Told, keep: Path | None) -> None:
    with serving(top / "books", len(chosen), _OPTIONS) as server:
        for number, cell in enumerate(chosen):
            root = top / f"cell-{number}"
            root.mkdir()
            verdict = play(cell, root, server, number)
            if verdict.broken and keep is not None:
                shutil.copytree(
                    root, keep / f"{cell.fault}-{cell.call}-{cell.where}-{cell.dialect}", dirs_exist_ok=True
                )
            told(verdict)
            shutil.rmtree(root, ignore_errors=True)


def _packed(verdict: Verdict) -> str:
    cell = verdict.cell
    return json.dumps(
        [[cell.fault, cell.call, cell.where, cell.dialect], verdict.broken, verdict.seconds, verdict.ended]
    )


def _listen(shares: Sequence[_Share], told: Told) -> list[Verdict]:
    import selectors

    found: list[Verdict] = []
    with selectors.DefaultSelector() as watch:
        for share in shares:
            watch.register(os.fdopen(share.pipe), selectors.EVENT_READ)
        while watch.get_map():
            for key, _ in watch.select():
                line = key.fileobj.readline()  # type: ignore[union-attr]
                if not line:
                    watch.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr]
                    continue
                cell, broken, seconds, ended = json.loads(line)
                found.append(Verdict(Cell(*cell), [(kind, text) for kind, text in broken], seconds, ended))
                told(found[-1])
    return found


def _line(verdict: Verdict) -> str:
    cell = verdict.cell
    said = "; ".join(f"{kind}: {text.splitlines()[-1] if text else ''}" for kind, text in verdict.broken) or "ok"
    return f"{cell.fault} {cell.call} {cell.where} {cell.dialect}: {said}"


def table(verdicts: Sequence[Verdict]) -> str:
    """Fault by call, at the first, the k-th and all: the exit code, or what broke; then how to play failures again."""
    rows: dict[str, dict[tuple[str, str], list[str]]] = {}
    for verdict in verdicts:
        cell = verdict.cell
        kinds = ",".join(dict.fromkeys(kind for kind, _ in verdict.broken))
        rows.setdefault(cell.fault, {}).setdefault((cell.call, cell.where), []).append(kinds or str(verdict.ended))
    calls = [one for one in CALLS if any((one, where) in row for row in rows.values() for where in WHERE)]
    lines = [f"{'fault':24}" + "".join(f"{one:>18}" for one in calls), " " * 24 + f"{'first kth all':>18}" * len(calls)]
    for name, row in rows.items():
        texts = (" ".join(_one(row.get((one, where), [])) for where in WHERE) for one in calls)
        lines.append(f"{name:24}" + "".join(f"{text:>18}" for text in texts))
    failed = [verdict for verdict in verdicts if verdict.broken]
    for verdict in failed:
        lines += ["", _line(verdict), f"  {verdict.cell.command}"]
    return "\n".join(lines)


def _one(said: list[str]) -> str:
    return "/".join(sorted(set(said), key=said.index)) if said else "·"


def totals(verdicts: Sequence[Verdict], seconds: float) -> str:
    """One line of figures."""
    kinds = Counter(kind for verdict in verdicts for kind in {kind for kind, _ in verdict.broken})
    faults = len({verdict.cell.fault for verdict in verdicts})
    said = ", ".join(
        f"{kinds[kind]} {words}"
        for kind, words in (
            ("double", "double charges or sendings"), ("traceback", "tracebacks"), ("code", "wrong exit codes"),
            ("lost", "charges or shots lost"), ("key", "leaks of a key"), ("audit", "books that disagree"),
        )
    )  # fmt: skip
    rest = sum(kinds[kind] for kind in ("early", "halt", "shown", "resume", "idle", "hang"))
    return f"\n{len(verdicts)} cells of {faults} faults: {said}, {rest} other; {seconds:.0f} s"
