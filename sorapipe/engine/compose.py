"""From a shot or a character to the order that is sent: defaults filled in, mentions spoken, frames and handles put in.

Knows no dialect and opens no file: bytes are handed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sorapipe.planning.capabilities import Capabilities, CharacterWay, Source
from sorapipe.planning.graph import follow_clips
from sorapipe.planning.plan_types import Step
from sorapipe.planning.ways import Part, Standing, part, serves, stamps, standing
from sorapipe.providers.base import Media, Order
from sorapipe.storyboard.model import (
    Address,
    Character,
    CharacterSource,
    FileRef,
    FileSource,
    FrameOf,
    Handle,
    Picture,
    Request,
    Shot,
    ShotSource,
    Storyboard,
    UrlSource,
)
from sorapipe.storyboard.text import Mention, split_mentions

TOKEN_MARK = "sp1:"  # noqa: S105  a mark in front of a token, no secret


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the world gives for one order.

    `handles` are the characters that exist at the provider, by id. `frames` are pictures of other shots, by address
    and second. `files` are pictures by path. `tasks` are the ids of the tasks that made other shots, by address. `clip`
    shows the character that is made, where a clip goes up.
    """

    handles: Mapping[str, Handle] = field(default_factory=dict)
    frames: Mapping[FrameOf, Media] = field(default_factory=dict)
    files: Mapping[str, Media] = field(default_factory=dict)
    tasks: Mapping[str, str] = field(default_factory=dict)
    clip: Media | None = None


@dataclass(frozen=True, slots=True)
class Showing:
    """A clip that goes up to show a character: the file at `path`, or the clip of the shot `shot`. `part` of it is cut
    out; `None`: all of it."""

    path: str | None
    shot: str | None
    part: Part | None


class Script:
    """The storyboard as one provider hears it."""

    def __init__(self, storyboard: Storyboard, capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self._characters = storyboard.characters
        self._shots = {shot.address.canonical: shot for shot in storyboard.shots}

    def model(self, address: str) -> str:
        """The model that an address is sent to."""
        request = self._request(address)
        return (request.model if request else None) or self.capabilities.default_model

    def seconds(self, address: str) -> int:
        """How many seconds an address asks for."""
        request = self._request(address)
        return (request.seconds if request else None) or self.capabilities.default_seconds

    def size(self, address: str) -> str:
        """The size that an address asks for."""
        request = self._request(address)
        return (request.size if request else None) or self.capabilities.default_size

    def stem(self, address: str) -> str:
        """The beginning of the name of an address's clip."""
        return address[1:] if address.startswith("@") else Address.parse(address).stem

    def mentions(self, address: str) -> tuple[str, ...]:
        """The ids of the characters that an order names."""
        request = self._request(address)
        return request.mentions if request else ()

    def frames(self, address: str) -> tuple[FrameOf, ...]:
        """The frames of other shots that an order needs."""
        request = self._request(address)
        pictures = (request.input_reference, request.last_frame) if request else ()
        return tuple(picture for picture in pictures if isinstance(picture, FrameOf))

    def files(self, address: str) -> tuple[str, ...]:
        """The paths of the pictures that go up with an order."""
        request = self._request(address)
        pictures = (request.input_reference, request.last_frame) if request else ()
        return tuple(picture.path for picture in pictures if isinstance(picture, FileRef))

    def showing(self, address: str) -> Showing | None:
        """The clip that goes up with the order that makes a character, if one does."""
        source = self._characters[address[1:]].source if address.startswith("@") else None
        match source:
            case FileSource(path=path):
                return Showing(path, None, part(source, self.capabilities.casting))
            case ShotSource(address=shot) if Source.SHOT in self.capabilities.casting.cut:
                return Showing(None, self.shown(shot.canonical), part(source, self.capabilities.casting))
            case _:
                return None

    def task_sources(self, address: str) -> tuple[str, ...]:
        """The shots whose task goes into the order: a character is made from it, or carried by the order itself."""
        if Source.SHOT in self.capabilities.casting.cut:
            return ()
        names = (address[1:],) if address.startswith("@") else self._carries(address)
        sources = (self._characters[name].source for name in names)
        return tuple(self.shown(source.address.canonical) for source in sources if isinstance(source, ShotSource))

    def sources(self, address: str) -> tuple[str, ...]:
        """All shots that must have a clip before this can be put together."""
        frames = (self.shown(frame.address.canonical) for frame in self.frames(address))
        showing = self.showing(address)
        clips = (showing.shot,) if showing is not None and showing.shot is not None else ()
        return tuple(dict.fromkeys((*frames, *self.task_sources(address), *clips)))

    def nameless(self, address: str, handles: Mapping[str, Handle]) -> tuple[str, ...]:
        """The characters that an order mentions and cannot name: they are to exist at the provider, and no handle of
        use is known."""
        casting = self.capabilities.casting
        made = (it for name in self.mentions(address) if self._stands(it := self._characters[name]) is Standing.MADE)
        return tuple(it.id for it in made if it.id not in handles or not serves(handles[it.id], casting))

    def shown(self, address: str) -> str:
        """The shot whose clip is shown at an address: that of another one, where it says `clip:`."""
        shot = self._shots.get(address)
        return address if shot is None else follow_clips(self._shots, shot.address)

    def handle(self, name: str) -> Handle | None:
        """What the storyboard itself says that the provider calls a character."""
        character = self._characters[name]
        named = self._stands(character) is Standing.NAMED
        return character.handles[self.capabilities.profile] if named else None

    def order(self, step: Step, token: str, inputs: Inputs) -> Order:
        """The order for one step."""
        if step.address.startswith("@"):
            return self._character_order(self._characters[step.address[1:]], token, inputs)
        return self._shot_order(self._shots[step.address], step.take, token, inputs)

    def _request(self, address: str) -> Request | None:
        shot = self._shots.get(address)
        return None if shot is None else shot.request

    def _shot_order(self, shot: Shot, take: int, token: str, inputs: Inputs) -> Order:
        request = shot.request
        if request is None:
            raise AssertionError(f"BUG: {shot.label} shows another shot's clip and is sent")
        address = shot.address.canonical
        url, timestamps, task = self._carried(address, inputs)
        negative = request.negative_prompt
        return Order(
            model=self.model(address),
            prompt=self._spoken(request.prompt, inputs),
            seconds=self.seconds(address),
            size=self.size(address),
            token=token,
            metadata=_metadata(request.metadata, token),
            negative_prompt=None if negative is None else self._spoken(negative, inputs),
            input_reference=_picture(request.input_reference, inputs),
            last_frame=_picture(request.last_frame, inputs),
            watermark=request.watermark,
            private=request.private,
            style=request.style,
            seed=None if request.seed is None else request.seed + take - 1,
            extra=request.extra,
            character_ids=self._ids(request.mentions, inputs),
            character_url=url,
            character_timestamps=timestamps,
            character_from_task=task,
            character_create=request.character_create,
        )

    def _character_order(self, character: Character, token: str, inputs: Inputs) -> Order:
        source = character.source
        address = f"@{character.id}"
        return Order(
            model=self.model(address),
            prompt=character.description or character.name,
            seconds=self.seconds(address),
            size=self.size(address),
            token=token,
            metadata=_metadata(None, token),
            character_url=source.url if isinstance(source, UrlSource) else None,
            character_timestamps=self._stamps(source),
            character_from_task=self._task(source, inputs),
            character_create=True,
            character_name=character.name,
            character_file=inputs.clip,
        )

    def _stands(self, character: Character) -> Standing:
        return standing(character, self.capabilities)

    def _known(self, name: str, inputs: Inputs) -> Handle | None:
        """What the provider calls a character; nothing where it knows none, whatever was made elsewhere."""
        if self._stands(self._characters[name]) is Standing.MADE:
            return inputs.handles.get(name)
        return self.handle(name)

    def _ids(self, mentions: Iterable[str], inputs: Inputs) -> tuple[str, ...]:
        """The ids that go along, where the provider is told characters by their ids."""
        if "id" not in self.capabilities.casting.names:
            return ()
        handles = (self._known(name, inputs) for name in mentions)
        return tuple(handle.id for handle in handles if handle is not None and handle.id is not None)

    def _task(self, source: CharacterSource | None, inputs: Inputs) -> str | None:
        """The task of the shot that shows a character, where it is made from that."""
        if not isinstance(source, ShotSource) or Source.SHOT in self.capabilities.casting.cut:
            return None
        return inputs.tasks[self.shown(source.address.canonical)]

    def _stamps(self, source: CharacterSource | None) -> str | None:
        times = None if source is None else stamps(source, self.capabilities.casting)
        return None if times is None else f"{times[0]:f},{times[1]:f}"

    def _carries(self, address: str) -> tuple[str, ...]:
        """The characters whose clip or task the order itself carries."""
        return tuple(
            name for name in self.mentions(address) if self._stands(self._characters[name]) is Standing.CARRIED
        )

    def _carried(self, address: str, inputs: Inputs) -> tuple[str | None, str | None, str | None]:
        """Address, timestamps and task of the character that the order carries; at most one is possible."""
        for name in self._carries(address):
            source = self._characters[name].source
            url = source.url if isinstance(source, UrlSource) else None
            return url, self._stamps(source), self._task(source, inputs)
        return None, None, None

    def _spoken(self, prompt: str, inputs: Inputs) -> str:
        """The prompt as the provider reads it: mentions become what it calls the characters."""
        seen: set[str] = set()
        words = []
        for piece in split_mentions(prompt):
            if isinstance(piece, Mention):
                words.append(self._name(self._characters[piece.id], inputs, first=piece.id not in seen))
                seen.add(piece.id)
            else:
                words.append(piece)
        return "".join(words)

    def _name(self, character: Character, inputs: Inputs, *, first: bool) -> str:
        """What stands in the prompt for a mention. OpenAI's own way wants the name as it was given, without a sign."""
        handle = self._known(character.id, inputs)
        if handle is not None and handle.username is not None:
            bare = self.capabilities.characters is CharacterWay.OPENAI
            return handle.username if bare else f"@{handle.username}"
        if handle is None and first and character.description:
            return f"{character.name} ({character.description})"
        return character.name


def _metadata(text: str | None, token: str) -> str:
    mark = f"{TOKEN_MARK}{token}"
    return f"{text} {mark}" if text else mark


def _picture(picture: Picture | None, inputs: Inputs) -> Media | None:
    match picture:
        case None:
            return None
        case FileRef(path=path):
            return inputs.files[path]
        case FrameOf():
            return inputs.frames[picture]
