"""A provider over HTTP: one dialect and one wire make what the engine speaks to; knows no HTTP library and no lock."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from decimal import Decimal
from functools import partial
from types import TracebackType
from typing import Self
from urllib.parse import quote, unquote

from sorapipe.providers import checking, fetching
from sorapipe.providers.addresses import own_path
from sorapipe.providers.answers import usable_task
from sorapipe.providers.base import (
    Body,
    CreateAnswer,
    Failed,
    Findings,
    ListAnswer,
    Listed,
    Media,
    Missed,
    Order,
    PollAnswer,
    Refusal,
    Refused,
    Succeeded,
    Unknown,
)
from sorapipe.providers.dialect import ListPage, Uploaded
from sorapipe.providers.dialects import DIALECTS
from sorapipe.providers.http import Clock, NoAnswer, Opened, Transport, Wire
from sorapipe.providers.key import Key
from sorapipe.providers.profile import Profile
from sorapipe.providers.resolving import Resolve, resolve
from sorapipe.providers.uploads import Uploads

MOST_PAGES = 5
MOST_PAGES_BACK = 20
"""How far a list is read back for an order of which nobody knows whether it was taken."""
_ANY_TASK = "any-task"
CREDITS = "credits"


class HttpProvider:
    """A `Provider` over HTTP. Calls may come from several threads; `close` it, or use it as a context.

    `transport` carries everything in the place of real connections. A profile with a `key_env` needs a key.
    Raises `ValueError` without one, or where the profile has no base URL yet.
    """

    def __init__(
        self,
        profile: Profile,
        key: Key | None,
        *,
        transport: Transport | None = None,
        resolve: Resolve = resolve,
        clock: Clock = time.monotonic,
    ) -> None:
        if profile.base_url is None:
            raise ValueError(f"`{profile.name}` has no base URL")
        if profile.key_env is not None and key is None:
            raise ValueError(f"`{profile.name}` needs the key in `{profile.key_env}`")
        self._profile = profile
        self._base = profile.base_url
        self._dialect = DIALECTS[profile.dialect]
        self._clock = clock
        self._wire = Wire(self._base, key, transport=transport, resolve=resolve, clock=clock)
        self._uploads = Uploads(self._upload, clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes every connection."""
        self._wire.close()

    # Orders.

    def prepare(self, order: Order) -> Order | Refused:
        """Uploads what the order needs at an address of the provider's; buys nothing. The order as it is to be sent."""
        try:
            wanted = self._dialect.uploads(order, self._profile)
        except (ValueError, TypeError) as error:
            return Refused(Refusal.REQUEST, f"the order can't be put into a request: {_words(error)}")
        for media in wanted:
            there = self._uploads.place(media)
            if isinstance(there, Refused):
                return replace(there, message=f"`{media.name}` can't be uploaded: {there.message}")
            order = _with(order, media, there)
        return order

    def _upload(self, media: Media) -> Uploaded | Refused:
        try:
            return self._dialect.read_upload(self._wire.upload(self._dialect.upload_request(media, self._profile)))
        except NoAnswer as error:
            return Refused(Refusal.UNREACHABLE, str(error))
        except (ValueError, TypeError) as error:
            return Refused(Refusal.REQUEST, f"it can't be put into a request: {_words(error)}")

    def create(self, order: Order) -> CreateAnswer:
        """Orders one clip or character. Sent once, never repeated in here."""
        try:
            reply = self._wire.buy(self._dialect.create_request(order, self._profile))
        except (ValueError, TypeError) as error:
            return Refused(Refusal.REQUEST, f"the order can't be put into a request: {_words(error)}")
        except NoAnswer as error:
            return Unknown(str(error)) if error.sent else Refused(Refusal.UNREACHABLE, str(error))
        return self._dialect.read_create(reply, character=order.character_name is not None)

    # Questions.

    def poll(self, task: str, *, character: bool = False) -> PollAnswer:
        """Asks how a task is; `character` says that it makes one, and no clip."""
        try:
            reply = self._wire.ask(self._dialect.query_request(task, self._profile, character=character))
        except (NoAnswer, ValueError, TypeError) as error:  # a poll that went wrong, however it did, is asked again
            return Missed(str(error))
        answer = self._counted(self._dialect.read_query(reply, character=character))
        return answer if character else self._located(task, answer)

    def _counted(self, answer: PollAnswer) -> PollAnswer:
        """The same answer. What it says of the cost is in credits: where we count in money, it says nothing to us."""
        if isinstance(answer, Succeeded | Failed) and self._profile.capabilities.currency != CREDITS:
            return replace(answer, cost=None)
        return answer

    def _located(self, task: str, answer: PollAnswer) -> PollAnswer:
        """The same answer; a finished clip of which no address was told lies where the dialect keeps all of them."""
        if not isinstance(answer, Succeeded) or answer.url is not None:
            return answer
        path = self._dialect.content_path(task, self._profile)
        return answer if path is None else replace(answer, url=self._base + path)

    def newest(self, tasks: Collection[str], tokens: Collection[str] = ()) -> ListAnswer:
        """Asks for the newest tasks, at least until all of `tasks` and those of `tokens` were seen, the list is at its
        end or has been read for `MOST_PAGES` (`MOST_PAGES_BACK` for tokens). Pages after the first that can't be read
        end it."""
        wanted, most = set(tokens), MOST_PAGES_BACK if tokens else MOST_PAGES
        answers: dict[str, PollAnswer] = {}
        seen: dict[str, str] = {}
        runs: list[frozenset[str]] = [frozenset()]
        after: str | None = None
        asked: set[str | None] = set()
        while len(asked) < most and after not in asked:
            page = self._page(after)
            if isinstance(page, Missed):
                if not asked:
                    return page
                break
            asked.add(after)
            answers = {**page.answers, **answers}
            seen = {**page.tokens, **seen}
            runs = [*runs[:-1], runs[-1] | page.runs[0], *page.runs[1:]]
            after = page.after
            if after is None or (answers.keys() >= set(tasks) and seen.keys() >= wanted):
                break
        found = {task: self._located(task, self._counted(answer)) for task, answer in answers.items()}
        return Listed(found, seen, tuple(filter(None, runs)))

    def _page(self, after: str | None) -> ListPage | Missed:
        try:
            call = self._dialect.list_request(self._profile, after)
            return Missed("there is no list") if call is None else self._dialect.read_list(self._wire.ask(call))
        except (NoAnswer, ValueError, TypeError) as error:
            return Missed(str(error))

    def credits(self) -> Decimal | None:
        """The balance, `None` where the provider tells none or did not answer."""
        try:
            call = self._dialect.credits_request(self._profile)
            return None if call is None else self._dialect.read_credits(self._wire.ask(call))
        except (NoAnswer, ValueError, TypeError):  # the balance is advice
            return None

    def check(self) -> Findings:
        """Asks all that costs nothing, to learn whether address and key are right and what the provider can do."""
        return checking.look(self._wire.ask, self._dialect, self._profile)

    # Clips.

    def download(self, url: str, offset: int, etag: str | None) -> AbstractContextManager[Body]:
        """Opens the bytes of a finished clip from `offset` on. Raises `DownloadFailed`.

        Nothing but the provider's own place for clips gets the key. `etag` is the one of an earlier `Body`. An answer
        that starts over has `offset` 0. `chunks` raises `DownloadFailed` when the bytes stop coming, come too slowly
        or end early; how many are too many is for the caller to say.
        """
        path = self._content(url)
        opening: Callable[[Mapping[str, str]], Opened] = (
            partial(self._wire.fetch, url)
            if path is None
            else partial(fetching.open_content, self._wire, self._base + path, path)
        )
        return fetching.body(opening, offset if self._profile.features.range else 0, etag, self._clock)

    def _content(self, url: str) -> str | None:
        """The path of a URL that is one of the provider's own for clips, as the dialect writes it; `None` for others.

        Whatever the URL looks like, what gets the key is built from the task's id alone.
        """
        path, form = own_path(url, self._base), self._dialect.content_path(_ANY_TASK, self._profile)
        if path is None or form is None:
            return None
        before, _, after = form.partition(_ANY_TASK)
        if not path.startswith(before) or not path.endswith(after) or len(path) <= len(before) + len(after):
            return None
        written = path[len(before) : len(path) - len(after)]
        task = usable_task(unquote(written))
        if task is None or written not in {task, quote(task, safe="")}:
            return None
        return self._dialect.content_path(task, self._profile)


def _with(order: Order, media: Media, there: Media) -> Order:
    """The order with a file that is at the provider now, wherever it holds it."""
    names = [name for name in ("input_reference", "last_frame", "character_file") if getattr(order, name) == media]
    return replace(order, **dict.fromkeys(names, there))  # type: ignore[arg-type]


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
