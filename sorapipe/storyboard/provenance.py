"""Which written values the texts of a shot were made of, word by word; knows no recipes and nothing of the past."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sorapipe.storyboard.cascade import Fields, Written, present
from sorapipe.storyboard.desk import mapping, text_of
from sorapipe.storyboard.filters import TemplateRefused
from sorapipe.storyboard.model import Shot, Storyboard
from sorapipe.storyboard.rendering import is_template, parts
from sorapipe.storyboard.source import Span

_CLOSED = ("vars", "matrix", "characters", "shot")
_TEXTS = {"prompt": ("look", "prompt"), "negative_prompt": ("negative_prompt",)}


class Root(NamedTuple):
    """A written value that went into a text. `key` names it in the storyboard (`vars.tone`), `what` for people
    (`variable tone`), `role` the layer that says it (`scene arrival`), `text` is how it is written, `span` where."""

    key: str
    what: str
    role: str
    text: str
    span: Span


class Word(NamedTuple):
    """A word of a normalised text, and the root of each of its characters."""

    text: str
    roots: tuple[Root, ...]


def made_of(shot: Shot, storyboard: Storyboard, field: str) -> tuple[Word, ...]:
    """The words of a shot's `prompt` (its look first) or `negative_prompt`; empty where nobody knows its files."""
    if not isinstance(shot.origin, Written):
        return ()
    tracer = _Tracer(shot, shot.origin, storyboard)
    out: list[Word] = []
    for key in _TEXTS[field]:
        out += _words(tracer.text(key))
    return tuple(out)


def roots(words: Iterable[Word]) -> dict[str, Root]:
    """All roots of a text by their keys, in the order in which they come."""
    return {root.key: root for word in words for root in word.roots}


def place_of(origin: object, field: str) -> tuple[Span, str] | None:
    """Where the value of a field stands and what the layer that says it is called; `None` where nobody wrote it."""
    if not isinstance(origin, Written) or origin.home(field) is None:
        return None
    return origin.place(field), origin.role(field)


def written(shot: Shot) -> Mapping[str, object]:
    """The fields of a shot as they stand in the files, after cascade, before anything is rendered."""
    return shot.origin.written() if isinstance(shot.origin, Written) else {}


class _Tracer:
    """Renders the texts of one shot once more, and remembers on the way what came from where."""

    def __init__(self, shot: Shot, origin: Written, storyboard: Storyboard) -> None:
        self._shot = shot
        self._origin = origin
        self._storyboard = storyboard
        self._fields = origin.written()
        self._params = self._given()
        self._context = self._seen()

    def text(self, field: str) -> list[tuple[str, Root]]:
        """A field's text in runs, each with its root."""
        raw = text_of(self._fields.get(field))
        if raw is None:
            return []
        return self._runs(raw, self._root(field, field, field), self._context)

    def _given(self) -> Fields:
        if "template" not in self._fields:
            return {}
        return present(mapping(self._fields.get("params"))) | present(mapping(self._fields.get("with")))

    def _seen(self) -> dict[str, object]:
        """What the templates of the shot see, as the loader gives it to them."""
        cast = {
            it.id: {"name": it.name} | ({"description": it.description} if it.description is not None else {})
            for it in self._storyboard.characters.values()
        }
        context: dict[str, object] = {
            "vars": present(mapping(self._fields.get("vars"))),
            "matrix": dict(self._shot.address.cell),
            "characters": cast,
            "shot": {key: self._fields[key] for key in ("seconds", "size") if key in self._fields},
        }
        closed = dict(context)
        for name, raw in self._params.items():
            text = text_of(raw)
            context[name] = raw if text is None else "".join(run for run, _ in self._param(name, text, closed))
        return context

    def _param(self, name: str, text: str, closed: Mapping[str, object]) -> list[tuple[str, Root]]:
        where = f"with.{name}" if name in mapping(self._fields.get("with")) else f"params.{name}"
        return self._runs(text, self._root(where, name, f"`{name}`"), closed)

    def _runs(self, raw: str, own: Root, context: Mapping[str, object]) -> list[tuple[str, Root]]:
        if not is_template(raw):
            return [(raw, own)]
        try:
            found = parts(raw, context)
        except TemplateRefused:
            return [(raw, own)]
        runs: list[tuple[str, Root]] = []
        for text, path, plain in found:
            if not path:
                runs.append((text, own))
            elif plain and path[0] in self._params and len(path) == 1:
                raw_param = text_of(self._params[path[0]]) or ""
                runs += self._param(path[0], raw_param, {key: self._context_of(key) for key in _CLOSED})
            else:
                runs.append((text, self._name(path, own)))
        return runs

    def _context_of(self, key: str) -> object:
        return self._context[key]

    def _name(self, path: Sequence[str], own: Root) -> Root:
        """The root of a name in a template."""
        first, rest = path[0], ".".join(path[1:])
        if first == "vars":
            return self._root(f"vars.{rest}", rest, f"variable {rest}")
        if first == "shot":
            return self._root(rest, rest, rest)
        if first == "characters" and len(path) > 2:  # noqa: PLR2004 - `characters.NAME.description`
            character = self._storyboard.characters[path[1]]
            text = character.description if path[2] == "description" else character.name
            span = character.origin.place(path[2])
            return Root(".".join(path), f"{path[2]} of {path[1]}", "", text or "", span)
        if first == "matrix":
            word = dict(self._shot.address.cell).get(rest, "")
            return Root(f"matrix.{rest}", f"{rest} {word}", "", word, self._origin.place())
        if first in self._params:
            where = "with" if first in mapping(self._fields.get("with")) else "params"
            return self._root(f"{where}.{first}", first, f"`{first}`")
        return own

    def _root(self, key: str, name: str, what: str) -> Root:
        value: object = self._fields
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        text = value if isinstance(value, str) else "" if value is None else str(value)
        return Root(key, what, self._origin.role(key), text, self._origin.place(key))


def _words(runs: Iterable[tuple[str, Root]]) -> list[Word]:
    """The words of runs that follow each other; a word may have several roots."""
    out: list[Word] = []
    text, origins = "", list[Root]()
    for run, root in runs:
        for char in run:
            if not char.isspace():
                text += char
                origins.append(root)
            elif text:
                out.append(Word(text, tuple(origins)))
                text, origins = "", []
    if text:
        out.append(Word(text, tuple(origins)))
    return out
