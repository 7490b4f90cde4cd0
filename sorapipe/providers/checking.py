"""Asks a provider what it tells for nothing: the balance, the list, a task that can't exist. Never a create.

Knows no dialect by name and no HTTP library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from urllib.parse import urlencode

from sorapipe.providers.answers import Unreadable, parse
from sorapipe.providers.base import Findings, Missed, NotThere
from sorapipe.providers.dialect import Call, Dialect, ListPage, Reply
from sorapipe.providers.http import NoAnswer, Unsendable
from sorapipe.providers.profile import Profile

NOBODYS_TASK = "sorapipe-check"

Ask = Callable[[Call], Reply]

_OK = range(200, 300)
_NO_KEY = frozenset({401, 403})
_NO_LIST = frozenset({400, 404, 405, 422, 501})


@dataclass(slots=True)
class _Notes:
    """What has been learnt so far. `keys` are what single answers say about the key."""

    reachable: bool = False
    keys: list[bool] = field(default_factory=list)
    balance: Decimal | None = None
    listing: bool | None = None
    messages: list[str] = field(default_factory=list)


def look(ask: Ask, dialect: Dialect, profile: Profile) -> Findings:
    """Asks whatever costs nothing, also what the profile says that the provider can't do."""
    everything = replace(profile, features=replace(profile.features, list=True, credits=True))
    notes = _Notes()
    for question in (_credits, _list, _query):
        if notes.messages and not notes.reachable:
            break  # who did not answer the first question makes nobody wait for the next
        question(ask, dialect, everything, notes)
    key = None if profile.key_env is None or not notes.keys else all(notes.keys)
    return Findings(notes.reachable, key, notes.balance, notes.listing, tuple(notes.messages))


def _credits(ask: Ask, dialect: Dialect, profile: Profile, notes: _Notes) -> None:
    call = dialect.credits_request(profile)
    reply = _asked(ask, call, "balance", notes) if call is not None else None
    if call is None or reply is None:
        return
    notes.balance = dialect.read_credits(reply)
    if notes.balance is not None:
        notes.keys.append(True)
        _note(notes, call, "balance", f"{notes.balance:f}")
        return
    answer = dialect.read_query(reply)  # its words for errors are the same everywhere
    refused = isinstance(answer, Missed) and answer.authentication
    if refused:
        notes.keys.append(False)
    words = answer.message if isinstance(answer, Missed) and (refused or reply.status not in _OK) else "it tells none"
    _note(notes, call, "balance", words)


def _list(ask: Ask, dialect: Dialect, profile: Profile, notes: _Notes) -> None:
    call = dialect.list_request(profile)
    if call is None:
        return
    call = replace(call, query=tuple((name, "1" if name == "limit" else value) for name, value in call.query))
    reply = _asked(ask, call, "list", notes)
    if reply is None:
        return
    page = dialect.read_list(reply)
    if isinstance(page, ListPage):
        notes.listing = True
        notes.keys.append(True)
        _note(notes, call, "list", "there is one" if page.answers else "there is one, and no task in it")
        return
    if page.authentication:
        notes.keys.append(False)
    elif reply.status in _NO_LIST or reply.status in _OK:
        notes.listing = False
    _note(notes, call, "list", page.message)


def _query(ask: Ask, dialect: Dialect, profile: Profile, notes: _Notes) -> None:
    call = dialect.query_request(NOBODYS_TASK, profile)
    reply = _asked(ask, call, "a task that does not exist", notes)
    if reply is None:
        return
    answer = dialect.read_query(reply)
    match answer:
        case NotThere(message=message):
            if _knows_tasks(reply):
                notes.keys.append(True)
            words = f"it does not know it: {message}"
        case Missed(message=message, authentication=refused):
            if refused:
                notes.keys.append(False)
            words = message
        case _:
            words = "it answered as if it knew it"
    _note(notes, call, "a task that does not exist", words)


def _knows_tasks(reply: Reply) -> bool:
    """Whether an answer is about tasks: the plain 404 of a web framework is what every wrong path gets, before
    anybody has looked at the key."""
    if reply.status != 404:  # noqa: PLR2004
        return True
    try:
        whole = parse(reply.body)
    except Unreadable:
        return False
    return isinstance(whole, dict) and any(whole.get(name) for name in ("error", "code"))


def _asked(ask: Ask, call: Call, what: str, notes: _Notes) -> Reply | None:
    try:
        reply = ask(call)
    except (NoAnswer, Unsendable) as error:
        _note(notes, call, what, str(error))
        return None
    notes.reachable = True
    return reply


def _note(notes: _Notes, call: Call, what: str, came: str) -> None:
    query = f"?{urlencode(call.query)}" if call.query else ""
    notes.messages.append(f"{what}: {call.method} {call.path}{query}: {came}")
