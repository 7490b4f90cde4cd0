"""What a merged lock must hold, read as a stranger reads it: by none of the product's code."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

CHOICES = frozenset({"pick", "ng", "note", "waiver", "consent"})
_RANKS = ("uncertain", "submitted", "vanished", "unavailable", "failed", "suspect", "done")
Line = dict[str, Any]


@dataclass
class Page:
    """The lines of a lock: attempts by token, choices and other lines as they are written."""

    attempts: dict[str, list[Line]] = field(default_factory=dict)
    choices: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    lineages: set[str] = field(default_factory=set)

    def tasks(self) -> set[str]:
        """Every task id, those of characters included."""
        found = {task for lines in self.attempts.values() for line in lines for task in tasks(line)}
        return found | {line["task"] for line in map(json.loads, self.others) if "task" in line}


def page(*locks: bytes) -> Page:
    """What several locks say, each line by itself."""
    found = Page()
    for text in (text for lock in locks for text in lock.decode().splitlines() if text):
        line = json.loads(text)
        if line["kind"] == "attempt":
            found.attempts.setdefault(line["token"], []).append(line)
        elif line["kind"] == "lock":
            found.lineages |= {line["lineage"], *line.get("also", ())}
        else:
            (found.choices if line["kind"] in CHOICES else found.others).add(text)
    return found


def tasks(line: Line) -> set[str]:
    """The tasks of one attempt."""
    return {*line.get("tasks", ()), *([line["task"]] if "task" in line else [])}


def mixed(result: bytes, sources: Iterable[bytes]) -> list[str]:
    """What came out and never went in: lines that are neither a source's nor the join of those of one token."""
    known, found = page(*sources), page(result)
    broken = [
        f"a line from nowhere: {text}" for text in (found.choices - known.choices) | (found.others - known.others)
    ]
    if not found.lineages <= known.lineages:
        broken.append(f"lineages from nowhere: {found.lineages - known.lineages}")
    for token, lines in found.attempts.items():
        given = known.attempts.get(token, [])
        for line in lines:
            if line not in given and not _is_join(line, given):
                broken.append(f"a mixed record: {json.dumps(line)}")
    return broken


def _is_join(line: Line, given: list[Line]) -> bool:
    """Whether a line is one of the highest state with all its tasks, and perhaps tasks that the others had."""
    highest = max((_RANKS.index(one["state"]) for one in given), default=-1)
    every = {task for one in given for task in tasks(one)}
    whose = [one for one in given if _RANKS.index(one["state"]) == highest and _body(one) == _body(line)]
    return any(tasks(one) <= tasks(line) <= every for one in whose)


def _body(line: Line) -> Line:
    return {name: value for name, value in line.items() if name not in {"task", "tasks", "~"}}


def lost(result: bytes, sides: Iterable[bytes]) -> list[str]:
    """Tasks, tokens, recipes and characters of a side that did not come out."""
    found, known = page(result), page(*sides)
    broken = [f"task {task} is lost" for task in sorted(known.tasks() - found.tasks())]
    broken += [f"attempt {token} is lost" for token in sorted(known.attempts.keys() - found.attempts.keys())]
    broken += [f"a line is lost: {text}" for text in sorted(known.others - found.others)]
    return broken + [f"lineage {one} is lost" for one in sorted(known.lineages - found.lineages)]
