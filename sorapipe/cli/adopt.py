"""`sorapipe adopt`: gives an uncertain take its task, or a shot a clip from elsewhere; buys nothing."""

from __future__ import annotations

import click

from sorapipe.cli.choosing import shell_words, sort_words
from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import Wait, provider_option, words_argument

_PAIR = 2


@click.command(
    "adopt",
    cls=VerbCommand,
    short_help="Give an uncertain take its task, or a shot a clip from elsewhere.",
    help="Give an uncertain take the task that your account at the provider shows for it. The provider is asked "
    "whether it knows the task; then the clip is fetched and looked at as by a run. Nothing is bought. With `--file` "
    "a clip from elsewhere becomes the next take of a shot, at no cost.",
    examples=(
        ("sorapipe adopt stairs task_01f3", "the take of `stairs` that is uncertain"),
        ("sorapipe adopt stairs task_01f3 --take 2", "where several are"),
        ("sorapipe adopt @keeper task_01f3", "the making of a character"),
        ("sorapipe adopt stairs --file ~/stairs.mp4", "a clip from elsewhere"),
    ),
)
@words_argument("[STORYBOARD] SHOT [TASK]")
@click.option("--take", metavar="TAKE", help="Which take, where several are uncertain.")
@click.option("--file", "clip", metavar="CLIP", help="A clip from elsewhere, instead of a task.")
@click.option("--max-wait", type=Wait(), default="60m", metavar="TIME", show_default=True,
              help="End when nothing has changed for this long.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print events as JSON, one a line.")
@provider_option
def command(  # noqa: PLR0913, PLR0917 - one argument an option
    words: tuple[str, ...], take: str | None, clip: str | None, max_wait: float, as_json: bool, provider: str | None
) -> None:
    """Reads, finds the attempt, binds, goes on."""
    from sorapipe.cli.limits import Terms
    from sorapipe.cli.performance import Order
    from sorapipe.cli.production import produce, read
    from sorapipe.planning.plan_types import Wishes

    sorted_words = sort_words(words)
    shots, target = sorted_words.shots, sorted_words.target
    typed = f"sorapipe adopt{shell_words(words)}"
    if clip is not None:
        from sorapipe.cli.outside import take_in

        if len(shots) != 1 or take is not None:
            raise Expected(Exit.USAGE, "`adopt --file` wants one shot", f"`sorapipe adopt{target} SHOT --file CLIP`")
        take_in(produce(read(sorted_words), provider), shots[0], clip, typed)
        return
    from sorapipe.cli.binding import bind

    if len(shots) != _PAIR:
        raise Expected(Exit.USAGE, "`adopt` wants a shot and a task", f"`sorapipe adopt{target} SHOT TASK`")
    order = Order(Wishes(frozenset()), Terms(), provider, as_json, max_wait, typed)
    bind(produce(read(sorted_words), provider), shots[0], shots[1], take, order)
