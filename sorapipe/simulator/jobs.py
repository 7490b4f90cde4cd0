"""Dialect `jobs`: JSON in, an envelope `{code, msg, data}` out, errors inside an HTTP 200; decides nothing."""

from __future__ import annotations

import json
import time

from starlette.responses import Response
from starlette.types import ASGIApp

from sorapipe.simulator import forms, jobs_inputs
from sorapipe.simulator.catalogue import JOB_CHARACTER, JOB_CHARACTER_OF_TASK
from sorapipe.simulator.desk import NO_KEY, Call, Desk, Door, answer, home
from sorapipe.simulator.pictures import NoPicture
from sorapipe.simulator.provider import State, Taken, TurnedAway, View, status_of
from sorapipe.simulator.uploads import NoVideo

_WORDS = {
    "character_ids": "input.character_id_list",
    "character_from_task": "input.origin_task_id",
    "prompt": "input.prompt",
}


class Jobs:
    """The routes of the dialect."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def doors(self) -> list[Door]:
        """All of them, but the one to the credits."""
        return [
            Door("/api/v1/jobs/createTask", "create", "POST", self._create, self.says),
            Door("/api/v1/jobs/recordInfo", "query", "GET", self._query, self.says),
            Door("/api/file-stream-upload", "upload", "POST", self._upload, self.says),
        ]

    def says(self, code: int, message: str, retry_after: int | None = None, field: str | None = None) -> Response:
        """An error: inside an HTTP 200, or as a status."""
        text = f"{_WORDS.get(field, field)}: {message}" if field else message
        status = code if self._desk.options.errors == "status" else 200
        return answer(_envelope(code, text), status, retry_after)

    async def _create(self, call: Call) -> ASGIApp:
        verdict = self._desk.create(call, jobs_inputs.create(call.body, self._desk))
        match verdict:
            case Taken(task=task):
                return answer(_envelope(200, "success", {"taskId": task.task}))
            case TurnedAway():
                return self.says(status_of(verdict.no), verdict.message, verdict.retry_after, verdict.field)
            case None:
                return self.says(401, NO_KEY)

    async def _query(self, call: Call) -> ASGIApp:
        account = self._desk.account(call)
        if account is None:
            return self.says(401, NO_KEY)
        call.task = call.request.query_params.get("taskId")
        if call.task is None:
            return self.says(422, "taskId: required")
        view = self._desk.provider.look(account, call.task)
        if view is None:
            return self.says(422, "recordInfo is null")
        url = self._desk.clip_url(call.request, view)
        return answer(_envelope(200, "success", told(view, url, metadata_echo=self._desk.options.metadata_echo)))

    async def _upload(self, call: Call) -> ASGIApp:
        if self._desk.account(call) is None:
            return self.says(401, NO_KEY)
        try:
            parts = forms.read(call.request.headers.get("content-type", ""), call.body)
            call.shown = forms.canonical(parts)
            file, path, name = jobs_inputs.upload(parts)
            where = self._desk.uploads.bring(file.data)
        except (forms.NoForm, NoPicture, NoVideo) as reason:
            return self.says(422, str(reason) if isinstance(reason, forms.NoForm) else f"file: {reason}")
        data = {
            "fileName": name,
            "filePath": f"{path}/{name}",
            "downloadUrl": home(call.request) + where,
            "fileSize": len(file.data),
            "mimeType": file.type,
            "uploadedAt": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        }
        return answer({"success": True, **_envelope(200, "success", data)})


def _envelope(code: int, message: str, data: object = None) -> dict[str, object]:
    """The body of every answer."""
    return {"code": code, "msg": message, "data": data}


def told(view: View, url: str | None, *, metadata_echo: bool) -> dict[str, object]:
    """The record of a task; `url` is where the clip is, once there is one."""
    task, failed, done = view.task, view.state is State.FAIL, view.state is State.SUCCESS
    return {
        "taskId": task.task,
        "model": view.wish.model,
        "state": view.state.value,
        "param": json.dumps(_param(view, metadata_echo=metadata_echo), ensure_ascii=False),
        "resultJson": json.dumps(_result(view, url)) if done else "",
        "failCode": task.fail_code if failed else "",
        "failMsg": task.fail_message if failed else "",
        "costTime": view.completed - task.created if view.completed is not None else None,
        "createTime": task.created,
        "updateTime": view.completed or task.created,
        "completeTime": view.completed,
        "progress": view.progress,
        "creditsConsumed": view.consumed,
    }


def _param(view: View, *, metadata_echo: bool) -> dict[str, object]:
    """What was asked for, in the dialect's words."""
    wish = view.wish
    asked: dict[str, object] = {
        "prompt": wish.prompt,
        "aspect_ratio": "landscape" if wish.width > wish.height else "portrait",
        "n_frames": str(wish.seconds),
        "remove_watermark": not wish.watermark,
    }
    if wish.model in {JOB_CHARACTER, JOB_CHARACTER_OF_TASK}:
        asked = {"character_prompt": wish.prompt}
    if metadata_echo and wish.metadata is not None:
        asked["metadata"] = wish.metadata
    given: dict[str, object] = {"model": wish.model, "input": asked}
    return given if wish.callback is None else {**given, "callBackUrl": wish.callback}


def _result(view: View, url: str | None) -> dict[str, object]:
    """A clip's address, or the character's id and no address at all."""
    result: dict[str, object] = {"resultUrls": [url]} if url else {}
    if view.character is not None:
        result["character_id"] = view.character.id
    return result
