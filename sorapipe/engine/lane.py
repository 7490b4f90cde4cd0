"""When the next create may be sent: window, pauses, adaptive rate; knows no shot, no clock and sends nothing."""

from __future__ import annotations

import math
from collections import deque

from sorapipe.providers.answers import clamp

JITTER_FROM = 2.0
JITTER_TO = 60.0
AFTER_UNKNOWN = 10.0
_RECOVERY = 0.9
_RECENT = 8


class Lane:
    """The one lane of creates. Times are seconds of any steady clock.

    A create counts in the window from its answer on, not from its sending: then however slow one request was and
    fast the next, the server never sees more than `creates` in its own window.
    """

    def __init__(self, creates: int | None, window: float) -> None:
        self._creates = creates
        self._window = window
        self._answers: deque[float] = deque(maxlen=max(creates or 0, _RECENT))
        self._paused_until = -math.inf
        self._spacing = 0.0
        self._limited = 0
        self._sending = False

    def opens(self) -> float:
        """The earliest time at which a create may be sent; infinity while one is in flight."""
        return math.inf if self._sending else self.bears()

    def bears(self) -> float:
        """The earliest time at which the provider bears another create, whether one is in flight or not."""
        return max(self._paused_until, self._window_opens(), self._spaced())

    def begin(self) -> None:
        """A create is being sent: no other until its answer."""
        if self._sending:
            raise AssertionError("BUG: two creates in flight in one lane")
        self._sending = True

    def answered(self, now: float) -> None:
        """The create in flight was answered, or was not sent after all."""
        self._sending = False
        self._answers.append(now)

    def withdrawn(self) -> None:
        """The create in flight was never sent."""
        self._sending = False

    def accepted(self) -> None:
        """The provider took it: after a rate limit the rate recovers step by step."""
        self._limited = 0
        self._spacing *= _RECOVERY
        if self._spacing < self._usual() / 20:
            self._spacing = 0.0

    def limited(self, now: float, retry_after: float | None, chance: float) -> float:
        """The provider said 429: pauses and slows down. The pause in seconds."""
        self._limited += 1
        self._spacing = min(max(self._spacing, self._usual()) * 2, JITTER_TO)
        if retry_after is not None:
            return self.pause(now, clamp(retry_after))
        upper = min(JITTER_TO, JITTER_FROM * 2 ** min(self._limited, 10))
        return self.pause(now, JITTER_FROM + chance * (upper - JITTER_FROM))

    def pause(self, now: float, seconds: float) -> float:
        """No create for `seconds` from now."""
        self._paused_until = max(self._paused_until, now + seconds)
        return seconds

    def _window_opens(self) -> float:
        if self._creates is None or len(self._answers) < self._creates:
            return -math.inf
        return self._answers[-self._creates] + self._window

    def _spaced(self) -> float:
        return self._answers[-1] + self._spacing if self._answers and self._spacing else -math.inf

    def _usual(self) -> float:
        """Seconds between two creates as they went of late, or as the profile has them."""
        if self._creates:
            return self._window / self._creates
        recent = list(self._answers)[-_RECENT:]
        if len(recent) > 1:
            return max((recent[-1] - recent[0]) / (len(recent) - 1), 0.05)
        return 0.5
