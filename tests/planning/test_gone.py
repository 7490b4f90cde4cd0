"""Takes whose shot has another name or none: found again, told of, never mixed up."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from build import PRACTICE, World, board, said, shot, step

from sorapipe.planning.facts import Facts
from sorapipe.planning.plan_types import Gone
from sorapipe.planning.renames import check_moves
from sorapipe.storyboard.diagnostics import Diagnostics


def warned(world: World) -> list[tuple[str, str | None]]:
    diagnostics = Diagnostics()
    check_moves(world.storyboard, world.facts, diagnostics)
    return [(one.message, one.hint) for one in diagnostics]


def test_moved_from_a_name_that_has_no_takes_is_doubted() -> None:
    world = World(board(shot("street"), shot("b"))).took_all()
    world.without("street").edit(shot("alley"), moved={"stret": "alley"})
    ((message, hint),) = warned(world)
    assert message == "`moved` names `stret`, and there are no takes of that name: nothing is moved"
    assert hint == "did you mean `street`?"
    world.storyboard = replace(world.storyboard, moved={"street": "alley"})
    assert warned(world) == []


def test_a_chain_of_moves_a_whole_matrix_and_an_empty_lock_are_not_doubted() -> None:
    world = World(board(shot("a[lang=de]"), shot("x"))).took_all()
    world.without("a[lang=de]").edit(shot("c[lang=de]"), moved={"a": "b", "b": "c"})
    assert warned(world) == []
    world.facts = Facts()
    world.storyboard = replace(world.storyboard, moved={"nobody": "c"})
    assert warned(world) == []


def test_takes_of_a_shot_that_is_gone_are_told_of_once_and_ask_for_nothing() -> None:
    world = World(board(shot("a"), shot("b"), shot("c[lang=de]")))
    world.took_all().took("a", cost=Decimal("1.5"))
    world.without("a", "c[lang=de]")
    plan = world.plan()
    assert plan.gone == (
        Gone("a", "a", 2, Decimal("2.5"), "credits"),
        Gone("c[lang=de]", "c/de", 1, Decimal(1), "credits"),
    )
    assert plan.idle
    assert world.plan(select={"b"}).gone == ()
    assert world.edit(shot("street", "A picture of a.")).plan().gone == (plan.gone[1],)


def test_a_shot_that_was_renamed_and_then_removed_is_told_of_under_its_last_name() -> None:
    world = World(board(shot("a"), shot("b"))).took_all()
    world.without("a").edit(shot("street", "A picture of a."))
    reuse = step(world.plan(), "street#1").reuse
    assert reuse is not None and reuse.attempt is not None
    world.facts = replace(world.facts, attempts={**world.facts.attempts, "street": (reuse.attempt,)})
    assert world.plan().gone == ()
    assert [one.address for one in world.without("street").plan().gone] == ["street"]


def test_practice_takes_of_a_shot_that_is_gone_are_nothing_to_a_real_provider() -> None:
    world = World(board(shot("a"), shot("b")), PRACTICE).took_all().without("a")
    assert len(world.plan().gone) == 1
    world.capabilities = replace(PRACTICE, rehearsal=False)
    assert world.plan().gone == ()


def cells(axis: str, *words: str) -> list[object]:
    return [shot(f"talk[{axis}={word}]", "One text for all.") for word in words]


def kept(world: World) -> dict[str, str]:
    return {
        it.label: it.reuse.clip.rpartition("/")[2]
        for it in world.plan().steps
        if it.reuse is not None and it.reuse.clip is not None
    }


def test_a_renamed_axis_never_swaps_its_words() -> None:
    old = ("en", "de", "fr")
    world = World(board(*cells("lang", *old))).took_all()  # type: ignore[arg-type]
    world.without(*(f"talk[lang={word}]" for word in old))
    world.edit(*cells("language", "de", "fr", "en"))  # type: ignore[arg-type]
    assert kept(world) == {f"talk/{word}": f"talk[lang={word}]_t01.mp4" for word in old}
    assert step(world.plan(), "talk[language=de]#1").reason.text == "it was `talk[lang=de]` before: t01 is kept"


def test_a_new_word_takes_only_what_no_other_cell_needs() -> None:
    world = World(board(*cells("lang", "de", "en"))).took_all()  # type: ignore[arg-type]
    world.without("talk[lang=de]", "talk[lang=en]")
    world.edit(*cells("language", "fr", "en"))  # type: ignore[arg-type]
    assert kept(world) == {"talk/fr": "talk[lang=de]_t01.mp4", "talk/en": "talk[lang=en]_t01.mp4"}
    world.edit(*cells("language", "it"))  # type: ignore[arg-type]
    assert said(world.plan())[-1] == "render talk/it t01: new"


def test_a_selection_is_counted_by_itself() -> None:
    world = World(board(shot("a", takes=2), shot("b", frame="a"), shot("c", seconds=15)))
    totals = world.plan(select={"b"}).totals
    assert (totals.shots, totals.takes, totals.film_seconds) == (1, 1, 10)
    assert (totals.buys, totals.cost, totals.waiting, totals.waiting_cost) == (2, 2, 1, 1)
    assert world.plan().totals.film_seconds == 35
    rolled = world.plan(select={"b"}, rolls=(("c", 1),)).totals
    assert (rolled.shots, rolled.takes, rolled.film_seconds) == (2, 2, 25)
