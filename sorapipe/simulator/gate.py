"""Where faults take hold of a request: before its door, behind it, around the sending; invents no fault itself."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from sorapipe.simulator import faults_answers
from sorapipe.simulator.catalogue import Wish
from sorapipe.simulator.desk import Call, Desk, Door, home
from sorapipe.simulator.faults import Facts, Fault, Script
from sorapipe.simulator.faults_answers import Scene
from sorapipe.simulator.faults_catalogue import GROUPS, Seam
from sorapipe.simulator.faults_shapes import place
from sorapipe.simulator.files import Clip, SendClip
from sorapipe.simulator.provider import State
from sorapipe.simulator.wire import Answer, ByHand, Delivery, Watched, Whole, capture

_BOUGHT = frozenset({"create", "character", "remix"})
_ENDED = frozenset({State.SUCCESS, State.FAIL})
_HOP = "hop"
_RANGES = frozenset({b"range", b"if-range", b"if-none-match"})


class Gate:
    """Every request of a dialect passes it, most of them untouched."""

    def __init__(self, desk: Desk, script: Script) -> None:
        self._desk = desk
        self.script = script

    def unread(self, door: Door, request: Request) -> ASGIApp | None:
        """The end of a request whose body nobody will read; `None`, nearly always, lets it in."""
        fault = self.script.choose(door.kind, Facts, unread=True)
        if fault is None:
            return None
        call = Call(door.kind, request, b"", None, fault=fault)
        self._note(call, 0)
        return ByHand(Answer(0, []), Delivery(None), lambda share: self._told(call, 0, share))

    async def passes(self, door: Door, call: Call) -> ASGIApp:
        """The answer to a request, with what the script does to it."""
        hop = call.request.query_params.get(_HOP)
        if hop is not None and self.script.rules and call.kind in GROUPS["download"]:
            return self._noted(call, await self._hop(door, call, hop))
        fault = call.fault = self.script.choose(call.kind, lambda: self._facts(call))
        if fault is None:
            return self._noted(call, await door.opens(call))
        return await self._struck(fault, door, call)

    async def _struck(self, fault: Fault, door: Door, call: Call) -> ASGIApp:
        if fault.name == "late-accept":
            await asyncio.sleep(fault.real("seconds"))
        answer = await self._answer(fault, door, call)
        if fault.name == "delay":
            await asyncio.sleep(fault.real("seconds"))
        delivery = faults_answers.delivery(fault, answer)
        status = 0 if delivery is not None and delivery.share is None else answer.status
        self._note(call, status)
        if delivery is not None:
            return ByHand(answer, delivery, lambda share: self._told(call, status, share))
        return Watched(Whole(answer), lambda share: self._told(call, status, share))

    async def _answer(self, fault: Fault, door: Door, call: Call) -> Answer:
        scene = self._scene(fault, door, call)
        right = await self._right(fault, door, call)
        if fault.name == "hops":
            return _redirect(_with_hop(call.request, fault.number("count") - 1, fault.text("to")))
        if fault.kind.seam is Seam.INSTEAD:
            return faults_answers.instead(fault, scene)
        return faults_answers.after(fault, scene, right or Answer(0, []))

    async def _right(self, fault: Fault, door: Door, call: Call) -> Answer | None:
        """The right answer; `None` where the provider is not to hear of the call."""
        hears = fault.accepted or fault.kind.seam in {Seam.AFTER, Seam.FATE}
        if not hears:
            self._kept_away(call)
            return None
        if fault.kind.clip:
            call.request = _without_ranges(call.request, always=fault.name.startswith("range-"))
        app = await door.opens(call)
        if fault.name.startswith("other-") and isinstance(app, SendClip):
            app = SendClip(await asyncio.to_thread(self._other, fault, call), call.request.headers, head=False)
        return await capture(app, call.request.scope)

    def _kept_away(self, call: Call) -> None:
        if call.kind in _BOUGHT:
            call.booked = True
            self._desk.provider.refuse(self._desk.account(call), call.asked(), call.body)

    # What the script wants to know.

    def _facts(self, call: Call) -> Facts:
        if call.kind in _BOUGHT:
            with self._desk.books.reading() as page:
                return Facts(None, page.next_number(), _prompt(call.body))
        view = self._desk.provider.watch(_task(call))
        if view is None:
            return Facts(_task(call))
        return Facts(view.task.task, view.task.number, view.wish.prompt, view.state in _ENDED)

    def _scene(self, fault: Fault, door: Door, call: Call) -> Scene:
        def error(code: int, message: str) -> Answer:
            return _answer_of(door.says(code, message))

        unknown = (
            (422, "recordInfo is null") if call.request.url.path.startswith("/api/v1/jobs/") else (404, "not found")
        )
        return Scene(str(call.request.url), call.key, self._other_task(call), error, unknown)

    def _other_task(self, call: Call) -> str:
        mine = _task(call)
        with self._desk.books.reading() as page:
            task = page.task(mine)
            other = page.latest(task.account, mine) if task is not None else None
        return other or "task_" + hashlib.sha256(f"other than {mine}".encode()).hexdigest()[:24]

    def _other(self, fault: Fault, call: Call) -> Clip:
        """A whole, sound clip that is not the task's own."""
        task = _task(call)
        view = self._desk.provider.watch(task)
        if view is None:
            raise OSError(f"there is no task {task}")
        shelf = self._desk.shelf
        if fault.name == "other-task-clip":
            return shelf.stand_in(self._other_task(call), view.wish)
        clip = shelf.stand_in(task, _otherwise(fault, view.wish))
        if fault.name == "other-clip" or fault.values.get("size") == "smaller":  # what nobody can refuse in earnest
            data = clip.source if isinstance(clip.source, bytes) else clip.source.read_bytes()
            with self._desk.books.noted() as page:
                page.sent_clip(task, hashlib.sha256(data).hexdigest(), len(data), fault.name)
        return clip

    # Redirects to ourselves.

    async def _hop(self, door: Door, call: Call, hop: str) -> ASGIApp:
        left, _, to = hop.partition(".")
        count = int(left) if left.isascii() and left.isdigit() and len(left) < 6 else 0  # noqa: PLR2004
        if count > 0:
            return Whole(_redirect(_with_hop(call.request, count - 1, to)))
        return Whole(_redirect(place(to, str(call.request.url)))) if to else await door.opens(call)

    # The books.

    def _noted(self, call: Call, answer: ASGIApp) -> ASGIApp:
        status = answer.status_code if isinstance(answer, Response) else getattr(answer, "status", 200)
        if not call.booked:
            self._note(call, status)
            return answer
        return Watched(answer, lambda share: self._told(call, status, share))

    def _note(self, call: Call, status: int) -> None:
        if not call.booked:
            with self._desk.books.noted() as page:
                page.ask(call.asked(), status, pid=os.getpid(), task=call.task)

    def _told(self, call: Call, status: int, share: float) -> None:
        number = call.asked().number
        if number is not None:
            with self._desk.books.noted() as page:
                page.answered(number, status, share)


def _otherwise(fault: Fault, wish: Wish) -> Wish:
    if fault.name == "other-duration":
        return replace(wish, seconds=fault.number("seconds"))
    if fault.name == "other-size" and fault.text("size") == "turned":
        return replace(wish, width=wish.height, height=wish.width)
    if fault.name == "other-size":
        return replace(wish, width=wish.width // 4 * 2, height=wish.height // 4 * 2)
    return wish


def _task(call: Call) -> str:
    """The task that a request is about, as its address says."""
    given = call.request.path_params
    named = call.task or given.get("task") or given.get("name") or call.request.query_params.get("taskId") or ""
    return str(named).removesuffix(".mp4")


def _prompt(body: bytes) -> str:
    """The prompt in a create's body; of a form, or whatever else it is, the whole text."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
    inner = document.get("input", document) if isinstance(document, dict) else None
    return str(inner.get("prompt", "")) if isinstance(inner, dict) else ""


def _without_ranges(request: Request, *, always: bool) -> Request:
    """The request as if it wanted the whole, where the fault needs that."""
    if not always:
        return request
    scope = dict(request.scope)
    scope["headers"] = [(name, value) for name, value in scope["headers"] if name not in _RANGES]
    return Request(scope, request.receive)


def _with_hop(request: Request, left: int, to: str) -> str:
    url = request.url.include_query_params(**{_HOP: f"{max(0, left)}.{to}" if to else str(max(0, left))})
    return f"{home(request)}{url.path}?{url.query}"


def _redirect(location: str) -> Answer:
    return Answer(302, [("location", location), ("content-length", "0")])


def _answer_of(response: Response) -> Answer:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers]
    return Answer(response.status_code, headers, bytes(response.body))
