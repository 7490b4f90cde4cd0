"""Data classes of which ten thousands are made at once; knows nothing of what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:
    from dataclasses import dataclass

    def record(*, frozen: bool, **options: bool) -> object:
        """`dataclass(frozen=True)` for the type checker, who sees to it that nobody changes one.

        At run time it isn't frozen: setting the fields of a frozen one past its own guard takes six times as long.
        """
        return dataclass(unsafe_hash=frozen, **options)


__all__ = ["record"]
