"""The rows of the safety table about this machine: git, deleted files, an edited manifest, two runs, no network.

Each by itself, against the real command: what the ledger has, what the lock says, what a person sees, the exit code.
"""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
from campaign.fault_play import Film, scripted
from campaign.film import PICTURE
from campaign.warm import Ended
from faults.rows import RUN, Begin, charges, fault, healed, states

ALL = {"gull": "done", "tide": "done", "moor": "done", "dive": "done"}
_GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "HOME": os.devnull}
_NAMED = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")


def git(film: Film, *words: str) -> None:
    """One git command in the film's folder."""
    subprocess.run(
        ["git", *_NAMED, *words], cwd=film.folder, env={"PATH": os.environ["PATH"], **_GIT}, check=True,
        capture_output=True,
    )  # fmt: skip


def commit(film: Film) -> None:
    git(film, "add", "-A", "-f")
    git(film, "commit", "-m", "x")


def whole(film: Film) -> None:
    """All four shots are there, each was paid for once, and there is nothing left to do."""
    assert states(film) == ALL
    assert sorted(charges(film)) == sorted(ALL)
    clips = {path.name for path in (film.folder / "renders" / "film").glob("*.mp4")}
    assert clips == {f"{shot}_t01.mp4" for shot in ALL}
    assert "nothing to do" in film.run(*RUN).out


# Git.


def _checkout(film: Film) -> None:
    commit(film)
    git(film, "checkout", "HEAD~1")


def _stash(film: Film) -> None:
    git(film, "add", "-A", "-f")
    git(film, "stash")


def _reset(film: Film) -> None:
    git(film, "add", "-A", "-f")
    git(film, "reset", "--hard")


def _clean(film: Film) -> None:
    git(film, "clean", "-fdx")


def _branch(film: Film) -> None:
    git(film, "checkout", "-b", "other")
    commit(film)
    git(film, "checkout", "main")


WAYS: dict[str, Callable[[Film], None]] = {
    "checkout": _checkout, "stash": _stash, "reset": _reset, "clean": _clean, "another-branch": _branch,
}  # fmt: skip


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")
@pytest.mark.parametrize(
    ("way", "first"), [*((way, "nothing") for way in WAYS), ("checkout", "one-shot"), ("another-branch", "one-shot")]
)
def test_git_checkout_stash_reset_clean_another_branch(begin: Begin, way: str, first: str) -> None:
    film = begin()
    git(film, "init")
    if first == "one-shot":
        assert film.run("run", "film.yaml", "gull", "--yes").code == 0
    commit(film)
    assert film.run(*RUN).code == 0
    WAYS[way](film)
    lost = set(ALL) - {path.name.partition("_")[0] for path in film.folder.rglob("*.mp4")}
    assert lost == (set(ALL) if first == "nothing" else {"tide", "moor", "dive"})
    plan = film.run("plan", "film.yaml").out
    assert plan.count("it is paid and is fetched again") == len(lost)
    assert "credits" not in plan
    healed(film)
    whole(film)


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")
def test_a_run_goes_on_while_git_takes_its_lock_and_clips_away(begin: Begin) -> None:
    film = begin()
    git(film, "init")
    commit(film)
    scripted(film.server, [fault("create", {"delay": 1.5}, nth=3)])
    with running(film) as run:
        until(lambda: len(intents(film)) >= 3)
        git(film, "clean", "-fdx")
        other = film.run(*RUN)
        assert other.code == 4, "it holds what no git command can take away"
        assert "held by" in other.err
        ended = run.result(60)
    assert ended.code == 0, ended.err
    healed(film)
    whole(film)


# Files that are gone.


def test_lock_deleted(begin: Begin) -> None:
    film = begin()
    assert film.run(*RUN).code == 0
    before = film.lock
    (film.folder / "film.lock").unlink()
    assert "nothing to do" in film.run(*RUN).out
    assert film.lock == before
    whole(film)


def test_lock_deleted_and_the_journal_too(begin: Begin) -> None:
    film = begin()
    assert film.run(*RUN).code == 0
    (film.folder / "film.lock").unlink()
    shutil.rmtree(film.state)
    plan = film.run("plan", "film.yaml")
    assert plan.code == 0
    assert "4 clips from house" in plan.out
    assert "40 credits" in plan.out, "the full price"
    asked = film.run("run", "film.yaml")
    assert asked.code == 2
    assert "this buys 4 clips from house for 40 credits, and nobody is here to agree" in asked.err
    assert len(charges(film)) == 4
    assert all(path.exists() for path in (film.folder / "renders/film").glob("*.mp4"))


def test_output_deleted_and_the_provider_still_has_it(begin: Begin) -> None:
    film = begin()
    assert film.run(*RUN).code == 0
    (film.folder / "renders/film/moor_t01.mp4").unlink()
    assert "fetch" in film.run("plan", "film.yaml").out
    healed(film)
    whole(film)


@pytest.mark.parametrize("rule", [fault("query", "unknown-task"), fault("file", {"status": 410})], ids=["job", "file"])
def test_output_deleted_and_the_provider_has_it_no_more(begin: Begin, rule: dict[str, object]) -> None:
    film = begin()
    assert film.run(*RUN).code == 0
    (film.folder / "renders/film/moor_t01.mp4").unlink()
    scripted(film.server, [rule])
    ended = film.run(*RUN)
    assert ended.code == 12, "it is said"
    assert "moor t01" in ended.out
    assert "sorapipe roll film.yaml moor" in ended.out or "sorapipe fetch film.yaml moor" in ended.out
    assert len(charges(film)) == 4, "nothing is bought for it unasked"
    assert states(film) == ALL, "what was here once stays recorded as it was"
    assert film.run("roll", "film.yaml", "moor").code == 2, "it is asked for the money"
    assert len(charges(film)) == 4
    assert film.run("roll", "film.yaml", "moor", "--yes").code in {0, 12}
    assert charges(film).count("moor") == 2


def test_output_changed(begin: Begin) -> None:
    film = begin()
    assert film.run(*RUN).code == 0
    mine = film.folder / "renders/film/moor_t01.mp4"
    mine.write_bytes(b"a cut of my own")
    ended = film.run(*RUN)
    assert ended.code == 0
    assert "moor t01: the file was changed" in ended.out
    assert mine.read_bytes() == b"a cut of my own"
    assert len(charges(film)) == 4


# While a run is on.


@contextmanager
def running(film: Film, *words: str) -> Iterator[Future[Ended]]:
    """A run in the background; the nurse that starts it is one of its own."""
    from campaign.nurse import nursing

    with nursing() as nurse, ThreadPoolExecutor(1) as threads:
        yield threads.submit(nurse.start, [*RUN, *words], film.folder, film.environment, film.haste)


def intents(film: Film) -> list[str]:
    """The lines of the journals that say what will be sent."""
    journals = film.state.glob("journals/*.jsonl")
    return [line for path in journals for line in path.read_text().splitlines() if '"kind":"intent"' in line]


def until(true: Callable[[], object]) -> None:
    """Waits for something that must come."""
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_manifest_edited_during_a_run(begin: Begin) -> None:
    film = begin(fault("create", {"delay": 0.4}, nth=1))
    manifest = film.folder / "film.yaml"
    before = manifest.read_text()
    with running(film) as run:
        until(lambda: intents(film))
        manifest.write_text(before.replace("The tide comes in.", "The tide comes in. It is late."))
        ended = run.result(60)
    assert ended.code == 0, ended.err
    assert states(film) == ALL, "it works on what it read"
    assert "late" not in "".join(intents(film))
    plan = film.run("plan", "film.yaml", "--exit-code")
    assert plan.code == 20
    assert "tide t02" in plan.out
    assert 're-render tide t02  10 credits  prompt: added "It is late."' in plan.out
    assert len(charges(film)) == 4


def test_two_runs_on_one_storyboard(begin: Begin) -> None:
    film = begin(fault("create", {"delay": 1.5}, nth=1))
    with running(film) as run:
        until(lambda: intents(film))
        other = film.run(*RUN)
        assert run.result(60).code == 0
    assert other.code == 4
    assert "`film.yaml` is held by process" in other.err
    assert "sorapipe run film.yaml" in other.err
    (journal,) = film.state.glob("journals/*.jsonl")
    assert (film.state / "locks" / journal.stem).is_file(), "by its lineage"
    assert {path.name for path in film.folder.iterdir()} == {"film.yaml", "film.lock", "renders"}
    whole(film)


# Certainly not sent.


def _nobody_at(film: Film, url: str) -> None:
    path = film.root / "config" / "providers" / "house.yaml"
    path.write_text(path.read_text().replace(film.server.url, url))


@pytest.mark.parametrize("what", ["refused", "tls", "dns"])
def test_nothing_could_have_reached_the_server(begin: Begin, what: str) -> None:
    film = begin(haste=20.0)
    there = film.server.url
    url = {"refused": "http://127.0.0.1:9", "tls": there.replace("http:", "https:"), "dns": "https://nobody.invalid"}
    _nobody_at(film, url[what])
    ended = film.run(*RUN)
    assert ended.code == 10, ended.err
    assert "uncertain" not in ended.out + ended.err
    assert charges(film) == []
    assert states(film) == {}, "as if it had never been tried"
    path = film.root / "config" / "providers" / "house.yaml"
    path.write_text(path.read_text().replace(url[what], there))
    healed(film)
    whole(film)


def test_no_proxy_and_no_other_origin_sees_anything(begin: Begin) -> None:
    """What the surroundings say of proxies and of logins is not asked: a key goes where its profile says."""
    film = begin(fault("file", {"hops": 3}))
    with socket.create_server(("127.0.0.1", 0)) as hole:
        hole.settimeout(0)
        there = f"http://127.0.0.1:{hole.getsockname()[1]}"
        names = ("http_proxy", "https_proxy", "all_proxy")
        film.environment.update({name: there for lower in names for name in (lower, lower.upper())})
        (film.root / ".netrc").write_text("machine 127.0.0.1 login evil password evil\n")
        assert film.run(*RUN).code == 0
        with pytest.raises(BlockingIOError):
            hole.accept()
    with closing(sqlite3.connect(f"file:{film.server.folder / 'books.sqlite'}?mode=ro", uri=True)) as books:
        tasks = {line.task for line in film.lines()}
        found = books.execute("SELECT call, headers, task FROM requests WHERE call = 'file'").fetchall()
    downloads = [headers for _, headers, task in found if task in tasks]
    assert len(downloads) >= 4
    assert not any("authorization" in headers for headers in downloads), "clips are fetched without a key"


def test_what_is_sent_and_what_it_costs_is_shown_before_the_first_create(begin: Begin) -> None:
    film = begin()
    (film.folder / "ref.png").write_bytes(PICTURE.read_bytes())
    text = (film.folder / "film.yaml").read_text().replace("  - id: tide", "    input_reference: ref.png\n  - id: tide")
    (film.folder / "film.yaml").write_text(text)
    ended = film.run("run", "film.yaml")
    assert ended.code == 2
    assert "ref.png" in ended.err
    assert "40 credits" in ended.err
    assert charges(film) == []
    assert film.run(*RUN).code == 0


def test_a_finished_storyboard_sends_nothing_and_writes_nothing(begin: Begin) -> None:
    film = begin()
    assert film.run(*RUN).code == 0
    before = film.snapshot()
    _nobody_at(film, "http://127.0.0.1:9")  # and asks nobody
    assert "nothing to do" in film.run(*RUN).out
    assert film.snapshot() == before
