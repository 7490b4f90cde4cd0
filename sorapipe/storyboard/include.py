"""Files of one storyboard put together; knows no cascade, no templates and what no shot means."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import partial
from posixpath import basename, dirname, join, relpath

from sorapipe.storyboard import schema
from sorapipe.storyboard.cascade import Fields
from sorapipe.storyboard.desk import Desk, mapping, mappings
from sorapipe.storyboard.diagnostics import Diagnostics, Related
from sorapipe.storyboard.document import Container, Document, Value
from sorapipe.storyboard.fields import Strays
from sorapipe.storyboard.source import Span

Where = Callable[[], Span]
"""A place that is looked up when it is needed: where nothing is wrong, nobody counts lines."""

MAX_DEPTH = 16
MAX_FILES = 2_000
_IGNORED = ("title", "provider", "store", "film", "budget")
_BESIDE = frozenset({"include", "id", "title", "notes"})
_GLOB = re.compile(r"[*?]")
_NAMING = frozenset(
    f"did you mean `{key}`?" for key in ("characters", "include", "matrix", "params", "templates", "vars", "with")
)
"""Hints at misspelt keys below which names are given: what uses those names is not to blame."""
_SHOWN = 4
_AGAIN = {
    "scene": "give one of the two another id",
    "character": "keep one of the two, or give one another id: a second costume is a second character",
    "template": "keep one of the two, or give one another name",
    "axis": "keep one of the two, or give one another name",
}
"""What to do where a thing of this kind is defined twice."""


@dataclass(slots=True)
class SceneText:
    """A run of shots as written; flat shots have no `id`. `layers` are those of the scene, lowest first."""

    id: str | None
    head: Fields
    title: Value
    layers: tuple[Fields, ...]
    shots: list[Fields]


@dataclass(slots=True)
class Script:
    """All files merged: what each says, with the containers that say it. Layers are lowest first."""

    root: Fields
    vars: list[Fields] = field(default_factory=list)
    defaults: list[Fields] = field(default_factory=list)
    characters: dict[str, Fields] = field(default_factory=dict)
    templates: dict[str, Fields] = field(default_factory=dict)
    scenes: list[SceneText] = field(default_factory=list)
    axes: list[tuple[Fields, str]] = field(default_factory=list)
    exclude: list[Fields] = field(default_factory=list)
    include: list[Fields] = field(default_factory=list)
    cells: list[Fields] = field(default_factory=list)
    moved: list[Fields] = field(default_factory=list)
    homes: dict[str, Fields] = field(default_factory=dict)
    """The mappings in which characters' ids stand."""

    @property
    def layers(self) -> tuple[Fields, ...]:
        """What lies under every scene, lowest first."""
        return (*self.vars, *self.defaults)


class Merger:
    """Reads the storyboard's files and merges them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._defined: dict[tuple[str, str], Where] = {}
        self._files: set[str] = set()
        self._script = Script({})

    def read(self, path: str) -> Script | None:
        """The whole storyboard, or `None` when its first file can't be read."""
        root = self._root(path, None)
        if root is None:
            return None
        self._script.root = root
        self._files.add(path)
        self._merge(root, (path,))
        if not any(scene.shots for scene in self._script.scenes):
            self._nothing(root)
        return self._script

    def _nothing(self, root: Fields) -> None:
        """A storyboard without shots: only a warning, as a file of characters may be looked at by itself."""
        if self._desk.diagnostics.has_errors:
            return
        key = next((key for key in ("shots", "scenes", "include") if key in root), None)
        span = self._desk.places.key(root, key) if key else self._desk.places.of(root)
        hint = "fine for a file that others include; else\n    shots: [{id: hello, prompt: A boat in the rain.}]"
        self._desk.warning("no-shots", "this storyboard has no shots: nothing would be rendered", span, hint)

    def _root(self, path: str, span: Span | None, *, scene: bool = False) -> Fields | None:
        document = self._desk.document(path, span)
        if document is None:
            return None
        if "{{" in document.source.text or "{%" in document.source.text:
            Strays(self._desk).check(document.root, document.source.text)
        self._check(document, main=span is None, scene=scene)
        return document.root if isinstance(document.root, dict) else None

    def _check(self, document: Document, *, main: bool, scene: bool) -> None:
        """Against the schema; of what is wrong in two ways only the first is said."""
        found = Diagnostics()
        if scene and isinstance(document.root, dict) and "id" in document.root:
            schema.check_part(document.root, "scene", self._desk.places, found)
        else:
            schema.check(document, self._desk.places, found, "storyboard" if main else "included")
        spans = []
        for diagnostic in found:
            self._desk.pass_on(diagnostic)
            if diagnostic.span is not None:
                spans.append(diagnostic.span)
            if diagnostic.code == "unknown-key" and diagnostic.hint in _NAMING:
                self._desk.torn = self._desk.blind = True
        for span in spans:
            self._desk.refuse(span)

    def _merge(self, root: Fields, chain: tuple[str, ...], scene: Fields | None = None) -> None:
        """One file after those that it includes, so that what it says lies above them.

        `scene` is the item that the file stands for: flat shots of it are that scene, and its `title`, `vars` and
        `defaults` are the scene's own.
        """
        if _misshapen(root) or any(map(_misshapen, mappings(root.get("scenes")))):
            self._desk.torn = self._desk.blind = True
        listed = root.get("include")
        for index, item in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(item, str) and isinstance(listed, list):
                self._include(item, listed, index, chain)
        one_scene = scene is not None and "shots" in root
        if len(chain) > 1:
            self._ignored(root, [key for key in _IGNORED if key != "title" or not one_scene])
        self._maps(root)
        self._rules(root)
        self._scenes(root, chain)
        if one_scene and scene is not None:
            self._flat_scene(root, scene, chain[-1])
            return
        shots = mappings(root.get("shots"))
        if shots and mappings(root.get("scenes")):
            related = [Related(self._desk.places.key(root, "scenes"), "`scenes` is here")]
            hint = "put these shots into a scene"
            message = "a storyboard has `scenes` or a flat list of `shots`, not both"
            self._desk.error("shots-and-scenes", message, self._desk.places.key(root, "shots"), hint, related)
        if shots:
            self._script.scenes.append(SceneText(None, root, None, (), shots))
        if mapping(root.get("vars")):
            self._script.vars.append({"vars": root["vars"]})
        if mapping(root.get("defaults")):
            self._script.defaults.append(mapping(root["defaults"]))
            self._desk.places.call(root["defaults"], "defaults")

    def _scenes(self, root: Fields, chain: tuple[str, ...]) -> None:
        for item in mappings(root.get("scenes")):
            name = item.get("include")
            if isinstance(name, str):
                self._beside_include(item)
                self._include(name, item, "include", chain, item)
            else:
                self._scene(item, item, item.get("id"), partial(self._desk.places.of, item, "id"))

    def _beside_include(self, item: Fields) -> None:
        """What the item of an included scene says besides is the file's to say."""
        for key in item:
            if key not in _BESIDE:
                hint = f"write `{key}` into that file" + ("; other shots are a scene of their own" * (key == "shots"))
                message = f"`include` stands for a whole scene: `{key}` beside it means nothing"
                self._desk.error("include-and-more", message, self._desk.places.key(item, key), hint)
                self._desk.refuse(self._desk.places.of(item, "include"))

    def _flat_scene(self, root: Fields, item: Fields, path: str) -> None:
        """Flat shots in place of a scene: it is called like the file where nothing else is said."""
        for home in (item, root):
            if isinstance(home.get("id"), str):
                self._scene(root, item, home["id"], partial(self._desk.places.of, home, "id"))
                return
        stem = basename(path).rpartition(".")[0].lower()
        self._scene(root, item, stem, partial(self._desk.places.of, item, "include"))

    def _scene(self, scene: Fields, item: Fields, name: Value, place: Where) -> None:
        layers: list[Fields] = []
        if mapping(scene.get("vars")):
            layers.append({"vars": scene["vars"]})
        if mapping(scene.get("defaults")):
            layers.append(mapping(scene["defaults"]))
        for layer in layers:
            self._desk.places.call(layer, f"scene {name}")
        if isinstance(name, str):
            self.define("scene", name, place)
        identity = name if isinstance(name, str) else None
        title = item.get("title") or scene.get("title")
        self._script.scenes.append(SceneText(identity, scene, title, tuple(layers), mappings(scene.get("shots"))))

    def _ignored(self, root: Fields, keys: Iterable[str]) -> None:
        for key in keys:
            if key in root:
                message = f"`{key}` of an included file is ignored"
                self._desk.diagnostics.note("ignored", message, self._desk.places.key(root, key))

    def _maps(self, root: Fields) -> None:
        for kind, into in (("characters", self._script.characters), ("templates", self._script.templates)):
            home = mapping(root.get(kind))
            for name, value in home.items():
                if isinstance(value, dict) and self.define(kind[:-1], name, partial(self._desk.places.key, home, name)):
                    into[name] = value
                    if kind == "characters":
                        self._script.homes[name] = home
        home = mapping(root.get("matrix"))
        for axis in home:
            if self.define("axis", axis, partial(self._desk.places.key, home, axis)):
                self._script.axes.append((home, axis))

    def _rules(self, root: Fields) -> None:
        self._script.exclude += mappings(root.get("exclude"))
        self._script.include += mappings(root.get("include"))
        self._script.cells += mappings(root.get("cells"))
        self._script.moved += mappings(root.get("moved"))

    def define(self, kind: str, name: str, place: Where) -> bool:
        """Remembers where something is defined; an error with both places where it is defined already."""
        other = self._defined.setdefault((kind, name), place)
        if other is place:
            return True
        related = [Related(other(), f"{kind} `{name}` is here too")]
        self._desk.error("defined-twice", f"{kind} `{name}` is defined twice", place(), _AGAIN[kind], related)
        return False

    def _include(
        self, name: str, home: Container, key: str | int, chain: tuple[str, ...], scene: Fields | None = None
    ) -> None:
        """Another file, named at a place of this one; each file is read once."""
        span = self._desk.places.of(home, key)
        path = self._desk.path(name, home, span)
        if path is not None and _GLOB.search(path):
            form = "write an item for each file, in the order of the film: `- include: {}`"
            self._pattern(path, span, form if scene else "name each file, in the order of the film: `[{}]`")
            return
        if path is None or not self._may_open(path, span, chain, again=scene is None):
            return
        self._files.add(path)
        root = self._root(path, span, scene=scene is not None)
        if root is not None:
            self._merge(root, (*chain, path), scene)

    def _pattern(self, path: str, span: Span, form: str) -> None:
        """`scenes/*.yaml`: which files a film has may not depend on what lies in a folder."""
        names = sorted(name for name in self._desk.reader.siblings(path) if fnmatch(name, basename(path)))
        home = self._desk.home(span) or "."
        found = [relpath(join(dirname(path), name), home) for name in names or ("one.yaml", "two.yaml")]
        listed = ", ".join(found[:_SHOWN]) + ", …" * (len(found) > _SHOWN)
        hint = form.format(found[0] if "- " in form else listed)
        self._desk.torn = self._desk.blind = True
        self._desk.error("include-pattern", "an `include` names a file, not a pattern", span, hint)

    def _may_open(self, path: str, span: Span, chain: tuple[str, ...], *, again: bool) -> bool:
        if path in chain:
            around = " → ".join(f"`{part}`" for part in (*chain[chain.index(path) :], path))
            says, hint = f"these files include each other: {around}", "put what both need into a third file"
            if path == chain[-1]:
                says, hint = "this file includes itself", "delete it: what this file says is there already"
            self._desk.error("include-cycle", says, span, hint)
        elif path in self._files:
            if not again:
                hint = "include it once; to show the same clips again, write shots with `clip: SHOT`"
                self._desk.error("included-twice", f"`{path}` stands in the storyboard already", span, hint)
        elif len(chain) >= MAX_DEPTH or len(self._files) >= MAX_FILES:
            message = f"more than {MAX_DEPTH} files deep, or more than {MAX_FILES:,} files in all"
            self._desk.error("include-bound", message, span)
        else:
            return True
        return False


def _misshapen(home: Fields) -> bool:
    """Whether names are there in another form than that of names, which the schema has reported."""
    maps = [value for key in ("characters", "templates", "vars") if (value := home.get(key)) is not None]
    lists = [value for key in ("shots", "scenes") if (value := home.get(key)) is not None]
    named = [value for key in ("characters", "templates") for value in mapping(home.get(key)).values()]
    items = [item for value in lists if isinstance(value, list) for item in value]
    return not (
        all(isinstance(value, dict) for value in (*maps, *named, *items))
        and all(isinstance(value, list) for value in lists)
    )
