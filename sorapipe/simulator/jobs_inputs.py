"""The bodies that dialect `jobs` takes, strictly: every wrong name, type and value is refused; knows no answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sorapipe.simulator import checks, forms
from sorapipe.simulator.catalogue import (
    HD_SIZES,
    JOB_CHARACTER,
    JOB_CHARACTER_OF_TASK,
    JOB_MODELS,
    SD_SIZES,
    Wish,
)
from sorapipe.simulator.desk import Desk
from sorapipe.simulator.tasks import json_object
from sorapipe.simulator.uploads import NoVideo, Uploads, clip_seconds, media_type
from sorapipe.simulator.vocabulary import NONE, Picture, word

NAME = "jobs"
_TEXT_LIMIT = 5_000
_USER_NAME_LIMIT = 40
_PATH = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
_LEAST_SECONDS, _MOST_SECONDS = 1.0, 4.0
_SLACK = 0.05

_TOP: Mapping[str, checks.Check] = {
    "model": checks.model([*JOB_MODELS, JOB_CHARACTER, JOB_CHARACTER_OF_TASK]),
    "callBackUrl": checks.url,
    "input": lambda value: None if isinstance(value, dict) else "must be an object",
}


def _one_url(value: object) -> str | None:
    """A list of one URL."""
    if not isinstance(value, list) or not all(isinstance(url, str) for url in value):
        return "must be a list of URLs"
    return checks.url(value[0]) if len(value) == 1 else "must hold exactly 1 URL"


# What the market's pages name, and what this provider takes besides.
_CLIP: Mapping[str, checks.Check] = {
    "prompt": checks.prompt(),
    "aspect_ratio": checks.one_of(("portrait", "landscape")),
    "n_frames": checks.string,
    "remove_watermark": checks.boolean,
    "character_id_list": checks.character_ids,
}
_OWN: Mapping[str, checks.Check] = {
    "metadata": checks.metadata,
    "style": checks.style,
    "private": checks.boolean,
    "seed": checks.seed,
    "negative_prompt": checks.text(10_000),
    "last_frame": checks.url,
    "cfg_scale": checks.cfg_scale,
    "character_create": checks.boolean,
}
_IMAGE: Mapping[str, checks.Check] = {"image_urls": _one_url}
_PRO: Mapping[str, checks.Check] = {"size": checks.one_of(("standard", "high"))}
_OF_CLIP: Mapping[str, checks.Check] = {
    "character_file_url": _one_url,
    "character_prompt": checks.text(_TEXT_LIMIT),
    "safety_instruction": checks.text(_TEXT_LIMIT),
    "metadata": checks.metadata,
}
_OF_TASK: Mapping[str, checks.Check] = {
    "origin_task_id": checks.task,
    "timestamps": checks.span(1, 4),
    "character_user_name": checks.text(_USER_NAME_LIMIT),
    "character_prompt": checks.text(_TEXT_LIMIT),
    "metadata": checks.metadata,
}


def create(body: bytes, desk: Desk) -> Wish | str:
    """The wish in a create's body, or everything that is wrong with it. The server applies no defaults."""
    document = json_object(body)
    if isinstance(document, str):
        return document
    problems = checks.members(document, _TOP, "")
    problems += [f"{name}: required" for name in ("model", "input") if name not in document]
    wanted, model = document.get("input"), document.get("model")
    if isinstance(wanted, dict) and not any(problem.startswith("model:") for problem in problems):
        problems += _wrong_with(wanted, str(model))
    if problems or not isinstance(wanted, dict):
        return "; ".join(problems)
    wish = _wish(wanted, str(model), desk.uploads, desk)
    callback = document.get("callBackUrl")
    return replace(wish, callback=str(callback)) if isinstance(wish, Wish) and callback is not None else wish


def _wrong_with(wanted: dict[str, object], model: str) -> list[str]:
    fields, needed = _fields(model)
    problems = checks.members(wanted, fields, "input.")
    problems += [f"input.{name}: required" for name in needed if name not in wanted]
    frames = wanted.get("n_frames")
    if model in JOB_MODELS and isinstance(frames, str):
        problem = checks.seconds(frames, JOB_MODELS[model], ())
        problems += [f"input.n_frames: {problem}"] if problem else []
    return problems


def _fields(model: str) -> tuple[dict[str, checks.Check], tuple[str, ...]]:
    """What a model takes, and what of it is required."""
    if model == JOB_CHARACTER:
        return dict(_OF_CLIP), ("character_file_url",)
    if model == JOB_CHARACTER_OF_TASK:
        return dict(_OF_TASK), ("origin_task_id", "timestamps", "character_prompt")
    image = _IMAGE if "-image-" in model else {}
    pro = _PRO if "-pro-" in model else {}
    return {**_CLIP, **image, **pro, **_OWN}, ("prompt", "aspect_ratio", "n_frames", "remove_watermark", *image, *pro)


def _wish(wanted: dict[str, object], model: str, uploads: Uploads, desk: Desk) -> Wish | str:
    if model == JOB_CHARACTER:
        url = _first(wanted, "character_file_url") or ""
        return _wrong_clip(url, uploads) or replace(_character(wanted, model), character_url=url)
    if model == JOB_CHARACTER_OF_TASK:
        return replace(
            _character(wanted, model),
            character_from_task=word(wanted, "origin_task_id"),
            character_timestamps=word(wanted, "timestamps"),
            character_name=word(wanted, "character_user_name"),
        )
    pictures = [
        _picture(name, url, desk)
        for name, url in (("image_urls", _first(wanted, "image_urls")), ("last_frame", word(wanted, "last_frame")))
    ]
    wrong = [picture for picture in pictures if isinstance(picture, str)]
    if wrong:
        return "; ".join(wrong)
    reference, last = (picture for picture in pictures if isinstance(picture, Picture))
    return _clip(wanted, model, reference, last)


def _clip(wanted: dict[str, object], model: str, reference: Picture, last: Picture) -> Wish:
    sizes = HD_SIZES if wanted.get("size") == "high" else SD_SIZES
    width, height = sizes[wanted["aspect_ratio"] == "landscape"].split("x")
    ids, seed, scale = wanted.get("character_id_list"), wanted.get("seed"), wanted.get("cfg_scale")
    return Wish(
        dialect=NAME,
        model=model,
        prompt=word(wanted, "prompt") or "",
        seconds=int(word(wanted, "n_frames") or ""),
        width=int(width),
        height=int(height),
        style=word(wanted, "style"),
        watermark=wanted["remove_watermark"] is False,
        private=wanted.get("private") is True,
        seed=seed if isinstance(seed, int) else None,
        negative_prompt=word(wanted, "negative_prompt"),
        reference=reference.digest,
        reference_url=reference.url,
        last_frame=last.digest,
        last_frame_url=last.url,
        cfg_scale=scale if isinstance(scale, int | float) else None,
        character_ids=tuple(ids) if isinstance(ids, list) else (),
        character_create=wanted.get("character_create") is True,
        metadata=word(wanted, "metadata"),
    )


def _character(wanted: dict[str, object], model: str) -> Wish:
    about = word(wanted, "character_prompt") or ""
    return Wish(NAME, model, about, 0, 0, 0, character_create=True, metadata=word(wanted, "metadata"))


def _first(wanted: Mapping[str, object], name: str) -> str | None:
    value = wanted.get(name)
    return str(value[0]) if isinstance(value, list) else None


def _picture(name: str, url: str | None, desk: Desk) -> Picture | str:
    """The picture at an address: one that was brought here is kept with the others."""
    if url is None:
        return NONE
    found = desk.uploads.find(url)
    if found is None:
        return Picture(url=url) if url.startswith("https://") else f"input.{name}: must be an https URL or an upload"
    if isinstance(found, str):
        return f"input.{name}: {found}"
    if not media_type(found).startswith("image/"):
        return f"input.{name}: is not a picture"
    return Picture(desk.pictures.take(found.read_bytes()))


def _wrong_clip(url: str, uploads: Uploads) -> str | None:
    """What is wrong with the clip of a character; one on the web is not looked at."""
    found = uploads.find(url)
    if found is None:
        return None if url.startswith("https://") else "input.character_file_url: must be an https URL or an upload"
    if not isinstance(found, Path):
        return f"input.character_file_url: {found}"
    try:
        seconds = clip_seconds(found.read_bytes())
    except NoVideo as reason:
        return f"input.character_file_url: {reason}"
    good = _LEAST_SECONDS - _SLACK <= seconds <= _MOST_SECONDS + _SLACK
    return None if good else f"input.character_file_url: must run 1 to 4 seconds, runs {seconds:.2f}"


def upload(parts: list[forms.Part]) -> tuple[forms.Part, str, str]:
    """The file of an upload's form, the folder and the name that it shall have. Raises NoForm."""
    given = {part.name: part for part in parts}
    problems = [f"{name[:80]}: unknown parameter" for name in given if name not in {"file", "uploadPath", "fileName"}]
    problems += [f"{name}: required" for name in ("file", "uploadPath") if name not in given]
    if problems:
        raise forms.NoForm("; ".join(problems))
    file = given["file"]
    if file.filename is None:
        raise forms.NoForm("file: must be a file")
    path = str(forms.value(given["uploadPath"], "text"))
    name = str(forms.value(given["fileName"], "text")) if "fileName" in given else file.filename
    for field, text, good in (("uploadPath", path, _PATH.fullmatch(path)), ("fileName", name, "/" not in name)):
        if not good or ".." in text or not text:
            raise forms.NoForm(f"{field}: is not a {'folder' if field == 'uploadPath' else 'name'}")
    return file, path, name
