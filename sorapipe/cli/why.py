"""`sorapipe why`: says what makes a clip out of date, where that was written, and what can be done; writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sorapipe.cli.choosing import shell_words, sort_words
from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import (
    exclude_option,
    json_option,
    page_for,
    print_json,
    provider_option,
    words_argument,
)

if TYPE_CHECKING:
    from sorapipe.cli.production import Production
    from sorapipe.planning.since import Difference


@click.command(
    "why",
    cls=VerbCommand,
    short_help="Say what makes a clip out of date, where, and what can be done.",
    help="Say what makes a clip out of date: each change with the place where it was written, word by word, which "
    "takes it concerns, what rendering again costs and the command for it. Without a shot: all that are out of date or "
    "not rendered. Needs no key and no network, writes nothing.",
    examples=(
        ("sorapipe why stairs", "one shot"),
        ("sorapipe why state:stale", "all that are out of date"),
        ("sorapipe why --since main", "what was edited since another revision of git"),
    ),
)
@words_argument()
@exclude_option
@click.option("--since", "rev", metavar="REV", help="Compare with a revision of git instead of with the clips.")
@json_option
@provider_option
def command(
    words: tuple[str, ...], exclude: tuple[str, ...], rev: str | None, as_json: bool, provider: str | None
) -> None:
    """Reads, compares, shows."""
    from sorapipe.cli.production import produce, read, show

    script = read(sort_words(words))
    production = produce(script, provider)
    chosen = production.chosen(exclude=exclude)
    show([one for one in production.diagnostics if one.code == "state"], production.sources)
    if rev is None:
        _today(production, chosen, as_json=as_json, provider=provider)
    else:
        _since(production, chosen, rev, as_json=as_json, provider=provider)


def _today(production: Production, chosen: frozenset[str] | None, *, as_json: bool, provider: str | None) -> None:
    from sorapipe.planning.explain import Standing, explain
    from sorapipe.views.why_view import why_data, why_text
    from sorapipe.views.words import count

    outlook, words = production.outlook, production.script.words
    asked = [*outlook.situations] if chosen is None else {outlook.source(address).address for address in chosen}
    found = explain(outlook, production.inventory, asked)
    shown = found if words.shots else [one for one in found if one.standing is not Standing.FRESH or one.because]
    calm = len(found) - len(shown)
    currency = production.capabilities.currency
    if as_json:
        print_json({"v": 1, "shots": why_data(shown, currency), "unchanged": calm})
        return
    click.echo(why_text(shown, page_for(words, provider), currency, fold=chosen is None), nl=False)
    if calm:
        more = "other " if shown else ""
        click.echo(f"{chr(10) if shown else ''}nothing changed in {count(calm, f'{more}shot')}")


def _since(
    production: Production, chosen: frozenset[str] | None, rev: str, *, as_json: bool, provider: str | None
) -> None:
    from sorapipe.cli.past import past, today
    from sorapipe.planning.explain import explain
    from sorapipe.planning.since import Fate, compare
    from sorapipe.views.since_view import Since, since_data, since_text

    then = past(production.script, rev)
    if then.version is None:
        typed = shell_words([str(production.script.words.manifest)])
        raise Expected(
            Exit.USAGE, f"there was no `{production.workspace.manifest}` at {then.name}",
            f"`git log --oneline --{typed}` lists the commits that changed it",
        )  # fmt: skip
    found = compare(then.version, today(production), chosen)
    changed = [one for one in found.differences if one.fate is Fate.CHANGED]
    addresses = [one.shot.address.canonical for one in changed]
    explained = {one.address: one for one in explain(production.outlook, production.inventory, addresses)}
    takes = {one.shot.address.canonical: _takes(production, one) for one in changed}
    named = bool(production.script.words.shots)
    since = Since(found, explained, takes, then.name, production.capabilities.currency, named)
    if as_json:
        shots = since_data(since)
        print_json({"v": 1, "since": {"rev": rev, "commit": then.commit}, "shots": shots, "edited": [*found.edited]})
        return
    click.echo(since_text(since, page_for(production.script.words, provider)), nl=False)


def _takes(production: Production, one: Difference) -> tuple[str, ...]:
    """The finished takes that were made from what a shot asked for then."""
    from sorapipe.planning.choice import labels
    from sorapipe.planning.facts import AttemptState

    it = production.outlook.situations.get(one.shot.address.canonical)
    attempts = it.attempts if it is not None else ()
    names = labels(attempts)
    return tuple(
        names[take.token] for take in attempts if take.state is AttemptState.DONE and take.recipe == one.digest
    )
