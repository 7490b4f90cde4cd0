"""What may be deleted beside a film: listed by reason, deleted with a yes, never the film, a person's file or money."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from cli.commands import Sorapipe
from cli.shelf import shoot

from sorapipe.planning.facts import AttemptState

FILM = """\
sorapipe: 1
shots:
  - {id: cliff, prompt: A gull over the cliff.}
  - {id: boat, prompt: A man rows.}
  - {id: stairs, takes: 3, prompt: He climbs the stairs.}
"""


@pytest.fixture
def film(here: Path) -> Path:
    """The folder of clips of a film whose takes are all there."""
    (here / "storyboard.yaml").write_text(FILM)
    shoot()
    return here / "renders" / "storyboard"


@pytest.fixture
def paid(here: Path) -> Path:
    """The same, of a provider that was paid."""
    (here / "storyboard.yaml").write_text(FILM)
    shoot(rehearsal=False)
    return here / "renders" / "storyboard"


def edit(folder: Path, old: str, new: str) -> None:
    path = folder.parents[1] / "storyboard.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def kinds(sorapipe: Sorapipe, *words: str) -> dict[str, str]:
    """By file: why it could go."""
    files = sorapipe("gc", *words, "--json").data["files"]
    assert isinstance(files, list)
    return {one["name"]: one["kind"] for one in files}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_clean_folder_has_nothing_to_go(film: Path, sorapipe: Sorapipe) -> None:
    before = names(film)
    assert kinds(sorapipe) == {}
    assert "nothing could be deleted\n" in sorapipe("gc").out
    assert sorapipe("gc", "--yes").out == "nothing was deleted\n"
    assert names(film) == before


def test_takes_among_which_nobody_has_picked_stay(film: Path, sorapipe: Sorapipe) -> None:
    assert kinds(sorapipe) == {}
    sorapipe("pick", "stairs", "2")
    assert kinds(sorapipe) == {"stairs_t01.mp4": "unused", "stairs_t03.mp4": "unused"}
    said = sorapipe("gc").out
    assert "takes beside the picked one" in said and "2 files" in said and "sorapipe gc --yes" in said
    assert "stairs_t01.mp4" in names(film)
    assert sorapipe("gc", "--yes").out.splitlines()[-1].startswith("deleted 2 files (")
    assert names(film) == {"cliff_t01.mp4", "boat_t01.mp4", "stairs_t02.mp4"}
    assert "keep" in sorapipe("plan", "--all").out
    assert "fetch" not in sorapipe("plan", "--all").out


def test_no_good_older_and_gone_takes_could_go(film: Path, sorapipe: Sorapipe) -> None:
    sorapipe("ng", "stairs", "3")
    edit(film, "A man rows.", "A man sails.")
    edit(film, "  - {id: cliff, prompt: A gull over the cliff.}\n", "")
    assert kinds(sorapipe) == {"cliff_t01.mp4": "gone", "stairs_t03.mp4": "no good"}
    shoot("boat")
    assert kinds(sorapipe)["boat_t01.mp4"] == "old"
    assert kinds(sorapipe, "boat") == {"boat_t01.mp4": "old"}


def test_a_picked_take_of_an_older_text_stays(film: Path, sorapipe: Sorapipe) -> None:
    sorapipe("pick", "boat", "1")
    edit(film, "A man rows.", "A man sails.")
    shoot("boat")
    assert kinds(sorapipe) == {}


def test_parts_go_but_not_those_of_a_task_that_runs(film: Path, sorapipe: Sorapipe) -> None:
    edit(film, "A man rows.", "A man sails.")
    shoot("boat", ends={"boat": AttemptState.SUBMITTED})
    for name in (".boat_t02.mp4.part", ".boat_t02.mp4.etag", ".boat_t01.mp4.part", ".cliff_t09.mp4.pull"):
        (film / name).write_bytes(b"half")
    assert kinds(sorapipe) == {".boat_t01.mp4.part": "part", ".cliff_t09.mp4.pull": "part"}


def test_files_of_a_person_are_listed_and_never_deleted(film: Path, sorapipe: Sorapipe) -> None:
    sorapipe("ng", "stairs", "3")
    (film / "notes.txt").write_text("mine")
    (film / "stairs_t03.mp4").write_bytes(b"my own cut, of another size")
    (film / ".gitignore").write_text("*")
    assert kinds(sorapipe) == {"notes.txt": "yours", "stairs_t03.mp4": "yours"}
    sorapipe("gc", "--yes", "--unpushed")
    assert {"notes.txt", "stairs_t03.mp4", ".gitignore"} <= names(film)


def test_a_file_of_the_same_size_with_other_bytes_is_a_persons(film: Path, sorapipe: Sorapipe) -> None:
    sorapipe("ng", "stairs", "3")
    mine = film / "stairs_t03.mp4"
    mine.write_bytes(b"x" * mine.stat().st_size)
    assert sorapipe("gc", "--yes").out.splitlines()[-1] == "nothing was deleted"
    assert mine.exists()


def test_what_was_paid_and_is_in_no_store_stays_until_a_person_says_so(paid: Path, sorapipe: Sorapipe) -> None:
    sorapipe("pick", "stairs", "2")
    said = sorapipe("gc").out
    assert said.count("paid, in no store") == 2
    assert "2 files" in said and "stay, for no store has them: `sorapipe push` first, or `--unpushed`" in said
    before = names(paid)
    sorapipe("gc", "--yes")
    assert names(paid) == before
    sorapipe("gc", "--yes", "--unpushed")
    assert names(paid) == {"cliff_t01.mp4", "boat_t01.mp4", "stairs_t02.mp4"}


def test_what_a_store_has_may_go(paid: Path, tmp_path: Path, sorapipe: Sorapipe) -> None:
    store = tmp_path / "clips"
    store.mkdir()
    sorapipe("pick", "stairs", "2")
    sorapipe("push", "--store", str(store), "stairs")
    lies = sha256((paid / "stairs_t03.mp4").read_bytes()).hexdigest()
    (store / lies[:2] / f"{lies[2:]}.mp4").write_bytes(b"half")
    said = sorapipe("gc", "--store", str(store)).out
    assert f"stairs t01  {(paid / 'stairs_t01.mp4').stat().st_size} bytes  also in {store}" in said
    sorapipe("gc", "--yes", "--store", str(store))
    assert names(paid) == {"cliff_t01.mp4", "boat_t01.mp4", "stairs_t02.mp4", "stairs_t03.mp4"}


def test_a_clip_that_no_lock_knows_may_have_been_paid(film: Path, sorapipe: Sorapipe) -> None:
    (film / "wave_t01.mp4").write_bytes(b"a clip")
    assert kinds(sorapipe) == {"wave_t01.mp4": "unknown"}
    assert "perhaps paid, in no store" in sorapipe("gc", "--yes").out
    assert "wave_t01.mp4" in names(film)
    sorapipe("gc", "--yes", "--unpushed")
    assert "wave_t01.mp4" not in names(film)


def test_a_clip_of_a_neighbours_lock_is_not_touched(film: Path, sorapipe: Sorapipe) -> None:
    other = film.parents[1] / "other.yaml"
    other.write_text("sorapipe: 1\nshots:\n  - {id: wave, prompt: A wave.}\n")
    shoot("other.yaml")
    lines = (film.parents[1] / "other.lock").read_text().splitlines()
    changed = []
    for line in lines:
        record = json.loads(line)
        if record["kind"] == "attempt":
            record["out"] = "renders/storyboard/wave_t01.mp4"
            record.pop("~")
            raw = json.dumps(record, sort_keys=True, separators=(",", ":"))[:-1]
            changed.append(f'{raw},"~":"{sha256(raw.encode()).hexdigest()[:8]}"}}')
        else:
            changed.append(line)
    (film.parents[1] / "other.lock").write_text("\n".join(changed) + "\n")
    (film / "wave_t01.mp4").write_bytes(b"a clip")
    assert kinds(sorapipe, "storyboard.yaml") == {}


def test_a_folder_of_clips_that_is_a_link_is_not_looked_into(film: Path, sorapipe: Sorapipe, tmp_path: Path) -> None:
    away = tmp_path / "away"
    film.rename(away)
    film.symlink_to(away)
    (away / ".x_t01.mp4.part").write_bytes(b"x")
    assert kinds(sorapipe) == {}
    sorapipe("gc", "--yes", "--unpushed")
    assert ".x_t01.mp4.part" in names(away)


def test_the_copy_under_an_old_name_may_go_when_the_new_one_is_here(paid: Path, sorapipe: Sorapipe) -> None:
    edit(paid, "id: boat", "id: ship")
    assert kinds(sorapipe) == {}, "the take is not written down under its new name yet"
    sorapipe("run")
    assert kinds(sorapipe) == {"boat_t01.mp4": "gone"}
    sorapipe("gc", "--yes")
    assert "ship_t01.mp4" in names(paid) and "boat_t01.mp4" not in names(paid)
