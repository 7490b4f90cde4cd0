"""The built package is what people get: it installs in a fresh environment and runs the first example there."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


@pytest.mark.wheel
@pytest.mark.timeout(400)
def test_the_wheel_runs_outside_the_checkout(tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(dist), str(CHECKOUT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = dist.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "sorapipe/schemas/storyboard.schema.json" in names
    assert "sorapipe/providers/shipped/simulator.yaml" in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "examples/"))]

    room = tmp_path / "room"
    venv.create(room, with_pip=True)
    subprocess.run([room / "bin/pip", "install", "--quiet", str(wheel)], check=True)
    film = tmp_path / "film"
    film.mkdir()
    (film / "hello.yaml").write_text((CHECKOUT / "examples/manifests/hello.yaml").read_text())
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    command = [str(room / "bin/sorapipe"), "run", "hello.yaml"]
    done = subprocess.run(command, cwd=film, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (film / "renders/hello/hello_t01.mp4").stat().st_size > 10_000
    schema = subprocess.run([room / "bin/sorapipe", "schema"], cwd=film, capture_output=True, text=True, check=True)
    assert '"sorapipe"' in schema.stdout
