"""The promises, held after every event of a world against the files of its machines and the ledger of its provider."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from campaign.world_books import Entry, Page
from campaign.world_machine import Machine, Process
from campaign.world_manners import Manners
from campaign.world_needs import inputs_missing, over_budget, under_old_names
from campaign.world_studio import Studio
from sorapipe.providers.base import Accepted, CreateAnswer, Order, Refused
from sorapipe.state.lock import LockUnusable, loads


@dataclass
class Remembered:
    """What a machine knew when it was looked at last.

    `taken` are tasks by token whose answer was heard and not yet looked for, `sure` those that were found to be
    durable. `excused` are tokens whose clips somebody else has touched, `cuts` files that a person has put there.
    """

    operations: int = -1
    own: dict[str, tuple[int, frozenset[str]]] = field(default_factory=dict)
    lock: dict[str, tuple[int, frozenset[str]]] = field(default_factory=dict)
    stamp: object = None
    brought: dict[str, int] = field(default_factory=dict)
    cuts: dict[Path, bytes] = field(default_factory=dict)
    excused: set[str] = field(default_factory=set)
    taken: dict[str, str] = field(default_factory=dict)
    sure: dict[str, str] = field(default_factory=dict)


class Oracle:
    """Watches. `broken` are the promises that did not hold, in words."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.broken: list[str] = []
        self._granted: dict[str, str] = {}
        self._machines: dict[str, Remembered] = {}
        self._sent: set[str] = set()
        self._flying: set[str] = set()
        self.manners = Manners()
        studio.witness = self

    def say(self, problem: str) -> None:
        """A promise is broken."""
        self.broken.append(problem)

    def of(self, machine: Machine) -> Remembered:
        """What is remembered of a machine."""
        return self._machines.setdefault(machine.name, Remembered())

    # Creates.

    def sending(self, caller: Process, order: Order) -> None:
        """A create is on its way: everything that must be true before is."""
        machine, token = caller.machine, order.token
        own, whole = machine.books.own(), machine.books.whole()
        if token in self._sent:
            self.say(f"1: token {token} was sent twice")
        if machine.name in self._flying:
            self.say(f"1: {machine.name} has two creates in flight")
        self._sent.add(token)
        if not caller.gone:
            self._flying.add(machine.name)
        for problem in self.manners.sending(caller):
            self.say(problem)
        intent = own.entries.get(token)
        if intent is None:
            self.say(f"4: {token} was sent without an intent")
            return
        if token.encode() not in machine.books.sure():
            self.say(f"4: the intent of {intent.address} ({token}) is not durable")
        for problem in (
            *inputs_missing(caller, self.studio, whole, intent),
            *self._known_already(caller, whole, intent),
            *over_budget(whole, caller.film),
        ):
            self.say(problem)

    def answered(self, caller: Process, order: Order, answer: CreateAnswer) -> None:
        """The answer is on its way back."""
        self.manners.answered(caller, answer)
        if not caller.gone:
            self._flying.discard(caller.name)
        if isinstance(answer, Accepted):
            self.of(caller.machine).taken[order.token] = answer.task
        elif isinstance(answer, Refused) and order.token in self._granted:
            caller.grants[self._granted[order.token]] += 1

    def landed(self, machine: Machine) -> None:
        """A process of a machine has died: nothing is in flight any more, and what it heard is forgotten."""
        self._flying.discard(machine.name)
        self.of(machine).taken.clear()

    def _known_already(self, caller: Process, whole: Page, intent: Entry) -> list[str]:
        """Promise 1 as a machine can keep it: what it knows of, it doesn't buy again unasked."""
        address, film = intent.address, caller.film
        if caller.grants[address] > 0 or caller.grants[intent.recipe] > 0:
            what = address if caller.grants[address] > 0 else intent.recipe
            caller.grants[what] -= 1
            self._granted[intent.token] = what
            return []
        free = self._granted.keys() | whole.consents | {intent.token}
        known = [it for it in whole.at(address, intent.recipe) if it.token not in free and it.token in caller.known]
        if caller.cascades:
            known = [it for it in known if it.inputs == intent.inputs]
        if len(known) >= film.takes(address):
            states = ", ".join(f"{it.take}: {it.state}" for it in known)
            return [f"1: {address} was bought though {film.takes(address)} of it are known ({states})"]
        here = {it.sha256 for it in whole.entries.values() if it.address == address}
        old = under_old_names(whole, intent, film)
        elsewhere = [it for it in old if it.sha256 not in here and it.token in caller.known]
        if elsewhere and len(known) + len(elsewhere) >= film.takes(address):
            there = elsewhere[0]
            return [f"1: {address} was bought though it is {there.state} under its old name {there.address}"]
        return []

    # Everything else.

    def look(self, machine: Machine) -> None:
        """Something was carried out on a machine, perhaps."""
        seen = self.of(machine)
        operations = machine.disk.operations.total()
        if operations == seen.operations or machine.disk.dead:
            return
        seen.operations = operations
        own = machine.books.own()
        seen.own = self._grown(machine, "the journal", seen.own, own)
        self._charges(machine, own)
        self._brought(machine, own)
        self._cuts(machine)
        if machine.disk.stamp(machine.lock) != seen.stamp:
            seen.stamp = machine.disk.stamp(machine.lock)
            seen.lock = self._grown(machine, "the lock", seen.lock, machine.books.lock())
            self._loads(machine)

    def changed(self, machine: Machine) -> None:
        """Somebody else has changed something there: git, a hand, a loss of power. What was known is not compared."""
        seen = self.of(machine)
        machine.books.touched += 1
        seen.own, seen.lock, seen.stamp = {}, {}, None
        seen.cuts = {path: data for path, data in seen.cuts.items() if machine.disk.read(path) == data}
        seen.operations = -1
        self.look(machine)

    def excuse(self, machine: Machine) -> None:
        """A hand has touched clips: what is not there now need not be there until it is brought again."""
        seen = self.of(machine)
        for entry in machine.books.own().entries.values():
            if _missing(machine, entry) is not None:
                seen.excused.add(entry.token)
                seen.brought[entry.token] = len(entry.brought)

    def person_cut(self, machine: Machine, path: Path, data: bytes) -> None:
        """A person has put a file of their own in a clip's place: nobody but a person takes it away."""
        self.of(machine).cuts[path] = data

    def _cuts(self, machine: Machine) -> None:
        cuts = self.of(machine).cuts
        for path in [path for path, data in cuts.items() if machine.disk.read(path) != data]:
            self.say(f"3: what a person has put at {path} is gone")
            del cuts[path]

    def clips(self, machine: Machine) -> None:
        """Promise 3, of every clip that was ever brought here."""
        seen = self.of(machine)
        for entry in machine.books.own().entries.values():
            if entry.brought and entry.token not in seen.excused:
                self._clip(machine, entry)

    def _grown(
        self, machine: Machine, where: str, before: dict[str, tuple[int, frozenset[str]]], page: Page
    ) -> dict[str, tuple[int, frozenset[str]]]:
        """States only grow and no task is forgotten."""
        now = {token: (entry.rank, entry.tasks) for token, entry in page.entries.items()}
        for token, (rank, tasks) in before.items():
            if token not in now:
                if rank > 0:
                    self.say(f"2: {where} of {machine.name} has forgotten {token}")
            elif now[token][0] < rank or not tasks <= now[token][1]:
                self.say(f"2: in {where} of {machine.name} {token} went back from {rank} to {now[token][0]}")
        return now

    def _charges(self, machine: Machine, own: Page) -> None:
        """Promise 2: what a machine has bought is in its own journal, whatever becomes of its folder."""
        seen = self.of(machine)
        for task in self.studio.ledger.of(machine.name):
            token = self.studio.charges[task].order.token
            if token not in own.entries:
                self.say(f"2: task {task} of {machine.name} was paid and its journal does not know {token}")
            elif token in seen.sure and seen.sure[token] not in own.entries[token].tasks:
                self.say(f"2: task {task} was durable on {machine.name} and is not known any more")
        if seen.taken and machine.name not in self._flying:
            self._heard(machine, seen)

    def _heard(self, machine: Machine, seen: Remembered) -> None:
        """A task's id is durable before anything else is done with it, or printed where the disk refused."""
        durable = machine.books.sure()
        for token, task in seen.taken.items():
            if task.encode() in durable:
                seen.sure[token] = task
            elif not machine.refused:
                self.say(f"2: task {task} was answered and is not durable on {machine.name}")
        seen.taken.clear()

    def _brought(self, machine: Machine, own: Page) -> None:
        seen = self.of(machine)
        for entry in own.entries.values():
            if len(entry.brought) > seen.brought.get(entry.token, 0):
                seen.brought[entry.token] = len(entry.brought)
                seen.excused.discard(entry.token)
                self._clip(machine, entry)

    def _clip(self, machine: Machine, entry: Entry) -> None:
        """Promise 3: it is there, its bytes are those, and it is of that recipe."""
        problem = _missing(machine, entry)
        if problem:
            self.say(f"3: {entry.address} t{entry.take} is done on {machine.name} and {problem}")
            return
        here = next(out for sha, out in entry.brought if machine.disk.digest(machine.folder / out) == sha)
        clip = json.loads(machine.disk.read(machine.folder / here) or b"{}")
        task, tasks = clip.get("task"), machine.books.whole().entries[entry.token].tasks
        if task not in tasks:
            self.say(f"3: the clip of {entry.address} t{entry.take} is of {task}, not of {sorted(tasks)}")
            return
        order = self.studio.charges[task].order
        if (clip["width"], clip["height"], clip["seconds"]) != (1280, 720, order.seconds):
            self.say(f"3: the clip of {entry.address} t{entry.take} is not what was asked for, and is done")
        recipe = machine.books.whole().recipes.get(entry.recipe)
        if recipe is not None and (_start(recipe["prompt"]), recipe["model"]) != (_start(order.prompt), order.model):
            self.say(
                f"3: the clip of {entry.address} t{entry.take} is of `{order.prompt}`, not of `{recipe['prompt']}`"
            )

    def _loads(self, machine: Machine) -> None:
        data = machine.disk.read(machine.lock)
        if data is None or machine.books.lock().marked:
            return
        try:
            loads(data)
        except LockUnusable as error:
            self.say(f"the lock of {machine.name} can't be read: {error}")


def _start(prompt: str) -> str:
    """A prompt up to the first one that is mentioned in it."""
    return prompt.partition("@")[0]


def _missing(machine: Machine, entry: Entry) -> str | None:
    """What is wrong with the file of a clip that was brought, `None` where nothing is."""
    found = {out: machine.disk.digest(machine.folder / out) for _, out in entry.brought}
    if any(found[out] == sha256 for sha256, out in entry.brought):
        return None
    return ", ".join(
        f"{out} {'is not there' if sha256 is None else 'has other bytes'}" for out, sha256 in found.items()
    )
