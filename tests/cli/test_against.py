"""The plan of a branch beside that of another revision: what is new, gone and edited, and the difference in price."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from cli.commands import Sorapipe
from cli.shelf import shoot

FILM = """\
sorapipe: 1
title: A film
vars: {tone: wind}
shots:
  - {id: cliff, prompt: "A gull in the {{ vars.tone }}."}
  - {id: boat, prompt: A small boat.}
  - {id: landing, continues: boat, prompt: He steps out.}
  - {id: end, prompt: Dark.}
"""


@pytest.fixture
def tram(here: Path) -> Path:
    """A film that is rendered, in a repository; clips and state are not."""
    (here / "storyboard.yaml").write_text(FILM)
    shoot("storyboard.yaml")
    (here / ".gitignore").write_text("renders\n")
    git(here, "init", "--quiet", "--initial-branch=main")
    commit(here)
    return here


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=Ed", "-c", "user.email=ed@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "a version")


def edit(folder: Path, *pairs: tuple[str, str]) -> None:
    text = FILM
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    (folder / "storyboard.yaml").write_text(text)


BRANCH = (("tone: wind", "tone: rain"), ("  - {id: end, prompt: Dark.}", "  - {id: more, prompt: A fox.}"))


def compared(text: str) -> str:
    """The part of a plan that compares."""
    return text[text.index("compared with") :]


def test_what_is_new_gone_and_edited_with_the_difference_in_price(tram: Path, sorapipe: Sorapipe) -> None:
    edit(tram, *BRANCH)
    text = compared(sorapipe("plan", "--against", "main").out)
    head, _, rest = text.partition("\n")
    assert head.startswith("compared with main (")
    assert rest == (
        "  ~ cliff  10 credits\n"
        "      prompt\n"
        "        A gull in the [-wind.-]{+rain.+}\n"
        "        variable tone  storyboard.yaml:3:14\n"
        "  + more   10 credits  new\n"
        "  - end                gone\n"
        "  to buy: 20 credits; at that revision: nothing, 20 credits more\n"
    )


def test_what_was_rendered_on_the_branch_counts_as_bought(tram: Path, sorapipe: Sorapipe) -> None:
    edit(tram, *BRANCH)
    shoot("storyboard.yaml")
    commit(tram)
    text = compared(sorapipe("plan", "--against", "HEAD~1").out)
    assert "  to buy: nothing, as then\n  bought since: 2 attempts, 20 credits\n" in text


def test_the_lock_of_then_says_what_was_to_be_bought_then(tram: Path, sorapipe: Sorapipe) -> None:
    git(tram, "rm", "--cached", "--quiet", "storyboard.lock")
    git(tram, "commit", "--quiet", "--message", "without a lock")
    commit(tram)
    text = compared(sorapipe("plan", "--against", "HEAD~1").out)
    assert "  to buy: nothing; at that revision: 40 credits, 40 credits less\n" in text
    assert "bought since: 4 attempts" in text


def test_a_lock_that_git_never_had_counts_as_it_is(tram: Path, sorapipe: Sorapipe) -> None:
    git(tram, "rm", "--cached", "--quiet", "storyboard.lock")
    (tram / ".gitignore").write_text("renders\n*.lock\n")
    commit(tram)
    assert "to buy: nothing, as then" in sorapipe("plan", "--against", "HEAD").out


def test_cosmetic_edits_are_told_and_cost_nothing(tram: Path, sorapipe: Sorapipe) -> None:
    edit(tram, ("title: A film", "title: Hey"), ("A small boat.}", "A small boat., notes: slower}"))
    text = compared(sorapipe("plan", "--against", "main").out)
    assert "to buy: nothing, as then\n  edited without an effect: boat\n" in text
    assert "edited without an effect on any shot: the title" in text


def test_a_shot_with_another_name_is_the_same(tram: Path, sorapipe: Sorapipe) -> None:
    edit(tram, ("id: end", "id: finale"))
    text = compared(sorapipe("plan", "--against", "main").out)
    assert "new" not in text
    assert "gone" not in text
    assert "edited without an effect: finale" in text


def test_a_storyboard_that_was_not_there_is_all_new(tram: Path, sorapipe: Sorapipe) -> None:
    (tram / "other.yaml").write_text("sorapipe: 1\nshots: [{id: a, prompt: A.}]\n")
    text = compared(sorapipe("plan", "other.yaml", "--against", "main").out)
    assert "  + a  10 credits  new\n  to buy: 10 credits; at that revision: nothing, 10 credits more\n" in text


def test_some_shots_are_compared_alone(tram: Path, sorapipe: Sorapipe) -> None:
    edit(tram, *BRANCH)
    text = compared(sorapipe("plan", "more", "--against", "main").out)
    assert "cliff" not in text
    assert "to buy: 10 credits; at that revision: nothing" in text


def test_as_data(tram: Path, sorapipe: Sorapipe) -> None:
    edit(tram, *BRANCH)
    data = json.loads(sorapipe("plan", "--against", "main", "--json").out)["against"]
    assert data["rev"] == "main"
    assert len(data["commit"]) == 40
    assert [(shot["label"], shot["fate"], shot["cost"]) for shot in data["shots"]] == [
        ("cliff", "changed", "10"),
        ("more", "new", "10"),
        ("end", "gone", "0"),
    ]
    assert (data["cost"], data["cost_then"], data["more"]) == ("20", "0", "20")


def test_as_markdown(tram: Path, sorapipe: Sorapipe) -> None:
    edit(tram, *BRANCH)
    out = sorapipe("plan", "--against", "main", "--format", "markdown").out
    assert "**Compared with `main (" in out
    assert ")`:** 1 shot new, 1 shot edited, 1 shot gone\n" in out
    assert "| edited | `cliff` | 10 credits | prompt: wind → rain |\n" in out
    assert "| gone | `end` |  |  |\n" in out
    assert "to buy: 20 credits; at that revision: nothing, 20 credits more.\n" in out
    assert out.count("<details>") == 1
    assert "A gull in the [-wind.-]{+rain.+}" in out


def test_revisions_that_are_none(tram: Path, sorapipe: Sorapipe) -> None:
    for rev in ("mian", "--all", "main:storyboard.yaml", "HEAD~9"):
        assert f"git knows no revision `{rev}`" in sorapipe("plan", "--against", rev, code=2).err
