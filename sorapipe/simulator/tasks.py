"""Dialect `tasks`: JSON in, an envelope `{code, message, data}` out; knows no books and decides nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sorapipe.simulator import checks
from sorapipe.simulator.catalogue import Wish
from sorapipe.simulator.pictures import NoPicture, Pictures, from_data_url
from sorapipe.simulator.provider import State, View

NAME = "tasks"
_REFUSED = "[refused]"

_TOP: Mapping[str, checks.Check] = {
    "model": checks.model,
    "callBackUrl": checks.url,
    "input": lambda value: None if isinstance(value, dict) else "must be an object",
}
_INPUT: Mapping[str, checks.Check] = {
    "prompt": checks.prompt,
    "seconds": lambda value: None if isinstance(value, str) else "must be a string",
    "size": lambda value: None if isinstance(value, str) else "must be a string",
    "input_reference": checks.picture,
    "watermark": checks.boolean,
    "private": checks.boolean,
    "character_url": checks.url,
    "character_timestamps": checks.timestamps,
    "character_from_task": checks.task,
    "character_create": checks.boolean,
    "character_id_list": checks.character_ids,
    "metadata": checks.metadata,
    "style": checks.style,
    "seed": checks.seed,
    "negative_prompt": checks.text(10_000),
}


def read_create(body: bytes, pictures: Pictures) -> Wish | str:
    """The wish in a create's body, or what is wrong with it: every problem, each with its field's name."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return "the body is not JSON"
    if not isinstance(document, dict):
        return "the body must be an object"
    problems = checks.members(document, _TOP, "")
    problems += [f"{name}: required" for name in ("model", "input") if name not in document]
    wanted = document.get("input")
    if isinstance(wanted, dict):
        problems += _wrong_with(wanted, document.get("model"))
    if problems or not isinstance(wanted, dict):
        return "; ".join(problems)
    reference = wanted.get("input_reference")
    digest = None
    if reference is not None and reference[:5].lower() == "data:":
        try:
            digest = pictures.take(from_data_url(reference))
        except NoPicture as reason:
            return f"input.input_reference: {reason}"
    return _wish(document, wanted, digest)


def _wrong_with(wanted: dict[str, object], model: object) -> list[str]:
    problems = checks.members(wanted, _INPUT, "input.")
    if "prompt" not in wanted:
        problems.append("input.prompt: required")
    elif _REFUSED in str(wanted["prompt"]):
        problems.append("input.prompt: this prompt is against the rules")
    if isinstance(model, str) and checks.model(model) is None:
        for name, check in (("seconds", checks.seconds), ("size", checks.size)):
            value = wanted.get(name)
            problem = check(value, model) if isinstance(value, str) else None
            if problem is not None:
                problems.append(f"input.{name}: {problem}")
    return problems + _wrong_together(wanted)


def _wrong_together(wanted: dict[str, object]) -> list[str]:
    problems = []
    if "character_url" in wanted and "character_from_task" in wanted:
        problems.append("input.character_from_task: can't go with character_url")
    if "character_url" in wanted and "character_timestamps" not in wanted:
        problems.append("input.character_timestamps: required with character_url")
    if "character_timestamps" in wanted and not {"character_url", "character_from_task"} & wanted.keys():
        problems.append("input.character_timestamps: needs character_url or character_from_task")
    return problems


def _wish(document: dict[str, object], wanted: dict[str, object], reference: str | None) -> Wish:
    def word(name: str) -> str | None:
        value = wanted.get(name)
        return value if isinstance(value, str) else None

    width, height = (word("size") or "1280x720").split("x")
    seed, ids, callback = wanted.get("seed"), wanted.get("character_id_list"), document.get("callBackUrl")
    return Wish(
        dialect=NAME,
        model=str(document["model"]),
        prompt=word("prompt") or "",
        seconds=int(word("seconds") or "10"),
        width=int(width),
        height=int(height),
        style=word("style"),
        watermark=wanted.get("watermark") is True,
        private=wanted.get("private") is True,
        seed=seed if isinstance(seed, int) else None,
        negative_prompt=word("negative_prompt"),
        reference=reference,
        reference_url=word("input_reference") if reference is None else None,
        character_url=word("character_url"),
        character_timestamps=word("character_timestamps"),
        character_from_task=word("character_from_task"),
        character_create=wanted.get("character_create") is True,
        character_ids=tuple(ids) if isinstance(ids, list) else (),
        metadata=word("metadata"),
        callback=callback if isinstance(callback, str) else None,
    )


def envelope(code: int, message: str, data: object = None) -> bytes:
    """The body of every answer."""
    return json.dumps({"code": code, "message": message, "data": data}, ensure_ascii=False).encode()


def created(task: str) -> bytes:
    """The answer of a create that was taken."""
    return envelope(200, "success", {"taskId": task})


def queried(view: View, url: str | None, *, metadata_echo: bool) -> bytes:
    """The answer of a query; `url` is where the clip is, once there is one."""
    task, failed = view.task, view.state is State.FAIL
    data: dict[str, object] = {
        "taskId": task.task,
        "model": view.wish.model,
        "state": view.state.value,
        "progress": view.progress,
        "resultJson": json.dumps(_result(view, url)) if view.state is State.SUCCESS else "",
        "failCode": task.fail_code if failed else "",
        "failMsg": task.fail_message if failed else "",
        "costTime": view.completed - task.created if view.completed is not None else 0,
        "createTime": task.created,
        "updateTime": view.completed or task.created,
        "completeTime": view.completed,
        "creditsConsumed": task.credits,
    }
    if metadata_echo:
        data["metadata"] = view.wish.metadata
    return envelope(200, "success", data)


def _result(view: View, url: str | None) -> dict[str, object]:
    result: dict[str, object] = {"resultUrls": [url] if url else []}
    if view.character is not None:
        result["character_id_list"] = [view.character.id]
        result["character_id"] = view.character.id
        result["username"] = view.character.username
    return result
