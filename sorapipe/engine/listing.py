"""When a look at a provider's list is due that serves many jobs, and when lists are given up; asks nobody itself."""

from __future__ import annotations

GIVE_UP_AFTER = 2
"""How many looks in a row may say nothing."""
GIVEN_UP_FOR = 300.0
_NEVER = float("-inf")


class Listing:
    """The list of one provider. `due` are the jobs that the next look must show, `asked` those of the look that is
    under way. Times are the schedule's seconds."""

    def __init__(self) -> None:
        self.due: dict[str, None] = {}
        self.asked: tuple[str, ...] | None = None
        self._opens_at = _NEVER
        self._given_up_until = _NEVER
        self._silent = 0
        self._said = False

    def serves(self, now: float) -> bool:
        """Whether the list is worth a look at all."""
        return now >= self._given_up_until

    def opens(self) -> float | None:
        """When the next look may be taken; `None`: nobody needs it, or one is under way."""
        return self._opens_at if self.due and self.asked is None else None

    def begin(self, keys: tuple[str, ...], now: float, pace: float) -> None:
        """A look is taken; the next one `pace` seconds later at the earliest, so that each serves many jobs."""
        self.asked = keys
        self.due.clear()
        self._opens_at = now + pace

    def end(self) -> tuple[str, ...]:
        """The look was answered. The jobs that it had to show."""
        asked, self.asked = self.asked or (), None
        return asked

    def spoke(self) -> None:
        """The look said something."""
        self._silent = 0

    def silent(self, now: float) -> bool:
        """The look said nothing. Whether that is to be said to people: the list is given up for a while, for the first
        time."""
        self._silent += 1
        if self._silent < GIVE_UP_AFTER:
            return False
        self._given_up_until = now + GIVEN_UP_FOR
        first, self._said = not self._said, True
        return first
