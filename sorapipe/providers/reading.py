"""From a profile's merged mappings to a `Profile`: defaults, and what no schema can check; reads no file."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from sorapipe.planning.capabilities import Capabilities, CharacterWay, Model
from sorapipe.providers.addresses import checked_base_url
from sorapipe.providers.dialect import Dialect
from sorapipe.providers.dialects import DIALECTS
from sorapipe.providers.layers import Layers
from sorapipe.providers.models import one_of, read_date, read_models, wire_names, wire_sizes
from sorapipe.providers.profile import Features, Limits, Pictures, Profile
from sorapipe.storyboard.diagnostics import Diagnostics, did_you_mean

CREATES, WINDOW, IN_FLIGHT, DOWNLOADS = 20, 10, 20, 4
MINUTES = Decimal(3)
VERIFY = Decimal("0.5")
IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp")
_NEEDED = frozenset({"prompt", "model", "seconds", "size"})
_PICTURE_FIELDS = frozenset({"input_reference", "last_frame"})
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_WAYS = frozenset(way.value for way in CharacterWay)


def build(name: str, path: str, layers: Layers, diagnostics: Diagnostics) -> Profile | None:
    """The profile, or `None` with errors in `diagnostics`: all of them, also in mappings that the schema refused."""
    dialect = _dialect(layers, diagnostics)
    base_url = _base_url(layers, diagnostics)
    key_env = _variable(layers, "key_env", diagnostics)
    webhook_key_env = _variable(layers, "webhook_key_env", diagnostics)
    pictures = _pictures(layers, dialect, diagnostics) if dialect is not None else None
    capabilities = _capabilities(name, layers, dialect, pictures, diagnostics)
    if capabilities is None or diagnostics.has_errors:
        return None
    models = layers.below("models")
    return Profile(
        name=name,
        about=_about(layers.nearest()),
        path=path,
        dialect=layers.text("dialect") or "",
        base_url=base_url,
        key_env=key_env,
        embedded=layers.flag("embedded", False),
        pictures=pictures,
        wire={model: wire_names(models.below(model)) for model in capabilities.models},
        wire_sizes={model: wire_sizes(models.below(model)) for model in capabilities.models},
        webhook_key_env=webhook_key_env,
        limits=_limits(layers.below("limits")),
        features=_features(layers.below("features")),
        verify_seconds=layers.below("verify").decimal("seconds") or VERIFY,
        capabilities=capabilities,
    )


def _about(own: Layers) -> str | None:
    """What a profile says of itself. What is said of the one that it extends is said of another."""
    base = own.text("extends")
    return own.text("about") or (f"extends {base}" if base else None)


def _dialect(layers: Layers, diagnostics: Diagnostics) -> Dialect | None:
    name = layers.text("dialect")
    if name is not None and name in DIALECTS:
        return DIALECTS[name]
    known = ", ".join(f"`{dialect}`" for dialect in sorted(DIALECTS))
    message = "`dialect` is missing" if name is None else f"no dialect `{name}`"
    diagnostics.error("profile-dialect", message, layers.span("dialect"), hint=f"there are: {known}")
    return None


def _base_url(layers: Layers, diagnostics: Diagnostics) -> str | None:
    """`None` for a profile that has none: it may be embedded, or there to be extended."""
    text = layers.text("base_url")
    if text is None:
        return None
    try:
        return checked_base_url(text)
    except ValueError as error:
        if "@" in text:
            _unshown(layers, "base_url", f"`base_url` {error}", diagnostics)
        else:
            diagnostics.error("base-url", f"`base_url` {error}", layers.span("base_url"))
        return None


def _variable(layers: Layers, key: str, diagnostics: Diagnostics) -> str | None:
    name = layers.text(key)
    if name is None or _VARIABLE.fullmatch(name):
        return name
    _unshown(layers, key, f"`{key}` is the name of an environment variable, not the key itself", diagnostics)
    return None


def _unshown(layers: Layers, key: str, message: str, diagnostics: Diagnostics) -> None:
    """An error about a line that may hold a secret: its place is named and its text is not."""
    span = layers.span(key)
    where = f"{span.place.file}, line {span.place.line}: " if span is not None else ""
    diagnostics.error("profile-secret", where + message, hint=f"{key}: …  (what stands there is not shown)")


def _pictures(layers: Layers, dialect: Dialect, diagnostics: Diagnostics) -> Pictures | None:
    text = layers.text("images")
    if text is None:
        return None
    if text in {way.value for way in dialect.PICTURES}:
        return Pictures(text)
    ways = ", ".join(f"`{way}`" for way in sorted(dialect.PICTURES))
    message = f"dialect `{layers.text('dialect')}` has no `images: {text}`"
    diagnostics.error("profile-images", message, layers.span("images"), hint=f"there are: {ways}")
    return None


def _limits(layers: Layers) -> Limits:
    return Limits(
        creates=layers.whole("creates") or CREATES,
        window=float(layers.decimal("window") or WINDOW),
        in_flight=layers.whole("in_flight") or IN_FLIGHT,
        downloads=layers.whole("downloads") or DOWNLOADS,
    )


def _features(layers: Layers) -> Features:
    lifetime = layers.decimal("url_lifetime")
    return Features(
        list=layers.flag("list", False),
        metadata_echo={"true": True, "false": False}.get(str(layers.get("metadata_echo")).lower()),
        range=layers.flag("range", True),
        credits=layers.flag("credits", True),
        url_lifetime=None if lifetime is None else float(lifetime),
    )


def _capabilities(
    name: str, layers: Layers, dialect: Dialect | None, pictures: Pictures | None, diagnostics: Diagnostics
) -> Capabilities | None:
    models = read_models(layers.below("models"), diagnostics)
    if not models:
        hint = "models: {sora-2: {sizes: [1280x720], seconds: [10]}}"
        message = "`models` is missing: a provider has at least one"
        diagnostics.error("profile-models", message, layers.span("models"), hint=hint)
    defaults = _defaults(layers, models, diagnostics) if models else None
    as_of = read_date(layers, "prices_as_of", diagnostics)
    if dialect is None:
        return None
    way = _character_way(layers, dialect, diagnostics)
    fields = _fields(layers.below("fields"), dialect, diagnostics)
    if defaults is None or way is None:
        return None
    if pictures is None:
        fields -= _PICTURE_FIELDS
    if any(model.extra for model in models.values()) and "extra" in dialect.OPTIONAL:
        fields |= {"extra"}
    most = layers.whole("max_characters")
    return Capabilities(
        profile=name,
        account=layers.text("account"),
        currency=layers.text("currency") or "credits",
        prices_as_of=as_of,
        models=models,
        default_model=defaults[0].name,
        default_size=defaults[1],
        default_seconds=defaults[2],
        fields=fields,
        characters=way,
        casting=dialect.CHARACTERS[way] if most is None else replace(dialect.CHARACTERS[way], most=most),
        image_types=(layers.texts("image_types") or IMAGE_TYPES) if pictures is not None else (),
        in_flight=layers.below("limits").whole("in_flight") or IN_FLIGHT,
        minutes=layers.decimal("minutes") or MINUTES,
        rehearsal=layers.flag("rehearsal", False),
    )


def _defaults(layers: Layers, models: dict[str, Model], diagnostics: Diagnostics) -> tuple[Model, str, int] | None:
    """What is sent where a storyboard says nothing: as the profile says, else the first of each list."""
    given = layers.below("defaults")
    name = given.text("model") or next(iter(models))
    if name not in models:
        guess = did_you_mean(name, models)
        hint = f"did you mean `{guess}`?" if guess else "there are: " + ", ".join(f"`{model}`" for model in models)
        diagnostics.error("profile-defaults", f"no model `{name}`", given.span("model"), hint=hint)
        return None
    model = models[name]
    size = given.text("size") or next(iter(model.sizes), None)
    seconds = given.whole("seconds") or next(iter(model.seconds), None)
    if size is None or seconds is None:
        key = "size" if size is None else "seconds"
        message = f"`defaults` has no `{key}`, and the model `{name}` lists none"
        diagnostics.error("profile-defaults", message, given.span() or layers.span())
        return None
    one_of(size, model.sizes or (size,), "size", given.span("size"), diagnostics)
    one_of(str(seconds), map(str, model.seconds or (seconds,)), "seconds", given.span("seconds"), diagnostics)
    return model, size, seconds


def _character_way(layers: Layers, dialect: Dialect, diagnostics: Diagnostics) -> CharacterWay | None:
    text = layers.text("characters") or CharacterWay.NONE.value
    way = CharacterWay(text) if text in _WAYS else None
    if way in dialect.CHARACTERS:
        return way
    ways = ", ".join(f"`{known}`" for known in dialect.CHARACTERS)
    message = f"dialect `{layers.text('dialect')}` has no `characters: {text}`"
    diagnostics.error("profile-characters", message, layers.span("characters"), hint=f"there are: {ways}")
    return None


def _fields(layers: Layers, dialect: Dialect, diagnostics: Diagnostics) -> frozenset[str]:
    """What the dialect always takes, and what this provider takes or refuses besides."""
    optional = dialect.OPTIONAL - {"extra"}
    fields = set(dialect.FIELDS)
    for name in layers.keys():  # noqa: SIM118
        wanted = layers.flag(name, True)
        if name not in dialect.FIELDS | optional:
            guess = did_you_mean(name, dialect.FIELDS | optional)
            hint = f"did you mean `{guess}`?" if guess else f"names of its own go into a model's `extra: [{name}]`"
            diagnostics.error("profile-fields", f"the dialect has no field `{name}`", layers.name(name), hint=hint)
        elif name in _NEEDED and not wanted:
            diagnostics.error("profile-fields", f"every provider takes a `{name}`", layers.name(name))
        elif wanted:
            fields.add(name)
        else:
            fields.discard(name)
    return frozenset(fields)
