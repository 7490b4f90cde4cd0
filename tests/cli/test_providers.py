"""What `providers` says of profiles, and what it learns from servers that are really asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli.commands import Sorapipe

KEY = "canary-key-house-1234"
Write = Callable[..., Path]


@pytest.fixture
def write() -> Write:
    """Writes a profile of one's own."""

    def into(text: str, name: str = "house") -> Path:
        path = Path(os.environ["SORAPIPE_CONFIG_DIR"], "providers", f"{name}.yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return into


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that takes one key and speaks every dialect."""
    books = tmp_path_factory.mktemp("books")
    line = [sys.executable, "-m", "sorapipe.simulator", "serve", "--port", "0", "--books", str(books), "--key", KEY]
    process = subprocess.Popen([*line, "--clips", "canned"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())["url"]
    process.terminate()
    process.communicate()


def house(url: str, base: str = "simulator", more: str = "") -> str:
    return f"extends: {base}\nembedded: false\nrehearsal: false\nbase_url: {url}\nkey_env: HOUSE_API_KEY\n{more}"


def test_the_list_says_whether_a_run_could_begin(sorapipe: Sorapipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", "canary-key-s3cret-value")
    lines = {line.split()[0]: " ".join(line.split()[1:]) for line in sorapipe("providers").out.splitlines()}
    assert lines["openai-compatible"].startswith("to extend")
    assert lines["kie"].startswith("ended 2026-09-24")
    assert lines["litellm"].startswith("key is set")
    for name in ("sglang", "vllm-omni", "simulator", "simulator-videos", "simulator-jobs"):
        assert lines[name].startswith("ready")
    assert {one["name"] for one in json.loads(sorapipe("providers", "--json").out)} == set(lines)


def test_a_profile_of_ones_own_is_not_described_by_the_one_that_it_extends(sorapipe: Sorapipe, write: Write) -> None:
    write("extends: openai-compatible\nbase_url: https://api.example.org\nkey_env: HOUSE_API_KEY\n")
    line = next(line for line in sorapipe("providers").out.splitlines() if line.startswith("house"))
    assert line.split(maxsplit=1)[1] == "key not set       yours, extends openai-compatible"
    write(
        "extends: openai-compatible\nabout: the studio's gateway\nbase_url: https://api.example.org\n"
        'currency: USD\nmodels: {sora-2: {price: {amount: "0.15", per: clip}}}\n'
    )
    page = " ".join(sorapipe("providers", "show", "house").out.split())
    assert "what the studio's gateway" in page
    assert "character counted as free: the profile has no `character_price`" in page


def test_a_misspelt_word_before_a_name_is_corrected(sorapipe: Sorapipe) -> None:
    assert "did you mean `sorapipe providers check kie`?" in sorapipe("providers", "chekc", "kie", code=2).err


def test_a_page_fits_its_terminal(sorapipe: Sorapipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert max(map(len, sorapipe("providers", "show", "simulator").out.splitlines())) <= 80


def test_show_says_what_is_understood_and_what_not(sorapipe: Sorapipe) -> None:
    page = " ".join(sorapipe("providers", "show", "kie").out.split())
    assert "understands input_reference, model, prompt, seconds, size, watermark" in page
    assert "not understood character_create, extra, last_frame, metadata, negative_prompt, private, seed, style" in page
    assert "task: an order of its own makes one; up to 5 in a shot" in page
    assert "`url` (whole, without its timestamps), `file` (a clip of 1 to 4 s is cut out and goes up)" in page
    assert "1792x1024 (high)" in page
    assert "sora-2-characters-pro (character of a task)" in page
    assert "links to clips last 20 minutes" in page
    assert "prices none are known" in page
    assert "ends 2026-09-24" in page
    assert max(map(len, sorapipe("providers", "show", "kie").out.splitlines())) <= 100


def test_show_has_the_same_as_data(sorapipe: Sorapipe) -> None:
    data = json.loads(sorapipe("providers", "show", "kie", "--json").out)
    assert data["not_understood"][0] == "character_create"
    assert data["casting"]["clip_seconds"] == [1, 4]
    assert data["limits"] == {"creates": 20, "window": 10.0, "in_flight": 100, "downloads": 4}
    assert data["features"]["metadata_echo"] is None
    assert data["models"]["sora-2-pro"]["wire_sizes"]["1792x1024"] == "high"
    assert data["models"]["sora-2-pro"]["ends"] == "2026-09-24"


@pytest.mark.parametrize("name", ["simulator", "simulator-videos", "simulator-jobs"])
def test_an_embedded_provider_is_started_to_be_checked(sorapipe: Sorapipe, name: str) -> None:
    result = sorapipe("providers", "check", name)
    assert "✓ it answers" in result.out
    assert "no key is asked" in result.out
    assert "write into" not in result.out
    assert ("balance: 100,000 credits" in result.out) == (name != "simulator-videos")


@pytest.mark.parametrize("base", ["simulator", "simulator-videos", "simulator-jobs"])
def test_a_check_tells_a_good_key_from_a_bad_one(
    sorapipe: Sorapipe, write: Write, server: str, monkeypatch: pytest.MonkeyPatch, base: str
) -> None:
    write(house(server, base))
    assert "`HOUSE_API_KEY` is not set" in sorapipe("providers", "check", "house", code=6).err
    monkeypatch.setenv("HOUSE_API_KEY", KEY)
    good = sorapipe("providers", "check", "house")
    assert "✓ the key in HOUSE_API_KEY is taken" in good.out
    monkeypatch.setenv("HOUSE_API_KEY", "canary-key-wrong-5678")
    bad = sorapipe("providers", "check", "house", code=6)
    assert "✗ the key in HOUSE_API_KEY is refused" in bad.out
    data = json.loads(sorapipe("providers", "check", "house", "--json", code=6).out)
    assert (data["reachable"], data["key_accepted"], data["write"]) == (True, False, None)
    assert "canary-key" not in good.out + good.err + bad.out + bad.err


def test_a_check_prints_the_line_that_makes_the_profile_right(
    sorapipe: Sorapipe, write: Write, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSE_API_KEY", KEY)
    path = write(house(server, "simulator-videos", "features: {list: false}\n"))
    result = sorapipe("providers", "check", "house")
    assert "· it lists its tasks, and the profile says that it has no list" in result.out
    assert f"write into {path}:\n\n    features: {{list: true}}\n" in result.out
    data = json.loads(sorapipe("providers", "check", "house", "--json").out)
    assert data["write"] == {"path": str(path), "text": "features: {list: true}"}
    path.write_text(path.read_text().replace("list: false", "list: true"))
    assert "write into" not in sorapipe("providers", "check", "house").out
    path.write_text(house(server, "simulator", "features: {credits: false}\n"))
    assert "features: {credits: true}" in sorapipe("providers", "check", "house").out


def test_nobody_there_is_10(sorapipe: Sorapipe, write: Write) -> None:
    write("extends: sglang\nbase_url: http://127.0.0.1:1\n")
    result = sorapipe("providers", "check", "house", code=10)
    assert "✗ nobody answers; is the server started?" in result.out
    assert json.loads(sorapipe("providers", "check", "house", "--json", code=10).out)["reachable"] is False
    assert "nothing listens" not in result.err


def test_without_an_address_the_file_to_write_is_printed_and_works(
    film: Path, sorapipe: Sorapipe, write: Write
) -> None:
    plain = "sorapipe: 1\nshots: [{id: a, prompt: x}]\n"
    (film / "storyboard.yaml").write_text(plain)
    sorapipe("validate", "--provider", "openai-compatible")
    plan = sorapipe("plan", "--provider", "openai-compatible")
    assert "price unknown" in plan.out
    assert plan.err.startswith("note: `openai-compatible` has no address, so nothing can be sent\n")
    (note,) = json.loads(sorapipe("plan", "--json", "--provider", "openai-compatible").out)["warnings"]
    assert note["code"] == "no-address"
    for words in (["run"], ["credits"], ["providers", "check", "openai-compatible"]):
        options = ["--provider", "openai-compatible"] if words[0] != "providers" else []
        err = sorapipe(*words, *options, code=2).err
        assert "`openai-compatible` has no address, so nothing can be sent" in err
    head, _, body = err.partition(":\n\n")
    path = write("\n".join(line[4:] for line in body.splitlines()) + "\n")
    assert str(path) in head
    assert "0.15 USD" in sorapipe("plan", "--provider", "house").out
    assert "`house` needs a key" in sorapipe("run", "--provider", "house", code=6).err


def test_ones_own_profile_without_an_address_wants_one_line(sorapipe: Sorapipe, write: Write) -> None:
    path = write("extends: openai-compatible\n")
    err = sorapipe("providers", "check", "house", code=2).err
    assert f"write it into {path}:\n\n    base_url: https://api.example.org" in err


def test_a_model_that_ends_is_a_warning_and_then_an_error(film: Path, sorapipe: Sorapipe, write: Write) -> None:
    (film / "storyboard.yaml").write_text("sorapipe: 1\nshots: [{id: a, prompt: x}]\n")
    write("extends: simulator\nmodels: {sora-2: {ends: 2999-01-01}}\n")
    assert "`sora-2` at `house` ends on 2999-01-01" in sorapipe("validate", "--provider", "house").out
    write("extends: simulator\nmodels: {sora-2: {ends: 2020-01-01}}\n")
    result = sorapipe("validate", "--provider", "house", code=3)
    assert "`sora-2` at `house` ended on 2020-01-01" in result.out
    assert "`sora-2-hd`" in result.out


def test_first_tries_get_an_answer(sorapipe: Sorapipe) -> None:
    assert "`check` wants a name" in sorapipe("providers", "check", code=2).err
    assert "`sorapipe providers check kie`" in sorapipe("providers", "check", "kie", "ruxa", code=2).err
    assert "there are" in sorapipe("providers", "check", "nobody", code=3).err
    assert "called `providers`" in sorapipe("profiles", code=2).err


def test_doctor_knows_that_an_address_is_missing(sorapipe: Sorapipe) -> None:
    result = sorapipe("doctor", "--provider", "openai-compatible", code=2)
    assert "it is there to be extended" in result.out
