"""Clients that send, or read what was answered to a create, in ways that cost money."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin

import httpx

from campaign.wrong_client import Swap, crash, crowd, faults, worlds, wrong
from sorapipe.engine import compose, course, creates, effects, run, seek
from sorapipe.engine import outcome as ends
from sorapipe.engine.board import Board
from sorapipe.engine.course import Course
from sorapipe.engine.creates import Creates
from sorapipe.engine.lane import Lane
from sorapipe.engine.run import Run
from sorapipe.planning.facts import AttemptState
from sorapipe.planning.plan_types import Reason
from sorapipe.providers import answers, http
from sorapipe.providers.base import Refusal, Refused, Unknown
from sorapipe.providers.http import NoAnswer, Wire
from sorapipe.state.disk import Disk
from sorapipe.state.files import Handle
from sorapipe.state.session import Session

_SERVER_ERROR = 500
EARLY = (11, 98, 2, 22, 15, 70, 26, 12, 23, 13, 50, 21, 60, 86, 74, 92)
"""Seeds of signals that come while orders are sent."""


@wrong(
    "sends a create again when the server says 500",
    faults("accepted-500 create kth jobs", says=r"the token \w+ was sent 2 times"),
)
def sends_again_on_500(swap: Swap) -> None:
    buy = Wire.buy

    def twice(self: Wire, call: Any) -> Any:
        reply = buy(self, call)
        return buy(self, call) if reply.status >= _SERVER_ERROR else reply

    swap(Wire, "buy", twice)


@wrong(
    "sends a create again when no answer came in time",
    faults("answer-lost create first tasks", says=r"the token \w+ was sent 2 times"),
)
def sends_again_without_an_answer(swap: Swap) -> None:
    buy = Wire.buy

    def twice(self: Wire, call: Any) -> Any:
        try:
            return buy(self, call)
        except NoAnswer:
            return buy(self, call)

    swap(Wire, "buy", twice)


@wrong(
    "follows a redirect of a create",
    faults("redirect-self create first tasks", says="ended with 0, not 9"),
)
def follows_a_redirect_of_a_create(swap: Swap) -> None:
    buy = Wire.buy

    def led(self: Wire, call: Any) -> Any:
        reply = buy(self, call)
        if reply.status not in http.REDIRECTS:
            return reply
        request = self._request(call, http._CREATE)
        request.url = httpx.URL(urljoin(str(request.url), reply.headers.get("location", "")))
        return self._reply(self._creates, request, http._CREATE_ANSWER)

    swap(Wire, "buy", led)


@wrong(
    "sends an order and writes its intent after that",
    crash("point:P1:simulator:1", says="^4: .* was sent without an intent"),
    worlds(says="^4: .* was sent without an intent"),
)
def sends_before_the_intent(swap: Swap) -> None:
    intent, order = Session.intent, effects._order
    kept: list[Any] = []

    def sent(provider: Any, ready: Any) -> Any:
        answer = order(provider, ready)
        intent(*kept.pop())
        return answer

    swap(Session, "intent", lambda *words: kept.append(words))
    swap(effects, "_order", sent)


@wrong(
    "gives two orders in a row the same token",
    crash("plain::simulator:1", says=r"^1: token \w+ was charged 2 times"),
    worlds(says=r"^1: token \w+ was sent twice"),
)
def uses_a_token_twice(swap: Swap) -> None:
    token, intent = Session.token, Session.intent
    given: list[str] = []

    def same(self: Session) -> str:
        given.append(given[-1] if len(given) % 2 else token(self))
        return given[-1]

    def careless(self: Session, attempt: Any, request: Any) -> None:
        self._journal.story.attempts.pop(attempt.token, None)
        self._lock.paid.attempts.pop(attempt.token, None)
        intent(self, attempt, request)

    swap(Session, "token", same)
    swap(Session, "intent", careless)


@wrong(
    "sends no token",
    faults("takes create first tasks", says="the token None was sent"),
)
def forgets_the_token(swap: Swap) -> None:
    swap(compose, "_metadata", lambda text, token: text)


@wrong(
    "takes an unknown answer for a refusal",
    faults("accepted-500 create kth jobs", says="ended with 8, not 9"),
    faults("answer-lost create first tasks", says="was charged and is nowhere"),
    worlds(9, 14, most=150, says="^1: a create was sent .* before its time, after an unknown answer"),
)
def takes_unknown_for_refused(swap: Swap) -> None:
    order = effects._order

    def refused(provider: Any, ready: Any) -> Any:
        answer = order(provider, ready)
        return Refused(Refusal.REQUEST, answer.message) if isinstance(answer, Unknown) else answer

    swap(effects, "_order", refused)


@wrong(
    "writes a shot that was refused for what it is down as never sent, and sends it again",
    faults("status-422 create first videos", says="no attempt says so: it is sent again unasked"),
)
def sends_again_what_was_refused(swap: Swap) -> None:
    failed = Session.failed

    def void(self: Session, token: str, why: str, cost: Any = None) -> None:
        if self._journal.story.attempts[token]["state"] == AttemptState.INTENT.value:
            self.void(token, why)
        else:
            failed(self, token, why, cost)

    swap(Session, "failed", void)


@wrong(
    "believes any text to be the id of a task",
    faults("odd-id create kth jobs", says="ended with .*, not 9"),
)
def believes_any_id(swap: Swap) -> None:
    swap(answers, "_TASK", re.compile(".*", re.DOTALL))


@wrong(
    "has two creates in flight",
    crash("point:P6:simulator:1", says="2 intents are open after one kill"),
)
def two_creates_in_flight(swap: Swap) -> None:
    possible, made = Creates.possible, Run.__init__

    def always(self: Creates) -> bool:
        sending, self.sending = self.sending, None
        try:
            return possible(self)
        finally:
            self.sending = sending

    def wide(self: Run, *words: Any) -> None:
        made(self, *words)
        self._lane = run._Crew("create", 2, self._work)

    swap(Creates, "possible", always)
    swap(Lane, "opens", Lane.bears)
    swap(Lane, "begin", lambda self: None)
    swap(Run, "__init__", wide)


@wrong(
    "goes on sending when its key was refused",
    faults("status-401 create kth videos", says="after a refusal that ends all creates"),
)
def goes_on_after_401(swap: Swap) -> None:
    _goes_on_after(ends.AUTHENTICATION, swap)


@wrong(
    "goes on sending when the credits are used up",
    faults("status-402 create first tasks", says="after a refusal that ends all creates"),
)
def goes_on_after_402(swap: Swap) -> None:
    _goes_on_after(ends.CREDITS, swap)


def _goes_on_after(code: int, swap: Swap) -> None:
    halt = Course.halt

    def on(self: Course, reason: Reason, number: int | None) -> None:
        if number == code:
            self.codes.add(code)
        else:
            halt(self, reason, number)

    swap(Course, "halt", on)


@wrong(
    "goes on after two unknown answers in a row",
    faults("answer-lost create all jobs", says="sent after two unknown answers in a row"),
)
def goes_on_after_two_unknown(swap: Swap) -> None:
    swap(creates, "MOST_UNKNOWN", 10**6)


@wrong(
    "ends with 0 though an answer is unknown",
    faults("closed-unread create kth tasks", says="ended with 0, not 9"),
    crash("point:P5:simulator:1", says="exit 0 with 1 uncertain"),
    worlds(0, 9, most=150, says="something is uncertain"),
)
def hides_what_is_uncertain(swap: Swap) -> None:
    codes = {state: code for state, code in course._CODES.items() if state is not AttemptState.UNCERTAIN}
    swap(course, "_CODES", codes)
    swap(ends, "step_code", lambda step: 0)


@wrong(
    "sends a shot before what it needs is done",
    faults("status-422 create first videos", says="dive was bought and gull was not done"),
    worlds(0, most=150, says="^4: .* was sent before .* was done"),
)
def sends_before_its_needs_are_done(swap: Swap) -> None:
    swap(Board, "_hold", lambda self, job: None)
    swap(Board, "obstacle", lambda self, job: None)


@wrong(
    "runs beside another run of the same storyboard",
    crowd("3", says="3 runs submit, not 1"),
)
def ignores_the_run_lock(swap: Swap) -> None:
    swap(Disk, "take_lock", lambda self, path, who: Handle(path, -1))
    swap(Disk, "release", lambda self, handle: None)


@wrong(
    "writes the key into the journal",
    crash("plain::simulator:1", says="^7: the key is in"),
    faults("takes create first tasks", says="the key is in"),
)
def writes_the_key_down(swap: Swap) -> None:
    import os

    as_sent = effects.as_sent

    def told(order: Any) -> Any:
        keys = [value for name, value in os.environ.items() if name.endswith("_KEY")]
        return {**as_sent(order), "authorization": f"Bearer {keys[0] if keys else '?'}"}

    swap(effects, "as_sent", told)


@wrong(
    "leaves the create in flight alone at the first Ctrl-C",
    crash(
        *(f"signal:INT:simulator:{seed}" for seed in EARLY),
        says="one signal left|tasks are not in the lock",
    ),
)
def breaks_the_create_at_the_first_signal(swap: Swap) -> None:
    stop = Run.stop

    def now(self: Run, signal: int) -> None:
        stop(self, signal)
        stop(self, signal)

    swap(Run, "stop", now)


@wrong(
    "goes on as if nobody had pressed Ctrl-C",
    crash(*(f"signal:INT:simulator:{seed}" for seed in EARLY), says="were sent after the signal"),
    worlds(18, 14, 27, most=300, says="^1: . creates were sent after a signal"),
)
def ignores_signals(swap: Swap) -> None:
    swap(Run, "stop", lambda self, signal: None)


@wrong(
    "takes a list that does not show an order for a proof that it was never taken",
    worlds(49, 137, most=300, says="^2: .* was not bought, and it was charged|^6: "),
)
def believes_an_empty_list(swap: Swap) -> None:
    swap(seek, "proves", lambda search, token, news: token not in news.tokens)


@wrong(
    "waits a second where it is asked to wait ten minutes",
    worlds(21, 91, 53, most=300, says="^1: a create was sent .* before its time, after a 429"),
)
def ignores_retry_after(swap: Swap) -> None:
    swap(Lane, "limited", lambda self, now, retry_after, chance: self.pause(now, 1.0))
