"""What a run starts from: the plan's steps as works, what earlier runs left open, the characters that exist.

Sends nothing and writes nothing. Intents without an answer are no matter of ours: the books call them uncertain when
they are read, and the plan shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from json import loads

from sorapipe.engine.board import Board, Expected, Search, Work
from sorapipe.engine.compose import Script
from sorapipe.engine.download import Twins
from sorapipe.engine.poll import CHARACTER
from sorapipe.engine.seams import Choose, Today
from sorapipe.planning import choice
from sorapipe.planning.choice import single_pick
from sorapipe.planning.facts import Attempt, AttemptState, Facts, Pick
from sorapipe.planning.handles import known_handles
from sorapipe.planning.plan_types import BUYS, Action, Plan, Reason, Step
from sorapipe.planning.situation import Outlook, Situation, wanted_now
from sorapipe.state.records import Json

Requests = Callable[[str], Mapping[str, Json] | None]
"""What was sent for a token, where this machine knows it."""

_UNDONE = frozenset({Action.RENDER, Action.RERENDER, Action.RESUME, Action.FETCH})


@dataclass(frozen=True, slots=True)
class Start:
    """What the works of a run are made from.

    `providers` are the names of the profiles that can be spoken to. `verify` is how many seconds a clip may be longer
    or shorter than was asked. `requests` says what was sent for earlier attempts. `accounts` are the labels of the
    accounts of other profiles than the plan's. `ages` says how many seconds ago orders were sent from here, by token
    and in their order; only needed to settle what is uncertain.
    """

    plan: Plan
    outlook: Outlook
    script: Script
    providers: Container[str]
    verify: Decimal
    requests: Requests
    accounts: Mapping[str, str | None] = field(default_factory=dict)
    ages: Mapping[str, float] = field(default_factory=dict)


def in_reach(start: Start, attempt: Attempt) -> bool:
    """Whether its provider can be asked for what became of an attempt, with the key of the same account."""
    return _out_of_reach(start, attempt) is None


def make_board(start: Start) -> Board:
    """The jobs of a run."""
    works = [
        _work(start, _possible(start, step))
        for step in start.plan.steps
        if step.action is not Action.KEEP or step.reuse is not None
    ]
    outlook = start.outlook
    handles = known_handles(outlook)
    return Board(works, outlook.ground.facts.attempts, handles, chooser(outlook, works), outlook.today)


def chooser(outlook: Outlook, works: Iterable[Work] = ()) -> Choose:
    """The rule by which a take is in the film, for attempts that grow while the run goes on."""
    bought = {work.step.address: work.step.recipe for work in works if work.step.action in BUYS}

    def choose(address: str, attempts: Sequence[Attempt], today: Today) -> Attempt | None:
        it = outlook.situations.get(address)
        if it is None or it.conflict:
            return None
        wanted = wanted_now(outlook, it, attempts, today, bought.get(address))
        found = choice.choose(attempts, _pick(outlook, it), it.no_good, wanted)
        return None if found is None or _practice(found.attempt, outlook) else found.attempt

    return choose


def twins(facts: Facts) -> Twins:
    """The clips that are there, by their bytes, with the tasks that made them, and whose tasks are whose: a finished
    take has the older right."""
    known: dict[str, frozenset[str]] = {}
    owners: dict[str, str] = {}
    every = [attempt for attempts in facts.attempts.values() for attempt in attempts if attempt.tasks]
    for attempt in sorted(every, key=lambda it: it.state is not AttemptState.DONE):
        for task in attempt.tasks:
            owners.setdefault(task, attempt.token)
    for attempts in facts.attempts.values():
        for attempt in attempts:
            if attempt.sha256 is not None and attempt.tasks:
                known[attempt.sha256] = known.get(attempt.sha256, frozenset()) | frozenset(attempt.tasks)
    return Twins(known, owners)


def _practice(attempt: Attempt, outlook: Outlook) -> bool:
    """A practice take is never the parent of a real one."""
    return attempt.rehearsal and not outlook.ground.capabilities.rehearsal


def _pick(outlook: Outlook, it: Situation) -> Pick | None:
    carried = (claim.reuse.pick for claim in it.claims if claim.reuse.pick is not None)
    return single_pick(outlook.ground.facts.picks.get(it.address, ())) or next(carried, None)


def _possible(start: Start, step: Step) -> Step:
    """A step is left alone when nobody can speak to its provider, or only with the key of another account."""
    if step.action not in _UNDONE:
        return step
    why = _out_of_reach(start, None if step.action in BUYS else step.attempt)
    return step if why is None else replace(step, action=Action.BLOCKED, reason=Reason("no-key", why))


def _out_of_reach(start: Start, attempt: Attempt | None) -> str | None:
    plan = start.plan
    name = plan.provider if attempt is None else attempt.provider
    if name not in start.providers:
        return f"it was made at `{name}`, whose profile or key is not at hand"
    if attempt is None:
        return None
    account = plan.account if name == plan.provider else start.accounts.get(name, attempt.account)
    if attempt.account == account:
        return None
    return other_account(attempt, account)


def other_account(attempt: Attempt, account: str | None) -> str:
    """What is said of an order that was made with another account than the one whose key is at hand. That key is told
    that there is no such task: that would be no proof that it has vanished."""
    ordered = "no account named" if attempt.account is None else f"account `{attempt.account}`"
    named = "names none" if account is None else f"names `{account}`"
    return f"it was ordered with {ordered}, and the profile `{attempt.provider}` {named} now"


def _work(start: Start, step: Step) -> Work:
    if step.action in BUYS:
        return _bought(start, step)
    attempt = step.attempt or (step.reuse.attempt if step.reuse is not None else None)
    if attempt is None:
        return Work(step, None, (start.plan.provider, "", 0))
    expected = _expected(start, attempt) if step.action in _UNDONE else Expected()
    kind = (attempt.provider, attempt.model, int(expected.seconds or 0))
    search = _search(start, attempt) if step.action is Action.UNCERTAIN else None
    return Work(step, attempt, kind, start.script.stem(step.address), expected=expected, search=search)


def _search(start: Start, attempt: Attempt) -> Search | None:
    """What was sent before and after an order. `None` for one of another machine, and for characters: some of them
    stand in no list."""
    order = list(start.ages)
    if attempt.token not in start.ages or attempt.address.startswith("@"):
        return None
    at = order.index(attempt.token)
    return Search(frozenset(order[:at]), frozenset(order[at + 1 :]), start.ages[attempt.token])


def _bought(start: Start, step: Step) -> Work:
    plan, script, address = start.plan, start.script, step.address
    model, seconds = script.model(address), script.seconds(address)
    draft = Attempt(
        token="",
        address=address,
        take=step.take,
        recipe=step.recipe or "",
        provider=plan.provider,
        model=model,
        state=AttemptState.INTENT,
        account=plan.account,
        cost=step.price,
        currency=plan.currency if step.price is not None else None,
        rehearsal=script.capabilities.rehearsal,
    )
    return Work(
        step,
        draft,
        (plan.provider, model, CHARACTER if address.startswith("@") else seconds),
        script.stem(address),
        script.sources(address),
        script.mentions(address),
        Expected(Decimal(seconds), script.size(address), start.verify),
    )


def _expected(start: Start, attempt: Attempt) -> Expected:
    """What was asked for: as it was sent, where this machine knows that, else as far as the recipe says it."""
    recipe = start.outlook.ground.facts.recipes.get(attempt.recipe, "{}")
    asked = start.requests(attempt.token) or loads(recipe)
    seconds, size = asked.get("seconds"), asked.get("size")
    return Expected(
        Decimal(seconds) if isinstance(seconds, int) and not isinstance(seconds, bool) else None,
        size if isinstance(size, str) and _is_size(size) else None,
        start.verify,
    )


def _is_size(text: str) -> bool:
    width, _, height = text.partition("x")
    return width.isdecimal() and height.isdecimal()
