"""Plans as people meet them: what is bought, what is kept, what waits and why."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from build import HD, PRACTICE, REAL, World, board, character, clip, from_shot, said, shot, step

from sorapipe.planning.capabilities import CharacterWay
from sorapipe.planning.facts import AttemptState, Facts
from sorapipe.planning.plan import narrowed
from sorapipe.planning.plan_types import Action, Staleness
from sorapipe.storyboard.model import Handle, UrlSource, Use


def url(name: str = "keeper", description: str | None = None) -> object:
    return character(name, UrlSource("https://example.org/keeper.mp4", (Decimal(1), Decimal(3))), description)


def test_a_new_storyboard_is_rendered_whole_in_order() -> None:
    world = World(board(shot("after", frame="stairs"), shot("cliff"), shot("stairs")))
    plan = world.plan()
    assert said(plan) == ["render stairs t01: new", "render after t01: new", "render cliff t01: new"]
    assert step(plan, "after#1").needs == ("stairs",)
    assert plan.totals.cost == 3
    assert plan.totals.calls == plan.totals.buys == 3
    assert plan.totals.minutes == 6


def test_a_finished_storyboard_has_nothing_to_do() -> None:
    plan = World(board(shot("stairs"), shot("after", frame="stairs"))).took_all().plan()
    assert said(plan) == ["keep stairs t01: in-film", "keep after t01: in-film"]
    assert plan.idle
    assert plan.totals.cost == 0


def test_an_edited_prompt_renders_that_shot_again_and_says_why() -> None:
    world = World(board(shot("a"), shot("b", seconds=10))).took_all()
    plan = world.edit(shot("b", "Something else.", seconds=15)).plan()
    assert said(plan) == ["keep a t01: in-film", "re-render b t02: edited"]
    assert step(plan, "b#2").reason.text == "prompt: A picture of b → Something else; seconds 10 → 15"
    assert step(plan, "b#2").price == 2


def test_a_trim_a_title_a_note_and_the_order_render_nothing() -> None:
    world = World(board(shot("a"), shot("b"))).took_all()
    world.edit(shot("a", title="A", notes="n", tags=("t",), use=Use(True, Decimal(1), Decimal(2))))
    world.storyboard = replace(world.storyboard, shots=world.storyboard.shots[::-1])
    assert world.plan().idle


def test_several_takes_are_all_made_and_an_edit_makes_as_many_new_ones() -> None:
    world = World(board(shot("a", takes=3)))
    assert said(world.plan()) == ["render a t01: new", "render a t02: new", "render a t03: new"]
    for _ in range(3):
        world.took("a")
    assert world.plan().idle
    plan = world.edit(shot("a", "New.", takes=3)).plan()
    assert said(plan) == ["re-render a t04: edited", "re-render a t05: edited", "re-render a t06: edited"]


def test_rolls_count_towards_takes_and_come_on_top_of_finished_ones() -> None:
    world = World(board(shot("a")))
    assert said(world.plan(rolls=(("a", 1),))) == ["render a t01: new"]
    world.took("a")
    assert said(world.plan(rolls=(("a", 2),))) == [
        "keep a t01: in-film",
        "render a t02: roll",
        "render a t03: roll",
    ]


def test_a_failure_is_not_sent_again_unasked_and_blocks_what_depends_on_it() -> None:
    world = World(board(shot("a"), shot("b", frame="a"), shot("c", frame="b"), shot("d")))
    world.took("a", AttemptState.FAILED, why="moderation")
    plan = world.plan()
    assert said(plan) == [
        "blocked a t01: failed",
        "blocked b t01: parent-blocked",
        "blocked c t01: parent-blocked",
        "render d t01: new",
    ]
    assert step(plan, "a#1").reason.command == "sorapipe roll a"
    assert step(plan, "c#1").reason.text == "a is blocked: it failed before: moderation"
    rolled = world.plan(rolls=(("a", 1),))
    assert said(rolled)[0] == "render a t02: roll"
    assert step(rolled, "b#1").needs == ("a",)
    assert said(world.edit(shot("a", "Another prompt.")).plan())[0] == "render a t02: new"


def test_an_open_task_is_collected_also_when_its_shot_was_edited_or_removed() -> None:
    world = World(board(shot("a"), shot("b", frame="a"), shot("gone")))
    world.took("a", AttemptState.SUBMITTED)
    world.took("gone", AttemptState.SUBMITTED)
    world.without("gone")
    plan = world.plan()
    assert said(plan) == ["resume a t01: resume", "render b t01: new", "resume gone t01: resume-old"]
    assert step(plan, "b#1").needs == ("a",)
    edited = world.edit(shot("a", "New.")).plan()
    assert said(edited)[:2] == ["resume a t01: resume-old", "render a t02: new"]


def test_an_uncertain_order_blocks_its_shot_until_a_person_settles_it() -> None:
    world = World(board(shot("a"), shot("b", needs=("a",))))
    world.took("a", AttemptState.UNCERTAIN)
    plan = world.plan()
    assert said(plan) == ["uncertain a t01: uncertain", "blocked a t02: uncertain", "blocked b t01: uncertain"]
    assert step(plan, "a#1").reason.instead == "sorapipe adopt a TASK"
    assert step(plan, "a#1").reason.command == "sorapipe resubmit a"


def test_an_uncertain_order_that_may_be_sent_again_holds_up_nothing_and_keeps_its_number() -> None:
    world = World(board(shot("a"), shot("b", needs=("a",))))
    world.agree(world.took("a", AttemptState.UNCERTAIN))
    plan = world.plan()
    assert said(plan) == ["render a t02: new", "render b t01: new"]
    assert step(plan, "b#1").needs == ("a",)
    second = world.took("a", AttemptState.UNCERTAIN)
    assert said(world.plan())[0] == "uncertain a t02: uncertain"
    assert step(world.plan(), "a#2").reason.instead == "sorapipe adopt a TASK --take t02"
    world.agree(second)
    assert said(world.plan())[0] == "render a t03: new"


def test_an_uncertain_order_under_an_old_name_holds_the_new_one_up_until_it_may_be_sent_again() -> None:
    world = World(board(shot("old", "Rain.")))
    lost = world.took("old", AttemptState.UNCERTAIN)
    world.without("old").edit(shot("new", "Rain."))
    plan = world.plan()
    assert said(plan) == ["blocked new t01: uncertain", "uncertain old t01: uncertain"]
    assert step(plan, "new#1").reason.command == "sorapipe resubmit old"
    assert said(world.agree(lost).plan()) == ["render new t01: new"]


def test_a_plan_is_narrowed_to_a_shot_and_all_that_must_be_finished_before_it() -> None:
    world = World(board(shot("a"), shot("b", frame="a"), shot("c", frame="b"), shot("d"), shot("e", frame="b")))
    part = narrowed(world.plan(), world.outlook(), ("c",))
    assert said(part) == ["render a t01: new", "render b t01: new", "render c t01: new"]
    assert (part.totals.calls, part.totals.cost) == (3, 3)


def test_an_uncertain_character_that_may_be_sent_again_is_made_anew() -> None:
    world = World(board(shot("a", mentions=("tom",)), characters=(url("tom"),)))
    lost = world.took("@tom", AttemptState.UNCERTAIN)
    assert said(world.plan()) == ["uncertain @tom t01: uncertain", "blocked a t01: parent-blocked"]
    assert said(world.agree(lost).plan()) == ["render @tom t02: character", "render a t01: new"]


def test_a_deleted_clip_is_fetched_before_what_begins_with_it() -> None:
    world = World(board(shot("a"), shot("b", frame="a")))
    done = world.took("a")
    world.inventory = {done.out: None}
    plan = world.plan()
    assert said(plan) == ["fetch a t01: gone", "render b t01: new"]
    assert step(plan, "b#1").needs == ("a",)


def test_a_clip_from_elsewhere_that_is_lost_can_only_be_rolled() -> None:
    world = World(board(shot("a")))
    done = world.took("a", tasks=(), cost=Decimal(0))
    world.inventory = {done.out: None}
    assert said(world.plan()) == ["blocked a t01: gone"]
    assert said(world.edit(shot("b", frame="a")).plan())[1] == "blocked b t01: parent-blocked"


def test_a_clip_changed_by_hand_is_kept_and_reported() -> None:
    world = World(board(shot("a"), shot("b", frame="a"), shot("c", needs=("a",)), shot("d", frame="b")))
    done = world.took("a")
    world.inventory = {done.out: 7}
    plan = world.plan()
    assert said(plan)[0] == "keep a t01: changed"
    text = "the file was changed: 7 bytes, not 1,000; delete it to fetch the paid one again"
    assert step(plan, "a#1").reason.text == text
    assert said(plan)[1:] == ["blocked b t01: parent-blocked", "render c t01: new", "blocked d t01: parent-blocked"]
    assert step(plan, "b#1").reason.text == f"a t01: {text}"
    assert said(world.plan(select={"b"})) == ["keep a t01: changed", "blocked b t01: parent-blocked"]
    world.took("c")
    assert world.plan().idle
    world.took("b")
    world.took("d")
    assert [line for line in said(world.plan()) if "keep" not in line] == []


def test_takes_beside_the_picked_one_may_be_deleted() -> None:
    world = World(board(shot("a", takes=2)))
    first, _ = world.took("a"), world.took("a")
    world.inventory = {first.out: None}
    assert said(world.plan()) == ["fetch a t01: gone", "keep a t02: take"]
    assert said(world.pick("a", 2).plan()) == ["keep a t02: picked"]


def test_a_shot_waits_for_the_take_that_is_on_its_way_where_the_others_are_no_good() -> None:
    world = World(board(shot("a", takes=2), shot("b", frame="a")))
    world.bad(world.took("a"))
    world.took("a", AttemptState.SUBMITTED)
    plan = world.plan(first_takes=True)
    assert said(plan) == ["keep a t01: no-good", "resume a t02: resume", "render b t01: new"]
    assert step(plan, "b#1").needs == ("a",)


def test_a_deleted_take_that_is_marked_as_no_good_is_not_fetched_unless_it_is_in_the_film() -> None:
    w = World(board(shot("stairs", takes=2)))
    first, second = w.took("stairs"), w.took("stairs")
    assert first.out and second.out
    w.bad(first).inventory = {first.out: None, second.out: 1000}
    assert said(w.plan()) == ["keep stairs t02: in-film"]
    w.bad(second).inventory = {first.out: None, second.out: None}
    assert said(w.plan()) == ["fetch stairs t02: gone"]


def test_what_depends_on_several_takes_waits_for_a_pick() -> None:
    world = World(board(shot("stairs", takes=3), shot("after", frame="stairs"), shot("end", frame="after")))
    plan = world.plan()
    assert said(plan)[3:] == ["wait after t01: needs-pick", "wait end t01: needs-pick"]
    assert step(plan, "after#1").reason.text == "stairs gets 3 takes in this run; then pick one"
    assert step(plan, "after#1").reason.command is None
    assert step(plan, "after#1").reason.then == "sorapipe pick stairs N"
    assert (plan.totals.waiting, plan.totals.waiting_cost) == (2, 2)
    first = world.plan(first_takes=True)
    assert said(first)[3:] == ["render after t01: new", "render end t01: new"]
    for _ in range(3):
        world.took("stairs")
    assert said(world.plan())[3:] == ["wait after t01: needs-pick", "wait end t01: needs-pick"]
    assert step(world.plan(), "after#1").reason.text == "pick a take of stairs"
    assert step(world.plan(), "after#1").reason.command == "sorapipe pick stairs N"
    assert world.plan().idle
    assert said(world.pick("stairs", 2).plan())[3:] == ["render after t01: new", "render end t01: new"]


def test_the_only_take_that_is_not_marked_needs_no_pick() -> None:
    world = World(board(shot("a", takes=2), shot("b", frame="a")))
    bad = world.took("a")
    world.took("a")
    assert said(world.bad(bad).plan())[-1] == "render b t01: new"


def test_marked_takes_only_make_children_wait() -> None:
    world = World(board(shot("a"), shot("b", frame="a")))
    plan = world.bad(world.took("a")).plan()
    assert said(plan) == ["keep a t01: no-good", "wait b t01: no-good"]
    assert step(plan, "b#1").reason.command == "sorapipe roll a"


def test_contradicting_picks_block_what_depends_on_them() -> None:
    world = World(board(shot("a", takes=2), shot("b", frame="a")))
    world.took("a"), world.took("a")
    plan = world.pick("a", 1, 2).plan()
    assert said(plan) == ["keep a t01: pick-conflict", "keep a t02: take", "blocked b t01: pick-conflict"]


def repicked() -> World:
    """`b` begins on `a` t01, `c` on `b`; then t02 of `a` is picked."""
    world = World(board(shot("a"), shot("b", frame="a"), shot("c", frame="b"))).took_all()
    world.took("a")
    return world.pick("a", 2)


def test_another_pick_of_the_parent_is_listed_with_its_price_and_costs_nothing() -> None:
    plan = repicked().plan()
    assert said(plan) == [
        "keep a t01: take",
        "keep a t02: picked",
        "keep b t01: stale-cascade",
        "keep c t01: in-film",
    ]
    kept = step(plan, "b#1")
    assert (kept.stale, kept.stale_price, kept.price) == (Staleness.CASCADE, 1, 0)
    assert kept.reason.text == "in the film, stale: a: another take is picked"
    assert kept.reason.command == "sorapipe run --cascade b"
    assert plan.totals.stale_cost == 1
    assert plan.idle


def test_cascade_buys_the_whole_chain_once() -> None:
    world = repicked()
    plan = world.plan(cascade=True)
    assert said(plan)[2:] == ["re-render b t02: cascade", "re-render c t02: cascade"]
    assert step(plan, "c#2").needs == ("b",)
    world.took("b")
    world.took("c")
    assert world.plan(cascade=True).idle
    again = world.plan()
    assert [it.key for it in again.steps if it.reason.code == "in-film"] == ["b#2", "c#2"]


def test_going_back_to_the_old_pick_brings_the_old_child_back() -> None:
    world = repicked()
    world.took("b")
    assert world.outlook().situations["b"].film.attempt.take == 2
    world.pick("a", 1)
    assert world.outlook().situations["b"].film.attempt.take == 1
    assert world.outlook().situations["b"].stale is Staleness.FRESH


def test_a_missing_child_of_a_shot_that_is_stale_by_cascade_is_blocked() -> None:
    world = repicked().without("c").edit(shot("d", frame="b"))
    plan = world.plan()
    assert said(plan)[-1] == "blocked d t01: parent-stale"
    assert step(plan, "d#1").reason.command == "sorapipe run --cascade b"
    assert said(world.accept("b").plan())[-2:] == ["keep b t01: accepted", "render d t01: new"]
    assert said(repicked().edit(shot("d", frame="b")).plan(cascade=True))[-1] == "render d t01: new"


def test_a_waiver_ends_when_the_inputs_change_again() -> None:
    world = repicked().accept("b")
    assert "keep b t01: accepted" in said(world.plan())
    world.took("a")
    assert "keep b t01: stale-cascade" in said(world.pick("a", 3).plan())


def test_a_waiver_holds_for_an_edit_and_ends_with_the_next() -> None:
    world = World(board(shot("a"))).took_all().edit(shot("a", "Two.")).accept("a")
    assert said(world.plan()) == ["keep a t01: accepted"]
    assert said(world.edit(shot("a", "Three.")).plan()) == ["re-render a t02: edited"]


def test_another_model_is_bought_only_by_a_reshoot() -> None:
    world = World(board(shot("a", model="sora-2"), shot("b", frame="a"))).took_all()
    world.edit(shot("a", model="sora-2-hd"))
    plan = world.plan()
    assert said(plan) == ["keep a t01: stale-model", "keep b t01: in-film"]
    assert step(plan, "a#1").reason.text == "in the film, stale: model sora-2 → sora-2-hd"
    assert step(plan, "a#1").stale_price == 5
    assert step(plan, "a#1").reason.command == "sorapipe run --reshoot a"
    reshoot = world.plan(reshoot=True)
    assert said(reshoot) == ["re-render a t02: model", "keep b t01: stale-cascade"]
    assert said(world.edit(shot("c", frame="a")).plan())[-1] == "render c t01: new"


def test_frozen_keeps_what_is_there() -> None:
    world = World(board(shot("a"), shot("b"))).took_all().edit(shot("a", "New.", frozen=True), shot("n", frozen=True))
    plan = world.plan()
    assert said(plan) == ["keep a t01: frozen", "keep b t01: in-film", "blocked n t01: frozen"]


def test_an_edited_parent_and_an_edited_child_are_one_purchase() -> None:
    world = World(board(shot("a"), shot("b", frame="a"))).took_all()
    plan = world.edit(shot("a", "New."), shot("b", "New.", frame="a")).plan()
    assert said(plan) == ["re-render a t02: edited", "re-render b t02: edited"]
    assert step(plan, "b#2").needs == ("a",)


def test_a_finished_child_of_an_edited_parent_is_kept_and_said_to_become_stale() -> None:
    world = World(board(shot("a"), shot("b", frame="a"))).took_all()
    world.edit(shot("a", "New."))
    plan = world.plan()
    assert said(plan) == ["re-render a t02: edited", "keep b t01: stale-cascade"]
    assert plan.totals.stale_cost == 1
    assert said(world.plan(cascade=True)) == ["re-render a t02: edited", "re-render b t02: cascade"]


def test_another_provider_makes_nothing_stale_and_gets_only_what_is_rendered_anyway() -> None:
    world = World(board(shot("a"), shot("b"))).took_all().edit(shot("b", "New."))
    plan = world.at(replace(REAL, profile="other")).plan()
    assert said(plan) == ["keep a t01: in-film", "re-render b t02: edited"]
    assert plan.provider == "other"


def test_a_reference_whose_bytes_changed_is_an_edit() -> None:
    from sorapipe.storyboard.model import FileRef
    from sorapipe.storyboard.source import Asset

    world = World(
        board(shot("a", input_reference=FileRef("a.png"))), assets={"a.png": Asset("a.png", "1", 9, "image/png")}
    )
    new = world.plan()
    assert [(it.asset.path, it.steps) for it in new.uploads] == [("a.png", ("a",))]
    world.took("a")
    assert world.plan().uploads == ()
    world.assets = {"a.png": Asset("a.png", "2", 9, "image/png")}
    assert step(world.plan(), "a#2").reason.text == "input_reference: another picture"


def test_practice_takes_do_not_satisfy_a_real_provider() -> None:
    world = World(board(shot("a"), shot("b", frame="a")), PRACTICE).took_all()
    assert world.plan().idle
    plan = world.at(REAL).plan()
    assert said(plan) == ["render a t02: new", "render b t02: new"]
    assert step(plan, "b#2").needs == ("a",)


def test_practice_takes_never_replace_real_ones() -> None:
    world = World(board(shot("a"), shot("b", frame="a"))).took_all().at(PRACTICE)
    assert world.plan().idle
    world.edit(shot("a", "New."))
    assert said(world.plan())[-1] == "keep b t01: in-film"
    world.took("a")
    assert world.outlook().situations["a"].film.attempt.take == 1
    plan = world.pick("a", 2).plan()
    assert plan.idle
    assert world.outlook().situations["a"].film.attempt.take == 1


def test_a_character_is_made_once_before_the_first_shot_that_needs_it() -> None:
    world = World(
        board(shot("x"), shot("a", mentions=("keeper",)), shot("b", mentions=("keeper",)), characters=[url()])
    )
    plan = world.plan()
    assert said(plan) == [
        "render x t01: new",
        "render @keeper t01: character",
        "render a t01: new",
        "render b t01: new",
    ]
    assert step(plan, "a#1").needs == ("@keeper",)
    assert plan.totals.cost == 4
    assert "full paid render" in step(plan, "@keeper#1").reason.text


def test_a_known_character_or_a_handle_is_not_made() -> None:
    known = World(board(shot("a", mentions=("keeper",)), characters=[url()])).knows("keeper")
    assert said(known.plan()) == ["render a t01: new"]
    fox = character("fox", handles={"studio": Handle(id="ch_1")})
    assert said(World(board(shot("a", mentions=("fox",)), characters=[fox])).plan()) == ["render a t01: new"]


def test_a_character_is_made_at_another_provider_only_for_a_take_that_needs_it() -> None:
    world = World(board(shot("a", mentions=("keeper",)), characters=[url()])).knows("keeper").took_all()
    world.at(replace(REAL, profile="other"))
    assert world.plan().idle
    assert said(world.plan(rolls=(("a", 1),))) == [
        "render @keeper t01: character",
        "keep a t01: in-film",
        "render a t02: roll",
    ]


def test_inline_words_and_providers_without_characters_make_nothing() -> None:
    lamp = character("lamp", None, "a brass lamp")
    world = World(board(shot("a", mentions=("keeper", "lamp")), characters=[url(description="a man"), lamp]))
    for way in (CharacterWay.INLINE, CharacterWay.NONE):
        assert said(world.at(replace(REAL, characters=way)).plan()) == ["render a t01: new"]


def test_a_character_from_a_shot_comes_after_that_shot_and_waits_for_its_pick() -> None:
    cast = [from_shot("gull", "cliff")]
    world = World(board(shot("storm", mentions=("gull",)), shot("cliff"), characters=cast))
    plan = world.plan()
    assert said(plan) == ["render cliff t01: new", "render @gull t01: character", "render storm t01: new"]
    assert step(plan, "@gull#1").needs == ("cliff",)
    several = World(board(shot("storm", mentions=("gull",)), shot("cliff", takes=2), characters=cast)).plan()
    assert said(several)[2:] == ["wait @gull t01: needs-pick", "wait storm t01: needs-pick"]


def test_a_character_is_not_made_from_another_providers_shot() -> None:
    world = World(board(shot("cliff"), shot("storm", mentions=("gull",)), characters=[from_shot("gull", "cliff")]))
    world.took("cliff")
    plan = world.at(replace(REAL, profile="other")).plan()
    assert said(plan)[1:] == ["blocked @gull t01: other-provider", "blocked storm t01: other-provider"]
    assert step(plan, "@gull#1").reason.command == "sorapipe roll cliff"
    other = World(board(shot("cliff"), shot("storm", mentions=("gull",)), characters=[from_shot("gull", "cliff")]))
    other.took("cliff")
    other.at(replace(REAL, profile="other")).took("cliff")
    assert step(other.plan(), "@gull#1").reason.command == "sorapipe pick cliff t02"
    assert said(other.pick("cliff", 2).plan())[-2:] == ["render @gull t01: character", "render storm t01: new"]
    inline = world.at(replace(REAL, profile="other", characters=CharacterWay.INLINE)).plan()
    assert said(inline)[1:] == ["blocked storm t01: other-provider"]


def test_an_inline_character_of_a_shot_waits_for_that_shot() -> None:
    world = World(board(shot("storm", mentions=("gull",)), shot("cliff"), characters=[from_shot("gull", "cliff")]))
    plan = world.at(replace(REAL, characters=CharacterWay.INLINE)).plan()
    assert step(plan, "storm#1").needs == ("cliff",)


def test_an_edited_character_is_an_edit_of_its_shots() -> None:
    world = (
        World(board(shot("a", mentions=("keeper",)), characters=[url(description="old")])).knows("keeper").took_all()
    )
    world.edit(characters={"keeper": url(description="young")})
    plan = world.plan()
    assert said(plan) == ["render @keeper t01: character", "re-render a t02: edited"]
    assert step(plan, "a#2").reason.text == "keeper edited (description)"


def test_a_begun_character_is_collected_and_a_failed_one_is_not_sent_again() -> None:
    world = World(board(shot("a", mentions=("keeper",)), characters=[url()]))
    world.took("@keeper", AttemptState.SUBMITTED)
    assert said(world.plan()) == ["resume @keeper t01: resume", "render a t01: new"]
    world = World(board(shot("a", mentions=("keeper",)), characters=[url()]))
    world.took("@keeper", AttemptState.FAILED, why="a real person")
    plan = world.plan()
    assert said(plan) == ["blocked @keeper t01: failed", "blocked a t01: parent-blocked"]
    assert said(world.plan(rolls=(("@keeper", 1),))) == ["render @keeper t02: character", "render a t01: new"]


def test_a_renamed_shot_is_found_by_its_recipe_and_its_children_stay_fresh() -> None:
    world = World(board(shot("stairs", "Steps."), shot("after", frame="stairs"))).took_all()
    world.storyboard = board(shot("steps", "Steps."), shot("after", frame="steps"))
    world.remember()
    plan = world.plan()
    assert said(plan) == ["keep steps t01: renamed", "keep after t01: in-film"]
    reuse = step(plan, "steps#1").reuse
    assert reuse is not None and reuse.attempt is not None
    assert (reuse.clip, reuse.attempt.out, reuse.attempt.cost) == (
        "renders/film/stairs_t01.mp4", "renders/film/steps_t01.mp4", 0,
    )  # fmt: skip
    assert not plan.idle
    world.facts = replace(world.facts, attempts={**world.facts.attempts, "steps": (reuse.attempt,)})
    again = world.plan()
    assert again.idle
    assert said(again) == ["keep steps t01: in-film", "keep after t01: in-film"]


def test_moved_carries_takes_picks_and_marks() -> None:
    world = World(board(shot("stairs", "Steps.", takes=3)))
    bad = world.took("stairs")
    world.took("stairs"), world.took("stairs")
    world.pick("stairs", 3).bad(bad)
    world.storyboard = board(shot("steps", "Steps.", takes=3), moved={"stairs": "steps"})
    plan = world.plan()
    assert said(plan) == ["keep steps t01: renamed", "keep steps t02: renamed", "keep steps t03: renamed"]
    third, first = step(plan, "steps#3"), step(plan, "steps#1")
    assert third.reuse.pick.token == third.attempt.token
    assert first.reuse.no_good and first.reuse.pick is None


def test_each_clip_is_reused_once() -> None:
    world = World(board(shot("a", "Same."))).took_all()
    world.storyboard = board(shot("b", "Same."), shot("c", "Same."))
    assert said(world.plan()) == ["keep b t01: renamed", "render c t01: new"]


def test_two_live_shots_with_one_recipe_are_two_purchases() -> None:
    world = World(board(shot("a", "Same."))).took_all().edit(shot("b", "Same."))
    assert said(world.plan()) == ["keep a t01: in-film", "render b t01: new"]


def test_a_shot_that_is_found_by_its_recipe_brings_the_takes_of_its_older_texts_at_once() -> None:
    world = World(board(shot("a", "Old."))).took_all().edit(shot("a", "New.")).took_all()
    world.storyboard = board(shot("b", "New."))
    assert said(world.plan()) == ["keep b t01: renamed", "keep b t02: renamed"]


def test_a_shot_that_was_renamed_twice_brings_the_takes_of_both_names_and_buys_none_again() -> None:
    world = World(board(shot("a", "Same.", takes=2)))
    first = world.took("a")
    world.storyboard = board(shot("b", "Same.", takes=2))
    world.took("b", sha256=first.sha256, cost=Decimal(0))
    world.took("b")
    world.storyboard = board(shot("c", "Same.", takes=2))
    assert said(world.plan()) == ["keep c t01: renamed", "keep c t02: renamed"]


def test_of_two_takes_that_were_given_one_name_the_one_without_a_file_is_fetched_for_a_renamed_shot() -> None:
    world = World(board(shot("a", "Same.", takes=2)))
    first = world.took("a")
    second = world.took("a", out=first.out)
    world.storyboard = board(shot("b", "Same.", takes=2))
    world.inventory = {first.out: 1000, first.token: 1000, second.token: None}
    assert said(world.plan()) == ["keep b t01: renamed", "fetch b t02: gone"]


def test_a_task_that_runs_under_the_old_name_is_collected_first() -> None:
    world = World(board(shot("a", "Same.")))
    world.took("a", AttemptState.SUBMITTED)
    world.storyboard = board(shot("b", "Same."))
    assert said(world.plan()) == ["wait b t01: renamed", "resume a t01: resume-old"]


def test_a_neighbours_clip_and_character_are_not_bought_again() -> None:
    episode = (
        World(board(shot("logo", "The logo.", mentions=("keeper",)), characters=[url()])).knows("keeper").took_all()
    )
    world = World(
        board(shot("intro", "The logo.", mentions=("keeper",)), shot("x", mentions=("keeper",)), characters=[url()])
    )
    world.neighbours = [("ep01", episode.facts)]
    plan = world.plan()
    assert said(plan) == ["keep intro t01: neighbour", "keep @keeper t01: neighbour", "render x t01: new"]
    assert step(plan, "intro#1").reason.text == "made for ep01"
    assert step(plan, "intro#1").reuse.clip == "renders/film/logo_t01.mp4"
    assert step(plan, "@keeper#1").reuse.character.handle.id == "ch_keeper"
    assert step(plan, "x#1").needs == ("@keeper",)


def test_a_neighbours_clip_that_is_not_on_disk_is_fetched_and_not_bought() -> None:
    neighbour = World(board(shot("stairs")))
    done = neighbour.took("stairs")
    w = World(board(shot("stairs")))
    w.neighbours = [("ep01", neighbour.facts)]
    assert done.out
    w.inventory = {done.out: None}
    (fetched,) = w.plan().steps
    assert (fetched.action, fetched.price) == (Action.FETCH, 0)
    assert fetched.reuse is not None


def test_a_neighbours_clip_made_from_another_picture_is_not_taken() -> None:
    episode = World(board(shot("a", "One."), shot("b", frame="a"))).took_all()
    world = World(board(shot("a", "Two."), shot("b", frame="a")))
    world.took("a", sha256="other")
    world.neighbours = [("ep01", episode.facts)]
    assert said(world.plan()) == ["keep a t01: in-film", "render b t01: new"]


def test_a_selection_brings_its_missing_parents_along() -> None:
    world = World(board(shot("a"), shot("b", frame="a"), shot("c", frame="b"), shot("d")))
    assert said(world.plan(select=["c"])) == ["render a t01: new", "render b t01: new", "render c t01: new"]
    world.took("a")
    assert said(world.plan(select=["b"])) == ["render b t01: new"]


def test_a_selection_brings_the_shot_of_a_character_along() -> None:
    world = World(
        board(shot("cliff"), shot("d"), shot("storm", mentions=("gull",)), characters=[from_shot("gull", "cliff")])
    )
    assert said(world.plan(select=["storm"])) == [
        "render cliff t01: new",
        "render @gull t01: character",
        "render storm t01: new",
    ]


def test_what_is_paid_is_collected_outside_the_selection_too() -> None:
    world = World(board(shot("a"), shot("b")))
    world.took("a", AttemptState.SUBMITTED)
    assert said(world.plan(select=["b"])) == ["resume a t01: resume", "render b t01: new"]


def test_a_clip_entry_renders_nothing_and_counts_in_the_film() -> None:
    world = World(board(shot("a"), clip("again", "a", use=Use(True, Decimal(2), Decimal(5)))))
    plan = world.plan()
    assert said(plan) == ["render a t01: new"]
    assert plan.totals.film_seconds == 13
    assert said(world.plan(select=["again"])) == ["render a t01: new"]


def test_two_machines_that_made_one_take_are_told_apart() -> None:
    world = World(board(shot("a", takes=2)))
    world.took("a")
    world.took("a", take=1, token="b" * 20)
    assert [it.key for it in world.plan().steps] == ["a#1", "a#1b"]


def test_money_is_unknown_when_a_model_has_no_price() -> None:
    world = World(board(shot("a", model="sora-2-hd")))
    world.at(replace(REAL, models={**REAL.models, "sora-2-hd": replace(HD, prices=())}))
    assert world.plan().totals.cost is None


def test_the_order_does_not_depend_on_the_order_of_mappings() -> None:
    cast = [from_shot("gull", "c"), url("keeper"), url("zed")]
    shots = [shot("b", mentions=("keeper", "gull")), shot("c"), shot("a", mentions=("zed",), frame="c")]
    world, other = World(board(*shots, characters=cast)), World(board(*shots, characters=cast[::-1]))
    other.facts = replace(Facts(), attempts=dict(reversed(world.facts.attempts.items())))
    assert [it.key for it in world.plan().steps] == [it.key for it in other.plan().steps]


def test_waiting_and_blocked_steps_cost_nothing() -> None:
    world = World(board(shot("a", takes=2), shot("b", frame="a")))
    plan = world.plan()
    assert step(plan, "b#1").action is Action.WAIT
    assert plan.totals.cost == 2


def test_more_takes_than_before_only_adds_the_missing_ones() -> None:
    world = World(board(shot("a"))).took_all().edit(shot("a", takes=3))
    assert said(world.plan()) == ["keep a t01: in-film", "render a t02: new", "render a t03: new"]


def test_a_cascade_does_not_move_an_explicit_pick_and_is_bought_once() -> None:
    world = repicked().pick("b", 1)
    assert said(world.plan(cascade=True))[2:] == [
        "keep b t01: stale-cascade",
        "re-render b t02: cascade",
        "keep c t01: in-film",
    ]
    world.took("b")
    plan = world.plan(cascade=True)
    assert plan.idle
    assert step(plan, "b#1").reason.command == "sorapipe pick b 2"


def test_a_frozen_shot_is_not_rolled() -> None:
    world = World(board(shot("a", frozen=True))).took_all()
    assert said(world.plan(rolls=(("a", 1),))) == ["keep a t01: frozen", "blocked a t02: frozen"]


def test_a_failed_edit_keeps_the_old_clip_and_holds_up_an_edited_child() -> None:
    world = World(board(shot("a"), shot("b", frame="a"))).took_all().edit(shot("a", "New."))
    world.took("a", AttemptState.FAILED)
    assert said(world.plan()) == ["keep a t01: stale-edit", "blocked a t02: failed", "keep b t01: in-film"]
    edited = world.edit(shot("b", "New.", frame="a")).plan()
    assert said(edited)[2:] == ["keep b t01: stale-edit", "blocked b t02: parent-blocked"]


def test_a_paid_clip_that_is_not_right_feeds_nothing_and_one_that_is_fetched_again_is_waited_for() -> None:
    for state, steps in [
        (AttemptState.UNAVAILABLE, ["fetch a t01: unavailable", "render b t01: new"]),
        (AttemptState.SUSPECT, ["blocked a t01: suspect", "blocked b t01: parent-blocked"]),
    ]:
        world = World(board(shot("a"), shot("b", frame="a")))
        world.took("a", state)
        assert said(world.plan()) == steps


def test_a_character_of_a_renamed_shot_is_not_made_again() -> None:
    cast = [from_shot("gull", "cliff")]
    world = World(board(shot("cliff", "P."), shot("k", mentions=("gull",)), characters=cast)).knows("gull").took_all()
    world.storyboard = board(shot("rock", "P."), shot("k", mentions=("gull",)), characters=[from_shot("gull", "rock")])
    world.remember()
    assert said(world.plan(rolls=(("k", 1),))) == [
        "keep rock t01: renamed",
        "keep k t01: in-film",
        "render k t02: roll",
    ]


def test_moved_names_a_whole_matrix() -> None:
    world = World(board(shot("s[l=x]", "P."), shot("k", frame="s[l=x]"))).took_all()
    world.storyboard = board(shot("z[l=x]", "P."), shot("k", frame="z[l=x]"), moved={"s": "z"})
    assert said(world.plan()) == ["keep z/x t01: renamed", "keep k t01: in-film"]


def test_clips_that_show_characters_are_uploads_with_the_seconds_that_go() -> None:
    from sorapipe.planning.capabilities import CharacterWay, Source
    from sorapipe.storyboard.model import FileSource
    from sorapipe.storyboard.source import Asset

    both = frozenset({Source.FILE, Source.SHOT})
    casting = replace(REAL.casting, sources=both, cut=both, clip_seconds=(2, 4), names=frozenset({"id"}))
    fox = character("fox", FileSource("fox.mp4", None))
    gull = from_shot("gull", "den")
    world = World(
        board(shot("den"), shot("run", mentions=("fox", "gull")), characters=[fox, gull]),
        replace(REAL, characters=CharacterWay.OPENAI, casting=casting),
        assets={"fox.mp4": Asset("fox.mp4", "1", 9, "video/mp4")},
    )
    own, clip = world.plan().uploads
    assert (own.asset, own.steps, own.part) == (world.assets["fox.mp4"], ("@fox",), (0, 4))
    assert (clip.asset, clip.shot, clip.steps, clip.part) == (None, "den", ("@gull",), (1, 3))
    den = world.took("den")
    _, clip = world.plan().uploads
    assert clip.asset == Asset(den.out or "", den.sha256 or "", den.size or 0, "video/mp4")
    assert world.knows("fox").knows("gull").plan().uploads == ()
