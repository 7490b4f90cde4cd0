"""What a prompt wants to be seen: palette, place, weather, people, from its words and its hash; draws nothing."""

from __future__ import annotations

import hashlib
import random
import re
from dataclasses import dataclass

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours that go together, from the zenith down to the ground before our feet."""

    high: Colour
    middle: Colour
    low: Colour
    sun: Colour
    far: Colour
    near: Colour
    accent: Colour


@dataclass(frozen=True, slots=True)
class Mood:
    """A scene in words. `place`: hills sea city forest desert room; `weather`: clear rain snow fog clouds."""

    palette: Palette
    place: str
    weather: str
    night: bool
    storm: bool
    close: bool
    people: int
    lighthouse: bool
    boat: bool
    house: bool
    birds: bool
    style: str | None
    shape: random.Random


def _palette(*codes: str) -> Palette:
    return Palette(*((int(c[0:2], 16), int(c[2:4], 16), int(c[4:6], 16)) for c in codes))


_DAY = (
    _palette("2b3a67", "c06c84", "f8b195", "fff1d6", "8a6382", "241f33", "f67280"),
    _palette("0f2c3f", "2f6f7e", "f2c57c", "ffe9b8", "3b6470", "0d1b24", "f2a65a"),
    _palette("4d97c9", "a3d3e6", "fdf0d5", "fffbe8", "84a59d", "24403b", "ee964b"),
    _palette("3d348b", "7678ed", "f7b8d4", "fff0f5", "6a5fb0", "1f194a", "f7a23b"),
    _palette("3d405b", "e07a5f", "f2cc8f", "fff3d1", "b5654f", "33252d", "81b29a"),
    _palette("5fa39f", "b8dccb", "fbf3d9", "ffffff", "86aea1", "23413f", "e76f51"),
    _palette("5b2a4d", "c8553d", "ffd5a5", "fff2dc", "8c3b4a", "25101f", "6fb1b1"),
    _palette("1b4965", "5fa8d3", "cae9ff", "fffdf2", "62929e", "14303f", "f4a259"),
)
_WARM = (_DAY[0], _DAY[1], _DAY[4], _DAY[6])
_NIGHT = (
    _palette("050b1f", "102a54", "2d5382", "eef3ff", "1d3a66", "040a18", "ffd166"),
    _palette("0b0620", "2a1650", "5b3a86", "f7efff", "3a2468", "0a0518", "ff9f68"),
    _palette("041416", "0c3338", "2b6467", "effffb", "164549", "030d0f", "f6bd60"),
)
_STORM = (
    _palette("12171f", "33414d", "74868c", "d5dfe0", "3a4750", "0d1216", "e9c46a"),
    _palette("0e1c1c", "2c4745", "7f9a8e", "dfe9dc", "36524d", "0a1413", "f4a261"),
    _palette("1a1626", "3d3a55", "857f96", "e4dfe8", "454060", "0f0d18", "ffb703"),
)
_FOG = (
    _palette("8d99a6", "b7c0c7", "dfe3e2", "ffffff", "a3adb4", "3e4a53", "c8553d"),
    _palette("9c8f8a", "c9b9ae", "eee3d6", "fffaf2", "b3a39a", "4b403c", "39727d"),
)
_WINTER = (
    _palette("4f6d8f", "9dbbd6", "eaf2f8", "fffdf5", "a3bbd1", "33475e", "d1495b"),
    _palette("2b3f63", "8ba4cb", "f6e3e6", "fff8f4", "95a9cb", "22304d", "e07a5f"),
    _palette("0f1d38", "2f4b78", "a9c3de", "ffffff", "54729b", "0f1a30", "ffd28f"),
)
_COMIC = (
    _palette("1d4e89", "00a6c4", "fbd1a2", "fff275", "f79256", "1d1a3a", "f25f5c"),
    _palette("6a1fb0", "f0487f", "ffc93c", "fff6b7", "b5307a", "170c33", "2ec4b6"),
    _palette("0b6e4f", "3bb273", "f6e27f", "ffffff", "e15554", "12263a", "ffb400"),
)

_WORDS = {
    "night": "night midnight moon moonlit moonlight stars starry dark nocturnal neon",
    "storm": "storm stormy thunder lightning tempest gale hurricane rages raging",
    "rain": "rain rainy raining drizzle downpour wet umbrella",
    "snow": "snow snowy snowing ice icy winter frost blizzard frozen glacier",
    "fog": "fog foggy mist misty haze hazy smoke steam",
    "warm": "dawn sunrise sunset dusk golden evening morning warm glow candle",
    "sea": "sea ocean wave waves harbour harbor bay beach coast shore lake river water island skerry swim surf pier",
    "city": "city street streets town skyline rooftop tower traffic alley downtown building buildings metro bridge"
    " subway",
    "forest": "forest tree trees wood woods pine pines jungle park garden leaves grove",
    "desert": "desert dune dunes sand canyon sahara mesa",
    "room": "room kitchen table desk interior studio bottle product cup mug counter shelf bed bedroom office inside"
    " indoor hall corridor stairs window cafe bar shop sofa lamp bench workshop",
    "close": "close close-up closeup portrait face eyes hands macro",
    "people": "man woman girl boy child keeper sailor person people couple figure walks stands runs he she her his"
    " reporter actor dancer runner cyclist hiker fisherman captain chef engineer crowd friends mother father",
    "lighthouse": "lighthouse beacon",
    "boat": "boat ship sail sails sailboat vessel ferry rowing schooner trawler dinghy",
    "house": "house cabin cottage hut home farm barn village",
    "birds": "bird birds gull gulls seagull seagulls flock crow crows",
}
_KNOWN = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_PLACES = ("sea", "city", "forest", "desert", "room")


def mood(prompt: str, style: str | None, take: str) -> Mood:
    """The scene of a prompt. What is in it comes from the prompt, how its shapes run from the take as well."""
    found = [_KNOWN[word] for word in re.findall(r"[a-z-]+", prompt.lower()) if word in _KNOWN]
    wanted = set(found)
    chance = random.Random(hashlib.sha256(f"{prompt}|{style}".encode()).digest())  # noqa: S311
    if "lighthouse" in wanted or "boat" in wanted:
        found.insert(0, "sea")
    place = next((kind for kind in found if kind in _PLACES), None)
    snow = style == "winter" or "snow" in wanted
    return Mood(
        palette=_chosen(wanted, style, snow, chance),
        place=place or chance.choice(("hills", "hills", "sea", "forest", "desert", "city")),
        weather=_weather(wanted, snow, chance),
        night="night" in wanted,
        storm="storm" in wanted,
        close="close" in wanted,
        people=min(3, max(found.count("people") and 1, len(set(re.findall(r"@\w+", prompt))))),
        lighthouse="lighthouse" in wanted,
        boat="boat" in wanted,
        house="house" in wanted,
        birds="birds" in wanted or (place in {"sea", "desert"} and chance.random() < 0.4),  # noqa: PLR2004
        style=style,
        shape=random.Random(hashlib.sha256(f"{prompt}|{style}|{take}".encode()).digest()),  # noqa: S311
    )


def _chosen(wanted: set[str], style: str | None, snow: bool, chance: random.Random) -> Palette:
    if style == "comic":
        return chance.choice(_COMIC)
    if snow:
        return _WINTER[2] if "night" in wanted else chance.choice(_WINTER[:2])
    for kind, palettes in (("storm", _STORM), ("night", _NIGHT), ("rain", _STORM), ("fog", _FOG), ("warm", _WARM)):
        if kind in wanted:
            return chance.choice(palettes)
    return chance.choice(_DAY)


def _weather(wanted: set[str], snow: bool, chance: random.Random) -> str:
    if snow:
        return "snow"
    if wanted & {"rain", "storm"}:
        return "rain"
    if "fog" in wanted:
        return "fog"
    return "clear" if "night" in wanted else chance.choice(("clear", "clouds", "clouds"))


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of the other colour in the one."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
