"""Replies that are bare objects, as `videos` sends them: what each one means; knows no paths and no parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from sorapipe.providers.answers import (
    REFUSALS,
    Unreadable,
    Word,
    amount,
    clean,
    first,
    first_url,
    is_html,
    message_of,
    parse,
    percent,
    retry_after,
    short_word,
    state_word,
    unwrapped,
    usable_task,
    whole_number,
    working_time,
)
from sorapipe.providers.base import (
    Accepted,
    CreateAnswer,
    Failed,
    MadeCharacter,
    Missed,
    NotThere,
    PollAnswer,
    Refusal,
    Refused,
    Running,
    Succeeded,
    Unknown,
)
from sorapipe.providers.dialect import ListPage, Reply

MOST_LISTED = 1000

Object = Mapping[str, object]

_IDS = ("id", "task_id", "taskId", "video_id")
_URLS = ("video_url", "videoUrl", "url", "download_url", "result_url", "resultUrls", "video_urls", "output_url")
_INSIDE = ("metadata", "data", "result", "resultJson", "output", "outputs", "video", "videos", "content", "generations")
_NOT_THERE = ("not_exist", "not exist", "not_found", "not found", "notfound", "unknown task", "no such")
_TOKEN = re.compile(r"sp1:([a-z2-7]{20})(?![a-z2-7])")
_NO_MONEY = frozenset(
    {"insufficient_quota", "insufficient_user_quota", "insufficient_balance", "insufficient_credits",
     "insufficient_funds", "billing_hard_limit_reached", "pre_consume_token_quota_failed"}
)  # fmt: skip
"""Codes in words by which gateways say 402 under another status."""


# Creates.


def read_create(reply: Reply, *, character: bool = False) -> CreateAnswer:
    """Accepted, refused for certain, or unknown: whatever is not clearly one of the first two may have been bought."""
    if not reply.body:
        return _refused_by_header(reply) or Unknown(f"HTTP {reply.status} with an empty answer")
    try:
        whole = _object(reply.body)
    except Unreadable as error:
        return Unknown(f"HTTP {reply.status} with {error}")
    if _is_2xx(reply.status):
        return _accepted(reply, whole, character=character)
    return _refused(reply, whole)


def _accepted(reply: Reply, whole: Object, *, character: bool) -> CreateAnswer:
    task = usable_task(first(whole, _IDS))
    if task is None:
        return Unknown(f"HTTP {reply.status}, and the answer names no usable id: {_message(whole) or 'nothing else'}")
    if _message(whole) is not None and not _is_job(whole):
        return Unknown(f"HTTP {reply.status} with an error, and yet the answer names `{task}`: {_message(whole)}")
    return Accepted(task, _made_at_once(whole) if character else None)


def _made_at_once(whole: Object) -> MadeCharacter | None:
    """The character in an answer that does not name a job for it: a handle, or just a name (OpenAI's way)."""
    if _name(whole.get("username")) is not None:
        return _character(whole)
    if _is_job(whole) or _spoken(whole.get("name")) is None:
        return None
    return MadeCharacter(usable_task(whole.get("id")), _spoken(whole.get("name")))


def _is_job(whole: Object) -> bool:
    """Whether an object is about a job: then it has a state, or calls itself a video."""
    return _state(whole) is not None or whole.get("object") == "video"


def _refused(reply: Reply, whole: Object) -> CreateAnswer:
    message, code = _message(whole), _code(whole)
    said = message or "no words"
    task = _any_id(whole)
    if task is not None:
        return Unknown(f"HTTP {reply.status}, and yet the answer names `{task}`: {said}")
    number = whole_number(code)
    status = number if number is not None and 0 <= number < 600 else reply.status  # noqa: PLR2004
    if reply.status not in REFUSALS or status not in REFUSALS or not _is_error(whole):
        return Unknown(f"HTTP {reply.status}{'' if code is None else f' with code {code}'}: {said}")
    refusal = Refusal.CREDITS if str(code).lower() in _NO_MONEY else REFUSALS[status]
    words = message or f"HTTP {reply.status}"
    return Refused(refusal, words, retry_after(reply.headers) if refusal is Refusal.RATE else None)


def _refused_by_header(reply: Reply) -> Refused | None:
    """An empty answer says something for certain only with the header that HTTP has for it."""
    if reply.status == 429 and "retry-after" in reply.headers:  # noqa: PLR2004
        return Refused(Refusal.RATE, "too many requests", retry_after(reply.headers))
    if reply.status == 401 and "www-authenticate" in reply.headers:  # noqa: PLR2004
        return Refused(Refusal.AUTHENTICATION, "the key was refused")
    return None


def _is_error(whole: Object) -> bool:
    """Whether an object has the shape of one of the three errors, and says something."""
    if first(whole, ("error", "detail")) is not None:
        return True
    return _code(whole) is not None and message_of(whole) is not None and not whole.get("data")


def _any_id(whole: Object) -> str | None:
    """An id of a job anywhere on the outer two floors of an answer, `data` as bare text included."""
    inner = [value for value in (whole.get("data"), whole.get("error")) if isinstance(value, dict)]
    found = (usable_task(first(values, _IDS)) for values in (whole, *inner))
    return next((task for task in found if task is not None), None) or usable_task(whole.get("data"))


# Queries.


def read_query(reply: Reply, *, character: bool = False) -> PollAnswer:
    """What the reply to a query means; anything that says nothing is a missed poll, never a failed shot.

    A `character` is finished when it has a handle, and a provider that does not know it yet is still making it.
    """
    if character and _still_working(reply):
        return Running()
    try:
        whole = _object(reply.body)
    except Unreadable as error:
        return _read_unreadable(reply, str(error))
    job = _job(whole)
    state = _state(job)
    # The body first: a failed job can come with any status.
    if state is not None and state_word(state) in {Word.FAILED, Word.EXPIRED}:
        return _failed(job, state)
    if not _is_2xx(reply.status):
        return _read_error(reply, whole)
    if character:
        return _read_character(reply, whole, job, state)
    return _read_error(reply, whole) if state is None else _read_state(job, state)


def _still_working(reply: Reply) -> bool:
    return reply.status in {202, 404} and not is_html(reply.body)


def _read_unreadable(reply: Reply, instead: str) -> PollAnswer:
    message = f"HTTP {reply.status} with {instead}"
    if reply.status == 404 and not is_html(reply.body):  # noqa: PLR2004
        return NotThere(message)
    return Missed(message, retry_after(reply.headers), reply.status in {401, 403})


def _read_error(reply: Reply, whole: Object) -> PollAnswer:
    message, code = _message(whole), _code(whole)
    if message is None and code is None and _is_2xx(reply.status):
        return Missed("the answer holds no state")
    words = message or f"HTTP {reply.status}"
    denied = f"{message} {code}".lower()
    if reply.status == 404 or (reply.status in {200, 400, 422} and any(word in denied for word in _NOT_THERE)):  # noqa: PLR2004
        return NotThere(words)
    number = whole_number(code)
    refused = reply.status in {401, 403} or (_is_2xx(reply.status) and number in {401, 403})
    return Missed(f"{words} (HTTP {reply.status})", retry_after(reply.headers), refused)


def _read_character(reply: Reply, whole: Object, job: Object, state: str | None) -> PollAnswer:
    made = _character(job) or _character(whole)
    if made is None and state is None and not _is_job(job) and _spoken(job.get("name")) is not None:
        made = _made_at_once(job)
    if made is not None:
        return Succeeded(None, made, _cost(job), _seconds(job))
    if state is None:
        return _read_error(reply, whole)
    answer = _read_state(job, state)
    return Running(progress=percent(job.get("progress"))) if isinstance(answer, Succeeded) else answer


def _read_state(job: Object, state: str) -> PollAnswer:
    match state_word(state):
        case Word.QUEUED:
            return Running(queued=True, progress=percent(job.get("progress")))
        case Word.RUNNING:
            return Running(progress=percent(job.get("progress")))
        case Word.DONE:
            return Succeeded(clip_url(job), _character(job), _cost(job), _seconds(job))
        case Word.FAILED | Word.EXPIRED:
            return _failed(job, state)
        case None:
            return Running(progress=percent(job.get("progress")), unknown_word=state)


def _failed(job: Object, state: str) -> Failed:
    error = job.get("error")
    inside = error if isinstance(error, dict) else {}
    said = message_of({"error": error}) or _words(first(job, ("fail_reason", "failReason", "failure_reason")))
    code = short_word(first(inside, ("code", "type")))
    if code is None and state_word(state) is Word.EXPIRED:
        code = "expired"
    return Failed(code, said or message_of(job) or f"the task ended as `{state}`")


def _seconds(job: Object) -> float | None:
    begun = first(job, ("started_at", "created_at", "createTime", "submit_time"))
    return working_time(begun, first(job, ("completed_at", "finished_at", "completeTime", "finish_time")))


def _cost(job: Object) -> Decimal | None:
    names = ("cost", "credits_consumed", "creditsConsumed", "credits_used", "consumed_credits")
    usage = job.get("usage")
    told = first(job, names) or (first(usage, (*names, "credits")) if isinstance(usage, dict) else None)
    return amount(told)


# Lists.


def read_list(reply: Reply) -> ListPage | Missed:
    """One page of a list. What says nothing about itself is left out: it is asked for by itself."""
    try:
        whole = parse(reply.body)
    except Unreadable as error:
        return Missed(f"HTTP {reply.status} with {error}", retry_after(reply.headers), reply.status in {401, 403})
    items = whole if isinstance(whole, list) else whole.get("data") if isinstance(whole, dict) else None
    outer = whole if isinstance(whole, dict) else {}
    if not _is_2xx(reply.status) or not isinstance(items, list):
        words = _message(outer) or "the answer is no list"
        refused = reply.status in {401, 403}
        return Missed(f"{words} (HTTP {reply.status})", retry_after(reply.headers), refused)
    jobs = [item for item in items[:MOST_LISTED] if isinstance(item, dict)]
    ids = [task for task in (usable_task(first(job, _IDS)) for job in jobs) if task is not None]
    after = usable_task(outer.get("last_id")) or (ids[-1] if ids else None)
    return ListPage(_answers(jobs), _tokens(jobs), after if outer.get("has_more") is True else None)


def _answers(jobs: Sequence[Object]) -> dict[str, PollAnswer]:
    found: dict[str, PollAnswer] = {}
    for job in jobs:
        task, state = usable_task(first(job, _IDS)), _state(job)
        if task is None or state is None:
            continue
        answer = _read_state(job, state)
        # One that makes a character is finished with its handle, not with its state.
        if not (isinstance(answer, Succeeded) and answer.character is None and "character" in str(job.get("model"))):
            found.setdefault(task, answer)
    return found


def _tokens(jobs: Sequence[Object]) -> dict[str, str]:
    found: dict[str, str] = {}
    for job in jobs:
        task = usable_task(first(job, _IDS))
        if task is not None:
            found.update(dict.fromkeys(tokens(job.get("metadata")), task))
    return found


def tokens(metadata: object) -> tuple[str, ...]:
    """The client tokens in what a provider gives back of an order's `metadata`: text, or an object with texts."""
    values = metadata.values() if isinstance(metadata, dict) else (metadata,)
    return tuple(token for value in values if isinstance(value, str) for token in _TOKEN.findall(value))


# What all of these look at.


def clip_url(job: Object) -> str | None:
    """Where an answer says that the clip is: on its outer floor, or one or two below."""
    return next((url for url in _urls(job, 2) if url is not None), None)


def _urls(values: Object, floors: int) -> Iterator[str | None]:
    for name in _URLS:
        yield first_url(values.get(name))
    for name in _INSIDE if floors else ():
        inside = values.get(name)
        # `metadata` that comes back as text is what somebody ordered, not what the provider says.
        inside = inside if name == "metadata" else unwrapped(inside) or first_url(inside)
        for value in inside[:100] if isinstance(inside, list) else (inside,):
            if isinstance(value, dict):
                yield from _urls(value, floors - 1)
            elif name != "metadata":
                yield first_url(value)


def _character(job: Object) -> MadeCharacter | None:
    nested = (job.get(name) for name in ("character", "data", "result", "metadata", "output"))
    several = job.get("characters")
    listed = several[:1] if isinstance(several, list) else []
    for values in (job, *nested, *listed):
        if isinstance(values, dict):
            inner = values is not job and values in (job.get("character"), *listed)
            made = MadeCharacter(_character_id(values, inner=inner), _name(values.get("username")))
            if made.id or made.username:
                return made
    return None


def _character_id(values: Object, *, inner: bool) -> str | None:
    """The id of a character; a bare `id` is one only beside a handle, or in an object that is the character."""
    told = first(values, ("character_id", "characterId"))
    if told is None and (inner or _name(values.get("username")) is not None):
        told = values.get("id")
    return usable_task(told)


def _job(whole: Object) -> Object:
    """The object that has the state: the whole answer, or what a gateway has wrapped."""
    inside = whole.get("data")
    return inside if _state(whole) is None and isinstance(inside, dict) and _state(inside) is not None else whole


def _state(job: Object) -> str | None:
    return short_word(first(job, ("status", "state", "task_status")))


def _object(body: bytes) -> Object:
    whole = parse(body)
    if not isinstance(whole, dict):
        raise Unreadable("an answer that is not a JSON object")
    return whole


def _message(whole: Object) -> str | None:
    """The words of an error; `message` counts only where it stands beside a code."""
    told = message_of({"error": whole.get("error"), "detail": whole.get("detail")})
    return told or (message_of(whole) if _code(whole) is not None else None)


def _code(whole: Object) -> str | None:
    error = whole.get("error")
    values = error if isinstance(error, dict) else whole
    return short_word(first(values, ("code",))) or (short_word(error.get("type")) if isinstance(error, dict) else None)


def _name(value: object) -> str | None:
    """A handle that can be sent again as it is: one short word."""
    name = _spoken(value.removeprefix("@") if isinstance(value, str) else None)
    return None if name is None or any(map(str.isspace, name)) else name


def _spoken(value: object) -> str | None:
    """A name that can stand in a prompt: one short line."""
    text = _words(value)
    return text if text is not None and len(text) <= 200 and text.isprintable() else None  # noqa: PLR2004


def _words(value: object) -> str | None:
    return (clean(value) or None) if isinstance(value, str) else None


def _is_2xx(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004
