"""`/__sim/faults`: a script of faults shown, exchanged and ended while the server runs; decides nothing itself."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sorapipe.simulator.desk import from_here
from sorapipe.simulator.faults import Script
from sorapipe.simulator.faults_rules import WrongScript, read
from sorapipe.simulator.gate import Gate

_MOST = 1_000_000


class FaultPages:
    """GET, POST and DELETE of the script. A page in a browser can't reach them: no foreign host or origin."""

    def __init__(self, gate: Gate, seed: int | None) -> None:
        self._gate = gate
        self._seed = seed

    def routes(self) -> list[Route]:
        """The route."""
        return [Route("/__sim/faults", self._page, methods=["GET", "POST", "DELETE"])]

    async def _page(self, request: Request) -> Response:
        if not _is_ours(request):
            return _json({"error": "scripts are taken from this machine only"}, 403)
        if request.method == "DELETE":
            self._gate.script = Script()
        elif request.method == "POST":
            try:
                self._gate.script = read(await _script(request), self._seed)
            except WrongScript as wrong:
                return _json({"error": "the script can't be followed", "problems": list(wrong.problems)}, 422)
        return _json(self._gate.script.as_json(), 200)


async def _script(request: Request) -> bytes:
    data = b""
    async for piece in request.stream():
        data += piece
        if len(data) > _MOST:
            break
    return data


def _is_ours(request: Request) -> bool:
    origin = request.headers.get("origin")
    return from_here(request.headers.get("host", "")) and (origin is None or from_here(origin.partition("://")[2]))


def _json(value: object, status: int) -> Response:
    return Response(json.dumps(value, ensure_ascii=False, indent=1, default=str), status, None, "application/json")
