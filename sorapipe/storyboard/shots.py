"""From the merged files to drafts: templates, cascade and matrix of every shot; knows no texts and references."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from sorapipe.storyboard import matrix
from sorapipe.storyboard.cascade import Fields, Written, lay, lay_all, present
from sorapipe.storyboard.desk import Desk, mapping, mappings
from sorapipe.storyboard.diagnostics import Related
from sorapipe.storyboard.document import Value
from sorapipe.storyboard.filters import RESERVED
from sorapipe.storyboard.include import SceneText, Script
from sorapipe.storyboard.matrix import NOTHING, Axis, Choice, Matrix
from sorapipe.storyboard.model import Address
from sorapipe.storyboard.references import UNSAID, Draft

MAX_SHOTS = 200_000
"""How many shots one storyboard may expand to; counted before anything is expanded."""

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_PARAM = re.compile(r"[a-z][a-z0-9_]*")
_WINDOWS = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{digit}" for digit in range(10)), *(f"lpt{digit}" for digit in range(10))}
)
_OWN = ("matrix", "exclude", "include", "cells")


class FilmMatrix(NamedTuple):
    """The matrix of the whole storyboard: one film a cell. `cells` are its odd cells, with their rules."""

    axes: Sequence[Axis]
    choices: Sequence[Choice]
    cells: Sequence[tuple[dict[str, str], Fields]]


NO_FILMS = FilmMatrix((), (NOTHING,), ())


class _Base(NamedTuple):
    """What lies under a shot: the layers, and what they come to."""

    layers: tuple[Fields, ...]
    fields: Fields


class _Scope(NamedTuple):
    """A scene, what lies under its shots, and the same with each template on it."""

    scene: SceneText
    under: _Base
    known: dict[str, _Base]


def usable_id(desk: Desk, kind: str, name: str, home: Fields, key: str = "id") -> bool:
    """Whether a name can be an id; an error where it can't."""
    if _ID.fullmatch(name) and name not in _WINDOWS:
        return True
    span = desk.places.of(home, key) if key == "id" else desk.places.key(home, key)
    if name not in _WINDOWS:
        named = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")[:64]
        hint = "small letters, digits, `-` and `_`" + (f": `{named}`" if named else "")
        desk.error("id", f"`{name}` can't be the id of a {kind}", span, hint)
    else:
        desk.error("id", f"`{name}` is a reserved file name on Windows", span, f"call it `{name}-1`")
    return False


class Shots:
    """Makes the drafts, in the order of the film."""

    def __init__(self, desk: Desk, script: Script, reader: Matrix, limit: int) -> None:
        self.unclear: set[str] = set()
        """Shots with errors of their own: what refers to them is not to blame."""
        self.complete = not desk.torn
        """Whether every shot has a name that can be referred to."""
        self.dropped: dict[str, frozenset[str]] = {}
        self._desk = desk
        self._script = script
        self._matrix = reader
        self._limit = limit
        self._room = limit
        self._drafts: list[Draft] = []
        self._seen: dict[str, Fields] = {}
        self._templates = {name: self._template(name, raw) for name, raw in script.templates.items()}

    def drafts(self, films: FilmMatrix | None) -> list[Draft]:
        """All shots of all scenes; those with errors are left out. `films` is `None` when its matrix is unusable."""
        bottom = _Base(self._script.layers, lay_all(self._script.layers))
        for scene in self._script.scenes:
            self._scene(scene, bottom, films)
        return self._drafts

    def _scene(self, scene: SceneText, bottom: _Base, films: FilmMatrix | None) -> None:
        under = _Base((*bottom.layers, *scene.layers), lay_all(scene.layers, bottom.fields))
        scope = _Scope(scene, under, {})
        for raw in scene.shots:
            name = raw.get("id")
            if not isinstance(name, str):
                self.complete = False
                continue
            if not self._new(name, raw):
                continue
            if films is None:
                self.unclear.add(name)
            elif films is NO_FILMS and "matrix" not in raw:
                self._room -= 1
                self._plain(name, raw, scope)
            else:
                self._cells(name, raw, scope, films)
        if self._room < 0:
            self._too_many(scene.head)

    def _new(self, name: str, raw: Fields) -> bool:
        other = self._seen.setdefault(name, raw)
        if other is not raw:
            related = [Related(self._desk.places.of(other, "id"), f"shot `{name}` is here too")]
            span = self._desk.places.of(raw, "id")
            hint = "ids are unique in the whole storyboard: give one of the two another"
            self._desk.error("defined-twice", f"shot `{name}` is defined twice", span, hint, related)
            return False
        if not usable_id(self._desk, "shot", name, raw):
            self.unclear.add(name)
            return False
        return True

    def _plain(self, name: str, raw: Fields, scope: _Scope) -> None:
        base = self._based((raw,), scope) if "template" in raw else scope.under
        if base is None:
            self.unclear.add(name)
            return
        fields = present(lay(base.fields, raw))
        params = self._params(raw, fields) if "with" in fields or "template" in raw else None
        origin = Written(self._desk.places, raw, (*base.layers, raw))
        self._drafts.append(Draft(Address(name), name, scope.scene.id, fields, {}, params, origin))

    def _cells(self, name: str, raw: Fields, scope: _Scope, films: FilmMatrix) -> None:
        choices = self._choices(name, raw, films)
        rules = self._rules(raw, choices, films) if choices is not None else None
        if choices is None or rules is None:
            self.unclear.add(name)
            return
        for outer, inner in choices:
            words = {**outer.words, **inner.words}
            odd = [item for rule, item in rules if matrix.agrees(rule, words)]
            above = (*outer.layers, raw, *inner.layers, *odd)
            base = self._based(above, scope)
            if base is None:
                self.unclear.add(name)
                continue
            fields = present(lay_all(above, base.fields))
            params = self._params(raw, fields) if "with" in fields or "template" in fields else None
            address = Address(name, tuple(sorted(words.items())))
            origin = Written(self._desk.places, raw, (*base.layers, *above))
            label = matrix.label(name, words)
            self._drafts.append(Draft(address, label, scope.scene.id, fields, words, params, origin))

    def _choices(self, name: str, raw: Fields, films: FilmMatrix) -> list[tuple[Choice, Choice]] | None:
        """The cells of a shot, each with the film's part and its own, in the order of the film."""
        own_raw = mapping(raw.get("matrix"))
        if "matrix" in raw and raw["matrix"] is not None and not isinstance(raw["matrix"], dict):
            return None
        kept = [axis for axis in films.axes if own_raw.get(axis.name, "") is not None]
        self.dropped[name] = frozenset(axis for axis, value in own_raw.items() if value is None)
        if not self._known_axes(own_raw, films.axes):
            return None
        own = self._matrix.axes(own_raw, own_raw) if own_raw else []
        if own is None:
            return None
        outer = matrix.project(films.choices, kept)
        self._room -= len(outer) * matrix.count(own)
        if self._room < 0:
            self._too_many(raw)
            return None
        found = self._matrix.choices(own, raw.get("exclude"), raw.get("include"), outer)
        if found is None:
            return None
        if not found:
            hint = "take out of `exclude` what is to stay, or delete the shot"
            span = self._desk.places.of(raw, "exclude")
            self._desk.error("no-cells", f"every cell of `{name}` is excluded", span, hint)
            return None
        names = [axis.name for axis in kept]
        at = {tuple(one.words[axis] for axis in names): number for number, one in enumerate(outer)}
        pairs = [(at[tuple(one.words[axis] for axis in names)], one) for one in found]
        pairs.sort(key=lambda pair: pair[0])
        return [(outer[number], one) for number, one in pairs]

    def _known_axes(self, own: Fields, films: Sequence[Axis]) -> bool:
        places = {axis.name: axis.place for axis in films}
        good = True
        for axis, value in own.items():
            if value is None and axis not in places:
                hint = (
                    self._desk.meant(axis, places) or "`null` drops an axis of the `matrix:` at the top: delete it here"
                )
                span = self._desk.places.key(own, axis)
                self._desk.error("unknown-axis", f"the films have no axis `{axis}`", span, hint)
                good = False
            elif value is not None and axis in places:
                hint = f"`{axis}: null` drops it here; another axis needs another name"
                related = [Related(places[axis], "the films' axis is here")]
                message = f"axis `{axis}` stands in the films' matrix already"
                self._desk.error("axis-twice", message, self._desk.places.key(own, axis), hint, related)
                good = False
        return good

    def _rules(
        self, raw: Fields, choices: Sequence[tuple[Choice, Choice]], films: FilmMatrix
    ) -> list[tuple[dict[str, str], Fields]] | None:
        own = mappings(raw.get("cells"))
        rules = list(films.cells)
        if not own:
            return rules
        if not self._matrix.affordable(len(own) + len(rules), len(choices), raw["cells"]):
            return None
        known: dict[str, dict[str, None]] = {}
        for outer, inner in choices:
            for axis, word in {**outer.words, **inner.words}.items():
                known.setdefault(axis, {})[word] = None
        for item in own:
            self._desk.places.call(item, "cells")
            rule = self._matrix.when(mapping(item.get("when")), known)
            if rule is None:
                return None
            rules.append((rule, item))
        return rules

    def _too_many(self, home: Fields) -> None:
        if self._desk.first("too many"):
            message = f"the storyboard expands to more than {self._limit:,} shots"
            span = self._desk.places.of(home, "matrix" if "matrix" in home else "id")
            self._desk.error("too-many-shots", message, span, "fewer axes, fewer words, or several storyboards")

    def _template(self, name: str, raw: Fields) -> Fields | None:
        """A template that can be used; `None` with an error."""
        if "template" in raw:
            span = self._desk.places.key(raw, "template")
            hint = "write its fields out here, or put what both share into `defaults:` or `vars:`"
            self._desk.error("template", "templates can't extend templates", span, hint)
            return None
        good = True
        params = mapping(raw.get("params"))
        for param in params:
            if param in RESERVED or not _PARAM.fullmatch(param):
                hint = "letters, digits and `_`, a small letter first; not a word that templates use themselves"
                span = self._desk.places.key(params, param)
                self._desk.error("param-name", f"`{param}` can't be the name of a parameter", span, hint)
                good = False
        self._desk.places.call(raw, f"template {name}")
        return raw if good else None

    def _based(self, layers: Sequence[Fields], scope: _Scope) -> _Base | None:
        """What lies under these layers when the highest of them that names a template has its way."""
        raw = next((layer for layer in reversed(layers) if "template" in layer), None)
        name = raw["template"] if raw is not None else None
        if raw is None or not isinstance(name, str):
            return scope.under if name is None else None
        if name in scope.known:
            return scope.known[name]
        template = self._templates.get(name)
        if template is None:
            if name not in self._templates and not self._desk.torn:
                hint = self._desk.meant(name, self._templates)
                span = self._desk.places.of(raw, "template")
                self._desk.error("unknown-template", f"there is no template `{name}`", span, hint)
            return None
        scope.known[name] = _Base((*scope.under.layers, template), lay(scope.under.fields, template))
        return scope.known[name]

    def _params(self, raw: Fields, fields: Fields) -> Fields | None:
        """The template's parameters with what the shot gives for them."""
        name = fields.get("template")
        given = fields.get("with")
        template = self._templates.get(name) if isinstance(name, str) else None
        if template is None:
            if isinstance(given, dict) and "with" in raw:
                span = self._desk.places.key(raw, "with")
                message = "`with` gives values to a template, and this shot has none"
                self._desk.error("with", message, span, "add `template: NAME`")
            return None
        params = mapping(template.get("params"))
        values = mapping(given)
        for key in values:
            if key not in params:
                self._unknown_param(str(name), key, values, params)
        missing = [key for key, default in params.items() if default is None and values.get(key) is None]
        if missing:
            listed = ", ".join(f"`{key}`" for key in missing)
            if not self._desk.torn and self._desk.first("param", id(raw)):
                span = self._desk.places.of(raw, "with") if "with" in raw else self._desk.places.of(raw, "template")
                hint = f"write `with: {{{', '.join(f'{key}: …' for key in missing)}}}`"
                self._desk.error("missing-param", f"template `{name}` needs {listed}", span, hint)
        unsaid = dict.fromkeys(missing, UNSAID)  # so that the template's text brings no second error
        return {**{key: value for key, value in params.items() if value is not None}, **present(values), **unsaid}

    def _unknown_param(self, template: str, key: str, values: Fields, params: dict[str, Value]) -> None:
        if not self._desk.places.known(values):
            return
        listed = ", ".join(f"`{name}`" for name in params)
        hint = self._desk.meant(key, params) or (f"its parameters are {listed}" if params else "it has no parameters")
        span = self._desk.places.key(values, key)
        self._desk.error("unknown-param", f"template `{template}` has no parameter `{key}`", span, hint)
