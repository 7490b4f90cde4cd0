"""Plans for pull requests: as Markdown that nothing breaks out of, and in files that a run carries out or refuses."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from cli.commands import Sorapipe
from cli.shelf import shoot
from studio import Studio

from sorapipe.planning.facts import AttemptState
from sorapipe.views.markdown import code, fence, row, words

FILM = """\
sorapipe: 1
title: A film
characters:
  tom: {url: "https://example.org/tom.mp4", timestamps: [1, 3]}
shots:
  - {id: cliff, prompt: A gull in the wind.}
  - {id: boat, prompt: A small boat.}
  - {id: landing, continues: boat, prompt: He steps out.}
  - {id: pair, takes: 2, prompt: The lamp.}
  - {id: after, continues: pair, prompt: The beam.}
"""


@pytest.fixture
def tram(here: Path) -> Path:
    """A film that is rendered, but for the shot that waits."""
    (here / "storyboard.yaml").write_text(FILM)
    shoot("storyboard.yaml")
    return here


def edit(folder: Path, *pairs: tuple[str, str]) -> None:
    text = FILM
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    (folder / "storyboard.yaml").write_text(text)


MARKDOWN = """\
### A film

**1 clip** from `simulator`, **10 credits**

|  | take | price | why |
|---|---|--:|---|
| re-render | `boat` t02 | 10 credits | prompt: small → large |
| keep | `landing` t01 | (10 credits) | in the film, stale after this run: boat gets a new take |
| wait | `after` t01 |  | pick a take of pair |

5 shots, 6 takes, 0:50 of film; 3 takes kept as they are; under a minute.
1 more take waits (10 credits).
1 take out of date and kept, not bought (10 credits).

<details><summary>What changed in <code>boat</code></summary>

```text
prompt
  A [-small-]{+large+} boat.
  storyboard.yaml:7:24
```

</details>

To do this: `sorapipe run`
"""


def test_a_plan_is_a_table_with_the_words_that_changed_folded_away(tram: Path, sorapipe: Sorapipe) -> None:
    edit(tram, ("A small boat", "A large boat"))
    assert sorapipe("plan", "--format", "markdown").out == MARKDOWN


def test_a_film_that_is_there_says_so(here: Path, sorapipe: Sorapipe) -> None:
    (here / "storyboard.yaml").write_text("sorapipe: 1\nshots: [{id: a, prompt: A.}]\n")
    shoot("storyboard.yaml")
    out = sorapipe("plan", "--format", "markdown").out
    assert "**Nothing to buy.**" in out
    assert "sorapipe run" not in out


EVIL = "```\\n</details><script>x</script> | @org/team #12 [a](http://x) ![b](c) https://evil.example.org _em_ `"


def test_no_text_of_a_storyboard_breaks_out(tram: Path, sorapipe: Sorapipe) -> None:
    text = EVIL.replace("@", "@@")
    edit(tram, ("title: A film", f'title: "{EVIL}"'), ("A gull in the wind.", f'"{text}"'))
    out = sorapipe("plan", "--format", "markdown").out
    lines = out.splitlines()
    inside, plain = False, []
    for line in lines:
        if line.startswith("````"):
            inside = not inside
        elif not inside:
            plain.append(line)
    bare = "\n".join(_without_code(line) for line in plain)
    for mark in ("@", "<script", "http", "#12", "_em_", "]("):
        assert mark not in bare, bare
    assert out.count("</details>") - out.count("</details><script>") == out.count("<details>")
    rows = [line for line in plain if line.startswith("| ")]
    assert all(len(line.replace("\\|", "").split("|")) == 6 for line in rows)


def _without_code(line: str) -> str:
    """What is left of a line without its spans of code, as Markdown reads them."""
    out, rest = "", line
    while "`" in rest:
        before, _, rest = rest.partition("`")
        fence = "`"
        while rest.startswith("`"):
            fence, rest = fence + "`", rest[1:]
        inside = rest.split(fence)
        end = next(
            (at for at in range(len(rest)) if rest.startswith(fence, at)
             and not rest.startswith(fence + "`", at) and (at == 0 or rest[at - 1] != "`")), None,
        )  # fmt: skip
        assert end is not None, (line, inside)
        out, rest = out + before, rest[end + len(fence) :]
    return out + rest


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("prompt: in → on", "prompt: in → on"),
        ("@team", "`@team`"),
        ("a`b", "``a`b``"),
        ("`b", "`` `b ``"),
        ("<b>", "`<b>`"),
        ("see deadbeef1", "`see deadbeef1`"),
        ("a_b", "`a_b`"),
        ("1. one", "`1. one`"),
        ("- one", "`- one`"),
        ("a\nb", "a b"),
        ("\x1b[31m", "`\\u{1b}[31m`"),
    ],
)
def test_what_is_not_plain_words_is_code(text: str, shown: str) -> None:
    assert words(text) == shown


def test_code_fences_and_rows_hold_anything() -> None:
    assert code("") == ""
    assert fence(["a ```` b"])[0] == "`````text"
    assert row(["a|b", "c"]) == "| a\\|b | c |"


def test_a_long_plan_stays_below_what_a_comment_may_have(here: Path, sorapipe: Sorapipe) -> None:
    def board(word: str) -> str:
        shots = "".join(f"  - {{id: s{n}, prompt: {word} number {n}, {'long ' * 60}end}}\n" for n in range(400))
        return f"sorapipe: 1\nshots:\n{shots}".replace(", long", " long")

    (here / "storyboard.yaml").write_text(board("picture"))
    shoot("storyboard.yaml")
    (here / "storyboard.yaml").write_text(board("frame"))
    out = sorapipe("plan", "--format", "markdown").out
    assert len(out) < 60_000
    assert "… and 300 more" in out
    assert "more shots changed: `sorapipe why` tells the rest." in out
    assert "**400 clips**" in out


def out(sorapipe: Sorapipe, *words: str) -> dict[str, object]:
    sorapipe("plan", "--out", "plan.json", *words)
    return json.loads(Path("plan.json").read_text())


def refused(sorapipe: Sorapipe, *words: str) -> str:
    before = Path("storyboard.lock").read_bytes()
    said = sorapipe("run", "--plan", "plan.json", *words, code=3).err
    assert Path("storyboard.lock").read_bytes() == before
    return said


def test_a_plan_in_a_file_is_data_for_people_and_programs_without_paths_of_this_machine(
    tram: Path, sorapipe: Sorapipe
) -> None:
    edit(tram, ("A small boat", "A large boat"))
    data = out(sorapipe)
    assert data["storyboard"] == "storyboard.yaml"
    assert [step["label"] for step in data["steps"] if step["action"] == "re-render"] == ["boat"]
    assert [buy["label"] for buy in data["reviewed"]["buys"]] == ["boat"]
    assert str(tram) not in Path("plan.json").read_text()
    again = Path("plan.json").read_bytes()
    out(sorapipe)
    assert Path("plan.json").read_bytes() == again
    assert "to do this: sorapipe run --plan plan.json" in sorapipe("plan", "--out", "plan.json").out


def test_a_run_does_just_that_plan(studio: Studio) -> None:
    studio.write("tram.yaml", FILM)
    studio.run("plan", "tram.yaml", "--out", "plan.json", "boat", "landing")
    studio.run("run", "--plan", "plan.json")
    attempts = [record["address"] for record in studio.lock("tram") if record["kind"] == "attempt"]
    assert sorted(attempts) == ["boat", "landing"]
    assert "nothing to do" in studio.run("run", "tram.yaml", "--plan", "plan.json").out
    assert len(studio.ledger()) == 2


def test_a_run_that_was_cut_short_goes_on_with_its_plan(studio: Studio) -> None:
    studio.write("tram.yaml", FILM)
    studio.run("plan", "tram.yaml", "--out", "plan.json")
    studio.run("run", "--plan", "plan.json", "--max-takes", "2", "--partial", code=7)
    assert len(studio.ledger()) == 2
    studio.run("run", "--plan", "plan.json")
    assert len(studio.ledger()) == 5
    studio.run("pick", "tram.yaml", "pair", "1")
    said = studio.run("run", "--plan", "plan.json", code=3).err
    assert "after t01 would be bought as well, and is not in the plan" in said
    assert len(studio.ledger()) == 5


def test_steps_that_were_done_since_are_no_move(tram: Path, sorapipe: Sorapipe) -> None:
    edit(tram, ("A small boat", "A large boat"), ("A gull", "A hawk"))
    out(sorapipe)
    shoot("storyboard.yaml", "boat", "cliff", ends={"cliff": AttemptState.FAILED})
    said = sorapipe("run", "--plan", "plan.json", code=8)
    assert "things have changed" not in said.err


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([("A large boat", "A broad boat")], "boat t02 was edited: prompt: large → broad"),
        ([("A large boat.}", "A large boat., seconds: 15}")], "boat t02 was edited: seconds default → 15"),
        ([("  - {id: boat, prompt: A large boat.}\n", ""), ("continues: boat, ", "")], "its shot is gone"),
        ([("A large boat", "A small boat")], "boat t02 would not be bought any more: t01 is in the film"),
        ([("A gull", "A hawk")], "cliff t02 would be bought as well, and is not in the plan"),
        ([("A large boat.}", "A large boat., frozen: true}")],
         "boat t02 would not be bought any more: t01 is in the film, frozen"),
    ],
)  # fmt: skip
def test_an_edit_after_the_review_is_refused(
    tram: Path, sorapipe: Sorapipe, pairs: list[tuple[str, str]], said: str
) -> None:
    large = ("A small boat", "A large boat")
    edit(tram, large)
    out(sorapipe)
    edit(tram, large, *pairs)
    text = refused(sorapipe)
    assert "things have changed since `plan.json` was written; nothing was sent\n" in text
    assert said in text
    assert "look at it again: `sorapipe plan --out plan.json`" in text


def test_cosmetic_edits_and_other_shots_are_no_move(tram: Path, sorapipe: Sorapipe) -> None:
    edit(tram, ("A small boat", "A large boat"))
    out(sorapipe, "boat")
    edit(tram, ("A small boat", "A large boat"), ("title: A film", "title: Hey"), ("A gull", "A hawk"))
    shoot("storyboard.yaml", "boat")
    assert "nothing to do" in sorapipe("run", "--plan", "plan.json").out


def test_another_clip_to_begin_on_is_refused(tram: Path, sorapipe: Sorapipe) -> None:
    edit(tram, ("He steps out", "He climbs out"))
    out(sorapipe)
    (tram / "storyboard.yaml").write_text(FILM.replace("small", "large"))
    shoot("storyboard.yaml", "boat")
    edit(tram, ("He steps out", "He climbs out"), ("small", "large"))
    assert "landing t02 would begin on another clip of boat" in refused(sorapipe)


def test_another_price_and_another_provider_are_refused(tram: Path, sorapipe: Sorapipe, tmp_path: Path) -> None:
    folder = Path(os.environ["SORAPIPE_CONFIG_DIR"]) / "providers"
    folder.mkdir(parents=True)
    model = "models: {sora-2: {price: {amount: '%s', per: clip}}}\n"
    (folder / "house.yaml").write_text("extends: simulator\n" + model % "3")
    edit(tram, ("A small boat", "A large boat"))
    out(sorapipe, "--provider", "house")
    (folder / "house.yaml").write_text("extends: simulator\n" + model % "4")
    text = refused(sorapipe)
    assert "the profile of `house` is another one: models, prices or its address" in text
    assert "the price of boat t02 was 3 and is 4" in text
    assert "the plan is for `house`, and this would go to `simulator`" in refused(sorapipe, "--provider", "simulator")


def test_a_plan_that_was_changed_by_hand_is_refused(tram: Path, sorapipe: Sorapipe) -> None:
    edit(tram, ("A small boat", "A large boat"))
    data = out(sorapipe)
    data["reviewed"]["buys"][0]["price"] = "1"
    Path("plan.json").write_text(json.dumps(data))
    assert "`plan.json` can't be carried out: it was changed after it was written" in refused(sorapipe)
    other = '{"storyboard": "storyboard.yaml", "reviewed": {"v": 2, "digest": "", "buys": []}}'
    for text in ("{}", "[1]", "not json", other):
        Path("plan.json").write_text(text)
        assert "can't be carried out" in refused(sorapipe)
    assert "reading `none.json`: no such file" in sorapipe("run", "--plan", "none.json", code=2).err


def test_what_the_plan_says_is_not_said_again(tram: Path, sorapipe: Sorapipe) -> None:
    out(sorapipe)
    assert "leave `boat` out" in sorapipe("run", "boat", "--plan", "plan.json", code=2).err
    for flag in ("--cascade", "--reshoot", "--first-takes", "--locked"):
        assert f"`--plan` and `{flag}` exclude each other" in sorapipe("run", "--plan", "plan.json", flag, code=2).err
    assert "would be taken for a storyboard" in sorapipe("plan", "--out", "plan.yaml", code=2).err
    assert "folder that is not there" in sorapipe("plan", "--out", "no/plan.json", code=2).err


def test_wishes_are_part_of_the_plan(tram: Path, sorapipe: Sorapipe) -> None:
    edit(tram, ("A small boat", "A large boat"))
    shoot("storyboard.yaml", "boat")
    data = out(sorapipe, "--cascade")
    assert [buy["label"] for buy in data["reviewed"]["buys"]] == ["landing"]
    assert data["reviewed"]["wishes"]["cascade"] is True


def test_a_plan_from_a_fresh_clone_is_the_same(
    tram: Path, sorapipe: Sorapipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(tram, ("A small boat", "A large boat"), ("A gull", "A hawk"))
    clone = tmp_path / "clone"
    shutil.copytree(tram, clone, ignore=shutil.ignore_patterns("renders"))
    here = os.environ["SORAPIPE_STATE_DIR"]
    monkeypatch.setenv("SORAPIPE_STATE_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.chdir(clone)
    data = out(sorapipe)
    assert {step["action"] for step in data["steps"]} >= {"fetch", "re-render"}
    monkeypatch.setenv("SORAPIPE_STATE_DIR", here)
    monkeypatch.chdir(tram)
    shutil.copy(clone / "plan.json", "plan.json")
    said = sorapipe("run", "--plan", "plan.json", "--max-takes", "0", code=7).err
    assert "the plan renders 2 takes and `--max-takes` allows 0; nothing was sent" in said


def test_a_plan_in_another_folder_finds_its_storyboard(tram: Path, sorapipe: Sorapipe) -> None:
    edit(tram, ("A small boat", "A large boat"))
    (tram / "plans").mkdir()
    sorapipe("plan", "--out", "plans/plan.json")
    assert json.loads(Path("plans/plan.json").read_text())["storyboard"] == "../storyboard.yaml"
    edit(tram, ("A small boat", "A broad boat"))
    assert "boat t02 was edited" in sorapipe("run", "--plan", "plans/plan.json", code=3).err
