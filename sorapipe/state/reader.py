"""How a storyboard's files are read: only regular files under its folder, never through a link; knows no YAML."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from sorapipe.state.files import Files
from sorapipe.storyboard.source import Asset, FileRefused

TEXT_LIMIT = 64 << 20
"""Bytes of a manifest, an included file or a table."""
ASSET_LIMIT = 64 << 20
"""Bytes of a picture or clip that is uploaded."""

_HEAD = 64
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


class FolderReader:
    """The files under one folder, which itself may be reached through links. Fills `storyboard.source.Reader`.

    `shown` is that folder as the user typed it: "" for the folder they stand in.
    """

    def __init__(self, files: Files, root: Path, shown: str = "") -> None:
        self._files = files
        self._root = root
        self._shown = shown

    def read(self, path: str) -> bytes:
        """The bytes of a text file, at most 64 MB. Raises `FileRefused`."""
        return self._files.read_below(self._root, parts_of(path), TEXT_LIMIT)

    def name(self, path: str) -> str:
        """The file as the user would type it."""
        return f"{self._shown.rstrip('/')}/{path}" if self._shown else path

    def asset(self, path: str) -> Asset:
        """Looks at a file that would be uploaded, at most 64 MB. Raises `FileRefused`."""
        data = self._files.read_below(self._root, parts_of(path), ASSET_LIMIT)
        kind = media_type(data)
        if kind is None:
            raise FileRefused("is not a picture or clip that can be uploaded (png, jpeg, webp, gif, mp4, mov, webm)")
        return Asset(path, hashlib.sha256(data).hexdigest(), len(data), kind)

    def upload(self, asset: Asset) -> bytes:
        """The bytes of a file that was planned. Raises `FileRefused` when they are others than were planned."""
        data = self._files.read_below(self._root, parts_of(asset.path), ASSET_LIMIT)
        if hashlib.sha256(data).hexdigest() != asset.sha256:
            raise FileRefused("was changed since the plan was made")
        return data

    def siblings(self, path: str) -> list[str]:
        """Names of files in the same folder; empty when it can't be read or isn't a real folder below the root."""
        try:
            folders = parts_of(path)[:-1]
        except FileRefused:
            return []
        folder = self._root
        for part in folders:
            folder = folder / part
            if self._files.real_folder(folder) is not True:
                return []
        return [name for name in self._files.names(folder) if self._files.size(folder / name) is not None]


def parts_of(path: str) -> tuple[str, ...]:
    """The parts of a path below the folder. Raises `FileRefused` for one that leaves it or can't be one."""
    if not path or any(ord(letter) < ord(" ") or letter == "\x7f" for letter in path):
        raise FileRefused("is not a path")
    if path.startswith("/") or "\\" in path or path[1:2] == ":":
        raise FileRefused("is not a path from the storyboard's folder, with `/` between its parts")
    parts = PurePosixPath(path).parts
    if ".." in parts:
        raise FileRefused("leaves the storyboard's folder")
    if not parts:
        raise FileRefused("is a folder")
    return parts


def media_type(data: bytes) -> str | None:
    """What a file is, by its first bytes and never by its name."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp":
        return "video/quicktime" if data[8:12] == b"qt  " else "video/mp4"
    if data[:4] == b"\x1a\x45\xdf\xa3" and b"webm" in data[:_HEAD]:
        return "video/webm"
    return None
