"""From the bytes of a storyboard's files to a `Storyboard` with all problems; knows no lock, network or providers."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename

from sorapipe.storyboard import checks, films
from sorapipe.storyboard.cascade import Fields, Written
from sorapipe.storyboard.cast import Cast
from sorapipe.storyboard.desk import Desk, mapping, text_of
from sorapipe.storyboard.diagnostics import Diagnostics
from sorapipe.storyboard.document import Container
from sorapipe.storyboard.fields import Strays
from sorapipe.storyboard.films import Films
from sorapipe.storyboard.include import Merger, Script
from sorapipe.storyboard.matrix import Axis, Choice, Matrix, count
from sorapipe.storyboard.model import Address, Scene, Shot, Storyboard
from sorapipe.storyboard.references import References
from sorapipe.storyboard.requests import Requests
from sorapipe.storyboard.shots import MAX_SHOTS, NO_FILMS, FilmMatrix, Shots
from sorapipe.storyboard.source import Asset, Reader, Source
from sorapipe.storyboard.texts import Texts


@dataclass(frozen=True)
class Loaded:
    """What was read. `storyboard` is `None` exactly when `diagnostics` has errors.

    `sources` are the text files by the name that places show; `files` the paths of all that were read;
    `assets` the files that would be uploaded, by path, each looked at once.
    """

    storyboard: Storyboard | None
    diagnostics: Diagnostics
    sources: Mapping[str, Source]
    files: tuple[str, ...]
    assets: Mapping[str, Asset]


def load(path: str, reader: Reader, *, max_shots: int = MAX_SHOTS) -> Loaded:
    """Reads a storyboard and all that it includes; `path` is relative to its folder. Never raises for bad input.

    A storyboard that expands to more than `max_shots` is refused before anything is expanded.
    """
    desk = Desk(reader)
    collecting = gc.isenabled()
    gc.disable()  # nothing that is built here is garbage: looking for it takes as long as building it
    try:
        script = Merger(desk).read(path)
        storyboard = _Loader(desk, script, path, max_shots).storyboard() if script is not None else None
    finally:
        if collecting:
            gc.enable()
    if desk.diagnostics.has_errors:
        storyboard = None
    return Loaded(storyboard, desk.diagnostics, desk.sources, tuple(desk.files), desk.assets)


class _Loader:
    """The steps from merged files to the storyboard."""

    def __init__(self, desk: Desk, script: Script, path: str, max_shots: int) -> None:
        self._desk = desk
        self._script = script
        self._path = path
        self._max_shots = max_shots
        self._matrix = Matrix(desk, self._rows)
        self._tables: dict[str, list[Fields] | None] = {}

    def storyboard(self) -> Storyboard:
        """Everything; where there were errors it is incomplete."""
        desk, script = self._desk, self._script
        film_matrix = self._films()
        maker = Shots(desk, script, self._matrix, self._max_shots)
        drafts = maker.drafts(film_matrix)
        references = References(desk, drafts, maker.unclear, complete=maker.complete)
        texts = Texts(desk, script.characters, maker.dropped)
        requests = Requests(desk, texts, references)
        shots = tuple(requests.shot(draft) for draft in drafts)
        cast = Cast(desk, references, script.homes)
        characters = {name: cast.character(name, raw) for name, raw in script.characters.items()}
        choices = film_matrix.choices if film_matrix is not None else ()
        stem = basename(self._path).rpartition(".")[0] or self._path
        made = Films(desk, texts, references, script.root, stem).films(choices, shots, script.layers)
        budget = films.budget(desk, script.root)
        moved = references.moves(script.moved)
        if not desk.diagnostics.has_errors:
            checks.bounds(desk, shots, self._max_shots)
            checks.check(desk, shots, [axis.name for axis in film_matrix.axes] if film_matrix else ())
        origin = Written(desk.places, script.root, (script.root,))
        title, provider = text_of(script.root.get("title")), text_of(script.root.get("provider"))
        store = text_of(script.root.get("store"))
        return Storyboard(title, provider, characters, shots, self._scenes(shots), made, budget, moved, origin, store)

    def _films(self) -> FilmMatrix | None:
        """The matrix of the films; `None` when it has errors."""
        script = self._script
        axes: list[Axis] = []
        for home, name in script.axes:
            found = self._matrix.axes({name: home[name]}, home)
            if found is None:
                return None
            axes += found
        if not axes:
            return NO_FILMS
        if count(axes) > self._max_shots:
            message = f"the matrix has {count(axes):,} cells, more than {self._max_shots:,}"
            hint = "fewer axes, fewer words, or several storyboards"
            self._desk.error("too-many-films", message, axes[0].place, hint)
            return None
        choices = self._matrix.choices(axes, list(script.exclude), list(script.include))
        if choices is None:
            return None
        if not choices:
            span = self._desk.places.of(script.exclude[0])
            hint = "take out of `exclude` what is to stay, or take the matrix away"
            self._desk.error("no-cells", "every cell of the matrix is excluded", span, hint)
            return None
        return self._odd_cells(axes, choices)

    def _odd_cells(self, axes: Sequence[Axis], choices: Sequence[Choice]) -> FilmMatrix | None:
        known = {axis.name: list(dict.fromkeys(one.words[axis.name] for one in choices)) for axis in axes}
        rules: list[tuple[dict[str, str], Fields]] = []
        for item in self._script.cells:
            rule = self._matrix.when(mapping(item.get("when")), known)
            if rule is None:
                return None
            rules.append((rule, item))
        return FilmMatrix(axes, choices, rules)

    def _scenes(self, shots: Sequence[Shot]) -> tuple[Scene, ...]:
        inside: dict[str, list[Address]] = {}
        for shot in shots:
            if shot.scene is not None:
                inside.setdefault(shot.scene, []).append(shot.address)
        return tuple(
            Scene(scene.id, text_of(scene.title), tuple(inside.get(scene.id, ())))
            for scene in self._script.scenes
            if scene.id is not None
        )

    def _rows(self, text: str, home: Container, key: str) -> list[Fields] | None:
        """The rows of an axis, each file read once."""
        span = self._desk.places.of(home, key)
        path = self._desk.path(text, home, span)
        if path is None:
            return None
        if path not in self._tables:
            from sorapipe.storyboard import tables

            before = self._desk.diagnostics.errors
            source = self._desk.source(path, span)
            rows = tables.rows(source, self._desk.places, self._desk.diagnostics) if source is not None else None
            if rows is not None and source is not None and ("{{" in source.text or "{%" in source.text):
                Strays(self._desk).rows(rows)
            self._tables[path] = rows if self._desk.diagnostics.errors == before else None
        return self._tables[path]
