"""Locks of storyboards as a stranger reads them: JSON Lines that check themselves; knows neither books nor client."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

VERSION = 1
_MARKERS = (b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>")
_LINE = re.compile(rb'(\{.*),"~":"([0-9a-f]{8})"\}', re.DOTALL)


class UnusableLock(Exception):
    """A file that is no lock, or one that says nothing for certain."""


@dataclass(frozen=True, slots=True)
class Take:
    """One attempt of a lock. `lock` is the file's name, `cost` in `currency`."""

    lock: str
    address: str
    number: int
    token: str
    tasks: tuple[str, ...]
    state: str
    provider: str
    cost: Decimal | None
    currency: str | None
    sha256: str | None
    size: int | None
    rehearsal: bool

    def __str__(self) -> str:
        return f"{self.address} t{self.number:02} of {self.lock}"


def read(path: Path) -> list[Take]:
    """All attempts of a lock. Raises `UnusableLock`."""
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise UnusableLock(f"{path} can't be read: {problem.strerror}") from None
    takes, began = [], False
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        values = _values(line.removesuffix(b"\r"), f"{path}:{number}")
        began = _begins(values, f"{path}:{number}") or began
        if values.get("kind") == "attempt":
            takes.append(_take(values, path.name, f"{path}:{number}"))
    if not began:
        raise UnusableLock(f"{path} is not a lock: no line says so")
    return takes


def _values(line: bytes, place: str) -> dict[str, Any]:
    if line.startswith(_MARKERS):
        raise UnusableLock(f"{place}: a conflict of git stands here")
    found = _LINE.fullmatch(line)
    if found is None:
        raise UnusableLock(f"{place}: the line doesn't end with its digest")
    if hashlib.sha256(found[1]).hexdigest()[:8].encode() != found[2]:
        raise UnusableLock(f"{place}: the line's digest is another than that of its text")
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise UnusableLock(f"{place}: the line is not a JSON object")
    return values


def _begins(values: dict[str, Any], place: str) -> bool:
    if values.get("kind") != "lock":
        return False
    version = values.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise UnusableLock(f"{place}: the lock has version {version}, and {VERSION} is the newest known here")
    return True


def _take(values: dict[str, Any], name: str, place: str) -> Take:
    try:
        cost = Decimal(values["cost"]) if "cost" in values else None
        return Take(
            lock=name,
            address=str(values["address"]),
            number=int(values["take"]),
            token=str(values["token"]),
            tasks=tuple(values.get("tasks", [values["task"]] if "task" in values else [])),
            state=str(values["state"]),
            provider=str(values["provider"]),
            cost=cost,
            currency=values.get("currency"),
            sha256=values.get("sha256"),
            size=values.get("bytes"),
            rehearsal=values.get("rehearsal") is True,
        )
    except (KeyError, TypeError, ValueError, InvalidOperation):
        raise UnusableLock(f"{place}: the attempt lacks what every attempt has") from None
