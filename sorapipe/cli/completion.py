"""`sorapipe completion`, and what completes shots and takes: quick looks at the text, never a whole load."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sorapipe.cli.choosing import find, is_storyboard, storyboards
from sorapipe.cli.failures import Expected
from sorapipe.cli.group import VerbCommand

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    _Word = click.ParamType[str]
else:
    _Word = click.ParamType

_ID = re.compile(r"id:(?<!\wid:)[ \t]*[\"']?([a-z0-9][a-z0-9_-]{0,63})")
_INCLUDED = re.compile(r"([\w./-]+\.ya?ml)\b")
_ADDRESS = re.compile(r'"address":"([a-z0-9][a-z0-9_-]*)(?:\[([^"\[\]]+)\])?"')
_TAGS = re.compile(r"\btags:[ \t]*(\[[^\]]*\]|(?:\n[ \t]*-[^\n]*)+)")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_WORDS = {
    "character": re.compile(r"(?<![\w@.%+-])@([a-z][a-z0-9_-]*)"),
    "model": re.compile(r"\bmodel:[ \t]*([\w.-]+)"),
}
_PROVIDER = re.compile(r'"provider":"([\w.-]+)"')
_KINDS = ("scene:", "tag:", "character:", "model:", "state:", "result:", "provider:")
_MOST = 500
_LONGEST = 4_000_000
"""Characters of a file that are looked at."""


@click.command(
    "completion",
    cls=VerbCommand,
    short_help="Print the completion script for your shell.",
    help="Print the script that completes verbs, shots and takes in your shell.",
    examples=(
        ('eval "$(sorapipe completion bash)"', "in ~/.bashrc"),
        ('eval "$(sorapipe completion zsh)"', "in ~/.zshrc"),
        ("sorapipe completion fish | source", "in config.fish"),
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Prints it."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is not None:
        root = context.find_root()
        click.echo(kind(root.command, {}, "sorapipe", "_SORAPIPE_COMPLETE").source())


class ShotWord(_Word):
    """A word that is a storyboard or a shot; completes both."""

    name = "shot"
    selects = True

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        typed = _typed(ctx)
        selector = _selector(typed, incomplete)
        if selector is not None:
            kind, value, lead = selector
            names = [name for name in selectors(_manifest(typed), kind) if name.startswith(value)]
            return [CompletionItem(f"{lead}{name}") for name in names][:_MOST]
        words = [*shots(_manifest(typed), incomplete), *_storyboards(typed, incomplete), *_KINDS]
        files = [CompletionItem(incomplete, type="file")] if "." in incomplete or "/" in incomplete else []
        found = [CompletionItem(word) for word in words if word.startswith(incomplete) and word not in typed]
        return found[:_MOST] or files


class TakeWord(_Word):
    """A word that is a storyboard, a shot or a take; completes shots first, then the takes of the shot."""

    name = "take"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        typed = _typed(ctx)
        manifest = _manifest(typed)
        said = [word for word in typed if not is_storyboard(word)]
        words = takes(manifest, said[0]) if said else [*shots(manifest, incomplete), *_storyboards(typed, incomplete)]
        return [CompletionItem(word) for word in words if word.startswith(incomplete)][:_MOST]


class ProviderWord(_Word):
    """A word that is the name of a provider, or `show` or `check`."""

    name = "provider"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from sorapipe.providers.profiles import names
        from sorapipe.state.workspace import config_dir

        words = [one.name for one in names(config_dir())]
        if isinstance(param, click.Argument) and not _typed(ctx):
            words[:0] = ["show", "check"]
        return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def _selector(typed: list[str], incomplete: str) -> tuple[str, str, str] | None:
    """Kind and beginning of `scene:arr`, and what the shell wants before the rest: bash takes `:` for a word."""
    kind, colon, value = incomplete.partition(":")
    if colon and kind:
        return kind, value, f"{kind}:"
    if colon and typed:
        return typed[-1], value, ""
    if typed[-1:] == [":"]:
        return typed[-2], incomplete, ""
    return None


def selectors(manifest: Path | None, kind: str) -> list[str]:
    """The names that `scene:`, `tag:`, `state:` and the like may be followed by, as text and lock show them."""
    if kind in {"state", "result"}:
        from sorapipe.planning.conditions import RESULTS, STATES

        return [*(STATES if kind == "state" else RESULTS)]
    if manifest is None:
        return []
    found: dict[str, None] = {}
    if kind == "provider":
        return [*dict.fromkeys(_PROVIDER.findall(_read(_lock(manifest))))]
    for text in _texts(manifest):
        if kind == "scene":
            found.update(dict.fromkeys(_scenes(text)))
        elif kind == "tag":
            for words in _TAGS.findall(text):
                found.update(dict.fromkeys(_NAME.findall(words)))
        elif kind in _WORDS:
            found.update(dict.fromkeys(_WORDS[kind].findall(text)))
    return list(found)


def _scenes(text: str) -> Iterable[str]:
    for match in _ID.finditer(text):
        lead = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        inline = "{" in lead and "shots:" in text[match.end() : text.find("\n", match.end())]
        if inline or (lead.strip() in {"", "-"} and _is_scene(text, match.end(), len(lead))):
            yield match[1]


def _storyboards(typed: Iterable[str], incomplete: str) -> list[str]:
    """Storyboards that may be meant, unless one was named: those of the folder that is being typed."""
    if any(is_storyboard(word) for word in typed):
        return []
    folder = incomplete.rpartition("/")[0]
    return [path.as_posix() for path in storyboards(Path(folder))] if "\0" not in folder else []


def shots(manifest: Path | None, begin: str = "") -> list[str]:
    """Names of shots as the text of the storyboard and of what it includes shows them, and cells from its lock.

    Those that begin as a word does, as far as that can be seen, and no more than anybody looks at.
    """
    if manifest is None:
        return []
    name = begin.partition("/")[0]
    found = dict.fromkeys(islice((one for text in _texts(manifest) for one in _ids(text, name)), 2 * _MOST))
    cells = ("/".join([shot, *(pair.partition("=")[2] for pair in cell.split(","))])
             for shot, cell in _ADDRESS.findall(_read(_lock(manifest))) if cell and shot in found)  # fmt: skip
    return [*found, *dict.fromkeys(cells)]


def takes(manifest: Path | None, shot: str) -> list[str]:
    """The takes of one shot that the lock knows: `t01`, `t02`."""
    if manifest is None:
        return []
    from json import loads

    name, *words = shot.split("/")
    found = set()
    for line in _read(_lock(manifest)).splitlines():
        if f'"address":"{name}' in line and '"kind":"attempt"' in line:
            record = loads(line)
            address = str(record.get("address", ""))
            cell = [pair.partition("=")[2] for pair in address[len(name) :].strip("[]").split(",") if pair]
            if address.partition("[")[0] == name and set(words) <= set(cell):
                found.add(f"t{int(record.get('take', 0)):02d}")
    return sorted(found)


def _ids(text: str, begin: str) -> Iterable[str]:
    """Ids of shots that begin so: an `id:` that has `shots:` beside it is a scene's."""
    for match in _ID.finditer(text):
        if match[1].startswith(begin):
            lead = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
            if "{" in lead or (lead.strip() in {"", "-"} and not _is_scene(text, match.end(), len(lead))):
                yield match[1]


def _is_scene(text: str, at: int, column: int) -> bool:
    end = _less_indented(column).search(text, at)
    return f"\n{' ' * column}shots:" in text[at : end.start() if end else len(text)]


@lru_cache
def _less_indented(column: int) -> re.Pattern[str]:
    return re.compile(rf"\n[ ]{{0,{max(column - 1, 0)}}}[^ \n#]")


def _texts(manifest: Path) -> list[str]:
    text = _read(manifest)
    lines = re.findall(r"^.*include:.*$", text, re.MULTILINE) if "include:" in text else ()
    included = [manifest.parent / name for line in lines for name in _INCLUDED.findall(line)]
    return [text, *(_read(path) for path in included)]


def _lock(manifest: Path) -> Path:
    name = manifest.name
    for ending in (".sorapipe.yaml", ".sorapipe.yml", ".yaml", ".yml"):
        if name.endswith(ending):
            return manifest.with_name(f"{name.removesuffix(ending)}.lock")
    return manifest.with_suffix(".lock")


def _read(path: Path) -> str:
    """The beginning of a regular file; nothing of anything else: whoever presses Tab waits for no pipe."""
    try:
        if not path.is_file():
            return ""
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_LONGEST)
    except (OSError, ValueError):
        return ""


def _typed(ctx: click.Context) -> list[str]:
    """The words before the one that is completed."""
    words: list[str] = []
    for value in ctx.params.values():
        words += [part for part in value if isinstance(part, str)] if isinstance(value, tuple) else []
    return [*words, *ctx._protected_args, *ctx.args] if hasattr(ctx, "_protected_args") else [*words, *ctx.args]


def _manifest(typed: Iterable[str]) -> Path | None:
    named = next((word for word in typed if is_storyboard(word)), None)
    try:
        return Path(named) if named else find()
    except Expected:
        return None
