"""Providers that repeat the key in their answers, as each language that writes JSON would write it."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from sorapipe.providers import tasks
from sorapipe.providers.base import Refused
from sorapipe.providers.dialect import Reply
from sorapipe.providers.key import Key

KEY = 'sk/ab+cd<ef&gh"ij\\kl==0123'
PLAIN = "sk-very-secret-0123456789"
WRITTEN: dict[str, Callable[[str], str]] = {
    "as it is": json.dumps,
    "with slashes escaped": lambda key: json.dumps(key).replace("/", "\\/"),
    "safe for web pages": lambda key: json.dumps(key).replace("<", "\\u003c").replace("&", "\\u0026"),
    "all in numbers": lambda key: '"' + "".join(f"\\u{ord(letter):04X}" for letter in key) + '"',
    "inside a string of JSON": lambda key: json.dumps(json.dumps({"m": key}).replace("/", "\\/")),
    "inside an address": lambda key: json.dumps("https://cdn.invalid/?token=" + quote(key, safe="")),
}


@pytest.mark.parametrize("key", [KEY, PLAIN])
@pytest.mark.parametrize("way", WRITTEN)
def test_a_key_that_comes_back_is_cut_out_however_it_is_written(way: str, key: str) -> None:
    body = f'{{"code": 401, "message": {WRITTEN[way](key)}, "data": null}}'
    answer = tasks.read_create(Reply(200, {}, Key(key).scrub(body.encode())))
    assert isinstance(answer, Refused)
    assert "[key]" in answer.message
    for shown in (key, key[3:-3], quote(key, safe=""), json.dumps(key)[1:-1]):
        assert shown not in answer.message


def test_words_that_are_not_the_key_are_left() -> None:
    body = json.dumps({"message": "sk-very\\secret\n100 %", "url": "https://cdn.invalid/a%20b/sk-very"}).encode()
    assert Key(PLAIN).scrub(body) == body
