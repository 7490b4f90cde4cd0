"""The storyboard as it was at a revision of git, for verbs that compare; decides nothing about what differs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sorapipe.cli.choosing import shell_words
from sorapipe.cli.failures import Exit, Expected, Quit
from sorapipe.cli.production import Production, Script, show
from sorapipe.planning.against import Against, hold_together
from sorapipe.planning.facts import Facts
from sorapipe.planning.graph import Graph, build
from sorapipe.planning.plan import plan_from
from sorapipe.planning.recipe import recipes
from sorapipe.planning.since import Comparison, Difference, Fate, Version, compare
from sorapipe.planning.situation import look
from sorapipe.state.books import facts_of, load_lock
from sorapipe.state.git import Git, no_repository
from sorapipe.state.lock import LockUnusable
from sorapipe.state.past import GitReader
from sorapipe.storyboard.diagnostics import Severity
from sorapipe.storyboard.load import load
from sorapipe.storyboard.source import FileRefused

if TYPE_CHECKING:
    from sorapipe.planning.plan_types import Plan, Wishes

_SHORT = 10


@dataclass(frozen=True)
class Past:
    """What a revision said. `rev` is what was typed, `commit` the full id; `version` is `None` where there was no such
    storyboard yet. `facts` is what its lock told; `None` where git never had one, or it can't be read."""

    rev: str
    commit: str
    version: Version | None
    graph: Graph | None
    facts: Facts | None

    @property
    def name(self) -> str:
        """`main (1a2b3c4d5e)`; only the id where that was typed."""
        short = self.commit[:_SHORT]
        return short if self.commit.startswith(self.rev) else f"{self.rev} ({short})"


def past(script: Script, rev: str) -> Past:
    """Reads the storyboard, and all that it includes, as it was. Raises `Expected` (2) where there is no repository or
    no such revision, `Quit` (3) where it had errors then."""
    workspace = script.workspace
    git = Git.of(workspace.root)
    if git is None:
        raise Expected(
            Exit.USAGE, f"there is no past to compare with: {no_repository(workspace.root)}",
            "the storyboard's folder must lie in a git repository",
        )  # fmt: skip
    try:
        commit = git.commit(rev)
        if commit is None:
            typed = shell_words([str(script.words.manifest)])
            hint = f"`git log --oneline --{typed}` lists the commits that changed the storyboard"
            raise Expected(Exit.USAGE, f"git knows no revision `{rev}`", hint)
        reader = GitReader(git, commit, workspace.root, rev)
        facts = _facts(script, git, reader)
        if workspace.manifest not in reader.siblings(workspace.manifest):
            return Past(rev, commit, None, None, facts)
        loaded = load(workspace.manifest, reader)
    finally:
        git.close()
    graph = build(loaded.storyboard, loaded.diagnostics) if loaded.storyboard is not None else None
    if loaded.storyboard is None or graph is None:
        show([one for one in loaded.diagnostics if one.severity is Severity.ERROR], loaded.sources)
        raise Quit(Exit.REFUSED)
    return Past(rev, commit, Version(loaded.storyboard, recipes(loaded.storyboard, loaded.assets)), graph, facts)


def _facts(script: Script, git: Git, reader: GitReader) -> Facts | None:
    """What the lock told then; one that git knows today and did not know then told nothing."""
    path = script.workspace.lock_path
    if path.name not in reader.siblings(path.name):
        return Facts() if git.tracked(path) else None
    try:
        return facts_of(load_lock(reader.read(path.name), path.name), path.name)
    except (LockUnusable, FileRefused):
        return None


def against(production: Production, plan: Plan, wishes: Wishes, then: Past) -> Against:
    """Today's plan and that of a revision, for the same provider and as the lock of then has it."""
    known = then.facts if then.facts is not None else production.facts
    if then.version is None or then.graph is None:
        new = tuple(Difference(shot, Fate.NEW) for shot in production.storyboard.shots)
        return hold_together(Comparison(new), plan, None, production.facts, known)
    board = then.version.storyboard
    here = {shot.address.canonical for shot in board.shots}
    select = None if wishes.select is None else wishes.select & here
    ground = production.outlook.ground._replace(
        storyboard=board, graph=then.graph, recipes=then.version.recipes, facts=known
    )
    old = plan_from(look(ground), {}, replace(wishes, select=select))
    comparison = compare(then.version, today(production), wishes.select)
    return hold_together(comparison, plan, old, production.facts, known)


def today(production: Production) -> Version:
    """The storyboard of the work tree, as a version."""
    return Version(production.storyboard, production.recipes)
