"""The same film on another machine: push, pull and run --locked with stores in folders and behind URLs."""

from __future__ import annotations

import json
import shutil
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from studio import Studio, opened

from sorapipe.cli.stores import translated
from sorapipe.state.store import StoreError, UrlStore

FILM = """\
sorapipe: 1
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


@pytest.fixture
def clone(film: Studio, tmp_path: Path) -> Studio:
    """Another machine, with what git brings there."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in ("storyboard.yaml", "storyboard.lock"):
        shutil.copy(film.folder / name, folder / name)
    return Studio(folder, tmp_path / "other-state", film.simulator)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    return folder


def digests(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.mp4"))}


def in_store(folder: Path) -> dict[str, str]:
    """The sha256 of what lies there, by what its name says."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    assert all(path.suffix == ".mp4" and not path.name.startswith(".") for path in files), files
    return {path.parent.name + path.stem: sha256(path.read_bytes()).hexdigest() for path in files}


def test_what_was_pushed_is_pulled_elsewhere_and_a_run_there_is_free(film: Studio, clone: Studio, store: Path) -> None:
    said = film.run("push", "--store", str(store)).out
    assert said.startswith("4 clips (") and f"copied into {store}" in said
    kept = in_store(store)
    assert kept == {digest: digest for digest in digests(film.folder / CLIPS).values()}
    assert film.run("push", "--store", str(store)).out.startswith(f"every clip that is here is in {store}: 4 clips (")
    assert clone.run("pull", "--store", str(store)).out.startswith("4 clips (")
    assert digests(clone.folder / CLIPS) == digests(film.folder / CLIPS)
    assert "nothing to do: every take is there" in clone.run("run").out
    assert clone.ledger() == []
    assert (clone.folder / "storyboard.lock").read_bytes() == (film.folder / "storyboard.lock").read_bytes()
    before = clone.snapshot()
    assert clone.run("pull", "--store", str(store)).out.startswith("nothing to bring: every clip of the lock is here")
    assert clone.snapshot() == before


def test_a_locked_run_pulls_the_film_out_of_the_store_of_the_config(film: Studio, clone: Studio, store: Path) -> None:
    config = store.parent / "config"
    config.mkdir()
    (config / "config.yaml").write_text(f"store: team\nstores:\n  team: {store}\n")
    film.run("push", SORAPIPE_CONFIG_DIR=str(config))
    said = clone.run("run", "--locked", SORAPIPE_CONFIG_DIR=str(config)).out
    assert "3 clips brought, nothing bought" in said
    assert set(digests(clone.folder / CLIPS)) == {"a_t01.mp4", "b_t01.mp4", "c_t01.mp4"}
    assert not (clone.state / "simulator").exists()


def test_a_store_that_lies_is_refused_and_named(film: Studio, clone: Studio, store: Path) -> None:
    film.run("push", "--store", str(store))
    lies = sorted(path for path in store.rglob("*.mp4"))
    lies[0].write_bytes(b"x" * lies[0].stat().st_size)
    lies[1].write_bytes(lies[1].read_bytes() + b"more")
    lies[2].write_bytes(b"")
    found = clone.run("pull", "--store", str(store), "--json", code=12).data
    wrong = {one["sha256"]: one["why"] for one in found["wrong"]}
    assert set(wrong) == {path.parent.name + path.stem for path in lies[:3]}
    assert all(f"`{store}` has other bytes under" in why for why in wrong.values())
    assert len(digests(clone.folder / CLIPS)) == 1
    assert not list((clone.folder / CLIPS).glob(".*"))
    again = film.run("push", "--store", str(store), code=12).out
    assert again.count("has another file under") == 2  # one of the right size is not read
    assert lies[1].read_bytes().endswith(b"more")


def test_bytes_that_are_no_clip_are_refused_whatever_a_lock_says(film: Studio, clone: Studio, store: Path) -> None:
    junk = b"<script>no clip</script>"
    name = sha256(junk).hexdigest()
    (store / name[:2]).mkdir()
    (store / name[:2] / f"{name[2:]}.mp4").write_bytes(junk)
    lines = []
    for line in (clone.folder / "storyboard.lock").read_text().splitlines():
        record = json.loads(line)
        if record.get("address") == "a":
            record |= {"sha256": name, "bytes": len(junk)}
            record.pop("~")
            raw = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)[:-1]
            lines.append(f'{raw},"~":"{sha256(raw.encode()).hexdigest()[:8]}"}}')
        else:
            lines.append(line)
    clone.write("storyboard.lock", "\n".join(lines) + "\n")
    said = clone.run("pull", "a", "--store", str(store), code=12).out
    assert "a t01  the clip is not right: it is a web page, not a video" in said
    assert not digests(clone.folder / CLIPS)


def test_a_file_of_another_is_not_written_over(film: Studio, clone: Studio, store: Path) -> None:
    film.run("push", "--store", str(store))
    (clone.folder / CLIPS).mkdir(parents=True)
    mine = clone.folder / CLIPS / "a_t01.mp4"
    mine.write_bytes(b"mine")
    clone.run("pull", "--store", str(store))
    assert mine.read_bytes() == b"mine"
    film.write(f"{CLIPS}/a_t01.mp4", "mine as well")
    said = film.run("push", "--store", str(store.parent / "film"), code=12).out
    assert "a t01  the file here is another one than the lock says" in said


def test_takes_that_are_no_good_stay_away_unless_their_shot_is_named(film: Studio, clone: Studio, store: Path) -> None:
    film.run("push", "--store", str(store))
    clone.run("ng", "c", "2")
    clone.run("pull", "--store", str(store))
    assert "c_t02.mp4" not in digests(clone.folder / CLIPS)
    clone.run("pull", "c", "--store", str(store))
    assert "c_t02.mp4" in digests(clone.folder / CLIPS)


def test_what_is_nowhere_is_named(film: Studio, clone: Studio, store: Path) -> None:
    film.run("push", "a", "b", "--store", str(store))
    said = clone.run("pull", "--store", str(store), code=12).out
    assert f"not in {store}: c t01, c t02" in said
    assert "next: sorapipe fetch\n" in said
    assert "neither here nor there: c t01, c t02" in clone.run("push", "--store", str(store)).out


def test_a_store_behind_a_url_is_a_store(film: Studio, clone: Studio, store: Path) -> None:
    pytest.importorskip("fsspec")
    url = f"file://{store}"
    film.run("push", "--store", url)
    assert in_store(store) == {digest: digest for digest in digests(film.folder / CLIPS).values()}
    assert film.run("push", "--store", url).out.startswith("every clip that is here")
    clone.run("pull", "--store", url)
    assert digests(clone.folder / CLIPS) == digests(film.folder / CLIPS)
    assert "needs a package that is not here" in film.run("push", "--store", "sftp://u:secret@x/y", code=2).err


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(StoreError, match="a store behind a URL such as `team` needs fsspec") as caught:
        UrlStore("s3://bucket/x", "team")
    end = translated(caught.value)
    assert (end.code, end.hint) == (2, "`pip install 'sorapipe[store]'`")


def test_only_the_film_is_pulled_where_that_is_asked(film: Studio, clone: Studio, store: Path) -> None:
    film.run("push", "--store", str(store))
    assert clone.run("pull", "--film", "--store", str(store)).out.startswith("3 clips (")
    assert set(digests(clone.folder / CLIPS)) == {"a_t01.mp4", "b_t01.mp4", "c_t01.mp4"}


def test_what_no_run_asks_for_may_be_nowhere(film: Studio, clone: Studio, store: Path) -> None:
    film.run("pick", "c", "2")
    film.run("gc", "--yes")
    shutil.copy(film.folder / "storyboard.lock", clone.folder / "storyboard.lock")
    said = film.run("push", "--store", str(store)).out
    assert "neither here nor there, and not needed: c t01\n" in said
    said = clone.run("pull", "--store", str(store)).out
    assert f"not in {store}, and not needed: c t01\n" in said
    assert "nothing to do" in clone.run("run").out


def test_of_two_takes_with_the_same_bytes_the_one_that_is_here_is_pushed(film: Studio, store: Path) -> None:
    film.write("storyboard.yaml", FILM.replace("id: b", "id: door") + "moved: [{from: b, to: door}]\n")
    film.run("run")
    (film.folder / CLIPS / "b_t01.mp4").unlink()
    assert film.run("push", "--store", str(store)).out.startswith("4 clips (")
    assert set(in_store(store)) == set(digests(film.folder / CLIPS).values())


@pytest.mark.parametrize("user", ["key:secret", "key:sec@secret", "me@house:secret"])
def test_a_url_shows_no_password(film: Studio, user: str) -> None:
    said = film.run("push", "--store", f"s3://{user}@bucket/x?token=secret", code=2).err
    assert "s3://bucket/x" in said
    assert "secret" not in said


# What a storyboard may say.


def test_a_storyboard_keeps_its_clips_in_a_folder_below(film: Studio) -> None:
    film.write("storyboard.yaml", f"store: ./shared/clips\n{FILM}")
    assert "copied into ./shared/clips" in film.run("push").out
    assert len(in_store(film.folder / "shared/clips")) == 4


@pytest.mark.parametrize(
    "store",
    [
        "/mnt/x",
        "../x",
        "./../x",
        "./a/../../x",
        "./.git/hooks",
        "s3://bucket/x",
        "~/x",
        "file:///x",
        ".",
        "./",
        "./a//b",
    ],
)
def test_a_storyboard_names_no_store_elsewhere(film: Studio, store: str) -> None:
    film.write("storyboard.yaml", f'store: "{store}"\n{FILM}')
    said = film.run("push", code=3).err
    assert "storyboard.yaml:1:8: error" in said
    assert "a store is a name that your config knows, or `./FOLDER` below the storyboard" in said


def test_a_link_below_the_storyboard_leads_to_no_store(film: Studio, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    (film.folder / "shared").symlink_to(away)
    film.write("storyboard.yaml", f"store: ./shared/clips\n{FILM}")
    assert "is a symbolic link or a file, not a folder" in film.run("push", code=2).err
    assert not list(away.iterdir())


def test_a_storyboard_names_a_store_that_only_the_config_defines(film: Studio, store: Path) -> None:
    film.write("storyboard.yaml", f"store: team\n{FILM}")
    said = film.run("push", code=2).err
    assert "the storyboard keeps its clips in `team`, and your config does not say where it is" in said
    config = store.parent / "config"
    config.mkdir()
    (config / "config.yaml").write_text(f"stores:\n  team: {{url: {store}}}\n")
    assert "copied into team" in film.run("push", SORAPIPE_CONFIG_DIR=str(config)).out


# The config.


def test_without_a_store_it_is_said_how_to_name_one(film: Studio) -> None:
    said = film.run("push", code=2).err
    assert "no store is named" in said and "config.yaml" in said and "store: ~/clips" in said


def test_a_config_with_mistakes_is_refused_with_their_places(film: Studio, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.mkdir()
    (config / "config.yaml").write_text("stores:\n  Team: /x\nstor: x\n")
    said = film.run("push", code=3, SORAPIPE_CONFIG_DIR=str(config)).err
    assert "config.yaml:2:3: error: " in said
    assert "config.yaml:3:1: error: " in said
    assert "did you mean `store`?" in said


def test_a_folder_that_is_not_there_is_not_made(film: Studio, tmp_path: Path) -> None:
    said = film.run("push", "--store", str(tmp_path / "disk"), code=2).err
    assert "make it, or is its disk not here?" in said
    assert not (tmp_path / "disk").exists()
    assert "did you mean" not in film.run("push", "--store", "team", code=2).err


def test_a_pull_that_is_broken_off_goes_on(film: Studio, clone: Studio, store: Path) -> None:
    film.run("push", "--store", str(store))
    first = sorted(store.rglob("*.mp4"))[0]
    away = store.parent / "away.mp4"
    first.rename(away)
    clone.run("pull", "--store", str(store), code=12)
    assert len(digests(clone.folder / CLIPS)) == 3
    away.rename(first)
    assert clone.run("pull", "--store", str(store)).out.startswith("1 clip (")
