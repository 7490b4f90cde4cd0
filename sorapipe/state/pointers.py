"""What git-lfs and DVC leave in the place of a clip; runs neither, and knows nothing of takes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

from sorapipe.state.files import Files, StateError

LONGEST = 1024
"""Bytes of a pointer of git-lfs at most."""
_LISTING = 64 << 20
_LFS = re.compile(rb"version https://(?:git-lfs\.github\.com|hawser\.github\.com)/spec/v\S{1,20}\n")
_OID = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)
_SIZE = re.compile(rb"^size ([0-9]{1,15})$", re.MULTILINE)
_DIRECTORY = re.compile(rb"\bmd5:[ \t]*([0-9a-f]{32})\.dir\b")
_CACHES = ("cache/files/md5", "cache")


class Pointer(NamedTuple):
    """What a pointer of git-lfs says of the file it stands for."""

    sha256: str
    size: int


def lfs_pointer(data: bytes) -> Pointer | None:
    """What the bytes of a file say, where they are a pointer of git-lfs."""
    if len(data) > LONGEST or _LFS.match(data) is None:
        return None
    oid, size = _OID.search(data), _SIZE.search(data)
    return None if oid is None or size is None else Pointer(oid[1].decode(), int(size[1]))


def lfs_digest(files: Files, path: Path, size: int) -> str | None:
    """The sha256 of the clip that a pointer of git-lfs stands for; `None` for any other file."""
    if size > LONGEST:
        return None
    try:
        data = files.read(path) or b""
    except StateError:
        return None
    found = lfs_pointer(data)
    return None if found is None else found.sha256


class Dvc:
    """Which clips below a folder DVC has. `root` is the storyboard's folder; looks once at each folder."""

    def __init__(self, files: Files, root: Path) -> None:
        self._files = files
        self._root = root
        self._known: dict[str, _Folder | None] = {}

    def has(self, out: str) -> bool:
        """Whether DVC tracks the clip with one of its folders (for a single one there is a file beside it). A folder's
        listing is believed where it is in the cache, so that a clip made since is not waited for."""
        folder, _, name = out.rpartition("/")
        while folder:
            found = self._folder(folder)
            if found is not None:
                return found.names is None or name in found.names
            folder, _, last = folder.rpartition("/")
            name = f"{last}/{name}"
        return False

    def _folder(self, folder: str) -> _Folder | None:
        if folder not in self._known:
            path = self._root / f"{folder}.dvc"
            size = self._files.size(path)
            data = self._read(path) if size is not None and size <= _LISTING else None
            self._known[folder] = None if data is None else _Folder(self._listing(data))
        return self._known[folder]

    def _listing(self, data: bytes) -> frozenset[str] | None:
        """The files of a folder as the cache of this machine knows them; `None` where it does not."""
        found = _DIRECTORY.search(data)
        if found is None:
            return None
        digest = found[1].decode()
        for top in (self._root, *self._root.parents):
            if self._files.real_folder(top / ".dvc"):
                for cache in _CACHES:
                    names = _names(self._read(top / ".dvc" / cache / digest[:2] / f"{digest[2:]}.dir"))
                    if names is not None:
                        return names
                break
        return None

    def _read(self, path: Path) -> bytes | None:
        try:
            size = self._files.size(path)
            return self._files.read(path) if size is not None and size <= _LISTING else None
        except StateError:
            return None


class _Folder:
    """A folder that DVC tracks; `names` are its files, `None` where nobody knows."""

    def __init__(self, names: frozenset[str] | None) -> None:
        self.names = names


def _names(data: bytes | None) -> frozenset[str] | None:
    try:
        entries = None if data is None else json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entries, list):
        return None
    return frozenset(str(one.get("relpath")) for one in entries if isinstance(one, dict))
