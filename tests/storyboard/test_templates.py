"""What templates can do, what they are refused, and that both ways of rendering agree."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sorapipe.storyboard import templates
from sorapipe.storyboard.filters import MAX_OUTPUT, TemplateRefused, UnknownName
from sorapipe.storyboard.rendering import compile_quick, compile_template, is_template

CONTEXT = {
    "vars": {"tone": "wind", "copy": "Hear.", "items": "nets", "empty": "", "words": ["a", "b"], "deep": {"x": "y"}},
    "matrix": {"lens": "wide", "weather": "fog"},
    "characters": {"keeper": {"name": "Old Tom", "description": "an old man"}},
    "shot": {"seconds": 10, "size": "1280x720"},
    "who": "@keeper",
}


def shown(text: str) -> str:
    return compile_template(text).render(CONTEXT)


def refused(text: str) -> TemplateRefused:
    with pytest.raises(TemplateRefused) as caught:
        shown(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("Close on {{ who }}, {{ vars.tone }}.", "Close on @keeper, wind."),
        ("{{vars.copy}} {{ vars.items }}", "Hear. nets"),
        ("{{ vars.tone|upper }} {{ vars.tone | title }} {{ vars.deep.x }}", "WIND Wind y"),
        ("{{ characters.keeper.name }}, {{ characters.keeper.description }}", "Old Tom, an old man"),
        ("{{ shot.seconds }} s, {{ shot.size }}", "10 s, 1280x720"),
        ("{{ vars.words|join(' and ') }} {{ vars.words|first }} {{ vars.words|length }}", "a and b a 2"),
        ("{{ vars.nothing|default('calm') }}", "calm"),
        ("{{ 'near' if matrix.lens == 'close' else 'far' }}", "far"),
        ("{% if matrix.lens in ['wide', 'tall'] and not vars.empty %}big{% else %}small{% endif %}", "big"),
        ("{% if shot.seconds > 8 %}long{% endif %}", "long"),
        ("{% for word in vars.words %}<{{ word }}>{% endfor %}", "<a><b>"),
        ("{{ vars['tone'] }} {{ vars.words.1 }}", "wind b"),
        ("{# a note #}{{ vars.tone|replace('w', 'm') }}\n", "mind\n"),
        ("{{ '{#' }}", "{#"),
        ("plain }} text", "plain }} text"),
    ],
)
def test_templates_render(text: str, result: str) -> None:
    assert shown(text) == result


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ 2 * 3 }}", "no arithmetic in templates"),
        ("{{ 'a' * 10**9 }}", "no arithmetic in templates"),
        ("{{ 9**(9**9) }}", "no arithmetic in templates"),
        ("{{ vars.tone % 3 }}", "no arithmetic in templates"),
        ("{{ vars.tone ~ 'x' }}", "no arithmetic in templates"),
        ("{{ -1 }}", "no arithmetic in templates"),
        ("{{ range(10**9) }}", "no calls in templates"),
        ("{{ vars.copy() }}", "no calls in templates"),
        ("{{ 'x'|center(10**9) }}", "unknown filter `center`"),
        ("{% for a in matrix %}x{% endfor %}", "a loop goes over a list in `vars` only"),
        ("{% for a in vars.words %}{% for b in vars.words %}x{% endfor %}{% endfor %}", "no loop inside a loop"),
        ("{% macro m() %}x{% endmacro %}", "no `macro` in templates"),
        ("{% set x = 1 %}", "no `set` in templates"),
        ("{% include 'x' %}", "no `include` in templates"),
        ("{% import 'x' as y %}", "no `import` in templates"),
        ("{% extends 'x' %}", "templates can't extend templates"),
        ("{{ ''.__class__ }}", "no `__class__` in templates"),
        ("{{ vars.__class__ }}", "no `__class__` in templates"),
        ("{{ 'x'.upper }}", "a plain value has no `upper`"),
        ("{{ self }}", "`self` is not known in templates"),
        ("{{ vars.tone is defined }}", "no tests in templates"),
        ("{{ vars.tone[0:9] }}", "no slices in templates"),
        ("{{ vars[matrix.lens] }}", "a key in brackets must be a plain word"),
        ("{{ vars.words }}", "a list can't be printed"),
        ("{{ vars.deep }}", "a mapping can't be printed"),
        ("{{ vars.tone == 'x' }}", "a yes or no can't be printed"),
        ("{% if matrix.lens == 3 %}x{% endif %}", "a text is compared with a number"),
        ("{% if shot.seconds == '10' %}x{% endif %}", "`shot.seconds` is a number"),
        ("{% if who > 3 %}x{% endif %}", "these can't be compared or filtered so"),
        ("{{ vars.tone|replace }}", "these can't be compared or filtered so"),
        ("{% debug %}", "no `debug` in templates"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "this template is too deep or too large"),
        ("{{ who" + "|upper" * 500 + " }}x{% if 1 %}{% endif %}", "this template is too deep"),
        ("{{ " + "9" * 6000 + " }}", "this template is too deep or too large"),
    ],
)
def test_what_templates_are_refused(text: str, message: str) -> None:
    started = time.perf_counter()
    assert refused(text).message.startswith(message)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    ("text", "path", "known"),
    [
        ("{{ vars.tune }}", ("vars", "tune"), "tone"),
        ("{{ vars.a|default('x') }}{{ vars.b|upper|replace('a','b') }}", ("vars", "b"), None),
        ("{{ vars.tone.upper }}", ("vars", "tone", "upper"), None),
        ("{{ whom }}", ("whom",), "who"),
        ("a\n{% if vars.tune == 'x' %}b{% endif %}", ("vars", "tune"), "tone"),
        ("{{ characters.kepeer.name }}", ("characters", "kepeer"), "keeper"),
    ],
)
def test_unknown_names_say_which_and_what_there_is(text: str, path: tuple[str, ...], known: str | None) -> None:
    error = refused(text)
    assert isinstance(error, UnknownName)
    assert error.path == path
    assert known is None or known in error.known
    assert text[error.offset : error.offset + error.length] == path[-1]


def test_the_place_of_a_mistake_is_its_line() -> None:
    text = "first {{ who }}\nsecond\nthird {{ who | }} x\n"
    assert text[: refused(text).offset].count("\n") == 2
    text = "first {{ who }}\nsecond {{ 1 + 1 }}"
    assert text[refused(text).offset :].startswith("+ 1 }}")


def test_a_dash_in_a_name_is_explained() -> None:
    error = refused("{{ 2 }} {{ vars.my-word }}")
    assert error.hint == "write `_`, also where it is defined"
    assert error.offset == len("{{ 2 }} {{ vars.")


def test_output_is_bounded() -> None:
    big = {"vars": {"text": "ab" * 40_000, "list": ["x" * 1000] * 200}, "who": "x"}
    for text in (
        "{{ vars.text }}{{ vars.text }}",
        "{{ vars.text|replace('a', vars.text) }}",
        "{{ vars.list|join(vars.text) }}",
        "{% for item in vars.list %}{{ item }}{% endfor %}",
    ):
        with pytest.raises(TemplateRefused, match=f"more than {MAX_OUTPUT:,} characters"):
            compile_template(text).render(big)


def test_only_text_with_marks_is_a_template() -> None:
    assert not is_template("a { b } }} %} c")
    assert is_template("{{") and is_template("{%") and is_template("{#")


def test_plain_fields_need_no_engine() -> None:
    program = (
        "import sys; from sorapipe.storyboard.rendering import compile_template as c;"
        "c('{{ vars.x|upper }}').render({'vars': {'x': 'a'}}); sys.exit('jinja2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


FIELDS = ["who", "vars.tone", "vars.copy", "vars.items", "matrix.lens", "shot.seconds", "characters.keeper.name"]
FILTERS = ["", "|upper", " | title", "|lower|capitalize", "|trim", "|first", "|length", "|last|upper"]
TEXTS = st.lists(
    st.one_of(
        st.text(alphabet="ab {}%#\n'\"|.é守", max_size=6),
        st.tuples(st.sampled_from(FIELDS), st.sampled_from(FILTERS), st.sampled_from(["", " ", "\n"])).map(
            lambda parts: "{{" + parts[2] + parts[0] + parts[1] + parts[2] + "}}"
        ),
    ),
    max_size=6,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_the_quick_way_and_the_engine_agree(text: str) -> None:
    quick = compile_quick(text)
    if quick is None:
        return
    try:
        expected: str | None = templates.compile_tree(text).render(CONTEXT)
    except TemplateRefused as error:
        with pytest.raises(TemplateRefused) as caught:
            quick.render(CONTEXT)
        assert caught.value.message == error.message
    else:
        assert quick.render(CONTEXT) == expected


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="{}%#|.()[]'\" \nabvarsif1*+-", max_size=40))
def test_nothing_but_a_refusal_ever_comes_out(text: str) -> None:
    with contextlib.suppress(TemplateRefused):
        assert isinstance(shown("{{" + text), str)
