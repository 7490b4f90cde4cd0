"""`sorapipe pull`: brings the clips that the lock names out of a store; asks no provider and pays nobody."""

from __future__ import annotations

from dataclasses import replace

import click

from sorapipe.cli.choosing import shell_words, sort_words
from sorapipe.cli.failures import Exit, Quit
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import exclude_option, excluding, json_option, page_for, print_json, words_argument
from sorapipe.cli.stores import store_option


@click.command(
    "pull",
    cls=VerbCommand,
    short_help="Bring the clips of the lock out of a store.",
    help="Bring the clips that the lock names and that are not here out of a store. Every byte is held against the "
    "sha256 of the lock and the clip is looked into; other files are never written over. After that a run has nothing "
    "to pay for. Without a shot, takes that are marked as no good may be missing. Exit 0 when all that a run "
    "would ask for is here, 12 when a clip is not in the store or not right, 10 when the store can't be reached.",
    examples=(
        ("sorapipe pull", "all that is missing, from the store of your config"),
        ("sorapipe pull --film", "only what is in the film, not the takes beside it"),
        ("sorapipe pull stairs --store team", "every take of one shot, from a store by its name"),
    ),
)
@words_argument()
@exclude_option
@click.option("--film", is_flag=True, help="Only the takes that are in the film.")
@store_option
@json_option
def command(words: tuple[str, ...], exclude: tuple[str, ...], film: bool, store: str | None, as_json: bool) -> None:
    """Looks what is missing, brings it."""
    from sorapipe.cli.performance import as_known
    from sorapipe.cli.production import Production, produce, read, show
    from sorapipe.cli.pulling import bring
    from sorapipe.cli.stores import need_store
    from sorapipe.planning.levels import in_film
    from sorapipe.planning.plan_types import Wishes
    from sorapipe.planning.stock import Clip, absent, asked_for, stock
    from sorapipe.views.store_view import Moved, moved_data, pull_text

    script = read(sort_words(words))
    production = produce(script)
    show([one for one in production.diagnostics if one.code == "state"], production.sources)
    there = need_store(production, store)
    chosen, named = production.chosen(exclude=exclude), bool(script.words.shots)

    def wanted(now: Production) -> list[Clip]:
        found = stock(now.outlook, now.inventory, chosen)
        filmed = {attempt.token for _, attempt, _ in in_film(now.outlook)} if film else ()
        return [clip for clip in found if not film or clip.attempt.token in filmed]

    moved = Moved(there.shown, (), [clip for clip in wanted(production) if clip.here], (), {}, {})
    if absent(wanted(production), production.facts.no_good, named=named):
        with production.workspace.hold(f"sorapipe pull{shell_words([*words, *excluding(exclude)])}") as session:
            now = as_known(production, session.facts())
            clips = wanted(now)
            needed = asked_for(now.plan(Wishes()))
            moved = bring(now, session, there, absent(clips, now.facts.no_good, named=named))
        lost = [clip for clip in moved.absent if named or clip.attempt.token in needed]
        spare = [clip for clip in moved.absent if clip not in lost]
        moved = replace(moved, there=[clip for clip in clips if clip.here], absent=lost, spare=spare)
    if as_json:
        print_json(moved_data(moved, "pulled"))
    else:
        click.echo(pull_text(moved, page_for(script.words)), nl=False)
    if moved.wrong or moved.absent:
        raise Quit(Exit.CLIP)
