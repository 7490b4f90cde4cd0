"""What the dialect `videos` sends: every parameter under its name and with its type, as the parts of a form."""

from __future__ import annotations

import email.parser
import email.policy
import json
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import httpx
import pytest
from providers.provider_data import CAPABILITIES, PROFILE, order

from sorapipe.planning.capabilities import CharacterWay, Source
from sorapipe.providers import videos
from sorapipe.providers.base import Accepted, MadeCharacter, Media, Order, Refusal, Refused
from sorapipe.providers.client import HttpProvider
from sorapipe.providers.dialect import Call
from sorapipe.providers.key import Key
from sorapipe.providers.profile import Profile

KEY = "canary-key-sk-0123456789"
FOG = Media("fog.png", "image/png", b"\x89PNG\r\n--not-a-boundary")
SEA = Media('s"ea\n.png', "image/png", b"\x89PNG sea")
CLIP = Media("ember.mp4", "video/mp4", b"\0\0\0\x18ftypmp42")
PLAIN = [("model", "sora-2"), ("prompt", "A gull hangs in the wind."), ("seconds", "10"), ("size", "1280x720")]


def house(way: CharacterWay = CharacterWay.NONE, fields: Iterable[str] = (), **changes: object) -> Profile:
    taken = videos.FIELDS | set(fields)
    capabilities = replace(CAPABILITIES, characters=way, fields=taken, casting=videos.CHARACTERS[way])
    return replace(PROFILE, dialect="videos", capabilities=capabilities, **changes)  # type: ignore[arg-type]


class Wire(httpx.BaseTransport):
    """Takes one request apart as a server would."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.parts: list[tuple[str, str | tuple[str | None, str, bytes]]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.request = request
        body = request.read()
        kind = request.headers["content-type"]
        if kind.startswith("multipart/"):
            head = f"Content-Type: {kind}\r\n\r\n".encode()
            message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
            self.parts = [self._part(part) for part in message.iter_parts()]
        return httpx.Response(200, stream=httpx.ByteStream(json.dumps(self.answer).encode()))

    @staticmethod
    def _part(part: object) -> tuple[str, str | tuple[str | None, str, bytes]]:
        assert isinstance(part, email.message.EmailMessage)
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        assert isinstance(name, str)
        assert isinstance(data, bytes)
        if part.get_filename() is None:
            assert part["content-type"] is None, "a plain field has no type of its own"
            return name, data.decode()
        return name, (part.get_filename(), part.get_content_type(), data)


def sent(an_order: Order, profile: Profile, answer: object = None) -> tuple[Wire, object]:
    wire = Wire(answer or {"id": "video_1", "object": "video", "status": "queued"})
    return wire, HttpProvider(profile, Key(KEY), transport=wire).create(an_order)


def test_a_create_is_a_form_even_without_a_file() -> None:
    wire, answer = sent(order(), house())
    assert answer == Accepted("video_1")
    assert (wire.request.method, str(wire.request.url)) == ("POST", "https://api.example.org/v1/videos")
    assert wire.request.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert wire.request.headers["authorization"] == f"Bearer {KEY}"
    assert wire.parts == PLAIN


EVERYTHING = ("watermark", "private", "metadata", "style", "seed", "negative_prompt", "character_create", "last_frame")
MARK = "sorapipe:abcdefghij234567abcd"
FORMS: list[tuple[dict[str, object], tuple[str, ...], list[tuple[str, str]]]] = [
    ({}, ("watermark",), [("watermark", "false")]),
    ({"watermark": True}, ("watermark",), [("watermark", "true")]),
    ({"private": True}, ("private",), [("private", "true")]),
    ({}, ("private",), [("private", "false")]),
    ({}, ("metadata",), [("metadata", MARK)]),
    ({}, (), []),
    ({"style": "comic"}, ("style",), [("style", "comic")]),
    ({"seed": 0}, ("seed",), [("seed", "0")]),
    ({"negative_prompt": "rain"}, ("negative_prompt",), [("negative_prompt", "rain")]),
    ({"character_create": True}, ("character_create",), [("character_create", "true")]),
    ({"character_create": False}, ("character_create",), []),
    (
        {"watermark": True, "style": "news", "seed": 7, "negative_prompt": "x", "character_create": True},
        EVERYTHING,
        [("watermark", "true"), ("private", "false"), ("metadata", MARK), ("style", "news"), ("seed", "7"),
         ("negative_prompt", "x"), ("character_create", "true")],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "fields", "more"), FORMS)
def test_a_field_goes_out_where_the_profile_takes_it(
    asked: dict[str, object], fields: tuple[str, ...], more: list[tuple[str, str]]
) -> None:
    assert sent(order(**asked), house(fields=fields))[0].parts == PLAIN + more


def test_pictures_are_parts_with_their_names_and_types() -> None:
    profile = house(fields=("last_frame",), wire={"sora-2": {"text": "t2v", "image": "i2v"}})
    wire, _ = sent(order(input_reference=FOG, last_frame=SEA), profile)
    assert wire.parts[0] == ("model", "i2v")
    assert wire.parts[4] == ("input_reference", ("fog.png", "image/png", FOG.data))
    assert wire.parts[5][0] == "last_frame"
    assert wire.parts[5][1][1:] == ("image/png", SEA.data)
    assert b"\n.png" not in wire.request.content


def test_a_profile_renames_models_and_sizes() -> None:
    profile = house(wire={"sora-2": {"text": "veo-3.1"}}, wire_sizes={"sora-2": {"1280x720": "landscape"}})
    assert sent(order(), profile)[0].parts == [
        ("model", "veo-3.1"), PLAIN[1], ("seconds", "10"), ("size", "landscape")
    ]  # fmt: skip


def test_extra_fields_are_text_and_can_not_take_the_place_of_others() -> None:
    extra = (("cfg", Decimal("7.50")), ("steps", 30), ("upscale", True), ("model", "free"), ("mode", "fast"))
    assert sent(order(extra=extra), house())[0].parts == [
        ("cfg", "7.50"), ("steps", "30"), ("upscale", "true"), PLAIN[0], ("mode", "fast"), *PLAIN[1:]
    ]  # fmt: skip


def test_text_of_any_script_arrives_as_it_was_written() -> None:
    prompt = 'Tom ruft »Hør!« 灯台 🎬 "quoted"\r\nnew line'
    assert sent(order(prompt=prompt), house())[0].parts[1] == ("prompt", prompt)


def test_text_that_is_no_text_is_refused_before_it_is_sent() -> None:
    wire, answer = sent(order(prompt="\ud800"), house())
    assert isinstance(answer, Refused)
    assert answer.refusal is Refusal.REQUEST
    assert not hasattr(wire, "request")


def test_nothing_is_uploaded_first_and_nobody_is_called_back() -> None:
    assert videos.uploads(order(input_reference=FOG), house()) == ()
    assert not videos.CALLBACKS
    with pytest.raises(ValueError, match="BUG"):
        videos.upload_request(FOG, house())


# Characters.


WEB = {"character_url": "https://clips.example/ember.mp4", "character_timestamps": "1,3.5"}
SHOT = {"character_from_task": "video_9", "character_timestamps": "1,3"}


def ember(**changes: object) -> Order:
    return order(character_name="Ember", character_create=True, prompt="a fox", **changes)


@pytest.mark.parametrize(
    ("source", "body"),
    [
        (WEB, {"url": "https://clips.example/ember.mp4", "timestamps": "1,3.5"}),
        (SHOT, {"from_task": "video_9", "timestamps": "1,3"}),
    ],
)
def test_the_way_endpoint_makes_a_character_within_the_call(source: dict[str, str], body: dict[str, str]) -> None:
    made = {"id": "ch_1", "username": "fox.ember", "permalink": "https://sora.example/x", "profile_picture_url": ""}
    wire, answer = sent(ember(**source), house(CharacterWay.ENDPOINT), made)
    assert str(wire.request.url) == "https://api.example.org/sora/v1/characters"
    assert json.loads(wire.request.content) == body
    assert answer == Accepted("ch_1", MadeCharacter("ch_1", "fox.ember"))


@pytest.mark.parametrize("source", [WEB, SHOT])
def test_the_way_task_makes_a_character_by_a_task_of_its_own(source: dict[str, str]) -> None:
    wire, answer = sent(ember(**source), house(CharacterWay.TASK))
    assert wire.request.url.path == "/v1/videos"
    assert wire.parts == [("model", "sora-2-character"), *source.items()]
    assert answer == Accepted("video_1")


def test_the_model_that_makes_characters_is_the_profiles_and_the_token_goes_with_it() -> None:
    profile = house(CharacterWay.TASK, ["metadata"], wire={"sora-2": {"text": "s", "character": "s-char"}})
    wire, _ = sent(ember(**SHOT), profile)
    assert wire.parts == [("model", "s-char"), *SHOT.items(), ("metadata", MARK)]


def test_the_way_openai_makes_a_character_of_a_clip() -> None:
    made = {"id": "char_1", "created_at": 1766304530, "name": "Ember"}
    wire, answer = sent(ember(character_file=CLIP), house(CharacterWay.OPENAI), made)
    assert str(wire.request.url) == "https://api.example.org/v1/videos/characters"
    assert wire.parts == [("name", "Ember"), ("video", ("ember.mp4", "video/mp4", CLIP.data))]
    assert answer == Accepted("char_1", MadeCharacter("char_1", "Ember"))


def test_a_shot_with_openai_characters_lists_them() -> None:
    wire, _ = sent(order(character_ids=("char_1", "char_2")), house(CharacterWay.OPENAI))
    assert wire.parts == [*PLAIN, ("characters", '[{"id":"char_1"},{"id":"char_2"}]')]
    assert sent(order(), house(CharacterWay.OPENAI))[0].parts == PLAIN


@pytest.mark.parametrize("way", [CharacterWay.ENDPOINT, CharacterWay.TASK, CharacterWay.INLINE])
def test_where_characters_have_handles_the_prompt_alone_names_them(way: CharacterWay) -> None:
    assert sent(order(character_ids=("ch_1",)), house(way))[0].parts == PLAIN


@pytest.mark.parametrize("source", [WEB, SHOT])
def test_the_way_inline_carries_the_character_in_the_shot(source: dict[str, str]) -> None:
    assert sent(order(**source), house(CharacterWay.INLINE))[0].parts == [*PLAIN, *source.items()]


@pytest.mark.parametrize("way", [CharacterWay.INLINE, CharacterWay.NONE, CharacterWay.OPENAI])
def test_a_character_that_can_not_be_made_is_refused_before_it_is_sent(way: CharacterWay) -> None:
    wire, answer = sent(ember(**WEB), house(way))
    assert isinstance(answer, Refused)
    assert answer.refusal is Refusal.REQUEST
    assert "character" in answer.message
    assert not hasattr(wire, "request")


def test_what_the_ways_can_do() -> None:
    assert {way: (cast.most, cast.cut, cast.clip_seconds) for way, cast in videos.CHARACTERS.items()} == {
        CharacterWay.ENDPOINT: (5, frozenset(), None),
        CharacterWay.TASK: (5, frozenset(), None),
        CharacterWay.OPENAI: (2, {Source.FILE, Source.SHOT}, (2, 4)),
        CharacterWay.INLINE: (1, frozenset(), None),
        CharacterWay.NONE: (0, frozenset(), None),
    }


# Questions.


def test_questions() -> None:
    openai = house(CharacterWay.OPENAI)
    assert videos.query_request("a:b/c", house()) == Call("GET", "/v1/videos/a%3Ab%2Fc")
    assert videos.query_request("video_1", house(CharacterWay.TASK), character=True) == Call(
        "GET", "/v1/videos/video_1"
    )
    assert videos.query_request("char_1", openai, character=True) == Call("GET", "/v1/videos/characters/char_1")
    assert videos.query_request("video_1", openai) == Call("GET", "/v1/videos/video_1")
    first = (("limit", "100"), ("order", "desc"))
    assert videos.list_request(house()) == Call("GET", "/v1/videos", query=first)
    assert videos.list_request(house(), "video_1") == Call("GET", "/v1/videos", query=(*first, ("after", "video_1")))
    assert videos.content_path("a:b", house()) == "/v1/videos/a%3Ab/content"
