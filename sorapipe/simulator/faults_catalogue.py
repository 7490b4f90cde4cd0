"""Every fault that a script can name, as data: a line about it, where it happens, its values; makes none of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

CALLS = ("create", "query", "list", "content", "file", "credit", "upload", "character", "remix", "callback")
"""What a request wants, as the books call it. `download` stands for content and file, `any` for all."""
GROUPS: Mapping[str, tuple[str, ...]] = {
    **{call: (call,) for call in CALLS},
    "download": ("content", "file"),
    "any": CALLS,
}
_ANY = tuple(call for call in CALLS if call != "callback")
_MAKES = ("create", "character", "upload", "remix")
_QUERY = ("query",)
_LOOKS = ("query", "list")
_CLIP = GROUPS["download"]

RETRY_AFTER = ("none", "date", "zero", "negative", "huge", "junk")
PLACES = ("self", "loopback", "private", "metadata", "http", "file")
SHAPES = ("list", "text", "number", "null", "other", "wrong-types")
_GARBAGE = (200, 599)


class Seam(StrEnum):
    """Where a fault takes hold."""

    INSTEAD = "instead"  # of the answer: the provider hears nothing, unless the rule says `accepted: true`
    AFTER = "after"  # the provider has answered, and the answer is changed
    AROUND = "around"  # the answer is right, but not how it is sent
    FATE = "fate"  # of the task that the create makes
    UNREAD = "unread"  # before the request's body is read


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a fault: its default, what it may be, and what it is."""

    usual: object
    kind: str  # status, count, share, seconds, text, flag, or words with | between
    line: str
    least: float = 0
    most: float = 1e12


@dataclass(frozen=True, slots=True)
class Kind:
    """One fault. `main` is the value that can be written without its name; `ended`: only once the task has ended."""

    name: str
    line: str
    seam: Seam
    calls: tuple[str, ...] = _ANY
    values: Mapping[str, Value] = field(default_factory=dict)
    accepted: bool = False
    ended: bool = False
    clip: bool = False

    @property
    def main(self) -> str | None:
        """The first value."""
        return next(iter(self.values), None)


def _code(usual: int, line: str = "the status") -> Value:
    return Value(usual, "status", line, *_GARBAGE)


_SAYS = Value("", "text", "what the message says")
_AT = Value(0.5, "share", "how much of the body is sent first", 0, 1)
_SECONDS = Value(1.0, "seconds", "how long", 0, 86_400)
_BYTES = Value(64_000_000, "count", "how many bytes", 1, 1e11)
_TO = Value("loopback", "|".join((*PLACES, "a URL")), "where to; no place outside this machine is real")

_INSTEAD = (
    Kind("status", "the dialect's own error with this status", Seam.INSTEAD, values={
        "code": Value(500, "status", "the status", *_GARBAGE), "message": _SAYS,
        "retry_after": Value("", "|".join((*RETRY_AFTER, "text")), "a Retry-After header; huge is 1e9 s"),
    }),
    Kind("code-in-200", "the same error inside an HTTP 200", Seam.INSTEAD, values={
        "code": Value(500, "status", "the code in the body", 0, 9999), "message": _SAYS,
    }),
    Kind("html", "an HTML error page of some proxy", Seam.INSTEAD, values={"code": _code(502)}),
    Kind("empty", "a status and no body at all", Seam.INSTEAD, values={"code": _code(200)}),
    Kind("garbage", "random bytes that call themselves JSON", Seam.INSTEAD, values={
        "code": _code(200), "bytes": Value(512, "count", "how many", 1, 1e8),
    }),
    Kind("other-json", "JSON of another shape", Seam.INSTEAD, values={
        "shape": Value("list", "|".join(SHAPES), "which"), "code": _code(200),
    }),
    Kind("deep-json", "JSON nested beyond any parser's patience", Seam.INSTEAD, values={
        "depth": Value(100_000, "count", "how deep", 1, 1e7), "code": _code(200),
    }),
    Kind("huge", "JSON that begins well and goes on with blanks", Seam.INSTEAD, values={
        "bytes": _BYTES, "code": _code(200),
    }),
    Kind("gzip-bomb", "few bytes with Content-Encoding: gzip that unpack to many", Seam.INSTEAD, values={
        "bytes": _BYTES, "code": _code(200),
    }),
    Kind("header-bomb", "an answer with far too many headers", Seam.INSTEAD, values={
        "bytes": Value(200_000, "count", "how many bytes of headers", 1, 1e8), "code": _code(200),
    }),
    Kind("redirect", "a redirect; on downloads see `hops` too", Seam.INSTEAD, values={
        "to": _TO, "code": Value(302, "status", "the status", 300, 399),
    }),
    Kind("hostile-text", "the dialect's error with escape sequences, markup and bidi marks", Seam.INSTEAD, values={
        "code": _code(422),
    }),
    Kind("leaks-key", "the dialect's error, which repeats the Authorization header", Seam.INSTEAD, values={
        "code": _code(401),
    }),
    Kind("not-http", "bytes that are no HTTP", Seam.INSTEAD),
)  # fmt: skip

_CREATES = (
    Kind("accepted-500", "made and charged, and answered with an error", Seam.INSTEAD, _MAKES, {"code": _code(500)},
         accepted=True),
    Kind("answer-lost", "made and charged, and the connection is closed without a byte", Seam.AROUND, _MAKES,
         accepted=True),
    Kind("late-accept", "nothing for so long, then made and charged, and closed", Seam.AROUND, _MAKES,
         {"seconds": Value(5.0, "seconds", "how long", 0, 86_400)}, accepted=True),
    Kind("without-id", "made and charged, and the answer has no id", Seam.AFTER, _MAKES),
    Kind("odd-id", "made and charged, and the id is not one that can be used", Seam.AFTER, _MAKES, {
        "id": Value("../../task 1\u202e", "text", "the id"),
    }),
    Kind("fails", "the task is taken and will fail, with a code and words", Seam.FATE, ("create", "remix"), {
        "message": Value("content moderation stopped this generation", "text", "the words"),
        "code": Value("moderated", "text", "the code"),
    }),
    Kind("takes", "the task takes so many seconds", Seam.FATE, ("create", "remix"), {
        "seconds": Value(60.0, "seconds", "how many", 0, 1e7),
    }),
    Kind("closed-unread", "the connection is closed before the body of the request was read", Seam.UNREAD, _MAKES),
)  # fmt: skip

_QUERIES = (
    Kind("stuck", "under way for ever at this progress", Seam.AFTER, _LOOKS, {
        "progress": Value(99, "count", "percent", 0, 100),
    }),
    Kind("never-finishes", "under way for ever, the progress a little higher each time", Seam.AFTER, _LOOKS),
    Kind("progress-back", "the progress goes down", Seam.AFTER, _QUERY),
    Kind("state-word", "the state is this word", Seam.AFTER, _LOOKS, {
        "word": Value("reticulating", "text", "the word"),
    }),
    Kind("no-state", "there is no state in the answer", Seam.AFTER, _LOOKS),
    Kind("error-at-end", "an error once the task has ended", Seam.INSTEAD, _QUERY, {"code": _code(500)}, ended=True),
    Kind("success-without-url", "done, and no address of a clip", Seam.AFTER, _QUERY, ended=True),
    Kind("result-not-json", "done, and the result can't be read", Seam.AFTER, _QUERY, ended=True),
    Kind("url-elsewhere", "done, and the clip's address leads elsewhere", Seam.AFTER, (*_QUERY, "upload"), {"to": _TO}),
    Kind("says-failed", "failed, with a code and words, whatever the books say", Seam.AFTER, _QUERY, {
        "message": Value("this content may violate our policies", "text", "the words"),
        "code": Value("moderation_blocked", "text", "the code"),
    }),
    Kind("as-status", "the right body under this status", Seam.AFTER, _ANY, {"code": _code(422)}),
    Kind("failed-as-status", "failed, and the full body comes under this status", Seam.AFTER, _QUERY, {
        "code": _code(500), "message": Value("the worker died", "text", "the words"),
    }),
    Kind("unknown-task", "the dialect's own way to say that it knows no such task", Seam.INSTEAD,
         ("query", "content", "file"), {"shape": Value("usual", "usual|gateway", "gateway: HTTP 400 task_not_exist")}),
    Kind("other-task", "the answer is about another task", Seam.AFTER, _QUERY),
    Kind("id-changes", "the same task under another id, as a proxy encodes it anew", Seam.AFTER, _QUERY),
    Kind("times", "times in another unit", Seam.AFTER, _QUERY, {"unit": Value("s", "s|ms", "which")}),
    Kind("empty-error", "an `error` that is present and says nothing", Seam.AFTER, _QUERY, {
        "shape": Value("object", "object|text|null|zero", "which"),
    }),
    Kind("list-empty", "the list shows nothing", Seam.AFTER, ("list",)),
    Kind("list-endless", "the list says for ever that there is more", Seam.AFTER, ("list",)),
)  # fmt: skip

_DOWNLOADS = (
    Kind("truncated", "a file that ends early, with a length that agrees", Seam.AFTER, _CLIP, {"at": _AT}, clip=True),
    Kind("corrupted", "bytes turned over in the middle", Seam.AFTER, _CLIP, {
        "bytes": Value(64, "count", "how many", 1, 1e7),
        "place": Value("head", "head|middle|tail", "where"),
    }, clip=True),
    Kind("other-clip", "a clip of the right shape with another picture", Seam.AFTER, _CLIP, clip=True),
    Kind("other-task-clip", "the clip's tag names another task", Seam.AFTER, _CLIP, clip=True),
    Kind("other-size", "a clip of another size", Seam.AFTER, _CLIP, {
        "size": Value("turned", "turned|smaller", "which"),
    }, clip=True),
    Kind("other-duration", "a clip of another length", Seam.AFTER, _CLIP, {
        "seconds": Value(4, "count", "how long", 1, 60),
    }, clip=True),
    Kind("endless", "bytes without end", Seam.INSTEAD, _CLIP),
    Kind("etag-changes", "another ETag with every answer", Seam.AFTER, _CLIP, clip=True),
    Kind("range-ignored", "the whole clip, whatever part was asked for", Seam.AFTER, _CLIP, clip=True),
    Kind("range-wrong", "206 with another part than was asked for", Seam.AFTER, _CLIP, clip=True),
    Kind("hops", "so many redirects to ourselves, then the clip", Seam.INSTEAD, _CLIP, {
        "count": Value(3, "count", "how many", 1, 1000),
        "to": Value("", "|".join(("text", *PLACES)), "where the last one leads, where not to the clip"),
    }),
)  # fmt: skip

_WIRE = (
    Kind("closed", "closed before the answer", Seam.AROUND),
    Kind("closed-after-headers", "closed after the headers", Seam.AROUND, accepted=True),
    Kind("cut", "closed in the middle of the body", Seam.AROUND, values={"at": _AT}, accepted=True),
    Kind("reset", "reset (RST) before the answer, or in the middle of its body", Seam.AROUND,
         values={"at": Value(0.0, "share", "how much of the body is sent first", 0, 1)}, accepted=True),
    Kind("hang", "no answer, the connection stays open", Seam.AROUND,
         values={"seconds": Value(3600.0, "seconds", "how long at most", 0, 86_400)}),
    Kind("stall", "a part of the body, then nothing more", Seam.AROUND,
         values={"at": _AT, "seconds": Value(3600.0, "seconds", "how long at most", 0, 86_400)}, accepted=True),
    Kind("drip", "the answer comes slowly", Seam.AROUND,
         values={"rate": Value(200, "count", "bytes a second", 1, 1e9)}, accepted=True),
    Kind("delay", "the answer comes late", Seam.AROUND, values={"seconds": _SECONDS}, accepted=True),
    Kind("wrong-length", "Content-Length is off by this many bytes", Seam.AROUND,
         values={"by": Value(1000, "count", "more (or fewer) than there are", -1e9, 1e9)}, accepted=True),
    Kind("no-length", "no Content-Length: chunks", Seam.AFTER, accepted=True),
    Kind("goodbye", "the right answer, and the connection is closed without a word", Seam.AROUND, accepted=True),
    Kind("invalid-json", "the right answer without its end, as if it were whole", Seam.AFTER, accepted=True),
    Kind("wrong-type", "the right body under another Content-Type", Seam.AFTER, values={
        "type": Value("text/html", "text", "which"),
    }),
    Kind("no-type", "the right body without a Content-Type", Seam.AFTER),
    Kind("gzip", "the right body, packed, though nobody asked for it", Seam.AFTER),
)  # fmt: skip

_BACK = ("callback",)
_CALLBACKS = (
    Kind("callback-lost", "it never comes", Seam.AROUND, _BACK),
    Kind("callback-twice", "it comes twice", Seam.AROUND, _BACK),
    Kind("callback-late", "it comes late", Seam.AROUND, _BACK, {"seconds": _SECONDS}),
    Kind("callback-forged", "it is signed with another secret", Seam.AROUND, _BACK),
    Kind("callback-lies", "it says that a finished task has failed", Seam.AROUND, _BACK),
)

KINDS: Mapping[str, Kind] = {
    kind.name: kind for kind in (*_INSTEAD, *_CREATES, *_QUERIES, *_DOWNLOADS, *_WIRE, *_CALLBACKS)
}
CHAPTERS: Mapping[str, tuple[Kind, ...]] = {
    "instead of an answer": _INSTEAD,
    "on creates": _CREATES,
    "on queries and lists": _QUERIES,
    "on downloads": _DOWNLOADS,
    "on the wire": _WIRE,
    "on callbacks": _CALLBACKS,
}
