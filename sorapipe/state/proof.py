"""Everything that can be said against a lock from its bytes alone; knows no storyboard, journal or clip."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from sorapipe.planning.choice import labels
from sorapipe.planning.facts import Facts
from sorapipe.state.lock import VERSION, LockFile, LockUnusable, dumps, loads
from sorapipe.state.meaning import facts
from sorapipe.state.merging import is_lock, is_mark
from sorapipe.state.records import RECIPE, Damaged, decode, members

ERROR, WARNING, NOTE = "error", "warning", "note"
RESOLVE, RESTORE = "resolve", "restore"
"""In the place of hints: `lock resolve` helps; an older state of the file helps."""
_LEVELS = (ERROR, WARNING, NOTE)
_BOM = b"\xef\xbb\xbf"
_MOST = 6
_LONGEST = 400
_MOST_LINES = 20
_KINDS = {"pick": "pick", "ng": "mark `no good`", "note": "note", "consent": "consent"}


class Finding(NamedTuple):
    """One thing that was found. `line` counts from 1, 0 where it is about the whole; `address` is whose it is."""

    level: str
    code: str
    line: int
    message: str
    hint: str | None = None
    address: str | None = None


class Proof(NamedTuple):
    """What was found in a lock, and the lock where it can be used."""

    findings: tuple[Finding, ...]
    lock: LockFile | None
    facts: Facts | None

    @property
    def sound(self) -> bool:
        """Whether nothing is an error."""
        return all(one.level != ERROR for one in self.findings)


def prove(data: bytes) -> Proof:
    """Looks at every line, then at what they say together."""
    damage = tuple(map(_short, _damage(data)))
    if damage:
        return Proof(damage, None, None)
    try:
        lock = loads(data)
        known = facts(lock)
    except LockUnusable as error:
        return Proof((_short(Finding(ERROR, "lock", error.line or 0, error.message, error.hint)),), None, None)
    lines = {text: number for number, text in _numbered(data)}
    found = (*_shape(data, lock), *_recipes(lock, lines), *_attempts(known), *_choices(lock, known, lines))
    return Proof(tuple(sorted(map(_short, found), key=lambda one: (_LEVELS.index(one.level), one.line))), lock, known)


def _short(one: Finding) -> Finding:
    """A finding that can be printed: a hostile lock may have put a book into a name."""
    if len(one.message) <= _LONGEST:
        return one
    return one._replace(message=f"{one.message[:_LONGEST]}…", address=None)


def _damage(data: bytes) -> Iterator[Finding]:
    """Lines that can't be read, each one; the marks of conflicts once."""
    if not is_lock(data):
        yield Finding(ERROR, "foreign", 0, "no line of it was written by sorapipe")
        return
    marked, damaged = False, 0
    for number, line in _numbered(data):
        if is_mark(line):
            if not marked:
                yield Finding(ERROR, "marks", number, "it holds the marks of a merge conflict", RESOLVE)
            marked = True
            continue
        try:
            decode(line)
        except Damaged as error:
            damaged += 1
            if damaged <= _MOST_LINES:
                yield Finding(ERROR, "line", number, f"this line was changed or damaged: {error}", RESTORE)
    if damaged > _MOST_LINES:
        yield Finding(ERROR, "line", 0, f"{damaged - _MOST_LINES} more lines were changed or damaged", RESTORE)


def _numbered(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines that say something, with their numbers."""
    for number, line in enumerate(data.removeprefix(_BOM).split(b"\n"), 1):
        text = line.removesuffix(b"\r")
        if text:
            yield number, text


def _shape(data: bytes, lock: LockFile) -> Iterator[Finding]:
    """Whether it is written as sorapipe writes it; a union of two sides is not, and says the same."""
    if lock.older is not None:
        yield Finding(NOTE, "version", 1, f"it is of version {lock.found}: what writes it next makes it {VERSION}")
        return
    want = dumps(lock)
    if data == want:
        return
    if b"\r\n" in data or data.startswith(_BOM):
        yield Finding(
            WARNING, "ends", 1, "its lines end as on another system, or it begins with a mark of order", RESOLVE
        )
    first = {line: number for number, line in reversed(list(_numbered(data)))}
    order = {line: place for place, line in enumerate(want.split(b"\n"))}
    many = sum(1 for _ in _numbered(data)) - len(order) + 1
    if many > 0:
        seen = Counter(line for _, line in _numbered(data))
        at = min(number for line, number in first.items() if seen[line] > 1 or line not in order)
        said = "1 record stands" if many == 1 else f"{many} records stand"
        yield Finding(WARNING, "twice", at, f"{said} there more than once; they are joined when it is read", RESOLVE)
    places = sorted((number, order.get(line, -1)) for line, number in first.items())
    late = next((here[0] for one, here in pairwise(places) if one[1] > here[1] >= 0), None)
    if late is not None:
        yield Finding(WARNING, "order", late, "its lines are not in order from here on", RESOLVE)


def _recipes(lock: LockFile, lines: dict[bytes, int]) -> Iterator[Finding]:
    """Texts of recipes that are not those of their digests."""
    for raw, record in lock.others.items():
        if record.kind == "recipe":
            found = RECIPE.match(raw)
            text = found[2] if found else members(raw)["recipe"].encode()
            if hashlib.sha256(text).hexdigest() != record.values.get("digest"):
                said = f"the recipe `{str(record.values.get('digest'))[:12]}` has another digest than its text"
                yield Finding(ERROR, "recipe", lines.get(raw, 0), said, RESTORE)


def _attempts(known: Facts) -> Iterator[Finding]:
    unknown: list[str] = []
    for address, attempts in known.attempts.items():
        names = labels(attempts)
        for it in attempts:
            take = f"{shown(address)} {names[it.token]}"
            if it.recipe not in known.recipes:
                unknown.append(take)
            if len(it.tasks) > 1:
                said = f"{take} has {len(it.tasks)} tasks, which may all have been paid: {', '.join(it.tasks)}"
                yield Finding(WARNING, "tasks", 0, said, None, address)
    if unknown:
        rest = f" and {len(unknown) - _MOST} more" if len(unknown) > _MOST else ""
        said = f"the recipe of {', '.join(unknown[:_MOST])}{rest} is not in it: nobody can say what changed since"
        yield Finding(WARNING, "no-recipe", 0, said)


def _choices(lock: LockFile, known: Facts, lines: dict[bytes, int]) -> Iterator[Finding]:
    """Choices about takes that are not there, and picks that contradict each other."""
    tokens = {it.token: it for attempts in known.attempts.values() for it in attempts}
    standing = known.no_good | known.consents | frozenset(known.notes)
    for raw, record in lock.others.items():
        token, kind = record.values.get("token"), record.kind
        if kind not in _KINDS or not isinstance(token, str):
            continue
        _, address, take, _, _ = record.key
        picked = kind == "pick" and any(pick.token == token for pick in known.picks.get(address, ()))
        if not picked and token not in standing:
            continue
        name = f"the {_KINDS[kind]} of {shown(address)}"
        if token not in tokens:
            said = f"{name} names take {take}, which is not in this lock: the branch that made it is not merged here"
            yield Finding(ERROR if picked else WARNING, "no-take", lines.get(raw, 0), said, None, address)
        elif picked and tokens[token].address != address:
            said = f"{name} names a take of {shown(tokens[token].address)}"
            yield Finding(ERROR, "other-take", lines.get(raw, 0), said, None, address)
    yield from conflicts(known)


def conflicts(known: Facts) -> Iterator[Finding]:
    """Shots that are picked more than once, as two branches may do."""
    for address, picks in known.picks.items():
        if len(picks) > 1:
            names = labels(known.attempts.get(address, ()))
            said = sorted(names.get(pick.token or "", "no take" if pick.token is None else "?") for pick in picks)
            text = f"{shown(address)} is picked {len(picks)} times: {', '.join(said)}"
            yield Finding(WARNING, "picks", 0, text, None, address)


def shown(address: str) -> str:
    """An address as it can be typed: `storm/wide/fog` of `storm[lens=wide,weather=fog]`."""
    name, _, cells = address.removesuffix("]").partition("[")
    return "/".join([name, *(cell.partition("=")[2] for cell in cells.split(",") if cell)])
