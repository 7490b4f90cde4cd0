"""The committed facts of a storyboard: lines to records, two files to one; opens no file and knows no journal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from shlex import quote

from sorapipe.planning.facts import AttemptState
from sorapipe.state.records import (
    RECIPE,
    Damaged,
    Record,
    Values,
    decode,
    encode,
    from_members,
    join_attempts,
    members,
    tasks_of,
)

VERSION = 1
Lines = list[bytes]
Migrations = Mapping[int, Callable[[Lines], Lines]]
MIGRATIONS: Migrations = {}
"""From a version to the lines of the next one. Lines that are of the next version already must come out as they are,
for a merge can mix both. Version 1 is the first."""

PAID = frozenset({"attempt", "character", "recipe"})
"""The kinds that are joined from everywhere; the others are choices and belong to the branch they were made on."""

_MARKERS = (b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>")
_EMPTY = (b"", b"\r")
_LINEAGE = re.compile(r"[a-z2-7]{8,64}")
MOST_LINEAGES = 32
"""Each one has a journal and a run lock: a lock that names thousands would use up what a process may have open."""
_STATES = frozenset(state.value for state in AttemptState if state is not AttemptState.INTENT)
_OWN = frozenset({"kind", "lineage", "also", "version"})


class LockUnusable(Exception):
    """The lock can't be used as it is, and nothing of it is thrown away. `line` counts from 1; `hint` is a way out.

    `name` is what the file is called; `loads` does not know it and leaves it empty.
    """

    def __init__(self, message: str, line: int | None = None, hint: str | None = None, name: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.hint = hint
        self.name = name

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.name, self.line) if part)
        return f"{place}: {self.message}" if place else self.message

    def of(self, name: str) -> LockUnusable:
        """The same with the name of the file, which takes the place of `FILE` in the hint, as it would be typed."""
        hint = None if self.hint is None else self.hint.replace("FILE", quote(name))
        return LockUnusable(self.message, self.line, hint, name)


_KEY = attrgetter("key")


class LockFile:
    """All records of a lock. Attempts are by token, the others by their line; equal lines are one line.

    `lineages` are sorted, the first is the file's own. `found` is the version that was read, and `older` the bytes of
    a file of an older version, kept until it is replaced. `extra` are members of the first line that nobody knows.
    """

    def __init__(self, lineages: Iterable[str] = ()) -> None:
        self.lineages: tuple[str, ...] = tuple(sorted(set(lineages)))
        self.attempts: dict[str, Record] = {}
        self.others: dict[bytes, Record] = {}
        self.extra: dict[str, str] = {}
        self.found = VERSION
        self.older: bytes | None = None

    def copy(self) -> LockFile:
        """Another one with the same records."""
        new = LockFile(self.lineages)
        new.attempts, new.others, new.extra = dict(self.attempts), dict(self.others), dict(self.extra)
        new.found, new.older = self.found, self.older
        return new

    def add(self, record: Record) -> None:
        """Joins one record."""
        if record.kind != "attempt":
            self.others[record.raw] = record
            return
        token = record.key[3]
        old = self.attempts.get(token)
        self.attempts[token] = record if old is None else join_attempts(old, record)

    def merge(self, other: LockFile, *, only_paid: bool = False) -> None:
        """Joins all records of another one, or those that cost money only."""
        for token, record in other.attempts.items():
            old = self.attempts.get(token)
            if old is not record:
                self.attempts[token] = record if old is None else join_attempts(old, record)
        if only_paid:
            self.others.update((raw, record) for raw, record in other.others.items() if record.kind in PAID)
        else:
            self.others.update(other.others)
            for name, text in other.extra.items():
                self.extra[name] = max(text, self.extra.get(name, text))
        self.lineages = tuple(sorted({*self.lineages, *other.lineages}))

    def sort(self) -> None:
        """Puts the records into their order, in which copies begin: what is nearly in order is soon sorted again."""
        self.attempts = {record.key[3]: record for record in sorted(self.attempts.values(), key=_KEY)}
        self.others = {record.raw: record for record in sorted(self.others.values(), key=_KEY)}

    def same_as(self, other: LockFile) -> bool:
        """Whether both say the same, so that nothing need be written."""
        return (
            self.lineages == other.lineages
            and self.extra == other.extra
            and self.others.keys() == other.others.keys()
            and self.attempts.keys() == other.attempts.keys()
            and all(record.raw == other.attempts[token].raw for token, record in self.attempts.items())
        )

    def paid(self) -> LockFile:
        """Only what cost money."""
        new = LockFile()
        new.merge(self, only_paid=True)
        return new

    def tasks(self) -> frozenset[str]:
        """Every task id."""
        return frozenset(task for record in self.attempts.values() for task in tasks_of(record.values))


def join(one: LockFile, other: LockFile) -> LockFile:
    """What two locks say together: commutative, associative, idempotent, and no task id is lost."""
    new = one.copy()
    new.merge(other)
    new.found = min(one.found, other.found)
    new.older = one.older or other.older
    return new


def dumps(lock: LockFile) -> bytes:
    """The bytes of a lock: the first line, then all records in their order."""
    found: dict[str, str] = lock.extra | members(encode(_first_line(lock)))
    lines = [from_members(found)]
    lock.sort()
    records = [*lock.attempts.values(), *lock.others.values()]
    records.sort(key=_KEY)  # two rows in order: one pass
    lines += [record.raw for record in records]
    lines.append(b"")
    return b"\n".join(lines)


def _first_line(lock: LockFile) -> Values:
    values: Values = {"kind": "lock", "version": VERSION}
    if lock.lineages:
        values["lineage"] = lock.lineages[0]
    if len(lock.lineages) > 1:
        values["also"] = list(lock.lineages[1:])
    return values


def loads(data: bytes, *, migrations: Migrations = MIGRATIONS) -> LockFile:
    """Reads a lock. Lines may stand in any order and more than once, as merges leave them. Raises `LockUnusable`."""
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    found = _version(lines)
    if found > VERSION:
        raise LockUnusable(
            f"it is of version {found}, and this sorapipe knows versions up to {VERSION}",
            hint="a newer sorapipe wrote it: `pip install --upgrade sorapipe`",
        )
    for version in range(found, VERSION):
        if version not in migrations:
            raise LockUnusable(f"it is of version {version}, which was never released")
        lines = migrations[version]([line.removesuffix(b"\r") for line in lines])
    lock = _read_lines(lines)
    if found < VERSION:
        lock.found, lock.older = found, data
    return lock


def _read_lines(lines: Lines) -> LockFile:
    lock, seen = LockFile(), False
    for number, line in enumerate(lines, 1):
        if line in _EMPTY:
            continue
        try:
            record = _record(line.removesuffix(b"\r"))
            if record.kind == "lock":
                _read_first_line(lock, record)
                seen = True
            else:
                lock.add(record)
        except Damaged as error:
            raise _unusable(line, number, str(error)) from error
    if not seen:
        raise LockUnusable("its first line is missing: no line says which storyboard it belongs to", 1, _RESTORE)
    return lock


def _record(line: bytes) -> Record:
    record = Record(line, decode(line))
    if record.kind == "attempt":
        _check_attempt(record)
    elif record.kind == "recipe" and RECIPE.match(line):
        record.values = {"kind": "recipe", "digest": record.values["digest"]}  # its text is in the line, once is enough
    return record


def _read_first_line(lock: LockFile, record: Record) -> None:
    values = record.values
    also = values.get("also", [])
    if not isinstance(also, list):
        raise Damaged("`also` is not a list")
    lineages = [one for one in [values.get("lineage"), *also] if one is not None]
    if not all(isinstance(one, str) and _LINEAGE.fullmatch(one) for one in lineages):
        raise Damaged("`lineage` is not a name that sorapipe makes")
    if len(lineages) > MOST_LINEAGES:
        raise Damaged(f"`also` names more than {MOST_LINEAGES} lineages")
    other = LockFile(str(one) for one in lineages)
    other.extra = {name: text for name, text in members(record.raw).items() if name not in _OWN}
    lock.merge(other)


def _check_attempt(record: Record) -> None:
    """What joining needs; the rest is looked at when the facts are asked for."""
    values = record.values
    if not isinstance(values.get("token"), str) or not isinstance(values.get("address"), str):
        raise Damaged("an attempt has no token or no address")
    if values.get("state") not in _STATES:
        raise Damaged(f"`state` is `{values.get('state')}`, which this version does not know")
    tasks_of(values)


def _version(lines: Lines) -> int:
    """The lowest version that a first line names: a merge of two versions is migrated from the older one."""
    versions: list[int] = []
    newest = 0
    for line in lines:
        if b'"kind":"lock"' in line[:4096]:
            try:
                version = decode(line.removesuffix(b"\r")).get("version")
            except Damaged:
                continue
            if isinstance(version, int) and not isinstance(version, bool) and version >= 0:
                versions.append(version)
                newest = max(newest, version)
    return newest if newest > VERSION else min(versions, default=VERSION)


_RESTORE = (
    "take the file back from git (`git checkout -- FILE`), or delete it: "
    "what was made on this machine is built again from its journal"
)


def _unusable(line: bytes, number: int, why: str) -> LockUnusable:
    if line.startswith(_MARKERS):
        return LockUnusable(
            "it holds the marks of a merge conflict",
            number,
            "`sorapipe lock resolve FILE` joins both sides; no line is lost",
        )
    return LockUnusable(f"this line was changed or damaged: {why}", number, _RESTORE)
