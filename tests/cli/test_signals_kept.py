"""Signals while books are closed, and of a terminal that is gone: kept, counted once; a second thought is at once."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from types import TracebackType

import pytest

from sorapipe.cli.audience import Audience
from sorapipe.cli.failures import Signalled
from sorapipe.cli.signals import first_and_second, hold_back, let_go, listening
from sorapipe.engine.events import Event, Said


@pytest.fixture(autouse=True)
def attentive() -> Iterator[None]:
    yield
    let_go()


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_books_are_closed_is_kept_until_that_is_done(number: int) -> None:
    with listening():
        hold_back()
        send(number)
        assert let_go() == number
        assert let_go() is None


def test_a_second_signal_while_books_are_closed_is_heard_at_once() -> None:
    with listening():
        hold_back()
        send(signal.SIGTERM)
        send(signal.SIGHUP)
        with pytest.raises(Signalled):
            send(signal.SIGTERM)


def test_after_a_command_no_signal_is_kept() -> None:
    with listening():
        hold_back()
    with listening(), pytest.raises(KeyboardInterrupt):
        send(signal.SIGINT)


def test_a_terminal_that_is_gone_counts_once() -> None:
    heard: list[int] = []
    act = first_and_second(heard.append)
    for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGHUP, signal.SIGINT):
        act(number)
    assert heard == [signal.SIGHUP, signal.SIGINT]


class Broken:
    """A view whose stream gives an error."""

    def __init__(self, error: int) -> None:
        self.error = error
        self.shown = 0

    def __enter__(self) -> Broken:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        raise OSError(self.error, "gone")

    def __call__(self, event: Event) -> None:
        self.shown += 1
        raise OSError(self.error, "gone")


@pytest.mark.parametrize(
    ("error", "left"), [(errno.EPIPE, [signal.SIGPIPE]), (errno.EIO, [signal.SIGHUP]), (errno.ENOSPC, [])]
)
def test_an_audience_that_is_gone_is_left_alone(error: int, left: list[int]) -> None:
    view, heard = Broken(error), list[int]()
    with Audience(view) as audience:
        audience.leaves_by(heard.append)
        audience(Said("a"))
        audience(Said("b"))
    assert view.shown == 1
    assert heard == left


def test_an_audience_that_was_gone_before_the_run_began_ends_it_as_well() -> None:
    heard: list[int] = []
    with Audience(Broken(errno.EPIPE)) as audience:
        audience(Said("a"))
        audience.leaves_by(heard.append)
    assert heard == [signal.SIGPIPE]
