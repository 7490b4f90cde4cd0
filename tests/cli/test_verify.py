"""How much of the film is still the same: bytes, requests, intent; one line a shot and an exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.commands import Sorapipe
from cli.shelf import shoot

from sorapipe.planning.facts import AttemptState

FILM = """\
sorapipe: 1
scenes:
  - id: shore
    shots:
      - id: cliff
        prompt: A gull over the cliff.
      - id: boat
        prompt: A man rows.
      - id: landing
        continues: boat
        prompt: He steps out.
  - id: tower
    shots:
      - id: stairs
        takes: 2
        prompt: He climbs the stairs.
      - id: storm
        matrix: {weather: [squall, fog], lens: [wide, close]}
        exclude: [{weather: fog, lens: close}]
        prompt: "The light in a {{ matrix.weather }}, {{ matrix.lens }}."
"""


@pytest.fixture
def film(here: Path) -> Path:
    """A folder with a storyboard."""
    (here / "storyboard.yaml").write_text(FILM)
    return here


@pytest.fixture
def shot(film: Path) -> Path:
    """The folder of a film whose takes are all there."""
    shoot()
    return film / "renders" / "storyboard"


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "storyboard.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def levels(sorapipe: Sorapipe, code: int, *words: str) -> dict[str, tuple[str, str]]:
    """By shot: level and what is said."""
    shots = sorapipe("verify", *words, "--json", code=code).data["shots"]
    assert isinstance(shots, list)
    return {shot["label"]: (shot["level"], shot["text"]) for shot in shots}


def test_the_film_as_it_was_made_is_the_same_byte_by_byte(shot: Path, sorapipe: Sorapipe) -> None:
    found = sorapipe("verify")
    assert found.err == ""
    lines = found.out.splitlines()
    assert lines[0].split() == ["L0", "cliff", "t01", "same", "bytes,", "same", "request"]
    assert "7 shots, byte by byte the film of the lock" in lines
    assert "next" not in lines


def test_a_missing_and_a_changed_file_hold_only_the_request(shot: Path, sorapipe: Sorapipe) -> None:
    (shot / "cliff_t01.mp4").unlink()
    size = (shot / "boat_t01.mp4").stat().st_size
    (shot / "boat_t01.mp4").write_bytes(b"x" * size)
    found = levels(sorapipe, 12)
    assert found["cliff"] == ("L1", "same request; its clip is not here")
    assert found["boat"] == ("L1", "same request; the file is another one than the lock says")
    assert found["landing"][0] == "L0"
    said = sorapipe("verify", code=12).out
    assert "5 of 7 shots are as the lock says · 5 L0 same bytes · 2 L1 same request only" in said
    assert "  sorapipe fetch cliff\n" in said


def test_an_edit_and_another_parent_hold_only_the_intent_and_say_what_differs(shot: Path, sorapipe: Sorapipe) -> None:
    edit(shot.parents[1], "A gull over the cliff.", "A crow over the cliff.")
    assert levels(sorapipe, 8)["cliff"] == ("L2", "same bytes; another request: prompt: gull → crow")
    edit(shot.parents[1], "A crow over the cliff.", "A gull over the cliff.")
    assert levels(sorapipe, 0)["cliff"][0] == "L0"
    edit(shot.parents[1], "A man rows", "A man swims")
    shoot("boat")
    assert levels(sorapipe, 8)["landing"] == (
        "L2", "same bytes; made from another clip: boat: another take is in the film now"
    )  # fmt: skip


def test_what_was_accepted_or_frozen_as_it_is_is_right_with_its_bytes(shot: Path, sorapipe: Sorapipe) -> None:
    edit(shot.parents[1], "A gull over the cliff.", "A crow over the cliff.")
    sorapipe("accept", "cliff", "--because", "seen")
    assert levels(sorapipe, 0)["cliff"] == ("L2", "same bytes; accepted as it is")
    sorapipe("accept", "cliff", "--clear")
    edit(shot.parents[1], "- id: cliff", "- id: cliff\n        frozen: true")
    assert levels(sorapipe, 0)["cliff"] == ("L2", "same bytes; frozen (prompt: gull → crow)")
    (shot / "cliff_t01.mp4").unlink()
    assert levels(sorapipe, 12)["cliff"][1] == "its clip is not here; frozen (prompt: gull → crow)"


def test_a_shot_without_a_take_says_why(film: Path, sorapipe: Sorapipe) -> None:
    shoot(ends={"cliff": AttemptState.FAILED})
    found = levels(sorapipe, 8)
    assert found["cliff"][0] == "none"
    assert found["cliff"][1].startswith("no take: it failed before")
    assert found["boat"][0] == "L0"


def test_only_what_is_named_is_read_and_judged(shot: Path, sorapipe: Sorapipe) -> None:
    (shot / "cliff_t01.mp4").unlink()
    assert set(levels(sorapipe, 0, "scene:tower", "--exclude", "storm")) == {"stairs"}


def test_nothing_is_written(shot: Path, sorapipe: Sorapipe) -> None:
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in shot.parents[1].rglob("*")}
    sorapipe("verify")
    assert before == {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in shot.parents[1].rglob("*")}


def test_a_link_in_the_place_of_a_clip_is_no_clip(shot: Path, sorapipe: Sorapipe) -> None:
    elsewhere = shot.parents[1] / "elsewhere.mp4"
    (shot / "cliff_t01.mp4").rename(elsewhere)
    (shot / "cliff_t01.mp4").symlink_to(elsewhere)
    assert levels(sorapipe, 12)["cliff"] == ("L1", "same request; its clip is not here")


def test_a_long_film_lists_what_is_not_the_same(here: Path, sorapipe: Sorapipe) -> None:
    shots = "\n".join(f"  - {{id: s{n:03}, prompt: Wave {n}.}}" for n in range(80))
    (here / "storyboard.yaml").write_text(f"sorapipe: 1\nshots:\n{shots}\n")
    shoot()
    (here / "renders" / "storyboard" / "s007_t01.mp4").unlink()
    said = sorapipe("verify", code=12).out
    assert "s007" in said and "s008" not in said
    assert "  79 shots more with the same bytes (`--all` lists them)" in said
    assert "s008" in sorapipe("verify", "--all", code=12).out
