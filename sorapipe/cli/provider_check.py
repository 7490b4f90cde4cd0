"""`sorapipe providers check`: asks a provider what costs nothing, and holds it against its profile; buys nothing."""

from __future__ import annotations

import sys
from functools import partial
from typing import NamedTuple

import click

from sorapipe.cli.failures import Exit, Quit
from sorapipe.cli.options import print_json
from sorapipe.cli.reach import need_key, reached
from sorapipe.providers.base import Findings
from sorapipe.providers.dialects import DIALECTS
from sorapipe.providers.profile import Profile
from sorapipe.storyboard.diagnostics import escape
from sorapipe.views.ink import paint
from sorapipe.views.words import number


class Difference(NamedTuple):
    """A feature that the profile is wrong about, and what was learnt."""

    text: str
    feature: str
    is_so: bool


def check(profile: Profile, as_json: bool) -> None:
    """Asks, says what was asked and learnt. Ends with 6 when the key was refused and 10 when nobody answered."""
    with reached(profile, need_key(profile)) as provider:
        findings = provider.check()
    wrong = differences(profile, findings)
    if as_json:
        print_json(_data(profile, findings, wrong))
    else:
        click.echo("\n".join(_lines(profile, findings, wrong)))
    if not findings.reachable:
        raise Quit(Exit.TEMPORARY)
    if findings.key is False:
        raise Quit(Exit.AUTHENTICATION)


def differences(profile: Profile, findings: Findings) -> list[Difference]:
    """What the profile says otherwise than the provider. Who refused the key has said nothing about itself."""
    if not findings.reachable or findings.key is False:
        return []
    says, found = profile.features, []
    if findings.list is True and not says.list:
        found.append(Difference("it lists its tasks, and the profile says that it has no list", "list", True))
    if findings.list is False and says.list:
        found.append(Difference("it has no list that can be read, and the profile says that it has one", "list", False))
    if findings.balance is not None and not says.credits:
        found.append(Difference("it tells the balance, and the profile says that it doesn't", "credits", True))
    if findings.balance is None and says.credits and DIALECTS[profile.dialect].credits_request(profile) is not None:
        found.append(Difference("it tells no balance, and the profile says that it does", "credits", False))
    return found


def correction(profile: Profile, wrong: list[Difference]) -> tuple[str, str]:
    """The file to write into, and the lines that make the profile right."""
    from sorapipe.providers.profiles import is_shipped
    from sorapipe.state.workspace import config_dir

    features = ", ".join(f"{one.feature}: {str(one.is_so).lower()}" for one in wrong)
    line = f"features: {{{features}}}"
    if not is_shipped(profile):
        return profile.path, line
    return str(config_dir() / "providers" / f"{profile.name}.yaml"), f"extends: {profile.name}\n{line}"


def _lines(profile: Profile, findings: Findings, wrong: list[Difference]) -> list[str]:
    where = profile.base_url or "a simulator of its own"
    lines = [f"{profile.name}: {where}, dialect {profile.dialect}", ""]
    if not findings.reachable:
        here = where.startswith("http://")  # only ever on this machine
        lines.append(f"  {_mark('bad')} nobody answers{'; is the server started?' if here else ''}")
    else:
        lines += [f"  {_mark(level)} {text}" for level, text in _learnt(profile, findings)]
    lines += [f"  {_mark('note')} {one.text}" for one in wrong]
    if wrong:
        path, text = correction(profile, wrong)
        lines += ["", f"write into {path}:", "", *(f"    {line}" for line in text.splitlines())]
    return [*lines, "", "asked", *(f"  {escape(message)}" for message in findings.messages)]


def _learnt(profile: Profile, findings: Findings) -> list[tuple[str, str]]:
    said = [("ok", "it answers"), _key(profile, findings.key)]
    if findings.key is False:
        return said
    if findings.balance is not None:
        unit = " credits" if profile.capabilities.currency == "credits" else ""
        said.append(("ok", f"balance: {number(findings.balance)}{unit}"))
    elif not profile.features.credits:
        said.append(("ok", "it tells no balance, as the profile says"))
    if findings.list is not None and findings.list == profile.features.list:
        said.append(("ok", f"it has {'a' if findings.list else 'no'} list of tasks, as the profile says"))
    return said


def _key(profile: Profile, key: bool | None) -> tuple[str, str]:
    if profile.key_env is None:
        return "ok", "no key is asked"
    if key is None:
        return "note", f"whether the key in {profile.key_env} is right nobody can tell from what it answers"
    return (
        ("ok", f"the key in {profile.key_env} is taken") if key else ("bad", f"the key in {profile.key_env} is refused")
    )


def _mark(level: str) -> str:
    sign, colour = {"ok": ("✓", "green"), "note": ("·", "yellow"), "bad": ("✗", "red")}[level]
    return partial(paint, stream=sys.stdout)(sign, colour)


def _data(profile: Profile, findings: Findings, wrong: list[Difference]) -> dict[str, object]:
    path, text = correction(profile, wrong) if wrong else (None, None)
    return {
        "name": profile.name,
        "dialect": profile.dialect,
        "base_url": profile.base_url,
        "reachable": findings.reachable,
        "key_env": profile.key_env,
        "key_accepted": findings.key,
        "balance": None if findings.balance is None else f"{findings.balance:f}",
        "list": findings.list,
        "differences": [{"text": one.text, "feature": one.feature, "is": one.is_so} for one in wrong],
        "write": {"path": path, "text": text} if wrong else None,
        "asked": [escape(message) for message in findings.messages],
    }
