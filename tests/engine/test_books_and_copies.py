"""What stands in the books and on the disk after refused orders, new versions of a clip, and names that are taken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path

import pytest
from engine.memory_disk import Killed
from engine.world import CAPABILITIES, World, film, shot

from sorapipe.engine.download import Bringer, Bytes
from sorapipe.engine.messages import NotLoaded
from sorapipe.planning.cost import spent
from sorapipe.providers.base import Body, DownloadFailed, Refusal, Refused


def put(world: World, out: str, data: bytes) -> Path:
    path = world.workspace.clips.path(out)
    world.disk.make_folder(path.parent)
    world.disk.append(world.disk.open(path, keep=0), data)
    return path


def test_an_order_that_was_refused_costs_nothing_in_the_books() -> None:
    world = World(film(shot("a"), shot("b")))
    world.provider.script.creates = [Refused(Refusal.REQUEST, "moderation")]
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 8
    assert outcome.spent == spent(world.workspace.facts(), CAPABILITIES).cost == Decimal(1)
    assert [attempt.cost for attempt in world.attempts()["a"]] == [Decimal(0)]


class Server:
    """One version of a clip, cut off after some bytes."""

    def __init__(self, data: bytes, etag: str, cut: int | None = None) -> None:
        self.data, self.etag, self.cut = data, etag, cut

    @contextmanager
    def download(self, url: str, offset: int, etag: str | None) -> Iterator[Body]:
        start = offset if etag == self.etag else 0
        yield Body(start, len(self.data), self.etag, self._pieces(start))

    def _pieces(self, start: int) -> Iterator[bytes]:
        if self.cut is not None:
            yield self.data[start : start + self.cut]
            raise DownloadFailed("cut")
        yield self.data[start:]


@pytest.mark.parametrize("step", range(1, 8))
def test_two_versions_of_a_clip_are_never_mixed_wherever_the_process_dies(
    step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(film(shot("a")))
    clips = world.workspace.clips
    out = clips.out("a", "t01")

    def bring(server: Server) -> Bytes | NotLoaded:
        bringer = Bringer(world.disk, clips, lambda: False)
        return bringer.bring("a#1", out, server, "u", lambda *_: None)  # type: ignore[arg-type]

    assert isinstance(bring(Server(b"A" * 100, '"A"', cut=60)), NotLoaded)
    left = [step]

    def dying(act: object) -> object:
        def acting(*args: object, **more: object) -> object:
            left[0] -= 1
            if left[0] == 0:
                raise Killed("here")
            return act(*args, **more)  # type: ignore[operator]

        return acting

    with monkeypatch.context() as patch:
        for name in ("open", "append", "remove", "close"):
            patch.setattr(world.disk, name, dying(getattr(world.disk, name)))
        with suppress(Killed):
            bring(Server(b"B" * 100, '"B"', cut=60))
    assert isinstance(bring(Server(b"B" * 100, '"B"')), Bytes)
    assert world.disk.read(clips.part(out)) == b"B" * 100


def test_a_renamed_shot_whose_new_name_another_file_has_gets_the_name_beside_it() -> None:
    world = World(film(shot("old", "A picture.")))
    world.run()
    (before,) = world.attempts()["old"]
    mine = put(world, "renders/film/new_t01.mp4", b"mine")
    world.storyboard = film(shot("new", "A picture."))
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0 and outcome.sent == 0
    (after,) = world.attempts()["new"]
    assert after.sha256 == before.sha256
    assert after.out is not None and after.out != "renders/film/new_t01.mp4"
    assert after.out.startswith("renders/film/new_t01")
    assert world.disk.digest(world.workspace.clips.path(after.out)) == before.sha256
    assert world.disk.read(mine) == b"mine"
    assert world.plan().idle


def test_a_renamed_shot_whose_clip_somebody_has_replaced_gets_the_paid_one_again_and_theirs_stays() -> None:
    world = World(film(shot("old", "A picture.")))
    world.run()
    (before,) = world.attempts()["old"]
    mine = put(world, before.out or "", b"my own cut")
    world.storyboard = film(shot("new", "A picture."))
    (step,) = world.plan().steps
    assert step.reason.text == "another file is in its old place and is left there; it is paid and is fetched again"
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0 and outcome.sent == 0
    (after,) = world.attempts()["new"]
    assert world.disk.digest(world.workspace.clips.path(after.out or "")) == before.sha256
    assert world.disk.read(mine) == b"my own cut"
    assert world.plan().idle


def test_a_kept_take_whose_clip_went_away_since_the_plan_is_not_written_down() -> None:
    world = World(film(shot("old", "A picture.")))
    world.run()
    (before,) = world.attempts()["old"]
    size = before.size or 0
    put(world, before.out or "", b"x" * size)
    world.storyboard = film(shot("new", "A picture."))
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 8
    (end,) = outcome.not_started
    assert end.reason.code == "copy" and "renders/film/old_t01.mp4" in end.reason.text
    assert "new" not in world.attempts()
