"""The lane of creates, the times of polls, exit codes, timers; and that one place alone changes an attempt's state."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from pathlib import Path

import pytest
from engine.world import World, film, shot

import sorapipe.engine
from sorapipe.engine.lane import Lane
from sorapipe.engine.messages import Limits
from sorapipe.engine.outcome import exit_code
from sorapipe.engine.poll import ANY_SECONDS, Budget, Durations, after_miss, worked
from sorapipe.engine.timers import Timers
from sorapipe.planning.capabilities import CharacterWay
from sorapipe.providers.answers import clamp
from sorapipe.storyboard.model import Handle

KIND = ("studio", "sora-2", 10)


def test_only_one_create_is_in_flight() -> None:
    lane = Lane(None, 10)
    assert lane.opens() == -math.inf
    lane.begin()
    assert lane.opens() == math.inf
    with pytest.raises(AssertionError, match="BUG"):
        lane.begin()


def test_the_window_counts_from_the_answers() -> None:
    lane = Lane(2, 10)
    for at in (0.0, 3.0):
        lane.begin()
        lane.answered(at)
    assert lane.opens() == 10.0


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_a_rate_limit_without_a_time_pauses_between_2_and_60_seconds(chance: float) -> None:
    lane = Lane(None, 10)
    pauses = [lane.limited(0.0, None, chance) for _ in range(12)]
    assert all(2 <= pause <= 60 for pause in pauses)


def test_after_a_rate_limit_the_rate_is_lower_and_recovers() -> None:
    lane = Lane(10, 10)
    lane.limited(0.0, 1.0, 0.5)
    lane.begin()
    lane.answered(5.0)
    assert lane.opens() == pytest.approx(7.0)
    for _ in range(60):
        lane.accepted()
    assert lane.opens() == pytest.approx(1.0)


def test_no_pause_is_longer_than_ten_minutes_or_shorter_than_a_second() -> None:
    assert [clamp(x) for x in (-1, 0, 5, 1e9, math.inf, math.nan)] == [1, 1, 5, 600, 600, 1]


def test_known_durations_are_asked_just_when_they_are_over() -> None:
    durations = Durations({KIND: [60.0] * 20})
    assert 60.0 < durations.next_poll(KIND, 0.0) < 60.5
    assert durations.next_poll(KIND, 60.3) - 60.3 <= 3.0


def test_durations_of_a_model_serve_all_lengths_until_better_is_known() -> None:
    durations = Durations({("studio", "sora-2", ANY_SECONDS): [60.0]})
    assert durations.next_poll(KIND, 0.0) > 50


def test_an_estimate_from_first_polls_alone_never_grows() -> None:
    durations = Durations({KIND: [60.0] * 10})
    before = durations.next_poll(KIND, 0.0)
    for _ in range(60):
        durations.told(KIND, worked(None, None, durations.next_poll(KIND, 0.0)) or 0.0)
    assert durations.next_poll(KIND, 0.0) < before


def test_a_broken_clock_at_the_other_end_teaches_nothing() -> None:
    durations = Durations()
    assert not durations.told(KIND, -5.0)
    assert not durations.told(KIND, 1e9)
    assert not durations.knows(KIND)


def test_a_job_that_is_overdue_is_asked_ever_less_often_but_at_least_each_minute() -> None:
    durations = Durations({KIND: [60.0] * 20})
    age, gaps = 0.0, []
    for _ in range(200):
        later = durations.next_poll(KIND, age)
        gaps.append(later - age)
        age = later
    assert gaps[-1] == 60.0
    assert all(gap > 0 for gap in gaps)


def test_misses_back_off_and_keep_to_what_the_provider_asked() -> None:
    assert after_miss(1, None, 0.5) == 2.0
    assert after_miss(50, None, 0.5) == 60.0
    assert after_miss(1, 1e9, 0.5) == 600.0


def test_the_budget_lets_no_more_through_than_its_rate() -> None:
    budget = Budget(rate=10)
    now, sent = 100.0, 0
    for _ in range(1000):
        if budget.opens() <= now:
            budget.spend(now)
            sent += 1
        now += 0.01
    assert sent <= 10 * 10 + 10 + 1
    budget.complained(now, 30.0)
    assert budget.opens() >= now + 30


def test_timers_come_in_order_and_only_the_last_setting_counts() -> None:
    timers = Timers()
    timers.set("a", 5.0)
    timers.set("b", 3.0)
    timers.set("a", 1.0)
    timers.set("c", 2.0)
    timers.cancel("c")
    assert timers.pop(0.5) is None
    assert [timers.pop(9.0), timers.pop(9.0), timers.pop(9.0)] == ["a", "b", None]


@pytest.mark.parametrize(
    ("codes", "one"),
    [
        ((), 0),
        ((10, 8), 8),
        ((8, 12), 12),
        ((12, 7, 6), 6),
        ((6, 11), 11),
        ((11, 9), 9),
        ((9, 5), 5),
        ((5, 130, 9), 130),
    ],
)
def test_of_several_exit_codes_the_gravest_is_given(codes: tuple[int, ...], one: int) -> None:
    assert exit_code(codes) == one


def test_polls_and_makespan_keep_to_their_targets() -> None:
    world = World(film(*(shot(f"s{n}") for n in range(600))), seconds=lambda _: 2.0, latency=0.005)
    began = world.now
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0
    assert outcome.polls / 600 <= 2
    assert world.now - began <= 12.0 * 1.05 + 1.0  # half a second to send the first hundred, and the last save


def test_nobody_but_the_schedules_rooms_writes_a_state() -> None:
    folder = Path(sorapipe.engine.__file__).parent
    writers = {path.name for path in folder.glob("*.py") if re.search(r"\bstate=", path.read_text())}
    # `reconcile` makes drafts, which are no attempts yet: they have no token
    assert writers == {"board.py", "course.py", "creates.py", "seek.py", "watch.py", "landing.py", "reconcile.py"}
    setters = re.compile(r"board\.know\(|\.attempt = ")
    assert [path.name for path in folder.glob("*.py") if setters.search(path.read_text())] == ["course.py"]


# How orders are put together at other kinds of providers.


def spoken(way: CharacterWay, handle: Handle | None) -> str:
    from dataclasses import replace

    from engine.world import CAPABILITIES, character

    from sorapipe.engine.compose import Inputs, Script
    from sorapipe.planning.plan_types import Action, Reason, Step

    keeper = character("keeper", url="https://example.org/k.mp4", words="an old man")
    board = film(shot("a", "@keeper waits. Mail info@keeper.com or @@home. @keeper leaves."), characters=[keeper])
    script = Script(board, replace(CAPABILITIES, characters=way))
    step = Step("a", "a", 1, Action.RENDER, Reason("new", "new"), Decimal(1), "0" * 64)
    order = script.order(step, "t" * 20, Inputs(handles={"keeper": handle} if handle else {}))
    return f"{order.prompt} | {order.character_ids} {order.character_url} {order.character_timestamps}"


def test_mentions_become_what_the_provider_calls_the_character() -> None:
    mail = "Mail info@keeper.com or @home."
    assert spoken(CharacterWay.TASK, Handle("ch_1", "tom.k")) == (
        f"@tom.k waits. {mail} @tom.k leaves. | ('ch_1',) None None"
    )
    assert (
        spoken(CharacterWay.TASK, Handle("ch_1", None)) == f"Keeper waits. {mail} Keeper leaves. | ('ch_1',) None None"
    )
    assert spoken(CharacterWay.OPENAI, Handle("ch_1", "Keeper")) == (
        f"Keeper waits. {mail} Keeper leaves. | ('ch_1',) None None"
    )
    assert spoken(CharacterWay.NONE, None) == f"Keeper (an old man) waits. {mail} Keeper leaves. | () None None"
    assert spoken(CharacterWay.INLINE, None) == (
        f"Keeper (an old man) waits. {mail} Keeper leaves. | () https://example.org/k.mp4 1,3"
    )


def test_with_a_limit_on_what_is_in_flight_the_lane_waits() -> None:
    world = World(film(*(shot(f"s{n}") for n in range(7))), limits=Limits(in_flight=2))
    assert world.run() is not None
    assert world.provider.most_in_flight <= 2
