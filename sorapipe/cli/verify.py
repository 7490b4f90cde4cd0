"""`sorapipe verify`: says for each shot how much of the film is the same; reads every clip and writes nothing."""

from __future__ import annotations

import click

from sorapipe.cli.choosing import sort_words
from sorapipe.cli.failures import Exit, Quit
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import exclude_option, json_option, page_for, print_json, provider_option, words_argument


@click.command(
    "verify",
    cls=VerbCommand,
    short_help="Check every clip of the film against lock and storyboard.",
    help="Check the film against lock and storyboard, byte by byte. For each shot the best that holds: L0 the same "
    "bytes (the file has the sha256 of the lock, and the request is today's); L1 the same request (today's text and "
    "clips, but the file is missing or another one); L2 the same shot (made from another request or clip: what differs "
    "is said). Needs no key and no network, and writes nothing. Exit 0 when every shot has its bytes and its request, "
    "or was accepted or frozen as it is; 12 when a clip is missing or another one; else 8.",
    examples=(
        ("sorapipe verify", "the whole film"),
        ("sorapipe verify scene:tower --json", "some shots, as data"),
    ),
)
@words_argument()
@exclude_option
@click.option("--all", "every", is_flag=True, help="List every shot, also of a long film.")
@json_option
@provider_option
def command(words: tuple[str, ...], exclude: tuple[str, ...], every: bool, as_json: bool, provider: str | None) -> None:
    """Reads, compares, shows."""
    from sorapipe.cli.clips_read import read_film
    from sorapipe.cli.production import produce, read, show
    from sorapipe.planning.levels import Clip, proofs
    from sorapipe.planning.plan_types import Wishes
    from sorapipe.views.proof_view import Proofs, proofs_data, proofs_text

    script = read(sort_words(words))
    production = produce(script, provider)
    chosen = production.chosen(exclude=exclude)
    show([one for one in production.diagnostics if one.code == "state"], production.sources)
    found, size = read_film(production, chosen)
    every_proof = proofs(production.outlook, production.plan(Wishes()), found, chosen)
    here = Proofs(every_proof, size, production.workspace.requested())
    if as_json:
        print_json(proofs_data(here))
    else:
        click.echo(proofs_text(here, page_for(script.words, provider, every=every)), nl=False)
    if any(one.clip is not None and one.clip is not Clip.SAME for one in every_proof):
        raise Quit(Exit.CLIP)
    if not all(one.good for one in every_proof):
        raise Quit(Exit.SOME_FAILED)
