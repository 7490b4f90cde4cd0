"""`sorapipe schema`: prints the JSON Schema of storyboards, profiles or the config; knows none of them."""

from __future__ import annotations

import click

from sorapipe.cli.group import VerbCommand


@click.command(
    "schema",
    cls=VerbCommand,
    short_help="Print the JSON Schema of storyboards for your editor.",
    help="Print the JSON Schema of storyboards, of provider profiles, or of your config.yaml, for an editor that "
    "completes and checks.",
    examples=(
        ("sorapipe schema > storyboard.schema.json", ""),
        ("# yaml-language-server: $schema=./storyboard.schema.json", "as the first line of a storyboard"),
    ),
)
@click.argument("which", type=click.Choice(["storyboard", "profile", "config"]), default="storyboard")
def command(which: str) -> None:
    """Prints it."""
    from sorapipe.storyboard.schema import schema_text

    click.echo(schema_text(which).rstrip("\n"))
