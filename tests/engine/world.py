"""Whole runs in virtual time: real books on a disk in memory, the real plan, the pure schedule, a scripted provider."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from threading import Event as Flag

from engine.memory_disk import Killed, MemoryDisk
from engine.scripted import Eyes, ScriptedProvider

from sorapipe.engine.compose import Script
from sorapipe.engine.effects import Studio, carry_out
from sorapipe.engine.events import Event
from sorapipe.engine.messages import (
    Begin,
    Create,
    Download,
    Interrupt,
    Limits,
    News,
    Poll,
    PollAll,
    Seek,
    Stop,
    Tell,
    Tick,
)
from sorapipe.engine.outcome import Outcome
from sorapipe.engine.poll import Durations
from sorapipe.engine.reconcile import Start, make_board, twins
from sorapipe.engine.schedule import Schedule
from sorapipe.planning.capabilities import Capabilities, Casting, CharacterWay, Model, Per, Price, Source
from sorapipe.planning.facts import Attempt, AttemptState
from sorapipe.planning.graph import build
from sorapipe.planning.plan import plan_from
from sorapipe.planning.plan_types import Action, Plan, Wishes
from sorapipe.planning.recipe import recipes
from sorapipe.planning.situation import Ground, Outlook, look
from sorapipe.providers.base import Provider
from sorapipe.state.session import Outside, Session
from sorapipe.state.workspace import Workspace
from sorapipe.storyboard.diagnostics import Diagnostics
from sorapipe.storyboard.model import (
    Address,
    Character,
    FrameOf,
    Request,
    Shot,
    ShotSource,
    Storyboard,
    Subtitle,
    UrlSource,
    Use,
)
from sorapipe.storyboard.source import Asset, Place, Span
from sorapipe.storyboard.text import Mention, split_mentions

MODEL = Model(
    name="sora-2",
    sizes=("1280x720", "720x1280"),
    seconds=(10, 15),
    styles=("comic",),
    extra=(),
    max_prompt=None,
    prices=(Price(Decimal(1), Per.CLIP),),
    character_price=None,
    ends=None,
)
CAPABILITIES = Capabilities(
    profile="studio",
    account=None,
    currency="credits",
    prices_as_of=date(2026, 11, 1),
    models={"sora-2": MODEL},
    default_model="sora-2",
    default_size="1280x720",
    default_seconds=10,
    fields=frozenset(
        ("prompt", "model", "seconds", "size", "input_reference", "metadata", "style", "seed", "character_create")
    ),
    characters=CharacterWay.TASK,
    casting=Casting(3, frozenset({Source.URL, Source.SHOT}), names=frozenset({"id", "username"})),
    image_types=("image/png",),
    in_flight=100,
    minutes=Decimal(3),
    rehearsal=False,
)


class _Here:
    def place(self, field: str | None = None) -> Span:
        return Span(Place("film.yaml", 1, 1), 1)

    def mention(self, name: str) -> Span:
        return self.place()


def shot(name: str, prompt: str | None = None, **more: object) -> Shot:
    """A shot. `continues="stairs"` begins on that shot's last frame, `needs=["a"]` orders; keys of `Request` too."""
    continues = more.pop("continues", None)
    if continues is not None:
        more["input_reference"] = FrameOf(Address.parse(str(continues)))
    words = prompt or f"A picture of {name}."
    mentions = tuple(dict.fromkeys(piece.id for piece in split_mentions(words) if isinstance(piece, Mention)))
    keys = {key: more.pop(key) for key in list(more) if key in Request.__dataclass_fields__}
    request = Request(prompt=words, mentions=mentions, **keys)  # type: ignore[arg-type]
    needs = tuple(Address.parse(one) for one in more.pop("needs", ()))  # type: ignore[attr-defined]
    subtitles: tuple[Subtitle, ...] = ()
    address = Address.parse(name)
    base = Shot(address, name, None, 1, request, None, needs, False, Use(), subtitles, None, None, (), _Here())
    return replace(base, **more)  # type: ignore[arg-type]


def character(name: str, *, of: str | None = None, url: str | None = None, words: str | None = None) -> Character:
    """A character made from a shot, from a clip on the web, or of words only."""
    times = (Decimal(1), Decimal(3))
    source = ShotSource(Address.parse(of), times) if of else UrlSource(url, times) if url else None
    return Character(name, name.title(), words, source, {}, _Here())


def film(*shots: Shot, characters: Iterable[Character] = ()) -> Storyboard:
    cast = {one.id: one for one in characters}
    return Storyboard(None, None, cast, shots, (), (), None, {}, _Here())


class World:
    """One storyboard, one provider, one clock, one disk; `run` as often as you like."""

    def __init__(  # noqa: PLR0913  a world has many dials
        self,
        storyboard: Storyboard,
        *,
        seconds: Callable[[int], float] = lambda _: 60.0,
        seed: int = 1,
        capabilities: Capabilities = CAPABILITIES,
        limits: Limits | None = None,
        latency: float = 0.01,
        assets: Mapping[str, tuple[Asset, bytes]] | None = None,
        disk: MemoryDisk | None = None,
    ) -> None:
        self.storyboard = storyboard
        self.capabilities = capabilities
        self.limits = limits or Limits()
        self.now = 1000.0
        self.disk = disk or MemoryDisk()
        self.provider = ScriptedProvider(lambda: self.now, self.disk, seconds)
        self.others: dict[str, Provider] = {}
        self.random = Random(seed)
        self.latency = latency
        self.assets = {path: asset for path, (asset, _) in (assets or {}).items()}
        self.bytes = {path: data for path, (_, data) in (assets or {}).items()}
        self.events: list[tuple[float, Event]] = []
        self.watch: Callable[[Event], None] = lambda event: None
        self.at: list[tuple[float, News]] = []
        self.steps = 0
        self.stopwatch: Callable[[], float] = lambda: self.now
        outside = Outside(lambda: self.now, self.random.randbytes)
        self.workspace = Workspace(Path("/film/film.yaml"), Path("/state"), self.disk, outside)

    def outlook(self, session: Session | None = None) -> Outlook:
        facts = session.facts() if session is not None else self.workspace.facts()
        graph = build(self.storyboard, Diagnostics())
        assert graph is not None
        ground = Ground(
            self.storyboard,
            graph,
            recipes(self.storyboard, self.assets),
            facts,
            self.capabilities,
            (),
            self.workspace.renders,
        )
        return look(ground)

    def plan(self, wishes: Wishes = Wishes(), session: Session | None = None) -> Plan:  # noqa: B008
        outlook = self.outlook(session)
        return plan_from(outlook, self.workspace.inventory(outlook.ground.facts), wishes)

    def run(self, wishes: Wishes = Wishes(), *, kill_at: int | None = None) -> Outcome | None:  # noqa: B008
        """Plans and runs; `None` when the process was killed at the point `kill_at` (counted from 1)."""
        self.events.clear()
        self.disk.points.clear()
        self.disk.kill_at = kill_at
        try:
            if self.plan(wishes).idle:
                return None
            self._settle(wishes)
            with self.workspace.hold("run") as session:
                return self._run(session, wishes)
        except Killed:
            return None
        finally:
            self.disk.process_dies()

    def _settle(self, wishes: Wishes) -> None:
        """What is uncertain is looked for first, as the command line does it."""
        lost = [step for step in self.plan(wishes).steps if step.action is Action.UNCERTAIN]
        if not lost or not self.limits.seek:
            return
        with self.workspace.hold("run") as session:
            outlook = self.outlook(session)
            plan = plan_from(outlook, self.workspace.inventory(outlook.ground.facts), wishes)
            steps = tuple(step for step in plan.steps if step.action is Action.UNCERTAIN)
            self.schedule, studio = self._stage(session, outlook, replace(plan, steps=steps), settling=True)
            self._drive(self.schedule, studio)

    def _run(self, session: Session, wishes: Wishes) -> Outcome:
        outlook = self.outlook(session)
        plan = plan_from(outlook, self.workspace.inventory(outlook.ground.facts), wishes)
        session.remember(outlook.ground.recipes.by_digest())
        self.schedule, studio = self._stage(session, outlook, plan)
        return self._drive(self.schedule, studio)

    def _stage(
        self, session: Session, outlook: Outlook, plan: Plan, *, settling: bool = False
    ) -> tuple[Schedule, Studio]:
        script = Script(self.storyboard, self.capabilities)
        providers = {"studio": self.provider, **self.others}
        ages = session.ages() if settling else {}
        start = Start(plan, outlook, script, providers, Decimal("0.5"), session.request, ages=ages)
        limits = replace(self.limits, settling=settling)
        schedule = Schedule(make_board(start), limits, Durations())
        flag = Flag()
        studio = Studio(
            script=script,
            books=session,
            files=self.disk,
            clips=Eyes(self.disk),
            providers=providers,
            upload=lambda asset: self.bytes[asset.path],
            assets=self.assets,
            renders=self.workspace.clips,
            token=session.token,
            random=self.random.random,
            clock=self.stopwatch,
            post=lambda news: None,
            twins=twins(outlook.ground.facts),
            interrupted=flag,
        )
        return schedule, studio

    def _drive(self, schedule: Schedule, studio: Studio) -> Outcome:
        coming: list[tuple[float, int, News]] = []
        serial = 0
        pending = sorted(self.at, key=lambda one: one[0])
        news: News = Begin()
        while True:
            self.steps += 1
            for effect in schedule.step(news, self.now):
                if isinstance(effect, Tell):
                    self.events.append((self.now, effect.event))
                    self.watch(effect.event)
                elif isinstance(effect, Interrupt):
                    studio.interrupted.set()
                else:
                    serial += 1
                    slow = isinstance(effect, Create | Poll | PollAll | Seek | Download)
                    heapq.heappush(
                        coming, (self.now + (self.latency if slow else 0.0), serial, carry_out(effect, studio))
                    )
            if schedule.over:
                return schedule.outcome()
            times = [coming[0][0]] if coming else []
            times += [due] if (due := schedule.due()) is not None else []
            assert times or pending, "the run waits for nothing"
            soonest = min(times, default=float("inf"))
            if pending and pending[0][0] <= soonest:
                at, news = pending.pop(0)
                self.now = max(self.now, at)
                continue
            self.now = max(self.now, soonest)
            news = heapq.heappop(coming)[2] if coming and coming[0][0] <= self.now else Tick()

    # What tests look at.

    def attempts(self) -> Mapping[str, tuple[Attempt, ...]]:
        return self.workspace.facts().attempts

    def states(self) -> dict[str, list[AttemptState]]:
        return {address: [attempt.state for attempt in found] for address, found in self.attempts().items()}

    def clips(self) -> list[str]:
        folder = Path("/film") / self.workspace.renders
        return [name for name in self.disk.names(folder) if name.endswith(".mp4")]

    def said(self, kind: type) -> list[Event]:
        return [event for _, event in self.events if isinstance(event, kind)]

    def stop_at(self, at: float, signal: int = 2) -> None:
        """A signal at a time of the clock; two of them are a second thought."""
        self.at.append((at, Stop(signal, now=any(isinstance(one, Stop) for _, one in self.at))))


@contextmanager
def never_twice(world: World) -> Iterator[None]:
    """Whatever happens inside, no token is sent twice and every charge has its task or its token in the books."""
    yield
    assert world.provider.sent_twice() == []
    known = {task for attempts in world.attempts().values() for attempt in attempts for task in attempt.tasks}
    tokens = {attempt.token for attempts in world.attempts().values() for attempt in attempts}
    for charged in world.provider.charges.values():
        assert charged.task in known or charged.order.token in tokens
