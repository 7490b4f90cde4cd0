"""Recipes: what is in them, what isn't, and that equal things are written in one way."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from build import board, character, from_shot, shot
from hypothesis import given
from hypothesis import strategies as st

from sorapipe.planning.recipe import canonical, decimal_text, digest, recipes
from sorapipe.storyboard.model import Address, FileRef, FrameOf, Handle, Request, UrlSource, Use
from sorapipe.storyboard.source import Asset

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcæ", max_size=3), inner, max_size=4),
    max_leaves=12,
)


def of(one: object, **more: object) -> dict[str, object]:
    return json.loads(recipes(board(one, **more), {}).shot("a").json)  # type: ignore[arg-type]


@given(VALUES)
def test_canonical_json_is_stable_and_reads_back(value: object) -> None:
    text = canonical(value)
    assert json.loads(text) == value
    assert canonical(json.loads(text)) == text


@given(st.dictionaries(st.text("abcdef", max_size=3), st.integers(), min_size=2, max_size=6))
def test_the_order_of_keys_means_nothing(value: dict[str, int]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-1000, max_value=1000), st.integers(0, 5))
def test_a_decimal_is_written_in_one_way(number: Decimal, zeros: int) -> None:
    longer = Decimal(f"{number:f}" + "0" * zeros)
    assert decimal_text(longer) == decimal_text(number)
    assert Decimal(decimal_text(number)) == number


@pytest.mark.parametrize(
    ("written", "text"),
    [("3.20", "3.2"), ("3.2", "3.2"), ("3.0", "3"), ("0.0", "0"), ("-0", "0"), ("100", "100"), ("1E+2", "100")],
)
def test_decimals_have_no_needless_zeros(written: str, text: str) -> None:
    assert canonical({"at": Decimal(written)}) == canonical({"at": text})


def test_a_recipe_holds_the_request_with_the_defaults_of_the_language() -> None:
    assert of(shot("a", "A gull.", seconds=10, extra=(("cfg", Decimal("3.20")),))) == {
        "v": 1,
        "kind": "shot",
        "prompt": "A gull.",
        "seconds": 10,
        "watermark": False,
        "private": False,
        "character_create": False,
        "extra": {"cfg": "3.2"},
    }


def test_what_is_for_people_and_for_the_film_is_not_in_it() -> None:
    plain = recipes(board(shot("a")), {}).shot("a")
    told = shot("a", title="T", notes="N", tags=("x",), use=Use(False), takes=4, frozen=True, scene="s", needs=("b",))
    assert recipes(board(told, shot("b")), {}).shot("a") == plain


def test_frames_and_shots_of_characters_are_named_by_address() -> None:
    frame = FrameOf(Address("stairs", (("lens", "wide"),)), Decimal("3.20"))
    assert of(shot("a", last_frame=frame))["last_frame"] == {"frame": "stairs[lens=wide]", "at": "3.2"}
    assert of(shot("a", frame="stairs"))["input_reference"] == {"frame": "stairs", "at": "last"}
    gull = recipes(board(shot("a"), characters=[from_shot("gull", "cliff")]), {}).character("gull")
    assert json.loads(gull.json) == {
        "v": 1, "kind": "character", "name": "gull", "from_shot": "cliff", "timestamps": ["1", "3"],
    }  # fmt: skip


def test_a_picture_is_its_bytes_and_not_its_name() -> None:
    assets = {path: Asset(path, sha, 1, "image/png") for path, sha in [("a.png", "1"), ("b.png", "1"), ("c.png", "2")]}
    a, b, c = (
        recipes(board(shot("a", input_reference=FileRef(path))), assets).shot("a")
        for path in ("a.png", "b.png", "c.png")
    )
    assert a == b != c


def test_a_character_counts_by_its_recipe_and_never_by_its_handle() -> None:
    source = UrlSource("https://example.org/a.mp4", None)
    one = character("fox", source, "red")
    digests = [
        recipes(board(shot("a", mentions=("fox",)), characters=[it]), {}).shot("a").digest
        for it in (one, replace(one, handles={"x": Handle("ch_1")}), replace(one, description="grey"))
    ]
    assert digests[0] == digests[1] != digests[2]


def test_every_field_of_a_request_changes_the_recipe() -> None:
    values = {
        "prompt": "x", "model": "m", "seconds": 3, "size": "1x1", "negative_prompt": "n", "watermark": True,
        "input_reference": FrameOf(Address("b")), "last_frame": FrameOf(Address("b")), "private": True,
        "character_create": True, "metadata": "m", "style": "s", "seed": 1, "extra": (("a", 1),), "mentions": ("fox",),
    }  # fmt: skip
    assert values.keys() == Request.__dataclass_fields__.keys()
    plain = shot("a")
    seen = {recipes(board(plain), {}).shot("a").digest}
    for name, value in values.items():
        changed = replace(plain, request=replace(plain.request, **{name: value}))
        seen.add(recipes(board(changed, characters=[character("fox")]), {}).shot("a").digest)
    assert len(seen) == len(values) + 1


def test_the_digest_is_that_of_the_text() -> None:
    all_of_them = recipes(board(shot("a"), characters=[character("fox")]), {})
    assert {digest(text): text for text in all_of_them.by_digest().values()} == all_of_them.by_digest()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
MAYBE = st.none() | TEXTS
PICTURES = st.none() | st.builds(
    FrameOf, st.builds(Address, st.sampled_from("bc")), st.none() | st.just(Decimal("2.50"))
)
REQUESTS = st.builds(
    Request,
    TEXTS,
    model=MAYBE,
    seconds=st.none() | st.integers(1, 60),
    size=MAYBE,
    negative_prompt=MAYBE,
    input_reference=PICTURES,
    last_frame=PICTURES,
    watermark=st.booleans(),
    private=st.booleans(),
    character_create=st.booleans(),
    metadata=MAYBE,
    style=MAYBE,
    seed=st.none() | st.integers(),
    extra=st.lists(st.tuples(TEXTS, TEXTS | st.booleans() | st.integers()), max_size=3).map(tuple),
)


@given(REQUESTS)
def test_a_recipe_is_canonical_whatever_is_asked(request: Request) -> None:
    text = recipes(board(replace(shot("a", "A gull."), request=request)), {}).shot("a").json
    assert canonical(json.loads(text)) == text
    for name in ("prompt", "model", "seconds", "size", "metadata", "style", "seed", "watermark", "negative_prompt"):
        assert json.loads(text).get(name) == getattr(request, name)
