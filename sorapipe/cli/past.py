"""The storyboard as it was at a revision of git, for verbs that compare; decides nothing about what differs."""

from __future__ import annotations

from dataclasses import dataclass

from sorapipe.cli.failures import Exit, Expected, Quit
from sorapipe.cli.production import Production, Script, show
from sorapipe.planning.graph import Graph, build
from sorapipe.planning.recipe import recipes
from sorapipe.planning.since import Version
from sorapipe.state.git import Git, no_repository
from sorapipe.state.past import GitReader
from sorapipe.storyboard.diagnostics import Severity
from sorapipe.storyboard.load import load

_SHORT = 10


@dataclass(frozen=True)
class Past:
    """What a revision said. `rev` is what was typed, `commit` the full id; `version` is `None` where there was no such
    storyboard yet."""

    rev: str
    commit: str
    version: Version | None
    graph: Graph | None

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
            hint = f"`git log --oneline -- {workspace.manifest}` lists the commits that changed the storyboard"
            raise Expected(Exit.USAGE, f"git knows no revision `{rev}`", hint)
        reader = GitReader(git, commit, workspace.root, rev)
        if workspace.manifest not in reader.siblings(workspace.manifest):
            return Past(rev, commit, None, None)
        loaded = load(workspace.manifest, reader)
    finally:
        git.close()
    graph = build(loaded.storyboard, loaded.diagnostics) if loaded.storyboard is not None else None
    if loaded.storyboard is None or graph is None:
        show([one for one in loaded.diagnostics if one.severity is Severity.ERROR], loaded.sources)
        raise Quit(Exit.REFUSED)
    return Past(rev, commit, Version(loaded.storyboard, recipes(loaded.storyboard, loaded.assets)), graph)


def today(production: Production) -> Version:
    """The storyboard of the work tree, as a version."""
    return Version(production.storyboard, production.recipes)
