"""The routes to files: clips and uploads at signed addresses, portraits of characters; knows no dialect."""

from __future__ import annotations

import asyncio
import hashlib
from io import BytesIO
from pathlib import Path

from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp

from sorapipe.simulator.desk import Call, Desk, Door, Says
from sorapipe.simulator.files import SendClip
from sorapipe.simulator.provider import State, View
from sorapipe.simulator.uploads import media_type

_PORTRAIT = 128


class Downloads:
    """What can be had without a key by whoever holds the address."""

    def __init__(self, desk: Desk, says: Says) -> None:
        self._desk = desk
        self._says = says

    def doors(self) -> list[Door]:
        """All of them."""
        return [
            Door("/files/{name}", "file", "GET", self._clip, self._says),
            Door("/uploads/{name}", "uploaded", "GET", self._upload, self._says),
            Door("/portraits/{name}", "portrait", "GET", self._portrait, self._says),
        ]

    async def _clip(self, call: Call) -> ASGIApp:
        task = call.task = call.request.path_params["name"].removesuffix(".mp4")
        refusal = self._desk.signer.refusal(call.request.url.path, call.request.query_params)
        if refusal is not None:
            return self._says(403, refusal)
        view = self._desk.provider.watch(task)
        if view is None or view.state is not State.SUCCESS or not view.has_clip:
            return self._says(404, "no such file")
        return await send_clip(self._desk, call, view)

    async def _upload(self, call: Call) -> ASGIApp:
        found = self._desk.uploads.open(call.request.url.path, dict(call.request.query_params))
        if not isinstance(found, Path):
            return self._says(403, found)
        return FileResponse(found, media_type=media_type(found))

    async def _portrait(self, call: Call) -> ASGIApp:
        return Response(_painted(call.request.path_params["name"]), media_type="image/png")


async def send_clip(desk: Desk, call: Call, view: View) -> ASGIApp:
    """The clip of a finished task, or the part of it that was asked for; notes that it was fetched."""
    clip = desk.shelf.ready(view.task.task, view.wish)
    if clip is None:
        clip = await asyncio.to_thread(desk.shelf.clip, view.task.task, view.wish)
    head = call.request.method == "HEAD"
    if not head:
        desk.provider.fetched(view)
    options = desk.options
    return SendClip(clip, call.request.headers, head=head, ranges=options.range, etags=options.etag)


def _painted(name: str) -> bytes:
    """A plain picture whose colour is the name's own."""
    from PIL import Image

    red, green, blue = hashlib.sha256(name.encode()).digest()[:3]
    out = BytesIO()
    Image.new("RGB", (_PORTRAIT, _PORTRAIT), (red, green, blue)).save(out, "PNG")
    return out.getvalue()
