"""One storyboard with every field, at providers of three dialects: the same film, clean books, nothing bought twice."""

from __future__ import annotations

import json

import pytest
from main_job.test_examples import check_clips
from studio import Studio

EVERYWHERE = ("simulator", "simulator-videos", "simulator-jobs")
CLIPS = 8


def audited(studio: Studio) -> str:
    return studio.run("simulator", "audit", "--lock", "anywhere.lock").out


@pytest.mark.parametrize("provider", EVERYWHERE)
def test_it_runs_unchanged_and_both_sides_agree(studio: Studio, provider: str) -> None:
    studio.example("anywhere.yaml", "refs")
    result = studio.run("run", "anywhere.yaml", "--provider", provider)
    assert check_clips(studio, "anywhere") == CLIPS
    audited(studio)
    made = {(r["name"], r["provider"]) for r in studio.lock("anywhere") if r["kind"] == "character"}
    assert made == {("ada", provider), ("heron", provider), ("both", provider)}
    assert ("balance" in result.out) is (provider != "simulator-videos")  # that dialect tells none
    before = studio.snapshot()
    studio.run("run", "anywhere.yaml", "--provider", provider)
    assert studio.snapshot() == before


def test_a_finished_film_buys_nothing_at_another_provider(studio: Studio) -> None:
    studio.example("anywhere.yaml", "refs")
    studio.run("run", "anywhere.yaml")
    for provider in EVERYWHERE[1:]:
        plan = studio.run("plan", "anywhere.yaml", "--provider", provider, "--format", "json").data
        assert plan["totals"]["buys"] == 0, plan
    charges = len(studio.ledger())
    text = (studio.folder / "anywhere.yaml").read_text()
    more = '      - {id: wave, prompt: "@ada waves."}\n      - id: wide'
    studio.write("anywhere.yaml", text.replace("      - id: wide", more, 1))
    studio.run("run", "anywhere.yaml", "--provider", "simulator-videos")
    new = studio.ledger()[charges:]
    assert len(new) == 2  # the shot, and the one character that is in it, at that provider
    made = [(r["name"], r["provider"]) for r in studio.lock("anywhere") if r["kind"] == "character"]
    assert ("ada", "simulator-videos") in made
    assert ("heron", "simulator-videos") not in made
    audited(studio)
    again = studio.run("plan", "anywhere.yaml", "--format", "json").data
    assert again["totals"]["buys"] == 0


def test_what_a_provider_can_not_do_is_named_at_each_field(studio: Studio) -> None:
    studio.example("anywhere.yaml", "refs")
    result = studio.run("validate", "anywhere.yaml", "--provider", "openai-compatible", "--json", code=3)
    lines = (studio.folder / "anywhere.yaml").read_text().splitlines()
    marked = {
        lines[one["line"] - 1][one["column"] - 1 :][: one["length"]]
        for one in json.loads(result.out)["files"][0]["diagnostics"]
    }
    assert marked == {
        "10", "https://example.org/ada.mp4", "people, text, watermarks", "4711", "reel A", "comic", "true", "winter",
        "{shot: harbour, at: 0}", "6.5", "sora-2-hd", "15",
    }  # fmt: skip
