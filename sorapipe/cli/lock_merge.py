"""`sorapipe lock merge-driver`: joins two locks for git, or tells a clone to have it so; reads no storyboard."""

from __future__ import annotations

from pathlib import Path

import click

from sorapipe.cli.failures import Exit, Expected, Quit
from sorapipe.cli.group import VerbCommand

_FILES = (4, 5)
"""`%O %A %B %P`, and perhaps `%L`."""
_CONFLICT = 1
"""What git is told when somebody must look; for this verb alone it is no bug."""


@click.command(
    "merge-driver",
    cls=VerbCommand,
    short_help="Let git merge locks by their records.",
    help="Without words: let git merge locks by their records, from now on in this clone. The configuration of this "
    "clone and .gitattributes are told what they don't know yet; the first is not part of what is pushed, so this is "
    "for each clone. With `%O %A %B %P`: what git runs. What both sides paid for is joined, picks and notes are merged "
    "as the commits made them, and the result is written to %A. Locks of other programs are merged as git does. "
    "Exit 1 when there is a conflict to look at.",
    examples=(("sorapipe lock merge-driver", "once in each clone"),),
)
@click.argument("words", nargs=-1, type=click.Path(), metavar="[%O %A %B %P]")
def command(words: tuple[str, ...]) -> None:
    """Installs, or merges."""
    if not words:
        _install()
    elif len(words) in _FILES:
        _merge(Path(words[0]), Path(words[1]), Path(words[2]), words[3])
    else:
        raise Expected(
            Exit.USAGE, f"git gives a merge driver 4 words, not {len(words)}", "`%O %A %B %P`; none to install"
        )


def _install() -> None:
    from sorapipe.cli.choosing import storyboards
    from sorapipe.cli.lock_setup import ATTRIBUTE, ATTRIBUTES, DRIVER, attribute, configure
    from sorapipe.cli.lock_words import of_manifest
    from sorapipe.state.git import Git, no_repository

    git = Git.of(Path())
    if git is None:
        raise Expected(Exit.USAGE, f"git can't be told anything here: {no_repository(Path())}", "`git init` first")
    films = [of_manifest(path).lock for path in storyboards(Path())] or [Path("storyboard.lock")]
    told = [f"{DRIVER}: set in this clone"] if configure(git) else []
    told += [f"{ATTRIBUTES}: `{ATTRIBUTE}`; commit it"] if attribute(git, films) else []
    for line in told or ["git merges locks with sorapipe already; nothing written"]:
        click.echo(line, err=True)


def _merge(base: Path, ours: Path, theirs: Path, name: str) -> None:
    """Joins into `ours`. Raises `Quit` with 1 where a person must look; then `ours` has both sides whole."""
    from sorapipe.cli.console import say
    from sorapipe.cli.lock_words import of_lock, read, tell_conflicts
    from sorapipe.state.disk import Disk
    from sorapipe.state.files import StateError, write_atomic
    from sorapipe.state.git import merge_text
    from sorapipe.state.lock import LockUnusable, dumps
    from sorapipe.state.meaning import facts
    from sorapipe.state.merging import both_whole, is_lock, merged

    sides = [read(path) for path in (base, ours, theirs)]
    was, mine, yours = (side or b"" for side in sides)
    if not (is_lock(mine) or is_lock(yours)):
        try:
            conflicts = merge_text(ours, base, theirs)
        except StateError as error:
            say(f"{name}: {error.reason}", "git keeps our side")
            conflicts = 1
        if conflicts:
            raise Quit(_CONFLICT)
        return
    try:
        lock = merged(was, mine, yours)
    except LockUnusable as error:
        write_atomic(Disk(), ours.absolute(), both_whole(mine, yours))
        hint = error.of(name).hint
        say(f"{name}: one side can't be read, both are kept whole: {error.message}", hint)
        raise Quit(_CONFLICT) from error
    write_atomic(Disk(), ours.absolute(), dumps(lock))
    try:
        tell_conflicts(name, of_lock(Path(name)), facts(lock))
    except LockUnusable as error:
        say(f"{name}: {error}", level="warning")
