"""How much of a film is the same, for people and as data: a line a shot and a sum; knows not how it was found out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

from sorapipe.planning.levels import Clip, Level, Proof
from sorapipe.storyboard.diagnostics import escape
from sorapipe.views.folding import folded
from sorapipe.views.page import Page
from sorapipe.views.words import amount_of_bytes, count

_MOST = 60
"""Where there are more shots, those that are the same are only counted."""
_WIDEST = 34
_COMMANDS = 6
_FETCH = "sorapipe fetch "
_NEVER_OVER = "a file that is not the lock's is never written over: move it away"
_MEANING = {
    Level.BYTES: "L0 same bytes",
    Level.REQUEST: "L1 same request only",
    Level.INTENT: "L2 another request",
    Level.NOTHING: "without a take",
}


@dataclass(frozen=True, slots=True)
class Proofs:
    """What was found. `bytes_read` counts what was read, `requested` are the tokens of takes whose exact request this
    machine's journal has."""

    proofs: Sequence[Proof]
    bytes_read: int
    requested: frozenset[str]

    @property
    def kept(self) -> int:
        """Of how many takes in the film the exact request is here."""
        return sum(one.attempt is not None and one.attempt.token in self.requested for one in self.proofs)


def proofs_text(found: Proofs, page: Page) -> str:
    """A line a shot, the sum, and the commands that go on."""
    everything = page.every or len(found.proofs) <= _MOST
    shown = [one for one in found.proofs if everything or not one.good]
    width = min(max((len(escape(one.label)) for one in shown), default=0), _WIDEST)
    takes = max((len(one.take) for one in shown), default=0)
    lines = [_line(one, width, takes, page) for one in shown]
    left = len(found.proofs) - len(shown)
    if left:
        lines.append(page.paint(f"  {count(left, 'shot')} more with the same bytes (`--all` lists them)", "dim"))
    sums = [folded(line, page.prose, 0) for line in _sums(found)]
    lines += ["", *sums] if lines else sums
    commands = _commands(found, page)
    changed = [quote(one.label) for one in found.proofs if one.clip is Clip.CHANGED]
    if changed:
        fetch = page.command(_fetch(changed))
        lines += ["", folded(f"{_NEVER_OVER}, then `{escape(fetch)}` brings the paid one", page.prose, 0)]
    if commands:
        lines += ["", page.paint("next", "bold"), *(f"  {escape(one)}" for one in commands[:_COMMANDS])]
    return "\n".join(lines) + "\n"


def locked_text(found: Proofs, page: Page, brought: int) -> str:
    """The end of a run that only brings what the lock names: what is wrong, what is kept out of date, the sum."""
    wrong = [one for one in found.proofs if one.clip is not Clip.SAME]
    old = [one for one in found.proofs if one.clip is Clip.SAME and not one.good]
    width = min(max((len(escape(one.label)) for one in (*wrong, *old)), default=0), _WIDEST)
    takes = max((len(one.take) for one in (*wrong, *old)), default=0)
    lines = [_row(page.paint("✗", "red"), one, width, takes, page) for one in wrong]
    lines += [_row(page.paint("·", "yellow"), one, width, takes, page) for one in old]
    bringers = dict.fromkeys(one.command for one in wrong if one.clip is Clip.ELSEWHERE and one.command)
    lines += [""] * bool(bringers) + [f"next: {command}" for command in bringers]
    total = len(found.proofs)
    came = f"{count(brought, 'clip')} brought, nothing bought" if brought else "nothing bought"
    if wrong:
        head = f"{total - len(wrong)} of {count(total, 'shot')} are here byte by byte"
    else:
        head = f"the film of the lock is here: {count(total, 'shot')}"
    if any(one.clip is Clip.CHANGED for one in wrong):
        lines += ["", folded(f"{_NEVER_OVER}, then run this again", page.prose, 0)]
    total_said = f"{head} · {amount_of_bytes(found.bytes_read)} verified · {came}"
    lines += [""] * bool(lines) + [folded(total_said, page.prose, 0)]
    return "\n".join(lines) + "\n"


def locked_data(found: Proofs, brought: int, code: int) -> dict[str, object]:
    """The same as the last event: how it ended, and each shot that is not as the lock says or not up to date."""
    return {
        "event": "verified",
        "exit_code": code,
        "shots": len(found.proofs),
        "bytes_read": found.bytes_read,
        "brought": brought,
        "wrong": [_data(one, found) for one in found.proofs if one.clip is not Clip.SAME],
        "out_of_date": [_data(one, found) for one in found.proofs if one.clip is Clip.SAME and not one.good],
    }


def _row(mark: str, one: Proof, width: int, takes: int, page: Page) -> str:
    name = f" {escape(one.label):{width}}  {one.take:{takes}}  "
    return f"  {mark}{name}{folded(escape(one.text), page.prose, 3 + len(name))}"


def _line(one: Proof, width: int, takes: int, page: Page) -> str:
    mark = {Level.BYTES: "green", Level.REQUEST: "yellow", Level.INTENT: "yellow"}.get(one.level, "red")
    level = page.paint(f"{'--' if one.level is Level.NOTHING else one.level.value}", "green" if one.good else mark)
    name = f"  {escape(one.label):{width}}  {one.take:{takes}}  "
    return f"  {level}{name}{folded(escape(one.text), page.prose, 4 + len(name))}"


def _commands(found: Proofs, page: Page) -> list[str]:
    """What goes on, each command once; clips that are missing are fetched by one command."""
    asked = list(dict.fromkeys(one.command for one in found.proofs if one.command and not one.good))
    missing = [command.removeprefix(_FETCH) for command in asked if command.startswith(_FETCH)]
    others = [command for command in asked if not command.startswith(_FETCH)]
    return [page.command(command) for command in ([_fetch(missing)] if missing else []) + others]


def _fetch(shots: Sequence[str]) -> str:
    return f"{_FETCH}{' '.join(shots)}" if len(shots) <= _COMMANDS else _FETCH.strip()


def _sums(found: Proofs) -> list[str]:
    total = len(found.proofs)
    same = sum(one.good for one in found.proofs)
    levels = Counter(one.level for one in found.proofs)
    if same == total:
        head = f"{count(total, 'shot')}, byte by byte the film of the lock"
    else:
        parts = [f"{levels[level]} {words}" for level, words in _MEANING.items() if levels[level]]
        head = f"{same} of {count(total, 'shot')} {'is' if same == 1 else 'are'} as the lock says · {' · '.join(parts)}"
    return [head, f"{amount_of_bytes(found.bytes_read)} read · {_kept(found)}"]


def _kept(found: Proofs) -> str:
    takes = sum(one.attempt is not None for one in found.proofs)
    if found.kept == takes:
        return "the exact requests are in this machine's journal"
    return f"the exact requests of {found.kept} of {count(takes, 'take')} are in this machine's journal"


def proofs_data(found: Proofs) -> dict[str, object]:
    """The same as data: `{v, same, bytes_read, levels: {L0: n, …}, shots: [{address, label, level, good, …}]}`."""
    levels = Counter(one.level for one in found.proofs)
    return {
        "v": 1,
        "same": all(one.good for one in found.proofs),
        "bytes_read": found.bytes_read,
        "levels": {level.value: levels[level] for level in Level},
        "shots": [_data(one, found) for one in found.proofs],
    }


def _data(one: Proof, found: Proofs) -> dict[str, object]:
    return {
        "address": one.address,
        "label": one.label,
        "level": one.level.value,
        "good": one.good,
        "take": one.take or None,
        "clip": one.clip.value if one.clip is not None else None,
        "same_request": one.request,
        "kept_by_a_person": one.held,
        "request_in_journal": one.attempt is not None and one.attempt.token in found.requested,
        "file": escape(one.out) if one.out else None,
        "sha256": one.attempt.sha256 if one.attempt is not None else None,
        "text": escape(one.text),
        "changes": [
            {"field": change.field, "text": escape(change.text), "old": _said(change.old), "new": _said(change.new)}
            for change in one.changes
        ],
        "command": one.command,
    }


def _said(value: str | None) -> str | None:
    return None if value is None else escape(value)
