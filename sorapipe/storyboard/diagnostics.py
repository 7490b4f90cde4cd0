"""Problems as values, and how they are shown to people and programs; knows nothing of YAML, schemas or terminals."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from heapq import nlargest
from itertools import islice

from sorapipe.storyboard.source import Source, Span

MOST_COMPARED = 300
"""Names whose edits are counted for one guess."""
MOST_LOOKED_AT = 10_000
WINDOW = 100
"""Display columns of a line that an excerpt shows; of a longer line only what is around the caret."""

HINT = 100
"""Columns of a hint's line; lines to paste (they are indented) are never broken."""

SYNONYMS: Mapping[str, str] = {
    "duration": "seconds",
    "length": "seconds",
    "aspect_ratio": "size",
    "aspect": "size",
    "resolution": "size",
    "dimensions": "size",
    "image": "input_reference",
    "first_frame": "input_reference",
    "reference": "input_reference",
    "end_frame": "last_frame",
    "count": "takes",
    "variations": "takes",
    "depends_on": "needs",
    "after": "needs",
    "cast": "characters",
    "actors": "characters",
    "foreach": "matrix",
    "for_each": "matrix",
    "text": "prompt",
    "name": "id",
    "dialogue": "subtitles",
    "captions": "subtitles",
    "variables": "vars",
    "negative": "negative_prompt",
    "output": "film",
    "imports": "include",
}
"""What people write first, and the key that the language has for it."""

_PIECES = re.compile(r"(?:`[^`]*`|\S)+")

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


class Severity(StrEnum):
    """How bad a problem is; only errors stop a storyboard."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that belongs to a problem, and what it has to do with it."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem. `message` is a lower-case phrase, `hint` the next step, where possible a line to paste."""

    severity: Severity
    code: str
    message: str
    span: Span | None
    hint: str | None = None
    related: tuple[Related, ...] = ()


class Diagnostics:
    """Collects problems; iterates in the order of files, lines and columns, equal ones once."""

    def __init__(self) -> None:
        self._found: dict[Diagnostic, None] = {}
        self._files: dict[str, int] = {}
        self._errors = 0
        self._warnings = 0

    def file(self, name: str) -> None:
        """Remembers that a file was read, so that its problems stand before those of files read later."""
        self._files.setdefault(name, len(self._files))

    def error(
        self,
        code: str,
        message: str,
        span: Span | None = None,
        *,
        hint: str | None = None,
        related: Iterable[Related] = (),
    ) -> None:
        """Adds a problem that stops the storyboard."""
        self.add(Diagnostic(Severity.ERROR, code, message, span, hint, tuple(related)))

    def warning(
        self,
        code: str,
        message: str,
        span: Span | None = None,
        *,
        hint: str | None = None,
        related: Iterable[Related] = (),
    ) -> None:
        """Adds a problem that a person should look at."""
        self.add(Diagnostic(Severity.WARNING, code, message, span, hint, tuple(related)))

    def note(
        self,
        code: str,
        message: str,
        span: Span | None = None,
        *,
        hint: str | None = None,
        related: Iterable[Related] = (),
    ) -> None:
        """Adds something worth knowing."""
        self.add(Diagnostic(Severity.NOTE, code, message, span, hint, tuple(related)))

    def add(self, diagnostic: Diagnostic) -> None:
        """Adds one problem; an equal one that is here already stays alone."""
        if diagnostic in self._found:
            return
        self._found[diagnostic] = None
        if diagnostic.span is not None:
            self.file(diagnostic.span.place.file)
        self._errors += diagnostic.severity is Severity.ERROR
        self._warnings += diagnostic.severity is Severity.WARNING

    def extend(self, other: Iterable[Diagnostic]) -> None:
        """Adds all of another collector."""
        for diagnostic in other:
            self.add(diagnostic)

    @property
    def has_errors(self) -> bool:
        """Whether anything stops the storyboard."""
        return self._errors > 0

    @property
    def errors(self) -> int:
        """How many errors there are."""
        return self._errors

    @property
    def warnings(self) -> int:
        """How many warnings there are."""
        return self._warnings

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(sorted(self._found, key=self._order))

    def __len__(self) -> int:
        return len(self._found)

    def _order(self, diagnostic: Diagnostic) -> tuple[int, int, int]:
        if diagnostic.span is None:
            return (-1, 0, 0)
        place = diagnostic.span.place
        return (self._files.get(place.file, 0), place.line, place.column)


def escape(text: str, *, newlines: bool = False) -> str:
    """What may be shown of a text from outside: control, C1 and bidi characters become `\\u{202e}`.

    Line breaks are escaped too unless `newlines` is set.
    """
    if text.isprintable() or _UNSAFE.search(text) is None:
        return text
    return _UNSAFE.sub(lambda match: _escaped(match[0], newlines), text)


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source]) -> str:
    """All problems as text with excerpts and carets; `sources` by the file name of a place.

    Ends with a line break, or is empty when there is nothing to say.
    """
    lines = _Lines(sources)
    return "\n".join(_shown(diagnostic, lines) for diagnostic in diagnostics)


def as_json(diagnostics: Iterable[Diagnostic]) -> list[dict[str, object]]:
    """All problems as plain data: lines and columns from 1, `file` is `None` for a problem without a place."""
    return [
        {
            **_place_data(diagnostic.span),
            "severity": diagnostic.severity.value,
            "code": diagnostic.code,
            "message": escape(diagnostic.message, newlines=True),
            "hint": None if diagnostic.hint is None else escape(diagnostic.hint, newlines=True),
            "related": [
                {**_place_data(related.span), "message": escape(related.text, newlines=True)}
                for related in diagnostic.related
            ],
        }
        for diagnostic in diagnostics
    ]


def did_you_mean(word: str, candidates: Iterable[str], synonyms: Mapping[str, str] | None = None) -> str | None:
    """The candidate that a person probably meant, or `None`.

    Looks at synonyms first, then at spelling without case and separators, then at the edit distance.
    """
    known = list(candidates)
    plain = _plain(word)
    near = known if len(known) <= MOST_COMPARED else _alike(plain, known)
    meant = (synonyms or {}).get(word.lower().replace("-", "_"))
    if meant is not None and meant in known:
        return meant
    best: tuple[int, str] | None = None
    limit = _tolerance(plain)
    for candidate in near:
        other = _plain(candidate)
        distance = 0 if other == plain else _distance(plain, other, limit)
        if candidate != word and distance <= limit and (best is None or distance < best[0]):
            best = (distance, candidate)
    return best[1] if best else _completed(plain, near)


def _alike(word: str, known: list[str]) -> list[str]:
    """Those among very many names that begin or end like a word: to count edits takes a while."""
    head, tail = word[:2], word[-2:]
    found = (name for name in known if name[:2].lower() == head or name[-2:].lower() == tail)
    return nlargest(MOST_COMPARED, islice(found, MOST_LOOKED_AT), key=lambda name: _shared(name, word))


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (left, right) in pairs if left != right), min(len(one), len(other)))


def _escaped(char: str, newlines: bool) -> str:
    return char if newlines and char == "\n" else f"\\u{{{ord(char):x}}}"


class _Lines:
    """Lines of the sources, split once."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources
        self._split: dict[str, list[str]] = {}

    def get(self, file: str, number: int) -> str | None:
        if file not in self._sources:
            return None
        if file not in self._split:
            self._split[file] = self._sources[file].text.split("\n")
        lines = self._split[file]
        return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else None


def _shown(diagnostic: Diagnostic, lines: _Lines) -> str:
    spans = [span for span in (diagnostic.span, *(related.span for related in diagnostic.related)) if span is not None]
    gutter = max((len(str(span.place.line)) for span in spans), default=1)
    parts = [_headed(diagnostic.span, diagnostic.severity.value, diagnostic.message, gutter, lines)]
    parts += [_headed(related.span, "note", related.text, gutter, lines) for related in diagnostic.related]
    if diagnostic.hint is not None:
        hint = f"hint: {escape(diagnostic.hint, newlines=True)}"
        parts += ["\n", *(f"{_wrapped(line)}\n" for line in hint.split("\n"))]
    return "".join(parts)


def _wrapped(line: str) -> str:
    """A line of a hint, broken at spaces where it is too long; what stands between backticks stays whole."""
    if len(line) <= HINT or line.startswith("    "):
        return line
    rows = [""]
    for piece in _PIECES.findall(line):
        if rows[-1] and len(rows[-1]) + 1 + len(piece) > HINT:
            rows.append(f"      {piece}")
        else:
            rows[-1] = f"{rows[-1]} {piece}" if rows[-1] else piece
    return "\n".join(rows)


def _headed(span: Span | None, severity: str, text: str, gutter: int, lines: _Lines) -> str:
    shown = escape(text, newlines=True)
    if span is None:
        return f"{severity}: {shown}\n"
    place = span.place
    head = f"{escape(place.file)}:{place.line}:{place.column}: {severity}: {shown}\n"
    line = lines.get(place.file, place.line)
    if line is None:
        return head
    text, indent, width = _excerpt(line, place.column - 1, span.length)
    return f"{head} {place.line:>{gutter}} | {text}\n {'':>{gutter}} | {' ' * indent}{'^' * width}\n"


def _excerpt(line: str, start: int, length: int) -> tuple[str, int, int]:
    """The text to show, the columns before the caret, and how many carets."""
    cut = max(0, start - 2 * WINDOW)
    line, start = line[cut : start + 2 * WINDOW], start - cut
    cells = [_cell(char) for char in line]
    start = min(start, len(cells))
    stop = max(start, min(start + max(length, 1), len(cells)))
    first, last = _window(cells, start, stop)
    before = sum(width for _, width in cells[first:start]) + (first > 0)
    under = sum(width for _, width in cells[start : min(stop, last)])
    shown = "".join(text for text, _ in cells[first:last])
    return f"{'…' * (first > 0)}{shown}{'…' * (last < len(cells))}".rstrip(), before, max(under, 1)


def _window(cells: list[tuple[str, int]], start: int, stop: int) -> tuple[int, int]:
    """Which cells of a long line are shown: the caret with some text before it, and what fits after."""
    if sum(width for _, width in cells) <= WINDOW:
        return 0, len(cells)
    spare = max(WINDOW - sum(width for _, width in cells[start:stop]), WINDOW // 2)
    first, room = start, min(spare, WINDOW) // 2
    while first > 0 and (room := room - cells[first - 1][1]) >= 0:
        first -= 1
    last, room = first, WINDOW
    while last < len(cells) and (room := room - cells[last][1]) >= 0:
        last += 1
    return first, last


def _cell(char: str) -> tuple[str, int]:
    """How a character of an excerpt is shown, and how many columns of a terminal it takes."""
    if " " <= char <= "~":
        return char, 1
    if char == "\t":
        return "    ", 4
    shown = escape(char)
    if shown != char:
        return shown, len(shown)
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return char, 0
    return char, 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _place_data(span: Span | None) -> dict[str, object]:
    if span is None:
        return {"file": None, "line": None, "column": None, "length": None}
    place = span.place
    return {"file": escape(place.file), "line": place.line, "column": place.column, "length": span.length}


def _plain(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")


def _tolerance(word: str) -> int:
    """How many slips of the finger a word of this length is forgiven."""
    return (len(word) + 2) // 4 if len(word) < 12 else 3  # noqa: PLR2004 (three slips are the most that is still the same word)


def _distance(one: str, two: str, limit: int) -> int:
    """Edits (insert, delete, replace, swap of neighbours) between two words; anything above `limit` is `limit + 1`."""
    if abs(len(one) - len(two)) > limit:
        return limit + 1
    older: list[int] = []
    old = list(range(len(two) + 1))
    for row, left in enumerate(one, 1):
        new = [row]
        for column, right in enumerate(two, 1):
            cost = min(old[column] + 1, new[column - 1] + 1, old[column - 1] + (left != right))
            if row > 1 and column > 1 and left == two[column - 2] and one[row - 2] == right:
                cost = min(cost, older[column - 2] + 1)
            new.append(cost)
        if min(new) > limit:
            return limit + 1
        older, old = old, new
    return old[-1]


def _completed(word: str, known: list[str]) -> str | None:
    """The only candidate that begins with a word somebody shortened."""
    found = [candidate for candidate in known if len(word) > 2 and _plain(candidate).startswith(word)]  # noqa: PLR2004 (two letters say nothing)
    return found[0] if len(found) == 1 and found[0] != word else None
