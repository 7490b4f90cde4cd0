"""A machine's clone of the film: what git does to its folder, as a person types it; knows no money."""

from __future__ import annotations

from random import Random

from campaign.world_git import MERGES, Commit, Lock, by_command, by_hand, common, merged_film, merged_lock
from campaign.world_machine import Machine
from campaign.world_oracle import Oracle


class Remote:
    """Where everybody pushes to."""

    head: Commit | None = None


class Clone:
    """One clone. `main` is the branch that is pushed; elsewhere a person only looks around, or forgets to go back."""

    def __init__(self, machine: Machine, remote: Remote, dice: Random, oracle: Oracle) -> None:
        self._machine = machine
        self._remote = remote
        self._dice = dice
        self._oracle = oracle
        self.main: Commit | None = None
        self.detached = False

    def anything(self) -> str | None:
        """Something that changes the folder, and what it was."""
        does = self._dice.choice([self.sync, self.look_back, self.reset, self.clean, self.go_back])
        return does()

    def sync(self, how: str | None = None) -> str:
        """Commits, pulls, pushes. `how` the locks are merged; any way."""
        self.mend()
        self.go_back()
        self._commit()
        ours, theirs = self.main, self._remote.head
        assert ours is not None
        if theirs is None or theirs.is_in(ours):
            self._remote.head = ours
            return "push"
        if ours.is_in(theirs):
            self.main = theirs
            self._check_out(theirs)
            return "pull: fast forward"
        how = how or self._dice.choice(list(MERGES))
        self._merge(how, ours, theirs)
        return f"pull: merge by {how}"

    def _merge(self, how: str, ours: Commit, theirs: Commit) -> None:
        base = common(ours, theirs)
        film = merged_film(base and base.film, ours.film, theirs.film, self._dice)
        lock = merged_lock(how, base and base.lock, ours.lock, theirs.lock)
        if base is None or base.lock not in {ours.lock, theirs.lock}:  # else git takes the other one and asks nobody
            self._complete(lock, ours.lock, theirs.lock)
        self.main = Commit(film, lock, (ours, theirs))
        self._check_out(self.main)
        if how != "marks":
            self._remote.head = self.main

    def _complete(self, merged: Lock, *sides: Lock) -> None:
        """No merge loses a task."""
        reader = self._machine.books.reader
        now = reader.page(merged or b"").entries
        for side in sides:
            for token, entry in reader.page(side or b"").entries.items():
                if token not in now or not entry.tasks <= now[token].tasks:
                    self._oracle.say(f"2: a merge has lost {token}")

    def _commit(self) -> None:
        machine = self._machine
        lock = machine.disk.read(machine.lock)
        if self.main is None or (self.main.film, self.main.lock) != (machine.film, lock):
            self.main = Commit(machine.film, lock, () if self.main is None else (self.main,))

    def mend(self) -> None:
        """Resolves the marks of a conflict, as the error says."""
        data = self._machine.disk.read(self._machine.lock)
        if data is not None and self._machine.books.lock().marked:
            self._machine.put_lock(self._dice.choice([by_hand, by_command])(data))

    def look_back(self) -> str | None:
        """`git checkout -f` of an older commit."""
        if self.main is None:
            return None
        self._check_out(self._dice.choice(self.main.ancestors()))
        self.detached = True
        return "git checkout of an older commit"

    def go_back(self) -> str | None:
        """`git checkout -f main`."""
        if not self.detached or self.main is None:
            return None
        self.detached = False
        self._check_out(self.main)
        return "git checkout main"

    def reset(self) -> str | None:
        """`git reset --hard`, sometimes further back."""
        if self.main is None:
            return None
        if self._dice.random() < 0.5 and self.main.parents:
            self.main = self.main.parents[0]
        self.detached = False
        self._check_out(self.main)
        return "git reset --hard"

    def clean(self) -> str:
        """`git clean -fdx`: all that is not tracked is gone."""
        machine = self._machine
        tracked = {machine.folder / "film.yaml"}
        tracked |= {machine.lock} if self.main is not None and self.main.lock is not None else set()
        for path in machine.disk.paths():
            if machine.folder in path.parents and path not in tracked:
                machine.disk.take_away(path)
        machine.disk.take_away(machine.folder / "renders")
        return "git clean -fdx"

    def _check_out(self, commit: Commit) -> None:
        self._machine.edit(commit.film)
        self._machine.put_lock(commit.lock)
