"""`sorapipe doctor`: looks whether this machine can do the work; changes nothing and never shows a key."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from sorapipe import __version__
from sorapipe.cli.chosen import manifest_of, provider_name
from sorapipe.cli.failures import Exit, Expected, Quit
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import json_option, print_json, provider_option, width, words_argument
from sorapipe.cli.secrets import has, how_to_set, secret

if TYPE_CHECKING:
    from sorapipe.planning.facts import Facts

_LIBRARIES = (
    "pyyaml", "jsonschema", "jsonschema-rs", "jinja2", "httpx", "click", "rich", "av", "pillow",
    "platformdirs", "starlette", "uvicorn", "python-multipart",
)  # fmt: skip
_PRECEDENCE = (Exit.LOCK, Exit.DISK, Exit.REFUSED, Exit.USAGE, Exit.AUTHENTICATION)
_TEXT = 14
"""The column in which what was found begins."""
_LITTLE_ROOM = 1 << 30
"""Bytes below which a run of some clips may fill the disk."""


class Finding(NamedTuple):
    """One thing that was looked at. `level` is `ok`, `note` or `bad`; `code` is how a run would end that needs it."""

    level: str
    name: str
    text: str
    hint: str | None = None
    code: int = 0


@click.command(
    "doctor",
    cls=VerbCommand,
    short_help="Check this machine: folders, locks, codecs, keys.",
    help="Check this machine: versions, folders, run locks, codecs, the provider and whether its key is set. "
    "Ends as a run would that needs what is bad: 5 the lock, 11 this machine, 3 the provider, 2 its address, "
    "6 its key.",
    examples=(("sorapipe doctor", "this machine and the storyboard of this folder"), ("sorapipe doctor --json", "")),
)
@words_argument("[STORYBOARD]")
@json_option
@provider_option
def command(words: tuple[str, ...], as_json: bool, provider: str | None) -> None:
    """Looks at everything, even where something is bad."""
    findings = [finding for check in _checks(words, provider) for finding in _carefully(check)]
    if as_json:
        print_json([finding._asdict() for finding in findings])
    else:
        _print(findings)
    bad = {finding.code or Exit.DISK for finding in findings if finding.level == "bad"}
    if bad:
        raise Quit(next(code for code in _PRECEDENCE if code in bad))


def _checks(words: tuple[str, ...], provider: str | None) -> list[Callable[[], Iterator[Finding]]]:
    return [
        _versions,
        _speed,
        _codecs,
        _folders,
        lambda: _storyboard(words),
        lambda: _git(words),
        lambda: _provider(words, provider),
    ]


def _carefully(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings of one check; a check that breaks is a finding."""
    try:
        yield from check()
    except (Expected, OSError, ImportError) as error:
        yield Finding("bad", "check", str(error), getattr(error, "hint", None))


def _versions() -> Iterator[Finding]:
    yield Finding("ok", "sorapipe", f"{__version__}, Python {platform.python_version()}, {platform.platform()}")
    missing = [name for name in _LIBRARIES if not _version(name)]
    if missing:
        yield Finding("bad", "libraries", f"missing: {', '.join(missing)}", "install sorapipe again with pip")
    else:
        yield Finding("ok", "libraries", ", ".join(f"{name} {_version(name)}" for name in _LIBRARIES))


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _speed() -> Iterator[Finding]:
    from importlib.util import find_spec

    if find_spec("yaml") and find_spec("yaml._yaml"):
        yield Finding("ok", "yaml", "libyaml is there")
    else:
        yield Finding("note", "yaml", "libyaml is missing: long storyboards are read slowly")
    if sys.dont_write_bytecode:
        yield Finding("note", "python", "PYTHONDONTWRITEBYTECODE is set: every start is up to 3 times slower")


def _codecs() -> Iterator[Finding]:
    from sorapipe.clips.codecs import missing

    lacking = missing()
    if lacking:
        yield Finding("bad", "codecs", f"missing: {', '.join(lacking)}", "install the wheel of `av` from PyPI")
    else:
        yield Finding("ok", "codecs", "h264 and aac are there")


def _folders() -> Iterator[Finding]:
    from sorapipe.state.workspace import config_dir, state_dir

    for name, folder in (("state", state_dir()), ("config", config_dir())):
        yield _folder(name, folder)


def _folder(name: str, folder: Path) -> Finding:
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        level = "bad" if name == "state" else "note"
        way = "clips are written beside the storyboard" if name == "clips" else f"set SORAPIPE_{name.upper()}_DIR"
        return Finding(level, name, f"{folder} can't be written", f"{way}: make it writable, or choose another folder")
    free = shutil.disk_usage(there).free
    room = f"{free / 1e9:.1f} GB free"
    if free < _LITTLE_ROOM:
        return Finding("note", name, f"{folder}, only {room}")
    return Finding("ok", name, f"{folder}, {room}" + ("" if folder.exists() else ", not made yet"))


def _storyboard(words: tuple[str, ...]) -> Iterator[Finding]:
    from sorapipe.state.workspace import Workspace

    manifest = manifest_of(words)
    if manifest is None:
        yield Finding("note", "storyboard", "none in this folder", "`sorapipe init` writes one")
        return
    workspace = Workspace.open(manifest)
    yield Finding("ok", "storyboard", f"{manifest}, lock {'there' if workspace.lock_path.exists() else 'not made yet'}")
    try:
        holder, known = workspace.holder(), workspace.known()
    except Exception as error:
        from sorapipe.cli.translate import expected

        end = expected(error)
        if end is None:
            raise
        yield Finding("bad", "lock", end.message, end.hint, end.code)
        return
    yield Finding("note", "run lock", f"held by {holder}") if holder else Finding("ok", "run lock", "free")
    behind = ", the journal knows more" if known.behind else ""
    yield Finding("ok", "lock", f"{_takes_and_characters(known.facts)} known{behind}")
    yield _folder("clips", workspace.root / workspace.renders)


def _git(words: tuple[str, ...]) -> Iterator[Finding]:
    """Whether git keeps the lock and merges it by its records."""
    from sorapipe.cli.lock_setup import missing
    from sorapipe.state.git import Git, no_repository
    from sorapipe.state.workspace import Workspace

    manifest = manifest_of(words)
    if manifest is None:
        return
    lock = Workspace.open(manifest).lock_path
    git = Git.of(lock.parent)
    if git is None:
        yield Finding("note", "git", no_repository(lock.parent), "takes and picks are history where git keeps the lock")
    elif git.ignored(lock) and not git.tracked(lock):
        said = f"{lock.name} is ignored: what was paid is known on this machine only"
        yield Finding("note", "git", said, "take it out of `.gitignore`")
    else:
        yield _merging(git.attribute(lock, "merge"), lacks_driver=missing(git))


def _merging(how: str | None, *, lacks_driver: bool) -> Finding:
    """What `.gitattributes` say of the lock, and whether this clone can do it."""
    if how == "union":
        return Finding("ok", "git", "locks are merged line by line; `sorapipe lock resolve` puts them in order")
    if how == "sorapipe" and not lacks_driver:
        return Finding("ok", "git", "locks are merged by their records")
    why = "this clone has no merge driver" if how == "sorapipe" else "git merges the lock as any text"
    hint = "`sorapipe lock merge-driver` sets it up; where marks are already, `sorapipe lock resolve` joins them"
    return Finding("note", "git", f"{why}: a merge leaves marks in it", hint)


def _takes_and_characters(facts: Facts) -> str:
    from sorapipe.views.words import count

    people = len({fact.name for fact in facts.characters})
    takes = sum(len(attempts) for address, attempts in facts.attempts.items() if not address.startswith("@"))
    return f"{count(takes, 'take')} and {count(people, 'character')}"


def _provider(words: tuple[str, ...], provider: str | None) -> Iterator[Finding]:
    from sorapipe.cli.providers import ended
    from sorapipe.cli.reach import addressed
    from sorapipe.providers.profiles import load_profile
    from sorapipe.state.workspace import config_dir

    name = provider_name(words, provider)
    found = load_profile(name, config_dir())
    if found.profile is None:
        problem = next(iter(found.diagnostics)).message
        hint = f"`sorapipe providers show {name}` says more"
        yield Finding("bad", "provider", f"{name}: {problem}", hint, Exit.REFUSED)
        return
    profile = found.profile
    over = ended(profile)
    if over is None:
        yield Finding("ok", "provider", f"{name}: {profile.about or profile.dialect}")
    else:
        hint = "`sorapipe providers` lists the others; finished takes stay"
        yield Finding("bad", "provider", f"{name}: all its models ended, the last on {over}", hint, Exit.REFUSED)
    if profile.base_url is None and not profile.embedded:
        yield Finding("bad", "address", f"{name} has none: it is there to be extended", addressed(profile), Exit.USAGE)
    if profile.key_env is None:
        yield Finding("ok", "key", "none is asked")
    elif has(profile.key_env):
        yield Finding("ok", "key", f"{profile.key_env} is set")
    else:
        yield _no_key(profile.key_env)


def _no_key(variable: str) -> Finding:
    try:
        secret(variable)
    except Expected as error:
        return Finding("bad", "key", error.message, error.hint, Exit.AUTHENTICATION)
    hint = f"a run needs it: {how_to_set(variable)}"
    return Finding("bad", "key", f"{variable} is not set", hint, Exit.AUTHENTICATION)


def _print(findings: list[Finding]) -> None:
    from sorapipe.storyboard.diagnostics import escape
    from sorapipe.views.folding import folded
    from sorapipe.views.ink import paint

    wide = width() if sys.stdout.isatty() else sys.maxsize
    marks = {"ok": ("✓", "green"), "note": ("·", "yellow"), "bad": ("✗", "red")}
    for finding in findings:
        mark, colour = marks[finding.level]
        text = folded(escape(finding.text), wide, _TEXT)
        click.echo(f"{paint(mark, colour, stream=sys.stdout)} {finding.name:11} {text}")
        if finding.hint:
            hint = folded(finding.hint, wide, _TEXT + len("hint: "))
            click.echo(f"{'':{_TEXT}}{paint('hint:', 'cyan', stream=sys.stdout)} {hint}")
