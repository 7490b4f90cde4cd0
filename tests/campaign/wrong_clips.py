"""Clients that bring clips down carelessly: bytes of two files, files that are no clips, a key that goes along."""

from __future__ import annotations

import hashlib
from typing import Any

from campaign.wrong_client import Swap, crash, faults, wrong
from sorapipe.engine import download, effects
from sorapipe.engine.board import Board
from sorapipe.engine.download import Bringer, Judgement
from sorapipe.providers import ranges
from sorapipe.providers.http import Wire
from sorapipe.state.session import Session


@wrong(
    "looks into no clip",
    faults("corrupted-head download all jobs", says="ended with 0, not 12"),
)
def looks_into_no_clip(swap: Swap) -> None:
    swap(effects, "judge", lambda *words: Judgement(None, ()))


@wrong(
    "takes any clip for the one that was asked for",
    faults("other-task-clip download kth jobs", says="ended with 0, not 12"),
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
