"""The rows of the safety table that are about a provider or a network: each fault by itself, against the real command.

What the ledger has, what the lock says, what a person sees, and the exit code. Names are the rows' words.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from campaign.fault_play import attempts, scripted, tasks_of, unsettled
from faults.rows import RUN, Begin, asked, charges, fault, healed, states


def test_the_answers_of_two_creates_in_a_row_are_unknown(begin: Begin) -> None:
    film = begin(fault("create", "answer-lost"))
    ended = film.run(*RUN)
    assert ended.code == 9
    assert charges(film) == ["gull", "tide"]
    assert states(film) == {"gull": "uncertain", "tide": "uncertain"}
    assert "no new orders for 10 s" in ended.err
    scripted(film.server, ())
    listed = film.run("resubmit", "film.yaml", "--all")
    assert listed.code == 2
    assert "10 credits" in listed.err
    assert "gull" in listed.err
    assert "tide" in listed.err
    assert charges(film) == ["gull", "tide"]
    assert film.run("resubmit", "film.yaml", "--all", "--yes").code in {0, 8}
    assert sorted(charges(film)) == ["gull", "gull", "tide", "tide"]
    assert film.run(*RUN).code == 0
    assert unsettled(film.lock) == []


def test_after_one_unknown_answer_the_lane_pauses_and_goes_on(begin: Begin) -> None:
    film = begin(fault("create", "reset", nth=2))
    ended = film.run(*RUN)
    assert ended.code == 9
    assert "no new orders for 10 s" in ended.err
    assert states(film) == {"gull": "done", "tide": "uncertain", "moor": "done", "dive": "done"}
    assert charges(film) == ["gull", "tide", "moor", "dive"]
    status = film.run("status", "film.yaml").out
    assert "sorapipe adopt film.yaml tide TASK" in status
    assert "sorapipe resubmit film.yaml tide" in status


@pytest.mark.parametrize("code", [401, 403])
def test_401_403_key_revoked(begin: Begin, code: int) -> None:
    film = begin({**fault("create", {"status": code}), "when": {"from": 2}})
    assert film.run(*RUN).code == 6
    assert len(asked(film, "create")) == 2, "one refusal is enough"
    assert states(film) == {"gull": "done"}
    healed(film)
    assert charges(film) == ["gull", "tide", "moor", "dive"]


def test_a_key_that_is_revoked_while_jobs_run_leaves_their_ids(begin: Begin) -> None:
    film = begin(fault("query", {"status": 401}))
    assert film.run(*RUN).code == 6
    before = {one["address"]: tasks_of(one) for one in attempts(film.lock)}
    assert set(states(film).values()) == {"submitted"}
    healed(film)
    after = {one["address"]: tasks_of(one) for one in attempts(film.lock, "done")}
    assert before.items() <= after.items()


def test_a_key_that_is_refused_by_one_poll_and_holds_nothing_up(begin: Begin) -> None:
    film = begin(fault("query", {"status": 401}, nth=1))
    ended = film.run("run", "film.yaml", "tide", "--yes")
    assert ended.code == 0
    assert "`house` refused the key" in ended.err, "it is said"
    assert "ended early" not in ended.out
    assert states(film) == {"tide": "done"}
    assert len(asked(film, "query")) > 1


def test_a_key_that_is_refused_by_one_poll_before_all_is_sent(begin: Begin) -> None:
    film = begin(fault("query", {"status": 401}, nth=1))
    ended = film.run(*RUN)
    assert ended.code == 6
    assert "ended early: `house` refused the key" in ended.out
    assert states(film) == {"gull": "done", "tide": "done", "moor": "done"}, "what is paid is collected"
    healed(film)
    assert sorted(charges(film)) == ["dive", "gull", "moor", "tide"]


def test_402(begin: Begin) -> None:
    film = begin({**fault("create", {"status": 402}), "when": {"from": 2}})
    assert film.run(*RUN).code == 7
    assert len(asked(film, "create")) == 2
    assert states(film) == {"gull": "done"}, "what is paid is collected"
    healed(film)


def test_422_moderation(begin: Begin) -> None:
    words = {"status": {"code": 422, "message": "no gulls, please"}}
    film = begin(fault("create", words, prompt="gull"))
    ended = film.run(*RUN)
    assert ended.code == 8
    assert "no gulls, please" in ended.out
    assert states(film) == {"gull": "failed", "tide": "done", "moor": "done"}
    assert "dive" in ended.out
    healed(film, 8)  # the same recipe is not sent again unasked
    assert charges(film) == ["tide", "moor"]
    assert film.run("roll", "film.yaml", "gull", "--yes").code == 0
    healed(film)


def test_moderation_after_it_was_taken(begin: Begin) -> None:
    film = begin(fault("create", {"fails": "too windy"}, prompt="gull"))
    ended = film.run(*RUN)
    assert ended.code == 8
    assert "too windy" in ended.out
    assert states(film) == {"gull": "failed", "tide": "done", "moor": "done"}
    healed(film, 8)
    assert charges(film) == ["gull", "tide", "moor"]


@pytest.mark.parametrize(
    ("given", "least", "most"),
    [
        ("7", 7, 7),
        ("date", 1, 3),
        ("zero", 1, 1),
        ("negative", 1, 1),
        ("huge", 600, 600),
        ("junk", 2, 4),
        ("none", 2, 4),
    ],
)
def test_429_with_retry_after(begin: Begin, given: str, least: float, most: float) -> None:
    film = begin(fault("create", {"status": {"code": 429, "retry_after": given}}, nth=2))
    ended = film.run("run", "film.yaml", "--yes", "--json", "--max-wait", "60m")
    assert ended.code == 0
    pauses = [event for event in map(json.loads, ended.out.splitlines()) if event.get("why") == "rate limit"]
    assert [least <= event["seconds"] <= most for event in pauses] == [True], ended.out
    assert sorted(charges(film)) == ["dive", "gull", "moor", "tide"]


@pytest.mark.parametrize(
    "what",
    [{"status": 429}, {"status": 503}, "html", "garbage", "reset", "no-state"],
    ids=str,
)
def test_a_poll_answers_429_5xx_html_garbage_resets(begin: Begin, what: Any) -> None:
    film = begin({**fault("query", what), "when": {"to": 5}})
    assert film.run(*RUN).code == 0
    assert sorted(charges(film)) == ["dive", "gull", "moor", "tide"]


def test_unknown_state_word(begin: Begin) -> None:
    film = begin({**fault("query", {"state-word": "pondering"}), "when": {"to": 6}})
    ended = film.run(*RUN)
    assert ended.code == 0
    assert ended.err.count("pondering") == 1, "said once"


@pytest.mark.parametrize("what", ["stuck", "never-finishes"])
def test_never_finishes(begin: Begin, what: str) -> None:
    film = begin(fault("query", what))
    assert film.run(*RUN).code == 10
    tasks = {one["address"]: tasks_of(one) for one in attempts(film.lock)}
    assert set(states(film).values()) == {"submitted"}
    assert tasks.keys() == {"gull", "tide", "moor"}
    healed(film)
    assert tasks.items() <= {one["address"]: tasks_of(one) for one in attempts(film.lock, "done")}.items()
    assert sorted(charges(film)) == ["dive", "gull", "moor", "tide"]


@pytest.mark.parametrize(
    ("rule", "dialect"),
    [
        (fault("query", "success-without-url"), "tasks"),
        (fault("file", {"status": 403}), "jobs"),
        (fault("content", {"status": 403}), "videos"),
    ],
    ids=["without-url", "file-403", "content-403"],
)
def test_success_without_a_url_or_content_403(begin: Begin, rule: dict[str, Any], dialect: str) -> None:
    film = begin(rule, dialect=dialect)
    ended = film.run(*RUN)
    assert ended.code == 12
    assert states(film) == {"gull": "unavailable", "tide": "unavailable", "moor": "unavailable"}
    assert sorted(charges(film)) == ["gull", "moor", "tide"]
    for words in (RUN, ("fetch", "film.yaml")):  # what depends on it waits for it, and is not bought without it
        assert film.run(*words).code == 12
    assert sorted(charges(film)) == ["gull", "moor", "tide"]
    healed(film)
    assert sorted(charges(film)) == ["dive", "gull", "moor", "tide"]


def test_404_for_a_known_id(begin: Begin) -> None:
    film = begin(fault("query", "unknown-task", prompt="gull"))
    ended = film.run(*RUN)
    assert ended.code == 12
    assert states(film) == {"gull": "vanished", "tide": "done", "moor": "done"}
    gull = tasks_of(attempts(film.lock, "vanished")[0])[0]
    assert sum(gull in row["path"] for row in asked(film, "query")) == 3
    healed(film, 12)
    assert sorted(charges(film)) == ["gull", "moor", "tide"], "never made again unasked"


def test_404_twice_is_no_reason(begin: Begin) -> None:
    film = begin(fault("query", "unknown-task", prompt="gull", to=2))
    assert film.run(*RUN).code == 0


def test_url_expired(begin: Begin) -> None:
    film = begin(fault("file", {"status": 410}, nth=1))
    assert film.run(*RUN).code == 0
    assert len(asked(film, "query")) == 5, "one job was asked for a fresh address"


_NO_CLIPS: list[Any] = [
    "truncated",
    {"truncated": 0.99},
    {"corrupted": {"place": "head"}},
    {"html": 200},
    "garbage",
    "endless",
    {"gzip-bomb": 8_000_000},
    "gzip",
    "invalid-json",
]


@pytest.mark.parametrize("what", _NO_CLIPS, ids=str)
def test_clip_truncated_corrupted_wrong_type_endless_gzip_bomb(begin: Begin, what: Any) -> None:
    once = begin(fault("file", what, nth=1))
    assert once.run(*RUN).code == 0
    always = begin(fault("file", what, prompt="gull"))
    ended = always.run(*RUN)
    assert ended.code == 12
    assert states(always) == {"gull": "unavailable", "tide": "done", "moor": "done"}
    assert not list(always.folder.glob("renders/**/gull*.mp4"))
    assert all(path.stat().st_size < 16 << 20 for path in always.root.rglob("*") if path.is_file())
    healed(always)


def test_clip_that_drips(begin: Begin) -> None:
    film = begin(fault("file", {"drip": 20}, nth=1), haste=100.0)
    assert film.run(*RUN).code == 0


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("other-task-clip", "names another task"),
        ({"other-size": "turned"}, "another orientation"),
        ({"other-duration": 4}, "4.00 s long, not 10 s"),
    ],
    ids=["task", "orientation", "duration"],
)
def test_another_clip_than_asked(begin: Begin, what: Any, words: str) -> None:
    film = begin(fault("file", what, prompt="gull"))
    ended = film.run(*RUN)
    assert ended.code == 12
    assert words in ended.out
    assert states(film) == {"gull": "suspect", "tide": "done", "moor": "done"}, "it feeds nobody"
    healed(film, 12)
    assert sorted(charges(film)) == ["gull", "moor", "tide"]


def test_another_size_of_the_right_orientation_is_a_note(begin: Begin) -> None:
    film = begin(fault("file", {"other-size": "smaller"}, prompt="gull"))
    ended = film.run(*RUN)
    assert ended.code == 0
    assert "note: it is 640x360, not 1280x720" in ended.err


def test_another_length_within_what_the_profile_allows(begin: Begin) -> None:
    film = begin(fault("file", {"other-duration": 4}, prompt="gull"))
    with (film.root / "config/providers/house.yaml").open("a") as profile:
        profile.write("verify: {seconds: 6}\n")
    assert film.run(*RUN).code == 0
    assert states(film)["gull"] == "done"


def test_another_prompts_clip_of_the_right_shape_can_not_be_told(begin: Begin) -> None:
    film = begin(fault("file", "other-clip", prompt="gull"), fault("file", "other-task-clip", prompt="tide"))
    ended = film.run(*RUN)
    assert ended.code == 12
    assert states(film) == {"gull": "done", "tide": "suspect", "moor": "done", "dive": "done"}
    told = "a clip of the right shape that shows something else can't be told"
    assert told in ended.out, "where one clip was not right, others may not be either"
    assert told in " ".join(film.run("run", "--help").out.split())
    scripted(film.server, ())
    assert told not in film.run("run", "film.yaml", "gull", "--yes").out


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirect_on_an_api_call(begin: Begin, code: int) -> None:
    film = begin(fault("create", {"redirect": {"to": "self", "code": code}}, nth=2), fault("query", "redirect", nth=1))
    assert film.run(*RUN).code == 9
    assert states(film) == {"gull": "done", "tide": "uncertain", "moor": "done", "dive": "done"}
    assert len(asked(film, "create")) == 4, "not followed"


def test_redirect_of_a_download(begin: Begin) -> None:
    film = begin(fault("file", {"hops": 5}))
    assert film.run(*RUN).code == 0
    assert asked(film, "file") == [], "without credentials"


@pytest.mark.parametrize(
    "what", [{"hops": 6}, *({"hops": {"count": 2, "to": to}} for to in ("private", "metadata", "file"))], ids=str
)
def test_redirect_of_a_download_too_far_or_to_a_forbidden_place(begin: Begin, what: Any) -> None:
    film = begin(fault("file", what, prompt="gull"))
    assert film.run(*RUN).code == 12
    assert states(film) == {"gull": "unavailable", "tide": "done", "moor": "done"}
    healed(film)


@pytest.mark.parametrize("what", ["closed", "hang", "garbage", {"status": 500}, {"status": 401}, "drip"], ids=str)
def test_a_balance_that_can_not_be_told_is_no_trouble(begin: Begin, what: Any) -> None:
    film = begin(fault("credit", what), haste=20.0)
    ended = film.run(*RUN)
    assert ended.code == 0
    assert "balance" not in ended.out
