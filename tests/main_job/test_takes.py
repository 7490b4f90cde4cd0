"""What a film editor does all day: other looks, models and names, picks, files changed by hand, and two machines."""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from studio import Studio, staged

FILM = """\
sorapipe: 1
defaults: {model: sora-2, look: day}
shots:
  - id: a
    prompt: A street.
  - id: b
    continues: a
    prompt: A door.
  - id: c
    prompt: A cat.
"""
CLIPS = "renders/storyboard"


def played(studio: Studio) -> None:
    studio.write("storyboard.yaml", FILM)
    studio.run("run")


@pytest.fixture
def film(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """The film after a run."""
    return staged(played, tmp_path, tmp_path_factory)


def edit(studio: Studio, old: str, new: str) -> None:
    text = (studio.folder / "storyboard.yaml").read_text()
    assert old in text
    studio.write("storyboard.yaml", text.replace(old, new))


def steps(studio: Studio, *words: str) -> dict[str, tuple[str, str]]:
    """By shot and take: what happens to it and why."""
    found = studio.run("plan", "--json", *words).data["steps"]
    assert isinstance(found, list)
    return {f"{it['label']} t{it['take']:02d}{it['letter']}": (it["action"], it["reason"]["text"]) for it in found}


def test_after_an_older_take_was_picked_another_model_still_buys_nothing(film: Studio) -> None:
    edit(film, "look: day", "look: night")
    assert "day → night" in film.run("plan").out
    film.run("run")
    film.run("pick", "a", "1")
    edit(film, "model: sora-2", "model: sora-2-hd")
    spent = len(film.ledger())
    plan = steps(film)
    assert {action for action, _ in plan.values()} == {"keep"}
    assert plan["a t02"][1] == "in the film, stale: model sora-2 → sora-2-hd"
    before = film.snapshot()
    film.run("run")
    assert film.snapshot() == before
    film.run("run", "--reshoot")
    assert len(film.ledger()) == spent + 3


def test_a_renamed_shot_leaves_its_children_as_they_are(film: Studio) -> None:
    edit(film, "sorapipe: 1\n", "sorapipe: 1\nmoved: [{from: a, to: street}]\n")
    edit(film, "id: a", "id: street")
    edit(film, "continues: a", "continues: street")
    film.run("run")
    assert len(film.ledger()) == 3
    edit(film, "model: sora-2", "model: sora-2-hd")
    text = "in the film, stale: model sora-2 → sora-2-hd"
    assert steps(film)["b t01"] == ("keep", text)
    edit(film, "moved: [{from: a, to: street}]\n", "")
    assert steps(film)["b t01"] == ("keep", text)
    edit(film, "continues: street", "continues: c")
    said = steps(film)["b t02"][1]
    assert (
        said == f"{text.partition(': ')[2]}; begins on another frame (the last frame of street → the last frame of c)"
    )


def test_a_shot_that_is_gone_and_a_misspelt_move_are_told_of(film: Studio) -> None:
    edit(film, "id: a", "id: street")
    edit(film, "prompt: A street.", "prompt: An alley.")
    edit(film, "continues: a", "continues: street")
    told = "gone from the storyboard: a (1 take, 10 credits); renamed? `moved: [{from: a, to: NEW}]`"
    assert told in film.run("plan").out
    edit(film, "sorapipe: 1\n", "sorapipe: 1\nmoved: [{from: aa, to: street}]\n")
    doubt = film.run("plan").err
    assert "`moved` names `aa`, and there are no takes of that name" in doubt
    assert "did you mean `a`?" in doubt
    edit(film, "from: aa", "from: a")
    result = film.run("plan")
    assert "gone from" not in result.out
    assert "there are no takes" not in result.err


def test_a_file_changed_by_hand_is_kept_reported_and_feeds_nobody(film: Studio) -> None:
    clip = film.folder / CLIPS / "a_t01.mp4"
    paid = clip.read_bytes()
    clip.write_bytes(b"a cut of my own")
    text = f"the file was changed: 15 bytes, not {len(paid):,}; delete it to fetch the paid one again"
    assert steps(film)["a t01"] == ("keep", text)
    assert text in " ".join(film.run("plan").out.split())
    assert text in film.run("status").out
    assert text in film.run("run").out
    edit(film, "A door.", "A gate.")
    assert steps(film)["b t02"] == ("blocked", f"a t01: {text}")
    film.run("run", code=8)
    assert len(film.ledger()) == 3
    assert clip.read_bytes() == b"a cut of my own"
    clip.unlink()
    film.run("run")
    assert clip.read_bytes() == paid
    assert len(film.ledger()) == 4


@pytest.mark.parametrize("mine", ["lower", "higher"])
def test_takes_that_two_machines_made_under_one_name_both_get_their_file(
    film: Studio, tmp_path: Path, mine: str
) -> None:
    other = Studio(tmp_path / "other", tmp_path / "other-state", film.simulator)
    shutil.copytree(film.folder, other.folder)
    other.state.mkdir()
    (other.state / "simulator").symlink_to(film.state / "simulator")  # one provider, two machines
    film.run("roll", "c")
    other.run("roll", "c")
    tokens = {token(studio): studio for studio in (film, other)}
    here, there = (tokens[one] for one in sorted(tokens, reverse=mine == "higher"))
    lines = {line for it in (here, there) for line in (it.folder / "storyboard.lock").read_text().splitlines()}
    here.write("storyboard.lock", "\n".join(lines) + "\n")
    spent = len(here.ledger())
    letter = "b" if mine == "lower" else ""
    assert [key for key, (action, _) in steps(here).items() if action == "fetch"] == [f"c t02{letter}"]
    assert "c t02b" in here.run("plan", "--all").out
    assert here.run("status").out.count("missing") == 1
    here.run("run")
    assert len(here.ledger()) == spent
    clips = {sha256(path.read_bytes()).hexdigest() for path in (here.folder / CLIPS).glob("c_t02*.mp4")}
    assert clips == {it["sha256"] for it in here.lock() if it.get("address") == "c" and it.get("take") == 2}
    assert here.run("plan", "--json").data["idle"]
    before = here.snapshot()
    here.run("run")
    assert here.snapshot() == before


def token(studio: Studio) -> str:
    """Of the one second take of `c`."""
    (made,) = [it for it in studio.lock() if it["kind"] == "attempt" and (it["address"], it["take"]) == ("c", 2)]
    return str(made["token"])
