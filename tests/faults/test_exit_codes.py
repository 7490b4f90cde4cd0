"""The exit codes, and which one is given where several apply: by their order, and by runs in which much went wrong."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from campaign.fault_play import Film, scripted
from faults.rows import RUN, Begin, charges, fault, states

from sorapipe.cli.failures import Exit
from sorapipe.engine.outcome import exit_code

ORDER = ((129, 130, 143), (5,), (9,), (11,), (6,), (7,), (12,), (8,), (10,))
"""The gravest first."""


@pytest.mark.parametrize(("graver", "lesser"), [*itertools.combinations(ORDER, 2)], ids=str)
def test_of_two_the_graver_is_given(graver: Sequence[int], lesser: Sequence[int]) -> None:
    for one, other in itertools.product(graver, lesser):
        assert exit_code((one, other)) == exit_code((other, one)) == one
        assert exit_code((0, one, other, other)) == one


def test_nothing_wrong_is_0_and_all_codes_have_a_place() -> None:
    assert exit_code(()) == exit_code((0,)) == 0
    of_a_run = {code for codes in ORDER for code in codes}
    of_no_run = {Exit.DONE, Exit.BUG, Exit.USAGE, Exit.REFUSED, Exit.HELD, Exit.SOMETHING_TO_DO}
    assert {int(code) for code in Exit} == of_a_run | of_no_run
    assert [int(code) for code in sorted(Exit)] == [*range(13), 20, 129, 130, 143]


LOST = fault("create", "answer-lost", prompt="gull")
FAILS = fault("create", {"fails": "no"}, prompt="tide")
NO_CREDITS = fault("create", {"status": 402}, prompt="Mist")
NO_KEY = fault("create", {"status": 401}, prompt="Mist")
OTHER = fault("file", {"other-duration": 4}, prompt="tide")
OTHER_GULL = fault("file", {"other-duration": 4}, prompt="gull")
STUCK = fault("query", "stuck", prompt="Mist")


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ((LOST, FAILS, NO_KEY), 9),
        ((LOST, OTHER, NO_CREDITS), 9),
        ((NO_KEY, OTHER), 6),
        ((NO_CREDITS, OTHER), 7),
        ((NO_CREDITS, FAILS), 7),
        ((OTHER_GULL, FAILS), 12),
        ((OTHER, STUCK), 12),
        ((FAILS, STUCK), 8),
        ((STUCK,), 10),
    ],
    ids=["9-6-8", "9-7-12", "6-12", "7-12", "7-8", "12-8", "12-10", "8-10", "10"],
)
def test_a_run_in_which_several_things_went_wrong(begin: Begin, rules: tuple[dict[str, Any], ...], code: int) -> None:
    film = begin(*rules)
    ended = film.run(*RUN)
    assert ended.code == code, ended.out + ended.err
    assert len(charges(film)) == len(set(charges(film)))


def test_what_a_run_left_is_in_the_code_of_the_next(begin: Begin) -> None:
    film = begin(LOST, FAILS)
    assert film.run(*RUN).code == 9
    scripted(film.server, ())
    before = sorted(charges(film))
    assert film.run(*RUN).code == 9
    assert sorted(charges(film)) == before == ["gull", "moor", "tide"]
    assert film.run("resubmit", "film.yaml", "gull", "--yes").code == 0
    assert film.run(*RUN).code == 8
    assert film.run("roll", "film.yaml", "tide", "--yes").code == 0
    assert film.run(*RUN).code == 0


def _plain(film: Film) -> None:
    scripted(film.server, ())


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("run", "film.yaml"), 2, "`--max-cost N` allows it up to an amount, `--yes` whatever it costs"),
        (("run", "film.yaml", "nobody", "--yes"), 2, "nobody"),
        (("run", "film.yaml", "--yes", "--max-cost", "15"), 7, "nothing was sent"),
        (("run", "film.yaml", "--yes", "--max-takes", "1"), 7, "nothing was sent"),
        (("plan", "film.yaml", "--exit-code"), 20, ""),
        (("plan", "film.yaml"), 0, ""),
        (("adopt", "film.yaml", "gull", "task_1"), 2, "nothing about gull is uncertain"),
        (("resubmit", "film.yaml", "gull", "--yes"), 2, "nothing about `gull` is uncertain"),
        (("fetch", "film.yaml"), 0, ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_that_sends_nothing(begin: Begin, words: tuple[str, ...], code: int, said: str) -> None:
    film = begin()
    ended = film.run(*words)
    assert ended.code == code, ended.err
    assert said in ended.err
    assert charges(film) == []
    assert states(film) == {}
    assert not (film.folder / "film.lock").exists()


def test_plan_says_20_until_all_is_there(begin: Begin) -> None:
    film = begin()
    assert film.run("plan", "film.yaml", "--exit-code").code == 20
    assert film.run(*RUN).code == 0
    assert film.run("plan", "film.yaml", "--exit-code").code == 0


@pytest.mark.parametrize(("wait", "code"), [((), 10), (("--max-wait", "5s"), 10)])
def test_a_run_ends_when_nothing_has_changed_for_an_hour_or_what_was_said(
    begin: Begin, wait: tuple[str, ...], code: int
) -> None:
    film = begin(fault("query", "stuck"))
    ended = film.run("run", "film.yaml", "--yes", *wait)
    assert ended.code == code
    assert f"nothing has changed for {'5' if wait else '3600'} s (`--max-wait`)" in ended.out
    assert "3 takes still running at the provider: the same command collects what is ready" in ended.out
    _plain(film)
    assert film.run(*RUN).code == 0
    assert len(charges(film)) == 4
