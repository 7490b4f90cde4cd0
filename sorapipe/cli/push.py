"""`sorapipe push`: copies the clips that the lock names into a store; writes nothing here and deletes nothing."""

from __future__ import annotations

import click

from sorapipe.cli.choosing import sort_words
from sorapipe.cli.failures import Exit, Quit
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import exclude_option, json_option, page_for, print_json, words_argument
from sorapipe.cli.stores import store_option


@click.command(
    "push",
    cls=VerbCommand,
    short_help="Copy the clips of the lock into a store.",
    help="Copy the clips that the lock names into a store, each under its sha256, so that nobody pays for them again "
    "on another machine. What is there is skipped and nothing there is written over. A store is a folder or a URL: "
    "`--store`, the storyboard's `store:`, or `store:` in your config.yaml. Exit 0 when every clip that is here is in "
    "the store, 12 when one is not the lock's, 10 when the store can't be reached.",
    examples=(
        ("sorapipe push", "into the store of your config"),
        ("sorapipe push skerry.yaml scene:tower --store /mnt/films/clips", "some shots, into a folder"),
    ),
)
@words_argument()
@exclude_option
@store_option
@json_option
def command(words: tuple[str, ...], exclude: tuple[str, ...], store: str | None, as_json: bool) -> None:
    """Looks what is there, copies the rest."""
    from sorapipe.cli.moving import move
    from sorapipe.cli.production import produce, read, show
    from sorapipe.cli.stores import need_store, translated
    from sorapipe.planning.plan_types import Wishes
    from sorapipe.planning.stock import Clip, asked_for, once, stock
    from sorapipe.state.store import StoreError
    from sorapipe.state.transfer import Stopped, Wrong, push
    from sorapipe.views.store_view import Moved, moved_data, push_text

    script = read(sort_words(words))
    production = produce(script)
    show([one for one in production.diagnostics if one.code == "state"], production.sources)
    there = need_store(production, store)
    renders = production.workspace.clips
    clips = once(stock(production.outlook, production.inventory, production.chosen(exclude=exclude)))

    def one(clip: Clip, stopped: Stopped) -> str:
        attempt = clip.attempt
        sha256 = attempt.sha256 or ""
        size = there.size(sha256)
        if size is not None:
            if attempt.size is not None and size != attempt.size:
                raise Wrong(
                    f"`{there.shown}` has another file under {sha256[:8]}…: {size:,} bytes, not {attempt.size:,}"
                )
            return "there"
        if not clip.here or attempt.out is None:
            return "absent"
        push(renders, there, attempt.out, sha256, stopped)
        return "moved"

    try:
        ended = move(clips, one, "pushing")
    except StoreError as error:
        raise translated(error) from error
    ends = {clip: end for clip, end in ended.items() if isinstance(end, str)}
    by_end = {end: [clip for clip in clips if ends.get(clip) == end] for end in ("moved", "there", "absent")}
    wrong = {clip: str(ended[clip]) for clip in clips if clip not in ends}
    needed = asked_for(production.plan(Wishes()))
    lost = [clip for clip in by_end["absent"] if clip.attempt.token in needed]
    spare = [clip for clip in by_end["absent"] if clip.attempt.token not in needed]
    moved = Moved(there.shown, by_end["moved"], by_end["there"], lost, wrong, {}, spare)
    if as_json:
        print_json(moved_data(moved, "pushed"))
    else:
        click.echo(push_text(moved, page_for(script.words)), nl=False)
    if wrong:
        raise Quit(Exit.CLIP)
