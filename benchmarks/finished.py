"""Makes a storyboard look as if all of it had been rendered: books and small clips; sends nothing, renders nothing.

    python benchmarks/finished.py FILM.yaml

`SORAPIPE_STATE_DIR` says where the journal goes. The plan's own steps are carried out, on paper.
"""

from __future__ import annotations

import hashlib
import random
import sys
from dataclasses import replace
from pathlib import Path

from sorapipe.cli.choosing import Words
from sorapipe.cli.production import produce, read
from sorapipe.planning.facts import Attempt, AttemptState, CharacterFact
from sorapipe.planning.graph import Kind
from sorapipe.planning.plan_types import Step, Wishes
from sorapipe.state.session import new_token
from sorapipe.storyboard.model import Address, Handle

CLIP = b"as small as a clip can be"


def finish(manifest: Path) -> int:
    """Records every take of a storyboard as done, its clip on the disk. How many."""
    production = produce(read(Words(manifest, (), "")))
    steps = production.plan(Wishes()).steps
    workspace, graph = production.workspace, production.script.graph
    dice = random.Random(1)
    digests: dict[str, str] = {}
    with workspace.hold() as session:
        session.remember(production.recipes.by_digest())
        for step in steps:
            frames = (edge.parent for edge in graph.parents(step.address) if edge.kind is Kind.FRAME)
            inputs = tuple(sorted((parent, digests[parent]) for parent in set(frames)))
            out = None
            if not step.address.startswith("@"):
                out = workspace.clips.out(Address.parse(step.address).stem, f"t{step.take:02d}")
                digests[step.address] = _clip(workspace.clips.path(out), step.key)
            attempt = _attempt(step, new_token(dice.randbytes))
            size = len(CLIP) if out else None
            session.record(replace(attempt, inputs=inputs, out=out, size=size, sha256=digests.get(step.address)))
            if step.address.startswith("@"):
                session.character(_character(attempt))
    return len(steps)


def _clip(path: Path, key: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(CLIP)
    return hashlib.sha256(key.encode()).hexdigest()


def _attempt(step: Step, token: str) -> Attempt:
    return Attempt(
        token, step.address, step.take, step.recipe or "", "simulator", "sora-2", AttemptState.DONE,
        tasks=(f"task_{token}",), cost=step.price, currency="credits", rehearsal=True,
    )  # fmt: skip


def _character(made: Attempt) -> CharacterFact:
    name, handle = made.address[1:], Handle(f"char_{made.token}", made.address[1:])
    return CharacterFact(name, made.recipe, made.provider, None, handle, made.tasks[0])


if __name__ == "__main__":
    print(f"{finish(Path(sys.argv[1])):,} takes are recorded as done")
