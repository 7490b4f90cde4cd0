"""Both sides of the money: what the books charged and what the locks remember, compared; changes nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from shlex import quote

from sorapipe.simulator.audit import Audit, Row, audit
from sorapipe.simulator.audit_locks import Take, UnusableLock, read
from sorapipe.simulator.clips import Shelf
from sorapipe.simulator.ledger import Books, Page, Task
from sorapipe.simulator.pictures import Pictures
from sorapipe.simulator.provider import wish_of

_UNCERTAIN = "uncertain"
_DONE = "done"
_CREDITS = "credits"
_MANY = 5
"""From so many charges on that no lock has, they are told in one sentence."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which books and locks don't agree. `kind` is a word for programs, `text` a sentence for people.

    `loose` are the credits of a charge of which no lock knows anything.
    """

    kind: str
    text: str
    task: str | None = None
    token: str | None = None
    loose: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The books' own findings, and the differences to the locks where some were named.

    `hints` are no differences: what the books know of a take that is uncertain, and the command that settles it.
    """

    books: Audit
    locks: tuple[str, ...]
    differences: tuple[Difference, ...]
    charges: int
    hints: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether everything agrees. Against locks an orphan or a body twice is judged by what the locks say."""
        if not self.locks:
            return self.books.clean
        return self.books.conserved and not self.books.double_by_token and not self.differences

    def as_json(self) -> Row:
        """Everything as data."""
        rows = [
            {"kind": found.kind, "text": found.text, "task": found.task, "token": found.token}
            for found in self.differences
        ]
        return {
            **self.books.as_json(),
            "clean": self.clean,
            "charges": self.charges,
            "locks": list(self.locks),
            "differences": rows,
            "hints": list(self.hints),
        }

    def text(self) -> str:
        """A sentence for each thing that is wrong, or one that nothing is."""
        lines = [*_sentences(self.books, alone=not self.locks), *_told(self.differences)]
        if lines:
            return "\n".join([*lines, *self.hints])
        against = f" and {', '.join(self.locks)} agree" if self.locks else " are in order"
        charges = f"{self.charges} charge{'' if self.charges == 1 else 's'}"
        return "\n".join([f"the books{against}: {charges}, {_left(self.books)} credits left", *self.hints])


def report(folder: Path, locks: Sequence[Path], providers: frozenset[str]) -> Report | str:
    """What is wrong in the books in `folder`, and against the locks; a text where a lock can't be used."""
    try:
        takes = [take for path in locks for take in read(path)]
    except UnusableLock as problem:
        return str(problem)
    books = Books(folder)
    try:
        found = audit(books)
        with books.reading() as page:
            charges = page.rows("SELECT task, token, -credits AS credits, request FROM ledger WHERE kind = 'charge'")
            comparison = _Comparison(page, takes, providers, Shelves(folder)) if locks else None
            differences = tuple(comparison.differences(charges)) if comparison is not None else ()
        hints = tuple(comparison.hints) if comparison is not None else ()
        return Report(found, tuple(path.name for path in locks), differences, len(charges), hints)
    finally:
        books.close()


def _left(found: Audit) -> int:
    return sum(int(str(account["balance"])) for account in found.accounts)


def _sentences(found: Audit, *, alone: bool) -> Iterator[str]:
    for group in found.double_by_token:
        yield f"the token {group['token']} was charged {group['charges']} times: {_names(group)}"
    if alone:
        for group in found.double_by_body:
            yield f"the same request was charged {group['charges']} times: {_names(group)}"
        for task in found.orphans:
            yield f"{task['task']} cost {task['credits']} credits, and nobody ever asked about it"
    for account in found.accounts:
        if not account["conserved"]:
            yield f"the credits of {account['account']} don't add up: {account['balance']} are left"


def _told(differences: Sequence[Difference]) -> Iterator[str]:
    """A sentence each; many charges that no lock has are most likely another storyboard's, and told in one."""
    loose = [found for found in differences if found.loose is not None]
    folded = len(loose) >= _MANY
    yield from (found.text for found in differences if not folded or found.loose is None)
    if folded:
        first, last = loose[0].task, loose[-1].task
        credits = sum(found.loose or 0 for found in loose)
        yield (
            f"{len(loose)} charges, {credits} credits together, are in no lock that was named ({first} to {last}, "
            "--json lists them): name the locks of the other storyboards that were rendered here too, with --lock each"
        )


def _names(group: Row) -> str:
    tasks = group["tasks"]
    return ", ".join(map(str, tasks)) if isinstance(tasks, list) else str(tasks)


class Shelves:
    """What a clip's bytes were, where it is kept or can be copied again."""

    def __init__(self, folder: Path) -> None:
        self._shelf = Shelf(folder, Pictures(folder / "references"), canned=True, rendered=lambda _: None)

    def sound(self, page: Page, task: Task) -> dict[str, int]:
        """Sizes by sha256 of the clips that were sent for the task in earnest; empty where nobody knows."""
        clip = self._shelf.known(task.task, wish_of(task), canned=task.rendered is None)
        if clip is None:
            return {}
        data = clip.source if isinstance(clip.source, bytes) else clip.source.read_bytes()
        rows = page.rows("SELECT sha256, bytes FROM sent_clips WHERE task = ?", (task.task,))
        return {str(row["sha256"]): int(str(row["bytes"])) for row in rows} | {
            hashlib.sha256(data).hexdigest(): len(data)
        }


class _Comparison:
    """The attempts that are ours, by task and by token."""

    def __init__(self, page: Page, takes: list[Take], providers: frozenset[str], shelves: Shelves) -> None:
        self._page = page
        self._shelves = shelves
        self.hints: list[str] = []
        takes = [replace(take, tasks=tuple(map(self._work, take.tasks))) for take in takes]
        names = providers or self._familiar(takes)
        self._takes = [take for take in takes if take.provider in names or (not providers and take.rehearsal)]
        self._by_token = {take.token: take for take in self._takes}
        self._by_task: dict[str, list[Take]] = {}
        for take in self._takes:
            for task in take.tasks:
                self._by_task.setdefault(task, []).append(take)

    def _work(self, answered: str) -> str:
        """The task behind an id that was answered: a character that was made at once is answered by its own."""
        found = self._page.rows("SELECT task FROM characters WHERE id = ?", (answered,))
        return str(found[0]["task"]) if found else answered

    def _familiar(self, takes: list[Take]) -> frozenset[str]:
        """Providers of whom the books know a task or a token."""
        tokens = {row["token"] for row in self._page.rows("SELECT token FROM ledger WHERE token IS NOT NULL")}
        return frozenset(
            take.provider
            for take in takes
            if take.token in tokens or any(self._page.task(task) is not None for task in take.tasks)
        )

    def differences(self, charges: list[Row]) -> Iterator[Difference]:
        """Everything that doesn't agree: first what the books have, then what the locks have."""
        tokens = {charge["token"] for charge in charges}
        spare = Counter(take.cost for take in self._takes if _is_open(take) and take.token not in tokens)
        for charge in charges:
            if str(charge["task"]) not in self._by_task:
                yield from self._unknown(charge, spare)
        for task, takes in self._by_task.items():
            known = self._page.task(task)
            if known is None:
                yield Difference("unknown-task", f"{takes[0]} has the task {task}, which the books don't know", task)
            else:
                yield from self._unlike(known, takes)

    def _unknown(self, charge: Row, spare: Counter[Decimal | None]) -> Iterator[Difference]:
        """A charge whose task is in no lock: its token must be uncertain there."""
        task, token = str(charge["task"]), charge["token"]
        what = f"{charge['credits']} credits were charged for {task} (request {charge['request']})"
        if token is None:
            for cost in (Decimal(str(charge["credits"])), None):
                if spare[cost] > 0:
                    spare[cost] -= 1
                    return
            yield Difference("unknown-charge", f"{what}, and no lock that was named has it", task, loose=_whole(charge))
            return
        take = self._by_token.get(str(token))
        if take is None:
            text = f"{what}, and no lock that was named has it"
            yield Difference("unknown-charge", text, task, str(token), _whole(charge))
            return
        if take.tasks:
            text = f"{what}, and {take}, whose token that is, has the task {', '.join(take.tasks)}"
        elif take.state != _UNCERTAIN:
            text = f"{what}, and {take}, whose token that is, says {take.state}"
        else:
            self.hints.append(f"{take} is uncertain, and was taken as {task}: sorapipe adopt {_shell(take)} {task}")
            return
        yield Difference("unknown-charge", text, task, str(token))

    def _unlike(self, task: Task, takes: list[Take]) -> Iterator[Difference]:
        bought = [take for take in takes if take.cost != 0]
        if bought and task.token is not None and task.token not in {take.token for take in takes}:
            text = f"{bought[0]} has the task {task.task} with the token {bought[0].token}, the books have {task.token}"
            yield Difference("token", text, task.task, task.token)
        yield from self._costs(task, bought)
        for take in takes:
            if take.state == _DONE and take.sha256 is not None:
                yield from self._clip(task, take)

    def _costs(self, task: Task, bought: list[Take]) -> Iterator[Difference]:
        """The price, or what was left of it after a refund; a copy of a take costs nothing."""
        known = [
            take for take in bought if take.cost is not None and take.currency == _CREDITS and len(take.tasks) == 1
        ]
        if not known:
            return
        given = self._page.run(
            "SELECT coalesce(sum(credits), 0) FROM ledger WHERE kind = 'refund' AND task = ?", (task.task,)
        ).fetchone()
        right = {Decimal(task.credits), Decimal(task.credits - int(given[0]))}
        said = sum((take.cost for take in known if take.cost is not None), Decimal(0))
        if said not in right:
            names = " and ".join(str(take) for take in known)
            text = f"{names} say {said} credits for {task.task}, the books say {task.credits}"
            yield Difference("cost", text.replace(" say ", " says ", 1) if len(known) == 1 else text, task.task)

    def _clip(self, task: Task, take: Take) -> Iterator[Difference]:
        if task.downloaded is None:
            yield Difference("never-sent", f"{take} is done, and the clip of {task.task} was never sent", task.task)
            return
        sound = self._shelves.sound(self._page, task)
        if not sound:
            return
        size = sound.get(str(take.sha256))
        if size is None:
            text = f"{take} is done with another clip than was made for {task.task}: sha256 {take.sha256}"
            yield Difference("clip", text, task.task)
        elif take.size is not None and take.size != size:
            text = f"{take} says {take.size} bytes for the clip of {task.task}, it has {size}"
            yield Difference("clip", text, task.task)


def _whole(charge: Row) -> int:
    return int(str(charge["credits"]))


def _shell(take: Take) -> str:
    """A take as `sorapipe adopt` takes it, after the storyboard that its lock belongs to."""
    storyboard = take.lock.removesuffix(".lock") + ".yaml"
    return f"{quote(storyboard)} {quote(take.address)}"


def _is_open(take: Take) -> bool:
    return take.state == _UNCERTAIN and not take.tasks
