"""Scripts of faults: what they may say, what is wrong with them, and whose turn it is. Nothing is served here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sorapipe.simulator.faults import Facts, Script
from sorapipe.simulator.faults_catalogue import CHAPTERS, KINDS
from sorapipe.simulator.faults_rules import WrongScript, read

EXAMPLE = Path(__file__).parents[2] / "examples" / "faults.yaml"


def turns(text: str, count: int, facts: Facts | None = None, call: str = "create") -> list[int]:
    """The calls, from 1, that a script of one rule strikes."""
    script = read(text.encode())
    return [turn for turn in range(1, count + 1) if script.choose(call, lambda: facts or Facts())]


@pytest.mark.parametrize(
    ("when", "struck"),
    [
        ("{}", [1, 2, 3, 4, 5, 6]),
        ("{nth: 3}", [3]),
        ("{every: 2}", [2, 4, 6]),
        ("{from: 3}", [3, 4, 5, 6]),
        ("{from: 2, to: 4}", [2, 3, 4]),
        ("{from: 2, every: 2}", [3, 5]),
        ("{times: 2}", [1, 2]),
        ("{from: 3, times: 1}", [3]),
        ("{probability: 0}", []),
        ("{probability: 1}", [1, 2, 3, 4, 5, 6]),
    ],
)
def test_whose_turn_it_is(when: str, struck: list[int]) -> None:
    assert turns(f"- {{call: create, what: reset, when: {when}}}", 6) == struck


def test_luck_is_the_seeds() -> None:
    rule = "[{what: reset, when: {probability: 0.3}}]"
    one, same, other = (turns(f"{{seed: {seed}, rules: {rule}}}", 200) for seed in (1, 1, 2))
    assert one == same != other
    assert 35 < len(one) < 85


@pytest.mark.parametrize(
    ("when", "strikes"),
    [
        ("{task: task_a}", True),
        ("{task: 7}", True),
        ("{task: task_b}", False),
        ("{prompt: storm}", True),
        ("{prompt: calm}", False),
        ("{ended: true}", False),
        ("{ended: false}", True),
    ],
)
def test_which_tasks_a_rule_looks_at(when: str, strikes: bool) -> None:
    facts = Facts("task_a", 7, "the storm comes", ended=False)
    assert bool(turns(f"- {{what: reset, when: {when}}}", 1, facts, "query")) == strikes


def test_a_rule_counts_only_calls_that_it_looks_at() -> None:
    script = read(b"- {call: query, what: reset, when: {nth: 2, task: b}}")
    asked = ["a", "b", "a", "b", "b"]
    struck = [script.choose("query", lambda name=name: Facts(name)) is not None for name in asked]  # type: ignore[misc]
    assert struck == [False, False, False, True, False]


def test_the_first_rule_that_strikes_wins_and_all_count() -> None:
    script = read(b"[{what: html, when: {nth: 2}}, {what: empty, when: {to: 2}}]")
    found = [script.choose("query", Facts) for _ in range(3)]
    assert [fault.name if fault else None for fault in found] == ["empty", "html", None]
    assert [rule["seen"] for rule in script.as_json()["rules"]] == [3, 3]  # type: ignore[attr-defined]


def test_facts_are_looked_up_only_where_a_rule_asks() -> None:
    def never() -> Facts:
        raise AssertionError("nobody asked")

    assert read(b"- {call: query, what: html}").choose("query", never) is not None
    assert read(b"- {call: create, what: html, when: {prompt: x}}").choose("query", never) is None
    assert Script().choose("query", never) is None


WRONG = [
    ("{}: {}", "the script is neither YAML nor JSON"),
    ("x: 1", "the script has no key `x`: it has `rules` and `seed`"),
    ("text", "the rules must be a list of at most 1000"),
    ("{seed: a, rules: []}", "the seed must be a whole number"),
    ("- 7", "rule 1: must be a mapping with `call`, `when` and `what`"),
    ("- {call: create}", "rule 1: what: required, the name of a fault"),
    ("- {what: closed, whn: {nth: 1}}", "rule 1: whn: unknown key, did you mean `when`?"),
    ("- {what: closed, call: creat}", "rule 1: call: there is no `creat`, did you mean `create`?"),
    ("- {what: close}", "rule 1: what: there is no `close`, did you mean `closed`?"),
    ("- {what: xyzzy}", "rule 1: what: there is no `xyzzy`, `sorapipe simulator faults` lists them"),
    ("- {what: {status: 500, html: 1}}", "rule 1: what: must name one fault"),
    ("- {what: {status: high}}", "rule 1: what.status.code: must be a status code from 200 to 599"),
    ("- {what: {status: {cod: 1}}}", "rule 1: what.status.cod: unknown key, did you mean `code`?"),
    ("- {what: {closed: 3}}", "rule 1: what.closed: takes no value"),
    ("- {what: {cut: 2}}", "rule 1: what.cut.at: must be a number from 0 to 1"),
    ("- {what: {cut: .nan}}", "rule 1: what.cut.at: must be a number from 0 to 1"),
    ("- {what: {times: years}}", "rule 1: what.times.unit: must be one of s, ms"),
    ("- {what: {stuck: 9.5}}", "rule 1: what.stuck.progress: must be a whole number from 0 to 100"),
    (
        "- {what: truncated, call: create}",
        "rule 1: what: `truncated` doesn't happen to create; it does to content, file",
    ),
    ("- {what: closed, when: 3}", "rule 1: when: must be a mapping, for example {nth: 3}"),
    ("- {what: closed, when: {nht: 3}}", "rule 1: when.nht: unknown key, did you mean `nth`?"),
    ("- {what: closed, when: {nth: 0}}", "rule 1: when.nth: must be a whole number from 1 to 1e+09"),
    ("- {what: closed, when: {from: 4, to: 2}}", "rule 1: when.to: must not come before when.from"),
    ("- {what: closed, when: {probability: 2}}", "rule 1: when.probability: must be a number from 0 to 1"),
    ("- {what: closed, when: {prompt: 4}}", "rule 1: when.prompt: must be a text"),
    ("- {what: closed, when: {task: [a]}}", "rule 1: when.task: must be the id of a task, or its number"),
    ("- {what: closed, accepted: 1}", "rule 1: accepted: must be true or false"),
]


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_a_wrong_script_is_refused_by_rule_and_key(text: str, words: str) -> None:
    with pytest.raises(WrongScript) as wrong:
        read(text.encode())
    assert wrong.value.problems[0].startswith(words)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(WrongScript) as wrong:
        read(b"[{what: a}, {what: reset}, {what: {cut: 9}}]")
    assert [problem[:6] for problem in wrong.value.problems] == ["rule 1", "rule 3"]


def test_a_fault_is_written_in_three_ways() -> None:
    script = read(b"[{what: status}, {what: {status: 503}}, {what: {status: {code: 503, message: later}}}]")
    values = [dict(rule.values) for rule in script.rules]
    assert [value["code"] for value in values] == [500, 503, 503]
    assert values[2]["message"] == "later"


def test_names_and_lines_of_the_catalogue_are_fit_for_print() -> None:
    assert sum(map(len, CHAPTERS.values())) == len(KINDS)
    for kind in KINDS.values():
        assert kind.line and kind.line[-1] not in ".:" and len(kind.line) < 90, kind.name
        assert kind.calls, kind.name


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sorapipe.simulator", *words], capture_output=True, text=True, check=False
    )


def test_the_catalogue_is_printed_from_the_same_data() -> None:
    page = run("faults").stdout
    for kind in KINDS.values():
        assert f"\n  {kind.name}" in page
    assert f"{len(KINDS)} faults" in page
    assert {row["name"] for row in json.loads(run("faults", "--json").stdout)} == set(KINDS)


def test_the_example_is_sound() -> None:
    checked = run("faults", "--check", str(EXAMPLE))
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "6 rules, all sound" in checked.stdout


def test_a_server_does_not_start_with_a_script_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("- what: closd\n")
    for words in (
        ["serve", "--books", str(tmp_path / "books"), "--faults", str(path)],
        ["faults", "--check", str(path)],
    ):
        ended = run(*words)
        assert ended.returncode == 2
        assert ended.stderr == f"simulator: {path}: rule 1: what: there is no `closd`, did you mean `closed`?\n"
