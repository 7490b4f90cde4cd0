"""Locks and real git: the driver that `init` and `lock merge-driver` set up, and what happens without it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from cli.commands import Sorapipe
from cli.shelf import shoot
from clones import IDENTITY, Clone, repository

from sorapipe.state.lock import loads

BOARD = """\
sorapipe: 1
shots:
  - {id: a, takes: 2, prompt: He climbs the stairs.}
  - {id: b, prompt: He looks back.}
"""
MORE = "  - {{id: {0}, prompt: And {0}.}}\n"
LOCK = "storyboard.lock"


@pytest.fixture
def clone(here: Path, sorapipe: Sorapipe, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A finished film in a repository that `init` has told of locks."""
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    clone = repository(here)
    Path("storyboard.yaml").write_text(BOARD)
    sorapipe("init")
    shoot("storyboard.yaml")
    clone.commit("rendered")
    return clone


def branch(clone: Clone, name: str, shot: str, *verbs: tuple[str, ...], sorapipe: Sorapipe) -> bytes:
    """A branch on which one more shot is rendered and something is decided; its lock. We stand on main after it."""
    clone.git("checkout", "-q", "-b", name, "main")
    Path("storyboard.yaml").write_text(BOARD + MORE.format(shot))
    shoot("storyboard.yaml")
    Path("storyboard.yaml").write_text(BOARD)  # the conflicts of people's words are theirs
    clone.commit(name)
    for words in verbs:
        sorapipe(*words)
        clone.commit(words[0])
    data = Path(LOCK).read_bytes()
    clone.git("checkout", "-q", "main")
    return data


def merge(clone: Clone, *names: str, code: int | None = 0) -> str:
    """Merges branches; what git and its driver said."""
    return clone.git("merge", "-q", "--no-edit", *names, code=code)


def test_two_branches_that_rendered_and_picked_become_one(clone: Clone, sorapipe: Sorapipe) -> None:
    mine = branch(clone, "mine", "c", ("pick", "a", "1"), ("ng", "b", "1"), sorapipe=sorapipe)
    yours = branch(clone, "yours", "d", ("pick", "b", "1"), sorapipe=sorapipe)
    merge(clone, "mine")
    merge(clone, "yours")
    result = Path(LOCK).read_bytes()
    assert set(result.splitlines()) == {*mine.splitlines(), *yours.splitlines()}
    assert "nothing wrong" in sorapipe("lock", "verify").out
    clone.git("checkout", "-q", "-B", "other", "yours")
    merge(clone, "mine")
    assert Path(LOCK).read_bytes() == result


def test_picks_that_contradict_each_other_are_told_at_the_merge(clone: Clone, sorapipe: Sorapipe) -> None:
    branch(clone, "mine", "c", ("pick", "a", "1"), sorapipe=sorapipe)
    branch(clone, "yours", "d", ("pick", "a", "2"), sorapipe=sorapipe)
    merge(clone, "mine")
    said = merge(clone, "yours")
    assert "storyboard.lock: a is picked 2 times: t01, t02" in said
    assert "`sorapipe pick a N` settles it" in said
    assert "warning: a is picked 2 times" in sorapipe("lock", "verify").out
    held = "in the film until a person settles which pick holds"
    for words in (("plan",), ("plan", "--format", "markdown"), ("status",)):
        assert held in sorapipe(*words).out
    assert "sorapipe pick a N" in sorapipe("status").out
    sorapipe("pick", "a", "1")
    assert held not in sorapipe("plan", "--all").out
    assert "warning" not in sorapipe("lock", "verify").out


def test_a_cherry_pick_brings_one_choice_and_all_that_was_paid(clone: Clone, sorapipe: Sorapipe) -> None:
    tasks = loads(branch(clone, "mine", "c", ("pick", "a", "1"), ("ng", "b", "1"), sorapipe=sorapipe)).tasks()
    tasks |= loads(branch(clone, "yours", "d", sorapipe=sorapipe)).tasks()
    merge(clone, "yours")
    clone.git("cherry-pick", "mine")
    lock = loads(Path(LOCK).read_bytes())
    assert lock.tasks() == tasks
    assert [record.kind for record in lock.others.values() if record.kind in {"pick", "ng"}] == ["ng"]


def test_a_revert_takes_a_choice_back_and_nothing_that_was_paid(clone: Clone, sorapipe: Sorapipe) -> None:
    branch(clone, "mine", "c", ("pick", "a", "1"), ("ng", "b", "1"), sorapipe=sorapipe)
    merge(clone, "mine")
    tasks = loads(Path(LOCK).read_bytes()).tasks()
    clone.git("revert", "--no-edit", "HEAD~1")
    assert "nothing to commit" in clone.git("revert", "--no-edit", "HEAD~3", code=1)  # the rendering
    lock = loads(Path(LOCK).read_bytes())
    assert lock.tasks() == tasks
    assert {"pick", "ng"} & {record.kind for record in lock.others.values()} == {"ng"}


def test_where_git_asks_no_driver_the_journal_brings_back_what_was_paid(clone: Clone, sorapipe: Sorapipe) -> None:
    tasks = loads(branch(clone, "mine", "c", sorapipe=sorapipe)).tasks()
    merge(clone, "mine")
    clone.git("revert", "--no-edit", "HEAD")
    assert loads(Path(LOCK).read_bytes()).tasks() < tasks
    sorapipe("pick", "a", "1")
    assert loads(Path(LOCK).read_bytes()).tasks() == tasks


def test_a_rebase_goes_through(clone: Clone, sorapipe: Sorapipe) -> None:
    mine = branch(clone, "mine", "c", ("pick", "a", "1"), sorapipe=sorapipe)
    yours = branch(clone, "yours", "d", ("ng", "a", "1"), sorapipe=sorapipe)
    clone.git("checkout", "-q", "mine")
    clone.git("rebase", "-q", "yours")
    assert set(Path(LOCK).read_bytes().splitlines()) == {*mine.splitlines(), *yours.splitlines()}


def test_a_clone_without_the_driver_resolves(clone: Clone, sorapipe: Sorapipe) -> None:
    clone.git("config", "--remove-section", "merge.sorapipe")
    assert "this clone has no merge driver" in sorapipe("doctor").out
    mine = branch(clone, "mine", "c", sorapipe=sorapipe)
    yours = branch(clone, "yours", "d", sorapipe=sorapipe)
    merge(clone, "mine")
    assert "CONFLICT" in merge(clone, "yours", code=1)
    assert "the marks of a merge conflict" in sorapipe("lock", "verify", code=5).out
    assert "1 conflict joined" in sorapipe("lock", "resolve").err
    assert set(Path(LOCK).read_bytes().splitlines()) == {*mine.splitlines(), *yours.splitlines()}
    clone.commit("merged")
    assert "merge.sorapipe.driver: set in this clone" in sorapipe("lock", "merge-driver").err
    assert "already; nothing written" in sorapipe("lock", "merge-driver").err
    assert "locks are merged by their records" in sorapipe("doctor").out


@pytest.mark.parametrize("gone", ["program", "package"])
def test_where_sorapipe_is_gone_git_leaves_marks_and_loses_nothing(clone: Clone, sorapipe: Sorapipe, gone: str) -> None:
    driver = clone.git("config", "merge.sorapipe.driver").strip()
    program, rest = driver.split(" ", 1)
    broken = f"{program}.gone {rest}" if gone == "program" else driver.replace("-m sorapipe", "-m sorapipe_gone")
    clone.git("config", "merge.sorapipe.driver", broken)
    assert ("no merge driver" in sorapipe("doctor").out) == (gone == "program")
    mine = branch(clone, "mine", "c", sorapipe=sorapipe)
    yours = branch(clone, "yours", "d", sorapipe=sorapipe)
    merge(clone, "mine")
    assert "CONFLICT" in merge(clone, "yours", code=1)
    assert "1 conflict joined" in sorapipe("lock", "resolve").err
    assert set(Path(LOCK).read_bytes().splitlines()) == {*mine.splitlines(), *yours.splitlines()}


def test_a_side_that_cannot_be_read_is_kept_whole(clone: Clone, sorapipe: Sorapipe) -> None:
    mine = branch(clone, "mine", "c", sorapipe=sorapipe)
    yours = branch(clone, "yours", "d", sorapipe=sorapipe)
    clone.git("checkout", "-q", "yours")
    Path(LOCK).write_bytes(yours.replace(b'"take":1', b'"take":9', 1))
    clone.commit("by hand")
    clone.git("checkout", "-q", "main")
    merge(clone, "mine")
    said = merge(clone, "yours", code=1)
    assert "one side can't be read, both are kept whole" in said
    left = Path(LOCK).read_bytes()
    assert (
        left
        == b"<<<<<<< ours\n" + mine + b"=======\n" + yours.replace(b'"take":1', b'"take":9', 1) + b">>>>>>> theirs\n"
    )
    sorapipe("lock", "resolve", code=5)
    assert Path(LOCK).read_bytes() == left
    Path(LOCK).write_bytes(left.replace(b'"take":9', b'"take":1'))
    sorapipe("lock", "resolve")
    assert set(Path(LOCK).read_bytes().splitlines()) == {*mine.splitlines(), *yours.splitlines()}


def test_locks_of_other_programs_are_merged_as_git_does(clone: Clone) -> None:
    poetry = Path("poetry.lock")
    text = [f"line {number}\n" for number in range(12)]
    poetry.write_text("".join(text))
    clone.commit("poetry")
    for name, number in (("mine", 1), ("yours", 10), ("third", 10)):
        clone.git("checkout", "-q", "-b", name, "main")
        poetry.write_text("".join([*text[:number], f"of {name}\n", *text[number + 1 :]]))
        clone.commit(name)
        clone.git("checkout", "-q", "main")
    clone.git("merge", "-q", "mine")
    clone.git("merge", "-q", "--no-edit", "yours")
    assert poetry.read_text() == "".join([text[0], "of mine\n", *text[2:10], "of yours\n", text[11]])
    assert "CONFLICT" in clone.git("merge", "--no-edit", "third", code=1)
    assert "<<<<<<< ours\nof yours\n=======\nof third\n>>>>>>> theirs\n" in poetry.read_text()


def test_the_driver_runs_nothing_that_lies_in_the_repository(clone: Clone, sorapipe: Sorapipe, tmp_path: Path) -> None:
    trap = f"open({str(tmp_path / 'sprung')!r}, 'w').close()\n"
    Path("sorapipe").mkdir()
    for name in ("sorapipe/__init__.py", "sorapipe/__main__.py", "click.py", "json.py"):
        Path(name).write_text(trap)
    clone.commit("trap")
    branch(clone, "mine", "c", sorapipe=sorapipe)
    branch(clone, "yours", "d", sorapipe=sorapipe)
    merge(clone, "mine")
    merge(clone, "yours")
    assert not (tmp_path / "sprung").exists()
    assert "nothing wrong" in sorapipe("lock", "verify").out


def test_the_driver_is_called_with_four_files(clone: Clone, sorapipe: Sorapipe) -> None:
    data = Path(LOCK).read_bytes()
    for name in ("base", "ours", "theirs"):
        Path(name).write_bytes(data)
    Path("ours").write_bytes(b"\r\n".join(reversed(data.splitlines())))
    Path("base").write_bytes(b"")
    assert not sorapipe("lock", "merge-driver", "base", "ours", "theirs", "a film/'x.lock").out
    assert Path("ours").read_bytes() == data
    Path("theirs").write_bytes(b"junk")
    assert "both are kept whole" in sorapipe("lock", "merge-driver", "base", "ours", "theirs", LOCK, code=1).err


def test_both_sides_made_the_first_lock(clone: Clone, sorapipe: Sorapipe) -> None:
    clone.git("rm", "-q", "--cached", LOCK)
    Path(LOCK).unlink()
    clone.git("commit", "-q", "-m", "none")
    locks = []
    for name in ("mine", "yours"):
        clone.git("checkout", "-q", "-b", name, "main")
        os.environ["SORAPIPE_STATE_DIR"] += name
        shoot("storyboard.yaml")
        clone.commit(name)
        locks.append(loads(Path(LOCK).read_bytes()))
    merge(clone, "mine")
    both = loads(Path(LOCK).read_bytes())
    assert both.lineages == tuple(sorted({*locks[0].lineages, *locks[1].lineages}))
    assert both.tasks() == locks[0].tasks() | locks[1].tasks()
    assert len(both.tasks()) == 6


def test_no_repository_and_no_git_are_said(here: Path, sorapipe: Sorapipe, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("storyboard.yaml").write_text(BOARD)
    assert "not a git repository" in sorapipe("lock", "merge-driver", code=2).err
    assert "not a git repository" in sorapipe("doctor").out
    monkeypatch.setenv("PATH", "/nowhere")
    assert "git is not installed" in sorapipe("lock", "merge-driver", code=2).err
    assert "driver" not in sorapipe("init").err


def test_what_was_decided_about_locks_stays_until_it_is_asked_for(here: Path, sorapipe: Sorapipe) -> None:
    clone = repository(here)
    Path("storyboard.yaml").write_text(BOARD)
    Path(".gitattributes").write_text("storyboard.lock merge=union text eol=lf")
    assert "driver" not in sorapipe("init").err
    assert "line by line" in sorapipe("doctor").out
    said = sorapipe("lock", "merge-driver").err
    assert ".gitattributes: `*.lock merge=sorapipe text eol=lf`; commit it" in said
    assert clone.git("check-attr", "merge", "--", LOCK).strip() == f"{LOCK}: merge: sorapipe"
    Path(".gitignore").write_text("*.lock\n")
    assert "storyboard.lock is ignored" in sorapipe("doctor").out


def test_a_link_in_the_place_of_the_attributes_is_not_written_through(here: Path, sorapipe: Sorapipe) -> None:
    repository(here)
    Path("storyboard.yaml").write_text(BOARD)
    mine = here.parent / "mine"
    mine.write_text("as it was\n")
    Path(".gitattributes").symlink_to(mine)
    for words in (("lock", "merge-driver"), ("init",)):
        assert "gitattributes`: too many levels of symbolic links" in sorapipe(*words, code=11).err
    assert mine.read_text() == "as it was\n"


def test_init_in_a_folder_of_a_repository_tells_git(here: Path, sorapipe: Sorapipe) -> None:
    clone = repository(here)
    assert "merge.sorapipe.driver: set in this clone" in sorapipe("init", "films/skerry").err
    assert clone.git("check-attr", "merge", "--", "films/skerry/storyboard.lock").strip().endswith("sorapipe")
    assert "lock merge-driver %O %A %B %P" in clone.git("config", "merge.sorapipe.driver")
    (clone.folder / ".git/config.lock").touch()
    clone.git("config", "-f", ".git/config.new", "core.bare", "false")
    (clone.folder / ".git/config.new").replace(clone.folder / ".git/config")
    assert "`sorapipe lock merge-driver` tries it again" in sorapipe("init", "films/second").err
    assert "can't set `merge.sorapipe.driver`" in sorapipe("lock", "merge-driver", code=11).err
    line = subprocess.run(["git", "config", "--global", "--list"], capture_output=True, text=True, check=False)
    assert "sorapipe" not in line.stdout
