"""Characters of this provider: what they are called, who may use them and how; knows no HTTP and no dialect."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from sorapipe.simulator.catalogue import CHARACTERS_A_SHOT, Wish
from sorapipe.simulator.ledger import Character, Page, Task

# Words that often begin a description and make poor usernames.
_NO_NAMES = {"the", "old", "young", "her", "his", "with", "and", "she", "who", "one", "this", "that", "tall", "small"}
_NO_NAMES |= {"man", "woman", "girl", "boy", "character"}
_MENTION = re.compile(r"(?<![\w@.])@([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)+)")

Problem = tuple[str, str]


def character_of(task: Task, wish: Wish) -> Character:
    """The character that a task makes: the same at every look. The username holds a dot."""
    digest = hashlib.sha256(task.task.encode()).hexdigest()
    described = f"{wish.character_name or ''} {wish.prompt}"
    words = [word for word in re.findall(r"[A-Za-z]{3,12}", described) if word.lower() not in _NO_NAMES]
    names = [word for word in words if word[0].isupper()]
    name = (names or words or ["someone"])[0].lower()
    called = wish.character_name if wish.named else None
    return Character(f"char_{digest[:20]}", task.account, f"{name}.{digest[20:28]}", task.task, called)


def misused(page: Page, account: str, wish: Wish) -> Problem | None:
    """The parameter that names a character which this account can't use so, and why."""
    for problem in _ids(page, account, wish):
        return "character_ids", problem
    mentioned = list(dict.fromkeys(_MENTION.findall(wish.prompt)))
    if len(mentioned) > CHARACTERS_A_SHOT:
        return "prompt", f"may mention at most {CHARACTERS_A_SHOT} characters"
    for username in mentioned:
        if not page.has_username(account, username):
            return "prompt", f"no such character `@{username[:80]}`"
    return None


def _ids(page: Page, account: str, wish: Wish) -> Iterable[str]:
    for id in wish.character_ids:
        character = page.character(account, id)
        if character is None or (wish.named and character.name is None):
            yield f"no such character `{id[:80]}`"
        elif wish.named and character.name not in wish.prompt:  # type: ignore[operator]  # has a name: see above
            yield f"the prompt doesn't say `{character.name}`, the name of `{id}`"
