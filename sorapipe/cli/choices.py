"""What `pick` and `ng` share: one shot, one of its takes, and the books to write a choice to; knows no money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sorapipe.cli.choosing import shell_words, sort_words
from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.production import Production, produce, read
from sorapipe.planning.choice import Chosen, labels
from sorapipe.planning.facts import Attempt, AttemptState
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
    def attempts(self) -> tuple[Attempt, ...]:
        """All takes of the shot."""
        return self.production.facts.attempts.get(self.address, ())

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
    if not shots or len(shots) > 2:  # noqa: PLR2004 - a shot and a take
        example = f"sorapipe {verb}{sorted_words.target} SHOT TAKE"
        raise Expected(Exit.USAGE, f"`{verb}` wants a shot and a take", f"`{example}`, for example `stairs 2`")
    chosen = _made(production, _one(production, shots[0]), None)
    if len(shots) == 1 and clear:
        return chosen
    if not chosen.attempts:
        hint = f"`sorapipe run{chosen.target}{shell_words([chosen.label])}` renders it"
        raise Expected(Exit.USAGE, f"{chosen.label} has no takes yet", hint)
    if len(shots) == 1:
        raise Expected(Exit.USAGE, f"which take of {chosen.label}?", _takes(chosen, verb))
    found = find_take(production.facts, chosen.address, shots[1])
    if found.attempt is None:
        placeholder = "`N` stands for the number of a take" if shots[1] in {"N", "n", "TAKE"} else None
        raise Expected(Exit.USAGE, placeholder or f"{chosen.label} has no take `{shots[1]}`", _takes(chosen, verb))
    return _made(production, chosen.address, found.attempt)


def _one(production: Production, word: str) -> str:
    chosen = production.chosen([word]) or frozenset()
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


def _takes(chosen: Choice, verb: str) -> str:
    """The takes there are, and a command that means one of them."""
    names, no_good = labels(chosen.attempts), chosen.production.facts.no_good
    film = film_of(chosen)
    said = []
    for attempt in chosen.attempts:
        marks = [] if attempt.state is AttemptState.DONE else [attempt.state.value]
        marks += ["in the film"] if film is not None and attempt.token == film.attempt.token else []
        marks += ["no good"] if attempt.token in no_good else []
        said.append(names[attempt.token] + (f" ({', '.join(marks)})" if marks else ""))
    done = [attempt for attempt in chosen.attempts if attempt.state is AttemptState.DONE]
    others = [attempt for attempt in done if film is None or attempt.token != film.attempt.token]
    take = (others or done or list(chosen.attempts))[-1]
    return f"it has {', '.join(said)}: `{command_for(chosen, verb, take)}`"


def command_for(chosen: Choice, verb: str, attempt: Attempt) -> str:
    """The command that does something with a take: `sorapipe pick tram.yaml seat 2`."""
    name = labels(chosen.attempts)[attempt.token].removeprefix("t").lstrip("0")
    return f"sorapipe {verb}{chosen.target}{shell_words([chosen.label, name])}"


def film_of(chosen: Choice) -> Chosen | None:
    """What is in the film before anything is written down."""
    it = chosen.production.outlook.situations.get(chosen.address)
    return it.film if it is not None else None


def _status(target: str) -> str:
    return f"`sorapipe status{target}` lists them"
