"""Long texts in lines that fit."""

from __future__ import annotations

from sorapipe.views.folding import folded


def test_what_fits_is_left_as_it_is() -> None:
    assert folded("two  blanks", 40, 4) == "two  blanks"


def test_lines_begin_in_one_column() -> None:
    assert folded("a small boat crosses grey water", 34, 10) == f"a small boat crosses\n{'':10}grey water"


def test_a_command_stays_whole() -> None:
    text = folded("send it again: `sorapipe resubmit stairs`, or wait", 32, 0)
    assert text == "send it again:\n`sorapipe resubmit stairs`, or\nwait"


def test_a_narrow_terminal_keeps_some_room() -> None:
    assert max(map(len, folded("one two three four five six seven", 10, 8).split())) <= 24


def test_a_word_that_is_too_long_stands_alone() -> None:
    assert folded(f"see {'x' * 60} there", 30, 0) == f"see\n{'x' * 60}\nthere"
