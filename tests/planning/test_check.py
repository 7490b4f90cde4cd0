"""What a provider doesn't take is said at the field, once, with a way out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from build import MODEL, REAL, At, board, character, from_shot, shot

from sorapipe.planning.capabilities import Capabilities, CharacterWay, Source
from sorapipe.planning.check import check
from sorapipe.storyboard.diagnostics import Diagnostic, Diagnostics
from sorapipe.storyboard.model import CharacterSource, FileRef, FileSource, Handle, Shot, UrlSource
from sorapipe.storyboard.source import Asset

DAY = date(2026, 11, 22)


def found(*shots: Shot, at: Capabilities = REAL, done: bool = False, **more: object) -> list[Diagnostic]:
    problems = Diagnostics()
    assets, known = more.pop("assets", None), more.pop("known", ())
    check(board(*shots, **more), at, DAY, lambda _: done, problems, assets, known)  # type: ignore[arg-type]
    return list(problems)


def said(*shots: Shot, **more: object) -> list[str]:
    return [f"{it.severity}: {it.message}" for it in found(*shots, **more)]  # type: ignore[arg-type]


def test_a_good_storyboard_says_nothing() -> None:
    assert found(shot("a", model="sora-2", size="1280x720", seconds=10, style="comic", extra=(("cfg_scale", 1),))) == []


def test_unknown_values_are_named_with_what_is_taken() -> None:
    (model,) = found(shot("a", model="sora2"))
    assert (model.message, model.hint) == (
        "`studio` has no model `sora2`",
        "did you mean `sora-2`? it takes `sora-2`, `sora-2-hd`",
    )
    (seconds,) = found(shot("a", seconds=12))
    assert (seconds.message, seconds.hint) == ("`sora-2` at `studio` takes no seconds `12`", "it takes `10`, `15`")
    assert said(shot("a", size="1x1", style="comics")) == [
        "error: `sora-2` at `studio` takes no size `1x1`",
        "error: `sora-2` at `studio` has no style `comics`",
    ]
    (extra,) = found(shot("a", extra=(("cfg_scal", 1),)))
    assert extra.hint == "did you mean `cfg_scale`? it takes `cfg_scale`"


def test_the_place_is_that_of_the_field() -> None:
    (size,) = found(replace(shot("a", size="1x1"), origin=At(1, {"size": 7})))
    assert size.span is not None and size.span.place.line == 7


def test_one_wrong_default_is_reported_once_with_a_count() -> None:
    assert said(*(shot(f"s{index}", seconds=12) for index in range(1000))) == [
        "error: `sora-2` at `studio` takes no seconds `12` (1000 shots)"
    ]


def test_finished_and_frozen_shots_are_only_warned_about() -> None:
    assert said(shot("a", seconds=12), done=True) == ["warning: `sora-2` at `studio` takes no seconds `12`"]
    assert said(shot("a", seconds=12, frozen=True)) == ["warning: `sora-2` at `studio` takes no seconds `12`"]


def test_fields_that_the_provider_lacks() -> None:
    assert said(shot("a", seed=1, negative_prompt="x")) == [
        "error: `studio` has no `negative_prompt`",
        "error: `studio` has no `seed`",
    ]


def test_the_end_of_a_model_is_a_warning_before_and_an_error_after() -> None:
    ending = replace(REAL, models={"sora-2": replace(MODEL, ends=date(2027, 1, 1))})
    assert said(shot("a"), at=ending) == ["warning: `sora-2` at `studio` ends on 2027-01-01"]
    assert said(shot("a"), at=ending, done=True) == []
    ended = replace(REAL, models={**REAL.models, "sora-2": replace(MODEL, ends=DAY)})
    (once,) = found(shot("a", model=None), shot("b", model=None), at=ended)
    assert once.message.endswith("nothing can be rendered with it (2 shots)")
    (problem,) = found(shot("a"), at=ended)
    assert problem.message == "`sora-2` at `studio` ended on 2026-11-22: nothing can be rendered with it"
    assert problem.hint == "models that are still there: `sora-2-hd`"


def test_characters_need_a_way_or_words() -> None:
    url = UrlSource("https://example.org/a.mp4", None)
    bare = [character("fox", url)]
    assert said(shot("a", mentions=("fox",)), characters=bare) == []
    nowhere = replace(REAL, characters=CharacterWay.NONE)
    (problem,) = found(shot("a", mentions=("fox",)), characters=bare, at=nowhere)
    assert problem.message == "`studio` can't show `@fox`"
    assert said(shot("a", mentions=("fox",)), characters=[character("fox", url, "red")], at=nowhere) == []
    clip = [character("fox", FileSource("fox.mp4", None))]
    assert said(shot("a", mentions=("fox",)), characters=clip) == [
        "error: `studio` makes characters from a url or a finished shot, not from a file"
    ]


@pytest.mark.parametrize(
    ("sources", "source", "message", "hint"),
    [
        (
            {Source.FILE, Source.SHOT}, UrlSource("https://e.org/a.mp4", None),
            "`studio` makes characters from a file or a finished shot, not from a url",
            "put the clip beside the storyboard and name its `file`; or render a shot that shows it and say "
            "`from_shot`; or say what exists there: `handles: {studio: {id: …}}`",
        ),
        (
            {Source.URL}, from_shot("fox", "a").source,
            "`studio` makes characters from a url, not from a finished shot",
            "put the clip on the web and name its `url`; or say what exists there: `handles: {studio: {id: …}}`",
        ),
    ],
)  # fmt: skip
def test_a_source_that_the_provider_can_not_use_is_said_once_at_the_source(
    sources: set[Source], source: CharacterSource, message: str, hint: str
) -> None:
    at = replace(REAL, casting=replace(REAL.casting, sources=frozenset(sources)))
    key = "url" if isinstance(source, UrlSource) else "from_shot"
    cast = [replace(character("fox", source), origin=At(3, {key: 4}))]
    (problem,) = found(shot("a"), shot("b", mentions=("fox",)), shot("c", mentions=("fox",)), characters=cast, at=at)
    assert (problem.message, problem.hint) == (message, hint)
    assert problem.span is not None and problem.span.place.line == 4


def test_sources_of_characters_that_nothing_needs_are_nobodys_business() -> None:
    at = replace(REAL, casting=replace(REAL.casting, sources=frozenset({Source.FILE})))
    cast = [character("fox", UrlSource("https://e.org/a.mp4", (Decimal(1), Decimal(3))))]
    assert found(shot("a"), characters=cast, at=at) == []
    assert found(shot("a", mentions=("fox",)), characters=cast, at=at, done=True) == []
    assert found(shot("a", mentions=("fox",), frozen=True), characters=cast, at=at) == []
    assert found(shot("a", mentions=("fox",)), characters=cast, at=at, known=["fox"]) == []
    assert len(found(shot("a", mentions=("fox",)), characters=cast, at=at)) == 1


def test_timestamps_that_can_not_be_sent_are_a_warning_where_they_stand() -> None:
    here = replace(
        REAL.casting, sources=frozenset(Source), cut=frozenset({Source.FILE}), unstamped=frozenset({Source.URL})
    )
    at = replace(REAL, casting=here)
    source = UrlSource("https://e.org/a.mp4", (Decimal(1), Decimal(3)))
    cast = [replace(character("fox", source), origin=At(3, {"timestamps": 5}))]
    (problem,) = found(shot("a", mentions=("fox",)), characters=cast, at=at)
    assert f"{problem.severity}: {problem.message}" == (
        "warning: `studio` takes a url as it is: these `timestamps` of `@fox` are not sent"
    )
    assert problem.hint == (
        "name a clip that shows nothing else; or put the clip beside the storyboard and name its `file`: "
        "that is cut to them before it goes up"
    )
    assert problem.span is not None and problem.span.place.line == 5
    whole = [character("fox", UrlSource("https://e.org/a.mp4", None))]
    assert found(shot("a", mentions=("fox",)), characters=whole, at=at) == []


def test_a_span_that_is_too_short_for_the_provider() -> None:
    here = replace(REAL.casting, sources=frozenset(Source), cut=frozenset({Source.FILE}), clip_seconds=(2, 4))
    at = replace(REAL, casting=here)
    cast = [character("fox", FileSource("fox.mp4", (Decimal("0.5"), Decimal("1.5"))))]
    (problem,) = found(shot("a", mentions=("fox",)), characters=cast, at=at)
    assert problem.message == "`studio` wants 2 to 4 s that show a character; these are 1 s"
    assert problem.hint == "for example `timestamps: [0.5, 2.5]`"


def test_a_picture_makes_no_character() -> None:
    at = replace(REAL, casting=replace(REAL.casting, sources=frozenset(Source)))
    cast = [character("fox", FileSource("fox.png", None))]
    assets = {"fox.png": Asset("fox.png", "1", 1, "image/png")}
    assert said(shot("a", mentions=("fox",)), characters=cast, at=at, assets=assets) == [
        "error: a character is made from a clip, and `fox.png` is image/png"
    ]


def test_a_handle_of_the_wrong_kind_is_an_error_where_it_stands() -> None:
    at = replace(REAL, casting=replace(REAL.casting, names=frozenset({"username"})))
    cast = [replace(character("fox", None, "red", {"studio": Handle("ch_1")}), origin=At(3, {"handles.studio": 6}))]
    (problem,) = found(shot("a", mentions=("fox",)), characters=cast, at=at)
    assert problem.message == "`studio` knows a character by its `username`, which this handle of `@fox` lacks"
    assert problem.hint == "`studio: {username: …}`"
    assert problem.span is not None and problem.span.place.line == 6
    nowhere = replace(at, characters=CharacterWay.NONE)
    assert found(shot("a", mentions=("fox",)), characters=cast, at=nowhere) == []
    right = [character("fox", None, None, {"studio": Handle(None, "fox.a")})]
    assert found(shot("a", mentions=("fox",)), characters=right, at=at) == []


def test_the_mention_that_is_one_too_many_is_the_place() -> None:
    url = UrlSource("https://example.org/a.mp4", None)
    one = replace(shot("a", mentions=("x", "y", "z")), origin=At(1, {"@x": 11, "@y": 12, "@z": 13}))
    (problem,) = found(one, characters=[character(name, url) for name in "xyz"])
    assert problem.span is not None and problem.span.place.line == 13


def test_a_character_without_words_is_said_at_its_first_mention_for_all() -> None:
    nowhere = replace(REAL, characters=CharacterWay.NONE)
    shots = [
        replace(shot(name, mentions=("fox",)), origin=At(line, {"@fox": line})) for line, name in enumerate("abc", 5)
    ]
    (problem,) = found(*shots, characters=[character("fox", UrlSource("https://e.org", None))], at=nowhere)
    assert problem.message == "`studio` can't show `@fox` (3 shots)"
    assert problem.span is not None and problem.span.place.line == 5


def test_every_field_is_named_at_its_place_once() -> None:
    bare = replace(REAL, fields=frozenset(("prompt", "model", "seconds", "size")), image_types=())
    names = (
        "negative_prompt", "input_reference", "last_frame", "metadata", "style", "seed", "watermark", "private",
        "character_create", "extra.cfg_scale", "extra.steps",
    )  # fmt: skip
    one = shot(
        "a", negative_prompt="x", frame="b", last_frame=FileRef("a.png"), metadata="x", style="nope", seed=1,
        watermark=True, private=True, character_create=True, extra=(("cfg_scale", 1), ("steps", 2)),
    )  # fmt: skip
    one = replace(one, origin=At(1, {name: line for line, name in enumerate(names, 2)}))
    assets = {"a.png": Asset("a.png", "1", 1, "image/jpeg")}
    problems = found(one, shot("b"), at=bare, assets=assets)
    assert sorted(it.span.place.line for it in problems if it.span) == list(range(2, 2 + len(names)))
    assert all(it.hint for it in problems)


def test_a_shot_that_carries_a_character_leaves_none_behind() -> None:
    inline = replace(REAL, characters=CharacterWay.INLINE, fields=REAL.fields | {"character_create"})
    cast = [character("fox", UrlSource("https://e.org/a.mp4", None))]
    one = shot("a", mentions=("fox",), character_create=True)
    assert said(one, characters=cast, at=inline) == [
        "error: `studio` would make a character of `@fox` instead of this shot"
    ]
    assert said(one, characters=cast, at=replace(inline, characters=CharacterWay.TASK)) == []


def test_what_is_switched_off_is_nothing_that_is_asked_for() -> None:
    bare = replace(REAL, fields=frozenset(("prompt", "model", "seconds", "size")))
    assert found(shot("a", watermark=False, private=False, character_create=False), at=bare) == []


def test_a_frame_is_a_picture_too() -> None:
    jpeg = replace(REAL, image_types=("image/jpeg",))
    one = replace(shot("a", frame="b"), origin=At(1, {"continues": 9}))
    (problem,) = found(one, shot("b"), at=jpeg)
    assert problem.message == "`studio` takes no image/png (a frame of a clip)"
    assert problem.span is not None and problem.span.place.line == 9


def test_at_an_unknown_model_the_rest_is_still_looked_at() -> None:
    assert said(shot("a", model="veo", size="1x1", seconds=7, extra=(("steps", 1), ("cfg_scale", 1)))) == [
        "error: `studio` has no model `veo`",
        "error: `studio` takes no size `1x1`",
        "error: `studio` takes no seconds `7`",
        "error: `studio` has no `extra` key `steps`",
    ]


def test_too_many_characters_count_without_props() -> None:
    url = UrlSource("https://example.org/a.mp4", None)
    cast = [character(name, url) for name in "xyz"]
    prop = character("lamp", None, "a lamp")
    assert said(shot("a", mentions=("x", "y", "lamp")), characters=[*cast, prop]) == []
    assert said(shot("a", mentions=("x", "y", "z")), characters=cast) == [
        "error: `studio` takes at most 2 characters in a shot; here are `x`, `y`, `z`"
    ]


def test_a_prompt_is_measured_with_the_words_for_characters() -> None:
    assert said(shot("a", "x" * 200)) == []
    assert said(shot("a", "x" * 201)) == ["error: the prompt has 201 characters and the model takes 200"]
    lamp = character("lamp", None, "y" * 50)
    assert said(shot("a", "x" * 150, mentions=("lamp",)), characters=[lamp]) == [
        "error: the prompt has 208 characters and the model takes 200"
    ]


def test_pictures_of_another_type() -> None:
    assets = {"a.webp": Asset("a.webp", "1", 1, "image/webp")}
    assert said(shot("a", input_reference=FileRef("a.webp")), assets=assets) == [
        "error: `studio` takes no image/webp (`a.webp`)"
    ]
