"""Where keys go: profiles with base URLs that must not get one, names that are paths, keys that no header carries."""

from __future__ import annotations

import os

import pytest
from attacks.hostile_data import attacks
from attacks.stage import Stage

KEY = "canary-key-sk-0123456789"
PROFILE = """\
dialect: tasks
base_url: {url}
key_env: EVIL_KEY
currency: credits
models: {{sora-2: {{sizes: [1280x720], seconds: [10], price: [{{amount: 10}}]}}}}
"""
BASE_URLS, NAMES = attacks("base_urls"), attacks("providers")
NAMES |= {"nul": {"name": "x\0", "refused": "provider"}, "no-letter": {"name": "\udcff", "refused": "provider"}}
KEYS = ("sk-secret\nX-Evil: 1-secret", "sk secret secret", "ключ-secret-secret", "sk-secret\x00"[:9] + "\x07secret",
        "\u202esecret-secret", "s" * 5_000, " ", "")  # fmt: skip


@pytest.fixture
def evil(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A user's own profile that is written per test, and its key."""
    monkeypatch.setenv("EVIL_KEY", KEY)
    (stage.config / "providers").mkdir(parents=True)
    stage.film("sorapipe: 1\nprovider: evil\nshots: [{id: a, prompt: x}]\n")
    return stage


def _profile(stage: Stage, url: str) -> None:
    (stage.config / "providers" / "evil.yaml").write_text(PROFILE.format(url=f'"{url}"'))


@pytest.mark.parametrize("name", BASE_URLS)
def test_a_key_goes_nowhere_else(evil: Stage, name: str) -> None:
    _profile(evil, BASE_URLS[name]["url"])
    result = evil.run("run", "--yes", code=3)
    assert "base_url" in result.err
    assert BASE_URLS[name]["refused"] in result.err
    assert "password" not in result.err.replace("user name or password", "")
    assert KEY not in result.err + evil.run("providers", "show", "evil", code=3).err
    evil.run("providers", code=0)
    evil.run("doctor", code=3)
    evil.nothing_sent()


@pytest.mark.parametrize("which", NAMES)
@pytest.mark.parametrize("way", ["option", "variable", "show"])
def test_the_name_of_a_provider_is_never_a_path(
    stage: Stage, which: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = NAMES[which]["name"]
    (stage.folder / "evil.yaml").write_text(PROFILE.format(url="https://evil.example"))
    stage.film()
    words = {"option": ("plan", "storyboard.yaml", "--provider", name), "variable": ("plan", "storyboard.yaml"),
             "show": ("providers", "show", "--", name)}[way]  # fmt: skip
    if way == "variable":
        if "\0" in name:
            pytest.skip("no variable holds it")
        monkeypatch.setenv("SORAPIPE_PROVIDER", name)
    result = stage.run(*words, code=3)
    assert NAMES[which]["refused"] in result.err
    assert "evil.example" not in result.err.replace(name, "")
    assert len(result.err) < 1_000


@pytest.mark.parametrize("kind", ["link", "pipe", "device"])
def test_a_profile_may_be_no_file(evil: Stage, kind: str) -> None:
    """The user's own folder is trusted: a link may be followed, but nothing waits for ever."""
    path = evil.config / "providers" / "evil.yaml"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else evil.victim / "secret")
    result = evil.run("plan", code=3)
    assert "nobody reads this" not in result.out


@pytest.mark.parametrize("key", KEYS, ids=range(len(KEYS)))
def test_a_key_that_no_header_carries_is_refused_and_not_shown(
    evil: Stage, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _profile(evil, "https://api.invalid")
    monkeypatch.setenv("EVIL_KEY", key)
    result = evil.run("run", "--yes", code=6)
    assert "secret" not in result.out + result.err
    assert "EVIL_KEY" in result.err
    evil.nothing_sent()


def test_a_real_provider_needs_a_yes_where_nobody_can_be_asked(evil: Stage) -> None:
    _profile(evil, "https://api.invalid")
    result = evil.run("run", code=2)
    assert "--yes" in result.err
    evil.nothing_sent()


@pytest.mark.parametrize("amount", ["1e999999999", "NaN", "-1", "Infinity", "1" * 5_000, "10 credits", ""])
def test_an_amount_is_an_amount(evil: Stage, amount: str) -> None:
    _profile(evil, "https://api.invalid")
    evil.run("run", f"--max-cost={amount}", code=2)
    evil.nothing_sent()


@pytest.mark.parametrize("wait", ["1e999", "nan", "-1", "9" * 500, "0", "", "1d", "inf"])
def test_a_time_is_a_time(evil: Stage, wait: str) -> None:
    evil.run("run", f"--max-wait={wait}", code=2)


@pytest.mark.parametrize("price", ["1e999999999", "-1", ".nan", "1e-999999999"])
def test_a_price_is_a_price(evil: Stage, price: str) -> None:
    text = PROFILE.format(url="https://api.invalid").replace("amount: 10", f"amount: {price}")
    (evil.config / "providers" / "evil.yaml").write_text(text)
    evil.run("plan", code=3)
