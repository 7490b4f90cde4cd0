"""What all steps of one load share: reader, places, problems, files and assets; knows nothing of what values mean."""

from __future__ import annotations

import re
from collections.abc import Iterable
from posixpath import basename, dirname, join, normpath, relpath

from sorapipe.storyboard.diagnostics import Diagnostic, Diagnostics, Related, Severity, did_you_mean
from sorapipe.storyboard.document import Container, Document, Places, Value, decode, parse
from sorapipe.storyboard.source import Asset, FileRefused, Place, Reader, Source, Span

MAX_GUESSES = 100
"""Problems of one load that get a "did you mean": among ten thousand names each guess takes a while."""

_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_WEB = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


class Desk:
    """The shared things of one load."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.places = Places()
        self.diagnostics = Diagnostics()
        self.sources: dict[str, Source] = {}
        self.files: list[str] = []
        self.assets: dict[str, Asset] = {}
        self.torn = False
        """Parts of a file couldn't be read: what seems to be missing may only be unreadable."""
        self.blind = False
        """A whole file couldn't be read: no name can be called unknown."""
        self._seen_bad: set[Place] = set()
        self._lines: dict[str, list[str]] = {}
        self._refused: dict[str, str] = {}
        self._said: set[object] = set()
        self._guesses = 0

    def error(
        self, code: str, message: str, span: Span | None, hint: str | None = None, related: Iterable[Related] = ()
    ) -> None:
        """Adds an error, unless the same value has one already: the second would only follow from the first."""
        if span is None or span.place not in self._seen_bad:
            self.diagnostics.error(code, message, span, hint=hint, related=related)

    def pass_on(self, diagnostic: Diagnostic) -> None:
        """Adds a problem that another room found, unless its value has one already."""
        if diagnostic.span is None or diagnostic.span.place not in self._seen_bad:
            self.diagnostics.add(diagnostic)

    def refuse(self, span: Span) -> None:
        """Remembers that the value at a place is wrong and reported."""
        self._seen_bad.add(span.place)

    def warning(
        self, code: str, message: str, span: Span | None, hint: str | None = None, related: Iterable[Related] = ()
    ) -> None:
        """Adds a warning."""
        self.diagnostics.warning(code, message, span, hint=hint, related=related)

    def first(self, *what: object) -> bool:
        """Whether this is said for the first time: ten thousand shots may share one mistake."""
        if what in self._said:
            return False
        self._said.add(what)
        return True

    def said(self, *what: object) -> bool:
        """Whether this was said already."""
        return what in self._said

    def meant(self, word: str, candidates: Iterable[str], form: str = "`{}`") -> str | None:
        """`did you mean …?`, or `None`."""
        self._guesses += 1
        if self._guesses > MAX_GUESSES:
            return None
        guess = did_you_mean(word, candidates)
        return f"did you mean {form.format(guess)}?" if guess else None

    def source(self, path: str, span: Span | None) -> Source | None:
        """Reads a text file of the storyboard; a refusal is reported at `span`."""
        try:
            data = self.reader.read(path)
        except FileRefused as refused:
            self._file_error(path, str(refused), span)
            return None
        source = decode(path, self.reader.name(path), data, self.diagnostics)
        if path not in self.files:
            self.files.append(path)
        if source is not None:
            self.sources[source.name] = source
        return source

    def document(self, path: str, span: Span | None) -> Document | None:
        """Reads and parses a YAML file; problems are reported."""
        source = self.source(path, span)
        if source is None:
            self.torn = self.blind = True
            return None
        found = Diagnostics()
        document = parse(source, self.places, found)
        for diagnostic in found:
            self.diagnostics.add(diagnostic)
            if diagnostic.severity is Severity.ERROR:
                self.torn = True
                if diagnostic.span is not None:
                    self.refuse(diagnostic.span)
        self.blind = self.blind or document is None
        return document

    def written(self, home: Container, key: str | int) -> str:
        """How the value at a key stands in its file, to the end of the line."""
        place = self.places.of(home, key).place
        if place.file not in self._lines:
            self._lines[place.file] = self.places.source(home).text.split("\n")
        return self._lines[place.file][place.line - 1][place.column - 1 :]

    def asset(self, path: str, span: Span) -> None:
        """Looks once at a file that would be uploaded; a refusal is reported at each place that names it."""
        if path in self.assets:
            return
        if path not in self._refused:
            try:
                self.assets[path] = self.reader.asset(path)
            except FileRefused as refused:
                self._refused[path] = str(refused)
            else:
                return
        self._file_error(path, self._refused[path], span)

    def path(self, text: str, home: Container | None, span: Span) -> str | None:
        """The path from the storyboard's folder, of a text in `home`; `None` and an error when it leads outside."""
        folder = dirname(self.places.source(home).path) if home is not None else ""
        refusal = _refusal(text)
        if refusal is not None:
            self.error("path", refusal[0], span, refusal[1])
            return None
        return normpath(join(folder, text))

    def home(self, span: Span) -> str:
        """The folder of the file in which a place is, from the storyboard's folder; paths in it begin there."""
        source = self.sources.get(span.place.file)
        return dirname(source.path) if source is not None else ""

    def _file_error(self, path: str, refusal: str, span: Span | None) -> None:
        hint = self._elsewhere(path, span) if span is not None and "not exist" in refusal else None
        self.error("file", f"`{path}` {refusal}", span, hint)

    def _elsewhere(self, path: str, span: Span) -> str:
        """A file that may be meant instead of one that isn't there; else where it is looked for."""
        guess = did_you_mean(basename(path), self.reader.siblings(path))
        home = self.home(span)
        if guess is not None:
            return f"did you mean `{relpath(join(dirname(path), guess), home or '.')}`?"
        return "a path begins in the folder of the file it stands in" + (f", here `{home}/`" if home else "")


def _refusal(text: str) -> tuple[str, str | None] | None:
    """Why a path can't be used, and the way out."""
    if not text.strip():
        return "this path is empty", None
    if _CONTROL.search(text):
        return "a path can't hold control characters", "rename the file"
    if _WEB.match(text):
        hint = "save it beside the storyboard: what a link shows can change without a word"
        return "this is a link, not a file", hint
    if "\\" in text:
        return "a path has `/` between its parts", f"write `{text.replace(chr(92), '/')}`"
    if text.startswith("/") or _DRIVE.match(text) or text.startswith("~"):
        return "a path must be relative", "copy the file into the storyboard's folder, and write its path from here"
    if ".." in text.split("/"):
        return "a path can't lead up with `..`", _up(text)
    return None


def _up(text: str) -> str:
    if text.endswith((".yaml", ".yml")):
        return "put episodes side by side: series/cast.yaml, series/ep01.yaml"
    return "copy the file into the storyboard's folder, beside or below the file that names it"


def mapping(value: Value) -> dict[str, Value]:
    """The mapping, or an empty one where the file has something else (which the schema has reported)."""
    return value if isinstance(value, dict) else {}


def mappings(value: Value) -> list[dict[str, Value]]:
    """The mappings of a list; all else was reported."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text_of(value: Value) -> str | None:
    """A text as it is written, also where it looked like a number; `None` for all that has no text."""
    if value is None or isinstance(value, str):
        return value
    return None if isinstance(value, bool | list | dict) else str(value)
