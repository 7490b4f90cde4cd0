"""Files that must be at the provider before an order: once each, and never a reason to fear that a thing was bought."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace

import httpx
import pytest
from providers.provider_data import order, profile

from sorapipe.providers import client, tasks
from sorapipe.providers.base import Media, Order, Refusal, Refused
from sorapipe.providers.client import HttpProvider
from sorapipe.providers.dialect import Call, Reply, Uploaded
from sorapipe.providers.key import Key
from sorapipe.providers.profile import Profile
from sorapipe.providers.uploads import LIFETIME, Uploads

KEY = "canary-key-sk-0123456789"
FOG = Media("fog.png", "image/png", b"\x89PNG fog")
SEA = Media("sea.png", "image/png", b"\x89PNG sea")
CLIP = Media("ember.mp4", "video/mp4", b"ftypmp42")


def _wanted(order: Order, profile: Profile) -> tuple[Media, ...]:
    return tuple(media for media in (order.input_reference, order.last_frame, order.character_file) if media)


def _request(media: Media, profile: Profile) -> Call:
    if media.data == b"":
        raise ValueError("an empty file")
    return Call("POST", "/up", form=(("fileName", media.name),), files=(("file", media),))


def _read(reply: Reply) -> Uploaded | Refused:
    if reply.status == 200:
        return Uploaded(json.loads(reply.body)["url"])
    return Refused(Refusal.AUTHENTICATION if reply.status == 401 else Refusal.UNAVAILABLE, f"HTTP {reply.status}", 7.0)


UPLOADING = SimpleNamespace(**{**vars(tasks), "uploads": _wanted, "upload_request": _request, "read_upload": _read})


class Network(httpx.BaseTransport):
    def __init__(self, act: Callable[[httpx.Request], httpx.Response] | None = None) -> None:
        self.act = act
        self.sent: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.sent.append(request)
        if self.act is not None:
            return self.act(request)
        return answer(200, {"url": f"https://up.example/{len(self.sent)}"})


def answer(status: int, body: object) -> httpx.Response:
    return httpx.Response(status, stream=httpx.ByteStream(json.dumps(body).encode()))


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, now: list[float]) -> Callable[[httpx.BaseTransport], HttpProvider]:
    dialects: Mapping[str, object] = {"tasks": UPLOADING}
    monkeypatch.setattr(client, "DIALECTS", dialects)
    return lambda network: HttpProvider(profile(), Key(KEY), transport=network, clock=lambda: now[0])


Provider = Callable[[httpx.BaseTransport], HttpProvider]


def test_what_an_order_needs_goes_up_and_the_order_knows_where_it_is(provider: Provider) -> None:
    network = Network()
    ready = provider(network).prepare(order(input_reference=FOG, last_frame=SEA, character_file=CLIP))
    assert isinstance(ready, Order)
    found = (ready.input_reference, ready.last_frame, ready.character_file)
    wanted = [replace(media, url=f"https://up.example/{n}") for n, media in enumerate((FOG, SEA, CLIP), 1)]
    assert list(found) == wanted
    assert [request.url.path for request in network.sent] == ["/up"] * 3
    assert all(request.headers["authorization"] == f"Bearer {KEY}" for request in network.sent)
    assert FOG.data in network.sent[0].content


def test_an_order_that_needs_nothing_is_as_it_was(provider: Provider) -> None:
    network = Network()
    assert provider(network).prepare(order()) == order()
    assert provider(network).prepare(order(input_reference=replace(FOG, url="https://a.example/fog"))) == order(
        input_reference=replace(FOG, url="https://a.example/fog")
    )
    assert network.sent == []


def test_the_same_bytes_go_up_once_in_half_an_hour(provider: Provider, now: list[float]) -> None:
    network = Network()
    house = provider(network)
    both = house.prepare(order(input_reference=FOG, last_frame=replace(FOG, name="again.png")))
    assert isinstance(both, Order)
    assert both.last_frame is not None
    assert (both.last_frame.name, both.last_frame.url) == ("again.png", "https://up.example/1")
    now[0] += LIFETIME - 1
    house.prepare(order(input_reference=FOG))
    assert len(network.sent) == 1
    now[0] += 1
    ready = house.prepare(order(input_reference=FOG))
    assert isinstance(ready, Order)
    assert ready.input_reference == replace(FOG, url="https://up.example/2")


def test_the_half_hour_begins_with_the_upload_and_not_with_its_answer(now: list[float]) -> None:
    def slowly(media: Media) -> Uploaded:
        now[0] += LIFETIME
        return Uploaded("https://up.example/x")

    uploads = Uploads(slowly, lambda: now[0])
    uploads.place(FOG)
    began = now[0]
    uploads.place(FOG)
    assert now[0] > began


def test_another_provider_has_uploads_of_its_own(provider: Provider) -> None:
    network = Network()
    provider(network).prepare(order(input_reference=FOG))
    provider(network).prepare(order(input_reference=FOG))
    assert len(network.sent) == 2


def test_threads_do_not_upload_the_same_bytes_side_by_side(now: list[float]) -> None:
    sent: list[str] = []
    gate, another = threading.Barrier(8), threading.Event()

    def slowly(media: Media) -> Uploaded:
        sent.append(media.name)
        if len(sent) > 1:
            another.set()
        another.wait(0.1)  # room for a second one, if there is one
        return Uploaded("https://up.example/x")

    uploads = Uploads(slowly, lambda: now[0])

    def ask() -> None:
        gate.wait()
        uploads.place(FOG)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert sent == ["fog.png"]


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("no"),
        httpx.ReadTimeout("t"),
        httpx.WriteError("w"),
        httpx.RemoteProtocolError("x"),
        OSError(5),
    ],
)
def test_whatever_a_network_does_to_an_upload_nothing_was_bought(provider: Provider, error: Exception) -> None:
    def act(request: httpx.Request) -> httpx.Response:
        raise error

    found = provider(Network(act)).prepare(order(input_reference=FOG))
    assert isinstance(found, Refused)
    assert found.refusal is Refusal.UNREACHABLE
    assert found.message.startswith("`fog.png` can't be uploaded: ")


@pytest.mark.parametrize(("status", "refusal"), [(401, Refusal.AUTHENTICATION), (500, Refusal.UNAVAILABLE)])
def test_a_refused_upload_is_a_refusal_and_is_asked_again(provider: Provider, status: int, refusal: Refusal) -> None:
    network = Network(lambda request: answer(status, {}))
    house = provider(network)
    assert house.prepare(order(input_reference=FOG)) == Refused(
        refusal, f"`fog.png` can't be uploaded: HTTP {status}", 7.0
    )
    house.prepare(order(input_reference=FOG))
    assert len(network.sent) == 2


def test_a_redirect_of_an_upload_is_not_followed(provider: Provider) -> None:
    network = Network(
        lambda request: httpx.Response(
            307, headers={"location": "https://evil.example/up"}, stream=httpx.ByteStream(b"")
        )
    )
    assert isinstance(provider(network).prepare(order(input_reference=FOG)), Refused)
    assert [request.url.host for request in network.sent] == ["api.example.org"]


def test_a_file_that_fits_into_no_request_is_refused(provider: Provider) -> None:
    network = Network()
    found = provider(network).prepare(order(input_reference=replace(FOG, data=b"")))
    assert isinstance(found, Refused)
    assert found.refusal is Refusal.REQUEST
    assert "an empty file" in found.message
    assert network.sent == []
