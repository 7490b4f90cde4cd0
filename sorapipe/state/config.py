"""The user's own `config.yaml`: which stores there are; knows no storyboard and opens no store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sorapipe.storyboard import document, schema
from sorapipe.storyboard.diagnostics import Diagnostics
from sorapipe.storyboard.places import Places, Value
from sorapipe.storyboard.source import Source

NAME = "config.yaml"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store is: a folder or a URL, and what fsspec is given for it."""

    url: str
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Config:
    """What the user wrote. `store` is a name of `stores`, a folder or a URL."""

    path: Path
    store: str | None = None
    stores: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Read:
    """The config and all there is to say about it; without a file it is empty, `None` exactly when there are errors."""

    config: Config | None
    diagnostics: Diagnostics
    sources: Mapping[str, Source]


def read_config(folder: Path) -> Read:
    """Reads `config.yaml` of the config folder. Never raises for a bad one."""
    path, diagnostics, places = folder / NAME, Diagnostics(), Places()
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Read(Config(path), diagnostics, {})
    except OSError as error:
        diagnostics.error("config-unreadable", f"can't read `{path}`: {(error.strerror or str(error)).lower()}")
        return Read(None, diagnostics, {})
    source = document.decode(NAME, str(path), data, diagnostics)
    found = document.parse(source, places, diagnostics) if source is not None else None
    sources = {source.name: source} if source is not None else {}
    if source is None or found is None:
        return Read(None if diagnostics.has_errors else Config(path), diagnostics, sources)
    if found.root is not None:
        schema.check(found, places, diagnostics, which="config")
    if diagnostics.has_errors:
        return Read(None, diagnostics, sources)
    return Read(_config(path, found.root), diagnostics, sources)


def _config(path: Path, root: Value) -> Config:
    if not isinstance(root, dict):
        return Config(path)
    store, stores = root.get("store"), root.get("stores")
    named = {name: _place(value) for name, value in stores.items()} if isinstance(stores, dict) else {}
    return Config(path, store if isinstance(store, str) else None, named)


def _place(value: Value) -> Place:
    if not isinstance(value, dict):
        return Place(str(value))
    options = value.get("options")
    return Place(str(value.get("url")), dict(options) if isinstance(options, dict) else {})
