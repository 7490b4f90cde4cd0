"""From the text of a YAML file to values with a place for each; knows nothing of what the values mean."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from sorapipe.storyboard import traps
from sorapipe.storyboard.diagnostics import Diagnostics, Related
from sorapipe.storyboard.places import Container, Places, Value
from sorapipe.storyboard.source import Place, Source, Span

__all__ = ["Container", "Document", "Places", "Value", "decode", "parse"]

MAX_BYTES = 64_000_000
MAX_NODES = 3_000_000
MAX_DEPTH = 64
MAX_TEXT = 1_000_000
MAX_ALIASED = 100_000
MAX_KEY = 200
MAX_PROBLEMS = 100

_NULLS = frozenset(("", "null", "~"))
_NULL_LENGTH = 4
_FIRST_PAIR = 4
"""Marks of a mapping before it has a second key: file, start, key and value."""
_ALIAS = re.compile(r"<<[ \t]*:[ \t\r\n]*\*([\w-]+)")
_COLON = re.compile(r"[ \t\r\n]*:")
_OPENS = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_CLOSES = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
_DROPPED = "\0dropped"
_Parser: Callable[[str], Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's events where it is there, else those of pure Python. Only events are taken: its `load` can crash."""

_Event = Any
"""An event of the parser; in the hot loop their classes are told apart, and their marks are always there."""


@dataclass(frozen=True, slots=True)
class Document:
    """One file: its text and what it says. `root` is `None` for an empty file."""

    source: Source
    root: Value


def decode(path: str, name: str, data: bytes, diagnostics: Diagnostics) -> Source | None:
    """The text of a file that should be UTF-8, without a byte order mark; `path` and `name` as in `Source`."""
    diagnostics.file(name)
    if len(data) > MAX_BYTES:
        _too_large(name, len(data), diagnostics)
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        place = Place(name, before.count("\n") + 1, len(before) - before.rfind("\n"))
        wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        says = "the file is UTF-16" if wide else f"byte 0x{data[error.start]:02x} is not UTF-8"
        diagnostics.error("encoding", says, Span(place, 1), hint="save the file as UTF-8")
        return None
    return Source(path, name, text.removeprefix("\ufeff"))


def parse(source: Source, places: Places, diagnostics: Diagnostics) -> Document | None:
    """Reads a file. `None` when it can't be read to its end; never raises for bad input.

    A document can come back although there were errors: then everything but the faulty entries is in it.
    """
    diagnostics.file(source.name)
    if len(source.text) > MAX_BYTES:
        _too_large(source.name, len(source.text), diagnostics)
        return None
    file = places.open(source)
    unreadable = traps.before_parsing(source.text)
    if unreadable:
        _trapped(unreadable, places, file, diagnostics)
        return None
    was_enabled = gc.isenabled()
    gc.disable()  # nothing that is built here is garbage: looking for it doubles the time
    try:
        return _Builder(source, file, places, diagnostics).build()
    except _Stopped:
        return None
    except yaml.YAMLError as error:
        lines = {found.span.place.line for found in diagnostics if found.span and found.span.place.file == source.name}
        news = [  # what follows on the line of a problem that was told, or can't be explained, only follows from it
            trap
            for trap in _explained(source.text, error)
            if not lines or (trap.code != "yaml" and places.span(file, trap.at, 1).place.line not in lines)
        ]
        _trapped(news, places, file, diagnostics)
        return None
    except Exception as error:  # the parser raises more than its own errors, and bad input is never our crash
        says = f"YAML can't be read here: {type(error).__name__}"
        diagnostics.error("yaml", says, Span(Place(source.name, 1, 1), 1))
        return None
    finally:
        if was_enabled:
            gc.enable()


class _Stopped(Exception):
    """The file goes beyond a bound; the diagnostic is there already."""


class _Builder:
    """One pass over the events of one file."""

    def __init__(self, source: Source, file: int, places: Places, diagnostics: Diagnostics) -> None:
        self._text = source.text
        self._file = file
        self._places = places
        self._diagnostics = diagnostics
        self._source = source
        self._keys: dict[str, str] = {}
        self._split: set[int] = set()
        self._anchors: dict[str, _Anchor] = {}
        self._open_anchors: dict[int, _Anchor] = {}
        self._aliased = 0
        self._documents = 0
        self._problems = 0
        self._stack: list[tuple[Container, bool, str | None, list[int]]] = []
        self._parser = _Parser(source.text)

    def build(self) -> Document | None:
        """The whole document. Raises the parser's errors and `_Stopped`."""
        root = self._loop()
        self._unused_anchors()
        return Document(self._source, root)

    def _loop(self) -> Value:  # noqa: PLR0912, PLR0915 (the hot loop: a call per event would double its time)
        cuts = traps.comment_cuts(self._text)
        careful = bool(cuts) or traps.has_properties(self._text)
        get_event, stack, keys = self._parser.get_event, self._stack, self._keys
        bases, all_marks, file = self._places.bases, self._places.marks, self._file
        scalar, map_start, list_start = yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent
        ends = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
        alive: list[Container] = []
        keep = alive.append
        top: list[Value] = []
        container: Container = top
        in_map, key = False, None
        marks: list[int] = [file, 0]
        value: Value
        for _ in range(MAX_NODES):
            event = get_event()
            kind = type(event)
            if kind is scalar:
                text: str = event.value
                if in_map and key is None:
                    known = keys.get(text)
                    if known is None or known in container or (careful and (event.anchor or event.tag)):
                        known = self._key(event, container, marks)
                    key = known
                    if key is not _DROPPED:
                        marks.append(event.start_mark.index)
                    continue
                value = text
                size = len(text)
                if size <= _NULL_LENGTH and text in _NULLS and not event.style:
                    value = None
                    if in_map and key is not _DROPPED and not size and self._without_value(container, key, marks):
                        marks.pop()
                        key = _DROPPED
                elif size > MAX_TEXT:
                    self._stop("too-large", event, f"this text is longer than {MAX_TEXT:,} characters")
                if careful:
                    self._properties(event, value, container, key, cuts)
            elif kind is map_start or kind is list_start:
                at = event.start_mark.index
                if in_map and key is None:
                    self._complex_key(event)
                    key = _DROPPED
                    continue
                new: Container = {} if kind is map_start else []
                if careful and (event.anchor or event.tag):
                    self._container_properties(event, new)
                if key is not _DROPPED:
                    marks.append(at)
                    if in_map:
                        container[key] = new  # type: ignore[index, call-overload]  # a mapping has text keys
                    else:
                        container.append(new)  # type: ignore[union-attr]  # it is a list
                stack.append((container, in_map, None, marks))
                if len(stack) > MAX_DEPTH:
                    self._stop("too-deep", event, f"this is nested deeper than {MAX_DEPTH} levels")
                container, in_map, key, marks = new, kind is map_start, None, [file, at]
                continue
            elif kind in ends:
                bases[id(container)] = len(all_marks)
                all_marks.fromlist(marks)
                keep(container)
                if careful:
                    self._close(container)
                container, in_map, key, marks = stack.pop()
                continue
            elif kind is yaml.AliasEvent:
                if in_map and key is None:
                    self._complex_key(event)
                    key = _DROPPED
                    continue
                value = self._alias(event)
            elif kind is yaml.StreamEndEvent:
                self._places.keep(alive)
                return top[0] if top else None
            else:
                self._frame_event(event, bool(top))
                continue
            if key is not _DROPPED:
                marks.append(event.start_mark.index)
                if in_map:
                    container[key] = value  # type: ignore[index, call-overload]  # a mapping has text keys
                else:
                    container.append(value)  # type: ignore[union-attr]  # it is a list
            key = None
        return self._stop("too-large", event, f"the file holds more than {MAX_NODES:,} values")

    def _key(self, event: _Event, container: Container, marks: list[int]) -> str:
        """A key seen for the first time, or one with something odd about it."""
        text: str = event.value
        odd = event.tag or event.anchor or len(text) > MAX_KEY or (not event.style and (text in _NULLS or text == "<<"))
        if not odd and text not in container:
            return self._keys.setdefault(text, text)
        span = self._span(event, len(text))
        if event.tag or event.anchor:
            self._error("tag", "a key is plain text, without tags and anchors", span, hint=f"write `{text}:`")
        elif not event.style and text in _NULLS:
            self._error("key", "a key must be a text", span, hint="give it a name, or put it in quotes")
        elif text == "<<" and not event.style:
            hint = f"what shots share stands under `defaults:`, or in a template:\n    defaults: {self._merged(event)}"
            self._error("merge-key", "merge keys (`<<`) are not part of the language", span, hint=hint)
        elif len(text) > MAX_KEY:
            self._error("key", f"a key has at most {MAX_KEY} characters", span, hint="is this a text?")
        else:
            first = self._places.span(self._file, marks[2 + 2 * list(container).index(text)], len(text))
            related = (Related(first, "it is here already"),)
            says = f"the key `{text}` stands twice in the same place"
            self._error("duplicate-key", says, span, hint="keep one of the two", related=related)
        return _DROPPED

    def _merged(self, event: _Event) -> str:
        """What a merge key would merge, as `{…}`, where it is simple."""
        alias = _ALIAS.match(self._text, event.start_mark.index)
        anchor = self._anchors.get(alias[1]) if alias else None
        pairs = anchor.value if anchor is not None and isinstance(anchor.value, dict) else {}
        texts = [f"{key}: {value}" for key, value in pairs.items() if isinstance(value, str) and value.isalnum()]
        return f"{{{', '.join(texts)}}}" if texts and len(texts) == len(pairs) else "{size: 1280x720, seconds: 10}"

    def _complex_key(self, event: _Event) -> None:
        """A list, mapping or alias where a key should be: reported and skipped."""
        at: int = event.start_mark.index
        if self._text[at - 1 : at + 1] == "{{":
            self._report(traps.template_without_quotes(self._text, at - 1))
        else:
            self._error("key", "a key must be a text", self._span(event, 1), hint="write `name: value`")
        nested = int(isinstance(event, _OPENS))
        while nested:
            skipped: _Event = self._parser.get_event()
            nested += isinstance(skipped, _OPENS) - isinstance(skipped, _CLOSES)
            if nested > MAX_DEPTH:
                self._stop("too-deep", skipped, f"this is nested deeper than {MAX_DEPTH} levels")

    def _without_value(self, container: Container, key: str | None, marks: list[int]) -> bool:
        """Catches `{timestamps: 1,3}`: in `{…}` a key may stand without a colon, and then it is hardly meant as one."""
        if key is None or not isinstance(container, dict) or not self._text.startswith("{", marks[1]):
            return False
        at = marks[-1]
        end = at + len(key) + 2 * (self._text[at] in "\"'")
        if _COLON.match(self._text, end):
            return False
        name = next(reversed(container)) if container else ""
        value, start = (container.get(name), marks[-2]) if len(marks) > _FIRST_PAIR else (None, at)
        if start not in self._split:
            self._split.add(start)
            self._report(
                traps.comma_splits(self._text, start, at, key, (name, value) if isinstance(value, str) else None)
            )
        return start != at

    def _properties(self, event: _Event, value: Value, container: Container, key: str | None, cuts: set[int]) -> None:
        """Tag and anchor of a scalar, and the comment that cuts a text."""
        if event.tag:
            self._tag(event)
        if event.anchor:
            self._anchors[event.anchor] = _Anchor(value, event.start_mark.index)
        if not event.style and event.end_mark.index in cuts and self._is_free_text(container, key):
            self._report(traps.cut_text(self._text, event.start_mark.index, key))

    def _is_free_text(self, container: Container, key: str | None) -> bool:
        if key in traps.FREE_TEXT:
            return True
        open_keys = (next(reversed(above)) for above, in_map, _, _ in self._stack if in_map and above)
        return any(above in traps.FREE_BELOW for above in open_keys) or (
            key is None and isinstance(container, list) and self._below() in traps.FREE_TEXT
        )

    def _below(self) -> str | None:
        """The key under which the current list stands."""
        above, in_map, _, _ = self._stack[-1]
        return next(reversed(above)) if in_map and isinstance(above, dict) and above else None

    def _container_properties(self, event: _Event, new: Container) -> None:
        if event.tag:
            self._tag(event)
        if event.anchor:
            anchor = _Anchor(new, event.start_mark.index, is_open=True)
            self._anchors[event.anchor] = anchor
            self._open_anchors[id(new)] = anchor

    def _close(self, container: Container) -> None:
        anchor = self._open_anchors.pop(id(container), None)
        if anchor is not None:
            anchor.is_open = False

    def _tag(self, event: _Event) -> None:
        trap = traps.begins_with(self._text, event.start_mark.index)
        if trap is not None and not event.tag.startswith("tag:") and isinstance(event, yaml.ScalarEvent):
            self._report(trap)
            return
        at = event.start_mark.index
        written = self._text[at : at + 80].split(maxsplit=1)[0]
        says = f"tags like `{written}` are not part of the language"
        hint = "delete it: a text stands as it is written, numbers are read where one is asked for"
        self._error("tag", says, self._span(event, len(written)), hint=hint)

    def _alias(self, event: _Event) -> Value:
        """The copy of what an anchor stands for, within the bounds of small use."""
        anchor = self._anchors.get(event.anchor)
        if anchor is None:
            trap = traps.begins_with(self._text, event.start_mark.index)
            if trap is not None:
                self._report(trap)
            return None
        anchor.used = True
        if anchor.is_open:
            span = self._span(event, len(event.anchor) + 1)
            hint = "write out what is meant"
            self._error("alias", f"`*{event.anchor}` stands inside of what it stands for", span, hint=hint)
            return None
        return self._copy(anchor.value, event, len(self._stack))

    def _copy(self, value: Value, event: _Event, depth: int) -> Value:
        self._aliased += 1
        if self._aliased > MAX_ALIASED or depth > MAX_DEPTH:
            says = "aliases (`*name`) multiply this file beyond reason"
            self._stop("alias", event, says, "use `defaults:` or a template for what is shared")
        if not isinstance(value, (dict, list)):
            return value
        copied: Container
        if isinstance(value, dict):
            copied = {key: self._copy(item, event, depth + 1) for key, item in value.items()}
        else:
            copied = [self._copy(item, event, depth + 1) for item in value]
        self._places.copy(copied, value)
        return copied

    def _unused_anchors(self) -> None:
        """`title: &c walks`: an anchor that nothing uses was meant as text."""
        for anchor in self._anchors.values():
            trap = traps.begins_with(self._text, anchor.at)
            if not anchor.used and trap is not None and isinstance(anchor.value, str):
                self._report(trap)

    def _frame_event(self, event: _Event, has_root: bool) -> None:
        if not isinstance(event, yaml.DocumentStartEvent):
            return
        self._documents += 1
        if self._documents > 1 or has_root:
            says = "a second document begins here (`---`), and a storyboard is one"
            self._stop("documents", event, says, "make it a file of its own and `include:` it")

    def _report(self, trap: traps.Trap) -> None:
        _trapped([trap], self._places, self._file, self._diagnostics)
        self._count()

    def _error(
        self, code: str, message: str, span: Span, *, hint: str | None = None, related: tuple[Related, ...] = ()
    ) -> None:
        self._diagnostics.error(code, message, span, hint=hint, related=related)
        self._count()

    def _count(self) -> None:
        """A file with so many problems has one cause, and looking at each costs time."""
        self._problems += 1
        if self._problems >= MAX_PROBLEMS:
            span = self._places.span(self._file, len(self._text), 1)
            self._diagnostics.note("too-many", f"after {MAX_PROBLEMS} problems the rest of the file is not read", span)
            raise _Stopped

    def _span(self, event: _Event, length: int) -> Span:
        return self._places.span(self._file, event.start_mark.index, length)

    def _stop(self, code: str, event: _Event, message: str, hint: str | None = None) -> NoReturn:
        self._error(code, message, self._span(event, 1), hint=hint)
        raise _Stopped


@dataclass(slots=True)
class _Anchor:
    """A value with a name, and where the name was given."""

    value: Value
    at: int
    is_open: bool = False
    used: bool = False


def _too_large(name: str, size: int, diagnostics: Diagnostics) -> None:
    says = f"the file is too large: {size:,} bytes, at most {MAX_BYTES:,} are read"
    hint = "divide it and `include:` the parts, or let a matrix repeat what repeats"
    diagnostics.error("too-large", says, Span(Place(name, 1, 1), 1), hint=hint)


def _explained(text: str, error: yaml.YAMLError) -> list[traps.Trap]:
    if isinstance(error, yaml.MarkedYAMLError) and (error.problem_mark or error.context_mark):
        mark = error.problem_mark or error.context_mark
        lead = error.context_mark.index if error.context_mark else None
        return [traps.explain(text, error.problem or "", mark.index if mark else 0, error.context or "", lead)]
    return traps.unreadable_characters(text) or [traps.Trap("yaml", "this file can't be read as YAML", 0)]


def _trapped(found: list[traps.Trap], places: Places, file: int, diagnostics: Diagnostics) -> None:
    for trap in found:
        related = () if trap.also is None else (Related(places.span(file, *trap.also[:2]), trap.also[2]),)
        span = places.span(file, trap.at, trap.length)
        diagnostics.error(trap.code, trap.message, span, hint=trap.hint, related=related)
