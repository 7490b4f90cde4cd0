"""Random histories of two machines with real git: merges, rebases, cherry-picks and reverts, each in three ways.

Locks are merged by sorapipe's driver, by git's default with `lock resolve` after it, and by `merge=union`.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from clones import Clone, repository

from campaign.merge_machine import BOARD, LOCK, MANIFEST, Machine
from campaign.merge_oracle import lost, mixed, page
from sorapipe.cli import console
from sorapipe.cli.lock_setup import ATTRIBUTE, configure
from sorapipe.state.git import Git

WAYS = ("driver", "default", "union")
_STYLES = ("merge", "diff3", "zdiff3")
_ATTRIBUTES = {
    "driver": f"{ATTRIBUTE}\n",
    "default": "*.lock text eol=lf\n",
    "union": "*.lock merge=union text eol=lf\n",
}
_STEPS = ("merge", "merge", "merge", "rebase", "cherry-pick", "cherry-pick", "revert", "octopus", "revert a merge")


@dataclass
class Told:
    """What became of a history. `did` counts its steps, `story` is all that happened."""

    seed: int
    way: str
    did: Counter[str] = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    tasks: int = 0


class History:
    """Two machines, one film."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.dice = Random(seed)
        self.told = Told(seed, WAYS[seed % len(WAYS)])
        self.folder = folder
        self._made = 0
        self._taken_back = False
        bare = folder / "bare.git"
        first = repository(folder / "one")
        (first.folder / MANIFEST).write_text(BOARD)
        (first.folder / ".gitattributes").write_text(_ATTRIBUTES[self.told.way])
        one = self._machine("one", first)
        for _ in range(self.dice.choice([0, 1, 5])):
            self.told.story.append(f"before all: {one.act()}")
        first.commit("begin")
        first.git("clone", "-q", "--bare", str(first.folder), str(bare))
        first.git("remote", "add", "origin", str(bare))
        first.git("fetch", "-q")
        Clone(folder).git("clone", "-q", str(bare), "two")
        self.machines = (one, self._machine("two", Clone(folder / "two")))

    def _machine(self, name: str, clone: Clone) -> Machine:
        git = Git(clone.folder)
        git.set_config("merge.conflictStyle", self.dice.choice(_STYLES))
        if self.told.way == "driver":
            configure(git)
        return Machine(name, clone, self.folder / f"state-{name}", Random(self.dice.random()))

    def play(self, rounds: int | None = None) -> Told:
        """All of it; what was broken is told."""
        try:
            for _ in range(rounds or self.dice.randint(2, 4)):
                for machine in self.machines:
                    self._work(machine)
                self._step()
            self._meet()
        except AssertionError as error:
            self.told.broken.append(f"{error}")
        self.told.tasks = sum(len(machine.paid) for machine in self.machines)
        return self.told

    def _work(self, machine: Machine) -> None:
        for _ in range(self.dice.randint(1, 4)):
            did = machine.act()
            self.told.story.append(f"{machine.name}: {did}")
            machine.clone.commit(did)

    def _step(self) -> None:
        ours, theirs = self.dice.sample(self.machines, 2)
        theirs.clone.git("push", "-q", "--force", "origin", f"HEAD:{theirs.name}")
        ours.clone.git("fetch", "-q", "origin")
        kind = self.dice.choice(_STEPS)
        self.told.did[kind] += 1
        self.told.story.append(f"{ours.name}: {kind} of {theirs.name}")
        {
            "merge": self._merge, "rebase": self._rebase, "cherry-pick": self._cherry_pick, "revert": self._revert,
            "octopus": self._octopus, "revert a merge": self._revert_merge,
        }[kind](ours, theirs)  # fmt: skip

    # What git does.

    def _merge(self, ours: Machine, theirs: Machine) -> None:
        """Both orders, the other one thrown away again."""
        clone, mine, yours = ours.clone, ours.lock, theirs.lock
        head = clone.git("rev-parse", "HEAD").strip()
        clone.git("checkout", "-q", "--detach", f"origin/{theirs.name}")
        self._git(ours, "merge", "-q", "--no-edit", head)
        other = self._in_order(ours)
        clone.git("reset", "-q", "--hard")
        clone.git("checkout", "-q", "main")
        self._git(ours, "merge", "-q", "--no-edit", f"origin/{theirs.name}")
        self._check(ours, [mine, yours], [mine, yours])
        result = ours.lock
        if not self._taken_back and page(result).choices != page(mine, yours).choices:
            self._broken("a choice is lost in a merge")
        if self._in_order(ours) != other:
            self._broken("the two orders of a merge differ")
        if self.dice.random() < 0.5:
            (clone.folder / LOCK).write_bytes(result) if result else None
        clone.commit("in order")

    def _rebase(self, ours: Machine, theirs: Machine) -> None:
        mine, yours = ours.lock, theirs.lock
        every = self._all_states(ours, f"origin/{theirs.name}..HEAD")
        self._git(ours, "rebase", "-q", f"origin/{theirs.name}")
        kept = [mine, yours] if not self._taken_back or self.told.way == "driver" else [yours]
        self._check(ours, kept, [mine, yours, *every])

    def _cherry_pick(self, ours: Machine, theirs: Machine) -> None:
        there = ours.clone.git("rev-list", "--no-merges", f"HEAD..origin/{theirs.name}").split()
        if not there:
            return
        picked = self.dice.sample(there, min(len(there), self.dice.randint(1, 3)))
        mine = ours.lock
        added: list[bytes] = []
        sources = [mine]
        for commit in picked:
            before, after = self._at(ours, f"{commit}~1"), self._at(ours, commit)
            sources += [before, after]
            asked = self.told.way == "driver" and before != after  # git asks no driver for what a commit left as it was
            added.append(after if asked else _added(before, after))
            was = ours.lock
            self._git(ours, "cherry-pick", "--allow-empty", "--keep-redundant-commits", commit)
            new = page(_added(before, after)).choices - page(was).choices
            if not new <= page(ours.lock).choices:
                self._broken("a choice that was picked did not come")
            if self.told.way != "union" and page(ours.lock).choices - page(was).choices - new:
                self._broken("a choice came that was not picked")
        self._check(ours, [mine, *added], sources, parts=self.told.way != "driver")

    def _revert(self, ours: Machine, theirs: Machine) -> None:
        """A commit of a choice; with our driver of anything, for what was paid stays. Where nothing came after it git
        asks no driver."""
        commits = ours.clone.git("rev-list", "--no-merges", "--max-count=8", "HEAD").split()
        self.dice.shuffle(commits)
        for commit in commits:
            if ours.clone.git("rev-list", "--parents", "-1", commit).split()[1:]:
                before, after = self._at(ours, f"{commit}~1"), self._at(ours, commit)
                new = page(_added(before, after))
                asked = self.told.way == "driver" and after != ours.lock
                if new.choices and (asked or not (new.attempts or new.others)):
                    self._undo(ours, before, new.choices, "revert", "--no-edit", commit)
                    return

    def _undo(self, ours: Machine, before: bytes, gone: set[str], *words: str) -> None:
        mine = ours.lock
        self._taken_back = True
        self._git(ours, *words)
        self._check(ours, [mine], [mine, before])
        still = page(ours.lock).choices & gone - page(before).choices
        if still and self.told.way != "union":  # a union keeps both sides of a conflict
            self._broken("a choice that was reverted is still there")

    def _revert_merge(self, ours: Machine, theirs: Machine) -> None:
        """Only with our driver: git's own ways take out what was paid, and only the journal brings it back."""
        merges = ours.clone.git("rev-list", "--merges", "--max-count=1", "HEAD").split()
        if not merges or self.told.way != "driver" or self._at(ours, merges[0]) == ours.lock:
            return
        mine, before = ours.lock, self._at(ours, f"{merges[0]}~1")
        self._taken_back = True
        self._git(ours, "revert", "--no-edit", "-m", "1", merges[0])
        self._check(ours, [mine], [mine, before])

    def _octopus(self, ours: Machine, theirs: Machine) -> None:
        """Three branches at once; git gives up where two of them conflict, and then they are merged one by one."""
        clone, mine, yours = ours.clone, ours.lock, theirs.lock
        clone.git("branch", "-q", "-f", "third", "HEAD~1")
        clone.git("checkout", "-q", "third")
        ours.act()
        clone.commit("third")
        third = ours.lock
        clone.git("checkout", "-q", "main")
        done = clone.git("merge", "-q", "--no-edit", f"origin/{theirs.name}", "third", code=None)
        if clone.git("status", "--porcelain") or "conflict" in done.lower():
            clone.git("reset", "-q", "--hard", "HEAD")
            clone.git("merge", "--abort", code=None)
            for branch in (f"origin/{theirs.name}", "third"):
                self._git(ours, "merge", "-q", "--no-edit", branch)
        self._check(ours, [mine, yours, third], [mine, yours, third])

    def _git(self, machine: Machine, *words: str) -> None:
        """Runs git until it has finished: conflicts are resolved by the product, then it goes on."""
        clone = machine.clone
        clone.git(*words, code=None)
        for _ in range(40):
            open_ = clone.git("diff", "--name-only", "--diff-filter=U").split()
            going = [name for name in ("rebase-merge", "rebase-apply", "CHERRY_PICK_HEAD", "MERGE_HEAD", "REVERT_HEAD")
                     if (clone.folder / ".git" / name).exists()]  # fmt: skip
            if not open_ and not going:
                return
            if open_:
                self.told.did["conflicts"] += 1
                assert open_ == [LOCK], f"git {words[0]} conflicts in {open_}"
                assert self.told.way == "default", f"git {words[0]} conflicts, though the way is {self.told.way}"
                self._verb(["lock", "resolve", str(clone.folder / LOCK)])
                clone.git("add", LOCK)
            verb = {"MERGE_HEAD": "merge", "CHERRY_PICK_HEAD": "cherry-pick", "REVERT_HEAD": "revert"}
            step = verb.get(going[0], "rebase") if going else words[0]
            said = clone.git(step, "--continue", code=None)
            if not open_ and ("--allow-empty" in said or "--skip" in said or "nothing to commit" in said):
                words_ = ("commit", "--allow-empty", "--no-edit") if step == "merge" else (step, "--skip")
                clone.git(*words_, code=None)
        raise AssertionError(f"git {words} does not come to its end")

    # What is looked at.

    def _check(self, ours: Machine, kept: Sequence[bytes], sources: Sequence[bytes], *, parts: bool = False) -> None:
        """`kept` are locks of which nothing paid may be missing, `sources` those that lines may come from. `parts`: a
        choice may have come without its take, as git's own ways of a cherry-pick leave it."""
        result = ours.lock
        for one in (*lost(result, kept), *mixed(result, sources)):
            self._broken(one)
        if not result:
            return
        path = ours.clone.folder / LOCK
        before = path.stat()
        with ours.workspace(self.folder / f"fresh-{self._fresh()}").hold() as session:
            session.facts()
        if path.read_bytes() != result or path.stat().st_mtime_ns != before.st_mtime_ns:
            self._broken("a load and a save write another lock")
        code = self._verb(["lock", "verify", str(path)], check=False)
        if code != 0 and not (parts and "is not merged here" in self._said):
            self._broken(f"lock verify ends with {code}: {self._said}")

    def _meet(self) -> None:
        """Both take each other's, push, and have the same lock; nothing that was paid is missing."""
        for ours in self.machines:
            ours.clone.git("push", "-q", "--force", "origin", f"HEAD:{ours.name}")
        for machine in self.machines:
            machine.clone.git("fetch", "-q", "origin")
        for ours, theirs in (self.machines, self.machines[::-1]):
            self._git(ours, "merge", "-q", "--no-edit", f"origin/{theirs.name}")
        for machine in self.machines:
            with machine.session():
                pass
            machine.clone.commit("the end")
            known = {task for its in machine.workspace().facts().attempts.values() for it in its for task in it.tasks}
            known |= {it.task for it in machine.workspace().facts().characters if it.task}
            if not machine.paid <= known:
                self._broken(f"{machine.name} paid for {sorted(machine.paid - known)}, and nobody knows")
        one, two = self.machines
        if page(one.lock).tasks() ^ page(two.lock).tasks():
            self._broken("the machines know other tasks in the end")
        if self._in_order(one) != self._in_order(two) and not self._taken_back:
            self._broken("the machines have other locks in the end")

    def _in_order(self, machine: Machine) -> bytes:
        """The lock's bytes as sorapipe writes them."""
        if self.told.way == "driver" or not machine.lock:
            return machine.lock
        self._verb(["lock", "resolve", str(machine.clone.folder / LOCK)])
        return machine.lock

    def _verb(self, words: list[str], *, check: bool = True) -> int:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = int(console.run(words))
        self._said = out.getvalue() + err.getvalue()
        assert code == 0 or not check, f"{words}: {code}\n{self._said}"
        return code

    def _at(self, machine: Machine, rev: str) -> bytes:
        git = Git(machine.clone.folder)
        found = git.read(rev, LOCK) or b""
        git.close()
        return found

    def _all_states(self, machine: Machine, revs: str) -> list[bytes]:
        return [self._at(machine, commit) for commit in machine.clone.git("rev-list", revs).split()]

    def _fresh(self) -> int:
        self._made += 1
        return self._made

    def _broken(self, what: str) -> None:
        self.told.broken.append(f"{what} (after {self.told.story[-1]})")


def _added(before: bytes, after: bytes) -> bytes:
    """The lines that a commit brought."""
    old = set(before.splitlines())
    return b"\n".join(line for line in after.splitlines() if line not in old and b'"kind":"lock"' not in line)


def play(seed: int, rounds: int | None = None) -> Told:
    """One history, so many rounds long."""
    with tempfile.TemporaryDirectory(prefix="sorapipe-merges-") as folder:
        return History(seed, Path(folder)).play(rounds)


def add(parser: argparse.ArgumentParser) -> None:
    """The options of this campaign."""
    parser.add_argument("--count", type=int, default=300, help="histories (default 300)")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first seed (default 0)")
    parser.add_argument("--replay", type=int, metavar="SEED", help="one history, with all that happens in it")


def main(words: argparse.Namespace) -> int:
    """Plays them and prints what became of them."""
    if words.replay is not None:
        told = play(words.replay)
        print("\n".join([f"{told.way}:", *told.story, *told.broken]))
        return int(bool(told.broken))
    began, did, ways, tasks, broken = time.monotonic(), Counter[str](), Counter[str](), 0, 0
    for seed in range(words.first, words.first + words.count):
        told = play(seed)
        did += told.did
        ways[told.way] += 1
        tasks += told.tasks
        broken += bool(told.broken)
        for line in told.broken:
            print(f"history {seed} ({told.way}): {line}", file=sys.stderr)
    print(f"{words.count} histories ({_listed(ways)}), {tasks} tasks, {time.monotonic() - began:.0f} s")
    print(f"steps: {_listed(did)}")
    print(f"{broken} broken" if broken else "nothing lost, nothing mixed, the same in either order")
    return int(bool(broken))


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{many} {name}" for name, many in sorted(counts.items()))
