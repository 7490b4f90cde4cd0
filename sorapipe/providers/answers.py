"""What all dialects share in reading answers: JSON, envelopes, state words, money, times; knows no dialect's paths."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum, auto

from sorapipe.providers.base import Refusal

MAX_MESSAGE = 1000
SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 600.0
LONGEST_WORK = 7 * 86400.0
MAX_URL = 8192

_TASK = re.compile(r"[A-Za-z0-9._:-]{1,200}")
_TASK_NAMES = ("taskId", "task_id", "videoId", "video_id", "jobId", "job_id")
_SECONDS = re.compile(r"[+-]?\d{1,15}(\.\d{1,9})?")
_PERCENT = re.compile(r"(\d{1,3})(\.\d{1,9})?\s*%?")
_URL = re.compile(r"https?://[\x21-\x5b\x5d-\x7e]+", re.IGNORECASE)
_MILLISECONDS_FROM = 1000


class Word(Enum):
    """What a state word means."""

    QUEUED = auto()
    RUNNING = auto()
    DONE = auto()
    FAILED = auto()
    EXPIRED = auto()


STATES: Mapping[str, Word] = {
    **dict.fromkeys(
        ("waiting", "queuing", "queued", "queueing", "pending", "submitted", "not_start", "not_started", "preparing",
         "created", "starting"),
        Word.QUEUED,
    ),
    **dict.fromkeys(("generating", "processing", "in_progress", "running"), Word.RUNNING),
    **dict.fromkeys(("success", "succeeded", "completed", "complete", "done", "finished"), Word.DONE),
    **dict.fromkeys(("fail", "failed", "failure", "error", "cancelled", "canceled"), Word.FAILED),
    "expired": Word.EXPIRED,
}  # fmt: skip
"""State words of all vendors, in lower case with `_` between parts."""

REFUSALS: Mapping[int, Refusal] = {
    400: Refusal.REQUEST,
    401: Refusal.AUTHENTICATION,
    402: Refusal.CREDITS,
    403: Refusal.AUTHENTICATION,
    404: Refusal.UNAVAILABLE,
    405: Refusal.UNAVAILABLE,
    413: Refusal.REQUEST,
    415: Refusal.REQUEST,
    422: Refusal.REQUEST,
    429: Refusal.RATE,
}
"""The codes that say for certain that a create bought nothing. No other code ever does."""


class Unreadable(Exception):
    """A body that is not the JSON it should be. The text says what it is instead."""


def parse(body: bytes | str) -> object:
    """JSON, with fractions as `Decimal`. Raises `Unreadable` for anything else, however deep or odd it is."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError, InvalidOperation):
        raise Unreadable(_instead(body)) from None


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def _instead(body: bytes | str) -> str:
    if not body.strip():
        return "an empty answer"
    return "a web page" if is_html(body) else "an answer that is not JSON"


def is_html(body: bytes | str) -> bool:
    """Whether a body is markup: what proxies and login pages send in the provider's place."""
    return body[:512].strip()[:1] in (b"<", "<")


def unwrapped(value: object) -> object:
    """A value that may be JSON inside a string: the value itself, `None` where the string is no JSON."""
    if not isinstance(value, str):
        return value
    try:
        return parse(value)
    except Unreadable:
        return None


@dataclass(frozen=True, slots=True)
class Envelope:
    """A JSON object around an answer. `code` is the one inside, `None` where there is none that is a number."""

    code: int | None
    message: str | None
    data: object
    whole: Mapping[str, object]

    @property
    def says_ok(self) -> bool:
        """Whether the code inside is one of success."""
        return self.code is not None and 200 <= self.code < 300  # noqa: PLR2004


def envelope(body: bytes) -> Envelope:
    """Reads `{code, message, data}` and its relatives. Raises `Unreadable` for anything but a JSON object."""
    whole = parse(body)
    if not isinstance(whole, dict):
        raise Unreadable("an answer that is not a JSON object")
    return Envelope(whole_number(whole.get("code")), message_of(whole), _opened(whole.get("data")), whole)


def _opened(data: object) -> object:
    """An object that was sent as text of JSON; everything else as it is."""
    inside = unwrapped(data) if isinstance(data, str) and data.lstrip().startswith("{") else None
    return inside if isinstance(inside, dict) else data


def message_of(whole: Mapping[str, object]) -> str | None:
    """The words of an error, from any of the places where vendors put them."""
    texts = (_words(whole.get(key)) for key in ("message", "msg", "error", "detail", "failMsg", "fail_msg"))
    return next((clean(text) for text in texts if text), None)


def clean(text: str, limit: int = MAX_MESSAGE) -> str:
    """Outside text that can be stored: at most `limit` characters, and no halves of surrogate pairs."""
    return text.strip()[:limit].encode("utf-8", "replace").decode("utf-8")


def _words(value: object) -> str | None:
    match value:
        case str():
            return value.strip() or None
        case {"message": str() as text} | {"msg": str() as text}:
            return text.strip() or None
        case [{"msg": str() as text}, *_]:
            return text.strip() or None
        case _:
            return None


def whole_number(value: object) -> int | None:
    """An integer, also one that is written as a string; `None` for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 10**9 else None
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value.strip()):
        return int(value)
    return None


def usable_task(value: object) -> str | None:
    """A task's id that can be stored and asked for again; `None` where it is not one."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30 else value
    if isinstance(text, str) and _TASK.fullmatch(text) and text.strip("."):
        return text
    return None


def named_task(value: object, floors: int = 3) -> str | None:
    """An id that an answer calls that of a task, wherever it stands: whoever refuses an order names none."""
    inside: Iterable[object] = ()
    if isinstance(value, dict):
        told = next((task for name in _TASK_NAMES if (task := usable_task(value.get(name))) is not None), None)
        for name in ("task", "video", "job"):
            job = value.get(name)
            told = told or usable_task(job.get("id") if isinstance(job, dict) else None)
        if told is not None:
            return told
        inside = value.values()
    elif isinstance(value, list):
        inside = value[:100]
    found = (named_task(one, floors - 1) for one in inside if floors)
    return next((task for task in found if task is not None), None)


def state_word(text: str) -> Word | None:
    """What a state means, in any case; `None` for a word that nobody has documented."""
    return STATES.get(re.sub(r"[\s-]+", "_", text.strip().lower()))


def short_word(value: object) -> str | None:
    """A state or a code as text; `None` for anything but a string that is not empty, or a whole number."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return clean(str(value), 80) or None


def percent(value: object) -> int | None:
    """Progress from 0 to 100, also written as `"45%"`; `None` where it is not told."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    match = _PERCENT.fullmatch(str(value).strip()[:32])
    return min(int(match[1]), 100) if match else None


FINEST = 30
"""Digits behind the point of an amount: `1e-999999` can't be written out."""


def amount(value: object) -> Decimal | None:
    """An amount of money or credits, not negative; `None` where it is not one."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        number = Decimal(str(value).strip()[:64]) if isinstance(value, str) else Decimal(value)
    except InvalidOperation:
        return None
    exponent = number.as_tuple().exponent  # a word where the number is none
    bounded = isinstance(exponent, int) and -exponent <= FINEST and 0 <= number < Decimal(10) ** 15
    return number if bounded else None


def first(values: Mapping[str, object], keys: Iterable[str]) -> object:
    """The first of these keys that says something (not absent, `null` or empty)."""
    return next((values[key] for key in keys if values.get(key) not in (None, "", [], {})), None)


def first_url(value: object) -> str | None:
    """The first URL that could be fetched in a string, an object with `url`, or a list of these."""
    match value:
        case str():
            text = value.strip()
            return text if len(text) <= MAX_URL and _URL.fullmatch(text) else None
        case {"url": inner}:
            return first_url(inner) if isinstance(inner, str) else None
        case list():
            return next((url for url in map(first_url, value[:100]) if url is not None), None)
        case _:
            return None


def working_time(start: object, end: object) -> float | None:
    """Seconds between two times that count s or ms since 1970 (or are ISO dates); `None` where that makes no sense."""
    begun, ended = _moment(start), _moment(end)
    if begun is None or ended is None or not 0 <= ended - begun <= LONGEST_WORK:
        return None
    return round(ended - begun, 3)


def duration(value: object) -> float | None:
    """Seconds of work out of a number that counts s or ms, nobody says which; `None` where that makes no sense.

    1,000 and more are ms: a guess that is too short costs a few polls, one that is too long makes a clip wait for
    hours.
    """
    number = amount(value)
    if not number:
        return None
    seconds = float(number) / (1000 if number >= _MILLISECONDS_FROM else 1)
    return round(seconds, 3) if seconds <= LONGEST_WORK else None


def _moment(value: object) -> float | None:
    number = amount(value)
    if number is not None:
        # Seconds since 1970 reach 10^11 in the year 5138; milliseconds passed it in 1973.
        return float(number) / (1000 if number >= 10**11 else 1) if number > 0 else None
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip()[:64])
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait as the provider asks, between 1 s and 10 min; `None` where it names no time or junk.

    A date is measured from the answer's own `Date`: the clocks of two machines are not compared.
    """
    text = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(text):
        return clamp(float(text))
    until, now = _http_date(text), _http_date(headers.get("date", ""))
    return clamp((until - now).total_seconds()) if until is not None and now is not None else None


def clamp(seconds: float) -> float:
    """A pause that a provider asked for, made sane: 1 s to 10 minutes; what is no number counts as the shortest."""
    if math.isnan(seconds):
        return SHORTEST_PAUSE
    return min(max(seconds, SHORTEST_PAUSE), LONGEST_PAUSE)


def _http_date(text: str) -> datetime | None:
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text[:64])
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
