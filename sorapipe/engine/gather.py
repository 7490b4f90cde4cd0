"""All that the world gives for one order: frames, files, cut clips, tasks and handles; sends nothing, buys nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from sorapipe.clips.probe import Broken
from sorapipe.engine.compose import Inputs, Script, Showing
from sorapipe.engine.messages import Create
from sorapipe.engine.seams import Clips
from sorapipe.planning.facts import Attempt
from sorapipe.planning.ways import Part
from sorapipe.providers.base import Media
from sorapipe.state.files import Files
from sorapipe.state.renders import Renders
from sorapipe.storyboard.model import FrameOf
from sorapipe.storyboard.source import Asset, FileRefused

PNG = "image/png"
MP4 = "video/mp4"


class Unfit(Exception):
    """An order can't be put together; the text says why, `command` settles it where one does."""

    def __init__(self, text: str, command: str | None = None) -> None:
        super().__init__(text)
        self.command = command


class Stock(Protocol):
    """What orders are put together from. `upload` gives the bytes of a planned file, or raises `FileRefused`."""

    @property
    def script(self) -> Script: ...
    @property
    def files(self) -> Files: ...
    @property
    def clips(self) -> Clips: ...
    @property
    def renders(self) -> Renders: ...
    @property
    def upload(self) -> Callable[[Asset], bytes]: ...
    @property
    def assets(self) -> Mapping[str, Asset]: ...


def gather(effect: Create, stock: Stock) -> tuple[Inputs, tuple[tuple[str, str], ...]]:
    """The inputs of an order, and the clips that it is bound to. Raises `Unfit`, and `OSError` from the disk."""
    script, address = stock.script, effect.step.address
    sources, handles = dict(effect.sources), dict(effect.handles)
    for name in script.nameless(address, handles):
        profile = script.capabilities.profile
        raise Unfit(f"`{profile}` has named nothing by which a shot can mention @{name}", f"sorapipe roll @{name}")
    frames = {
        frame: _frame(frame, sources[script.shown(frame.address.canonical)], stock) for frame in script.frames(address)
    }
    tasks = {source: _task(sources[source]) for source in script.task_sources(address)}
    bound = {script.shown(frame.address.canonical) for frame in frames}
    if address.startswith("@"):
        bound.update(script.sources(address))
    inputs = Inputs(
        handles=handles,
        frames=frames,
        files={path: _file(path, stock) for path in script.files(address)},
        tasks=tasks,
        clip=_clip(script.showing(address), sources, stock),
    )
    return inputs, tuple(sorted((one, sources[one].sha256 or "") for one in bound))


def _task(attempt: Attempt) -> str:
    if not attempt.tasks:
        raise Unfit(f"the clip of {attempt.address} was made elsewhere: no task of the provider stands behind it")
    return attempt.tasks[-1]


def _frame(frame: FrameOf, attempt: Attempt, stock: Stock) -> Media:
    out, path = _there(attempt, "its frame would be another one", stock)
    try:
        data = stock.clips.frame(path, frame.at)
    except (Broken, ValueError) as error:
        raise Unfit(f"no frame can be taken from `{out}`: {error}") from error
    return Media(f"{Path(out).stem}.png", PNG, data)


def _there(attempt: Attempt, why_not: str, stock: Stock) -> tuple[str, Path]:
    """The name and path of a shot's clip, which is there and still the one that was made."""
    if attempt.out is None:
        raise Unfit(f"the clip of {attempt.address} is not here")
    path = stock.renders.path(attempt.out)
    found = stock.files.digest(path)
    if found is None:
        raise Unfit(f"the clip of {attempt.address}, `{attempt.out}`, is not here")
    if attempt.sha256 is not None and found != attempt.sha256:
        raise Unfit(f"the clip of {attempt.address}, `{attempt.out}`, was changed: {why_not}")
    return attempt.out, path


def _file(path: str, stock: Stock) -> Media:
    """The bytes of a local file: those that were planned and no others."""
    asset = stock.assets[path]
    try:
        data = stock.upload(asset)
    except FileRefused as error:
        raise Unfit(f"`{path}` {error}") from error
    return Media(path.rpartition("/")[2], asset.media_type, data)


def _clip(showing: Showing | None, sources: Mapping[str, Attempt], stock: Stock) -> Media | None:
    """The clip that shows a character, cut to the seconds that do."""
    if showing is None:
        return None
    if showing.path is not None:
        whole = _file(showing.path, stock)
        return whole if showing.part is None else _cut(showing.path, whole.data, showing.part, stock)
    out, path = _there(sources[showing.shot or ""], "it would show another character", stock)
    data = stock.files.read(path) or b""
    return Media(Path(out).name, MP4, data) if showing.part is None else _cut(out, data, showing.part, stock)


def _cut(name: str, data: bytes, part: Part, stock: Stock) -> Media:
    try:
        short = stock.clips.cut(data, *part)
    except Broken as error:
        raise Unfit(f"no character can be cut out of `{name}`: {error}") from error
    return Media(f"{Path(name).stem}.mp4", MP4, short)
