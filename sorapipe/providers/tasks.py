"""The dialect `tasks`: orders to JSON under `input`, replies to answers; pure, sends nothing and keeps nothing."""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal
from urllib.parse import quote

from sorapipe.planning.capabilities import Casting, CharacterWay, Source
from sorapipe.providers import enveloped
from sorapipe.providers.base import CreateAnswer, Media, Missed, Order, PollAnswer, Refusal, Refused
from sorapipe.providers.dialect import Call, Json, ListPage, Reply, Uploaded
from sorapipe.providers.profile import Pictures, Profile

FIELDS = frozenset(
    {
        "prompt", "model", "seconds", "size", "input_reference", "watermark", "private", "character_create", "metadata",
        "style",
    }
)  # fmt: skip
OPTIONAL = frozenset({"seed", "negative_prompt", "last_frame", "extra"})
PICTURES = frozenset({Pictures.DATA_URL})
_SOURCES = frozenset({Source.URL, Source.SHOT})
CHARACTERS = {
    CharacterWay.TASK: Casting(5, _SOURCES, names=frozenset({"id", "username"})),
    CharacterWay.INLINE: Casting(1, _SOURCES, names=frozenset({"id", "username"})),
    CharacterWay.NONE: Casting(0),
}
CALLBACKS = True


def uploads(order: Order, profile: Profile) -> tuple[Media, ...]:
    """Nothing: pictures go inside the request."""
    return ()


def upload_request(media: Media, profile: Profile) -> Call:
    """There is no such call."""
    raise ValueError("BUG: this dialect uploads nothing")


def read_upload(reply: Reply) -> Uploaded | Refused:
    """There is no such answer."""
    return Refused(Refusal.REQUEST, "this dialect uploads nothing")


def create_request(order: Order, profile: Profile) -> Call:
    """The call that buys one clip or character."""
    kind = "image" if order.input_reference is not None else "character" if order.character_name is not None else "text"
    body: dict[str, Json] = {"model": profile.wire_name(order.model, kind)}
    if order.callback_url is not None:
        body["callBackUrl"] = order.callback_url
    body["input"] = {**_extra(order), **_input(order, profile.capabilities.fields)}
    return Call("POST", "/api/v1/tasks/create", json=body)


def _input(order: Order, fields: frozenset[str]) -> dict[str, Json]:
    """The parameters under their own names. `seconds` is a string and never left out: see `wire.md`."""
    given: dict[str, Json] = {
        "prompt": order.prompt,
        "seconds": str(order.seconds),
        "size": order.size,
        "metadata": order.metadata if "metadata" in fields else None,
        "watermark": order.watermark if "watermark" in fields else None,
        "private": order.private if "private" in fields else None,
        "input_reference": _data_url(order.input_reference),
        "last_frame": _data_url(order.last_frame),
        "style": order.style,
        "seed": order.seed,
        "negative_prompt": order.negative_prompt,
        "character_id_list": list(order.character_ids) or None,
        "character_url": order.character_url,
        "character_timestamps": order.character_timestamps,
        "character_from_task": order.character_from_task,
        "character_create": order.character_create or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _extra(order: Order) -> dict[str, Json]:
    return {name: _number(value) if isinstance(value, Decimal) else value for name, value in order.extra}


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _data_url(media: Media | None) -> str | None:
    if media is None:
        return None
    return f"data:{media.media_type};base64,{b64encode(media.data).decode('ascii')}"


def read_create(reply: Reply, *, character: bool = False) -> CreateAnswer:
    """Accepted, refused for certain, or unknown."""
    return enveloped.read_create(reply)


def query_request(task: str, profile: Profile, *, character: bool = False) -> Call:
    """The call that asks how a task is."""
    return Call("GET", f"/api/v1/tasks/query/{quote(task, safe='')}")


def read_query(reply: Reply, *, character: bool = False) -> PollAnswer:
    """What the reply to a query means."""
    return enveloped.read_query(reply)


def list_request(profile: Profile, after: str | None = None) -> Call | None:
    """Nobody documents a list."""
    return None


def read_list(reply: Reply) -> ListPage | Missed:
    """There is no such answer."""
    return Missed("this dialect has no list")


def content_path(task: str, profile: Profile) -> str | None:
    """Finished clips have an address of their own, always."""
    return None


def credits_request(profile: Profile) -> Call | None:
    """The call that asks for the balance."""
    return Call("GET", "/api/v1/chat/credit") if profile.features.credits else None


def read_credits(reply: Reply) -> Decimal | None:
    """The balance, `None` when the reply holds none."""
    return enveloped.read_credits(reply)
