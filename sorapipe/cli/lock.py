"""`sorapipe lock`: the verbs about lock files; imports none of them until it is called."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

import click

from sorapipe.cli.group import Misuse, VerbCommand


class _Verb(NamedTuple):
    module: str
    line: str


_VERBS = {
    "verify": _Verb("lock_verify", "Check locks: every line, every recipe, and against the storyboard."),
    "resolve": _Verb("lock_resolve", "Join the sides of a merge conflict in a lock."),
    "merge-driver": _Verb("lock_merge", "Let git merge locks by their records."),
}


class _Locks(VerbCommand, click.Group):
    """The group that reads the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        verb = _VERBS.get(cmd_name)
        if verb is None:
            return None
        command: click.Command = import_module(f"sorapipe.cli.{verb.module}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, verb.line) for name, verb in _VERBS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _VERBS and not args[0].startswith("-") and not ctx.resilient_parsing:
            import difflib
            import shlex

            close = difflib.get_close_matches(args[0], list(_VERBS), n=1, cutoff=0.5)
            rest = "".join(f" {shlex.quote(word)}" for word in args[1:])
            meant = f"did you mean `sorapipe lock {close[0]}{rest}`?" if close else "`sorapipe lock --help` lists them"
            raise Misuse(f"`sorapipe lock` has no verb `{args[0]}`", meant, ctx)
        return super().resolve_command(ctx, args)


@click.command(
    "lock",
    cls=_Locks,
    no_args_is_help=True,
    subcommand_metavar="VERB [WORDS]…",
    short_help="Check, resolve and merge lock files.",
    help="Check, resolve and merge lock files: the takes, picks and prices that lie beside each storyboard in git.",
    examples=(
        ("sorapipe lock verify", "in CI: no key, no network, no clips"),
        ("sorapipe lock resolve", "after a merge that left marks"),
        ("sorapipe lock merge-driver", "once in each clone: merges leave none"),
    ),
)
def command() -> None:
    """Holds the verbs."""
