"""Which uncertain attempts the words of `adopt` and `resubmit` mean; asks nobody and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import click

from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.production import Production
from sorapipe.planning.choice import labels, take_label
from sorapipe.planning.facts import UNSETTLED, Attempt, Facts
from sorapipe.planning.plan_types import Action, Plan
from sorapipe.planning.select import find_take


def addresses(production: Production, word: str) -> frozenset[str]:
    """What a word means: shots, but also a character (`@keeper`) or a shot that is gone and has attempts.

    Raises `Expected` for a word that means nothing.
    """
    if word in production.facts.attempts:
        return frozenset((word,))
    if word.startswith("@"):
        raise Expected(Exit.USAGE, f"no attempt to make `{word}` is known", _where(production))
    return production.chosen([word]) or frozenset()


def one_address(production: Production, word: str) -> str:
    """The same for a word that must mean one thing."""
    found = addresses(production, word)
    if len(found) != 1:
        names = ", ".join(f"`{label(production, address)}`" for address in sorted(found)[:8])
        raise Expected(Exit.USAGE, f"`{word}` means {len(found)} shots", f"name one of {names}")
    (address,) = found
    return address


def label(production: Production, address: str) -> str:
    """What an address is called by people."""
    return production.outlook.labels.get(address, address)


def name(production: Production, attempt: Attempt) -> str:
    """What an attempt is called: `stairs t02`."""
    takes = labels(production.facts.attempts.get(attempt.address, (attempt,)))
    return f"{label(production, attempt.address)} {takes.get(attempt.token) or take_label(attempt.take)}"


def holding_up(production: Production) -> list[Attempt]:
    """The attempts that nobody knows the fate of and no person has settled; practice holds up nothing real."""
    facts, practice = production.facts, production.capabilities.rehearsal
    return [
        attempt
        for attempts in facts.attempts.values()
        for attempt in attempts
        if facts.holds_up(attempt) and (practice or not attempt.rehearsal)
    ]


def say_who_looks(production: Production, plan: Plan) -> None:
    """A note where a run finds out by itself what became of uncertain attempts, or tries to."""
    if not any(step.action is Action.UNCERTAIN for step in plan.steps):
        return
    from sorapipe.cli.shoot import lists_of

    names = [f"`{profile.name}`" for profile in lists_of(production, plan)]
    if names:
        where = f"{' and '.join(names)} {'lists' if len(names) == 1 else 'list'} what was ordered"
        command = f"`sorapipe run{production.script.words.target}`"
        click.echo(f"note: {where}: {command} looks for it there first", err=True)


def without_task(production: Production, address: str, take: str | None) -> Attempt | None:
    """The uncertain attempt of an address that a task could belong to; `None` where there is none.

    Raises `Expected` where there are several and none was named, and for a take that is not one of them.
    """
    facts = production.facts
    found = [attempt for attempt in facts.attempts.get(address, ()) if attempt.state in UNSETTLED and not attempt.tasks]
    if take is not None:
        named = find_take(facts, address, take)
        if named.attempt is None and named.error is not None:
            raise Expected(Exit.USAGE, named.error.message, named.error.hint)
        if named.attempt not in found:
            raise Expected(Exit.USAGE, f"{label(production, address)} {take} is not uncertain", _where(production))
        return named.attempt
    if len(found) > 1:
        names = labels(facts.attempts[address])
        takes = " or ".join(f"`--take {names[attempt.token]}`" for attempt in found)
        raise Expected(Exit.USAGE, f"{len(found)} takes of {label(production, address)} are uncertain", f"say {takes}")
    return found[0] if found else None


def in_use(production: Production, task: str) -> tuple[str, Attempt] | None:
    """The attempt that has a task already, and the storyboard of the folder that it belongs to (empty for this one)."""
    known: Sequence[tuple[str, Facts]] = [("", production.facts), *production.neighbours]
    for where, facts in known:
        for attempts in facts.attempts.values():
            for attempt in attempts:
                if task in attempt.tasks:
                    return where, attempt
    return None


def changed(facts: Facts, attempt: Attempt) -> Facts:
    """The facts with one attempt as it will be."""
    others = [one for one in facts.attempts.get(attempt.address, ()) if one.token != attempt.token]
    ordered = tuple(sorted([*others, attempt], key=lambda one: (one.take, one.token)))
    return replace(facts, attempts={**facts.attempts, attempt.address: ordered})


def _where(production: Production) -> str:
    return f"`sorapipe status{production.script.words.target}` shows what is uncertain"
