"""What goes over the wire in the dialect `tasks`: each parameter under its name and in its type."""

from __future__ import annotations

from base64 import b64decode
from decimal import Decimal

import pytest
from providers.provider_data import CAPABILITIES, FIELDS, order, profile

from sorapipe.providers import tasks
from sorapipe.providers.base import Media


def sent(**fields: object) -> dict[str, object]:
    call = tasks.create_request(order(**fields), profile())
    assert call.json is not None
    return call.json["input"]  # type: ignore[return-value]


def test_a_plain_order_says_everything_that_has_a_default() -> None:
    call = tasks.create_request(order(), profile())
    assert (call.method, call.path) == ("POST", "/api/v1/tasks/create")
    assert call.json == {
        "model": "sora-2",
        "input": {
            "prompt": "A gull hangs in the wind.",
            "seconds": "10",
            "size": "1280x720",
            "metadata": "sorapipe:abcdefghij234567abcd",
            "watermark": False,
            "private": False,
        },
    }


def test_every_parameter_of_the_reference_page_reaches_the_wire() -> None:
    picture = Media("stairs.png", "image/png", b"\x89PNG")
    body = sent(
        seconds=25,
        input_reference=picture,
        watermark=True,
        private=True,
        style="winter",
        character_ids=("ch_1", "ch_2"),
        character_url="https://example.org/keeper.mp4",
        character_timestamps="1,3",
        character_from_task="task_1",
        character_create=True,
    )
    assert body["seconds"] == "25"
    assert (body["watermark"], body["private"], body["character_create"]) == (True, True, True)
    assert body["style"] == "winter"
    assert body["character_id_list"] == ["ch_1", "ch_2"]
    assert body["character_url"] == "https://example.org/keeper.mp4"
    assert body["character_timestamps"] == "1,3"
    assert body["character_from_task"] == "task_1"
    head, _, data = str(body["input_reference"]).partition(",")
    assert (head, b64decode(data)) == ("data:image/png;base64", b"\x89PNG")


def test_fields_of_other_servers_go_out_under_their_names() -> None:
    body = sent(seed=7, negative_prompt="rain", extra=(("cfg_scale", Decimal("7.5")), ("steps", Decimal("30"))))
    assert (body["seed"], body["negative_prompt"]) == (7, "rain")
    assert (body["cfg_scale"], body["steps"]) == (7.5, 30)


def test_an_extra_never_overwrites_a_parameter() -> None:
    assert sent(extra=(("seconds", "99"),))["seconds"] == "10"


def test_what_the_profile_does_not_take_is_left_out() -> None:
    from dataclasses import replace

    house = profile(capabilities=replace(CAPABILITIES, fields=FIELDS - {"private", "watermark"}))
    call = tasks.create_request(order(), house)
    assert call.json is not None
    assert "private" not in str(call.json)
    assert "watermark" not in str(call.json)


def test_a_model_is_called_what_the_provider_calls_it() -> None:
    house = profile(wire={"sora-2": {"text": "sora-2-text-to-video", "image": "sora-2-image-to-video"}})
    picture = Media("a.png", "image/png", b"")
    assert tasks.create_request(order(), house).json["model"] == "sora-2-text-to-video"  # type: ignore[index]
    assert (
        tasks.create_request(order(input_reference=picture), house).json["model"]  # type: ignore[index]
        == "sora-2-image-to-video"
    )


def test_a_callback_stands_beside_the_input() -> None:
    call = tasks.create_request(order(callback_url="https://studio.example/done"), profile())
    assert call.json is not None
    assert call.json["callBackUrl"] == "https://studio.example/done"


def test_a_task_is_asked_for_by_its_id_whatever_it_holds() -> None:
    assert tasks.query_request("task_1", profile()).path == "/api/v1/tasks/query/task_1"
    assert tasks.query_request("a:b/../c?d#e", profile()).path == "/api/v1/tasks/query/a%3Ab%2F..%2Fc%3Fd%23e"


def test_a_picture_that_has_an_address_goes_out_as_that() -> None:
    there = Media("stairs.png", "image/png", b"\x89PNG", "https://files.example.org/stairs.png")
    assert sent(input_reference=there)["input_reference"] == "https://files.example.org/stairs.png"


CHARACTER_MODELS = [
    ({}, {"character_url": "https://example.org/fox.mp4"}, "sora-2"),
    ({"text": "a"}, {"character_url": "https://example.org/fox.mp4"}, "a"),
    ({"text": "a", "character": "b"}, {"character_url": "https://example.org/fox.mp4"}, "b"),
    ({"text": "a", "character": "b"}, {"character_from_task": "task_1"}, "b"),
    ({"text": "a", "character": "b", "character_task": "c"}, {"character_from_task": "task_1"}, "c"),
    ({"text": "a", "character_task": "c"}, {"character_url": "https://example.org/fox.mp4"}, "a"),
]


@pytest.mark.parametrize(("names", "source", "model"), CHARACTER_MODELS)
def test_characters_are_made_by_the_model_that_the_provider_has_for_it(
    names: dict[str, str], source: dict[str, str], model: str
) -> None:
    ordered = order(character_name="Ember", character_create=True, **source)
    body = tasks.create_request(ordered, profile(wire={"sora-2": names})).json
    assert body is not None
    assert body["model"] == model
    assert {**source, "character_create": True}.items() <= body["input"].items()  # type: ignore[union-attr]
