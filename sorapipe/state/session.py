"""One run's hold on a storyboard's books: journal first, then the lock; knows nothing of providers or plans."""

from __future__ import annotations

import base64
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from sorapipe.planning.facts import Attempt, CharacterFact, Facts, Waiver
from sorapipe.state import meaning
from sorapipe.state.books import Books, Places, archives, facts_of, told
from sorapipe.state.committed import Committed
from sorapipe.state.files import Files, StateError, place_of, write_atomic
from sorapipe.state.journal import INTERRUPTED, Journal
from sorapipe.state.records import (
    Damaged,
    Json,
    Record,
    Values,
    attempt_values,
    character_record,
    character_values,
    decode,
    encode,
)
from sorapipe.storyboard.model import Handle

ARCHIVE_ABOVE = 32 << 10
"""Bytes of a journal above which it is archived when a run ends."""
WHY_LIMIT = 500
"""Characters of what a provider said that are kept."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Time and chance. `wall` tells seconds since 1970 and decides nothing; `random` gives so many bytes that nobody
    can guess."""

    wall: Callable[[], float] = time.time
    random: Callable[[int], bytes] = os.urandom


def new_token(random: Callable[[int], bytes]) -> str:
    """20 characters of `a` to `z` and `2` to `7`: 100 random bits, not in the order of time."""
    return base64.b32encode(random(13)).decode("ascii").lower()[:20]


class Session:
    """While it is open no other process writes these books. Every method may be called from any thread.

    Raises `StateError` when the disk refuses and `LockUnusable` when somebody broke the lock meanwhile; both leave
    the journal whole.
    """

    def __init__(self, files: Files, places: Places, books: Books, outside: Outside) -> None:
        self.lineage = books.lineages[0]
        self.remarks = tuple(books.remarks)
        self._files = files
        self._places = places
        self._books = books
        self._outside = outside
        self._journal = Journal(files, places.journal(self.lineage), books.story)
        self._lock = Committed(files, places, books)
        self._held = place_of(files, places.run_lock(self.lineage))
        self._dirty: set[str] = set()
        self._guard = threading.RLock()
        self._judge_the_dead()

    # Reading.

    def facts(self) -> Facts:
        """Everything known now, this run included."""
        with self._guard:
            self._bring_over()
            story = self._journal.story
            going = [attempt for token in story.open() if (attempt := story.attempt(token)) is not None]
            whole = self._lock.whole()
        return meaning.with_intents(facts_of(whole, self._places.lock.name), going)

    def request(self, token: str) -> Mapping[str, Json] | None:
        """What was sent for an attempt, where this machine's journal or its archives know it."""
        with self._guard:
            for story in [self._journal.story, *self._books.stories]:
                if token in story.requests:
                    return story.requests[token]
        paths = [path for lineage in self._books.lineages for path in archives(self._files, self._places, lineage)]
        return next((found for path in reversed(paths) if (found := self._archived_request(path, token))), None)

    def _archived_request(self, path: Path, token: str) -> Mapping[str, Json] | None:
        for line in (self._files.read(path) or b"").split(b"\n"):
            if token.encode() in line and b'"kind":"intent"' in line:
                try:
                    request = decode(line).get("request")
                except Damaged:
                    continue
                if isinstance(request, dict):
                    return request
        return None

    def ages(self) -> dict[str, float]:
        """How many seconds ago the intents of attempts were written, by the wall clock, in the order in which they were
        written; of those that this machine sent."""
        with self._guard:
            self._journal.flush()
        found: dict[str, float] = {}
        for lineage in self._books.lineages:
            for path in (*archives(self._files, self._places, lineage), self._places.journal(lineage)):
                for token, at in _intents(self._files.read(path) or b""):
                    found.setdefault(token, self._outside.wall() - at)
        return found

    def strays(self) -> dict[str, str]:
        """Tasks that were paid and of which nobody knows for which shot, for their intent can't be read: the token of
        each."""
        with self._guard:
            stories = [self._journal.story, *self._books.stories]
            return {task: token for story in stories for token, tasks in story.orphans.items() for task in tasks}

    def token(self) -> str:
        """A client token that nobody has used before."""
        with self._guard:
            return new_token(self._outside.random)

    # The journal.

    def intent(self, attempt: Attempt, request: Mapping[str, Json]) -> None:
        """Writes and syncs that `attempt` is about to be sent, with all that is sent (P1 to P3).

        When that fails nothing may be sent, and what was perhaps written is taken back as far as the disk lets us.
        """
        values = attempt_values(attempt) | {"kind": "intent", "request": dict(request), "t": self._now()}
        values.pop("state")
        with self._guard:
            if attempt.token in self._journal.story.attempts or attempt.token in self._lock.paid.attempts:
                raise ValueError(f"BUG: token {attempt.token} is used twice")
            try:
                self._make_sure()
                self._journal.write(values, before="P1", written="P2", synced="P3")
            except StateError:
                self._take_back(attempt.token)
                raise
            self._dirty.add(attempt.token)

    def _make_sure(self) -> None:
        """The state folder is still the one that this run holds: where somebody moved or deleted it nothing of what is
        written there would be found, and another run may be sending the same. Raises `StateError`."""
        held = self._places.run_lock(self.lineage)
        if place_of(self._files, held) != self._held:
            raise StateError("hold", held, "it was deleted or replaced while the run went on")
        self._journal.make_sure()

    def _take_back(self, token: str) -> None:
        self._journal.story.attempts.pop(token, None)
        try:
            self._journal.write({"kind": "void", "token": token, "why": "not sent: the disk refused", "t": self._now()})
        except StateError:
            return

    def submitted(self, token: str, task: str, handle: Handle | None = None) -> None:
        """Writes and syncs the task's id (P7 to P9). `handle`: of a character that was made at once; it stands in the
        same line, for nobody could ask for it again."""
        values: Values = {"kind": "submitted", "token": token, "task": task}
        if handle is not None:
            values["handle"] = _named(handle)
        with self._guard:
            self._journal.make_sure()
        self._write(values, before="P7", written="P8", synced="P9")

    def last_resort(self, token: str, task: str) -> Path | None:
        """Puts a task's id anywhere at all, when the journal can't be written: the state folder, else the folder for
        temporary files. Where it is, or `None`. What lies in the state folder is read with the journal from then on.
        """
        import tempfile

        values: Values = {"kind": "submitted", "token": token, "task": task, "t": self._now()}
        with self._guard:
            self._journal.story.apply(values)
            self._dirty.add(token)
        beside = Path(tempfile.gettempdir()) / f"sorapipe-rescued-{self.lineage}-{token}.jsonl"
        for path in (self._places.rescued(self.lineage), beside):
            try:
                handle = self._files.open(path, private=True)
                try:
                    self._files.append(handle, encode(values) + b"\n")
                    self._files.sync(handle)
                finally:
                    self._files.close(handle)
                self._files.sync_folder(path.parent)
            except StateError:
                continue
            return path
        return None

    def ended(
        self, token: str, *, url: str | None = None, cost: Decimal | None = None, seconds: float | None = None
    ) -> None:
        """Writes that the provider is finished with it (P12). `seconds` is how long it worked: nothing else is
        learned from. `cost` is what it charged, where that is told."""
        values: Values = {"kind": "ended", "token": token}
        if url is not None:
            values["url"] = url
        if cost is not None:
            values["cost"] = format(cost, "f")
        if seconds is not None:
            values["seconds"] = round(seconds, 3)
        self._write(values, written="P12")

    def done(
        self, token: str, *, sha256: str | None, size: int | None, out: str | None, handle: Handle | None = None
    ) -> None:
        """Writes and syncs that the clip is there and right (P19, P20). `handle`: of a character that was made."""
        values = _clip("done", token, sha256, size, out)
        if handle is not None:
            values["handle"] = _named(handle)
        self._write(values, written="P19", synced="P20")

    def suspect(self, token: str, why: str, *, sha256: str | None, size: int | None, out: str | None) -> None:
        """Writes that the clip is there and not what was asked for."""
        self._write(_clip("suspect", token, sha256, size, out) | {"why": why[:WHY_LIMIT]}, synced="")

    def failed(self, token: str, why: str, cost: Decimal | None = None) -> None:
        """Writes that the provider gave up on it, or refused it for certain, and what it `cost` where that is known."""
        told: Values = {} if cost is None else {"cost": format(cost, "f")}
        self._write({"kind": "failed", "token": token, "why": why[:WHY_LIMIT], **told})

    def uncertain(self, token: str, why: str) -> None:
        """Writes that nobody knows whether it was bought."""
        self._side("uncertain", token, why)

    def vanished(self, token: str, why: str) -> None:
        """Writes that the provider no longer knows the task."""
        self._side("vanished", token, why)

    def unavailable(self, token: str, why: str) -> None:
        """Writes that it is finished and paid and its clip can't be had."""
        self._side("unavailable", token, why)

    def void(self, token: str, why: str) -> None:
        """Writes that nothing was bought: the attempt never was. Only of an intent of this run, which no lock holds."""
        self._side("void", token, why)

    def record(self, attempt: Attempt) -> None:
        """Writes an attempt as a whole: a take that was moved, made for a neighbour, or adopted. Synced."""
        self._write(attempt_values(attempt) | {"kind": "attempt"}, synced="")

    def character(self, fact: CharacterFact) -> None:
        """Writes that a character exists. Synced."""
        with self._guard:
            self._journal.write(character_values(fact), synced="")
            self._lock.add(character_record(fact))

    def _side(self, kind: str, token: str, why: str) -> None:
        self._write({"kind": kind, "token": token, "why": why[:WHY_LIMIT]})

    def _write(self, values: Values, *, before: str = "", written: str = "", synced: str | None = None) -> None:
        token = str(values["token"])
        if values["kind"] != "attempt":
            values["t"] = self._now()
        with self._guard:
            self._adopt_story(token)
            self._journal.write(values, before=before, written=written, synced=synced)
            self._dirty.add(token)
            for fact in self._journal.story.characters:
                self._lock.add(character_record(fact))
            self._journal.story.characters.clear()

    def _adopt_story(self, token: str) -> None:
        """An attempt that only the lock knows, from another machine or an archive, gets a story here to go on with."""
        story, record = self._journal.story, self._lock.paid.attempts.get(token)
        if token in story.attempts or record is None:
            return
        values: Values = dict(record.values) | {"kind": "attempt"}
        self._journal.write(values)

    def _now(self) -> float:
        return round(self._outside.wall(), 3)

    def _judge_the_dead(self) -> None:
        """Writes down that intents of runs before this one are uncertain, so that they are not taken for ours."""
        for token in self._books.judged:
            if token in self._journal.story.attempts:
                self._side("uncertain", token, INTERRUPTED)

    def _bring_over(self) -> None:
        """Takes what the journal was told since the last time into the lock that is to be written."""
        for record in told(self._lock.paid, self._journal.story, self._dirty):
            self._lock.add(record)
        self._dirty.clear()

    # Choices.

    def remember(self, recipes: Mapping[str, str]) -> None:
        """Canonical JSON of recipes by digest, for the lock: only of what this run sends or records."""
        known = meaning.recipe_digests(self._lock.whole())
        for digest, text in recipes.items():
            if digest not in known:
                self._lock.add(meaning.recipe_record(digest, text))

    def pick(self, address: str, token: str | None, take: int | None = None) -> None:
        """Chooses the take of a shot that is in the film; no token takes the choice back."""
        values: Values = {"kind": "pick", "address": address}
        if token is not None:
            values |= {"token": token, "take": take}
        old = self._live("pick", address)
        if [record.values.get("token") for record in old] != ([token] if old or token else []):
            self._lock.add(meaning.choice(values, old))

    def no_good(self, address: str, token: str, take: int, *, on: bool = True) -> None:
        """Marks a take as no good, or takes that back."""
        self._switch({"kind": "ng", "address": address, "token": token, "take": take}, token, on)

    def consent(self, address: str, token: str, take: int, *, on: bool = True) -> None:
        """Writes down that a person knows an attempt may have been paid and wants it sent again."""
        self._switch({"kind": "consent", "address": address, "token": token, "take": take}, token, on)

    def _switch(self, values: Values, about: str, on: bool) -> None:
        old = self._live(str(values["kind"]), about)
        now = any(record.values.get("on") is not False for record in old)
        if now != on:
            self._lock.add(meaning.choice(values if on else values | {"on": False}, old))

    def not_bought(self, address: str, token: str, take: int, why: str) -> None:
        """Writes down that nothing was bought by an uncertain attempt: it may be sent again and costs nothing."""
        values: Values = {"kind": "consent", "address": address, "token": token, "take": take}
        values |= {"bought": False, "because": why[:WHY_LIMIT]}
        self._lock.add(meaning.choice(values, self._live("consent", token)))

    def note(self, address: str, token: str, take: int, text: str) -> None:
        """Adds a note to a take; an empty text takes all its notes back."""
        values: Values = {"kind": "note", "address": address, "token": token, "take": take, "text": text}
        old = self._live("note", token)
        if not text and not any(record.values.get("text") for record in old):
            return
        self._lock.add(meaning.choice(values, (r for r in old if not text or not r.values.get("text"))))

    def waive(self, waiver: Waiver) -> None:
        """Accepts a clip as it is, for this recipe and these inputs."""
        values: Values = {"kind": "waiver", "address": waiver.address, "recipe": waiver.recipe}
        values |= {"inputs": dict(waiver.inputs), "because": waiver.because}
        self._lock.add(meaning.choice(values, self._live("waiver", waiver.address)))

    def unwaive(self, address: str) -> bool:
        """Takes back that a clip was accepted. Whether it was."""
        old = self._live("waiver", address)
        stood = any(record.values.get("on") is not False for record in old)
        if stood:
            self._lock.add(meaning.choice({"kind": "waiver", "address": address, "on": False}, old))
        return stood

    def _live(self, kind: str, about: str) -> list[Record]:
        return meaning.live(self._lock.whole(), kind, about)

    # The lock.

    def make_ready(self) -> None:
        """Finds out whether the lock could be written, before there is anything paid to be written. Raises
        `StateError`."""
        self._lock.make_ready()

    def save(self) -> bool:
        """Brings the lock up to date, joined with what lies there now (P21 to P24); writes nothing when nothing is
        new. Whether it wrote."""
        with self._guard:
            self._bring_over()
        return self._lock.save()

    def close(self) -> None:
        """Syncs the journal, saves the lock, and archives a journal that has grown (P25)."""
        with self._guard:
            try:
                self._journal.close()
            finally:
                self.save()
            if self._journal.length > ARCHIVE_ABOVE and not self._journal.story.open():
                saved = self._places.saved(self.lineage)
                write_atomic(self._files, saved, self._lock.bytes(), private=True)
                self._journal.story.forget(self._lock.whole().tasks())
                self._journal.archive(self._places.archive, self.lineage)


def _named(handle: Handle) -> dict[str, Json]:
    named = {"id": handle.id, "username": handle.username}
    return {name: value for name, value in named.items() if value is not None}


def intents(data: bytes) -> set[str]:
    """The tokens of which a journal holds what was sent."""
    return {token for token, _ in _intents(data)}


def _intents(data: bytes) -> Iterator[tuple[str, float]]:
    """The tokens of a journal's intents, and when they were written."""
    for line in data.split(b"\n"):
        if b'"kind":"intent"' in line:
            try:
                values = decode(line)
            except Damaged:
                continue
            match values:
                case {"kind": "intent", "token": str() as token, "t": int() | float() as at}:
                    yield token, float(at)


def _clip(kind: str, token: str, sha256: str | None, size: int | None, out: str | None) -> Values:
    values: Values = {"kind": kind, "token": token, "sha256": sha256, "bytes": size, "out": out}
    return {name: value for name, value in values.items() if value is not None}
