"""Keys that sing: every key in a test begins with the same mark, and no byte that is written or said may hold it.

A plugin of pytest. At the end of the session all that tests left on the disk is looked through; what children and
captured streams say is looked at when it comes. A key in the environment of a test or of a child must carry the mark.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

MARK = "canary" + "-key-"
"""In two halves, so that this file is none of its own findings."""
_OF_KEYS = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET)$")
_OWN_KEYS = ("config", "keys")
_CHUNK = 8 << 20


def key(name: str = "0123456789") -> str:
    """A key with the mark."""
    return f"{MARK}{name}"


def _forms() -> Iterator[bytes]:
    """The mark in all ways in which it could be written: plain, turned, in wide letters, as hex, escaped, in base64
    wherever in a text it stands."""
    plain = MARK.encode()
    yield from (plain, plain[::-1], MARK.encode("utf-16-le"), plain.hex().encode(), plain.hex().upper().encode())
    yield "".join(f"%{byte:02x}" for byte in plain).encode()
    yield "".join(f"\\u{byte:04x}" for byte in plain).encode()
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + plain)
        yield coded[(0, 2, 3)[before] : len(coded) - (0, 3, 2)[(before + len(plain)) % 3]]


_MARKED = re.compile(b"|".join(re.escape(form) for form in _forms()))
_LONGEST = max(len(form) for form in _forms())


def sings(data: bytes | str) -> bool:
    """Whether a key is in it."""
    return _MARKED.search(data.encode(errors="surrogatepass") if isinstance(data, str) else data) is not None


def traces(*folders: Path) -> list[str]:
    """All files, links and names below some folders that hold a key. In a user's own file of keys they may stand."""
    return sorted(
        str(path) for folder in folders for path in _below(folder) if path.parts[-2:] != _OWN_KEYS and _holds(path)
    )


def _below(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        yield from (Path(here, name) for name in (*folders, *files))


def _holds(path: Path) -> bool:
    if sings(os.fsencode(path.name)):
        return True
    if path.is_symlink():
        return sings(os.fsencode(path.readlink()))
    if not path.is_file():
        return False
    rest = b""
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            if sings(rest + piece):
                return True
            rest = piece[-_LONGEST:]
    return False


def unmarked(environment: Mapping[str, str]) -> list[str]:
    """The variables with a key that nobody would recognise where it is written. What no header carries is no key."""
    return sorted(
        name
        for name, value in environment.items()
        if _OF_KEYS.search(name) and re.fullmatch(r"[\x21-\x7e]{1,4096}", value.strip()) and not value.startswith(MARK)
    )


class Heard(AssertionError):
    """A key was said, or one is in use that could not be recognised."""


def listen(*said: object) -> None:
    """Raises `Heard` where a key is in what was said."""
    if any(sings(text) for text in said if isinstance(text, bytes | str)):
        raise Heard("a key is in what was said (not shown here)")


def look_at(environment: Mapping[str, str]) -> None:
    """Raises `Heard` where a key in an environment could not be recognised."""
    names = unmarked(environment)
    if names:
        raise Heard(f"{', '.join(names)}: a key without the mark; `canary.key()` makes one")


@pytest.fixture(autouse=True, scope="session")
def ears() -> Iterator[None]:
    """What children say and what is captured is listened to; what they are given is looked at."""
    patch = pytest.MonkeyPatch()
    begin, communicate = subprocess.Popen.__init__, subprocess.Popen.communicate
    read, put = pytest.CaptureFixture.readouterr, pytest.MonkeyPatch.setenv

    def beginning(self: Any, *words: Any, **named: Any) -> None:
        look_at(os.environ if named.get("env") is None else named["env"])
        begin(self, *words, **named)

    def communicating(self: Any, *words: Any, **named: Any) -> Any:
        said = communicate(self, *words, **named)
        listen(*said)
        return said

    def reading(self: Any) -> Any:
        said = read(self)
        listen(*said)
        return said

    def putting(self: Any, name: str, value: str, prepend: str | None = None) -> None:
        look_at({name: value})
        put(self, name, value, prepend)

    patch.setattr(subprocess.Popen, "__init__", beginning)
    patch.setattr(subprocess.Popen, "communicate", communicating)
    patch.setattr(pytest.CaptureFixture, "readouterr", reading)
    patch.setattr(pytest.MonkeyPatch, "setenv", putting)
    yield
    patch.undo()


class Watch:
    """What was found in this session; workers report what tests print, and their folders lie below ours."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """What a test printed, whether it passed or not."""
        if any(sings(text) for _, text in report.sections):
            self.found.append(f"the output of {report.nodeid}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Looks through all that is left on the disk, that of workers too; a key there fails the whole session."""
        factory = getattr(session.config, "_tmp_path_factory", None)
        folder = getattr(factory, "_basetemp", None)
        if hasattr(session.config, "workerinput"):
            return
        if folder is not None:
            self.found += traces(folder)
        if self.found:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Says where the keys are."""
        for place in self.found:
            terminalreporter.write_line(f"FAILED a key is in {place}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    """Begins to watch."""
    config.pluginmanager.register(Watch(), "canary-watch")
