"""Takes a clip that was made elsewhere in as the next take of a shot; asks no provider and buys nothing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import click

from sorapipe.cli import uncertain
from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.performance import as_known
from sorapipe.cli.production import Production
from sorapipe.cli.shoot import Eyes
from sorapipe.clips.probe import Broken
from sorapipe.engine import board
from sorapipe.engine.compose import Script
from sorapipe.engine.download import LARGEST, Bytes, Judgement, judge
from sorapipe.planning.choice import next_take, take_label
from sorapipe.planning.facts import Attempt, AttemptState
from sorapipe.planning.situation import Situation
from sorapipe.state.session import Session
from sorapipe.state.workspace import Workspace
from sorapipe.storyboard.diagnostics import escape

PROVIDER = "file"
"""What stands in the place of a provider's name; without a task nobody is ever asked for the clip."""
_PIECE = 1 << 20


def take_in(production: Production, shot: str, clip: str, typed: str) -> None:
    """Copies the clip beside the others, looks into it, writes it down as done of today's recipe."""
    source = Path(clip)
    if not source.is_file():
        raise Expected(Exit.USAGE, f"there is no file `{escape(clip)}`")
    address = uncertain.one_address(production, shot)
    if address not in production.outlook.situations:
        raise Expected(Exit.USAGE, f"`{escape(shot)}` renders nothing of its own, so it can have no clip")
    with production.workspace.hold(typed) as session:
        now = as_known(production, session.facts())
        attempt, notes = _recorded(now, session, address, source)
    name = uncertain.name(as_known(now, uncertain.changed(now.facts, attempt)), attempt)
    click.echo(f"{name} is `{escape(clip)}`, copied to {attempt.out}", err=True)
    for note in notes:
        click.echo(f"note: {escape(note)}", err=True)
    click.echo(f"\nnext: sorapipe plan{production.script.words.target}", err=True)


def _recorded(production: Production, session: Session, address: str, source: Path) -> tuple[Attempt, tuple[str, ...]]:
    it, workspace = production.outlook.situations[address], production.workspace
    take = next_take(it.attempts)
    out = workspace.clips.out(it.shot.address.stem, take_label(take))
    try:
        whole = _copied(workspace, source, out)
        found = _look(production, address, whole.part)
        there = _there(production, it, whole)
        placed = workspace.clips.place(whole.part, out if there is None else there.out or out, whole.sha256)
    except (Expected, OSError):
        workspace.files.remove(workspace.clips.part(out))
        raise
    attempt = there or _attempt(session.token(), it, take, whole)
    attempt = replace(attempt, out=placed)
    session.remember(_recipes(production, it))
    session.record(attempt)
    return attempt, found.notes if found.suspicion is None else (found.suspicion, *found.notes)


def _attempt(token: str, it: Situation, take: int, whole: Bytes) -> Attempt:
    return Attempt(
        token=token,
        address=it.address,
        take=take,
        recipe=it.recipe.digest,
        provider=PROVIDER,
        model=PROVIDER,
        state=AttemptState.DONE,
        inputs=it.inputs,
        cost=Decimal(0),
        sha256=whole.sha256,
        size=whole.size,
    )


def _copied(workspace: Workspace, source: Path, out: str) -> Bytes:
    """Copies the file into the part of a clip, synced."""
    files, clips = workspace.files, workspace.clips
    digest, size = hashlib.sha256(), 0
    handle = clips.open_part(out)
    try:
        with source.open("rb") as clip:
            while piece := clip.read(_PIECE):
                digest.update(piece)
                size += len(piece)
                if size > LARGEST:
                    raise Expected(Exit.USAGE, f"the file is larger than {LARGEST >> 30} GB")
                files.append(handle, piece)
        files.sync(handle)
    finally:
        files.close(handle)
    return Bytes(clips.part(out), digest.hexdigest(), size)


def _look(production: Production, address: str, part: Path) -> Judgement:
    """What differs from what the shot asks for is said, but it is a person's choice. Raises `Expected` (2) for a file
    that is no clip."""
    script = Script(production.storyboard, production.capabilities)
    wanted = board.Expected(
        Decimal(script.seconds(address)), script.size(address), production.profile.verify_seconds
    )  # fmt: skip
    try:
        return judge(Eyes(), part, wanted, frozenset())
    except Broken as error:
        raise Expected(Exit.USAGE, f"the clip is not right: {escape(str(error))}; nothing was written") from error


def _there(production: Production, it: Situation, whole: Bytes) -> Attempt | None:
    """The take that is this very clip already, where its file is gone: then it is put back. Raises `Expected` (2) where
    it is not gone, for one clip is not two takes of a shot."""
    for attempt in it.attempts:
        if attempt.state is AttemptState.DONE and attempt.sha256 == whole.sha256 and attempt.recipe in it.digests:
            if production.inventory.get(attempt.out or "") is not None:
                raise Expected(Exit.USAGE, f"this clip is {uncertain.name(production, attempt)} already")
            return attempt
    return None


def _recipes(production: Production, it: Situation) -> dict[str, str]:
    """The recipe of the shot, and those of the characters in it."""
    used = {it.recipe.digest, *(production.recipes.character(name).digest for name in it.request.mentions)}
    return {digest: text for digest, text in production.recipes.by_digest().items() if digest in used}
