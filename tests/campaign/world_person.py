"""The end of a world: faults stop, everybody runs, a person does what is advised, and all must come to rest."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from campaign.world_ends import costs, not_bought
from campaign.world_machine import MANIFEST, Ended, Machine
from campaign.world_run import Harm
from campaign.world_story import Story, granted

ALONE = frozenset({0, 8, 9, 12})
HELPED = frozenset({0, 8, 9})
_URGENCY = ("uncertain", "blocked", "wait", "fetch", "resume", "render", "re-render", "keep")
MOST_RUNS = 6
MOST_TIMES = 3
"""How often a person types the same command."""
MOST_ROUNDS = 12
LONGEST = 48 * 3600.0
"""Virtual seconds until all is at rest."""


class Person:
    """Somebody who knows how to help, at the end of a story."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.dice = story.dice
        self._first = ["--first-takes"] if self.dice.random() < 0.5 else []
        self._rested: dict[str, object] = {}
        self._typed: Counter[tuple[str, str]] = Counter()

    def finish(self) -> int:
        """Brings a world to rest; the last exit code."""
        story, world = self.story, self.story.world
        story.studio.heal()
        story.studio.script.lag = 0.0
        world.now += 1000.0
        began = world.now
        for machine in story.machines:
            self._sober(machine)
        self._everywhere(self._alone, ALONE, "without a person")
        for machine in story.machines:
            self._clear(machine)
        code = self._everywhere(self._helped, HELPED, "with a person")
        if world.now - began > LONGEST:
            story.oracle.say(f"it took {(world.now - began) / 3600:.0f} hours to come to rest")
        for machine in story.machines:
            if self._run(machine) == 0:
                self._idle(machine)
            story.oracle.clips(machine)
            costs(story.oracle, machine)
            not_bought(story.oracle, machine, machine.books.whole())
        return code

    def _sober(self, machine: Machine) -> None:
        """Everybody is back on the branch, with a lock that can be read and a budget that suffices."""
        clone = self.story.clones[machine.name]
        clone.mend()
        clone.go_back()
        machine.edit(replace(machine.film, budget=None))
        self.story.touched(machine, "all faults stop")

    def _clear(self, machine: Machine) -> None:
        """Deletes the files that were put in clips' places, so that the paid ones are fetched again."""
        cuts = self.story.oracle.of(machine).cuts
        for path in cuts:
            machine.disk.take_away(path)
        if cuts:
            cuts.clear()
            self._rested.pop(machine.name, None)
            self.story.touched(machine, "own cuts deleted")

    def _everywhere(self, act: Callable[[Machine], int], codes: frozenset[int], how: str) -> int:
        """Every machine pulls, acts, pushes; where there are two, the first one hears of the second."""
        code, machines = 0, self.story.machines
        for machine in (*machines, *(machines[:1] if len(machines) > 1 else ())):
            if self.story.oracle.broken:
                return code
            self._sync(machine)
            code = act(machine)
            if code not in codes:
                self.story.oracle.say(f"{how} {machine.name} came to rest with {code}: {_doubt(machine)}")
                return code
            self._sync(machine)
        return code

    def _sync(self, machine: Machine) -> None:
        what = self.story.clones[machine.name].sync("join")
        if machine.film.budget is not None:
            machine.edit(replace(machine.film, budget=None))
        self.story.touched(machine, what)

    def _run(self, machine: Machine) -> int:
        """Runs, unless the last run here came to a good end and nothing has happened since."""
        state = (machine.film, machine.disk.read(machine.lock), machine.disk.operations.total())
        if self._rested.get(machine.name) == state:
            return 0
        code = self._command(machine, "run", "--yes", *self._first).code
        if code == 0:
            state = (machine.film, machine.disk.read(machine.lock), machine.disk.operations.total())
            self._rested[machine.name] = state
        return code

    def _command(self, machine: Machine, *words: str, grants: Counter[str] | None = None) -> Ended:
        ended = self.story.command(machine, *words, grants=grants, calm=True)
        self.story.world.now += 10.0
        return ended

    def _alone(self, machine: Machine) -> int:
        """Runs until nothing changes any more."""
        before: tuple[int, int] | None = None
        for _ in range(MOST_RUNS):
            code = self._run(machine)
            now = (code, len(self.story.studio.charges))
            if code == 0 or (now == before and code in ALONE) or self.story.oracle.broken:
                return code
            before = now
        self.story.oracle.say(f"{machine.name} does not come to rest: exit {before and before[0]} again and again")
        return 0

    def _helped(self, machine: Machine) -> int:
        """Runs, and does what is advised, until nothing is left."""
        code = self._run(machine)
        for _ in range(MOST_ROUNDS):
            if code == 0 or self.story.oracle.broken or not self._do(machine, self._advice(machine)):
                break
            code = self._run(machine)
        return code

    def _advice(self, machine: Machine) -> list[dict[str, Any]]:
        ended = machine.command("status", "--json")
        found: list[dict[str, Any]] = json.loads(ended.out)["attention"]
        return found

    def _do(self, machine: Machine, advice: list[dict[str, Any]]) -> bool:
        """Does the first thing that is advised. Whether there was any."""
        page = machine.books.whole()
        waiting = page.waiting()
        if waiting:
            entry = waiting[0]
            task = self.story.studio.on_page(entry.token)
            if task is not None:
                self._command(machine, "adopt", entry.address, task, "--take", page.label(entry))
            else:
                self._command(machine, "resubmit", entry.address, "--yes", grants=granted(machine, waiting))
            return True
        urgent = sorted(advice, key=lambda one: _URGENCY.index(one["action"]))
        ways = [way for one in urgent for way in (one.get("instead"), one["command"]) if way is not None]
        ways.sort(key=lambda way: self._typed[machine.name, way])  # what was in vain comes last
        return any(self._follow(machine, way) for way in ways)

    def _follow(self, machine: Machine, command: str, depth: int = 0) -> bool:
        """Types a command as it is advised, with what a person fills in; then the next one that it names, if any."""
        if self._typed[machine.name, command] >= MOST_TIMES:
            return False
        self._typed[machine.name, command] += 1
        _, verb, *words = [word for word in shlex.split(command) if word != MANIFEST]
        grants: Counter[str] = Counter()
        if verb == "pick":
            words = [words[0], self._a_take(machine, words[0])]
            self._typed.clear()  # what was in vain before may help now
        elif verb == "roll":
            grants[words[0]] = 1
            words.append("--yes")
        elif verb in {"run", "resubmit"}:
            words.append("--yes")
        elif verb == "adopt" or "…" in command:
            return False
        ended = self._command(machine, verb, *words, grants=grants)
        if verb in {"roll", "run"} and depth == 0:
            for following in ended.out.partition("\nnext\n")[2].strip().splitlines():
                if _typed(following)[:2] != _typed(command)[:2]:  # another verb, or another shot
                    self._follow(machine, following, depth + 1)
        return True

    def _a_take(self, machine: Machine, address: str) -> str:
        """A take of a shot that could be picked."""
        page = machine.books.whole()
        return min(page.label(it) for it in page.entries.values() if it.address == address and it.state == "done")

    def _idle(self, machine: Machine) -> None:
        """Promise 5: a finished film sends nothing and writes nothing. A take that came in under an old name is copied
        to its new one by the run after that; this one may buy nothing either."""
        studio, disk = self.story.studio, machine.disk
        for last in (False, True):
            sent = len(studio.calls)
            before = (disk.operations.total(), studio.polls, len(studio.looks))
            ended = machine.command("run", "--yes", *self._first, harm=Harm())
            idle = before == (disk.operations.total(), studio.polls, len(studio.looks))
            if ended.code or sent != len(studio.calls) or (last and not idle):
                said = ended.out[-500:]
                self.story.oracle.say(f"5: a finished film ends with {ended.code} and is not left alone: {said}")
            if idle or ended.code:
                return


def _doubt(machine: Machine) -> list[tuple[str, int, str]]:
    return sorted(
        (it.address, it.take, it.state) for it in machine.books.whole().entries.values() if it.state != "done"
    )


def _typed(command: str) -> list[str]:
    """Verb and shots of a command."""
    return [word for word in shlex.split(command)[1:] if word != MANIFEST]
