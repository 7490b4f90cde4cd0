"""Clients that bring clips down carelessly: bytes of two files, files that are no clips, a key that goes along."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from campaign.wrong_client import Swap, Unsynced, Unwritten, crash, faults, files, worlds, wrong
from sorapipe.engine import download, effects
from sorapipe.engine.board import Board
from sorapipe.engine.download import Bringer, Judgement
from sorapipe.planning.facts import AttemptState
from sorapipe.providers import ranges
from sorapipe.providers.http import Wire
from sorapipe.state.files import Files
from sorapipe.state.renders import Renders
from sorapipe.state.session import Session
from sorapipe.state.workspace import Workspace


@wrong(
    "looks into no clip",
    faults("corrupted-head download all jobs", says="ended with 0, not 12"),
)
def looks_into_no_clip(swap: Swap) -> None:
    swap(effects, "judge", lambda *words: Judgement(None, ()))


@wrong(
    "takes any clip for the one that was asked for",
    faults("other-task-clip download kth jobs", says="ended with 0, not 12"),
    worlds(70, 49, 55, most=300, says="^3: the clip of .* is not what was asked for, and is done"),
)
def takes_any_clip(swap: Swap) -> None:
    judge = download.judge

    def lenient(*words: Any) -> Judgement:
        return Judgement(None, judge(*words).notes)

    swap(effects, "judge", lenient)


@wrong(
    "goes on with half a clip without asking whether the file is still the same",
    faults("etag-changes-resumed download first tasks", says="of whatever file is there now"),
)
def resumes_blindly(swap: Swap) -> None:
    def blind(offset: int, validator: str | None) -> dict[str, str]:
        return {"Range": f"bytes={offset}-"} if offset > 0 else {}

    swap(ranges, "resume_headers", blind)


@wrong(
    "begins anew where half a clip is there",
    crash("point:P13b:simulator:1", says="its download began anew"),
)
def never_resumes(swap: Swap) -> None:
    swap(Bringer, "_etag", lambda self, part: None)


@wrong(
    "makes the sha256 of a clip that came in two parts of the second one",
    crash("point:P13b:simulator:1", says="^3: .* its file has another sha256"),
)
def hashes_half_a_clip(swap: Swap) -> None:
    read = Bringer._read

    def half(self: Bringer, key: str, part: Any, body: Any, progress: Any) -> Any:
        whole = read(self, key, part, body, progress)
        if body.offset and isinstance(whole, download.Bytes):
            rest = part.read_bytes()[body.offset :]
            return download.Bytes(part, hashlib.sha256(rest).hexdigest(), whole.size)
        return whole

    swap(Bringer, "_read", half)


@wrong(
    "takes the key along when it fetches a clip",
    faults("hops-3 download first tasks", says="the key went"),
)
def takes_the_key_along(swap: Swap) -> None:
    get = Wire._get

    def told(self: Wire, url: str, headers: Any) -> Any:
        key = {} if self._key is None else {"Authorization": f"Bearer {self._key.reveal()}"}
        return get(self, url, {**headers, **key})

    swap(Wire, "_get", told)


@wrong(
    "writes `done` before the clip has its name",
    crash(*(f"point:P20:simulator:{seed}" for seed in range(1, 6)), says="^3: .* its file .* is not there"),
    worlds(1, 13, most=150, says="^3: .* is done on .* and .* has other bytes|is not there"),
)
def done_before_the_clip_is_there(swap: Swap) -> None:
    place, done = Bringer.place, Session.done
    kept: dict[str, Any] = {}

    def later(self: Bringer, out: str, whole: Any) -> str:
        kept[out] = (self, out, whole)
        return out

    def early(self: Session, token: str, **found: Any) -> None:
        done(self, token, **found)
        if found.get("out") in kept:
            place(*kept.pop(found["out"]))

    swap(Bringer, "place", later)
    swap(Session, "done", early)


@wrong(
    "lets a clip that is not what was asked for feed other shots",
    faults("other-duration download first tasks", says="dive was bought and gull was not done"),
)
def a_suspect_feeds_others(swap: Swap) -> None:
    swap(Board, "obstacle", lambda self, job: None)


@wrong(
    "gives a clip its name before its bytes are on the disk",
    files("first:cut", range(58, 140), says="^clip: "),
)
def syncs_no_clip(swap: Swap) -> None:
    bring = Bringer.bring

    def lazy(self: Bringer, *words: Any) -> Any:
        self._files = cast(Files, Unwritten(self._files))
        return bring(self, *words)

    swap(Bringer, "bring", lazy)


@wrong(
    "writes `done` before the name of the clip is on the disk",
    worlds(13, 21, most=150, says="^3: .* is done on . and .* is not there"),
)
def syncs_no_name_of_a_clip(swap: Swap) -> None:
    place = Renders.place

    def lazy(self: Renders, *words: Any) -> str:
        files, self._files = self._files, cast(Files, Unsynced(self._files))
        try:
            return place(self, *words)
        finally:
            self._files = files

    swap(Renders, "place", lazy)


@wrong(
    "renders a shot again whose clip was deleted",
    worlds(0, 1, says="^1: .* was bought though 1 of it are known"),
)
def buys_again_what_was_deleted(swap: Swap) -> None:
    known, facts = Workspace.known, Session.facts

    def without(found: Any, root: Path, files: Any) -> Any:
        def kept(attempt: Any) -> bool:
            gone = attempt.out is not None and files.size(root / attempt.out) is None
            return not (gone and attempt.state is AttemptState.DONE)

        return replace(found, attempts={name: tuple(filter(kept, some)) for name, some in found.attempts.items()})

    def forgets(self: Workspace) -> Any:
        found = known(self)
        return replace(found, facts=without(found.facts, self.root, self.files))

    swap(Workspace, "known", forgets)
    swap(Session, "facts", lambda self: without(facts(self), self._places.root, self._files))


@wrong(
    "puts a clip in the place of a file that a person has put there",
    worlds(45, 192, 127, most=300, says="^3: what a person has put at .* is gone"),
)
def overwrites_what_is_there(swap: Swap) -> None:
    def over(self: Renders, part: Any, out: str, sha256: str) -> str:
        self.prepare(out)
        target = self.path(out)
        self._files.replace(part, target, after="P17")
        self._files.sync_folder(target.parent, after="P18")
        return out

    swap(Renders, "place", over)
