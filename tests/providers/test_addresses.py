"""Where keys may go and where clips may come from."""

from __future__ import annotations

import pytest

from sorapipe.providers.addresses import checked_base_url, checked_download, is_loopback, may_connect, same_origin
from sorapipe.providers.resolving import addresses_of


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://api.example.org", "https://api.example.org"),
        ("https://api.example.org/", "https://api.example.org"),
        ("https://gate.example.org:8443/sora/", "https://gate.example.org:8443/sora"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:1", "http://127.0.0.1:1"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("http://LOCALHOST", "http://LOCALHOST"),
    ],
)
def test_a_key_goes_to_https_or_to_this_machine(text: str, kept: str) -> None:
    assert checked_base_url(text) == kept


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("http://api.example.org", "must be `https://`"),
        ("http://127.0.0.1.evil.example", "must be `https://`"),
        ("http://localhost.evil.example", "must be `https://`"),
        ("http://10.0.0.1", "must be `https://`"),
        ("http://0.0.0.0", "must be `https://`"),
        ("ftp://localhost", "must begin with `https://`"),
        ("file:///etc/passwd", "is not a URL with a host"),
        ("//api.example.org", "must begin with `https://`"),
        ("api.example.org", "is not a URL with a host"),
        ("", "is not a URL"),
        ("https://", "is not a URL with a host"),
        ("https://user@api.example.org", "must not hold a user name"),
        ("https://api.example.org:pw@evil.example", "must not hold a user name"),
        ("https://@evil.example", "must not hold a user name"),
        ("https://api.example.org?key=1", "no `?`"),
        ("https://api.example.org?", "no `?`"),
        ("https://api.example.org#x", "no `?` and no `#`"),
        ("https://api.example.org:99999", "is not a URL"),
        ("https://api.example.org:0", "is not a URL"),
        ("https://api.example.org\\@evil.example", "backslashes"),
        ("https://api.example.org\n", "control characters"),
        ("https://api exam.ple", "blanks"),
        ("https://\u0430pi.example.org", "letters outside ASCII"),
        ("https://[::1", "is not a URL"),
        ("https://" + "a" * 9000, "too long"),
    ],
)
def test_a_base_url_that_a_key_must_not_go_to_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|must)") as refused:
        checked_base_url(text)
    assert why in str(refused.value)


@pytest.mark.parametrize("url", ["https://cdn.example.com/a.mp4?sig=1", "https://203.0.113.9/a.mp4"])
def test_clips_come_over_https(url: str) -> None:
    assert checked_download(url, loopback=False) == url
    assert checked_download(url + "#t=1", loopback=False) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example.com/a.mp4",
        "https://u:p@cdn.example.com/a",
        "file:///etc/passwd",
        "data:video/mp4,x",
        "/a.mp4",
    ],
)
@pytest.mark.parametrize("loopback", [False, True])
def test_nothing_else_is_fetched(url: str, loopback: bool) -> None:
    with pytest.raises(ValueError, match="URL"):
        checked_download(url, loopback=loopback)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/a.mp4", "https://localhost/a.mp4", "https://[::1]/a"])
def test_this_machine_serves_clips_only_where_it_is_the_provider(url: str) -> None:
    assert checked_download(url, loopback=True) == url
    with pytest.raises(ValueError, match="this machine"):
        checked_download(url, loopback=False)


PRIVATE = [
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",  # noqa: S104
    "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "ff02::1",
    "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1", "2002:a00:1::1", "2001:db8::1", "not an address", "",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_never_connected_to(address: str) -> None:
    assert not may_connect(address, loopback=False)
    assert not may_connect(address, loopback=True)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"])
def test_this_machine_is_connected_to_only_where_it_is_the_provider(address: str) -> None:
    assert may_connect(address, loopback=True)
    assert not may_connect(address, loopback=False)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101"])
def test_public_addresses_are(address: str) -> None:
    assert may_connect(address, loopback=False)


def test_a_name_that_also_stands_for_a_private_address_is_refused() -> None:
    def both(host: str, port: int) -> list[str]:
        return ["1.1.1.1", "10.0.0.1"]

    with pytest.raises(ValueError, match="not a public address"):
        addresses_of("cdn.example.com", 443, loopback=True, resolve=both)


def test_an_address_is_not_looked_up() -> None:
    def never(host: str, port: int) -> list[str]:
        raise AssertionError(host)

    assert addresses_of("[2606:4700::1111]", 443, loopback=False, resolve=never) == ["2606:4700::1111"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "127.0.0.1", "[::1]", "::1"])
def test_this_machine_is_known_by_its_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.example", "127.0.0.1.nip.io", "128.0.0.1", "2130706433", "0x7f.1"])
def test_other_hosts_are_not_this_machine(host: str) -> None:
    assert not is_loopback(host)


def test_an_origin_is_scheme_host_and_port() -> None:
    assert same_origin("https://a.example/x", "https://a.example:443/y")
    assert not same_origin("https://a.example", "http://a.example")
    assert not same_origin("https://a.example", "https://a.example:8443")
    assert not same_origin("https://a.example", "https://a.example.evil")
