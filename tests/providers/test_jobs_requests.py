"""What goes over the wire in the dialect `jobs`: whole bodies, as the market's pages have them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from providers.provider_data import CAPABILITIES, order, profile

from sorapipe.providers import jobs
from sorapipe.providers.base import Media
from sorapipe.providers.dialect import Json
from sorapipe.providers.profile import Pictures, Profile

STAIRS = Media("Stairs.PNG", "image/png", b"\x89PNG", "https://files.example.org/stairs.png")
GATE = Media("gate.png", "image/png", b"\x89PNG gate", "https://files.example.org/gate.png")
KEEPER = Media("keeper.mp4", "video/mp4", b"clip", "https://files.example.org/keeper.mp4")

WIRE = {
    "sora-2": {"text": "sora-2-text-to-video", "image": "sora-2-image-to-video"},
    "sora-2-pro": {
        "text": "sora-2-pro-text-to-video",
        "image": "sora-2-pro-image-to-video",
        "character": "sora-2-characters-v2",
        "character_task": "sora-2-characters-pro-v2",
    },
}
SIZES = {"sora-2-pro": {"720x1280": "standard", "1280x720": "standard", "1024x1792": "high", "1792x1024": "high"}}


def market(*fields: str, **changes: object) -> Profile:
    """A provider that takes these fields besides those that every one of the dialect takes."""
    capabilities = replace(CAPABILITIES, fields=jobs.FIELDS | set(fields))
    settings = {"capabilities": capabilities, "wire": WIRE, "wire_sizes": SIZES, "pictures": Pictures.UPLOAD}
    return profile(**{"dialect": "jobs", **settings, **changes})


PLAIN: dict[str, Json] = {
    "prompt": "A gull hangs in the wind.",
    "aspect_ratio": "landscape",
    "n_frames": "10",
    "remove_watermark": True,
}
ALL = ("private", "metadata", "style", "character_create", "negative_prompt", "seed", "last_frame", "extra")

# What is ordered, which fields the provider takes besides, the wire's model, and what differs from a plain `input`.
SHOTS: dict[str, tuple[dict[str, object], tuple[str, ...], str, dict[str, Json]]] = {
    "a plain shot says everything that has a default": ({}, (), "sora-2-text-to-video", {}),
    "portrait": ({"size": "720x1280"}, (), "sora-2-text-to-video", {"aspect_ratio": "portrait"}),
    "frames are seconds in a string": ({"seconds": 25}, (), "sora-2-text-to-video", {"n_frames": "25"}),
    "a watermark that is wanted": ({"watermark": True}, (), "sora-2-text-to-video", {"remove_watermark": False}),
    "a picture is an address, and makes it another model": (
        {"input_reference": STAIRS},
        (),
        "sora-2-image-to-video",
        {"image_urls": ["https://files.example.org/stairs.png"]},
    ),
    "a pro model has sizes by name": (
        {"model": "sora-2-pro", "size": "1024x1792"},
        (),
        "sora-2-pro-text-to-video",
        {"aspect_ratio": "portrait", "size": "high"},
    ),
    "a pro model with a picture": (
        {"model": "sora-2-pro", "input_reference": STAIRS},
        (),
        "sora-2-pro-image-to-video",
        {"size": "standard", "image_urls": ["https://files.example.org/stairs.png"]},
    ),
    "a size that the profile has no word for": (
        {"model": "sora-2-pro", "size": "640x360"},
        (),
        "sora-2-pro-text-to-video",
        {},
    ),
    "a model that the profile has no word for": ({"model": "veo-3.1"}, (), "veo-3.1", {}),
    "characters by id": (
        {"character_ids": ("ch_1", "ch_2", "ch_3", "ch_4", "ch_5")},
        (),
        "sora-2-text-to-video",
        {"character_id_list": ["ch_1", "ch_2", "ch_3", "ch_4", "ch_5"]},
    ),
    "fields that the provider does not take stay at home": (
        {"private": True, "style": "comic", "seed": 7, "negative_prompt": "rain", "extra": (("steps", 30),)},
        (),
        "sora-2-text-to-video",
        {},
    ),
    "what has a default goes out with it": (
        {},
        ("private", "metadata", "character_create"),
        "sora-2-text-to-video",
        {"private": False, "metadata": "sorapipe:abcdefghij234567abcd"},
    ),
    "everything at once": (
        {
            "private": True,
            "style": "comic",
            "seed": 7,
            "negative_prompt": "rain",
            "last_frame": GATE,
            "character_create": True,
            "extra": (("steps", Decimal(30)), ("cfg_scale", Decimal("7.5")), ("fast", True), ("mood", "grey")),
        },
        ALL,
        "sora-2-text-to-video",
        {
            "private": True,
            "metadata": "sorapipe:abcdefghij234567abcd",
            "style": "comic",
            "seed": 7,
            "negative_prompt": "rain",
            "last_frame": "https://files.example.org/gate.png",
            "character_create": True,
            "steps": 30,
            "cfg_scale": 7.5,
            "fast": True,
            "mood": "grey",
        },
    ),
    "an extra never overwrites a parameter": (
        {"extra": (("n_frames", "99"), ("aspect_ratio", "square"))},
        ("extra",),
        "sora-2-text-to-video",
        {},
    ),
}


@pytest.mark.parametrize("name", SHOTS)
def test_a_shot_goes_out_as(name: str) -> None:
    changes, fields, model, differs = SHOTS[name]
    call = jobs.create_request(order(**changes), market(*fields))
    assert (call.method, call.path, call.query, call.form, call.files) == (
        "POST", "/api/v1/jobs/createTask", (), None, ()
    )  # fmt: skip
    assert call.json == {"model": model, "input": {**PLAIN, **differs}}


FOX = {"character_name": "Ember", "prompt": "a red fox with one white ear", "character_create": True}
CHARACTERS: dict[str, tuple[dict[str, object], tuple[str, ...], dict[str, Json]]] = {
    "a clip on the web, whole": (
        {**FOX, "character_url": "https://example.org/fox.mp4", "character_timestamps": "1,3"},
        (),
        {
            "model": "sora-2-characters",
            "input": {
                "character_file_url": ["https://example.org/fox.mp4"],
                "character_prompt": "a red fox with one white ear",
            },
        },
    ),
    "a clip that was uploaded": (
        {**FOX, "character_file": KEEPER},
        ("metadata",),
        {
            "model": "sora-2-characters",
            "input": {
                "character_file_url": ["https://files.example.org/keeper.mp4"],
                "character_prompt": "a red fox with one white ear",
                "metadata": "sorapipe:abcdefghij234567abcd",
            },
        },
    ),
    "a finished shot": (
        {**FOX, "character_from_task": "task_1", "character_timestamps": "1.5,3"},
        (),
        {
            "model": "sora-2-characters-pro",
            "input": {
                "origin_task_id": "task_1",
                "timestamps": "1.5,3",
                "character_user_name": "Ember",
                "character_prompt": "a red fox with one white ear",
            },
        },
    ),
    "a provider with other names, out of a clip": (
        {**FOX, "model": "sora-2-pro", "character_url": "https://example.org/fox.mp4"},
        (),
        {
            "model": "sora-2-characters-v2",
            "input": {
                "character_file_url": ["https://example.org/fox.mp4"],
                "character_prompt": "a red fox with one white ear",
            },
        },
    ),
    "a provider with other names, out of a shot": (
        {**FOX, "model": "sora-2-pro", "character_from_task": "a:b"},
        (),
        {
            "model": "sora-2-characters-pro-v2",
            "input": {
                "origin_task_id": "a:b",
                "character_user_name": "Ember",
                "character_prompt": "a red fox with one white ear",
            },
        },
    ),
}


@pytest.mark.parametrize("name", CHARACTERS)
def test_a_character_is_made_from(name: str) -> None:
    changes, fields, body = CHARACTERS[name]
    assert jobs.create_request(order(**changes), market(*fields)).json == body


def test_a_provider_without_watermarks_is_told_nothing_of_them() -> None:
    house = market(capabilities=replace(CAPABILITIES, fields=jobs.FIELDS - {"watermark"}))
    body = jobs.create_request(order(), house).json
    assert "watermark" not in str(body)


def test_a_callback_stands_beside_the_input() -> None:
    call = jobs.create_request(order(callback_url="https://studio.example/done"), market())
    assert call.json == {
        "model": "sora-2-text-to-video",
        "callBackUrl": "https://studio.example/done",
        "input": PLAIN,
    }


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "prompt": (
        {"prompt": "a" * 10_001},
        "the prompt has 10,001 characters, and the provider takes at most 10,000",
    ),
    "the model's own limit": (
        {"model": "short", "prompt": "a" * 501},
        "the prompt has 501 characters, and the provider takes at most 500",
    ),
    "description": (
        {**FOX, "character_url": "https://example.org/fox.mp4", "prompt": "a" * 5_001},
        "the character's description has 5,001 characters, and the provider takes at most 5,000",
    ),
    "name": (
        {**FOX, "character_from_task": "task_1", "character_name": "e" * 41},
        "the character's name has 41 characters, and the provider takes at most 40",
    ),
    "characters": (
        {"character_ids": tuple("abcdef")},
        "a shot takes at most 5 characters, and this one has 6",
    ),
    "square": (
        {"size": "720x720"},
        "`size: 720x720` is neither portrait nor landscape, and the provider takes no other",
    ),
    "no size": (
        {"size": "large"},
        "`size: large` is neither portrait nor landscape, and the provider takes no other",
    ),
    "picture": ({"input_reference": replace(STAIRS, url=None)}, "`Stairs.PNG` has not been uploaded"),
    "clip": ({**FOX, "character_file": replace(KEEPER, url=None)}, "`keeper.mp4` has not been uploaded"),
    "nothing to make it from": (
        FOX,
        "a character is made from a clip at a URL, a local clip or a finished shot, and there is none",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_nothing_is_cut_short_but_refused(name: str) -> None:
    changes, words = REFUSED[name]
    short = replace(CAPABILITIES.models["sora-2"], name="short", max_prompt=500)
    capabilities = replace(CAPABILITIES, models={**CAPABILITIES.models, "short": short})
    with pytest.raises(ValueError) as caught:
        jobs.create_request(order(**changes), market(capabilities=capabilities))
    assert str(caught.value) == words


def test_what_is_just_within_the_limits_goes_out_whole() -> None:
    longest = order(prompt="é" * 10_000)
    assert jobs.create_request(longest, market()).json["input"]["prompt"] == "é" * 10_000  # type: ignore[index,call-overload]


def test_local_files_go_up_first_each_of_them_once() -> None:
    here = replace(STAIRS, url=None)
    assert jobs.uploads(order(), market()) == ()
    assert jobs.uploads(order(input_reference=here, last_frame=GATE), market()) == (here,)
    assert jobs.uploads(order(input_reference=here, last_frame=here), market()) == (here,)
    clip = replace(KEEPER, url=None)
    assert jobs.uploads(order(**FOX, character_file=clip), market()) == (clip,)


def test_an_upload_is_named_after_its_bytes_and_never_takes_the_place_of_another() -> None:
    call = jobs.upload_request(replace(STAIRS, url=None), market())
    assert (call.method, call.path, call.json) == ("POST", "/api/file-stream-upload", None)
    name = "0f4636c78f65d3639ece5a064b5ae753.png"
    assert call.form == (("uploadPath", "sorapipe"), ("fileName", name))
    ((field, media),) = call.files
    assert (field, media.name, media.media_type, media.data) == ("file", name, "image/png", b"\x89PNG")
    other = jobs.upload_request(replace(STAIRS, data=b"\x89PNG 2"), market())
    assert dict(other.form or ())["fileName"] != name


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("a.tar.gz", ".gz"), ("none", ""), ("x.", ""), ('x."\r\n', ""), ("x.thisistoolong", ""), ("../../x.mp4", ".mp4")],
)
def test_of_a_files_name_only_its_suffix_leaves_the_house(name: str, suffix: str) -> None:
    ((_, media),) = jobs.upload_request(Media(name, "image/png", b""), market()).files
    assert media.name == "e3b0c44298fc1c149afbf4c8996fb924" + suffix


def test_a_job_is_asked_for_by_its_id_whatever_it_holds() -> None:
    call = jobs.query_request("a:b/../c?d#e&f=g", market())
    assert (call.method, call.path, call.query) == (
        "GET", "/api/v1/jobs/recordInfo", (("taskId", "a:b/../c?d#e&f=g"),)
    )  # fmt: skip


def test_the_balance_is_asked_where_the_provider_tells_it() -> None:
    call = jobs.credits_request(market())
    assert call is not None
    assert (call.method, call.path) == ("GET", "/api/v1/chat/credit")
    silent = replace(market().features, credits=False)
    assert jobs.credits_request(market(features=silent)) is None
