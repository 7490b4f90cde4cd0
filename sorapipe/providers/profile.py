"""A provider as data, ready to use; knows neither the YAML it came from nor how anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from sorapipe.planning.capabilities import Capabilities
from sorapipe.providers.addresses import checked_base_url


class Pictures(StrEnum):
    """How a local picture reaches the provider: as a part of the request, inside its JSON, or uploaded first."""

    FILE = "file"
    DATA_URL = "data-url"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class Limits:
    """What the provider bears: `creates` per `window` seconds, tasks at a time, downloads at a time."""

    creates: int
    window: float
    in_flight: int
    downloads: int


@dataclass(frozen=True, slots=True)
class Features:
    """What the provider can do besides. `metadata_echo` is `None` where nobody knows; `url_lifetime` in seconds."""

    list: bool
    metadata_echo: bool | None
    range: bool
    credits: bool
    url_lifetime: float | None


@dataclass(frozen=True, slots=True)
class Profile:
    """One provider.

    `base_url` has no slash at its end; it is `None` for an `embedded` server until that has been started, and for a
    profile that is only there to be extended.
    `key_env` names the variable that holds the key, `None` means that no key is asked; `webhook_key_env` the one with
    the secret that signs callbacks. `wire` says what the provider calls a model, by model and kind of order (`text`,
    `image`, `character`, `character_task`), `wire_sizes` what it calls a size, by model and size. `pictures` is `None`
    where local pictures can't be sent. `verify_seconds` is how far a clip's length may differ from what was asked.
    `path` is the file that the profile was read from.
    """

    name: str
    about: str | None
    path: str
    dialect: str
    base_url: str | None
    key_env: str | None
    embedded: bool
    pictures: Pictures | None
    wire: Mapping[str, Mapping[str, str]]
    wire_sizes: Mapping[str, Mapping[str, str]]
    webhook_key_env: str | None
    limits: Limits
    features: Features
    verify_seconds: Decimal
    capabilities: Capabilities

    def wire_name(self, model: str, kind: str = "text") -> str:
        """What the provider calls `model` in an order of this kind; its own name where the profile says nothing."""
        names = self.wire.get(model, {})
        return names.get(kind) or names.get("text") or model

    def own_name(self, model: str, kind: str) -> str | None:
        """What the profile says the provider calls `model` in just this kind of order, `None` where it says nothing."""
        return self.wire.get(model, {}).get(kind) or None

    def wire_size(self, model: str, size: str) -> str | None:
        """What the provider calls a size, `None` where the profile says nothing."""
        return self.wire_sizes.get(model, {}).get(size)

    def at(self, base_url: str) -> Profile:
        """The same provider at another address. Raises `ValueError` for one that keys must not be sent to."""
        return replace(self, base_url=checked_base_url(base_url))
