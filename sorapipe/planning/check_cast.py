"""Holds characters against what a provider can do with them; knows no other fields of a shot and no takes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from sorapipe.planning.capabilities import Capabilities, CharacterWay, Source
from sorapipe.planning.problems import Problem, either, listed
from sorapipe.planning.ways import Standing, kind, serves, standing
from sorapipe.storyboard.model import Character, CharacterSource, FileSource, Request
from sorapipe.storyboard.source import Asset
from sorapipe.storyboard.text import split_mentions

_CLIPS = frozenset({"video/mp4", "video/quicktime"})
"""What can be cut."""
_SHOWN = {Source.URL: "a url", Source.FILE: "a file", Source.SHOT: "a finished shot"}
_WAYS_OUT = {
    Source.URL: "put the clip on the web and name its `url`",
    Source.FILE: "put the clip beside the storyboard and name its `file`",
    Source.SHOT: "render a shot that shows it and say `from_shot`",
}


class CastChecker:
    """The rules for characters, each looked at once. `known` are those that exist at the provider already."""

    def __init__(
        self,
        characters: Mapping[str, Character],
        capabilities: Capabilities,
        assets: Mapping[str, Asset],
        known: Collection[str] = (),
    ) -> None:
        self._characters = characters
        self._capabilities = capabilities
        self._casting = capabilities.casting
        self._where = f"`{capabilities.profile}`"
        self._assets = assets
        self._known = known
        self._found: dict[str, tuple[Problem, ...]] = {}
        self.longest = max((len(_expanded(it)) for it in characters.values()), default=0)

    def problems(self, request: Request) -> Iterator[Problem]:
        """What the provider doesn't take of the characters that a shot mentions."""
        for name in request.mentions:
            if name not in self._found:
                self._found[name] = tuple(self._character(self._characters[name]))
            yield from self._found[name]
        carried = [name for name in request.mentions if self._stands(name) is Standing.CARRIED]
        if carried and request.character_create and "character_create" in self._capabilities.fields:
            message = f"{self._where} would make a character of `@{carried[0]}` instead of this shot"
            hint = "the shot carries the clip that shows it; take `character_create` away, or describe it in words"
            yield Problem("carried-and-created", "character_create", message, hint)
        real = [name for name in request.mentions if self._stands(name) is not Standing.WORDS]
        most = self._casting.most
        if len(real) > most:
            count = "one character" if most == 1 else f"at most {most} characters"
            message = f"{self._where} takes {count} in a shot; here are {listed(real)}"
            hint = "describe one in words, or use two shots"
            yield Problem("too-many-characters", "prompt", message, hint, mention=real[most])

    def length(self, prompt: str) -> int:
        """The length of a text as it is sent: characters without a name there stand with their description once."""
        seen: set[str] = set()
        length = 0
        for piece in split_mentions(prompt):
            if isinstance(piece, str):
                length += len(piece)
                continue
            character = self._characters.get(piece.id)
            if character is None:
                continue
            worded = self._stands(piece.id) in {Standing.WORDS, Standing.CARRIED} and piece.id not in seen
            length += len(_expanded(character)) if worded else len(character.name)
            seen.add(piece.id)
        return length

    def _stands(self, name: str) -> Standing:
        return standing(self._characters[name], self._capabilities)

    def _character(self, character: Character) -> Iterator[Problem]:
        stands = self._stands(character.id)
        if stands is Standing.WORDS:
            if character.description is None:
                yield self._without_words(character)
        elif stands is Standing.NAMED:
            yield from self._handle(character)
        elif character.source is not None and (stands is Standing.CARRIED or character.id not in self._known):
            yield from self._source(character, character.source)

    def _without_words(self, character: Character) -> Problem:
        profile, way = self._capabilities.profile, self._capabilities.characters
        hint = f'give it a description in words: `{character.id}: {{description: "…"}}`'
        if character.handles and way is not CharacterWay.NONE:
            holds = ", ".join(f"{one}: …" for one in sorted(self._casting.names)[:1])
            hint += f", or say what `{profile}` calls it: `handles: {{{profile}: {{{holds}}}}}`"
        message = f"{self._where} can't show `@{character.id}`"
        return Problem("character-without-way", "prompt", message, hint, mention=character.id, once=True)

    def _handle(self, character: Character) -> Iterator[Problem]:
        """Whether the name that the storyboard gives is of the kind by which a shot mentions a character there."""
        profile = self._capabilities.profile
        if serves(character.handles[profile], self._casting):
            return
        names = sorted(self._casting.names)
        message = (
            f"{self._where} knows a character by its {either(names)}, which this handle of `@{character.id}` lacks"
        )
        hint = f"`{profile}: {{{names[0]}: …}}`" if names else None
        yield Problem("handle", f"handles.{profile}", message, hint, character=character.id)

    def _source(self, character: Character, source: CharacterSource) -> Iterator[Problem]:
        key, casting = kind(source), self._casting
        if key not in casting.sources:
            takes = [one for one in Source if one in casting.sources]
            message = f"{self._where} makes characters from {_listed(takes)}, not from {_SHOWN[key]}"
            hint = "; or ".join([*(_WAYS_OUT[one] for one in takes), self._name_it()])
            yield Problem("character-source", key, message, hint, character=character.id)
            return
        if isinstance(source, FileSource):
            yield from self._file(character, source)
        if source.timestamps is None:
            return
        if key in casting.unstamped:
            yield self._unstamped(character, key)
        else:
            yield from self._span(character, source)

    def _name_it(self) -> str:
        names = sorted(self._casting.names) or ["id"]
        return f"say what exists there: `handles: {{{self._capabilities.profile}: {{{names[0]}: …}}}}`"

    def _file(self, character: Character, source: FileSource) -> Iterator[Problem]:
        asset = self._assets.get(source.path)
        if asset is None or asset.media_type in _CLIPS:
            return
        message = f"a character is made from a clip, and `{source.path}` is {asset.media_type}"
        yield Problem("media-type", Source.FILE, message, "an MP4 or MOV that shows it", character=character.id)

    def _unstamped(self, character: Character, key: Source) -> Problem:
        message = f"{self._where} takes {_SHOWN[key]} as it is: these `timestamps` of `@{character.id}` are not sent"
        hint = "name a clip that shows nothing else"
        if Source.FILE in self._casting.cut:
            hint += f"; or {_WAYS_OUT[Source.FILE]}: that is cut to them before it goes up"
        return Problem("timestamps", "timestamps", message, hint, mild=True, character=character.id)

    def _span(self, character: Character, source: CharacterSource) -> Iterator[Problem]:
        """Whether the seconds that show the character are as many as the provider wants."""
        wanted, given = self._casting.clip_seconds, source.timestamps
        if wanted is None or given is None or wanted[0] <= given[1] - given[0] <= wanted[1]:
            return
        start, length = given[0], (given[1] - given[0]).normalize()
        message = f"{self._where} wants {wanted[0]} to {wanted[1]} s that show a character; these are {length:f} s"
        hint = f"for example `timestamps: [{start:f}, {start + wanted[0]:f}]`"
        yield Problem("timestamps", "timestamps", message, hint, character=character.id)


def _expanded(character: Character) -> str:
    """What stands in a prompt for a character in words."""
    return character.name if character.description is None else f"{character.name} ({character.description})"


def _listed(sources: list[Source]) -> str:
    shown = [_SHOWN[one] for one in sources]
    return " or ".join(filter(None, (", ".join(shown[:-1]), shown[-1]))) if shown else "nothing"
