"""Sums over the steps of a plan: takes, money, seconds of film, minutes, uploads; decides nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from sorapipe.planning.capabilities import CharacterWay, Source
from sorapipe.planning.cost import NOTHING, character_price, request_price
from sorapipe.planning.plan_types import BUYS, Action, Step, Totals, Upload
from sorapipe.planning.situation import Outlook
from sorapipe.planning.ways import Part, part
from sorapipe.storyboard.model import FileRef, FileSource, Shot, ShotSource, Use
from sorapipe.storyboard.source import Asset

_WHOLE = Use()
_WORKS = BUYS | {Action.RESUME}


class _Sent(NamedTuple):
    """The path of a file, or the address of a shot whose clip it is; and the part of it."""

    path: str
    shot: str | None
    part: Part | None


def totals(outlook: Outlook, steps: Sequence[Step], select: Collection[str] | None = None) -> Totals:
    """The sums of a plan; `select` are the addresses that shots, takes and length are counted for (`None`: all)."""
    buys = [step for step in steps if step.action in BUYS]
    stale = [step.stale_price for step in steps if step.stale_price is not None]
    shots = outlook.situations if select is None else outlook.situations.keys() & select
    waiting = [_price(outlook, step) for step in steps if step.action is Action.WAIT and step.reason.code != "renamed"]
    return Totals(
        shots=len(shots),
        takes=sum(step.address in shots for step in steps),
        buys=len(buys),
        film_seconds=film_seconds(outlook, select),
        cost=_sum([step.price for step in buys]),
        stale_cost=sum(stale, NOTHING),
        calls=len(buys),
        minutes=_minutes(outlook, steps),
        waiting=len(waiting),
        waiting_cost=_sum(waiting),
    )


def _sum(prices: Sequence[Decimal | None]) -> Decimal | None:
    """`None` as soon as one of them is not known."""
    known = [price for price in prices if price is not None]
    return sum(known, NOTHING) if len(known) == len(prices) else None


def _price(outlook: Outlook, step: Step) -> Decimal | None:
    """What a step that waits would cost."""
    capabilities = outlook.ground.capabilities
    if step.address.startswith("@"):
        return character_price(capabilities)
    return request_price(capabilities, outlook.situations[step.address].request)


def uploads(outlook: Outlook, steps: Sequence[Step]) -> tuple[Upload, ...]:
    """The files that leave this machine with a purchase, those of the storyboard first, sorted by path; then clips of
    its own shots, by their labels."""
    ground = outlook.ground
    if not ground.recipes.assets and Source.SHOT not in ground.capabilities.casting.cut:
        return ()
    making = {step.address for step in steps if step.action in _WORKS}
    sent: dict[_Sent, dict[str, None]] = {}
    for step in steps:
        for what in _files(outlook, step.address) if step.action in BUYS else ():
            sent.setdefault(what, {})[step.label] = None
    found = [replace(_upload(outlook, what, making), steps=tuple(labels)) for what, labels in sent.items()]
    return tuple(sorted(found, key=_order))


def _order(upload: Upload) -> tuple[bool, str, tuple[Decimal, Decimal]]:
    path = upload.shot or (upload.asset.path if upload.asset is not None else "")
    return upload.shot is not None, path, upload.part or (NOTHING, NOTHING)


def _upload(outlook: Outlook, sent: _Sent, making: Collection[str]) -> Upload:
    """What leaves, without those who send it. `making` are the shots whose clip may be another one by then."""
    path, shot, part = sent
    span = None if part is None else (part.start, part.end)
    if shot is None:
        return Upload(outlook.ground.recipes.assets[path], (), span)
    it = outlook.situations[shot]
    film = it.film.attempt if it.film is not None and shot not in making else None
    clip = None
    if film is not None and film.out is not None and film.sha256 is not None:
        clip = Asset(film.out, film.sha256, film.size or 0, "video/mp4")
    return Upload(clip, (), span, it.shot.label)


def film_seconds(outlook: Outlook, select: Collection[str] | None = None) -> Decimal:
    """How long the films are together: each clip as it is cut, with the length that it is ordered in. `select` counts
    only some addresses."""
    films = outlook.ground.storyboard.films
    shots = outlook.shots
    shown = [shots[it.canonical] for film in films for it in film.shots] if films else list(shots.values())
    whole = 0
    cut = NOTHING
    for shot in shown:
        if select is not None and shot.address.canonical not in select:
            continue
        if shot.use == _WHOLE and shot.request is not None:
            whole += shot.request.seconds or outlook.ground.capabilities.default_seconds
        else:
            cut += _seconds(outlook, shot)
    return whole + cut


def _seconds(outlook: Outlook, shot: Shot) -> Decimal:
    if not shot.use.in_film:
        return NOTHING
    request = shot.request if shot.request is not None else outlook.source(shot.address.canonical).request
    whole = Decimal(request.seconds or outlook.ground.capabilities.default_seconds)
    start = shot.use.start or NOTHING
    end = whole if shot.use.end is None else min(shot.use.end, whole)
    return max(NOTHING, end - start)


def _files(outlook: Outlook, address: str) -> Iterable[_Sent]:
    """What a step sends."""
    ground = outlook.ground
    if address.startswith("@"):
        source, casting = ground.storyboard.characters[address[1:]].source, ground.capabilities.casting
        if isinstance(source, FileSource):
            return (_Sent(source.path, None, part(source, casting)),)
        if isinstance(source, ShotSource) and Source.SHOT in casting.cut:
            return (_Sent("", outlook.source(source.address.canonical).address, part(source, casting)),)
        return ()
    request = outlook.situations[address].request
    pictures = (request.input_reference, request.last_frame)
    return [_Sent(picture.path, None, None) for picture in pictures if isinstance(picture, FileRef)]


def _minutes(outlook: Outlook, steps: Sequence[Step]) -> Decimal:
    """The usual time of a clip, times the rounds that it takes with so many in flight and what waits for what."""
    capabilities = outlook.ground.capabilities
    instant = capabilities.characters is CharacterWay.ENDPOINT
    work = [it for it in steps if it.action in _WORKS and not (instant and it.address.startswith("@"))]
    return capabilities.minutes * _rounds(work, max(1, capabilities.in_flight))


def _rounds(work: Sequence[Step], at_once: int) -> int:
    """How many rounds of equal length a plan takes; in each round the first that are ready begin."""
    left: dict[str, int] = {}
    for step in work:
        left[step.address] = left.get(step.address, 0) + 1
    waiting: dict[str, list[int]] = {}
    missing: dict[int, int] = {}
    ready: deque[int] = deque()
    for index, step in enumerate(work):
        needs = {need for need in step.needs if need in left} if step.needs else ()
        if not needs:
            ready.append(index)
            continue
        missing[index] = len(needs)
        for need in needs:
            waiting.setdefault(need, []).append(index)
    rounds = 0
    while ready:
        rounds += 1
        for index in [ready.popleft() for _ in range(min(at_once, len(ready)))]:
            address = work[index].address
            left[address] -= 1
            if left[address] or address not in waiting:
                continue
            for child in waiting.pop(address):
                missing[child] -= 1
                if not missing[child]:
                    ready.append(child)
    return rounds
