"""A real disk that refuses what it is told to: in a forked client, which learns of it from its environment.

`REFUSED` holds a JSON list of rules: `what` is done (`append`, `sync`, `open`, `replace`, …) to a path that holds
`path`, with bytes that hold `holds`; `error` is its name. `half` of an append's bytes are written all the same.
"""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

from sorapipe.state.disk import Disk
from sorapipe.state.files import Handle, StateError

REFUSED = "REFUSED"


class RefusingDisk(Disk):
    """Everything else is done."""

    def __init__(self) -> None:
        self._rules: list[dict[str, Any]] = json.loads(os.environ[REFUSED])

    def _ask(self, what: str, path: Path, data: bytes = b"") -> dict[str, Any] | None:
        return next(
            (
                rule
                for rule in self._rules
                if rule["what"] in {what, "any"}
                and rule["path"] in str(path)
                and rule.get("holds", "").encode() in data
            ),
            None,
        )

    def _refuse(self, what: str, path: Path, rule: dict[str, Any] | None) -> None:
        if rule is not None:
            number = getattr(errno, rule["error"])
            raise StateError(what, path, os.strerror(number).lower(), number)

    def open(self, path: Path, *, keep: int | None = None, private: bool = False) -> Handle:
        self._refuse("open", path, self._ask("open", path))
        return super().open(path, keep=keep, private=private)

    def append(self, handle: Handle, data: bytes, before: str = "", after: str = "") -> None:
        rule = self._ask("append", handle.path, data)
        if rule is not None and rule.get("half"):
            os.write(handle.number, data[: len(data) // 2])
        self._refuse("write to", handle.path, rule)
        super().append(handle, data, before, after)

    def sync(self, handle: Handle, before: str = "", after: str = "") -> None:
        self._refuse("sync", handle.path, self._ask("sync", handle.path))
        super().sync(handle, before, after)

    def replace(self, source: Path, target: Path, before: str = "", after: str = "") -> None:
        self._refuse("replace", target, self._ask("replace", target))
        super().replace(source, target, before, after)

    def put_new(self, source: Path, target: Path, before: str = "", after: str = "") -> bool:
        self._refuse("make", target, self._ask("put_new", target))
        return super().put_new(source, target, before, after)

    def make_folder(self, path: Path, *, private: bool = False) -> None:
        if not path.is_dir():
            self._refuse("make the folder", path, self._ask("make_folder", path))
        super().make_folder(path, private=private)
