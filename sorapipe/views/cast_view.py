"""Who is known to the provider, and by what name there; knows no plan and no page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sorapipe.planning.facts import Attempt, Facts
from sorapipe.planning.handles import known_handles
from sorapipe.planning.situation import Outlook
from sorapipe.planning.ways import Standing, standing
from sorapipe.storyboard.diagnostics import escape
from sorapipe.storyboard.model import Handle


class Known(NamedTuple):
    """A character as it stands at the provider: what it is called there, else the last attempt to make it."""

    name: str
    how: Standing
    handle: Handle | None
    attempt: Attempt | None


def cast(outlook: Outlook, facts: Facts) -> Iterator[Known]:
    """All characters that the provider makes or knows, in the order of the storyboard; not those that are words."""
    here = outlook.ground.capabilities
    handles = known_handles(outlook)
    for name, character in outlook.ground.storyboard.characters.items():
        how = standing(character, here)
        if how is Standing.NAMED:
            yield Known(name, how, character.handles[here.profile], None)
        elif how is Standing.MADE:
            tries = [
                one
                for one in facts.attempts.get(f"@{name}", ())
                if (one.provider, one.account) == (here.profile, here.account)
            ]
            yield Known(name, how, handles.get(name), tries[-1] if tries else None)


def made_of(attempt: Attempt, facts: Facts) -> Handle | None:
    """The character that the provider made of a take by itself (`character_create`)."""
    for fact in facts.characters:
        if (fact.name, fact.recipe) == (attempt.address, attempt.recipe) and fact.task in attempt.tasks:
            return fact.handle
    return None


def handle_words(handle: Handle) -> str:
    """`id char_01f3, username fox.ember`: as a storyboard's `handles:` wants it."""
    said = [("id", handle.id), ("username", handle.username)]
    return ", ".join(f"{word} {escape(value)}" for word, value in said if value)


def handle_data(handle: Handle | None) -> dict[str, str | None] | None:
    """The same as data."""
    if handle is None:
        return None
    return {"id": escape(handle.id or "") or None, "username": escape(handle.username or "") or None}
