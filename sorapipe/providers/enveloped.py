"""Replies wrapped in `{code, message, data}`, as `tasks` and `jobs` send them; knows no paths and no parameters."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from sorapipe.providers.answers import (
    REFUSALS,
    Envelope,
    Unreadable,
    Word,
    amount,
    clean,
    envelope,
    first,
    first_url,
    is_html,
    message_of,
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
from sorapipe.providers.dialect import Reply

_GENERATION_FAILED = 501
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
    if task is not None:
        return Unknown(f"{_both_codes(reply, answer)}, and yet the answer names the task `{task}`: {message}")
    if code not in refusals or not _is_refusal(reply, answer, refusals):
        return Unknown(f"{_both_codes(reply, answer)}: {message}")
    return Refused(refusals[code], message, retry_after(reply.headers) if code == 429 else None)  # noqa: PLR2004


def _refused_by_header(reply: Reply) -> Refused | None:
    """An empty answer says something for certain only with the header that HTTP has for it."""
    if reply.status == 429 and "retry-after" in reply.headers:  # noqa: PLR2004
        return Refused(Refusal.RATE, "too many requests", retry_after(reply.headers))
    if reply.status == 401 and "www-authenticate" in reply.headers:  # noqa: PLR2004
        return Refused(Refusal.AUTHENTICATION, "the key was refused")
    return None


def _is_refusal(reply: Reply, answer: Envelope, refusals: Mapping[int, Refusal]) -> bool:
    """Whether the status does not contradict the code, and there is more than a status: a code or an error's words."""
    if not _is_2xx(reply.status) and reply.status not in refusals:
        return False
    return answer.message is not None or answer.code is not None


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


def read_query(reply: Reply) -> PollAnswer:
    """What the reply to a query means; anything that says nothing is a missed poll, never a failed shot."""
    try:
        answer = envelope(reply.body)
    except Unreadable as error:
        return _read_bare(reply, str(error))
    state = _state(answer.data)
    if _is_2xx(reply.status) and (answer.code is None or answer.says_ok):
        return Missed("the answer holds no state") if state is None else _read_state(state, answer)
    if state is not None and state_word(state) is Word.FAILED:
        return _read_state(state, answer)
    return _read_error(reply, answer)


def _read_bare(reply: Reply, instead: str) -> PollAnswer:
    """An answer without an envelope: only its status can say something."""
    message = f"HTTP {reply.status} with {instead}"
    if reply.status == 404 and not is_html(reply.body):  # noqa: PLR2004
        return NotThere(message)
    return Missed(message, retry_after(reply.headers), reply.status in {401, 403})


def _read_error(reply: Reply, answer: Envelope) -> PollAnswer:
    code = _code(reply, answer)
    message = answer.message or f"code {code}"
    if answer.code == _GENERATION_FAILED:
        return Failed(str(_GENERATION_FAILED), message)
    if code == 404 or (code in {400, 422} and any(words in message.lower() for words in _NOT_THERE)):  # noqa: PLR2004
        return NotThere(message)
    return Missed(f"{message} ({_both_codes(reply, answer)})", retry_after(reply.headers), code in {401, 403})


def _state(data: object) -> str | None:
    return short_word(first(data, ("state", "status", "taskStatus"))) if isinstance(data, dict) else None


def _read_state(state: str, answer: Envelope) -> PollAnswer:
    data = answer.data if isinstance(answer.data, dict) else {}
    word = state_word(state)
    match word:
        case Word.QUEUED | Word.RUNNING:
            return Running(queued=word is Word.QUEUED, progress=percent(data.get("progress")))
        case Word.DONE:
            return _succeeded(data)
        case Word.FAILED:
            return _failed(data, answer, state)
        case Word.EXPIRED:
            return _failed({"failCode": "expired", **data}, answer, state)
        case None:
            return Running(progress=percent(data.get("progress")), unknown_word=state)


def _succeeded(data: Mapping[str, object]) -> Succeeded:
    result = unwrapped(first(data, ("resultJson", "result", "output")))
    named = result if isinstance(result, dict) else {}
    return Succeeded(
        first_url(result) or _url(named) or _url(data),
        _character(named) or _character(data),
        amount(first(data, ("creditsConsumed", "credits_consumed", "consumeCredits", "costCredits"))),
        working_time(first(data, ("startTime", "createTime")), first(data, ("completeTime", "finishTime"))),
    )


def _url(values: Mapping[str, object]) -> str | None:
    keys = ("resultUrls", "resultUrl", "videoUrls", "videoUrl", "video_url", "url")
    return next((url for url in (first_url(values.get(key)) for key in keys) if url is not None), None)


def _character(values: Mapping[str, object]) -> MadeCharacter | None:
    handle = first(values, ("character_id", "characterId", "character_id_list", "characterIdList"))
    if isinstance(handle, list):
        handle = next((entry for entry in handle if isinstance(entry, str) and entry.strip()), None)
    made = MadeCharacter(_name(handle), _name(first(values, ("username", "character_username", "characterUsername"))))
    return made if made.id or made.username else None


def _name(value: object) -> str | None:
    """A handle that can be sent again as it is: one short word."""
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
    return Failed(code, message or f"the task ended as `{state}`")


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
