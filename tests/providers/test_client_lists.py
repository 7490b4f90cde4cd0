"""Lists and looks at a provider, over the dialect `videos`: how far the pages are read, and what a look teaches."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import httpx
import pytest
from providers.provider_data import PROFILE, profile

from sorapipe.providers.base import Failed, Listed, Missed, Running, Succeeded
from sorapipe.providers.client import MOST_PAGES, HttpProvider
from sorapipe.providers.key import Key

KEY = "canary-key-sk-0123456789"
TOKEN = "abcdefghij234567abcd"


class Network(httpx.BaseTransport):
    def __init__(self, act: Callable[[httpx.Request], httpx.Response]) -> None:
        self.act = act
        self.sent: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return self.act(request)


def answer(status: int, body: object = b"", **headers: str) -> httpx.Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(raw))


def house(act: Callable[[httpx.Request], httpx.Response], **changes: object) -> tuple[HttpProvider, Network]:
    network = Network(act)
    return HttpProvider(profile(**{"dialect": "videos", **changes}), Key(KEY), transport=network), network


def pages(*listed: list[dict[str, object]], last: httpx.Response | None = None) -> Callable[..., httpx.Response]:
    """A list whose pages follow each other; behind the last one comes `last`, or the end."""

    def act(request: httpx.Request) -> httpx.Response:
        after = request.url.params.get("after")
        number = 0 if after is None else int(after)
        if number >= len(listed):
            assert last is not None
            return last
        more = number + 1 < len(listed) or last is not None
        return answer(200, {"object": "list", "data": listed[number], "has_more": more, "last_id": str(number + 1)})

    return act


def job(name: str, status: str = "in_progress", **more: object) -> dict[str, object]:
    return {"id": name, "object": "video", "status": status, **more}


def test_a_list_is_read_until_all_tasks_were_seen() -> None:
    provider, network = house(pages([job("a")], [job("b", "completed")], [job("c")]))
    assert provider.newest(["a"]) == Listed({"a": Running()}, {})
    assert len(network.sent) == 1
    assert dict(network.sent[0].url.params) == {"limit": "100", "order": "desc"}
    found = provider.newest({"a", "b"})
    assert isinstance(found, Listed)
    assert found.answers == {"a": Running(), "b": Succeeded("https://api.example.org/v1/videos/b/content")}
    assert len(network.sent) == 3
    assert network.sent[2].url.params["after"] == "1"
    assert all(request.headers["authorization"] == f"Bearer {KEY}" for request in network.sent)


def test_a_list_is_read_to_its_end_for_a_task_that_is_not_in_it() -> None:
    provider, network = house(pages([job("a")], [job("b", metadata=f"sp1:{TOKEN}")]))
    assert provider.newest(["z"]) == Listed({"a": Running(), "b": Running()}, {TOKEN: "b"})
    assert len(network.sent) == 2


def test_a_list_without_end_is_left_after_a_few_pages() -> None:
    provider, network = house(pages(*([job(f"v{n}")] for n in range(50))))
    found = provider.newest(["z"])
    assert isinstance(found, Listed)
    assert len(found.answers) == len(network.sent) == MOST_PAGES


def test_a_list_that_goes_round_is_left() -> None:
    provider, network = house(lambda request: answer(200, {"data": [job("a")], "has_more": True}))
    assert provider.newest(["z"]) == Listed({"a": Running()}, {})
    assert len(network.sent) == 2


@pytest.mark.parametrize("last", [answer(500, {"detail": "no"}), answer(200, b"<html>"), answer(404)])
def test_a_later_page_that_says_nothing_ends_the_list(last: httpx.Response) -> None:
    provider, _ = house(pages([job("a")], last=last))
    assert provider.newest(["z"]) == Listed({"a": Running()}, {})


def test_a_later_page_that_does_not_come_ends_the_list() -> None:
    first = pages([job("a")], last=answer(200))

    def act(request: httpx.Request) -> httpx.Response:
        if "after" in request.url.params:
            raise httpx.ReadTimeout("t")
        return first(request)

    assert house(act)[0].newest(["z"]) == Listed({"a": Running()}, {})


def test_a_first_page_that_says_nothing_is_a_missed_look() -> None:
    assert house(lambda r: answer(401, {"detail": "no"}))[0].newest(["a"]) == Missed("no (HTTP 401)", None, True)
    assert house(lambda r: answer(429, {"detail": "no"}, **{"retry-after": "9"}))[0].newest(["a"]) == Missed(
        "no (HTTP 429)", 9.0
    )

    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    assert isinstance(house(broken)[0].newest(["a"]), Missed)


def test_where_the_dialect_has_no_list_there_is_none() -> None:
    provider, network = house(lambda r: answer(200, {}), dialect="tasks")
    assert isinstance(provider.newest(["a"]), Missed)
    assert network.sent == []


def test_what_is_newer_counts() -> None:
    provider, _ = house(pages([job("a", "failed", error="no")], [job("a"), job("b")]))
    found = provider.newest(["b"])
    assert isinstance(found, Listed)
    assert found.answers == {"a": Failed(None, "no"), "b": Running()}


# A look that buys nothing.


def gateway(request: httpx.Request) -> httpx.Response:
    assert request.method == "GET"
    if request.url.path == "/v1/videos":
        return answer(200, {"object": "list", "data": [job("a")], "has_more": False})
    return answer(400, {"code": "task_not_exist", "message": "task_not_exist", "data": None})


def test_a_look_asks_for_the_list_and_for_a_task_that_is_not_there() -> None:
    provider, network = house(gateway)
    found = provider.check()
    assert (found.reachable, found.key, found.balance, found.list) == (True, True, None, True)
    assert found.messages == (
        "list: GET /v1/videos?limit=1&order=desc: there is one",
        "a task that does not exist: GET /v1/videos/sorapipe-check: it does not know it: task_not_exist",
    )
    assert {request.method for request in network.sent} == {"GET"}


def test_a_look_asks_for_the_balance_even_when_the_profile_says_that_there_is_none() -> None:
    def act(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/credit"):
            return answer(200, {"code": 200, "msg": "success", "data": 97.5})
        return answer(200, {"code": 404, "message": "no such task", "data": None})

    provider, network = house(act, dialect="tasks", features=replace(PROFILE.features, credits=False))
    found = provider.check()
    assert (found.reachable, found.key, found.balance, found.list) == (True, True, Decimal("97.5"), None)
    assert found.messages[0] == "balance: GET /api/v1/chat/credit: 97.5"
    assert len(network.sent) == 2


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("dialect", ["tasks", "videos"])
def test_a_look_learns_that_the_key_is_refused(dialect: str, status: int) -> None:
    provider, _ = house(lambda r: answer(status, {"error": {"message": f"bad key {KEY}"}}), dialect=dialect)
    found = provider.check()
    assert (found.reachable, found.key, found.list) == (True, False, None)
    assert "bad key [key]" in found.messages[0]
    assert KEY not in repr(found)


def test_a_look_learns_that_there_is_no_list() -> None:
    def act(request: httpx.Request) -> httpx.Response:
        return answer(404, {"detail": "Not Found"}) if request.url.path == "/v1/videos" else gateway(request)

    found = house(act)[0].check()
    assert (found.reachable, found.key, found.list) == (True, True, False)


@pytest.mark.parametrize("body", [{"detail": "Not Found"}, b"", b"<html>", b"not found"])
def test_a_server_that_knows_no_path_says_nothing_about_the_key(body: object) -> None:
    found = house(lambda r: answer(404, body))[0].check()
    assert (found.reachable, found.key, found.list) == (True, None, False)


def test_a_server_in_trouble_says_nothing() -> None:
    found = house(lambda r: answer(502, b"<html>"))[0].check()
    assert (found.reachable, found.key, found.balance, found.list) == (True, None, None, None)
    assert len(found.messages) == 2


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ReadTimeout("t")])
def test_a_provider_that_does_not_answer_is_asked_once(error: Exception) -> None:
    def act(request: httpx.Request) -> httpx.Response:
        raise error

    provider, network = house(act)
    found = provider.check()
    assert (found.reachable, found.key, found.list) == (False, None, None)
    assert len(found.messages) == len(network.sent) == 1


def test_where_no_key_is_asked_none_is_judged() -> None:
    network = Network(gateway)
    found = HttpProvider(profile(dialect="videos", key_env=None), None, transport=network).check()
    assert found.key is None
    assert "authorization" not in network.sent[0].headers


def test_a_redirected_look_goes_nowhere() -> None:
    provider, network = house(lambda r: answer(302, b"", location="https://evil.example/v1/videos"))
    found = provider.check()
    assert (found.key, found.list) == (None, None)
    assert {request.url.host for request in network.sent} == {"api.example.org"}
