"""Refusals that name a task: it may have been bought, so that nobody sends it again by himself."""

from __future__ import annotations

import json

import pytest

from sorapipe.providers.base import Refused, Unknown
from sorapipe.providers.dialect import Reply
from sorapipe.providers.dialects import DIALECTS

NAMED: tuple[dict[str, object], ...] = (
    {"taskId": "task_12345"},
    {"data": "task_12345"},
    {"data": [{"taskId": "task_12345"}]},
    {"data": [{"id": "task_12345"}]},
    {"data": {"taskId": "not an id", "task_id": "task_12345"}},
    {"data": {"task": {"id": "task_12345"}}},
    {"video": {"id": "task_12345"}},
    {"result": {"output": {"video_id": "task_12345"}}},
    {"id": "not an id", "task_id": "task_12345"},
)
NAMELESS: tuple[dict[str, object], ...] = (
    {},
    {"data": None},
    {"data": "none"},
    {"data": {}},
    {"data": {"taskId": None}},
    {"data": {"balance": "12.50"}},
    {"data": {"origin_task_id": "task_12345"}},
    {"data": []},
)
CODES = (400, 402, 422, 429)
dialects = pytest.mark.parametrize("dialect", DIALECTS)


def _answers(dialect: str, code: int, more: dict[str, object]) -> list[Reply]:
    """The refusal as this dialect puts it, inside and outside of its envelope."""
    said: dict[str, object] = {"error": {"message": "no"}} if dialect == "videos" else {"code": code, "message": "no"}
    body = json.dumps({**said, **more}).encode()
    return [Reply(status, {}, body) for status in ({code} if dialect == "videos" else {code, 200})]


@dialects
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("more", NAMED, ids=json.dumps)
def test_whoever_names_a_task_may_have_sold_it(dialect: str, code: int, more: dict[str, object]) -> None:
    for reply in _answers(dialect, code, more):
        answer = DIALECTS[dialect].read_create(reply)
        assert isinstance(answer, Unknown), reply
        assert "task_12345" in answer.message


@dialects
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("more", NAMELESS, ids=json.dumps)
def test_whoever_names_none_has_refused(dialect: str, code: int, more: dict[str, object]) -> None:
    if dialect == "videos" and more.get("data") == "none":
        pytest.skip("gateways put the bare id there")
    for reply in _answers(dialect, code, more):
        assert isinstance(DIALECTS[dialect].read_create(reply), Refused), reply
