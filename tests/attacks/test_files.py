"""Links, pipes, devices and swaps where files are expected, and names that no file of ours may have."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from attacks.stage import FILM, FORGED, Stage

from sorapipe.state.disk import Disk
from sorapipe.state.files import StateError
from sorapipe.state.reader import FolderReader
from sorapipe.state.workspace import Workspace
from sorapipe.storyboard.source import FileRefused

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
Make = Callable[[Path, Path], None]
KINDS: dict[str, Make] = {
    "link-to-a-secret": lambda path, victim: path.symlink_to(victim / "secret"),
    "link-to-a-device": lambda path, _: path.symlink_to("/dev/zero"),
    "link-to-proc": lambda path, _: path.symlink_to("/proc/self/environ"),
    "link-to-itself": lambda path, _: path.symlink_to(path.name),
    "dangling-link": lambda path, victim: path.symlink_to(victim / "nobody"),
    "pipe": lambda path, _: os.mkfifo(path),
    "folder": lambda path, _: path.mkdir(),
}
kinds = pytest.mark.parametrize("kind", KINDS)


@kinds
def test_a_storyboard_is_a_regular_file(stage: Stage, kind: str) -> None:
    path = stage.folder / "storyboard.yaml"
    KINDS[kind](path, stage.victim)
    code = 2 if kind in {"folder", "link-to-itself", "dangling-link"} else 3
    for words in (("plan",), ("validate",), ("run", "--yes")):
        result = stage.run(words[0], "storyboard.yaml", *words[1:], code=code)
        assert "nobody reads this" not in result.out + result.err
    stage.nothing_sent()


@kinds
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ref.png", "shots: [{id: a, prompt: x, input_reference: ref.png}]"),
        ("cast.yaml", "include: [cast.yaml]\nshots: [{id: a, prompt: x}]"),
        ("rows.csv", "shots: [{id: a, prompt: 'x {{ matrix.r }}', matrix: {r: rows.csv}}]"),
        ("tom.mp4", "characters: {t: {file: tom.mp4, timestamps: [1, 3]}}\nshots: [{id: a, prompt: '@t x'}]"),
        ("sub/ref.png", "shots: [{id: a, prompt: x, input_reference: sub/ref.png}]"),
    ],
)
def test_whatever_a_storyboard_names_is_a_regular_file(stage: Stage, kind: str, name: str, text: str) -> None:
    stage.film(f"sorapipe: 1\n{text}\n")
    target = stage.folder / name.partition("/")[0]
    if "/" in name and kind.startswith("link"):
        target.symlink_to(stage.victim)
    else:
        KINDS[kind](target, stage.victim)
    assert "nobody reads this" not in stage.refused("file").err


@kinds
def test_a_lock_is_a_regular_file(stage: Stage, kind: str) -> None:
    stage.film()
    path = stage.folder / "storyboard.lock"
    KINDS[kind](path, stage.victim)
    before = stage.files()
    for words in (("plan",), ("status",), ("run", "--yes")):
        stage.run(*words, code=5)
    assert stage.files() == before
    stage.nothing_sent()


@kinds
def test_a_neighbours_lock_that_is_no_file_stops_nobody(stage: Stage, kind: str) -> None:
    stage.film()
    KINDS[kind](stage.folder / "other.lock", stage.victim)
    assert "nobody reads" not in stage.run("plan", code=0).err


@kinds
@pytest.mark.parametrize("where", ["renders", "renders/storyboard"])
def test_clips_go_into_real_folders_and_that_is_known_before_anything_is_paid(
    stage: Stage, kind: str, where: str
) -> None:
    stage.film()
    path = stage.folder / where
    path.parent.mkdir(exist_ok=True)
    if kind == "folder":
        path.write_text("a file")
    elif kind == "link-to-a-secret":
        path.symlink_to(stage.victim)
    else:
        KINDS[kind](path, stage.victim)
    assert "link or a file" in stage.run("run", "--yes", code=11).err
    stage.nothing_sent()


@kinds
def test_rests_of_downloads_that_somebody_planted_are_not_followed(stage: Stage, kind: str) -> None:
    """A linked tag would send the file behind it to a server; a pipe would wait for ever."""
    clips = Workspace.open(stage.film()).clips
    folder = stage.folder / "renders" / "storyboard"
    folder.mkdir(parents=True)
    for name in (".a_t01.mp4.part", ".a_t01.mp4.etag", ".trial.mp4.part"):
        KINDS[kind](folder / name, stage.victim)
    with pytest.raises(StateError):
        Disk().read(folder / ".a_t01.mp4.etag")
    with pytest.raises(StateError):
        clips.open_part("renders/storyboard/a_t01.mp4")
    stage.run("run", "--yes", code=11)
    stage.nothing_sent()


def test_a_swap_between_check_and_open_uploads_nothing(stage: Stage) -> None:
    path = stage.folder / "ref.png"
    path.write_bytes(PNG)
    reader = FolderReader(Disk(), stage.folder)
    asset = reader.asset("ref.png")
    path.unlink()
    path.symlink_to(stage.victim / "secret")
    with pytest.raises(FileRefused, match="symbolic link"):
        reader.upload(asset)
    path.unlink()
    path.write_bytes(PNG + b"other")
    with pytest.raises(FileRefused, match="changed since"):
        reader.upload(asset)


def test_a_folder_that_becomes_a_link_uploads_nothing(stage: Stage) -> None:
    folder = stage.folder / "refs"
    folder.mkdir()
    (folder / "secret").write_bytes(PNG)
    reader = FolderReader(Disk(), stage.folder)
    asset = reader.asset("refs/secret")
    (folder / "secret").unlink()
    folder.rmdir()
    folder.symlink_to(stage.victim)
    with pytest.raises(FileRefused):
        reader.upload(asset)


@pytest.mark.parametrize(
    "data",
    [b"-----BEGIN OPENSSH PRIVATE KEY-----\n", b"root:x:0:0\n", b"", b"PK\x03\x04", b"#!/bin/sh\n", b"<svg onload=x>"],
)
def test_what_is_no_picture_is_not_uploaded_whatever_its_name(stage: Stage, data: bytes) -> None:
    (stage.folder / "ref.png").write_bytes(data)
    stage.film("sorapipe: 1\nshots: [{id: a, prompt: x, input_reference: ref.png}]\n")
    stage.refused("file")


def test_uploads_are_listed_in_the_plan(stage: Stage) -> None:
    (stage.folder / "ref.png").write_bytes(PNG)
    stage.film("sorapipe: 1\nshots: [{id: a, prompt: x, input_reference: ref.png}]\n")
    assert "ref.png" in stage.run("plan", code=0).out


BAD_NAMES = ("...yaml", ".yaml", ".sorapipe.yaml", " .yaml", "\u202egnp.yaml", "a\nb.yaml", f"{FORGED[:6]}.yaml",
             "a" * 210 + ".yaml", "\udcff.yaml")  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_no_clip_can_be_called_after_is_refused(stage: Stage, name: str) -> None:
    stage.film(FILM, name)
    for words in (("plan",), ("validate", "--json"), ("run", "--yes"), ("status",)):
        stage.run(*words, "--", name, code=2)
    stage.run("plan", code=2)
    stage.nothing_sent()


@pytest.mark.parametrize(
    "name",
    ["é.yaml", "鯨.yaml", "-rf.yaml", "a b'\"$(id).yaml", "CON.yaml", "x.YAML", "renders.yaml", "a;b.yaml"],
)
def test_clips_of_any_other_name_have_a_place(stage: Stage, name: str) -> None:
    workspace = Workspace.open(stage.film(FILM, name))
    out = workspace.clips.out("a", "t01")
    assert workspace.clips.path(out).resolve().is_relative_to(stage.folder / "renders")
    workspace.clips.make_ready()
    stage.run("plan", "--", name, code=0)


@pytest.mark.parametrize("folder", [FORGED, "we \"ird'\n $(id) dir", "\udcff", "-rf"])
def test_a_folder_with_any_name_is_shown_escaped(stage: Stage, folder: str) -> None:
    inside = stage.folder / folder
    inside.mkdir()
    (inside / "storyboard.yaml").write_text("sorapipe: 1\nshots: [{id: a, promt: x}]\n")
    name = f"{folder}/storyboard.yaml"
    for words in (("plan",), ("validate",), ("validate", "--json"), ("run",)):
        stage.run(*words, "--", name, code=3)
    (inside / "storyboard.yaml").write_text(FILM)
    for words in (("plan",), ("plan", "--json"), ("validate",), ("validate", "--json"), ("status",), ("graph",)):
        stage.run(*words, "--", name, code=0)


def test_words_of_the_storyboard_are_shown_escaped(stage: Stage) -> None:
    """What control characters YAML takes in quotes never reaches a terminal."""
    said = '"\\e]0;pwn\\a\\e[2J\\u202Egnp\\x9B31m\\r\\nerror: forged"'
    stage.film(
        f"sorapipe: 1\ntitle: {said}\nvars: {{v: {said}}}\ncharacters: {{t: {{name: {said}, description: {said}}}}}\n"
        f"scenes:\n  - id: s\n    title: {said}\n    shots:\n      - {{id: a, title: {said}, notes: {said}, "
        f"prompt: 'x {{{{ vars.v }}}} @t', tags: [x], metadata: {said}}}\n"
    )
    for words in (("plan",), ("plan", "--json"), ("status",), ("status", "--json"), ("graph",)):
        stage.run(*words, code=0)
    for shape in ("dot", "svg", "mermaid"):
        stage.run("graph", "--format", shape, code=0)


WORDS = (FORGED, "\udcff", "a" * 10_000, "../../x", "a[b=c", "axis=", "@", "t02", ":", "*b" * 500, "[" * 500, "")


@pytest.mark.parametrize("word", WORDS)
def test_any_word_for_a_shot_is_only_a_word(stage: Stage, word: str) -> None:
    stage.film()
    for verb in ("plan", "run", "roll", "status"):
        stage.run(verb, "--", word, code=2)
    stage.nothing_sent()
