"""Words and options that several verbs share; knows no verb."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import click

from sorapipe.cli.choosing import Words
from sorapipe.cli.completion import ShotWord
from sorapipe.views.ink import paint
from sorapipe.views.page import Page

_WIDEST = 140
F = TypeVar("F", bound=Callable[..., Any])


def words_argument(metavar: str = "[STORYBOARD] [SHOT]...") -> Callable[[F], F]:
    """The words of a verb: a storyboard and shots, in any order."""
    return click.argument("words", nargs=-1, type=ShotWord(), metavar=metavar)


provider_option = click.option(
    "--provider", metavar="NAME", help="Use this provider (else $SORAPIPE_PROVIDER, else the storyboard's)."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print data instead of text.")


def wishes_options(verb: F) -> F:
    """What plan and run ask alike."""
    for option in (
        click.option("--first-takes", is_flag=True, help="Where no take is picked, go on with the lowest good one."),
        click.option("--reshoot", is_flag=True, help="Also buy what is stale by its model."),
        click.option("--cascade", is_flag=True, help="Also buy what is stale because a parent's clip changed."),
    ):
        verb = option(verb)
    return verb


def page_for(words: Words, typed: str = "", *, every: bool = False) -> Page:
    """A page for standard output as it is now."""
    folder = words.manifest.parent.as_posix()
    return Page(words.target, folder, typed, width(), every, partial(paint, stream=sys.stdout))


def width() -> int:
    """Columns of standard output; 100 where it is no terminal."""
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        return 100
    return min(shutil.get_terminal_size((100, 24)).columns, _WIDEST)


def print_json(data: object) -> None:
    """One JSON document on standard output."""
    import json

    click.echo(json.dumps(data, ensure_ascii=False, indent=1))
