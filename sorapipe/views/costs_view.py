"""Where the money went, as a table with aligned amounts or as data; knows not how it is added up.

    {v: 1, currency, spent, budget: {max_cost, left} | null,
     accounts: [{provider, currency, rehearsal, total: SUMS, groups: [{part, id, title} + SUMS]}]}
    SUMS: attempts, unpriced, estimated, paid, in_film, running, failed, wasted, uncertain

Decimals are strings. `paid` is `in_film` + `running` + `failed` + `wasted`; `uncertain` stands beside it. `spent` is
what a budget counts: paid and uncertain, in the currency of the provider that is used now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sorapipe.planning.cost import NOTHING
from sorapipe.planning.spending import Account, Fate, Group, Part, Spending, Sums, total
from sorapipe.storyboard.diagnostics import escape
from sorapipe.storyboard.model import Storyboard
from sorapipe.views.folding import folded
from sorapipe.views.page import Page
from sorapipe.views.plan_data import decimal
from sorapipe.views.words import count, money, number

_MOST = 40
"""Rows of one table, those with most money; what is left is one row more."""
_WIDEST = 40
_COLOURS = {"failed": "red", "wasted": "yellow", "uncertain": "red"}


@dataclass(frozen=True, slots=True)
class Costs:
    """All that the page is made from. `spent` is what a budget counts, in `currency`; `whole`: nothing was narrowed."""

    storyboard: Storyboard
    spending: Spending
    spent: Decimal
    currency: str
    whole: bool = True


def costs_text(costs: Costs, page: Page) -> str:
    """A table for each account, then what is to be known of it."""
    lines = [page.paint(escape(costs.storyboard.title or "Untitled"), "bold")]
    for account, groups in costs.spending.items():
        lines += ["", *_table(account, groups, costs.storyboard, page)]
    if not costs.spending:
        lines += ["", "nothing was ever sent"]
    remarks = [folded(line, page.prose, 0) for line in (*_remarks(costs, page), *_budget(costs))]
    return "\n".join(lines + ([""] if remarks else []) + remarks) + "\n"


def costs_data(costs: Costs) -> dict[str, object]:
    """The same as data; see above."""
    budget = costs.storyboard.budget
    limit = budget.max_cost if budget is not None else None
    titles = _titles(costs.storyboard)
    return {
        "v": 1,
        "currency": costs.currency,
        "spent": decimal(costs.spent),
        "budget": None if limit is None else {"max_cost": decimal(limit), "left": decimal(limit - costs.spent)},
        "accounts": [
            {
                "provider": account.provider, "currency": account.currency, "rehearsal": account.rehearsal,
                "total": _sums_data(total(groups)),
                "groups": [
                    {"part": group.part.value, "id": group.id or None, "title": titles.get(group), **_sums_data(sums)}
                    for group, sums in groups.items()
                ],
            }
            for account, groups in costs.spending.items()
        ],
    }  # fmt: skip


def _sums_data(sums: Sums) -> dict[str, object]:
    amounts = {"estimated": sums.estimated, "paid": sums.paid, **{one.value: sums.of(one) for one in Fate}}
    return {"attempts": sums.attempts, "unpriced": sums.unpriced} | {
        name: decimal(amount) for name, amount in amounts.items()
    }


def _titles(storyboard: Storyboard) -> dict[Group, str]:
    return {Group(Part.SCENE, scene.id): escape(scene.title) for scene in storyboard.scenes if scene.title}


def _table(account: Account, groups: Mapping[Group, Sums], storyboard: Storyboard, page: Page) -> list[str]:
    titles, whole = _titles(storyboard), total(dict(groups))
    fates = [fate for fate in Fate if fate is Fate.IN_FILM or whole.of(fate)]
    practice = ", a rehearsal" if account.rehearsal else ""
    heads = ["attempts", "estimated", "paid", *(fate.value.replace("_", " ") for fate in fates)]
    name = f"{escape(account.provider)}, in {escape(account.currency)}{practice}"
    shown = [(_name(group, titles), sums) for group, sums in _most(groups)]
    rows = [*shown, *_rest(groups, len(shown)), ("in all", whole)]
    digits = max(_digits(amount) for _, sums in rows for amount in _amounts(sums, fates))
    cells = [[_short(label), f"{sums.attempts:,}", *_figures(sums, fates, digits)] for label, sums in rows]
    widths = [max(len(row[at]) for row in ([f"{name} ", *heads], *cells)) for at in range(len(heads) + 1)]
    lines = []
    if sum(widths) + 2 * len(heads) > page.width:  # the name is often longer than all that stands below it
        lines.append(page.paint(name, "bold"))
        name = ""
        widths[0] = max(len(row[0]) for row in cells)
    lines.append(page.paint(_line([name, *heads], widths), "bold"))
    lines += [_line(row, widths, heads, page) for row in cells[:-1]]
    return [*lines, page.paint(_line(cells[-1], widths), "bold")]


def _most(groups: Mapping[Group, Sums]) -> list[tuple[Group, Sums]]:
    """In the order of the storyboard; where there are too many, only those with most money."""
    if len(groups) <= _MOST:
        return list(groups.items())
    dearest = sorted(groups, key=lambda group: groups[group].paid + groups[group].uncertain, reverse=True)[:_MOST]
    return [(group, sums) for group, sums in groups.items() if group in set(dearest)]


def _rest(groups: Mapping[Group, Sums], shown: int) -> list[tuple[str, Sums]]:
    if shown == len(groups):
        return []
    there = {group for group, _ in _most(groups)}
    rest = total({group: sums for group, sums in groups.items() if group not in there})
    return [(f"and {len(groups) - shown:,} more", rest)]


def _name(group: Group, titles: Mapping[Group, str]) -> str:
    match group.part:
        case Part.CHARACTERS:
            return "characters"
        case Part.GONE:
            return "no longer in the storyboard"
    title = titles.get(group)
    return escape(group.id) + (f" · {title}" if title else "")


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _amounts(sums: Sums, fates: Sequence[Fate]) -> list[Decimal]:
    return [sums.estimated, sums.paid, *(sums.of(fate) for fate in fates)]


def _figures(sums: Sums, fates: Sequence[Fate], digits: int) -> list[str]:
    """What is nothing is left blank behind the first two, so that what is there can be seen."""
    return [
        f"{amount:,.{digits}f}" if amount or place < 2 else ""  # noqa: PLR2004
        for place, amount in enumerate(_amounts(sums, fates))
    ]


def _digits(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    behind = max(-exponent, 0) if isinstance(exponent, int) else 0
    return 2 if behind == 1 else behind


def _line(row: Sequence[str], widths: Sequence[int], heads: Sequence[str] = (), page: Page | None = None) -> str:
    cells = [f"{text:>{width}}" for text, width in zip(row[1:], widths[1:], strict=True)]
    if page is not None:
        cells = [
            page.paint(cell, _COLOURS[head]) if head in _COLOURS else cell
            for cell, head in zip(cells, heads, strict=True)
        ]
    return "  ".join([f"{row[0]:{widths[0]}}", *cells]).rstrip()


def _remarks(costs: Costs, page: Page) -> list[str]:
    whole = [total(groups) for groups in costs.spending.values()]
    said = []
    if any(sums.uncertain for sums in whole):
        said.append(
            "uncertain: perhaps paid, and counted as spent; "
            f"`{page.command('sorapipe status')}` says how to settle each"
        )
    if any(sums.failed for sums in whole):
        said.append("failed: what was not given back, as far as the provider told when it failed")
    if any(sums.wasted for sums in whole):
        said.append("wasted: paid takes that are not in the film")
    unpriced = sum(sums.unpriced for sums in whole)
    if unpriced:
        said.append(f"of {count(unpriced, 'attempt')} nobody knows what it cost: the provider names no price")
    return said


def _budget(costs: Costs) -> list[str]:
    budget = costs.storyboard.budget
    if budget is None or budget.max_cost is None or not costs.whole:
        return []
    left = max(budget.max_cost - costs.spent, NOTHING)
    return [f"budget: {number(costs.spent)} of {money(budget.max_cost, costs.currency)} spent, {number(left)} left"]
