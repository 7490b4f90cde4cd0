"""Storyboards that are too large, too deep or too slow for a file: refused in a bounded time and memory."""

from __future__ import annotations

import pytest
from attacks.hostile_data import attacks
from attacks.stage import Stage

HEAD = "sorapipe: 1\n"
SHOTS = "shots:\n  - id: a\n    prompt: "
LIST = f"vars: {{l: [{'w,' * 100_000}]}}\n"


def _words(count: int) -> str:
    return ", ".join(f"w{number}" for number in range(count))


BOMBS: dict[str, tuple[str, str | bytes]] = {
    "brackets-2000": ("too-deep", HEAD + "vars: {a: " + "[" * 2_000 + "]" * 2_000 + "}\n"),
    "brackets-100000": ("too-deep", HEAD + "vars: {a: " + "[" * 100_000),
    "braces-100000": ("too-deep", HEAD + "vars: " + "{a: " * 100_000),
    "block-100000": ("too-deep", "".join(" " * depth + "a:\n" for depth in range(2_000))),
    "32-mb-scalar": ("too-large", HEAD + "title: " + "x" * (32 << 20)),
    "text-of-a-million": ("too-large", HEAD + SHOTS + "x" * 1_000_001),
    "prompt-of-200000": ("too-long", HEAD + SHOTS + "x" * 200_000),
    "not-utf-8": ("encoding", HEAD.encode() + b"title: \xff\xfe\n"),
    "utf-16": ("encoding", (HEAD + SHOTS + "x\n").encode("utf-16")),
    "surrogate": ("encoding", HEAD.encode() + b"title: \xed\xa0\x80\n"),
    "template-brackets": ("template", HEAD + SHOTS + '"{{ ' + "(" * 50_000 + "1" + ")" * 50_000 + ' }}"'),
    "template-lists": ("template", HEAD + SHOTS + '"{{ ' + "[" * 5_000 + "]" * 5_000 + ' }}"'),
    "template-names": ("template", HEAD + SHOTS + '"{{ vars' + ".a" * 50_000 + ' }}"'),
    "template-nots": ("template", HEAD + SHOTS + '"{{ ' + "not " * 20_000 + 'vars.a }}"'),
    "template-ors": ("template", HEAD + SHOTS + '"{{ vars.a' + " or vars.a" * 5_000 + ' }}"'),
    "template-open": ("template", HEAD + SHOTS + '"' + "{{ " * 100_000 + '"'),
    "template-ifs": ("template", HEAD + SHOTS + '"' + "{% if a %}" * 50_000 + '"'),
    "template-elifs": (
        "template",
        HEAD + "vars: {a: b}\n" + SHOTS + '"{% if vars.a %}' + "{% elif vars.a %}x" * 5_000 + '{% endif %}"',
    ),
    "template-replace": (
        "template",
        HEAD + f"vars: {{a: {'a' * 50_000}}}\n" + SHOTS + "\"{{ vars.a|replace('a', vars.a) }}\"",
    ),
    "template-loop-output": (
        "template",
        HEAD + f"vars: {{l: [{'w' * 9},{'w,' * 20_000}]}}\n" + SHOTS + '"{% for w in vars.l %}0123456789{% endfor %}"',
    ),
    "template-silent-loops": (
        "template",
        HEAD + LIST + SHOTS + '"x' + "{% for w in vars.l %}{% endfor %}" * 1_000 + '"',
    ),
    "texts-of-ten-thousand-shots": (
        "too-much-text",
        HEAD
        + f"vars: {{a: {'a' * 1_000}}}\nshots:\n  - id: a\n    prompt: '{'{{ vars.a }}' * 99}'\n"
        + f"    matrix: {{x: [{_words(100)}], y: [{_words(100)}]}}\n",
    ),
    "films-times-shots": (
        "too-many-shots",
        HEAD
        + f"matrix: {{x: [{_words(1_000)}]}}\nfilm: {{file: '{{{{ matrix.x }}}}.mp4'}}\nshots:\n"
        + f"  - {{id: a, prompt: '{{{{ matrix.y }}}}', matrix: {{y: [{_words(300)}]}}}}\n",
    ),
    "aliases-of-needs": (
        "alias",
        HEAD
        + f"shots:\n  - {{id: z, prompt: x, needs: &n [{_words(2_000)}]}}\n"
        + "".join(f"  - {{id: w{number}, prompt: x, needs: *n}}\n" for number in range(2_000)),
    ),
    "unknown-mentions": (
        "unknown-character",
        HEAD
        + f"characters: {{{', '.join(f'name{number}: {{description: x}}' for number in range(3_000))}}}\n"
        + SHOTS
        + "'"
        + " ".join(f"@nbme{number}" for number in range(3_000))
        + "'",
    ),
    "unknown-shots": (
        "unknown-shot",
        HEAD
        + "shots:\n"
        + "".join(f"  - {{id: shot{number}x, prompt: x, needs: [shat{number}y]}}\n" for number in range(700)),
    ),
    "unknown-keys": ("unknown-key", HEAD + "".join(f"zkey{number}: x\n" for number in range(2_000))),
    "duplicate-keys": ("duplicate-key", HEAD + "x: 1\n" * 20_000),
    "duplicate-ids": ("defined-twice", HEAD + "shots:\n" + "  - {id: a, prompt: x}\n" * 3_000),
    "circle-of-3000": (
        "cycle",
        HEAD
        + "shots:\n"
        + "".join(f"  - {{id: s{n}, prompt: x, continues: s{(n - 1) % 3_000}}}\n" for n in range(3_000)),
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_goes_off(stage: Stage, name: str) -> None:
    code, text = BOMBS[name]
    stage.film(text)
    stage.invalid(code)


TABLES = {name: (one["rows"], one["refused"]) for name, one in attacks("tables").items()}
TABLES |= {
    "columns": ("id," + ",".join(f"vars.c{number}" for number in range(50_000)) + "\na\n", "too-large"),
    "rows": ("id\n" + "".join(f"w{number}\n" for number in range(100_001)), "too-large"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_hostile_table_is_refused(stage: Stage, name: str) -> None:
    rows, code = TABLES[name]
    (stage.folder / "rows.csv").write_text(rows)
    stage.film(HEAD + "shots: [{id: a, prompt: 'x {{ matrix.r }}', matrix: {r: rows.csv}}]\n")
    stage.invalid(code)
