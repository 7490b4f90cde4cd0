"""A storyboard as a person has it in mind, its text, and what a person changes in it; knows no books or provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

GUEST = "gull"
MODELS = ("sora-2", "sora-2-hd")
_MOST_TAKES = 3
_LEAST_SHOTS = 2


@dataclass(frozen=True, slots=True)
class Picture:
    """A shot. No two ever made have one `number`; `text` is which of its texts it has, `after` the shot on whose last
    frame it begins, `needs` one that must be there first, `guest` says that the character is in it."""

    name: str
    number: int
    text: int = 1
    takes: int = 1
    after: str | None = None
    needs: str | None = None
    guest: bool = False
    model: str = MODELS[0]

    @property
    def words(self) -> str:
        """How every prompt of it begins."""
        return f"Picture {self.number}, text {self.text}."

    @property
    def parents(self) -> frozenset[str]:
        """The shots that must be there first."""
        return frozenset(name for name in (self.after, self.needs) if name is not None)

    def line(self) -> str:
        """Its line of the storyboard."""
        said = [f"id: {self.name}", f'prompt: "{self.words}{f" @{GUEST} passes." if self.guest else ""}"']
        said += [f"takes: {self.takes}"] if self.takes > 1 else []
        said += [f"continues: {self.after}"] if self.after else []
        said += [f"needs: [{self.needs}]"] if self.needs else []
        said += [f"model: {self.model}"] if self.model != MODELS[0] else []
        return f"  - {{{', '.join(said)}}}"


@dataclass(frozen=True, slots=True)
class Film:
    """A storyboard. The character is made from the first shot; `moved` are old and new names, `budget` is money."""

    pictures: tuple[Picture, ...]
    moved: tuple[tuple[str, str], ...] = ()
    budget: int | None = None
    numbers: int = 0

    def text(self) -> bytes:
        """The storyboard as it lies in the folder."""
        lines = ["sorapipe: 1", "title: A world", "provider: studio"]
        lines += ["defaults: {model: sora-2, size: 1280x720, seconds: 10}"]
        lines += [f"budget: {{max_cost: {self.budget}}}"] if self.budget is not None else []
        if any(one.guest for one in self.pictures):
            who = f"name: {GUEST}, from_shot: {self.pictures[0].name}, timestamps: [1, 3], description: a grey gull"
            lines += ["characters:", f"  {GUEST}: {{{who}}}"]
        lines += ["shots:", *(one.line() for one in self.pictures)]
        if self.moved:
            lines.append(f"moved: [{', '.join(f'{{from: {old}, to: {new}}}' for old, new in self.moved)}]")
        return "\n".join((*lines, "")).encode()

    def __iter__(self) -> Iterator[Picture]:
        return iter(self.pictures)

    def shot(self, name: str) -> Picture | None:
        """The shot of that name."""
        return next((one for one in self.pictures if one.name == name), None)

    def takes(self, address: str) -> int:
        """How many takes are asked for of an address; one of a character."""
        found = self.shot(address)
        return found.takes if found is not None else int(address == f"@{GUEST}")


Edit = Callable[[Film, Random], Film | None]
"""What a person does to a storyboard; `None` where there is nothing to do it to."""


def any_film(random: Random) -> Film:
    """A new storyboard."""
    found = Film(())
    for _ in range(random.randint(_LEAST_SHOTS, 6)):
        found = added(found, random)
    return found


def added(film: Film, random: Random) -> Film:
    """One more shot at the end, perhaps one that others must be there for."""
    number, kind = film.numbers + 1, random.random()
    parent = random.choice(film.pictures).name if film.pictures else None
    new = Picture(
        f"s{number}",
        number,
        takes=random.choice([1, 1, 1, 2]),
        after=parent if kind < 0.3 else None,
        needs=parent if 0.3 <= kind < 0.4 else None,
        guest=parent is not None and 0.4 <= kind < 0.6,
    )
    return replace(film, pictures=(*film.pictures, new), numbers=number)


def reworded(film: Film, random: Random) -> Film:
    """Another text of one shot, sometimes one that it had before."""
    one = random.choice(film.pictures)
    back = one.text > 1 and random.random() < 0.3
    return _with(film, one.name, replace(one, text=one.text - 1 if back else one.text + 1))


def removed(film: Film, random: Random) -> Film | None:
    """Without a shot that nobody needs."""
    needed = {film.pictures[0].name}.union(*(one.parents for one in film))
    free = [one for one in film if one.name not in needed]
    if not free or len(film.pictures) <= _LEAST_SHOTS:
        return None
    gone = random.choice(free)
    return replace(film, pictures=tuple(one for one in film if one is not gone), moved=_still(film.moved, gone.name))


def renamed(film: Film, random: Random) -> Film:
    """A shot under a new name, which the storyboard says or leaves to be found out."""
    one = random.choice(film.pictures)
    number = film.numbers + 1
    name = f"s{number}"
    pictures = tuple(
        replace(
            it,
            name=name if it is one else it.name,
            after=name if it.after == one.name else it.after,
            needs=name if it.needs == one.name else it.needs,
        )
        for it in film
    )
    moved = _still(film.moved, one.name)
    moved = (*moved, (one.name, name)) if random.random() < 0.6 else moved
    return replace(film, pictures=pictures, moved=moved, numbers=number)


def counted(film: Film, random: Random) -> Film:
    """More takes of a shot, or fewer."""
    one = random.choice(film.pictures)
    takes = one.takes + 1 if one.takes < _MOST_TAKES and random.random() < 0.7 else max(1, one.takes - 1)
    return _with(film, one.name, replace(one, takes=takes))


def remodelled(film: Film, random: Random) -> Film:
    """Another model for a shot."""
    one = random.choice(film.pictures)
    return _with(film, one.name, replace(one, model=MODELS[one.model == MODELS[0]]))


def limited(film: Film, random: Random) -> Film:
    """Another budget, or none."""
    return replace(film, budget=random.choice([None, 20, 60, 120]))


EDITS: dict[str, Edit] = {
    "text": reworded,
    "shot added": added,
    "shot removed": removed,
    "shot renamed": renamed,
    "takes": counted,
    "model": remodelled,
    "budget": limited,
}


def _with(film: Film, name: str, new: Picture) -> Film:
    return replace(film, pictures=tuple(new if one.name == name else one for one in film))


def _still(moved: tuple[tuple[str, str], ...], gone: str) -> tuple[tuple[str, str], ...]:
    """The renames whose new name is still a shot's."""
    return tuple((old, new) for old, new in moved if new != gone)
