"""From the words of a command to a storyboard with all that is known of it; carries nothing out and writes nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NoReturn

from sorapipe.cli.choosing import Words
from sorapipe.cli.failures import Exit, Expected, Quit
from sorapipe.planning.capabilities import Capabilities
from sorapipe.planning.conditions import Conditions, conditions
from sorapipe.planning.facts import Facts
from sorapipe.planning.graph import Graph, build
from sorapipe.planning.keeping import Inventory
from sorapipe.planning.plan import finished, plan_from
from sorapipe.planning.plan_types import Plan, Wishes
from sorapipe.planning.recipe import Recipes, recipes
from sorapipe.planning.renames import check_moves
from sorapipe.planning.select import select
from sorapipe.planning.situation import Ground, Outlook, look
from sorapipe.providers.profile import Profile
from sorapipe.state.lock import LockUnusable
from sorapipe.state.workspace import Known, Workspace, config_dir
from sorapipe.storyboard.diagnostics import Diagnostic, Diagnostics, escape, render
from sorapipe.storyboard.load import Loaded, load
from sorapipe.storyboard.model import Storyboard
from sorapipe.storyboard.source import Source, Span

if TYPE_CHECKING:
    from sorapipe.planning.reuse import Neighbours

DEFAULT_PROVIDER = "simulator"


@dataclass(frozen=True)
class Script:
    """A storyboard that was read without errors, and its graph."""

    words: Words
    workspace: Workspace
    loaded: Loaded
    storyboard: Storyboard
    graph: Graph

    @property
    def sources(self) -> Mapping[str, Source]:
        """Its text files, for excerpts."""
        return self.loaded.sources

    def chosen(
        self, words: Sequence[str] | None = None, exclude: Sequence[str] = (), provider: str | None = None
    ) -> frozenset[str] | None:
        """The canonical addresses that the words (of the command, unless others are given) mean without those that
        `exclude` means; `None` for all. `provider` is what was typed for it: whether a take counts depends on that.
        Raises `Expected`."""
        words = self.words.shots if words is None else words
        return _chosen(self, words, exclude, lambda: produce(self, provider))


@dataclass(frozen=True)
class Production:
    """A storyboard with its provider, what has happened to it, and how every shot stands."""

    script: Script
    profile: Profile
    recipes: Recipes
    known: Known
    neighbours: Neighbours
    inventory: Inventory
    outlook: Outlook
    diagnostics: Diagnostics
    sources: Mapping[str, Source]

    @property
    def storyboard(self) -> Storyboard:
        return self.script.storyboard

    @property
    def workspace(self) -> Workspace:
        return self.script.workspace

    @property
    def facts(self) -> Facts:
        return self.known.facts

    @property
    def capabilities(self) -> Capabilities:
        return self.profile.capabilities

    def unwritten(self) -> dict[str, str]:
        """The recipes, by digest, of takes whose texts the lock has lost, as far as they are still today's: without
        its text nobody could say later what has changed since such a take, or that it was the model alone."""
        made = {attempt.recipe for many in self.facts.attempts.values() for attempt in many}
        lost = made.difference(self.facts.recipes)
        return {digest: text for digest, text in self.recipes.by_digest().items() if digest in lost} if lost else {}

    def plan(self, wishes: Wishes) -> Plan:
        """What would happen now."""
        return plan_from(self.outlook, self.inventory, wishes)

    def chosen(self, words: Sequence[str] | None = None, exclude: Sequence[str] = ()) -> frozenset[str] | None:
        """As `Script.chosen`, of these words or of those of the command."""
        return _chosen(self.script, self.script.words.shots if words is None else words, exclude, lambda: self)


def _chosen(
    script: Script, words: Sequence[str], exclude: Sequence[str], production: Callable[[], Production]
) -> frozenset[str] | None:
    if not words and not exclude:
        return None

    def look_at_all() -> Conditions:
        whole = production()
        return conditions(whole.outlook, whole.plan(Wishes()), whole.inventory)

    selection = select(script.storyboard, words, script.graph, exclude, look_at_all)
    if selection.errors:
        first = selection.errors[0]
        more = f" (and {len(selection.errors) - 1} more like this)" if len(selection.errors) > 1 else ""
        raise Expected(Exit.USAGE, first.message + more, first.hint)
    if not selection.addresses:
        meant = f"no shot is {' or '.join(f'`{escape(word)}`' for word in words)}" if words else "no shot is left"
        left = " without those that are excluded" if words and exclude else ""
        print(f"note: {meant}{left}", file=sys.stderr)
    return selection.addresses


def read(words: Words) -> Script:
    """Reads the storyboard; prints all problems. Raises `Quit` (3) when there are errors."""
    workspace = Workspace.open(words.manifest)
    loaded = load(workspace.manifest, workspace.reader())
    diagnostics = loaded.diagnostics
    graph = build(loaded.storyboard, diagnostics) if loaded.storyboard is not None else None
    if loaded.storyboard is None or graph is None:
        refuse(diagnostics, loaded.sources)
    return Script(words, workspace, loaded, loaded.storyboard, graph)


def produce(script: Script, provider: str | None = None) -> Production:
    """Adds provider and history. Raises `Quit` (3) for a profile that can't be used, and what the state raises."""
    diagnostics = Diagnostics()
    diagnostics.extend(script.loaded.diagnostics)
    profile, sources = profile_for(script, provider, diagnostics)
    own = recipes(script.storyboard, script.loaded.assets)
    known = script.workspace.known()
    neighbours, remarks = script.workspace.neighbours()
    return assemble(script, profile, own, known, neighbours, diagnostics, sources, remarks)


def assemble(  # noqa: PLR0913, PLR0917 - the one place where everything meets
    script: Script,
    profile: Profile,
    own: Recipes,
    known: Known,
    neighbours: Neighbours,
    diagnostics: Diagnostics,
    sources: Mapping[str, Source],
    remarks: Sequence[str] = (),
) -> Production:
    """How everything stands, from what was read."""
    workspace = script.workspace
    ground = Ground(
        script.storyboard, script.graph, own, known.facts, profile.capabilities, neighbours, workspace.renders
    )
    check_moves(script.storyboard, known.facts, diagnostics)
    for remark in (*known.remarks, *remarks):
        diagnostics.note("state", remark)
    inventory = workspace.inventory(known.facts, neighbours)
    return Production(script, profile, own, known, neighbours, inventory, look(ground), diagnostics, sources)


def profile_for(script: Script, provider: str | None, diagnostics: Diagnostics) -> tuple[Profile, Mapping[str, Source]]:
    """The profile that was chosen. Raises `Quit` (3) for one that can't be used."""
    profile, sources = try_profile(script, provider, diagnostics)
    if profile is None:
        refuse(diagnostics, sources)
    return profile, sources


def try_profile(
    script: Script, provider: str | None, diagnostics: Diagnostics
) -> tuple[Profile | None, Mapping[str, Source]]:
    """The profile that `--provider`, the environment, the storyboard or nobody chose; `None` with what is wrong."""
    from sorapipe.providers.profiles import load_profile

    named = provider or os.environ.get("SORAPIPE_PROVIDER")
    said = script.storyboard.provider if named is None else None
    span: Span | None = script.storyboard.origin.place("provider") if said else None
    found = load_profile(named or said or DEFAULT_PROVIDER, config_dir(), span)
    diagnostics.extend(found.diagnostics)
    return found.profile, {**script.sources, **found.sources}


def examine(script: Script, provider: str | None) -> tuple[Diagnostics, Mapping[str, Source]]:
    """All that can be said against a storyboard, without an end of the command. What was finished counts as far as
    the lock can be read: an unusable lock is nothing that is wrong with the storyboard."""
    diagnostics = Diagnostics()
    diagnostics.extend(script.loaded.diagnostics)
    profile, sources = try_profile(script, provider, diagnostics)
    if profile is not None:
        own = recipes(script.storyboard, script.loaded.assets)
        production = assemble(script, profile, own, _known(script), (), diagnostics, sources)
        diagnose(production, production.plan(Wishes()))
    return diagnostics, sources


def _known(script: Script) -> Known:
    try:
        return script.workspace.known()
    except (LockUnusable, OSError):
        return Known(Facts(), (), (), held=False, behind=False)


def checked(production: Production, plan: Plan) -> None:
    """Holds what would be rendered against what the provider takes; prints all problems. Raises `Quit` (3)."""
    diagnose(production, plan)
    if production.diagnostics.has_errors:
        refuse(production.diagnostics, production.sources)
    show(production.diagnostics, production.sources)


def diagnose(production: Production, plan: Plan) -> None:
    """Adds what the provider doesn't take to the production's diagnostics."""
    from sorapipe.planning.check import check
    from sorapipe.planning.handles import known_handles

    check(
        production.storyboard,
        production.capabilities,
        date.today(),
        finished(plan),
        production.diagnostics,
        production.script.loaded.assets,
        known_handles(production.outlook),
    )


def show(diagnostics: Diagnostics | Sequence[Diagnostic], sources: Mapping[str, Source]) -> None:
    """Prints problems with their places to standard error."""
    text = render(diagnostics, sources)
    if text:
        print(text, file=sys.stderr)


def refuse(diagnostics: Diagnostics, sources: Mapping[str, Source]) -> NoReturn:
    """Prints all problems and ends the command: nothing was sent."""
    from sorapipe.views.words import count

    show(diagnostics, sources)
    print(f"{count(diagnostics.errors, 'error')}; nothing was sent", file=sys.stderr)
    raise Quit(Exit.REFUSED)
