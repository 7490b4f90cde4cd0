"""The films that a storyboard makes, and its budget; knows no requests and no clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sorapipe.storyboard.cascade import Fields, Written, lay_all, present
from sorapipe.storyboard.desk import Desk, mapping, text_of
from sorapipe.storyboard.matrix import Choice
from sorapipe.storyboard.model import Address, Budget, Film, Shot
from sorapipe.storyboard.references import References
from sorapipe.storyboard.rendering import is_template
from sorapipe.storyboard.source import Span
from sorapipe.storyboard.texts import Texts
from sorapipe.storyboard.values import decimal, integer

MAX_SLOTS = 2_000_000
"""Shots of all films together."""


class Films:
    """Makes the films. Every problem goes to the desk."""

    def __init__(self, desk: Desk, texts: Texts, references: References, root: Fields, stem: str) -> None:
        """`stem` is what a film without a `file:` is called."""
        self._desk = desk
        self._texts = texts
        self._references = references
        self._raw = mapping(root.get("film"))
        self._origin = Written(desk.places, self._raw or root, (self._raw,))
        self._stem = stem

    def films(self, choices: Sequence[Choice], shots: Sequence[Shot], layers: Sequence[Fields]) -> tuple[Film, ...]:
        """One film for each cell; `layers` hold the `vars` that hold everywhere."""
        if len(choices) * len(shots) > MAX_SLOTS:
            message = f"{len(choices):,} films of {len(shots):,} shots are more than can be handled"
            self._desk.error("too-many-films", message, self._place(None), "several storyboards")
            return ()
        chosen = _Chosen(shots)
        films: list[Film] = []
        files: dict[str, Choice] = {}
        for choice in choices:
            film = self._film(choice, chosen, layers)
            if film is None:
                continue
            if film.file.lower() in files and self._desk.first("film-file"):
                self._same_file(film.file, choice)
            files[film.file.lower()] = choice
            films.append(film)
        return tuple(films)

    def _film(self, choice: Choice, chosen: _Chosen, layers: Sequence[Fields]) -> Film | None:
        fields = lay_all([*layers, *choice.layers])
        context = {"vars": present(mapping(fields.get("vars"))), "matrix": choice.words}
        default = "_".join((self._stem, *choice.words.values())) + ".mp4"
        file = self._path("file", context) if self._raw.get("file") is not None else default
        audio = self._path("audio", context) if self._raw.get("audio") is not None else None
        listed = self._raw.get("shots")
        shots = self._listed(listed, choice) if isinstance(listed, list) else chosen.agreeing(choice.words)
        if file is None:
            return None
        return Film(choice.cell, file, decimal(self._raw.get("fps")), audio, shots)

    def _path(self, key: str, context: Mapping[str, object]) -> str | None:
        raw = text_of(self._raw[key])
        if raw is None:
            return None
        text = self._texts.render(raw, context, self._origin, f"{key}") if is_template(raw) else raw
        return self._desk.path(text, self._raw, self._place(key)) if text is not None else None

    def _listed(self, names: Sequence[object], choice: Choice) -> tuple[Address, ...]:
        out: list[Address] = []
        for index, name in enumerate(names):
            if isinstance(name, str):
                span = self._place(f"shots.{index}")
                out += [draft.address for draft in self._references.many(name, choice.words, span)]
        return tuple(out)

    def _same_file(self, file: str, choice: Choice) -> None:
        words = "_".join(f"{{{{ matrix.{axis} }}}}" for axis in choice.words)
        hint = f'each film needs a file of its own: `file: "out/{words}.mp4"`'
        self._desk.error("film-file", f"more than one film would be `{file}`", self._place("file"), hint)

    def _place(self, field: str | None) -> Span:
        return self._origin.place(field)


class _Chosen:
    """Which shots are in the film of a cell."""

    def __init__(self, shots: Sequence[Shot]) -> None:
        self._shots = [shot for shot in shots if shot.use.in_film]
        self._all = tuple(shot.address for shot in self._shots)

    def agreeing(self, words: Mapping[str, str]) -> tuple[Address, ...]:
        """Those whose cell has no other word on an axis of the films."""
        if not words:
            return self._all
        pairs = words.items()
        return tuple(
            shot.address
            for shot in self._shots
            if not shot.address.cell or all(dict(shot.address.cell).get(axis, word) == word for axis, word in pairs)
        )


def budget(desk: Desk, root: Fields) -> Budget | None:
    """What the storyboard may cost, or `None` where it doesn't say."""
    raw = root.get("budget")
    if not isinstance(raw, dict):
        return None
    origin = Written(desk.places, raw, (raw,))
    return Budget(decimal(raw.get("max_cost")), text_of(raw.get("currency")), integer(raw.get("max_takes")), origin)
