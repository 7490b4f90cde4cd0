"""The dialect `videos`: orders to multipart forms under `/v1/videos`; pure, sends nothing and keeps nothing.

It is OpenAI's shape, as gateways and self-hosted servers speak it. What the replies mean is in `bare`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import quote

from sorapipe.planning.capabilities import Casting, CharacterWay, Source
from sorapipe.providers import bare
from sorapipe.providers.base import CreateAnswer, Media, Missed, Order, PollAnswer, Refusal, Refused
from sorapipe.providers.dialect import Call, Json, ListPage, Reply, Uploaded
from sorapipe.providers.profile import Pictures, Profile

FIELDS = frozenset({"prompt", "model", "seconds", "size", "input_reference"})
OPTIONAL = frozenset(
    {
        "watermark", "private", "metadata", "style", "character_create", "negative_prompt", "seed", "last_frame",
        "extra",
    }
)  # fmt: skip
PICTURES = frozenset({Pictures.FILE})
_WEB_OR_SHOT = frozenset({Source.URL, Source.SHOT})
_CUT = frozenset({Source.FILE, Source.SHOT})
_USERNAME = frozenset({"username"})
CHARACTERS = {
    CharacterWay.ENDPOINT: Casting(5, _WEB_OR_SHOT, names=_USERNAME),
    CharacterWay.TASK: Casting(5, _WEB_OR_SHOT, names=_USERNAME),
    CharacterWay.OPENAI: Casting(2, _CUT, cut=_CUT, clip_seconds=(2, 4), names=frozenset({"id"})),
    CharacterWay.INLINE: Casting(1, _WEB_OR_SHOT, names=_USERNAME),
    CharacterWay.NONE: Casting(0),
}
CALLBACKS = False

CHARACTER_MODEL = "sora-2-character"

_VIDEOS = "/v1/videos"
_OPENAI_CHARACTERS = "/v1/videos/characters"
_ENDPOINT_CHARACTERS = "/sora/v1/characters"


def uploads(order: Order, profile: Profile) -> tuple[Media, ...]:
    """Nothing: files are parts of the request."""
    return ()


def upload_request(media: Media, profile: Profile) -> Call:
    """There is no such call."""
    raise ValueError("BUG: this dialect uploads nothing")


def read_upload(reply: Reply) -> Uploaded | Refused:
    """There is no such answer."""
    return Refused(Refusal.REQUEST, "this dialect uploads nothing")


# Creates.


def create_request(order: Order, profile: Profile) -> Call:
    """The call that buys one clip or character. Raises `ValueError` for a character that can't be made here."""
    if order.character_name is not None:
        return _character_request(order, profile)
    given = {**_shot(order, profile), **_character_fields(order), **_characters(order, profile)}
    pictures = (("input_reference", order.input_reference), ("last_frame", order.last_frame))
    files = tuple((name, media) for name, media in pictures if media is not None)
    return Call("POST", _VIDEOS, form=_form({**_extra(order), **given}), files=files)


def _shot(order: Order, profile: Profile) -> dict[str, Json]:
    """The parameters under their own names. `seconds` is never left out: see `wire.md`."""
    fields = profile.capabilities.fields
    return {
        "model": profile.wire_name(order.model, "text" if order.input_reference is None else "image"),
        "prompt": order.prompt,
        "seconds": str(order.seconds),
        "size": profile.wire_size(order.model, order.size) or order.size,
        "watermark": order.watermark if "watermark" in fields else None,
        "private": order.private if "private" in fields else None,
        "metadata": order.metadata if "metadata" in fields else None,
        "style": order.style,
        "seed": order.seed,
        "negative_prompt": order.negative_prompt,
        "character_create": order.character_create or None,
    }


def _character_fields(order: Order) -> dict[str, Json]:
    return {
        "character_url": order.character_url,
        "character_from_task": order.character_from_task,
        "character_timestamps": order.character_timestamps,
    }


def _characters(order: Order, profile: Profile) -> dict[str, Json]:
    """The characters that a shot names by id; where they have handles, the prompt says those and nothing else does."""
    if profile.capabilities.characters is not CharacterWay.OPENAI or not order.character_ids:
        return {}
    return {"characters": json.dumps([{"id": one} for one in order.character_ids], separators=(",", ":"))}


def _extra(order: Order) -> dict[str, Json]:
    return {name: f"{value:f}" if isinstance(value, Decimal) else value for name, value in order.extra}


def _form(values: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    """Every value as text, in the order given; what is not there is left out."""
    return tuple((name, _text(value)) for name, value in values.items() if value is not None)


def _text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _character_request(order: Order, profile: Profile) -> Call:
    way = profile.capabilities.characters
    match way:
        case CharacterWay.ENDPOINT:
            source: dict[str, Json] = {"url": order.character_url, "from_task": order.character_from_task}
            given = {**source, "timestamps": order.character_timestamps}
            return Call("POST", _ENDPOINT_CHARACTERS, json={k: v for k, v in given.items() if v is not None})
        case CharacterWay.TASK:
            model = profile.own_name(order.model, "character") or CHARACTER_MODEL
            metadata = order.metadata if "metadata" in profile.capabilities.fields else None
            return Call("POST", _VIDEOS, form=_form({"model": model, **_character_fields(order), "metadata": metadata}))
        case CharacterWay.OPENAI if order.character_file is not None:
            form = _form({"name": order.character_name})
            return Call("POST", _OPENAI_CHARACTERS, form=form, files=(("video", order.character_file),))
        case CharacterWay.OPENAI:
            raise ValueError("a character is made from a clip here, and the order has none")
        case _:
            raise ValueError(f"no characters are made in the way `{way}`")


def read_create(reply: Reply, *, character: bool = False) -> CreateAnswer:
    """Accepted, refused for certain, or unknown."""
    return bare.read_create(reply, character=character)


# Questions.


def query_request(task: str, profile: Profile, *, character: bool = False) -> Call:
    """The call that asks how a task is."""
    openai = character and profile.capabilities.characters is CharacterWay.OPENAI
    return Call("GET", f"{_OPENAI_CHARACTERS if openai else _VIDEOS}/{quote(task, safe='')}")


def read_query(reply: Reply, *, character: bool = False) -> PollAnswer:
    """What the reply to a query means."""
    return bare.read_query(reply, character=character)


def list_request(profile: Profile, after: str | None = None) -> Call | None:
    """The call that asks for a page of the list, the newest first."""
    page = (("limit", str(bare.PAGE)), ("order", "desc"))
    return Call("GET", _VIDEOS, query=page if after is None else (*page, ("after", after)))


def read_list(reply: Reply) -> ListPage | Missed:
    """What the reply to a list means."""
    return bare.read_list(reply)


def content_path(task: str, profile: Profile) -> str | None:
    """Where the bytes of a finished clip are: a path that wants the key."""
    return f"{_VIDEOS}/{quote(task, safe='')}/content"


def credits_request(profile: Profile) -> Call | None:
    """Nobody here tells a balance."""
    return None


def read_credits(reply: Reply) -> Decimal | None:
    """There is no such answer."""
    return None
