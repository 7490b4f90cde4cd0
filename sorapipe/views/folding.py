"""Long texts in lines that fit a terminal: broken at spaces, never inside a command; knows not what is said."""

from __future__ import annotations

import re

_PIECES = re.compile(r"(?:`[^`]*`|\S)+")
"""What stays on one line: a word, or what stands between backticks, so that it can be pasted."""
_NARROWEST = 24
"""A text is never squeezed into fewer columns, however narrow the terminal."""


def folded(text: str, width: int, indent: int) -> str:
    """A text that begins in column `indent`, in lines that all begin there. What fits is left as it is."""
    room = max(width - indent, _NARROWEST)
    if len(text) <= room:
        return text
    rows = [""]
    for piece in _PIECES.findall(text):
        if rows[-1] and len(rows[-1]) + 1 + len(piece) > room:
            rows.append(piece)
        else:
            rows[-1] = f"{rows[-1]} {piece}" if rows[-1] else piece
    return f"\n{'':{indent}}".join(rows)
