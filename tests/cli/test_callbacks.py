"""`sorapipe run` with callbacks: they go out with each order, are heard where that is asked, and change nothing."""

from __future__ import annotations

import json
import socket

import pytest
from studio import Studio

BOARD = """\
sorapipe: 1
shots:
  - {id: stairs, prompt: He climbs the stairs.}
  - {id: storm, prompt: The storm comes.}
"""


@pytest.fixture
def board(studio: Studio) -> Studio:
    studio.write("storyboard.yaml", BOARD)
    return studio


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def test_it_says_where_it_listens_and_orders_name_the_address(board: Studio) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/hook"
    result = board.run("run", "--json", "--listen", f"127.0.0.1:{port}", "--callback-url", url)
    events = [json.loads(line) for line in result.out.splitlines()]
    said = [event["text"] for event in events if event.get("event") == "said"]
    assert said[0] == (f"callbacks are heard at http://127.0.0.1:{port}/, from this machine only, unsigned")
    (journal,) = (board.state / "journals").glob("*.jsonl")
    requests = [json.loads(line)["request"] for line in journal.read_text().splitlines() if '"intent"' in line]
    assert [request["callback_url"] for request in requests] == [url, url]


def test_listening_needs_no_address_in_the_orders(board: Studio) -> None:
    assert "2 takes done" in board.run("run", "--listen", f"{free_port()}").out


def test_a_port_that_is_taken_is_said_before_anything_is_sent(board: Studio) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        err = board.run("run", "--listen", f"127.0.0.1:{port}", code=2).err
    assert f"`--listen 127.0.0.1:{port}`: " in err
    assert "hint: choose another port" in err
    assert not (board.folder / "renders").exists() or not list((board.folder / "renders").rglob("*.mp4"))


def test_a_dialect_without_callbacks_says_so(board: Studio, tmp_path_factory: pytest.TempPathFactory) -> None:
    config = tmp_path_factory.mktemp("config")
    (config / "providers").mkdir()
    (config / "providers" / "house.yaml").write_text(
        "dialect: videos\nbase_url: https://house.example\ndefaults: {model: m, size: 1280x720, seconds: 10}\n"
        "models: {m: {sizes: [1280x720], seconds: [10]}}\n"
    )
    words = ("run", "--provider", "house", "--callback-url", "https://example.org/")
    err = board.run(*words, code=2, SORAPIPE_CONFIG_DIR=str(config)).err
    assert "`house` speaks the dialect videos, which has no callbacks" in err


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("--callback-url", "example.org/hook", "is no address to call back"),
        ("--callback-url", "https://me:key@example.org/", "is no address to call back"),
        ("--callback-url", "file:///etc/passwd", "is no address to call back"),
        ("--callback-url", "https://[", "is no address to call back"),
        ("--callback-url", "https://example.org/a b", "is no address to call back"),
        ("--listen", "here", "is nothing to listen at"),
        ("--listen", "127.0.0.1:99999", "is nothing to listen at"),
        ("--listen", "127.0.0.1:", "is nothing to listen at"),
        ("--listen", "http://x:80", "is nothing to listen at"),
    ],
)
def test_wrong_words_are_said(board: Studio, option: str, value: str, text: str) -> None:
    assert f"`{value}` {text}" in board.run("run", option, value, code=2).err
