"""Fetching clips: without credentials, from public places only, resumed where that is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from providers.provider_data import profile

from sorapipe.providers.base import Body, DownloadFailed
from sorapipe.providers.client import HttpProvider
from sorapipe.providers.key import Key

KEY = "canary-key-sk-0123456789"
CLIP = bytes(range(256)) * 40
ETAG = '"v1"'
URL = "https://cdn.example.com/clip.mp4"
HOSTS = {"cdn.example.com": ["1.1.1.1"], "other.example.com": ["1.0.0.1"], "inside.example.com": ["10.0.0.1"]}


class Stream(httpx.SyncByteStream):
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return self.chunks


class Web(httpx.BaseTransport):
    """Answers by host and path as the client meant them, and remembers what was asked and where it was connected."""

    def __init__(self, act: Callable[[httpx.Request], httpx.Response]) -> None:
        self.act = act
        self.asked: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.act(request)


def answer(status: int, body: bytes | Iterator[bytes] = b"", **headers: str) -> httpx.Response:
    chunks = iter([body]) if isinstance(body, bytes) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named, stream=Stream(chunks))


def whole(request: httpx.Request, etag: str = ETAG, ranges: bool = True) -> httpx.Response:
    """A good server of one file."""
    asked = request.headers.get("range")
    if asked and ranges and request.headers.get("if-range") == etag:
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start >= len(CLIP):
            return answer(416, content_range=f"bytes */{len(CLIP)}", etag=etag)
        part = CLIP[start:]
        where = f"bytes {start}-{len(CLIP) - 1}/{len(CLIP)}"
        return answer(206, part, content_range=where, etag=etag, content_length=str(len(part)))
    return answer(200, CLIP, etag=etag, content_length=str(len(CLIP)))


def resolve(host: str, port: int) -> list[str]:
    if host not in HOSTS:
        raise OSError("name not known")
    return HOSTS[host]


def fetching(act: Callable[[httpx.Request], httpx.Response], **changes: object) -> tuple[HttpProvider, Web]:
    web = Web(act)
    return HttpProvider(profile(**changes), Key(KEY), transport=web, resolve=resolve), web


def fetch(house: HttpProvider, url: str = URL, offset: int = 0, etag: str | None = None) -> tuple[Body, bytes]:
    with house.download(url, offset, etag) as body:
        return body, b"".join(body.chunks)


def test_a_clip_comes_whole_and_without_credentials() -> None:
    house, web = fetching(whole)
    body, data = fetch(house)
    assert (body.offset, body.total, body.etag, data) == (0, len(CLIP), ETAG, CLIP)
    (request,) = web.asked
    assert {"authorization", "cookie", "range"}.isdisjoint(request.headers)
    assert KEY not in str(request.headers.raw)
    assert request.headers["accept-encoding"] == "identity"


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    house, web = fetching(whole)
    fetch(house)
    (request,) = web.asked
    assert request.url.host == "1.1.1.1"
    assert request.headers["host"] == "cdn.example.com"
    assert request.extensions["sni_hostname"] == "cdn.example.com"


def test_a_rest_is_fetched_from_where_it_broke_off() -> None:
    house, web = fetching(whole)
    body, data = fetch(house, offset=1000, etag=ETAG)
    assert (body.offset, body.total) == (1000, len(CLIP))
    assert data == CLIP[1000:]
    assert web.asked[0].headers["range"] == "bytes=1000-"
    assert web.asked[0].headers["if-range"] == ETAG


@pytest.mark.parametrize("etag", [None, 'W/"v1"', "v1", '"v1"\r\nX: y', "", '"' + "x" * 300 + '"'])
def test_without_a_name_for_the_version_all_of_it_comes_again(etag: str | None) -> None:
    house, web = fetching(whole)
    body, data = fetch(house, offset=1000, etag=etag)
    assert (body.offset, data) == (0, CLIP)
    assert "range" not in web.asked[0].headers


def test_a_date_of_change_names_the_version_too() -> None:
    changed = "Sun, 22 Nov 2026 10:00:00 GMT"
    house, _ = fetching(lambda request: answer(200, CLIP, last_modified=changed))
    assert fetch(house)[0].etag == changed
    house, web = fetching(lambda request: whole(request, etag=changed))
    assert fetch(house, offset=10, etag=changed)[0].offset == 10
    assert web.asked[0].headers["if-range"] == changed


def test_a_file_that_has_changed_starts_over() -> None:
    house, _ = fetching(lambda request: whole(request, etag='"v2"'))
    body, data = fetch(house, offset=1000, etag=ETAG)
    assert (body.offset, body.etag, data) == (0, '"v2"', CLIP)


def test_a_server_without_ranges_starts_over() -> None:
    house, _ = fetching(lambda request: whole(request, ranges=False))
    assert fetch(house, offset=1000, etag=ETAG)[1] == CLIP


def test_a_profile_without_ranges_never_asks_for_one() -> None:
    from dataclasses import replace

    from providers.provider_data import PROFILE

    house, web = fetching(whole, features=replace(PROFILE.features, range=False))
    assert fetch(house, offset=1000, etag=ETAG)[1] == CLIP
    assert "range" not in web.asked[0].headers


def test_a_file_that_is_already_whole_has_no_rest() -> None:
    house, web = fetching(whole)
    body, data = fetch(house, offset=len(CLIP), etag=ETAG)
    assert (body.offset, body.total, data) == (len(CLIP), len(CLIP), b"")
    assert len(web.asked) == 1


@pytest.mark.parametrize(
    "headers", [{"content_range": "bytes */5"}, {}, {"content_range": "bytes */x"}, {"content_range": "junk"}]
)
def test_a_rest_that_can_not_be_had_is_asked_for_as_a_whole(headers: dict[str, str]) -> None:
    def act(request: httpx.Request) -> httpx.Response:
        return answer(416, **headers) if "range" in request.headers else whole(request)

    house, web = fetching(act)
    assert fetch(house, offset=1000, etag=ETAG)[1] == CLIP
    assert len(web.asked) == 2


def test_another_part_than_asked_is_not_taken() -> None:
    def act(request: httpx.Request) -> httpx.Response:
        if "range" in request.headers:
            return answer(206, CLIP[500:], content_range=f"bytes 500-{len(CLIP) - 1}/{len(CLIP)}")
        return whole(request)

    house, _ = fetching(act)
    body, data = fetch(house, offset=1000, etag=ETAG)
    assert (body.offset, data) == (0, CLIP)


@pytest.mark.parametrize("headers", [{}, {"content_range": "bytes 0-9/10"}, {"content_range": "items 0-9/10"}])
def test_a_part_that_nobody_asked_for_is_refused(headers: dict[str, str]) -> None:
    house, _ = fetching(lambda request: answer(206, CLIP[:10], **headers))
    with pytest.raises(DownloadFailed, match="part of the file"):
        fetch(house)


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429, 500, 503, 204, 202, 416])
def test_other_answers_hold_no_clip(status: int) -> None:
    house, _ = fetching(lambda request: answer(status, b"<html>"))
    with pytest.raises(DownloadFailed, match=f"HTTP {status}") as failed:
        fetch(house)
    assert failed.value.gone is (status in {403, 404, 410})


def test_a_compressed_clip_is_refused() -> None:
    house, _ = fetching(lambda request: answer(200, b"\x1f\x8b", content_encoding="gzip"))
    with pytest.raises(DownloadFailed, match="compressed") as failed:
        fetch(house)
    assert failed.value.gone


def redirecting(target: str, status: int = 302) -> Callable[[httpx.Request], httpx.Response]:
    def act(request: httpx.Request) -> httpx.Response:
        if request.headers["host"].startswith("cdn.") and request.url.path == "/clip.mp4":
            return answer(status, location=target)
        return whole(request)

    return act


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["https://other.example.com/x.mp4", "/moved.mp4", "//other.example.com/x?a=1#t"])
def test_a_redirect_of_a_download_is_followed(target: str, status: int) -> None:
    house, web = fetching(redirecting(target, status))
    assert fetch(house, offset=1000, etag=ETAG)[1] == CLIP[1000:]
    assert len(web.asked) == 2
    assert all("authorization" not in request.headers for request in web.asked)
    assert web.asked[1].headers["range"] == "bytes=1000-"


@pytest.mark.parametrize(
    "target",
    ["http://other.example.com/x.mp4", "https://inside.example.com/x", "https://169.254.169.254/latest/meta-data",
     "https://127.0.0.1/x", "http://localhost:8000/x", "https://[::1]/x", "file:///etc/passwd", "https://u:p@other.example.com/",
     "https://unknown.example.com/x", "gopher://other.example.com", "", "https://[bad", "https://other.example.com:0/"],
)  # fmt: skip
def test_a_redirect_to_anywhere_else_ends_the_download(target: str) -> None:
    house, web = fetching(redirecting(target))
    with pytest.raises(DownloadFailed) as failed:
        fetch(house)
    assert {request.url.host for request in web.asked} == {"1.1.1.1"}
    assert failed.value.gone is (target != "https://unknown.example.com/x"), "only an unknown name may be known later"


def test_redirects_end_after_five() -> None:
    def act(request: httpx.Request) -> httpx.Response:
        number = int(request.url.path.rpartition("/")[2])
        return answer(302, location=f"/{number - 1}") if number else whole(request)

    house, _ = fetching(act)
    assert fetch(house, "https://cdn.example.com/5")[1] == CLIP
    with pytest.raises(DownloadFailed, match="more than 5 times") as failed:
        fetch(house, "https://cdn.example.com/6")
    assert failed.value.gone


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example.com/a",
        "https://127.0.0.1/a",
        "https://inside.example.com/a",
        "https://u:p@cdn.example.com/",
        "x",
    ],
)
def test_a_clip_is_not_fetched_from_such_a_place(url: str) -> None:
    house, web = fetching(whole)
    with pytest.raises(DownloadFailed) as failed:
        fetch(house, url)
    assert web.asked == []
    assert failed.value.gone, "waiting does not make it another place"


def test_a_provider_on_this_machine_serves_its_clips_here_and_sends_nobody_inside() -> None:
    house, web = fetching(whole, base_url="http://127.0.0.1:8000")
    assert fetch(house, "http://127.0.0.1:9000/clip.mp4")[1] == CLIP
    assert fetch(house, URL)[1] == CLIP
    asked = len(web.asked)
    for url in ("https://inside.example.com/a", "http://cdn.example.com/a", "https://10.0.0.1/a"):
        with pytest.raises(DownloadFailed):
            fetch(house, url)
    assert len(web.asked) == asked


def test_the_next_address_is_tried_when_one_takes_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HOSTS, "cdn.example.com", ["1.1.1.1", "1.1.1.2"])

    def act(request: httpx.Request) -> httpx.Response:
        if request.url.host == "1.1.1.1":
            raise httpx.ConnectError("refused")
        return whole(request)

    house, web = fetching(act)
    assert fetch(house)[1] == CLIP
    assert [request.url.host for request in web.asked] == ["1.1.1.1", "1.1.1.2"]


def test_bytes_that_stop_coming_are_a_failed_download() -> None:
    def broken() -> Iterator[bytes]:
        yield CLIP[:100]
        raise httpx.RemoteProtocolError("peer closed connection")

    house, _ = fetching(lambda request: answer(200, broken(), content_length=str(len(CLIP))))
    got = b""
    with house.download(URL, 0, None) as body, pytest.raises(DownloadFailed, match="hung up"):
        for chunk in body.chunks:
            got += chunk
    assert got == CLIP[:100]


@pytest.mark.parametrize("data", [CLIP[:-1], CLIP + b"x", b""])
def test_another_number_of_bytes_than_announced_is_a_failed_download(data: bytes) -> None:
    house, _ = fetching(lambda request: answer(200, data, content_length=str(len(CLIP))))
    with pytest.raises(DownloadFailed, match=f"ended at {len(data)} of {len(CLIP)}"):
        fetch(house)


def test_bytes_that_drip_are_given_up_and_a_slow_disk_is_not() -> None:
    now = [0.0]

    def drip() -> Iterator[bytes]:
        while True:
            now[0] += 10.0
            yield b"x"

    web = Web(lambda request: answer(200, drip()))
    house = HttpProvider(profile(), Key(KEY), transport=web, resolve=resolve, clock=lambda: now[0])
    with pytest.raises(DownloadFailed, match="less than 4 kB/s"):
        fetch(house)
    assert now[0] < 100
    house = HttpProvider(
        profile(), Key(KEY), transport=Web(lambda r: answer(200, iter([b"x"] * 9))), resolve=resolve,
        clock=lambda: now[0],
    )  # fmt: skip
    with house.download(URL, 0, None) as body:
        for _ in body.chunks:
            now[0] += 1000.0


def test_an_error_of_the_reader_is_his_own() -> None:
    house, _ = fetching(whole)
    with pytest.raises(OSError, match="disk full"), house.download(URL, 0, None):
        raise OSError("disk full")


@pytest.mark.parametrize("error", [httpx.ReadTimeout("t"), OSError("x"), RuntimeError("odd"), httpx.ConnectError("no")])
def test_whatever_breaks_is_a_failed_download(error: Exception) -> None:
    def act(request: httpx.Request) -> httpx.Response:
        raise error

    house, _ = fetching(act)
    with pytest.raises(DownloadFailed):
        fetch(house)
