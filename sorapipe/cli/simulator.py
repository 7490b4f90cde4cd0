"""`sorapipe simulator serve`: becomes the simulator's process; knows none of its options."""

from __future__ import annotations

import os
import subprocess
import sys

import click

from sorapipe.cli.embedded import PYTHON, books_folder
from sorapipe.cli.failures import Quit
from sorapipe.cli.group import VerbCommand


@click.command(
    "simulator",
    cls=VerbCommand,
    short_help="Serve the simulator, a provider for practice.",
    help="Serve the simulator alone, check its books, also against locks (audit), or list the faults that a script can "
    "give it (faults). The options after the word go to it as they are: `sorapipe simulator serve --help` lists them.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    examples=(
        ("sorapipe simulator serve --port 8700", "serves until Ctrl-C"),
        ("sorapipe simulator serve --latency 20-90 --rate 20/10", "as slow and as strict as a real one"),
        ("sorapipe simulator serve --faults examples/faults.yaml", "with trouble by script"),
        ("sorapipe simulator audit --lock skerry.lock", "whether both sides remember the same money"),
    ),
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, required=True, metavar="serve|audit|faults [OPTIONS]...")
def command(words: tuple[str, ...]) -> None:
    """Hands over."""
    rest = list(words)
    asks_help = any(word in {"-h", "--help"} for word in rest)
    if (
        not asks_help
        and rest[0] != "faults"
        and not any(word == "--books" or word.startswith("--books=") for word in rest)
    ):
        rest += ["--books", str(books_folder())]
    line = [*PYTHON, *rest]
    if hasattr(os, "fork"):
        sys.stdout.flush()
        os.execv(sys.executable, line)  # noqa: S606 - signals reach it as if it had been called itself
    raise Quit(subprocess.call(line))  # noqa: S603
