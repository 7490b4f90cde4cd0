"""The rows of a matrix axis from a CSV or YAML file; knows nothing of what a matrix makes of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sorapipe.storyboard.diagnostics import SYNONYMS, Diagnostics, Related, did_you_mean
from sorapipe.storyboard.document import parse
from sorapipe.storyboard.places import Places, Value
from sorapipe.storyboard.schema import check_part, keys_of
from sorapipe.storyboard.source import Source, Span

MAX_CHARACTERS = 8_000_000
MAX_ROWS = 100_000
MAX_COLUMNS = 200
MAX_PROBLEMS = 100

_QUOTED = re.compile(r'"((?:[^"]++|"")*+)"[ \t]*')
_DELIMITERS = ",;\t"

Row = dict[str, Value]


def rows(source: Source, places: Places, diagnostics: Diagnostics) -> list[Row] | None:
    """The rows of a table, each with its word under `id` and what it changes; `None` when there is any error.

    Keys and values have their places in the table, so that later checks point into it. Never raises for bad input.
    """
    before = diagnostics.errors
    if source.path.lower().endswith((".yaml", ".yml")):
        found = _from_yaml(source, places, diagnostics)
    else:
        diagnostics.file(source.name)
        found = _Csv(source, places, diagnostics).rows()
    for row in found:
        if diagnostics.errors - before >= MAX_PROBLEMS:
            break
        check_part(row, "row", places, diagnostics)
    _unique(found, places, diagnostics)
    return found if diagnostics.errors == before else None


def _unique(found: Sequence[Row], places: Places, diagnostics: Diagnostics) -> None:
    """Words must differ in more than capitals: they become file names."""
    seen: dict[str, Row] = {}
    for row in found:
        word = row.get("id")
        if not isinstance(word, str):
            continue
        first = seen.setdefault(word.lower(), row)
        if first is not row:
            says = (
                f"the row `{word}` stands twice" if word == first["id"] else f"`{word}` and `{first['id']}` look alike"
            )
            related = (Related(places.of(first, "id"), "it is here already"),)
            hint = "give it another id; capitals alone make no difference"
            diagnostics.error("duplicate-row", says, places.of(row, "id"), hint=hint, related=related)


def _from_yaml(source: Source, places: Places, diagnostics: Diagnostics) -> list[Row]:
    document = parse(source, places, diagnostics)
    root = document.root if document else {}
    if isinstance(root, list):
        wrong = [number for number, item in enumerate(root) if not isinstance(item, dict)]
        for number in wrong[:MAX_PROBLEMS]:
            hint = "for example `- {id: a-100, vars: {price: 9.90}}`"
            diagnostics.error("row", "a row is a mapping with an `id`", places.of(root, number), hint=hint)
        return [item for item in root if isinstance(item, dict)]
    if isinstance(root, dict):
        return list(_named_rows(root, places, diagnostics))
    hint = "for example\n    - id: a-100\n      vars: {price: 9.90}"
    says = "a table is a list of rows with an `id`, or a mapping from words to what they change"
    diagnostics.error("table", says, places.start(source), hint=hint)
    return []


def _named_rows(root: dict[str, Value], places: Places, diagnostics: Diagnostics) -> Iterator[Row]:
    for word, changes in root.items():
        if changes is None or isinstance(changes, dict):
            yield places.named("id", root, word)
        else:
            hint = f"for example `{word}: {{vars: {{price: 9.90}}}}`"
            diagnostics.error("row", f"what `{word}` changes is a mapping", places.of(root, word), hint=hint)


@dataclass(frozen=True, slots=True)
class _Cell:
    """The text of a cell, and where it begins and ends in the file."""

    text: str
    start: int
    end: int


class _Csv:
    """One pass over a CSV file; columns are paths of keys."""

    def __init__(self, source: Source, places: Places, diagnostics: Diagnostics) -> None:
        self._text = source.text
        self._places = places
        self._diagnostics = diagnostics
        self._file = places.open(source, table=True)
        self._delimiter = ","
        self._problems = 0

    def rows(self) -> list[Row]:
        """All rows, faulty ones left out."""
        if len(self._text) > MAX_CHARACTERS:
            self._error(
                "too-large", f"a table has at most {MAX_CHARACTERS:,} characters", self._span(0, 1), "divide the table"
            )
            return []
        self._delimiter = _sniffed(self._text)
        records = self._records()
        header = next(records, None)
        if header is None:
            self._error(
                "empty", "this table is empty", self._span(0, 1), "the first line names the columns: `id,vars.price`"
            )
            return []
        paths = self._paths(header)
        if paths is None:
            return []
        found: list[Row] = []
        for record in records:
            if self._problems >= MAX_PROBLEMS:
                break
            if len(found) >= MAX_ROWS:
                self._error(
                    "too-large",
                    f"a table has at most {MAX_ROWS:,} rows",
                    self._span(record[0].start, 1),
                    "divide the table",
                )
                break
            row = self._row(header, paths, record)
            if row is not None:
                found.append(row)
        return found

    def _paths(self, header: list[_Cell]) -> list[tuple[str, ...]] | None:
        """What each column sets; `None` when the header is wrong."""
        before = self._problems
        if len(header) > MAX_COLUMNS:
            self._error("too-large", f"a table has at most {MAX_COLUMNS} columns", self._over(header[MAX_COLUMNS]))
            return None
        paths = [tuple(cell.text.split(".")) for cell in header]
        keys = keys_of("row")
        named = ("id",) in paths
        for number, (cell, path) in enumerate(zip(header, paths, strict=True)):
            if named or number:
                self._column(cell, path, keys)
            self._unlike_others(header, paths, number)
        if not named:
            hint = f"name the column of the words `id`: `{self._delimiter.join(['id', *(c.text for c in header[1:])])}`"
            self._error("header", "no column is called `id`", self._over(header[0]), hint)
        return paths if self._problems == before else None

    def _column(self, cell: _Cell, path: tuple[str, ...], keys: Mapping[str, bool]) -> None:
        if not cell.text:
            hint = "name the column, or delete it and its delimiter in every row"
            self._error("header", "this column has no name", self._span(cell.start, 1), hint)
        elif not all(path):
            self._error("header", f"`{cell.text}` is no path of keys", self._over(cell), "write `vars.NAME`")
        elif path[0] not in keys:
            meant = did_you_mean(path[0], keys, SYNONYMS)
            name = meant if meant and meant != "id" else f"vars.{path[0]}"
            says = f"a row can't set `{path[0]}`"
            self._error("header", says, self._over(cell), f"did you mean `{'.'.join((name, *path[1:]))}`?")
        elif len(path) > 1 and not keys[path[0]]:
            says = f"`{path[0]}` has no keys below it"
            self._error("header", says, self._over(cell), f"call the column `{path[0]}`")

    def _unlike_others(self, header: list[_Cell], paths: list[tuple[str, ...]], number: int) -> None:
        """Two columns may not set the same key, nor one what is below the other."""
        path = paths[number]
        for other in range(number):
            short = min(len(path), len(paths[other]))
            if path[:short] == paths[other][:short]:
                first = self._over(header[other])
                says = f"two columns set `{'.'.join(path[:short])}`"
                self._error("header", says, self._over(header[number]), "delete one of them",
                            (Related(first, "the other one"),))  # fmt: skip
                return

    def _row(self, header: list[_Cell], paths: list[tuple[str, ...]], record: list[_Cell]) -> Row | None:
        if len(record) != len(header):
            many = len(record) > len(header)
            where = record[len(header)] if many else record[-1]
            span = self._over(where) if many else self._span(where.end, 1)
            cells = "1 cell" if len(record) == 1 else f"{len(record)} cells"
            says = f"this row has {cells}, and the header has {len(header)}"
            hint = (
                'put a text that holds the delimiter in quotes: `"One, two"`' if many else "add the missing delimiters"
            )
            self._error("row", says, span, hint)
            return None
        marks: dict[tuple[str, ...], list[int]] = {(): []}
        row: Row = {}
        for cell, path, column in zip(record, paths, header, strict=True):
            if cell.text:
                self._set(row, marks, path, cell, column)
        if "id" not in row:
            number = paths.index(("id",))
            self._error(
                "row", "this row has no `id`", self._span(record[number].start, 1), "every row has a word of its own"
            )
            return None
        self._register(row, marks, (), record[0].start)
        for cell, path in zip(record, paths, strict=True):
            if not cell.text:
                self._places.leave_empty(row, ".".join(path), self._file, cell.start)
        return row

    def _set(
        self, row: Row, marks: dict[tuple[str, ...], list[int]], path: tuple[str, ...], cell: _Cell, column: _Cell
    ) -> None:
        """Sets one value: keys are placed at the column's name, values at the cell."""
        mapping = row
        for depth, key in enumerate(path[:-1]):
            if key not in mapping:
                mapping[key] = {}
                marks[path[:depth]] += (column.start, cell.start)
                marks[path[: depth + 1]] = []
            below = mapping[key]
            if not isinstance(below, dict):  # the header was checked: a path never leads through a value
                return
            mapping = below
        mapping[path[-1]] = cell.text
        marks[path[:-1]] += (column.start, cell.start)

    def _register(
        self, mapping: Row, marks: dict[tuple[str, ...], list[int]], path: tuple[str, ...], start: int
    ) -> None:
        own = marks[path]
        self._places.add(mapping, self._file, own[1] if path else start, own)
        for key, value in mapping.items():
            if isinstance(value, dict):
                self._register(value, marks, (*path, key), start)

    def _records(self) -> Iterator[list[_Cell]]:
        """Lines of cells; a quoted cell may go over several lines. Blank lines are left out."""
        at, text = 0, self._text
        while at < len(text):
            record, at = self._record(at)
            if len(record) > 1 or record[0].text or record[0].end > record[0].start:
                yield record

    def _record(self, at: int) -> tuple[list[_Cell], int]:
        text, record = self._text, []
        stop = re.compile(f"[{self._delimiter}\r\n]")
        while True:
            cell, at = self._cell(at, stop)
            record.append(cell)
            if text[at : at + 1] != self._delimiter:
                return record, at + (2 if text.startswith("\r\n", at) else 1)
            at += 1
            if len(record) > 2 * MAX_COLUMNS:
                found = re.compile("[\r\n]").search(text, at)
                at = found.start() if found else len(text)

    def _cell(self, at: int, stop: re.Pattern[str]) -> tuple[_Cell, int]:
        text = self._text
        quoted = _QUOTED.match(text, at)
        if quoted and (quoted.end() == len(text) or stop.match(text, quoted.end())):
            return _Cell(quoted[1].replace('""', '"'), at, quoted.end()), quoted.end()
        found = stop.search(text, at)
        end = found.start() if found else len(text)
        if text.startswith('"', at):
            hint = 'close it, and write a quote inside of quotes twice: `"6"" tall"`'
            self._error("quotes", "these quotes are not closed where the cell ends", self._span(at, end - at), hint)
        raw = text[at:end]
        start = at + len(raw) - len(raw.lstrip(" \t"))
        return _Cell(raw.strip(" \t"), start, end), end

    def _over(self, cell: _Cell) -> Span:
        return self._span(cell.start, max(1, cell.end - cell.start))

    def _span(self, start: int, length: int) -> Span:
        return self._places.span(self._file, start, length)

    def _error(
        self, code: str, message: str, span: Span, hint: str | None = None, related: tuple[Related, ...] = ()
    ) -> None:
        self._problems += 1
        self._diagnostics.error(code, message, span, hint=hint, related=related)


def _sniffed(text: str) -> str:
    """The delimiter that is most frequent in the header, outside of quotes."""
    header = re.sub(r'"[^"\n]*"', "", text[: text.find("\n")] if "\n" in text else text)
    return max(_DELIMITERS, key=header.count)
