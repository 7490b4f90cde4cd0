"""Replies wrapped in `{code, message, data}`, as `tasks` and `jobs` send them; knows no paths and no parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from sorapipe.providers.answers import (
    REFUSALS,
    Envelope,
    Unreadable,
    Word,
    amount,
    clean,
    duration,
    envelope,
    first,
    first_url,
    is_html,
    message_of,
    named_task,
    percent,
    retry_after,
    short_word,
    state_word,
    unwrapped,
    usable_task,
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
from sorapipe.providers.dialect import Reply, Uploaded

_GENERATION_FAILED = 501
_RATE_LIMITED = 429
_SHORTEST_LOOSE_ID = 6
_FAILED = "generat"
_NOT_THERE = ("not found", "not exist", "not_exist", "notfound", "unknown task", "no such task", "is null")


def read_create(reply: Reply, refusals: Mapping[int, Refusal] = REFUSALS) -> CreateAnswer:
    """Accepted, refused for certain, or unknown: whatever is not clearly one of the first two may have been bought.

    `refusals` are the codes by which this dialect says for certain that nothing was bought.
    """
    if not reply.body:
        return _refused_by_header(reply) or Unknown(f"HTTP {reply.status} with an empty answer")
    try:
        answer = envelope(reply.body)
    except Unreadable as error:
        return Unknown(f"HTTP {reply.status} with {error}")
    task = _task_id(answer.data)
    if _is_2xx(reply.status) and answer.says_ok:
        return Accepted(task) if task is not None else Unknown("the answer names no usable task")
    code = _code(reply, answer)
    message = answer.message or f"code {code}"
    task = task or _loose_id(answer.data) or named_task(answer.whole)
    if task is not None:
        return Unknown(f"{_both_codes(reply, answer)}, and yet the answer names the task `{task}`: {message}")
    if not _is_refusal(reply, answer, refusals):
        return Unknown(f"{_both_codes(reply, answer)}: {message}")
    return Refused(refusals[code], message, retry_after(reply.headers) if code == _RATE_LIMITED else None)


def _refused_by_header(reply: Reply) -> Refused | None:
    """An empty answer says something for certain only with the header that HTTP has for it."""
    if reply.status == _RATE_LIMITED and "retry-after" in reply.headers:
        return Refused(Refusal.RATE, "too many requests", retry_after(reply.headers))
    if reply.status == 401 and "www-authenticate" in reply.headers:  # noqa: PLR2004
        return Refused(Refusal.AUTHENTICATION, "the key was refused")
    return None


def _is_refusal(reply: Reply, answer: Envelope, refusals: Mapping[int, Refusal]) -> bool:
    """Whether the code refuses, the status does not contradict it, and there is more than a status.

    A code that only this dialect has must stand inside the envelope; for those of HTTP an error's words are enough.
    """
    if _code(reply, answer) not in refusals or not (_is_2xx(reply.status) or reply.status in refusals):
        return False
    return answer.code is not None or (answer.message is not None and reply.status in REFUSALS)


def _code(reply: Reply, answer: Envelope) -> int:
    """The code that counts: the one inside, unless there is none."""
    return reply.status if answer.code is None else answer.code


def _both_codes(reply: Reply, answer: Envelope) -> str:
    inside = "no code" if answer.code is None else f"code {answer.code}"
    return f"HTTP {reply.status} with {inside}"


def _is_2xx(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004


def _task_id(data: object) -> str | None:
    if not isinstance(data, dict):
        return None
    return usable_task(first(data, ("taskId", "task_id", "id")))


def _loose_id(data: object) -> str | None:
    """An id where refusals have nothing or words: alone, or in a list."""
    inside = data[0] if isinstance(data, list) and data else data
    if isinstance(inside, dict):
        return _task_id(inside)
    looks_like_one = isinstance(inside, str) and len(inside) >= _SHORTEST_LOOSE_ID and any(map(str.isdigit, inside))
    return usable_task(inside) if looks_like_one else None


def read_query(reply: Reply, *, character: bool = False) -> PollAnswer:
    """What the reply to a query means; anything that says nothing is a missed poll, never a failed shot.

    `character` says that the task makes one.
    """
    try:
        answer = envelope(reply.body)
    except Unreadable as error:
        return _read_bare(reply, str(error))
    state = _state(answer.data)
    if _is_2xx(reply.status) and (answer.code is None or answer.says_ok):
        return Missed("the answer holds no state") if state is None else _read_state(state, answer, character)
    if state is not None and _has_ended_badly(state) and _task_id(answer.data) is not None:
        return _read_state(state, answer, character)  # a failed job may come with the status of its failure
    return _read_error(reply, answer, state)


def _has_ended_badly(state: str) -> bool:
    return state_word(state) in {Word.FAILED, Word.EXPIRED}


def _read_bare(reply: Reply, instead: str) -> PollAnswer:
    """An answer without an envelope: only its status can say something."""
    message = f"HTTP {reply.status} with {instead}"
    if reply.status == 404 and not is_html(reply.body):  # noqa: PLR2004
        return NotThere(message)
    return Missed(message, retry_after(reply.headers), reply.status in {401, 403})


def _read_error(reply: Reply, answer: Envelope, state: str | None) -> PollAnswer:
    code = _code(reply, answer)
    message = answer.message or f"code {code}"
    if _generation_failed(reply, answer, state):
        return Failed(str(_GENERATION_FAILED), message)
    if code == 404 or (code in {400, 422} and any(words in message.lower() for words in _NOT_THERE)):  # noqa: PLR2004
        return NotThere(message)
    return Missed(f"{message} ({_both_codes(reply, answer)})", retry_after(reply.headers), code in {401, 403})


def _generation_failed(reply: Reply, answer: Envelope, state: str | None) -> bool:
    """Whether this is the code for it, and no other part of the answer says that the task goes on.

    A bare status 501 is also what servers say of calls that they do not know: only words tell these two apart.
    """
    if state is not None and not _has_ended_badly(state):
        return False
    if answer.code is not None or reply.status != _GENERATION_FAILED:
        return answer.code == _GENERATION_FAILED
    return _FAILED in (answer.message or "").lower()


def _state(data: object) -> str | None:
    return short_word(first(data, ("state", "status", "taskStatus"))) if isinstance(data, dict) else None


def _read_state(state: str, answer: Envelope, character: bool) -> PollAnswer:
    data = answer.data if isinstance(answer.data, dict) else {}
    word = state_word(state)
    match word:
        case Word.QUEUED | Word.RUNNING:
            return Running(queued=word is Word.QUEUED, progress=percent(data.get("progress")))
        case Word.DONE:
            return _succeeded(data, character)
        case Word.FAILED:
            return _failed(data, answer, state)
        case Word.EXPIRED:
            return replace(_failed(data, answer, state), code="expired")
        case None:
            return Running(progress=percent(data.get("progress")), unknown_word=state)


def _succeeded(data: Mapping[str, object], character: bool) -> Succeeded:
    result = unwrapped(first(data, ("resultJson", "result", "output")))
    named = result if isinstance(result, dict) else {}
    # Beside the result of a clip stand what was ordered and whose account it is: names there are not the clip's.
    made = _character(named) or (_character(data) if character else None)
    return Succeeded(
        first_url(result) or _url(named) or _url(data),
        made,
        _cost(data),
        _working_seconds(data),
    )


def _cost(data: Mapping[str, object]) -> Decimal | None:
    return amount(first(data, ("creditsConsumed", "credits_consumed", "consumeCredits", "costCredits")))


def _working_seconds(data: Mapping[str, object]) -> float | None:
    """From the order to its end; the time that the provider says it took counts where these are not told."""
    begun = first(data, ("createTime", "startTime"))
    between = working_time(begun, first(data, ("completeTime", "finishTime")))
    return duration(data.get("costTime")) if between is None else between


def _url(values: Mapping[str, object]) -> str | None:
    keys = ("resultUrls", "resultUrl", "videoUrls", "videoUrl", "video_url", "url")
    return next((url for url in (first_url(values.get(key)) for key in keys) if url is not None), None)


def _character(values: Mapping[str, object]) -> MadeCharacter | None:
    """The handle: nobody says under which of these names it comes, so all are read."""
    keys = ("character_id", "characterId", "character_id_list", "characterIdList", "character_ids")
    handles = (_name(one) for key in keys for one in _several(values.get(key)))
    handle = next((name for name in handles if name is not None), None)
    made = MadeCharacter(handle, _name(first(values, ("username", "character_username", "characterUsername"))))
    return made if made.id or made.username else None


def _several(value: object) -> list[object]:
    listed = unwrapped(value) if isinstance(value, str) and value.startswith("[") else value
    entries = listed[:100] if isinstance(listed, list) else [listed]
    return [first(entry, ("character_id", "id")) if isinstance(entry, dict) else entry for entry in entries]


def _name(value: object) -> str | None:
    """A handle that can be sent again as it is: one short word."""
    if isinstance(value, int):
        return usable_task(value)
    if not isinstance(value, str):
        return None
    text = value.strip().removeprefix("@")
    return text if 0 < len(text) <= 200 and text.isprintable() and not any(map(str.isspace, text)) else None  # noqa: PLR2004


def _failed(data: Mapping[str, object], answer: Envelope, state: str) -> Failed:
    code = short_word(first(data, ("failCode", "fail_code", "errorCode")))
    said = first(data, ("failMsg", "fail_msg", "failReason", "errorMessage"))
    message = clean(said) if isinstance(said, str) else message_of(data)
    if not answer.says_ok:
        code, message = code or short_word(answer.code), message or answer.message
    return Failed(code, message or f"the task ended as `{state}`", _cost(data))


def read_upload(reply: Reply, refusals: Mapping[int, Refusal] = REFUSALS) -> Uploaded | Refused:
    """Where a file is now. Uploads buy nothing, so that here a bare status is certain enough."""
    try:
        answer = envelope(reply.body)
    except Unreadable as error:
        return _not_uploaded(reply, reply.status, f"HTTP {reply.status} with {error}", REFUSALS)
    if _is_2xx(reply.status) and (answer.code is None or answer.says_ok):
        url = first_url(answer.data) or _file_url(answer.data)
        if url is not None:
            return Uploaded(url)
        return Refused(Refusal.UNAVAILABLE, "the answer does not say where the file is")
    code = reply.status if answer.says_ok else _code(reply, answer)
    message = answer.message or _both_codes(reply, answer)
    return _not_uploaded(reply, code, message, REFUSALS if answer.code is None else refusals)


def _file_url(data: object) -> str | None:
    urls = (first_url(data.get(key)) for key in ("downloadUrl", "fileUrl", "url")) if isinstance(data, dict) else ()
    return next((url for url in urls if url is not None), None)


def _not_uploaded(reply: Reply, code: int, message: str, refusals: Mapping[int, Refusal]) -> Refused:
    """Whatever is nobody's fault that we know of counts as a provider that can't do it now."""
    refusal = refusals.get(code, Refusal.UNAVAILABLE)
    return Refused(refusal, message, retry_after(reply.headers) if refusal is Refusal.RATE else None)


def read_credits(reply: Reply) -> Decimal | None:
    """The balance, `None` when the reply holds none."""
    try:
        answer = envelope(reply.body)
    except Unreadable:
        return None
    if not _is_2xx(reply.status) or not answer.says_ok:
        return None
    if isinstance(answer.data, dict):
        return amount(first(answer.data, ("credits", "credit", "balance", "remaining")))
    return amount(answer.data)
