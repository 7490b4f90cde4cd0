"""What may have been bought and nobody knows, as a list for the person who decides; knows not how it came so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from sorapipe.engine.compose import TOKEN_MARK
from sorapipe.planning.facts import Attempt
from sorapipe.storyboard.diagnostics import escape
from sorapipe.views.page import Paint
from sorapipe.views.words import count, money


def doubt_text(attempts: Sequence[Attempt], name: Callable[[Attempt], str], paint: Paint, marked: str | None) -> str:
    """Each attempt with its price and what is known of it; those at the provider `marked` with the mark by which an
    account may show them."""
    names = [escape(name(attempt)) for attempt in attempts]
    width = max(map(len, names), default=0)
    lines = [paint("these may have been bought: look for them in your account first", "bold")]
    for attempt, said in zip(attempts, names, strict=True):
        where = f"{escape(attempt.provider)}, {money(attempt.cost, attempt.currency)}"
        lines.append(
            f"  {paint('?', 'red')} {said:{width}}  {where}{f': {escape(attempt.why)}' if attempt.why else ''}"
        )
        if attempt.provider == marked:
            lines.append(
                f"    {'':{width}}  {paint(f'its metadata ends in {TOKEN_MARK}{escape(attempt.token)}', 'dim')}"
            )
    return "\n".join(lines)


def question(attempts: Sequence[Attempt], calls: int, price: str) -> str:
    """What a person agrees to."""
    again = f"this buys {count(calls, 'create')} for {price}" if calls else "nothing is to be bought now"
    return f"{again}; {count(len(attempts), 'order')} may turn out to be paid besides{_sum(attempts)}"


def _sum(attempts: Sequence[Attempt]) -> str:
    sums: Mapping[str | None, Decimal]
    sums = {
        currency: sum((it.cost for it in attempts if it.cost and it.currency == currency), Decimal(0))
        for currency in sorted({it.currency or "" for it in attempts if it.cost})
    }
    said = ", ".join(money(amount, currency) for currency, amount in sums.items())
    return f" ({said})" if said else ""
