"""Commands that start at once: a process with everything imported forks one for each; knows nothing of tests.

A command is a process of its own, as real as one that Python was started for: its folder, its environment, its three
streams, its exit code. Run as a module it serves: one JSON line in (words, folder, environment, stdin), one out (how
the command ended). It has no threads, so that it may fork.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import FrameType
from typing import NoReturn

_PATIENCE = 110
"""Seconds after which a command hangs."""
_FOREIGN = ("av", "PIL.Image", "PIL.PngImagePlugin", "httpx", "jsonschema", "platformdirs", "rich.console", "rich.live")


def run(words: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: str) -> tuple[int, str, str]:
    """Runs a command to its end: exit code, standard output, standard error. Raises `TimeoutError` where it hangs."""
    return _nurse().run(words, folder, environment, stdin)


@cache
def _nurse() -> _Nurse:
    """The process that starts commands for this one; it ends with it."""
    return _Nurse()


class _Nurse:
    def __init__(self) -> None:
        line = [sys.executable, "-m", "warm_start"]
        self._process = subprocess.Popen(
            line, cwd=Path(__file__).parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._one_at_a_time = threading.Lock()
        atexit.register(self._close)

    def run(
        self, words: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: str
    ) -> tuple[int, str, str]:
        to, back = self._process.stdin, self._process.stdout
        if to is None or back is None:
            raise RuntimeError("it has no pipes")
        with self._one_at_a_time:
            print(json.dumps([list(words), str(folder), dict(environment), stdin]), file=to, flush=True)
            code, out, err = json.loads(back.readline())
        if code is None:
            raise TimeoutError(f"{words} hangs: {out}{err}")
        return code, out, err

    def _close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait(10)


def _serve() -> None:
    """Until standard input ends."""
    _warm_up()
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder) / name for name in ("stdin", "stdout", "stderr")]
        for line in sys.stdin:
            words, where, environment, said = json.loads(line)
            streams[0].write_text(said)
            for stream in streams[1:]:
                stream.write_bytes(b"")
            sys.stdout.flush()
            child = os.fork()
            if child == 0:
                _become(words, where, environment, streams)
            code = _end(child)
            out, err = (stream.read_text() for stream in streams[1:])
            print(json.dumps([code, out, err]), flush=True)


def _warm_up() -> None:
    """Imports whatever a command imports, so that it has nothing left to do but its work."""
    import sorapipe

    for name in _FOREIGN:
        importlib.import_module(name)
    for found in pkgutil.walk_packages(sorapipe.__path__, "sorapipe."):
        if ".simulator" not in found.name and "__main__" not in found.name:
            importlib.import_module(found.name)
    gc.collect()
    gc.freeze()


def _become(words: list[str], where: str, environment: dict[str, str], streams: list[Path]) -> NoReturn:
    """The life of a child."""
    try:
        os.chdir(where)
        os.environ.clear()
        os.environ.update(environment)
        tempfile.tempdir = None  # its environment says where that is
        modes = (os.O_RDONLY, os.O_WRONLY | os.O_APPEND, os.O_WRONLY | os.O_APPEND)
        for number, (stream, mode) in enumerate(zip(streams, modes, strict=True)):
            file = os.open(stream, mode)
            os.dup2(file, number)
            os.close(file)
        sys.stdin, sys.stdout, sys.stderr = (
            os.fdopen(0),
            os.fdopen(1, "w"),
            os.fdopen(2, "w", errors="backslashreplace"),
        )
        os._exit(_command(words))
    finally:  # nothing of the parent may go on in here
        os._exit(98)


def _command(words: list[str]) -> int:
    from sorapipe.cli.console import main

    try:
        main(words)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 97
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        threading._shutdown()  # type: ignore[attr-defined]  # as at the end of any process: others are waited for
        sys.stdout.flush()
        sys.stderr.flush()


def _end(child: int) -> int | None:
    """The exit code of a child, `None` where it hangs."""
    late: list[int] = []

    def enough(number: int, frame: FrameType | None) -> None:
        late.append(number)
        os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, enough)
    signal.alarm(_PATIENCE)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    signal.alarm(0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    return None if late else code


if __name__ == "__main__":
    _serve()
