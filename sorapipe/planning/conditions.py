"""How every shot stands, in the few words by which people select shots; decides nothing and knows no command line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple

from sorapipe.planning.facts import Attempt, AttemptState
from sorapipe.planning.keeping import Inventory, gone
from sorapipe.planning.plan_types import Action, Plan, Staleness
from sorapipe.planning.situation import Outlook, Situation

STATES: Mapping[str, str] = {
    "fresh": "its clip is here and is what the storyboard says",
    "stale": "the clip in the film is out of date, for whatever reason",
    "edit": "out of date because the shot was edited",
    "cascade": "out of date because a clip that it begins on is another one",
    "model": "out of date only by its model",
    "new": "never rendered",
    "missing": "no clip is here: never rendered, or its file is gone",
    "waiting": "takes wait for a person, as a pick",
    "blocked": "takes can't be rendered as things stand",
    "uncertain": "nobody knows whether a take was bought",
    "running": "a take runs at the provider",
    "picked": "a person picked the take in the film",
    "frozen": "the storyboard says `frozen: true`",
    "accepted": "a person accepted the clip as it is",
}
"""The words after `state:` and what they mean."""

RESULTS: Mapping[str, AttemptState] = {
    state.value: state for state in reversed(AttemptState) if state is not AttemptState.INTENT
}
"""The words after `result:`."""

MEANT = {
    "wait": "waiting", "edited": "edit", "done": "fresh", "old": "stale", "outdated": "stale", "gone": "missing",
    "block": "blocked", "pick": "picked", "accept": "accepted", "freeze": "frozen", "resume": "running",
    "unrendered": "new",
}  # fmt: skip
"""What people write for a state."""

ENDED = {"running": "submitted", "ok": "done", "error": "failed", "good": "done", "lost": "vanished", "bad": "suspect"}
"""What people write for a result."""

_BY_ACTION = {
    Action.WAIT: "waiting",
    Action.BLOCKED: "blocked",
    Action.UNCERTAIN: "uncertain",
    Action.RESUME: "running",
}
_NOTHING: frozenset[str] = frozenset()


class Condition(NamedTuple):
    """One shot: its states, how its last takes ended (as many as it asks for), and the provider of the take in the
    film, else of its newest one."""

    states: Collection[str]
    results: Collection[str]
    providers: Collection[str]


NO_CONDITION = Condition((), (), ())

Conditions = Mapping[str, Condition]
"""By canonical address; a shot that shows another one's clip has none."""


def conditions(outlook: Outlook, plan: Plan, inventory: Inventory) -> Conditions:
    """How all shots stand. `plan` is the one of the whole storyboard, without any wishes."""
    actions: dict[str, set[Action]] = defaultdict(set)
    for step in plan.steps:
        actions[step.address].add(step.action)
    practice = outlook.ground.capabilities.rehearsal
    return {
        address: Condition(
            _states(it, practice, inventory) | {_BY_ACTION[one] for one in actions[address] if one in _BY_ACTION},
            _results(it),
            _providers(it),
        )
        for address, it in outlook.situations.items()
    }


def _states(it: Situation, practice: bool, inventory: Inventory) -> set[str]:
    found = {"frozen"} if it.shot.frozen else set()
    found |= {"accepted"} if it.accepted else _NOTHING
    found |= {"picked"} if it.picked else _NOTHING
    film = it.film
    if film is None or (film.attempt.rehearsal and not practice):
        return found | {"new", "missing"}
    if it.stale is not Staleness.FRESH:
        found |= {"stale", it.stale.value}
    if gone(it, film.attempt, inventory):
        found.add("missing")
    elif it.stale is Staleness.FRESH and film.current:
        found.add("fresh")
    return found


def _results(it: Situation) -> frozenset[str]:
    last = it.attempts[-it.shot.takes :] if it.shot.takes else ()
    return frozenset(_result(attempt).value for attempt in last)


def _result(attempt: Attempt) -> AttemptState:
    return AttemptState.UNCERTAIN if attempt.state is AttemptState.INTENT else attempt.state


def _providers(it: Situation) -> tuple[str, ...]:
    if it.film is not None:
        return (it.film.attempt.provider,)
    return (it.attempts[-1].provider,) if it.attempts else ()
