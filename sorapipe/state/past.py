"""How a storyboard's files are read at a revision of git: by the rules of `reader`, from no disk; knows no YAML."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath

from sorapipe.state.git import LINK, MODULE, Entry, Git, TooLarge
from sorapipe.state.pointers import lfs_pointer
from sorapipe.state.reader import ASSET_LIMIT, TEXT_LIMIT, media_type, parts_of
from sorapipe.storyboard.source import Asset, FileRefused

_KINDS = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm",
}  # fmt: skip


class GitReader:
    """The files under one folder as they were at a commit. Fills `storyboard.source.Reader`.

    `shown` is the revision as the user typed it. A picture that git-lfs keeps has the digest that its pointer names.
    """

    def __init__(self, git: Git, commit: str, folder: Path, shown: str = "") -> None:
        self._git = git
        self._shown = shown or commit[:10]
        inside = Path(os.path.realpath(folder)).relative_to(git.root)
        self._tree = git.tree(commit, inside.as_posix() if inside.parts else "")

    @classmethod
    def at(cls, folder: Path, rev: str) -> GitReader | None:
        """The reader of a folder at a revision; `None` where there is no repository or no such revision."""
        git = Git.of(folder)
        commit = git.commit(rev) if git is not None else None
        return None if git is None or commit is None else cls(git, commit, folder, rev)

    def read(self, path: str) -> bytes:
        """The bytes of a text file, at most 64 MB. Raises `FileRefused`."""
        data = self._bytes(path, TEXT_LIMIT)
        if lfs_pointer(data) is not None:
            raise FileRefused("is kept by git-lfs, and git itself has only its pointer")
        return data

    def name(self, path: str) -> str:
        """The file as git would name it from the storyboard's folder: `HEAD~1:film.yaml`."""
        return f"{self._shown}:{path}"

    def asset(self, path: str) -> Asset:
        """Looks at a file that would have been uploaded, at most 64 MB. Raises `FileRefused`."""
        data = self._bytes(path, ASSET_LIMIT)
        pointer = lfs_pointer(data)
        if pointer is not None:
            kind = _KINDS.get(PurePosixPath(path).suffix.lower())
            sha256, size = pointer
        else:
            kind, sha256, size = media_type(data), hashlib.sha256(data).hexdigest(), len(data)
        if kind is None:
            raise FileRefused("is not a picture or clip that can be uploaded (png, jpeg, webp, gif, mp4, mov, webm)")
        if size > ASSET_LIMIT:
            raise FileRefused(f"is larger than {ASSET_LIMIT >> 20} MB")
        return Asset(path, sha256, size, kind)

    def siblings(self, path: str) -> list[str]:
        """Names of files in the same folder; empty when there is none."""
        try:
            folder = "/".join(parts_of(path)[:-1])
        except FileRefused:
            return []
        lead = f"{folder}/" if folder else ""
        names = (name.removeprefix(lead) for name, it in self._tree.items() if it.is_file and name.startswith(lead))
        return sorted(name for name in names if "/" not in name)

    def _bytes(self, path: str, limit: int) -> bytes:
        try:
            data = self._git.object(self._entry(path).oid, limit)
        except TooLarge:
            raise FileRefused(f"is larger than {limit >> 20} MB") from None
        if data is None:
            raise FileRefused("is not in this clone: it holds only a part of the repository")
        return data

    def _entry(self, path: str) -> Entry:
        """The entry of a regular file. Raises `FileRefused`."""
        parts = parts_of(path)
        for number in range(1, len(parts) + 1):
            entry = self._tree.get("/".join(parts[:number]))
            if entry is not None and entry.mode == MODULE:
                raise FileRefused("lies in another repository (a submodule)")
            if entry is not None and entry.mode == LINK:
                whole = number == len(parts)
                raise FileRefused("is a symbolic link" if whole else "lies in a symbolic link to a folder")
            if entry is not None and number == len(parts):
                return entry
        lead = "/".join(parts) + "/"
        raise FileRefused("is a folder" if any(name.startswith(lead) for name in self._tree) else "does not exist")
