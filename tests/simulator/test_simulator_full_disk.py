"""A simulator whose disk is full says so once and in words, answers as a server in trouble does, and goes on after."""

from __future__ import annotations

import resource
from pathlib import Path

import httpx
import pytest
from simulator.box import Simulator, Start


def asked(simulator: Simulator) -> int | None:
    """The status of a create; `None` where the server hung up."""
    try:
        return simulator.post({"model": "sora-2", "input": {"prompt": "A quiet sea"}}).status_code
    except httpx.TransportError:
        return None


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of other processes are Linux's")
def test_a_full_disk_is_said_once_and_what_was_taken_before_is_there_after(
    start: Start, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    simulator: Simulator = start()
    before = simulator.create()
    known = max(path.stat().st_size for path in simulator.books.glob("books.sqlite*"))
    resource.prlimit(simulator.process.pid, resource.RLIMIT_FSIZE, (known, resource.RLIM_INFINITY))
    answers = {asked(simulator) for _ in range(6)}
    assert answers & {500, None}
    resource.prlimit(simulator.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    after = simulator.create()
    assert simulator.finished(before)["state"] == simulator.finished(after)["state"] == "success"
    simulator.stop()
    said = capfd.readouterr().err
    assert "Traceback" not in said
    assert said.count("the disk refuses, so calls fail") in {1, 2}  # once for each way in which it refuses
