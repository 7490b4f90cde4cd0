"""Holds a storyboard against what a provider takes; knows no prices, no keys and not what is on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

from sorapipe.planning.capabilities import Capabilities, CharacterWay, Model
from sorapipe.storyboard.diagnostics import Diagnostics, did_you_mean
from sorapipe.storyboard.model import (
    Address,
    Character,
    FileRef,
    FileSource,
    Request,
    Storyboard,
    UrlSource,
)
from sorapipe.storyboard.source import Asset, Span
from sorapipe.storyboard.text import split_mentions

_PLAIN = ("negative_prompt", "input_reference", "last_frame", "metadata", "style", "seed")
_SWITCHES = ("watermark", "private", "character_create")


class Problem(NamedTuple):
    """Something that the provider doesn't take. `field` is the key that says it; `mild` is only ever a warning."""

    code: str
    field: str
    message: str
    hint: str | None = None
    mild: bool = False


class _Found(NamedTuple):
    """A problem at a place, and the shots that have it."""

    shots: list[str]
    problem: Problem
    span: Span


def check(  # noqa: PLR0913, PLR0917 - the day and the finished shots are facts from outside, passed in
    storyboard: Storyboard,
    capabilities: Capabilities,
    today: date,
    finished: Callable[[Address], bool],
    diagnostics: Diagnostics,
    assets: Mapping[str, Asset] | None = None,
) -> None:
    """Reports what the provider doesn't take, each at the place where it was written.

    It is an error for shots that would be rendered and a warning for those that are `finished`, accepted or frozen.
    What one place says wrongly for many shots is reported once. `assets` are the files by path, for their types.
    """
    checker = _Checker(storyboard, capabilities, today, assets or {})
    found: dict[tuple[Problem, Span, bool], _Found] = {}
    for shot in storyboard.shots:
        if shot.request is None:
            continue
        problems = checker.problems(shot.request)
        if not problems:
            continue
        done = shot.frozen or finished(shot.address)
        for problem in problems:
            if done and problem.code == "model-ends":
                continue
            key = (problem, shot.origin.place(problem.field), done)
            found.setdefault(key, _Found([], problem, key[1])).shots.append(shot.label)
    _report(found, diagnostics)


def _report(found: Mapping[tuple[Problem, Span, bool], _Found], diagnostics: Diagnostics) -> None:
    worse = {(problem, span) for problem, span, done in found if not done}
    for (problem, span, done), it in found.items():
        if done and (problem, span) in worse:
            continue
        count = len(it.shots)
        message = problem.message if count == 1 else f"{problem.message} ({count} shots)"
        report = diagnostics.warning if done or problem.mild else diagnostics.error
        report(problem.code, message, span, hint=problem.hint)


class _Checker:
    """The rules, with answers kept for values that many shots share."""

    def __init__(
        self, storyboard: Storyboard, capabilities: Capabilities, today: date, assets: Mapping[str, Asset]
    ) -> None:
        self._characters = storyboard.characters
        self._capabilities = capabilities
        self._today = today
        self._assets = assets
        self._values: dict[tuple[str | None, str | None, int | None, str | None], tuple[Problem, ...]] = {}
        self._fields: dict[tuple[bool, ...], tuple[Problem, ...]] = {}
        self._cast: dict[str, tuple[Problem, ...]] = {}
        self._longest = max((len(_expanded(it)) for it in storyboard.characters.values()), default=0)

    def problems(self, request: Request) -> tuple[Problem, ...]:
        """Everything that the provider doesn't take of one request."""
        found = self._value_problems(request) + self._field_problems(request)
        if request.mentions:
            found += self._mention_problems(request)
        limit = self._model_limit(request.model)
        if limit is not None and len(request.prompt) + len(request.mentions) * self._longest > limit:
            found += tuple(self._length_problem(request.prompt, limit))
        if request.extra:
            found += tuple(self._extra_problems(request))
        if self._assets and (request.input_reference is not None or request.last_frame is not None):
            found += tuple(self._picture_problems(request))
        return found

    def _value_problems(self, request: Request) -> tuple[Problem, ...]:
        key = (request.model, request.size, request.seconds, request.style)
        if key not in self._values:
            self._values[key] = tuple(self._wrong_values(request))
        return self._values[key]

    def _wrong_values(self, request: Request) -> Iterator[Problem]:
        here = self._capabilities
        model = here.models.get(request.model or here.default_model)
        if model is None:
            yield _unknown("model", request.model or here.default_model, here.models, f"`{here.profile}`")
            return
        yield from self._end(model)
        whose = f"`{model.name}` at `{here.profile}`"
        if request.size is not None and model.sizes and request.size not in model.sizes:
            yield _unknown("size", request.size, model.sizes, whose)
        if request.seconds is not None and model.seconds and request.seconds not in model.seconds:
            yield _unknown("seconds", str(request.seconds), map(str, model.seconds), whose)
        if request.style is not None and model.styles and request.style not in model.styles:
            yield _unknown("style", request.style, model.styles, whose)

    def _end(self, model: Model) -> Iterator[Problem]:
        if model.ends is None:
            return
        name = f"`{model.name}` at `{self._capabilities.profile}`"
        if self._today >= model.ends:
            others = [it.name for it in self._capabilities.models.values() if not it.ends or self._today < it.ends]
            hint = f"models that are still there: {_list(others)}" if others else "choose another provider"
            yield Problem(
                "model-ended", "model", f"{name} ended on {model.ends}: nothing can be rendered with it", hint
            )
        else:
            yield Problem("model-ends", "model", f"{name} ends on {model.ends}", None, True)

    def _field_problems(self, request: Request) -> tuple[Problem, ...]:
        key = (
            request.negative_prompt is None,
            request.input_reference is None,
            request.last_frame is None,
            request.metadata is None,
            request.style is None,
            request.seed is None,
            request.watermark,
            request.private,
            request.character_create,
        )
        if key not in self._fields:
            self._fields[key] = tuple(self._wrong_fields(request))
        return self._fields[key]

    def _wrong_fields(self, request: Request) -> Iterator[Problem]:
        said = [name for name in _PLAIN if getattr(request, name) is not None]
        said += [name for name in _SWITCHES if getattr(request, name)]
        for name in said:
            if name not in self._capabilities.fields:
                where = f"`{self._capabilities.profile}`"
                hint = (
                    f"take it away, or choose a provider that has it; {where} takes {_list(self._capabilities.fields)}"
                )
                yield Problem("unsupported-field", name, f"{where} has no `{name}`", hint)

    def _mention_problems(self, request: Request) -> tuple[Problem, ...]:
        found: tuple[Problem, ...] = ()
        for name in request.mentions:
            if name not in self._cast:
                self._cast[name] = tuple(self._character_problems(self._characters[name]))
            found += self._cast[name]
        limit = self._capabilities.casting.most
        real = [name for name in request.mentions if self._is_made(self._characters[name])]
        if len(real) > limit:
            who = _list(real)
            message = f"`{self._capabilities.profile}` takes at most {limit} characters in a shot; here are {who}"
            found += (Problem("too-many-characters", "prompt", message, "describe one in words, or use two shots"),)
        return found

    def _is_made(self, character: Character) -> bool:
        """Whether the provider knows the character as one, so that it is more than words."""
        here = self._capabilities
        if here.characters is CharacterWay.NONE:
            return False
        return character.source is not None or here.profile in character.handles

    def _character_problems(self, character: Character) -> Iterator[Problem]:
        where = f"`{self._capabilities.profile}`"
        if not self._is_made(character):
            if character.description is None:
                hint = f'give it a description in words: `{character.id}: {{description: "…"}}`'
                if character.handles and self._capabilities.characters is not CharacterWay.NONE:
                    hint += f", or say what {where} calls it: `handles: {{{self._capabilities.profile}: {{id: …}}}}`"
                yield Problem("character-without-way", "prompt", f"{where} can't show `@{character.id}`", hint)
            return
        if self._capabilities.profile in character.handles:
            return
        way = self._capabilities.characters
        fields = self._capabilities.fields
        if (
            isinstance(character.source, FileSource)
            and way is not CharacterWay.OPENAI
            and "character_file" not in fields
        ):
            message = f"{where} makes characters from a `url` or a finished shot, not from a file (`@{character.id}`)"
            yield Problem("character-source", "prompt", message, "put the clip on the web and give its `url`")
        if isinstance(character.source, UrlSource) and way is CharacterWay.OPENAI and "character_url" not in fields:
            message = f"{where} makes characters from a file or a finished shot, not from a url (`@{character.id}`)"
            yield Problem("character-source", "prompt", message, "put the clip beside the storyboard and name its file")

    def _model_limit(self, name: str | None) -> int | None:
        model = self._capabilities.models.get(name or self._capabilities.default_model)
        return model.max_prompt if model is not None else None

    def _length_problem(self, prompt: str, limit: int) -> Iterator[Problem]:
        length = self._length(prompt)
        if length > limit:
            message = f"the prompt has {length} characters and the model takes {limit}"
            hint = "`look`, the prompt and the descriptions of characters in words count together"
            yield Problem("prompt-too-long", "prompt", message, hint)

    def _length(self, prompt: str) -> int:
        """The length of the text as it is sent: characters in words stand with their description once."""
        seen: set[str] = set()
        length = 0
        for piece in split_mentions(prompt):
            if isinstance(piece, str):
                length += len(piece)
                continue
            character = self._characters.get(piece.id)
            if character is None:
                continue
            worded = not self._is_made(character) and piece.id not in seen
            length += len(_expanded(character)) if worded else len(character.name)
            seen.add(piece.id)
        return length

    def _extra_problems(self, request: Request) -> Iterator[Problem]:
        here = self._capabilities
        model = here.models.get(request.model or here.default_model)
        if model is None:
            return
        for name, _ in request.extra:
            if name not in model.extra:
                found = _unknown("extra", name, model.extra, f"`{model.name}` at `{here.profile}`")
                yield found._replace(field=f"extra.{name}", message=found.message.replace("no extra", "no `extra` key"))

    def _picture_problems(self, request: Request) -> Iterator[Problem]:
        for field, picture in (("input_reference", request.input_reference), ("last_frame", request.last_frame)):
            if not isinstance(picture, FileRef) or picture.path not in self._assets:
                continue
            kind, types = self._assets[picture.path].media_type, self._capabilities.image_types
            if types and kind not in types:
                message = f"`{self._capabilities.profile}` takes no {kind} (`{picture.path}`)"
                yield Problem("media-type", field, message, f"it takes {_list(types)}")


def _expanded(character: Character) -> str:
    """What stands in a prompt for a character in words."""
    return character.name if character.description is None else f"{character.name} ({character.description})"


def _unknown(field: str, word: str, known: Iterable[str], whose: str) -> Problem:
    names = list(known)
    meant = None if word.isdigit() else did_you_mean(word, names)
    hint = f"did you mean `{meant}`? " if meant is not None else ""
    takes = f"it takes {_list(names)}" if names else "it takes none"
    verb = "takes" if field in {"size", "seconds"} else "has"
    return Problem(f"unknown-{field}", field, f"{whose} {verb} no {field} `{word}`", hint + takes)


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names, key=_natural))


def _natural(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdigit() else (0, name)
