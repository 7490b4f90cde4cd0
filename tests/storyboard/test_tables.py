"""Rows of an axis come from CSV or YAML with places in the table, and what is wrong there is told there."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sorapipe.storyboard import tables
from sorapipe.storyboard.diagnostics import Diagnostics, render
from sorapipe.storyboard.document import Places, decode
from sorapipe.storyboard.tables import Row, rows


def read(text: str | bytes, name: str = "products.csv") -> tuple[list[Row] | None, Places, Diagnostics]:
    diagnostics, places = Diagnostics(), Places()
    source = decode(name, name, text if isinstance(text, bytes) else text.encode(), diagnostics)
    assert source is not None
    return rows(source, places, diagnostics), places, diagnostics


def good(text: str | bytes, name: str = "products.csv") -> list[Row]:
    found, _, diagnostics = read(text, name)
    assert found is not None, [problem.message for problem in diagnostics]
    return found


def said(text: str, name: str = "products.csv") -> list[str]:
    found, _, diagnostics = read(text, name)
    assert found is None
    return [f"{problem.span.place} {problem.message} | {problem.hint}" for problem in diagnostics if problem.span]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_table_of_any_spreadsheet_is_read(delimiter: str, line_break: str, mark: bytes):
    lines = ["id|vars.name|vars.price|seconds", "a-100|North Mug|9.90|10", "a-200||49.00|", ""]
    text = line_break.join(lines).replace("|", delimiter)
    assert good(mark + text.encode()) == [
        {"id": "a-100", "vars": {"name": "North Mug", "price": "9.90"}, "seconds": 10},
        {"id": "a-200", "vars": {"price": "49.00"}},
    ]


def test_quoted_cells_may_hold_delimiters_quotes_and_line_breaks():
    assert good('id,vars.x,vars.y\na,"One, two","6"" tall\nand wide" \n') == [
        {"id": "a", "vars": {"x": "One, two", "y": '6" tall\nand wide'}}
    ]


def test_an_empty_cell_sets_nothing_and_blank_lines_are_no_rows():
    assert good('id,vars.x,size\n\na,,\n  \nb,"",1280x720\n'.replace("  \n", "")) == [
        {"id": "a"},
        {"id": "b", "size": "1280x720"},
    ]


def test_places_point_into_the_table():
    found, places, _ = read('id;vars.name;seconds\na;"North ""Mug"" x";10\n')
    assert found is not None
    row = found[0]
    names = row["vars"]
    assert isinstance(names, dict)
    assert str(places.of(row).place) == "products.csv:2:1"
    assert str(places.of(row, "seconds").place) == "products.csv:2:21"
    assert places.of(row, "seconds").length == 2
    assert str(places.key(row, "seconds").place) == "products.csv:1:14"
    assert str(places.of(names, "name").place) == "products.csv:2:3"
    assert places.of(names, "name").length == 17
    text = names["name"]
    assert isinstance(text, str)
    assert str(places.inside(names, "name", text.index("x")).place) == "products.csv:2:18"
    assert places.source(names).path == "products.csv"


def test_a_yaml_table_is_a_list_of_rows_or_a_mapping_from_words():
    expected = [{"id": "a", "vars": {"x": "9.90"}, "seconds": 10}, {"id": "b"}]
    assert good("- {id: a, vars: {x: 9.90}, seconds: 10}\n- {id: b}\n", "p.yaml") == expected
    assert good("a: {vars: {x: 9.90}, seconds: 10}\nb:\n", "p.yml") == expected


def test_rows_of_a_mapping_have_the_places_of_its_words():
    found, places, _ = read("a:\n  seconds: 10\n", "p.yaml")
    assert found is not None
    assert str(places.of(found[0], "id").place) == "p.yaml:1:1"
    assert str(places.of(found[0], "seconds").place) == "p.yaml:2:12"
    assert str(places.key(found[0], "seconds").place) == "p.yaml:2:3"


def test_a_row_with_too_few_or_too_many_cells_is_shown():
    text = "id,vars.x\na,b,c\nb\n"
    _, _, diagnostics = read(text)
    source = decode("products.csv", "products.csv", text.encode(), Diagnostics())
    assert source is not None
    assert render(diagnostics, {"products.csv": source}) == (
        "products.csv:2:5: error: this row has 3 cells, and the header has 2\n"
        " 2 | a,b,c\n"
        "   |     ^\n"
        "\n"
        'hint: put a text that holds the delimiter in quotes: `"One, two"`\n'
        "\n"
        "products.csv:3:2: error: this row has 1 cell, and the header has 2\n"
        " 3 | b\n"
        "   |  ^\n"
        "\n"
        "hint: add the missing delimiters\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "products.csv:1:1 this table is empty | the first line names the columns: `id,vars.price`"),
        ("id,duration\n", "products.csv:1:4 a row can't set `duration` | did you mean `seconds`?"),
        ("id,price\n", "products.csv:1:4 a row can't set `price` | did you mean `vars.price`?"),
        (
            "id,\n",
            "products.csv:1:4 this column has no name | name the column, or delete it and its delimiter in every row",
        ),
        ("id,vars.\n", "products.csv:1:4 `vars.` is no path of keys | write `vars.NAME`"),
        ("id,size.x\n", "products.csv:1:4 `size` has no keys below it | call the column `size`"),
        ("id,size,size\n", "products.csv:1:9 two columns set `size` | delete one of them"),
        ("id,vars.x,vars.x.y\n", "products.csv:1:11 two columns set `vars.x` | delete one of them"),
        ("size\n", "products.csv:1:1 no column is called `id` | name the column of the words `id`: `id`"),
        ("id,size\n,1280x720\n", "products.csv:2:1 this row has no `id` | every row has a word of its own"),
        ("id,seconds\na,ten\n", "products.csv:2:3 `seconds` is a whole number, not `ten` | write `seconds: 10`"),
        (
            "id,vars.x\na b,c\n",
            "products.csv:2:1 a word of an axis is letters, digits, `-` and `_`, not `a b` | write `id: a-b`",
        ),
        (
            "id,vars.x\na,1\nA,2\n",
            "products.csv:3:1 `A` and `a` look alike | give it another id; capitals alone make no difference",
        ),
        (
            'id,vars.x\na,"b\n',
            "products.csv:2:3 these quotes are not closed where the cell ends"
            ' | close it, and write a quote inside of quotes twice: `"6"" tall"`',
        ),
        (
            "id,vars.No\na,x\n",
            "products.csv:1:4 this name is lower-case letters, digits and `_`, and begins with a letter,"
            " so that templates can use it, not `No` | write `no:`",
        ),
    ],
)
def test_what_is_wrong_in_a_table_is_told_where_it_stands(text: str, message: str):
    assert said(text) == [message]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- x\n", "p.yaml:1:3 a row is a mapping with an `id` | for example `- {id: a-100, vars: {price: 9.90}}`"),
        ("a: x\n", "p.yaml:1:4 what `a` changes is a mapping | for example `a: {vars: {price: 9.90}}`"),
        ("- {seconds: 10}\n", "p.yaml:1:3 a row needs `id` | for example `id: a-100`"),
        (
            "hello\n",
            "p.yaml:1:1 a table is a list of rows with an `id`, or a mapping from words to what they change"
            " | for example\n    - id: a-100\n      vars: {price: 9.90}",
        ),
    ],
)
def test_what_is_wrong_in_a_yaml_table_is_told_where_it_stands(text: str, message: str):
    assert said(text, "p.yaml") == [message]


def test_a_table_with_the_same_fault_everywhere_is_not_read_to_its_end():
    assert len(said("id,seconds\n" + "a,x,y\n" * 5_000)) == tables.MAX_PROBLEMS
    assert len(said("id,seconds\n" + "".join(f"a{number},x\n" for number in range(5_000)))) == tables.MAX_PROBLEMS


@pytest.mark.parametrize(
    "text",
    [
        "," * 1_000_000,
        '"' * 1_000_001,
        'id,vars.x\na,"' + '""' * 500_000,
        "id," + '"a,' * 300_000,
        "id\n" + "x" * 9_000_000,
    ],
    ids=["commas", "quotes", "open quotes", "half quotes", "too large"],
)
def test_hostile_tables_are_refused_fast(text: str):
    began = time.perf_counter()
    assert said(text)
    assert time.perf_counter() - began < 5


def test_ten_thousand_rows_are_quick():
    text = "id,vars.name,vars.price,seconds\n" + "".join(
        f"p{number},Mug {number},9.90,10\n" for number in range(10_000)
    )
    began = time.perf_counter()
    assert len(good(text)) == 10_000
    assert time.perf_counter() - began < 3


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["id", "vars.x", "size", ",", ";", "\t", "\n", "\r\n", '"', '""', "a", "1280x720", "é", " ", "=1+1"]
        ),
        max_size=40,
    ).map("".join),
    st.sampled_from(["t.csv", "t.yaml"]),
)
def test_any_table_is_read_or_refused(text: str, name: str):
    found, places, diagnostics = read("id,vars.x\n" + text, name)
    assert (found is None) == diagnostics.has_errors
    for row in found or []:
        assert places.of(row, "id").place.line <= text.count("\n") + 2
