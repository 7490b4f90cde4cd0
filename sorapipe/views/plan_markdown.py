"""A plan as Markdown for a pull request: a table, prices, and the words that changed, folded; makes no plan itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sorapipe.planning.causes import Cause
from sorapipe.planning.choice import take_label
from sorapipe.planning.plan_types import BUYS, TOLD, Action, Plan, Staleness, Step, Upload
from sorapipe.storyboard.model import Storyboard
from sorapipe.views.markdown import code, details, fence, table, words
from sorapipe.views.page import Page
from sorapipe.views.plan_view import groups, purchase
from sorapipe.views.why_view import cause_lines
from sorapipe.views.words import count, length, listing, money, wait

MOST_ROWS = 100
"""Rows of the table; the sums count all."""
MOST_CHARACTERS = 50_000
"""A comment on a pull request may have 65,536; what is folded away ends before that."""
_COLUMNS = 100


class Sheet(NamedTuple):
    """What is shown: the plan, the storyboard, what is folded away by the label of a shot, and the paragraphs of a
    comparison, if any."""

    plan: Plan
    storyboard: Storyboard
    told: Sequence[tuple[str, Sequence[Cause]]]
    more: Sequence[str] = ()


def plan_markdown(sheet: Sheet, page: Page) -> str:
    """The whole plan."""
    plan = sheet.plan
    lines = [f"### {words(sheet.storyboard.title or 'Untitled')}", "", _head(plan), ""]
    listed = [step for group in groups(plan, sheet.storyboard) for step in group.steps if _worth_a_row(step)]
    if listed:
        lines += table(("", "take", "price:", "why"), [_row(step, plan) for step in listed[:MOST_ROWS]])
        if len(listed) > MOST_ROWS:
            lines += ["", f"… and {len(listed) - MOST_ROWS:,} more"]
        lines.append("")
    lines += [*_sums(plan), *sheet.more]
    if plan.uploads:
        lines += ["", f"Files that would be sent: {listing([_upload(one) for one in plan.uploads], 12)}"]
    lines += _folded(sheet, page, MOST_CHARACTERS - sum(len(line) + 1 for line in lines))
    if any(step.action is not Action.KEEP and not _is_away(step) for step in plan.steps):
        lines += ["", f"To do this: {code(f'sorapipe run{page.target}{page.words}')}"]
    return "\n".join(lines) + "\n"


def _head(plan: Plan) -> str:
    if plan.totals.calls:
        return f"**{purchase(plan)}** from {code(plan.provider)}, **{words(money(plan.totals.cost, plan.currency))}**"
    return "**Nothing to buy.**"


def _row(step: Step, plan: Plan) -> tuple[str, str, str, str]:
    name = code(step.label)
    take = "" if step.address.startswith("@") else f" {take_label(step.take, step.letter)}"
    price = money(step.price, plan.currency) if step.action in BUYS else ""
    if step.stale is not Staleness.FRESH and step.action not in BUYS:
        price = f"({money(step.stale_price, plan.currency)})"
    return step.action.value, f"{name}{take}", words(price), words(step.reason.text)


def _is_away(step: Step) -> bool:
    """Whether it is paid and its clip is just not on this machine: where a branch is looked at, there is often none."""
    return step.action is Action.FETCH and step.reason.code == "gone" and step.reuse is None


def _worth_a_row(step: Step) -> bool:
    if _is_away(step):
        return False
    if step.action is not Action.KEEP or step.reason.code in TOLD or step.reuse is not None:
        return True
    return step.stale is not Staleness.FRESH


def _sums(plan: Plan) -> list[str]:
    totals = plan.totals
    away = sum(map(_is_away, plan.steps))
    kept = sum(not _worth_a_row(step) and not step.address.startswith("@") for step in plan.steps) - away
    said = [f"{count(totals.shots, 'shot')}, {count(totals.takes, 'take')}, {length(totals.film_seconds)} of film"]
    said += [f"{count(kept, 'take')} kept as {'it is' if kept == 1 else 'they are'}"] if kept else []
    said += [wait(totals.minutes)] if totals.calls else []
    lines = ["; ".join(said) + "."]
    if away:
        where = "is paid, and its clip is" if away == 1 else "are paid, and their clips are"
        lines.append(f"{count(away, 'take')} {where} not on this machine.")
    if totals.waiting:
        cost = words(money(totals.waiting_cost, plan.currency))
        lines.append(f"{count(totals.waiting, 'more take')} {'waits' if totals.waiting == 1 else 'wait'} ({cost}).")
    stale = sum(step.stale is not Staleness.FRESH and step.action not in BUYS for step in plan.steps)
    if stale:
        cost = words(money(totals.stale_cost, plan.currency))
        lines.append(f"{count(stale, 'take')} out of date and kept, not bought ({cost}).")
    return lines


def _upload(upload: Upload) -> str:
    return code(upload.asset.path) if upload.asset is not None else f"the clip of {code(upload.shot or '')}"


def _folded(sheet: Sheet, page: Page, room: int) -> list[str]:
    """What changed in each shot, as far as there is room."""
    lines: list[str] = []
    left_out = 0
    plain = Page(page.target, page.folder, width=_COLUMNS)
    for label, causes in sheet.told:
        if not causes:
            continue
        body = fence(line for cause in causes for line in cause_lines(cause, plain, 0))
        block = ["", *details(f"What changed in <code>{_html(label)}</code>", body)]
        size = sum(len(line) + 1 for line in block)
        if left_out or size > room:
            left_out += 1
            continue
        room -= size
        lines += block
    if left_out:
        lines += ["", f"{count(left_out, 'more shot')} changed: `sorapipe why` tells the rest."]
    return lines


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "&#64;")
