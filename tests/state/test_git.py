"""What the state room learns from a real git, and what it refuses to be told by one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from clones import Clone, repository

from sorapipe.state import git as git_room
from sorapipe.state.files import StateError
from sorapipe.state.git import Git, TooLarge, no_repository
from sorapipe.state.past import GitReader
from sorapipe.storyboard.load import load
from sorapipe.storyboard.source import FileRefused

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
BOARD = "sorapipe: 1\ninclude: [cast.yaml]\nshots: [{id: a, prompt: '@fox runs.', input_reference: refs/a.png}]\n"
CAST = "sorapipe: 1\ncharacters: {fox: {description: a red fox}}\n"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A storyboard in a folder of a repository, committed, and edited since."""
    clone = repository(tmp_path / "repo")
    film = clone.folder / "films" / "skerry"
    (film / "refs").mkdir(parents=True)
    (film / "board.yaml").write_text(BOARD)
    (film / "cast.yaml").write_text(CAST)
    (film / "refs/a.png").write_bytes(PNG)
    (film / "link.yaml").symlink_to("board.yaml")
    (film / "way").symlink_to("refs")
    clone.commit()
    clone.git("tag", "v1")
    (film / "board.yaml").write_text(BOARD.replace("runs", "sleeps"))
    (film / "new.yaml").write_text("x")
    return clone


@pytest.fixture
def film(clone: Clone) -> Path:
    return clone.folder / "films" / "skerry"


def test_a_folder_knows_its_repository(clone: Clone, film: Path, tmp_path: Path) -> None:
    git = Git.of(film)
    assert git is not None
    assert git.root == clone.folder
    (tmp_path / "other").symlink_to(film)
    assert Git.of(tmp_path / "other") is not None
    assert Git.of(tmp_path) is None
    assert no_repository(tmp_path).startswith("not a git repository")


def test_no_git_on_this_machine_is_no_repository(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert Git.of(film) is None
    assert no_repository(film) == "git is not installed"


def test_what_git_tells_its_hooks_does_not_lead_elsewhere(
    film: Path, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    git = Git.of(film)
    assert git is not None
    assert git.root == clone.folder


def test_revisions_are_words_of_a_person(clone: Clone) -> None:
    git = Git(clone.folder)
    whole = clone.git("rev-parse", "HEAD").strip()
    assert git.commit("HEAD") == git.commit("v1") == git.commit(whole[:8]) == whole
    for word in ("", "v2", "--all", "-h", "HEAD:films", "HEAD..HEAD", "v1 v1", "HEAD^9", "\0"):
        assert git.commit(word) is None


def test_files_are_read_as_they_were(clone: Clone) -> None:
    git = Git(clone.folder)
    assert git.read("v1", "films/skerry/board.yaml") == BOARD.encode()
    assert git.read("v1", "films/skerry/new.yaml") is None
    assert git.read("v1", "films/skerry") is None
    assert git.read("v1", "films/skerry/link.yaml") is None
    assert git.read("v2", "films/skerry/board.yaml") is None
    assert git.read("v1", "--help") is None


def test_an_object_is_given_up_to_a_size_and_the_next_one_after_it(clone: Clone) -> None:
    git = Git(clone.folder)
    tree = git.tree("HEAD", "films/skerry")
    with pytest.raises(TooLarge):
        git.object(tree["board.yaml"].oid, 10)
    assert git.object(tree["cast.yaml"].oid, 1000) == CAST.encode()
    assert git.object("0" * 40, 1000) is None
    assert git.object(tree["cast.yaml"].oid, 1000) == CAST.encode()
    git.close()
    assert git.object(tree["cast.yaml"].oid, 1000) == CAST.encode()
    git.close()


def test_configuration_attributes_and_what_git_keeps(clone: Clone, film: Path) -> None:
    git = Git(clone.folder)
    assert git.config("merge.sorapipe.driver") is None
    git.set_config("merge.sorapipe.driver", "a 'b' %A")
    assert git.config("merge.sorapipe.driver") == "a 'b' %A"
    with pytest.raises(StateError, match="can't set `nonsense`"):
        git.set_config("nonsense", "x")
    (film / ".gitattributes").write_text("*.lock merge=sorapipe -text\n")
    (film / ".gitignore").write_text("renders/\n")
    assert git.attribute(film / "board.lock", "merge") == "sorapipe"
    assert git.attribute(film / "board.lock", "text") == "unset"
    assert git.attribute(film / "board.yaml", "merge") is None
    assert git.ignored(film / "renders" / "x.mp4")
    assert not git.ignored(film / "board.yaml")
    assert git.tracked(film / "board.yaml")
    assert not git.tracked(film / "new.yaml")
    assert not git.tracked(film / "*.yaml")


def test_a_storyboard_is_loaded_as_it_was(film: Path) -> None:
    reader = GitReader.at(film, "v1")
    assert reader is not None
    found = load("board.yaml", reader)
    assert found.storyboard is not None, list(found.diagnostics)
    shot = found.storyboard.shots[0]
    assert shot.request is not None
    assert shot.request.prompt == "@fox runs."
    assert found.assets["refs/a.png"].sha256 == hashlib.sha256(PNG).hexdigest()
    assert set(found.sources) == {"v1:board.yaml", "v1:cast.yaml"}
    assert GitReader.at(film, "v9") is None
    assert GitReader.at(film.parents[3], "v1") is None


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("new.yaml", "does not exist"),
        ("refs", "is a folder"),
        ("link.yaml", "is a symbolic link"),
        ("way/a.png", "lies in a symbolic link"),
        ("../board.yaml", "leaves the storyboard's folder"),
        ("/etc/passwd", "is not a path from the storyboard's folder"),
        ("", "is not a path"),
    ],
)
def test_at_a_revision_the_same_is_refused_as_on_the_disk(film: Path, path: str, why: str) -> None:
    reader = GitReader.at(film, "v1")
    assert reader is not None
    with pytest.raises(FileRefused, match=why):
        reader.read(path)


def test_siblings_and_assets_at_a_revision(film: Path) -> None:
    reader = GitReader.at(film, "v1")
    assert reader is not None
    assert reader.siblings("x.yaml") == ["board.yaml", "cast.yaml"]
    assert reader.siblings("refs/b.png") == ["a.png"]
    assert reader.siblings("../x") == []
    assert reader.asset("refs/a.png").media_type == "image/png"
    with pytest.raises(FileRefused, match="not a picture"):
        reader.asset("cast.yaml")


def test_a_picture_that_git_lfs_keeps_has_the_digest_of_its_bytes(clone: Clone, film: Path) -> None:
    digest = hashlib.sha256(PNG).hexdigest()
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(PNG)}\n"
    (film / "refs/a.png").write_text(text)
    (film / "cast.yaml").write_text(text)
    clone.commit()
    reader = GitReader.at(film, "HEAD")
    assert reader is not None
    asset = reader.asset("refs/a.png")
    assert (asset.sha256, asset.size, asset.media_type) == (digest, len(PNG), "image/png")
    with pytest.raises(FileRefused, match="git-lfs"):
        reader.read("cast.yaml")


def test_the_sides_of_a_merge_under_way(clone: Clone, film: Path) -> None:
    git = Git(clone.folder)
    path = film / "board.yaml"
    assert git.sides(path) is None
    for name in ("mine", "yours"):
        clone.git("checkout", "-q", "-f", "-b", name, "v1")
        path.write_text(name)
        (film / "both.lock").write_text(name)
        clone.commit(name)
    clone.git("merge", "mine", code=1)
    assert git.sides(path) == (BOARD.encode(), b"yours", b"mine")
    assert git.sides(film / "both.lock") == (b"", b"yours", b"mine")
    assert git.sides(film / "cast.yaml") is None
    git.close()


def test_a_hostile_repository_starts_nothing(clone: Clone, film: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "diff.external", "core.sshCommand", "core.editor", "core.askPass"):
        clone.git("config", key, str(trap))
    clone.git("config", "alias.ls-tree", f"!{trap}")
    hooks = clone.folder / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-index-change", "reference-transaction", "fsmonitor-watchman"):
        (hooks / hook).write_text(trap.read_text())
        (hooks / hook).chmod(0o755)
    git = Git.of(film)
    assert git is not None
    assert git.read("v1", "films/skerry/board.yaml") is not None
    git.tracked(film / "board.yaml")
    git.ignored(film / "board.yaml")
    git.attribute(film / "board.yaml", "merge")
    git.set_config("merge.sorapipe.driver", "x")
    assert not (tmp_path / "sprung").exists()


def test_files_that_look_like_a_repository_are_not_taken_for_one(clone: Clone, film: Path) -> None:
    for name in ("objects", "refs"):
        (film / name).mkdir(exist_ok=True)
    (film / "HEAD").write_text("ref: refs/heads/main\n")
    (film / "config").write_text(f"[core]\nrepositoryformatversion = 0\nworktree = {film}\n[merge]\nx = y\n")
    assert Git.of(film) is None
    assert "bare repository" in no_repository(film)


def test_a_partial_clone_fetches_nothing_behind_our_back(clone: Clone, tmp_path: Path) -> None:
    clone.commit()
    clone.git("config", "uploadpack.allowFilter", "true")
    clone.git("config", "uploadpack.allowAnySHA1InWant", "true")
    part = tmp_path / "part"
    clone.git("clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{clone.folder}", str(part))
    reader = GitReader.at(part, "HEAD~1")
    assert reader is not None
    with pytest.raises(FileRefused, match="is not in this clone"):
        GitReader(Git(part), Git(part).commit("HEAD") or "", part).read("films/skerry/board.yaml")


def test_a_git_that_does_not_answer_is_given_up(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "slow" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", str(slow.parent))
    monkeypatch.setattr(git_room, "SECONDS", 0.2)
    assert Git.of(film) is None
    assert "it did not answer" in no_repository(film)
    git = Git(film)
    with pytest.raises(StateError, match="did not answer"):
        git.object("0" * 40, 100)
    with pytest.raises(StateError, match="did not answer"):
        git.tracked(film / "board.yaml")
    git.close()
