"""Both sides of the money: books against locks, each difference as a sentence."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from simulator.box import Simulator

from sorapipe.simulator.__main__ import main
from sorapipe.simulator.ledger import Books


def line(**values: object) -> str:
    """A record as a lock has it: sorted, without spaces, closed by its digest."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))[:-1]
    return f'{text},"~":"{hashlib.sha256(text.encode()).hexdigest()[:8]}"}}'


@dataclass
class Ended:
    """How the command ended."""

    returncode: int
    stdout: str
    stderr: str


def run(books: Path, *locks: Path, words: tuple[str, ...] = ()) -> Ended:
    """The command, in this process."""
    options = [word for path in locks for word in ("--lock", str(path))]
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["audit", "--books", str(books), *options, *words])
    return Ended(code, out.getvalue(), err.getvalue())


@dataclass
class Bench:
    """A simulator with a finished take, and a way to write locks and have them compared."""

    sim: Simulator
    folder: Path

    def take(self, token: str, **values: Any) -> dict[str, Any]:
        """A create that ran to its end, as an attempt of a lock that is right."""
        task = self.sim.create("A quiet sea", metadata=f"sp1:{token}")
        clip = self.sim.http.get(self.sim.clip_url(task)).content
        return attempt(token, task=task, sha256=hashlib.sha256(clip).hexdigest(), bytes=len(clip), **values)

    def lock(self, *attempts: dict[str, Any], name: str = "film.lock") -> Path:
        path = self.folder / name
        path.write_text("\n".join([line(kind="lock", lineage="abc", version=1), *(line(**a) for a in attempts)]) + "\n")
        return path

    def audit(self, *locks: Path, words: tuple[str, ...] = ()) -> Ended:
        return run(self.sim.books, *locks, words=words)

    def fault(self, call: str, what: object) -> None:
        rule = {"call": call, "what": what, "when": {"times": 1}}
        assert self.sim.http.post("/__sim/faults", json=[rule]).status_code == 200


def attempt(token: str, **values: Any) -> dict[str, Any]:
    usual = {
        "kind": "attempt", "address": "sea", "take": 1, "token": token, "recipe": "0" * 64, "provider": "practice",
        "model": "sora-2", "state": "done", "cost": "10", "currency": "credits",
    }  # fmt: skip
    return {name: value for name, value in {**usual, **values}.items() if value is not None}


@pytest.fixture(scope="module")
def cache(canned: Simulator) -> Path:
    """One canned clip for all tests, encoded once."""
    canned.http.get(canned.clip_url(canned.create()))
    return canned.books / "cache"


@pytest.fixture
def bench(tmp_path: Path, cache: Path) -> Iterator[Bench]:
    shutil.copytree(cache, tmp_path / "books" / "cache")
    simulator = Simulator(tmp_path / "books", "--clips", "canned", "--latency", "0", "--credits", "1000")
    yield Bench(simulator, tmp_path)
    simulator.stop()


def test_books_and_locks_that_agree_are_one_sentence(bench: Bench) -> None:
    one, two = bench.lock(bench.take("a")), bench.lock(bench.take("b"), name="other.lock")
    found = bench.audit(one, two)
    assert found.returncode == 0
    assert found.stdout == "the books and film.lock, other.lock agree: 2 charges, 980 credits left\n"


def test_a_charge_that_no_lock_has_is_a_difference(bench: Bench) -> None:
    lock = bench.lock(bench.take("a"))
    lost = bench.take("b")
    found = bench.audit(lock)
    assert found.returncode == 1
    words = f"10 credits were charged for {lost['task']} (request 4), and no lock that was named has it"
    assert found.stdout == words + "\n"
    assert bench.audit(lock, bench.lock(lost, name="other.lock")).returncode == 0


def test_charges_of_other_storyboards_are_one_sentence(bench: Bench) -> None:
    lock = bench.lock(bench.take("a"))
    for token in "bcdefg":
        bench.take(token)
    found = bench.audit(lock)
    assert found.returncode == 1
    assert found.stdout.startswith("6 charges, 60 credits together, are in no lock that was named (")
    assert found.stdout.count("\n") == 1


def test_an_uncertain_attempt_explains_a_charge_without_an_answer(bench: Bench) -> None:
    bench.fault("create", "answer-lost")
    with pytest.raises(Exception, match="disconnected"):
        bench.sim.create(metadata="sp1:lost")
    uncertain = attempt("lost", state="uncertain")
    found = bench.audit(bench.lock(uncertain))
    assert found.returncode == 0
    task = bench.sim.sim("tasks")[0]["task"]
    assert f"is uncertain, and was taken as {task}: sorapipe adopt film.yaml sea {task}\n" in found.stdout
    wrong = bench.audit(bench.lock(attempt("lost", state="failed")))
    assert "whose token that is, says failed" in wrong.stdout
    assert (
        bench.audit(bench.lock(attempt("other", state="uncertain")), words=("--provider", "practice")).returncode == 1
    )


def test_a_dialect_without_tokens_needs_one_uncertain_attempt_a_charge(bench: Bench) -> None:
    wish = {"prompt": "A kite", "aspect_ratio": "landscape", "n_frames": "10", "remove_watermark": True}
    body = {"model": "sora-2-text-to-video", "input": wish}
    bench.fault("create", "accepted-500")
    for _ in range(2):
        bench.sim.http.post("/api/v1/jobs/createTask", json=body)
    task = bench.sim.sim("tasks")[1]["task"]
    assert bench.sim.sim("audit")["double_charges_by_body"][0]["charges"] == 2
    first, second = attempt("x", state="uncertain"), attempt("y", take=2, task=task, state="submitted")
    assert bench.audit(bench.lock(first, second)).returncode == 0
    missing = bench.audit(bench.lock(second))
    assert (missing.returncode, missing.stdout.count("\n")) == (1, 1)


def test_two_takes_without_tokens_whose_answers_arrived_are_no_double_charge(bench: Bench) -> None:
    wish = {"prompt": "A kite", "aspect_ratio": "landscape", "n_frames": "10", "remove_watermark": True}
    for _ in range(2):
        bench.sim.http.post("/api/v1/jobs/createTask", json={"model": "sora-2-text-to-video", "input": wish})
    audit = bench.sim.sim("audit")
    assert audit["double_charges_by_body"] == []
    assert audit["same_bodies"][0]["charges"] == 2


DIFFERENT: list[tuple[Callable[[dict[str, Any]], dict[str, Any]], str, str]] = [
    (lambda a: {**a, "task": "task_nobody"}, "unknown-task", "sea t01 of film.lock has the task task_nobody"),
    (lambda a: {**a, "token": "z"}, "token", "with the token z, the books have a"),
    (lambda a: {**a, "cost": "15"}, "cost", "sea t01 of film.lock says 15 credits"),
    (lambda a: {**a, "sha256": "f" * 64}, "clip", "is done with another clip than was made for"),
    (lambda a: {**a, "bytes": 5}, "clip", "says 5 bytes for the clip of"),
]


@pytest.mark.parametrize(("change", "kind", "words"), DIFFERENT)
def test_what_a_lock_says_otherwise_is_a_difference(
    bench: Bench, change: Callable[[dict[str, Any]], dict[str, Any]], kind: str, words: str
) -> None:
    lock = bench.lock(change(bench.take("a")))
    found = bench.audit(lock, words=("--json", "--provider", "practice"))
    assert found.returncode == 1
    differences = json.loads(found.stdout)["differences"]
    assert kind in {difference["kind"] for difference in differences}
    assert words in bench.audit(lock, words=("--provider", "practice")).stdout


def test_money_that_came_back_may_stand_in_the_lock_either_way(bench: Bench) -> None:
    task = bench.sim.create("a [moderated] sea", metadata="sp1:a")
    bench.sim.finished(task)
    for cost, right in (("10", True), ("0", True), ("5", False)):
        lock = bench.lock(attempt("a", task=task, state="failed", cost=cost))
        assert (bench.audit(lock).returncode == 0) == right


def test_a_copy_of_a_take_costs_nothing_and_has_its_own_token(bench: Bench) -> None:
    bought = bench.take("a")
    copy = {**bought, "address": "ocean", "token": "b", "cost": "0"}
    assert bench.audit(bench.lock(bought, copy)).returncode == 0
    assert bench.audit(bench.lock(bought, {**copy, "cost": "10"})).returncode == 1


def test_a_clip_that_was_never_sent_can_not_be_done(bench: Bench) -> None:
    task = bench.sim.create(metadata="sp1:a")
    found = bench.audit(bench.lock(attempt("a", task=task, sha256="f" * 64)))
    assert found.stdout == f"sea t01 of film.lock is done, and the clip of {task} was never sent\n"


@pytest.mark.parametrize(("fault", "right"), [("other-clip", True), ("corrupted", False), ("truncated", False)])
def test_only_a_whole_clip_that_was_really_sent_can_be_done(bench: Bench, fault: str, right: bool) -> None:
    """A clip of another prompt can't be told from the right one, so whoever has it is not to blame."""
    task = bench.sim.create(metadata="sp1:a")
    bench.fault("file", fault)
    clip = bench.sim.http.get(bench.sim.clip_url(task)).content
    lock = bench.lock(attempt("a", task=task, sha256=hashlib.sha256(clip).hexdigest(), bytes=len(clip)))
    assert (bench.audit(lock).returncode == 0) == right


def test_a_real_provider_in_the_same_lock_is_none_of_our_business(bench: Bench) -> None:
    foreign = attempt("f", task="task_real", provider="studio", cost="3.20", currency="USD")
    assert bench.audit(bench.lock(bench.take("a"), foreign)).returncode == 0


def test_a_token_that_was_charged_twice_is_told_with_and_without_locks(bench: Bench) -> None:
    one, two = bench.take("a"), bench.take("a")
    lock = bench.lock({**one, "task": None, "tasks": sorted([one["task"], two["task"]]), "sha256": None})
    for found in (bench.audit(lock), bench.audit()):
        assert found.returncode == 1
        assert f"the token a was charged 2 times: {one['task']}, {two['task']}" in found.stdout


UNUSABLE = [
    ("", "is not a lock: no line says so"),
    ("hello\n", ":1: the line doesn't end with its digest"),
    ("<<<<<<< ours\n", ":1: a conflict of git stands here"),
    (
        line(kind="lock", version=1).replace("lock", "luck") + "\n",
        ":1: the line's digest is another than that of its text",
    ),
    (line(kind="lock", version=9) + "\n", ":1: the lock has version 9, and 1 is the newest known here"),
    (line(kind="attempt", token="a") + "\n", ":1: the attempt lacks what every attempt has"),
]


@pytest.mark.parametrize(("text", "words"), UNUSABLE)
def test_a_lock_that_is_none_ends_with_2(tmp_path: Path, text: str, words: str) -> None:
    Books(tmp_path).close()
    path = tmp_path / "bad.lock"
    path.write_text(text)
    found = run(tmp_path, path)
    assert (found.returncode, found.stdout) == (2, "")
    assert words in found.stderr
    assert "can't be read" in run(tmp_path, tmp_path / "missing.lock").stderr
