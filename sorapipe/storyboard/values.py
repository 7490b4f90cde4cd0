"""Typed values out of what a file says; `None` for whatever the schema has refused. Knows no fields."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from sorapipe.storyboard.document import Value

_DIGITS = 12
"""Digits of a number before its point."""
_FRACTION = 400
"""Digits of a number behind its point: as many as the smallest fraction of a machine has."""


def integer(value: Value) -> int | None:
    """A whole number, also one that was written in quotes."""
    if value is None or type(value) is int:
        return value
    number = decimal(value)
    return int(number) if number is not None and number == number.to_integral_value() else None


def decimal(value: Value) -> Decimal | None:
    """A number exactly as it is written."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, int):
        return Decimal(value)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and _is_near(number) else None


def _is_near(number: Decimal) -> bool:
    """Whether a number can be calculated with and written out: `1e999999999` has room in neither."""
    exponent = number.as_tuple().exponent
    return number.adjusted() < _DIGITS and isinstance(exponent, int) and -_FRACTION < exponent <= _DIGITS


def boolean(value: Value) -> bool | None:
    """A yes or no."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def plain(value: Value) -> str | int | bool | Decimal | None:
    """A scalar as it goes to a provider."""
    return Decimal(str(value)) if isinstance(value, float) else value if isinstance(value, str | int | bool) else None
