"""A film that is rendered at once: the books are kept by the real session, the clips are a few bytes each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from itertools import count
from pathlib import Path

from sorapipe.cli.choosing import sort_words
from sorapipe.cli.performance import as_known
from sorapipe.cli.production import Production, produce, read
from sorapipe.planning.facts import Attempt, AttemptState
from sorapipe.planning.plan_types import BUYS, Step, Wishes

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_NUMBERS = count(1)


def shoot(*words: str, ends: Mapping[str, AttemptState] | None = None, **fields: object) -> None:
    """Gives every take that a run with these words would buy its clip, or another end; what waits goes on waiting.

    `ends` says by address how takes end that are not done; `fields` change every attempt.
    """
    production = produce(read(sort_words(words)))
    select = production.chosen()
    with production.workspace.hold("shelf") as session:
        while True:
            production = as_known(production, session.facts())
            plan = production.plan(Wishes(select))
            steps = [one for one in plan.steps if one.action in BUYS and not one.needs]
            if not steps:
                return
            session.remember(production.recipes.by_digest())
            for step in steps:
                session.record(_attempt(production, step, ends or {}, fields))


def token() -> str:
    """A new one, the same in every run of a test."""
    number = next(_NUMBERS)
    return "".join(_LETTERS[number >> 5 * place & 31] for place in range(20))


def _attempt(
    production: Production, step: Step, ends: Mapping[str, AttemptState], fields: Mapping[str, object]
) -> Attempt:
    state = ends.get(step.address, AttemptState.DONE)
    name = token()
    attempt = Attempt(
        name, step.address, step.take, step.recipe or "", production.profile.name, "sora-2", state,
        tasks=() if state is AttemptState.UNCERTAIN else (f"task_{name}",), cost=step.price, currency="credits",
        rehearsal=production.capabilities.rehearsal,
    )  # fmt: skip
    it = production.outlook.situations[step.address]
    attempt = replace(attempt, inputs=it.inputs)
    if state is AttemptState.DONE:
        data = f"clip {name}".encode()
        out = f"{production.workspace.renders}/{it.shot.address.stem}_t{step.take:02d}.mp4"
        path = Path(production.workspace.root, out)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        attempt = replace(attempt, sha256=sha256(data).hexdigest(), size=len(data), out=out)
    return replace(attempt, **fields)  # type: ignore[arg-type]
