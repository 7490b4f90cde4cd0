"""What of the server's log is for people: no cancelled calls, and a disk that refuses in one line; knows no request."""

from __future__ import annotations

import asyncio
import logging
import sqlite3


class News(logging.Filter):
    """Passes what is news. A traceback is for a bug; that the disk is full, or broken, is told once and in words."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is said; one about the disk is put into words."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, asyncio.CancelledError) or record.getMessage().startswith("Cancel "):
            return False
        if not isinstance(error, sqlite3.OperationalError | OSError):
            return True
        said = str(error)
        if said in self._told:
            return False
        self._told.add(said)
        record.msg, record.args = "the disk refuses, so calls fail: %s", (said,)
        record.exc_info = record.exc_text = None
        return True
