"""A machine of a world: its disk, its clock, its clone, and the product's own command line run on it.

What the command line reaches for outside of itself is handed to it here: disk, provider, clock, chance, the loop of a
run. Everything between the words that are typed and these is the product's.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from random import Random
from tempfile import gettempdir
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from engine.memory_disk import Killed, MemoryDisk
from engine.scripted import Eyes

from campaign.world_books import Books, Reader
from campaign.world_film import Film
from campaign.world_git import Commit
from campaign.world_run import Harm, VirtualRun
from campaign.world_studio import Studio
from sorapipe.cli import binding, choosing, console, shoot, signals
from sorapipe.engine.effects import Studio as Tools
from sorapipe.engine.run import Listen
from sorapipe.engine.schedule import Schedule
from sorapipe.providers import profiles
from sorapipe.providers.profile import Profile
from sorapipe.state.session import Outside
from sorapipe.state.workspace import Workspace
from sorapipe.storyboard.diagnostics import Diagnostics

MANIFEST = "film.yaml"
_EPOCH = 1_780_000_000.0
DIED = 137


@dataclass(frozen=True)
class Ended:
    """How a command ended: `code` as a shell tells it, what it printed, what was done to it. `known` are the tokens
    that it could know of: what git brings while it runs is for the next one."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str
    harm: Harm
    signalled: bool
    refused: int
    known: frozenset[str]

    @property
    def died(self) -> bool:
        """Whether it was killed."""
        return self.code == DIED


@dataclass
class World:
    """What machines share. `acting` are the processes that are under way, one inside the other."""

    dice: Random
    now: float = 1000.0
    acting: list[Process] = field(default_factory=list)
    studio: Studio | None = None
    profile: Profile | None = None


class Process:
    """A command while it runs on a machine. Fills `world_run.Stage` and `world_studio.Caller`.

    `film` is the storyboard as it was when the command began, `grants` how many takes a person wants besides, by
    address or recipe.
    """

    def __init__(self, machine: Machine, words: Sequence[str], harm: Harm, grants: Counter[str]) -> None:
        self.machine = machine
        self.words = tuple(words)
        self.film = machine.film
        self.grants = grants
        self.read = machine.books.whole().entries.keys()
        self.name = machine.name
        self.disk = machine.disk
        self.dice = machine.world.dice
        self.harm = harm
        self.signalled = False
        self.refused = 0
        self.last_breath: list[Callable[[], object]] = []
        self.gone = False
        self._operations = 0

    @property
    def now(self) -> float:
        """Seconds of the steady clock, which is one for all machines."""
        return self.machine.world.now

    @now.setter
    def now(self, value: float) -> None:
        self.machine.world.now = value

    @property
    def known(self) -> frozenset[str]:
        """The tokens that it has read, or written itself."""
        return frozenset(self.read | self.machine.books.own().entries.keys())

    @property
    def cascades(self) -> bool:
        """Whether takes are wanted again whose inputs have changed."""
        return "--cascade" in self.words

    def looked_at(self) -> None:
        """Something was carried out."""
        self.machine.look(self.machine)

    def refuse(self, what: str, path: Path) -> int | None:
        """What the disk does at its next operation."""
        self._operations += 1
        harm = self.harm
        if self._operations == harm.operation:
            self.disk.die(f"{what} {path}")
        if harm.refuse_at is None or self._operations < harm.refuse_at:
            return None
        if self._operations > harm.refuse_at and not harm.for_ever:
            return None
        self.refused += 1
        return harm.refuses


class Machine:
    """One machine. `head` is the commit that it has checked out; `look` is called after everything that happens."""

    def __init__(self, name: str, world: World, film: Film, reader: Reader) -> None:
        self.name = name
        self.world = world
        self.folder = Path(f"/w/{name}/film")
        self.state = Path(f"/w/{name}/state")
        self.disk = MemoryDisk(self.folder, Path(gettempdir()))
        self.lock = self.folder / "film.lock"
        self.books = Books(self.disk, self.lock, self.state, reader)
        self.head: Commit | None = None
        self.offset = 0.0
        self.look: Callable[[Machine], None] = lambda machine: None
        self.edit(film)

    def edit(self, film: Film) -> None:
        """A person saves another storyboard."""
        self.film = film
        self.disk.put(self.folder / MANIFEST, film.text())
        self.books.touched += 1

    def put_lock(self, data: bytes | None) -> None:
        """Git, or a person, puts another lock there, or none."""
        if data is None:
            self.disk.take_away(self.lock)
        else:
            self.disk.put(self.lock, data)
        self.books.touched += 1

    @property
    def busy(self) -> bool:
        """Whether a command runs here."""
        return any(process.machine is self for process in self.world.acting)

    @property
    def refused(self) -> bool:
        """Whether the disk has refused something to a command that runs here."""
        return any(process.machine is self and process.refused for process in self.world.acting)

    def outside(self) -> Outside:
        """This machine's wall clock and chance."""
        world = self.world
        return Outside(lambda: _EPOCH + world.now + self.offset, world.dice.randbytes)

    def command(self, verb: str, *words: str, harm: Harm | None = None, grants: Counter[str] | None = None) -> Ended:
        """Types a command and waits for its end, in virtual time; the storyboard is put behind the verb."""
        line, harm = (verb, MANIFEST, *words), harm or Harm()
        process, disk, nested = Process(self, line, harm, grants or Counter()), self.disk, self.busy
        before = disk.refuse, disk.kill_at
        disk.refuse = process.refuse if harm.operation or harm.refuse_at else None
        disk.kill_at = None if harm.point is None else len(disk.points) + harm.point
        out, err = io.StringIO(), io.StringIO()
        self.world.acting.append(process)
        try:
            with redirect_stdout(out), redirect_stderr(err):
                code = int(console.run(line))
                disk.refuse, disk.kill_at = None, None
                process.gone = True  # its lock is free: what its threads still do, they do like those of a killed one
                for breath in process.last_breath:
                    breath()
        except Killed:
            code = DIED
        finally:
            self.world.acting.pop()
            disk.refuse, disk.kill_at = before
        if code == DIED and harm.cut:
            disk.power_cut(self.world.dice)
            self.books.touched += 1
        elif not nested:
            disk.process_dies()
        return Ended(
            line, code, out.getvalue(), err.getvalue(), harm, process.signalled, process.refused, process.known
        )


@contextmanager
def reached(profile: Profile, key: object) -> Iterator[Studio]:
    """In the place of a connection."""
    yield _studio()


def _studio() -> Studio:
    assert _WORLD is not None and _WORLD.studio is not None
    return _WORLD.studio


def _here() -> Process:
    assert _WORLD is not None
    return _WORLD.acting[-1]


def _workspace(manifest: Path, state: Path | None = None, files: object = None) -> Workspace:
    machine = _here().machine
    return Workspace(manifest, machine.state, machine.disk, machine.outside())


def _existing(name: str) -> Path:
    return _here().machine.folder / name


def _loaded(name: str, config: Path | None, span: object = None) -> profiles.Loaded:
    assert _WORLD is not None
    return profiles.Loaded(_WORLD.profile, Diagnostics(), {})


def _run(schedule: Schedule, tools: Tools, listen: Listen) -> VirtualRun:
    return VirtualRun(schedule, tools, listen, _here())


def _hears_no_signal(act: object) -> Any:
    return nullcontext()


def _told(provider: Studio | None) -> None:
    return None


_WORLD: World | None = None
_SEAMS: tuple[tuple[object, str, object], ...] = (
    (Workspace, "open", _workspace),
    (choosing, "existing", _existing),
    (shoot, "Run", _run),
    (shoot, "reached", reached),
    (shoot, "Eyes", lambda: Eyes(_here().disk)),
    (shoot, "random", SimpleNamespace(SystemRandom=lambda: _here().dice)),
    (shoot, "time", SimpleNamespace(monotonic=lambda: _here().now)),
    (shoot, "gc", SimpleNamespace(freeze=lambda: None, enable=lambda: None)),
    (shoot, "told", _told),
    (shoot, "taken", _hears_no_signal),
    (signals, "taken", _hears_no_signal),
    (profiles, "load_profile", _loaded),
    (shoot, "load_profile", _loaded),
    (binding, "load_profile", _loaded),
)


@contextmanager
def seams(world: World) -> Iterator[None]:
    """As long as this lasts every command of this process belongs to that world."""
    global _WORLD  # noqa: PLW0603  what the command line reaches for has no other way to be told
    with ExitStack() as held:
        for where, name, what in _SEAMS:
            held.enter_context(patch.object(where, name, what))
        _WORLD = world
        try:
            yield
        finally:
            _WORLD = None


@cache
def profile_of(lists: bool, echoes: bool, in_flight: int, downloads: int) -> Profile:
    """The profile of the studio: a real provider without a key, with or without a list that gives tokens back."""
    found = profiles.load_profile("simulator", None).profile
    assert found is not None
    return replace(
        found,
        name="studio",
        embedded=False,
        base_url="https://studio.example",
        limits=replace(found.limits, in_flight=in_flight, downloads=downloads),
        features=replace(found.features, list=lists, metadata_echo=echoes),
        capabilities=replace(found.capabilities, profile="studio", rehearsal=False),
    )
