"""The models of a profile: sizes, lengths, prices, ends, and what the provider calls them; reads no file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from sorapipe.planning.capabilities import Model, Per, Price
from sorapipe.providers.layers import Layers
from sorapipe.storyboard.diagnostics import Diagnostics
from sorapipe.storyboard.source import Span

_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}")


def read_models(layers: Layers, diagnostics: Diagnostics) -> dict[str, Model]:
    """All models by the name that storyboards use; what is wrong with one is a diagnostic."""
    models = {}
    for name in layers.keys():  # noqa: SIM118
        if not _MODEL.fullmatch(name):
            diagnostics.error("profile-models", f"`{name[:80]}` is not the name of a model", layers.name(name))
            continue
        models[name] = _model(name, layers.below(name), diagnostics)
    return models


def _model(name: str, layers: Layers, diagnostics: Diagnostics) -> Model:
    sizes, seconds = layers.texts("sizes"), layers.wholes("seconds")
    # A profile that narrows the lists of the one it extends need not repeat the prices.
    known = (sizes if layers.together("price", "sizes") else (), seconds if layers.together("price", "seconds") else ())
    prices = tuple(_price(entry, *known, diagnostics) for entry in layers.items("price"))
    characters = tuple(_price(entry, (), (), diagnostics) for entry in layers.items("character_price"))
    if layers.together("wire_sizes", "sizes"):
        named = layers.below("wire_sizes")
        for size in named.keys():  # noqa: SIM118
            one_of(size, sizes, "size", named.name(size), diagnostics)
    return Model(
        name=name,
        sizes=sizes,
        seconds=seconds,
        styles=layers.texts("styles"),
        extra=layers.texts("extra"),
        max_prompt=layers.whole("max_prompt"),
        prices=prices,
        character_price=characters[0] if characters else None,
        ends=read_date(layers, "ends", diagnostics),
    )


def _price(layers: Layers, sizes: tuple[str, ...], seconds: tuple[int, ...], diagnostics: Diagnostics) -> Price:
    size, length = layers.text("size"), layers.whole("seconds")
    if size is not None and sizes:
        one_of(size, sizes, "size", layers.span("size"), diagnostics)
    if length is not None and seconds:
        one_of(str(length), map(str, seconds), "seconds", layers.span("seconds"), diagnostics)
    amount = layers.decimal("amount")
    if amount is None or amount < 0:
        diagnostics.error("profile-price", "`amount` is not an amount of money", layers.span("amount"))
        amount = Decimal(0)
    per = Per.SECOND if layers.text("per") == Per.SECOND else Per.CLIP
    return Price(amount, per, length, size)


def one_of(value: str, known: Iterable[str], what: str, span: Span | None, diagnostics: Diagnostics) -> None:
    """An error unless the model has the value; `what` it is called."""
    words = tuple(known)
    if value not in words:
        listed = ", ".join(f"`{word}`" for word in words)
        diagnostics.error("profile-value", f"the model has no {what} `{value}`", span, hint=f"there are: {listed}")


def wire_names(model: Layers) -> dict[str, str]:
    """What the provider calls a model, by kind of order; one name for all clips is that of orders of words."""
    single = model.text("wire")
    if single:
        return {"text": single}
    names = model.below("wire")
    return {kind: name for kind in names.keys() if (name := names.text(kind))}  # noqa: SIM118


def wire_sizes(model: Layers) -> dict[str, str]:
    """What the provider calls the sizes of a model, by size."""
    names = model.below("wire_sizes")
    return {size: name for size in names.keys() if (name := names.text(size))}  # noqa: SIM118


def read_date(layers: Layers, key: str, diagnostics: Diagnostics) -> date | None:
    """A day, `None` where none is written."""
    text = layers.text(key)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        diagnostics.error("profile-date", f"`{text}` is not a date", layers.span(key), hint=f"{key}: 2026-11-01")
        return None
