"""The same schedule with real threads and a real clock, on a real disk; short jobs."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from engine.memory_disk import MemoryDisk
from engine.scripted import Eyes, ScriptedProvider
from engine.world import CAPABILITIES, film, shot

from sorapipe.engine.compose import Script
from sorapipe.engine.effects import Studio
from sorapipe.engine.events import Event, Sent
from sorapipe.engine.messages import Limits
from sorapipe.engine.outcome import Outcome
from sorapipe.engine.poll import Durations
from sorapipe.engine.reconcile import Start, make_board, twins
from sorapipe.engine.run import Run
from sorapipe.engine.schedule import Schedule
from sorapipe.planning.facts import AttemptState
from sorapipe.planning.graph import build
from sorapipe.planning.plan import plan_from
from sorapipe.planning.recipe import recipes
from sorapipe.planning.situation import Ground, look
from sorapipe.providers.base import Missed, PollAnswer
from sorapipe.state.disk import Disk
from sorapipe.state.workspace import Workspace
from sorapipe.storyboard.diagnostics import Diagnostics
from sorapipe.storyboard.model import Storyboard


@dataclass
class Film:
    """A storyboard on the real disk and a provider that answers at once."""

    folder: Path
    storyboard: Storyboard
    seconds: float = 0.2
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.disk = Disk()
        self.workspace = Workspace(self.folder / "film.yaml", self.folder / "state", self.disk)
        self.provider = ScriptedProvider(time.monotonic, MemoryDisk(), lambda _: self.seconds)
        self.run: Run | None = None
        self.heard = lambda event: None

    def go(self, limits: Limits = Limits()) -> Outcome:  # noqa: B008
        with self.workspace.hold("run") as session:
            graph = build(self.storyboard, Diagnostics())
            assert graph is not None
            ground = Ground(self.storyboard, graph, recipes(self.storyboard, {}), session.facts(), CAPABILITIES)
            outlook = look(ground._replace(renders=self.workspace.renders))
            plan = plan_from(outlook, self.workspace.inventory(session.facts()))
            script = Script(self.storyboard, CAPABILITIES)
            start = Start(plan, outlook, script, {"studio"}, Decimal("0.5"), session.request)
            studio = Studio(
                script=script,
                books=session,
                files=self.disk,
                clips=Eyes(self.disk),  # type: ignore[arg-type]
                providers={"studio": self.provider},
                upload=lambda asset: b"",
                assets={},
                renders=self.workspace.clips,
                token=session.token,
                random=Random(1).random,
                clock=time.monotonic,
                post=lambda news: None,
                twins=twins(session.facts()),
                interrupted=threading.Event(),
            )
            self.run = Run(Schedule(make_board(start), limits, Durations()), studio, self._listen)
            return self.run.go()

    def _listen(self, event: Event) -> None:
        self.events.append(event)
        self.heard(event)


def test_a_film_is_made_with_threads_and_no_thread_is_left(tmp_path: Path) -> None:
    before = threading.active_count()
    made = Film(tmp_path, film(*(shot(f"s{n:02}") for n in range(40)), shot("after", continues="s00")))
    outcome = made.go()
    assert outcome.exit_code == 0
    assert len(list((tmp_path / "renders" / "film").glob("*.mp4"))) == 41
    assert [end.label for end in outcome.ended][:3] == ["s00", "s01", "s02"]
    assert made.provider.sent_twice() == []
    assert threading.active_count() == before
    assert made.workspace.lock_path.exists()


def test_a_signal_ends_it_and_the_next_run_collects_what_was_paid(tmp_path: Path) -> None:
    made = Film(tmp_path, film(*(shot(f"s{n:02}") for n in range(10))), seconds=0.5)

    def stop_after_three(event: Event) -> None:
        if isinstance(event, Sent) and event.task.endswith("3") and made.run is not None:
            made.run.stop(2)

    made.heard = stop_after_three
    outcome = made.go()
    assert outcome.exit_code == 130
    assert 3 <= len(made.provider.charges) <= 4
    assert len(outcome.running) == len(made.provider.charges)
    made.heard = lambda event: None
    assert made.go().exit_code == 0
    assert len(made.provider.charges) == 10


def test_an_answer_that_breaks_the_dialect_is_uncertain_and_no_traceback(tmp_path: Path) -> None:
    made = Film(tmp_path, film(shot("a")))

    def explode(order: object) -> None:
        raise ZeroDivisionError("a bug in a dialect")

    made.provider.create = explode  # type: ignore[method-assign, assignment]
    outcome = made.go()
    assert outcome.exit_code == 9
    assert [a.state for a in made.workspace.facts().attempts["a"]] == [AttemptState.UNCERTAIN]


def test_a_bug_in_an_effect_is_raised_after_the_lock_is_saved(tmp_path: Path) -> None:
    made = Film(tmp_path, film(shot("a"), shot("b")))

    def impossible(task: str, *, character: bool = False) -> PollAnswer:
        return Missed("not yet") if task.endswith("1") else "nonsense"  # type: ignore[return-value]

    made.provider.poll = impossible  # type: ignore[method-assign]
    with pytest.raises(AssertionError):
        made.go()
    assert set(made.workspace.facts().attempts) == {"a", "b"}


def test_it_is_quick(tmp_path: Path) -> None:
    made = Film(tmp_path, film(*(shot(f"s{n:03}") for n in range(200))), seconds=0.01)
    began = time.monotonic()
    assert made.go(Limits(in_flight=50)).exit_code == 0
    assert time.monotonic() - began < 15
