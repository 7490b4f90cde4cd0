"""One harm done to the disk of one scene, and the promises held against it; reads the files as a stranger.

A case is `scene:harm:operation:seed`. Harms: `once-ERROR` and `ever-ERROR` refuse an operation, or it and all that
follow; `kill` ends the process there, `cut` takes the power away, `cuts` once more while it recovers, `late` only
while it recovers from a kill.
"""

from __future__ import annotations

import errno
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from campaign.file_scenes import JOURNALS, KILLED, LOCK, SCENES, Ended
from sorapipe.planning.facts import AttemptState
from sorapipe.providers.base import Accepted, CreateAnswer, Order
from sorapipe.state.lock import LockUnusable, loads

ERRORS = ("ENOSPC", "EIO", "EACCES", "EROFS")
REFUSALS = tuple(f"{often}-{name}" for often in ("once", "ever") for name in ERRORS)
HARMS = (*REFUSALS, "kill", "cut", "cuts", "late")
_TWICE = frozenset({"cuts", "late"})
NO_HARM = "none"
_DONE, _UNCERTAIN, _DISK = 0, 9, 11
_MOST_RUNS = 12
_LEFT = (".new", ".part", ".etag")
Variant = AbstractContextManager[Any]
Line = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One harm, told completely: the same case is the same harm again. `operation` counts from 1."""

    scene: str
    harm: str
    operation: int
    seed: int = 0

    @classmethod
    def of(cls, name: str) -> Case:
        """The case of a name."""
        scene, harm, operation, seed = name.split(":")
        return cls(scene, harm, int(operation), int(seed))

    @property
    def name(self) -> str:
        return f"{self.scene}:{self.harm}:{self.operation}:{self.seed}"


@dataclass
class Verdict:
    """What became of a case. `broken` are promises that did not hold, each begins with its kind. `at` is what was being
    done when the harm came, empty when it never did."""

    case: str
    broken: list[str] = field(default_factory=list)
    at: str = ""
    code: int = 0
    uncertain: int = 0
    charges: int = 0
    operations: int = 0


def play(case: Case | str, variant: Variant | None = None) -> list[str]:
    """Carries a case out; the promises that did not hold. `variant` changes the product while it lasts."""
    return judge(case, variant).broken


def judge(case: Case | str, variant: Variant | None = None) -> Verdict:
    """The same with all there is to say."""
    case = Case.of(case) if isinstance(case, str) else case
    usual = unharmed(case.scene)
    with ExitStack() as around:
        _enter(around, case, variant)
        try:
            return _Trial(case, usual).carry_out()
        except AssertionError as error:  # of a product that was changed: it did not even come to the scene
            return Verdict(case.name, [f"begin: {error}"])


@cache
def unharmed(scene: str) -> Verdict:
    """A scene to which nothing happens: how many operations there are, how much is charged."""
    case = Case(scene, NO_HARM, 0)
    with ExitStack() as around:
        _enter(around, case, None)
        verdict = _Trial(case, None).carry_out()
    if verdict.broken:
        raise AssertionError(f"{scene}: without any harm: {verdict.broken}")
    return verdict


def _enter(around: ExitStack, case: Case, variant: Variant | None) -> None:
    scene = SCENES[case.scene]
    if scene.around is not None:
        around.enter_context(scene.around())
    if variant is not None:
        around.enter_context(variant)


class _Trial:
    """A case as it goes on."""

    def __init__(self, case: Case, usual: Verdict | None) -> None:
        self.case = case
        self.usual = usual
        self.verdict = Verdict(case.name)
        self.random = Random(case.name)
        self.desk = SCENES[case.scene].begin()
        self.desk.disk.chance = Random(case.name)
        self.doubts = len(self.desk.waiting())
        self.older = self.desk.disk.read(LOCK) if case.scene == "migrate" else None
        self.told: list[str] = []
        self._accepted: set[str] = set()
        self._count = 0
        self._stamp: object = None
        self._order: Callable[[Order], CreateAnswer] = self.desk.provider.create
        self._watch()

    def carry_out(self) -> Verdict:
        """Does the harm, recovers, compares."""
        harmed = self._harmed()
        self.verdict.code = harmed.code
        self.verdict.operations = self._count
        if self.usual is not None:
            self._after_harm(harmed)
        self._recover()
        self._at_the_end()
        return self.verdict

    def _say(self, kind: str, problem: str) -> None:
        self.verdict.broken.append(f"{kind}: {problem}")

    # The harm.

    def _harmed(self) -> Ended:
        disk, harm = self.desk.disk, self.case.harm
        disk.refuse = self._asked
        ended = self._heard(SCENES[self.case.scene].act(self.desk))
        if harm in _TWICE and self.verdict.at:
            disk.process_dies() if harm == "late" else disk.power_cut(self.random)
            self._accepted.clear()  # of whoever was killed with an answer in hand
            self._look()
            self._count = self.random.randrange(-30, self.case.operation)
            ended = self._heard(self.desk.command())
        disk.refuse = self._looked_at
        if harm not in REFUSALS:
            self._accepted.clear()
        if (harm in {"cut", *_TWICE} and disk.dead) or (harm in REFUSALS and self.random.random() < 0.5):
            disk.power_cut(self.random)
        disk.process_dies()
        return ended

    def _asked(self, what: str, path: Path) -> int | None:
        """Before each operation while the harm lasts."""
        self._looked_at(what, path)
        self._count += 1
        often, _, error = self.case.harm.partition("-")
        now = self._count == self.case.operation
        if self.case.harm == NO_HARM or not (now or (often == "ever" and self._count > self.case.operation)):
            return None
        self.verdict.at = self.verdict.at or f"{what} {path.name}"
        if not error:
            self.desk.disk.die()
        return int(getattr(errno, error))

    def _looked_at(self, what: str, path: Path) -> None:
        """The lock can be read at any time."""
        stamp = self.desk.disk.stamp(LOCK)
        if stamp != self._stamp:
            self._stamp = stamp
            self._check_lock(f"before {what} {path.name}")

    def _check_lock(self, when: str) -> None:
        for data in (self.desk.disk.read(LOCK), self.desk.disk.sure(LOCK)):
            try:
                loads(data) if data is not None else None
            except LockUnusable as error:
                self._say("unreadable", f"the lock, {when}: {error}")

    # What is looked at while it goes on.

    def _watch(self) -> None:
        """Nothing is sent whose intent is not on the disk, and after an answer nothing is done before it is there."""
        provider = self.desk.provider

        def create(order: Order) -> CreateAnswer:
            self._check_tasks("a create")
            if not any(
                line.get("token") == order.token and line["kind"] == "intent" for line in self._lines(sure=True)
            ):
                self._say("early", f"{order.token} was sent, and its intent is not on the disk")
            answer = self._order(order)
            if isinstance(answer, Accepted):
                self._accepted.add(answer.task)
            return answer

        provider.create = create  # type: ignore[method-assign]
        for name in ("poll", "newest", "download"):
            setattr(provider, name, self._checking(name, getattr(provider, name)))

    def _checking(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def checked(*words: Any, **named: Any) -> Any:
            self._check_tasks(f"a {name}")
            return call(*words, **named)

        return checked

    def _check_tasks(self, when: str) -> None:
        if self.case.harm in REFUSALS:
            return  # then they are rescued, or printed
        lost = self._accepted - self._tasks(self._lines(sure=True))
        self._accepted -= lost
        for task in lost:
            self._say("early", f"{when} came before the task {task} was on the disk")

    def _heard(self, ended: Ended) -> Ended:
        self.told += ended.said
        if ended.bug:
            self._say("bug", f"a traceback: {ended.bug}")
        return ended

    # What is known.

    def _lines(self, *, sure: bool = False) -> Iterator[Line]:
        """Every line of lock, journals, archives, and what was rescued; `sure`: that a loss of power leaves."""
        disk = self.desk.disk
        for path in disk.paths():
            if path == LOCK or JOURNALS in path.parents or "rescued" in path.name:
                data = disk.sure(path) if sure else disk.read(path)
                for line in (data or b"").split(b"\n"):
                    try:
                        found = json.loads(line)
                    except ValueError:
                        continue
                    if isinstance(found, dict) and "kind" in found:
                        yield found

    @staticmethod
    def _tasks(lines: Iterator[Line]) -> set[str]:
        return {
            task for line in lines for task in (*line.get("tasks", ()), line.get("task", ""), line.get("job", ""))
        }  # fmt: skip

    def _look(self) -> None:
        """Nothing was sent twice; every charge is known, or its token, or it was told how to adopt it."""
        self._check_lock("afterwards")
        for token in self.desk.provider.sent_twice():
            self._say("double", f"token {token} was sent twice")
        tasks = self._tasks(self._lines())
        tokens = {line["token"] for line in self._lines() if line["kind"] in {"intent", "attempt"}}
        for charged in self.desk.provider.charges.values():
            told = any(f"sorapipe adopt {self._label(charged.order)} {charged.task}" in text for text in self.told)
            if not told and charged.task not in tasks and charged.order.token not in tokens:
                self._say("lost", f"{charged.task} was paid and nobody knows it")

    def _label(self, order: Order) -> str:
        """What the shot of an order is called."""
        if order.character_name is not None:
            return f"@{order.character_name.lower()}"
        return order.prompt.partition("A picture of ")[2].partition(".")[0] or "door"

    # Afterwards.

    def _after_harm(self, harmed: Ended) -> None:
        self._look()
        try:
            self.verdict.uncertain = len(self.desk.waiting())
        except LockUnusable as error:
            self._say("unreadable", str(error))
            return
        if self.case.harm in REFUSALS:
            self._check_rescue()
        harms = 2 if self.case.harm in _TWICE else 1
        if self.verdict.uncertain > self.doubts + harms:
            self._say("doubt", f"{self.verdict.uncertain} attempts are uncertain")
        if self.case.harm in REFUSALS:
            self._check_code(harmed)
        elif harmed.code not in {KILLED, self._usual_code(), *([_UNCERTAIN] if self.verdict.uncertain else ())}:
            self._say("code", f"exit {harmed.code}, killed {self.verdict.at or 'never'}")

    def _check_rescue(self) -> None:
        """What was answered is written down somewhere; where every disk refuses it is at least told."""
        for task in sorted(self._accepted - self._tasks(self._lines())):
            if self.case.harm.startswith("once"):
                self._say("lost", f"{task} is written nowhere after one refusal")
            elif not any("sorapipe adopt" in text and task in text for text in self.told):
                self._say("lost", f"{task} was answered, is nowhere, and nobody was told")

    def _usual_code(self) -> int:
        return self.usual.code if self.usual is not None else _DONE

    def _check_code(self, ended: Ended) -> None:
        usual, at = self._usual_code(), self.verdict.at
        if not at:
            if ended.code != usual:
                self._say("code", f"exit {ended.code} instead of {usual}, and nothing was refused")
            return
        reason = os.strerror(getattr(errno, self.case.harm.partition("-")[2])).lower()
        told = any(reason in text for text in ended.said)
        if ended.code == _DISK and not told:
            self._say("code", f"exit 11, and the cause is not told ({at}): {ended.said}")
        if ended.code == usual and not told and self.case.harm.startswith("ever"):
            self._say("code", f"exit {usual} although everything was refused from then on ({at})")
        allowed = {_DISK, usual, *([_UNCERTAIN] if self.verdict.uncertain else ())}
        if ended.code not in allowed:
            self._say("code", f"exit {ended.code} ({at}): {ended.said}")

    def _recover(self) -> None:
        """Does what a person does: adopts what was charged, sends again what was not, runs to the end."""
        for _ in range(_MOST_RUNS):
            waiting = self.desk.waiting()
            ended = self._heard(self._settle_one() if waiting else self.desk.command())
            if ended.code == _DONE and not self.desk.waiting():
                return
            if ended.code not in {_DONE, _UNCERTAIN}:
                self._say("code", f"a run afterwards: exit {ended.code}: {ended.said}")
                return
        self._say("rest", "it does not come to rest")

    def _settle_one(self) -> Ended:
        ended = self.desk.command()
        waiting = self.desk.waiting()
        if not waiting:
            return ended
        attempt = waiting[0]
        for charged in self.desk.provider.charges.values():
            if charged.order.token == attempt.token:
                return self.desk.adopt(attempt, charged.task)
        return self.desk.resubmit(attempt)

    def _at_the_end(self) -> None:
        self._look()
        charges = self.desk.provider.charges
        self.verdict.charges = len(charges)
        if self.usual is not None and len(charges) != self.usual.charges:
            kind = "double" if len(charges) > self.usual.charges else "lost"
            self._say(kind, f"{len(charges)} creates were paid, not {self.usual.charges}")
        self._check_clips()
        self._check_lock_alone()
        self._check_journals()
        self._check_idle()
        hidden = (path for path in self.desk.disk.paths() if path.parts[1] == "film" and path.suffix in _LEFT)
        left = [str(path) for path in hidden if self.desk.disk.size(path)]  # an empty one was removed before a cut
        if left:
            self._say("left", f"left behind: {', '.join(left)}")
        if self.older is not None and self.desk.disk.read(LOCK.with_name("film.lock.v0.backup")) != self.older:
            self._say("lost", "the backup of the older lock is not what the lock was")

    def _check_clips(self) -> None:
        """What is done is there, and is what the provider sent."""
        provider, renders = self.desk.provider, self.desk.workspace.clips
        for attempts in self.desk.attempts().values():
            for attempt in attempts:
                if attempt.state is not AttemptState.DONE or attempt.out is None:
                    continue
                theirs = {provider.clip(provider.charges[task]) for task in attempt.tasks}
                if self.desk.disk.read(renders.path(attempt.out)) not in theirs:
                    self._say("clip", f"{attempt.out} is not what the provider sent")

    def _check_lock_alone(self) -> None:
        data = self.desk.disk.read(LOCK)
        states = Counter(str(record.values["state"]) for record in loads(data).attempts.values()) if data else Counter()
        missing = self.desk.provider.charges.keys() - (loads(data).tasks() if data else set())
        if missing or set(states) - {"done", "uncertain"}:
            self._say("lost", f"the lock by itself: {dict(states)}, without {sorted(missing)}")

    def _check_journals(self) -> None:
        """Nothing was written behind the remains of a line as if it belonged to them: a line tells of them."""
        for path in self.desk.disk.paths():
            if JOURNALS in path.parents and path.suffix == ".jsonl":
                lines = [line for line in (self.desk.disk.read(path) or b"").split(b"\n") if line]
                for line, following in pairwise([*lines, b'{"kind":"torn"}']):
                    if not _whole(line) and b'"kind":"torn"' not in following:
                        self._say("torn", f"{path.name}: {following[:80]!r} stands behind {line[-80:]!r}")

    def _check_idle(self) -> None:
        before, calls = self.desk.disk.operations.total(), len(self.desk.provider.calls)
        ended = self._heard(self.desk.command())
        if ended.code != _DONE or self.desk.disk.operations.total() != before:
            self._say("idle", f"exit {ended.code}, a finished film was written to")
        if len(self.desk.provider.calls) != calls:
            self._say("idle", "something was sent for a finished film")


def _whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
