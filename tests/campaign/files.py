"""`python -m tests.campaign files`: a disk that refuses, loses power or dies at every operation of whole runs.

Cases are data (`file_play`, in virtual time; `file_client`, the real command line); workers play them side by side.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from campaign.file_play import HARMS, REFUSALS, Case, Variant, Verdict, judge, play, unharmed
from campaign.file_scenes import SCENES

SEEDED = tuple(harm for harm in HARMS if harm not in REFUSALS)
_KINDS = ("lost", "double", "unreadable", "code", "early", "bug")
_MOST_SAID = 6


def add(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--per-op", type=int, default=2, metavar="N", help="seeds of each loss of power (default 2)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each n-th operation (default 1)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scene", choices=SCENES, action="append", help="may be given again (default all)")
    parser.add_argument("--harm", choices=HARMS, action="append", help="may be given again (default all)")
    parser.add_argument("--real", type=int, default=0, metavar="N", help="also the real command, each n-th operation")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--replay", action="append", default=[], metavar="CASE", help="a case by its name")


def main(words: argparse.Namespace) -> int:
    """Plays cases; 1 when a promise was broken."""
    began = time.monotonic()
    names = words.replay or [case.name for case in cases(words)]
    virtual = [name for name in names if not name.startswith("real:")]
    found = list(play_all(virtual, words.jobs))
    real = [name for name in names if name.startswith("real:")]
    if words.real or real:
        from campaign.file_client import play_real

        found += play_real(real, words.real)
    if virtual or not words.replay:
        print(f"\n{table(found)}")
    wrong = [verdict for verdict in found if verdict.broken]
    seconds = time.monotonic() - began
    print(f"\n{len(found)} cases in {seconds:.0f} s, {len(wrong)} with broken promises")
    for verdict in wrong if words.replay else []:
        print(verdict)
    return 1 if wrong else 0


def cases(words: argparse.Namespace) -> Iterator[Case]:
    """Every harm at every operation of every scene; those that are seeded with each seed."""
    for scene in words.scene or SCENES:
        for harm in words.harm or HARMS:
            yield from cases_of(scene, harm, words.per_op if harm in SEEDED else 1, words.every, words.seed)


def cases_of(scene: str, harm: str, seeds: int, every: int = 1, seed: int = 0) -> Iterator[Case]:
    """One harm at every operation (or each n-th, another for each seed) of a scene."""
    for operation in range(1 + seed % every, unharmed(scene).operations + 1, every):
        for one in range(seed, seed + seeds):
            yield Case(scene, harm, operation, one)


def play_all(names: Sequence[str], jobs: int) -> Iterator[Verdict]:
    """Plays cases; tells of those that broke a promise as they end."""
    if jobs <= 1:
        for name in names:
            yield told(judge(name))
        return
    with ProcessPoolExecutor(jobs) as pool:
        for verdict in pool.map(judge, names, chunksize=16):
            yield told(verdict)


def sample(seed: int, every: int) -> list[Case]:
    """A few of all cases: each scene and each harm, another operation for each."""
    found = []
    for row, scene in enumerate(SCENES):
        for column, harm in enumerate(HARMS):
            found += cases_of(scene, harm, 1, every, seed + row * len(HARMS) + column * 7)
    return found


def broken_by(variant: Variant, names: Iterable[Case]) -> list[str]:
    """What a changed product breaks first, and in which case; empty where it breaks nothing."""
    for case in names:
        broken = play(case, variant)
        if broken:
            return [case.name, *broken]
    return []


def told(verdict: Verdict) -> Verdict:
    """Prints what a case broke, and how it is played again."""
    if verdict.broken:
        print(f"\nbroken: python -m tests.campaign files --replay {verdict.case}   (at: {verdict.at or 'nothing'})")
        for problem in verdict.broken[:_MOST_SAID]:
            print(f"  {problem}", flush=True)
    return verdict


def table(verdicts: Iterable[Verdict]) -> str:
    """A row for each scene and kind of harm, and their sum."""
    groups: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    every = list(verdicts)
    for verdict in every:
        scene, harm = verdict.case.split(":")[:2]
        groups[scene, harm.partition("-")[0]].append(verdict)
    rows = [("scene", "harm", "operations", "cases", "struck", "exit 11", "uncertain", *_KINDS, "other")]
    for (scene, harm), some in [*groups.items(), (("all", ""), every)]:
        kinds = Counter(problem.partition(":")[0] for verdict in some for problem in verdict.broken)
        other = kinds.total() - sum(kinds[kind] for kind in _KINDS)
        counts = (
            len({verdict.case.split(":")[2] for verdict in some}) if scene != "all" else 0, len(some),
            sum(bool(verdict.at) for verdict in some), sum(verdict.code == 11 for verdict in some),
            sum(verdict.uncertain for verdict in some), *(kinds[kind] for kind in _KINDS), other,
        )  # fmt: skip
        rows.append((scene, harm, *map(str, counts)))
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join("  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows)


__all__ = ["add", "broken_by", "cases", "cases_of", "main", "play", "play_all", "sample", "table"]
