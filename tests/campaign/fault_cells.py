"""The cells of the fault matrix as data: what goes wrong, at which call, how often, and how a run must end then.

A `Fault` says for each call of which class it is; a class says with which exit code a run ends where the fault strikes
the first call, the k-th or all of them. Knows no simulator, no client and no clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

DIALECTS = ("tasks", "videos", "jobs")
CALLS = ("create", "poll", "download", "credits", "list")
WHERE = ("first", "kth", "all")
KTH = 2
SHOTS = {
    "gull": "A gull over the cliff.",
    "tide": "The tide comes in.",
    "moor": "Mist on the moor.",
    "dive": "It dives.",
}
"""`dive` needs `gull`; the others stand alone."""

ENDS: Mapping[str, Mapping[str, tuple[int, int, int]]] = {
    "create": {
        "well": (0, 0, 0),  # it is taken, and the answer can be read
        "unknown": (9, 9, 9),  # it may have been bought
        "request": (8, 8, 8),  # this order is refused for what it is
        "dead": (8, 8, 8),  # it is taken and will fail
        "key": (6, 6, 6),
        "credits": (7, 7, 7),
        "rate": (0, 0, 10),
        "unavailable": (0, 0, 10),  # nobody takes orders at the moment
        "unasked": (12, 12, 12),  # the answer names a task that nobody made
    },
    "poll": {
        "well": (0, 0, 0),
        "missed": (0, 0, 10),
        "running": (0, 0, 10),
        "absent": (0, 0, 12),
        "addressless": (0, 0, 12),  # finished, and nobody says where the clip is
        "failed": (8, 8, 8),
        "key": (6, 6, 6),
        "lost": (0, 0, 12),  # the address is none that may be opened
        "deaf": (0, 0, 10),  # nobody is at the address
    },
    "download": {
        "well": (0, 0, 0),
        "later": (0, 0, 10),
        "gone": (0, 0, 12),
        "broken": (0, 0, 12),
        "suspect": (12, 12, 12),
    },
    "credits": {"well": (0, 0, 0)},
    "list": {"well": (0, 0, 0), "running": (0, 0, 0), "key": (6, 6, 6)},  # a list alone is not believed for long
}
"""Exit codes by call and class: at the first call, the k-th, all."""

OF_DIALECT = str | Mapping[str, str]
"""A class, or classes by dialect with the usual one under an empty name."""


@dataclass(frozen=True)
class Fault:
    """One fault. `what` as scripts of faults have it; `classes` by call. `haste` is how many times faster a client's
    patience ends, for faults that are about time; `max_wait` is that of the run. `cut_before` breaks a download off
    first, so that it is resumed; `accepted` says that the provider takes the order all the same."""

    name: str
    what: Any
    classes: Mapping[str, OF_DIALECT]
    haste: float = 1.0
    max_wait: str = "10m"
    cut_before: bool = False
    accepted: bool | None = None

    def class_of(self, call: str, dialect: str) -> str | None:
        """Of which class it is; `None` where it does not happen."""
        found = self.classes.get(call)
        if found is None or isinstance(found, str):
            return found
        return found.get(dialect, found.get("")) or None


@dataclass(frozen=True, order=True)
class Cell:
    """One place in the matrix."""

    fault: str
    call: str
    where: str
    dialect: str

    @property
    def ends(self) -> int:
        """The exit code of the run that the fault strikes."""
        kind = FAULTS[self.fault].class_of(self.call, self.dialect)
        return ENDS[self.call][str(kind)][WHERE.index(self.where)]

    @property
    def command(self) -> str:
        """What plays it again."""
        words = f"--fault {self.fault} --call {self.call} --where {self.where} --dialect {self.dialect}"
        return f"python -m tests.campaign faults {words}"


def cells() -> Iterator[Cell]:
    """All that apply."""
    for fault in FAULTS.values():
        for call in CALLS:
            for where in WHERE:
                for dialect in DIALECTS:
                    if fault.class_of(call, dialect) is not None and _has(dialect, call):
                        yield Cell(fault.name, call, where, dialect)


def _has(dialect: str, call: str) -> bool:
    return {"credits": dialect != "videos", "list": dialect == "videos"}.get(call, True)


def script(cell: Cell) -> list[dict[str, Any]]:
    """The rules that the simulator is given."""
    fault = FAULTS[cell.fault]
    call = {"poll": "query", "credits": "credit"}.get(cell.call, cell.call)
    rule: dict[str, Any] = {"call": call, "what": fault.what}
    if fault.accepted is not None:
        rule["accepted"] = fault.accepted
    if fault.cut_before:
        struck = {"first": ["gull"], "kth": ["moor"], "all": list(SHOTS)}[cell.where]
        return [one for shot in struck for one in _resumed(rule, SHOTS[shot], always=cell.where == "all")]
    slow = (
        [{"call": "create", "what": {"takes": 0.4}}] if cell.call == "list" else []
    )  # so that there are several looks
    if cell.where != "all":
        rule["when"] = {"nth": 1 if cell.where == "first" else KTH}
    return [rule, *slow]


def _resumed(rule: dict[str, Any], prompt: str, *, always: bool) -> list[dict[str, Any]]:
    cut = {"call": rule["call"], "what": {"cut": 0.5}, "when": {"prompt": prompt, "nth": 1}}
    return [cut, {**rule, "when": {"prompt": prompt, "from" if always else "nth": 2}}]


# The faults.

_CREATE_STATUS = {
    **dict.fromkeys((400, 413, 415, 422), "request"),
    **dict.fromkeys((401, 403), "key"),
    **dict.fromkeys((404, 405), "unavailable"),
    402: "credits",
    429: "rate",
}
_POLL_STATUS: dict[int, OF_DIALECT] = {
    **dict.fromkeys((401, 403), "key"),
    404: "absent",
    501: {"": "failed", "videos": "missed"},
}
_FILE_STATUS: dict[int, OF_DIALECT] = {404: {"": "gone", "videos": "later"}, 403: "gone", 410: "gone"}
_ABSENT = 404
_JOBS_ONLY = {455: "unavailable", 505: "request"}
_STATUSES = (400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 415, 422, 425, 429, 455, 500, 501, 502, 503, 504, 505)
_INSIDE = (400, 401, 402, 404, 422, 429, 455, 500, 501, 505)


def _create_class(code: int) -> OF_DIALECT:
    if code in _JOBS_ONLY:
        return {"": "unknown", "jobs": _JOBS_ONLY[code]}
    return _CREATE_STATUS.get(code, "unknown")


def _status(code: int) -> Fault:
    return Fault(
        f"status-{code}",
        {"status": {"code": code}},
        {
            "create": _create_class(code),
            "poll": _POLL_STATUS.get(code, "missed"),
            "download": _FILE_STATUS.get(code, "later"),
            "credits": "well",
            "list": "key" if code in {401, 403} else "well",
        },
    )


def _code_in_200(code: int) -> Fault:
    found = _create_class(code)
    create = {"": found} if isinstance(found, str) else dict(found)
    poll = _POLL_STATUS.get(code, "missed")
    return Fault(
        f"code-{code}-in-200",
        {"code-in-200": code},
        {
            "create": create | {"videos": "unknown"},
            "poll": {
                "": poll if isinstance(poll, str) else poll[""],
                "videos": "absent" if code == _ABSENT else "missed",
            },
            "download": {"": "broken", "videos": "later"},
            "credits": "well",
            "list": "well",
        },
    )


def _retry_after(text: str) -> Fault:
    return Fault(
        f"retry-after-{text}",
        {"status": {"code": 429, "retry_after": text}},
        {"create": "rate", "poll": "missed", "download": "later", "credits": "well", "list": "well"},
        max_wait="90m" if text == "huge" else "10m",
    )


def _unreadable(name: str, what: Any, download: OF_DIALECT = "broken", **more: Any) -> Fault:
    """An answer that says nothing: of a create unknown, of a question missed."""
    classes = {"create": "unknown", "poll": "missed", "download": download, "credits": "well", "list": "well"}
    if "haste" in more:  # on so fast a clock no two jobs are due at once
        del classes["list"]
    return Fault(name, what, classes, **more)


def _only(call: str, name: str, kind: OF_DIALECT, what: Any = None, **more: Any) -> Fault:
    return Fault(name, name if what is None else what, {call: kind}, **more)


def _harmless(name: str, what: Any = None, download: OF_DIALECT = "well", **more: Any) -> Fault:
    classes = {"create": "well", "poll": "well", "download": download, "credits": "well", "list": "well"}
    return Fault(name, name if what is None else what, classes, **more)


_WORDS = {"": "broken", "videos": "gone"}  # words in a clip's place: of `videos` that is told by their type
_JSON = {"": "broken", "videos": "later"}

_INSTEAD = (
    _unreadable("html", "html", "later"),
    _unreadable("html-200", {"html": 200}, _WORDS),
    _unreadable("empty", "empty", {"": "broken", "videos": "gone"}),
    _unreadable("empty-500", {"empty": 500}, "later"),
    _unreadable("garbage", "garbage", _WORDS),
    *(
        _unreadable(f"json-{shape}", {"other-json": shape}, _JSON)
        for shape in ("list", "text", "number", "null", "other")
    ),
    Fault("json-wrong-types", {"other-json": "wrong-types"}, {
        "create": {"": "unknown", "videos": "unasked"}, "poll": "missed", "download": _JSON, "credits": "well",
        "list": "well",
    }),
    _unreadable("deep-json", "deep-json", _WORDS),
    _unreadable("huge", {"huge": 6_000_000}, {"": "broken", "videos": "later"}),
    _unreadable("gzip-bomb", {"gzip-bomb": 8_000_000}, "gone"),
    _unreadable("header-bomb", "header-bomb", "later"),
    _unreadable("redirect-307", {"redirect": {"to": "loopback", "code": 307}}, "later"),
    _unreadable("redirect-self", {"redirect": "self"}, "gone"),
    _unreadable("redirect-metadata", {"redirect": "metadata"}, "gone"),
    _unreadable("redirect-file", {"redirect": {"to": "file", "code": 301}}, "gone"),
    _unreadable("not-http", "not-http", "later"),
    Fault("hostile-text", "hostile-text", {
        "create": "request", "poll": "missed", "download": "later", "credits": "well", "list": "well",
    }),
    Fault("leaks-key", "leaks-key", {
        "create": "key", "poll": "key", "download": "later", "credits": "well", "list": "key",
    }),
)  # fmt: skip

_CREATES = (
    _only("create", "accepted-500", "unknown"),
    _only("create", "accepted-408", "unknown", {"accepted-500": 408}),
    _only("create", "accepted-409", "unknown", {"accepted-500": 409}),
    _only("create", "answer-lost", "unknown"),
    _only("create", "late-accept", "unknown", {"late-accept": 1.9}, haste=100.0),
    _only("create", "without-id", "unknown"),
    _only("create", "odd-id", "unknown"),
    _only("create", "long-id", "unknown", {"odd-id": "x" * 300}),
    _only("create", "fails", "dead"),
    _only("create", "takes", "well", {"takes": 0.4}, max_wait="48h"),  # a clock that leaps needs time for real seconds
    _only("create", "closed-unread", "unknown"),
    _only("create", "accepted-and-closed", "unknown", "closed", accepted=True),
    _only("create", "accepted-and-html", "unknown", "html", accepted=True),
    _only("create", "accepted-and-redirected", "unknown", "redirect", accepted=True),
)

_QUERIES = (
    Fault("stuck", "stuck", {"poll": "running", "list": "running"}),
    Fault("never-finishes", "never-finishes", {"poll": "running", "list": "running"}),
    Fault("state-word", "state-word", {"poll": "running", "list": "running"}),
    Fault("no-state", "no-state", {"poll": "missed", "list": "well"}),
    _only("poll", "progress-back", "running"),
    _only("poll", "error-at-end", "missed"),
    _only("poll", "success-without-url", {"": "addressless", "videos": "well"}),
    _only("poll", "result-not-json", {"": "addressless", "videos": "well"}),
    _only("poll", "url-closed-port", {"": "deaf", "videos": ""}, {"url-elsewhere": "loopback"}),
    *(
        _only("poll", f"url-{place}", {"": "lost", "videos": ""}, {"url-elsewhere": place})
        for place in ("private", "metadata", "http", "file")
    ),
    _only("poll", "says-failed", "failed"),
    _only("poll", "failed-as-status", "failed"),
    _only("poll", "unknown-task", "absent"),
    _only("poll", "unknown-task-gateway", {"": "", "videos": "absent"}, {"unknown-task": "gateway"}),
    _only("poll", "other-task", "well"),
    _only("poll", "id-changes", "well"),
    *(_only("poll", f"times-{unit}", "well", {"times": unit}) for unit in ("s", "ms")),
    *(
        _only("poll", f"empty-error-{shape}", "well", {"empty-error": shape})
        for shape in ("object", "text", "null", "zero")
    ),
    _only("list", "list-empty", "well"),
    _only("list", "list-endless", "well"),
)

_DOWNLOADS = (
    _only("download", "unknown-clip", {"": "gone", "videos": "later"}, "unknown-task"),
    _only("download", "truncated", "broken"),
    _only("download", "truncated-99", "broken", {"truncated": 0.99}),
    _only("download", "corrupted-head", "broken", {"corrupted": {"place": "head"}}),
    _only("download", "other-clip", "well"),
    _only("download", "other-task-clip", "suspect"),
    _only("download", "other-size-turned", "suspect", {"other-size": "turned"}),
    _only("download", "other-size-smaller", "well", {"other-size": "smaller"}),
    _only("download", "other-duration", "suspect"),
    _only("download", "endless", "broken"),
    _only("download", "etag-changes", "well"),
    _only("download", "etag-changes-resumed", "well", "etag-changes", cut_before=True),
    _only("download", "range-ignored", "well", cut_before=True),
    _only("download", "range-wrong", "gone", cut_before=True),
    _only("download", "range-unasked", "gone", "range-wrong"),
    _only("download", "hops-3", {"": "well", "videos": "later"}, {"hops": 3}),  # without the key there are no contents
    _only("download", "hops-9", "gone", {"hops": 9}),
    _only("download", "hops-to-metadata", "gone", {"hops": {"count": 2, "to": "metadata"}}),
)

_WIRE = (
    _unreadable("closed", "closed", "later"),
    _unreadable("closed-after-headers", "closed-after-headers", "later"),
    _unreadable("cut", "cut", "later"),
    _unreadable("cut-90", {"cut": 0.9}, "well"),
    _unreadable("reset", "reset", "later"),
    _unreadable("reset-in-body", {"reset": 0.5}, "later"),
    _unreadable("hang", "hang", "later", haste=100.0),
    _unreadable("stall", "stall", "later", haste=100.0),
    _unreadable("drip", {"drip": 20}, "later", haste=100.0),
    _unreadable("longer-than-told", {"wrong-length": -10}, "broken"),
    _unreadable("shorter-than-told", {"wrong-length": 1000}, "well"),
    _unreadable("invalid-json", "invalid-json", "broken"),
    _unreadable("gzip", "gzip", "gone"),
    _unreadable("as-status-422", {"as-status": 422}, "later"),
    _unreadable("as-status-500", {"as-status": 500}, "later"),
    _harmless("delay", {"delay": 0.2}),
    _harmless("no-length"),
    _harmless("goodbye"),
    _harmless("wrong-type", download={"": "well", "videos": "gone"}),
    _harmless("wrong-type-json", {"wrong-type": "application/json"}, download={"": "well", "videos": "gone"}),
    _harmless("no-type"),
    _harmless("as-status-202", {"as-status": 202}, download="later"),
)

FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        *map(_status, _STATUSES),
        *map(_code_in_200, _INSIDE),
        *map(_retry_after, ("date", "zero", "negative", "huge", "junk", "3")),
        *_INSTEAD,
        *_CREATES,
        *_QUERIES,
        *_DOWNLOADS,
        *_WIRE,
    )
}
