"""What a bare object says of a job: its id, state, error, clip, character, cost; decides nothing by it.

Gateways wrap, rename and nest at will: everything here looks in all the places where it has been seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from sorapipe.providers.answers import (
    Unreadable,
    amount,
    clean,
    first,
    first_url,
    message_of,
    parse,
    short_word,
    unwrapped,
    usable_task,
    working_time,
)
from sorapipe.providers.base import MadeCharacter

Object = Mapping[str, object]

IDS = ("id", "task_id", "taskId", "video_id")
_URLS = ("video_url", "videoUrl", "url", "download_url", "result_url", "resultUrls", "video_urls", "output_url")
_INSIDE = ("metadata", "data", "result", "resultJson", "output", "outputs", "video", "videos", "content", "generations")
_FINE = frozenset({"success", "ok", "0", "200"})
"""Codes that say that all went well."""
_TOKEN = re.compile(r"sp1:([a-z2-7]{20})(?![a-z2-7])")


def opened(body: bytes) -> Object:
    whole = parse(body)
    if not isinstance(whole, dict):
        raise Unreadable("an answer that is not a JSON object")
    return whole


def job_of(whole: Object) -> Object:
    """The object that has the state: the whole answer, or what a gateway has wrapped."""
    inside = whole.get("data")
    return inside if isinstance(inside, dict) and is_job(inside) and not is_job(whole) else whole


def state_of(job: Object) -> str | None:
    told = first(job, ("status", "state", "task_status"))
    return short_word(told) if isinstance(told, str) else None


def is_job(whole: Object) -> bool:
    """Whether an object is about a job: then it has a state, or calls itself a video."""
    return state_of(whole) is not None or whole.get("object") == "video"


def names_job(job: Object) -> bool:
    return usable_task(first(job, IDS)) is not None or job.get("object") == "video"


def says_error(job: Object, state: str) -> bool:
    """Whether a state is the `error` of an answer that names no job: that is how some servers begin any refusal."""
    return state.lower() in {"error", "fail", "failure"} and not names_job(job)


def is_error(whole: Object) -> bool:
    """Whether an object has the shape of one of the three errors, and says something."""
    if _words_of_error(whole) is not None:
        return True
    code = code_of(whole)
    if code is None or code.lower() in _FINE:
        return False
    return message_of(whole) is not None and not whole.get("data")


def message(whole: Object) -> str | None:
    """The words of an error; `message` counts only where it stands beside a code."""
    return _words_of_error(whole) or (message_of(whole) if code_of(whole) is not None else None)


def _words_of_error(whole: Object) -> str | None:
    """What `error` or `detail` says; these can be there and empty."""
    told = message_of({"error": whole.get("error"), "detail": whole.get("detail")})
    inside = first(whole, ("error", "detail"))
    if told is None and isinstance(inside, dict):
        told = short_word(first(inside, ("code", "type")))
    return told or ("an error without words" if isinstance(inside, list) else None)


def code_of(whole: Object) -> str | None:
    error = whole.get("error")
    values = error if isinstance(error, dict) else whole
    return short_word(first(values, ("code",))) or (short_word(error.get("type")) if isinstance(error, dict) else None)


def any_id(whole: Object) -> str | None:
    """An id of a job anywhere on the outer two floors of an answer, `data` as bare text included."""
    data = whole.get("data")
    inside = data[0] if isinstance(data, list) and data else data
    inner = first(inside, IDS) if isinstance(inside, dict) else inside
    return usable_task(first(whole, IDS)) or usable_task(inner)


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


def made_at_once(whole: Object) -> MadeCharacter | None:
    """The character in an answer that does not name a job for it: a handle, or just a name (OpenAI's way)."""
    if _name(whole.get("username")) is not None:
        return character_of(whole, cast=True)
    if is_job(whole) or _spoken(whole.get("name")) is None:
        return None
    return MadeCharacter(usable_task(whole.get("id")), _spoken(whole.get("name")))


def character_of(job: Object, *, cast: bool = False) -> MadeCharacter | None:
    """The character that a job made. `cast` says that it is there to make one: then `characters` are not those that it
    only shows, and what came back as `metadata` is not an order's."""
    places = ("character", "data", "result", "output", *(("metadata", "characters") if cast else ()))
    for name in (None, *places):
        values = job if name is None else job.get(name)
        values = values[0] if isinstance(values, list) and values and name == "characters" else values
        if isinstance(values, dict):
            handle = _name(values.get("username"))
            made = MadeCharacter(_character_id(values, handle, whole=name in {"character", "characters"}), handle)
            if made.id or made.username:
                return made
    return None


def _character_id(values: Object, handle: str | None, *, whole: bool) -> str | None:
    """The id of a character; a bare `id` is one in an object that is the character, or has its handle and no state."""
    told = first(values, ("character_id", "characterId"))
    if told is None and (whole or (handle is not None and not is_job(values))):
        told = values.get("id")
    return usable_task(told)


def _name(value: object) -> str | None:
    """A handle that can be sent again as it is: one short word."""
    name = _spoken(value.removeprefix("@") if isinstance(value, str) else None)
    return None if name is None or any(map(str.isspace, name)) else name


def _spoken(value: object) -> str | None:
    """A name that can stand in a prompt: one short line."""
    text = words_of(value)
    return text if text is not None and len(text) <= 200 and text.isprintable() else None  # noqa: PLR2004


def seconds(job: Object) -> float | None:
    begun = first(job, ("started_at", "created_at", "createTime", "submit_time"))
    return working_time(begun, first(job, ("completed_at", "finished_at", "completeTime", "finish_time")))


def cost(job: Object) -> Decimal | None:
    names = ("cost", "credits_consumed", "creditsConsumed", "credits_used", "consumed_credits")
    usage = job.get("usage")
    told = amount(first(job, names))
    return amount(first(usage, (*names, "credits"))) if told is None and isinstance(usage, dict) else told


def tokens(metadata: object) -> tuple[str, ...]:
    """The client tokens in what a provider gives back of an order's `metadata`: text, or an object with texts.

    Of each text the last one counts: ours stands at the end, and what stands before it a storyboard may have written.
    """
    values = metadata.values() if isinstance(metadata, dict) else (metadata,)
    found = (_TOKEN.findall(value) for value in values if isinstance(value, str))
    return tuple(each[-1] for each in found if each)


def words_of(value: object) -> str | None:
    return (clean(value) or None) if isinstance(value, str) else None
