"""Attempts and a workspace in memory for tests of the state: short words for what runs do."""

from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from state.memory import Memory

from sorapipe.planning.facts import Attempt, AttemptState
from sorapipe.state.session import Outside, Session
from sorapipe.state.workspace import Workspace

MANIFEST = Path("/film/skerry.yaml")
STATE = Path("/state")
LOCK = Path("/film/skerry.lock")
RECIPE = "ab" * 32


def attempt(token: str, address: str = "cliff", take: int = 1, **more: object) -> Attempt:
    made = Attempt(token, address, take, RECIPE, "house", "sora-2", AttemptState.INTENT, cost=Decimal("0.15"))
    return replace(made, **more)  # type: ignore[arg-type]


def disk() -> Memory:
    files = Memory()
    files.put(MANIFEST, b"sorapipe: 1\n")
    return files


_seeds = itertools.count(1)


def workspace(files: Memory, manifest: Path = MANIFEST) -> Workspace:
    seed = next(_seeds)
    chance = (bytes([seed % 256, seed // 256 % 256, n % 256, n // 256]) * 8 for n in itertools.count())
    outside = Outside(lambda: 1_800_000_000.0 + seed, lambda n: next(chance)[:n])
    return Workspace(manifest, STATE, files, outside)


def render(session: Session, token: str, task: str, address: str = "cliff", take: int = 1) -> None:
    """One take from its intent to its clip."""
    session.intent(attempt(token, address, take), {"prompt": "a gull"})
    session.submitted(token, task)
    session.ended(token, url=f"https://example.org/{task}.mp4", seconds=12.5)
    session.done(token, sha256="cd" * 32, size=3, out=f"renders/skerry/{address}_t{take:02}.mp4")
