"""The attacks that are data: one file an area in `data`, one entry an attack with the rule by which it is refused.

A value `{before, repeat, times, after}` stands for a text that is too long to be written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_HERE = Path(__file__).parent
MANIFESTS = sorted((_HERE / "manifests").glob("*.yaml"))
Attack = Mapping[str, Any]


def attacks(area: str) -> dict[str, Attack]:
    """All of an area, by name."""
    found = yaml.safe_load((_HERE / "data" / f"{area}.yaml").read_text(encoding="utf-8"))
    return {name: {key: _unfolded(value) for key, value in attack.items()} for name, attack in found.items()}


def areas() -> dict[str, list[str]]:
    """The rule of each attack, by area; those of the storyboards by the first word of their names."""
    found = {path.stem: [one["refused"] for one in attacks(path.stem).values()] for path in (_HERE / "data").iterdir()}
    for path in MANIFESTS:
        found.setdefault(f"manifest: {path.stem.partition('-')[0]}", []).append(refusal(path))
    return dict(sorted(found.items()))


def refusal(path: Path) -> str:
    """With which code a storyboard is refused: its first line says so."""
    return path.read_bytes().partition(b"\n")[0].removeprefix(b"# refused: ").decode()


def _unfolded(value: Any) -> Any:
    if isinstance(value, dict) and "repeat" in value:
        return str(value.get("before", "")) + str(value["repeat"]) * value["times"] + str(value.get("after", ""))
    if isinstance(value, dict):
        return {key: _unfolded(one) for key, one in value.items()}
    return value
