"""Holds the fields and values of a request against what a provider takes; knows no characters and no takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from sorapipe.planning.capabilities import Capabilities, CharacterWay, Model
from sorapipe.planning.problems import Problem, listed, unknown
from sorapipe.storyboard.model import FileRef, FrameOf, Picture, Request
from sorapipe.storyboard.source import Asset

FRAME_TYPE = "image/png"
"""What a frame of another shot goes out as."""
_PICTURES = ("input_reference", "last_frame")
_PLAIN = ("negative_prompt", *_PICTURES, "metadata", "style", "seed")
_SWITCHES = ("watermark", "private", "character_create")
_ADVICE = {
    "negative_prompt": "say in the prompt what is there instead",
    "input_reference": "say in the prompt how the clip begins",
    "last_frame": "say in the prompt how the clip ends",
    "metadata": "a note for people is `notes:`, which is not sent",
    "style": "say it in `look:`",
    "seed": "take it away: every take is a new throw there",
    "watermark": "take it away: it is as the provider has it",
    "private": "take it away: who sees the clip is settled in your account there",
    "character_create": "take it away",
}


class FieldChecker:
    """The rules for fields, with answers kept for values that many shots share."""

    def __init__(self, capabilities: Capabilities, today: date, assets: Mapping[str, Asset]) -> None:
        self._capabilities = capabilities
        self._where = f"`{capabilities.profile}`"
        self._today = today
        self._assets = assets
        self._values: dict[tuple[str | None, str | None, int | None, str | None], tuple[Problem, ...]] = {}
        self._fields: dict[tuple[object, ...], tuple[Problem, ...]] = {}

    def problems(self, request: Request) -> tuple[Problem, ...]:
        """Everything that the provider doesn't take of one request, its characters and its length left aside."""
        found = self._value_problems(request) + self._field_problems(request)
        if request.extra:
            found += tuple(self._extra_problems(request))
        if request.input_reference is not None or request.last_frame is not None:
            found += tuple(self._picture_problems(request))
        return found

    def limit(self, name: str | None) -> int | None:
        """How many characters a model takes, `None` where nobody says."""
        model = self._model(name)
        return model.max_prompt if model is not None else None

    def _model(self, name: str | None) -> Model | None:
        return self._capabilities.models.get(name or self._capabilities.default_model)

    def _value_problems(self, request: Request) -> tuple[Problem, ...]:
        key = (request.model, request.size, request.seconds, request.style)
        if key not in self._values:
            self._values[key] = tuple(self._wrong_values(request))
        return self._values[key]

    def _wrong_values(self, request: Request) -> Iterator[Problem]:
        here = self._capabilities
        model = self._model(request.model)
        if model is None:
            yield unknown("model", request.model or here.default_model, here.models, self._where)
            yield from self._nowhere(request)
            return
        yield from self._end(model, said=request.model is not None)
        whose = f"`{model.name}` at {self._where}"
        if request.size is not None and model.sizes and request.size not in model.sizes:
            yield unknown("size", request.size, model.sizes, whose)
        if request.seconds is not None and model.seconds and request.seconds not in model.seconds:
            yield unknown("seconds", str(request.seconds), map(str, model.seconds), whose)
        if "style" in here.fields and request.style is not None and model.styles and request.style not in model.styles:
            yield unknown("style", request.style, model.styles, whose)

    def _nowhere(self, request: Request) -> Iterator[Problem]:
        """Values that no model of the provider takes, whichever will be chosen."""
        models = self._capabilities.models.values()
        if request.size is not None and all(it.sizes and request.size not in it.sizes for it in models):
            yield unknown("size", request.size, _all(it.sizes for it in models), self._where)
        if request.seconds is not None and all(it.seconds and request.seconds not in it.seconds for it in models):
            lengths = _all(tuple(map(str, it.seconds)) for it in models)
            yield unknown("seconds", str(request.seconds), lengths, self._where)

    def _end(self, model: Model, *, said: bool) -> Iterator[Problem]:
        """What is told of a model that ends; of one that nobody `said`, the default there, once for all shots."""
        if model.ends is None:
            return
        name = f"`{model.name}` at {self._where}"
        if self._today >= model.ends:
            others = [it.name for it in self._capabilities.models.values() if not it.ends or self._today < it.ends]
            hint = (
                f"models that are still there: {listed(others)}"
                if others
                else "choose another provider: `sorapipe providers` lists them"
            )
            text = f"{name} ended on {model.ends}: nothing can be rendered with it"
            yield Problem("model-ended", "model", text, hint, once=not said)
        else:
            yield Problem("model-ends", "model", f"{name} ends on {model.ends}", None, True, once=not said)

    def _field_problems(self, request: Request) -> tuple[Problem, ...]:
        key = (
            request.negative_prompt is None,
            type(request.input_reference),
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
                message = f"{self._where} has no `{name}`"
                if name == "input_reference" and isinstance(request.input_reference, FrameOf):
                    message += ", so no clip can begin on a frame of another one"
                hint = f"{self._advice(name)}, or choose a provider that has it"
                yield Problem("unsupported-field", name, message, hint)

    def _advice(self, name: str) -> str:
        makes = self._capabilities.characters not in {CharacterWay.NONE, CharacterWay.INLINE}
        if name == "character_create" and makes:
            return "make a character of its own from the finished shot: `characters: {NAME: {from_shot: SHOT}}`"
        return _ADVICE[name]

    def _extra_problems(self, request: Request) -> Iterator[Problem]:
        model = self._model(request.model)
        whose = self._where if model is None else f"`{model.name}` at {self._where}"
        known = _all(it.extra for it in self._capabilities.models.values()) if model is None else model.extra
        if "extra" not in self._capabilities.fields:
            known = ()
        for name, _ in request.extra:
            if name in known:
                continue
            found = unknown("extra", name, known, whose)
            message = found.message.replace("no extra", "no `extra` key")
            hint = found.hint if known else self._own_profile(name, model)
            yield found._replace(field=f"extra.{name}", message=message, hint=hint)

    def _own_profile(self, name: str, model: Model | None) -> str:
        """Only a profile knows names that are no part of the language."""
        entry = f"{model.name if model is not None else 'MODEL'}: {{extra: [{name}]}}"
        profile = f"extends: {self._capabilities.profile}"
        return f"take it away; or say in a profile of your own that it is taken: `{profile}`, `models: {{{entry}}}`"

    def _picture_problems(self, request: Request) -> Iterator[Problem]:
        for field, picture in zip(_PICTURES, (request.input_reference, request.last_frame), strict=True):
            kind = None if picture is None else self._kind(picture)
            types = self._capabilities.image_types
            if kind is None or field not in self._capabilities.fields or not types or kind in types:
                continue
            shown = f"`{picture.path}`" if isinstance(picture, FileRef) else "a frame of a clip"
            yield Problem("media-type", field, f"{self._where} takes no {kind} ({shown})", f"it takes {listed(types)}")

    def _kind(self, picture: Picture) -> str | None:
        if not isinstance(picture, FileRef):
            return FRAME_TYPE
        return self._assets[picture.path].media_type if picture.path in self._assets else None


def _all(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """What stands in any of the lists, once."""
    return tuple(dict.fromkeys(word for words in lists for word in words))
