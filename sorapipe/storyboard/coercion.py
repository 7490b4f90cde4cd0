"""Texts become numbers and booleans where a JSON schema asks for one; knows no key by name and reports nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from sorapipe.storyboard.places import Value

Node = Mapping[str, Any]
"""One schema of a JSON schema document."""

Coerce = Callable[[Value], Value]
"""Gives what a value becomes; containers are changed in place. What doesn't fit is left for the schema to refuse."""

_WHOLE = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_BOOLEANS = {"true": True, "false": False}
_LARGEST = 2**63 - 1
_LONGEST = 40


def resolve(node: Node, definitions: Mapping[str, Node]) -> Node:
    """The schema that a `$ref` stands for, or the schema itself."""
    ref = node.get("$ref")
    return definitions[ref.rpartition("/")[2]] if ref else node


def types_of(node: Node) -> tuple[str, ...]:
    """The types that a schema takes; empty when it takes anything."""
    types = node.get("type", ())
    return (types,) if isinstance(types, str) else tuple(types)


def compile_coercion(node: Node, definitions: Mapping[str, Node]) -> Coerce | None:
    """The coercion of everything that a schema describes; `None` when nothing under it asks for one.

    A schema without circles is expected.
    """
    node = resolve(node, definitions)
    scalar = _scalar(node)
    mapping = _mapping(node, definitions)
    items = compile_coercion(node["items"], definitions) if isinstance(node.get("items"), dict) else None
    if scalar is None and mapping is None and items is None:
        return None

    def coerce(value: Value) -> Value:
        if isinstance(value, str):
            return scalar(value) if scalar else value
        if isinstance(value, dict) and mapping:
            mapping(value)
        elif isinstance(value, list) and items:
            value[:] = [items(item) for item in value]
        return value

    return coerce


def number(text: str) -> int | float | None:
    """The number that a text writes: whole where it has no point; `None` for anything else, too large or not finite."""
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        return None
    if _WHOLE.fullmatch(text):
        whole = int(text)
        return whole if -_LARGEST <= whole <= _LARGEST else None
    real = float(text)
    return real if math.isfinite(real) else None


def _scalar(node: Node) -> Callable[[str], Value] | None:
    types = types_of(node)
    if node.get("x-literal"):
        return _literal
    if "string" in types:
        return None
    if "integer" in types:
        return _whole_or_text
    if "number" in types:
        return _number_or_text
    return _boolean_or_text if "boolean" in types else None


def _literal(text: str) -> Value:
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    return _number_or_text(text)


def _boolean_or_text(text: str) -> Value:
    return _BOOLEANS.get(text, text)


def _number_or_text(text: str) -> Value:
    read = number(text)
    return text if read is None else read


def _whole_or_text(text: str) -> Value:
    read = number(text)
    if isinstance(read, float) and read.is_integer() and abs(read) <= _LARGEST:
        return int(read)
    return text if read is None else read


def _mapping(node: Node, definitions: Mapping[str, Node]) -> Callable[[dict[str, Value]], None] | None:
    typed: list[tuple[str, Coerce]] = []
    for key, child in node.get("properties", {}).items():
        coercion = compile_coercion(child, definitions)
        if coercion is not None:
            typed.append((key, coercion))
    others = node.get("additionalProperties")
    rest = compile_coercion(others, definitions) if isinstance(others, dict) else None
    if rest is not None and not typed:
        return _coerce_all(rest)
    return _coerce_some(typed) if typed else None


def _coerce_all(rest: Coerce) -> Callable[[dict[str, Value]], None]:
    def coerce(mapping: dict[str, Value]) -> None:
        for key, value in mapping.items():
            mapping[key] = rest(value)  # an existing key: the mapping keeps its size and order

    return coerce


def _coerce_some(typed: list[tuple[str, Coerce]]) -> Callable[[dict[str, Value]], None]:
    table = dict(typed)

    def coerce(mapping: dict[str, Value]) -> None:
        for key in table.keys() & mapping.keys():
            mapping[key] = table[key](mapping[key])

    return coerce
