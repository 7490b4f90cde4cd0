"""Clients that start at once: forked from a parent that has everything imported, then the real command line in them.

The parent must have no threads. A child gets a disk and a wire that may end it; nothing else of it is ours.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import random
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from campaign.dying import DyingDisk, DyingWire, Fate

PATIENCE = 90.0
"""Seconds after which a client hangs."""
_FOREIGN = (
    "av", "PIL.Image", "PIL.PngImagePlugin", "httpx", "httpcore", "h11", "jinja2.sandbox", "jsonschema",
    "jsonschema_rs", "platformdirs", "yaml", "rich.console", "rich.live", "sqlite3", "email.parser",
    "encodings.idna", "tempfile",
)  # fmt: skip


def warm_up() -> None:
    """Imports whatever a client imports, so that a child has nothing left to do but its work."""
    import sorapipe

    for name in _FOREIGN:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for found in pkgutil.walk_packages(sorapipe.__path__, "sorapipe."):
        if ".simulator" not in found.name and "__main__" not in found.name:
            importlib.import_module(found.name)
    gc.collect()
    gc.freeze()


def rehearse(manifest: Path) -> None:
    """Reads a storyboard once, so that schemas and templates are compiled."""
    from sorapipe.cli.console import run

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        run(["validate", str(manifest)])
    gc.collect()
    gc.freeze()


@dataclass(frozen=True)
class Ended:
    """How a client ended: `code` as a shell tells it (137 for a kill -9), what it printed, what it `passed`."""

    code: int
    out: str
    err: str
    seconds: float
    passed: Mapping[str, int]

    @property
    def killed(self) -> bool:
        return self.code == 128 + signal.SIGKILL


class Client:
    """A forked client. `prepare` is called in the child before anything else."""

    def __init__(
        self,
        words: Sequence[str],
        cwd: Path,
        environment: Mapping[str, str],
        fate: Fate | None = None,
        prepare: Callable[[], None] | None = None,
    ) -> None:
        self._out = cwd.parent / f"said-{random.getrandbits(64):016x}"
        self._began = time.monotonic()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _live(words, cwd, environment, fate or Fate(), prepare, self._out)
        self._handle = os.pidfd_open(self.pid)

    def wait(self, seconds: float = PATIENCE) -> Ended:
        """Its end. Raises `TimeoutError`, and kills it, when it doesn't end."""
        if not self.ended(seconds):
            self.signal(signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self._handle)
            raise TimeoutError(f"the client hangs: {self._said('err')}")
        _, status = os.waitpid(self.pid, 0)
        os.close(self._handle)
        seconds = time.monotonic() - self._began
        code = os.waitstatus_to_exitcode(status)
        counts = self._said("json")
        ended = Ended(
            code if code >= 0 else 128 - code, self._said("out"), self._said("err"), seconds, json.loads(counts or "{}")
        )
        for kind in ("out", "err", "json"):
            self._path(kind).unlink(missing_ok=True)
        return ended

    def ended(self, seconds: float) -> bool:
        """Whether it ends within so many seconds."""
        watch = select.poll()
        watch.register(self._handle, select.POLLIN)
        return bool(watch.poll(max(seconds, 0.0) * 1000))

    def signal(self, number: int) -> None:
        """Sends it a signal; that it has ended meanwhile does no harm, for nobody has waited for it yet."""
        os.kill(self.pid, number)

    def _path(self, kind: str) -> Path:
        return self._out.with_suffix(f".{kind}")

    def _said(self, kind: str) -> str:
        path = self._path(kind)
        return path.read_text(errors="backslashreplace") if path.exists() else ""


def _live(  # noqa: PLR0913, PLR0917 - all that a life needs
    words: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    fate: Fate,
    prepare: Callable[[], None] | None,
    said: Path,
) -> NoReturn:
    """The life of a child."""
    code = 99
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(environment)
        nothing = os.open(os.devnull, os.O_RDONLY)
        files = [os.open(said.with_suffix(f".{kind}"), os.O_WRONLY | os.O_CREAT, 0o600) for kind in ("out", "err")]
        for number, file in enumerate((nothing, *files)):
            os.dup2(file, number)
            os.close(file)
        sys.stdin = os.fdopen(0, closefd=False)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        random.seed()
        code = _command(words, fate, prepare)
    except BaseException:  # the child must end here, whatever happens
        import traceback

        traceback.print_exc()
        code = 98
    finally:
        with contextlib.suppress(BaseException):
            said.with_suffix(".json").write_text(json.dumps(dict(fate.passed)))
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _command(words: Sequence[str], fate: Fate, prepare: Callable[[], None] | None) -> int:
    """The real command line, with our disk and our wire."""
    from sorapipe.cli import console
    from sorapipe.providers import client
    from sorapipe.state import workspace

    DyingDisk.fate = DyingWire.fate = fate
    workspace.Disk = DyingDisk  # type: ignore[misc]
    client.Wire = DyingWire  # type: ignore[misc]
    if prepare is not None:
        prepare()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        console.main(list(words))
    except SystemExit as end:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        return end.code if isinstance(end.code, int) else 97
