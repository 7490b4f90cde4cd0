"""A film at a real server, and clients that are forked from a warm process: a command takes a moment."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from campaign.fault_play import Film, scripted
from campaign.nurse import Nurse, nursing
from campaign.server import Server, serving
from faults.rows import Begin
from studio import shelf, with_shelf

_ACCOUNTS = 400
_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def nurse() -> Iterator[Nurse]:
    with nursing() as nurse:
        yield nurse


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    books = with_shelf(tmp_path_factory.mktemp("provider") / "books", shelf(tmp_path_factory))
    with serving(books, _ACCOUNTS, ("--latency", "0")) as server:
        yield server


@pytest.fixture
def begin(nurse: Nurse, server: Server, tmp_path: Path) -> Iterator[Begin]:
    """A film and a script of faults; afterwards the key is nowhere, and no token was sent twice."""
    films: list[Film] = []

    def make(*rules: dict[str, Any], dialect: str = "tasks", haste: float = 1.0, **named: Any) -> Film:
        root = tmp_path / f"film-{len(films)}"
        root.mkdir()
        off = "features: {list: false, metadata_echo: false}\n" if dialect == "videos" else ""
        film = Film(root, server, next(_NUMBERS), dialect, haste, off, **named)
        film.start = nurse.start
        films.append(film)
        scripted(server, rules)
        return film

    yield make
    scripted(server, ())
    for film in films:
        assert film.leaks() == []
        tokens = [line.token for line in film.lines()]
        assert len(set(tokens)) == len(tokens)
        assert not any("Traceback" in text or "BUG" in text for text in film.said), film.said
