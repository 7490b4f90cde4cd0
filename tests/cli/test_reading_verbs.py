"""Verbs that only read: plan, validate, status, graph, schema, providers, doctor."""

from __future__ import annotations

import json
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
    monkeypatch.setenv("RUXA_API_KEY", "s3cret-value")
    listed = sorapipe("providers").out
    assert "simulator" in listed
    assert "key is set" in listed
    shown = sorapipe("providers", "show", "ruxa").out
    assert "RUXA_API_KEY" in shown
    assert "s3cret-value" not in listed + shown + sorapipe("providers", "show", "ruxa", "--json").out
    assert "there are" in sorapipe("providers", "show", "nobody", code=3).err


def test_doctor_looks_at_everything(film: Path, sorapipe: Sorapipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUXA_API_KEY", "s3cret-value")
    result = sorapipe("doctor", "--provider", "ruxa")
    assert "h264" in result.out
    assert "RUXA_API_KEY is set" in result.out
    assert "s3cret-value" not in result.out + result.err
    names = {one["name"] for one in json.loads(sorapipe("doctor", "--json").out)}
    assert {"sorapipe", "codecs", "state", "run lock", "provider", "key"} <= names


def test_characters_that_drive_terminals_are_escaped(here: Path, sorapipe: Sorapipe) -> None:
    (here / "storyboard.yaml").write_text(
        'sorapipe: 1\ntitle: "a\\u001b]0;x\\u0007b\\u202e"\nshots: [{id: a, prompt: "x\\u001b[31m"}]\n'
    )
    for words in (["plan"], ["status"], ["graph", "--format", "svg"], ["plan", "--json"], ["graph"]):
        result = sorapipe(*words)
        assert not {"\x1b", "\x07", "\u202e"} & set(result.out + result.err)
