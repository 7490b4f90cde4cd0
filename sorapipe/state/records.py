"""One record, one line that checks itself, and back; knows nothing of files and of what records mean together.

A line is a JSON object without spaces, its members sorted, the last one `"~"`: the first 8 hex digits of the sha256
of the bytes before its comma. Lock, journal and index are made of such lines.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from sorapipe.planning.facts import Attempt, AttemptState, CharacterFact
from sorapipe.state.renders import sound
from sorapipe.storyboard.model import Handle

Json = None | str | int | float | bool | list["Json"] | dict[str, "Json"]
Values = dict[str, Json]

_TAIL = 16
"""Bytes of `,"~":"01234567"}`."""
_NEAR = 30
_LONGEST_AMOUNT = 60
"""Written out, `1E+999999999` would fill the memory."""
_MOST_TAKES = 1_000_000
_MOST_BYTES = 2**63
_LONGEST_WORD = 4000
_ADDRESS = re.compile(r"@?[a-z0-9][a-z0-9_-]*(\[[A-Za-z0-9_=,-]+\])?")
_TASK_ID = re.compile(r"[A-Za-z0-9._:-]{1,200}")
RECIPE = re.compile(rb'^\{"digest":"([0-9a-f]{64})","kind":"recipe","recipe":(\{.*\}),"~":"[0-9a-f]{8}"\}$')
"""The line of a recipe as this program writes it: its digest, its text."""
_TASK = frozenset({"task", "tasks"})
_decode = json.JSONDecoder().raw_decode
_SPACE = " \t\r\n"
_STATES = {state.value: state for state in AttemptState}


class Damaged(ValueError):
    """A line does not say what its writer wrote; the text says how that shows."""


class Record:
    """One line of a lock. `raw` is the line without its end, kept byte for byte; `key` is its place among others."""

    __slots__ = ("key", "kind", "raw", "values")

    def __init__(self, raw: bytes, values: Values) -> None:
        kind, address = values.get("kind"), values.get("address", values.get("name"))
        take, token = values.get("take"), values.get("token")
        self.raw = raw
        self.values = values
        self.kind = kind if isinstance(kind, str) else ""
        self.key = (
            self.kind,
            address if isinstance(address, str) else "",
            take if isinstance(take, int) else 0,
            token if isinstance(token, str) else "",
            raw,
        )

    @property
    def check(self) -> str:
        """The digest by which `over` names this line."""
        return self.raw[-10:-2].decode("ascii")


def seal(body: bytes) -> bytes:
    """Ends an object that lacks its closing brace with the digest of all before."""
    return b'%b,"~":"%b"}' % (body, hashlib.sha256(body).hexdigest()[:8].encode())


def encode(values: Mapping[str, object]) -> bytes:
    """The line of a record, without the line break. Lone surrogates become `?`, for a file is UTF-8."""
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return seal(text[:-1].encode("utf-8", "replace"))


def is_whole(line: bytes) -> bool:
    """Whether a line was written to its end, sound or not: it closes with a digest."""
    return line[-_TAIL:][:6] == b',"~":"' and line[-2:] == b'"}'


def decode(line: bytes) -> Values:
    """The members of a line, the digest left out. Raises `Damaged`."""
    check, body = line[-_TAIL:], line[:-_TAIL]
    if not is_whole(line):
        raise Damaged("it does not end with its digest")
    if hashlib.sha256(body).hexdigest()[:8].encode() != check[6:14]:
        raise Damaged("its digest is another than that of its text")
    try:
        text = body.decode() + "}"
        values, end = _decode(text)
    except (ValueError, RecursionError) as error:
        raise Damaged("it is not JSON") from error
    if not isinstance(values, dict) or end != len(text):
        raise Damaged("it is not one JSON object")
    return values


def members(line: bytes) -> dict[str, str]:
    """The members of a sound line as they are written, byte for byte, the digest left out."""
    text = line[:-_TAIL].decode() + "}"
    found: dict[str, str] = {}
    at = _skip(text, 1)
    while text[at] != "}":
        name, end = _decode(text, at)
        start = _skip(text, _skip(text, end) + 1)
        _, stop = _decode(text, start)
        found[name] = text[start:stop]
        at = _skip(text, stop)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def from_members(found: Mapping[str, str]) -> bytes:
    """The line of members that are already written; the inverse of `members`."""
    pairs = (f"{json.dumps(name, ensure_ascii=False)}:{found[name]}" for name in sorted(found))
    return seal(("{" + ",".join(pairs)).encode())


def _skip(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at


# Attempts and their lines.


def attempt_values(attempt: Attempt) -> Values:
    """The members of an attempt; what is not known is left out."""
    values: Values = {
        "kind": "attempt",
        "address": attempt.address,
        "take": attempt.take,
        "token": attempt.token,
        "recipe": attempt.recipe,
        "provider": attempt.provider,
        "model": attempt.model,
        "state": attempt.state.value,
    }
    if attempt.inputs:
        values["inputs"] = dict(attempt.inputs)
    if len(attempt.tasks) == 1:
        values["task"] = attempt.tasks[0]
    elif attempt.tasks:
        values["tasks"] = [*sorted(attempt.tasks)]
    if attempt.cost is not None:
        values["cost"] = format(attempt.cost, "f")
    if attempt.price is not None and attempt.price != attempt.cost:
        values["price"] = format(attempt.price, "f")
    if attempt.size is not None:
        values["bytes"] = attempt.size
    if attempt.rehearsal:
        values["rehearsal"] = True
    for name in ("account", "currency", "sha256", "out", "why"):
        value = getattr(attempt, name)
        if value is not None:
            values[name] = value
    return values


ATTEMPT_MEMBERS = frozenset({
    "account", "address", "bytes", "cost", "currency", "inputs", "kind", "model", "out", "price", "provider",
    "recipe", "rehearsal", "sha256", "state", "take", "task", "tasks", "token", "why",
})  # fmt: skip


def attempt_of(values: Values) -> Attempt:
    """The attempt that a line tells of. Raises `Damaged` naming the member that is not what it should be."""
    state = _STATES.get(_text(values, "state"))
    if state is None:
        raise Damaged(f"`state` is `{values.get('state')}`, which nobody knows")
    return Attempt(
        _word(values, "token"),
        _address(values),
        _number(values, "take", _MOST_TAKES) or 0,
        _word(values, "recipe"),
        _word(values, "provider"),
        _word(values, "model"),
        state,
        inputs_of(values),
        _maybe_word(values, "account"),
        _usable(tasks_of(values)),
        decimal_of(values, "cost"),
        _maybe_word(values, "currency"),
        _maybe_word(values, "sha256"),
        _number(values, "bytes"),
        _out(values),
        values.get("rehearsal") is True,
        _maybe(values, "why"),
        decimal_of(values, "price"),
    )


def tasks_of(values: Values) -> tuple[str, ...]:
    """The task ids of an attempt, sorted. Raises `Damaged`."""
    task = values.get("task")
    if isinstance(task, str) and "tasks" not in values:
        return (task,)
    if task is None and "tasks" not in values:
        return ()
    several = values.get("tasks", [])
    tasks = (several if isinstance(several, list) else [several]) + ([] if task is None else [task])
    if not all(isinstance(one, str) for one in tasks):
        raise Damaged("a task id is not a text")
    return tuple(sorted({str(one) for one in tasks}))


def inputs_of(values: Values) -> tuple[tuple[str, str], ...]:
    """Address and sha256 of each clip that was used, sorted. Raises `Damaged`."""
    inputs = values.get("inputs")
    if inputs is None:
        return ()
    if not isinstance(inputs, dict) or not all(isinstance(one, str) for one in inputs.values()):
        raise Damaged("`inputs` is not a mapping from addresses to digests")
    return tuple(sorted((name, str(digest)) for name, digest in inputs.items()))


def decimal_of(values: Values, name: str) -> Decimal | None:
    """An amount that is not negative, written as text. Raises `Damaged`."""
    text = _maybe(values, name)
    if text is None:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise Damaged(f"`{name}` is not an amount") from None
    near = amount.is_finite() and -_NEAR < amount.adjusted() < _NEAR and len(text) < _LONGEST_AMOUNT
    if not near or amount < 0:
        raise Damaged(f"`{name}` is not an amount")
    return amount


def character_values(fact: CharacterFact) -> Values:
    """The members of a character; what is not known is left out."""
    handle: Values = {}
    if fact.handle.id is not None:
        handle["id"] = fact.handle.id
    if fact.handle.username is not None:
        handle["username"] = fact.handle.username
    values: Values = {"kind": "character", "name": fact.name, "recipe": fact.recipe, "provider": fact.provider}
    values["handle"] = handle
    if fact.account is not None:
        values["account"] = fact.account
    if fact.task is not None:
        values["task"] = fact.task
    return values


def character_record(fact: CharacterFact) -> Record:
    """The line of a character."""
    values = character_values(fact)
    return Record(encode(values), values)


def character_of(values: Values) -> CharacterFact:
    """The character that a line tells of. Raises `Damaged`."""
    name, recipe, provider = (_word(values, member) for member in ("name", "recipe", "provider"))
    account, task = _maybe_word(values, "account"), _maybe_word(values, "task")
    return CharacterFact(name, recipe, provider, account, handle_of(values), task)


def handle_of(values: Values) -> Handle:
    """The handle of a character. Raises `Damaged`."""
    handle = values.get("handle", {})
    if not isinstance(handle, dict):
        raise Damaged("`handle` is not a mapping")
    return Handle(_maybe_word(handle, "id"), _maybe_word(handle, "username"))


def join_attempts(one: Record, other: Record) -> Record:
    """What two lines of one token say together: the higher state, at equal state the greater line, all task ids.

    Task ids stand aside while the lines are compared, so that the order in which lines are joined means nothing.
    """
    if one.raw == other.raw:
        return one
    ranks = _rank(one), _rank(other)
    if ranks[0] != ranks[1] and tasks_of(one.values) == tasks_of(other.values):  # as nearly all are while a run goes on
        return one if ranks[0] > ranks[1] else other
    best = max(_without_tasks(one), _without_tasks(other), key=lambda found: (found[0], from_members(found[1])))[1]
    tasks = sorted({*tasks_of(one.values), *tasks_of(other.values)})
    if len(tasks) == 1:
        best["task"] = json.dumps(tasks[0], ensure_ascii=False)
    elif tasks:
        best["tasks"] = json.dumps(tasks, ensure_ascii=False, separators=(",", ":"))
    return record_of(from_members(best))


def _without_tasks(record: Record) -> tuple[int, dict[str, str]]:
    rest = {name: text for name, text in members(record.raw).items() if name not in _TASK}
    return _rank(record), rest


def _rank(record: Record) -> int:
    state = _STATES.get(str(record.values.get("state")))
    return -1 if state is None else state.rank


def attempt_record(attempt: Attempt, old: Record | None = None) -> Record:
    """The line of an attempt, with the members of the line before that this version does not know."""
    values = attempt_values(attempt)
    line = encode(values)
    if old is not None and not old.values.keys() <= ATTEMPT_MEMBERS:
        unknown = {name: text for name, text in members(old.raw).items() if name not in ATTEMPT_MEMBERS}
        line = from_members(members(line) | unknown)
        return record_of(line)
    return Record(line, values)


def record_of(line: bytes) -> Record:
    """The record of a line. Raises `Damaged`."""
    return Record(line, decode(line))


def _text(values: Values, name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str):
        raise Damaged(f"`{name}` is not a text")
    return value


def _maybe(values: Values, name: str) -> str | None:
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise Damaged(f"`{name}` is not a text")
    return value


def _word(values: Values, name: str) -> str:
    """A text that is shown, sent or part of a name: nothing in it can be a line or a command to a terminal."""
    return _sound_word(name, _text(values, name))


def _address(values: Values) -> str:
    """A shot's or a character's: it becomes the beginning of a file name."""
    address = _text(values, "address")
    if len(address) > _LONGEST_WORD or not _ADDRESS.fullmatch(address):
        raise Damaged("`address` is not one of a shot or a character")
    return address


def _maybe_word(values: Values, name: str) -> str | None:
    value = _maybe(values, name)
    return None if value is None else _sound_word(name, value)


def _sound_word(name: str, text: str) -> str:
    if len(text) > _LONGEST_WORD or not text.isprintable():
        raise Damaged(f"`{name}` holds signs that sorapipe never writes there")
    return text


def _usable(tasks: tuple[str, ...]) -> tuple[str, ...]:
    """Task ids as providers give them: they become parts of URLs."""
    if not all(_TASK_ID.fullmatch(task) and task.strip(".") for task in tasks):
        raise Damaged("a task id is not one that a provider gives")
    return tasks


def _out(values: Values) -> str | None:
    out = _maybe(values, "out")
    if out is not None and not sound(out):
        raise Damaged("`out` is not the path of a clip")
    return out


def _number(values: Values, name: str, most: int = _MOST_BYTES) -> int | None:
    value = values.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise Damaged(f"`{name}` is not a count")
    return value
