"""The one place that runs `git`: what a repository says of its files, now and at a revision; knows no storyboard.

A repository is no more trusted than a storyboard: only plumbing is called, without hooks, a monitor of files, or a word
over the network, with argument lists and a limit of time.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from sorapipe.state.files import StateError

SECONDS = 30.0
"""For one question to git; only a disk that hangs needs so long."""
BLOB_LIMIT = 256 << 20
"""Bytes of a file that `Git.read` gives."""
LINK = "120000"
MODULE = "160000"
_FILES = frozenset({"100644", "100755", "100664"})
_GIT = (
    "git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null",
    "-c", "safe.bareRepository=explicit",  # files in a work tree that look like one are somebody's configuration
)  # fmt: skip
_LOCAL = frozenset({
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_GRAFT_FILE",
    "GIT_SHALLOW_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_LITERAL_PATHSPECS",
})  # fmt: skip
"""What git tells its hooks and drivers; it is about their repository and relative to their folder."""
_OURS = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "none",  # a partial clone must not fetch behind our back
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
}


class Entry(NamedTuple):
    """A name in a tree: `mode` as git writes it, `oid` the object."""

    mode: str
    oid: str

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return self.mode in _FILES


class TooLarge(Exception):
    """An object has more bytes than were asked for at most."""


class Git:
    """A repository with a work tree. `root` is its real folder. Methods raise `StateError` when git can't be run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._objects: _Objects | None = None

    @classmethod
    def of(cls, folder: Path) -> Git | None:
        """The repository that a folder belongs to; `None` where there is none, or no git, or git refuses to look."""
        return _find(folder)[0]

    def commit(self, rev: str) -> str | None:
        """The full id of the commit that a person's word means; `None` for one that means none."""
        if not rev or rev.startswith("-") or "\0" in rev:
            return None
        code, out, _ = self._ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}")
        return out.decode("ascii", "replace").strip() or None if code == 0 else None

    def read(self, rev: str, path: str) -> bytes | None:
        """The bytes of a file at a revision; `path` from the root, `/` between parts. `None`: no regular file there, or
        a larger one than 256 MB."""
        commit = self.commit(rev)
        entry = None if commit is None else self.tree(commit, path, deep=False).get(path)
        if entry is None or not entry.is_file:
            return None
        try:
            return self.object(entry.oid, BLOB_LIMIT)
        except TooLarge:
            return None

    def tree(self, commit: str, path: str = "", *, deep: bool = True) -> dict[str, Entry]:
        """What a commit holds: a whole folder by names from there, or one path alone; empty when that isn't there."""
        if deep:
            code, out, _ = self._ask("ls-tree", "-r", "-z", "--full-tree", f"{commit}:{path}")
        else:
            code, out, _ = self._ask("ls-tree", "-z", "--full-tree", commit, "--", path)
        return dict(_entries(out)) if code == 0 else {}

    def object(self, oid: str, limit: int) -> bytes | None:
        """The bytes of a file by its object; `None` when this clone lacks it. Raises `TooLarge`, `StateError`."""
        if self._objects is None:
            self._objects = _Objects(self.root)
        found = None
        try:
            found = self._objects.read(oid, limit)
        finally:
            if found is None:  # git may have ended over it, as an old one does where an object must not be fetched
                self.close()
        return found

    def close(self) -> None:
        """Ends the process that gives objects; the next question starts another."""
        if self._objects is not None:
            self._objects.close()
            self._objects = None

    def config(self, key: str) -> str | None:
        """What is configured, wherever: in this clone, for the user, for the machine."""
        code, out, _ = self._ask("config", "--get", key)
        return os.fsdecode(out).removesuffix("\n") if code == 0 else None

    def set_config(self, key: str, value: str) -> None:
        """Configures this clone. Raises `StateError` when git refuses."""
        code, _, err = self._ask("config", "--local", key, value)
        if code != 0:
            raise StateError(f"set `{key}` in git's configuration of", self.root, _said(err))

    def ignored(self, path: Path) -> bool:
        """Whether git passes a file over."""
        return self._ask("check-ignore", "--quiet", "--", str(path))[0] == 0

    def tracked(self, path: Path) -> bool:
        """Whether git has a file in its index."""
        return self._ask("--literal-pathspecs", "ls-files", "--error-unmatch", "--", str(path))[0] == 0

    def sides(self, path: Path) -> tuple[bytes, bytes, bytes] | None:
        """What a merge that is under way has of a file: base, ours, theirs; a base that isn't there is empty. `None`
        where git knows of no conflict in it."""
        _, out, _ = self._ask("--literal-pathspecs", "ls-files", "--unmerged", "-z", "--", str(path))
        oids = dict(re.findall(rb"(?:^|\0)100[0-9]{3} ([0-9a-f]+) ([123])\t", out))
        stages = {stage: oid.decode() for oid, stage in oids.items()}
        if not {b"2", b"3"} <= stages.keys():
            return None
        try:
            found = [self.object(stages[one], BLOB_LIMIT) if one in stages else b"" for one in (b"1", b"2", b"3")]
        except TooLarge:
            return None
        base, ours, theirs = found
        return None if base is None or ours is None or theirs is None else (base, ours, theirs)

    def attribute(self, path: Path, name: str) -> str | None:
        """What `.gitattributes` say of a file, which need not be there; `None` when they say nothing."""
        code, out, _ = self._ask("check-attr", "-z", name, "--", str(path))
        words = out.split(b"\0")
        value = os.fsdecode(words[2]) if code == 0 and len(words) > 2 else "unspecified"  # noqa: PLR2004
        return None if value == "unspecified" else value

    def _ask(self, *words: str) -> tuple[int, bytes, bytes]:
        return run(self.root, words)


def no_repository(folder: Path) -> str:
    """Why `Git.of` gave none: a sentence's end such as `not a git repository`."""
    return _find(folder)[1]


def merge_text(ours: Path, base: Path, theirs: Path) -> int:
    """Merges as git does where it knows nothing better, into `ours`; how many places conflict, which have marks.

    Raises `StateError` when git can't do it; then nothing was written.
    """
    code, _, err = run(
        Path(), ("merge-file", "-L", "ours", "-L", "base", "-L", "theirs", *map(_path, (ours, base, theirs)))
    )
    if code > _MOST_CONFLICTS:
        raise StateError("merge", ours, _said(err))
    return code


_MOST_CONFLICTS = 127


def run(folder: Path, words: Iterable[str]) -> tuple[int, bytes, bytes]:
    """Runs git: its exit code, what it wrote, what it said. Raises `StateError`."""
    try:
        done = subprocess.run(  # noqa: S603 - a list of words, and no shell
            [*_GIT, "-C", str(folder), *words],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False, env=_environment(),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise StateError("ask git about", folder, f"it did not answer in {SECONDS:.0f} seconds") from None
    except OSError as error:
        raise StateError("run git in", folder, (error.strerror or str(error)).lower(), error.errno) from error
    return done.returncode, done.stdout, done.stderr


def _find(folder: Path) -> tuple[Git | None, str]:
    real = Path(os.path.realpath(folder))
    try:
        code, out, err = run(real, ("rev-parse", "--show-toplevel"))
    except StateError as error:
        return None, "git is not installed" if isinstance(error.__cause__, FileNotFoundError) else str(error)
    root = Path(os.path.realpath(os.fsdecode(out.removesuffix(b"\n"))))
    if code != 0 or not out:
        return None, _said(err) if err else "there is no work tree"
    if not real.is_relative_to(root):
        return None, "its repository has its work tree elsewhere"
    return Git(root), ""


def _said(err: bytes) -> str:
    """The first sentence of what git said, in our style."""
    lines = err.decode("utf-8", "replace").strip().splitlines()
    return (lines[0] if lines else "git says nothing").removeprefix("fatal: ").removeprefix("error: ")


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _LOCAL} | _OURS


def _path(path: Path) -> str:
    """A path that is no option, whatever it is called."""
    return str(path.absolute())


def _entries(out: bytes) -> Iterable[tuple[str, Entry]]:
    for line in out.split(b"\0"):
        head, tab, name = line.partition(b"\t")
        words = head.decode("ascii", "replace").split(" ")
        if tab and len(words) == 3:  # noqa: PLR2004 - mode, type, object
            yield os.fsdecode(name), Entry(words[0], words[2])


class _Objects:
    """A process that gives the bytes of one object after the other."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._hung = False
        try:
            self._process = subprocess.Popen(  # noqa: S603 - a list of words, and no shell
                [*_GIT, "-C", str(root), "cat-file", "--batch"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment(),
            )  # fmt: skip
        except OSError as error:
            raise StateError("run git in", root, (error.strerror or str(error)).lower(), error.errno) from error

    def read(self, oid: str, limit: int) -> bytes | None:
        """The bytes of a file; `None` where git does not give it. Raises `TooLarge`, and `StateError` where git hangs.
        After anything but bytes the process may be of no use."""
        asked, given = self._process.stdin, self._process.stdout
        if asked is None or given is None:
            raise ValueError("BUG: git was started without pipes")
        clock = threading.Timer(SECONDS, self._give_up)
        clock.start()
        data, size = b"", 0
        try:
            asked.write(f"{oid}\n".encode())
            asked.flush()
            words = given.readline().split()
            if len(words) == 3 and words[1] == b"blob":  # noqa: PLR2004 - object, type, size
                size = int(words[2])
                if size > limit:
                    raise TooLarge
                data = given.read(size + 1)
        except BrokenPipeError:
            data = b""
        finally:
            clock.cancel()
        if self._hung:
            raise StateError("read a file out of git in", self._root, f"it did not answer in {SECONDS:.0f} seconds")
        return data[:size] if len(data) == size + 1 else None

    def _give_up(self) -> None:
        self._hung = True
        self._process.kill()

    def close(self) -> None:
        """Ends it."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue
        self._process.wait()
