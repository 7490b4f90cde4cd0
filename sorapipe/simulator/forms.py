"""Multipart forms: bytes in, their parts out, each name once; knows no parameter and no route."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from email.message import Message

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser

_TYPE = "multipart/form-data"
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,18})(\.\d{1,9})?")


class NoForm(Exception):
    """The body is not a multipart form; the text says why."""


class WrongType(NoForm):
    """The content type is another one."""


@dataclass(slots=True)
class Part:
    """One part. Only a file has a file name."""

    name: str
    filename: str | None
    type: str
    data: bytes


def read(content_type: str, body: bytes) -> list[Part]:
    """The parts of a form, in their order. Raises NoForm."""
    kind, given = _header(content_type)
    boundary = given.get("boundary")
    if kind != _TYPE:
        raise WrongType(f"the body must be {_TYPE}")
    if not boundary:
        raise NoForm("the content type names no boundary")
    reader = _Reader()
    parser = MultipartParser(boundary.encode("latin-1"), reader.callbacks())  # type: ignore[arg-type]
    try:
        parser.write(body)
        parser.finalize()
    except MultipartParseError:
        raise NoForm("the body is not a well-formed form") from None
    if not reader.ended:
        raise NoForm("the form has no end")
    names = [part.name for part in reader.parts]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise NoForm(f"{twice[:80]}: given more than once")
    return reader.parts


def canonical(parts: list[Part]) -> bytes:
    """What a form says, whatever its boundary, order and file names: texts as they are, files by their digest."""
    said = []
    for part in sorted(parts, key=lambda part: part.name):
        digest = hashlib.sha256(part.data).hexdigest()
        line: dict[str, object] = {"name": part.name, "type": part.type, "sha256": digest, "bytes": len(part.data)}
        if part.filename is None:
            line["text"] = part.data.decode("utf-8", "replace")
        said.append(line)
    return json.dumps(said, ensure_ascii=False).encode()


def value(part: Part, kind: str) -> object:
    """The text of a part as a `text`, `boolean`, `number`, `whole` or `json`; as text where it is none of the kind.

    Checks refuse what stayed text. Raises NoForm where it's no text at all.
    """
    if part.filename is not None:
        raise NoForm(f"{part.name}: must be a field, not a file")
    try:
        text = part.data.decode()
    except UnicodeDecodeError:
        raise NoForm(f"{part.name}: is not UTF-8") from None
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind in {"number", "whole"} and _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    if kind == "json":
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


@dataclass(slots=True)
class _Reader:
    """Collects what the parser calls out."""

    parts: list[Part] = field(default_factory=list)
    ended: bool = False
    _headers: dict[str, str] = field(default_factory=dict)
    _name: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _data: bytearray = field(default_factory=bytearray)

    def callbacks(self) -> dict[str, object]:
        """For the parser, by the names of its events."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header_ends,
            "on_part_data": lambda data, start, end: self._data.extend(data[start:end]),
            "on_part_end": self._part_ends,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._headers = {}
        self._data = bytearray()

    def _header_ends(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value.decode("utf-8", "replace")
        self._name, self._value = bytearray(), bytearray()

    def _part_ends(self) -> None:
        kind, given = _header(self._headers.get("content-disposition", ""))
        if kind != "form-data" or not given.get("name"):
            raise NoForm("a part has no name")
        media = self._headers.get("content-type", "")
        self.parts.append(Part(given["name"], given.get("filename"), media, bytes(self._data)))

    def _end(self) -> None:
        self.ended = True


def _header(text: str) -> tuple[str, dict[str, str]]:
    """A header's word and its parameters."""
    message = Message()
    message["content-type"] = text
    given = message.get_params(failobj=[("", "")], unquote=True)
    return given[0][0].lower(), {name.lower(): value for name, value in given[1:] if isinstance(value, str)}
