"""How things stand for every shot: its recipe, its takes, the one in the film, what is stale; decides no purchase."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sorapipe.planning.capabilities import Capabilities
from sorapipe.planning.choice import Because, Chosen, Today, choose, conflict, single_pick, wanted
from sorapipe.planning.facts import Attempt, AttemptState, Facts
from sorapipe.planning.graph import Graph, Kind, follow_clips
from sorapipe.planning.plan_types import Staleness
from sorapipe.planning.recipe import Recipe, Recipes, digest, of_model
from sorapipe.planning.renames import Renames
from sorapipe.planning.reuse import Claim, Neighbours, Reuses, Wanted
from sorapipe.planning.why import Change, input_changes, kind_of, recipe_changes
from sorapipe.storyboard.model import Request, Shot, ShotSource, Storyboard

Inputs = tuple[tuple[str, str], ...]
Digests = Collection[str]

_NONE: frozenset[str] = frozenset()
FRESH: tuple[Staleness, tuple[Change, ...]] = (Staleness.FRESH, ())


class Situation(NamedTuple):
    """One shot that renders something, as it stands.

    `digests` are today's recipe under all names that its shots ever had. `inputs` are the clips that a take would be
    made from today. `attempts` are all of them in the order of take and token, those that are taken over from
    elsewhere included (`claims`). `current` and `unmoved` are tokens: of attempts with today's recipe, and of those
    among them that were made from today's inputs; `no_good` are those that a person marked (of other shots too). `near`
    differ only by the model: looked for where no good take of today's recipe is there.
    `changes` say why the clip in the film is `stale`. `accepted` is a waiver that holds today, `conflict` tells of
    picks that contradict each other.
    """

    shot: Shot
    request: Request
    address: str
    recipe: Recipe
    digests: Digests
    inputs: Inputs
    attempts: tuple[Attempt, ...] = ()
    current: frozenset[str] = _NONE
    unmoved: frozenset[str] = _NONE
    film: Chosen | None = None
    stale: Staleness = Staleness.FRESH
    changes: tuple[Change, ...] = ()
    accepted: bool = False
    conflict: bool = False
    claims: tuple[Claim, ...] = ()
    no_good: frozenset[str] = _NONE
    near: frozenset[str] = _NONE

    @property
    def held(self) -> bool:
        """Whether the clip in the film is to stay, whatever the storyboard says."""
        return self.accepted or self.shot.frozen

    @property
    def picked(self) -> bool:
        """Whether a person's choice decides what is in the film."""
        return self.film is not None and self.film.because in {Because.PICKED, Because.STALE_PICK}


class Ground(NamedTuple):
    """What an outlook is made from. `renders` is the folder of this storyboard's clips, as it stands in the lock."""

    storyboard: Storyboard
    graph: Graph
    recipes: Recipes
    facts: Facts
    capabilities: Capabilities
    neighbours: Neighbours = ()
    renders: str = "renders"


class Outlook(NamedTuple):
    """All situations by canonical address, with what they were made from. `today` is the sha256 of the clip that a shot
    gives to others, `None` where there is none or nobody knows which."""

    ground: Ground
    situations: Mapping[str, Situation]
    shots: Mapping[str, Shot]
    labels: Mapping[str, str]
    today: Mapping[str, str | None]
    renames: Renames
    reuses: Reuses

    def source(self, address: str) -> Situation:
        """The situation of the shot whose clip is shown at an address: `clip:` entries are followed."""
        found = self.situations.get(address)
        return found if found is not None else self.situations[follow_clips(self.shots, self.shots[address].address)]


def moved(attempt: Attempt, outlook: Outlook, today: Mapping[str, str | None]) -> bool:
    """Whether a clip that the attempt was made from is another one now; `today` is that of the outlook or later."""
    now = ((sha256, today.get(outlook.renames.today(address))) for address, sha256 in attempt.inputs)
    return any(found is not None and found != sha256 for sha256, found in now)


def wanted_now(
    outlook: Outlook,
    it: Situation,
    attempts: Sequence[Attempt],
    today: Mapping[str, str | None],
    bought: str | None = None,
) -> Today:
    """What a shot wants, for attempts that may have grown since the outlook. `bought` is the recipe of those that a run
    buys: nothing that a person accepted before holds for them."""
    digests = {*it.digests, it.recipe.digest, bought}
    current = frozenset(attempt.token for attempt in attempts if attempt.recipe in digests)
    accepted = it.accepted and bought is None
    return wanted(attempts, current, it.near, lambda attempt: moved(attempt, outlook, today), accepted=accepted)


def look(ground: Ground) -> Outlook:
    """Finds out how every shot stands."""
    return _Looking(ground).look()


class _Looking:
    """The one walk over the shots, parents first."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._graph = ground.graph
        self._recipes = ground.recipes
        self._facts = ground.facts
        self._capabilities = ground.capabilities
        self._renames = Renames(ground.storyboard, ground.recipes)
        self._reuses = Reuses(ground.storyboard, ground.facts, self._renames, ground.neighbours, ground.renders)
        self._shots = {shot.address.canonical: shot for shot in ground.storyboard.shots}
        self._labels = {address: shot.label for address, shot in self._shots.items()}
        self._today: dict[str, str | None] = {}
        self._picked: set[str] = set()
        self._known: Mapping[str, str] | None = None
        self._models: dict[str, set[str | None]] | None = None
        self._compared: dict[tuple[str, str], tuple[Change, ...]] = {}

    def look(self) -> Outlook:
        situations: dict[str, Situation] = {}
        for node in self._graph.order:
            shot = self._shots.get(node)
            if shot is None:
                continue
            if shot.clip is not None:
                self._today[node] = self._today[shot.clip.canonical]
                if shot.clip.canonical in self._picked:
                    self._picked.add(node)
            elif shot.request is not None:
                situations[node] = found = self._situation(node, shot, shot.request)
                self._today[node] = self._given(found)
                if found.picked:
                    self._picked.add(node)
        return Outlook(self._ground, situations, self._shots, self._labels, self._today, self._renames, self._reuses)

    def _given(self, situation: Situation) -> str | None:
        """The clip that a shot gives to others: never a practice take when the provider is a real one."""
        film = situation.film
        if film is None or situation.conflict or (film.attempt.rehearsal and not self._capabilities.rehearsal):
            return None
        return film.attempt.sha256

    def _situation(self, address: str, shot: Shot, request: Request) -> Situation:
        recipe = self._recipes.shot(address)
        attempts = self._facts.attempts.get(address, ())
        inputs = self._inputs(address)
        new = Situation(shot, request, address, recipe, (recipe.digest,), inputs)
        if not attempts and not self._reuses.possible:
            return new
        digests = self._renames.digests(recipe) if self._renames else new.digests
        claims = self._claims(address, shot, recipe, digests, inputs) if self._reuses.possible else ()
        if claims:
            attempts = tuple(sorted((*attempts, *(it.attempt for it in claims)), key=lambda it: (it.take, it.token)))
        return self._judged(new, attempts, digests, claims) if attempts else new

    def _inputs(self, address: str) -> Inputs:
        """The clips that a take would be made from today."""
        edges = self._graph.parents(address)
        if not edges or edges[0].kind is not Kind.FRAME:  # pictures come first
            return ()
        found = {edge.parent: self._today[edge.parent] for edge in edges if edge.kind is Kind.FRAME}
        return tuple(sorted((parent, sha) for parent, sha in found.items() if sha is not None))

    def _claims(self, address: str, shot: Shot, recipe: Recipe, digests: Digests, inputs: Inputs) -> tuple[Claim, ...]:
        own = self._facts.attempts.get(address, ())
        practice = self._capabilities.rehearsal
        there = sum(
            it.state in {AttemptState.DONE, AttemptState.SUBMITTED}
            and it.recipe in digests
            and (practice or not it.rehearsal)
            for it in own
        )
        missing = 0 if shot.frozen else shot.takes - there
        shared = not any(
            isinstance(self._ground.storyboard.characters[name].source, ShotSource)
            for name in (shot.request.mentions if shot.request else ())
        )
        missing = max(missing, 0)
        return self._reuses.claim(Wanted(shot, address, recipe.digest, digests, own, inputs, missing, shared, practice))

    def _accepted(self, address: str, digests: Digests, inputs: Inputs) -> bool:
        names = (address, *self._reuses.olds(address))
        waivers = [waiver for name in names for waiver in self._facts.waivers.get(name, ())]
        return any(
            waiver.recipe in digests
            and tuple(sorted((self._renames.today(name), sha) for name, sha in waiver.inputs)) == inputs
            for waiver in waivers
        )

    def _judged(
        self, new: Situation, attempts: tuple[Attempt, ...], digests: Digests, claims: tuple[Claim, ...]
    ) -> Situation:
        """Adds what follows from the takes: the one in the film and whether it is stale."""
        address, facts = new.address, self._facts
        current = frozenset(attempt.token for attempt in attempts if attempt.recipe in digests)
        picks = facts.picks.get(address, ())
        pick = single_pick(picks) if picks else None
        marked = facts.no_good
        if claims:
            pick = pick or next((claim.reuse.pick for claim in claims if claim.reuse.pick is not None), None)
            marked |= {claim.attempt.token for claim in claims if claim.reuse.no_good}
        accepted = bool(facts.waivers) and self._accepted(address, digests, new.inputs)
        today, near = wanted(attempts, current, _NONE, self._moved, accepted=accepted), _NONE
        film, unmoved = choose(attempts, pick, marked, today), today.unmoved
        if film is not None and film.because in {Because.STALE_PICK, Because.STALE_LATEST}:
            near = self._near(new.recipe, attempts, current)
            today = wanted(attempts, current, near, self._moved, accepted=accepted)
            film = choose(attempts, pick, marked, today) if near else film
        stale, changes = FRESH
        if film is not None and not accepted and film.attempt.token not in unmoved:
            stale, changes = self._staleness(new.recipe, film.attempt, current)
        return Situation(
            new.shot, new.request, address, new.recipe, digests, new.inputs, attempts, current, unmoved,
            film, stale, changes, accepted, bool(picks) and conflict(picks), claims, marked, near,
        )  # fmt: skip

    def _moved(self, attempt: Attempt) -> tuple[Change, ...]:
        inputs = attempt.inputs
        if self._renames:
            inputs = tuple((self._renames.today(address), sha) for address, sha in inputs)
        return input_changes(inputs, self._today, self._labels, self._picked)

    def _near(self, recipe: Recipe, attempts: tuple[Attempt, ...], current: frozenset[str]) -> frozenset[str]:
        """The finished takes that differ from today's recipe only by the model."""
        return frozenset(
            attempt.token
            for attempt in attempts
            if attempt.state is AttemptState.DONE
            and attempt.token not in current
            and kind_of(self._changes(recipe, attempt.recipe)) is Staleness.MODEL
        )

    def _staleness(
        self, recipe: Recipe, film: Attempt, current: frozenset[str]
    ) -> tuple[Staleness, tuple[Change, ...]]:
        if film.token in current:
            return Staleness.CASCADE, self._moved(film)
        changes = self._changes(recipe, film.recipe)
        return kind_of(changes), changes

    def _changes(self, recipe: Recipe, old: str) -> tuple[Change, ...]:
        """What differs between today's recipe and one of the past, by its digest; a new name is none."""
        key = (recipe.digest, old)
        if key not in self._compared:
            if self._known is None:
                self._known = ChainMap(self._recipes.by_digest(), dict(self._facts.recipes))
            text = self._known.get(old) or self._of_another_model(recipe, old)
            before = None if text is None else self._renames.modern(text, self._known)
            self._compared[key] = recipe_changes(before, recipe.json, self._known, self._labels)
        return self._compared[key]

    def _of_another_model(self, recipe: Recipe, old: str) -> str | None:
        """The text of a recipe that no lock has, where only the model is another one: its digest tells."""
        if self._models is None:
            self._models = {}
            for attempts in self._facts.attempts.values():
                for attempt in attempts:
                    self._models.setdefault(attempt.recipe, {None}).add(attempt.model)
        models = sorted(self._models.get(old, {None}), key=str)
        return next((text for text in (of_model(recipe.json, one) for one in models) if digest(text) == old), None)
