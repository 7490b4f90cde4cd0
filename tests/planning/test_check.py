"""What a provider doesn't take is said at the field, once, with a way out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from build import MODEL, REAL, At, board, character, shot

from sorapipe.planning.capabilities import Capabilities, CharacterWay
from sorapipe.planning.check import check
from sorapipe.storyboard.diagnostics import Diagnostic, Diagnostics
from sorapipe.storyboard.model import FileRef, FileSource, Shot, UrlSource
from sorapipe.storyboard.source import Asset

DAY = date(2026, 11, 22)


def found(*shots: Shot, at: Capabilities = REAL, done: bool = False, **more: object) -> list[Diagnostic]:
    problems = Diagnostics()
    assets = more.pop("assets", None)
    check(board(*shots, **more), at, DAY, lambda _: done, problems, assets)  # type: ignore[arg-type]
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
