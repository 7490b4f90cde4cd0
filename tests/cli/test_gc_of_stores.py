"""Before a paid clip is deleted the copy in the store is read: a file of the right size and name is no clip yet."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from cli.commands import Sorapipe
from cli.shelf import shoot

FILM = "sorapipe: 1\nshots:\n  - {id: stairs, takes: 3, prompt: He climbs the stairs.}\n"


@pytest.fixture
def paid(here: Path) -> Path:
    """The folder of clips of a film that was paid, the second take picked by nobody yet."""
    (here / "storyboard.yaml").write_text(FILM)
    shoot(rehearsal=False)
    return here / "renders" / "storyboard"


def test_a_store_with_other_bytes_of_the_same_size_is_not_believed(
    paid: Path, tmp_path: Path, sorapipe: Sorapipe
) -> None:
    store = tmp_path / "clips"
    store.mkdir()
    sorapipe("pick", "stairs", "2")
    sorapipe("push", "--store", str(store))
    clip = (paid / "stairs_t03.mp4").read_bytes()
    digest = sha256(clip).hexdigest()
    (store / digest[:2] / f"{digest[2:]}.mp4").write_bytes(b"\0" * len(clip))
    ended = sorapipe("gc", "--yes", "--store", str(store))
    assert f"stairs_t03.mp4: `{store}` has other bytes under its name, so it stays here" in ended.err
    assert {path.name for path in paid.iterdir()} == {"stairs_t02.mp4", "stairs_t03.mp4"}
    assert (paid / "stairs_t03.mp4").read_bytes() == clip
    sorapipe("gc", "--yes", "--unpushed", "--store", str(store))
    assert {path.name for path in paid.iterdir()} == {"stairs_t02.mp4"}
