"""Words for shots and takes, as people type them."""

from __future__ import annotations

import pytest
from build import World, board, character, shot

from sorapipe.planning.graph import build
from sorapipe.planning.select import find_take, select, take_of_path
from sorapipe.storyboard.diagnostics import Diagnostics

FILM = board(
    shot("cliff", scene="arrival", tags=("hero",)),
    shot("stairs", frame="cliff", mentions=("keeper",)),
    shot("after", frame="stairs", model="sora-2-hd"),
    *(
        shot(f"storm[lens={lens},weather={sky}]", scene="end")
        for sky in ("fog", "squall")
        for lens in ("wide", "close")
    ),
    shot("twin[a=x,b=x]"),
    shot("twin[a=x,b=y]"),
    characters=[character("keeper", None, "a man")],
)
GRAPH = build(FILM, Diagnostics())
STORM = [f"storm[lens={lens},weather={sky}]" for lens in ("close", "wide") for sky in ("fog", "squall")]


def names(*words: str, exclude: tuple[str, ...] = ()) -> list[str]:
    found = select(FILM, words, GRAPH, exclude)
    assert found.errors == ()
    return sorted(found.addresses)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("cliff", ["cliff"]),
        ("storm", STORM),
        ("st*", ["stairs", *STORM]),
        ("storm/fog", [STORM[0], STORM[2]]),
        ("storm/fog/wide", [STORM[2]]),
        ("storm/wide/fog", [STORM[2]]),
        ("storm/Wide/fog", [STORM[2]]),
        ("storm/w*", [STORM[2], STORM[3]]),
        ("storm[weather=fog,lens=wide]", [STORM[2]]),
        ("storm[lens=wide,weather=fog]", [STORM[2]]),
        ("storm/lens=wide", [STORM[2], STORM[3]]),
        ("lens=wide", [STORM[2], STORM[3]]),
        ("twin/b=x", ["twin[a=x,b=x]"]),
        ("scene:arrival", ["cliff"]),
        ("tag:hero", ["cliff"]),
        ("character:keeper", ["stairs"]),
        ("model:sora-2-hd", ["after"]),
        ("+after", ["after", "cliff", "stairs"]),
        ("cliff+", ["after", "cliff", "stairs"]),
        ("+stairs+", ["after", "cliff", "stairs"]),
    ],
)
def test_words_for_shots(word: str, expected: list[str]) -> None:
    assert names(word) == sorted(expected)


def test_words_add_up_and_exclude_takes_away() -> None:
    assert names("cliff", "stairs") == ["cliff", "stairs"]
    assert names("st*", exclude=("storm/fog",)) == sorted(["stairs", STORM[1], STORM[3]])
    assert len(names()) == len(FILM.shots)


@pytest.mark.parametrize(
    ("word", "message", "hint"),
    [
        ("stars", "no shot `stars`", "did you mean `stairs`?"),
        ("storm/fgo", "no matrix word `fgo`", "did you mean `storm/fog`?"),
        ("scene:arival", "no scene `arival`", "did you mean `scene:arrival`?"),
        ("scnee:arrival", "no selector `scnee:`", "did you mean `scene:arrival`?"),
        ("twin/x", "`x` in `twin/x` is a word of `a` and `b`", "write `a=x` or `b=x`"),
        ("storm/fog/squall", "no shot is `storm/fog/squall`",
         "there are `storm/wide/fog`, `storm/close/fog`, `storm/wide/squall`, `storm/close/squall`"),
    ],
)  # fmt: skip
def test_what_is_not_understood_gets_a_way_out(word: str, message: str, hint: str) -> None:
    (error,) = select(FILM, [word], GRAPH).errors
    assert (error.message, error.hint) == (message, hint)


def test_takes_by_number_label_and_path() -> None:
    world = World(board(shot("a", takes=2)))
    one, two = world.took("a"), world.took("a")
    other = world.took("a", take=2, token="z" * 20, out="renders/film/a_t02b.mp4")
    for word, expected in [("1", one), ("t01", one), ("2", two), ("t02", two), ("T02b", other), ("2b", other)]:
        assert find_take(world.facts, "a", word).attempt == expected
    for word in ("renders/film/a_t02.mp4", "./renders/film/a_t02.mp4", "/home/x/renders/film/a_t02.mp4", "a_t02.mp4"):
        assert find_take(world.facts, "a", word).attempt == two
        assert take_of_path(world.facts, word) == two
    missing = find_take(world.facts, "a", "7")
    assert missing.error is not None
    assert (missing.error.message, missing.error.hint) == ("`a` has no take `7`", "there are t01, t02, t02b")
