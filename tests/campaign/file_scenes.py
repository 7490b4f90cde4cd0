"""Films at the moments at which a disk matters most, in virtual time; knows nothing of what will be wrong with it.

A `Desk` is a world with what the command line adds to a run: it makes ready, it closes, its errors have exit codes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from engine.memory_disk import Killed, MemoryDisk
from engine.world import World, character, film, shot

from campaign import older
from sorapipe.cli.translate import expected
from sorapipe.engine.events import Said
from sorapipe.engine.messages import Limits
from sorapipe.engine.outcome import Outcome, exit_code, step_code
from sorapipe.planning.facts import Attempt, AttemptState
from sorapipe.planning.plan_types import BUYS, Wishes
from sorapipe.providers.base import Unknown
from sorapipe.state import lock, session
from sorapipe.state.session import Session
from sorapipe.state.workspace import Workspace
from sorapipe.storyboard.model import Storyboard

WISHES = Wishes(first_takes=True)
LOCK = Path("/film/film.lock")
JOURNALS = Path("/state/journals")
KILLED = 137
_LATER = 2000.0


@dataclass(frozen=True)
class Ended:
    """How a command ended: `code` as a shell tells it, all that was `said`, `bug` where it was one."""

    code: int
    said: tuple[str, ...]
    bug: str = ""


class Desk(World):
    """A storyboard, a machine, and a person at it."""

    def __init__(self, storyboard: Storyboard, limits: Limits | None = None) -> None:
        super().__init__(storyboard, limits=limits, disk=MemoryDisk())
        self.spoken: list[str] = []

    def command(self, act: Callable[[Session], Outcome | None] | None = None) -> Ended:
        """`sorapipe run`, or another verb that holds the storyboard and then goes on like a run."""
        self.spoken.clear()
        self.events.clear()
        bug = ""
        try:
            code = self._run_verb() if act is None else self._held(act)
        except Killed:
            code = KILLED
        except Exception as error:
            known = expected(error)
            code = 1 if known is None else known.code
            bug = f"{type(error).__name__}: {error}" if known is None else ""
            self.spoken.append(str(error) if known is None else known.message)
        said = (*self.spoken, *(event.text for event in self.said(Said) if isinstance(event, Said)))
        self.now += _LATER
        return Ended(code, said, bug)

    def _run_verb(self) -> int:
        known, plan = self.workspace.known(), self.plan(WISHES)
        if plan.idle:
            if known.behind and not known.held:
                with self.workspace.hold("run"):
                    pass
            return exit_code(step_code(step) for step in plan.steps)
        self._settle(WISHES)
        return self._held(lambda session: self._run(session, WISHES))

    def _held(self, act: Callable[[Session], Outcome | None]) -> int:
        outcome: Outcome | None = None
        try:
            with self.workspace.hold("run") as session:
                if any(step.action in BUYS for step in self.plan(WISHES, session).steps):
                    self.workspace.clips.make_ready()
                    session.make_ready()
                outcome = act(session)
        except Exception as error:
            known = expected(error)
            if outcome is None or known is None:
                raise
            self.spoken.append(known.message)
            return exit_code((outcome.exit_code, known.code))
        finally:
            if outcome is not None and outcome.why:
                self.spoken.append(outcome.why)
        return 0 if outcome is None else outcome.exit_code

    def adopt(self, attempt: Attempt, task: str) -> Ended:
        """`sorapipe adopt SHOT TASK`."""

        def act(session: Session) -> Outcome:
            session.submitted(attempt.token, task)
            session.save()
            return self._run(session, WISHES)

        return self.command(act)

    def resubmit(self, attempt: Attempt) -> Ended:
        """`sorapipe resubmit SHOT`."""

        def act(session: Session) -> Outcome:
            session.consent(attempt.address, attempt.token, attempt.take)
            session.save()
            return self._run(session, WISHES)

        return self.command(act)

    def waiting(self) -> list[Attempt]:
        """The attempts that a person has to settle."""
        facts = self.workspace.facts()
        every = [attempt for attempts in facts.attempts.values() for attempt in attempts]
        return [attempt for attempt in every if facts.holds_up(attempt) and not attempt.tasks]


@dataclass(frozen=True)
class Scene:
    """A moment: what `begin` sets up, and the command that is given then. `around` holds for the whole case."""

    text: str
    begin: Callable[[], Desk]
    act: Callable[[Desk], Ended] = field(default=lambda desk: desk.command())
    around: Callable[[], object] | None = None


def story(takes: int = 1, name: str = "stairs") -> Storyboard:
    """Six takes to be bought: one that continues, two of one shot, a character out of a shot."""
    return film(
        shot("gull"),
        shot(name, "A picture of stairs.", takes=takes),
        shot("lamp", continues="gull"),
        shot("door", "@keeper opens.", takes=2),
        characters=[character("keeper", of="gull")],
    )


def fresh() -> Desk:
    """Nothing has been made."""
    return Desk(story())


def half() -> Desk:
    """A run was killed in the middle of a download; others are running."""
    desk = Desk(story())
    left = [8]

    def last(what: str, path: Path) -> None:
        if what == "append" and "renders" in path.parts and path.suffix == ".part":
            left[0] -= 1
            if not left[0]:
                desk.disk.die()

    desk.disk.refuse = last
    _over(desk, desk.command(), KILLED)
    return desk


def uncertain(limits: Limits | None = None) -> Desk:
    """The answers of two creates were lost; one of them was taken."""
    desk = Desk(story(), limits)
    desk.provider.script.creates = [None, Unknown("reset"), None, Unknown("reset")]
    desk.provider.script.lose = {1}
    desk.limits = Limits()
    _over(desk, desk.command(), 9)
    desk.limits = limits or Limits()
    desk.now += 20000
    return desk


def sought() -> Desk:
    """The same at a provider whose list gives tokens back."""
    return uncertain(Limits(seek=frozenset({"studio"}), lists=frozenset({"studio"})))


def adopt(desk: Desk) -> Ended:
    """The one that was taken is adopted."""
    known = {task for attempts in desk.attempts().values() for attempt in attempts for task in attempt.tasks}
    for attempt in desk.waiting():
        for charged in desk.provider.charges.values():
            if charged.order.token == attempt.token and charged.task not in known:
                return desk.adopt(attempt, charged.task)
    raise AssertionError("there is nothing to adopt")


def resubmit(desk: Desk) -> Ended:
    """The one that was not taken is sent again."""
    charged = {charged.order.token for charged in desk.provider.charges.values()}
    return desk.resubmit(next(attempt for attempt in desk.waiting() if attempt.token not in charged))


def whole() -> Desk:
    """The film is there."""
    desk = Desk(story())
    _over(desk, desk.command(), 0)
    return desk


def gone() -> Desk:
    """Two clips were deleted, and a shot was renamed."""
    desk = whole()
    for name in ("gull_t01.mp4", "door_t02.mp4"):
        desk.disk.take_away(Path("/film/renders/film") / name)
    desk.storyboard = story(name="steps")
    return desk


def more() -> Desk:
    """The film is there, its journal is in the archive, and a take more is wanted."""
    desk = whole()
    desk.storyboard = story(takes=2)
    return desk


def of_old() -> Desk:
    """Made elsewhere by an older version: its lock and its clips are here, no journal. A take more is wanted."""
    desk = whole()
    desk.disk.take_away(Path("/state"))
    desk.disk.put(LOCK, older.backward(desk.disk.read(LOCK) or b""))
    desk.storyboard = story(takes=2)
    return desk


def _over(desk: Desk, ended: Ended, code: int) -> None:
    """What was before is over for good, and on the disk."""
    assert ended.code == code, ended
    desk.disk.refuse = None
    desk.disk.process_dies()
    desk.disk.settle()


@contextmanager
def archiving() -> Iterator[None]:
    """Every journal is long enough for the archive."""
    above, session.ARCHIVE_ABOVE = session.ARCHIVE_ABOVE, 0
    try:
        yield
    finally:
        session.ARCHIVE_ABOVE = above


@contextmanager
def knowing_older() -> Iterator[None]:
    """There is an older version."""
    older.teach()
    try:
        yield
    finally:
        lock.MIGRATIONS.clear()  # type: ignore[attr-defined]


SCENES = {
    "first": Scene("a first run", fresh),
    "resume": Scene("a run after one that was killed", half),
    "seek": Scene("a run that looks for what is uncertain", sought),
    "adopt": Scene("adopting a task", uncertain, adopt),
    "resubmit": Scene("sending again", uncertain, resubmit),
    "fetch": Scene("fetching clips again, one under a new name", gone),
    "archive": Scene("a run that archives its journal", more, around=archiving),
    "migrate": Scene("a run on a lock of an older version", of_old, around=knowing_older),
}

__all__ = ["JOURNALS", "KILLED", "LOCK", "SCENES", "AttemptState", "Desk", "Ended", "Scene", "Workspace"]
