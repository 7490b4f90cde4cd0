"""`sorapipe credits`: asks a provider for the balance; buys nothing and reads no lock."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import click

from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import json_option, print_json, provider_option, words_argument

if TYPE_CHECKING:
    from sorapipe.providers.client import HttpProvider
    from sorapipe.providers.profile import Profile


@click.command(
    "credits",
    cls=VerbCommand,
    short_help="Ask the provider for the balance.",
    help="Ask the provider for the balance, in its own unit. One that tells none is no error; it ends with 6 "
    "when the key is refused and with 10 when nobody answers.",
    examples=(
        ("sorapipe credits", "at the provider of the storyboard in this folder"),
        ("sorapipe credits --provider simulator", "at another"),
        ("sorapipe credits skerry.yaml --json", "as data"),
    ),
)
@words_argument("[STORYBOARD]")
@json_option
@provider_option
def command(words: tuple[str, ...], as_json: bool, provider: str | None) -> None:
    """Asks and says."""
    from sorapipe.cli.choosing import is_storyboard
    from sorapipe.cli.chosen import provider_name
    from sorapipe.cli.providers import profile_named

    other = next((word for word in words if not is_storyboard(word)), None)
    if other is not None:
        raise Expected(
            Exit.USAGE, f"`{other}` is not a storyboard", f"for a provider: `sorapipe credits --provider {other}`"
        )
    profile = profile_named(provider_name(words, provider))
    balance = _balance(profile)
    if as_json:
        print_json(_data(profile, balance))
    elif balance is None:
        click.echo(f"{profile.name} tells no balance", err=True)
    else:
        click.echo(_words(profile, balance))


def _balance(profile: Profile) -> Decimal | None:
    """The balance, `None` from a provider that never tells one. Raises `Expected` where it should and didn't."""
    from sorapipe.cli.reach import need_address, need_key, reached
    from sorapipe.providers.dialects import DIALECTS

    need_address(profile)
    if DIALECTS[profile.dialect].credits_request(profile) is None:
        return None
    with reached(profile, need_key(profile)) as provider:
        balance = provider.credits()
        if balance is None:
            raise _why(profile, provider)
        return balance


def _why(profile: Profile, provider: HttpProvider) -> Expected:
    """What is the matter where no balance came: asked once more, in detail."""
    findings = provider.check()
    told = next(iter(findings.messages), "")
    if not findings.reachable:
        return Expected(Exit.TEMPORARY, f"`{profile.name}` does not answer", told or None)
    if findings.key is False:
        return Expected(
            Exit.AUTHENTICATION, f"`{profile.name}` refuses the key in `{profile.key_env}`",
            f"`sorapipe providers check {profile.name}` says what was asked",
        )  # fmt: skip
    return Expected(
        Exit.TEMPORARY, f"`{profile.name}` did not tell its balance: {told}",
        f"`sorapipe providers check {profile.name}` says more",
    )  # fmt: skip


def _words(profile: Profile, balance: Decimal) -> str:
    from sorapipe.views.words import number

    account = f" ({profile.capabilities.account})" if profile.capabilities.account else ""
    unit = " credits" if profile.capabilities.currency == "credits" else ""
    return f"{number(balance)}{unit} at {profile.name}{account}"


def _data(profile: Profile, balance: Decimal | None) -> dict[str, object]:
    return {
        "provider": profile.name,
        "account": profile.capabilities.account,
        "balance": None if balance is None else f"{balance:f}",
    }
