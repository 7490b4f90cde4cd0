"""What a run does when nothing goes wrong, from the plan to the lock."""

from __future__ import annotations

from decimal import Decimal

from engine.world import World, character, film, never_twice, shot

from sorapipe.engine.events import Ended, NotStarted
from sorapipe.engine.messages import Limits
from sorapipe.planning.facts import AttemptState
from sorapipe.planning.plan_types import Wishes


def test_every_shot_becomes_a_clip_and_a_second_run_has_nothing_to_do() -> None:
    world = World(film(shot("cliff"), shot("stairs"), shot("storm")))
    with never_twice(world):
        outcome = world.run()
    assert outcome is not None
    assert outcome.exit_code == 0
    assert world.clips() == ["cliff_t01.mp4", "stairs_t01.mp4", "storm_t01.mp4"]
    assert outcome.spent == Decimal(3)
    assert world.plan().idle
    assert not [path for path in world.disk.paths() if path.suffix in {".part", ".etag"}]


def test_a_frame_of_the_parents_clip_is_the_reference_and_the_take_is_bound_to_that_clip() -> None:
    world = World(film(shot("stairs"), shot("after", continues="stairs")))
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0
    order = world.provider.calls[1][1]
    assert order.input_reference is not None
    assert order.input_reference.data.endswith(b"stairs_t01.mp4 at None")
    (parent,), (child,) = world.attempts()["stairs"], world.attempts()["after"]
    assert child.inputs == (("stairs", parent.sha256),)
    assert world.plan().idle


def test_a_child_is_sent_only_when_its_parents_clip_is_there() -> None:
    world = World(film(shot("a"), shot("b", continues="a"), shot("c", continues="b")))
    world.run()
    first, second, third = world.provider.charges.values()
    assert second.at > (first.collected_at or 0)
    assert third.at > (second.collected_at or 0)


def test_a_character_made_from_a_shot_uses_its_task_and_the_prompt_names_it() -> None:
    cast = [character("gull", of="cliff", words="a gull"), character("lantern", words="a brass lantern")]
    world = World(film(shot("cliff"), shot("storm", "@gull and @lantern. @lantern again."), characters=cast))
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0
    _, gull, storm = (order for _, order in world.provider.calls)
    assert gull.character_from_task == "task_00001"
    assert gull.character_create and gull.character_timestamps == "1,3" and gull.character_name == "Gull"
    assert storm.prompt == "@Gull.task_00002 and Lantern (a brass lantern). Lantern again."
    assert storm.character_ids == ("ch_task_00002",)
    assert world.workspace.facts().characters[0].name == "gull"
    assert world.plan().idle


def test_the_token_is_in_the_metadata_and_takes_have_their_own_seeds() -> None:
    world = World(film(shot("dice", takes=3, seed=7, metadata="for ep01")))
    world.run()
    orders = [order for _, order in world.provider.calls]
    assert [order.seed for order in orders] == [7, 8, 9]
    assert all(order.metadata == f"for ep01 sp1:{order.token}" for order in orders)
    assert len({order.token for order in orders}) == 3
    assert world.clips() == ["dice_t01.mp4", "dice_t02.mp4", "dice_t03.mp4"]


def test_what_depends_on_a_shot_with_several_takes_waits_for_a_pick_and_that_is_no_failure() -> None:
    world = World(film(shot("stairs", takes=2), shot("after", continues="stairs")))
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0
    (waiting,) = outcome.not_started
    assert waiting.label == "after"
    assert waiting.reason.text == "stairs gets 2 takes in this run; then pick one"
    with world.workspace.hold() as session:
        token = world.attempts()["stairs"][1].token
        session.pick("stairs", token, 2)
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0
    assert world.attempts()["after"][0].inputs == (("stairs", world.attempts()["stairs"][1].sha256),)


def test_with_first_takes_it_goes_on_with_the_lowest_good_one() -> None:
    world = World(film(shot("stairs", takes=2), shot("after", continues="stairs")))
    outcome = world.run(Wishes(first_takes=True))
    assert outcome is not None and outcome.exit_code == 0
    assert world.attempts()["after"][0].inputs == (("stairs", world.attempts()["stairs"][0].sha256),)


def test_an_edited_prompt_renders_that_shot_again_and_keeps_the_old_take() -> None:
    world = World(film(shot("a"), shot("b")))
    world.run()
    world.storyboard = film(shot("a", "Something else."), shot("b"))
    outcome = world.run()
    assert outcome is not None and [end.label for end in outcome.ended] == ["a"]
    assert world.clips() == ["a_t01.mp4", "a_t02.mp4", "b_t01.mp4"]


def test_a_deleted_clip_is_fetched_again_and_costs_nothing() -> None:
    world = World(film(shot("a"), shot("b")))
    world.run()
    gone = next(path for path in world.disk.paths() if path.name == "a_t01.mp4")
    world.disk.take_away(gone)
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0 and outcome.sent == 0
    assert world.clips() == ["a_t01.mp4", "b_t01.mp4"]


def test_a_renamed_shot_keeps_its_clip() -> None:
    world = World(film(shot("a", "The sea."), shot("b")))
    world.run()
    world.storyboard = film(shot("sea", "The sea."), shot("b"))
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0 and outcome.sent == 0
    assert "sea_t01.mp4" in world.clips()


def test_a_take_that_was_at_the_provider_under_its_old_name_is_there_after_one_more_run_and_the_first_one_says_so() -> (
    None
):
    world = World(film(shot("a", "The sea.")))
    world.stop_at(world.now + 10)
    world.run()
    world.at.clear()
    world.storyboard = film(shot("sea", "The sea."))
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 10 and outcome.sent == 0
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0 and outcome.sent == 0
    assert "sea_t01.mp4" in world.clips()
    assert world.plan().idle


def test_the_order_of_creates_is_that_of_the_plan() -> None:
    world = World(film(*(shot(f"s{n:02}") for n in range(20))))
    world.run()
    assert [order.prompt for _, order in world.provider.calls] == [f"A picture of s{n:02}." for n in range(20)]


def test_events_tell_the_whole_story() -> None:
    world = World(film(shot("a")))
    world.run()
    names = [type(event).__name__ for _, event in world.events]
    assert names == ["Sending", "Sent", "Progressed", "Ended"]
    (end,) = world.said(Ended)
    assert isinstance(end, Ended) and end.state is AttemptState.DONE and end.out == "renders/film/a_t01.mp4"
    assert world.said(NotStarted) == []


def test_a_paid_take_of_a_shot_that_was_taken_out_is_collected_all_the_same() -> None:
    world = World(film(shot("storm[lens=wide]"), shot("b")), limits=Limits(max_wait=5.0))
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 10 and len(outcome.running) == 2
    world.storyboard = film(shot("b"))
    world.limits = Limits()
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0 and outcome.sent == 0
    assert world.clips() == ["b_t01.mp4", "storm.wide_t01.mp4"]
