"""Problems are collected once, in order, and shown like a compiler shows them."""

from __future__ import annotations

import json

import pytest

from sorapipe.storyboard.diagnostics import (
    SYNONYMS,
    Diagnostics,
    Related,
    Severity,
    as_json,
    did_you_mean,
    escape,
    render,
)
from sorapipe.storyboard.source import Place, Source, Span


def at(line: int, column: int, length: int = 1, file: str = "a.yaml") -> Span:
    return Span(Place(file, line, column), length)


def shown(text: str, span: Span, **more: object) -> str:
    diagnostics = Diagnostics()
    diagnostics.error("x", "no", span, **more)  # type: ignore[arg-type]
    return render(diagnostics, {"a.yaml": Source("a.yaml", "a.yaml", text)})


def test_a_problem_has_place_excerpt_caret_related_place_and_hint():
    text = "sorapipe: 1\nshots:\n  - promt: A gull.\n"
    related = [Related(at(1, 1, 8), "version 1 is said here")]
    assert shown(text, at(3, 5, 5), hint="did you mean `prompt`?", related=related) == (
        "a.yaml:3:5: error: no\n"
        " 3 |   - promt: A gull.\n"
        "   |     ^^^^^\n"
        "a.yaml:1:1: note: version 1 is said here\n"
        " 1 | sorapipe: 1\n"
        "   | ^^^^^^^^\n"
        "\n"
        "hint: did you mean `prompt`?\n"
    )


def test_line_numbers_of_one_problem_share_a_gutter():
    text = "\n" * 11 + "b: 1"
    assert shown(text, at(12, 1), related=[Related(at(2, 1), "there")]) == (
        "a.yaml:12:1: error: no\n 12 | b: 1\n    | ^\na.yaml:2:1: note: there\n  2 | \n    | ^\n"
    )


def test_the_caret_stands_under_wide_characters_and_after_them():
    assert shown("title: 灯台の夜", at(1, 10, 2)).splitlines()[1:] == [" 1 | title: 灯台の夜", "   |            ^^^^"]


def test_a_combining_mark_takes_no_column():
    assert shown("e\u0301x", at(1, 3)).splitlines()[2] == "   |  ^"


def test_a_tab_is_shown_as_four_columns():
    assert shown("a\tb", at(1, 3)).splitlines()[1:] == [" 1 | a    b", "   |      ^"]


def test_of_a_very_long_line_only_what_is_around_the_caret_is_shown():
    lines = shown("x" * 5000 + "bad" + "y" * 5000, at(1, 5001, 3)).splitlines()
    assert all(len(line) < 120 for line in lines)
    assert lines[1][lines[2].index("^") : lines[2].rindex("^") + 1] == "bad"
    assert lines[1].count("…") == 2


def test_a_caret_never_leaves_its_line():
    assert shown("abc", at(1, 3, 50)).splitlines()[2] == "   |   ^"
    assert shown("abc", at(1, 4)).splitlines()[2] == "   |    ^"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain 灯 é", "plain 灯 é"),
        ("\x1b]0;x\x07", "\\u{1b}]0;x\\u{7}"),
        ("a\u202eb", "a\\u{202e}b"),
        ("a\u2066b\x9b", "a\\u{2066}b\\u{9b}"),
        ("a\nb", "a\\u{a}b"),
        ("a\u2028b\ufeff\ud800", "a\\u{2028}b\\u{feff}\\u{d800}"),
    ],
)
def test_what_comes_from_outside_is_shown_harmless(text: str, safe: str):
    assert escape(text) == safe


def test_line_breaks_stay_where_they_are_asked_for():
    assert escape("a\nb\x1b", newlines=True) == "a\nb\\u{1b}"


def test_an_excerpt_with_control_characters_is_harmless_and_aligned():
    lines = shown("a\x1bb", at(1, 3)).splitlines()
    assert lines[1:] == [" 1 | a\\u{1b}b", "   |        ^"]


def test_problems_come_in_the_order_of_files_lines_and_columns_and_equal_ones_once():
    diagnostics = Diagnostics()
    diagnostics.file("main.yaml")
    diagnostics.error("x", "four", at(1, 1, file="cast.yaml"))
    diagnostics.warning("x", "three", at(2, 1, file="main.yaml"))
    diagnostics.error("x", "two", at(1, 9, file="main.yaml"))
    diagnostics.error("x", "two", at(1, 9, file="main.yaml"))
    diagnostics.note("x", "one")
    assert [found.message for found in diagnostics] == ["one", "two", "three", "four"]
    assert (diagnostics.errors, diagnostics.warnings, len(diagnostics)) == (2, 1, 4)
    assert diagnostics.has_errors


def test_extending_takes_over_all_problems():
    one, two = Diagnostics(), Diagnostics()
    two.warning("x", "careful")
    one.extend(two)
    one.extend(two)
    assert [found.severity for found in one] == [Severity.WARNING]
    assert not one.has_errors


def test_problems_are_plain_data_for_programs():
    diagnostics = Diagnostics()
    diagnostics.error("key", "no \x1b", at(2, 3, 4), hint="do", related=[Related(at(1, 1), "here")])
    diagnostics.note("n", "all")
    data = as_json(diagnostics)
    assert json.loads(json.dumps(data)) == [
        {
            "file": None,
            "line": None,
            "column": None,
            "length": None,
            "severity": "note",
            "code": "n",
            "message": "all",
            "hint": None,
            "related": [],
        },
        {
            "file": "a.yaml",
            "line": 2,
            "column": 3,
            "length": 4,
            "severity": "error",
            "code": "key",
            "message": "no \\u{1b}",
            "hint": "do",
            "related": [{"file": "a.yaml", "line": 1, "column": 1, "length": 1, "message": "here"}],
        },
    ]


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("promt", ["prompt", "takes"], "prompt"),
        ("propmt", ["prompt", "takes"], "prompt"),
        ("negative-prompt", ["negative_prompt"], "negative_prompt"),
        ("Seconds", ["seconds", "size"], "seconds"),
        ("input_ref", ["input_reference", "id"], "input_reference"),
        ("duration", ["seconds", "size"], "seconds"),
        ("depends_on", ["needs"], "needs"),
        ("name", ["name", "id"], "id"),
        ("zebra", ["prompt", "takes"], None),
        ("a", ["b"], None),
        ("x", [], None),
    ],
)
def test_did_you_mean_knows_spelling_and_what_people_try_first(word: str, known: list[str], meant: str | None):
    assert did_you_mean(word, known, SYNONYMS) == meant


def test_a_synonym_counts_only_where_its_key_is_allowed():
    assert did_you_mean("duration", ["size", "prompt"], SYNONYMS) is None
