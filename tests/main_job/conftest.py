"""The studio as a fixture."""

from __future__ import annotations

from pathlib import Path

import pytest
from studio import Studio


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    folder = tmp_path / "film"
    folder.mkdir()
    return Studio(folder, tmp_path / "state")
