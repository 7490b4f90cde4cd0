"""How a clone learns to merge locks: git's configuration and a line of `.gitattributes`; merges nothing itself."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sorapipe.state.disk import Disk

if TYPE_CHECKING:
    from sorapipe.state.git import Git

DRIVER = "merge.sorapipe.driver"
ATTRIBUTE = "*.lock merge=sorapipe text eol=lf"
ATTRIBUTES = ".gitattributes"
COMMENT = "# Records of a lock are one line each. `sorapipe lock merge-driver`, once in a clone, lets git join them.\n"
_NAME = ("merge.sorapipe.name", "records of sorapipe locks, joined")


def driver() -> str:
    """What git runs for a lock. Where Python or sorapipe is gone by then, git's own merge leaves marks: a driver that
    fails without any would leave one side only."""
    python = shlex.quote(sys.executable).replace("%", "%%")
    return (
        f"{python} -P -m sorapipe lock merge-driver %O %A %B %P || "
        "{ grep -q '^<<<<<<< ' %A && exit 1; git merge-file -L ours -L base -L theirs %A %O %B || exit 1; }"
    )


def configure(git: Git) -> bool:
    """Tells this clone of the driver. Whether it had to be told. Raises `StateError`."""
    if git.config(DRIVER) == driver():
        return False
    git.set_config(DRIVER, driver())  # first: git ends every merge of a lock where only the name is there
    git.set_config(*_NAME)
    return True


def missing(git: Git) -> bool:
    """Whether this clone has no driver that could be run."""
    words = git.config(DRIVER)
    if not words:
        return True
    try:
        program = shlex.split(words)[0].replace("%%", "%")
    except (ValueError, IndexError):
        return False
    return program.startswith("/") and not Path(program).exists()


def attribute(git: Git, locks: list[Path]) -> bool:
    """Writes the line for the locks of a folder, unless git knows it for all of them. Whether it was written.
    Raises `StateError`."""
    folder = locks[0].absolute().parent
    if all(git.attribute(lock.absolute(), "merge") == "sorapipe" for lock in locks):
        return False
    append(folder / ATTRIBUTES, f"{COMMENT}{ATTRIBUTE}\n")
    return True


def append(path: Path, lines: str) -> None:
    """Adds lines to a file, which may not be there yet. Raises `StateError`, also where it is a link: a repository may
    have made it one to a file of the user's own."""
    files = Disk()
    there = files.read(path) or b""
    lead = "" if not there or there.endswith(b"\n") else "\n"
    handle = files.open(path)
    try:
        files.append(handle, f"{lead}{lines}".encode())
        files.sync(handle)
    finally:
        files.close(handle)
