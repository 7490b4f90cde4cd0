"""What a fault makes of an answer: another one in its place, or the right one changed; sends and decides nothing."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from itertools import repeat

from sorapipe.simulator.faults import Fault
from sorapipe.simulator.faults_shapes import CHANGES, changed, place
from sorapipe.simulator.wire import Answer, Delivery

_JSON = "application/json"
_BLANKS = b" " * 65_536
_RETRY_AFTER = {"zero": "0", "negative": "-5", "huge": "1000000000", "junk": "soon, I promise"}
_HOSTILE = (
    "\x1b]0;owned\x07\x1b[31mred \u202egnp.exe\u202c </script><img src=x onerror=alert(1)> =HYPERLINK(1) \x9b2J\r\n\x00"
)
_PAGE = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault needs to know of the call: our own address of it, the key that came, another task's id.

    `error` is the dialect's own answer for a code and words; `unknown` are the code and words of no such task.
    """

    url: str
    key: str | None
    other: str
    error: Callable[[int, str], Answer]
    unknown: tuple[int, str]


def instead(fault: Fault, scene: Scene) -> Answer:
    """The answer that comes in place of the right one."""
    return _INSTEAD[fault.name](fault, scene)


def after(fault: Fault, scene: Scene, answer: Answer) -> Answer:
    """The right answer with the fault in it."""
    if fault.name in CHANGES:
        answer.of(changed(fault, answer.body, scene.url, scene.other))
    change = _AFTER.get(fault.name)
    return change(fault, answer) if change is not None else answer


def delivery(fault: Fault, answer: Answer) -> Delivery | None:
    """How it is sent, where that's not as HTTP wants it."""
    make = _DELIVERY.get(fault.name)
    if make is not None:
        return make(fault)
    if answer.raw is not None or fault.name in {"wrong-length", "header-bomb"}:
        return Delivery()
    return None


# Instead of the answer.


def _json(value: object, status: int) -> Answer:
    return Answer(status, [("content-type", _JSON)]).of(json.dumps(value).encode())


def _plain(body: bytes, status: int, kind: str = _JSON) -> Answer:
    return Answer(status, [("content-type", kind)]).of(body)


def _error(fault: Fault, scene: Scene) -> Answer:
    return scene.error(fault.number("code"), str(fault.values.get("message") or f"as the script says: {fault.name}"))


def _status(fault: Fault, scene: Scene) -> Answer:
    answer = _error(fault, scene)
    answer.status = fault.number("code")
    wish = fault.text("retry_after")
    if wish in {"", "none"}:
        return answer.without("retry-after")
    after = formatdate(_in_two_seconds(), usegmt=True) if wish == "date" else _RETRY_AFTER.get(wish, wish)
    return answer.put("retry-after", after.encode("ascii", "replace").decode())


def _in_two_seconds() -> float:
    import time

    return time.time() + 2


def _inside(fault: Fault, scene: Scene) -> Answer:
    answer = _error(fault, scene)
    answer.status = 200
    return answer


def _with_status(fault: Fault, scene: Scene) -> Answer:
    answer = _error(fault, scene)
    answer.status = fault.number("code")
    return answer


def _html(fault: Fault, scene: Scene) -> Answer:
    return _plain(_PAGE, fault.number("code"), "text/html; charset=utf-8")


def _empty(fault: Fault, scene: Scene) -> Answer:
    return _plain(b"", fault.number("code"))


def _garbage(fault: Fault, scene: Scene) -> Answer:
    return _plain(random.Random(fault.round).randbytes(fault.number("bytes")), fault.number("code"))  # noqa: S311


def _other_json(fault: Fault, scene: Scene) -> Answer:
    status = fault.number("code")
    shapes: Mapping[str, object] = {
        "list": [1, "two", None],
        "text": "ok",
        "number": 7,
        "null": None,
        "other": {"result": {"ok": True, "items": []}},
        "wrong-types": {
            "code": "200", "message": 5, "msg": [], "id": 12, "status": {}, "progress": "many", "data": {
                "taskId": ["x"], "state": 3, "resultJson": {"resultUrls": "x"}, "progress": [], "createTime": "now",
            },
        },
    }  # fmt: skip
    return _json(shapes[fault.text("shape")], status)


def _deep(fault: Fault, scene: Scene) -> Answer:
    depth = fault.number("depth")
    return _plain(b'{"data":' + b"[" * depth + b"]" * depth + b"}", fault.number("code"))


def _huge(fault: Fault, scene: Scene) -> Answer:
    body = b'{"code":200,"data":{"taskId":"x"'
    size = fault.number("bytes")
    answer = Answer(fault.number("code"), [("content-type", _JSON)], body, _pieces(size - len(body) - 2))
    return answer.put("content-length", str(max(size, len(body) + 2)))


def _pieces(size: int) -> Iterator[bytes]:
    while size > 0:
        yield _BLANKS[:size]
        size -= len(_BLANKS)
    yield b"}}"


def _bomb(fault: Fault, scene: Scene) -> Answer:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    left, packed = fault.number("bytes"), []
    while left > 0:
        packed.append(packer.compress(_BLANKS * 16))
        left -= len(_BLANKS) * 16
    return _plain(b"".join([*packed, packer.flush()]), fault.number("code")).put("content-encoding", "gzip")


def _headers(fault: Fault, scene: Scene) -> Answer:
    answer = _plain(b"{}", fault.number("code"))
    answer.headers += [(f"x-filler-{n}", "x" * 1000) for n in range(fault.number("bytes") // 1000)]
    return answer


def _redirect(fault: Fault, scene: Scene) -> Answer:
    return _plain(b"", fault.number("code")).put("location", place(fault.text("to"), scene.url))


def _hostile(fault: Fault, scene: Scene) -> Answer:
    answer = scene.error(fault.number("code"), _HOSTILE)
    answer.status = fault.number("code")
    return answer


def _leaks(fault: Fault, scene: Scene) -> Answer:
    answer = scene.error(fault.number("code"), f"refused: Authorization: Bearer {scene.key}")
    answer.status = fault.number("code")
    return answer.put("x-debug-authorization", f"Bearer {scene.key}")


def _not_http(fault: Fault, scene: Scene) -> Answer:
    return Answer(0, [], raw=b"\x16\x03\x01\x02\x00\x01\x00SSH-2.0-teapot\r\n\r\n")


def _unknown(fault: Fault, scene: Scene) -> Answer:
    if fault.text("shape") == "gateway":
        return _json({"code": "task_not_exist", "message": "task not exist", "data": None}, 400)
    return scene.error(*scene.unknown)


def _endless(fault: Fault, scene: Scene) -> Answer:
    return Answer(200, [("content-type", "video/mp4")], b"\x00\x00\x00\x20ftypisom", repeat(b"\0" * len(_BLANKS)))


_INSTEAD: Mapping[str, Callable[[Fault, Scene], Answer]] = {
    "status": _status,
    "code-in-200": _inside,
    "error-at-end": _with_status,
    "accepted-500": _with_status,
    "html": _html,
    "empty": _empty,
    "garbage": _garbage,
    "other-json": _other_json,
    "deep-json": _deep,
    "huge": _huge,
    "gzip-bomb": _bomb,
    "header-bomb": _headers,
    "redirect": _redirect,
    "hostile-text": _hostile,
    "leaks-key": _leaks,
    "not-http": _not_http,
    "unknown-task": _unknown,
    "endless": _endless,
}


# After the answer.


def _as_status(fault: Fault, answer: Answer) -> Answer:
    answer.status = fault.number("code")
    return answer


def _no_end(fault: Fault, answer: Answer) -> Answer:
    return answer.of(answer.body[: max(1, len(answer.body) * 2 // 3)])


def _type(fault: Fault, answer: Answer) -> Answer:
    return answer.put("content-type", fault.text("type").encode("ascii", "replace").decode())


def _packed(fault: Fault, answer: Answer) -> Answer:
    return answer.of(gzip.compress(answer.body)).put("content-encoding", "gzip")


def _truncated(fault: Fault, answer: Answer) -> Answer:
    return answer.of(answer.body[: int(len(answer.body) * fault.real("at"))]).without("content-range", "etag")


def _corrupted(fault: Fault, answer: Answer) -> Answer:
    body, count = bytearray(answer.body), min(fault.number("bytes"), len(answer.body))
    start = {"head": 4, "middle": (len(body) - count) // 2, "tail": len(body) - count}[fault.text("place")]
    for at in range(start, min(start + count, len(body))):
        body[at] ^= 0x5A
    return answer.of(bytes(body))


def _etag(fault: Fault, answer: Answer) -> Answer:
    return answer.put("etag", f'"changed-{fault.rule}-{fault.round}"')


def _other_range(fault: Fault, answer: Answer) -> Answer:
    """The range header was taken away before, so this is the whole clip."""
    size = len(answer.body)
    part = answer.body[: max(1, size // 3)]
    answer.status = 206
    return answer.of(part).put("content-range", f"bytes 0-{len(part) - 1}/{size}")


def _longer(fault: Fault, answer: Answer) -> Answer:
    return answer.put("content-length", str(max(0, len(answer.body) + fault.number("by"))))


_AFTER: Mapping[str, Callable[[Fault, Answer], Answer]] = {
    "as-status": _as_status,
    "failed-as-status": _as_status,
    "invalid-json": _no_end,
    "wrong-type": _type,
    "no-type": lambda fault, answer: answer.without("content-type"),
    "no-length": lambda fault, answer: answer.without("content-length"),
    "gzip": _packed,
    "truncated": _truncated,
    "corrupted": _corrupted,
    "etag-changes": _etag,
    "range-wrong": _other_range,
    "wrong-length": _longer,
}


# Around it.

_DELIVERY: Mapping[str, Callable[[Fault], Delivery]] = {
    "closed": lambda fault: Delivery(None),
    "answer-lost": lambda fault: Delivery(None),
    "late-accept": lambda fault: Delivery(None),
    "closed-unread": lambda fault: Delivery(None),
    "closed-after-headers": lambda fault: Delivery(0.0),
    "cut": lambda fault: Delivery(fault.real("at")),
    "reset": lambda fault: Delivery(fault.real("at") or None, "reset"),
    "hang": lambda fault: Delivery(None, seconds=fault.real("seconds")),
    "stall": lambda fault: Delivery(fault.real("at"), seconds=fault.real("seconds")),
    "drip": lambda fault: Delivery(1.0, rate=fault.real("rate")),
    "goodbye": lambda fault: Delivery(1.0),
}
