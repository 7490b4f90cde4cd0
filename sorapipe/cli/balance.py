"""The balance before and after a run: advice, asked once each time, never waited for long, never a reason to fail."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from threading import Thread

from sorapipe.engine.outcome import Balance, Outcome
from sorapipe.providers.base import Provider

PATIENCE = 3.0
"""Seconds that a run waits for a balance; a provider that needs longer tells none."""
_SIGNALS = 128


def told(provider: Provider | None) -> Decimal | None:
    """The balance now, `None` where nobody tells one in time."""
    if provider is None:
        return None
    heard: list[Decimal | None] = []
    asking = Thread(target=lambda: heard.append(provider.credits()), daemon=True)
    asking.start()
    asking.join(PATIENCE)
    return heard[0] if heard else None


def with_balance(outcome: Outcome, before: Decimal | None, provider: Provider | None) -> Outcome:
    """The outcome with both balances. Whoever ended the run by a signal waits for nothing more."""
    if before is None or not outcome.sent:
        return outcome
    after = told(provider) if outcome.exit_code <= _SIGNALS else None
    return replace(outcome, balance=Balance(before, after))
