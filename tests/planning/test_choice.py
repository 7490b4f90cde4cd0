"""Which take is in the film, sentence by sentence, and what takes are called."""

from __future__ import annotations

from decimal import Decimal

from build import World, board, shot

from sorapipe.planning.choice import Because, Today, choose, conflict, labels, next_take, single_pick
from sorapipe.planning.facts import Attempt, AttemptState, Pick

D, F = AttemptState.DONE, AttemptState.FAILED


def take(number: int, token: str = "", state: AttemptState = D, *, rehearsal: bool = False) -> Attempt:
    return Attempt(token or f"k{number}", "a", number, "r", "p", "m", state, rehearsal=rehearsal)


def picked(number: int) -> Pick:
    return Pick("a", f"k{number}", number)


def film(
    takes: list[Attempt], current: str = "", pick: Pick | None = None, bad: str = "", accepted: bool = False
) -> tuple[int, Because, bool] | None:
    tokens = frozenset(current.split())
    found = choose(takes, pick, frozenset(bad.split()), Today(tokens, tokens, accepted))
    return None if found is None else (found.attempt.take, found.because, found.current)


TAKES = [take(1), take(2), take(3)]


def test_an_explicit_pick_of_todays_recipe_is_in_the_film() -> None:
    assert film(TAKES, "k1 k2 k3", picked(2)) == (2, Because.PICKED, True)
    assert film(TAKES, "k1 k2 k3", picked(2), bad="k2") == (2, Because.PICKED, True)


def test_an_accepted_pick_stays_though_its_recipe_is_old() -> None:
    assert film(TAKES, "k3", picked(1), accepted=True) == (1, Because.PICKED, True)


def test_else_the_lowest_take_of_todays_recipe_that_is_not_marked() -> None:
    assert film(TAKES, "k2 k3") == (2, Because.FIRST_GOOD, True)
    assert film(TAKES, "k2 k3", bad="k2") == (3, Because.FIRST_GOOD, True)
    assert film(TAKES, "k2 k3", picked(1)) == (2, Because.FIRST_GOOD, True)


def test_else_the_explicit_pick_though_stale() -> None:
    assert film(TAKES, "", picked(2)) == (2, Because.STALE_PICK, False)


def test_else_the_highest_take_though_stale() -> None:
    assert film(TAKES, "") == (3, Because.STALE_LATEST, False)
    assert film([take(1), take(2, state=F)], "") == (1, Because.STALE_LATEST, False)
    assert film([take(1, state=F)], "k1") is None


def test_among_takes_of_todays_recipe_those_of_todays_inputs_come_first() -> None:
    found = choose(TAKES, None, frozenset(), Today(frozenset({"k1", "k2"}), frozenset({"k2"})))
    assert found is not None and found.attempt.take == 2


def test_practice_counts_only_where_nothing_real_is() -> None:
    practice = take(2, rehearsal=True)
    assert film([take(1), practice], "k2") == (1, Because.STALE_LATEST, False)
    assert film([take(1), practice], "k2", picked(2)) == (1, Because.STALE_LATEST, False)
    assert film([practice], "k2") == (2, Because.FIRST_GOOD, True)


def test_picks_can_contradict_each_other_and_be_taken_back() -> None:
    assert conflict([picked(1), picked(2)])
    assert not conflict([picked(1), picked(1)])
    assert single_pick([picked(1), picked(2)]) is None
    assert single_pick([Pick("a", None, None)]) is None
    assert single_pick([picked(2)]) == picked(2)


def test_takes_of_one_number_are_told_apart_by_their_tokens() -> None:
    takes = [take(1), take(2, "x"), take(2, "y"), take(2, "z"), take(3)]
    assert list(labels(takes).values()) == ["t01", "t02", "t02b", "t02c", "t03"]


def test_numbers_are_never_used_again() -> None:
    assert next_take([]) == 1
    assert next_take([take(1), take(4, state=F)]) == 5


def test_a_roll_never_moves_a_pick() -> None:
    world = World(board(shot("a")))
    world.took("a"), world.took("a")
    world.pick("a", 2)
    world.took("a", cost=Decimal(0))
    assert world.outlook().situations["a"].film.attempt.take == 2
