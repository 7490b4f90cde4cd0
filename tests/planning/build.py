"""Small storyboards, facts and providers for tests of planning, made by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import reduce

from sorapipe.planning.capabilities import Capabilities, Casting, CharacterWay, Model, Per, Price, Source
from sorapipe.planning.facts import Attempt, AttemptState, CharacterFact, Facts, Pick, Waiver
from sorapipe.planning.graph import Graph, build
from sorapipe.planning.plan import make_plan
from sorapipe.planning.plan_types import Plan, Step, Wishes
from sorapipe.planning.recipe import Recipes, recipes
from sorapipe.planning.situation import Ground, Outlook, look
from sorapipe.storyboard.diagnostics import Diagnostics
from sorapipe.storyboard.model import (
    Address,
    Character,
    CharacterSource,
    FrameOf,
    Handle,
    Request,
    Scene,
    Shot,
    ShotSource,
    Storyboard,
    Use,
)
from sorapipe.storyboard.source import Asset, Place, Span


@dataclass(frozen=True)
class At:
    """An origin whose fields stand one below the other."""

    line: int = 1
    fields: Mapping[str, int] = field(default_factory=dict)

    def place(self, name: str | None = None) -> Span:
        return Span(Place("film.yaml", self.fields.get(name or "", self.line), 1), 1)

    def mention(self, name: str) -> Span:
        return self.place(f"@{name}")


MODEL = Model(
    name="sora-2",
    sizes=("1280x720", "720x1280"),
    seconds=(10, 15),
    styles=("comic", "winter"),
    extra=("cfg_scale",),
    max_prompt=200,
    prices=(Price(Decimal("2"), Per.CLIP, seconds=15), Price(Decimal("1"), Per.CLIP)),
    character_price=None,
    ends=None,
)
HD = replace(MODEL, name="sora-2-hd", prices=(Price(Decimal("0.5"), Per.SECOND),))
SOURCES = frozenset({Source.URL, Source.SHOT})
REAL = Capabilities(
    profile="studio",
    account=None,
    currency="credits",
    prices_as_of=date(2026, 11, 1),
    models={"sora-2": MODEL, "sora-2-hd": HD},
    default_model="sora-2",
    default_size="1280x720",
    default_seconds=10,
    fields=frozenset(
        ("model", "seconds", "size", "input_reference", "watermark", "private", "metadata", "style", "extra")
    ),
    characters=CharacterWay.TASK,
    casting=Casting(2, SOURCES, names=frozenset({"id", "username"})),
    image_types=("image/png",),
    in_flight=100,
    minutes=Decimal(3),
    rehearsal=False,
)
PRACTICE = replace(REAL, profile="practice", rehearsal=True)


def shot(name: str, prompt: str | None = None, *, line: int = 1, **more: object) -> Shot:
    """A shot; keys of `Request` and of `Shot` may be mixed. `frame="stairs"` continues that shot."""
    address = Address.parse(name)
    frame = more.pop("frame", None)
    if frame is not None:
        more["input_reference"] = FrameOf(Address.parse(str(frame)))
    mentions = tuple(more.pop("mentions", ()))  # type: ignore[call-overload]
    words = " ".join(f"@{it}" for it in mentions)
    keys = {key: more.pop(key) for key in list(more) if key in Request.__dataclass_fields__}
    request = Request(prompt=f"{prompt or f'A picture of {name}.'} {words}".strip(), mentions=mentions, **keys)  # type: ignore[arg-type]
    base = Shot(
        address=address,
        label="/".join((address.shot, *(word for _, word in address.cell))),
        scene=None,
        takes=1,
        request=request,
        clip=None,
        needs=(),
        frozen=False,
        use=Use(),
        subtitles=(),
        title=None,
        notes=None,
        tags=(),
        origin=At(line),
    )
    needs = tuple(Address.parse(it) for it in more.pop("needs", ()))  # type: ignore[attr-defined]
    return replace(base, needs=needs, **more)  # type: ignore[arg-type]


def clip(name: str, of: str, **more: object) -> Shot:
    """A shot that shows another one's clip."""
    return replace(shot(name), request=None, clip=Address.parse(of), **more)  # type: ignore[arg-type]


def character(
    name: str,
    source: CharacterSource | None = None,
    description: str | None = None,
    handles: Mapping[str, Handle] | None = None,
    line: int = 1,
) -> Character:
    return Character(name, name, description, source, handles or {}, At(line))


def from_shot(name: str, address: str) -> Character:
    return character(name, ShotSource(Address.parse(address), (Decimal(1), Decimal(3))))


def board(
    *shots: Shot,
    characters: Iterable[Character] = (),
    moved: Mapping[str, str] | None = None,
    scenes: tuple[Scene, ...] = (),
) -> Storyboard:
    cast = {it.id: it for it in characters}
    return Storyboard(None, None, cast, shots, scenes, (), None, moved or {}, At())


class World:
    """A storyboard with what has happened to it; each method returns a changed one."""

    def __init__(
        self,
        storyboard: Storyboard,
        capabilities: Capabilities = REAL,
        facts: Facts | None = None,
        assets: Mapping[str, Asset] | None = None,
    ) -> None:
        self.storyboard = storyboard
        self.capabilities = capabilities
        self.assets = assets or {}
        self.facts = facts or Facts()
        self.inventory: dict[str, int | None] = {}
        self.neighbours: list[tuple[str, Facts]] = []

    @property
    def recipes(self) -> Recipes:
        return recipes(self.storyboard, self.assets)

    @property
    def graph(self) -> Graph:
        found = build(self.storyboard, Diagnostics())
        assert found is not None
        return found

    def edit(self, *shots: Shot, **more: object) -> World:
        """The same facts under another storyboard; recipes of the past stay known."""
        self.remember()
        by_name = {it.address.canonical: it for it in shots}
        old = {it.address.canonical for it in self.storyboard.shots}
        kept = tuple(by_name.get(it.address.canonical, it) for it in self.storyboard.shots)
        new = tuple(it for it in shots if it.address.canonical not in old)
        self.storyboard = replace(self.storyboard, shots=kept + new, **more)  # type: ignore[arg-type]
        return self

    def without(self, *names: str) -> World:
        self.remember()
        shots = tuple(it for it in self.storyboard.shots if it.address.canonical not in names)
        self.storyboard = replace(self.storyboard, shots=shots)
        return self

    def remember(self) -> None:
        self.facts = replace(self.facts, recipes={**self.facts.recipes, **self.recipes.by_digest()})

    def took(self, name: str, state: AttemptState = AttemptState.DONE, **more: object) -> Attempt:
        """Adds an attempt of today's recipe and returns it."""
        self.remember()
        before = self.facts.attempts.get(name, ())
        take = 1 + max((it.take for it in before), default=0)
        made = name[1:] if name.startswith("@") else None
        recipe = self.recipes.character(made) if made else self.recipes.shot(name)
        inputs = () if made else look(self.ground()).situations[name].inputs
        base = Attempt(
            token=f"{name}{take}".replace("@", "c").replace("_", "").ljust(20, "a"),
            address=name,
            take=take,
            recipe=recipe.digest,
            provider=self.capabilities.profile,
            model="sora-2",
            state=state,
            inputs=inputs,
            account=self.capabilities.account,
            tasks=() if state in {AttemptState.UNCERTAIN, AttemptState.INTENT} else (f"task-{name}-{take}",),
            cost=Decimal(1),
            currency="credits",
            sha256=f"sha-{name}-{take}" if state is AttemptState.DONE and not made else None,
            size=1000 if state is AttemptState.DONE else None,
            out=f"renders/film/{name}_t{take:02d}.mp4" if not made else None,
            rehearsal=self.capabilities.rehearsal,
        )
        attempt = replace(base, **more)  # type: ignore[arg-type]
        ordered = tuple(sorted((*before, attempt), key=lambda it: (it.take, it.token)))
        self.facts = replace(self.facts, attempts={**self.facts.attempts, name: ordered})
        return attempt

    def took_all(self) -> World:
        for node in self.graph.order:
            if not node.startswith("@") and next(s for s in self.storyboard.shots if str(s.address) == node).request:
                self.took(node)
        return self

    def knows(self, name: str) -> World:
        """The character exists at the provider."""
        fact = CharacterFact(
            name, self.recipes.character(name).digest, self.capabilities.profile, self.capabilities.account,
            Handle(id=f"ch_{name}"), f"task-@{name}",
        )  # fmt: skip
        self.facts = replace(self.facts, characters=(*self.facts.characters, fact))
        return self

    def pick(self, name: str, *takes: int) -> World:
        tokens = {it.take: it.token for it in self.facts.attempts[name]}
        picks = tuple(Pick(name, tokens[take], take) for take in takes)
        self.facts = replace(self.facts, picks={**self.facts.picks, name: picks})
        return self

    def bad(self, *attempts: Attempt) -> World:
        self.facts = replace(self.facts, no_good=self.facts.no_good | {it.token for it in attempts})
        return self

    def agree(self, *attempts: Attempt) -> World:
        self.facts = replace(self.facts, consents=self.facts.consents | {it.token for it in attempts})
        return self

    def accept(self, name: str) -> World:
        it = look(self.ground()).situations[name]
        waiver = Waiver(name, it.recipe.digest, it.inputs, "it is fine")
        self.facts = replace(self.facts, waivers={**self.facts.waivers, name: (waiver,)})
        return self

    def at(self, capabilities: Capabilities) -> World:
        self.capabilities = capabilities
        return self

    def ground(self) -> Ground:
        return Ground(
            self.storyboard, self.graph, self.recipes, self.facts, self.capabilities, self.neighbours, "renders/film"
        )

    def outlook(self) -> Outlook:
        return look(self.ground())

    def plan(self, **wishes: object) -> Plan:
        select = wishes.pop("select", None)
        chosen = None if select is None else frozenset(select)  # type: ignore[call-overload]
        return make_plan(
            self.storyboard, self.graph, self.recipes, self.facts, self.inventory, self.capabilities, self.neighbours,
            Wishes(select=chosen, **wishes), renders="renders/film",  # type: ignore[arg-type]
        )  # fmt: skip


def said(plan: Plan) -> list[str]:
    """The steps as short lines: `render stairs t01: new`."""
    return [f"{it.action.value} {it.label} t{it.take:02d}{it.letter}: {it.reason.code}" for it in plan.steps]


def step(plan: Plan, key: str) -> Step:
    return next(it for it in plan.steps if it.key == key)


def cost(plan: Plan) -> Decimal:
    return reduce(lambda total, it: total + (it.price or 0), plan.steps, Decimal(0))
