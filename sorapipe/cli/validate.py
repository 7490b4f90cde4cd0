"""`sorapipe validate`: says all that is wrong with storyboards; asks no key, no network, and writes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sorapipe.cli.choosing import Words, existing, find
from sorapipe.cli.failures import Exit, Quit
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import print_json, provider_option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sorapipe.storyboard.diagnostics import Diagnostics
    from sorapipe.storyboard.source import Source


@click.command(
    "validate",
    cls=VerbCommand,
    short_help="Read storyboards and say all that is wrong with them.",
    help="Read storyboards and say all that is wrong with them, each with its place and a way out. "
    "Ends with 3 when there are errors, with 0 when there are only warnings.",
    examples=(
        ("sorapipe validate", "the storyboard of this folder"),
        ("sorapipe validate series/*.yaml --format json", "many, as data"),
        ("sorapipe validate skerry.yaml --provider house", "against what another provider takes"),
    ),
)
@click.argument("files", nargs=-1, type=click.Path(), metavar="[STORYBOARD]...")
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", help="Text or data.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@provider_option
def command(files: tuple[str, ...], shape: str, as_json: bool, provider: str | None) -> None:
    """Reads each and shows what was found, all of it."""
    from sorapipe.storyboard.diagnostics import as_json as data_of
    from sorapipe.storyboard.diagnostics import escape, render
    from sorapipe.views.words import count

    manifests = [existing(name) for name in files] or [find()]
    results = [(manifest, *_look(manifest, provider)) for manifest in manifests]
    errors = sum(found.errors for _, found, _, _ in results)
    warnings = sum(found.warnings for _, found, _, _ in results)
    if as_json or shape == "json":
        print_json({
            "v": 1,
            "errors": errors,
            "warnings": warnings,
            "files": [
                {"file": escape(str(manifest)), "shots": shots, "diagnostics": data_of(found)}
                for manifest, found, _, shots in results
            ],
        })  # fmt: skip
    else:
        for manifest, found, sources, shots in results:
            text = render(found, sources)
            click.echo(f"{text}" if text else f"{escape(str(manifest))}: {count(shots or 0, 'shot')}, nothing wrong")
        if errors or warnings:
            click.echo(f"{count(errors, 'error')}, {count(warnings, 'warning')}")
    if errors:
        raise Quit(Exit.REFUSED)


def _look(manifest: Path, provider: str | None) -> tuple[Diagnostics, Mapping[str, Source], int | None]:
    """Everything that can be said of one storyboard: its problems, its files, how many shots it has."""
    from sorapipe.planning.graph import build
    from sorapipe.state.workspace import Workspace
    from sorapipe.storyboard.load import load

    workspace = Workspace.open(manifest)
    loaded = load(workspace.manifest, workspace.reader())
    found = loaded.diagnostics
    graph = build(loaded.storyboard, found) if loaded.storyboard is not None else None
    if loaded.storyboard is None or graph is None:
        return found, loaded.sources, None
    from sorapipe.cli.production import Script, examine

    script = Script(Words(manifest, (), ""), workspace, loaded, loaded.storyboard, graph)
    return *examine(script, provider), len(loaded.storyboard.shots)
