"""Each file in `manifests` is an attack; its first line says with which code it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from attacks.hostile_data import MANIFESTS, refusal
from attacks.stage import Stage


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_a_hostile_manifest_is_refused(stage: Stage, path: Path) -> None:
    stage.film(path.read_bytes())
    stage.refused(refusal(path))


def test_a_manifest_never_says_where_a_key_goes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-key-wJalrXUtnFEMI")
    stage.film(
        "sorapipe: 1\nkey_env: AWS_SECRET_ACCESS_KEY\nbase_url: https://evil.example\nshots: [{id: a, prompt: x}]\n"
    )
    assert "wJalr" not in stage.refused("refused").err
