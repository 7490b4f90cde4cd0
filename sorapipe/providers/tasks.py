"""The dialect `tasks`: orders to JSON under `input`, replies to answers; pure, sends nothing and keeps nothing."""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal
from urllib.parse import quote

from sorapipe.planning.capabilities import Casting, CharacterWay, Source
from sorapipe.providers import enveloped
from sorapipe.providers.base import CreateAnswer, Media, Missed, Order, PollAnswer, Refusal, Refused
from sorapipe.providers.dialect import Call, Json, ListPage, Reply, Uploaded
from sorapipe.providers.inputs import extra, told
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
    body: dict[str, Json] = {"model": _wire_model(order, profile)}
    if order.callback_url is not None:
        body["callBackUrl"] = order.callback_url
    body["input"] = {**extra(order), **_input(order, profile.capabilities.fields)}
    return Call("POST", "/api/v1/tasks/create", json=body)


def _wire_model(order: Order, profile: Profile) -> str:
    if order.character_name is None:
        return profile.wire_name(order.model, "text" if order.input_reference is None else "image")
    own = profile.own_name(order.model, "character_task") if order.character_from_task is not None else None
    return own or profile.wire_name(order.model, "character")


def _input(order: Order, fields: frozenset[str]) -> dict[str, Json]:
    """The parameters under their own names. `seconds` is a string and never left out: a missing one was billed as one
    length and rendered as another."""
    return told(
        {
            "prompt": order.prompt,
            "seconds": str(order.seconds),
            "size": order.size,
            "metadata": order.metadata if "metadata" in fields else None,
            "watermark": order.watermark if "watermark" in fields else None,
            "private": order.private if "private" in fields else None,
            "input_reference": _picture(order.input_reference),
            "last_frame": _picture(order.last_frame),
            "style": order.style,
            "seed": order.seed,
            "negative_prompt": order.negative_prompt,
            "character_id_list": list(order.character_ids) or None,
            "character_url": order.character_url,
            "character_timestamps": order.character_timestamps,
            "character_from_task": order.character_from_task,
            "character_create": order.character_create or None,
        }
    )


def _picture(media: Media | None) -> str | None:
    if media is None or media.url is not None:
        return None if media is None else media.url
    return f"data:{media.media_type};base64,{b64encode(media.data).decode('ascii')}"


def read_create(reply: Reply, *, character: bool = False) -> CreateAnswer:
    """Accepted, refused for certain, or unknown."""
    return enveloped.read_create(reply)


def query_request(task: str, profile: Profile, *, character: bool = False) -> Call:
    """The call that asks how a task is."""
    return Call("GET", f"/api/v1/tasks/query/{quote(task, safe='')}")


def read_query(reply: Reply, *, character: bool = False) -> PollAnswer:
    """What the reply to a query means."""
    return enveloped.read_query(reply, character=character)


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
