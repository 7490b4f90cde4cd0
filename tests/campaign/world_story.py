"""What happens in a world by its dice: commands, edits, git, hands; one or two machines. Judges nothing itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from campaign.world_books import Entry, Reader
from campaign.world_clone import Clone, Remote
from campaign.world_ends import judge
from campaign.world_film import EDITS, any_film
from campaign.world_harm import any_harm, any_weather
from campaign.world_machine import Ended, Machine, World, profile_of
from campaign.world_oracle import Oracle
from campaign.world_run import Harm
from campaign.world_studio import LONGEST_LAG, Studio

_MOST_STEPS = 9


class Story:
    """One world. `counts` are what happened, `told` the same in words and in order."""

    def __init__(self, seed: int) -> None:
        self.dice = dice = Random(seed)
        self.counts: Counter[str] = Counter()
        self.told: list[str] = []
        self.world = world = World(dice)
        lists = dice.random() < 0.4
        self.studio = world.studio = Studio(lambda: world.now, lambda: world.acting[-1], dice)
        self.studio.echoes = echoes = dice.random() < 0.6
        world.profile = profile_of(lists, echoes, dice.choice([1, 3, 100]), dice.choice([1, 4]))
        self.oracle = Oracle(self.studio)
        self.oracle.manners.asks_lists = lists and echoes
        film, reader = any_film(dice), Reader()
        names = ("a", "b") if dice.random() < 0.5 else ("a",)
        remote = Remote()
        self.machines = [Machine(name, world, film, reader) for name in names]
        self.clones = {machine.name: Clone(machine, remote, dice, self.oracle) for machine in self.machines}
        for machine in self.machines:
            machine.look = self.oracle.look
        self._first_takes = dice.random() < 0.7
        self.tell(
            f"{len(names)} machines, {'a' if lists else 'no'} list, tokens {'echoed' if echoes else 'not echoed'}"
        )
        self.tell(film.text().decode().replace("\n", " / "))

    def tell(self, text: str) -> None:
        """Something happened."""
        self.told.append(f"{self.world.now:10.2f}  {text}")

    def steps(self) -> None:
        """All that happens before everybody comes to their senses. Two machines often begin with one lock."""
        if len(self.machines) > 1 and self.dice.random() < 0.6:
            self.run(self.machines[0])
            for machine in self.machines:
                self.pull(machine)
        for _ in range(self.dice.randint(3, _MOST_STEPS)):
            self.step(self.dice.choice(self.machines))
            if self.oracle.broken:
                return

    def step(self, machine: Machine) -> None:
        """One thing on one machine."""
        if self.dice.random() < 0.5:
            self.studio.weather = any_weather(self.dice)
            self.studio.script.lag = self.dice.choice([0.0, 30.0, LONGEST_LAG])
        happens = self.dice.choices(list(_STEPS), list(_STEPS.values()))[0]
        if len(self.machines) > 1 and self.dice.random() < 0.3:
            happens = Story.pull
        happens(self, machine)
        self.world.now += self.dice.choice([1.0, 10.0, 2000.0])
        self.oracle.look(machine)

    # Commands.

    def command(self, machine: Machine, *words: str, grants: Counter[str] | None = None, calm: bool = False) -> Ended:
        """A command with whatever happens to it."""
        harm = Harm() if calm or machine.busy else any_harm(self.dice, self.counts)
        if not calm and not self.world.acting:
            self._meanwhile(machine, harm)
        ended = machine.command(*words, harm=harm, grants=grants)
        if not self.world.acting:
            self.studio.meanwhile = lambda: None
        self.counts[f"exit {ended.code}" if not ended.died else "killed"] += 1
        self.counts[f"sorapipe {words[0]}"] += 1
        self.tell(f"{machine.name}$ sorapipe {' '.join(words)}  -> {ended.code}  {_what(harm)}")
        if ended.died:
            self.oracle.landed(machine)
            if harm.cut:
                self.oracle.changed(machine)
                self.oracle.clips(machine)
        judge(self.oracle, machine, ended)
        self.oracle.look(machine)
        return ended

    def _meanwhile(self, machine: Machine, harm: Harm) -> None:
        """What others do while a run goes on: on this machine, and on the other one."""
        dice = self.dice
        if dice.random() < 0.25:
            harm.calls.append((dice.uniform(0.0, 100.0) * dice.random(), partial(self._beside, machine)))
        if dice.random() < 0.1:
            self.studio.meanwhile = partial(self._in_flight, machine)
        if dice.random() < 0.3:
            tasks = [f"task_{dice.randrange(1, 12):05}" for _ in range(5)]
            harm.hints = tuple((dice.uniform(0.0, 100.0), task) for task in tasks)

    def _in_flight(self, machine: Machine) -> None:
        self.studio.meanwhile = lambda: None
        self.counts["something while a create is unanswered"] += 1
        self._beside(machine)

    def _beside(self, machine: Machine) -> None:
        others = [one for one in self.machines if one is not machine and not one.busy]
        self.counts["something while a run goes on"] += 1
        kind = self.dice.random()
        if others and kind < 0.4:
            self.tell(f"{others[0].name} works while {machine.name} does")
            self.run(others[0])
        elif kind < 0.6:
            self.tell("a second run beside the first")
            self.run(machine)
        else:
            self.dice.choice(_BESIDE)(self, machine)

    def run(self, machine: Machine) -> None:
        """`sorapipe run`, with the options that people use."""
        words = ["run", "--yes"]
        words += ["--first-takes"] if self._first_takes else []
        kind = self.dice.random()
        if kind < 0.08:
            words.append("--cascade")
        elif kind < 0.14:
            words.append("--reshoot")
        elif kind < 0.2:
            words += ["--max-cost", str(self.dice.choice([10, 30, 80])), "--partial"]
        elif kind < 0.25:
            words.append(self.dice.choice(machine.film.pictures).name)
        self.command(machine, *words)

    def roll(self, machine: Machine) -> None:
        """Another take of a shot."""
        name = self.dice.choice(machine.film.pictures).name
        self.command(machine, "roll", name, "--yes", grants=Counter({name: 1}))

    def resubmit(self, machine: Machine) -> None:
        """All that is uncertain is sent again."""
        waiting = machine.books.whole().waiting()
        if waiting:
            self.command(machine, "resubmit", "--all", "--yes", grants=granted(machine, waiting))

    def adopt(self, machine: Machine) -> None:
        """What a person finds in the account, or another order's id by mistake."""
        waiting = machine.books.whole().waiting()
        if not waiting:
            return
        entry = self.dice.choice(waiting)
        task = self.studio.on_page(entry.token)
        if task is None or self.dice.random() < 0.2:
            task = self.dice.choice([*self.oracle.of(machine).sure.values(), "task_99999"])
        self.command(machine, "adopt", entry.address, task, "--take", machine.books.whole().label(entry))

    def fetch(self, machine: Machine) -> None:
        """What is paid and not here."""
        self.command(machine, "fetch")

    def choose(self, machine: Machine) -> None:
        """Picks, marks, accepts."""
        done = [
            it for it in machine.books.whole().entries.values() if it.state == "done" and machine.film.shot(it.address)
        ]
        if not done:
            return
        entry = self.dice.choice(done)
        take = machine.books.whole().label(entry)
        words = self.dice.choice([("pick", take), ("ng", take), ("accept", "--because", "seen")])
        self.command(machine, words[0], entry.address, *words[1:])

    # Hands and time.

    def edit(self, machine: Machine) -> None:
        """The storyboard is changed."""
        name = self.dice.choice(list(EDITS))
        film = EDITS[name](machine.film, self.dice)
        if film is not None and film != machine.film:
            machine.edit(film)
            self.counts[f"edit: {name}"] += 1
            self.tell(f"{machine.name} edits: {name}: {film.text().decode().partition('shots:')[2].strip()}")

    def hand(self, machine: Machine) -> None:
        """A clip is deleted, or changed, or the lock is."""
        kind = self.dice.choice(["clip deleted", "clip changed", "lock deleted"])
        paths = [path for path in machine.disk.paths() if path.suffix == ".mp4"]
        if kind == "lock deleted":
            machine.put_lock(None)
        elif not paths:
            return
        elif kind == "clip deleted":
            machine.disk.take_away(self.dice.choice(paths))
        else:
            path, own = self.dice.choice(paths), b"a person's own cut"
            path = _next_take(path) if len(paths) % 2 else path  # what is to be rendered may have its name taken
            machine.disk.put(path, own)
            self.oracle.person_cut(machine, path, own)
        self.touched(machine, kind)

    def touched(self, machine: Machine, what: str) -> None:
        """Somebody else than the product has changed something."""
        self.counts[what] += 1
        self.tell(f"{machine.name}: {what}")
        self.oracle.excuse(machine)
        self.oracle.changed(machine)

    def blackout(self, machine: Machine) -> None:
        """The power fails while nothing runs."""
        if not machine.busy:
            machine.disk.power_cut(self.dice)
            self.touched(machine, "power cut while idle")
            self.oracle.clips(machine)

    def clock(self, machine: Machine) -> None:
        """Somebody sets the clock, or hours pass."""
        machine.offset += self.dice.uniform(-100_000.0, 100_000.0)
        self.counts["clock set"] += 1
        self.world.now += self.dice.choice([0.0, 1000.0, 30_000.0])

    def git(self, machine: Machine) -> None:
        """Whatever git does to a folder."""
        what = self.clones[machine.name].anything()
        if what is not None:
            self.touched(machine, what)

    def pull(self, machine: Machine) -> None:
        """Commit, pull, push."""
        self.touched(machine, self.clones[machine.name].sync())


def _next_take(path: Path) -> Path:
    """The name that the next take of a clip's shot will want."""
    stem, _, take = path.stem.partition("_t")
    return path.with_name(f"{stem}_t{int(take[:2]) + 1:02}.mp4")


def granted(machine: Machine, waiting: list[Entry]) -> Counter[str]:
    """What a person agrees to who has it all sent again: by its name of today and by its recipe."""
    today = dict(machine.film.moved)
    return Counter(today.get(it.address, it.address) for it in waiting) + Counter(it.recipe for it in waiting)


def _what(harm: Harm) -> str:
    """What was done to a command, as far as it is data."""
    plain, told = (
        Harm(),
        {"point", "operation", "after", "cut", "refuse_at", "refuses", "for_ever", "signals", "sleeps"},
    )
    said = [f"{name}={value}" for name, value in vars(harm).items() if name in told and value != getattr(plain, name)]
    return ", ".join(said)


_Happens = Callable[[Story, Machine], None]
_STEPS: dict[_Happens, int] = {
    Story.run: 40, Story.edit: 16, Story.pull: 8, Story.git: 6, Story.hand: 6, Story.roll: 4, Story.resubmit: 4,
    Story.adopt: 4, Story.fetch: 4, Story.choose: 6, Story.clock: 3, Story.blackout: 3,
}  # fmt: skip
_BESIDE: tuple[_Happens, ...] = (Story.edit, Story.hand, Story.git, Story.pull)
