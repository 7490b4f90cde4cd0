"""`sorapipe lock verify`: checks locks without key, network, clips or books of this machine; writes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import click

from sorapipe.cli.failures import Exit, Quit
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import json_option, print_json, provider_option

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sorapipe.cli.lock_words import Target
    from sorapipe.cli.production import Script
    from sorapipe.planning.capabilities import Capabilities
    from sorapipe.planning.facts import Facts
    from sorapipe.state.proof import Finding, Proof
    from sorapipe.storyboard.diagnostics import Diagnostics
    from sorapipe.storyboard.source import Source

_SAID = {
    "no take": ("has no take yet", "have no take yet"),
    "edit": ("was edited since its take", "were edited since their takes"),
    "practice": ("has a take for practice only", "have takes for practice only"),
    "conflict": ("is picked more than once", "are picked more than once"),
    "cascade": ("begins on a clip that was replaced", "begin on clips that were replaced"),
    "model": ("has a take of another model", "have takes of another model"),
}
"""By what a shot lacks: how it is said of one and of several."""


class _Look(NamedTuple):
    """What one lock comes to. `lacking` is what the storyboard asks for and the lock has not, `refused` what is wrong
    with the storyboard."""

    target: Target
    proof: Proof | None
    lacking: tuple[Finding, ...]
    refused: Diagnostics | None
    sources: Mapping[str, Source]

    @property
    def records(self) -> int:
        """How many the lock has."""
        lock = self.proof.lock if self.proof is not None else None
        return 0 if lock is None else len(lock.attempts) + len(lock.others)

    def findings(self) -> tuple[Finding, ...]:
        return (*(self.proof.findings if self.proof else ()), *self.lacking)

    def code(self, *, strict: bool) -> int:
        if self.proof is not None and not self.proof.sound:
            return Exit.LOCK
        if self.refused is not None:
            return Exit.REFUSED
        return Exit.SOMETHING_TO_DO if strict and self.lacking else Exit.DONE


@click.command(
    "verify",
    cls=VerbCommand,
    short_help="Check locks: every line, every recipe, and against the storyboard.",
    help="Check locks: every line against its digest, every recipe against its own, that what is picked is there, and "
    "what the storyboard asks for today against the takes. Needs no key, network, clip or state folder and "
    "writes nothing. Without words: every storyboard and lock of this folder. Exit 5 when a lock is damaged, has marks "
    "of a conflict or picks what isn't there; 3 when a storyboard can't be read; with --strict 20 when shots have no "
    "take of today's text.",
    examples=(
        ("sorapipe lock verify", "in CI, for each commit"),
        ("sorapipe lock verify skerry.yaml --strict", "also that nothing is left to be rendered"),
        ("sorapipe lock verify skerry.lock --json", "as data"),
    ),
)
@click.argument("words", nargs=-1, type=click.Path(), metavar="[STORYBOARD|LOCK]...")
@click.option("--strict", is_flag=True, help="End with 20 when shots have no current take.")
@json_option
@provider_option
def command(words: tuple[str, ...], strict: bool, as_json: bool, provider: str | None) -> None:
    """Looks at each and shows what was found."""
    from sorapipe.cli.lock_words import targets

    looks = [_look(target, provider) for target in targets(words)]
    if as_json:
        print_json({"v": 1, "locks": [_data(look, strict=strict) for look in looks]})
    else:
        for look in looks:
            _print(look, strict=strict)
    codes = {look.code(strict=strict) for look in looks}
    for code in (Exit.LOCK, Exit.REFUSED, Exit.SOMETHING_TO_DO):
        if code in codes:
            raise Quit(code)


def _look(target: Target, provider: str | None) -> _Look:
    from sorapipe.cli.lock_words import read
    from sorapipe.planning.facts import Facts
    from sorapipe.state.lock import LockUnusable
    from sorapipe.state.proof import ERROR, Finding, Proof, prove

    try:
        data = read(target.lock)
        proof = prove(data) if data is not None else None
    except LockUnusable as error:
        proof = Proof((Finding(ERROR, "lock", 0, error.message, error.hint),), None, None)
    if target.manifest is None:
        return _Look(target, proof, (), None, {})
    known = proof.facts if proof is not None else Facts()
    return _compare(target, proof, known, provider)


def _compare(target: Target, proof: Proof | None, known: Facts | None, provider: str | None) -> _Look:
    """Adds what the storyboard asks for. `known` is `None` where the lock can't be used: then only it is read."""
    from sorapipe.cli.choosing import Words
    from sorapipe.cli.production import Script
    from sorapipe.planning.graph import build
    from sorapipe.state.workspace import Workspace
    from sorapipe.storyboard.load import load

    manifest = target.manifest or target.lock
    workspace = Workspace.open(manifest)
    loaded = load(workspace.manifest, workspace.reader())
    graph = build(loaded.storyboard, loaded.diagnostics) if loaded.storyboard is not None else None
    if loaded.storyboard is None or graph is None:
        return _Look(target, proof, (), loaded.diagnostics, loaded.sources)
    script = Script(Words(manifest, (), ""), workspace, loaded, loaded.storyboard, graph)
    lacking = () if known is None else tuple(_lacking(script, known, target, provider))
    return _Look(target, proof, lacking, None, loaded.sources)


def _lacking(script: Script, known: Facts, target: Target, provider: str | None) -> Iterator[Finding]:
    """What the storyboard asks for today and the lock has not, a finding for each reason."""
    from sorapipe.planning.lacking import lacking
    from sorapipe.planning.recipe import recipes
    from sorapipe.planning.situation import Ground, look
    from sorapipe.state.proof import NOTE, Finding
    from sorapipe.views.words import count, listing

    capabilities = _capabilities(script, provider)
    own = recipes(script.storyboard, script.loaded.assets)
    renders = script.workspace.renders
    outlook = look(Ground(script.storyboard, script.graph, own, known, capabilities, (), renders))
    found = lacking(outlook.situations.values(), rehearsal=capabilities.rehearsal)
    place = {shot.address.canonical: number for number, shot in enumerate(script.storyboard.shots)}
    for reason, situations in found.items():
        labels = [it.shot.label for it in sorted(situations, key=lambda it: place[it.address])]
        said = f"{count(len(labels), 'shot')} {_SAID[reason.value][len(labels) > 1]}: {listing(labels)}"
        yield Finding(NOTE, reason.value, 0, said, f"`sorapipe plan{target.words}` says more")


def _capabilities(script: Script, provider: str | None) -> Capabilities:
    """Of the provider that is meant; one that this machine doesn't know is a real one."""
    from sorapipe.cli.production import DEFAULT_PROVIDER, try_profile
    from sorapipe.providers.profiles import load_profile
    from sorapipe.state.workspace import config_dir
    from sorapipe.storyboard.diagnostics import Diagnostics

    profile, _ = try_profile(script, provider, Diagnostics())
    real = profile is None
    profile = profile or load_profile(DEFAULT_PROVIDER, config_dir()).profile
    if profile is None:
        raise ValueError("BUG: a provider that ships can't be read")
    return replace(profile.capabilities, rehearsal=False) if real else profile.capabilities


def _data(look: _Look, *, strict: bool) -> dict[str, object]:
    from sorapipe.storyboard.diagnostics import as_json, escape

    known = look.proof.facts if look.proof is not None else None
    return {
        "lock": escape(str(look.target.lock)),
        "storyboard": escape(str(look.target.manifest)) if look.target.manifest else None,
        "code": look.code(strict=strict),
        "records": look.records,
        "takes": sum(len(its) for address, its in known.attempts.items() if address[:1] != "@") if known else 0,
        "findings": [
            {
                "level": one.level,
                "code": one.code,
                "line": one.line or None,
                "address": escape(one.address) if one.address else None,
                "message": escape(one.message),
                "hint": _hint(look.target, one),
            }
            for one in look.findings()
        ],
        "diagnostics": as_json(look.refused) if look.refused is not None else [],
    }


def _print(look: _Look, *, strict: bool) -> None:
    from sorapipe.storyboard.diagnostics import escape, render
    from sorapipe.views.words import count

    name = escape(str(look.target.lock))
    for one in look.findings():
        where = name if one.code not in _SAID else escape(str(look.target.manifest))
        level = "error" if strict and one.code in _SAID else one.level
        click.echo(f"{where}:{f'{one.line}:' if one.line else ''} {level}: {escape(one.message)}")
        hint = _hint(look.target, one)
        if hint:
            click.echo(f"\nhint: {hint}\n")
    if look.refused is not None:
        click.echo(render(look.refused, look.sources))
    if look.proof is None:
        if look.lacking:  # a storyboard that only others include has no shots and no lock
            click.echo(f"{name}: not made yet")
    elif look.proof.sound:
        click.echo(f"{name}: {count(look.records, 'record')}, nothing wrong")


def _hint(target: Target, one: Finding) -> str | None:
    """What to do about it."""
    from sorapipe.storyboard.diagnostics import escape

    hint = _way_out(target, one)
    return escape(hint) if hint is not None else None


def _way_out(target: Target, one: Finding) -> str | None:
    from sorapipe.cli.choosing import shell_words
    from sorapipe.cli.lock_words import settle
    from sorapipe.state.proof import RESOLVE, RESTORE

    lock = shell_words([str(target.lock)])
    if one.hint == RESOLVE:
        return f"`sorapipe lock resolve{lock}`"
    if one.hint == RESTORE:
        return f"take it back from git: `git log --{lock}`, then `git checkout COMMIT --{lock}`"
    if one.code == "picks":
        return f"`{settle(target, one.address)}` settles it"
    if one.code in {"no-take", "other-take"}:
        return f"merge that branch, or choose again: `{settle(target, one.address)}`"
    return one.hint
