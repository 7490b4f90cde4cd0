"""How numbers, money and times are said to people; knows no plan and no terminal."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from sorapipe.storyboard.diagnostics import escape


@lru_cache(maxsize=256)
def money(amount: Decimal | None, currency: str | None) -> str:
    """`0.15 USD`, `10 credits`, `free`; `price unknown` for `None`."""
    if amount is None:
        return "price unknown"
    if amount == 0:
        return "free"
    return f"{number(amount)} {escape(currency or 'credits')}"


def number(amount: Decimal) -> str:
    """A decimal as people write it: `1,200`, `0.15`, `7.50`; never an exponent."""
    if amount == amount.to_integral_value():
        return f"{int(amount):,}"
    text = f"{amount.normalize():,f}"
    return text + "0" if len(text.rpartition(".")[2]) == 1 else text


def count(amount: int, one: str, many: str | None = None) -> str:
    """`1 take`, `3 takes`, `1,200 takes`."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def length(seconds: Decimal | float) -> str:
    """A stretch of film or of time: `0:08`, `2:50`, `1:02:03`."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def wait(minutes: Decimal | float) -> str:
    """An expected time: `under a minute`, `about 4 minutes`, `about 3 hours`."""
    if minutes < 1:
        return "under a minute"
    if minutes < 90:  # noqa: PLR2004 - up to one and a half hours people count in minutes
        return f"about {count(max(1, round(minutes)), 'minute')}"
    return f"about {count(round(float(minutes) / 60), 'hour')}"


def amount_of_bytes(size: int) -> str:
    """`812 bytes`, `1.2 MB`."""
    value = float(size)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:  # noqa: PLR2004 - decimal units
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def listing(words: list[str], most: int = 6) -> str:
    """`a, b, c and 4 more`."""
    if len(words) <= most:
        return ", ".join(words)
    return f"{', '.join(words[: most - 1])} and {len(words) - most + 1:,} more"
