"""A template that can't be read is told in our own words, at the sign that is wrong."""

from __future__ import annotations

import pytest

from sorapipe.storyboard.filters import TemplateRefused
from sorapipe.storyboard.rendering import compile_template
from sorapipe.storyboard.tags import tags


def refused(text: str) -> TemplateRefused:
    with pytest.raises(TemplateRefused) as caught:
        compile_template(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "message", "marked", "hint"),
    [
        ("It is {{ vars.tone. Sun {{ vars.x }}", "this `{{` is never closed", "{{", "close it: `{{ vars.tone }}`"),
        ("{{ vars.tone }", "this `{{` is never closed", "{{", "close it: `{{ vars.tone }}`"),
        ("{% if vars.x }}moon", "this `{%` is never closed", "{%", "close it with `%}`"),
        ("{# note }} x", "this `{#` is never closed", "{#", None),
        ("{% if vars.x %}moon", "this `if` is never closed", "{% if vars.x %}", "write `{% endif %}` where it ends"),
        ("{% for a in vars.b %}x{% endif %}", "this `for` is never closed", "{% for a in vars.b %}", None),
        ("moon{% endif %}", "`endif` closes nothing", "{% endif %}", "take it out, or begin with `{% if … %}`"),
        ("{% while vars.x %}", "no `while` in templates", "while", None),
        ("{{ }}", "this says nothing", "{{ }}", "name what goes here: `{{ vars.tone }}`"),
        ("{{ vars.x | }}", "something is missing before this ends", "{{ vars.x | }}", None),
        ("a {{ vars.x sun }}", "`sun` means nothing here", "sun", None),
        ("a {{ vars.x & 2 }}", "`&` means nothing here", "&", None),
        ("{{ 'it''s' }} {{ a ? }}", "`?` means nothing here", "?", None),
    ],
)
def test_what_cannot_be_read(text: str, message: str, marked: str, hint: str | None) -> None:
    error = refused(text)
    assert (error.message, text[error.offset : error.offset + error.length]) == (message, marked)
    assert error.hint is not None
    assert hint in (None, error.hint)


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("{{ vars.a }} {{ vars.b * 2 }}", "*"),
        ("{{- vars.a - vars.b -}}", "-"),
        ("{{ vars.a }} {{ vars.a.upper() }}", "upper("),
        ("x {% set a = 1 %}", "set"),
        ("{% for a in vars.b %}{% for c in vars.d %}x{% endfor %}{% endfor %}", "{% for c in vars.d %}"),
        ("{% macro m() %}x{% endmacro %}{{ m() }}", "macro"),
        ("{{ vars.a is defined }}", "is"),
        ("{{ vars.a.__class__.__mro__ }}", "__class__"),
    ],
)
def test_what_is_not_allowed_is_marked(text: str, marked: str) -> None:
    error = refused(text)
    assert text[error.offset : error.offset + error.length] == marked


def test_braces_in_quotes_close_no_tag() -> None:
    assert [tag.inner for tag in tags("{{ '}}' }}{% if a == \"%}\" %}")] == [" '}}' ", ' if a == "%}" ']
