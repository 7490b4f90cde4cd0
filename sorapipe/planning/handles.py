"""Which characters exist at a provider, and what it calls them; knows no plan and makes nothing."""

from __future__ import annotations

from sorapipe.planning.facts import AttemptState, CharacterFact
from sorapipe.planning.situation import Outlook, moved
from sorapipe.planning.ways import serves
from sorapipe.storyboard.model import Handle


def known_handles(outlook: Outlook) -> dict[str, Handle]:
    """The characters of the storyboard that exist at the outlook's provider and account, by id; only handles that a
    shot can name there.

    A character is known by its recipe: under another id it is still the same. Of one that was made several times it is
    the highest take that was made from today's clips.
    """
    ground = outlook.ground
    here = ground.capabilities
    there: dict[str, list[CharacterFact]] = {}
    for fact in ground.facts.characters:
        if (fact.provider, fact.account) == (here.profile, here.account) and serves(fact.handle, here.casting):
            there.setdefault(fact.recipe, []).append(fact)
    found: dict[str, Handle] = {}
    for name in ground.storyboard.characters if there else ():
        digests = outlook.renames.digests(ground.recipes.character(name))
        facts = [fact for digest in digests for fact in there.get(digest, ())]
        if facts:
            found[name] = max(facts, key=lambda fact: _rank(name, fact, outlook)).handle
    return found


def _rank(name: str, fact: CharacterFact, outlook: Outlook) -> tuple[int, int, int, str]:
    """How much a character stands for its name today: one made from other clips least, a neighbour's in between."""
    made = [
        (0 if moved(it, outlook, outlook.today) else 2, fact.name == name, it.take, it.token)
        for it in outlook.ground.facts.attempts.get(f"@{fact.name}", ())
        if it.state is AttemptState.DONE and fact.task in it.tasks
    ]
    return max(made, default=(1, fact.name == name, 0, fact.task or ""))
