"""The rows of the safety table about a disk that refuses, against the real command: what is sent and paid, what the
lock says, what a person sees on standard error, the exit code, and that the next run is whole.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from campaign.fault_play import Film, attempts, tasks_of
from campaign.refusing import REFUSED
from faults.rows import RUN, Begin, asked, charges, states

INTENT, ANSWER = '"kind":"intent"', '"kind":"submitted"'
WORDS = {"ENOSPC": "no space left on device", "EIO": "input/output error", "EROFS": "read-only file system"}
ADOPT = re.compile(r"`(sorapipe adopt film\.yaml gull \S+)`")


def refuse(film: Film, *rules: dict[str, Any]) -> None:
    film.environment[REFUSED] = json.dumps(rules)


def rule(what: str, path: str, error: str = "ENOSPC", holds: str = "", *, half: bool = False) -> dict[str, Any]:
    return {"what": what, "path": path, "error": error, "holds": holds, "half": half}


def heal(film: Film) -> None:
    del film.environment[REFUSED]


def whole(film: Film) -> None:
    ended = film.run(*RUN)
    assert ended.code == 0, ended.err
    assert set(states(film).values()) == {"done"}
    assert sorted(charges(film)) == ["dive", "gull", "moor", "tide"]
    assert "nothing to do" in film.run(*RUN).out


@pytest.mark.parametrize("half", [False, True], ids=["nothing", "half"])
@pytest.mark.parametrize("error", WORDS)
def test_disk_full_or_eio_at_the_intent(begin: Begin, error: str, half: bool) -> None:
    film = begin()
    refuse(film, rule("append", "journals/", error, INTENT, half=half))
    ended = film.run(*RUN)
    assert ended.code == 11
    assert asked(film, "create") == [], "nothing is sent"
    assert "/journals/" in ended.err
    assert WORDS[error] in ended.err, "it says so"
    assert states(film) == {}
    assert "uncertain" not in ended.out + ended.err
    heal(film)
    whole(film)


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_disk_full_when_the_intent_is_synced(begin: Begin, error: str) -> None:
    film = begin()
    refuse(film, rule("sync", "journals/", error))
    ended = film.run(*RUN)
    assert ended.code == 11
    assert asked(film, "create") == []
    assert WORDS[error] in ended.err
    heal(film)
    whole(film)


def own_journal(film: Film) -> str:
    """The journal's path, which is known once something was written down; what is rescued lies beside it."""
    assert film.run("run", "film.yaml", "moor", "--yes").code == 0
    (journal,) = film.state.glob("journals/*.jsonl")
    return str(journal)


def _adoption(film: Film, said: str) -> list[str]:
    """The words of the command that is printed."""
    found = ADOPT.search(said)
    assert found is not None, said
    words = found[1].split()[1:]
    assert words[-1] == next(line.task for line in film.lines() if line.shot == "gull"), "the task that was paid"
    return words


@pytest.mark.parametrize("half", [False, True], ids=["nothing", "half"])
def test_disk_full_after_the_answer(begin: Begin, half: bool) -> None:
    """The journal is full: the state folder takes the id."""
    film = begin()
    refuse(film, rule("append", own_journal(film), "ENOSPC", ANSWER, half=half))
    ended = film.run(*RUN)
    assert ended.code == 11
    assert charges(film) == ["moor", "gull"], "it stops creating"
    words = _adoption(film, ended.err)
    (rescued,) = film.state.glob("journals/*.rescued.jsonl")
    assert words[-1] in rescued.read_text()
    assert str(rescued) in ended.err
    assert states(film) == {"moor": "done", "gull": "submitted"}, "the lock has it too"
    heal(film)
    whole(film)


def test_disk_full_after_the_answer_and_the_state_folder_too(begin: Begin) -> None:
    """The folder for temporary files takes the id."""
    film = begin()
    refuse(film, rule("append", str(film.state), "ENOSPC", ANSWER), rule("open", ".rescued."))
    ended = film.run(*RUN)
    assert ended.code == 11
    words = _adoption(film, ended.err)
    (rescued,) = (film.root / "tmp").glob("sorapipe-rescued-*.jsonl")
    assert words[-1] in rescued.read_text()
    assert str(rescued) in ended.err
    assert charges(film) == ["gull"]
    heal(film)
    whole(film)


@pytest.mark.parametrize("where", ["lines", "events"])
def test_disk_full_after_the_answer_and_everywhere(begin: Begin, where: str) -> None:
    """Nothing takes the id, the lock neither: what is printed is all there is, and it is enough."""
    film = begin()
    refuse(
        film, rule("append", str(film.root), "ENOSPC", ANSWER), rule("open", "rescued"), rule("replace", "film.lock")
    )
    ended = film.run(*RUN, *(["--json"] if where == "events" else []))
    assert ended.code == 11
    words = _adoption(film, ended.err)
    assert charges(film) == ["gull"]
    assert not (film.folder / "film.lock").exists()
    heal(film)
    again = film.run(*RUN)
    assert again.code == 9, "nobody knows it but who has read it"
    assert charges(film).count("gull") == 1
    assert film.run(*words).code == 0
    assert tasks_of(next(one for one in attempts(film.lock) if one["address"] == "gull")) == [words[-1]]
    whole(film)


PART, CLIP = ".gull_t01.mp4.part", "/gull_t01.mp4"


@pytest.mark.parametrize(
    ("what", "path", "error"),
    [
        ("append", PART, "ENOSPC"), ("append", PART, "EIO"), ("sync", PART, "EIO"), ("open", PART, "EROFS"),
        ("append", ".gull_t01.mp4.etag", "ENOSPC"), ("put_new", CLIP, "EIO"),
    ],
)  # fmt: skip
def test_disk_full_in_a_download(begin: Begin, what: str, path: str, error: str) -> None:
    film = begin()
    refuse(film, rule(what, path, error, half=True))
    ended = film.run(*RUN)
    assert ended.code == 11
    assert f"{path}`: {WORDS[error]}" in ended.err, "the true cause"
    assert states(film)["gull"] == "submitted"
    part = film.folder / "renders" / "film" / PART
    assert part.exists() is (path == CLIP or (path == PART and what != "open")), "what has come is kept"
    heal(film)
    whole(film)
    assert not part.exists()


@pytest.mark.parametrize("what", ["open", "append", "sync", "replace"])
def test_disk_full_when_the_lock_is_saved(begin: Begin, what: str) -> None:
    film = begin()
    assert film.run("run", "film.yaml", "gull", "--yes").code == 0
    before = (film.folder / "film.lock").read_bytes()
    refuse(film, rule(what, "film.lock", "ENOSPC"))
    ended = film.run(*RUN)
    assert ended.code == 11
    assert "film.lock" in ended.err
    assert "no space left on device" in ended.err
    assert (film.folder / "film.lock").read_bytes() == before, "old or new, never between"
    heal(film)
    whole(film)


def test_a_folder_of_state_that_can_not_be_made(begin: Begin) -> None:
    film = begin()
    refuse(film, rule("make_folder", str(film.state / "journals"), "EROFS"))
    ended = film.run(*RUN)
    assert ended.code == 11
    assert "read-only file system" in ended.err
    assert asked(film, "create") == []
    heal(film)
    whole(film)
