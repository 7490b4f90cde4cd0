"""Characters in every way a provider has: what stands in the order that makes one, and in the shot that mentions it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from typing import NamedTuple

import pytest
from engine.memory_disk import Killed
from engine.scripted import ScriptedProvider
from engine.world import CAPABILITIES, World, film, shot

from sorapipe.planning.capabilities import Capabilities, CharacterWay, Source
from sorapipe.planning.facts import AttemptState, CharacterFact
from sorapipe.planning.handles import known_handles
from sorapipe.planning.plan_types import Action, Wishes
from sorapipe.providers import jobs, tasks, videos
from sorapipe.providers.base import MadeCharacter, Media, Order
from sorapipe.storyboard.model import Address, Character, FileSource, Handle, ShotSource, UrlSource
from sorapipe.storyboard.source import Asset, Place, Span

Way = CharacterWay
S = AttemptState
TIMES = (Decimal(1), Decimal(3))
URL = "https://e.org/fox.mp4"
CLIP = json.dumps({"width": 64, "height": 64, "seconds": 10, "task": None}).encode()
FILE = {"fox.mp4": (Asset("fox.mp4", sha256(CLIP).hexdigest(), len(CLIP), "video/mp4"), CLIP)}
SOURCES = {
    "url": UrlSource(URL, TIMES),
    "file": FileSource("fox.mp4", TIMES),
    "from_shot": ShotSource(Address.parse("den"), TIMES),
}
DIALECTS = {"videos": videos, "jobs": jobs, "tasks": tasks}
USERNAME = {"username": "the.fox"}


class Here:
    def place(self, field: str | None = None) -> Span:
        return Span(Place("film.yaml", 1, 1), 1)

    def mention(self, name: str) -> Span:
        return self.place()


def fox(source: str | None = None, handles: Mapping[str, Handle] | None = None) -> Character:
    return Character("fox", "Red", "a red fox", SOURCES[source] if source else None, handles or {}, Here())


def able(dialect: str, way: Way, profile: str = "studio") -> Capabilities:
    casting = DIALECTS[dialect].CHARACTERS[way]
    return replace(CAPABILITIES, profile=profile, characters=way, casting=casting)


class Told(NamedTuple):
    """What an order says of characters."""

    url: str | None
    stamps: str | None
    task: str | None
    file: Media | None


def told(order: Order) -> Told:
    return Told(order.character_url, order.character_timestamps, order.character_from_task, order.character_file)


def world_of(dialect: str, way: Way, who: Character, knows: Mapping[str, str] | None = None) -> World:
    world = World(
        film(shot("den", "A den."), shot("run", "@fox runs. Mail a@fox.org. @fox stops."), characters=[who]),
        capabilities=able(dialect, way),
        assets=FILE,
    )
    world.provider.instant = way in {Way.ENDPOINT, Way.OPENAI}
    world.provider.knows_as = lambda task, name: MadeCharacter(
        **{"id": f"ch_{task}", "username": None, **(knows or {})}
    )
    return world


def orders(world: World) -> tuple[Order | None, Order]:
    """The order that makes the character, if one does, and that of the shot that mentions it."""
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0, world.events
    sent = [order for _, order in world.provider.calls]
    made = [order for order in sent if order.character_name is not None]
    assert len(made) <= 1
    return made[0] if made else None, next(order for order in sent if "runs." in order.prompt)


MADE = [  # dialect, way, source, what the provider names; timestamps in the order, the mention, the ids
    ("videos", Way.ENDPOINT, "url", USERNAME, "1,3", "@the.fox", ()),
    ("videos", Way.ENDPOINT, "from_shot", USERNAME, "1,3", "@the.fox", ()),
    ("videos", Way.TASK, "url", USERNAME, "1,3", "@the.fox", ()),
    ("videos", Way.TASK, "from_shot", USERNAME, "1,3", "@the.fox", ()),
    ("videos", Way.OPENAI, "file", {"username": "Red"}, None, "Red", ("ch_7",)),
    ("videos", Way.OPENAI, "from_shot", {"username": "Red"}, None, "Red", ("ch_7",)),
    ("jobs", Way.TASK, "url", {}, None, "Red", ("ch_7",)),
    ("jobs", Way.TASK, "file", {}, None, "Red", ("ch_7",)),
    ("jobs", Way.TASK, "from_shot", {}, "1,3", "Red", ("ch_7",)),
    ("tasks", Way.TASK, "url", {}, "1,3", "Red", ("ch_7",)),
    ("tasks", Way.TASK, "url", USERNAME, "1,3", "@the.fox", ("ch_7",)),
    ("tasks", Way.TASK, "from_shot", USERNAME, "1,3", "@the.fox", ("ch_7",)),
]


@pytest.mark.parametrize(("dialect", "way", "source", "knows", "stamps", "word", "ids"), MADE)
def test_a_character_is_made_once_and_every_shot_names_it(  # noqa: PLR0913, PLR0917 - a row of the table
    dialect: str, way: Way, source: str, knows: dict[str, str], stamps: str | None, word: str, ids: tuple[str, ...]
) -> None:
    world = world_of(dialect, way, fox(source), {"id": "ch_7", **knows})
    making, sent = orders(world)
    assert making is not None
    assert (making.character_name, making.prompt, making.character_create) == ("Red", "a red fox", True)
    found = told(making)
    assert found.url == (URL if source == "url" else None)
    assert found.stamps == stamps
    cut = Source(source) in world.capabilities.casting.cut
    assert found.task == ("task_00001" if source == "from_shot" and not cut else None)
    if cut:
        assert found.file is not None and found.file.media_type == "video/mp4"
        short = json.loads(found.file.data)
        assert (short["from"], short["to"]) == ("1", "3")
        assert found.file.name == ("fox.mp4" if source == "file" else "den_t01.mp4")
    else:
        assert found.file is None
    assert sent.prompt == f"{word} runs. Mail a@fox.org. {word} stops."
    assert sent.character_ids == ids
    assert told(sent) == Told(None, None, None, None)
    (fact,) = world.workspace.facts().characters
    recipe = world.outlook().ground.recipes.character("fox").digest
    handle = Handle("ch_7", knows.get("username"))
    assert (fact.name, fact.recipe, fact.provider, fact.account, fact.handle) == ("fox", recipe, "studio", None, handle)
    (made,) = world.attempts()["@fox"]
    inputs = tuple((it.address, it.sha256) for it in world.attempts()["den"]) if source == "from_shot" else ()
    assert (made.state, made.inputs) == (S.DONE, inputs)
    assert world.run() is None


@pytest.mark.parametrize("dialect", ["tasks", "videos"])
@pytest.mark.parametrize("source", ["url", "from_shot"])
def test_where_nothing_is_made_the_shot_carries_what_shows_it(dialect: str, source: str) -> None:
    making, sent = orders(world_of(dialect, Way.INLINE, fox(source)))
    assert making is None
    assert sent.prompt == "Red (a red fox) runs. Mail a@fox.org. Red stops."
    task = "task_00001" if source == "from_shot" else None
    assert told(sent) == Told(URL if source == "url" else None, "1,3", task, None)
    assert sent.character_ids == () and not sent.character_create


NAMED = [
    ("videos", Way.ENDPOINT, Handle("ch_1", "fox.e"), "@fox.e", ()),
    ("videos", Way.TASK, Handle(None, "fox.e"), "@fox.e", ()),
    ("videos", Way.OPENAI, Handle("ch_1", None), "Red", ("ch_1",)),
    ("videos", Way.OPENAI, Handle("ch_1", "Fox E"), "Fox E", ("ch_1",)),
    ("videos", Way.INLINE, Handle("ch_1", "fox.e"), "@fox.e", ()),
    ("jobs", Way.TASK, Handle("ch_1", None), "Red", ("ch_1",)),
    ("tasks", Way.TASK, Handle("ch_1", None), "Red", ("ch_1",)),
    ("tasks", Way.TASK, Handle(None, "fox.e"), "@fox.e", ()),
    ("tasks", Way.INLINE, Handle("ch_1", "fox.e"), "@fox.e", ("ch_1",)),
]


@pytest.mark.parametrize("source", [None, "url"])
@pytest.mark.parametrize(("dialect", "way", "handle", "word", "ids"), NAMED)
def test_what_exists_is_named_as_the_storyboard_says(  # noqa: PLR0913, PLR0917 - a row of the table
    dialect: str, way: Way, handle: Handle, word: str, ids: tuple[str, ...], source: str | None
) -> None:
    making, sent = orders(world_of(dialect, way, fox(source, {"studio": handle, "elsewhere": Handle("x", "y")})))
    assert making is None
    assert (sent.prompt, sent.character_ids) == (f"{word} runs. Mail a@fox.org. {word} stops.", ids)
    assert told(sent) == Told(None, None, None, None)


@pytest.mark.parametrize("dialect", ["videos", "jobs", "tasks"])
@pytest.mark.parametrize("source", [None, "url", "from_shot"])
def test_where_there_is_no_way_it_is_words_whatever_is_known_of_it(dialect: str, source: str | None) -> None:
    making, sent = orders(world_of(dialect, Way.NONE, fox(source, {"studio": Handle("ch_1", "fox.e")})))
    assert making is None
    assert sent.prompt == "Red (a red fox) runs. Mail a@fox.org. Red stops."
    assert sent.character_ids == () and told(sent) == Told(None, None, None, None)


def test_a_mention_in_the_negative_prompt_is_spoken_too() -> None:
    world = world_of("tasks", Way.TASK, fox("url"), USERNAME)
    extra = shot("x", "Rain.", negative_prompt="@fox, a@@b")
    extra = replace(extra, request=replace(extra.request, mentions=("fox",)))  # type: ignore[type-var]
    world.storyboard = film(extra, characters=[fox("url")])
    world.run()
    assert world.provider.calls[-1][1].negative_prompt == "@the.fox, a@b"


def test_without_timestamps_the_beginning_is_cut_out() -> None:
    who = replace(fox(), source=FileSource("fox.mp4", None))
    making, _ = orders(world_of("videos", Way.OPENAI, who))
    assert making is not None and making.character_file is not None
    short = json.loads(making.character_file.data)
    assert (short["from"], short["to"]) == ("0", "4")


def test_a_clip_that_is_too_short_makes_nothing_and_buys_nothing_that_needs_it() -> None:
    who = replace(fox(), source=FileSource("fox.mp4", (Decimal(9), Decimal(11))))
    world = world_of("videos", Way.OPENAI, who)
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 8
    assert [order.prompt for _, order in world.provider.calls] == ["A den."]
    texts = [one.reason.text for one in outcome.not_started]
    assert texts[0] == "no character can be cut out of `fox.mp4`: it is only 10 s long"


def test_a_provider_that_names_nothing_of_use_gets_no_shot() -> None:
    world = world_of("videos", Way.ENDPOINT, fox("url"), {"id": "ch_7"})
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 8
    assert [one.reason.command for one in outcome.not_started] == ["sorapipe roll @fox"]
    assert len(world.provider.charges) == 2
    steps = {step.label: (step.action, step.reason.code) for step in world.plan().steps}
    assert steps["@fox"] == (Action.BLOCKED, "nameless")


def test_the_picked_take_shows_the_character() -> None:
    for dialect, way in (("tasks", Way.TASK), ("videos", Way.OPENAI)):
        world = world_of(dialect, way, fox("from_shot"), USERNAME)
        shots = world.storyboard.shots
        world.storyboard = film(replace(shots[0], takes=2), characters=[fox("from_shot")])
        world.run()
        with world.workspace.hold("pick") as session:
            second = session.facts().attempts["den"][1]
            session.pick("den", second.token, 2)
        world.storyboard = film(replace(shots[0], takes=2), shots[1], characters=[fox("from_shot")])
        making, _ = orders(world)
        assert making is not None
        if way is Way.TASK:
            assert making.character_from_task == second.tasks[0]
        else:
            assert making.character_file is not None
            assert making.character_file.name == "den_t02.mp4"
            assert json.loads(making.character_file.data)["task"] == second.tasks[0]


def test_a_shot_that_is_made_into_a_character_is_recorded_under_its_own_name_and_recipe() -> None:
    for dialect in DIALECTS:
        world = world_of(dialect, Way.TASK, fox(), {"id": "ch_9", "username": "den.one"})
        world.storyboard = film(shot("den", "A den.", character_create=True))
        world.run()
        (fact,) = world.workspace.facts().characters
        recipe = world.outlook().ground.recipes.shot("den").digest
        assert (fact.name, fact.recipe, fact.handle) == ("den", recipe, Handle("ch_9", "den.one"))
        assert (fact.provider, fact.account, fact.task) == ("studio", None, "task_00001")
        assert world.run() is None


# Another provider, another account.


def move(world: World, capabilities: Capabilities) -> ScriptedProvider:
    """From now on everything new is bought elsewhere."""
    there = ScriptedProvider(lambda: world.now, world.disk, prefix=capabilities.profile)
    world.others[capabilities.profile] = there
    world.capabilities = capabilities
    there.instant = capabilities.characters is Way.OPENAI
    return there


def bought(world: World) -> list[str]:
    return [step.label for step in world.plan().steps if step.action is Action.RENDER]


@pytest.mark.parametrize("source", ["url", "file"])
def test_a_finished_film_buys_nothing_elsewhere_and_a_new_shot_makes_its_character_there(source: str) -> None:
    world = world_of("jobs", Way.TASK, fox(source), USERNAME)
    world.run()
    home = world.capabilities
    other = able("tasks", Way.TASK, "other") if source == "url" else able("videos", Way.OPENAI, "other")
    there = move(world, other)
    assert bought(world) == []
    assert world.run() is None
    world.storyboard = film(*world.storyboard.shots, shot("hop", "@fox hops."), characters=[fox(source)])
    assert bought(world) == ["@fox", "hop"]
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0
    assert [order.character_name for _, order in there.calls] == ["Red", None]
    world.capabilities = home
    assert bought(world) == []
    world.storyboard = film(*world.storyboard.shots, shot("nap", "@fox naps."), characters=[fox(source)])
    assert bought(world) == ["nap"]
    world.run()
    assert world.provider.calls[-1][1].character_ids == known_ids(world)
    assert {fact.provider for fact in world.workspace.facts().characters} == {"studio", "other"}


def known_ids(world: World) -> tuple[str | None, ...]:
    return (known_handles(world.outlook())["fox"].id,)


def test_another_account_makes_it_again_only_for_a_new_take() -> None:
    world = world_of("tasks", Way.TASK, fox("url"), USERNAME)
    world.run()
    world.capabilities = replace(world.capabilities, account="house")
    assert bought(world) == []
    world.storyboard = film(*world.storyboard.shots, shot("hop", "@fox hops."), characters=[fox("url")])
    assert bought(world) == ["@fox", "hop"]
    world.run()
    assert {fact.account for fact in world.workspace.facts().characters} == {None, "house"}
    world.capabilities = replace(world.capabilities, account=None)
    assert bought(world) == []
    assert bought_with_roll(world) == ["run"]


def bought_with_roll(world: World) -> list[str]:
    plan = world.plan(Wishes(rolls=(("run", 1),)))
    return [step.label for step in plan.steps if step.action is Action.RENDER]


def test_a_task_elsewhere_makes_no_character_and_a_clip_from_elsewhere_does() -> None:
    world = world_of("tasks", Way.TASK, fox("from_shot"), USERNAME)
    world.storyboard = film(world.storyboard.shots[0], characters=[fox("from_shot")])
    world.run()
    new = shot("hop", "@fox hops.")
    world.storyboard = film(*world.storyboard.shots, new, characters=[fox("from_shot")])
    move(world, able("videos", Way.TASK, "gate"))
    steps = {step.label: (step.action, step.reason.code) for step in world.plan().steps}
    assert steps["@fox"] == (Action.BLOCKED, "other-provider")
    there = move(world, able("videos", Way.OPENAI, "other"))
    assert bought(world) == ["@fox", "hop"]
    (upload,) = world.plan().uploads
    clip = world.attempts()["den"][0]
    assert (upload.asset, upload.shot, upload.part) == (
        Asset(clip.out or "", clip.sha256 or "", clip.size or 0, "video/mp4"), "den", TIMES,
    )  # fmt: skip
    world.run()
    assert [order.character_name for _, order in there.calls] == ["Red", None]


def test_a_character_under_another_id_is_still_the_same() -> None:
    world = world_of("tasks", Way.TASK, fox("url"), USERNAME)
    world.run()
    red = replace(fox("url"), id="red")
    world.storyboard = film(world.storyboard.shots[0], shot("hop", "@red hops."), characters=[red])
    world.run()
    assert world.provider.calls[-1][1].prompt == "@the.fox hops."
    assert sum(order.character_name is not None for _, order in world.provider.calls) == 1


def test_a_handle_that_is_of_no_use_here_is_none() -> None:
    world = world_of("videos", Way.ENDPOINT, fox("url"), USERNAME)
    recipe = world.outlook().ground.recipes.character("fox").digest
    with world.workspace.hold("x") as session:
        session.character(CharacterFact("fox", recipe, "studio", None, Handle("ch_1", None), "task"))
    assert known_handles(world.outlook()) == {}
    making, sent = orders(world)
    assert making is not None and sent.prompt.startswith("@the.fox runs.")


@pytest.mark.parametrize("point", ["P7", "P8", "P9"])
def test_a_character_made_at_once_is_not_lost_with_the_process(point: str) -> None:
    world = world_of("videos", Way.ENDPOINT, fox("url"), USERNAME)
    passed: list[str] = []
    reach = world.disk.reach

    def die(name: str) -> None:
        passed.append(name)
        if passed.count(point) == 2 and name == point:  # the first order is that of the den
            raise Killed
        reach(name)

    world.disk.reach = die  # type: ignore[method-assign]
    assert world.run() is None
    for _ in range(4):
        world.now += 100
        world.run()
    assert sum(order.character_name is not None for _, order in world.provider.calls) == 1
    if point != "P7":
        assert {a.state for found in world.attempts().values() for a in found} == {AttemptState.DONE}
        assert [fact.handle for fact in world.workspace.facts().characters] == [Handle("ch_task_00002", "the.fox")]
