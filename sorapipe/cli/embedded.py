"""The simulator as a process that lives no longer than we do; knows its command line and its first line, no more."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sorapipe.cli.failures import Exit, Expected

PYTHON = (sys.executable, "-P", "-m", "sorapipe.simulator")
"""Without `-P` Python would look for modules in the folder we stand in first, and that may be anybody's."""
_OPTIONS = "SORAPIPE_SIMULATOR"
_START_SECONDS = 20.0
_STOP_SECONDS = 5.0


def books_folder() -> Path:
    """Where the simulator keeps its books, so that later runs go on with them."""
    from sorapipe.state.workspace import state_dir

    return state_dir() / "simulator"


@contextmanager
def serving() -> Iterator[str]:
    """Starts a simulator on a free port and gives its URL; it ends with the context, or with this process.

    Raises `Expected` where it can't start.
    """
    process = _start()
    try:
        yield _url(process)
    finally:
        _stop(process)


def _start() -> subprocess.Popen[str]:
    line = [*PYTHON, "serve", "--port", "0", "--books", str(books_folder())]
    try:
        options = shlex.split(os.environ.get(_OPTIONS, ""))
    except ValueError as error:
        raise Expected(Exit.USAGE, f"`{_OPTIONS}` can't be read: {error}") from None
    return subprocess.Popen(  # noqa: S603
        [*line, "--while-parent", *options],
        stdin=subprocess.PIPE,  # ends when we do, however we end
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us: running tasks are still collected after it
    )


def _url(process: subprocess.Popen[str]) -> str:
    """The URL from the first line. Raises `Expected` when none comes."""
    line: list[str] = []
    stdout = process.stdout
    if stdout is None:
        raise Expected(Exit.TEMPORARY, "the simulator has no output")
    reader = threading.Thread(target=lambda: line.append(stdout.readline()), daemon=True)
    reader.start()
    reader.join(_START_SECONDS)
    try:
        return str(json.loads(line[0])["url"])
    except (IndexError, ValueError, KeyError, TypeError):
        hint = f"its options come from `{_OPTIONS}`: {os.environ[_OPTIONS]}" if os.environ.get(_OPTIONS) else None
        raise Expected(Exit.TEMPORARY, "the simulator did not start", hint) from None


def _stop(process: subprocess.Popen[str]) -> None:
    """Asks it to end, and makes it where it doesn't."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        _close(pipe)


def _close(pipe: IO[str] | None) -> None:
    if pipe is not None:
        try:
            pipe.close()
        except OSError:  # its other end is gone: that was the point
            return
