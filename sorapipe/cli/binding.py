"""Binds a task to the attempt that it belongs to and fetches its clip; never sends a create."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from shlex import quote
from typing import NamedTuple

import click

from sorapipe.cli import uncertain
from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.performance import Order, as_known, carry_out, finish
from sorapipe.cli.production import Production, refuse
from sorapipe.cli.reach import need_key
from sorapipe.cli.shoot import gives_tokens_back, speaking
from sorapipe.engine.compose import Script
from sorapipe.engine.reconcile import other_account
from sorapipe.planning.choice import next_take
from sorapipe.planning.cost import request_price
from sorapipe.planning.facts import Attempt, AttemptState
from sorapipe.planning.plan import narrowed
from sorapipe.providers.answers import usable_task
from sorapipe.providers.base import Missed, NotThere, PollAnswer, Provider, Succeeded
from sorapipe.providers.profile import Profile
from sorapipe.providers.profiles import load_profile
from sorapipe.state.session import Session
from sorapipe.state.workspace import config_dir
from sorapipe.storyboard.diagnostics import escape
from sorapipe.storyboard.model import Handle


class _Bond(NamedTuple):
    """An attempt as it is with its task. `known`: it had it before. `stray`: its intent was lost, so all is new."""

    attempt: Attempt
    known: bool = False
    stray: bool = False


def bind(production: Production, shot: str, task: str, take: str | None, order: Order) -> None:
    """Asks the provider for the task, writes it down, then goes on with it like a run."""
    if usable_task(task) is None:
        raise Expected(Exit.USAGE, f"`{escape(task)}` is not the id of a task: letters, digits and `._:-`")
    address = uncertain.one_address(production, shot)
    if production.facts.lineage is None:
        raise _nothing(production, address)
    began = time.monotonic()
    with ExitStack() as held:
        session = held.enter_context(production.workspace.hold(order.command))
        now = as_known(production, session.facts())
        bond = _bond(now, session, address, task, take)
        if bond.known and bond.attempt.state is not AttemptState.SUBMITTED:
            click.echo(f"{uncertain.name(now, bond.attempt)} has this task already: it is {bond.attempt.state.value}")
            return
        handle = _written(now, bond.attempt, task)
        if handle is not None:
            _take_as_made(now, session, bond, handle)
            return
        _same_account(now, bond.attempt)
        need_key(_profile(now, bond.attempt.provider))
        then = as_known(now, uncertain.changed(now.facts, bond.attempt))
        plan = narrowed(then.plan(order.wishes), then.outlook, (address,))
        providers = held.enter_context(speaking(then, plan))
        if not bond.known:
            _ask(providers, bond.attempt, task, production.script.words.target)
            _agree(now, providers, bond.attempt, task)
            _write(now, session, bond, task)
        click.echo(f"{uncertain.name(then, bond.attempt)} has the task {task}", err=True)
        outcome = carry_out(then, plan, session, order, providers)
    finish(then, plan, outcome, order, time.monotonic() - began)


def _bond(production: Production, session: Session, address: str, task: str, take: str | None) -> _Bond:
    used = uncertain.in_use(production, task)
    if used is not None:
        where, attempt = used
        if where or attempt.address != address:
            who = f"{attempt.address} of {where}" if where else uncertain.name(production, attempt)
            raise Expected(Exit.USAGE, f"the task `{task}` belongs to {escape(who)} already; nothing was written")
        return _Bond(attempt, known=True)
    found = uncertain.without_task(production, address, take)
    if found is not None:
        return _Bond(replace(found, state=AttemptState.SUBMITTED, tasks=(task,), why=None))
    token = session.strays().get(task)
    if token is None or address not in production.outlook.situations:
        raise _nothing(production, address)
    return _Bond(_found_again(production, address, task, token), stray=True)


def _found_again(production: Production, address: str, task: str, token: str) -> Attempt:
    """An attempt whose intent can't be read any more, as a person says it was: the next take of a shot of today."""
    it, here = production.outlook.situations[address], production.capabilities
    price = request_price(here, it.request)
    return Attempt(
        token=token,
        address=address,
        take=next_take(it.attempts),
        recipe=it.recipe.digest,
        provider=here.profile,
        model=Script(production.storyboard, here).model(address),
        state=AttemptState.SUBMITTED,
        inputs=it.inputs,
        account=here.account,
        tasks=(task,),
        cost=price,
        currency=here.currency if price is not None else None,
        rehearsal=here.rehearsal,
    )


def _nothing(production: Production, address: str) -> Expected:
    target, label = production.script.words.target, uncertain.label(production, address)
    return Expected(
        Exit.USAGE, f"nothing about {escape(label)} is uncertain, so no task can be bound to it",
        f"`sorapipe status{target}` shows what is; a clip that you have: "
        f"`sorapipe adopt{target} {escape(quote(label))} --file CLIP`",
    )  # fmt: skip


def _profile(production: Production, name: str) -> Profile:
    if name == production.profile.name:
        return production.profile
    found = load_profile(name, config_dir())
    if found.profile is None:
        refuse(found.diagnostics, found.sources)
    return found.profile


def _same_account(production: Production, attempt: Attempt) -> None:
    """Another account's key is told that there is no such task. Raises `Expected` (6)."""
    here = _profile(production, attempt.provider).capabilities.account
    if attempt.account != here:
        text = other_account(attempt, here)
        raise Expected(Exit.AUTHENTICATION, f"{uncertain.name(production, attempt)}: {text}; nothing was written")


def _ask(providers: Mapping[str, Provider], attempt: Attempt, task: str, target: str) -> None:
    """Makes sure that the provider knows the task. Raises `Expected` where it doesn't or can't be asked."""
    name = attempt.provider
    answer = _answer(providers[name], attempt, task)
    match answer:
        case NotThere(message=message):
            raise Expected(
                Exit.USAGE, f"`{name}` does not know the task `{task}` ({escape(message)}); nothing was written",
                f"look for the id in your account there; {_existing(attempt)}if nothing was bought: "
                f"`sorapipe resubmit{target} {escape(quote(attempt.address))}`",
            )  # fmt: skip
        case Missed(message=message, authentication=True):
            raise Expected(Exit.AUTHENTICATION, f"`{name}` refused the key: {escape(message)}; nothing was written")
        case Missed(message=message):
            text = f"`{name}` could not be asked for the task: {escape(message)}; nothing was written"
            raise Expected(Exit.TEMPORARY, text, "try it again in a while")


def _agree(production: Production, providers: Mapping[str, Provider], attempt: Attempt, task: str) -> None:
    """Where the provider's list gives client tokens back, the task must not be another order. Raises `Expected`."""
    name = attempt.provider
    if not gives_tokens_back(_profile(production, name)):
        return
    listed = providers[name].newest((task,))
    if isinstance(listed, Missed):
        return
    tokens = [token for token, shown in listed.tokens.items() if shown == task]
    if tokens and attempt.token not in tokens:
        others = {it.token: it for attempts in production.facts.attempts.values() for it in attempts}
        known = [uncertain.name(production, others[token]) for token in tokens if token in others]
        whose = known[0] if known else "another order, by what its metadata says"
        text = f"`{name}` shows the task `{task}` as {escape(whose)}, not as {uncertain.name(production, attempt)}"
        raise Expected(Exit.USAGE, f"{text}; nothing was written", "look for the id in your account there")


def _written(production: Production, attempt: Attempt, task: str) -> Handle | None:
    """The handle with that id that the storyboard itself gives a character: a person says that this is what was made.
    Providers that make characters at once can't be asked for one."""
    character = production.storyboard.characters.get(attempt.address.removeprefix("@"))
    if character is None or not attempt.address.startswith("@"):
        return None
    handle = character.handles.get(attempt.provider)
    return handle if handle is not None and handle.id == task else None


def _take_as_made(production: Production, session: Session, bond: _Bond, handle: Handle) -> None:
    """Settles an attempt by what the storyboard says; nobody is asked."""
    attempt = bond.attempt
    if not bond.known:
        _write(production, session, bond, attempt.tasks[0])
    session.done(attempt.token, sha256=None, size=None, out=None, handle=handle)
    click.echo(f"{uncertain.name(production, attempt)} is the character {escape(attempt.tasks[0])} of the storyboard")


def _answer(provider: Provider, attempt: Attempt, task: str) -> PollAnswer:
    """What the provider says of a task. Where characters are kept elsewhere than clips only one that is there counts:
    of one that is still being made such a place says nothing."""
    answer = provider.poll(task)
    if isinstance(answer, NotThere) and attempt.address.startswith("@"):
        made = provider.poll(task, character=True)
        return made if isinstance(made, Succeeded) else answer
    return answer


def _existing(attempt: Attempt) -> str:
    """The way out for a character that was made at once and can't be asked for."""
    if not attempt.address.startswith("@"):
        return ""
    name = f"{attempt.address[1:]}: {{handles: {{{attempt.provider}: {{id: …, username: …}}}}}}"
    return f"a character that is there is written into the storyboard (`{escape(name)}`) and then adopted by its id; "


def _write(production: Production, session: Session, bond: _Bond, task: str) -> None:
    """Journal first, then the lock."""
    attempt = bond.attempt
    if bond.stray:
        session.record(attempt)
    else:
        session.submitted(attempt.token, task)
    known = production.recipes.by_digest()
    if attempt.recipe in known:
        session.remember({attempt.recipe: known[attempt.recipe]})
    session.save()
