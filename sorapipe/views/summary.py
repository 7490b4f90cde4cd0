"""The end of a run for people: where the clips are, what it cost, what to do next; knows not how it ran."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import PurePosixPath

from sorapipe.engine.events import Ended, NotStarted
from sorapipe.engine.outcome import Outcome
from sorapipe.planning.choice import take_label
from sorapipe.planning.facts import AttemptState
from sorapipe.planning.plan_types import Plan
from sorapipe.storyboard.diagnostics import escape
from sorapipe.storyboard.model import Storyboard
from sorapipe.views.balance import balance_lines
from sorapipe.views.folding import folded
from sorapipe.views.page import Page
from sorapipe.views.progress import STATES
from sorapipe.views.words import count, length, money

_MOST = 40
"""More finished clips than this are counted, not listed: their folder says enough."""
_ADVICE = {
    AttemptState.FAILED: "change `{0}` in the storyboard, or try the same again: `sorapipe roll {0}`",
    AttemptState.SUSPECT: "look at the clip of `{0}`; to fetch it once more: `sorapipe fetch {0}`; "
    "for another take: `sorapipe roll {0}`",
    AttemptState.UNAVAILABLE: "the clip of `{0}` can't be had now: `sorapipe fetch {0}` asks again",
    AttemptState.VANISHED: "the provider says it does not know `{0}`. If that was another account or another server: "
    "`sorapipe fetch {0}` asks again and buys nothing; for another take: `sorapipe roll {0}`",
    AttemptState.UNCERTAIN: "look for `{0}` in your account; if its task is there: `sorapipe adopt {0} TASK{1}`, "
    "else send it again: `sorapipe resubmit {0}`",
}
_LOOK = "a clip of the right shape that shows something else can't be told: look at the others too"
"""Said where a clip was not what was asked: whoever sent one as another's may have done so twice."""
_COMMAND = re.compile("`(sorapipe [^`]+)`")
_INTERRUPTED = "signal"
"""The code of the reason why a run that was ended by a person begins nothing more."""


def summary_text(outcome: Outcome, plan: Plan, storyboard: Storyboard, page: Page, seconds: float) -> str:
    """All that a person needs to know now. `seconds` is how long the run took."""
    paint = page.paint
    order = {shot.address.canonical: place for place, shot in enumerate(storyboard.shots)}
    ended = sorted(outcome.ended, key=lambda end: _place(end.key, order))
    held = sorted(outcome.not_started, key=lambda one: _place(one.key, order))
    lines = [*_clips(ended, page), *_held(held, page)]
    lines += ["", _totals(outcome, plan, seconds), *balance_lines(outcome, plan)]
    if outcome.why:
        lines.append(folded(f"ended early: {escape(outcome.why)}", page.prose, 0))
    if outcome.running:
        many = _takes([attempt.address for attempt in outcome.running])
        lines.append(f"{many} still running at the provider: the same command collects what is ready")
    steps = _next(ended, held, outcome, page)
    if steps:
        lines += ["", paint("next", "bold"), *(f"  {step}" for step in steps)]
    return "\n".join(lines).lstrip("\n") + "\n"


def _place(key: str, order: dict[str, int]) -> tuple[int, int]:
    address, _, take = key.rpartition("#")
    return order.get(address, -1), int(take) if take.isdigit() else 0


def _clips(ended: Sequence[Ended], page: Page) -> list[str]:
    paint = page.paint
    made = [end for end in ended if end.state is AttemptState.DONE]
    bad = [end for end in ended if end.state is not AttemptState.DONE]
    width = max((len(_name(end)) for end in ended), default=0)
    shown = made if len(made) <= _MOST else []
    lines = []
    for end in ended:
        if end in bad:
            said = f"{STATES[end.state]}: {escape(end.why)}" if end.why else STATES[end.state]
            said += f" ({escape(page.path(end.out))})" if end.out else ""
            lines.append(f"  {paint('✗', 'red')} {_name(end):{width}}  {folded(said, page.prose, width + 6)}")
        elif end in shown:
            where = page.path(end.out) if end.out else "made"
            lines.append(f"  {paint('✓', 'green')} {_name(end):{width}}  {escape(where)}")
        lines += [f"    {'':{width}}  {paint(f'note: {escape(note)}', 'dim')}" for note in end.notes]
    if any(end.state is AttemptState.SUSPECT for end in bad):
        lines.append(f"  {paint(f'note: {_LOOK}', 'dim')}")
    if len(made) > _MOST:
        folders = sorted({page.path(str(PurePosixPath(end.out).parent)) for end in made if end.out})
        lines.append(f"  {paint('✓', 'green')} {count(len(made), 'take')} in {escape(', '.join(folders))}/")
    return lines


def _held(held: Sequence[NotStarted], page: Page) -> list[str]:
    """What was not begun, together where the reason is the same."""
    by_reason: dict[str, list[NotStarted]] = {}
    for one in held:
        if one.reason.code != _INTERRUPTED:
            by_reason.setdefault(one.reason.text, []).append(one)
    lines = []
    for text, group in by_reason.items():
        names = [_name(one) for one in group]
        who = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        lines.append(f"  {page.paint('·', 'yellow')} {folded(f'{who}: {escape(text)}', page.prose, 4)}")
    return lines


def _totals(outcome: Outcome, plan: Plan, seconds: float) -> str:
    made = [end for end in outcome.ended if end.state is AttemptState.DONE]
    takes = sum(not end.key.startswith("@") for end in made)
    people = len(made) - takes
    bad = len(outcome.ended) - len(made)
    said = [count(takes, "take") + " done"]
    said += [f"{count(people, 'character')} made"] if people else []
    said += [f"{bad} not right"] if bad else []
    said += [f"{_takes([one.key for one in outcome.not_started])} not started"] if outcome.not_started else []
    cost = money(outcome.spent, plan.currency) if outcome.spent else "nothing spent"
    return f"{', '.join(said)} · {cost} · {length(Decimal(round(seconds)))}"


def _next(ended: Sequence[Ended], held: Sequence[NotStarted], outcome: Outcome, page: Page) -> list[str]:
    reasons = [one.reason for one in held]
    commands = [it for reason in reasons for it in (reason.instead, reason.command, reason.then) if it]
    steps = [escape(page.command(command)) for command in commands]
    lost = Counter(end.label for end in ended if end.state is AttemptState.UNCERTAIN)
    for end in ended:
        advice = _ADVICE.get(end.state)
        if advice:
            take = f" --take {end.take}" if end.take > 1 or lost[end.label] > 1 else ""
            said = advice.format(escape(shlex.quote(end.label)), take)
            steps.append(_COMMAND.sub(lambda found: f"`{page.command(found[1])}`", said))
    if outcome.running or any(one.reason.code == _INTERRUPTED for one in held):
        steps.append(page.command("sorapipe run"))
    if not steps and any(end.state is AttemptState.DONE for end in ended):
        steps.append(page.command("sorapipe status"))
    return [folded(step, page.prose, 2) if "`" in step else step for step in dict.fromkeys(steps)][:12]


def _takes(keys: Sequence[str]) -> str:
    """`7 takes`, `7 takes and 1 character`, of keys or addresses."""
    people = sum(key.startswith("@") for key in keys)
    takes = len(keys) - people
    said = [count(takes, "take")] if takes else []
    return " and ".join(said + ([count(people, "character")] if people else []))


def _name(one: Ended | NotStarted) -> str:
    label = escape(one.label)
    return label if one.key.startswith("@") else f"{label} {take_label(one.take)}"
