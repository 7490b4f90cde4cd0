"""The live table of a run on a terminal; shows what is active and counts the rest, knows not what makes the events."""

from __future__ import annotations

import os
import threading
from types import TracebackType
from typing import TextIO

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live as RichLive
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sorapipe.engine.events import Ended, Event, NotStarted, Paused, Said, Stopped
from sorapipe.planning.plan_types import Plan
from sorapipe.storyboard.diagnostics import escape
from sorapipe.views.progress import event_line
from sorapipe.views.tally import GOOD, Active, Clock, Tally
from sorapipe.views.words import length, money, number

_ROWS = 16
_NARROW = 100
_TIMES_A_SECOND = 5
_STATE_COLOURS = {"sending": "yellow", "queued": "dim", "running": "cyan", "downloading": "green", "waiting": "dim"}


class Live:
    """A table that is drawn anew a few times a second. What has ended stays above it as a line."""

    def __init__(self, plan: Plan, stream: TextIO, clock: Clock) -> None:
        plain = bool(os.environ.get("NO_COLOR"))
        self._console = Console(file=stream, highlight=False, markup=False, no_color=plain or None, emoji=False)
        self._tally = Tally(plan, clock)
        self._lock = threading.RLock()
        self._spoke = False
        self._live = RichLive(
            self, console=self._console, refresh_per_second=_TIMES_A_SECOND, transient=True, redirect_stdout=False,
            redirect_stderr=False,
        )  # fmt: skip

    def __enter__(self) -> Live:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._live.stop()
        if self._spoke:
            self._console.print()  # what follows are the results, not what happened

    def __call__(self, event: Event) -> None:
        with self._lock:
            self._tally.add(event)
            if isinstance(event, Ended | NotStarted | Paused | Stopped | Said):
                self._say(event, self._tally.took if isinstance(event, Ended) else None)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with self._lock:
            room = max(3, min(_ROWS, (options.height or console.height) - 4))
            yield Group(self._table(options.max_width, room), self._foot(options.max_width))

    def _say(self, event: Event, took: float | None) -> None:
        line = event_line(event, self._tally)
        if not line:
            return
        self._spoke = True
        good = isinstance(event, Ended) and event.state in GOOD
        mark, colour = ("✓", "green") if good else ("✗", "red") if isinstance(event, Ended) else ("·", "yellow")
        first, *rest = line.split("\n")
        text = Text.assemble((f"{mark} ", colour), first, (f"  {length(took)}" if took is not None else "", "dim"))
        self._console.print(text, soft_wrap=True)
        for note in rest:
            self._console.print(Text(note, "dim"), soft_wrap=True)

    def _table(self, width: int, rows: int) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, expand=False, show_header=False)
        bar = 12 if width < _NARROW else 28
        table.add_column("shot", no_wrap=True, overflow="ellipsis", max_width=max(16, width - 46 - bar))
        table.add_column("take", no_wrap=True)
        table.add_column("state", no_wrap=True, min_width=11)
        table.add_column("done", width=bar)
        table.add_column("%", justify="right", width=4)
        table.add_column("time", justify="right", min_width=5)
        table.add_column("money", justify="right", no_wrap=True)
        shown = list(self._tally.active.values())
        for row in shown[-rows:] if len(shown) > rows else shown:
            table.add_row(*self._cells(row, bar))
        return table

    def _cells(self, row: Active, bar: int) -> tuple[Text | ProgressBar | str, ...]:
        known = row.percent is not None
        colour = "green" if row.word == "downloading" else "cyan"
        meter = ProgressBar(100, row.percent or 0, width=bar, complete_style=colour, finished_style=colour)
        return (
            Text(escape(row.label)),
            Text(row.take, "dim"),
            Text(escape(row.word), _STATE_COLOURS.get(row.word, "")),
            meter if known else "",
            f"{row.percent}%" if known else "",
            Text(length(self._tally.clock() - row.since), "dim"),
            Text(money(row.cost, self._tally.plan.currency) if row.cost else "", "dim"),
        )

    def _foot(self, width: int) -> Text:
        tally, plan = self._tally, self._tally.plan
        parts = [
            (f"{tally.done} of {tally.goal_words}", "bold"),
            (f"{len(tally.active)} active" if tally.active else "", ""),
            (f"{tally.to_come} to come" if tally.to_come else "", ""),
            (f"{tally.failed} failed" if tally.failed else "", "red"),
            (f"{tally.left_out} held back" if tally.left_out else "", "yellow"),
            (_money(tally, plan), ""),
            (length(tally.elapsed), "dim"),
        ]
        text = Text(" · " if width < _NARROW else "  ·  ", "dim").join(
            Text(words, style) for words, style in parts if words
        )
        text.truncate(width, overflow="ellipsis")
        return text


def _money(tally: Tally, plan: Plan) -> str:
    total = plan.totals.cost
    if not tally.spent and not total:
        return ""
    if total is None:
        return f"{money(tally.spent, plan.currency)} spent" if tally.spent else ""
    return f"{number(tally.spent)} of {money(total, plan.currency)} spent"
