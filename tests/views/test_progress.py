"""What a run says while it goes and when it is over."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from decimal import Decimal

from rich.console import Console
from views.plans import plan, shot, step, storyboard

from sorapipe.engine.events import Downloading, Ended, Event, NotStarted, Paused, Progressed, Said, Sending, Sent
from sorapipe.engine.outcome import Outcome
from sorapipe.planning.facts import Attempt, AttemptState
from sorapipe.planning.plan_types import Action, Reason, Reuse
from sorapipe.views.live import Live
from sorapipe.views.page import Page
from sorapipe.views.progress import Lines, Ndjson, event_data
from sorapipe.views.summary import summary_text
from sorapipe.views.tally import Tally

EVIL = "a\x1b[31m\u202eb"
PLAN = plan(step("cliff"), step("boat"), step("@tom"))
DONE = Ended("cliff#1", "cliff", 1, AttemptState.DONE, "renders/x/cliff_t01.mp4", Decimal(10), None, ("it is small",))
FAILED = Ended("boat#1", "boat", 1, AttemptState.FAILED, None, None, f"moderated {EVIL}")


class Ticks:
    """A clock that goes forward by a second at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def lines(*events: Event) -> list[str]:
    stream = io.StringIO()
    with Lines(PLAN, stream, Ticks()) as view:
        for event in events:
            view(event)
    return stream.getvalue().splitlines()


def test_lines_say_what_matters_and_nothing_else() -> None:
    said = lines(Sending("cliff#1", "cliff", 1), Sent("cliff#1", "t", Decimal(10)), Progressed("cliff#1", "running", 5),
                 Downloading("cliff#1", 1, 2), DONE)  # fmt: skip
    assert [line.split("]  ")[-1] for line in said] == [
        "cliff t01  sent, 10 credits",
        "cliff t01  done  0:02",
        "    note: it is small",
    ]
    assert "[1/3]" in said[1]


def test_what_a_signal_leaves_is_counted_once_at_the_end() -> None:
    stop = Reason("signal", "interrupted")
    held = tuple(NotStarted(f"{name}#1", name, 1, stop) for name in ("boat", "cliff", "@tom"))
    assert lines(*held) == []
    board = storyboard(shot("boat"), shot("cliff"))
    text = summary_text(replace(outcome(held=held), why="interrupted"), PLAN, board, Page(" s.yaml"), 5)
    assert text.count("interrupted") == 1
    assert "2 takes and 1 character not started" in text
    assert "sorapipe run s.yaml" in text


def test_a_reason_that_holds_many_is_said_once() -> None:
    held = [NotStarted(f"{name}#1", name, 1, Reason("auth", "the key was refused")) for name in ("boat", "cliff")]
    assert [line.split("]  ")[-1] for line in lines(*held)] == ["boat t01  not started: the key was refused"]


def test_a_clip_that_is_only_copied_counts_as_work() -> None:
    copied = replace(step("old", Action.KEEP), reuse=Reuse(None, None, None))
    assert Tally(plan(copied, step("a", Action.KEEP)), Ticks()).goal == 1


def test_words_of_a_provider_are_escaped_everywhere() -> None:
    said = "\n".join(lines(FAILED, Said(EVIL), Paused(3, EVIL)))
    data = json.dumps(event_data(FAILED), ensure_ascii=False)
    assert not {"\x1b", "\u202e"} & set(said + data)
    assert "\\u{202e}" in said


def test_ndjson_has_one_object_a_line() -> None:
    stream = io.StringIO()
    with Ndjson(stream) as view:
        for event in (Sent("a#1", "t", Decimal("0.10")), NotStarted("b#1", "b", 1, Reason("wait", "w", "c"))):
            view(event)
    one, two = (json.loads(line) for line in stream.getvalue().splitlines())
    assert one == {"event": "sent", "key": "a#1", "task": "t", "cost": "0.10"}
    assert two["event"] == "not_started"
    assert two["reason"] == {"code": "wait", "text": "w", "command": "c", "instead": None, "then": None}


def test_the_tally_adds_up() -> None:
    tally = Tally(PLAN, Ticks())
    for event in (Sending("cliff#1", "cliff", 1), Sent("cliff#1", "t", Decimal(10)), Sending("boat#1", "boat", 1)):
        tally.add(event)
    assert (len(tally.active), tally.to_come, tally.spent) == (2, 1, Decimal(10))
    tally.add(DONE)
    tally.add(FAILED)
    assert (tally.done, tally.failed, tally.active, tally.to_come) == (1, 1, {}, 1)


def test_the_live_table_shows_what_is_active_and_fits() -> None:
    for width in (60, 80, 140):
        live = Live(PLAN, io.StringIO(), Ticks())
        live(Sending("cliff#1", "cliff", 1))
        live(Sent("cliff#1", "t", Decimal(10)))
        live(Progressed("cliff#1", "running", 42))
        console = Console(file=io.StringIO(), width=width, height=20)
        console.print(live)
        text = console.file.getvalue()  # type: ignore[attr-defined]
        assert "cliff" in text
        assert "42%" in text
        assert "0 of 3 takes and characters" in text
        assert "10 of 30 credits spent" in text or width < 100
        assert all(len(line) <= width for line in text.splitlines())


def outcome(*ended: Ended, held: tuple[NotStarted, ...] = (), running: tuple[Attempt, ...] = ()) -> Outcome:
    return Outcome(0, ended, held, running, Decimal(10), 1, 1, None)


def test_the_summary_is_in_manifest_order_and_says_what_to_do() -> None:
    board = storyboard(shot("boat"), shot("cliff"), shot("after"))
    held = (NotStarted("after#1", "after", 1, Reason("pick", "pick a take of stairs", "sorapipe pick stairs N")),)
    text = summary_text(outcome(DONE, FAILED, held=held), PLAN, board, Page(" s.yaml", "film"), 65)
    assert text.index("✗ boat t01") < text.index("✓ cliff t01  film/renders/x/cliff_t01.mp4")
    assert "note: it is small" in text
    assert "1 take done, 1 not right, 1 take not started · 10 credits · 1:05" in text
    assert "sorapipe pick s.yaml stairs N" in text
    assert "sorapipe roll s.yaml boat" in text


def test_a_summary_of_hundreds_names_the_folder() -> None:
    many = [Ended(f"s{n}#1", f"s{n}", 1, AttemptState.DONE, f"renders/x/s{n}_t01.mp4", None, None) for n in range(300)]
    text = summary_text(outcome(*many), PLAN, storyboard(*(shot(f"s{n}") for n in range(300))), Page(), 1)
    assert "300 takes in renders/x/" in text
    assert len(text.splitlines()) < 10
