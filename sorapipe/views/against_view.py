"""A plan beside that of another revision, as text, Markdown and data; knows not how they are compared."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sorapipe.planning.against import Against
from sorapipe.planning.since import Difference, Fate
from sorapipe.planning.why import phrase
from sorapipe.storyboard.diagnostics import escape
from sorapipe.views.markdown import code, table, words
from sorapipe.views.page import Page
from sorapipe.views.plan_data import decimal
from sorapipe.views.why_view import MANY, alike, cause_data, cause_lines, causes_key, others
from sorapipe.views.words import count, length, listing, money

_MARKS = {Fate.NEW: ("+", "green"), Fate.GONE: ("-", "red"), Fate.CHANGED: ("~", "yellow")}
_SAID = {Fate.NEW: "new", Fate.GONE: "gone", Fate.CHANGED: "edited"}
_MOST = 100
_WIDEST = 34


def against_text(against: Against, name: str, page: Page) -> str:
    """`name` is the revision's."""
    shown = against.shown
    lines = [page.paint(f"compared with {escape(name)}", "bold")]
    widest = min(max((len(one.shot.label) for one in shown), default=0), _WIDEST)
    price = max((len(_price(one, against)) for one in shown), default=0)
    groups = [[one] for one in shown]
    if len(shown) > MANY:
        groups = alike(shown, lambda one: (one.fate, tuple(causes_key(one.causes))))
    for group in groups[:_MOST]:
        one = group[0]
        mark, colour = _MARKS[one.fate]
        what = "" if one.fate is Fate.CHANGED else _SAID[one.fate]
        label = f"{escape(one.shot.label):{widest}}  {_price(one, against):>{price}}  {what}"
        lines.append(f"  {page.paint(mark, colour)} {label}".rstrip())
        for cause in one.causes:
            lines += cause_lines(cause, page, 6)
        lines += [f"    {line}" for line in others(group)]
    lines += [f"  … and {sum(map(len, groups[_MOST:])):,} more"] if len(groups) > _MOST else []
    lines += [f"  {line}" for line in _sums(against)]
    return "\n".join(lines) + "\n"


def against_markdown(against: Against, name: str) -> list[str]:
    """The paragraphs for a pull request; what changed in words is folded away elsewhere."""
    shown = against.shown
    counted = [(fate, sum(one.fate is fate for one in shown)) for fate in (Fate.NEW, Fate.CHANGED, Fate.GONE)]
    said = [f"{count(number, 'shot')} {_SAID[fate]}" for fate, number in counted if number]
    lines = ["", f"**Compared with {code(name)}:** {', '.join(said) or 'nothing that is sent has changed'}", ""]
    if shown:
        rows = [
            (_SAID[one.fate], code(one.shot.label), words(_price(one, against)), words(_what(one)))
            for one in shown[:_MOST]
        ]
        lines += [*table(("", "shot", "to buy:", "what"), rows), ""]
        lines += [f"… and {len(shown) - _MOST:,} more", ""] if len(shown) > _MOST else []
    return [*lines, "; ".join(words(line) for line in _sums(against)) + "."]


def against_data(against: Against, rev: str, commit: str) -> dict[str, object]:
    """`{rev, commit, shots: [{address, label, fate, cost, changes, cosmetic}], edited, cost, cost_then, more,
    film_seconds_then, bought, paid}`."""
    return {
        "rev": escape(rev),
        "commit": commit,
        "shots": [
            {
                "address": one.shot.address.canonical,
                "label": one.shot.label,
                "fate": one.fate.value,
                "cost": decimal(against.prices.get(one.shot.address.canonical, Decimal(0))),
                "changes": [cause_data(cause) for cause in one.causes],
                "cosmetic": [escape(word) for word in one.cosmetic],
            }
            for one in against.comparison.differences
            if one.fate is not Fate.SAME
        ],
        "edited": [escape(word) for word in against.comparison.edited],
        "cost": decimal(against.plan.totals.cost),
        "cost_then": decimal(against.cost_then),
        "more": decimal(against.more),
        "film_seconds_then": decimal(against.then.totals.film_seconds) if against.then is not None else None,
        "bought": against.bought,
        "paid": decimal(against.paid),
    }


def _what(one: Difference) -> str:
    return phrase(cause.change for cause in one.causes)


def _price(one: Difference, against: Against) -> str:
    address = one.shot.address.canonical
    if one.fate is Fate.GONE or address not in against.prices:
        return ""
    return money(against.prices[address], against.plan.currency)


def _sums(against: Against) -> Iterator[str]:
    """Sentences without an end: what is to be bought, how long the film is, what was bought already."""
    currency, more = against.plan.currency, against.more
    now, then = (_sum(cost, currency) for cost in (against.plan.totals.cost, against.cost_then))
    if more is None or more:
        change = "" if more is None else f", {money(abs(more), currency)} {'more' if more > 0 else 'less'}"
        yield f"to buy: {now}; at that revision: {then}{change}"
    else:
        yield f"to buy: {now}, as then"
    if against.then is not None:
        film, old = (length(plan.totals.film_seconds) for plan in (against.plan, against.then))
        if film != old:
            yield f"film: {film}; at that revision: {old}"
    if against.bought:
        paid = "" if against.paid is None else f", {money(against.paid, currency)}"
        yield f"bought since: {count(against.bought, 'attempt')}{paid}"
    calm = [one for one in against.comparison.differences if one.fate is Fate.COSMETIC]
    if calm:
        names = [escape(one.shot.label) for one in calm]
        yield f"edited without an effect: {listing(names)}"
    if against.comparison.edited:
        yield f"edited without an effect on any shot: {listing([escape(word) for word in against.comparison.edited])}"


def _sum(cost: Decimal | None, currency: str) -> str:
    return "nothing" if cost == 0 else money(cost, currency)
