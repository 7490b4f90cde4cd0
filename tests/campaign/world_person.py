"""The end of a world: faults stop, everybody runs, a person does what is advised, and all must come to rest."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from dataclasses import replace
from typing import Any

from campaign.world_ends import costs, not_bought
from campaign.world_machine import Ended, Machine
from campaign.world_run import Harm
from campaign.world_story import Story, granted

ALONE = frozenset({0, 8, 9, 12})
HELPED = frozenset({0, 8, 9})
MOST_RUNS = 6
MOST_ROUNDS = 8
LONGEST = 48 * 3600.0
"""Virtual seconds until all is at rest."""


class Person:
    """Somebody who knows how to help, at the end of a story."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.dice = story.dice
        self._first = ["--first-takes"] if self.dice.random() < 0.5 else []

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
        code = self._everywhere(self._helped, HELPED, "with a person")
        if world.now - began > LONGEST:
            story.oracle.say(f"it took {(world.now - began) / 3600:.0f} hours to come to rest")
        for machine in story.machines:
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

    def _everywhere(self, act: Any, codes: frozenset[int], how: str) -> int:
        code = 0
        for machine in (*self.story.machines, self.story.machines[0]):
            if self.story.oracle.broken:
                return code
            self.story.touched(machine, self.story.clones[machine.name].sync("join"))
            machine.edit(replace(machine.film, budget=None))
            code = act(machine)
            if code not in codes:
                self.story.oracle.say(f"{how} {machine.name} came to rest with {code}: {_doubt(machine)}")
                return code
            self.story.touched(machine, self.story.clones[machine.name].sync("join"))
        return code

    def _run(self, machine: Machine) -> int:
        return self._command(machine, "run", "--yes", *self._first).code

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
            advice = self._advice(machine)
            if self.story.oracle.broken or not self._do(machine, advice):
                break
            code = self._run(machine)
        if code == 0 and not self.story.oracle.broken:
            self._idle(machine)
        return code

    def _advice(self, machine: Machine) -> list[dict[str, Any]]:
        ended = machine.command("status", "--json")
        found: list[dict[str, Any]] = json.loads(ended.out)["attention"]
        return found

    def _do(self, machine: Machine, advice: list[dict[str, Any]]) -> bool:
        """Does the first thing that is advised. Whether there was any."""
        waiting = machine.books.whole().waiting()
        if waiting:
            entry = waiting[0]
            task = self.story.studio.on_page(entry.token)
            if task is not None:
                self._command(machine, "adopt", entry.address, task, "--take", str(entry.take))
            else:
                self._command(machine, "resubmit", entry.address, "--yes", grants=granted(machine, waiting))
            return True
        for one in advice:
            if one["command"] is not None and self._follow(machine, one):
                return True
        return False

    def _follow(self, machine: Machine, one: dict[str, Any]) -> bool:
        """Types a command as it is advised, with what a person fills in."""
        _, verb, *words = shlex.split(one["command"])
        grants: Counter[str] = Counter()
        if verb == "pick":
            words = [words[0], str(self._a_take(machine, words[0]))]
        elif verb == "roll":
            grants[words[0]] = 1
            words.append("--yes")
        elif verb in {"run", "resubmit"}:
            words.append("--yes")
        elif verb == "adopt" or "…" in one["command"]:
            return False
        self._command(machine, verb, *words, grants=grants)
        return True

    def _a_take(self, machine: Machine, address: str) -> int:
        """A take of a shot that could be picked."""
        every = machine.books.whole().entries.values()
        return min(it.take for it in every if it.address == address and it.state == "done")

    def _idle(self, machine: Machine) -> None:
        """Promise 5: a finished film sends nothing and writes nothing."""
        studio, disk = self.story.studio, machine.disk
        before = (disk.operations.total(), len(studio.calls), studio.polls, len(studio.looks))
        ended = machine.command("run", "--yes", *self._first, harm=Harm())
        if ended.code or before != (disk.operations.total(), len(studio.calls), studio.polls, len(studio.looks)):
            self.story.oracle.say(
                f"5: a finished film ends with {ended.code} and is not left alone: {ended.out[-500:]}"
            )


def _doubt(machine: Machine) -> list[tuple[str, int, str]]:
    return sorted(
        (it.address, it.take, it.state) for it in machine.books.whole().entries.values() if it.state != "done"
    )
