"""The schema ships, describes every key, and what doesn't fit it is said with a place and what to write."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sorapipe.storyboard.coercion import number
from sorapipe.storyboard.diagnostics import Diagnostics, render
from sorapipe.storyboard.document import Document, Places, parse
from sorapipe.storyboard.schema import MAX_PLACES, check, check_part, keys_of, schema_text
from sorapipe.storyboard.source import Source

SCHEMA = json.loads(schema_text())
EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "manifests").rglob("*.yaml"))


def read(text: str, which: str = "storyboard") -> tuple[Document, Places, Diagnostics]:
    diagnostics, places = Diagnostics(), Places()
    document = parse(Source("a.yaml", "a.yaml", text), places, diagnostics)
    assert document is not None, [found.message for found in diagnostics]
    fits = check(document, places, diagnostics, which)
    assert fits == (not any(found.code != "x" for found in diagnostics)) or diagnostics.has_errors
    return document, places, diagnostics


def said(text: str, which: str = "storyboard") -> list[str]:
    """Each problem as `line:column message | hint`."""
    return [
        f"{found.span.place.line}:{found.span.place.column} {found.message}"
        + (f" | {found.hint}" if found.hint else "")
        for found in read(text, which)[2]
        if found.span
    ]


def shot(lines: str) -> list[str]:
    return said(f"sorapipe: 1\nshots:\n  - id: a\n    {lines}\n")


def coerced(lines: str) -> object:
    document, _, diagnostics = read(f"sorapipe: 1\nshots:\n  - id: a\n    {lines}\n")
    assert not len(diagnostics), [found.message for found in diagnostics]
    assert isinstance(document.root, dict)
    first = document.root["shots"][0]  # type: ignore[index, call-overload]
    assert isinstance(first, dict)
    return first


# the schema itself


def nodes(node: object, path: str = "") -> Iterator[tuple[str, dict[str, object]]]:
    if not isinstance(node, dict):
        return
    for group in ("properties", "definitions"):
        for key, child in node.get(group, {}).items():
            yield f"{path}/{key}", child
            yield from nodes(child, f"{path}/{key}")
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield f"{path}/{key}", node[key]
            yield from nodes(node[key], f"{path}/{key}")


def test_the_schema_is_draft_07_and_flat():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    words = schema_text()
    assert not any(f'"{word}"' in words for word in ("oneOf", "anyOf", "allOf", "unevaluatedProperties"))


@pytest.mark.parametrize(
    ("path", "node"), list(nodes(SCHEMA)), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_key_has_a_description_and_an_example_that_fits(path: str, node: dict[str, object]):
    if "$ref" in node:
        assert str(node["$ref"]).rpartition("/")[2] in SCHEMA["definitions"]
        return
    assert node["description"], path
    assert node["examples"], path
    validator = jsonschema.Draft7Validator({**node, "definitions": SCHEMA["definitions"]})
    for example in node["examples"]:  # type: ignore[attr-defined]
        assert not list(validator.iter_errors(example)), path


def test_every_mapping_with_named_keys_refuses_others():
    for path, node in nodes(SCHEMA):
        if "properties" in node:
            assert "additionalProperties" in node, path


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_the_examples_fit(file: Path):
    which = "storyboard" if "sorapipe: 1" in file.read_text() else "included"
    assert said(file.read_text(), which) == []


def test_the_keys_of_a_row_are_known_with_those_that_hold_more():
    keys = keys_of("row")
    assert keys["vars"]
    assert keys["use"]
    assert not keys["size"]
    assert "matrix" not in keys


# numbers and booleans, only where the schema asks


def test_numbers_and_booleans_are_made_where_the_schema_asks_and_nowhere_else():
    assert coerced(
        'seconds: "10"\n    takes: 3\n    watermark: true\n    size: 1280x720\n    prompt: 9.90\n    tags: [007, no]\n'
        "    use: {in: 0.5, out: 8}\n    vars: {price: 9.90, yes: no}\n    metadata: 12\n    matrix: {lens: [35, 50]}"
    ) == {
        "id": "a",
        "seconds": 10,
        "takes": 3,
        "watermark": True,
        "size": "1280x720",
        "prompt": "9.90",
        "tags": ["007", "no"],
        "use": {"in": 0.5, "out": 8},
        "vars": {"price": "9.90", "yes": "no"},
        "metadata": "12",
        "matrix": {"lens": ["35", "50"]},
    }


def test_use_is_a_boolean_or_a_mapping():
    assert coerced("use: false") == {"id": "a", "use": False}


def test_extra_takes_numbers_booleans_and_texts_as_they_look():
    assert coerced("extra: {cfg: 7.5, steps: 30, fast: true, mode: best}") == {
        "id": "a",
        "extra": {"cfg": 7.5, "steps": 30, "fast": True, "mode": "best"},
    }


def test_null_removes_what_lies_below():
    keys = ("look", "size", "seconds", "style", "watermark", "takes", "input_reference", "use")
    assert shot("\n    ".join([*(f"{key}: null" for key in keys), "matrix: {lens: null}"])) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10),
        ("007", 7),
        ("-3", -3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("8.0", 8.0),
        ("9" * 18, 10**18 - 1),
    ],
)
def test_numbers_are_read(text: str, value: float):
    assert number(text) == value
    assert isinstance(number(text), type(value))


@pytest.mark.parametrize(
    "text", ["", "inf", "nan", ".inf", "1e999", "9" * 30, "1_000", "0x1F", "٣", "²", "1 2", "1.", "--1"]
)
def test_other_texts_are_no_numbers(text: str):
    assert number(text) is None or text == "1."


# messages


def test_an_unknown_key_is_shown_like_a_compiler_shows_it():
    text = "sorapipe: 1\nshots:\n  - id: a\n    promt: A gull.\n"
    _, _, diagnostics = read(text)
    assert render(diagnostics, {"a.yaml": Source("a.yaml", "a.yaml", text)}) == (
        "a.yaml:4:5: error: a shot has no key `promt`\n"
        " 4 |     promt: A gull.\n"
        "   |     ^^^^^\n"
        "\n"
        "hint: did you mean `prompt`?\n"
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("duration: 10", "4:5 a shot has no key `duration` | did you mean `seconds`?"),
        ("aspect_ratio: x", "4:5 a shot has no key `aspect_ratio` | did you mean `size`?"),
        ("image: x", "4:5 a shot has no key `image` | did you mean `input_reference`?"),
        ("count: 3", "4:5 a shot has no key `count` | did you mean `takes`?"),
        ("depends_on: [x]", "4:5 a shot has no key `depends_on` | did you mean `needs`?"),
        ("foreach: x", "4:5 a shot has no key `foreach` | did you mean `matrix`?"),
        ("text: x", "4:5 a shot has no key `text` | did you mean `prompt`?"),
        ("name: x", "4:5 a shot has no key `name` | did you mean `id`?"),
        ("dialogue: x", "4:5 a shot has no key `dialogue` | did you mean `subtitles`?"),
        ("fps: 24", "4:5 a shot has no key `fps` | `fps` belongs to `film`"),
        ("seconds: 10s", "4:14 `seconds` is a whole number, not `10s` | write `seconds: 10`"),
        ("seconds: 1.5", "4:14 `seconds` is a whole number, not `1.5` | for example `seconds: 10`"),
        ("takes: three", "4:12 `takes` is a whole number, not `three` | write `takes: 3`"),
        ("takes: 0", "4:12 `takes` is at least 1, not `0` | for example `takes: 3`"),
        ("takes: 100", "4:12 `takes` is at most 99, not `100` | for example `takes: 3`"),
        ("watermark: no", "4:16 `watermark` is `true` or `false`, not `no` | write `watermark: false`"),
        ("frozen: on", "4:13 `frozen` is `true` or `false`, not `on` | write `frozen: true`"),
        ("use: {out: '0:08'}", "4:16 `out` is a number, not `0:08` | write `out: 8`"),
        ("tags: a, b", "4:11 `tags` is a list (`[…]`), not `a, b` | write `tags: [a, b]`"),
        (
            "size: 16:9",
            "4:11 a size is width and height in pixels, such as `1280x720`, not `16:9` | write `size: 1280x720`",
        ),
        (
            "size: 1280 \u00d7 720",
            "4:11 a size is width and height in pixels, such as `1280x720`, not `1280 \u00d7 720`"
            " | write `size: 1280x720`",
        ),
        (
            "seconds: '{{ vars.x }}'",
            "4:14 `seconds` is not text: a template can't stand here"
            " | let a matrix axis set it: `matrix: {AXIS: {a: {seconds: …}, b: {seconds: …}}}`",
        ),
        (
            "matrix: {format: [16:9]}",
            "4:23 a word of an axis is letters, digits, `-` and `_`, not `16:9`"
            " | give it a name and say what it changes: `{wide: {size: 1280x720}}`",
        ),
        (
            "matrix: {p: '*.csv'}",
            "4:17 an axis is a list of words, a mapping from words to changes, or a path to a CSV or YAML file,"
            " not `*.csv` | an axis has no globs: list the words, or write the rows in a CSV file",
        ),
        (
            "if: x",
            "4:5 shots have no conditions"
            " | leave cells of a matrix out with `exclude: [{axis: word}]`, or delete the shot",
        ),
        (
            "provider: x",
            "4:5 a storyboard has one provider, not one for each shot"
            " | write `provider:` at the top; `frozen: true` keeps the shots that another one rendered",
        ),
        ("remix: x", "4:5 `remix` is reserved and not there yet | write a new shot with `continues: SHOT`"),
        (
            "callBackUrl: x",
            "4:5 a storyboard doesn't say where answers go | delete it: sorapipe asks for the state by itself",
        ),
        (
            "character_from_task: t1",
            "4:5 `character_from_task` is said of a character, not of a shot"
            " | name the character once, and mention it in prompts:\n    characters:\n"
            '      hero: {from_shot: SHOT, timestamps: [1, 3]}\n    …\n    prompt: "@hero walks in."',
        ),
    ],
)
def test_a_slip_in_a_shot_is_told_with_what_to_write(lines: str, message: str):
    assert shot(lines) == [message]


def test_the_apis_character_fields_are_shown_as_a_character_with_the_same_values():
    found = shot("character_url: https://example.org/k.mp4\n    character_timestamps: 2,4")
    assert len(found) == 2
    assert all('hero: {url: "https://example.org/k.mp4", timestamps: [2, 4]}' in message for message in found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello\n", "1:1 a storyboard is a mapping (`key: value`), not `hello`"),
        (
            "sorapipe: 2\n",
            "1:11 `sorapipe` can be `1`, not `2` | write `sorapipe: 1`; a storyboard of another version of the "
            "language needs another sorapipe",
        ),
        (
            "shots: [{id: a}]\n",
            "1:1 a storyboard needs `sorapipe` | write the version of the language in the first line:\n    sorapipe: 1",
        ),
        ("sorapipe: 1\nshots: [{prompt: x}]\n", "2:9 a shot needs `id` | for example `id: stairs`"),
        (
            "sorapipe: 1\nshots: [{id: Storm Wide}]\n",
            "2:14 an id is lower-case letters, digits, `-` and `_`, and begins with a letter or digit, not `Storm Wide`"
            " | write `id: storm-wide`",
        ),
        (
            "sorapipe: 1\nprovider: {base_url: x}\n",
            "2:11 `provider` is a text, not a mapping"
            " | write a profile, `providers/NAME.yaml` in sorapipe's config folder, and here `provider: NAME`",
        ),
        (
            "sorapipe: 1\nbase_url: https://evil\n",
            "2:1 where requests go and with which key is never said in a storyboard"
            " | write a profile, `providers/NAME.yaml` in sorapipe's config folder, and here `provider: NAME`",
        ),
        ("sorapipe: 1\ncast: {}\n", "2:1 a storyboard has no key `cast` | did you mean `characters`?"),
        (
            "sorapipe: 1\ncharacters: [a]\n",
            "2:13 `characters` is a mapping (`key: value`), not a list"
            " | write each under its name:\n    characters:\n      NAME: …",
        ),
        (
            "sorapipe: 1\ncharacters: {Keeper: {}}\n",
            "2:14 a character's id is lower-case letters, digits, `-` and `_`, and begins with a letter,"
            " so that `@id` can be written, not `Keeper` | write `keeper:`",
        ),
        (
            "sorapipe: 1\ncharacters: {k: {timestamps: 1}}\n",
            "2:30 `timestamps` is a list (`[…]`), not `1` | write `timestamps: [1]`",
        ),
        (
            "sorapipe: 1\ncharacters: {k: {timestamps: [1]}}\n",
            "2:30 `timestamps` has 2 items, not 1 | for example `timestamps: [1, 3]`",
        ),
        (
            "sorapipe: 1\nenv: {}\n",
            "2:1 values don't come from the environment or the command line"
            " | write a small file with other `vars:` and `include: [THIS_FILE.yaml]`",
        ),
        (
            "sorapipe: 1\nshots:\n",
            None,
        ),
        ("sorapipe: 1\nbudget: {max_cost: '0,5'}\n", "2:20 `max_cost` is a number, not `0,5` | write `max_cost: 0.5`"),
    ],
)
def test_a_slip_at_the_top_is_told_with_what_to_write(text: str, message: str | None):
    assert said(text) == ([] if message is None else [message])


def test_an_empty_file_is_answered_with_the_smallest_storyboard():
    assert said("") == [
        "1:1 this file says nothing | the smallest one is\n    sorapipe: 1\n    shots:\n      - id: hello\n"
        "        prompt: A gull hangs in the wind."
    ]


def test_a_file_that_is_included_needs_no_version():
    assert said("characters: {k: {description: x}}\n", "included") == []


def test_a_scene_has_shots_or_is_a_file():
    assert said("sorapipe: 1\nscenes: [{include: x.yaml}, {id: a, shots: []}]\n") == []
    assert [line.split(" |")[0] for line in said("sorapipe: 1\nscenes: [{title: x}]\n")] == [
        "2:10 a scene needs `id` and `shots`",
    ]


def test_what_yaml_complained_of_is_not_told_twice():
    assert len(said("sorapipe: 1\ndefaults: {look: a, b}\n")) == 1
    assert len(said("sorapipe: 1\nshots: [{id: a, prompt: {{ x }}}]\n")) == 1


def test_all_problems_come_at_once_and_those_of_one_cause_only_so_often():
    text = "sorapipe: 1\nshots:\n" + "".join(f"  - {{id: a{number}, promt: x}}\n" for number in range(1_000))
    _, _, diagnostics = read(text)
    assert diagnostics.errors == MAX_PLACES
    assert [found.message for found in diagnostics if found.severity == "note"] == [
        "there are problems in 800 more places"
    ]


def test_a_text_with_a_line_break_at_its_end_is_no_id():
    assert len(said("sorapipe: 1\nshots:\n  - id: |\n      stairs\n")) == 1


def test_a_row_of_a_table_is_checked_like_a_shot():
    diagnostics, places = Diagnostics(), Places()
    document = parse(Source("p.yaml", "p.yaml", "{id: a, seconds: 10s}\n"), places, diagnostics)
    assert document is not None
    assert isinstance(document.root, dict)
    assert not check_part(document.root, "row", places, diagnostics)
    assert [found.message for found in diagnostics] == ["`seconds` is a whole number, not `10s`"]


def test_a_storyboard_without_errors_loads_no_slow_library():
    code = (
        "import sys\n"
        "from sorapipe.storyboard.diagnostics import Diagnostics\n"
        "from sorapipe.storyboard.document import Places, parse\n"
        "from sorapipe.storyboard.schema import check\n"
        "from sorapipe.storyboard.source import Source\n"
        "p, d = Places(), Diagnostics()\n"
        "assert check(parse(Source('a', 'a', 'sorapipe: 1\\nshots: []\\n'), p, d), p, d)\n"
        "print([name for name in ('jsonschema', 'jinja2', 'rich', 'httpx') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


_KEYS = st.sampled_from([*SCHEMA["properties"], *SCHEMA["definitions"]["shot"]["properties"], "x", "Ü", "a b", "if"])
_LEAVES = st.sampled_from(
    ["1", "a", "", "null", "true", "1.5", "16:9", "{{ x }}", "https://x", "a.csv", "9" * 40, "1e999"]
)
_TREES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=12
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from([*SCHEMA["properties"], "x"]), _TREES, max_size=5))
def test_any_values_fit_or_are_explained(tree: dict[str, object]):
    diagnostics, places = Diagnostics(), Places()
    document = parse(Source("a.yaml", "a.yaml", json.dumps(tree)), places, diagnostics)
    assert document is not None
    fits = check(document, places, diagnostics)
    assert fits != diagnostics.has_errors
    assert fits == jsonschema.Draft7Validator(SCHEMA).is_valid(document.root)
