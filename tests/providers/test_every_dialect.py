"""What every dialect must hold to, whatever its name: it is whole, and speaks of fields and ways that exist."""

from __future__ import annotations

import inspect
from dataclasses import fields

import pytest
from providers.provider_data import order, profile

from sorapipe.planning.capabilities import CharacterWay, Source
from sorapipe.providers.base import Refused, Unknown
from sorapipe.providers.dialect import Dialect, Reply
from sorapipe.providers.dialects import DIALECTS
from sorapipe.providers.profile import Pictures
from sorapipe.storyboard.model import Request

MEMBERS = [name for name in vars(Dialect) if not name.startswith("_")]
FUNCTIONS = [name for name in MEMBERS if inspect.isfunction(vars(Dialect)[name])]
OF_A_REQUEST = {field.name for field in fields(Request)} - {"mentions"}
each = pytest.mark.parametrize("name", DIALECTS)


@each
def test_it_is_a_plain_module_with_every_member(name: str) -> None:
    dialect = DIALECTS[name]
    assert inspect.ismodule(dialect)
    assert [member for member in MEMBERS if not hasattr(dialect, member)] == []


@each
@pytest.mark.parametrize("function", FUNCTIONS)
def test_its_functions_are_called_as_the_seam_says(name: str, function: str) -> None:
    wanted = list(inspect.signature(getattr(Dialect, function)).parameters.values())[1:]
    found = list(inspect.signature(getattr(DIALECTS[name], function)).parameters.values())
    assert [(one.name, one.kind, one.default) for one in found] == [
        (one.name, one.kind, one.default) for one in wanted
    ]  # fmt: skip


@each
def test_its_fields_are_those_of_a_request_each_said_once(name: str) -> None:
    dialect = DIALECTS[name]
    assert dialect.FIELDS <= OF_A_REQUEST
    assert dialect.OPTIONAL <= OF_A_REQUEST
    assert not dialect.FIELDS & dialect.OPTIONAL
    assert {"prompt", "model", "seconds", "size"} <= dialect.FIELDS
    assert dialect.FIELDS | dialect.OPTIONAL == OF_A_REQUEST


@each
def test_its_ways_of_characters_make_sense(name: str) -> None:
    ways = DIALECTS[name].CHARACTERS
    assert ways.keys() <= set(CharacterWay)
    assert ways[CharacterWay.NONE].most == 0
    for way, casting in ways.items():
        assert casting.sources <= set(Source)
        assert casting.cut | casting.unstamped <= casting.sources
        assert not casting.cut & casting.unstamped
        assert (casting.clip_seconds is not None) == bool(casting.cut)
        assert casting.names <= {"id", "username"}
        if way is not CharacterWay.NONE:
            assert casting.most > 0
            assert casting.sources
            assert casting.names
    assert set(Pictures) >= DIALECTS[name].PICTURES


@each
def test_it_does_not_take_silence_for_an_answer(name: str) -> None:
    dialect, nothing = DIALECTS[name], Reply(200, {}, b"")
    assert isinstance(dialect.read_create(nothing), Unknown)
    assert isinstance(dialect.read_upload(nothing), Refused)
    assert dialect.read_credits(nothing) is None


@each
def test_a_plain_order_is_one_call_that_posts_and_says_how_long_the_clip_is(name: str) -> None:
    call = DIALECTS[name].create_request(order(seconds=15), profile(dialect=name))
    assert call.method == "POST"
    assert call.path.startswith("/")
    assert (call.json is None) != (call.form is None)
    assert "15" in str(call.json or call.form)
