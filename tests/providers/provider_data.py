"""A profile and an order to build on; the tests say only what matters to them."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

from sorapipe.planning.capabilities import Capabilities, Casting, CharacterWay, Model
from sorapipe.providers.base import Order
from sorapipe.providers.dialect import Reply
from sorapipe.providers.profile import Features, Limits, Pictures, Profile

FIELDS = frozenset(
    "prompt model seconds size input_reference watermark private character_create metadata style".split()  # noqa: SIM905
)

CAPABILITIES = Capabilities(
    profile="house",
    account=None,
    currency="credits",
    prices_as_of=None,
    models={"sora-2": Model("sora-2", ("1280x720",), (10, 15), ("comic",), (), 10_000, (), None, None)},
    default_model="sora-2",
    default_size="1280x720",
    default_seconds=10,
    fields=FIELDS,
    characters=CharacterWay.TASK,
    casting=Casting(5),
    image_types=("image/png",),
    in_flight=20,
    minutes=Decimal(3),
    rehearsal=False,
)

PROFILE = Profile(
    name="house",
    about=None,
    path="house.yaml",
    dialect="tasks",
    base_url="https://api.example.org",
    key_env="HOUSE_API_KEY",
    embedded=False,
    pictures=Pictures.DATA_URL,
    wire={},
    wire_sizes={},
    webhook_key_env=None,
    limits=Limits(20, 10, 20, 4),
    features=Features(False, None, True, True, None),
    verify_seconds=Decimal("0.5"),
    capabilities=CAPABILITIES,
)

ORDER = Order(
    model="sora-2",
    prompt="A gull hangs in the wind.",
    seconds=10,
    size="1280x720",
    token="abcdefghij234567abcd",
    metadata="sorapipe:abcdefghij234567abcd",
)


def order(**changes: object) -> Order:
    return replace(ORDER, **changes)  # type: ignore[arg-type]


def profile(**changes: object) -> Profile:
    return replace(PROFILE, **changes)  # type: ignore[arg-type]


def reply(status: int, body: object = b"", **headers: str) -> Reply:
    """Names of headers are written with `_` for `-`."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)
