"""Finds profiles, shipped or the user's own, and lays those they extend below them; knows no key and sends nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sorapipe.providers.layers import Layers
from sorapipe.providers.profile import Profile
from sorapipe.providers.reading import build
from sorapipe.storyboard import document, schema
from sorapipe.storyboard.diagnostics import Diagnostics, did_you_mean
from sorapipe.storyboard.places import Places
from sorapipe.storyboard.source import Source, Span

_SHIPPED = Path(__file__).parent / "shipped"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A profile and everything there is to say about it; `profile` is `None` exactly when there are errors.

    `sources` are the files that were read, by the name that diagnostics use.
    """

    profile: Profile | None
    diagnostics: Diagnostics
    sources: Mapping[str, Source]


@dataclass(frozen=True, slots=True)
class Listed:
    """One profile that there is. `shadows` says that it stands before a shipped one of the same name."""

    name: str
    path: Path
    shipped: bool
    shadows: bool


def names(config_dir: Path | None) -> tuple[Listed, ...]:
    """All profiles, by name: the shipped ones, and the user's own in `providers/` of the config folder."""
    shipped = _folder(_SHIPPED)
    own = {} if config_dir is None else _folder(config_dir / "providers")
    return tuple(
        Listed(name, own.get(name) or shipped[name], name not in own, name in own and name in shipped)
        for name in sorted({*shipped, *own})
    )


def _folder(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in folder.glob("*.yaml") if _NAME.fullmatch(path.stem) and path.is_file()}


def is_shipped(profile: Profile) -> bool:
    """Whether a profile is one of the package's, so that no line can be written into it."""
    return Path(profile.path).parent == _SHIPPED


def load_profile(name: str, config_dir: Path | None, span: Span | None = None) -> Loaded:
    """Reads the profile of that name. Never raises for a bad one: everything that is wrong is a diagnostic.

    `span` is where the name was written, if it was written in a file.
    """
    loading = _Loading(config_dir)
    layers = loading.chain(name, span)
    profile = None
    if layers is not None:
        more = Diagnostics()
        profile = build(name, str(loading.read[0]), Layers(tuple(layers), loading.places), more)
        loading.add(more)
    if loading.diagnostics.has_errors:
        profile = None
    return Loaded(profile, loading.diagnostics, loading.sources)


class _Loading:
    """One profile being read together with those it extends."""

    def __init__(self, config_dir: Path | None) -> None:
        self.config_dir = config_dir
        self.diagnostics = Diagnostics()
        self.places = Places()
        self.sources: dict[str, Source] = {}
        self.read: list[Path] = []

    def chain(self, name: str, span: Span | None) -> list[dict[str, document.Value]] | None:
        """The mappings of a profile and of all that it extends, nearest first; `None` after an error."""
        layers: list[dict[str, document.Value]] = []
        wanted: str | None = name
        while wanted is not None:
            path = self._find(wanted, span)
            mapping = None if path is None else self._mapping(path)
            if mapping is None:
                return None
            layers.append(mapping)
            extends = mapping.get("extends")
            wanted = extends if isinstance(extends, str) else None
            span = self.places.of(mapping, "extends") if wanted is not None else None
        return layers

    def _find(self, name: str, span: Span | None) -> Path | None:
        """The file of a profile: the user's own first. A file that extends its own name means the shipped one."""
        if not _NAME.fullmatch(name):
            self.diagnostics.error("provider-name", f"`{name[:80]}` is not the name of a provider", span, hint=_WHERE)
            return None
        folders = [_SHIPPED] if self.config_dir is None else [self.config_dir / "providers", _SHIPPED]
        paths = [path for path in (folder / f"{name}.yaml" for folder in folders) if path.is_file()]
        path = next((path for path in paths if path not in self.read), None)
        if path is None and paths:
            self.diagnostics.error("profile-circle", f"`{name}` extends itself in a circle", span)
        elif path is None:
            self._unknown(name, span)
        return path

    def _unknown(self, name: str, span: Span | None) -> None:
        known = [listed.name for listed in names(self.config_dir)]
        guess = did_you_mean(name, known)
        there_are = "there are: " + ", ".join(f"`{other}`" for other in known)
        hint = f"did you mean `{guess}`? {there_are}" if guess else there_are
        self.diagnostics.error("unknown-provider", f"unknown provider `{name}`", span, hint=hint)

    def _mapping(self, path: Path) -> dict[str, document.Value] | None:
        self.read.append(path)
        try:
            data = path.read_bytes()
        except OSError as error:
            self.diagnostics.error("profile-unreadable", f"can't read the profile `{path}`: {error.strerror or error}")
            return None
        source = document.decode(path.name, str(path), data, self.diagnostics)
        if source is None:
            return None
        self.sources[source.name] = source
        read = document.parse(source, self.places, self.diagnostics)
        if read is None:
            return None
        schema.check(read, self.places, self.diagnostics, which="profile")
        return read.root if isinstance(read.root, dict) else None

    def add(self, more: Diagnostics) -> None:
        """Adds what was found behind the schema. Where that found errors, what follows from them is left out."""
        told = {one.span.place for one in self.diagnostics if one.span is not None}
        spoilt = self.diagnostics.has_errors
        for one in more:
            follows = one.span is not None and (one.span.place in told or one.code == "profile-defaults")
            if not (spoilt and follows):
                self.diagnostics.add(one)


_WHERE = "names are lower-case letters, digits, `_` and `-`; a provider's address stands in its profile, not here"
