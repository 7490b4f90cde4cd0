"""The workflow for pull requests: it is valid, it works in a real clone, and nobody can speak to its shell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import clones
import pytest
import yaml
from studio import Studio

FILE = Path(__file__).parents[2] / "examples" / "github" / "sorapipe.yml"
FLOW = yaml.load(FILE.read_text(), Loader=yaml.BaseLoader)  # noqa: S506 - so that `on` stays a word
BOARD = """\
sorapipe: 1
title: A film
shots:
  - {id: cliff, prompt: A gull over the cliff.}
  - {id: boat, prompt: A boat.}
"""


def steps(job: str | None = None) -> Iterator[dict[str, str]]:
    """The steps of a job, or of all."""
    for name, one in FLOW["jobs"].items():
        if job in {None, name}:
            yield from one["steps"]


def scripts(job: str) -> list[str]:
    """What a job runs of sorapipe, script by script."""
    return [step["run"] for step in steps(job) if step.get("run", "").startswith("sorapipe")]


@pytest.fixture
def clone(studio: Studio, tmp_path: Path) -> Studio:
    """What a runner checks out: a branch that adds a shot and edits another, the base beside it, no clip."""
    work = clones.repository(studio.folder)
    studio.write("storyboard.yaml", BOARD)
    studio.run("init")
    studio.run("run")
    studio.run("push", "--store", str(_store(tmp_path)))
    work.commit("rendered")
    work.git("switch", "-q", "-c", "more")
    studio.write("storyboard.yaml", BOARD.replace("A boat", "A red boat") + "  - {id: end, prompt: The end.}\n")
    work.commit("more")
    work.git("clone", "-q", "-b", "more", str(studio.folder), str(tmp_path / "runner"))
    return Studio(tmp_path / "runner", tmp_path / "runner-state")


def _store(root: Path) -> Path:
    (root / "store").mkdir(exist_ok=True)
    return root / "store"


def play(script: str, clone: Studio, code: int = 0, **environment: str) -> str:
    """Runs a script as a runner does: `bash -e`, its variables, no key. What it printed."""
    temp = clone.folder.parent
    surroundings = {
        **os.environ, **clones.IDENTITY, **FLOW["env"], "BASE": "main", "RUNNER_TEMP": str(temp),
        "GITHUB_STEP_SUMMARY": str(temp / "summary.md"), "SORAPIPE_STATE_DIR": str(clone.state),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", **environment,
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-e", "-c", script], cwd=clone.folder, env=surroundings, capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def test_every_script_works_in_a_clone_without_clips_and_buys_nothing(clone: Studio) -> None:
    assert len(scripts("look")) == 3
    for script in scripts("look"):
        play(script, clone)
    plan = (clone.folder.parent / "plan.md").read_text()
    assert (clone.folder.parent / "summary.md").read_text() == plan
    assert "**2 clips** from `simulator`, **20 credits**" in plan
    assert "**Compared with `origin/main (" in plan
    assert "| edited | `boat` |" in plan
    assert "| new | `end` |" in plan
    assert "fetch" not in plan
    assert clones.Clone(clone.folder).git("status", "--porcelain") == ""
    assert not clone.state.exists()


def test_the_film_of_main_is_brought_and_verified(clone: Studio, tmp_path: Path) -> None:
    (script,) = scripts("film")
    store = str(_store(tmp_path))
    assert "storyboard asks for more" in play(script, clone, code=3, SORAPIPE_STORE=store)
    clones.Clone(clone.folder).git("switch", "-q", "main")
    assert "2 clips brought, nothing bought" in play(script, clone, SORAPIPE_STORE=store)


def test_a_branch_that_is_broken_fails(clone: Studio) -> None:
    validate, verify, _ = scripts("look")
    lock = (clone.folder / "storyboard.lock").read_text()
    clone.write("storyboard.lock", lock.replace("cliff", "clift", 1))
    play(validate, clone)
    play(verify, clone, code=5)
    clone.write("storyboard.yaml", BOARD.replace("prompt", "promt", 1))
    play(validate, clone, code=3)


def test_the_name_of_a_branch_is_no_command(clone: Studio) -> None:
    *_, plan = scripts("look")
    trap = "$(touch sprung);`touch sprung`;touch sprung"
    assert "sprung" in play(plan, clone, code=2, BASE=trap)
    assert not (clone.folder / "sprung").exists()


def test_no_text_from_outside_stands_in_a_script() -> None:
    for step in steps():
        assert "${{" not in step.get("run", "")
        assert "${{" not in step.get("with", {}).get("script", "")
        for word in re.findall(r"\$\w+", step.get("run", "")):
            assert re.search(rf'"[^"\s]*{re.escape(word)}\b[^"\s]*"', step["run"]), f"{word} is not quoted"


def test_it_has_as_few_rights_as_it_needs() -> None:
    assert set(FLOW["on"]) == {"pull_request", "push"}
    assert FLOW["permissions"] == {"contents": "read"}
    rights = [job.get("permissions", FLOW["permissions"]) for job in FLOW["jobs"].values()]
    assert rights == [{"contents": "read", "pull-requests": "write"}, {"contents": "read"}]
    holders = [step for step in steps() if "github.token" in str(step)]
    assert [step["name"] for step in holders] == ["Comment"]
    assert "secrets." not in FILE.read_text()
    for step in steps():
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] == "false"
