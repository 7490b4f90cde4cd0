"""Axes, cells, addresses and labels; what references mean between cells; films."""

from __future__ import annotations

import time

import pytest
from boards import board, hints, loaded, problems, prompts, shot
from hypothesis import given, settings
from hypothesis import strategies as st

from sorapipe.storyboard.model import Address, FrameOf

STORM = """
shots:
  - id: storm
    matrix: {weather: [squall, fog], lens: [wide, close]}
    prompt: "A {{ matrix.weather }}, {{ matrix.lens }}."
"""


def test_the_last_axis_is_the_fastest() -> None:
    story = board(STORM)
    assert [one.label for one in story.shots] == [
        "storm/squall/wide",
        "storm/squall/close",
        "storm/fog/wide",
        "storm/fog/close",
    ]
    assert story.shots[2].address.canonical == "storm[lens=wide,weather=fog]"
    assert prompts(story)["storm/fog/close"] == "A fog, close."


def test_cells_are_left_out_added_and_changed() -> None:
    story = board(
        STORM
        + """
    exclude: [{weather: fog, lens: close}]
    include: [{weather: snow, lens: wide, takes: 2}]
    cells: [{when: {lens: wide}, seed: 7}]
"""
    )
    assert [(one.label, one.takes, one.request and one.request.seed) for one in story.shots] == [
        ("storm/squall/wide", 1, 7),
        ("storm/squall/close", 1, None),
        ("storm/fog/wide", 1, 7),
        ("storm/snow/wide", 2, 7),
    ]


def test_numbers_are_words_as_written() -> None:
    story = board("shots: [{id: a, prompt: 'p {{ matrix.n }}', matrix: {n: [1, 007, 2]}}]")
    assert [one.label for one in story.shots] == ["a/1", "a/007", "a/2"]


def test_a_word_in_two_axes_is_named_with_its_axis() -> None:
    text = "shots: [{id: a, prompt: 'p {{ matrix.x }}{{ matrix.y }}', matrix: {x: [on, off], y: [on, dim]}}]"
    assert [one.label for one in board(text).shots] == ["a/x=on/y=on", "a/on/dim", "a/off/on", "a/off/dim"]


def test_a_word_changes_fields_and_vars_of_its_cells() -> None:
    story = board(
        """
        vars: {line: none}
        shots:
          - id: a
            prompt: "{{ vars.line }}"
            seconds: 10
            matrix:
              lang: {en: {vars: {line: Hear.}}, nb: {vars: {line: Hør.}, seconds: 15}}
        """
    )
    assert [(one.request.prompt, one.request.seconds) for one in story.shots if one.request] == [
        ("Hear.", 10),
        ("Hør.", 15),
    ]


SPOTS = """
matrix:
  format: {wide: {size: 1280x720}, tall: {size: 720x1280}}
  lang: {en: {vars: {line: Hear.}}, nb: {vars: {line: Listen.}}}
exclude: [{lang: nb, format: wide}]
cells: [{when: {lang: nb}, takes: 3}]
shots:
  - {id: rain, prompt: Rain., matrix: {lang: null}}
  - {id: sign, prompt: "{{ vars.line }}", matrix: {tone: [warm, cold]}, look: "{{ matrix.tone }}"}
film: {file: "out/{{ matrix.lang }}_{{ matrix.format }}.mp4"}
"""


def test_the_matrix_of_the_manifest_makes_films() -> None:
    story = board(SPOTS)
    assert [film.file for film in story.films] == ["out/en_wide.mp4", "out/en_tall.mp4", "out/nb_tall.mp4"]
    assert [one.label for one in story.shots] == [
        "rain/wide",
        "rain/tall",
        "sign/wide/en/warm",
        "sign/wide/en/cold",
        "sign/tall/en/warm",
        "sign/tall/en/cold",
        "sign/tall/nb/warm",
        "sign/tall/nb/cold",
    ]
    assert [one.takes for one in story.shots] == [1, 1, 1, 1, 1, 1, 3, 3]
    tall = story.films[2]
    assert [str(address) for address in tall.shots] == [
        "rain[format=tall]",
        "sign[format=tall,lang=nb,tone=warm]",
        "sign[format=tall,lang=nb,tone=cold]",
    ]
    assert shot(story, "rain/tall").request.size == "720x1280"  # type: ignore[union-attr]


def test_films_need_files_of_their_own() -> None:
    assert problems(SPOTS.replace("{{ matrix.lang }}_", "")) == ["11: more than one film would be `out/tall.mp4`"]


def test_a_film_may_be_made_of_some_shots() -> None:
    teaser = board("include: [main.yaml]\nfilm: {file: teaser.mp4, shots: [b, a/2]}", main_yaml="""
        shots:
          - {id: a, prompt: "p {{ matrix.n }}", matrix: {n: [1, 2]}}
          - {id: b, prompt: y}
        """)  # fmt: skip
    assert [str(address) for address in teaser.films[0].shots] == ["b", "a[n=2]"]


def test_a_reference_means_the_cell_that_agrees() -> None:
    story = board(
        """
        matrix: {lang: {en: {seed: 1}, nb: {seed: 2}}}
        film: {file: "{{ matrix.lang }}.mp4"}
        shots:
          - {id: rain, prompt: Rain., matrix: {lang: null}}
          - {id: sign, prompt: "Sign {{ matrix.lang }}", continues: rain}
          - {id: end, prompt: End., continues: sign, needs: [rain, sign]}
        """
    )
    request = shot(story, "end/nb").request
    assert request is not None
    assert request.input_reference == FrameOf(Address("sign", (("lang", "nb"),)))
    assert shot(story, "end/nb").needs == (Address("rain"), Address("sign", (("lang", "nb"),)))
    assert shot(story, "sign/en").request.input_reference == FrameOf(Address("rain"))  # type: ignore[union-attr]


def test_a_reference_to_several_cells_lists_them() -> None:
    text = (
        STORM + "  - {id: after, prompt: x, continues: storm}\n  - {id: more, prompt: y, continues: storm/wide/fog}\n"
    )
    assert problems(text) == ["7: `storm` means 4 shots here"]
    assert hints(text) == [
        "name one of them: `storm/squall/wide`, `storm/squall/close`, `storm/fog/wide`, `storm/fog/close`"
    ]


def test_no_cell_that_agrees_is_an_error() -> None:
    text = """
    shots:
      - {id: a, prompt: "p {{ matrix.n }}", matrix: {n: [1, 2]}}
      - {id: b, prompt: "q {{ matrix.n }}", matrix: {n: [2, 3]}, continues: a}
    """
    assert problems(text) == ["5: no cell of `a` agrees with this one"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("shots: [{id: a, prompt: x, matrix: {n: [wide, Wide]}}]", "differs from another one in its capitals only"),
        ("shots: [{id: a, prompt: x, matrix: {n: [wide, wide]}}]", "stands twice"),
        ("shots: [{id: a, prompt: x, matrix: {n: ['16:9', tall]}}]", "16:9"),
        ("shots: [{id: a, prompt: x, matrix: {n: [a, b]}, exclude: [{m: a}]}]", "there is no axis `m` here"),
        ("shots: [{id: a, prompt: x, matrix: {n: [a, b]}, exclude: [{n: c}]}]", "axis `n` has no word `c`"),
        ("shots: [{id: a, prompt: x, matrix: {n: [a, b]}, exclude: [{n: a}, {n: b}]}]", "every cell of `a` is excluded"),  # noqa: E501
        ("shots: [{id: a, prompt: x, matrix: {n: [a, b]}, include: [{n: a}]}]", "this cell is there already"),
        ("shots: [{id: a, prompt: x, matrix: {n: [a], m: [b]}, include: [{n: c}]}]", "this cell says nothing for `m`"),
        ("shots: [{id: a, prompt: x, matrix: {n: [a, b]}, cells: [{when: {n: z}, takes: 2}]}]", "axis `n` has no word `z`"),  # noqa: E501
        ("shots: [{id: a, prompt: x, matrix: {lang: null}}]", "the films have no axis `lang`"),
        ("matrix: {n: [a]}\nshots: [{id: a, prompt: x, matrix: {n: [b]}}]", "axis `n` stands in the films' matrix already"),  # noqa: E501
        ("matrix: {n: [a]}\nshots: [{id: a, prompt: 'x {{ matrix.n }}', matrix: {n: null}}]", "this shot drops axis `n`"),  # noqa: E501
    ],
)  # fmt: skip
def test_mistakes_in_a_matrix(text: str, says: str) -> None:
    found = problems(text)
    assert len(found) == 1 and says in found[0]


def test_an_axis_that_changes_nothing_is_warned_of() -> None:
    text = "matrix: {lang: {en: {vars: {x: a}}, nb: {vars: {x: b}}}}\nfilm: {file: '{{ matrix.lang }}.mp4'}\n"
    text += "shots: [{id: a, prompt: x, matrix: {n: [p, q, r]}, look: '{{ matrix.n }}'}]"
    assert problems(text) == ["4: axis `lang` changes nothing that is sent for `a`: 6 equal requests"]
    assert hints(text) == ["write `matrix: {lang: null}`"]


def test_a_million_shots_are_refused_at_once() -> None:
    words = ", ".join(f"w{number}" for number in range(100))
    started = time.perf_counter()
    for text in (
        f"shots: [{{id: a, prompt: x, matrix: {{a: [{words}], b: [{words}], c: [{words}]}}}}]",
        f"matrix: {{a: [{words}], b: [{words}], c: [{words}]}}\nshots: [{{id: a, prompt: x}}]",
        f"matrix: {{a: [{words}], b: [{words}]}}\nshots: [{{id: a, prompt: x, matrix: {{c: [{words}]}}}}]",
    ):
        result = loaded("sorapipe: 1\n" + text)
        assert result.storyboard is None and result.diagnostics.errors == 1
    assert time.perf_counter() - started < 3


WORDS = st.lists(st.sampled_from(["a", "b", "c", "d1", "E"]), min_size=1, max_size=4, unique_by=str.lower)
AXES = st.dictionaries(st.sampled_from(["lens", "x", "weather", "lang"]), WORDS, min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(AXES, st.data())
def test_expansion_is_the_product_without_what_is_excluded(axes: dict[str, list[str]], data: st.DataObject) -> None:
    rule = {
        axis: data.draw(st.sampled_from(words)) for axis, words in axes.items() if data.draw(st.booleans(), label=axis)
    }
    count = 1
    for words in axes.values():
        count *= len(words)
    left = 0
    if rule:
        left = 1
        for axis, words in axes.items():
            left *= 1 if axis in rule else len(words)
    prompt = " ".join(f"{axis} {{{{ matrix.{axis} }}}}" for axis in axes)
    written = ", ".join(f"{axis}: [{', '.join(words)}]" for axis, words in axes.items())
    excluded = f", exclude: [{{{', '.join(f'{axis}: {word}' for axis, word in rule.items())}}}]" if rule else ""
    result = loaded(f"sorapipe: 1\nshots: [{{id: s, prompt: '{prompt}', matrix: {{{written}}}{excluded}}}]")
    if count == left:
        assert result.storyboard is None
        return
    assert result.storyboard is not None
    shots = result.storyboard.shots
    assert len(shots) == count - left == len({one.address for one in shots}) == len({one.label for one in shots})
    for one in shots:
        assert Address.parse(one.address.canonical) == one.address
        assert not rule or any(dict(one.address.cell)[axis] != word for axis, word in rule.items())


@settings(max_examples=30, deadline=None)
@given(AXES)
def test_the_order_of_axes_changes_no_address_and_no_request(axes: dict[str, list[str]]) -> None:
    prompt = " ".join(f"{axis} {{{{ matrix.{axis} }}}}" for axis in sorted(axes))

    def requests(order: list[str]) -> dict[Address, object]:
        written = ", ".join(f"{axis}: [{', '.join(axes[axis])}]" for axis in order)
        story = board(f"shots: [{{id: s, prompt: '{prompt}', matrix: {{{written}}}}}]")
        return {one.address: one.request for one in story.shots}

    assert requests(list(axes)) == requests(list(reversed(axes)))
