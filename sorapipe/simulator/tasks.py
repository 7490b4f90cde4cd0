"""Dialect `tasks`: JSON in, an envelope `{code, message, data}` out; knows no books and decides nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from starlette.responses import Response
from starlette.types import ASGIApp

from sorapipe.simulator import checks, vocabulary
from sorapipe.simulator.catalogue import MODELS, Wish
from sorapipe.simulator.desk import NO_KEY, Call, Desk, Door, answer
from sorapipe.simulator.pictures import NoPicture, Pictures, from_data_url
from sorapipe.simulator.provider import State, Taken, TurnedAway, View, status_of

NAME = "tasks"
_WORDS = {
    "character_from_task": "input.character_from_task",
    "character_ids": "input.character_id_list",
    "prompt": "input.prompt",
}

_TOP: Mapping[str, checks.Check] = {
    "model": checks.model(MODELS),
    "callBackUrl": checks.url,
    "input": lambda value: None if isinstance(value, dict) else "must be an object",
}
_INPUT: Mapping[str, checks.Check] = {**vocabulary.FIELDS, "character_id_list": checks.character_ids}


class Tasks:
    """The routes of the dialect."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def doors(self) -> list[Door]:
        """All of them; the one to the credits is dialect `jobs`' too."""
        return [
            Door("/api/v1/tasks/create", "create", "POST", self._create, self.says),
            Door("/api/v1/tasks/query/{task}", "query", "GET", self._query, self.says),
            Door("/api/v1/chat/credit", "credit", "GET", self._credit, self.says),
        ]

    def says(self, code: int, message: str, retry_after: int | None = None, field: str | None = None) -> Response:
        """An error: as a status, or inside an HTTP 200."""
        text = f"{_WORDS.get(field, field)}: {message}" if field else message
        status = 200 if self._desk.options.errors == "body" else code
        return answer(envelope(code, text), status, retry_after)

    async def _create(self, call: Call) -> ASGIApp:
        verdict = self._desk.create(call, read_create(call.body, self._desk.pictures))
        match verdict:
            case Taken(task=task):
                return answer(envelope(200, "success", {"taskId": task.task}))
            case TurnedAway():
                return self.says(status_of(verdict.no), verdict.message, verdict.retry_after, verdict.field)
            case None:
                return self.says(401, NO_KEY)

    async def _query(self, call: Call) -> ASGIApp:
        account = self._desk.account(call)
        if account is None:
            return self.says(401, NO_KEY)
        view = self._desk.provider.look(account, call.task or "")
        if view is None:
            return self.says(404, "task not found")
        echo = self._desk.options.metadata_echo
        url = self._desk.clip_url(call.request, view)
        return answer(envelope(200, "success", told(view, url, metadata_echo=echo)))

    async def _credit(self, call: Call) -> ASGIApp:
        account = self._desk.account(call)
        if account is None:
            return self.says(401, NO_KEY)
        return answer({"msg": "success", **envelope(200, "success", self._desk.provider.balance(account))})


def read_create(body: bytes, pictures: Pictures) -> Wish | str:
    """The wish in a create's body, or what is wrong with it: every problem, each with its field's name."""
    document = json_object(body)
    if isinstance(document, str):
        return document
    problems = checks.members(document, _TOP, "")
    problems += [f"{name}: required" for name in ("model", "input") if name not in document]
    wanted = document.get("input")
    if isinstance(wanted, dict):
        problems += _wrong_with(wanted, document.get("model"))
    if problems or not isinstance(wanted, dict):
        return "; ".join(problems)
    try:
        reference, last = (_picture(wanted, name, pictures) for name in ("input_reference", "last_frame"))
    except NoPicture as reason:
        return str(reason)
    ids, callback = wanted.get("character_id_list"), document.get("callBackUrl")
    return replace(
        vocabulary.wish(NAME, str(document["model"]), wanted, reference, last),
        character_ids=tuple(ids) if isinstance(ids, list) else (),
        callback=callback if isinstance(callback, str) else None,
    )


def json_object(body: bytes) -> dict[str, object] | str:
    """The object that a body is, or why it is none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return "the body is not JSON"
    return document if isinstance(document, dict) else "the body must be an object"


def _wrong_with(wanted: dict[str, object], model: object) -> list[str]:
    problems = checks.members(wanted, _INPUT, "input.")
    if "prompt" not in wanted:
        problems.append("input.prompt: required")
    if isinstance(model, str) and model in MODELS:
        problems += vocabulary.wrong_shape(wanted, MODELS[model], MODELS, "input.")
    return problems + vocabulary.wrong_together(wanted, "input.")


def _picture(wanted: dict[str, object], name: str, pictures: Pictures) -> vocabulary.Picture:
    """The picture of a parameter: kept where it came along as a data URL. Raises NoPicture."""
    given = vocabulary.word(wanted, name)
    if given is None or given[:5].lower() != "data:":
        return vocabulary.Picture(url=given)
    try:
        return vocabulary.Picture(pictures.take(from_data_url(given)))
    except NoPicture as reason:
        raise NoPicture(f"input.{name}: {reason}") from None


def envelope(code: int, message: str, data: object = None) -> dict[str, object]:
    """The body of every answer."""
    return {"code": code, "message": message, "data": data}


def told(view: View, url: str | None, *, metadata_echo: bool) -> dict[str, object]:
    """The data of a query's answer; `url` is where the clip is, once there is one."""
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
        "creditsConsumed": view.consumed,
    }
    if metadata_echo:
        data["metadata"] = view.wish.metadata
    return data


def _result(view: View, url: str | None) -> dict[str, object]:
    result: dict[str, object] = {"resultUrls": [url] if url else []}
    if view.character is not None:
        result["character_id_list"] = [view.character.id]
        result["character_id"] = view.character.id
        result["username"] = view.character.username
    return result
