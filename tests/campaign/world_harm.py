"""What may be done to a command by dice: kills, losses of power, refusals, signals, sleep; and the weather over it."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random

from campaign.world_run import Harm
from campaign.world_studio import CALM, Weather

SIGNALS = {2: "INT", 15: "TERM", 1: "HUP"}
ERRNOS = {errno.ENOSPC: "ENOSPC", errno.EIO: "EIO", errno.EACCES: "EACCES", errno.EROFS: "EROFS"}
_LONG = 120.0

Dealt = Callable[[Random, Counter[str]], Harm]


def none(dice: Random, counts: Counter[str]) -> Harm:
    """Nothing."""
    return Harm()


def kill(dice: Random, counts: Counter[str]) -> Harm:
    """kill -9, or the end of the power, at a point, an operation of the disk or a time."""
    cut = dice.random() < 0.4
    where = dice.choice(["point", "point", "operation", "time"])
    counts[f"{'power cut' if cut else 'kill -9'} at a{'n' if where == 'operation' else ''} {where}"] += 1
    if where == "point":
        return Harm(point=dice.randint(1, 150), cut=cut)
    if where == "operation":
        return Harm(operation=dice.randint(1, 120), cut=cut)
    return Harm(after=dice.uniform(0.0, _LONG), cut=cut)


def refusal(dice: Random, counts: Counter[str]) -> Harm:
    """A disk that refuses, once or for ever."""
    number, for_ever = dice.choice(list(ERRNOS)), dice.random() < 0.4
    counts[f"disk refuses {ERRNOS[number]} {'for ever' if for_ever else 'once'}"] += 1
    return Harm(refuse_at=dice.randint(1, 100), refuses=number, for_ever=for_ever)


def signal(dice: Random, counts: Counter[str]) -> Harm:
    """A signal, or two: the second one at any time after the first."""
    number, at = dice.choice(list(SIGNALS)), dice.uniform(0.0, _LONG) * dice.random()
    twice = dice.random() < 0.5
    counts[f"SIG{SIGNALS[number]} {'twice' if twice else 'once'}"] += 1
    second = ((at + dice.choice([0.0, 0.01, 1.0]) * dice.random(), number),) if twice else ()
    return Harm(signals=((at, number), *second), slow=dice.choice([0.3, 30.0]))


def sleep(dice: Random, counts: Counter[str]) -> Harm:
    """The machine is shut and opened again."""
    counts["laptop sleeps in a run"] += 1
    return Harm(sleeps=((dice.uniform(0.0, 60.0), dice.choice([50.0, 4000.0, 100_000.0])),))


def slow(dice: Random, counts: Counter[str]) -> Harm:
    """A slow network."""
    return Harm(slow=20.0)


_HARMS: Mapping[Dealt, int] = {none: 35, kill: 32, refusal: 10, signal: 12, sleep: 5, slow: 6}


def any_harm(dice: Random, counts: Counter[str]) -> Harm:
    """What happens to a command."""
    return dice.choices(list(_HARMS), list(_HARMS.values()))[0](dice, counts)


def any_weather(dice: Random) -> Weather:
    """How likely calls go wrong for a while."""
    if dice.random() < 0.25:
        return CALM
    return Weather(
        creates=dice.choice([0.0, 0.1, 0.3]),
        polls=dice.choice([0.0, 0.1, 0.3]),
        lists=dice.choice([0.0, 0.3]),
        downloads=dice.choice([0.0, 0.3]),
        fates=dice.choice([0.0, 0.0, 0.15]),
    )
