"""Errors of the floors below that people, providers or the machine cause, as expected ends; knows no verb."""

from __future__ import annotations

from sorapipe.cli.failures import Exit, Expected


def expected(error: Exception) -> Expected | None:
    """The expected end that an error means, `None` for a bug."""
    if isinstance(error, OSError) and error.strerror:
        where = f"`{error.filename}`: " if error.filename else ""
        return Expected(Exit.DISK, f"{where}{error.strerror.lower()}", "nothing was lost: the same command goes on")
    return None
