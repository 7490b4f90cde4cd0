"""Dialect `videos`: forms in, bare objects out, `{"error": …}` where something is wrong; decides nothing."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp

from sorapipe.simulator import videos_forms
from sorapipe.simulator.catalogue import VIDEO_CHARACTER
from sorapipe.simulator.desk import NO_KEY, Call, Desk, Door, answer, home
from sorapipe.simulator.downloads import send_clip
from sorapipe.simulator.forms import WrongType
from sorapipe.simulator.ledger import Character
from sorapipe.simulator.provider import No, State, Taken, TurnedAway, View, status_of

_STATUS = {
    State.WAITING: "queued",
    State.QUEUING: "queued",
    State.GENERATING: "in_progress",
    State.SUCCESS: "completed",
    State.FAIL: "failed",
}
_WORDS = {"character_ids": "characters", "prompt": "prompt", "character_from_task": "character_from_task"}
_PAGE, _LONGEST_PAGE = 20, 100
_CODES = {
    401: ("authentication_error", "invalid_api_key"),
    402: ("insufficient_quota", "insufficient_quota"),
    403: ("permission_error", "forbidden"),
    404: ("invalid_request_error", "not_found"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    500: ("server_error", "server_error"),
    501: ("invalid_request_error", "not_supported"),
}


class Videos:
    """The routes of the dialect."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def doors(self) -> list[Door]:
        """All of them."""
        return [
            Door("/v1/videos", "create", "POST", self._create, self.says),
            Door("/v1/videos", "list", "GET", self._list, self.says),
            Door("/v1/videos/characters", "character", "POST", self._character_of_file, self.says),
            Door("/v1/videos/{task}", "query", "GET", self._query, self.says),
            Door("/v1/videos/{task}/content", "content", "GET", self._content, self.says),
            Door("/v1/videos/{task}/remix", "remix", "POST", self._remix, self.says),
            Door("/sora/v1/characters", "character", "POST", self._character, self.says),
        ]

    def says(self, code: int, message: str, retry_after: int | None = None, field: str | None = None) -> Response:
        """An error in the dialect's shape; `param` is the first parameter that is wrong."""
        kind, word = _CODES.get(code, ("invalid_request_error", "invalid_request"))
        param = _WORDS.get(field, field) if field else None
        error = {"message": f"{param}: {message}" if param else message, "type": kind, "code": word, "param": param}
        return answer({"error": error}, code, retry_after)

    def _refused(self, verdict: TurnedAway | None, code: int = 400) -> Response:
        if verdict is None:
            return self.says(401, NO_KEY)
        if verdict.no is not No.PARAMETERS:
            return self.says(status_of(verdict.no), verdict.message, verdict.retry_after)
        field, message = verdict.field, verdict.message
        if field is None and ": " in message:
            field, _, message = message.partition(": ")
        return self.says(code, message, None, field)

    # Creates.

    async def _create(self, call: Call) -> ASGIApp:
        desk = self._desk
        trap = desk.options.missing_seconds == "trap"
        read = videos_forms.read_form(call)
        wish = str(read) if isinstance(read, Exception) else videos_forms.create(read, desk.pictures, trap=trap)
        verdict = desk.create(call, wish)
        if not isinstance(verdict, Taken):
            return self._refused(verdict, 415 if isinstance(read, WrongType) else 400)
        view = desk.provider.watch(verdict.task.task)
        assert view is not None  # noqa: S101
        return answer(_begun(view))

    async def _remix(self, call: Call) -> ASGIApp:
        return self.says(501, "remixes are not offered here")

    async def _character(self, call: Call) -> ASGIApp:
        """Way `endpoint`."""
        made = self._made(call, videos_forms.endpoint(call.body))
        return made if not isinstance(made, Made) else answer(_handle(call, made.character))

    async def _character_of_file(self, call: Call) -> ASGIApp:
        """Way `openai`."""
        read = videos_forms.read_form(call)
        wish = str(read) if isinstance(read, Exception) else videos_forms.named(read, self._desk.uploads)
        made = self._made(call, wish, 415 if isinstance(read, WrongType) else 400)
        if not isinstance(made, Made):
            return made
        character = made.character
        return answer({"id": character.id, "created_at": made.view.task.created // 1000, "name": character.name})

    def _made(self, call: Call, wish: videos_forms.Read, code: int = 400) -> Made | Response:
        """A character that is there when it is asked for."""
        verdict = self._desk.create(call, wish)
        if not isinstance(verdict, Taken):
            return self._refused(verdict, code)
        call.task = verdict.task.task
        self._desk.provider.settle()
        view = self._desk.provider.look(verdict.task.account, verdict.task.task)
        if view is None or view.character is None:
            return self.says(400, verdict.task.fail_message or "no character could be made of it")
        return Made(view, view.character)

    # Looks.

    async def _query(self, call: Call) -> ASGIApp:
        view = self._view(call)
        if not isinstance(view, View):
            return view
        if view.wish.model == VIDEO_CHARACTER:
            return self._character_task(call, view)
        return answer(self._told(call, view))

    def _character_task(self, call: Call, view: View) -> Response:
        """Way `task`: unknown at first, then under way, then the handle."""
        if view.character is not None:
            return answer(_handle(call, view.character))
        if view.state is State.FAIL:
            return answer(self._told(call, view))
        if view.state is State.GENERATING:
            return answer(self._told(call, view), 202)
        return self.says(404, "there is no such character yet")

    async def _list(self, call: Call) -> ASGIApp:
        if not self._desk.options.list:
            return self.says(404, "not found")
        account = self._desk.account(call)
        if account is None:
            return self.says(401, NO_KEY)
        given = call.request.query_params
        limit, order = given.get("limit", str(_PAGE)), given.get("order", "desc")
        if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= _LONGEST_PAGE):
            return self.says(400, f"must be a number from 1 to {_LONGEST_PAGE}", None, "limit")
        if order not in {"asc", "desc"}:
            return self.says(400, "must be asc or desc", None, "order")
        unknown = next((name for name in given if name not in {"limit", "after", "order"}), None)
        if unknown is not None:
            return self.says(400, "unknown parameter", None, unknown[:80])
        return self._page(call, account, int(limit), newest_first=order == "desc")

    def _page(self, call: Call, account: str, limit: int, *, newest_first: bool) -> Response:
        provider, name = self._desk.provider, call.request.query_params.get("after")
        after = provider.watch(name) if name is not None else None
        if name is not None and (after is None or after.task.account != account):
            return self.says(404, "no such video", None, "after")
        views = provider.listed(account, videos_forms.NAME, after, limit + 1, newest_first=newest_first)
        page = [self._told(call, view) for view in views[:limit]]
        first, last = (page[0]["id"], page[-1]["id"]) if page else (None, None)
        more = len(views) > limit
        return answer({"object": "list", "data": page, "first_id": first, "last_id": last, "has_more": more})

    async def _content(self, call: Call) -> ASGIApp:
        view = self._view(call)
        if not isinstance(view, View):
            return view
        url = self._desk.clip_url(call.request, view)
        if url is None:
            return self.says(404, "the video is not ready")
        match self._desk.options.content:
            case "redirect":
                return RedirectResponse(url, 302)
            case "json":
                return answer({"url": url})
            case _:
                return await send_clip(self._desk, call, view)

    def _view(self, call: Call) -> View | Response:
        account = self._desk.account(call)
        if account is None:
            return self.says(401, NO_KEY)
        view = self._desk.provider.look(account, call.task or "")
        return self.says(404, "no such video") if view is None else view

    def _told(self, call: Call, view: View) -> dict[str, object]:
        """A video as it is now."""
        options, failed = self._desk.options, view.state is State.FAIL
        video = _begun(view) | {"status": _STATUS[view.state], "progress": view.progress}
        if view.completed is not None:
            video["completed_at"] = view.completed // 1000
        video["error"] = {"code": view.task.fail_code, "message": view.task.fail_message} if failed else None
        if options.metadata_echo and view.wish.metadata is not None:
            video["metadata"] = view.wish.metadata
        url = self._desk.clip_url(call.request, view)
        if options.content == "url" and url is not None:
            video["video_url"] = url
        if view.character is not None:
            video |= {"character_id": view.character.id, "username": view.character.username}
        return video


@dataclass(frozen=True, slots=True)
class Made:
    """A character that was made at once, and the task that stands for it in the books."""

    view: View
    character: Character


def _begun(view: View) -> dict[str, object]:
    """A video that was just asked for."""
    task, wish = view.task, view.wish
    video: dict[str, object] = {
        "id": task.task,
        "object": "video",
        "model": wish.model,
        "status": "queued",
        "progress": 0,
        "created_at": task.created // 1000,
    }
    if not wish.character_only:
        video |= {"seconds": str(wish.seconds), "size": f"{wish.width}x{wish.height}"}
    return video


def _handle(call: Call, character: Character) -> dict[str, object]:
    """What a character is known by."""
    base = home(call.request)
    return {
        "id": character.id,
        "username": character.username,
        "permalink": f"{base}/profile/{character.username}",
        "profile_picture_url": f"{base}/portraits/{character.id}.png",
    }
