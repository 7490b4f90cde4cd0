"""Shots selected by how they stand: `state:`, `result:`, `provider:` and what is left out, in every verb."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.commands import Sorapipe
from cli.shelf import shoot
from cli.test_completion import complete

from sorapipe.planning.facts import AttemptState

BEFORE = """\
sorapipe: 1
defaults: {model: sora-2}
shots:
  - {id: same, prompt: A gull over the cliff.}
  - {id: edited, prompt: He climbs the stairs.}
  - {id: other, model: sora-2, prompt: A boat on grey water.}
  - {id: parent, prompt: The door.}
  - {id: child, continues: parent, prompt: He looks back.}
  - {id: pair, takes: 2, prompt: The lamp wakes.}
  - {id: after, continues: pair, prompt: The beam turns.}
  - {id: ice, frozen: true, prompt: Ice on the rail.}
  - {id: lost, prompt: Rain on glass.}
  - {id: bad, prompt: A storm.}
  - {id: doubt, prompt: A wave.}
  - {id: gone, prompt: A lost clip.}
  - {id: again, clip: same}
"""
AFTER = BEFORE.replace("climbs", "runs up").replace("other, model: sora-2", "other, model: sora-2-hd")
NEW = "  - {id: fresh, prompt: A new shot.}\n"


@pytest.fixture
def tram(here: Path, sorapipe: Sorapipe) -> Path:
    """A film in which shots stand in every way that there is."""
    path = here / "storyboard.yaml"
    path.write_text(BEFORE.replace("frozen: true, ", ""))
    shoot(
        "storyboard.yaml", "same", "edited", "other", "parent", "pair", "ice", "gone", "bad", "doubt",
        ends={"bad": AttemptState.FAILED, "doubt": AttemptState.UNCERTAIN},
    )  # fmt: skip
    shoot("storyboard.yaml", "child")
    shoot("storyboard.yaml", "lost", ends={"lost": AttemptState.SUBMITTED})
    sorapipe("pick", "parent", "1")
    (here / "renders/storyboard/gone_t01.mp4").unlink()
    path.write_text(AFTER + NEW)
    return here


def chosen(sorapipe: Sorapipe, *words: str) -> list[str]:
    return [shot["label"] for shot in json.loads(sorapipe("status", "--json", *words).out)["shots"]]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("state:fresh", ["same", "parent", "child", "pair", "ice"]),
        ("state:stale", ["edited", "other"]),
        ("state:edit", ["edited"]),
        ("state:model", ["other"]),
        ("state:cascade", []),
        ("state:new", ["after", "lost", "bad", "doubt", "fresh"]),
        ("state:missing", ["after", "lost", "bad", "doubt", "gone", "fresh"]),
        ("state:waiting", ["after"]),
        ("state:blocked", ["bad", "doubt"]),
        ("state:uncertain", ["doubt"]),
        ("state:running", ["lost"]),
        ("state:frozen", ["ice"]),
        ("state:picked", ["parent"]),
        ("state:*ed", ["parent", "bad", "doubt"]),
        ("result:failed", ["bad"]),
        ("result:uncertain", ["doubt"]),
        ("result:submitted", ["lost"]),
        ("result:done", ["same", "edited", "other", "parent", "child", "pair", "ice", "gone"]),
        ("provider:simul*",
         ["same", "edited", "other", "parent", "child", "pair", "ice", "lost", "bad", "doubt", "gone"]),
        ("+state:waiting", ["pair", "after"]),
    ],
)  # fmt: skip
def test_shots_by_how_they_stand(tram: Path, sorapipe: Sorapipe, word: str, expected: list[str]) -> None:
    assert chosen(sorapipe, word) == expected


def test_a_pick_of_the_parent_and_a_waiver_change_the_state(tram: Path, sorapipe: Sorapipe) -> None:
    shoot("storyboard.yaml", "edited")
    sorapipe("accept", "state:stale", "--because", "the old lens is better")
    assert chosen(sorapipe, "state:accepted") == ["other"]
    sorapipe("ng", "bad", "1")
    sorapipe("accept", "state:accepted", "--clear")
    assert chosen(sorapipe, "state:accepted") == []
    assert chosen(sorapipe, "state:stale") == ["other"]


def test_a_roll_that_is_good_takes_the_place_of_a_failure(tram: Path, sorapipe: Sorapipe) -> None:
    (tram / "storyboard.yaml").write_text(AFTER.replace("A storm.", "A gale."))
    shoot("storyboard.yaml", "bad")
    assert chosen(sorapipe, "result:failed") == []


@pytest.mark.parametrize(
    ("word", "message", "hint"),
    [
        ("state:stael", "no state `stael`", "did you mean `state:stale`?"),
        ("state:wait", "no state `wait`", "did you mean `state:waiting`?"),
        ("state:sleepy", "no state `sleepy`", "there are `fresh`, `stale`, `edit`"),
        ("result:running", "no result `running`", "did you mean `result:submitted`?"),
        ("provider:simulater", "no provider `simulater`", "did you mean `provider:simulator`?"),
        ("status:stale", "no selector `status:`", "did you mean `state:stale`?"),
    ],
)
def test_words_that_mean_nothing_get_a_way_out(
    tram: Path, sorapipe: Sorapipe, word: str, message: str, hint: str
) -> None:
    for verb in ("plan", "run", "status", "roll", "fetch"):
        err = sorapipe(verb, word, code=2).err
        assert message in err
        assert hint in err


def test_a_state_that_no_shot_has_means_no_shot(tram: Path, sorapipe: Sorapipe) -> None:
    for verb in ("plan", "status", "roll"):
        assert "note: no shot is `state:cascade`\n" in sorapipe(verb, "state:cascade").err
    assert "nothing is out of date" in sorapipe("accept", "state:cascade", "--because", "x", code=2).err
    assert "nothing to fetch" in sorapipe("fetch", "state:cascade").out


def test_a_run_of_no_shot_does_nothing(here: Path, sorapipe: Sorapipe) -> None:
    (here / "storyboard.yaml").write_text("sorapipe: 1\nshots: [{id: a, prompt: A.}]\n")
    assert "\nnothing to do\n" in sorapipe("plan", "state:stale").out
    assert "nothing to do" in sorapipe("run", "state:stale").out
    assert not (here / "storyboard.lock").exists()


def test_shots_are_left_out(tram: Path, sorapipe: Sorapipe) -> None:
    assert chosen(sorapipe, "state:stale", "--exclude", "other") == ["edited"]
    assert "again" in chosen(sorapipe, "--exclude", "state:*")
    out = sorapipe("plan", "state:stale", "fresh", "--reshoot", "--exclude", "oth*").out
    assert "edited t02" in out
    assert "fresh t01" in out
    assert "other" not in out.replace("--exclude 'oth*'", "")
    assert "to do this: sorapipe run state:stale fresh --reshoot --exclude 'oth*'" in out
    sorapipe("plan", "--exclude", "stroies", code=2)
    assert "nothing is uncertain" in sorapipe("resubmit", "--all", "--exclude", "doubt").out
    assert "edited" not in sorapipe("graph", "--exclude", "edited").out
    assert "t01" not in sorapipe("accept", "state:stale", "--exclude", "state:edit", "--because", "x").err.replace(
        "other: t01", ""
    )


def test_takes_that_are_no_good_may_be_missing_also_where_shots_are_left_out(tram: Path, sorapipe: Sorapipe) -> None:
    sorapipe("ng", "gone", "1")
    assert "nothing to fetch" in sorapipe("fetch", "--exclude", "lost").out


def test_a_selection_brings_its_missing_parents_along_with_their_prices(here: Path, sorapipe: Sorapipe) -> None:
    text = "sorapipe: 1\nshots: [{id: a, prompt: A.}, {id: b, continues: a, prompt: B.}, {id: c, prompt: C.}]\n"
    (here / "storyboard.yaml").write_text(text)
    data = json.loads(sorapipe("plan", "b", "--json").out)
    assert [(step["label"], step["price"]) for step in data["steps"]] == [("a", "10"), ("b", "10")]
    assert data["totals"]["cost"] == "20"


def test_a_take_of_practice_is_none_for_a_real_provider(tram: Path, sorapipe: Sorapipe) -> None:
    out = json.loads(sorapipe("status", "state:fresh", "--provider", "litellm", "--json").out)["shots"]
    assert out == []


def test_words_of_selectors_are_completed(tram: Path) -> None:
    assert "state:" in complete("sorapipe plan s", tram)
    assert complete("sorapipe plan state : st", tram) == ["stale"]
    assert complete("sorapipe plan --exclude result : f", tram) == ["failed"]
    assert complete("sorapipe plan provider : ", tram) == ["simulator"]
    assert complete("sorapipe plan model : sora-2-", tram) == ["sora-2-hd"]


def test_help_lists_the_words(sorapipe: Sorapipe) -> None:
    for verb in ("plan", "run", "status", "roll", "accept", "fetch", "resubmit", "graph"):
        text = " ".join(sorapipe(verb, "--help").out.split())
        assert "state:fresh or stale, edit, cascade, model, new, missing" in text
        assert "--exclude SHOT" in text
