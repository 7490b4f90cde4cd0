"""Clients that take a person's word, or a person's file, for less or for more than it is."""

from __future__ import annotations

from campaign.wrong_client import Swap, worlds, wrong
from sorapipe.cli import binding, uncertain
from sorapipe.planning.facts import Facts


@wrong(
    "binds a task to a shot though another shot has it",
    worlds(529, most=800, says="^3: the clip of .* is of .*, not of"),
)
def binds_a_task_twice(swap: Swap) -> None:
    swap(uncertain, "in_use", lambda production, task: None)


@wrong(
    "binds whatever it is told, without a question to the provider",
    worlds(69, most=300, says="^6: .* is shown on"),
)
def binds_unasked(swap: Swap) -> None:
    swap(binding, "_ask", lambda providers, attempt, task, target: None)


@wrong(
    "sends what is uncertain again without a person's word",
    worlds(0, 9, 11, says="^1: .* was bought though"),
)
def sends_what_is_uncertain_again(swap: Swap) -> None:
    swap(Facts, "holds_up", lambda self, attempt: False)
