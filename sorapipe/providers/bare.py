"""Replies that are bare objects, as `videos` sends them: what each one means; knows no paths and no parameters."""

from __future__ import annotations

from collections.abc import Sequence

from sorapipe.providers import objects
from sorapipe.providers.answers import (
    REFUSALS,
    Unreadable,
    Word,
    first,
    is_html,
    message_of,
    named_task,
    parse,
    percent,
    retry_after,
    short_word,
    state_word,
    usable_task,
    whole_number,
)
from sorapipe.providers.base import (
    Accepted,
    CreateAnswer,
    Failed,
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
from sorapipe.providers.objects import IDS, Object

PAGE = 100
"""Tasks that a page of a list is asked for."""
MOST_LISTED = 1000

_NOT_THERE = ("not_exist", "not exist", "not_found", "not found", "notfound", "unknown task", "no such")
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
        whole = objects.opened(reply.body)
    except Unreadable as error:
        return Unknown(f"HTTP {reply.status} with {error}")
    if _is_2xx(reply.status):
        return _accepted(reply, whole, character=character)
    return _refused(reply, whole)


def _accepted(reply: Reply, whole: Object, *, character: bool) -> CreateAnswer:
    job = objects.job_of(whole)
    task = usable_task(first(job, IDS))
    if task is None:
        return Unknown(
            f"HTTP {reply.status}, and the answer names no usable id: {objects.message(whole) or 'nothing else'}"
        )
    if objects.is_error(whole) and not objects.is_job(job):
        # It may be the id of the question, and no job's.
        return Unknown(
            f"HTTP {reply.status} with an error, and yet the answer names `{task}`: {objects.message(whole)}"
        )
    return Accepted(task, objects.made_at_once(job) if character else None)


def _refused(reply: Reply, whole: Object) -> CreateAnswer:
    message, code = objects.message(whole), objects.code_of(whole)
    said = message or "no words"
    task = objects.any_id(whole) or named_task(whole)
    if task is not None:
        return Unknown(f"HTTP {reply.status}, and yet the answer names `{task}`: {said}")
    number = whole_number(code)
    status = number if number is not None and 0 <= number < 600 else reply.status  # noqa: PLR2004
    if reply.status not in REFUSALS or status not in REFUSALS or not objects.is_error(whole):
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


# Queries.


def read_query(reply: Reply, *, character: bool = False) -> PollAnswer:
    """What the reply to a query means; anything that says nothing is a missed poll, never a failed shot.

    A `character` is finished when it has a handle. A provider that does not know it may still be making it: whoever
    asks knows how long that can be believed.
    """
    working = character and reply.status == 202  # noqa: PLR2004
    try:
        whole = objects.opened(reply.body)
    except Unreadable as error:
        return Running() if working else _read_unreadable(reply, str(error))
    job = objects.job_of(whole)
    state = objects.state_of(job)
    # The body first: a failed job can come with any status.
    if state is not None and _has_failed(reply, job, state):
        return _failed(job, state)
    if not _is_2xx(reply.status):
        return Running() if working else _read_error(reply, whole)
    if character:
        return _read_character(reply, whole, job, state)
    return _read_error(reply, whole) if state is None or objects.says_error(job, state) else _read_state(job, state)


def _has_failed(reply: Reply, job: Object, state: str) -> bool:
    """Whether an answer is about a job that failed, and not about a question that did."""
    if state_word(state) not in {Word.FAILED, Word.EXPIRED} or objects.says_error(job, state):
        return False
    return _is_2xx(reply.status) or objects.names_job(job)


def _read_unreadable(reply: Reply, instead: str) -> PollAnswer:
    message = f"HTTP {reply.status} with {instead}"
    if reply.status == 404 and not is_html(reply.body):  # noqa: PLR2004
        return NotThere(message)
    return Missed(message, retry_after(reply.headers), reply.status in {401, 403})


def _read_error(reply: Reply, whole: Object) -> PollAnswer:
    message, code = objects.message(whole), objects.code_of(whole)
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
    made = objects.character_of(job, cast=True) or objects.character_of(whole, cast=True) or objects.made_at_once(job)
    if made is not None:
        return Succeeded(None, made, objects.cost(job), objects.seconds(job))
    if reply.status == 202 and state is None:  # noqa: PLR2004
        return Running()
    if state is None or objects.says_error(job, state):
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
            return Succeeded(objects.clip_url(job), objects.character_of(job), objects.cost(job), objects.seconds(job))
        case Word.FAILED | Word.EXPIRED:
            return _failed(job, state)
        case None:
            return Running(progress=percent(job.get("progress")), unknown_word=state)


def _failed(job: Object, state: str) -> Failed:
    error = job.get("error")
    inside = error if isinstance(error, dict) else {}
    said = message_of({"error": error}) or objects.words_of(first(job, ("fail_reason", "failReason", "failure_reason")))
    code = short_word(first(inside, ("code", "type")))
    if code is None and state_word(state) is Word.EXPIRED:
        code = "expired"
    return Failed(code, said or message_of(job) or f"the task ended as `{state}`", objects.cost(job))


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
        words = objects.message(outer) or "the answer is no list"
        refused = reply.status in {401, 403}
        return Missed(f"{words} (HTTP {reply.status})", retry_after(reply.headers), refused)
    jobs = [item for item in items[:MOST_LISTED] if isinstance(item, dict)]
    ids = [task for task in (usable_task(first(job, IDS)) for job in jobs) if task is not None]
    after = usable_task(outer.get("last_id")) or (ids[-1] if ids else None)
    more = outer.get("has_more", len(items) >= PAGE) is True
    last = items[-1] if 0 < len(items) <= MOST_LISTED and isinstance(items[-1], dict) else {}
    goes_on = after is not None and after == usable_task(first(last, IDS))
    return ListPage(_answers(jobs), _tokens(jobs), after if more else None, _runs(items[:MOST_LISTED], goes_on))


def _answers(jobs: Sequence[Object]) -> dict[str, PollAnswer]:
    found: dict[str, PollAnswer] = {}
    for job in jobs:
        task, state = usable_task(first(job, IDS)), objects.state_of(job)
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
        task = usable_task(first(job, IDS)) or ""
        found = dict.fromkeys(objects.tokens(job.get("metadata")), task) | found
    return found


def _runs(items: Sequence[object], goes_on: bool) -> tuple[frozenset[str], ...]:
    """The tokens that stand side by side; `goes_on`: the next page begins right behind the last of these."""
    runs: list[set[str]] = [set()]
    for item in items:
        tokens = objects.tokens(item.get("metadata")) if isinstance(item, dict) else ()
        if not tokens:
            runs.append(set())
        runs[-1].update(tokens)
    return tuple(map(frozenset, runs if goes_on else [*runs, set()]))


def _is_2xx(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004
