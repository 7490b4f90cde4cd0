"""`sorapipe providers`: lists the providers and explains one; sends nothing and never shows a key."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from sorapipe.cli.completion import ProviderWord
from sorapipe.cli.failures import Exit, Expected, Quit
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.options import json_option, print_json

if TYPE_CHECKING:
    from datetime import date

    from sorapipe.planning.capabilities import Model, Price
    from sorapipe.providers.profile import Profile
    from sorapipe.providers.profiles import Listed


@click.command(
    "providers",
    cls=VerbCommand,
    short_help="List the providers and what they can do.",
    help="List the providers, or explain one: models, sizes, seconds, prices, and the variable that holds its key.",
    examples=(
        ("sorapipe providers", "all of them"),
        ("sorapipe providers show simulator", "one"),
        ("sorapipe providers show simulator --json", "as data"),
    ),
)
@click.argument("words", nargs=-1, type=ProviderWord(), metavar="[show NAME]")
@json_option
def command(words: tuple[str, ...], as_json: bool) -> None:
    """Lists or explains."""
    names = [word for word in words if word not in {"show", "list"}]
    if len(names) > 1:
        raise Expected(Exit.USAGE, "one provider at a time", f"`sorapipe providers show {names[0]}`")
    if names:
        _show(names[0], as_json)
    elif "show" in words:
        raise Expected(Exit.USAGE, "`show` wants a name", "`sorapipe providers` lists them")
    else:
        _list(as_json)


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
        where = "" if listed.shipped else f" ({listed.path})"
        click.echo(f"{listed.name:{width}}  {_state(profile):{states}}  {about}{where}".rstrip())
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
    if profile.key_env is None:
        return "ready"
    return "key is set" if os.environ.get(profile.key_env) else "no key"


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
        "key_is_set": bool(profile and profile.key_env and os.environ.get(profile.key_env)),
    }


def _show(name: str, as_json: bool) -> None:
    from sorapipe.cli.production import show
    from sorapipe.providers.profiles import load_profile
    from sorapipe.state.workspace import config_dir

    found = load_profile(name, config_dir())
    show(found.diagnostics, found.sources)
    if found.profile is None:
        raise Quit(Exit.REFUSED)
    if as_json:
        print_json(_data(found.profile))
    else:
        click.echo("\n".join(_lines(found.profile)))


def _lines(profile: Profile) -> list[str]:
    from sorapipe.views.words import wait

    able, bears = profile.capabilities, profile.limits
    facts = [
        ("what", profile.about or ""),
        ("profile", profile.path),
        ("address", profile.base_url or "started by sorapipe when a run needs it"),
        ("key", _key_words(profile)),
        ("speaks", profile.dialect),
        ("characters", f"{able.characters.value}, up to {able.casting.most} in a shot"),
        ("prices", f"in {able.currency}" + (f", as of {able.prices_as_of}" if able.prices_as_of else "")),
        ("a clip takes", wait(able.minutes)),
        ("at a time", f"{bears.in_flight} tasks, {bears.creates} creates in {bears.window:g} s"),
        ("understands", ", ".join(sorted(able.fields))),
    ]  # fmt: skip
    lines = [profile.name, ""] + [f"  {name:13} {text}" for name, text in facts if text]
    for model in able.models.values():
        lines += ["", f"  {model.name}" + (" (default)" if model.name == able.default_model else "")]
        lines += [f"    {name:11} {text}" for name, text in _model(model, able.currency) if text]
    return lines


def _key_words(profile: Profile) -> str:
    if profile.key_env is None:
        return "none is asked"
    there = "is set" if os.environ.get(profile.key_env) else "is not set"
    return f"in the environment variable {profile.key_env}, which {there}"


def _model(model: Model, currency: str) -> list[tuple[str, str]]:
    return [
        ("sizes", ", ".join(model.sizes) or "any"),
        ("seconds", ", ".join(map(str, model.seconds)) or "any"),
        ("styles", ", ".join(model.styles)),
        ("extra", ", ".join(model.extra)),
        ("price", "; ".join(_price(price, currency) for price in model.prices) or "not known"),
        ("character", _price(model.character_price, currency) if model.character_price else ""),
        ("ends", str(model.ends or "")),
    ]


def _price(price: Price, currency: str) -> str:
    from sorapipe.views.words import money

    narrow = [f"{price.seconds} s" if price.seconds else "", price.size or ""]
    where = " ".join(part for part in narrow if part)
    return f"{money(price.amount, currency)} a {price.per.value}" + (f" of {where}" if where else "")


def _data(profile: Profile) -> dict[str, object]:
    able = profile.capabilities
    return {
        "name": profile.name,
        "about": profile.about,
        "path": profile.path,
        "dialect": profile.dialect,
        "base_url": profile.base_url,
        "embedded": profile.embedded,
        "rehearsal": able.rehearsal,
        "key_env": profile.key_env,
        "key_is_set": bool(profile.key_env and os.environ.get(profile.key_env)),
        "currency": able.currency,
        "prices_as_of": str(able.prices_as_of) if able.prices_as_of else None,
        "characters": able.characters.value,
        "fields": sorted(able.fields),
        "default_model": able.default_model,
        "models": {
            model.name: {
                "sizes": model.sizes,
                "seconds": model.seconds,
                "styles": model.styles,
                "extra": model.extra,
                "prices": [{"amount": f"{p.amount:f}", "per": p.per.value, "seconds": p.seconds, "size": p.size}
                           for p in model.prices],
                "ends": str(model.ends) if model.ends else None,
            }
            for model in able.models.values()
        },
    }  # fmt: skip
