"""What `pick` and `ng` share: one shot, one of its takes, and the books to write a choice to; knows no money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sorapipe.cli.choosing import sort_words
from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.production import Production, produce, read
from sorapipe.planning.choice import labels
from sorapipe.planning.facts import Attempt
from sorapipe.planning.select import find_take, take_of_path

_CLIPS = (".mp4", ".mov", ".webm")


@dataclass(frozen=True)
class Choice:
    """A shot and, where one was named, a take of it. `label` and `name` are how they are said."""

    production: Production
    address: str
    label: str
    attempt: Attempt | None
    name: str

    @property
    def target(self) -> str:
        """The words that name the storyboard."""
        return self.production.script.words.target


def choice(words: Sequence[str], verb: str, *, clear: bool) -> Choice:
    """What the words of a verb mean: `SHOT TAKE`, or the path of a clip; with `clear` the take may be left out.

    Raises `Expected` for anything that is not exactly one shot and one take.
    """
    sorted_words = sort_words(words)
    production = produce(read(sorted_words))
    shots = list(sorted_words.shots)
    if len(shots) == 1 and shots[0].lower().endswith(_CLIPS):
        attempt = take_of_path(production.facts, shots[0])
        if attempt is None:
            raise Expected(Exit.USAGE, f"no take has the clip `{shots[0]}`", _status(sorted_words.target))
        return _made(production, attempt.address, attempt)
    if not shots or len(shots) > 2 or (len(shots) == 1 and not clear):  # noqa: PLR2004 - a shot and a take
        example = f"sorapipe {verb}{sorted_words.target} SHOT TAKE"
        raise Expected(Exit.USAGE, f"`{verb}` wants a shot and a take", f"`{example}`, for example `stairs 2`")
    address = _one(production, shots[0])
    if len(shots) == 1:
        return _made(production, address, None)
    found = find_take(production.facts, address, shots[1])
    if found.attempt is None:
        message = found.error.message if found.error else f"`{shots[0]}` has no take `{shots[1]}`"
        raise Expected(Exit.USAGE, message, found.error.hint if found.error else None)
    return _made(production, address, found.attempt)


def _one(production: Production, word: str) -> str:
    chosen = production.script.chosen([word]) or frozenset()
    if len(chosen) != 1:
        cells = [shot.label for shot in production.storyboard.shots if shot.address.canonical in chosen]
        names = ", ".join(f"`{name}`" for name in cells[:8])
        raise Expected(Exit.USAGE, f"`{word}` means {len(chosen)} shots", f"name one of {names}")
    (address,) = chosen
    return address


def _made(production: Production, address: str, attempt: Attempt | None) -> Choice:
    label = next((s.label for s in production.storyboard.shots if s.address.canonical == address), address)
    names = labels(production.facts.attempts.get(address, ()))
    return Choice(production, address, label, attempt, names[attempt.token] if attempt else "")


def _status(target: str) -> str:
    return f"`sorapipe status{target}` lists them"
