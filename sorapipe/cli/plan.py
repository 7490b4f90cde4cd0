"""`sorapipe plan`: shows what would be rendered, why and at what price; sends and writes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import click

from sorapipe.cli.choosing import shell_words, sort_words
from sorapipe.cli.failures import Exit, Quit
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import (
    exclude_option,
    excluding,
    page_for,
    print_json,
    provider_option,
    wishes_options,
    words_argument,
)
from sorapipe.views.page import Page, plain

if TYPE_CHECKING:
    from sorapipe.cli.past import Past
    from sorapipe.cli.production import Production
    from sorapipe.planning.against import Against
    from sorapipe.planning.plan_types import Plan, Wishes


@click.command(
    "plan",
    cls=VerbCommand,
    short_help="Show what would be rendered, why, and at what price.",
    help="Show what would be rendered, why, and at what price. Needs no key and no network, sends and writes nothing.",
    examples=(
        ("sorapipe plan", "the storyboard of this folder"),
        ("sorapipe plan skerry.yaml storm/fog scene:arrival", "some of its shots"),
        ("sorapipe plan --format markdown", "ready to paste into a pull request"),
        ("sorapipe plan --against main", "what a branch comes to"),
        ("sorapipe plan --out plan.json", "`sorapipe run --plan plan.json` does just that"),
        ("sorapipe plan skerry.yaml --exit-code", "20 when there is something to do"),
    ),
)
@words_argument()
@click.option("--format", "shape", type=click.Choice(["text", "json", "markdown"]), default="text",
              help="Text, data, or Markdown for a pull request.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@exclude_option
@click.option("--all", "every", is_flag=True, help="List every take, kept ones too.")
@click.option("--out", type=click.Path(), metavar="FILE", help="Write the plan too, for `run --plan FILE`.")
@click.option("--against", "rev", metavar="REV", help="Compare with the plan at a revision of git.")
@click.option("--exit-code", is_flag=True, help="End with 20 when there is something to do.")
@wishes_options
@provider_option
def command(  # noqa: PLR0913, PLR0917 - one argument an option
    words: tuple[str, ...],
    shape: str,
    as_json: bool,
    exclude: tuple[str, ...],
    every: bool,
    out: str | None,
    rev: str | None,
    exit_code: bool,
    cascade: bool,
    reshoot: bool,
    first_takes: bool,
    provider: str | None,
) -> None:
    """Reads, plans, shows."""
    from sorapipe.cli.consent import warn_of_limits
    from sorapipe.cli.production import checked, produce, read
    from sorapipe.planning.plan_types import Wishes

    script = read(sort_words(words))
    production = produce(script, provider)
    wishes = Wishes(production.chosen(exclude=exclude), cascade=cascade, reshoot=reshoot, first_takes=first_takes)
    plan = production.plan(wishes)
    beside = _beside(production, plan, wishes, rev)
    warn_of_limits(production, plan)
    if not plan.idle:
        _note_who_is_missing(production)
    checked(production, plan)
    flags = [f"--{n}" for n, on in (("cascade", cascade), ("reshoot", reshoot), ("first-takes", first_takes)) if on]
    flags += [*excluding(exclude), *(["--provider", provider] if provider else [])]
    typed = shell_words([*script.words.shots, *flags])
    if out is not None:
        from sorapipe.cli.reviewed import write

        write(out, production, plan, wishes, _data(production, plan, None))
        typed = shell_words(["--plan", out])
    page = page_for(script.words, provider, typed, every=every)
    if as_json or shape == "json":
        print_json(_data(production, plan, beside))
    elif shape == "markdown":
        click.echo(_markdown(production, plan, beside, replace(page, paint=plain)), nl=False)
    else:
        from sorapipe.views.plan_view import plan_text

        click.echo(plan_text(plan, production.storyboard, page), nl=False)
        if beside is not None:
            from sorapipe.views.against_view import against_text

            click.echo(f"\n{against_text(beside.against, beside.past.name, page)}", nl=False)
        _say_who_looks(production, plan)
    if exit_code and not plan.idle:
        raise Quit(Exit.SOMETHING_TO_DO)


class _Beside(NamedTuple):
    """A revision, and today's plan held against its."""

    past: Past
    against: Against


def _beside(production: Production, plan: Plan, wishes: Wishes, rev: str | None) -> _Beside | None:
    if rev is None:
        return None
    from sorapipe.cli.past import against, past

    then = past(production.script, rev)
    return _Beside(then, against(production, plan, wishes, then))


def _data(production: Production, plan: Plan, beside: _Beside | None) -> dict[str, object]:
    from sorapipe.storyboard.diagnostics import as_json as data_of
    from sorapipe.views.plan_data import plan_data

    data = plan_data(plan, production.storyboard, data_of(production.diagnostics))
    if beside is not None:
        from sorapipe.views.against_view import against_data

        data["against"] = against_data(beside.against, beside.past.rev, beside.past.commit)
    return data


def _markdown(production: Production, plan: Plan, beside: _Beside | None, page: Page) -> str:
    from sorapipe.planning.explain import explain
    from sorapipe.planning.plan_types import Action, Staleness
    from sorapipe.views.plan_markdown import Sheet, plan_markdown

    if beside is not None:
        from sorapipe.views.against_view import against_markdown

        told = [(one.shot.label, one.causes) for one in beside.against.shown]
        more = against_markdown(beside.against, beside.past.name)
        return plan_markdown(Sheet(plan, production.storyboard, told, more), page)
    old = {Action.RERENDER, Action.WAIT, Action.BLOCKED}
    addresses = {step.address for step in plan.steps if step.action in old or step.stale is not Staleness.FRESH}
    found = explain(production.outlook, production.inventory, addresses)
    return plan_markdown(Sheet(plan, production.storyboard, [(one.shot.label, one.causes) for one in found]), page)


def _note_who_is_missing(production: Production) -> None:
    from sorapipe.cli.reach import without_address

    note = without_address(production.profile)
    if note is not None:
        production.diagnostics.add(note)


def _say_who_looks(production: Production, plan: Plan) -> None:
    from sorapipe.planning.plan_types import Action

    if any(step.action is Action.UNCERTAIN for step in plan.steps):
        from sorapipe.cli.uncertain import say_who_looks

        say_who_looks(production, plan)
