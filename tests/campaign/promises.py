"""Promises 1 to 7, held against the ledger and the files: reads lock and journal as a stranger, by none of our code."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from campaign.film import CHARACTERS, TAKES, Stage
from campaign.server import Charge

Line = dict[str, Any]
INTENT_SLACK = 0.002
"""Seconds by which two clocks that count milliseconds may be apart."""


@dataclass
class Known:
    """What the client's files say: attempts of the lock by token, and the lines of all journals in order."""

    lock: dict[str, Line] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    choices: list[Line] = field(default_factory=list)

    @property
    def tasks(self) -> frozenset[str]:
        """Every task id."""
        return frozenset(task for line in (*self.lock.values(), *self.lines) for task in tasks_of(line))

    @property
    def intents(self) -> dict[str, Line]:
        """By token."""
        return {line["token"]: line for line in self.lines if line["kind"] == "intent"}

    def uncertain(self) -> dict[str, Line]:
        """Attempts without a task that the lock calls uncertain, by token."""
        return {token: line for token, line in self.lock.items() if line["state"] == "uncertain" and not tasks_of(line)}

    def given_up(self, token: str) -> bool:
        """Whether a person has agreed to send it again."""
        return any(line["kind"] == "consent" and line.get("token") == token for line in self.choices)


def read(stage: Stage) -> Known:
    """Reads lock, journals, archives and what was rescued."""
    known = Known()
    if stage.lock.exists():
        for line in _lines(stage.lock):
            if line["kind"] == "attempt":
                known.lock[line["token"]] = line
            elif line["kind"] == "consent":
                known.choices.append(line)
    journals = stage.state / "journals"
    for path in [*sorted((journals / "archive").glob("*.jsonl")), *sorted(journals.glob("*.jsonl"))]:
        known.lines += _lines(path)
    return known


def _lines(path: Path) -> list[Line]:
    found = []
    for line in path.read_bytes().split(b"\n"):
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return [line for line in found if isinstance(line, dict) and "kind" in line]


def tasks_of(line: Line) -> list[str]:
    """The task ids of a line; in the older lock of our own making it is called a job."""
    return [*line.get("tasks", []), *(line[name] for name in ("task", "job") if name in line)]


def broken(stage: Stage, charges: Sequence[Charge], known: Known, *, recovered: bool) -> list[str]:
    """The promises that don't hold, in words. `recovered`: a run has come to its end since the last kill."""
    return [
        *_sent_once(charges),
        *_nothing_lost(charges, known, recovered=recovered),
        *_done_is_done(stage, known),
        *_intent_first(charges, known),
        *_inputs_first(known),
        *_key_stays(stage),
    ]


def _sent_once(charges: Sequence[Charge]) -> list[str]:
    """Promise 1."""
    tokens = Counter(charge.token for charge in charges if charge.token is not None)
    return [f"1: token {token} was charged {times} times" for token, times in tokens.items() if times > 1]


def _nothing_lost(charges: Sequence[Charge], known: Known, *, recovered: bool) -> list[str]:
    """Promise 2. Before a run has looked at it an intent without an answer is what will be uncertain."""
    open_now = set(known.uncertain() if recovered else known.intents)
    said = []
    for charge in charges:
        if charge.answered in known.tasks:
            continue
        token = charge.token or _of_character(charge, known, open_now)
        if token not in open_now:
            said.append(f"2: task {charge.task} (token {charge.token}) was paid and nobody knows it")
        open_now.discard(token or "")
    return said


def _of_character(charge: Charge, known: Known, tokens: set[str]) -> str | None:
    """The token of a character's create that carries none: the intent of which character it was."""
    address = character_of(charge)
    attempts = {**known.intents, **known.lock}
    return next((token for token in sorted(tokens) if attempts[token]["address"] == address), None)


def character_of(charge: Charge) -> str:
    """Which character an order without a token makes."""
    return CHARACTERS[0] if "example.org" in charge.body else CHARACTERS[1]


def _done_is_done(stage: Stage, known: Known) -> list[str]:
    """Promise 3."""
    said = []
    done = {line["token"]: line for line in known.lines if line["kind"] == "done"}
    for token, line in {**done, **{t: one for t, one in known.lock.items() if one["state"] == "done"}}.items():
        address = line.get("address") or known.intents.get(token, known.lock.get(token, {})).get("address", "?")
        if not address.startswith("@"):
            tasks = [task for one in (*known.lines, *known.lock.values()) if one.get("token") == token
                     for task in tasks_of(one)]  # fmt: skip
            problem = _clip_problem(stage, line, tasks)
            said += [f"3: {address} is done and {problem}"] if problem else []
    return said


def _clip_problem(stage: Stage, line: Line, tasks: Sequence[str]) -> str | None:
    from sorapipe.clips.probe import Broken, probe

    if "out" not in line:
        return "names no file"
    path = stage.film / line["out"]
    if not path.is_file():
        return f"its file {line['out']} is not there"
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != line["sha256"]:
        return "its file has another sha256"
    if len(data) != line["bytes"]:
        return "its file has another size"
    try:
        info = probe(path)
    except Broken as error:
        return f"its file is broken: {error}"
    if info.task not in tasks:
        return f"its file is of task {info.task}, not of {tasks}"
    return None


def _intent_first(charges: Sequence[Charge], known: Known) -> list[str]:
    """Promise 4, the first half: written before it was sent."""
    said = []
    intents = known.intents
    for charge in charges:
        if charge.token is None:
            intent = next((one for one in intents.values() if one["address"] == character_of(charge)), None)
        else:
            intent = intents.get(charge.token) or known.lock.get(charge.token)
        if intent is None:
            said.append(f"4: task {charge.task} (token {charge.token}) was sent without an intent")
        elif intent.get("t", 0.0) - INTENT_SLACK > charge.at:
            said.append(f"4: task {charge.task} was sent {intent['t'] - charge.at:.3f} s before its intent")
    return said


def _inputs_first(known: Known) -> list[str]:
    """Promise 4, the second half: what goes into a shot was done when it was sent."""
    said = []
    done = {line["sha256"] for line in known.lock.values() if "sha256" in line and not known.intents.get(line["token"])}
    for line in known.lines:
        if line["kind"] in {"done", "attempt"} and "sha256" in line:
            done.add(line["sha256"])
        if line["kind"] == "intent":
            missing = [address for address, sha256 in line.get("inputs", {}).items() if sha256 not in done]
            said += [f"4: {line['address']} was sent before {address} was done" for address in missing]
    return said


def _key_stays(stage: Stage) -> list[str]:
    """Promise 7, as far as files go. What a client printed is looked at where it is read."""
    key = stage.key.encode()
    found = [path for top in (stage.film, stage.state, stage.root) for path in top.rglob("*") if path.is_file()]
    return [f"7: the key is in {path}" for path in sorted(set(found)) if key in path.read_bytes()]


def unfinished(known: Known) -> list[str]:
    """What a finished film lacks."""
    done = Counter(line["address"] for line in known.lock.values() if line["state"] == "done")
    wanted = {**TAKES, **dict.fromkeys(CHARACTERS, 1)}
    return [
        f"{address} has {done[address]} takes that are done, not {many}"
        for address, many in wanted.items()
        if done[address] != many
    ]


def costs(spent: str | None, charges: Sequence[Charge], known: Known) -> list[str]:
    """Promise 6: what is shown, less what is uncertain and was not charged, is the ledger's sum."""
    paid = sum(charge.credits for charge in charges)
    tokens = {charge.token for charge in charges}
    unpaid = sum(
        Decimal(line.get("cost", "0"))
        for token, line in known.uncertain().items()
        if token not in tokens and not _character_paid(line, charges, known)
    )
    shown = Decimal(spent or "0")
    return [] if shown - unpaid == paid else [f"6: {shown} is shown, {unpaid} of it uncertain; the ledger says {paid}"]


def _character_paid(line: Line, charges: Sequence[Charge], known: Known) -> bool:
    return any(
        charge.token is None and charge.answered not in known.tasks and character_of(charge) == line["address"]
        for charge in charges
    )
