"""Characters and where they come from; knows no texts that mention them and nothing of providers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from sorapipe.storyboard.cascade import Fields, Written
from sorapipe.storyboard.desk import Desk, mapping, text_of
from sorapipe.storyboard.diagnostics import Related
from sorapipe.storyboard.model import Character, CharacterSource, FileSource, Handle, ShotSource, UrlSource
from sorapipe.storyboard.references import References
from sorapipe.storyboard.shots import usable_id
from sorapipe.storyboard.text import normalise
from sorapipe.storyboard.values import decimal

_SOURCES = ("url", "file", "from_shot")
_KEYS = frozenset({*_SOURCES, "name", "description", "timestamps", "handles", "notes", "title", "tags"})
_URL = re.compile(r"https?://[^\s/\\@\x00-\x20]+(?:[/?#][^\s\\\x00-\x20]*)?", re.IGNORECASE)
_SHORTEST, _LONGEST = Decimal(1), Decimal(3)


class Cast:
    """Makes the characters. Every problem goes to the desk."""

    def __init__(self, desk: Desk, references: References, homes: Mapping[str, Fields]) -> None:
        """`homes` are the mappings in which the characters' ids stand."""
        self._desk = desk
        self._references = references
        self._homes = homes

    def character(self, name: str, raw: Fields) -> Character:
        """One character; with whatever could be read of it."""
        origin = Written(self._desk.places, raw, (raw,))
        self._named(name)
        source = self._source(name, raw, origin)
        handles = {
            provider: Handle(text_of(mapping(value).get("id")), text_of(mapping(value).get("username")))
            for provider, value in mapping(raw.get("handles")).items()
        }
        description = text_of(raw.get("description"))
        shown = normalise(text_of(raw.get("name")) or name) or name
        return Character(name, shown, normalise(description) if description else None, source, handles, origin)

    def _named(self, name: str) -> None:
        home = self._homes[name]
        if not usable_id(self._desk, "character", name, home, name):
            return
        if not name[0].isalpha():
            span = self._desk.places.key(home, name)
            hint = f"a mention begins with a letter: `c{name}`"
            self._desk.error("id", f"character `{name}` can't be mentioned", span, hint)

    def _source(self, name: str, raw: Fields, origin: Written) -> CharacterSource | None:
        given = [key for key in _SOURCES if raw.get(key) is not None]
        if len(given) > 1:
            related = [Related(self._desk.places.key(raw, key), f"`{key}` is here") for key in given[:-1]]
            span = self._desk.places.key(raw, given[-1])
            message = f"character `{name}` is made in {len(given)} ways"
            self._desk.error("two-sources", message, span, "keep one of `url`, `file`, `from_shot`", related)
            return None
        stamps = self._timestamps(raw, origin)
        if not given:
            self._without(name, raw)
            return None
        text = text_of(raw[given[0]])
        if text is None:
            return None
        if given[0] == "url":
            return self._url(text, stamps, origin)
        if given[0] == "file":
            return self._file(text, raw, stamps, origin)
        address = self._references.one(text, {}, origin.place("from_shot"))
        return ShotSource(address, stamps) if address is not None else None

    def _without(self, name: str, raw: Fields) -> None:
        if raw.get("timestamps") is not None:
            span = self._desk.places.key(raw, "timestamps")
            hint = "say which clip: `url:`, `file:` or `from_shot:`"
            self._desk.error("timestamps", "`timestamps` belong to a clip that shows the character", span, hint)
        elif not any(raw.get(key) for key in ("handles", "description")) and not self._desk.torn:
            if any(key not in _KEYS for key in raw):
                return
            span = self._desk.places.key(self._homes[name], name)
            hint = "give it a `description:`, or a clip that shows it: `url:`, `file:` or `from_shot:`"
            self._desk.error("no-source", f"nothing says what character `{name}` looks like", span, hint)

    def _url(self, url: str, stamps: tuple[Decimal, Decimal] | None, origin: Written) -> UrlSource | None:
        if _URL.fullmatch(url):
            return UrlSource(url, stamps)
        message = "this is not the address of a clip on the web"
        hint = "`url: https://…`; a clip beside the storyboard is `file:`"
        self._desk.error("url", message, origin.place("url"), hint)
        return None

    def _file(
        self, text: str, raw: Fields, stamps: tuple[Decimal, Decimal] | None, origin: Written
    ) -> FileSource | None:
        span = origin.place("file")
        path = self._desk.path(text, raw, span)
        if path is None:
            return None
        self._desk.asset(path, span)
        return FileSource(path, stamps)

    def _timestamps(self, raw: Fields, origin: Written) -> tuple[Decimal, Decimal] | None:
        value = raw.get("timestamps")
        if value is None:
            return None
        parts = [decimal(item) for item in value] if isinstance(value, list) else []
        start, end = (*parts, None, None)[:2]
        two = len(parts) == 2  # noqa: PLR2004 (start and end)
        if two and start is not None and end is not None and start >= 0 and _SHORTEST <= end - start <= _LONGEST:
            return start, end
        span = origin.place("timestamps")
        hint = "seconds of the clip: `timestamps: [1, 3]`"
        if not two or start is None or end is None:
            self._desk.error("timestamps", "`timestamps` are two numbers, start and end", span, hint)
        else:
            message = f"{start} to {end} are {end - start} seconds; a character takes 1 to 3 seconds of a clip"
            self._desk.error("timestamps", message, span, hint)
        return None
