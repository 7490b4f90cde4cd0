"""From a profile to somebody who answers: its address, its key, its process where it is embedded; knows no plan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.secrets import how_to_set, secret
from sorapipe.providers.key import Key
from sorapipe.providers.profile import Profile
from sorapipe.storyboard.diagnostics import Diagnostic, Severity

if TYPE_CHECKING:
    from sorapipe.providers.client import HttpProvider


def need_address(profile: Profile) -> None:
    """Raises `Expected` (2) for a profile without an address, with the file to write."""
    note = without_address(profile)
    if note is not None:
        raise Expected(Exit.USAGE, note.message, note.hint)


def without_address(profile: Profile) -> Diagnostic | None:
    """What is to be said of a profile without an address, with the file to write; `None` where there is somebody."""
    if profile.base_url is not None or profile.embedded:
        return None
    text = f"`{profile.name}` has no address, so nothing can be sent"
    return Diagnostic(Severity.NOTE, "no-address", text, None, addressed(profile))


def addressed(profile: Profile) -> str:
    """What to write so that a profile without an address gets one."""
    from sorapipe.providers.profiles import is_shipped
    from sorapipe.state.workspace import config_dir

    if not is_shipped(profile):
        return f"write it into {profile.path}:\n\n    base_url: https://api.example.org"
    return (
        f"write {config_dir() / 'providers' / 'house.yaml'}, and then `--provider house`:\n"
        f"\n    extends: {profile.name}"
        "\n    base_url: https://api.example.org   # of your gateway or server"
        "\n    key_env: HOUSE_API_KEY              # the variable with its key; leave it out where none is asked"
        "\n    currency: USD"
        f'\n    models: {{{profile.capabilities.default_model}: {{price: {{amount: "0.15", per: clip}}}}}}   '
        "# as on your price list"
    )


def need_key(profile: Profile) -> Key | None:
    """The key from the variable that the profile names, or from the file of keys.

    Raises `Expected`: 6 without one, 2 where there is nobody to send it to.
    """
    need_address(profile)
    if profile.key_env is None:
        return None
    text = secret(profile.key_env)
    try:
        return Key((text or "").strip())
    except ValueError as error:
        why = "is not set" if text is None else str(error)
        message = f"`{profile.name}` needs a key, and `{profile.key_env}` {why}"
        raise Expected(Exit.AUTHENTICATION, message, how_to_set(profile.key_env)) from None


@contextmanager
def reached(profile: Profile, key: Key | None) -> Iterator[HttpProvider]:
    """The provider, ready to be asked; an embedded one is started and ends with this."""
    from sorapipe.cli.embedded import serving
    from sorapipe.providers.client import HttpProvider

    with ExitStack() as connections:
        there = profile.at(connections.enter_context(serving())) if profile.embedded else profile
        yield connections.enter_context(HttpProvider(there, key))
