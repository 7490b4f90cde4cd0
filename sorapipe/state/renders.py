"""Where clips lie: names that we build, real folders only, nothing overwritten; knows nothing of what is in a clip."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from sorapipe.planning.elsewhere import Elsewhere
from sorapipe.planning.facts import Attempt, AttemptState, Facts
from sorapipe.state.files import Files, Handle, StateError
from sorapipe.state.pointers import LONGEST, Dvc, lfs_digest

FOLDER = "renders"
_PLACED = frozenset({AttemptState.DONE, AttemptState.SUSPECT})
_STEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LABEL = re.compile(r"t[0-9]{2,}[a-z]*")
_OUT = re.compile(r"renders/[^/\\.][^/\\]*/[A-Za-z0-9][A-Za-z0-9._-]{0,250}\.mp4")


class Renders:
    """The folder `renders/NAME` beside a manifest. `out` is always a path relative to the manifest's folder."""

    def __init__(self, files: Files, root: Path, name: str) -> None:
        self._files = files
        self._root = root
        self._rooted = False
        self.folder = f"{FOLDER}/{name}"

    def out(self, stem: str, label: str) -> str:
        """The name of a take's clip: `renders/skerry/storm.wide.fog_t01.mp4`."""
        if not _STEM.fullmatch(stem) or not _LABEL.fullmatch(label):
            raise ValueError(f"BUG: no name for a clip: {stem!r} {label!r}")
        return f"{self.folder}/{stem}_{label}.mp4"

    def path(self, out: str) -> Path:
        """The path of a clip. Raises `ValueError` for an `out` that this program never writes."""
        if not sound(out):
            raise ValueError(f"not the path of a clip: {out!r}")
        return self._root / out

    def part(self, out: str) -> Path:
        """The path of what has come of a clip that is being downloaded."""
        return self.path(out).with_name(f".{Path(out).name}.part")

    def arriving(self, out: str) -> Path:
        """The path of a clip that comes out of a store; not the one of a download, which may be continued."""
        return self.path(out).with_name(f".{Path(out).name}.pull")

    def open_part(self, out: str, keep: int = 0) -> Handle:
        """Opens the part for writing behind its first `keep` bytes; makes the folders. Raises `StateError`."""
        self.prepare(out)
        return self._files.open(self.part(out), keep=keep)

    def prepare(self, out: str) -> None:
        """Makes the folders of a clip. Raises `StateError` when one of them is a link or a file."""
        folder = self.path(out).parent
        for one in (folder.parent, folder):
            real = self._files.real_folder(one)
            if real is False:
                raise StateError("write clips to", one, "it is a symbolic link or a file, not a folder")
            if real is None:
                self._files.make_folder(one)

    def make_ready(self) -> None:
        """Makes the folder, and a file in it that is removed again: what is paid for must have a place.

        Raises `StateError`.
        """
        trial = f"{self.folder}/trial.mp4"
        handle = self.open_part(trial)
        self._files.close(handle)
        self._files.remove(self.part(trial))

    def place(self, part: Path, out: str, sha256: str) -> str:
        """Renames a verified part to its name (P17, P18) and returns where the clip is now.

        A file there that has other bytes is kept: the clip goes beside it, named by its digest. That name is a greater
        text than the first one, so that it is the one that stays when locks are joined. Raises `StateError`.
        """
        self.prepare(out)
        for name in (out, f"{out.removesuffix('.mp4')}_{sha256[:8]}.mp4"):
            target = self.path(name)
            if self._files.digest(target) == sha256:
                self._files.remove(part)
                self._files.reach("P17")
            elif not self._files.put_new(part, target, after="P17"):
                continue
            self._root_folders(target.parent)
            self._files.sync_folder(target.parent, after="P18")
            return name
        raise StateError("put a clip at", self.path(out), "other files have its name and the name beside it")

    def listing(self) -> dict[str, int]:
        """The sizes of the files in this storyboard's folder by their names; empty where it is a link or not there."""
        folder = self._root / self.folder
        return self._files.sizes(folder) if self._is_real(folder) else {}

    def delete(self, names: Iterable[str]) -> None:
        """Deletes files of this storyboard's folder. Raises `StateError`."""
        folder = self._root / self.folder
        for name in names:
            if "/" in name or name in {"", ".", ".."} or not self._is_real(folder):
                raise ValueError(f"BUG: not the name of a file: {name!r}")
            self._files.remove(folder / name)
        self._files.sync_folder(folder)

    def digest(self, out: str) -> str | None:
        """The sha256 of a clip; `None` where there is none, or a link, or it lies behind a linked folder."""
        if not sound(out) or not self._is_real(self.path(out).parent):
            return None
        return self._files.digest(self.path(out))

    def _root_folders(self, folder: Path) -> None:
        """The folders of clips may be of a run that was killed before their names were on the disk."""
        if not self._rooted:
            for one in (self._root, folder.parent):
                self._files.sync_folder(one)
            self._rooted = True

    def inventory(self, facts: Facts) -> dict[str, int | Elsewhere | None]:
        """The size of every clip that an attempt names; `None` where none is. Links and linked folders hold none. Where
        git-lfs or DVC has the clip and has not brought it, it says so.

        Where takes of different bytes name one file (two machines made them), it is looked at whose it is, and the
        tokens of these takes are in the answer too: the file belongs to at most one of them.
        """
        outs: dict[str, Attempt] = {}
        shared: dict[str, list[Attempt]] = {}
        for attempts in facts.attempts.values():
            for attempt in attempts:
                if attempt.out:
                    first = outs.setdefault(attempt.out, attempt)
                    if first is not attempt:
                        shared.setdefault(attempt.out, [first]).append(attempt)
        folders: dict[str, dict[str, int]] = {}
        found: dict[str, int | Elsewhere | None] = {}
        dvc = Dvc(self._files, self._root)
        for out in sorted(outs):
            folder, _, name = out.rpartition("/")
            if folder not in folders:
                real = sound(out) and self._is_real(self._root / folder)
                folders[folder] = self._files.sizes(self._root / folder) if real else {}
            size = folders[folder].get(name)
            if size is None and sound(out):
                found[out] = Elsewhere.DVC if f"{name}.dvc" in folders[folder] or dvc.has(out) else None
            elif size is not None and size <= LONGEST and self._is_pointer(out, size, shared.get(out, [outs[out]])):
                found[out] = Elsewhere.GIT_LFS
            else:
                found[out] = size
        for out, several in shared.items():
            found |= self._owners(out, found[out], several)
        return found

    def _is_pointer(self, out: str, size: int, several: list[Attempt]) -> bool:
        """Whether a pointer of git-lfs to one of these clips is in their place."""
        if any(it.size == size for it in several):
            return False
        sha256 = lfs_digest(self._files, self._root / out, size)
        return sha256 is not None and any(it.sha256 == sha256 for it in several)

    def _owners(
        self, out: str, size: int | Elsewhere | None, several: list[Attempt]
    ) -> dict[str, int | Elsewhere | None]:
        """By token: the size of the file for the take whose bytes it has, `None` for the others."""
        placed = [it for it in several if it.state in _PLACED and it.sha256 is not None]
        if len({it.sha256 for it in placed}) <= 1 or size is Elsewhere.DVC:
            return {}
        if size is Elsewhere.GIT_LFS:
            sha256 = lfs_digest(self._files, self._root / out, 0)
        else:
            sha256 = None if size is None else self._files.digest(self._root / out)
        return {it.token: size if it.sha256 == sha256 else None for it in placed}

    def _is_real(self, folder: Path) -> bool:
        return all(self._files.real_folder(one) is True for one in (folder.parent, folder))


def sound(out: str) -> bool:
    """Whether a path of a clip, perhaps out of a lock that somebody else wrote, is one that we would write."""
    return _OUT.fullmatch(out) is not None and out.isprintable()
