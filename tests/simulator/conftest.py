"""Simulators for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from simulator.box import Simulator, Start
from studio import shelf, with_shelf


@pytest.fixture
def start(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts simulators: with canned clips that are on the shelf, at once, unless options say something else."""
    running: list[Simulator] = []
    canned = shelf(tmp_path_factory)

    def begin(*options: str, books: Path | None = None, clips: str = "canned", latency: str = "0") -> Simulator:
        words = ("--clips", clips, "--latency", latency, *options)
        running.append(Simulator(with_shelf(books or tmp_path / "books", canned), *words))
        return running[-1]

    yield begin
    for simulator in running:
        if simulator.process.poll() is None:
            simulator.stop()


@pytest.fixture(scope="session")
def canned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """One simulator with canned clips for all tests that only ask."""
    books = with_shelf(tmp_path_factory.mktemp("shared"), shelf(tmp_path_factory))
    simulator = Simulator(books, "--clips", "canned", "--latency", "0")
    yield simulator
    simulator.stop()
