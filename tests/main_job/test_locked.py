"""`run --locked`: a fresh clone gets the film of the lock or hears what the lock lacks; nothing is ever bought."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from studio import Studio, opened

FILM = """\
sorapipe: 1
defaults: {model: sora-2, look: day}
shots:
  - id: a
    prompt: A street.
  - id: b
    continues: a
    prompt: A door.
  - id: c
    takes: 2
    prompt: A cat.
"""
CLIPS = "renders/storyboard"


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    studio = opened(tmp_path_factory.mktemp("rendered"), tmp_path_factory)
    studio.write("storyboard.yaml", FILM)
    studio.run("run")
    return studio


@pytest.fixture
def film(rendered: Studio, tmp_path: Path) -> Studio:
    return rendered.copy(tmp_path)


def clips(studio: Studio) -> set[str]:
    return {path.name for path in (studio.folder / CLIPS).glob("*.mp4")}


def edit(studio: Studio, old: str, new: str) -> None:
    text = (studio.folder / "storyboard.yaml").read_text()
    assert old in text
    studio.write("storyboard.yaml", text.replace(old, new))


def test_the_film_that_is_here_is_verified_and_nothing_is_written(film: Studio) -> None:
    before = film.snapshot()
    said = film.run("run", "--locked").out
    assert said.startswith("the film of the lock is here: 3 shots · ")
    assert said.endswith("verified · nothing bought\n")
    assert film.snapshot() == before


def test_only_the_takes_in_the_film_are_brought(film: Studio) -> None:
    shutil.rmtree(film.folder / "renders")
    spent = len(film.ledger())
    said = film.run("run", "--locked").out
    assert "3 clips brought, nothing bought" in said
    assert clips(film) == {"a_t01.mp4", "b_t01.mp4", "c_t01.mp4"}
    assert len(film.ledger()) == spent


def test_the_pick_is_brought(film: Studio) -> None:
    film.run("pick", "c", "2")
    shutil.rmtree(film.folder / "renders")
    film.run("run", "--locked", "c")
    assert clips(film) == {"c_t02.mp4"}


def test_what_the_lock_lacks_is_named_and_nothing_is_sent(film: Studio) -> None:
    edit(film, "A street.", "A road.")
    edit(film, "A cat.", "A cat.\n  - id: d\n    prompt: A dog.")
    (film.folder / CLIPS / "c_t01.mp4").unlink()
    spent, before = len(film.ledger()), film.snapshot()
    said = film.run("run", "--locked", code=3).err
    assert "error: the storyboard asks for more than `storyboard.lock` holds; nothing was sent" in said
    assert "  a  prompt: street → road\n" in said
    assert "  d  not rendered yet\n" in said
    assert "`sorapipe run` renders it" in said
    assert film.snapshot() == before
    assert len(film.ledger()) == spent
    lines = film.run("run", "--locked", "d", "--json", code=3).data
    assert [one["label"] for one in lines["lacking"]] == ["d"]
    assert "1 shot" in film.run("run", "--locked", "b").out


def test_more_takes_than_the_lock_holds_are_lacking(film: Studio) -> None:
    edit(film, "takes: 2", "takes: 3")
    assert "  c  not rendered yet (take 3)\n" in film.run("run", "--locked", code=3).err


def test_what_is_kept_out_of_date_is_no_reason_to_fail_and_is_said(film: Studio) -> None:
    film.run("roll", "a")
    film.run("pick", "a", "2")
    said = film.run("run", "--locked").out
    assert "· b  t01  same bytes; made from another clip: a: another take is picked" in said


def test_a_shot_that_was_renamed_is_not_in_the_lock_yet(film: Studio) -> None:
    edit(film, "id: c", "id: cat")
    assert "not in this lock yet" in film.run("run", "--locked", code=3).err
    film.run("run")
    film.run("run", "--locked")


def test_another_file_in_the_place_of_a_clip_is_left_there_and_is_wrong(film: Studio) -> None:
    path = film.folder / CLIPS / "a_t01.mp4"
    path.write_bytes(bytes(path.stat().st_size))
    said = film.run("run", "--locked", code=12).out
    assert "✗ a  t01  same request; the file is another one than the lock says" in said
    assert "move it away" in said
    assert set(path.read_bytes()) == {0}
    path.unlink()
    film.run("run", "--locked")


def test_two_picks_for_one_shot_are_no_film(film: Studio) -> None:
    lock = film.folder / "storyboard.lock"
    before = lock.read_text()
    film.run("pick", "c", "1")
    one = set(lock.read_text().splitlines()) - set(before.splitlines())
    lock.write_text(before)
    film.run("pick", "c", "2")
    lines = [*lock.read_text().splitlines(), *one]
    lock.write_text("\n".join(lines) + "\n")
    film.run("lock", "resolve")
    said = film.run("run", "--locked", code=3).err
    assert "  c  two takes are picked, so nobody knows which is in the film\n" in said
    film.run("run", "--locked", "a", "b")


def test_what_the_lock_on_disk_lacks_is_noted(film: Studio) -> None:
    lock = film.folder / "storyboard.lock"
    before = lock.read_bytes()
    film.run("roll", "c")
    lock.write_bytes(before)
    said = film.run("run", "--locked")
    assert "note: `storyboard.lock` lacks something that this machine knows" in said.err
    assert said.out.startswith("the film of the lock is here: 3 shots")
    assert lock.read_bytes() == before


def test_a_clip_that_dvc_has_is_fetched_only_where_its_shot_is_named(film: Studio) -> None:
    clip = film.folder / CLIPS / "c_t01.mp4"
    data = clip.read_bytes()
    clip.unlink()
    film.write(f"{CLIPS}/c_t01.mp4.dvc", "outs:\n- md5: x\n")
    assert "`dvc pull`" in film.run("run").out
    assert "`dvc pull`" in film.run("fetch").out
    assert "next: dvc pull" in film.run("run", "--locked", code=12).out
    assert not clip.exists()
    film.run("fetch", "c")
    assert clip.read_bytes() == data
    film.run("run", "--locked")


def test_wishes_that_buy_are_refused(film: Studio) -> None:
    assert "`--locked` buys nothing, so `--cascade` can't hold" in film.run("run", "--locked", "--cascade", code=2).err


def test_no_key_is_needed_where_nothing_is_to_be_fetched(film: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    config = film.folder.parent / "config" / "providers"
    config.mkdir(parents=True)
    (config / "simulator.yaml").write_text("extends: simulator\nkey_env: HOUSE_KEY\n")
    film.run("run", "--locked", SORAPIPE_CONFIG_DIR=str(config.parent))
    (film.folder / CLIPS / "a_t01.mp4").unlink()
    said = film.run("run", "--locked", code=6, SORAPIPE_CONFIG_DIR=str(config.parent)).err
    assert "HOUSE_KEY" in said
