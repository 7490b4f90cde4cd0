"""A file becomes values with places; YAML's traps and attacks become problems with a way out, never a traceback."""

from __future__ import annotations

import gc
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sorapipe.storyboard import document as room
from sorapipe.storyboard.diagnostics import Diagnostics, as_json, render
from sorapipe.storyboard.document import Document, Places, decode, parse
from sorapipe.storyboard.source import Source


def read(text: str | bytes) -> tuple[Document | None, Places, Diagnostics]:
    diagnostics, places = Diagnostics(), Places()
    data = text if isinstance(text, bytes) else text.encode()
    source = decode("a.yaml", "a.yaml", data, diagnostics)
    return (parse(source, places, diagnostics) if source else None), places, diagnostics


def problems(text: str | bytes) -> str:
    _, _, diagnostics = read(text)
    source = Source("a.yaml", "a.yaml", text if isinstance(text, str) else "")
    return render(diagnostics, {"a.yaml": source})


def codes(text: str | bytes) -> list[str]:
    return [found.code for found in read(text)[2]]


def values(text: str | bytes) -> object:
    document, _, diagnostics = read(text)
    assert not len(diagnostics), [found.message for found in diagnostics]
    assert document is not None
    return document.root


# text as written


@pytest.mark.parametrize(
    "text", ["9.90", "007", "no", "yes", "on", "10:30", "2026-11-01", "1e3", "0x1F", "16:9", ".inf", "Null", "1_000"]
)
def test_a_plain_value_is_text_as_it_is_written(text: str):
    assert values(f"a: {text}\n") == {"a": text}


def test_only_null_tilde_and_nothing_are_null():
    assert values("a: null\nb: ~\nc:\nd: ''\ne: 'null'\nf: [null, ~]\n") == {
        "a": None,
        "b": None,
        "c": None,
        "d": "",
        "e": "null",
        "f": [None, None],
    }


def test_keys_are_text_whatever_they_look_like():
    assert values("1: a\nno: b\n2026-11-01: c\n'x y': d\n") == {"1": "a", "no": "b", "2026-11-01": "c", "x y": "d"}


def test_windows_line_breaks_and_a_byte_order_mark_change_nothing():
    document, places, _ = read(b"\xef\xbb\xbfa: 1\r\nb: [x,\r\n  y]\r\nc: |\r\n  z\r\n")
    assert document is not None
    assert document.root == {"a": "1", "b": ["x", "y"], "c": "z\n"}
    assert isinstance(document.root, dict)
    assert str(places.of(document.root["b"], 1).place) == "a.yaml:3:3"
    assert str(places.inside(document.root, "c", 0).place) == "a.yaml:5:3"


def test_an_empty_file_says_nothing():
    assert values("") is None
    assert values("# only a comment\n") is None


def test_small_anchors_may_be_used():
    document, places, diagnostics = read("a: &x {b: [1, 2]}\nc: *x\nd: &t text\ne: *t\n")
    assert document is not None
    root = document.root
    assert isinstance(root, dict)
    assert root == {"a": {"b": ["1", "2"]}, "c": {"b": ["1", "2"]}, "d": "text", "e": "text"}
    assert root["a"] is not root["c"]
    assert str(places.of(root["c"], "b").place) == "a.yaml:1:11"  # type: ignore[arg-type]
    assert not len(diagnostics)


# places


def test_every_key_and_value_has_its_place():
    document, places, _ = read("sorapipe: 1\nshots:\n  - id: a\n    tags: [x, 'y z']\n    'w': {k: \"v\"}\n")
    assert document is not None
    root = document.root
    assert isinstance(root, dict)
    shot = root["shots"][0]  # type: ignore[index, call-overload]
    assert isinstance(shot, dict)

    def seen(span: object) -> str:
        return f"{span.place.line}:{span.place.column}+{span.length}"  # type: ignore[attr-defined]

    assert seen(places.of(root)) == "1:1+8"
    assert seen(places.key(root, "shots")) == "2:1+5"
    assert seen(places.of(root["shots"], 0)) == "3:5+2"  # type: ignore[arg-type]
    assert seen(places.of(shot, "id")) == "3:9+1"
    assert seen(places.of(shot, "tags")) == "4:11+10"
    assert seen(places.of(shot["tags"], 1)) == "4:15+5"  # type: ignore[arg-type]
    assert seen(places.of(shot["tags"], -1)) == "4:15+5"  # type: ignore[arg-type]
    assert seen(places.key(shot, "w")) == "5:5+3"
    assert seen(places.of(shot["w"], "k")) == "5:14+3"  # type: ignore[arg-type]
    assert seen(places.of(shot, "nothing")) == "3:5+2"
    assert places.source(shot).path == "a.yaml"
    assert places.line_text(shot, "id") == "  - id: a"


def test_the_place_of_a_value_stays_when_it_is_replaced():
    document, places, _ = read("a: 10\nb: true\n")
    assert document is not None
    assert isinstance(document.root, dict)
    document.root["a"] = 10
    assert str(places.of(document.root, "a").place) == "a.yaml:1:4"
    assert places.of(document.root, "a").length == 2


def test_places_in_a_large_mapping_are_found_fast():
    document, places, _ = read("".join(f"k{number}: v\n" for number in range(20_000)))
    assert document is not None
    root = document.root
    assert isinstance(root, dict)
    began = time.perf_counter()
    assert [places.key(root, key).place.line for key in root] == list(range(1, 20_001))
    assert time.perf_counter() - began < 2


SCALARS = {
    "plain": "p: one {W} two\n",
    "plain over lines": "p: one\n  two\n\n  three {W} four\n",
    "single quotes": "p: 'it''s {W} it''s'\n",
    "single quotes over lines": "p: 'it''s\n  one\n\n\n  two {W} x'\n",
    "double quotes": 'p: "tab\\t \\u00e9 \\x41 \\"q\\" {W} \\U0001F600"\n',
    "double quotes over lines": 'p: "one \\\n   two\n   three\n\n   \\n {W} x"\n',
    "literal": "p: |\n  one\n\n    two {W} three\n",
    "literal with strip": "p: |-\n  one {W}\n",
    "literal with indicator": "p: |2\n     one\n   {W}\n",
    "literal deeper": "a:\n  - p: |\n\n      one\n      two\n      x {W}\n",
    "folded": "p: >\n  one\n  two\n\n  three {W} four\n",
    "folded with deeper lines": "p: >-\n  one\n    two\n    {W}\n  three\n",
    "folded repeated words": "p: >-\n  a a a\n  a {W} a\n  a\n",
    "with an anchor": "p: &x 'one {W}'\nq: *x\n",
    "flow mapping": "a: {p: 'x {W}', q: 1}\n",
    "flow list": 'a: [y, "x {W}"]\n',
    "windows": "p: >-\r\n  one\r\n  two {W}\r\n",
    "wide": "p: 灯台 {W} 😀\n",
}


@pytest.mark.parametrize("name", SCALARS)
def test_a_character_of_a_text_is_found_in_the_file(name: str):
    text = SCALARS[name].replace("{W}", "WORD")
    document, places, diagnostics = read(text)
    assert document is not None, [found.message for found in diagnostics]
    found = []

    def look(container: object) -> None:
        items = container.items() if isinstance(container, dict) else enumerate(container)  # type: ignore[arg-type]
        for key, value in items:
            if isinstance(value, str) and "WORD" in value:
                found.append(places.inside(container, key, value.index("WORD"), 4))  # type: ignore[arg-type]
            elif isinstance(value, (dict, list)):
                look(value)

    look(document.root)
    place = found[0].place
    assert document.source.line(place.line)[place.column - 1 :].startswith("WORD")
    assert found[0].length == 4


# traps: each with a line to paste


def test_a_comment_that_cuts_a_text_is_an_error():
    assert problems("prompt: blah #3 of 5\n") == (
        "a.yaml:1:14: error: ` #` begins a comment: the text ends before it\n"
        " 1 | prompt: blah #3 of 5\n"
        "   |              ^^^^^^^\n"
        "\n"
        "hint: if it belongs to the text, write it in quotes:\n"
        '    prompt: "blah #3 of 5"\n'
        "else put the comment on a line of its own\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "look: soft # light\n",
        "a:\n  - {title: x} # fine\n  - title: take # 2\n",
        "vars:\n  line: number # 5\n",
        "with: {who: x\n  } # fine\nparams:\n  a: b # c\n",
        "subtitles:\n  - text: {en: x} # fine\n  - text:\n      en: y # z\n",
        "prompt: one\n  two # three\n",
        "description: x\t# y\n",
    ],
)
def test_such_a_comment_is_an_error_behind_every_free_text(text: str):
    assert codes(text) == ["comment-cuts-text"]


@pytest.mark.parametrize(
    "text",
    [
        "takes: 3  # three\n",
        "model: sora-2 # cheap\n",
        "- id: weather # neither\n",
        "tags: [a, b] # c\n",
        "prompt: 'x' # y\n",
        "prompt: > # folded\n  text #3\n",
        "# prompt: x\nprompt: a#b\n",
        "prompt:   # below\n  text\n",
        "vars: # words\n  a: b\n",
    ],
)
def test_ordinary_comments_stay_legal(text: str):
    assert codes(text) == []


@pytest.mark.parametrize(
    ("text", "column", "name", "pasted"),
    [
        ("prompt: @keeper climbs", 9, "`@`", 'prompt: "@keeper climbs"'),
        ("- @keeper climbs", 3, "`@`", '"@keeper climbs"'),
        ("a: {who: @keeper, mood: x}", 10, "`@`", 'who: "@keeper"'),
        ("prompt: {{ who }} walks", 9, "`{{`", 'prompt: "{{ who }} walks"'),
        ("prompt: {{ who }}", 9, "`{{`", 'prompt: "{{ who }}"'),
        ("prompt: *whispers* on", 9, "`*`", 'prompt: "*whispers* on"'),
        ("prompt: *whispers on", 9, "`*`", 'prompt: "*whispers on"'),
        ("prompt: *whispers", 9, "`*`", 'prompt: "*whispers"'),
        ("prompt: !stop now", 9, "`!`", 'prompt: "!stop now"'),
        ("prompt: %100", 9, "`%`", 'prompt: "%100"'),
        ("prompt: - he goes", 9, "`- `", 'prompt: "- he goes"'),
        ("prompt: ? who", 9, "`? `", 'prompt: "? who"'),
        ("prompt: `x` y", 9, "a backtick", 'prompt: "`x` y"'),
        ("prompt: &c walks", 9, "`&`", 'prompt: "&c walks"'),
        ("prompt: [sighs] he goes", 9, "`[`", 'prompt: "[sighs] he goes"'),
        ("prompt: > he goes", 9, "`>`", 'prompt: "> he goes"'),
        ('prompt: @x says "hi"', 9, "`@`", "prompt: '@x says \"hi\"'"),
    ],
)
def test_a_text_that_begins_with_a_sign_of_yaml_is_given_back_in_quotes(text: str, column: int, name: str, pasted: str):
    assert problems(text + "\n").splitlines() == [
        f"a.yaml:1:{column}: error: a text that begins with {name} must stand in quotes",
        f" 1 | {text}",
        "   | " + " " * (column - 1) + "^" * (len(pasted.split(": ", 1)[-1]) - 2),
        "",
        "hint: write it in quotes:",
        f"    {pasted}",
    ]


def test_a_text_over_lines_is_given_back_as_a_block():
    assert problems("prompt: @keeper climbs\n  and climbs\n").endswith(
        "hint: write it as a block:\n    prompt: >-\n      @keeper climbs\n"
    )


@pytest.mark.parametrize(
    ("text", "place", "end"),
    [
        ("prompt: He says: hi\n", "1:16", '    prompt: "He says: hi"\n'),
        ("a:\n  - prompt: He says: hi\n", "2:20", '    prompt: "He says: hi"\n'),
        ("prompt: She\n  says: hi\n", "2:7", "    prompt: >-\n      She\n      says: hi\n"),
        ("a: {prompt: He says: hi}\n", "1:20", '    prompt: "He says: hi"\n'),
    ],
)
def test_a_colon_in_a_text_is_an_error(text: str, place: str, end: str):
    shown = problems(text)
    assert shown.startswith(f"a.yaml:{place}: error: `: ` in a text without quotes begins a value\n")
    assert shown.endswith(end)


def test_a_comma_in_braces_is_an_error_that_knows_what_was_meant():
    assert problems("a: {timestamps: 1,3}\n") == (
        "a.yaml:1:17: error: `3` has no value: a comma inside `{…}` begins the next key\n"
        " 1 | a: {timestamps: 1,3}\n"
        "   |                 ^^^\n"
        "\n"
        "hint: a list or text with a comma is written so:\n"
        "    timestamps: [1, 3]\n"
    )
    assert problems("a: {prompt: Hello, world}\n").endswith('    prompt: "Hello, world"\n')
    assert problems("a: {who, mood: x}\n").endswith("hint: write `who: …`, or `who: null` if that is meant\n")
    assert codes("a: {who: , mood: null, x: ~}\n") == []


def test_tabs_that_indent_are_an_error():
    assert problems("a:\n\tb: 1\n") == (
        "a.yaml:2:1: error: a tab can't indent in YAML\n 2 |     b: 1\n   | ^^^^\n\nhint: indent with spaces:\n  b: 1\n"
    )


def test_duplicate_keys_are_an_error_with_both_places_and_the_first_one_stays():
    document, _, _ = read("a: 1\nb: 2\na: {c: 3}\n")
    assert document is not None
    assert document.root == {"a": "1", "b": "2"}
    assert problems("a: 1\nb: 2\na: {c: 3}\n") == (
        "a.yaml:3:1: error: the key `a` stands twice in the same place\n"
        " 3 | a: {c: 3}\n"
        "   | ^\n"
        "a.yaml:1:1: note: it is here already\n"
        " 1 | a: 1\n"
        "   | ^\n"
        "\n"
        "hint: keep one of the two\n"
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: 1\n<<: {b: 1}\n", "merge-key"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "merge-key"),
        ("a: !!python/object/apply:os.system [x]\n", "tag"),
        ("!!map {a: 1}\n", "tag"),
        ("a: !!timestamp zz\n", "tag"),
        ("!!str a: 1\n", "tag"),
        ("? [x]\n: 1\n", "key"),
        ("? {x: [1, {y: 2}]}\n: 1\n", "key"),
        ("~: 1\n", "key"),
        ("? \n: 1\n", "key"),
        (f"{'k' * 300}: 1\n", "key"),
        ("a: 1\n---\nb: 2\n", "documents"),
        ("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n", "merge-conflict"),
        (b"a: \xff\n", "encoding"),
        (b"\xff\xfea\x00", "encoding"),
        ("a: \0\n", "control-character"),
        ("a: \x07\n", "control-character"),
        ("a: x\u2028y\n", "line-break"),
        (b"a: 1\rb: 2\r", "line-break"),
        ('a: "x\nb: 1\n', "unclosed-quote"),
        ("a: 'don't'\n", "text-after-quote"),
        ('a: "Hello," she says\n', "text-after-quote"),
        ('a: "\\d"\n', "escape"),
        ("a: [1, 2\nb: 3\n", "unclosed-bracket"),
        ("a: {b: 1\n", "unclosed-bracket"),
        ("a: ]\n", "unquoted-text"),
        ("prompt:text\nb: 1\n", "no-space"),
        ("a: 1\nhello world\nb: 1\n", "not-a-key"),
        ("a:\n    b: 1\n  c: 2\n", "indentation"),
        ("prompt: one #2\n  three\nb: 1\n", "comment-cuts-text"),
    ],
)
def test_what_is_not_part_of_the_language_is_refused(text: str | bytes, code: str):
    assert codes(text) == [code]


def test_all_problems_that_leave_the_file_readable_are_told_at_once():
    text = "a: 1\na: 2\nb: !!str x\n<<: {c: 1}\nprompt: x #1\nd: {e: 1,2}\n"
    assert codes(text) == ["duplicate-key", "tag", "merge-key", "comment-cuts-text", "comma-splits"]


# attacks

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)
)
CHAIN = "k0: &k0 [x]\n" + "".join(f"k{n}: &k{n} [*k{n - 1}]\n" for n in range(1, 300))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (BOMB, "alias"),
        (CHAIN, "alias"),
        ("a: &a [*a]\n", "alias"),
        ("a: &a {b: {c: *a}}\n", "alias"),
        ("[" * 2_000, "too-deep"),
        ("[" * 100_000, "too-deep"),
        ("- " * 100_000, "too-deep"),
        ("a: " + "{a: " * 100_000, "too-deep"),
        ("[" * 100_000 + "]" * 100_000, "too-deep"),
        ("? " * 10_000, "too-deep"),
        ("a: '" + "x" * 2_000_000 + "'\n", "too-large"),
        ("a: |\n  " + "x" * 2_000_000 + "\n", "too-large"),
    ],
    ids=str,
)
def test_attacks_are_refused_fast(text: str, code: str):
    began = time.perf_counter()
    found = codes(text)
    assert code in found
    assert time.perf_counter() - began < 5


def test_nested_templates_without_end_are_refused_once():
    assert codes("{" * 100_000)[-1] == "too-deep"
    assert len(problems("{" * 100_000)) < 2_000


def test_a_file_beyond_the_bounds_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "MAX_BYTES", 100)
    assert codes("a: " + "x" * 200) == ["too-large"]
    assert codes(b"a: \xff" + b"x" * 200) == ["too-large"]


def test_a_file_with_too_many_values_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "MAX_NODES", 1_000)
    assert codes("[" + "a," * 2_000 + "]") == ["too-large"]


@pytest.mark.parametrize(
    "text", ["{" + "a," * 300_000 + "}", "{" + "a: 1," * 200_000 + "}", "[" + "!x y," * 200_000 + "]"]
)
def test_a_file_full_of_problems_is_not_read_to_its_end(text: str):
    began = time.perf_counter()
    assert len(codes(text)) <= room.MAX_PROBLEMS + 1
    assert time.perf_counter() - began < 5


def test_an_alias_bomb_takes_little_memory():
    tracemalloc.start()
    try:
        read(BOMB)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


def test_reading_leaves_the_garbage_collector_as_it_was():
    read("a: [")
    assert gc.isenabled()
    gc.disable()
    try:
        read("a: 1")
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_pure_python_events_say_the_same(monkeypatch: pytest.MonkeyPatch):
    import yaml

    texts = [*(text.replace("{W}", "w") for text in SCALARS.values()), "prompt: x #1\ntakes: 3 # y\n", "a: 1\na: 2\n"]
    fast = [(read(text)[0], as_json(read(text)[2])) for text in texts]
    monkeypatch.setattr(room, "_Parser", yaml.SafeLoader)
    slow = [(read(text)[0], as_json(read(text)[2])) for text in texts]
    assert [(one and one.root, found) for one, found in fast] == [(one and one.root, found) for one, found in slow]
    assert codes("[" * 5_000) == ["too-deep"]


# anything at all

_MARKS = "a|b: |prompt: |- |  |\n|\n  |\t|#| #|{|}|[|]|,|:|'|\"|>-\n|&x |*x"
_MARKS += "|!t |<<: |? |---\n|@k|{{ a }}|%|\\|\r\n|é|灯|~|null"
_PIECES = st.sampled_from([*_MARKS.split("|"), "|", "\x85", "\0"])


def harmless(data: bytes) -> None:
    diagnostics, places = Diagnostics(), Places()
    source = decode("a.yaml", "a.yaml", data, diagnostics)
    document = parse(source, places, diagnostics) if source else None
    lines = source.text.split("\n") if source else []
    for found in diagnostics:
        spans = [span for span in (found.span, *(related.span for related in found.related)) if span]
        for span in spans if source else []:
            assert 1 <= span.place.line <= len(lines)
            assert 1 <= span.place.column <= len(lines[span.place.line - 1]) + 1
            assert span.length >= 1
    assert document is not None or diagnostics.has_errors
    render(diagnostics, {"a.yaml": source} if source else {})
    if document is not None:
        walk(document.root, places, len(lines))


def walk(value: object, places: Places, lines: int) -> None:
    if not isinstance(value, (dict, list)):
        return
    for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
        assert places.of(value, key).place.line <= lines
        if isinstance(key, str) and isinstance(value, dict):
            assert places.key(value, key).place.line <= lines
        if isinstance(item, str):
            for offset in (0, len(item) // 2, len(item)):
                assert places.inside(value, key, offset).place.line <= lines
        walk(item, places, lines)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes):
    harmless(data)


@settings(max_examples=400, deadline=None)
@given(st.lists(_PIECES, max_size=40).map("".join))
def test_any_pieces_of_yaml_are_read_or_refused(text: str):
    harmless(text.encode())


GOOD = (
    "sorapipe: 1\nvars: {tone: 'wind'}\nshots:\n  - id: a\n    prompt: >-\n      @k climbs\n      {{ x }}\n"
    '    tags: [x, "y"]\n'
)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(0, 6), st.lists(_PIECES, max_size=3).map("".join))
def test_a_storyboard_with_a_slip_of_the_hand_is_read_or_refused(at: int, cut: int, put: str):
    harmless((GOOD[:at] + put + GOOD[at + cut :]).encode())


@settings(max_examples=200, deadline=None)
@given(
    st.text(
        alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\ufeff"), max_size=60
    )
)
def test_any_text_in_quotes_comes_back_as_it_is(text: str):
    from sorapipe.storyboard.traps import quoted

    if any(ord(char) in (0xFFFE, 0xFFFF) or ord(char) & 0xFFFE == 0xFFFE for char in text):
        return
    document, places, diagnostics = read(f"a: {quoted(text)}\n")
    assert not len(diagnostics)
    assert document is not None
    assert document.root == {"a": text}
    assert isinstance(document.root, dict)
    for offset, char in enumerate(text):
        place = places.inside(document.root, "a", offset).place
        assert document.source.line(1)[place.column - 1] == char
