"""The command `sorapipe`: finds a verb in the table, imports it when it is called, answers wrong first tries."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NoReturn

import click

from sorapipe.cli.verbs import LATER, OPTIONS, SYNONYMS, VERBS, WITH_VALUE, Instead


class Misuse(click.UsageError):
    """A usage error that knows the way out."""

    def __init__(self, message: str, hint: str | None = None, ctx: click.Context | None = None) -> None:
        super().__init__(message, ctx)
        self.hint = hint


class VerbCommand(click.Command):
    """A verb: its help ends with examples, and options that people expect get an answer."""

    def __init__(self, *args: Any, examples: tuple[tuple[str, str], ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        words = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.option_name in OPTIONS:
                instead = OPTIONS[error.option_name]
                raise Misuse(instead.message, _fill(instead, error.option_name, ctx, words), ctx) from None
            raise

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if any(getattr(param.type, "selects", False) and isinstance(param, click.Argument) for param in self.params):
            with formatter.section("Shots"):
                formatter.write_dl(_words_for_shots(), col_max=44)
        if self.examples:
            with formatter.section("Examples" if len(self.examples) > 1 else "Example"):
                formatter.write_dl(list(self.examples), col_max=44)


def _words_for_shots() -> list[tuple[str, str]]:
    """The words by which shots are selected, for the end of a help page."""
    from sorapipe.planning.conditions import RESULTS, STATES

    states, results = list(STATES), list(RESULTS)
    return [
        ("stairs  storm/fog  st*  lens=wide", "names, cells, patterns"),
        ("scene:tower  tag:hero", "what the storyboard says"),
        ("character:keeper  model:sora-2", "who is in it, what renders it"),
        ("+landing  boat+", "with all that it needs, with all that needs it"),
        (f"state:{states[0]}", f"or {', '.join(states[1:])}"),
        (f"result:{results[0]}", f"how one of its last takes ended: or {', '.join(results[1:])}"),
        ("provider:house", "who rendered what is in the film"),
    ]


def _fill(instead: Instead, option: str, ctx: click.Context, words: list[str]) -> str:
    """The hint with the words that were typed, without the wrong option."""
    import shlex

    rest = list(words)
    where = next((i for i, word in enumerate(rest) if word == option or word.startswith(f"{option}=")), None)
    if where is not None:
        value = rest.pop(where).partition("=")[2]
        if option in WITH_VALUE:
            rest[where:where] = [value] if value else []
    known = {name for parameter in ctx.command.params for name in parameter.opts}
    tail = " ".join(shlex.quote(word) for word in rest if not word.startswith("-") or word in known)
    return instead.hint.replace("{verb}", ctx.info_name or "run").replace("{}", f" {tail}" if tail else "")


class Verbs(click.Group):
    """The group that reads the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        command: click.Command = import_module(f"sorapipe.cli.{verb.module}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, verb.line) for name, verb in VERBS.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Begin"):
            formatter.write_dl(
                [
                    ("sorapipe init skerry", "writes skerry/storyboard.yaml"),
                    ("sorapipe run skerry/storyboard.yaml", "renders it on the built-in simulator, for nothing"),
                ]
            )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-") and not ctx.resilient_parsing:
            _unknown(args[0], args[1:], ctx)
        return super().resolve_command(ctx, args)


def _unknown(word: str, rest: list[str], ctx: click.Context) -> NoReturn:
    """What to say to a verb that doesn't exist."""
    import difflib
    import shlex

    tail = "".join(f" {shlex.quote(part)}" for part in rest)
    meant = SYNONYMS.get(word.lower())
    if meant in LATER or word in LATER:
        name = word if word in LATER else meant
        said = f"`{word}`" if name == word else f"`{word}` is called `{name}`, and that"
        instead = LATER[name] if name is not None else None
        raise Misuse(f"{said} is not in this version of sorapipe", instead or "`sorapipe --help` lists the verbs", ctx)
    if meant is not None:
        raise Misuse(f"`{word}` is called `{meant.split()[0]}`", f"`sorapipe {meant}{tail}`", ctx)
    if word.endswith((".yaml", ".yml")):
        raise Misuse(f"no verb before `{word}`", f"`sorapipe run {shlex.quote(word)}{tail}`", ctx)
    close = difflib.get_close_matches(word.lower(), [*VERBS, *SYNONYMS], n=1, cutoff=0.6)
    meant = SYNONYMS.get(close[0], close[0]) if close else None
    hint = f"did you mean `sorapipe {meant}{tail}`?" if meant is not None and meant not in LATER else None
    raise Misuse(f"no verb `{word}`", hint, ctx)


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    from sorapipe import __version__

    if value and not ctx.resilient_parsing:
        click.echo(f"sorapipe {__version__}")
        ctx.exit()


@click.command(
    cls=Verbs,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    subcommand_metavar="VERB [WORDS]…",
    help="Terraform for AI film shoots: a storyboard in YAML becomes clips, planned, priced and never paid for twice.",
)
@click.option(
    "-V", "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version."
)
def sorapipe() -> None:
    """The command that holds the verbs."""
