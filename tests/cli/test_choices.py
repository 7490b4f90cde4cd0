"""What a person decides about takes: pick, ng, accept, notes; and what status says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from studio import Studio, staged

from sorapipe.planning.facts import Attempt, AttemptState
from sorapipe.state.workspace import Workspace

MARK = "abcdefghijklmnopqrst"
BOARD = """\
sorapipe: 1
shots:
  - {id: a, prompt: He climbs the stairs.}
  - {id: b, continues: a, prompt: He looks back.}
"""


def played(studio: Studio) -> None:
    studio.write("tram.yaml", BOARD)
    studio.run("run", "tram.yaml", "a")
    studio.write("tram.yaml", BOARD.replace("climbs", "runs up"))
    studio.run("run", "tram.yaml", "a")


@pytest.fixture
def edited(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """A shot with a take of an older text and one of today's."""
    return staged(played, tmp_path, tmp_path_factory)


def film(studio: Studio) -> dict[str, tuple[str, str]]:
    """By shot: the take in the film and what is stale of it."""
    shots = json.loads(studio.run("status", "tram.yaml", "--json").out)["shots"]
    return {
        shot["label"]: (next(take["label"] for take in shot["takes"] if take["in_film"]), shot["stale"])
        for shot in shots
        if any(take["in_film"] for take in shot["takes"])
    }


def test_a_take_of_an_older_text_gives_way_until_it_is_accepted(edited: Studio) -> None:
    said = edited.run("pick", "tram.yaml", "a", "1").err
    assert "a: t01 was made for an older text of this shot; t02 stays in the film" in said
    assert 'sorapipe accept tram.yaml a --because "…"' in said
    assert film(edited)["a"] == ("t02", "fresh")
    accepted = edited.run("accept", "tram.yaml", "a", "--because", "the old light is better").err
    assert "a: t01 is in the film as it is (made for an older text)" in accepted
    assert film(edited)["a"] == ("t01", "fresh")
    assert "re-render" not in edited.run("plan", "tram.yaml", "a").out
    assert [record["because"] for record in edited.lock("tram") if record["kind"] == "waiver"] == [
        "the old light is better"
    ]
    assert "nothing is out of date" in edited.run("accept", "tram.yaml", "a", "--because", "x", code=2).err
    assert "needs no reason" in edited.run("accept", "tram.yaml", "a", "--clear", "--because", "x", code=2).err
    assert "a: not accepted any more" in edited.run("accept", "tram.yaml", "a", "--clear").err
    assert film(edited)["a"] == ("t02", "fresh")
    assert "nothing was accepted there" in edited.run("accept", "tram.yaml", "a", "--clear", code=2).err
    edited.run("accept", "tram.yaml", "a", "--because", "the old light is better")
    edited.write("tram.yaml", BOARD.replace("climbs", "crawls up"))
    assert film(edited)["a"] == ("t01", "edit")
    assert "re-render a t03" in edited.run("plan", "tram.yaml", "a").out


def test_what_is_stale_by_its_parent_can_be_accepted(edited: Studio) -> None:
    edited.run("run", "tram.yaml")
    edited.run("roll", "tram.yaml", "a")
    edited.run("pick", "tram.yaml", "a", "3")
    assert film(edited)["b"] == ("t01", "cascade")
    edited.run("accept", "tram.yaml", "b", "--because", "nobody sees it")
    assert film(edited)["b"] == ("t01", "fresh")
    edited.run("pick", "tram.yaml", "a", "2")
    assert film(edited)["b"] == ("t01", "fresh")


def test_accept_says_that_a_provider_has_no_address(edited: Studio) -> None:
    edited.run("pick", "tram.yaml", "a", "1")
    words = ("accept", "tram.yaml", "a", "--because", "seen")
    told = edited.run(*words, "--provider", "openai-compatible").err
    assert "1 shot accepted" in told
    assert "note: `openai-compatible` has no address, so nothing can be sent" in told
    edited.run("accept", "tram.yaml", "a", "--clear")
    assert "no address" not in edited.run(*words).err


def test_accept_wants_a_shot_and_a_reason(edited: Studio) -> None:
    assert "wants a shot" in edited.run("accept", "tram.yaml", "--because", "x", code=2).err
    assert "wants a reason" in edited.run("accept", "tram.yaml", "a", code=2).err


def test_the_takes_of_a_shot_are_listed_with_a_command_that_works(edited: Studio) -> None:
    for words, said in (
        (["a"], "which take of a?"),
        (["a", "N"], "`N` stands for the number of a take"),
        (["a", "4"], "a has no take `4`"),
    ):
        err = edited.run("pick", "tram.yaml", *words, code=2).err
        assert said in err
        assert "hint: it has t01, t02 (in the film): `sorapipe pick tram.yaml a 1`" in err


def test_a_picked_take_that_is_no_good_is_still_picked(edited: Studio) -> None:
    edited.run("roll", "tram.yaml", "a", "--note", "slower, please")
    edited.run("pick", "tram.yaml", "a", "3")
    assert (
        "it is still picked: pick another, for example `sorapipe pick tram.yaml a 2`"
        in edited.run("ng", "tram.yaml", "a", "3").err
    )
    assert "roll" not in edited.run("ng", "tram.yaml", "a", "3", "--clear").err
    edited.run("ng", "tram.yaml", "a", "1")
    edited.run("ng", "tram.yaml", "a", "2")
    last = edited.run("ng", "tram.yaml", "a", "3").err
    assert "it is still picked, and no other take is good: `sorapipe roll tram.yaml a`" in last


def test_notes_are_shown(edited: Studio) -> None:
    edited.run("roll", "tram.yaml", "a", "--note", "slower, please")
    assert "note: slower, please" in edited.run("status", "tram.yaml").out
    takes = json.loads(edited.run("status", "tram.yaml", "--json").out)["shots"][0]["takes"]
    assert [take["notes"] for take in takes] == [[], [], ["slower, please"]]


def test_everything_that_was_ever_spent_counts_also_of_shots_that_are_gone(edited: Studio) -> None:
    edited.write("tram.yaml", "sorapipe: 1\nbudget: {max_cost: 25}\nshots: [{id: new, prompt: Another film.}]\n")
    assert "spent so far: 20 credits" in edited.run("status", "tram.yaml").out
    assert json.loads(edited.run("status", "tram.yaml", "--json").out)["spent"] == "20"
    assert "`budget.max_cost` is 25, 20 are spent: 5 is left" in edited.run("plan", "tram.yaml").err


CAST = """\
sorapipe: 1
characters:
  tom: {url: "https://example.org/tom.mp4", timestamps: [1, 3]}
shots: [{id: a, prompt: "@tom rows."}, {id: b, prompt: "@tom sleeps."}]
"""


def test_a_character_that_failed_is_made_again_alone(studio: Studio) -> None:
    path = studio.write("tram.yaml", CAST)
    steps = json.loads(studio.run("plan", "tram.yaml", "--json").out)["steps"]
    recipe = next(step["recipe"] for step in steps if step["address"] == "@tom")
    with Workspace.open(path, studio.state).hold() as session:
        session.intent(Attempt(MARK, "@tom", 1, recipe, "simulator", "sora-2", AttemptState.INTENT), {})
        session.failed(MARK, "nobody is seen in it")
    assert "sorapipe roll tram.yaml @tom" in studio.run("plan", "tram.yaml").out
    made = studio.run("roll", "tram.yaml", "@tom").out
    assert "0 takes done, 1 character made" in made
    assert len(studio.ledger()) == 1
    assert "2 takes to render (20 credits)" in studio.run("status", "tram.yaml").out
    studio.run("run", "tram.yaml")
    again = studio.run("roll", "tram.yaml", "@tom", code=2).err
    assert "nothing that is missing needs it" in again
