"""What the README shows works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

from studio import Studio

README = (Path(__file__).parents[2] / "README.md").read_text()
YAML = re.findall(r"```yaml\n(.*?)```", README, flags=re.S)
SMALLEST, FILM, PROFILE = YAML


def test_the_smallest_storyboard_is_five_lines_and_runs(studio: Studio) -> None:
    studio.write("hello.yaml", SMALLEST)
    assert len(SMALLEST.splitlines()) == 5
    studio.run("run", "hello.yaml")
    assert (studio.folder / "renders/hello/hello_t01.mp4").exists()


def test_the_film_is_planned_as_described(studio: Studio) -> None:
    studio.write("film.yaml", FILM)
    plan = studio.run("plan", "film.yaml").out
    assert all(label in plan for label in ("storm/squall/wide", "storm/squall/close", "storm/fog/wide", "stairs t02"))
    assert "storm/fog/close" not in plan
    wrong = studio.write("wrong.yaml", FILM.replace("@keeper steps", "@kepper steps"))
    assert "did you mean `@keeper`?" in studio.run("validate", wrong.name, code=3).out


def test_the_profile_is_a_provider(studio: Studio, tmp_path: Path) -> None:
    studio.write("film.yaml", FILM.replace("model: sora-2", "model: house-1"))
    profiles = tmp_path / "config" / "providers"
    profiles.mkdir(parents=True)
    (profiles / "house.yaml").write_text(PROFILE)
    config = str(tmp_path / "config")
    plan = studio.run("plan", "film.yaml", "--provider", "house", SORAPIPE_CONFIG_DIR=config).out
    assert "1.35 USD" in plan
    refused = studio.run(
        "run", "film.yaml", "--provider", "house", code=2, SORAPIPE_CONFIG_DIR=config, HOUSE_API_KEY="canary-key-k"
    ).err
    assert "--yes" in refused


def test_every_verb_that_is_named_exists(studio: Studio) -> None:
    verbs = set(re.findall(r"`sorapipe ([a-z]+)", README))
    assert len(verbs) > 6
    for verb in verbs:
        assert "Example" in studio.run(verb, "--help").out
