"""Colour for a terminal, if somebody wants it; knows no words."""

from __future__ import annotations

import os
from typing import TextIO

_CODES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36}


def colourful(stream: TextIO) -> bool:
    """Whether a stream shows colours: a terminal that is not dumb, and no `NO_COLOR`."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def paint(text: str, *styles: str, stream: TextIO) -> str:
    """The text in the given styles, or plain where the stream shows none."""
    if not text or not colourful(stream):
        return text
    return f"\x1b[{';'.join(str(_CODES[style]) for style in styles)}m{text}\x1b[0m"
