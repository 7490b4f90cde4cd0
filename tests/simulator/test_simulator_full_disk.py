"""A simulator whose disk is full says so once and in words, answers as a server in trouble does, and goes on after."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
from simulator.box import Simulator, Start


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of other processes are Linux's")
def test_a_full_disk_is_said_once_and_what_was_taken_before_is_there_after(
    start: Start, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    simulator: Simulator = start()
    before = simulator.create()
    known = max(path.stat().st_size for path in simulator.books.glob("books.sqlite*"))
    resource.prlimit(simulator.process.pid, resource.RLIMIT_FSIZE, (known, resource.RLIM_INFINITY))
    codes = {simulator.post({"model": "sora-2", "input": {"prompt": "A quiet sea"}}).status_code for _ in range(6)}
    assert 500 in codes
    resource.prlimit(simulator.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    after = simulator.create()
    assert simulator.finished(before)["state"] == simulator.finished(after)["state"] == "success"
    simulator.stop()
    said = capfd.readouterr().err
    assert "Traceback" not in said
    assert said.count("the disk refuses, so calls fail") == 1
