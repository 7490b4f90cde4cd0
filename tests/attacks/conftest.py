"""A place to attack: a film folder, the command line in this process, and everything that an attack must not do."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from attacks.stage import Stage


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Stage]:
    """An attack happens on a stage; afterwards nothing beside it was touched."""
    folder = tmp_path / "film"
    folder.mkdir()
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "secret").write_text("nobody reads this")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SORAPIPE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("SORAPIPE_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("SORAPIPE_SIMULATOR", "--latency 0.05 --clips canned")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    yield Stage(folder, tmp_path / "state", tmp_path / "config", victim, capsys)
    os.chdir(folder)
    assert time.monotonic() - began < 10, "an attack must not take long"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 700 << 10, f"an attack took {grown >> 10} MB"
    assert [path.name for path in victim.iterdir()] == ["secret"], "something was written elsewhere"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name not in {"state", "config"}) == [
        "film",
        "victim",
    ]
