"""Markdown that outside text can't break out of: code, fences, tables, folds; knows nothing of what is said.

Whatever comes from a storyboard, a lock or a provider may hold anything. It is shown as code unless it is plain words:
code pings nobody, links nowhere and starts no table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sorapipe.storyboard.diagnostics import escape

_PLAIN = re.compile(r"[\w ,;:.()'→…%+-]*")
_RISKY = re.compile(r"_|www\.|://|\b[0-9a-f]{7,40}\b|\bGH-\d|:\w+:|^[\s+-]|^\d+[.)]", re.IGNORECASE)
_RUN = re.compile("`+")


def code(outside: str) -> str:
    """A text as code in a line."""
    text = " ".join(escape(outside, newlines=True).split())
    if not text:
        return ""
    fence = "`" * (max((len(run) for run in _RUN.findall(text)), default=0) + 1)
    room = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{room}{text}{room}{fence}"


def words(outside: str) -> str:
    """A text that is mostly our own: as it is where it is plain words, else as code."""
    text = " ".join(escape(outside, newlines=True).split())
    return text if _PLAIN.fullmatch(text) and not _RISKY.search(text) else code(text)


def row(cells: Iterable[str]) -> str:
    """A line of a table; a `|` in a cell stays in its cell."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table; a head that ends in `:` is of numbers."""
    names = [name.removesuffix(":") for name in head]
    rule = ["--:" if name.endswith(":") else "---" for name in head]
    return [row(names), f"|{'|'.join(rule)}|", *map(row, rows)]


def fence(lines: Iterable[str]) -> list[str]:
    """Lines as they are, in a fence that none of them can close. They were escaped before."""
    body = list(lines)
    longest = max((len(run) for line in body for run in _RUN.findall(line)), default=0)
    mark = "`" * max(3, longest + 1)
    return [f"{mark}text", *body, mark]


def details(summary: str, lines: Iterable[str]) -> list[str]:
    """What is folded away behind a line of our own words."""
    return [f"<details><summary>{summary}</summary>", "", *lines, "", "</details>"]
