"""`sorapipe gc`: lists what could be deleted beside the film, and deletes it with a yes; never what is in the film."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import click

from sorapipe.cli.choosing import shell_words, sort_words
from sorapipe.cli.failures import Expected
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import exclude_option, json_option, page_for, print_json, words_argument
from sorapipe.cli.stores import store_option

if TYPE_CHECKING:
    from sorapipe.cli.production import Production
    from sorapipe.planning.litter import Litter
    from sorapipe.state.store import Store
    from sorapipe.views.litter_view import Found


@click.command(
    "gc",
    cls=VerbCommand,
    short_help="List or delete clips that the film does not need.",
    help="List what could be deleted in renders/: parts of downloads that are over, clips that no lock knows, and "
    "takes that are not in the film (of older texts, beside the picked one, no good, of shots that are gone). With "
    "--yes they are deleted. What is in the film or picked stays, and so do takes among which nobody has picked. A "
    "clip that was paid and that no store has stays without --unpushed. Your own files are listed and never deleted.",
    examples=(
        ("sorapipe gc", "lists, deletes nothing"),
        ("sorapipe gc --yes", "deletes what is safe to delete"),
        ("sorapipe gc stairs --yes --unpushed", "also what was paid and is nowhere else"),
    ),
)
@words_argument()
@exclude_option
@click.option("-y", "--yes", is_flag=True, help="Delete.")
@click.option("--unpushed", is_flag=True, help="Also paid clips that are in no store.")
@click.option("--all", "every", is_flag=True, help="List every file.")
@store_option
@json_option
def command(  # noqa: PLR0913, PLR0917 - one argument an option
    words: tuple[str, ...],
    exclude: tuple[str, ...],
    yes: bool,
    unpushed: bool,
    every: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Looks, lists, deletes."""
    from dataclasses import replace

    from sorapipe.cli.performance import as_known
    from sorapipe.cli.production import produce, read, show
    from sorapipe.views.litter_view import litter_data, litter_text

    script = read(sort_words(words))
    production = produce(script)
    show([one for one in production.diagnostics if one.code == "state"], production.sources)
    chosen = production.chosen(exclude=exclude)
    there = _store(production, store)
    found = replace(_look(production, chosen, there), unpushed=unpushed)
    if yes and found.goes:
        with production.workspace.hold(f"sorapipe gc{shell_words(words)} --yes") as session:
            now = as_known(production, session.facts())
            found = replace(_look(now, chosen, there), unpushed=unpushed)
            found = _delete(now, _as_kept(now, found, there))
    elif yes:
        found = replace(found, deleted=True)
    if as_json:
        print_json(litter_data(found))
    else:
        click.echo(litter_text(found, page_for(script.words, every=every)), nl=False)


def _store(production: Production, typed: str | None) -> Store | None:
    """The store to look into; one that can't be used has nothing, which is said."""
    from sorapipe.cli.stores import find_store

    try:
        return find_store(production, typed)
    except Expected as error:
        if typed is not None:
            raise
        from sorapipe.storyboard.diagnostics import escape

        click.echo(f"note: {escape(error.message)}; what is in it does not count", err=True)
        return None


def _look(production: Production, chosen: Collection[str] | None, store: Store | None) -> Found:
    from sorapipe.planning.elsewhere import Elsewhere
    from sorapipe.planning.litter import litter
    from sorapipe.planning.plan_types import Wishes
    from sorapipe.views.litter_view import Found

    workspace = production.workspace
    names = workspace.clips.listing()
    theirs = {
        attempt.out
        for _, facts in production.neighbours
        for attempts in facts.attempts.values()
        for attempt in attempts
        if attempt.out is not None
    }
    theirs |= {out for out, size in production.inventory.items() if isinstance(size, Elsewhere)}
    found = litter(production.outlook, production.plan(Wishes()), names, workspace.renders, theirs, chosen)
    stored = _stored(production, found, store)
    return Found(workspace.renders, sum(names.values()), found, stored, store.shown if store is not None else None)


def _stored(production: Production, found: list[Litter], store: Store | None) -> frozenset[str]:
    """The names of those that were paid and of which the store says that it has them."""
    from sorapipe.cli.stores import translated
    from sorapipe.state.store import StoreError

    precious = [one for one in found if one.precious]
    if store is None or not precious:
        return frozenset()
    try:
        return frozenset(
            one.name
            for one, sha256 in _digests(production, precious).items()
            if sha256 is not None and store.size(sha256) == one.size
        )
    except StoreError as error:
        raise translated(error) from error


def _digests(production: Production, files: Collection[Litter]) -> dict[Litter, str | None]:
    """What a store would call these files."""
    from sorapipe.cli.clips_read import digests

    folder = production.workspace.renders
    outs = {one.name: f"{folder}/{one.name}" for one in files if one.attempt is None}
    unknown = digests(production.workspace.clips, outs, {f"{folder}/{one.name}": one.size for one in files})
    return {one: one.attempt.sha256 if one.attempt is not None else unknown[one.name] for one in files}


def _as_kept(production: Production, found: Found, store: Store | None) -> Found:
    """The same, where a store is believed only in what it gives back: a size is no clip."""
    from dataclasses import replace

    from sorapipe.cli.stores import translated
    from sorapipe.state.store import StoreError
    from sorapipe.storyboard.diagnostics import escape

    if store is None or found.unpushed:
        return found
    damaged = set()
    try:
        for one, sha256 in _digests(production, [it for it in found.goes if it.precious]).items():
            if sha256 is not None and _digest(store.read(sha256)) != sha256:
                damaged.add(one.name)
                text = f"{one.name}: `{store.shown}` has other bytes under its name, so it stays here"
                click.echo(f"warning: {escape(text)}", err=True)
    except StoreError as error:
        raise translated(error) from error
    return replace(found, stored=frozenset(found.stored) - damaged)


def _digest(pieces: Iterable[bytes]) -> str:
    import hashlib

    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _delete(production: Production, found: Found) -> Found:
    """Deletes what goes; a clip whose bytes are not its take's is a person's, and stays."""
    from dataclasses import replace

    from sorapipe.cli.clips_read import digests
    from sorapipe.planning.litter import Kind

    clips = production.workspace.clips
    takes = {one.name: one for one in found.goes if one.attempt is not None}
    outs = {name: f"{clips.folder}/{name}" for name in takes}
    read = digests(clips, outs, {out: takes[name].size for name, out in outs.items()})
    changed = {name for name, one in takes.items() if one.attempt and read[name] != one.attempt.sha256}
    judged = [
        replace(one, kind=Kind.YOURS, precious=False) if one.name in changed else one for one in found.litter
    ]  # fmt: skip
    found = replace(found, litter=judged)
    clips.delete([one.name for one in found.goes])
    return replace(found, deleted=True)
