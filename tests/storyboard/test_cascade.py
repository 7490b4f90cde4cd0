"""Which layer a field is taken from."""

from __future__ import annotations

from boards import board, loaded, prompts, shot
from hypothesis import given, settings
from hypothesis import strategies as st

from sorapipe.storyboard.cascade import MERGED, Fields, Written, lay, lay_all, present
from sorapipe.storyboard.document import Places

LADDER = """
sorapipe: 1
defaults: {model: manifest, vars: {v: manifest}}
templates: {t: {prompt: "{{ vars.v }}"}}
matrix: {lang: {en: {}}}
scenes:
  - id: sc
    defaults: {}
    shots:
      - id: a
        template: t
        matrix: {lens: {wide: {}}}
        cells: [{when: {lens: wide}}]
"""
STEPS = [
    ("defaults: {}\n", "defaults: {model: scene, vars: {v: scene}}\n"),
    ('{prompt: "{{ vars.v }}"}', '{prompt: "{{ vars.v }}", model: template, vars: {v: template}}'),
    ("{en: {}}", "{en: {model: film, vars: {v: film}}}"),
    ("template: t\n", "template: t\n        model: shot\n        vars: {v: shot}\n"),
    ("{wide: {}}", "{wide: {model: axis, vars: {v: axis}}}"),
    ("{lens: wide}}]", "{lens: wide}, model: cell, vars: {v: cell}}]"),
]


def test_each_step_overrules_those_below() -> None:
    text = LADDER
    expected = ["manifest", "scene", "template", "film", "shot", "axis", "cell"]
    for step, word in zip([("", ""), *STEPS], expected, strict=True):
        text = text.replace(*step) if step[0] else text
        result = loaded(text)
        assert result.storyboard is not None
        request = result.storyboard.shots[0].request
        assert request is not None
        assert (request.model, request.prompt) == (word, word)
        line = text.split("\n")[result.storyboard.shots[0].origin.place("model").place.line - 1]
        assert word in line


def test_null_takes_away_what_lies_below() -> None:
    story = board(
        """
        defaults: {look: 35mm, style: comic, extra: {a: 1, b: 2}, use: {in: 1, out: 5}}
        shots:
          - {id: a, prompt: x, look: null, extra: {a: null, c: 3}, use: {out: 3}}
          - {id: b, prompt: y, style: null, extra: null, use: false}
          - {id: c, prompt: z, use: null}
        """
    )
    first, second, third = story.shots
    assert first.request and first.request.prompt == "x" and [key for key, _ in first.request.extra] == ["b", "c"]
    assert (first.use.start, first.use.end) == (1, 3)
    assert second.request and second.request.style is None and second.request.extra == ()
    assert not second.use.in_film and third.use.start is None and third.use.in_film


def test_vars_merge_by_key_at_each_level() -> None:
    story = board(
        """
        vars: {a: top, b: top, c: top}
        scenes:
          - id: one
            vars: {b: scene}
            shots: [{id: x, prompt: "{{ vars.a }} {{ vars.b }} {{ vars.c }}", vars: {c: shot}}]
          - id: two
            shots: [{id: y, prompt: "{{ vars.a }} {{ vars.b }} {{ vars.c }}"}]
        """
    )
    assert prompts(story) == {"x": "top scene shot", "y": "top top top"}
    assert [(scene.id, [str(one) for one in scene.shots]) for scene in story.scenes] == [("one", ["x"]), ("two", ["y"])]
    assert shot(story, "x").scene == "one"


VALUES = st.one_of(
    st.none(), st.sampled_from(["1", "2"]), st.dictionaries(st.sampled_from("xyz"), st.sampled_from(["p", None]))
)
LAYER = st.dictionaries(st.sampled_from([*MERGED, "model", "look"]), VALUES, max_size=4)


@settings(max_examples=200)
@given(st.lists(LAYER, min_size=1, max_size=5))
def test_the_highest_layer_with_a_key_decides(layers: list[Fields]) -> None:
    fields = lay_all(layers)
    for key, value in fields.items():
        top = next(layer[key] for layer in reversed(layers) if key in layer)
        if key not in MERGED or not isinstance(top, dict):
            assert value == top
        else:
            assert isinstance(value, dict) and value | top == value
    assert set(fields) == set().union(*layers)
    assert None not in present(fields).values()


@settings(max_examples=100)
@given(LAYER, LAYER, LAYER)
def test_layers_may_be_laid_ahead(low: Fields, middle: Fields, high: Fields) -> None:
    assert lay_all([low, middle, high]) == lay(lay_all([low, middle]), high) == lay_all([high], lay(low, middle))


@settings(max_examples=100)
@given(st.lists(LAYER, min_size=1, max_size=4))
def test_the_place_is_that_of_the_layer_that_decided(layers: list[Fields]) -> None:
    places = Places()
    from sorapipe.storyboard.source import Source

    file = places.open(Source("b", "b", "x" * 100))
    for number, layer in enumerate(layers):
        for container in (layer, *(value for value in layer.values() if isinstance(value, dict))):
            places.add(container, file, number, [number] * (2 * len(container)))
    origin = Written(places, layers[-1], layers)
    for key in lay_all(layers):
        highest = max(number for number, layer in enumerate(layers) if key in layer)
        assert origin.place(key).place.column == highest + 1
