"""Clips that git-lfs or DVC keeps and has not brought: named as such with the command, never bought or fetched."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from cli.commands import Sorapipe
from cli.shelf import shoot

FILM = """\
sorapipe: 1
shots:
  - {id: boat, prompt: A man rows.}
  - {id: landing, continues: boat, prompt: He steps out.}
  - {id: cliff, prompt: A gull over the cliff.}
"""


@pytest.fixture
def clips(here: Path) -> Path:
    """The folder of clips of a film that was paid and whose takes are all there."""
    (here / "storyboard.yaml").write_text(FILM)
    shoot(rehearsal=False)
    return here / "renders" / "storyboard"


def lfs(clip: Path, *, of: bytes | None = None) -> None:
    """Puts the pointer of git-lfs in the place of a clip."""
    data = clip.read_bytes() if of is None else of
    clip.write_text(
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(data).hexdigest()}\nsize {len(data)}\n"
    )


def steps(sorapipe: Sorapipe, *words: str) -> dict[str, tuple[str, str]]:
    """By shot: what happens to it and why."""
    found = sorapipe("plan", "--json", *words).data["steps"]
    assert isinstance(found, list)
    return {it["label"]: (it["action"], it["reason"]["text"]) for it in found}


def edit(clips: Path, old: str, new: str) -> None:
    path = clips.parents[1] / "storyboard.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_a_pointer_of_git_lfs_is_no_changed_file(clips: Path, sorapipe: Sorapipe) -> None:
    lfs(clips / "boat_t01.mp4")
    assert steps(sorapipe)["boat"] == ("keep", "its clip is kept by git-lfs and is not here")
    assert "git lfs pull" in sorapipe("plan").out
    assert sorapipe("run").out.splitlines() == [
        "1 take: its clip is kept by git-lfs and is not here: `git lfs pull`",
        "nothing to do: nothing is to be bought",
    ]
    said = sorapipe("status").out
    assert "not here" in said and "changed" not in said and "git lfs pull" in said
    assert sorapipe("fetch").out == "nothing to fetch: what is not here git-lfs keeps: `git lfs pull`\n"


def test_verify_and_a_locked_run_name_what_brings_it(clips: Path, sorapipe: Sorapipe) -> None:
    lfs(clips / "boat_t01.mp4")
    (clips / "cliff_t01.mp4").unlink()
    (clips / "cliff_t01.mp4.dvc").write_text("outs:\n- md5: 0\n  path: cliff_t01.mp4\n")
    said = sorapipe("verify", code=12).out
    assert "L1  boat     t01  same request; its clip is kept by git-lfs and is not here" in said
    assert "  git lfs pull\n" in said and "  dvc pull\n" in said
    locked = sorapipe("run", "--locked", code=12).out
    assert "next: git lfs pull\nnext: dvc pull\n" in locked


def test_what_needs_the_clip_waits_for_it(clips: Path, sorapipe: Sorapipe) -> None:
    lfs(clips / "boat_t01.mp4")
    edit(clips, "He steps out.", "He jumps out.")
    action, why = steps(sorapipe, "landing")["landing"]
    assert action == "blocked"
    assert why == "boat t01: its clip is kept by git-lfs and is not here"


def test_a_pointer_to_other_bytes_is_another_file(clips: Path, sorapipe: Sorapipe) -> None:
    lfs(clips / "boat_t01.mp4", of=b"another clip")
    assert steps(sorapipe)["boat"][1].startswith("the file was changed: ")


@pytest.mark.parametrize("text", ["", "version https://git-lfs.github.com/spec/v1\n", "oid sha256:" + 64 * "0"])
def test_a_small_file_is_no_pointer(clips: Path, sorapipe: Sorapipe, text: str) -> None:
    (clips / "boat_t01.mp4").write_text(text)
    assert steps(sorapipe)["boat"][1].startswith("the file was changed: ")


def test_gc_and_push_leave_pointers_alone(clips: Path, sorapipe: Sorapipe, tmp_path: Path) -> None:
    lfs(clips / "boat_t01.mp4")
    store = tmp_path / "clips"
    store.mkdir()
    said = sorapipe("push", "--store", str(store)).out
    assert "neither here nor there: boat t01\n\nnext: git lfs pull\n" in said
    assert len(list(store.rglob("*.mp4"))) == 2
    assert sorapipe("gc", "--json").data["files"] == []
    sorapipe("pull", "--store", str(store))
    assert (clips / "boat_t01.mp4").read_text().startswith("version ")


@pytest.mark.parametrize("tracked", ["boat_t01.mp4.dvc", "../storyboard.dvc", "../../renders.dvc"])
def test_a_missing_clip_that_dvc_tracks_is_not_fetched(clips: Path, sorapipe: Sorapipe, tracked: str) -> None:
    (clips / "boat_t01.mp4").unlink()
    assert steps(sorapipe)["boat"][0] == "fetch"
    (clips / tracked).write_text("outs:\n- md5: 0123456789abcdef0123456789abcdef.dir\n  path: x\n")
    assert steps(sorapipe)["boat"] == ("keep", "its clip is kept by dvc and is not here")
    assert "`dvc pull`" in sorapipe("run").out


def test_a_clip_that_is_not_in_the_folder_that_dvc_tracks_is_fetched(clips: Path, sorapipe: Sorapipe) -> None:
    for name in ("boat_t01.mp4", "cliff_t01.mp4"):
        (clips / name).unlink()
    (clips.parent.parent / "renders.dvc").write_text("outs:\n- md5: 0123456789abcdef0123456789abcdef.dir\n")
    cache = clips.parents[1] / ".dvc/cache/files/md5/01"
    cache.mkdir(parents=True)
    listing = [{"md5": "0", "relpath": "storyboard/boat_t01.mp4"}]
    (cache / "23456789abcdef0123456789abcdef.dir").write_text(json.dumps(listing))
    found = steps(sorapipe)
    assert found["boat"][0] == "keep"
    assert found["cliff"][0] == "fetch"
