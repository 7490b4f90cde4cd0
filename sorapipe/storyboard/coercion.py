"""Texts become numbers and booleans where a JSON schema asks for one; knows no key by name and reports nothing."""

from __future__ import annotations

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
_LARGEST_REAL = 1e12
_LONGEST = 40
_SHORT = 18


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
    if mapping is None and items is None:
        return scalar

    def coerce(value: Value) -> Value:
        if type(value) is dict:
            if mapping:
                mapping(value)
        elif type(value) is list:
            if items:
                for number, item in enumerate(value):
                    value[number] = items(item)
        elif scalar:
            return scalar(value)
        return value

    return coerce


def number(text: str) -> int | float | None:
    """The number that a text writes: whole where it has no point; `None` for anything else or too large."""
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        return None
    if _WHOLE.fullmatch(text):
        whole = int(text)
        return whole if -_LARGEST <= whole <= _LARGEST else None
    real = float(text)
    return real if abs(real) < _LARGEST_REAL else None


def _scalar(node: Node) -> Coerce | None:
    types = types_of(node)
    if node.get("x-literal"):
        return _literal
    if "string" in types:
        return None
    if "integer" in types:
        return _whole_or_same
    if "number" in types:
        return _number_or_same
    return _boolean_or_same if "boolean" in types else None


def _literal(value: Value) -> Value:
    return _BOOLEANS[value] if isinstance(value, str) and value in _BOOLEANS else _number_or_same(value)


def _boolean_or_same(value: Value) -> Value:
    return _BOOLEANS.get(value, value) if type(value) is str else value


def _number_or_same(value: Value) -> Value:
    if type(value) is not str:
        return value
    read = number(value)
    return value if read is None else read


def _whole_or_same(value: Value) -> Value:
    if type(value) is not str:
        return value
    if value.isdecimal() and value.isascii() and len(value) < _SHORT:  # nearly always, and fast
        return int(value)
    read = number(value)
    if isinstance(read, float) and read.is_integer() and abs(read) <= _LARGEST:
        return int(read)
    return value if read is None else read


def _mapping(node: Node, definitions: Mapping[str, Node]) -> Callable[[dict[str, Value]], None] | None:
    typed: dict[str, Coerce] = {}
    for key, child in node.get("properties", {}).items():
        coercion = compile_coercion(child, definitions)
        if coercion is not None:
            typed[key] = coercion
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


def _coerce_some(typed: dict[str, Coerce]) -> Callable[[dict[str, Value]], None]:
    find = typed.get

    def coerce(mapping: dict[str, Value]) -> None:
        for key, value in mapping.items():
            coercion = find(key)
            if coercion is not None:
                mapping[key] = coercion(value)

    return coerce
