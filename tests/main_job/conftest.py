"""The studio as a fixture."""

from __future__ import annotations

from pathlib import Path

import pytest
from studio import Studio, opened


@pytest.fixture
def studio(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return opened(tmp_path, tmp_path_factory)
