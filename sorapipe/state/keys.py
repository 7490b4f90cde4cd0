"""The file of keys in the user's own folder: names to secrets, believed only when nobody else can read it.

Knows no provider, and keeps what it read nowhere.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

MOST = 64 << 10
"""Bytes of the file."""
_LINE = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(.*)")
_REMARK = re.compile(r"(?:^|[ \t]+)#.*")
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


class KeysUnusable(Exception):
    """The file can't be believed or read; the text says why and holds nothing of it. `hint` is a way out."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def read_keys(path: Path) -> dict[str, str]:
    """The secrets by name, from lines `NAME=SECRET`; empty when there is no file. Raises `KeysUnusable`."""
    try:
        number = os.open(path, _FLAGS)
    except FileNotFoundError:
        return {}
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise KeysUnusable(f"`{path}` is a symbolic link", "put the file itself there") from error
        raise KeysUnusable(f"`{path}` can't be read: {(error.strerror or str(error)).lower()}") from error
    try:
        _check(path, os.fstat(number))
        return _parse(path, os.read(number, MOST))
    finally:
        os.close(number)


def _check(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise KeysUnusable(f"`{path}` is not a regular file")
    if os.name == "posix":
        if found.st_uid not in {os.geteuid(), 0}:
            raise KeysUnusable(f"`{path}` belongs to another user")
        if found.st_mode & 0o077:
            raise KeysUnusable(f"`{path}` can be read by others", f"`chmod 600 {path}`")
    if found.st_size > MOST:
        raise KeysUnusable(f"`{path}` is larger than {MOST >> 10} kB")


def _parse(path: Path, data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, raw in enumerate(data.decode("utf-8", "replace").removeprefix("\ufeff").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise KeysUnusable(f"`{path}`, line {number}: it is not `NAME=SECRET`", "a remark begins with `#`")
        found[match[1]] = _unquoted(match[2])
    return found


def _unquoted(text: str) -> str:
    """What a shell would make of it: quotes go, and so does a remark behind a blank."""
    if text[:1] in {'"', "'"} and (end := text.find(text[0], 1)) > 0 and text[end + 1 :].lstrip()[:1] in {"", "#"}:
        return text[1:end]
    return _REMARK.sub("", text)
