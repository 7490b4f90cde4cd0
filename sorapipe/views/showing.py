"""Chooses how a run is shown: a live table on a terminal, plain lines elsewhere; knows no event."""

from __future__ import annotations

import os
from typing import TextIO

from sorapipe.planning.plan_types import Plan
from sorapipe.views.progress import Lines, View
from sorapipe.views.tally import Clock


def view(plan: Plan, stream: TextIO, clock: Clock) -> View:
    """The live table where the stream is a terminal that can draw one, else plain lines."""
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        from sorapipe.views.live import Live

        return Live(plan, stream, clock)
    return Lines(plan, stream, clock)
