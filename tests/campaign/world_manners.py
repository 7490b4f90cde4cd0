"""What a run owes to a provider between two creates: pauses, an end after some answers, an end after a signal.

Per process, for a run that begins anew remembers no pause. Knows no books and no disk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from sorapipe.providers.base import CreateAnswer, Refusal, Refused, Unknown

_SHORTEST, _LONGEST, _UNASKED, _AFTER_UNKNOWN = 1.0, 600.0, 2.0, 10.0
_MOST_UNKNOWN = 2
_ENDS = {Refusal.AUTHENTICATION: "its key was refused", Refusal.CREDITS: "its credits were used up"}
_CLOCKS_APART = 1e-6


class Sender(Protocol):
    """Who sends: a process."""

    signalled: bool

    @property
    def now(self) -> float: ...


@dataclass
class _Lane:
    """What one process has heard. `over` says why nothing more may be sent."""

    not_before: float = 0.0
    why: str = ""
    over: str = ""
    unknown: int = 0
    signalled: int = 0


@dataclass
class Manners:
    """Watches all senders. `asks_lists`: whether a list may show what became of an unknown create; then one that was
    found there counts no longer."""

    asks_lists: bool = False
    _lanes: dict[int, tuple[Sender, _Lane]] = field(default_factory=dict)

    def _of(self, sender: Sender) -> _Lane:
        return self._lanes.setdefault(id(sender), (sender, _Lane()))[1]

    def sending(self, sender: Sender) -> list[str]:
        """A create is on its way: what is wrong with that, in words."""
        lane, said = self._of(sender), []
        if lane.over:
            said.append(f"1: a create was sent after {lane.over}")
        if sender.now < lane.not_before - _CLOCKS_APART:
            said.append(f"1: a create was sent {lane.not_before - sender.now:.1f} s before its time, {lane.why}")
        lane.signalled += sender.signalled
        if lane.signalled > 1:  # one may be on its way when a signal comes
            said.append(f"1: {lane.signalled} creates were sent after a signal")
        return said

    def answered(self, sender: Sender, answer: CreateAnswer) -> None:
        """What was answered."""
        lane, now = self._of(sender), sender.now
        unknown = isinstance(answer, Unknown)
        lane.unknown = lane.unknown + 1 if unknown else 0
        if unknown:
            lane.not_before, lane.why = now + _AFTER_UNKNOWN, "after an unknown answer"
            if lane.unknown >= _MOST_UNKNOWN and not self.asks_lists:
                lane.over = "two unknown answers in a row"
        elif isinstance(answer, Refused):
            lane.over = lane.over or _ENDS.get(answer.refusal, "")
            if answer.refusal is Refusal.RATE:
                asked = answer.retry_after
                pause = _UNASKED if asked is None else min(max(asked, _SHORTEST), _LONGEST)
                lane.not_before, lane.why = now + pause, f"after a 429 that asked for {asked} s"
