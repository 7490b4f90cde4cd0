"""The keys of a shot by what they may hold, and templates that stand elsewhere; knows no values that were expanded."""

from __future__ import annotations

from collections.abc import Iterable

from sorapipe.storyboard.desk import Desk, mapping
from sorapipe.storyboard.document import Container, Value

TEXTS = ("prompt", "negative_prompt", "look", "input_reference")
"""Fields of a shot that are templates where they are text."""

PEOPLE = frozenset({"title", "notes", "tags"})
SHOT_KEYS = frozenset(
    {
        *TEXTS,
        *PEOPLE,
        *("id", "model", "seconds", "size", "watermark", "private", "metadata", "style", "character_create", "seed"),
        *("extra", "continues", "last_frame", "clip", "use", "subtitles", "takes", "frozen", "needs", "vars"),
        *("template", "with", "matrix", "exclude", "include", "cells"),
    }
)
_LISTED = "templates work in prompts, `look`, `input_reference`, subtitles, `with`, `film.file` and `film.audio`"


class Strays:
    """Finds `{{` where it means nothing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def check(self, root: Value, text: str) -> None:
        """Looks through one whole file, where it isn't plain that all braces of its text stand where they may."""
        braces = text.count("{{")
        odd = " *" in text or " &" in text or "{%" in text
        if odd or (_in_shots(root, ("prompt",)) != braces and _in_shots(root, TEXTS) != braces):
            self._all(root)

    def _all(self, root: Value) -> None:
        for key, value in mapping(root).items():
            if key == "scenes":
                self._scenes(value)
            elif key == "shots":
                self._all_shots(value)
            elif key == "templates":
                self._all_shots(list(mapping(value).values()))
            elif key == "defaults":
                self._shot(value)
            elif key == "film":
                self._film(value)
            elif key == "matrix":
                self._axes(value)
            elif key in ("cells", "include", "exclude"):
                self._all_shots(value)
            elif isinstance(root, dict):
                self._deep(root, key, key)

    def rows(self, rows: Iterable[Value]) -> None:
        """Looks through the rows of an axis."""
        for row in rows:
            self._shot(row)

    def _scenes(self, value: Value) -> None:
        for scene in value if isinstance(value, list) else []:
            for key, inner in mapping(scene).items():
                if key == "shots":
                    self._all_shots(inner)
                elif key == "defaults":
                    self._shot(inner)
                elif isinstance(scene, dict):
                    self._deep(scene, key, key)

    def _all_shots(self, value: Value) -> None:
        for shot in value if isinstance(value, list) else []:
            self._shot(shot)

    def _shot(self, shot: Value) -> None:
        if not isinstance(shot, dict):
            return
        for key, value in shot.items():
            if key not in SHOT_KEYS and key != "params":
                continue  # the schema says that there is no such key
            if isinstance(value, str):
                if "{" in value and key not in TEXTS and ("{{" in value or "{%" in value):
                    self._stray(shot, key, key)
            elif isinstance(value, dict | list):
                self._within(shot, key, value)

    def _within(self, shot: dict[str, Value], key: str, value: Value) -> None:
        if key == "matrix":
            self._axes(value)
        elif key in ("cells", "include", "exclude"):
            self._all_shots(value)
        elif key == "with" and isinstance(value, dict):
            self._each(value, "with", [name for name, text in value.items() if not isinstance(text, str)])
        elif key == "subtitles" and isinstance(value, list):
            for line in value:
                if isinstance(line, dict):
                    self._each(line, "subtitles", [name for name in line if name != "text"])
        else:
            self._deep(shot, key, key)

    def _axes(self, value: Value) -> None:
        for axis, words in mapping(value).items():
            if isinstance(words, dict):
                self._all_shots(list(words.values()))
            elif isinstance(value, dict):
                self._deep(value, axis, "matrix")

    def _film(self, value: Value) -> None:
        if isinstance(value, dict):
            self._each(value, "film", [key for key in value if key not in ("file", "audio")])

    def _each(self, home: dict[str, Value], field: str, keys: Iterable[str]) -> None:
        for key in keys:
            self._deep(home, key, field)

    def _deep(self, home: Container, key: str | int, field: str) -> None:
        value: Value = home[key]  # type: ignore[index]  # the key is of the container's kind
        if isinstance(value, str):
            if "{{" in value or "{%" in value:
                self._stray(home, key, field)
        elif isinstance(value, dict):
            for name in value:
                self._deep(value, name, field)
        elif isinstance(value, list):
            for index in range(len(value)):
                self._deep(value, index, field)

    def _stray(self, home: Container, key: str | int, field: str) -> None:
        span = self._desk.places.of(home, key)
        if field in ("vars", "params"):
            hint = "`vars` are plain words; put the braces into the text that uses them"
            message = f"`{field}` can't hold a template"
        elif field in PEOPLE or field not in SHOT_KEYS:
            message, hint = f"`{field}` is not rendered, so `{{{{` means nothing here", _LISTED
        else:
            message = f"`{field}` is not text"
            hint = f"let a matrix axis set it: `matrix: {{axis: {{word: {{{field}: …}}}}}}`"
        self._desk.first("strays")
        self._desk.error("template-here", message, span, hint)
        self._desk.refuse(span)


def _in_shots(root: Value, keys: tuple[str, ...]) -> int:
    """How many braces open in these texts of plain shots: counting them is much cheaper than walking everything."""
    top = mapping(root)
    lists = [top.get("shots")]
    scenes = top.get("scenes")
    for scene in scenes if isinstance(scenes, list) else []:
        lists.append(mapping(scene).get("shots"))
    templates = list(mapping(top.get("templates")).values())
    found = 0
    for shots in [*lists, templates]:
        for shot in shots if isinstance(shots, list) else []:
            if isinstance(shot, dict):
                for key in keys:
                    value = shot.get(key)
                    if isinstance(value, str) and "{" in value:
                        found += value.count("{{")
    return found
