"""What a run does when the provider, the network, the disk or a person comes in between."""

from __future__ import annotations

from contextlib import AbstractContextManager
from itertools import pairwise

import pytest
from engine.memory_disk import full
from engine.scripted import Charged
from engine.world import CAPABILITIES, World, character, film, never_twice, shot

from sorapipe.engine.events import Ended, NotStarted, Paused, Said, Stopped
from sorapipe.engine.messages import Limits
from sorapipe.engine.outcome import Outcome, exit_code, step_code
from sorapipe.planning.facts import AttemptState
from sorapipe.providers.base import (
    Body,
    DownloadFailed,
    Failed,
    Missed,
    NotThere,
    PollAnswer,
    Refusal,
    Refused,
    Running,
    Succeeded,
    Unknown,
)

S = AttemptState


def ran(world: World) -> Outcome:
    with never_twice(world):
        outcome = world.run()
    assert outcome is not None
    return outcome


def three(**more: object) -> World:
    return World(film(shot("a"), shot("b"), shot("c")), **more)  # type: ignore[arg-type]


# Creates.


def test_a_rate_limit_pauses_the_lane_and_the_shot_is_sent_later_with_a_new_token() -> None:
    world = three()
    world.provider.script.creates = [Refused(Refusal.RATE, "slow down", 30.0)]
    outcome = ran(world)
    assert outcome.exit_code == 0
    assert [event.seconds for event in world.said(Paused)] == [30.0]  # type: ignore[attr-defined]
    assert world.provider.calls[1][0] - world.provider.calls[0][0] == pytest.approx(30.01)
    assert world.states() == {"a": [S.DONE], "b": [S.DONE], "c": [S.DONE]}


@pytest.mark.parametrize(("asked", "pause"), [(0.0, 1.0), (-5.0, 1.0), (1e9, 600.0), (float("nan"), 1.0)])
def test_a_senseless_pause_is_made_sane(asked: float, pause: float) -> None:
    world = three()
    world.provider.script.creates = [Refused(Refusal.RATE, "slow down", asked)]
    ran(world)
    assert [event.seconds for event in world.said(Paused)] == [pause]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("refusal", "code"), [(Refusal.AUTHENTICATION, 6), (Refusal.CREDITS, 7)], ids=["key", "credits"]
)
def test_a_refused_key_or_an_empty_account_ends_the_creates_and_what_is_paid_is_collected(
    refusal: Refusal, code: int
) -> None:
    world = three()
    world.provider.script.creates = [None, Refused(refusal, "no")]
    outcome = ran(world)
    assert outcome.exit_code == code
    assert len(world.provider.calls) == 2
    assert world.states() == {"a": [S.DONE]}
    assert {one.label for one in outcome.not_started} == {"b", "c"}


def test_a_refused_request_fails_its_shot_and_blocks_only_what_depends_on_it() -> None:
    world = World(film(shot("a"), shot("b", continues="a"), shot("c", continues="b"), shot("d")))
    world.provider.script.creates = [Refused(Refusal.REQUEST, "the prompt breaks our rules")]
    outcome = ran(world)
    assert outcome.exit_code == 8
    assert world.states() == {"a": [S.FAILED], "d": [S.DONE]}
    blocked = {one.label: one.reason.text for one in outcome.not_started}
    assert blocked["b"] == "a failed: the prompt breaks our rules"
    assert "c" in blocked
    assert world.plan().idle, "the same recipe is not sent again unasked"
    assert exit_code(step_code(step) for step in world.plan().steps) == 8


def test_an_unreachable_provider_is_tried_a_few_times_and_leaves_nothing_behind() -> None:
    world = three()
    world.provider.script.creates = [Refused(Refusal.UNREACHABLE, "name not known")] * 20
    outcome = ran(world)
    assert outcome.exit_code == 10
    assert len(world.provider.calls) == 5
    assert world.states() == {}
    world.provider.script.creates = []
    assert ran(world).exit_code == 0


def test_a_provider_under_maintenance_is_waited_for() -> None:
    world = three()
    world.provider.script.creates = [Refused(Refusal.UNAVAILABLE, "maintenance")] * 2
    assert ran(world).exit_code == 0


def test_one_unknown_answer_pauses_the_lane_and_is_never_sent_again() -> None:
    world = three()
    world.provider.script.creates = [Unknown("the connection was reset")]
    world.provider.script.lose = {0}
    outcome = ran(world)
    assert outcome.exit_code == 9
    assert world.states() == {"a": [S.UNCERTAIN], "b": [S.DONE], "c": [S.DONE]}
    assert world.provider.calls[1][0] - world.provider.calls[0][0] >= 10.0
    again = world.run()
    assert again is not None and again.sent == 0 and again.exit_code == 9


def test_two_unknown_answers_in_a_row_end_the_creates() -> None:
    world = three()
    world.provider.script.creates = [Unknown("reset"), Unknown("reset")]
    outcome = ran(world)
    assert outcome.exit_code == 9
    assert len(world.provider.calls) == 2
    assert {one.label for one in outcome.not_started} == {"c"}


def test_unknown_answers_with_a_good_one_between_do_not_end_the_creates() -> None:
    world = three()
    world.provider.script.creates = [Unknown("reset"), None, Unknown("reset")]
    ran(world)
    assert len(world.provider.calls) == 3


def test_what_is_left_of_the_money_is_asked_before_each_create() -> None:
    world = three(limits=Limits(remaining=CAPABILITIES.models["sora-2"].prices[0].amount * 2))
    outcome = ran(world)
    assert outcome.exit_code == 7
    assert world.states() == {"a": [S.DONE], "b": [S.DONE]}


def test_never_more_creates_than_the_window_takes_and_never_more_in_flight() -> None:
    world = World(film(*(shot(f"s{n}") for n in range(60))), limits=Limits(creates=5, window=10.0, in_flight=20))
    ran(world)
    times = [at for at, _ in world.provider.calls]
    assert all(later - earlier >= 10.0 for earlier, later in zip(times, times[5:], strict=False))
    assert world.provider.most_in_flight <= 20


# Polls.


def test_polls_that_say_nothing_are_no_failure() -> None:
    world = three()
    world.provider.script.polls = {
        "task_00001": [Missed("502"), Missed("no JSON"), Missed("429", 5.0), Missed("reset")],
    }
    assert ran(world).exit_code == 0


def test_an_unknown_state_word_is_said_once() -> None:
    world = three()
    world.provider.script.polls = {f"task_0000{n}": [Running(unknown_word="pondering")] * 3 for n in (1, 2, 3)}
    assert ran(world).exit_code == 0
    assert len(world.said(Said)) == 1


def test_a_failed_job_fails_its_shot_with_the_providers_words() -> None:
    world = three()
    world.provider.script.polls = {"task_00002": [Failed("501", "generation failed")]}
    outcome = ran(world)
    assert outcome.exit_code == 8
    assert [end.why for end in outcome.ended if end.state is S.FAILED] == ["501: generation failed"]
    assert world.plan().idle, "the same recipe is not sent again unasked"


def test_a_task_that_is_not_there_three_times_over_minutes_has_vanished() -> None:
    world = three()
    world.provider.script.polls = {"task_00001": [NotThere("no")] * 2, "task_00002": [NotThere("no")] * 50}
    began = world.now
    outcome = ran(world)
    assert outcome.exit_code == 12
    assert world.states() == {"a": [S.DONE], "b": [S.VANISHED], "c": [S.DONE]}
    assert world.now - began > 120


def test_success_without_an_address_is_asked_again_for_a_while_and_then_unavailable() -> None:
    world = three()

    def answer(charged: Charged, now: float) -> PollAnswer | None:
        late = now < charged.at + 100 if charged.task == "task_00001" else charged.task == "task_00002"
        return Succeeded(None) if late and now > charged.at + charged.seconds else None

    world.provider.script.every_poll = answer
    assert ran(world).exit_code == 12
    assert world.states() == {"a": [S.DONE], "b": [S.UNAVAILABLE], "c": [S.DONE]}
    world.provider.script.every_poll = None
    assert ran(world).exit_code == 0
    assert world.states()["b"] == [S.DONE]


def test_a_job_that_never_ends_ends_the_run_and_a_later_run_collects_it() -> None:
    world = three(limits=Limits(max_wait=600))
    world.provider.script.every_poll = lambda charged, _: Running() if charged.task == "task_00001" else None
    outcome = ran(world)
    assert outcome.exit_code == 10
    assert [attempt.address for attempt in outcome.running] == ["a"]
    assert world.provider.charges["task_00001"].polls < 120
    world.provider.script.every_poll = None
    again = ran(world)
    assert again.exit_code == 0 and again.sent == 0


def test_a_key_that_is_revoked_while_jobs_run_ends_the_run_and_loses_nothing() -> None:
    world = three()
    world.provider.script.every_poll = lambda *_: Missed("401", authentication=True)
    outcome = ran(world)
    assert outcome.exit_code == 6
    assert len(outcome.running) == 3
    world.provider.script.every_poll = None
    assert ran(world).exit_code == 0
    assert len(world.provider.charges) == 3


def refused_once(world: World) -> None:
    """The first poll is answered as if the key were wrong, all others as they should be."""
    answers = [Missed("401", authentication=True)]
    world.provider.script.every_poll = lambda *_: answers.pop() if answers else None


def test_a_key_that_is_refused_once_and_holds_nothing_up_is_no_end() -> None:
    world = three()
    refused_once(world)
    outcome = ran(world)
    assert outcome.exit_code == 0
    assert outcome.why is None
    assert world.states() == {"a": [S.DONE], "b": [S.DONE], "c": [S.DONE]}


def test_a_key_that_is_refused_once_before_all_is_sent_leaves_the_rest_and_says_so() -> None:
    world = World(film(shot("a"), shot("b", continues="a")))
    refused_once(world)
    outcome = ran(world)
    assert outcome.exit_code == 6
    assert outcome.why == "`studio` refused the key: 401"
    assert [one.label for one in outcome.not_started] == ["b"]
    assert world.states() == {"a": [S.DONE]}
    assert ran(world).exit_code == 0


def test_a_shot_that_could_not_be_sent_anyway_is_not_left_for_the_key() -> None:
    world = World(film(shot("a"), shot("b", continues="a")))
    answers: list[PollAnswer] = [Failed(None, "no"), Missed("401", authentication=True)]
    world.provider.script.every_poll = lambda *_: answers.pop()
    assert ran(world).exit_code == 8


# Clips.


def test_a_cut_download_goes_on_where_it_stopped() -> None:
    world = three()
    world.provider.script.cut_at = [250]
    assert ran(world).exit_code == 0
    assert sum(charged.downloads for charged in world.provider.charges.values()) == 4


def test_an_address_that_expired_is_asked_for_again() -> None:
    world = three()
    world.provider.script.downloads = {"task_00001": [DownloadFailed("403", gone=True)] * 2}
    assert ran(world).exit_code == 0


def test_whoever_else_gets_ready_an_address_that_expired_is_asked_for_with_patience() -> None:
    world = World(film(*(shot(f"s{n:02}") for n in range(12))), seconds=lambda number: 20.0 + number / 2)
    world.provider.script.downloads = {"task_00001": [DownloadFailed("403", gone=True)] * 3}
    tried: list[float] = []
    download = world.provider.download

    def counted(url: str, offset: int, etag: str | None) -> AbstractContextManager[Body]:
        if "task_00001" in url:
            tried.append(world.now)
        return download(url, offset, etag)

    world.provider.download = counted  # type: ignore[method-assign]
    assert ran(world).exit_code == 0
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert len(pauses) == 3
    assert pauses[1] >= 2 and pauses[2] >= 4


def test_content_that_never_comes_is_unavailable_and_fetched_by_a_later_run() -> None:
    world = three()
    world.provider.script.downloads = {"task_00001": [DownloadFailed("403", gone=True)] * 4}
    outcome = ran(world)
    assert outcome.exit_code == 12
    assert world.states()["a"] == [S.UNAVAILABLE]
    assert ran(world).exit_code == 0


def test_a_broken_clip_is_fetched_again_and_is_never_done() -> None:
    world = three()
    world.provider.script.downloads = {"task_00001": [b"<html>"], "task_00002": [b"<html>"] * 9}
    outcome = ran(world)
    assert outcome.exit_code == 12
    assert world.states() == {"a": [S.DONE], "b": [S.UNAVAILABLE], "c": [S.DONE]}
    assert world.provider.charges["task_00002"].downloads == 3


@pytest.mark.parametrize(
    ("look", "why"),
    [
        ({"width": 720, "height": 1280}, "orientation"),
        ({"seconds": 4}, "4.00 s long"),
        ({"task": "task_99999"}, "another task"),
    ],
    ids=["orientation", "length", "task"],
)
def test_another_clip_than_was_asked_for_is_suspect_and_feeds_no_child(look: dict[str, object], why: str) -> None:
    world = World(film(shot("a"), shot("b", continues="a"), shot("c")))
    world.provider.script.look = {"task_00001": look}
    outcome = ran(world)
    assert outcome.exit_code == 12
    assert world.states() == {"a": [S.SUSPECT], "c": [S.DONE]}
    (end,) = (end for end in outcome.ended if end.state is S.SUSPECT)
    assert why in (end.why or "")


def test_equal_bytes_for_two_tasks_are_suspect() -> None:
    world = three()
    world.provider.script.same_bytes = True
    assert ran(world).exit_code == 12
    assert sorted(state for (state,) in world.states().values()) == [S.DONE, S.SUSPECT, S.SUSPECT]


def test_another_size_of_the_right_shape_is_a_note() -> None:
    world = three()
    world.provider.script.look = {"task_00001": {"width": 1280, "height": 704}}
    outcome = ran(world)
    assert outcome.exit_code == 0
    assert [end.notes for end in outcome.ended if end.notes] == [("it is 1280x704, not 1280x720",)]


def test_downloads_come_before_new_creates() -> None:
    world = World(
        film(*(shot(f"s{n}") for n in range(12))),
        seconds=lambda _: 5.0,
        limits=Limits(in_flight=4, downloads=1),
        latency=2.0,
    )
    order: list[str] = []
    world.watch = lambda event: order.append(type(event).__name__) if isinstance(event, Ended) else None
    ran(world)
    for charged in world.provider.charges.values():
        waiting = [
            other
            for other in world.provider.charges.values()
            if other.at + other.seconds + 6 < charged.at and (other.collected_at or 0) > charged.at
        ]
        assert len(waiting) <= 1


def test_a_persons_file_of_that_name_is_left_alone() -> None:
    world = three()
    path = world.workspace.clips.path("renders/film/a_t01.mp4")
    world.disk.make_folder(path.parent)
    handle = world.disk.open(path)
    world.disk.append(handle, b"my own film")
    outcome = ran(world)
    assert outcome.exit_code == 0
    assert world.disk.read(path) == b"my own film"
    assert any("left alone" in note for end in outcome.ended for note in end.notes)


# The disk.


def test_a_disk_that_refuses_the_intent_sends_nothing() -> None:
    world = three()
    world.disk.refuse = full("append /state/journals")
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 11
    assert world.provider.calls == []
    world.disk.refuse = None
    assert ran(world).exit_code == 0


def test_a_disk_that_refuses_the_task_says_how_to_adopt_it_and_stops() -> None:
    world = three()
    accept = world.provider.create

    def create(order: object) -> object:
        answer = accept(order)  # type: ignore[arg-type]
        world.disk.refuse = full("append /state/journals")
        return answer

    world.provider.create = create  # type: ignore[method-assign, assignment]
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 11
    assert len(world.provider.calls) == 1
    assert any("sorapipe adopt a task_00001" in event.text for event in world.said(Said))  # type: ignore[attr-defined]


def test_a_disk_that_is_full_in_a_download_keeps_what_came_and_a_later_run_collects_it() -> None:
    world = three()
    world.disk.refuse = full("append /film/renders")
    outcome = ran(world)
    assert outcome.exit_code == 11
    assert "no space left" in (outcome.why or "")
    charged = len(world.provider.charges)
    world.disk.refuse = None
    assert ran(world).exit_code == 0
    assert len(world.provider.charges) == max(charged, 3)


# People.


def test_one_signal_lets_the_create_finish_and_says_what_keeps_running() -> None:
    world = World(film(*(shot(f"s{n}") for n in range(30))), seconds=lambda _: 60.0, latency=1.0)
    world.stop_at(world.now + 10.5)
    outcome = ran(world)
    assert outcome.exit_code == 130
    assert len(world.provider.calls) == 11
    assert len(outcome.running) == 11
    assert len(outcome.not_started) == 19
    assert world.said(Stopped)
    world.at.clear()
    again = ran(world)
    assert again.exit_code == 0
    assert len(world.provider.charges) == 30


def test_a_second_signal_leaves_at_once() -> None:
    world = World(film(*(shot(f"s{n}") for n in range(30))), latency=1.0)
    world.stop_at(world.now + 10.5, 15)
    world.stop_at(world.now + 10.6, 15)
    began = world.now
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 143
    assert world.now - began == pytest.approx(10.6)
    world.at.clear()
    assert world.run() is not None
    assert world.provider.sent_twice() == []


def test_a_shot_whose_parent_is_not_finished_when_the_run_ends_is_said_to_be_left() -> None:
    world = World(film(shot("a"), shot("b", continues="a")), limits=Limits(max_wait=300))
    world.provider.script.every_poll = lambda *_: Running()
    outcome = ran(world)
    assert [one.label for one in outcome.not_started] == ["b"]
    assert world.said(NotStarted)


def test_a_character_that_is_not_known_yet_is_waited_for_and_at_last_given_up() -> None:
    cast = [character("keeper", url="https://example.org/k.mp4")]
    world = World(film(shot("door", "@keeper opens."), characters=cast))
    begun = world.now
    world.provider.script.every_poll = lambda charged, now: (
        NotThere("no such video") if charged.order.character_name and now < begun + 900 else None
    )
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0
    assert len(world.provider.charges) == 2

    never = World(film(shot("door", "@keeper opens."), characters=cast))
    never.provider.script.every_poll = lambda charged, now: NotThere("no such video")
    outcome = never.run()
    assert outcome is not None and outcome.exit_code in {8, 12}
    assert [attempt.state for attempt in never.attempts()["@keeper"]] == [AttemptState.VANISHED]
    assert len(never.provider.charges) == 1


def test_a_character_that_an_earlier_run_ordered_and_nobody_knows_yet_is_asked_for_at_leisure() -> None:
    cast = [character("keeper", url="https://example.org/k.mp4")]
    world = World(film(shot("door", "@keeper opens."), characters=cast))
    world.stop_at(world.now + 2)
    world.run()
    world.at.clear()
    world.provider.script.every_poll = lambda charged, now: NotThere("no such video")
    asked = world.provider.polls
    outcome = world.run()
    assert outcome is not None and outcome.exit_code in {8, 12}
    assert [attempt.state for attempt in world.attempts()["@keeper"]] == [AttemptState.VANISHED]
    assert world.provider.polls - asked < 200, "half an hour is no storm of questions"
