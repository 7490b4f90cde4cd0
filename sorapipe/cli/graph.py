"""`sorapipe graph`: draws what depends on what; knows no prices and no takes."""

from __future__ import annotations

import click

from sorapipe.cli.choosing import sort_words
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import exclude_option, words_argument


@click.command(
    "graph",
    cls=VerbCommand,
    short_help="Draw what depends on what: mermaid, dot or svg.",
    help="Draw what depends on what, to standard output. The svg is drawn by sorapipe itself.",
    examples=(
        ("sorapipe graph skerry.yaml --format svg > skerry.svg", "open it in a browser"),
        ("sorapipe graph --format mermaid", "for markdown"),
        ("sorapipe graph --format dot | dot -Tpdf", "with Graphviz"),
    ),
)
@words_argument()
@exclude_option
@click.option(
    "--format", "shape", type=click.Choice(["mermaid", "dot", "svg"]), default="mermaid", help="What to draw as."
)
def command(words: tuple[str, ...], exclude: tuple[str, ...], shape: str) -> None:
    """Draws it."""
    from sorapipe.cli.production import read, show
    from sorapipe.views import drawing

    script = read(sort_words(words))
    show(script.loaded.diagnostics, script.sources)
    picture = drawing.figure(script.storyboard, script.graph)
    chosen = script.chosen(exclude=exclude)
    if chosen is not None:
        picture = drawing.part(picture, chosen | script.graph.ancestors(chosen))
    if shape == "svg":
        from sorapipe.views.svg import svg

        click.echo(svg(picture), nl=False)
    else:
        click.echo(drawing.mermaid(picture) if shape == "mermaid" else drawing.dot(picture), nl=False)
