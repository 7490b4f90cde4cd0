"""Problems of mentions stand at the mention, wherever the text was written."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from boards import board
from build import REAL

from sorapipe.planning.capabilities import CharacterWay
from sorapipe.planning.check import check
from sorapipe.storyboard.diagnostics import Diagnostics

CAST = "characters: {fox: {url: 'https://e.org/fox.mp4'}}\n"


def places(text: str) -> list[tuple[int, int, int]]:
    """Line, column and length of every problem at a provider without characters; the cast is line 2."""
    found = Diagnostics()
    nowhere = replace(REAL, characters=CharacterWay.NONE)
    check(board(CAST + text), nowhere, date(2026, 11, 22), lambda _: False, found)
    return [(it.span.place.line, it.span.place.column, it.span.length) for it in found if it.span]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('shots: [{id: a, prompt: "A den. @fox runs."}]', (3, 33, 4)),
        ("shots:\n  - id: a\n    prompt: >-\n      A den,\n      and @fox runs.", (7, 11, 4)),
        ("shots:\n  - id: a\n    prompt: |\n      Mail a@fox.org.\n      @@fox and @fox.", (7, 17, 4)),
        ('defaults: {look: "With @fox."}\nshots: [{id: a, prompt: A den.}]', (3, 24, 4)),
        ('vars: {who: "the @fox"}\nshots: [{id: a, prompt: "{{ vars.who }} runs."}]', (3, 18, 4)),
        (
            'templates: {t: {params: {who: null}, prompt: "{{ who }} runs."}}\n'
            'shots: [{id: a, template: t, with: {who: "@fox"}}]',
            (4, 43, 4),
        ),
        ('shots:\n  - id: a\n    matrix: {n: {x: {prompt: "An @fox."}, y: {prompt: A hen.}}}', (5, 34, 4)),
    ],
)
def test_the_place_is_the_mention(text: str, place: tuple[int, int, int]) -> None:
    assert places(text) == [place]
