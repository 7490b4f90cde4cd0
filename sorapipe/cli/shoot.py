"""Carries a plan out: providers, books, engine and a view put together; decides nothing about any of them."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING

from sorapipe.cli.audience import Audience
from sorapipe.cli.balance import told, with_balance
from sorapipe.cli.callbacks import NO_CALLBACKS, Callbacks, heard
from sorapipe.cli.failures import Exit, Expected, Quit
from sorapipe.cli.production import Production
from sorapipe.cli.reach import need_key, reached
from sorapipe.cli.signals import first_and_second, hold_back, resting, taken
from sorapipe.engine.compose import Script
from sorapipe.engine.effects import Studio
from sorapipe.engine.messages import Begin, Limits
from sorapipe.engine.outcome import Outcome
from sorapipe.engine.poll import ANY_SECONDS, Durations
from sorapipe.engine.reconcile import Requests, Start, in_reach, make_board, twins
from sorapipe.engine.run import Listen, Run
from sorapipe.engine.schedule import Schedule
from sorapipe.planning.plan_types import BUYS, Action, Plan
from sorapipe.providers.base import Provider
from sorapipe.providers.key import Key
from sorapipe.providers.profile import Profile
from sorapipe.providers.profiles import load_profile
from sorapipe.state.files import StateError
from sorapipe.state.session import Session
from sorapipe.state.workspace import config_dir
from sorapipe.storyboard.diagnostics import escape

if TYPE_CHECKING:
    from sorapipe.clips.probe import ClipInfo

_AT_PROVIDER = frozenset({Action.RESUME, Action.FETCH})
_SIGNALS = 128


@dataclass(frozen=True, slots=True)
class Pace:
    """What this run may take. `remaining` and `budget` are money of this run and of the storyboard, `None` without a
    limit; `max_wait` counts seconds; `callbacks` are who is called back and where that is heard."""

    remaining: Decimal | None = None
    max_wait: float = 3600.0
    callbacks: Callbacks = NO_CALLBACKS
    budget: Decimal | None = None


def outcome_of_nothing(production: Production, plan: Plan) -> Outcome:
    """How a run ends that has nothing to do: what waits or is blocked has its exit code all the same."""
    board = make_board(_start(production, plan, frozenset(), lambda _: None))
    schedule = Schedule(board, Limits())
    schedule.step(Begin(), 0.0)
    return schedule.outcome()


def shoot(  # noqa: PLR0913, PLR0917 - what is done, by whom, before whose eyes
    production: Production,
    plan: Plan,
    session: Session,
    audience: Audience,
    pace: Pace,
    providers: Mapping[str, Provider] | None = None,
) -> Outcome:
    """Carries the plan out; ends by itself or by signals (the first ends it gracefully, the second at once).

    `providers` are those that are spoken to already, if any.
    """
    gc.freeze()  # the storyboard and its plan stay to the end
    gc.enable()
    buys = any(step.action in BUYS for step in plan.steps)
    with ExitStack() as open_things:
        if buys:
            _make_ready(production, session)
        if providers is None:
            providers = open_things.enter_context(speaking(production, plan))
        seller = providers.get(production.profile.name)
        before = told(seller) if buys else None
        session.remember(_recipes(production, plan) | production.unwritten())
        start = _start(production, plan, frozenset(providers), session.request)
        start = replace(start, accounts=_accounts(_profiles(production, plan)))
        studio = replace(_studio(production, start, session, providers), callback_url=pace.callbacks.url)
        run = Run(_schedule(production, start, pace), studio, audience)
        open_things.enter_context(heard(production.profile, pace.callbacks, run.hint, audience))
        open_things.enter_context(resting(run.pause, audience.hide, audience.show))
        leave = first_and_second(run.stop)
        open_things.enter_context(taken(leave))
        audience.leaves_by(leave)
        outcome = run.go()
        hold_back()
        return with_balance(outcome, before, seller)


def _make_ready(production: Production, session: Session) -> None:
    """What will be paid for must have a place, and so must the lock. Raises `Expected` (11)."""
    try:
        production.workspace.clips.make_ready()
        session.make_ready()
    except StateError as error:
        text = f"{escape(str(error))}; nothing was sent"
        raise Expected(Exit.DISK, text, "clips and the lock are written beside the storyboard: see to that") from error


def search(production: Production, plan: Plan, session: Session, listen: Listen) -> None:
    """Looks through the lists of providers for what is uncertain in a plan, and writes down what that proves; does
    nothing else. What can't be asked, or tells nothing, stays as it is."""
    steps = tuple(step for step in plan.steps if step.action is Action.UNCERTAIN)
    profiles = lists_of(production, plan)
    with ExitStack() as open_things:
        found: dict[str, Provider] = {}
        for profile in profiles:
            key = _key_if_there(profile)
            if profile.key_env is None or key is not None:
                found[profile.name] = open_things.enter_context(reached(profile, key))
        start = replace(
            _start(production, plan, frozenset(found), session.request), ages=session.ages(),
            accounts=_accounts(profiles),
        )  # fmt: skip
        reachable = tuple(step for step in steps if step.attempt is not None and in_reach(start, step.attempt))
        if not reachable:
            return
        start = replace(start, plan=replace(plan, steps=reachable))
        session.remember(_recipes(production, start.plan))
        schedule = Schedule(make_board(start), Limits(seek=frozenset(found), settling=True))
        run = Run(schedule, _studio(production, start, session, found), listen)
        open_things.enter_context(taken(run.stop))
        outcome = run.go()
    if outcome.exit_code > _SIGNALS:
        raise Quit(outcome.exit_code)


def lists_of(production: Production, plan: Plan) -> list[Profile]:
    """The providers whose lists may show what is uncertain in a plan."""
    lost = (step.attempt for step in plan.steps if step.action is Action.UNCERTAIN)
    names = {attempt.provider for attempt in lost if attempt is not None}
    return [profile for profile in _named(production, names) if gives_tokens_back(profile)]


def gives_tokens_back(profile: Profile) -> bool:
    """Whether the provider's list may show which of our orders a task was."""
    echoes = profile.features.metadata_echo is not False and "metadata" in profile.capabilities.fields
    return profile.features.list and echoes


@contextmanager
def speaking(production: Production, plan: Plan) -> Iterator[Mapping[str, Provider]]:
    """Everybody that the plan needs to speak to, by name; embedded ones are started and end with this."""
    with ExitStack() as connections:
        found: dict[str, Provider] = {}
        for profile in _profiles(production, plan):
            key = need_key(profile) if profile.name == production.profile.name else _key_if_there(profile)
            if profile.key_env is not None and key is None:
                continue
            found[profile.name] = connections.enter_context(reached(profile, key))
        yield found


def _profiles(production: Production, plan: Plan) -> Iterator[Profile]:
    """The plan's own where it is needed, and those at which earlier takes were ordered."""
    names = {step.attempt.provider for step in plan.steps if step.attempt and step.action in _AT_PROVIDER}
    if any(step.action in BUYS for step in plan.steps):
        names.add(production.profile.name)
    yield from _named(production, names)


def _named(production: Production, names: Collection[str]) -> Iterator[Profile]:
    if production.profile.name in names:
        yield production.profile
    for name in sorted({*names} - {production.profile.name}):
        other = load_profile(name, config_dir()).profile
        if other is not None and (other.base_url is not None or other.embedded):
            yield other


def _key_if_there(profile: Profile) -> Key | None:
    try:
        return need_key(profile)
    except Expected:
        return None


def _schedule(production: Production, start: Start, pace: Pace) -> Schedule:
    bears = production.profile.limits
    lists = frozenset(profile.name for profile in _profiles(production, start.plan) if profile.features.list)
    limits = Limits(bears.in_flight, bears.creates, bears.window, bears.downloads, pace.remaining, pace.max_wait, lists)
    seek = frozenset({production.profile.name}) if gives_tokens_back(production.profile) else frozenset()
    limits = replace(limits, seek=seek, budget=pace.budget, currency=start.plan.currency)
    return Schedule(make_board(start), limits, _durations(production))


def _studio(production: Production, start: Start, session: Session, providers: Mapping[str, Provider]) -> Studio:
    workspace = production.workspace
    return Studio(
        script=start.script,
        books=session,
        files=workspace.files,
        clips=Eyes(),
        providers=providers,
        upload=workspace.reader().upload,
        assets=production.script.loaded.assets,
        renders=workspace.clips,
        token=session.token,
        random=random.SystemRandom().random,
        clock=time.monotonic,
        post=lambda _: None,
        twins=twins(production.facts),
        interrupted=Flag(),
    )


def _start(production: Production, plan: Plan, providers: frozenset[str], requests: Requests) -> Start:
    script = Script(production.storyboard, production.capabilities)
    return Start(plan, production.outlook, script, providers, production.profile.verify_seconds, requests)


def _accounts(profiles: Iterable[Profile]) -> dict[str, str | None]:
    return {profile.name: profile.capabilities.account for profile in profiles}


def _durations(production: Production) -> Durations:
    """What earlier runs were told of how long clips take."""
    known: dict[tuple[str, str, int], list[float]] = {}
    for one in production.known.durations:
        for clip in {one.clip or ANY_SECONDS, ANY_SECONDS}:
            known.setdefault((one.provider, one.model, clip), []).append(one.seconds)
    return Durations(known)


def _recipes(production: Production, plan: Plan) -> dict[str, str]:
    """The recipes that this run sends or takes over, and those of the characters in them."""
    used = {step.recipe for step in plan.steps if step.recipe and (step.action in BUYS or step.reuse is not None)}
    needs = {need for step in plan.steps if step.action in BUYS for need in _cast(production, step.address)}
    used |= {production.recipes.character(name).digest for name in needs}
    return {digest: text for digest, text in production.recipes.by_digest().items() if digest in used}


def _cast(production: Production, address: str) -> tuple[str, ...]:
    situation = production.outlook.situations.get(address)
    return situation.request.mentions if situation else ()


class Eyes:
    """The rooms that look into clips, as the engine asks for them; loaded when there is a clip."""

    def probe(self, path: Path) -> ClipInfo:
        from sorapipe.clips.probe import probe

        return probe(path)

    def frame(self, path: Path, at: Decimal | None) -> bytes:
        from sorapipe.clips.frames import frame

        return frame(path, at)

    def cut(self, data: bytes, start: Decimal, end: Decimal, least: Decimal) -> bytes:
        from sorapipe.clips.cut import cut

        return cut(data, start, end, least)
