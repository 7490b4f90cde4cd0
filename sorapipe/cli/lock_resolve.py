"""`sorapipe lock resolve`: joins the sides of a merge conflict in a lock; loses no line, and writes whole or not."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

import click

from sorapipe.cli.failures import Exit, Expected, Quit
from sorapipe.cli.group import VerbCommand

if TYPE_CHECKING:
    from pathlib import Path

    from sorapipe.cli.lock_words import Target
    from sorapipe.state.merging import Settled

_TRIES = 5


@click.command(
    "resolve",
    cls=VerbCommand,
    short_help="Join the sides of a merge conflict in a lock.",
    help="Join the sides of a merge conflict in a lock: marks of any style go, records that stand there twice become "
    "one, lines come into their order. No task, take or pick of either side is lost. A lock that is in order is not "
    "written. Without words: every lock of this folder. Exit 5 when a line can't be read; that lock stays as it is.",
    examples=(
        ("sorapipe lock resolve", "then: git add storyboard.lock"),
        ("sorapipe lock resolve ep01.lock ep02.yaml", "the locks of two storyboards"),
    ),
)
@click.argument("words", nargs=-1, type=click.Path(), metavar="[LOCK|STORYBOARD]...")
def command(words: tuple[str, ...]) -> None:
    """Settles each."""
    from sorapipe.cli.console import say
    from sorapipe.cli.lock_words import targets
    from sorapipe.state.lock import LockUnusable

    broken = False
    for target in targets(words):
        try:
            _resolve(target)
        except LockUnusable as error:
            broken = True
            named = error.of(str(target.lock))
            say(str(named), named.hint)
    if broken:
        raise Quit(Exit.LOCK)


def _resolve(target: Target) -> None:
    """Settles one lock. Somebody may write it meanwhile: then it is read again. Raises `LockUnusable`, `StateError`."""
    from sorapipe.cli.lock_words import read
    from sorapipe.state.disk import Disk
    from sorapipe.state.files import StateError, write_atomic
    from sorapipe.state.lock import LockUnusable
    from sorapipe.state.merging import is_lock, settle, without_marks

    files, path = Disk(), target.lock.absolute()
    for _ in range(_TRIES):
        stamp = files.stamp(path)
        data = read(path)
        if data is None:
            raise Expected(Exit.USAGE, f"there is no file `{target.lock}` yet", "a run makes it")
        if not is_lock(data):
            raise LockUnusable("no line of it was written by sorapipe", hint="other programs merge their own locks")
        settled = settle(data, _sides(target.lock) if without_marks(data)[1] else None)
        if settled.data == data:
            _tell(target, settled, written=False)
            return
        if settled.lock.older is not None:
            backup = path.with_name(f"{path.name}.v{settled.lock.found}.backup")
            write_atomic(files, backup, data, ("", "", "", "P26"))
        if files.stamp(path) == stamp:
            write_atomic(files, path, settled.data)
            _tell(target, settled, written=True)
            return
    raise StateError("settle", path, "another process writes it all the time")


def _sides(lock: Path) -> tuple[bytes, bytes, bytes] | None:
    """Base, ours and theirs of a merge that is under way, where git knows of one."""
    from sorapipe.state.files import StateError
    from sorapipe.state.git import Git

    git = Git.of(lock.absolute().parent)
    if git is None:
        return None
    try:
        return git.sides(lock.absolute())
    except StateError:  # the marks say enough
        return None
    finally:
        git.close()


def _tell(target: Target, settled: Settled, *, written: bool) -> None:
    from sorapipe.cli.lock_words import tell_conflicts
    from sorapipe.state.lock import LockUnusable
    from sorapipe.state.meaning import facts
    from sorapipe.storyboard.diagnostics import escape
    from sorapipe.views.words import count

    name, records = escape(str(target.lock)), len(settled.lock.attempts) + len(settled.lock.others)
    if not written:
        click.echo(f"{name}: in order, {count(records, 'record')}; nothing written", err=True)
    else:
        did = f"{count(settled.marks, 'conflict')} joined" if settled.marks else "put in order"
        click.echo(f"{name}: {did}, {count(records, 'record')}", err=True)
    try:
        tell_conflicts(name, target, facts(settled.lock))
    except LockUnusable as error:  # it is joined all the same, and every verb will say so
        click.echo(f"{name}: {escape(str(error))}", err=True)
    if written and settled.marks:
        added = f"`git add {escape(quote(str(target.lock)))}`"
        click.echo(f"\nnext: {added}, then `git commit` (in a rebase `git rebase --continue`)", err=True)
