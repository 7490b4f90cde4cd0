"""Where every value of the files of one load was written; knows nothing of the parser, nor what a value means."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable

from sorapipe.storyboard.source import Place, Source, Span

Value = None | str | int | float | bool | list["Value"] | dict[str, "Value"]
"""What a file says. The builder makes only `None`, `str`, `list` and `dict`; the schema makes numbers and booleans."""

Container = list[Value] | dict[str, Value]

_HEADER = 2
_LINEAR = 16
_LONGEST = 300
_ANCHOR = re.compile(r"&[^\s,\[\]{}]+[ \t\r\n]*")
_BLANKS = re.compile(r"[ \t\r\n]*")
_ESCAPES = {"x": 4, "u": 6, "U": 10}
_QUOTED = {'"': re.compile(r'"(?:[^"\\\n]|\\.)*"?'), "'": re.compile(r"'(?:[^'\n]|'')*'?")}
_PLAIN = re.compile(r"[^\n]*?(?=[ \t]+#|:[ \t\r\n]|[,\[\]{}]|[ \t\r]*$)", re.MULTILINE)
_QUOTED_CELL = re.compile(r'"(?:[^"\n]|"")*"?')
_CELL = re.compile(r"[^,;\t\r\n]+")
_BLOCK_HEADER = re.compile(r"[|>][^\n]*(?:\n|$)")


class Places:
    """Offsets of keys and values, four bytes each, for containers that it keeps alive.

    A container must keep the keys and the order that it was read with; its values may be replaced.
    """

    def __init__(self) -> None:
        self.marks = array("I")
        self.bases: dict[int, int] = {}
        self._alive: list[Container] = []
        self._sources: list[Source] = []
        self._tables: set[int] = set()
        self._lines: dict[int, list[int]] = {}
        self._orders: dict[int, dict[str, int]] = {}
        self._empty: dict[tuple[int, str], tuple[int, int]] = {}
        self._roles: dict[int, tuple[str, object]] = {}

    def open(self, source: Source, *, table: bool = False) -> int:
        """The number under which marks of a file are kept; `table` for CSV, whose cells quote in their own way."""
        self._sources.append(source)
        number = len(self._sources) - 1
        if table:
            self._tables.add(number)
        return number

    def keep(self, containers: Iterable[Container]) -> None:
        """Keeps containers alive whose bases were entered by the builder."""
        self._alive.extend(containers)

    def add(self, container: Container, file: int, start: int, marks: Iterable[int]) -> None:
        """Registers a container: offsets of key, value, key, value … of a mapping, of the items of a list."""
        self.bases[id(container)] = len(self.marks)
        self.marks.extend((file, start, *marks))
        self._alive.append(container)

    def copy(self, copied: Container, original: Container) -> None:
        """Registers the copy of a container at the places of the original."""
        self.bases[id(copied)] = self.bases[id(original)]
        self._alive.append(copied)

    def leave_empty(self, container: Container, path: str, file: int, at: int) -> None:
        """Remembers where a table has nothing for a path of keys of one of its rows."""
        self._empty[id(container), path] = file, at

    def call(self, container: object, role: str) -> None:
        """Remembers what people call a container: `defaults`, `scene arrival`."""
        self._roles[id(container)] = role, container

    def role(self, container: object) -> str:
        """What people call a container; empty for one without a name."""
        return self._roles.get(id(container), ("", None))[0]

    def empty(self, container: Container, path: str) -> Span | None:
        """The empty cell of a row, if that is where a path of keys would be set."""
        found = self._empty.get((id(container), path))
        return self._span(*found, 1) if found is not None else None

    def named(self, name: str, home: dict[str, Value], key: str) -> dict[str, Value]:
        """A copy of the mapping at a key of `home` (empty where nothing is there) that holds its key under `name`."""
        inner = home[key]
        base = self._base(home)
        at = self.marks[base + _HEADER + 2 * self._position(home, key, base)]
        row: dict[str, Value] = {name: key}
        marks = [at, at]
        if isinstance(inner, dict):
            first = self._base(inner) + _HEADER
            for number, (inner_key, value) in enumerate(inner.items()):
                if inner_key != name:
                    row[inner_key] = value
                    marks += self.marks[first + 2 * number : first + 2 * number + 2]
        self.add(row, self.marks[base], at, marks)
        return row

    def of(self, container: Container, key: str | int | None = None) -> Span:
        """Of the value at a key or index; of the container itself without one, or when it has no such key."""
        base = self._base(container)
        mark = self._mark(container, key, base, 1)
        if mark is None:
            start = self.marks[base + 1]
            return self._span(self.marks[base], start, self._extent(self.marks[base], start, None))
        return self._span(self.marks[base], mark, self._extent(self.marks[base], mark, _value(container, key)))

    def key(self, container: Container, key: str) -> Span:
        """Of the key itself."""
        base = self._base(container)
        mark = self._mark(container, key, base, 0)
        if mark is None:
            return self.of(container)
        return self._span(self.marks[base], mark, self._extent(self.marks[base], mark, key))

    def inside(self, container: Container, key: str | int, offset: int, length: int = 1) -> Span:
        """Of `length` characters from character `offset` of the text at a key, whatever way it was written."""
        base = self._base(container)
        mark = self._mark(container, key, base, 1)
        value = _value(container, key)
        if mark is None or not isinstance(value, str):
            return self.of(container, key)
        file = self.marks[base]
        text = self._sources[file].text
        start = self._after_anchor(file, mark)
        first = _offset_in(text, start, value, offset, file in self._tables)
        last = _offset_in(text, start, value, offset + length - 1, file in self._tables) if length > 1 else first
        return self._span(file, first, max(last - first, 0) + 1)

    def source(self, container: Container) -> Source:
        """The file in which a container was written."""
        return self._sources[self.marks[self._base(container)]]

    def line_text(self, container: Container, key: str | int | None = None) -> str:
        """The whole line on which a value stands, for a hint that can be pasted."""
        return self.source(container).line(self.of(container, key).place.line)

    def known(self, container: object) -> bool:
        """Whether a container was read from a file (and not made later)."""
        return id(container) in self.bases

    def span(self, file: int, start: int, length: int) -> Span:
        """A place from an offset, for those who register marks."""
        return self._span(file, start, length)

    def start(self, source: Source) -> Span:
        """The beginning of a file that has no container."""
        return Span(Place(source.name, 1, 1), 1)

    def _base(self, container: Container) -> int:
        return self.bases[id(container)]

    def _mark(self, container: Container, key: str | int | None, base: int, which: int) -> int | None:
        """The offset of the key (`which` 0) or the value (1)."""
        if isinstance(container, list):
            fits = isinstance(key, int) and -len(container) <= key < len(container)
            return self.marks[base + _HEADER + key % len(container)] if fits and isinstance(key, int) else None
        if not isinstance(key, str) or key not in container:
            return None
        return self.marks[base + _HEADER + 2 * self._position(container, key, base) + which]

    def _position(self, container: dict[str, Value], key: str, base: int) -> int:
        """The number of a key in its mapping; large mappings get an index, so that many questions stay cheap."""
        if len(container) <= _LINEAR:
            return list(container).index(key)
        if base not in self._orders:
            self._orders[base] = {name: number for number, name in enumerate(container)}
        return self._orders[base][key]

    def _span(self, file: int, start: int, length: int) -> Span:
        source = self._sources[file]
        lines = self._lines.get(file)
        if lines is None:
            lines = self._lines[file] = [0, *(match.end() for match in re.finditer("\n", source.text))]
        line = bisect_right(lines, start) - 1
        end = lines[line + 1] - 1 if line + 1 < len(lines) else len(source.text)
        return Span(Place(source.name, line + 1, start - lines[line] + 1), max(1, min(length, end - start)))

    def _after_anchor(self, file: int, start: int) -> int:
        match = _ANCHOR.match(self._sources[file].text, start) if file not in self._tables else None
        return match.end() if match else start

    def _extent(self, file: int, start: int, value: Value) -> int:
        """How many characters of its line a value takes, read off the text."""
        text = self._sources[file].text
        begin = self._after_anchor(file, start)
        if text.count("\n", start, begin):
            return max(1, text.find("\n", start) - start)
        return begin - start + _written(text, begin, value, file in self._tables)


def _value(container: Container, key: str | int | None) -> Value:
    if isinstance(container, list):
        return container[key] if isinstance(key, int) and -len(container) <= key < len(container) else None
    return container.get(key) if isinstance(key, str) else None


def _written(text: str, start: int, value: Value, table: bool) -> int:
    char = text[start : start + 1]
    if table and char != '"':
        match = _CELL.match(text, start)
        return len(value) if isinstance(value, str) else len(match[0]) if match else 1
    if char in _QUOTED:
        match = (_QUOTED_CELL if table else _QUOTED[char]).match(text, start)
        return len(match[0]) if match else 1
    if isinstance(value, str) and value and text.startswith(value, start):
        return len(value)
    if char and char in "[{":
        return _bracketed(text, start)
    match = _PLAIN.match(text, start, start + _LONGEST)
    return len(match[0]) if match else 1


def _bracketed(text: str, start: int) -> int:
    """From a bracket to its partner on the same line, or to the end of the line."""
    end = text.find("\n", start, start + _LONGEST)
    line = text[start : end if end >= 0 else start + _LONGEST].rstrip()
    depth = 0
    for number, char in enumerate(line):
        depth += (char in "[{") - (char in "]}")
        if depth == 0:
            return number + 1
    return len(line)


def _offset_in(text: str, start: int, value: str, offset: int, table: bool) -> int:
    """The offset in the file of character `offset` of a scalar's text."""
    char = text[start : start + 1]
    if table:
        return _in_cell(text, start, offset)
    if char == "*":
        return start
    if char in ("|", ">"):
        return _in_block(text, start, value, offset)
    return _in_flow(text, start + (char in _QUOTED), offset, char if char in _QUOTED else "")


def _in_cell(text: str, start: int, offset: int) -> int:
    """Of a CSV cell: only doubled quotes are longer than they read."""
    if text[start : start + 1] != '"':
        return start + offset
    at = start + 1
    for _ in range(offset):
        at += 2 if text.startswith('""', at) or text.startswith("\r\n", at) else 1
    return at


def _in_block(text: str, start: int, value: str, offset: int) -> int:
    """Of a `|` or `>` scalar: lines of the file are found again, one after the other, in its text."""
    header = _BLOCK_HEADER.match(text, start)
    at, done = header.end() if header else start, 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line = text[at:end]
        words = line.strip(" \t\r")
        found = value.find(words, done) if words else -1
        if words and found < 0:
            break
        if words and offset < found + len(words):
            return max(at, at + line.index(words) + offset - found)
        if words:
            done = found + len(words)
            start = at + line.index(words) + len(words)
        at = end + 1
    return min(start, len(text))


def _in_flow(text: str, at: int, offset: int, quote: str) -> int:
    """Of a plain or quoted scalar: its characters are walked, folds and escapes on the way."""
    read = 0
    while read < offset and at < len(text):
        char = text[at]
        if quote == '"' and char == "\\":
            at, read = _escape_at(text, at, read)
        elif quote == "'" and text.startswith("''", at):
            at, read = at + 2, read + 1
        elif char in " \t\r\n":
            at, read = _blank_at(text, at, read)
        else:
            at, read = at + 1, read + 1
    return min(at, len(text))


def _escape_at(text: str, at: int, read: int) -> tuple[int, int]:
    following = text[at + 1 : at + 2]
    if following in ("\r", "\n"):
        end = _run(text, at + 1)
        return end, read + text.count("\n", at + 1, end) - 1
    return at + _ESCAPES.get(following, 2), read + 1


def _blank_at(text: str, at: int, read: int) -> tuple[int, int]:
    end = _run(text, at)
    breaks = text.count("\n", at, end)
    if not breaks:
        return at + 1, read + 1
    return end, read + max(1, breaks - 1)


def _run(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at
