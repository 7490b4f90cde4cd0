"""Documents against the JSON schemas that ship with sorapipe; knows nothing of what the keys do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from sorapipe.storyboard.coercion import Node, compile_coercion, resolve
from sorapipe.storyboard.complaints import Problem, Words, complain
from sorapipe.storyboard.diagnostics import Diagnostics, Severity
from sorapipe.storyboard.document import Document
from sorapipe.storyboard.places import Container, Places, Value
from sorapipe.storyboard.source import Place, Span

MAX_PLACES = 200
"""In so many places problems are explained; a file with more of them has one cause."""

_FOLDERS = (Path(__file__).parent.parent / "schemas", Path(__file__).parent.parent.parent / "schemas")
_SMALLEST = (
    "the smallest one is\n    sorapipe: 1\n    shots:\n      - id: hello\n        prompt: A gull hangs in the wind."
)


def check(document: Document, places: Places, diagnostics: Diagnostics, which: str = "storyboard") -> bool:
    """Makes numbers and booleans where the schema asks for them, in place; reports all that doesn't fit it.

    `which` is `storyboard`, `included` (a storyboard that another one includes: `sorapipe: 1` may be left out), or the
    name of another schema. True when the document fits.
    """
    whole = Span(Place(document.source.name, 1, 1), 1)
    if document.root is None:
        hint = _SMALLEST if which == "storyboard" else None
        diagnostics.error("empty", "this file says nothing", whole, hint=hint)
        return False
    return _schema(which, None).check(document.root, whole, places, diagnostics)


def check_part(value: Container, definition: str, places: Places, diagnostics: Diagnostics) -> bool:
    """The same for a part of a storyboard, such as a row of a table: `definition` is a name in the schema."""
    return _schema("storyboard", definition).check(value, places.of(value), places, diagnostics)


def keys_of(definition: str) -> Mapping[str, bool]:
    """The keys of a definition of the storyboard schema, and whether any further key may stand below each."""
    schema = _schema("storyboard", definition)
    found = {}
    for key in schema.node.get("properties", {}):
        child = resolve(schema.node["properties"][key], schema.definitions)
        found[key] = isinstance(child.get("additionalProperties"), dict) or "properties" in child
    return found


def schema_text(which: str = "storyboard") -> str:
    """The schema as it ships, for `sorapipe schema` and editors."""
    for folder in _FOLDERS:
        file = folder / f"{which}.schema.json"
        if file.is_file():
            return file.read_text(encoding="utf-8")
    raise FileNotFoundError(f"BUG: the schema `{which}` is not in this installation")


@lru_cache(maxsize=16)
def _schema(which: str, definition: str | None) -> _Schema:
    document: dict[str, Any] = json.loads(schema_text("storyboard" if which == "included" else which))
    if which == "included":
        document.pop("required", None)
    return _Schema(document, definition)


class _Schema:
    """A schema, ready to coerce, to say yes or no fast, and to explain the no."""

    def __init__(self, document: dict[str, Any], definition: str | None) -> None:
        import jsonschema_rs

        self.definitions: Mapping[str, Node] = document.get("definitions", {})
        self.node: Node = self.definitions[definition] if definition else document
        self._coerce = compile_coercion(self.node, self.definitions)
        self._validator = jsonschema_rs.Draft7Validator({**self.node, "definitions": self.definitions})

    def check(self, value: Value, whole: Span, places: Places, diagnostics: Diagnostics) -> bool:
        """Coerces and checks one value, which may be a whole file."""
        if self._coerce is not None:
            self._coerce(value)
        if self._validator.is_valid(value):
            return True
        self._explain(value, whole, places, diagnostics)
        return False

    @cached_property
    def _words(self) -> Words:
        homes: dict[str, list[str]] = {}
        for node in (*_nodes(self.node), *(node for inner in self.definitions.values() for node in _nodes(inner))):
            title = node.get("title")
            for key in node.get("properties", {}) if title else ():
                homes.setdefault(key, []).append(str(title))
        return Words({key: tuple(names) for key, names in homes.items()})

    def _explain(self, root: Value, whole: Span, places: Places, diagnostics: Diagnostics) -> None:
        told = {found.span.place for found in diagnostics if found.severity is Severity.ERROR and found.span}
        paths = dict.fromkeys(tuple(error.instance_path) for error in self._validator.iter_errors(root))
        mine = Diagnostics()
        for path, _ in zip(paths, range(MAX_PLACES), strict=False):
            for problem in self._problems(root, path):
                complain(problem, self._words, whole, places, mine)
        diagnostics.extend(
            found for found in mine if found.code == "missing-key" or not found.span or found.span.place not in told
        )
        if not diagnostics.has_errors:
            diagnostics.error("schema", "this file doesn't fit the schema", whole)
        if len(paths) > MAX_PLACES:
            more = len(paths) - MAX_PLACES
            diagnostics.note("schema", f"there are problems in {more:,} more places", whole)

    def _problems(self, root: Value, path: tuple[str | int, ...]) -> Iterator[Problem]:
        """What one value fails by itself, without what is below it: the value is shown to jsonschema alone."""
        depth, node, value, parent, key = self._at(root, path)
        found = False
        for error in _telling(_own_errors(node, value)):
            found = True
            keyword, limit = str(error.validator), error.validator_value
            if "propertyNames" in error.schema_path:
                yield Problem("propertyNames", value, node, path, parent, key, limit, str(error.instance))
            elif keyword == "required" and isinstance(value, dict):
                yield Problem("required", value, self._shown(node), path, parent, key, limit)
            else:
                yield Problem(keyword, value, node, path, parent, key, limit)
        if not found and len(path) == depth:
            # the two libraries read a pattern differently: a line break at the end of a text
            yield Problem("pattern", value, node, path, parent, key)

    def _shown(self, node: Node) -> Node:
        """The node with the schemas of its keys in place of references."""
        properties = {key: resolve(child, self.definitions) for key, child in node.get("properties", {}).items()}
        return {**node, "properties": properties}

    def _at(
        self, root: Value, path: tuple[str | int, ...]
    ) -> tuple[int, Node, Value, Container | None, str | int | None]:
        """How far a path leads (it leaves out empty keys), the schema and the value there, and where the value is."""
        node, value = self.node, root
        parent: Container | None = None
        key: str | int | None = None
        depth = 0
        for part in path:
            if isinstance(value, dict) and isinstance(part, str) and part in value:
                child = node.get("properties", {}).get(part, node.get("additionalProperties"))
                parent, value = value, value[part]
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                child = node.get("items")
                parent, value = value, value[part]
            else:
                break
            key, depth = part, depth + 1
            node = resolve(child, self.definitions) if isinstance(child, dict) else {}
        return depth, node, value, parent, key


def _nodes(node: Node) -> Iterator[Node]:
    """A schema and all that stand in it, without those that are referred to."""
    yield node
    below = [*node.get("properties", {}).values(), node.get("additionalProperties"), node.get("items")]
    for child in below:
        if isinstance(child, dict):
            yield from _nodes(child)


def _telling(errors: list[Any]) -> list[Any]:
    """Of a value that is wrong in several ways the one that says most."""
    for keyword in ("enum", "type"):
        for error in errors:
            if error.validator == keyword and "propertyNames" not in error.schema_path:
                return [error]
    return errors


def _own_errors(node: Node, value: Value) -> list[Any]:
    """What jsonschema says of a value and a schema when everything below the value is let pass."""
    import jsonschema
    import referencing

    shallow = {key: limit for key, limit in node.items() if key not in ("definitions", "$schema", "$id")}
    if "properties" in shallow:
        shallow["properties"] = dict.fromkeys(shallow["properties"], True)
    if isinstance(shallow.get("additionalProperties"), dict):
        shallow["additionalProperties"] = True
    if "items" in shallow:
        shallow["items"] = True
    validator = jsonschema.Draft7Validator(shallow, registry=referencing.Registry())
    return list(validator.iter_errors(value))
