"""A clip whose bytes are those of another task's clip, by the real command line: kept, feeds nobody, bought once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from main_job.shaky import clip, serving
from studio import Studio

FILM = """\
sorapipe: 1
provider: house
shots:
  - id: cliff
    prompt: A gull over the cliff.
  - id: boat
    prompt: A boat crosses grey water.
  - id: after
    continues: boat
    prompt: It lands.
"""


def test_the_same_bytes_for_two_tasks_are_suspect(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    film = clip(studio.folder.parent / "grey.mp4")
    with serving(film) as house:
        profiles = Path(os.environ["SORAPIPE_CONFIG_DIR"]) / "providers"
        profiles.mkdir(parents=True)
        (profiles / "house.yaml").write_text(house.profile())
        monkeypatch.setenv("HOUSE_API_KEY", "canary-key-of-the-house")
        studio.write("film.yaml", FILM)
        right = house.bytes_of
        house.bytes_of = lambda task: right("one" if task in {"task_01", "task_02"} else task)  # type: ignore[method-assign]
        ended = studio.run("run", "film.yaml", "--yes", code=12)
        assert "its bytes are those of another task's clip, `task_0" in ended.out
        found = {one["address"]: one["state"] for one in studio.lock("film") if one["kind"] == "attempt"}
        assert set(found.values()) == {"done", "suspect"}
        (suspect,) = (shot for shot, state in found.items() if state == "suspect")  # whichever came second
        assert suspect == "cliff" or "after" not in found, "it feeds nobody"
        assert f"sorapipe fetch film.yaml {suspect}" in ended.out
        paid = list(house.paid)
        studio.run("run", "film.yaml", "--yes", code=12)
        assert house.paid == paid, "nothing is bought again unasked"
        house.bytes_of = right  # type: ignore[method-assign]
        studio.run("fetch", "film.yaml", suspect)
        studio.run("run", "film.yaml", "--yes")
        assert len(house.paid) == 3
