"""The examples that ship with the project run from end to end, and a second run does nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from studio import Studio

from sorapipe.clips.probe import probe


def attempts(studio: Studio, name: str) -> list[dict[str, object]]:
    return [record for record in studio.lock(name) if record["kind"] == "attempt"]


def check_books(studio: Studio, *names: str) -> None:
    """Every charge is a known attempt of one of the locks, every token was charged once, costs agree."""
    charges = studio.ledger()
    paid = [a for name in names for a in attempts(studio, name) if a.get("cost") not in {None, "0"}]
    tokens = [charge["token"] for charge in charges]
    assert len(tokens) == len(set(tokens))
    assert set(tokens) == {attempt["token"] for attempt in paid}
    assert -sum(Decimal(str(c["credits"])) for c in charges) == sum(Decimal(str(a["cost"])) for a in paid)


def check_clips(studio: Studio, name: str) -> int:
    """Every take that is done is a whole clip on disk; returns how many there are."""
    clips = [a for a in attempts(studio, name) if a["state"] == "done" and "out" in a]
    for attempt in clips:
        info = probe(studio.folder / str(attempt["out"]))
        assert info.frames > 0
        assert info.has_audio
    return len(clips)


def test_five_lines_become_a_clip(studio: Studio) -> None:
    studio.example("hello.yaml")
    result = studio.run("run", "hello.yaml")
    assert (studio.folder / "renders/hello/hello_t01.mp4").exists()
    assert "renders/hello/hello_t01.mp4" in result.out + result.err
    check_books(studio, "hello")


@pytest.mark.parametrize(("name", "clips"), [("skerry", 16), ("spots", 48), ("stills", 4)])
def test_an_example_runs_and_runs_again_for_nothing(studio: Studio, name: str, clips: int) -> None:
    studio.example(f"{name}.yaml", "products.csv", "refs")
    studio.run("run", f"{name}.yaml")
    assert check_clips(studio, name) == clips
    check_books(studio, name)
    before = studio.snapshot()
    again = studio.run("run", f"{name}.yaml")
    assert "nothing to do" in again.out + again.err
    assert studio.snapshot() == before
    assert studio.run("plan", f"{name}.yaml", "--exit-code", code=0)


def test_real_clips_are_what_was_asked_for(studio: Studio) -> None:
    studio.simulator = "--latency 0.05"
    studio.example("stills.yaml", "refs")
    studio.run("run", "stills.yaml")
    sizes = {}
    for attempt in attempts(studio, "stills"):
        info = probe(studio.folder / str(attempt["out"]))
        sizes[attempt["address"]] = (info.width, info.height, round(float(info.seconds)))
    assert sizes == {
        "harbour": (1280, 720, 10),
        "dunes": (1280, 720, 10),
        "tower": (720, 1280, 10),
        "night": (1280, 720, 10),
    }


def test_a_series_buys_its_cast_once(studio: Studio) -> None:
    studio.example("series")
    studio.run("run", "series/ep01.yaml")
    first = len(studio.ledger())
    plan = studio.run("plan", "series/ep02.yaml").out
    assert "made for ep01" in plan
    studio.run("run", "series/ep02.yaml")
    assert len(studio.ledger()) - first == 2  # letter and quay; the cast and the titles are there already
    assert (studio.folder / "series/renders/ep02/titles_t01.mp4").exists()
    before = studio.snapshot()
    studio.run("run", "series/ep02.yaml")
    assert studio.snapshot() == before
