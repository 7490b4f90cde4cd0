"""The write-ahead log of one storyboard on this machine: lines to attempts, appended and synced; knows no lock file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from sorapipe.planning.facts import Attempt, AttemptState, CharacterFact
from sorapipe.state.files import Files, Handle, StateError, place_of
from sorapipe.state.records import (
    ATTEMPT_MEMBERS,
    Damaged,
    Json,
    Values,
    attempt_of,
    character_of,
    decimal_of,
    decode,
    encode,
    handle_of,
    is_whole,
    join_attempts,
    record_of,
    tasks_of,
)

VERSION = 1
LEARNED = 200
"""How many durations are carried into a new journal."""
INTERRUPTED = "the run ended while it was being sent, before an answer was written down"

_RANK = {state.value: state.rank for state in AttemptState}
_SIDE_STATES = frozenset({"failed", "uncertain", "vanished", "unavailable", "suspect", "done"})
_SETTLED = frozenset({"done", "failed"})
_FOUND = ("sha256", "bytes", "out")


class JournalUnusable(Exception):
    """A newer sorapipe wrote the journal."""


@dataclass(frozen=True, slots=True)
class Duration:
    """How many seconds a provider worked on one clip. `clip` is how many seconds of clip were ordered, where known."""

    provider: str
    model: str
    seconds: float
    clip: int | None = None


@dataclass(slots=True)
class Story:
    """What a journal tells, line after line. States only grow and task ids are never forgotten.

    `attempts` are members as in the lock, by token. `orphans` are tasks whose intent can't be read. `damage` are
    line numbers and what is wrong with them. `end` is where the last sound line ends, `torn` says that more follows.
    """

    attempts: dict[str, Values] = field(default_factory=dict)
    requests: dict[str, Mapping[str, Json]] = field(default_factory=dict)
    durations: list[Duration] = field(default_factory=list)
    characters: list[CharacterFact] = field(default_factory=list)
    orphans: dict[str, list[str]] = field(default_factory=dict)
    damage: dict[int, tuple[int, str]] = field(default_factory=dict)
    end: int = 0
    torn: bool = False

    def attempt(self, token: str) -> Attempt | None:
        """The attempt of a token, `None` when there is none or it was void."""
        values = self.attempts.get(token)
        return None if values is None else attempt_of(values)

    def open(self) -> list[str]:
        """Tokens of intents without an answer, in the order they were written."""
        return [token for token, values in self.attempts.items() if values["state"] == AttemptState.INTENT.value]

    def judge(self, token: str, why: str = INTERRUPTED) -> None:
        """An intent whose run is over: nobody knows whether it was bought."""
        self.apply({"kind": "uncertain", "token": token, "why": why})

    def forget(self, tasks: Collection[str]) -> None:
        """Tasks that are known elsewhere are no orphans: their attempt is in the lock, or in an archive."""
        left = {token: [task for task in ours if task not in tasks] for token, ours in self.orphans.items()}
        self.orphans = {token: ours for token, ours in left.items() if ours}

    def apply(self, values: Values) -> None:
        """Takes in one line. Kinds that nobody knows are passed over. Raises `Damaged`, `JournalUnusable`."""
        kind = values.get("kind")
        if kind in {"intent", "attempt"}:
            self._begin(values, kind == "attempt")
        elif kind == "submitted":
            self._submitted(values)
        elif kind == "ended":
            self._ended(values)
        elif kind == "void":
            self._void(values)
        elif kind in _SIDE_STATES:
            self._state(values, str(kind))
        elif kind == "character":
            self.characters.append(character_of(values))
        elif kind == "learned":
            self._learn(values)
        elif kind == "torn":
            self._known_damage(values)
        elif kind == "journal" and values.get("version") != VERSION:
            raise JournalUnusable(
                f"it is of version {values.get('version')}, and this sorapipe knows version {VERSION}"
            )

    def _begin(self, values: Values, whole: bool) -> None:
        known = {name: value for name, value in values.items() if name in ATTEMPT_MEMBERS}
        known |= {"kind": "attempt"} if whole else {"kind": "attempt", "state": AttemptState.INTENT.value}
        token = attempt_of(known).token
        old = self.attempts.get(token)
        if old is not None:
            if not whole:
                return
            known = join_attempts(record_of(encode(old)), record_of(encode(known))).values
        self.attempts[token] = known
        for task in self.orphans.pop(token, []):
            self._add_task(known, task)
        request = values.get("request")
        if isinstance(request, dict):
            self.requests[token] = request

    def _submitted(self, values: Values) -> None:
        token, task = _token(values), values.get("task")
        if not isinstance(task, str):
            raise Damaged("a task id is missing")
        attempt = self.attempts.get(token)
        if attempt is None:
            self.orphans.setdefault(token, []).append(task)
            return
        self._add_task(attempt, task)
        if "handle" in values:  # a character that was made at once
            self._state(values, AttemptState.DONE.value)

    def _add_task(self, attempt: Values, task: str) -> None:
        tasks = sorted({*tasks_of(attempt), task})
        attempt.pop("task", None)
        attempt.pop("tasks", None)
        attempt |= {"task": task} if len(tasks) == 1 else {"tasks": [*tasks]}
        self._raise(attempt, AttemptState.SUBMITTED.value, None)

    def _raise(self, attempt: Values, state: str, why: Json) -> bool:
        if _RANK[state] < _RANK[str(attempt["state"])]:
            return False
        attempt["state"] = state
        attempt.pop("why", None)
        if isinstance(why, str):
            attempt["why"] = why
        return True

    def _ended(self, values: Values) -> None:
        token = _token(values)
        seconds, cost = values.get("seconds"), decimal_of(values, "cost")
        attempt = self.attempts.get(token)
        if attempt is None:
            return
        if cost is not None:
            _charge(attempt, values["cost"])
        if isinstance(seconds, int | float) and not str(attempt["address"]).startswith("@"):
            clip = self.requests.get(token, {}).get("seconds")
            known = clip if isinstance(clip, int) and not isinstance(clip, bool) else None
            self.durations.append(Duration(str(attempt["provider"]), str(attempt["model"]), float(seconds), known))

    def _state(self, values: Values, state: str) -> None:
        attempt = self.attempts.get(_token(values))
        if attempt is None or not self._raise(attempt, state, values.get("why")):
            return
        for name in _FOUND:
            if values.get(name) is not None:
                attempt[name] = values[name]
        if decimal_of(values, "cost") is not None:
            _charge(attempt, values["cost"])
        if state == "done" and "handle" in values:
            fact = attempt_of(attempt)
            task = fact.tasks[0] if fact.tasks else None
            name = fact.address.removeprefix("@")
            made = CharacterFact(name, fact.recipe, fact.provider, fact.account, handle_of(values), task)
            if made not in self.characters:
                self.characters.append(made)

    def _void(self, values: Values) -> None:
        """Certainly nothing was bought. Never believed of an attempt that has a task."""
        token = _token(values)
        attempt = self.attempts.get(token)
        if attempt is None:
            return
        if tasks_of(attempt) or _RANK[str(attempt["state"])] > AttemptState.UNCERTAIN.rank:
            raise Damaged("it calls an attempt void that has a task")
        del self.attempts[token]

    def _learn(self, values: Values) -> None:
        for one in cast(list[Json], values.get("durations")) if isinstance(values.get("durations"), list) else []:
            match one:
                case [str(provider), str(model), int() | float() as seconds]:
                    self.durations.append(Duration(provider, model, float(seconds)))
                case [str(provider), str(model), int() | float() as seconds, int() as clip]:
                    self.durations.append(Duration(provider, model, float(seconds), clip))
                case _:
                    raise Damaged("a duration is not what it should be")

    def _known_damage(self, values: Values) -> None:
        """The remains of a write that was cut off, found and closed by a later run."""
        at = values.get("at")
        if isinstance(at, int):
            self.damage = {number: found for number, found in self.damage.items() if found[0] < at}


def replay(data: bytes, story: Story | None = None) -> Story:
    """Folds a whole journal. Only a torn last line counts as never written; other damage is kept in `damage`.

    Raises `JournalUnusable`.
    """
    story = story or Story()
    *lines, tail = data.split(b"\n")
    at = story.end = 0
    for number, line in enumerate(lines, 1):
        if line:
            try:
                story.apply(decode(line))
                story.end = at + len(line) + 1
            except Damaged as error:
                story.damage[number] = (at, str(error))
        at += len(line) + 1
    story.torn = story.end < len(data)
    if tail:
        with suppress(Damaged):  # then it was never written
            story.apply(decode(tail))
    _forgive(data, story)
    return story


def _forgive(data: bytes, story: Story) -> None:
    """A cut-off line is no damage when all that follows is the beginning of the record that was to close it: both
    were the last thing that was being written, once and when a later run went on there."""
    first, _, rest = data[story.end :].partition(b"\n")
    if not is_whole(first) and encode({"kind": "torn", "at": story.end}).startswith(rest):
        story.damage = {number: found for number, found in story.damage.items() if found[0] != story.end}


def _learned(one: Duration) -> list[Json]:
    return [one.provider, one.model, one.seconds, *([] if one.clip is None else [one.clip])]


def _charge(attempt: Values, cost: Json) -> None:
    """The provider told what an attempt cost; what the plan had said stays known where that was something else."""
    planned = attempt.get("price", attempt.get("cost"))
    attempt["cost"] = cost
    if planned is not None and decimal_of({"cost": planned}, "cost") != decimal_of({"cost": cost}, "cost"):
        attempt["price"] = planned
    else:
        attempt.pop("price", None)


def _token(values: Values) -> str:
    token = values.get("token")
    if not isinstance(token, str):
        raise Damaged("a token is missing")
    return token


class Journal:
    """A journal that is written. Opens nothing before the first line. Not for several threads at once.

    Every method raises `StateError`.
    """

    def __init__(self, files: Files, path: Path, story: Story) -> None:
        self.path = path
        self.story = story
        self._files = files
        self._handle: Handle | None = None
        self._place: tuple[int, int] | None = None
        self._torn = story.torn
        self._unsynced = False
        self._length = self._synced = story.end

    @property
    def length(self) -> int:
        """Bytes, remains of torn lines excepted."""
        return self._length

    def write(self, values: Values, *, before: str = "", written: str = "", synced: str | None = None) -> None:
        """Appends a line and takes it in. Where `synced` is given (a point's name, perhaps empty) it is on the disk
        on return; else it shares a later sync."""
        goes_on = self._handle is None and self._length > 0
        handle = self._open()
        line = encode(values) + b"\n"
        if goes_on:
            line = b"\n" + line  # of what an earlier run left behind the last bytes may never reach the disk
        if self._torn:
            remains = encode({"kind": "torn", "at": self._length})
            self._length = self._files.size(self.path) or 0
            line = b"\n" + remains + b"\n" + line
        self._torn = True
        self._unsynced = True
        self._files.append(handle, line, before, written)
        self._torn = False
        self._length += len(line)
        self.story.apply(values)
        if synced is not None:
            self._sync(handle, synced)

    def make_sure(self) -> None:
        """Finds out whether what is written will be found again. Raises `StateError` where somebody has taken the file
        away, or put another in its place: then another run may hold the storyboard, too."""
        if self._handle is not None and place_of(self._files, self.path) != self._place:
            raise StateError("write to", self.path, "it was deleted or replaced while the run went on")

    def flush(self) -> None:
        """Syncs what was appended since the last sync."""
        if self._handle is not None and self._unsynced:
            self._sync(self._handle)

    def _sync(self, handle: Handle, after: str = "") -> None:
        """After a sync that was refused nobody knows what of these lines will be on the disk, and no later sync tells:
        what follows begins anew, as behind a line that was cut off."""
        try:
            self._files.sync(handle, after=after)
        except StateError:
            self._torn, self._length = True, self._synced
            raise
        self._unsynced, self._synced = False, self._length

    def close(self) -> None:
        """Syncs and closes."""
        handle, self._handle = self._handle, None
        if handle is not None:
            try:
                if self._unsynced:
                    self._sync(handle)
            finally:
                self._files.close(handle)

    def archive(self, folder: Path, name: str) -> bool:
        """Moves all that is settled into a numbered file that is never deleted, and begins a new journal with the
        rest (P25). The lock must hold everything by now. `False`: too much is still going on for it to be worth it.
        """
        self.close()
        data = self._files.read(self.path) or b""
        rest = b"".join(line + b"\n" for line in self._carried(data))
        if len(rest) * 2 > len(data) or self.story.orphans:
            return False
        self._files.make_folder(folder, private=True)
        beside = self.path.with_name(f".{self.path.name}.new")
        handle = self._files.open(beside, keep=0, private=True)
        try:
            self._files.append(handle, rest)
            self._files.sync(handle)
        finally:
            self._files.close(handle)
        number = len(self._files.names(folder)) + 1
        while not self._files.put_new(self.path, folder / f"{name}-{number:04}.jsonl"):
            number += 1
        self._files.sync_folder(folder)
        self._files.replace(beside, self.path, after="P25")
        self._files.sync_folder(self.path.parent)
        self._torn, self._length, self._synced = False, len(rest), len(rest)
        return True

    def _carried(self, data: bytes) -> Iterable[bytes]:
        story = self.story
        yield _FIRST
        if story.durations:
            yield encode({"kind": "learned", "durations": [_learned(one) for one in story.durations[-LEARNED:]]})
        going = {token for token, values in story.attempts.items() if values["state"] not in _SETTLED}
        going |= story.orphans.keys()
        for line in data.split(b"\n"):
            try:
                if line and decode(line).get("token") in going:
                    yield line
            except Damaged:
                continue

    def _open(self) -> Handle:
        if self._handle is None:
            self._files.make_folder(self.path.parent, private=True)
            handle = self._files.open(self.path, private=True)
            try:
                if self._length == 0 and not self._torn:
                    self._torn = True
                    self._files.append(handle, _FIRST + b"\n")
                    self._torn = False
                    self._length = len(_FIRST) + 1
                self._files.sync_folder(self.path.parent)
            except StateError:
                self._files.close(handle)
                raise
            self._handle, self._place = handle, place_of(self._files, self.path)
        return self._handle


_FIRST = encode({"kind": "journal", "version": VERSION})
