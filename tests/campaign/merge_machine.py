"""A machine with a clone, and a person who renders, picks and notes on it: locks grow by the product's own sessions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from random import Random

from clones import Clone

from sorapipe.planning.facts import Attempt, AttemptState, CharacterFact, Facts, Waiver
from sorapipe.state.disk import Disk
from sorapipe.state.files import Handle as OpenFile
from sorapipe.state.session import Outside, Session
from sorapipe.state.workspace import Workspace
from sorapipe.storyboard.model import Handle

SHOTS = ("boat", "cliff", "stairs", "storm[lens=wide,weather=fog]")
LOCK = "film.lock"
MANIFEST = "film.yaml"
BOARD = """\
sorapipe: 1
shots:
  - {id: boat, prompt: A boat.}
  - {id: cliff, prompt: A cliff.}
  - {id: stairs, prompt: Stairs.}
  - {id: storm, matrix: {weather: [squall, fog], lens: [wide]}, prompt: "A {{ matrix.weather }}."}
"""
_GOES_ON = frozenset({AttemptState.SUBMITTED, AttemptState.UNAVAILABLE, AttemptState.VANISHED, AttemptState.SUSPECT})


class Careless(Disk):
    """A disk that syncs nothing: nobody pulls a plug here, and the time is git's."""

    def sync(self, handle: OpenFile, before: str = "", after: str = "") -> None:
        pass

    def sync_folder(self, path: Path, before: str = "", after: str = "") -> None:
        pass


@dataclass
class Machine:
    """`paid` are the tasks that were ever given to it."""

    name: str
    clone: Clone
    state: Path
    dice: Random
    paid: set[str] = field(default_factory=set)

    @property
    def lock(self) -> bytes:
        """The lock as it lies there; empty where there is none."""
        path = self.clone.folder / LOCK
        return path.read_bytes() if path.exists() else b""

    def workspace(self, state: Path | None = None) -> Workspace:
        """The product's, with this machine's chance."""
        outside = Outside(lambda: 1_800_000_000.0, self.dice.randbytes)
        return Workspace(self.clone.folder / MANIFEST, state or self.state, Careless(), outside)

    @contextmanager
    def session(self) -> Iterator[tuple[Session, Facts]]:
        """What a command does between taking the run lock and giving it back."""
        with self.workspace().hold("sorapipe merges") as session:
            yield session, session.facts()

    def act(self) -> str:
        """Something that a person or a run does; what it was."""
        with self.session() as (session, facts):
            for _ in range(20):
                said = self.dice.choice(_ACTS)(self, session, facts)
                if said:
                    return said
        return "nothing"

    def task(self) -> str:
        """A new one of the provider's."""
        task = f"task-{self.name}-{len(self.paid) + 1}"
        self.paid.add(task)
        return task

    def any_attempt(self, facts: Facts, *states: AttemptState) -> Attempt | None:
        """One that is there, in one of these states."""
        found = [it for its in facts.attempts.values() for it in its if it.state in states]
        return self.dice.choice(found) if found else None


_Act = Callable[[Machine, Session, Facts], str]


def _render(machine: Machine, session: Session, facts: Facts) -> str:
    dice = machine.dice
    address = dice.choice(SHOTS)
    text = json.dumps({"kind": "shot", "prompt": f"{address} {dice.randrange(3)}"}, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    take = 1 + max((it.take for it in facts.attempts.get(address, ())), default=0)
    token = session.token()
    session.remember({digest: text})
    new = Attempt(token, address, take, digest, "house", "sora-2", AttemptState.INTENT)
    session.intent(replace(new, cost=Decimal(10), currency="USD"), {})
    if dice.random() < 0.2:
        session.uncertain(token, "no answer")
        return f"uncertain {address} {take}"
    session.submitted(token, machine.task())
    return f"render {address} {take}: {_end(machine, session, token, address, take)}"


def _end(machine: Machine, session: Session, token: str, address: str, take: int) -> str:
    dice = machine.dice
    kind = dice.choice(["running", "done", "done", "done", "failed", "suspect", "vanished", "unavailable"])
    out = f"renders/film/{address.partition('[')[0]}_t{take:02d}.mp4"
    if kind == "done":
        session.done(token, sha256=dice.randbytes(32).hex(), size=dice.randrange(1, 99), out=out)
    elif kind == "suspect":
        session.suspect(token, "turned", sha256=dice.randbytes(32).hex(), size=7, out=out)
    elif kind in {"failed", "vanished", "unavailable"}:
        getattr(session, kind)(token, f"so said {machine.name}")
    return kind


def _go_on(machine: Machine, session: Session, facts: Facts) -> str:
    it = machine.any_attempt(facts, *_GOES_ON)
    return f"collect {it.address} {_end(machine, session, it.token, it.address, it.take)}" if it else ""


def _adopt(machine: Machine, session: Session, facts: Facts) -> str:
    it = machine.any_attempt(facts, AttemptState.UNCERTAIN)
    if it is None:
        return ""
    session.submitted(it.token, machine.task())
    return f"adopt {it.address} {it.take} {_end(machine, session, it.token, it.address, it.take)}"


def _pick(machine: Machine, session: Session, facts: Facts) -> str:
    it = machine.any_attempt(facts, AttemptState.DONE)
    if it is None:
        return ""
    if machine.dice.random() < 0.2:
        session.pick(it.address, None)
        return f"pick {it.address} --clear"
    session.pick(it.address, it.token, it.take)
    return f"pick {it.address} {it.take}"


def _mark(machine: Machine, session: Session, facts: Facts) -> str:
    it = machine.any_attempt(facts, AttemptState.DONE, AttemptState.SUSPECT)
    if it is None:
        return ""
    on = it.token not in facts.no_good
    session.no_good(it.address, it.token, it.take, on=on)
    return f"ng {it.address} {it.take} {on}"


def _note(machine: Machine, session: Session, facts: Facts) -> str:
    it = machine.any_attempt(facts, *AttemptState)
    if it is None:
        return ""
    text = "" if machine.dice.random() < 0.2 else f"{machine.name} says {machine.dice.randrange(9)}"
    session.note(it.address, it.token, it.take, text)
    return f"note {it.address} {it.take}"


def _consent(machine: Machine, session: Session, facts: Facts) -> str:
    it = machine.any_attempt(facts, AttemptState.UNCERTAIN)
    if it is None:
        return ""
    if machine.dice.random() < 0.5:
        session.not_bought(it.address, it.token, it.take, "the list does not show it")
    else:
        session.consent(it.address, it.token, it.take, on=it.token not in facts.consents)
    return f"consent {it.address} {it.take}"


def _waive(machine: Machine, session: Session, facts: Facts) -> str:
    it = machine.any_attempt(facts, AttemptState.DONE)
    if it is None:
        return ""
    if machine.dice.random() < 0.3:
        return f"accept {it.address} --clear" if session.unwaive(it.address) else ""
    session.waive(Waiver(it.address, it.recipe, (), f"{machine.name} likes it"))
    return f"accept {it.address}"


def _cast(machine: Machine, session: Session, facts: Facts) -> str:
    text = '{"kind":"character","name":"gull","v":1}'
    digest = hashlib.sha256(text.encode()).hexdigest()
    session.remember({digest: text})
    handle = Handle(f"ch_{machine.dice.randrange(99)}", None)
    session.character(CharacterFact("gull", digest, "house", None, handle, machine.task()))
    return "cast gull"


_ACTS: tuple[_Act, ...] = (
    _render, _render, _render, _render, _go_on, _go_on, _adopt, _pick, _pick, _mark, _note, _consent, _waive, _cast,
)  # fmt: skip
