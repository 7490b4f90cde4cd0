"""A bug report that can be sent as it is; knows no secret and hides what looks like one."""

from __future__ import annotations

import os
import platform
import re
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

from sorapipe import __version__

_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH|COOKIE", re.IGNORECASE)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[^\s'\",]+")
_QUERY = re.compile(r"(https?://[^\s'\"?#]*)\?[^\s'\"]*")
_USER = re.compile(r"(https?://)[^\s/@'\"]+@")
_LIBRARIES = ("click", "httpx", "pyyaml", "jsonschema", "jinja2", "av", "pillow", "rich")
_SHORTEST = 6
"""A value shorter than this is a word that would be hidden everywhere."""


def report(error: BaseException, words: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """What went wrong, where, and on which machine, ready to be pasted."""
    trace = "".join(traceback.format_exception(error))
    body = "\n".join(
        [
            f"error: this is a bug in sorapipe: {_line(error)}",
            "",
            "Nothing that was paid for is lost: what was sent is in the journal, and the same command goes on.",
            "Please send what follows; keys and the home folder are left out of it.",
            "",
            f"    sorapipe {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"    {_versions()}",
            f"    command: sorapipe {' '.join(words)}",
            "",
            *(f"    {line}" for line in trace.splitlines()),
        ]
    )
    return redact(body, {**os.environ, **_kept()} if environment is None else environment)


def _kept() -> dict[str, str]:
    """The user's own file of keys, under names that are hidden."""
    from sorapipe.cli.secrets import everything

    return {f"KEY {name}": value for name, value in everything().items()}


def redact(text: str, environment: Mapping[str, str]) -> str:
    """The text without values of secret variables, credentials of headers and URLs, and the home folder's name."""
    for name, value in environment.items():
        if _SECRET.search(name) and len(value) >= _SHORTEST:
            text = text.replace(value, f"[{name}]")
    text = _USER.sub(r"\1", _QUERY.sub(r"\1?[…]", _BEARER.sub(r"\1 […]", text)))
    return text.replace(str(Path.home()), "~")


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0].rstrip(": ")


def _versions() -> str:
    return ", ".join(f"{name} {_version(name)}" for name in _LIBRARIES) + f", {sys.implementation.name}"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"
