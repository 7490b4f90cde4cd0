"""Brings clips out of a store into their places and writes down where they are; chooses neither clips nor store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sorapipe.cli.moving import look_into, move
from sorapipe.cli.production import Production
from sorapipe.cli.stores import translated
from sorapipe.planning.choice import take_label
from sorapipe.planning.facts import Attempt
from sorapipe.planning.stock import Clip
from sorapipe.state.session import Session
from sorapipe.state.store import Store, StoreError
from sorapipe.state.transfer import Stopped, Wrong, pull
from sorapipe.storyboard.model import Address
from sorapipe.views.store_view import Moved


def bring(production: Production, session: Session, store: Store, clips: Sequence[Clip]) -> Moved:
    """Brings each clip that the store has. Raises `Expected` when the store can't be used."""
    workspace = production.workspace

    def one(clip: Clip, stopped: Stopped) -> str | None:
        attempt = clip.attempt
        sha256 = attempt.sha256 or ""
        if store.size(sha256) is None:
            return None
        out = _out(production, attempt)
        placed = pull(workspace.files, workspace.clips, store, out, sha256, attempt.size, look_into, stopped)
        if placed != attempt.out:
            session.record(replace(attempt, out=placed))
        return placed

    try:
        ended = move(clips, one, "pulling")
    except StoreError as error:
        raise translated(error) from error
    moved = [clip for clip in clips if isinstance(ended[clip], str)]
    absent = [clip for clip in clips if ended[clip] is None]
    wrong = {clip: str(end) for clip in clips if isinstance(end := ended[clip], Wrong)}
    outs = {_out(production, clip.attempt): str(ended[clip]) for clip in moved}
    return Moved(store.shown, moved, (), absent, wrong, {old: new for old, new in outs.items() if old != new})


def _out(production: Production, attempt: Attempt) -> str:
    """Where a clip belongs: as the lock says, else by the name of its take."""
    if attempt.out is not None:
        return attempt.out
    return production.workspace.clips.out(Address.parse(attempt.address).stem, take_label(attempt.take))
