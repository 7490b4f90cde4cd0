"""What tests of the command line share: the call, and a film with one of everything."""

from __future__ import annotations

from collections.abc import Callable

from studio import Result

Sorapipe = Callable[..., Result]

FILM = """\
sorapipe: 1
title: A film
characters:
  tom: {name: Old Tom, url: "https://example.org/tom.mp4", timestamps: [1, 3], description: an old man}
  lantern: {description: a brass lantern}
scenes:
  - id: shore
    title: Dawn
    shots:
      - id: cliff
        prompt: A gull over the cliff.
      - id: boat
        prompt: "@tom rows, @lantern in the bow."
      - id: landing
        continues: boat
        prompt: He steps out.
  - id: tower
    shots:
      - id: stairs
        takes: 2
        prompt: He climbs the stairs.
      - id: storm
        matrix: {weather: [squall, fog], lens: [wide, close]}
        exclude: [{weather: fog, lens: close}]
        prompt: "The light in a {{ matrix.weather }}, {{ matrix.lens }}."
"""
