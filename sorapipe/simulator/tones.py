"""What a clip sounds like: a soft chord chosen by hash; knows no picture."""

from __future__ import annotations

from pathlib import Path

from sorapipe.simulator.encode import write_tone

# Open voicings, in Hz: calm below any dialogue, none of them sad enough to disturb a producer.
_CHORDS = (
    (110.0, 164.81, 220.0, 277.18),
    (98.0, 146.83, 246.94, 293.66),
    (130.81, 196.0, 261.63, 329.63),
    (87.31, 130.81, 220.0, 261.63),
    (123.47, 185.0, 246.94, 369.99),
    (116.54, 174.61, 233.08, 349.23),
)


_FULL, _THIN = 72_000, 24_000


def tone(folder: Path, number: int, seconds: int, *, thin: bool = False) -> Path:
    """The file with chord `number` (any whole number) of that length; made when it isn't there yet.

    A `thin` one takes a third of the bytes.
    """
    chord = number % len(_CHORDS)
    path = folder / f"tone-{chord}-{seconds}{'-thin' if thin else ''}.mp4"
    if not path.exists():
        write_tone(path, _expression(_CHORDS[chord]), seconds, _THIN if thin else _FULL)
    return path


def _expression(chord: tuple[float, ...]) -> str:
    """Each voice breathes at its own slow rate; the low ones carry."""
    voices = [
        f"{0.05 / (1 + 0.35 * place):.4f}*sin(2*PI*{pitch}*t)*(0.7+0.3*sin(2*PI*{0.09 + 0.04 * place:.2f}*t+{place}))"
        for place, pitch in enumerate(chord)
    ]
    return "+".join(voices)
