"""The dialect `jobs`: orders to JSON under `input`, files uploaded first, replies to answers; pure, sends nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256

from sorapipe.planning.capabilities import Casting, CharacterWay, Source
from sorapipe.providers import enveloped
from sorapipe.providers.answers import REFUSALS
from sorapipe.providers.base import CreateAnswer, Media, Missed, Order, PollAnswer, Refusal, Refused
from sorapipe.providers.dialect import Call, Json, ListPage, Reply, Uploaded
from sorapipe.providers.inputs import extra, told
from sorapipe.providers.profile import Pictures, Profile

FIELDS = frozenset({"prompt", "model", "seconds", "size", "input_reference", "watermark"})
OPTIONAL = frozenset(
    {"private", "metadata", "style", "character_create", "negative_prompt", "seed", "last_frame", "extra"}
)
PICTURES = frozenset({Pictures.UPLOAD})
CHARACTERS = {
    CharacterWay.TASK: Casting(
        5,
        frozenset({Source.URL, Source.FILE, Source.SHOT}),
        cut=frozenset({Source.FILE}),
        clip_seconds=(1, 4),
        unstamped=frozenset({Source.URL}),
        names=frozenset({"id"}),
    ),
    CharacterWay.NONE: Casting(0),
}
CALLBACKS = True

MAINTENANCE, SWITCHED_OFF = 455, 505
REFUSED = {**REFUSALS, MAINTENANCE: Refusal.UNAVAILABLE, SWITCHED_OFF: Refusal.REQUEST}
"""Maintenance ends by itself. A feature that is switched off is off for this order, whenever it is sent: the shot fails
with the provider's words, and shots that don't use the feature go on."""

MOST_PROMPT = 10_000
MOST_CHARACTER_PROMPT = 5_000
MOST_USER_NAME = 40
UPLOAD_FOLDER = "sorapipe"

_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}\Z")


def uploads(order: Order, profile: Profile) -> tuple[Media, ...]:
    """The pictures and the clip of an order: they go out as addresses."""
    files = (order.input_reference, order.last_frame, order.character_file)
    return tuple(dict.fromkeys(media for media in files if media is not None and media.url is None))


def upload_request(media: Media, profile: Profile) -> Call:
    """The call that uploads a file.

    It is named after its bytes: a later upload of the same name would take its place, and may come before the
    provider has fetched this one.
    """
    suffix = _SUFFIX.search(media.name.lower())
    name = sha256(media.data).hexdigest()[:32] + (suffix[0] if suffix else "")
    form = (("uploadPath", UPLOAD_FOLDER), ("fileName", name))
    return Call("POST", "/api/file-stream-upload", form=form, files=(("file", replace(media, name=name)),))


def read_upload(reply: Reply) -> Uploaded | Refused:
    """Where the file is now, or why it is nowhere."""
    return enveloped.read_upload(reply, REFUSED)


def create_request(order: Order, profile: Profile) -> Call:
    """The call that buys one clip or character. Raises `ValueError`, with words for a person, for an order that the
    dialect can't express: nothing is cut short."""
    model, values = _shot(order, profile) if order.character_name is None else _character(order, profile)
    body: dict[str, Json] = {"model": model}
    if order.callback_url is not None:
        body["callBackUrl"] = order.callback_url
    body["input"] = values
    return Call("POST", "/api/v1/jobs/createTask", json=body)


def _shot(order: Order, profile: Profile) -> tuple[str, dict[str, Json]]:
    """The wire's model and parameters. Everything that has a default is sent: the server applies none."""
    capabilities = profile.capabilities
    model = capabilities.models.get(order.model)
    picture = _address(order.input_reference)
    values: dict[str, Json] = {
        **_optional(order, capabilities.fields),
        "prompt": _within(order.prompt, (model.max_prompt if model else None) or MOST_PROMPT, "the prompt"),
        "aspect_ratio": _aspect_ratio(order.size),
        "n_frames": str(order.seconds),
        "size": profile.wire_size(order.model, order.size),
        "remove_watermark": not order.watermark if "watermark" in capabilities.fields else None,
        "image_urls": None if picture is None else [picture],
        "character_id_list": _ids(order, capabilities.casting.most),
    }
    own = extra(order) if "extra" in capabilities.fields else {}
    return profile.wire_name(order.model, "text" if picture is None else "image"), {**own, **told(values)}


def _optional(order: Order, fields: frozenset[str]) -> dict[str, Json]:
    """What only some providers take, under the names that it has everywhere."""
    given: dict[str, Json] = {
        "private": order.private,
        "metadata": order.metadata,
        "style": order.style,
        "seed": order.seed,
        "negative_prompt": order.negative_prompt,
        "last_frame": _address(order.last_frame),
        "character_create": order.character_create or None,
    }
    return {name: value for name, value in given.items() if name in fields}


def _ids(order: Order, most: int) -> list[Json] | None:
    """Where the profile has no way to make characters, those that exist already still count against the usual limit."""
    most = most or CHARACTERS[CharacterWay.TASK].most
    if len(order.character_ids) > most:
        raise ValueError(f"a shot takes at most {most} characters, and this one has {len(order.character_ids)}")
    return list(order.character_ids) or None


def _character(order: Order, profile: Profile) -> tuple[str, dict[str, Json]]:
    """A character out of a clip at an address, or out of a finished task."""
    prompt = _within(order.prompt, MOST_CHARACTER_PROMPT, "the character's description")
    metadata = order.metadata if "metadata" in profile.capabilities.fields else None
    if order.character_from_task is not None:
        values: dict[str, Json] = {
            "origin_task_id": order.character_from_task,
            "timestamps": order.character_timestamps,
            "character_user_name": _within(order.character_name or "", MOST_USER_NAME, "the character's name"),
            "character_prompt": prompt,
            "metadata": metadata,
        }
        return profile.own_name(order.model, "character_task") or "sora-2-characters-pro", told(values)
    clip = order.character_url or _address(order.character_file)
    if clip is None:
        raise ValueError("a character is made from a clip at a URL, a local clip or a finished shot, and there is none")
    given: dict[str, Json] = {"character_file_url": [clip], "character_prompt": prompt, "metadata": metadata}
    return profile.own_name(order.model, "character") or "sora-2-characters", told(given)


def _address(media: Media | None) -> str | None:
    if media is not None and media.url is None:
        raise ValueError(f"`{media.name}` has not been uploaded")
    return None if media is None else media.url


def _within(text: str, most: int, what: str) -> str:
    if len(text) > most:
        raise ValueError(f"{what} has {len(text):,} characters, and the provider takes at most {most:,}")
    return text


def _aspect_ratio(size: str) -> str:
    match = _SIZE.fullmatch(size)
    width, height = (int(match[1]), int(match[2])) if match else (0, 0)
    if width == height:
        raise ValueError(f"`size: {size}` is neither portrait nor landscape, and the provider takes no other")
    return "portrait" if width < height else "landscape"


def read_create(reply: Reply, *, character: bool = False) -> CreateAnswer:
    """Accepted, refused for certain, or unknown."""
    return enveloped.read_create(reply, REFUSED)


def query_request(task: str, profile: Profile, *, character: bool = False) -> Call:
    """The call that asks how a job is."""
    return Call("GET", "/api/v1/jobs/recordInfo", query=(("taskId", task),))


def read_query(reply: Reply, *, character: bool = False) -> PollAnswer:
    """What the reply to a query means."""
    return enveloped.read_query(reply, character=character)


def list_request(profile: Profile, after: str | None = None) -> Call | None:
    """There is no list."""
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
