"""Callbacks of providers, as a person orders them: the options, what is wrong with them, and listening."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.secrets import secret

if TYPE_CHECKING:
    from sorapipe.engine.run import Listen
    from sorapipe.providers.profile import Profile

HERE = "127.0.0.1"
_HIGHEST_PORT = 65535
_LONGEST_URL = 2000
F = TypeVar("F", bound=Callable[..., Any])


class Callbacks(NamedTuple):
    """`url` is named in every order, `listen` are host and port where hints are heard; `None`: not at all."""

    url: str | None = None
    listen: tuple[str, int] | None = None


NO_CALLBACKS = Callbacks()


class WebAddress(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic from click 8.4 on
    """An address that a provider can post to."""

    name = "url"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from urllib.parse import urlsplit

        text = str(value)
        try:
            parts = urlsplit(text)
            right = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
            right = right and parts.port != 0 and not parts.fragment
        except ValueError:
            right = False
        if not right or len(text) > _LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text:
            self.fail(f"`{text}` is no address to call back: write one such as `https://example.org/hook`", param, ctx)
        return text


class HostAndPort(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic from click 8.4 on
    """Where to listen: `HOST:PORT`, or `PORT` of this machine alone."""

    name = "address"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        host, _, port = str(value).rpartition(":")
        host = host.removeprefix("[").removesuffix("]") or HERE
        plain = host.isascii() and host.isprintable() and " " not in host and "/" not in host
        if not (plain and port.isascii() and port.isdigit() and int(port) <= _HIGHEST_PORT):
            self.fail(f"`{value}` is nothing to listen at: write `{HERE}:8700`", param, ctx)
        return host, int(port)


def callback_options(verb: F) -> F:
    """What a run asks about callbacks."""
    for option in (
        click.option("--listen", type=HostAndPort(), metavar="HOST:PORT",
                     help="Hear here that a job has ended, and fetch its clip at once."),
        click.option("--callback-url", type=WebAddress(), metavar="URL",
                     help="Where the provider calls: an address that leads to --listen."),
    ):  # fmt: skip
        verb = option(verb)
    return verb


def check_callbacks(profile: Profile, callbacks: Callbacks) -> None:
    """Raises `Expected` (2) where the provider can't call anybody back."""
    from sorapipe.providers.dialects import DIALECTS

    if callbacks.url is None or DIALECTS[profile.dialect].CALLBACKS:
        return
    raise Expected(
        Exit.USAGE,
        f"`{profile.name}` speaks the dialect {profile.dialect}, which has no callbacks",
        "leave `--callback-url` out: sorapipe asks how each job is anyway",
    )


@contextmanager
def heard(profile: Profile, callbacks: Callbacks, hint: Callable[[str], None], listen: Listen) -> Iterator[None]:
    """Hears callbacks as long as the context lasts, and says where. Raises `Expected` (2) for an address that can't be
    had."""
    if callbacks.listen is None:
        yield
        return
    from sorapipe.engine.events import Said
    from sorapipe.engine.listen import Hearing, hearing

    host, port = callbacks.listen
    secret = _secret(profile)
    with ExitStack() as open_things:
        try:
            url = open_things.enter_context(hearing(Hearing(host, port, hint, secret)))
        except OSError as error:
            text = f"`--listen {host}:{port}`: {error.strerror or error}"
            raise Expected(Exit.USAGE, text, "choose another port, or leave `--listen` out") from None
        listen(Said(f"callbacks are heard at {url}, {_who(host, profile, secret)}"))
        yield


def _who(host: str, profile: Profile, secret: bytes | None) -> str:
    from sorapipe.providers.addresses import is_loopback

    reach = "from this machine only" if is_loopback(host) else "from everywhere that this machine can be reached from"
    if secret is not None:
        return f"{reach}, signed with `{profile.webhook_key_env}`"
    return f"{reach}, unsigned"


def _secret(profile: Profile) -> bytes | None:
    text = secret(profile.webhook_key_env) if profile.webhook_key_env else None
    return text.encode("utf-8", "surrogateescape") if text else None
