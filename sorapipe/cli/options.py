"""Words and options that several verbs share; knows no verb."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sorapipe.cli.choosing import Words, shell_words
from sorapipe.cli.completion import ProviderWord, ShotWord
from sorapipe.views.ink import colourful, paint
from sorapipe.views.page import Page, plain

if TYPE_CHECKING:
    from decimal import Decimal

_WIDEST = 140
_DIGITS = 15
_FRACTION = 30
"""Digits before and behind the point of an amount: `1e999999999` can't be calculated with."""
_LONGEST_WAIT = 30 * 86400.0
F = TypeVar("F", bound=Callable[..., Any])


def words_argument(metavar: str = "[STORYBOARD] [SHOT]...") -> Callable[[F], F]:
    """The words of a verb: a storyboard and shots, in any order."""
    return click.argument("words", nargs=-1, type=ShotWord(), metavar=metavar)


provider_option = click.option(
    "--provider",
    metavar="NAME",
    type=ProviderWord(),
    help="Use this provider (else $SORAPIPE_PROVIDER, else the storyboard's).",
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


def exclude_option(verb: F) -> F:
    """The shots that are left out, of verbs that take several."""
    option = click.option(
        "--exclude", "exclude", multiple=True, type=ShotWord(), metavar="SHOT", help="Leave these out; may be repeated."
    )
    return option(verb)


def excluding(exclude: Sequence[str]) -> list[str]:
    """The same as it would be typed."""
    return [part for word in exclude for part in ("--exclude", word)]


class Amount(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic from click 8.4 on
    """An amount of money: a decimal that is not negative."""

    name = "amount"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        from decimal import Decimal, InvalidOperation

        try:
            amount = value if isinstance(value, Decimal) else Decimal(str(value))
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or amount < 0 or not -_FRACTION < amount.adjusted() < _DIGITS:
            self.fail(f"`{value}` is no amount: write a number such as `12.50`, in the provider's currency", param, ctx)
        return amount


class Wait(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic from click 8.4 on
    """A stretch of time: minutes, or with a unit `90s`, `10m`, `2h`. In seconds."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        text = str(value).strip().lower()
        factor = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:], 60.0)
        number = text[:-1] if text[-1:] in {"s", "m", "h"} else text
        seconds = float(number) * factor if number.replace(".", "", 1).isdecimal() else 0.0
        if not 0 < seconds <= _LONGEST_WAIT:
            self.fail(f"`{value}` is no time: write minutes, or `90s`, `10m`, `2h`", param, ctx)
        return seconds


def terms_options(verb: F) -> F:
    """What verbs that buy ask alike."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print events as JSON, one a line."),
        click.option("--max-wait", type=Wait(), default="60m", metavar="TIME", show_default=True,
                     help="End when nothing has changed for this long."),
        click.option("--partial", is_flag=True, help="Over a limit, render what fits."),
        click.option("--max-takes", type=click.IntRange(0), metavar="N", help="Buy at most so many takes."),
        click.option("--max-cost", type=Amount(), metavar="N", help="Spend at most this, and don't ask."),
        click.option("-y", "--yes", is_flag=True, help="Don't ask."),
    ):  # fmt: skip
        verb = option(verb)
    return verb


def page_for(words: Words, provider: str | None = None, typed: str = "", *, every: bool = False) -> Page:
    """A page for standard output as it is now. `provider` is what was typed for `--provider`."""
    folder = words.manifest.parent.as_posix()
    brush = partial(paint, stream=sys.stdout) if colourful(sys.stdout) else plain
    options = shell_words(["--provider", provider]) if provider else ""
    prose = width() if sys.stdout.isatty() else sys.maxsize  # who searches in it finds whole sentences
    return Page(words.target, folder, typed, width(), every, brush, options, prose)


def width() -> int:
    """Columns of standard output; 100 where it is no terminal."""
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        return 100
    import shutil

    return min(shutil.get_terminal_size((100, 24)).columns, _WIDEST)


def print_json(data: object) -> None:
    """One JSON document on standard output."""
    import json

    click.echo(json.dumps(data, ensure_ascii=False, indent=1))
