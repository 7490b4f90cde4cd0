"""What every test stands on: no test sees the real home, environment or network, and no key is written anywhere."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

pytest_plugins = ("canary",)


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders that nobody has used yet."""
    top = tmp_path_factory.mktemp("homes")
    return (top / str(number) for number in count())


@pytest.fixture(autouse=True)
def nobody_is_at_home(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of config and state are fresh for each test; keys and choices of the developer are gone."""
    home = next(homes)
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    (home / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(home / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    for name, folder in {
        "SORAPIPE_CONFIG_DIR": "config",
        "SORAPIPE_STATE_DIR": "state",
        "XDG_CONFIG_HOME": ".config",
        "XDG_STATE_HOME": ".state",
        "XDG_CACHE_HOME": ".cache",
    }.items():
        monkeypatch.setenv(name, str(home / folder))
    for name in (
        "SORAPIPE_PROVIDER",
        "SORAPIPE_SIMULATOR",
        "NO_COLOR",
        "COLUMNS",
        "FORCE_COLOR",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
