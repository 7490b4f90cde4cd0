"""A heap of things that are due at some time, one time a key; has no clock."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

_NEVER = (0, 0.0)


class Timers:
    """Due times by key. Equal times come in the order in which they were set. All in O(log n)."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, str]] = []
        self._valid: dict[str, tuple[int, float]] = {}
        self._serial = 0

    def __contains__(self, key: str) -> bool:
        return key in self._valid

    def __len__(self) -> int:
        return len(self._valid)

    def __iter__(self) -> Iterator[str]:
        """All keys that are due at some time, always in the same order; what is set meanwhile is not among them."""
        return iter(list(self._valid))

    def set(self, key: str, due: float) -> None:
        """`key` is due at `due`; an earlier setting is forgotten."""
        self._serial += 1
        self._valid[key] = (self._serial, due)
        heapq.heappush(self._heap, (due, self._serial, key))

    def cancel(self, key: str) -> None:
        """`key` is not due any more."""
        self._valid.pop(key, None)

    def when(self, key: str) -> float | None:
        """When `key` is due; `None`: at no time."""
        found = self._valid.get(key)
        return None if found is None else found[1]

    def next(self) -> float | None:
        """The earliest due time."""
        while self._heap and self._valid.get(self._heap[0][2], _NEVER)[0] != self._heap[0][1]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop(self, now: float) -> str | None:
        """A key that is due by `now`, the earliest first; it is not due again until it is set again."""
        due = self.next()
        if due is None or due > now:
            return None
        key = heapq.heappop(self._heap)[2]
        del self._valid[key]
        return key
