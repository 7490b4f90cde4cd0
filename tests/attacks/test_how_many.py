"""How many attacks there are as data, and that each area of what is not trusted has its own."""

from __future__ import annotations

import pytest
from attacks.hostile_data import areas

AREAS = areas()
COUNT = sum(map(len, AREAS.values()))
LEAST = {
    "manifest: yaml": 20,
    "manifest: template": 30,
    "manifest: name": 20,
    "manifest: file": 20,
    "manifest: money": 10,
    "manifest: number": 10,
    "manifest: spend": 6,
    "addresses": 40,
    "redirects": 10,
    "base_urls": 20,
    "providers": 12,
    "tasks": 12,
    "locks": 40,
    "shown": 12,
    "markup": 10,
    "tables": 10,
}


@pytest.mark.parametrize("count", [COUNT], ids=[f"{COUNT}-attacks-as-data"])
def test_there_are_many(count: int) -> None:
    assert count >= 320
    assert AREAS.keys() == LEAST.keys()
    assert {name: len(rules) for name, rules in AREAS.items() if len(rules) < LEAST[name]} == {}


def test_each_is_refused_by_a_rule_that_has_a_name() -> None:
    assert [name for name, rules in AREAS.items() if not all(rules)] == []
    assert len({rule for rules in AREAS.values() for rule in rules}) > 50
