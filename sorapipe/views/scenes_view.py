"""A long film in few lines: how many shots of each scene stand how; knows neither shots nor takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice

from sorapipe.views.folding import folded
from sorapipe.views.page import Page
from sorapipe.views.words import count

DONE = "done"
"""The word for a shot that is as the storyboard wants it."""
MISSING = "missing"
"""The word for one that is done as well, and whose clip is not on this machine."""
_WIDEST = 34
_MOST = 60
"""Scenes that are listed; where there are more, those that are done are only counted."""


def scene_lines(scenes: Sequence[tuple[str, Counter[str]]], page: Page) -> list[str]:
    """A line a scene: how many of its shots are done, and how the others stand."""
    many = len(scenes) > _MOST
    open_scenes = [scene for scene in scenes if not (many and _done(scene[1]))]
    shown = list(islice(open_scenes, _MOST))
    width = max((len(_cut(name)) for name, _ in shown), default=0)
    sums = max((len(_sum(states)) for _, states in shown), default=0)
    lines = [_line(name, states, (width, sums), page) for name, states in shown]
    quiet, rest = len(scenes) - len(open_scenes), len(open_scenes) - len(shown)
    if quiet:
        lines.append(page.paint(f"  {count(quiet, 'scene')}{' more' if shown else ''}, all done", "dim"))
    if rest:
        lines.append(page.paint(f"  and {count(rest, 'scene')} more that are not done", "dim"))
    return lines


def _line(name: str, states: Counter[str], widths: tuple[int, int], page: Page) -> str:
    head = f"  {_cut(name):{widths[0]}}  "
    done = page.paint(f"{_sum(states):>{widths[1]}}", "green" if _done(states) else "yellow")
    others = ", ".join(f"{number:,} {state}" for state, number in states.most_common() if state != DONE)
    return f"{head}{done}  {folded(others, page.prose, len(head) + widths[1] + 2)}".rstrip()


def _sum(states: Counter[str]) -> str:
    return f"{states[DONE] + states[MISSING]:,} of {states.total():,} done"


def _done(states: Counter[str]) -> bool:
    return states[DONE] == states.total()


def _cut(name: str) -> str:
    return name if len(name) <= _WIDEST else f"{name[: _WIDEST - 1]}…"
