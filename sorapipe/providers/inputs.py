"""What the JSON dialects share in putting an order under `input`; knows none of their names for things."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from sorapipe.providers.base import Order
from sorapipe.providers.dialect import Json


def extra(order: Order) -> dict[str, Json]:
    """The fields that only this model has, under their own names. Laid below the others: they overwrite none."""
    return {name: _number(value) if isinstance(value, Decimal) else value for name, value in order.extra}


def told(values: Mapping[str, Json]) -> dict[str, Json]:
    """What there is a value for."""
    return {name: value for name, value in values.items() if value is not None}


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
