"""Which characters must be made before a take can be sent, and how that stands; a character is made only for a take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from shlex import quote
from typing import NamedTuple

from sorapipe.planning.capabilities import Capabilities, CharacterWay, Source
from sorapipe.planning.choice import labels, letters, next_take
from sorapipe.planning.cost import NOTHING, character_price
from sorapipe.planning.facts import UNSETTLED, Attempt, AttemptState
from sorapipe.planning.gates import PENDING, READY, Gate, Gates, State, worst
from sorapipe.planning.handles import known_handles
from sorapipe.planning.plan_types import Action, Reason, Reuse, Step
from sorapipe.planning.purchase import Asked
from sorapipe.planning.reuse import neighbour_character, next_door
from sorapipe.planning.situation import Outlook
from sorapipe.planning.ways import Standing, serves, standing
from sorapipe.storyboard.model import ShotSource


class Role(NamedTuple):
    """How a character stands: its gate, the step that makes it, if one is needed, and the shot that must be finished
    before a shot that mentions it (only where the provider makes nothing of it beforehand)."""

    gate: Gate
    step: Step | None = None
    source: str | None = None


FREE = Role(READY)


class Cast:
    """All characters of a storyboard at one provider."""

    def __init__(self, outlook: Outlook, want: Asked, gates: Gates) -> None:
        self._outlook = outlook
        self._ground = outlook.ground
        self._want = want
        self._gates = gates
        self._roles: dict[str, Role] = {}
        self._handles = known_handles(outlook)

    def source_of(self, name: str) -> str | None:
        """The shot that a take which mentions the character needs, because of how the character comes into being."""
        character = self._ground.storyboard.characters[name]
        stands = self._stands(name)
        if not isinstance(character.source, ShotSource) or stands in {Standing.WORDS, Standing.NAMED}:
            return None
        if stands is Standing.MADE and self._known(name):
            return None
        return character.source.address.canonical

    def role(self, name: str) -> Role:
        """How the character stands; found out once."""
        role = self._roles.get(name)
        if role is None:
            role = self._roles[name] = self._find(name)
        return role

    def _stands(self, name: str) -> Standing:
        return standing(self._ground.storyboard.characters[name], self._ground.capabilities)

    def _digests(self, name: str) -> frozenset[str]:
        return self._outlook.renames.digests(self._ground.recipes.character(name))

    def _known(self, name: str) -> bool:
        """Whether the character exists at this provider and account."""
        return name in self._handles and not self._renewed(name) and f"@{name}" not in self._want.rolls

    def _renewed(self, name: str) -> bool:
        """Whether `--cascade` makes it again, because the clip that it was made from is another one now."""
        made = [it for it in self._attempts(name) if it.state is AttemptState.DONE]
        if not self._want.wishes.cascade or not made:
            return False
        today = self._outlook.today
        return not any(all(today.get(address) in (None, sha) for address, sha in it.inputs) for it in made)

    def _attempts(self, name: str) -> list[Attempt]:
        """Attempts to make this character of today's recipe at this provider and account, but for uncertain ones that a
        person wants sent again."""
        here, digests, consents = self._ground.capabilities, self._digests(name), self._ground.facts.consents
        return [
            attempt
            for attempt in self._ground.facts.attempts.get(f"@{name}", ())
            if attempt.recipe in digests
            and attempt.provider == here.profile
            and attempt.account == here.account
            and (attempt.state is not AttemptState.UNCERTAIN or attempt.token not in consents)
        ]

    def _find(self, name: str) -> Role:
        character, stands = self._ground.storyboard.characters[name], self._stands(name)
        if stands in {Standing.WORDS, Standing.NAMED}:
            return FREE
        source = character.source.address.canonical if isinstance(character.source, ShotSource) else None
        if stands is Standing.CARRIED:
            return FREE if source is None else Role(self._from_shot(name, source), None, source)
        if self._known(name):
            return FREE
        return (
            self._begun(name)
            or self._neighbours(name, source)
            or self._next_door(name, source)
            or self._new(name, source)
        )

    def _begun(self, name: str) -> Role | None:
        """What an earlier run has left: a task to collect, an uncertain one, a failure."""
        if self._renewed(name) or f"@{name}" in self._want.rolls:
            states = UNSETTLED | {AttemptState.SUBMITTED}
        else:
            states = frozenset(AttemptState)
        attempts = [it for it in self._attempts(name) if it.state in states]
        if not attempts:
            return None
        among = self._ground.facts.attempts[f"@{name}"]
        names = letters(among)
        unsettled = next((it for it in attempts if it.state in UNSETTLED), None)
        if unsettled is not None:
            reason = uncertain(f"@{name}", unsettled, among)
            return _halt(_step(name, Action.UNCERTAIN, reason, unsettled, names))
        running = next((it for it in attempts if it.state in {AttemptState.SUBMITTED, AttemptState.DONE}), None)
        if running is not None and running.state is AttemptState.DONE and self._nameless(name):
            here = self._ground.capabilities
            needed = " or ".join(f"`{one}`" for one in sorted(here.casting.names))
            text = f"`{here.profile}` has made it and named no {needed}, without which no shot can mention it"
            reason = Reason("nameless", text, f"sorapipe roll @{name}")
            return _halt(_step(name, Action.BLOCKED, reason, running, names))
        if running is not None:
            reason = Reason("resume", "it was ordered before and is collected")
            return Role(PENDING, _step(name, Action.RESUME, reason, running, names))
        if attempts[-1].state is AttemptState.VANISHED:
            return _halt(_step(name, Action.BLOCKED, vanished(f"@{name}"), attempts[-1], names))
        said = f": {attempts[-1].why}" if attempts[-1].why else ""
        reason = Reason("failed", f"it failed before{said}", f"sorapipe roll @{name}")
        return _halt(_step(name, Action.BLOCKED, reason, attempts[-1], names))

    def _nameless(self, name: str) -> bool:
        """Whether it exists there under a handle that is of no use."""
        here, digests = self._ground.capabilities, self._digests(name)
        return any(
            fact.recipe in digests and (fact.provider, fact.account) == (here.profile, here.account)
            for fact in self._ground.facts.characters
        )

    def _neighbours(self, name: str, source: str | None) -> Role | None:
        here, inputs = self._ground.capabilities, self._inputs(source)
        recipe = self._ground.recipes.character(name).digest
        hit = neighbour_character(self._ground.neighbours, recipe, here.profile, here.account, inputs)
        if hit is None or f"@{name}" in self._want.rolls or not serves(hit[1].handle, here.casting):
            return None
        where, fact = hit
        reason = Reason("neighbour", f"made for {where}")
        take = next_take(self._ground.facts.attempts.get(f"@{name}", ()))
        reuse = Reuse(None, None, replace(fact, name=name))
        return Role(PENDING, Step(f"@{name}", f"@{name}", take, Action.KEEP, reason, NOTHING, recipe, reuse=reuse))

    def _inputs(self, source: str | None) -> tuple[tuple[str, str], ...] | None:
        """The clip that a character would be made from today; `None` where it is made from no shot."""
        if source is None:
            return None
        sha = self._outlook.today.get(source)
        return ((source, sha),) if sha is not None else (("", ""),)

    def _next_door(self, name: str, source: str | None) -> Role | None:
        """An order of a neighbour at this provider and account that has come to no end is waited for."""
        here, inputs = self._ground.capabilities, self._inputs(source)
        if here.rehearsal or f"@{name}" in self._want.rolls:
            return None
        recipe = self._ground.recipes.character(name).digest
        ours = self._ground.facts.attempts.get(f"@{name}", ())
        known = {it.token for it in ours}
        orders = ((where, it) for where, facts in self._ground.neighbours for it in facts.open_orders())
        for where, it in orders:
            same = (it.recipe, it.provider, it.account) == (recipe, here.profile, here.account)
            if same and it.address.startswith("@") and inputs in {None, it.inputs} and it.token not in known:
                take, why = next_take(ours), next_door(where, it)
                return _halt(Step(f"@{name}", f"@{name}", take, Action.BLOCKED, why, NOTHING, recipe))
        return None

    def _new(self, name: str, source: str | None) -> Role:
        gate = READY if source is None else self._from_shot(name, source)
        take = next_take(self._ground.facts.attempts.get(f"@{name}", ()))
        recipe = self._ground.recipes.character(name).digest
        if gate.state >= State.WAIT and gate.reason is not None:
            action = Action.WAIT if gate.state is State.WAIT else Action.BLOCKED
            return Role(gate, Step(f"@{name}", f"@{name}", take, action, gate.reason, NOTHING, recipe))
        pending = source is not None and gate.state is State.PENDING
        needs = (self._outlook.source(source).address,) if source is not None and pending else ()
        full = self._ground.capabilities.characters is CharacterWay.TASK
        reason = Reason("character", "made for its first use, a full paid render" if full else "made for its first use")
        price = character_price(self._ground.capabilities)
        return Role(PENDING, Step(f"@{name}", f"@{name}", take, Action.RENDER, reason, price, recipe, needs))

    def _from_shot(self, name: str, source: str) -> Gate:
        """The gate of the shot that shows the character; its clip must be a task of this provider, unless the clip
        itself is what is sent."""
        if Source.SHOT in self._ground.capabilities.casting.cut:
            return self._gates.clip(source)
        return worst((self._gates.clip(source), self._same_provider(name, source)))

    def _same_provider(self, name: str, source: str) -> Gate:
        it = self._outlook.source(source)
        if it.film is None or self._gates.result(source).moves:
            return READY
        here, attempt = self._ground.capabilities, it.film.attempt
        if attempt.rehearsal and not here.rehearsal:
            return READY
        if _will_do(attempt, here):
            return READY
        where = f"`{attempt.provider}`" if attempt.tasks else "elsewhere"
        label = it.shot.label
        text = f"@{name} is made from a clip of {label} at `{here.profile}`, and the one in the film is from {where}"
        at_home = [
            one
            for one in it.attempts
            if _will_do(one, here) and one.state is AttemptState.DONE and one.token in it.current - it.no_good
        ]
        if not at_home:
            return Gate(
                State.BLOCKED,
                Reason("other-provider", f"{text}: buy a take here and pick it", f"sorapipe roll {quote(label)}"),
            )
        command = f"sorapipe pick {quote(label)} {labels(it.attempts)[at_home[-1].token]}"
        return Gate(State.BLOCKED, Reason("other-provider", f"{text}: pick one that is from here", command))


def _will_do(attempt: Attempt, here: Capabilities) -> bool:
    """Whether a provider can make a character out of a take: it is a task of its own."""
    return (attempt.provider, attempt.account) == (here.profile, here.account) and bool(attempt.tasks)


def uncertain(label: str, attempt: Attempt, among: Sequence[Attempt]) -> Reason:
    """What is said of an order that may have been charged; `among` are all attempts of its address.

    The label may come from a lock that somebody else wrote: it is quoted, for the commands are there to be pasted.
    """
    said = f" ({attempt.why})" if attempt.why else ""
    several = sum(one.state in UNSETTLED for one in among) > 1
    take = f" --take {labels(among)[attempt.token]}" if several else ""
    text = f"it may have been bought{said}: bind its task if your account shows one, else send it again"
    return Reason(
        "uncertain", text, f"sorapipe resubmit {quote(label)}", f"sorapipe adopt {quote(label)} TASK{take}"
    )  # fmt: skip


def vanished(label: str) -> Reason:
    """What is said of a paid order whose task the provider does not know: perhaps another account was asked."""
    text = "the provider said it does not know its task: ask again, or buy another take"
    return Reason("vanished", text, f"sorapipe roll {label}", f"sorapipe fetch {label}")


def _halt(step: Step) -> Role:
    reason = step.reason
    told = Reason("parent-blocked", f"{step.label} is blocked: {reason.text}", reason.command, reason.instead)
    return Role(Gate(State.BLOCKED, told), step)


def _step(name: str, action: Action, reason: Reason, attempt: Attempt, names: Mapping[str, str]) -> Step:
    """What is said of an attempt; `names` are the letters of its address."""
    return Step(
        f"@{name}", f"@{name}", attempt.take, action, reason, NOTHING, attempt.recipe,
        attempt=attempt, letter=names[attempt.token],
    )  # fmt: skip
