"""`sorapipe providers`: lists the providers, explains one, or asks one what it can do; never shows a key."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from sorapipe.cli.completion import ProviderWord
from sorapipe.cli.failures import Exit, Expected, Quit
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import json_option, print_json
from sorapipe.cli.secrets import has

if TYPE_CHECKING:
    from datetime import date

    from sorapipe.providers.profile import Profile
    from sorapipe.providers.profiles import Listed


@click.command(
    "providers",
    cls=VerbCommand,
    short_help="List the providers and what they can do.",
    help="List the providers. `show` explains one: address, key, fields, characters, models, prices, ends. `check` "
    "asks it what costs nothing (key, balance, list) and says what differs from its profile; it ends with 6 when the "
    "key is refused and with 10 when nobody answers.",
    examples=(
        ("sorapipe providers", "all of them"),
        ("sorapipe providers show simulator", "one"),
        ("sorapipe providers check simulator", "talk to one, without spending"),
        ("sorapipe providers show simulator --json", "as data"),
    ),
)
@click.argument("words", nargs=-1, type=ProviderWord(), metavar="[show NAME | check NAME]")
@json_option
def command(words: tuple[str, ...], as_json: bool) -> None:
    """Lists, explains or asks."""
    what = words[0] if words and words[0] in _WHAT else None
    names = words[1:] if what else words
    if len(names) > 1 and what is None:
        near = get_close_matches(names[0], _WHAT, 1)
        raise Expected(
            Exit.USAGE, f"nothing to do is called `{names[0]}`",
            f"did you mean `sorapipe providers {near[0] if near else 'show'} {names[1]}`?",
        )  # fmt: skip
    if len(names) > 1:
        raise Expected(Exit.USAGE, "one provider at a time", f"`sorapipe providers {what or 'show'} {names[0]}`")
    if what in {"show", "check"} and not names:
        raise Expected(Exit.USAGE, f"`{what}` wants a name", "`sorapipe providers` lists them")
    if not names:
        _list(as_json)
    elif what == "check":
        from sorapipe.cli.provider_check import check

        check(profile_named(names[0]), as_json)
    else:
        _show(profile_named(names[0]), as_json)


_WHAT = ("show", "check", "list")


def profile_named(name: str) -> Profile:
    """The profile of that name. Raises `Quit` (3) after saying all that is wrong with it."""
    from sorapipe.cli.production import show
    from sorapipe.providers.profiles import load_profile
    from sorapipe.state.workspace import config_dir

    found = load_profile(name, config_dir())
    show(found.diagnostics, found.sources)
    if found.profile is None:
        raise Quit(Exit.REFUSED)
    return found.profile


def _show(profile: Profile, as_json: bool) -> None:
    from sorapipe.cli.provider_words import profile_data, profile_lines

    if as_json:
        print_json(profile_data(profile))
    else:
        click.echo("\n".join(profile_lines(profile)))


def _list(as_json: bool) -> None:
    from sorapipe.providers.profiles import load_profile, names
    from sorapipe.state.workspace import config_dir

    rows = [(listed, load_profile(listed.name, config_dir()).profile) for listed in names(config_dir())]
    if as_json:
        print_json([_listed_data(listed, profile) for listed, profile in rows])
        return
    width = max((len(listed.name) for listed, _ in rows), default=0)
    states = max((len(_state(profile)) for _, profile in rows), default=0)
    for listed, profile in rows:
        about = profile.about or "" if profile else "can't be used: `sorapipe providers show` says why"
        own = "" if listed.shipped else "yours, " if about else "yours"
        click.echo(f"{listed.name:{width}}  {_state(profile):{states}}  {own}{about}".rstrip())
    click.echo(f"\nyour own go into {config_dir() / 'providers'}/NAME.yaml", err=True)


def ended(profile: Profile) -> date | None:
    """The day on which the last of its models ended; `None` while one can be had."""
    from datetime import date

    ends = [model.ends for model in profile.capabilities.models.values()]
    days = [day for day in ends if day is not None and day <= date.today()]
    return max(days) if days and len(days) == len(ends) else None


def _state(profile: Profile | None) -> str:
    """Whether a run could begin, in one column."""
    if profile is None:
        return "broken"
    over = ended(profile)
    if over is not None:
        return f"ended {over}"
    if profile.base_url is None and not profile.embedded:
        return "to extend"
    if profile.key_env is None:
        return "ready"
    return "key is set" if has(profile.key_env) else "key not set"


def _text(day: date | None) -> str | None:
    return str(day) if day is not None else None


def _listed_data(listed: Listed, profile: Profile | None) -> dict[str, object]:
    return {
        "name": listed.name,
        "shipped": listed.shipped,
        "path": None if listed.shipped else str(listed.path),
        "about": profile.about if profile else None,
        "usable": profile is not None,
        "ended": _text(ended(profile)) if profile else None,
        "key_env": profile.key_env if profile else None,
        "key_is_set": bool(profile and profile.key_env and has(profile.key_env)),
    }
