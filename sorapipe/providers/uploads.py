"""Which files the provider has already, so that the same bytes go up once; knows neither dialect nor HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from threading import Lock

from sorapipe.providers.base import Media, Refused
from sorapipe.providers.dialect import Uploaded

LIFETIME = 1800.0
"""Seconds for which an upload is good for further orders: providers keep them for hours, and nobody says how many."""

_Bytes = tuple[str, str]


class Uploads:
    """Uploads of one process, for any thread. `send` uploads one file and says where it is, `clock` counts seconds."""

    def __init__(self, send: Callable[[Media], Uploaded | Refused], clock: Callable[[], float]) -> None:
        self._send = send
        self._clock = clock
        self._there: dict[_Bytes, tuple[float, str]] = {}
        self._one_at_a_time = Lock()

    def place(self, media: Media) -> Media | Refused:
        """The file with its address at the provider; uploaded unless it is there, or knows its address itself."""
        if media.url is not None:
            return media
        content = hashlib.sha256(media.data).hexdigest(), media.media_type
        with self._one_at_a_time:
            since, url = self._there.get(content, (0.0, ""))
            if url and self._clock() - since < LIFETIME:
                return replace(media, url=url)
            began = self._clock()
            answer = self._send(media)
            if isinstance(answer, Refused):
                return answer
            self._there[content] = began, answer.url
            return replace(media, url=answer.url)
