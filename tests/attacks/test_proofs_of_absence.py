"""Lists that leave out the very order that is looked for: what they do not show may have been bought all the same."""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx
import pytest
from providers.provider_data import profile

from sorapipe.engine.board import Search
from sorapipe.engine.messages import Sought
from sorapipe.engine.seek import SETTLING, proves
from sorapipe.providers.base import Listed
from sorapipe.providers.client import HttpProvider
from sorapipe.providers.key import Key

EARLY, MINE, LATE = "a" * 20, "b" * 20, "c" * 20
SEARCH = Search(frozenset({EARLY}), frozenset({LATE}), SETTLING)
Item = Mapping[str, object]


def _task(number: int, token: str | None) -> Item:
    return {"id": f"video_{number}", "status": "queued", **({} if token is None else {"metadata": f"sp1:{token}"})}


LATER, EARLIER = _task(3, LATE), _task(1, EARLY)


class _List(httpx.BaseTransport):
    """Pages by what they are asked `after`."""

    def __init__(self, pages: Mapping[str | None, tuple[list[object], str | None]]) -> None:
        self._pages = pages

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        items, last = self._pages[request.url.params.get("after")]
        body = {"object": "list", "data": items, "has_more": last is not None, "last_id": last}
        return httpx.Response(200, stream=httpx.ByteStream(json.dumps(body).encode()))


def _proof(pages: Mapping[str | None, tuple[list[object], str | None]]) -> bool:
    provider = HttpProvider(profile(dialect="videos"), Key("canary-key-sk-0123456789"), transport=_List(pages))
    listed = provider.newest((), (MINE,))
    assert isinstance(listed, Listed)
    return proves(SEARCH, MINE, Sought("house", listed.tokens, runs=listed.runs))


@pytest.mark.parametrize("between", [None, 5, "video_2", {}, _task(2, None), {"id": "video_2", "metadata": "sp1:bbbb"}])
def test_one_that_gives_no_token_back_may_be_the_one_that_is_looked_for(between: object) -> None:
    assert not _proof({None: ([LATER, between, EARLIER], None)})
    assert not _proof({None: ([LATER, between], "video_2"), "video_2": ([EARLIER], None)})
    assert not _proof({None: ([LATER], "video_3"), "video_3": ([between, EARLIER], None)})


def test_pages_that_do_not_follow_each_other_leave_something_out() -> None:
    assert not _proof({None: ([LATER], "video_2"), "video_2": ([EARLIER], None)})
    assert not _proof({None: ([LATER], "page_2"), "page_2": ([EARLIER], None)})


def test_a_page_that_is_longer_than_what_is_read_of_it_leaves_something_out() -> None:
    many = [
        _task(5000 - number, f"{number:020}".translate(str.maketrans("0123456789", "defghijklm")))
        for number in range(2000)
    ]
    assert not _proof({None: ([LATER, *many], "video_3001"), "video_3001": ([EARLIER], None)})


def test_a_whole_list_is_a_proof_also_over_pages_and_with_strangers_elsewhere() -> None:
    stranger = _task(9, None)
    assert _proof({None: ([stranger, LATER, EARLIER, stranger], None)})
    assert _proof({None: ([stranger, LATER], "video_3"), "video_3": ([EARLIER, stranger], None)})
    assert _proof({None: ([EARLIER, LATER], None)}), "the oldest first"
    assert not _proof({None: ([LATER, _task(2, MINE), EARLIER], None)})
