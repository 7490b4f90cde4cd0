"""Runs that buy at one provider and collect at another: what goes wrong at one is no matter of the other."""

from __future__ import annotations

from engine.scripted import Charged, ScriptedProvider
from engine.world import World, film, shot

from sorapipe.engine.events import Ended, Event, Said
from sorapipe.planning.facts import Attempt, AttemptState
from sorapipe.providers.base import Missed, Order, PollAnswer

S = AttemptState


class OldHouse(ScriptedProvider):
    """A provider at which something was ordered before. It gives `answer` as long as there is one."""

    def __init__(self, world: World, answer: PollAnswer | None) -> None:
        super().__init__(lambda: world.now, world.disk)
        self.answer = answer

    def poll(self, task: str, *, character: bool = False) -> PollAnswer:
        if self.answer is None:
            return super().poll(task)
        self.polls += 1
        return self.answer


def moved_house(answer: PollAnswer | None, ordered: int = 1, new: int = 2) -> tuple[World, OldHouse]:
    """Shots `a0…` are under way at `oldhouse`, `b0…` are to be bought at the studio."""
    world = World(film(*(shot(f"a{n}") for n in range(ordered)), *(shot(f"b{n}") for n in range(new))))
    old = OldHouse(world, answer)
    world.others["oldhouse"] = old
    recipes = world.outlook().ground.recipes
    with world.workspace.hold("x") as session:
        for n in range(ordered):
            token, task = f"{n:a>20}", f"old_{n}"
            recipe = recipes.shot(f"a{n}").digest
            session.record(Attempt(token, f"a{n}", 1, recipe, "oldhouse", "sora-2", S.SUBMITTED, tasks=(task,)))
            order = Order("sora-2", f"a{n}", 10, "1280x720", token, token)
            old.charges[task] = Charged(task, order, world.now, 30.0)
    return world, old


def test_a_key_that_another_provider_refuses_stops_no_creates_and_loses_no_jobs() -> None:
    world, old = moved_house(Missed("bad key", authentication=True), ordered=5, new=30)
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 6
    assert outcome.why is None and outcome.not_started == ()
    assert outcome.sent == 30
    assert sorted(attempt.address for attempt in outcome.running) == [f"a{n}" for n in range(5)]
    assert all(world.states()[f"b{n}"] == [S.DONE] for n in range(30))
    assert old.polls <= 5
    told = [event.text for event in world.said(Said) if isinstance(event, Said)]
    assert told == ["`oldhouse` refuses its key: bad key; what runs there is collected by a later run"]
    old.answer = None
    again = world.run()
    assert again is not None and again.exit_code == 0 and again.sent == 0


def test_a_key_that_the_own_provider_refuses_ends_the_creates_and_others_are_still_asked() -> None:
    world, _ = moved_house(None)
    world.provider.script.every_poll = lambda *_: Missed("revoked", authentication=True)
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 6
    assert outcome.why == "`studio` refused the key: revoked"
    assert world.states()["a0"] == [S.DONE]
    assert sorted(attempt.address for attempt in outcome.running) == ["b0", "b1"]


def test_a_provider_that_asks_for_a_pause_delays_nobody_elses_clips() -> None:
    world, old = moved_house(Missed("slow down", 600.0))
    began = world.now
    ends: dict[str, float] = {}

    def watch(event: Event) -> None:
        if isinstance(event, Ended):
            ends[event.label] = world.now - began
            old.answer = None

    world.watch = watch
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0
    assert ends["b0"] < 90 and ends["b1"] < 90
    assert 600 <= ends["a0"] < 700
    assert old.polls == 2
