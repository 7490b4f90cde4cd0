"""Clients that read what was answered about a job in ways that lose it, or pay for it once more."""

from __future__ import annotations

from typing import Any

from campaign.wrong_client import Swap, crash, faults, worlds, wrong
from sorapipe.cli import performance
from sorapipe.engine import landing, watch
from sorapipe.engine.board import Phase
from sorapipe.engine.schedule import Schedule
from sorapipe.engine.watch import Watch
from sorapipe.planning import cost
from sorapipe.planning.cost import NOTHING
from sorapipe.planning.facts import UNSETTLED, AttemptState
from sorapipe.views.page import Page


@wrong(
    "takes a poll that went wrong for the end of its job",
    faults("status-503 poll first videos", says="ended with 8, not 0"),
)
def a_bad_poll_is_a_failure(swap: Swap) -> None:
    def lost(self: Watch, job: Any, answer: Any, chance: float, now: float) -> None:
        self._course.lose(job, AttemptState.FAILED, answer.message, now)

    swap(Watch, "_missed", lost)


@wrong(
    "takes a state word that nobody has documented for a failure",
    faults("state-word poll kth videos", says="ended with 8, not 0"),
)
def an_unknown_word_is_a_failure(swap: Swap) -> None:
    running = Watch._still_running

    def lost(self: Watch, job: Any, answer: Any, now: float) -> None:
        if answer.unknown_word is None:
            running(self, job, answer, now)
        else:
            self._course.lose(job, AttemptState.FAILED, answer.unknown_word, now)

    swap(Watch, "_still_running", lost)


@wrong(
    "gives a job up when it is not found once",
    faults("status-404 poll first tasks", says="ended with 12, not 0"),
)
def vanished_at_the_first_404(swap: Swap) -> None:
    swap(watch, "MOST_ABSENCES", 1)
    swap(watch, "ABSENT_FOR", 0.0)


@wrong(
    "buys a shot again whose job is not found once",
    faults("status-404 poll first tasks", says="gull was paid 2 times in one run"),
    worlds(16, 14, 13, most=150, says="^1: .* was bought though 1 of it are known"),
)
def buys_again_what_is_not_found(swap: Swap) -> None:
    def again(self: Watch, job: Any, answer: Any, now: float) -> None:
        self._course.leave_provider(job)
        self._course.polls.cancel(job.key)
        self._course.ready(job, now)

    swap(Watch, "_absent", again)


@wrong(
    "calls a job failed that was not finished within `--max-wait`",
    faults("never-finishes poll all tasks", says="ended with 8, not 10"),
)
def max_wait_ends_the_job(swap: Swap) -> None:
    leave = Schedule._leave

    def lost(self: Schedule, now: float) -> None:
        for job in [job for job in self._course.board if job.phase is Phase.RUNNING]:
            self._course.lose(job, AttemptState.FAILED, "it took too long", now)
        leave(self, now)

    swap(Schedule, "_leave", lost)


@wrong(
    "gives a clip up when its address has expired",
    faults("status-410 download first jobs", says="ended with 12, not 0"),
)
def asks_for_no_fresh_address(swap: Swap) -> None:
    swap(landing, "MOST_REFRESHES", 0)


@wrong(
    "shows no way to settle what is uncertain",
    faults("answer-lost create first tasks", says="does not name `sorapipe adopt"),
)
def shows_no_way_out(swap: Swap) -> None:
    swap(Page, "command", lambda self, command: "sorapipe status")


@wrong(
    "counts nothing for what is uncertain",
    crash("point:P5:simulator:1", says="^6: .* is shown"),
    worlds(11, 16, most=150, says="^6: .* is shown on"),
)
def uncertain_costs_nothing(swap: Swap) -> None:
    spent_on = cost.spent_on

    def less(attempt: Any, facts: Any, capabilities: Any) -> Any:
        return NOTHING if attempt.state in UNSETTLED else spent_on(attempt, facts, capabilities)

    swap(cost, "spent_on", less)


@wrong(
    "writes when there is nothing to do",
    crash("plain::simulator:1", says="^5: a finished film was written to"),
    worlds(says="^5: a finished film .* is not left alone"),
)
def writes_when_idle(swap: Swap) -> None:
    idle = performance._idle

    def held(production: Any, plan: Any, order: Any) -> None:
        with production.workspace.hold(order.command):
            pass
        idle(production, plan, order)

    swap(performance, "_idle", held)
