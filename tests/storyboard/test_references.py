"""What a shot's name means, whoever says it."""

from __future__ import annotations

import pytest
from boards import board, hints, problems, shot

from sorapipe.storyboard.model import Address, FrameOf, ShotSource

CELLS = """\
characters: {gull: {from_shot: %s}}
shots:
  - id: storm
    prompt: "A {{ matrix.weather }}, {{ matrix.lens }}."
    matrix: {weather: [squall, fog], lens: [wide, close]}
  - {id: quiet, prompt: Nothing.}
  - {id: last, prompt: End., continues: {shot: %s, at: 2.50}}
"""


@pytest.mark.parametrize(
    "typed", ["storm/fog/wide", "storm/wide/fog", "storm/lens=wide/fog", "storm[lens=wide,weather=fog]"]
)
def test_a_cell_may_be_named_in_any_order(typed: str) -> None:
    story = board(CELLS % ("quiet", f'"{typed}"'))
    request = shot(story, "last").request
    assert request is not None and isinstance(request.input_reference, FrameOf)
    assert request.input_reference.address == Address("storm", (("lens", "wide"), ("weather", "fog")))
    assert str(request.input_reference.at) == "2.5"


def test_a_character_is_made_from_one_shot() -> None:
    assert board(CELLS % ("quiet", "quiet")).characters["gull"].source == ShotSource(Address("quiet"), None)
    assert problems(CELLS % ("storm", "quiet")) == ["2: `storm` means 4 shots here"]
    assert problems(CELLS % ("quite", "quiet")) == ["2: there is no shot `quite`"]
    assert hints(CELLS % ("quite", "quiet")) == ["did you mean `quiet`?"]


def test_a_cell_that_is_not_there_lists_those_that_are() -> None:
    assert problems(CELLS % ("quiet", "storm/snow")) == ["8: there is no cell `storm/snow`"]
    assert "`storm/squall/wide`" in (hints(CELLS % ("quiet", "storm/snow"))[0] or "")


def test_a_shot_that_shows_another_is_no_parent() -> None:
    text = "shots: [{id: a, prompt: x}, {id: b, clip: a}, {id: c, prompt: y, continues: b}]"
    assert problems(text) == ["2: `b` renders nothing: it shows another shot's clip"]
    assert hints(text) == ["name the shot it shows: `a`"]


def test_cells_of_one_shot_may_follow_each_other() -> None:
    text = """
    shots:
      - id: day
        prompt: "Light at {{ matrix.hour }}."
        matrix: {hour: {morning: {}, noon: {continues: day/morning}, night: {continues: day/noon}}}
    """
    story = board(text)
    request = shot(story, "day/night").request
    assert request is not None and request.input_reference == FrameOf(Address("day", (("hour", "noon"),)))


def test_needs_are_each_said_once() -> None:
    story = board("shots: [{id: a, prompt: x}, {id: b, prompt: y, needs: [a, a]}]")
    assert story.shots[1].needs == (Address("a"),)
    assert problems("shots: [{id: a, prompt: x, needs: [a, b]}]") == [
        "2: `a` refers to itself",
        "2: there is no shot `b`",
    ]
