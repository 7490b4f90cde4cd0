"""Clips that lie at the provider itself: only its own place for them gets the key, and nothing beyond it does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress

import httpx
import pytest
from providers.provider_data import profile

from sorapipe.providers.base import Body, DownloadFailed, Failed, Running, Succeeded
from sorapipe.providers.client import HttpProvider
from sorapipe.providers.http import MAX_ANSWER
from sorapipe.providers.key import Key

KEY = "canary-key-sk-0123456789"
BASE = "https://api.example.org"
CONTENT = f"{BASE}/v1/videos/video_1/content"
CLIP = bytes(range(256)) * 40
ETAG = '"v1"'
HOSTS = {
    "api.example.org": ["1.1.1.1"],
    "cdn.example.com": ["1.0.0.1"],
    "inside.example.com": ["10.0.0.1"],
}
Act = Callable[[httpx.Request], httpx.Response]


class Web(httpx.BaseTransport):
    """Remembers what was asked: with the key, and without."""

    def __init__(self, act: Act) -> None:
        self.act = act
        self.asked: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.act(request)

    def keyed(self) -> list[str]:
        return [str(request.url) for request in self.asked if "authorization" in request.headers]


def answer(status: int, body: object = b"", kind: str | None = "video/mp4", **headers: str) -> httpx.Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if kind is not None:
        named["content-type"] = kind
    return httpx.Response(status, headers=named, stream=httpx.ByteStream(raw))


def words(status: int, body: object) -> httpx.Response:
    return answer(status, body, "application/json; charset=utf-8")


def whole(request: httpx.Request, kind: str | None = "video/mp4") -> httpx.Response:
    """A good server of one file."""
    asked = request.headers.get("range")
    if asked and request.headers.get("if-range") == ETAG:
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        where = f"bytes {start}-{len(CLIP) - 1}/{len(CLIP)}"
        return answer(206, CLIP[start:], kind, content_range=where, etag=ETAG)
    return answer(200, CLIP, kind, etag=ETAG, content_length=str(len(CLIP)))


def leading(first: httpx.Response) -> Act:
    """The provider's own place answers this; every other place has the clip."""
    return lambda request: first if "authorization" in request.headers else whole(request)


def resolve(host: str, port: int) -> list[str]:
    if host not in HOSTS:
        raise OSError("name not known")
    return HOSTS[host]


def house(act: Act, **changes: object) -> tuple[HttpProvider, Web]:
    web = Web(act)
    changed = profile(**{"dialect": "videos", **changes})
    return HttpProvider(changed, Key(KEY), transport=web, resolve=resolve), web


def fetch(provider: HttpProvider, url: str = CONTENT, offset: int = 0, etag: str | None = None) -> tuple[Body, bytes]:
    with provider.download(url, offset, etag) as body:
        return body, b"".join(body.chunks)


# Where a finished clip is.


def polled(body: dict[str, object], **how: bool) -> object:
    return house(lambda request: words(200, body))[0].poll("a:b", **how)


def test_a_finished_clip_without_an_address_lies_at_the_provider() -> None:
    assert polled({"id": "a:b", "status": "completed"}) == Succeeded(f"{BASE}/v1/videos/a%3Ab/content")
    assert polled({"id": "a:b", "status": "completed", "url": "https://cdn.example.com/x"}) == Succeeded(
        "https://cdn.example.com/x"
    )
    assert polled({"id": "other", "status": "completed"}) == Succeeded(f"{BASE}/v1/videos/a%3Ab/content")


def test_only_a_finished_clip_lies_there() -> None:
    assert polled({"id": "a:b", "status": "in_progress"}) == Running()
    assert polled({"id": "a:b", "status": "failed"}) == Failed(None, "the task ended as `failed`")
    made = polled({"id": "a:b", "username": "fox.ember", "status": "completed"}, character=True)
    assert isinstance(made, Succeeded)
    assert made.url is None


def test_where_the_dialect_has_no_such_place_a_clip_without_an_address_has_none() -> None:
    done = {"code": 200, "data": {"taskId": "t", "state": "success"}}
    assert house(lambda r: words(200, done), dialect="tasks")[0].poll("t") == Succeeded(None)


# What is asked with the key.


OWN = [
    (BASE, CONTENT, "/v1/videos/video_1/content"),
    (BASE, f"{BASE}/v1/videos/a%3Ab/content", "/v1/videos/a%3Ab/content"),
    (BASE, f"{BASE}/v1/videos/a:b/content", "/v1/videos/a%3Ab/content"),
    (BASE, f"{BASE}/v1/videos/a..b/content", "/v1/videos/a..b/content"),
    (BASE, "https://API.example.org:443/v1/videos/video_1/content", "/v1/videos/video_1/content"),
    (f"{BASE}/gate", f"{BASE}/gate/v1/videos/video_1/content", "/gate/v1/videos/video_1/content"),
]


@pytest.mark.parametrize(("base", "url", "path"), OWN)
def test_the_providers_own_place_for_clips_is_asked_with_the_key(base: str, url: str, path: str) -> None:
    provider, web = house(whole, base_url=base)
    body, data = fetch(provider, url)
    assert (body.offset, body.total, body.etag, data) == (0, len(CLIP), ETAG, CLIP)
    (request,) = web.asked
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.url.host == "api.example.org", "over the connection of calls: TLS says who it is"
    assert request.url.raw_path.decode() == path
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["accept"] == "*/*"


LOOKALIKES = [
    f"{BASE}/v1/videos/video_1/content?x=1",
    f"{BASE}/v1/videos/video_1/content?",
    f"{BASE}/v1/videos/video_1/content#",
    f"{BASE}/v1/videos/video_1/content/",
    f"{BASE}/v1/videos/video_1/content/../../../keys",
    f"{BASE}/v1/videos/../content",
    f"{BASE}/v1/videos/./content",
    f"{BASE}/v1/videos/%2e%2e/content",
    f"{BASE}/v1/videos/%2E%2E%2Fkeys/content",
    f"{BASE}/v1/videos/..%2f..%2fkeys/content",
    f"{BASE}/v1/videos/a/../b/content",
    f"{BASE}/v1/videos/a/b/content",
    f"{BASE}/v1/videos/a%2Fb/content",
    f"{BASE}/v1/videos/a%252Fb/content",
    f"{BASE}/v1/videos/a%00b/content",
    f"{BASE}/v1/videos/a%20b/content",
    f"{BASE}/v1/videos/%76ideo_1/content",
    f"{BASE}/v1/videos//content",
    f"{BASE}/v1/videos/content",
    f"{BASE}/v1/videos/{'x' * 201}/content",
    f"{BASE}//v1/videos/video_1/content",
    f"{BASE}/V1/videos/video_1/content",
    f"{BASE}/x/../v1/videos/video_1/content",
    f"{BASE}/v1%2Fvideos/video_1/content",
    f"{BASE}/v1/videos/video_1",
    f"{BASE}/v1/videos",
    f"{BASE}/",
    BASE,
    f"{BASE}:8443/v1/videos/video_1/content",
    f"{BASE}.evil.example/v1/videos/video_1/content",
    f"{BASE}./v1/videos/video_1/content",
    "https://evil.example/v1/videos/video_1/content",
    "https://api.example.org@evil.example/v1/videos/video_1/content",
    "https://evil.example@api.example.org/v1/videos/video_1/content",
    "https://user:pass@api.example.org/v1/videos/video_1/content",
    "https://evil.example/https://api.example.org/v1/videos/video_1/content",
    "https://evil.example\\@api.example.org/v1/videos/video_1/content",
    "https://evil.example?@api.example.org/v1/videos/video_1/content",
    "https://evil.example#@api.example.org/v1/videos/video_1/content",
    "http://api.example.org/v1/videos/video_1/content",
    "http://api.example.org:443/v1/videos/video_1/content",
    "//api.example.org/v1/videos/video_1/content",
    "https:api.example.org/v1/videos/video_1/content",
    "https://api.example.org\t/v1/videos/video_1/content",
    " https://api.example.org/v1/videos/video_1/content",
    "https://api.exam\nple.org/v1/videos/video_1/content",
    "https://api。example.org/v1/videos/video_1/content",
    "https://[::1/v1/videos/video_1/content",
    "https://api.example.org:x/v1/videos/video_1/content",
    "",
]


@pytest.mark.parametrize("url", LOOKALIKES)
def test_what_only_looks_like_it_never_gets_the_key(url: str) -> None:
    provider, web = house(whole)
    with suppress(DownloadFailed):
        fetch(provider, url)
    assert web.keyed() == []
    assert KEY not in " ".join(str(request.headers.raw) for request in web.asked)


@pytest.mark.parametrize("url", [f"{BASE}/v1/videos/video_1/content", f"{BASE}/other/v1/videos/video_1/content"])
def test_only_below_the_base_url_there_is_such_a_place(url: str) -> None:
    provider, web = house(whole, base_url=f"{BASE}/gate")
    fetch(provider, url)
    assert web.keyed() == []


def test_a_dialect_without_such_a_place_never_sends_the_key_for_a_clip() -> None:
    provider, web = house(whole, dialect="tasks")
    fetch(provider)
    assert len(web.asked) == 1
    assert web.keyed() == []


# What comes back.


@pytest.mark.parametrize("kind", ["video/mp4", "application/octet-stream", "VIDEO/MP4", "binary/octet-stream", None])
def test_bytes_are_the_clip_whatever_they_call_themselves(kind: str | None) -> None:
    provider, _ = house(lambda request: whole(request, kind))
    assert fetch(provider)[1] == CLIP


def test_a_rest_is_fetched_from_where_it_broke_off() -> None:
    provider, web = house(whole)
    body, data = fetch(provider, offset=1000, etag=ETAG)
    assert (body.offset, body.total, data) == (1000, len(CLIP), CLIP[1000:])
    assert web.asked[0].headers["range"] == "bytes=1000-"
    assert web.asked[0].headers["if-range"] == ETAG
    assert fetch(provider, offset=1000, etag='"old"')[1] == CLIP


def test_a_rest_that_can_not_be_had_is_asked_for_as_a_whole() -> None:
    def act(request: httpx.Request) -> httpx.Response:
        return answer(416, b"", None) if "range" in request.headers else whole(request)

    provider, web = house(act)
    assert fetch(provider, offset=1000, etag=ETAG)[1] == CLIP
    assert len(web.keyed()) == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "target", ["https://cdn.example.com/x.mp4", "//cdn.example.com/x", "/files/x.mp4", f"{BASE}/files/x.mp4", CONTENT]
)
def test_a_redirect_is_followed_without_the_key_even_back_to_the_provider(target: str, status: int) -> None:
    provider, web = house(leading(answer(status, b"", None, location=target)))
    assert fetch(provider, offset=1000, etag=ETAG)[1] == CLIP[1000:]
    assert web.keyed() == [CONTENT]
    assert len(web.asked) == 2
    assert web.asked[1].url.host in {"1.0.0.1", "1.1.1.1"}, "connected to an address that was checked"
    assert web.asked[1].headers["range"] == "bytes=1000-"


NAMING: list[object] = [
    {"video_url": "https://cdn.example.com/x.mp4"},
    {"url": "https://cdn.example.com/x.mp4"},
    {"data": {"url": "https://cdn.example.com/x.mp4"}},
    {"metadata": {"url": "https://cdn.example.com/x.mp4"}},
    {"data": [{"url": "https://cdn.example.com/x.mp4"}]},
    {"url": CONTENT},
]


@pytest.mark.parametrize("body", NAMING)
def test_words_that_name_an_address_lead_there_without_the_key(body: object) -> None:
    provider, web = house(leading(words(200, body)))
    assert fetch(provider, offset=1000, etag=ETAG)[1] == CLIP[1000:]
    assert web.keyed() == [CONTENT]
    assert len(web.asked) == 2


BAD = [
    "http://cdn.example.com/x.mp4",
    "https://inside.example.com/x",
    "https://169.254.169.254/latest/meta-data",
    "https://127.0.0.1/x",
    "http://localhost:8000/x",
    "https://[::1]/x",
    "https://u:p@cdn.example.com/",
]


@pytest.mark.parametrize("target", [*BAD, "file:///etc/passwd", "gopher://cdn.example.com", "https://[bad", ""])
def test_a_redirect_to_anywhere_else_ends_the_download(target: str) -> None:
    provider, web = house(leading(answer(302, b"", None, location=target)))
    if target == "":
        assert fetch(provider)[1] == CLIP, "an empty one leads to itself, and without the key"
        assert web.keyed() == [CONTENT]
        return
    with pytest.raises(DownloadFailed) as failed:
        fetch(provider)
    assert failed.value.gone
    assert len(web.asked) == 1


@pytest.mark.parametrize("target", BAD)
def test_words_that_lead_anywhere_else_end_the_download(target: str) -> None:
    provider, web = house(leading(words(200, {"url": target})))
    with pytest.raises(DownloadFailed) as failed:
        fetch(provider)
    assert failed.value.gone
    assert len(web.asked) == 1


def test_redirects_end_after_five_with_the_first() -> None:
    def act(request: httpx.Request) -> httpx.Response:
        number = 5 if "authorization" in request.headers else int(request.url.path.rpartition("/")[2])
        return answer(302, b"", None, location=f"https://cdn.example.com/{number - 1 if number != 0 else 9}")

    provider, web = house(act)
    with pytest.raises(DownloadFailed, match="redirected more than"):
        fetch(provider)
    assert len(web.asked) == 6


@pytest.mark.parametrize("status", [202, 400, 404, 409, 422, 425])
def test_a_clip_that_is_not_there_yet_is_asked_for_again(status: int) -> None:
    provider, _ = house(lambda request: words(status, {"error": {"message": "still cooking"}}))
    with pytest.raises(DownloadFailed, match=f"not there yet .HTTP {status}: still cooking") as failed:
        fetch(provider)
    assert not failed.value.gone


@pytest.mark.parametrize(("status", "gone"), [(401, False), (403, True)])
def test_a_key_that_is_refused_is_said(status: int, gone: bool) -> None:
    provider, _ = house(lambda request: words(status, {"detail": f"no {KEY}"}))
    with pytest.raises(DownloadFailed, match=f"does not give the clip to this key .HTTP {status}: no .key.") as failed:
        fetch(provider)
    assert failed.value.gone is gone
    assert KEY not in str(failed.value)


@pytest.mark.parametrize(("status", "gone"), [(410, True), (429, False), (500, False), (503, False), (204, False)])
def test_other_answers_hold_no_clip(status: int, gone: bool) -> None:
    provider, _ = house(lambda request: words(status, {}))
    with pytest.raises(DownloadFailed, match=f"HTTP {status}") as failed:
        fetch(provider)
    assert failed.value.gone is gone


@pytest.mark.parametrize(
    ("body", "kind", "said", "gone"),
    [
        ({"status": "in_progress"}, "application/json", "not there yet", False),
        ({"error": {"message": "try later"}}, "application/json", "not there yet .try later", False),
        ({"url": "/x"}, "application/problem+json", "not there yet", False),
        ([], "application/json", "not there yet", False),
        (b"<html>", "text/html", "a web page in the clip's place", True),
        (b"soon", "text/plain", "text in the clip's place", True),
        (b"", "application/json", "text in the clip's place", True),
        (b"[" * 100_000, "application/json", "text in the clip's place", True),
    ],
)
def test_words_without_an_address_are_no_clip(body: object, kind: str, said: str, gone: bool) -> None:
    provider, web = house(lambda request: answer(200, body, kind))
    with pytest.raises(DownloadFailed, match=said) as failed:
        fetch(provider)
    assert failed.value.gone is gone
    assert len(web.asked) == 1


def test_compressed_answers_were_not_asked_for() -> None:
    for kind in ("video/mp4", "application/json"):
        provider, _ = house(lambda request, kind=kind: answer(200, b"\x1f\x8b", kind, content_encoding="gzip"))  # type: ignore[misc]
        with pytest.raises(DownloadFailed, match="compressed"):
            fetch(provider)


def test_words_without_end_are_given_up() -> None:
    read = [0]

    class Endless(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                read[0] += 65536
                yield b" " * 65536

    def act(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "application/json"}, stream=Endless())

    with pytest.raises(DownloadFailed, match="too large"):
        fetch(house(act)[0])
    assert read[0] < 2 * MAX_ANSWER


@pytest.mark.parametrize("error", [httpx.ConnectError("no"), httpx.ReadTimeout("t"), OSError(5), RuntimeError("odd")])
def test_whatever_breaks_is_a_failed_download(error: Exception) -> None:
    def act(request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(DownloadFailed) as failed:
        fetch(house(act)[0])
    assert not failed.value.gone


def test_every_answer_is_closed() -> None:
    closed: list[str] = []

    class Noted(httpx.ByteStream):
        def close(self) -> None:
            closed.append("closed")

    def act(request: httpx.Request) -> httpx.Response:
        keyed = "authorization" in request.headers
        status, headers = (302, {"location": "https://cdn.example.com/x"}) if keyed else (200, {})
        return httpx.Response(status, headers=headers, stream=Noted(CLIP))

    fetch(house(act)[0])
    assert len(closed) == 2
    with pytest.raises(DownloadFailed):
        fetch(house(lambda request: httpx.Response(404, stream=Noted(b"")))[0])
    assert len(closed) == 3
