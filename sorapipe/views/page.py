"""How a text will be read: its width, its colours, the words its reader types; knows nothing of what is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_PLANNING = frozenset({"accept", "adopt", "plan", "resubmit", "roll", "run", "status", "why"})
"""Verbs that take `--provider`."""

Paint = Callable[..., str]
"""`paint(text, *styles)`: the text in colour, or as it is."""


def plain(text: str, *_: str) -> str:
    """No colour at all."""
    return text


@dataclass(frozen=True, slots=True)
class Page:
    """`target` are the words after the verb that name the storyboard (` skerry.yaml`), `words` the others
    (` storm --cascade`), `folder` is the storyboard's folder as it would be typed. `width` counts columns, `prose`
    those after which sentences are broken; with `every` nothing is folded away. `options` go to all verbs that plan
    (` --provider house`)."""

    target: str = ""
    folder: str = "."
    words: str = ""
    width: int = 100
    every: bool = False
    paint: Paint = plain
    options: str = ""
    prose: int = 100

    def path(self, path: str) -> str:
        """A path relative to the storyboard's folder, as it would be typed."""
        return path if self.folder in {"", "."} else f"{self.folder}/{path}"

    def command(self, command: str) -> str:
        """A command as it must be typed for this storyboard: its name comes after the verb, the options at the end."""
        program, _, rest = command.partition(" ")
        verb, _, words = rest.partition(" ")
        if program != "sorapipe":
            return command
        options = self.options if verb in _PLANNING else ""
        return f"sorapipe {verb}{self.target}" + (f" {words}" if words else "") + options
