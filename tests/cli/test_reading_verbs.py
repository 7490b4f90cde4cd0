"""Verbs that only read: plan, validate, status, graph, schema, providers, doctor."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cli.commands import Sorapipe


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_plan_names_every_take_with_reason_and_price(film: Path, sorapipe: Sorapipe) -> None:
    out = sorapipe("plan").out
    assert "characters\n  + render    @tom" in out
    assert "shore · Dawn" in out
    assert "stairs t02" in out
    assert "storm/squall/wide t01" in out
    assert "6 shots" in out or "7 shots" in out
    assert "to do this: sorapipe run\n" in out


def test_a_plan_writes_nothing(film: Path, sorapipe: Sorapipe, tmp_path: Path) -> None:
    before = files(tmp_path)
    sorapipe("plan")
    sorapipe("status")
    sorapipe("validate")
    sorapipe("graph")
    assert files(tmp_path) == before


def test_a_plan_as_data_has_the_documented_shape(film: Path, sorapipe: Sorapipe) -> None:
    data = json.loads(sorapipe("plan", "--format", "json").out)
    assert set(data) == {
        "v",
        "provider",
        "account",
        "currency",
        "idle",
        "totals",
        "steps",
        "uploads",
        "gone",
        "warnings",
    }
    assert data["totals"]["cost"] == str(sum(int(step["price"]) for step in data["steps"]))
    assert {step["action"] for step in data["steps"]} == {"render"}
    assert json.loads(sorapipe("plan", "--json").out) == data


def test_the_exit_code_tells_that_there_is_something_to_do(film: Path, sorapipe: Sorapipe) -> None:
    sorapipe("plan", "--exit-code", code=20)


def test_some_shots_are_planned_alone(film: Path, sorapipe: Sorapipe) -> None:
    out = sorapipe("plan", "storm/fog").out
    assert "storm/fog/wide t01" in out
    assert "cliff" not in out
    assert "sorapipe run storm/fog" in out


def test_an_unknown_shot_is_named_with_what_was_meant(film: Path, sorapipe: Sorapipe) -> None:
    err = sorapipe("plan", "stiars", code=2).err
    assert "no shot `stiars`" in err
    assert "did you mean `stairs`?" in err


def test_a_long_plan_is_folded_and_shown_whole_when_asked(here: Path, sorapipe: Sorapipe) -> None:
    shots = "".join(f"  - {{id: s{n}, prompt: picture number {n}.}}\n" for n in range(300))
    (here / "storyboard.yaml").write_text(f"sorapipe: 1\nshots:\n{shots}")
    short = sorapipe("plan").out
    assert len(short.splitlines()) < 15
    assert "and 297 more like these, to s299 t01" in short
    assert "s150 t01" in sorapipe("plan", "--all").out


def test_errors_end_with_3_and_nothing_on_standard_output(here: Path, sorapipe: Sorapipe) -> None:
    (here / "storyboard.yaml").write_text("sorapipe: 1\nshots:\n  - id: a\n    promt: x\n")
    result = sorapipe("plan", code=3)
    assert not result.out
    assert "storyboard.yaml:4:5: error:" in result.err
    assert "nothing was sent" in result.err


def test_the_only_storyboard_of_a_folder_is_taken(film: Path, sorapipe: Sorapipe) -> None:
    (film / "storyboard.yaml").rename(film / "skerry.yaml")
    (film / "other.yaml").write_text("name: something else\n")
    assert "sorapipe run skerry.yaml" in sorapipe("plan").out


def test_several_storyboards_are_listed(film: Path, sorapipe: Sorapipe) -> None:
    text = (film / "storyboard.yaml").read_text()
    (film / "storyboard.yaml").unlink()
    for name in ("a.yaml", "b.yaml"):
        (film / name).write_text(text)
    err = sorapipe("plan", code=2).err
    assert "`a.yaml`, `b.yaml`" in err


def test_a_missing_storyboard_is_no_traceback(here: Path, sorapipe: Sorapipe) -> None:
    assert "no file `x.yaml`" in sorapipe("plan", "x.yaml", code=2).err
    assert "sorapipe init" in sorapipe("run", code=2).err


def test_validate_takes_many_and_ends_with_3(film: Path, sorapipe: Sorapipe) -> None:
    (film / "bad.yaml").write_text("sorapipe: 1\nshots:\n  - {id: a, prompt: x, seconds: lots}\n")
    result = sorapipe("validate", "storyboard.yaml", "bad.yaml", code=3)
    assert "storyboard.yaml: 7 shots, nothing wrong" in result.out or "nothing wrong" in result.out
    assert "bad.yaml:3" in result.out
    data = json.loads(sorapipe("validate", "storyboard.yaml", "bad.yaml", "--format", "json", code=3).out)
    assert [one["file"] for one in data["files"]] == ["storyboard.yaml", "bad.yaml"]
    assert data["errors"] >= 1


def test_validate_asks_the_provider(film: Path, sorapipe: Sorapipe) -> None:
    (film / "storyboard.yaml").write_text("sorapipe: 1\nshots: [{id: a, prompt: x, size: 1x1}]\n")
    assert "1x1" in sorapipe("validate", code=3).out


def test_only_warnings_end_with_0(film: Path, sorapipe: Sorapipe) -> None:
    (film / "storyboard.yaml").write_text(
        "sorapipe: 1\nshots:\n  - {id: a, prompt: the same}\n  - {id: b, prompt: the same}\n"
    )
    result = sorapipe("validate")
    assert "warning" in result.out


@pytest.mark.parametrize("shape", ["mermaid", "dot", "svg"])
def test_a_graph_has_every_shot(film: Path, sorapipe: Sorapipe, shape: str) -> None:
    out = sorapipe("graph", "--format", shape).out
    for name in ("cliff", "storm/squall/wide", "@tom", "landing"):
        assert name in out
    if shape == "svg":
        ElementTree.fromstring(out)  # noqa: S314 - our own drawing


def test_status_shows_what_is_missing_and_the_command(film: Path, sorapipe: Sorapipe) -> None:
    out = sorapipe("status").out
    assert "stairs" in out
    assert "not rendered" in out
    assert "sorapipe run" in out
    data = json.loads(sorapipe("status", "stairs", "--json").out)
    assert [shot["label"] for shot in data["shots"]] == ["stairs"]


def test_schema_prints_both(sorapipe: Sorapipe) -> None:
    assert json.loads(sorapipe("schema").out)["properties"]["sorapipe"]
    assert json.loads(sorapipe("schema", "profile").out)["properties"]["dialect"]


def test_providers_are_listed_and_explained_without_keys(sorapipe: Sorapipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUXA_API_KEY", "canary-key-s3cret-value")
    listed = sorapipe("providers").out
    assert re.search(r"^simulator +ready", listed, re.MULTILINE)
    assert re.search(r"^ruxa +ended 2026-09-24", listed, re.MULTILINE)
    data = {one["name"]: one for one in json.loads(sorapipe("providers", "--json").out)}
    assert (data["ruxa"]["ended"], data["ruxa"]["key_is_set"], data["simulator"]["ended"]) == ("2026-09-24", True, None)
    shown = sorapipe("providers", "show", "ruxa").out
    assert "RUXA_API_KEY" in shown
    assert "canary-key-s3cret-value" not in listed + shown + sorapipe("providers", "show", "ruxa", "--json").out
    assert "there are" in sorapipe("providers", "show", "nobody", code=3).err


def test_doctor_looks_at_everything(film: Path, sorapipe: Sorapipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUXA_API_KEY", "canary-key-s3cret-value")
    result = sorapipe("doctor", "--provider", "ruxa", code=3)
    assert "✗ provider    ruxa: all its models ended" in result.out
    assert "0 takes and 0 characters known" in result.out
    assert "h264" in result.out
    assert "RUXA_API_KEY is set" in result.out
    assert "canary-key-s3cret-value" not in result.out + result.err
    names = {one["name"] for one in json.loads(sorapipe("doctor", "--json").out)}
    assert {"sorapipe", "codecs", "state", "run lock", "provider", "key"} <= names


def house(**more: str) -> None:
    folder = Path(os.environ["SORAPIPE_CONFIG_DIR"]) / "providers"
    folder.mkdir(parents=True)
    (folder / "house.yaml").write_text(
        "extends: simulator\nembedded: false\nrehearsal: false\nbase_url: https://api.example.org\n"
        "key_env: HOUSE_API_KEY\n" + "".join(f"{name}: {value}\n" for name, value in more.items())
    )


def test_doctor_ends_as_a_run_would(film: Path, sorapipe: Sorapipe) -> None:
    house()
    result = sorapipe("doctor", "--provider", "house", code=6)
    assert "✗ key         HOUSE_API_KEY is not set" in result.out
    sorapipe("doctor", "--provider", "nobody", code=3)
    (film / "storyboard.lock").write_text("<<<<<<< ours\n=======\n>>>>>>> theirs\n")
    broken = sorapipe("doctor", "--provider", "house", code=5)
    assert "✗ lock" in broken.out
    assert "✗ key" in broken.out


BUDGET = "sorapipe: 1\nbudget: {max_cost: 15, currency: credits}\nshots: [{id: a, prompt: x}, {id: b, prompt: y}]\n"


def test_a_plan_above_the_budget_is_warned_of_with_its_place(here: Path, sorapipe: Sorapipe) -> None:
    (here / "storyboard.yaml").write_text(BUDGET)
    result = sorapipe("plan")
    assert "storyboard.yaml:2:20: warning: `budget.max_cost` is 15, 0 are spent: 15 is left" in result.err
    assert "`--partial` renders what fits: 1 take for 10 credits" in result.err
    refused = sorapipe("run", code=7).err
    assert "storyboard.yaml:2:20: error: `budget.max_cost` is 15" in refused
    assert "nothing was sent" in refused
    flag = sorapipe("run", "--max-cost", "12", code=7).err
    assert "the plan costs 20 credits and `--max-cost` allows 12; nothing was sent" in flag
    assert "`--max-cost 20` allows all of it" in flag


def test_a_budget_in_another_currency_is_warned_of(here: Path, sorapipe: Sorapipe) -> None:
    (here / "storyboard.yaml").write_text(BUDGET.replace("credits", "USD"))
    assert "storyboard.yaml:2:34: warning: the budget is in USD" in sorapipe("plan").err


def test_a_price_that_is_not_known_is_said_and_keeps_no_limit(here: Path, sorapipe: Sorapipe) -> None:
    folder = Path(os.environ["SORAPIPE_CONFIG_DIR"]) / "providers"
    folder.mkdir(parents=True)
    (folder / "living.yaml").write_text("extends: ruxa\ndefaults: {model: m}\nmodels: {m: {seconds: [10]}}\n")
    (here / "storyboard.yaml").write_text("sorapipe: 1\nprovider: living\nshots: [{id: a, prompt: x}]\n")
    assert "1 clip from living, about 4 minutes, price unknown" in sorapipe("plan").out
    refused = sorapipe("run", "--max-cost", "5", code=7).err
    assert "`living` names no price for a, so no limit can be kept" in refused
    assert "give the model a price in the profile" in refused


def test_hints_and_commands_keep_storyboard_and_provider(film: Path, sorapipe: Sorapipe) -> None:
    house()
    (film / "storyboard.yaml").rename(film / "tram.yaml")
    (film / "other.yaml").write_text("sorapipe: 1\nshots: [{id: a, prompt: x}]\n")
    assert (
        "to do this: sorapipe run tram.yaml --provider house\n"
        in sorapipe("plan", "tram.yaml", "--provider", "house").out
    )
    assert "sorapipe run tram.yaml --provider house\n" in sorapipe("status", "tram.yaml", "--provider", "house").out
    for words in (
        ["pick", "tram.yaml", "stairs"],
        ["pick", "tram.yaml", "stairs", "4"],
        ["ng", "tram.yaml", "stairs", "1"],
    ):
        err = sorapipe(*words, code=2).err
        assert "stairs has no takes yet" in err
        assert "`sorapipe run tram.yaml stairs`" in err


def test_a_roll_of_a_character_that_nobody_makes_is_answered(film: Path, sorapipe: Sorapipe) -> None:
    assert "did you mean `@tom`?" in sorapipe("roll", "@tim", code=2).err
    assert "`@lantern` is only words" in sorapipe("roll", "@lantern", code=2).err


def test_characters_that_drive_terminals_are_escaped(here: Path, sorapipe: Sorapipe) -> None:
    (here / "storyboard.yaml").write_text(
        'sorapipe: 1\ntitle: "a\\u001b]0;x\\u0007b\\u202e"\nshots: [{id: a, prompt: "x\\u001b[31m"}]\n'
    )
    for words in (["plan"], ["status"], ["graph", "--format", "svg"], ["plan", "--json"], ["graph"]):
        result = sorapipe(*words)
        assert not {"\x1b", "\x07", "\u202e"} & set(result.out + result.err)
