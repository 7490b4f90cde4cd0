"""Answers in JSON made wrong where it hurts: ids, states, results, times; knows how dialects look, not what they mean.

A change looks for the members it needs in `data` of an envelope, or in a bare object. What it doesn't find it leaves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from sorapipe.simulator.faults import Fault

Data = dict[str, Any]
_ID = ("taskId", "id")
_TIMES = ("createTime", "updateTime", "completeTime", "created_at", "completed_at", "expires_at")
_IN_MS = 10**11
_EMPTY: Mapping[str, object] = {"object": {}, "text": "", "null": None, "zero": 0}
PLACES = {
    "loopback": "http://127.0.0.1:9/clip.mp4",
    "private": "https://10.0.0.1/clip.mp4",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "http": "http://clips.example.invalid/clip.mp4",
    "file": "file:///etc/passwd",
}


def place(word: str, ourselves: str) -> str:
    """The address that a word of the catalogue stands for; anything else is an address itself."""
    return ourselves if word == "self" else PLACES.get(word, word)


def changed(fault: Fault, body: bytes, ourselves: str, other: str) -> bytes:
    """The body with the fault in it; as it is where it's not JSON or has no place for it.

    `other` is the id of another task.
    """
    change = CHANGES.get(fault.name)
    if change is None:
        return body
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(document, dict):
        return body
    inner = document.get("data")
    change(inner if isinstance(inner, dict) else document, fault, _Around(ourselves, other))
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")


class _Around:
    def __init__(self, ourselves: str, other: str) -> None:
        self.ourselves = ourselves
        self.other = other


def _is_envelope(data: Data) -> bool:
    return "state" in data or "taskId" in data


def _state(data: Data, word: str) -> None:
    data["state" if _is_envelope(data) else "status"] = word


def _under_way(data: Data, progress: int) -> None:
    _state(data, "generating" if _is_envelope(data) else "in_progress")
    data["progress"] = progress
    _no_url(data)
    for name, nothing in (("resultJson", ""), ("completeTime", None), ("completed_at", None), ("failCode", "")):
        if name in data:
            data[name] = nothing
    if data.get("error"):
        data["error"] = None


def _each(data: Data, change: Callable[[Data], None]) -> None:
    """The object itself, or those in a list."""
    rows = data.get("data")
    for row in rows if isinstance(rows, list) else [data]:
        if isinstance(row, dict):
            change(row)


def _result(data: Data, change: Callable[[Data], None]) -> None:
    try:
        result = json.loads(data.get("resultJson") or "")
    except ValueError:
        return
    if isinstance(result, dict):
        change(result)
        data["resultJson"] = json.dumps(result)


def _no_url(data: Data) -> None:
    for name in ("video_url", "url"):
        data.pop(name, None)
    if isinstance(data.get("metadata"), dict):
        data["metadata"].pop("url", None)
    _result(data, lambda result: result.update(resultUrls=[]))


def _urls(data: Data, url: str) -> None:
    for name in ("video_url", "url", "downloadUrl"):
        if name in data:
            data[name] = url
    if isinstance(data.get("metadata"), dict) and "url" in data["metadata"]:
        data["metadata"]["url"] = url
    _result(data, lambda result: result.update(resultUrls=[url]))


def _failed(data: Data, code: str, message: str) -> None:
    _under_way(data, 100)
    if _is_envelope(data):
        data.update(state="fail", failCode=code, failMsg=message)
    else:
        data.update(status="failed", error={"code": code, "message": message})


def _ids(data: Data, id: str) -> None:
    for name in _ID:
        if name in data:
            data[name] = id


def _without_id(data: Data, fault: Fault, around: _Around) -> None:
    for name in (*_ID, "downloadUrl", "video_id", "task_id"):
        data.pop(name, None)


def _odd_id(data: Data, fault: Fault, around: _Around) -> None:
    _ids(data, fault.text("id"))


def _stuck(data: Data, fault: Fault, around: _Around) -> None:
    _each(data, lambda row: _under_way(row, fault.number("progress")))


def _never(data: Data, fault: Fault, around: _Around) -> None:
    _each(data, lambda row: _under_way(row, min(98, fault.round)))


def _back(data: Data, fault: Fault, around: _Around) -> None:
    _under_way(data, max(0, 90 - 10 * (fault.round - 1)))


def _word(data: Data, fault: Fault, around: _Around) -> None:
    _each(data, lambda row: _state(row, fault.text("word")))


def _no_state(data: Data, fault: Fault, around: _Around) -> None:
    def change(row: Data) -> None:
        row.pop("state", None)
        row.pop("status", None)

    _each(data, change)


def _without_url(data: Data, fault: Fault, around: _Around) -> None:
    _no_url(data)


def _no_json(data: Data, fault: Fault, around: _Around) -> None:
    _urls(data, "not an address")
    if "resultJson" in data:
        data["resultJson"] = "{'resultUrls': [" + "["


def _elsewhere(data: Data, fault: Fault, around: _Around) -> None:
    _urls(data, place(fault.text("to"), around.ourselves))


def _says_failed(data: Data, fault: Fault, around: _Around) -> None:
    code = fault.text("code") if fault.name == "says-failed" else "worker_error"
    _failed(data, code, fault.text("message"))


def _other_task(data: Data, fault: Fault, around: _Around) -> None:
    _ids(data, around.other)


def _other_id(data: Data, fault: Fault, around: _Around) -> None:
    for name in _ID:
        if isinstance(data.get(name), str):
            data[name] = "video_" + hashlib.sha256(data[name].encode()).hexdigest()[:32] + ":v2"


def _times(data: Data, fault: Fault, around: _Around) -> None:
    for name in _TIMES:
        value = data.get(name)
        if isinstance(value, int | float) and value:
            in_ms = value if value > _IN_MS else value * 1000
            data[name] = int(in_ms) if fault.text("unit") == "ms" else int(in_ms // 1000)


def _empty_error(data: Data, fault: Fault, around: _Around) -> None:
    data["error"] = _EMPTY[fault.text("shape")]


def _list_empty(data: Data, fault: Fault, around: _Around) -> None:
    data.update(data=[], has_more=False)


def _list_endless(data: Data, fault: Fault, around: _Around) -> None:
    data["has_more"] = True


Change = Callable[[Data, Fault, _Around], None]
CHANGES: Mapping[str, Change] = {
    "without-id": _without_id,
    "odd-id": _odd_id,
    "stuck": _stuck,
    "never-finishes": _never,
    "progress-back": _back,
    "state-word": _word,
    "no-state": _no_state,
    "success-without-url": _without_url,
    "result-not-json": _no_json,
    "url-elsewhere": _elsewhere,
    "says-failed": _says_failed,
    "failed-as-status": _says_failed,
    "other-task": _other_task,
    "id-changes": _other_id,
    "times": _times,
    "empty-error": _empty_error,
    "list-empty": _list_empty,
    "list-endless": _list_endless,
}
