"""The bodies that dialect `videos` takes, strictly: every wrong name, type and value is refused; knows no answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sorapipe.simulator import checks, forms, vocabulary
from sorapipe.simulator.catalogue import VIDEO_CHARACTER, VIDEO_MODELS, Wish
from sorapipe.simulator.desk import Call
from sorapipe.simulator.pictures import NoPicture, Pictures
from sorapipe.simulator.tasks import json_object
from sorapipe.simulator.uploads import NoVideo, Uploads, clip_seconds

NAME = "videos"
Read = Wish | str

_PROMPT_LIMIT = 32_000
_AT_MOST = 2
_NAME_LIMIT = 80
_LEAST_SECONDS, _MOST_SECONDS = 2.0, 4.0
_SLACK = 0.05
_FILES = ("input_reference", "last_frame")
_KINDS = {
    "watermark": "boolean",
    "private": "boolean",
    "character_create": "boolean",
    "seed": "whole",
    "cfg_scale": "number",
    "characters": "json",
}


def _characters(value: object) -> str | None:
    """`[{"id": …}]` with at most two."""
    good = isinstance(value, list) and all(
        isinstance(item, dict) and item.keys() == {"id"} and checks.task(item["id"]) is None for item in value
    )
    if not good or not isinstance(value, list):
        return 'must be a list like [{"id":"…"}]'
    return f"may name at most {_AT_MOST} characters" if len(value) > _AT_MOST else None


_FIELDS: Mapping[str, checks.Check] = {
    "model": checks.model([*VIDEO_MODELS, VIDEO_CHARACTER]),
    **{name: check for name, check in vocabulary.FIELDS.items() if name not in _FILES},
    "prompt": checks.prompt(_PROMPT_LIMIT),
    "characters": _characters,
}
_CHARACTER_FIELDS = {"character_url", "character_from_task", "character_timestamps", "character_create"}
_CHARACTER_FIELDS |= {"model", "prompt", "metadata", "private"}


def read_form(call: Call) -> list[forms.Part] | forms.NoForm:
    """The parts of a call's form; the books keep what they say, not their bytes."""
    try:
        parts = forms.read(call.request.headers.get("content-type", ""), call.body)
    except forms.NoForm as reason:
        return reason
    call.shown = forms.canonical(parts)
    return parts


def create(parts: list[forms.Part], pictures: Pictures, *, trap: bool) -> Read:
    """The wish in a create's form, or everything that is wrong with it. With `trap` a length may be missing."""
    files = {part.name: part for part in parts if part.name in _FILES}
    try:
        wanted = {
            part.name: forms.value(part, _KINDS.get(part.name, "text")) for part in parts if part.name not in files
        }
    except forms.NoForm as reason:
        return str(reason)
    problems = checks.members(wanted, _FIELDS, "")
    problems += [f"{name}: must be a file" for name, part in files.items() if part.filename is None]
    problems += _wrong_with(wanted, set(files), trap=trap)
    if problems:
        return "; ".join(problems)
    if wanted["model"] == VIDEO_CHARACTER:
        wish = vocabulary.wish(NAME, VIDEO_CHARACTER, wanted, vocabulary.NONE, vocabulary.NONE)
        return replace(wish, seconds=0, width=0, height=0, character_create=True)
    try:
        reference, last = (_picture(files.get(name), pictures) for name in _FILES)
    except NoPicture as reason:
        return str(reason)
    wish = vocabulary.wish(NAME, str(wanted["model"]), wanted, reference, last)
    listed = wanted.get("characters")
    ids = tuple(str(item["id"]) for item in listed) if isinstance(listed, list) else ()
    return replace(wish, character_ids=ids, named=bool(ids), unasked_seconds="seconds" not in wanted)


def _wrong_with(wanted: Mapping[str, object], files: set[str], *, trap: bool) -> list[str]:
    model = wanted.get("model")
    needed = ["model", "prompt"] if trap else ["model", "prompt", "seconds"]
    problems = []
    if model == VIDEO_CHARACTER:
        needed = ["model", "character_timestamps"]
        problems += [f"{name}: can't go with {VIDEO_CHARACTER}" for name in wanted if name not in _CHARACTER_FIELDS]
        problems += [f"{name}: can't go with {VIDEO_CHARACTER}" for name in files]
        if not {"character_url", "character_from_task"} & wanted.keys():
            problems.append("character_url: required, or character_from_task")
    elif wanted.get("character_create") is True and {"character_url", "character_from_task"} & wanted.keys():
        problems.append(f"character_create: a character of another clip is made with the model {VIDEO_CHARACTER}")
    problems += [f"{name}: required" for name in needed if name not in wanted]
    if isinstance(model, str) and model in VIDEO_MODELS:
        problems += vocabulary.wrong_shape(wanted, VIDEO_MODELS[model], VIDEO_MODELS, "")
    return problems + [text for text in vocabulary.wrong_together(wanted, "") if text not in problems]


def _picture(part: forms.Part | None, pictures: Pictures) -> vocabulary.Picture:
    if part is None:
        return vocabulary.NONE
    try:
        return vocabulary.Picture(pictures.take(part.data))
    except NoPicture as reason:
        raise NoPicture(f"{part.name}: {reason}") from None


_ENDPOINT: Mapping[str, checks.Check] = {
    "url": checks.url,
    "from_task": checks.task,
    "timestamps": checks.timestamps,
}


def endpoint(body: bytes) -> Read:
    """The character that a body of the way `endpoint` asks for."""
    wanted = json_object(body)
    if isinstance(wanted, str):
        return wanted
    problems = checks.members(wanted, _ENDPOINT, "")
    if "timestamps" not in wanted:
        problems.append("timestamps: required")
    if len({"url", "from_task"} & wanted.keys()) != 1:
        problems.append("url: either it or from_task is required")
    if problems:
        return "; ".join(problems)
    url, task, span = (vocabulary.word(wanted, name) for name in ("url", "from_task", "timestamps"))
    return _character(url, task, span)


def named(parts: list[forms.Part], uploads: Uploads) -> Read:
    """The character that a form of the way `openai` asks for: a name and a clip of two to four seconds."""
    given = {part.name: part for part in parts}
    problems = [f"{name[:80]}: unknown parameter" for name in given if name not in {"name", "video"}]
    problems += [f"{name}: required" for name in ("name", "video") if name not in given]
    if problems:
        return "; ".join(problems)
    try:
        name = str(forms.value(given["name"], "text"))
    except forms.NoForm as reason:
        return str(reason)
    video = given["video"]
    if not name.strip() or len(name) > _NAME_LIMIT:
        return f"name: must have 1 to {_NAME_LIMIT} characters"
    if video.filename is None:
        return "video: must be a file"
    try:
        seconds = clip_seconds(video.data)
        if not _LEAST_SECONDS - _SLACK <= seconds <= _MOST_SECONDS + _SLACK:
            return f"video: must run 2 to 4 seconds, runs {seconds:.2f}"
        return replace(_character(uploads.bring(video.data)), character_name=name, named=True)
    except (NoVideo, NoPicture) as reason:
        return f"video: {reason}"


def _character(url: str | None, from_task: str | None = None, timestamps: str | None = None) -> Wish:
    """A character that is made at once of one source."""
    return Wish(
        dialect=NAME,
        model=VIDEO_CHARACTER,
        prompt="",
        seconds=0,
        width=0,
        height=0,
        character_url=url,
        character_from_task=from_task,
        character_timestamps=timestamps,
        character_create=True,
        immediate=True,
    )
