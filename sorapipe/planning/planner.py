"""One walk over the shots, parents first, that turns what stands and what is wished into steps; adds up nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from sorapipe.planning.cast import Cast, uncertain
from sorapipe.planning.choice import Because, letters, next_take, take_label
from sorapipe.planning.cost import NOTHING, request_price
from sorapipe.planning.facts import UNSETTLED, Attempt, AttemptState
from sorapipe.planning.gates import IDLE, READY, Gate, Gates, Result, State, worst
from sorapipe.planning.graph import Edge, Kind
from sorapipe.planning.keeping import Inventory, Kept, collected, ended, gone, in_place, kept, unsettled
from sorapipe.planning.plan_types import NOT_HERE, Action, Reason, Step, Wishes
from sorapipe.planning.purchase import Asked, Desire, asked, desire
from sorapipe.planning.reuse import next_door
from sorapipe.planning.situation import Outlook, Situation
from sorapipe.storyboard.model import ShotSource


class Need(NamedTuple):
    """Something that a take to be bought needs: the address that must be finished first, and how that stands."""

    address: str
    gate: Gate


class Planner:
    """Makes the steps of a plan."""

    def __init__(self, outlook: Outlook, inventory: Inventory, wishes: Wishes) -> None:
        capabilities = outlook.ground.capabilities
        self._outlook = outlook
        self._inventory = inventory
        self._want: Asked = asked(wishes, practice=capabilities.rehearsal, provider=capabilities.profile)
        self._results: dict[str, Result] = {}
        self._gates = Gates(outlook, self._want, self._results)
        self._cast = Cast(outlook, self._want, self._gates)
        self._steps: list[Step] = []
        self._shown: set[str] = set()
        self._prices: dict[tuple[str | None, int | None, str | None], Decimal | None] = {}

    def steps(self) -> tuple[Step, ...]:
        """All steps in a stable order: what others need comes first, else the order of the storyboard."""
        chosen = self._chosen()
        for node in self._outlook.ground.graph.order:
            it = self._outlook.situations.get(node)
            if it is None:
                continue
            if chosen is None or node in chosen:
                self._shot(it)
            elif it.attempts:
                self._aside(it)
        self._orphans()
        return tuple(self._steps)

    def _chosen(self) -> frozenset[str] | None:
        """The selection with the parents that it lacks; `None` for everything."""
        select = self._want.wishes.select
        if select is None:
            return None
        chosen = set(select) | set(self._want.rolls)
        for node in reversed(self._outlook.ground.graph.order):
            if node in chosen and node in self._outlook.shots:
                chosen.update(self._brought(node))
        return frozenset(chosen)

    def _brought(self, node: str) -> list[str]:
        shot = self._outlook.shots[node]
        if shot.clip is not None:
            return [self._outlook.source(node).address]
        if not desire(self._outlook.situations[node], self._want).make:
            return []
        parents = (self._outlook.source(address) for address in self._parents(node))
        return [parent.address for parent in parents if self._lacking(parent)]

    def _parents(self, node: str) -> Iterable[str]:
        """The shots that a take of this one needs, through characters too."""
        for edge in self._outlook.ground.graph.parents(node):
            if edge.kind is not Kind.CHARACTER:
                yield edge.parent
            else:
                source = self._cast.source_of(edge.parent[1:])
                if source is not None:
                    yield source

    def _lacking(self, it: Situation) -> bool:
        """Whether a shot can't give its clip as it stands."""
        film = it.film
        if film is None or it.claims or (film.attempt.rehearsal and not self._want.practice):
            return True
        if not in_place(it, film.attempt, self._inventory):
            return True
        return desire(it, self._want).moves

    def _shot(self, it: Situation) -> None:
        edges = self._outlook.ground.graph.parents(it.address)
        moving = self._moving(edges) if edges and edges[0].kind is Kind.FRAME else ()  # pictures come first
        want = desire(it, self._want, moving)
        needs = self._needs(edges) if edges and want.make else ()
        gate = worst([self._own_gate(it), *[need.gate for need in needs]]) if want.make else READY
        if want.make and it.request.mentions:
            self._characters(it, gate.state < State.WAIT)
        before = len(self._steps)
        result = self._existing(it, want, moving, want.make > 0 and gate.state < State.WAIT) if it.attempts else IDLE
        if want.make:
            self._new(it, want, gate, needs)
        elif it.shot.frozen and (it.film is None or it.address in self._want.rolls):
            text = "frozen, and nothing is there to keep" if it.film is None else "frozen: nothing new is rendered"
            self._steps.append(self._halted(it, next_take(it.attempts), Gate(State.BLOCKED, Reason("frozen", text))))
        if want.make or result is not IDLE or it.shot.frozen:
            self._results[it.address] = self._result(it, want, gate, result, before)

    def _moving(self, edges: tuple[Edge, ...]) -> tuple[str, ...]:
        """The labels of parents whose clip in the film this plan replaces."""
        return tuple(
            self._outlook.labels[edge.parent]
            for edge in edges
            if edge.kind is Kind.FRAME and self._gates.result(edge.parent).moves
        )

    def _own_gate(self, it: Situation) -> Gate:
        """What on the shot itself keeps a take from being sent: an order that nobody knows the fate of."""
        label = it.shot.label
        for attempt in it.attempts:
            if attempt.state in UNSETTLED and self._holds_up(attempt):
                reason = uncertain(label, attempt, it.attempts)
                text = f"{label} {take_label(attempt.take)} may have been bought: settle that first"
                return Gate(State.BLOCKED, replace(reason, text=text))
        if self._outlook.reuses.orphans:
            open_one = self._outlook.reuses.collecting(it.address, it.digests, practice=self._want.practice)
            if open_one is not None:
                text = f"its take is still open under its old name `{open_one.address}`"
                if open_one.state is AttemptState.SUBMITTED:
                    return Gate(State.WAIT, Reason("renamed", text, "sorapipe run"))
                old = open_one.address
                reason = uncertain(old, open_one, self._outlook.reuses.orphans[old])
                return Gate(State.BLOCKED, replace(reason, text=text))
        return self._next_door(it)

    def _next_door(self, it: Situation) -> Gate:
        """What a neighbour has ordered is waited for, where it will be taken over; practice costs nothing."""
        characters = self._outlook.ground.storyboard.characters
        if (
            self._want.practice
            or it.address in self._want.rolls
            or not self._outlook.ground.neighbours
            or any(isinstance(characters[name].source, ShotSource) for name in it.request.mentions)
        ):
            return READY
        found = self._outlook.reuses.ordered_next_door(it.recipe.digest, it.inputs)
        return READY if found is None else Gate(State.BLOCKED, next_door(*found))

    def _holds_up(self, attempt: Attempt) -> bool:
        """Whether an attempt may have been bought and nobody has settled it; practice holds up nothing real."""
        return self._outlook.ground.facts.holds_up(attempt) and (self._want.practice or not attempt.rehearsal)

    def _needs(self, edges: tuple[Edge, ...]) -> tuple[Need, ...]:
        found: list[Need] = []
        for edge in edges:
            match edge.kind:
                case Kind.CHARACTER:
                    role = self._cast.role(edge.parent[1:])
                    source = self._outlook.source(role.source).address if role.source is not None else edge.parent
                    found.append(Need(source, role.gate))
                case Kind.FRAME:
                    found.append(Need(self._outlook.source(edge.parent).address, self._gates.clip(edge.parent)))
                case Kind.NEEDS:
                    found.append(Need(self._outlook.source(edge.parent).address, self._gates.order(edge.parent)))
                case _:
                    continue
        return tuple(found)

    def _characters(self, it: Situation, buys: bool) -> None:
        """Shows the making of characters before the first take that needs them; none is made for a take that is held
        up by something else, but what keeps one from being made is shown."""
        for name in it.request.mentions:
            role = self._cast.role(name)
            if role.step is not None and name not in self._shown and (buys or role.gate.state >= State.WAIT):
                self._shown.add(name)
                self._steps.append(role.step)

    def _existing(self, it: Situation, want: Desire, moving: tuple[str, ...], buys: bool) -> Result:
        """The steps of takes that exist, and what they mean for the shot."""
        names = letters(it.attempts) if len(it.attempts) > 1 else {}
        stay = self._staying(it, want, moving, buys)
        touched, others, running, fetched, lost = False, False, 0, 0, None
        for attempt in it.attempts:
            letter = names.get(attempt.token, "")
            if attempt.token in stay:
                step = kept(Kept(it, attempt, letter, moving, self._renewal(it)), self._inventory)
                film = it.film is not None and it.film.attempt.token == attempt.token
                touched |= film and (step.action is not Action.KEEP or step.reuse is not None)
                lost = _lost(it, step) if film else lost
                self._steps.append(step)
            elif attempt.state is AttemptState.SUBMITTED:
                running += attempt.token in it.current and (self._want.practice or not attempt.rehearsal)
                self._steps.append(collected(it, attempt, letter))
            elif attempt.state in UNSETTLED and self._holds_up(attempt):
                self._steps.append(unsettled(it, attempt, letter))
            elif attempt in want.ended:
                self._steps.append(ended(it, attempt, letter))
                fetched += self._steps[-1].action is Action.FETCH
            others |= attempt.token not in stay
        if not (touched or others or lost):
            return IDLE
        return Result(open=running + fetched, ended=len(want.ended) - fetched, touched=touched, lost=lost)

    def _staying(self, it: Situation, want: Desire, moving: tuple[str, ...], buys: bool) -> frozenset[str]:
        """The tokens of finished takes that count: those of today's recipe, and the one in the film while it stays."""
        replaced = want.again and buys and want.moves
        wanted = (it.unmoved if not moving else frozenset()) if replaced else it.current
        found = {
            attempt.token
            for attempt in it.attempts
            if attempt.state is AttemptState.DONE
            and attempt.token in wanted
            and (self._want.practice or not attempt.rehearsal)
        }
        film = it.film
        if film is not None and not replaced and (it.shot.frozen or self._want.practice or not film.attempt.rehearsal):
            found.add(film.attempt.token)
        if film is not None:
            idle = found if film.because is Because.PICKED else found & it.no_good
            found -= {token for token in idle if token != film.attempt.token and self._lost(it, token)}
        if it.claims:
            found.update(claim.attempt.token for claim in it.claims)
        return frozenset(found)

    def _lost(self, it: Situation, token: str) -> bool:
        """Takes that are no good, or beside the picked one, may be deleted: they are not fetched again."""
        return any(attempt.token == token and gone(it, attempt, self._inventory) for attempt in it.attempts)

    def _new(self, it: Situation, want: Desire, gate: Gate, needs: tuple[Need, ...]) -> None:
        first = next_take(it.attempts) if it.attempts else 1
        if gate.state >= State.WAIT:
            self._steps += [self._halted(it, first + index, gate) for index in range(want.make)]
            return
        pending: tuple[str, ...] = ()
        if needs:
            pending = tuple(dict.fromkeys([need.address for need in needs if need.gate.state is State.PENDING]))
        action = Action.RERENDER if want.again else Action.RENDER
        price = self._price(it)
        for index in range(want.make):
            reason = want.reason
            if want.make + first > 2 and reason.code == "new":  # noqa: PLR2004 - there is more than one take
                reason = replace(reason, text=f"{reason.text} (take {first + index})")
            self._steps.append(
                Step(it.address, it.shot.label, first + index, action, reason, price, it.recipe.digest, pending)
            )

    def _halted(self, it: Situation, take: int, gate: Gate) -> Step:
        action = Action.WAIT if gate.state is State.WAIT else Action.BLOCKED
        reason = gate.reason or Reason("blocked", "blocked")
        return Step(it.address, it.shot.label, take, action, reason, NOTHING, it.recipe.digest)

    def _result(self, it: Situation, want: Desire, gate: Gate, result: Result, before: int) -> Result:
        """What others must know of the shot, whose own steps begin at `before`."""
        if want.make and gate.state < State.WAIT:
            return result._replace(make=want.make, moves=want.moves, good=want.good)
        moves = result.open > 0 and (it.film is None or not it.film.current or _stopgap(it))
        stuck = gate.state >= State.WAIT and gate.reason is not None
        halted = gate if stuck else _first_halt(it, self._steps[before:])
        return result._replace(moves=moves, halted=halted)

    def _aside(self, it: Situation) -> None:
        """A shot outside the selection: only what is paid is collected."""
        names = letters(it.attempts)
        running = [attempt for attempt in it.attempts if attempt.state is AttemptState.SUBMITTED]
        self._steps += [collected(it, attempt, names[attempt.token]) for attempt in running]
        count = sum(it_.token in it.current and (self._want.practice or not it_.rehearsal) for it_ in running)
        if count:
            moves = it.film is None or not it.film.current
            self._results[it.address] = Result(open=count, moves=moves)

    def _orphans(self) -> None:
        """Tasks of shots and characters that nobody names any more: paid, so collected; uncertain, so shown."""
        facts = self._outlook.ground.facts
        seen = {step.attempt.token for step in self._steps if step.attempt is not None}
        live, orphans = self._outlook.situations, self._outlook.reuses.orphans
        names = [*orphans, *sorted(name for name in facts.attempts if name not in live and name not in orphans)]
        for address in names:
            attempts = facts.attempts[address]
            for attempt in attempts:
                if attempt.state is AttemptState.SUBMITTED and attempt.token not in seen:
                    reason = Reason("resume-old", "it was ordered before; it is paid and is collected")
                    self._steps.append(_foreign(attempt, Action.RESUME, reason, letters(attempts)))
                elif attempt.token not in seen and self._holds_up(attempt):
                    reason = uncertain(address, attempt, attempts)
                    self._steps.append(_foreign(attempt, Action.UNCERTAIN, reason, letters(attempts)))

    def _price(self, it: Situation) -> Decimal | None:
        request = it.request
        key = (request.model, request.seconds, request.size)
        if key not in self._prices:
            self._prices[key] = request_price(self._outlook.ground.capabilities, request)
        return self._prices[key]

    def _renewal(self, it: Situation) -> Decimal | None:
        """What all its takes would cost again; nobody asks while none is stale."""
        price = self._price(it)
        return None if price is None else price * it.shot.takes


def _stopgap(it: Situation) -> bool:
    """Whether the take in the film is marked as no good, so that any other one takes its place."""
    return it.film is not None and it.film.attempt.token in it.no_good and not it.picked


def _lost(it: Situation, step: Step) -> Gate | None:
    """What those that need the clip in the film are told when it is another file, or gone for good."""
    if step.action is not Action.BLOCKED and step.reason.code not in NOT_HERE:
        return None
    text = f"{it.shot.label} {take_label(step.take, step.letter)}: {step.reason.text}"
    return Gate(State.BLOCKED, Reason("parent-blocked", text, step.reason.command))


def _first_halt(it: Situation, steps: list[Step]) -> Gate | None:
    """What those that depend on a shot are told when it came to no clip."""
    for step in steps:
        if step.action in {Action.BLOCKED, Action.UNCERTAIN}:
            text = f"{it.shot.label} is blocked: {step.reason.text}"
            return Gate(State.BLOCKED, Reason("parent-blocked", text, step.reason.command, step.reason.instead))
    return None


def _foreign(attempt: Attempt, action: Action, reason: Reason, names: Mapping[str, str]) -> Step:
    address = attempt.address
    return Step(
        address, address, attempt.take, action, reason, NOTHING, attempt.recipe,
        attempt=attempt, letter=names[attempt.token],
    )  # fmt: skip
