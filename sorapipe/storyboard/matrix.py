"""Axes of a matrix and the cells that they make; knows no shots, requests or files (rows are handed in)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from sorapipe.storyboard.cascade import Fields
from sorapipe.storyboard.desk import Desk, mapping, mappings, text_of
from sorapipe.storyboard.diagnostics import Related
from sorapipe.storyboard.document import Container, Value
from sorapipe.storyboard.fields import SHOT_KEYS
from sorapipe.storyboard.model import Cell
from sorapipe.storyboard.source import Span

_AXIS = re.compile(r"[a-z][a-z0-9_]*")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
MAX_COMPARED = 20_000_000
"""Rules times cells of one matrix."""

_FIXED = frozenset({"id", "matrix", "exclude", "include", "cells", "shots"})
"""What a cell can't change: it is read before there are cells."""

Rows = Callable[[str, Container, str], list[Fields] | None]
"""Reads the rows of an axis from a path that stands in a container at a key; `None` when that was refused."""


class Word(NamedTuple):
    """One word of an axis, and what a cell with it changes."""

    text: str
    changes: Fields


@dataclass(frozen=True, slots=True)
class Axis:
    """A named list of words, and the place where it was written."""

    name: str
    words: tuple[Word, ...]
    place: Span


class Choice(NamedTuple):
    """One cell before it is a shot: its words by axis in the order of the axes, and what they change, lowest first."""

    words: dict[str, str]
    changes: tuple[Fields, ...]
    own: tuple[Fields, ...] = ()
    """What an `include` item says besides the words."""

    @property
    def layers(self) -> tuple[Fields, ...]:
        """All that the cell changes, the highest last."""
        return self.changes + self.own

    @property
    def cell(self) -> Cell:
        """The cell in canonical form."""
        return tuple(sorted(self.words.items()))


NOTHING = Choice({}, ())


class Matrix:
    """Reads and expands matrices; every problem goes to the desk."""

    def __init__(self, desk: Desk, rows: Rows) -> None:
        self._desk = desk
        self._rows = rows

    def axes(self, raw: Mapping[str, Value], home: Container) -> list[Axis] | None:
        """The axes of a `matrix:` mapping, `null` ones left out; `None` when any of them is unusable."""
        axes: list[Axis] = []
        good = True
        for name, value in raw.items():
            if value is None:
                continue
            if not _AXIS.fullmatch(name):
                hint = "letters, digits and `_`, a small letter first: it is used as `{{ matrix.NAME }}`"
                self._desk.error("axis-name", f"`{name}` can't be the name of an axis", self._key(home, name), hint)
                good = False
                continue
            words = self._words(name, value, home)
            if words is None:
                good = False
            else:
                axes.append(Axis(name, tuple(words), self._key(home, name)))
        return axes if good else None

    def choices(
        self, axes: Sequence[Axis], exclude: Value, include: Value, outer: Sequence[Choice] = (NOTHING,)
    ) -> list[Choice] | None:
        """All cells: the outer ones with each of this matrix, last axis fastest, without and with some; or `None`."""
        found = [Choice({**around.words, **one.words}, one.changes) for around in outer for one in product(axes)]
        known = {axis.name: {word.text: None for word in axis.words} for axis in axes}
        for around in outer:
            for axis, word in around.words.items():
                known.setdefault(axis, {})[word] = None
        if not self.affordable(len(mappings(exclude)) + len(mappings(include)), len(found), exclude or include):
            return None
        rules = [self.when(item, known) for item in mappings(exclude)]
        if None in rules:
            return None
        kept = [one for one in found if not any(rule and agrees(rule, one.words) for rule in rules)]
        for item in mappings(include):
            added = self._added(item, axes, outer, kept, known)
            if added is None:
                return None
            kept.extend(added)
        return kept

    def affordable(self, rules: int, cells: int, written: Value) -> bool:
        """Whether so many rules can be held against so many cells; an error at the rules where not."""
        if rules * cells <= MAX_COMPARED:
            return True
        places = self._desk.places
        span = places.of(written) if isinstance(written, list | dict) and places.known(written) else None
        message = f"{rules:,} rules for {cells:,} cells are more than can be handled"
        self._desk.error("too-many-rules", message, span, "fewer words, or rows that say what is wanted")
        return False

    def when(self, item: Fields, known: Mapping[str, Collection[str]]) -> dict[str, str] | None:
        """The words that a rule names, checked against those that there are; `None` with an error."""
        out: dict[str, str] = {}
        for axis, value in item.items():
            word = text_of(value)
            if axis not in known:
                hint = self._desk.meant(axis, known) or f"the axes here are {_listed(known)}"
                self._desk.error("unknown-axis", f"there is no axis `{axis}` here", self._key(item, axis), hint)
                return None
            if word is None or word not in known[axis]:
                span = self._desk.places.of(item, axis)
                hint = self._desk.meant(word or "", known[axis]) or f"its words are {_listed(known[axis])}"
                self._desk.error("unknown-word", f"axis `{axis}` has no word `{word}`", span, hint)
                return None
            out[axis] = word
        return out

    def _words(self, name: str, value: Value, home: Container) -> list[Word] | None:
        if isinstance(value, str):
            return self._from_rows(name, value, home)
        if isinstance(value, dict):
            pairs = [(text, mapping(changes), self._key(value, text)) for text, changes in value.items()]
        elif isinstance(value, list):
            pairs = [
                (text, {}, self._desk.places.of(value, index))
                for index, item in enumerate(value)
                if (text := text_of(item)) is not None
            ]
            if len(pairs) < len(value):
                return None
        else:
            return None
        if not pairs:
            self._desk.error("empty-axis", f"axis `{name}` has no words", self._desk.places.of(home, name))
            return None
        return self._checked(name, pairs)

    def _from_rows(self, name: str, path: str, home: Container) -> list[Word] | None:
        span = self._desk.places.of(home, name)
        if not path.lower().endswith((".csv", ".tsv", ".yaml", ".yml")):
            hint = f"write `{name}: [{path}]`, or the path of a CSV or YAML file with rows"
            self._desk.error("axis", f"axis `{name}` is neither a list nor a file of rows", span, hint)
            return None
        rows = self._rows(path, home, name)
        if rows is None:
            return None
        pairs: list[tuple[str, Fields, Span]] = []
        for row in rows:
            word = text_of(row.get("id"))
            if word is None:
                hint = "the `id` is the axis's word"
                self._desk.error("row", "this row has no `id`", self._desk.places.of(row), hint)
                return None
            pairs.append((word, row, self._of(row, "id")))
        if not pairs:
            self._desk.error("empty-axis", f"`{path}` has no rows", span)
            return None
        return self._checked(name, pairs, rows=True)

    def _checked(
        self, axis: str, pairs: Iterable[tuple[str, Fields, Span]], *, rows: bool = False
    ) -> list[Word] | None:
        seen: dict[str, tuple[str, Span]] = {}
        good = True
        words: list[Word] = []
        for text, changes, span in pairs:
            good &= self._word(text, span) and self._changes(changes, rows=rows)
            other = seen.setdefault(text.lower(), (text, span))
            if other[1] is not span:
                related = [Related(other[1], f"`{other[0]}` is here")]
                says = "stands twice" if other[0] == text else "differs from another one in its capitals only"
                hint = "give it another word: words become names of files"
                self._desk.error("word", f"word `{text}` of axis `{axis}` {says}", span, hint, related)
                good = False
            if changes:
                self._desk.places.call(changes, f"{axis} {text}")
            words.append(Word(text, changes))
        return words if good else None

    def _word(self, text: str, span: Span) -> bool:
        if _WORD.fullmatch(text):
            return True
        named = re.sub(r"[^A-Za-z0-9_-]+", "x" if re.fullmatch(r"\d+[:x/]\d+", text) else "-", text).strip("-_")
        hint = f'give it a name: `{named.lower() or "wide"}: {{vars: {{text: "{text}"}}}}`'
        if re.fullmatch(r"\d+:\d+", text):
            hint = "give it a name: `wide: {size: 1280x720}`"
        message = f"`{text}` can't be a word of an axis: letters, digits, `_` and `-` can, as it stands in file names"
        self._desk.error("word", message, span, hint)
        return False

    def _changes(self, changes: Fields, *, rows: bool) -> bool:
        bad = [key for key in changes if key in _FIXED and not (rows and key == "id")]
        for key in bad:
            self._desk.error("cell", f"a cell can't change `{key}`", self._key(changes, key), "write another shot")
        return not bad

    def _added(
        self,
        item: Fields,
        axes: Sequence[Axis],
        outer: Sequence[Choice],
        there: Sequence[Choice],
        known: Mapping[str, Collection[str]],
    ) -> list[Choice] | None:
        """The whole new cells of one `include` item: one for each outer cell that it agrees with."""
        missing = [axis.name for axis in axes if axis.name not in item]
        if missing:
            hint = "`include` adds whole cells; to change some that are there, write `cells: [{when: {…}, …}]`"
            message = f"this cell says nothing for {_listed(missing)}"
            self._desk.error("include-cell", message, self._desk.places.of(item), hint)
            return None
        around = {axis: text_of(item[axis]) or "" for axis in known if axis in item and not _has(axes, axis)}
        inner = self._new_words(item, axes)
        changes = {key: value for key, value in item.items() if key not in known}
        if inner is None or not self._known_changes(changes, item, known):
            return None
        own = () if not changes else (changes,) if any(axis in SHOT_KEYS for axis in known) else (item,)
        layers = _changes_of(axes, inner)
        added = [Choice({**one.words, **inner}, layers, own) for one in outer if agrees(around, one.words)]
        cells = {one.cell for one in there}
        if not added or any(one.cell in cells for one in added):
            says = "this cell is there already" if added else "this cell agrees with no cell of the films"
            way_out = "to change it, write `cells: [{when: {…}, …}]`" if added else None
            self._desk.error("include-cell", says, self._desk.places.of(item), way_out)
            return None
        return added

    def _new_words(self, item: Fields, axes: Sequence[Axis]) -> dict[str, str] | None:
        inner: dict[str, str] = {}
        for axis in axes:
            text, span = text_of(item[axis.name]) or "", self._of(item, axis.name)
            if not self._word(text, span):
                return None
            twins = [word.text for word in axis.words if word.text.lower() == text.lower() and word.text != text]
            if twins:
                self._desk.error("word", f"axis `{axis.name}` has `{twins[0]}`, not `{text}`", span)
                return None
            inner[axis.name] = text
        return inner

    def _known_changes(self, changes: Fields, item: Fields, known: Mapping[str, Collection[str]]) -> bool:
        for key in changes:
            if key not in SHOT_KEYS or key in _FIXED:
                hint = self._desk.meant(key, [*known, *SHOT_KEYS]) or f"the axes here are {_listed(known)}"
                message = f"`{key}` is neither an axis here nor a field of a shot"
                self._desk.error("unknown-axis", message, self._key(item, key), hint)
                return False
        return True

    def _of(self, home: Container, key: str) -> Span:
        return self._desk.places.of(home, key)

    def _key(self, home: Container, key: str) -> Span:
        return self._desk.places.key(home, key)


def count(axes: Sequence[Axis]) -> int:
    """How many cells the axes make before any is left out."""
    return prod(len(axis.words) for axis in axes)


def product(axes: Sequence[Axis]) -> list[Choice]:
    """Every combination of words, the last axis fastest."""
    found = [NOTHING]
    for axis in axes:
        found = [
            Choice({**one.words, axis.name: word.text}, (*one.changes, word.changes) if word.changes else one.changes)
            for one in found
            for word in axis.words
        ]
    return found


def agrees(rule: Mapping[str, str], words: Mapping[str, str]) -> bool:
    """Whether a cell has every word of a rule."""
    return all(words.get(axis) == word for axis, word in rule.items())


def project(choices: Sequence[Choice], axes: Sequence[Axis]) -> list[Choice]:
    """The cells on fewer axes: each once, in the order of their first; words that are left keep what they change."""
    names = [axis.name for axis in axes]
    if choices and len(choices[0].words) == len(names):
        return list(choices)
    changes = _by_word(axes)
    found: dict[tuple[str, ...], Choice] = {}
    for one in choices:
        key = tuple(one.words[name] for name in names)
        if key not in found:
            words = dict(zip(names, key, strict=True))
            found[key] = Choice(words, _changes_in(changes, words), one.own)
    return list(found.values())


def label(shot: str, words: Mapping[str, str]) -> str:
    """How a shot is printed and typed: `storm/fog/wide`; `axis=word` where a word stands in two axes."""
    if not words:
        return shot
    texts = [word.lower() for word in words.values()]
    parts = [f"{axis}={word}" if texts.count(word.lower()) > 1 else word for axis, word in words.items()]
    return "/".join((shot, *parts))


def _changes_of(axes: Sequence[Axis], words: Mapping[str, str]) -> tuple[Fields, ...]:
    return _changes_in(_by_word(axes), words)


def _by_word(axes: Sequence[Axis]) -> list[tuple[str, dict[str, Fields]]]:
    return [(axis.name, {word.text: word.changes for word in axis.words}) for axis in axes]


def _changes_in(changes: Sequence[tuple[str, Mapping[str, Fields]]], words: Mapping[str, str]) -> tuple[Fields, ...]:
    """What the words of one cell change; a word that `include` brought changes nothing by itself."""
    found = (by_word.get(words[axis]) for axis, by_word in changes)
    return tuple(fields for fields in found if fields)


def _has(axes: Sequence[Axis], name: str) -> bool:
    return any(axis.name == name for axis in axes)


def _listed(words: Iterable[str]) -> str:
    shown = list(words)
    return ", ".join(f"`{word}`" for word in shown[:8]) + (" …" if len(shown) > 8 else "")  # noqa: PLR2004 (a line's worth)
