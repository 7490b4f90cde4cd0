"""A store keeps clips whole or not at all, never over others, never through links; a transfer leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from sorapipe.state.disk import Disk
from sorapipe.state.renders import Renders
from sorapipe.state.store import FolderStore, Store, StoreError, UrlStore, is_url, without_secrets
from sorapipe.state.transfer import BrokenOff, Wrong, pull, push

CLIP = b"a clip" * 1000
NAME = sha256(CLIP).hexdigest()
OUT = "renders/x/a_t01.mp4"


@pytest.fixture(params=["folder", "url"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    (tmp_path / "clips").mkdir()
    if request.param == "folder":
        return FolderStore(Disk(), tmp_path / "clips", "clips")
    pytest.importorskip("fsspec")
    return UrlStore(f"file://{tmp_path}/clips", "clips")


@pytest.fixture
def renders(tmp_path: Path) -> Renders:
    (tmp_path / "film").mkdir()
    return Renders(Disk(), tmp_path / "film", "x")


def never() -> bool:
    return False


def fine(_: Path) -> None:
    return


def bring(renders: Renders, store: Store, size: int | None = None, stopped: Callable[[], bool] = never) -> str:
    return pull(Disk(), renders, store, OUT, NAME, size, fine, stopped)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_was_written_is_there_by_its_digest(store: Store, tmp_path: Path) -> None:
    assert store.size(NAME) is None
    store.write(NAME, [CLIP[:100], CLIP[100:]])
    assert store.size(NAME) == len(CLIP)
    assert b"".join(store.read(NAME)) == CLIP
    assert files(tmp_path / "clips") == [f"{NAME[:2]}/{NAME[2:]}.mp4"]


def test_what_breaks_off_leaves_nothing(store: Store, tmp_path: Path) -> None:
    def data() -> Iterator[bytes]:
        yield CLIP[:100]
        raise Wrong("changed")

    with pytest.raises(Wrong, match="changed"):
        store.write(NAME, data())
    assert store.size(NAME) is None
    assert files(tmp_path / "clips") == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "AB" * 32, "ab", "", "ab/" + "c" * 61])
def test_only_digests_are_names(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="no sha256"):
        store.size(name)
    with pytest.raises(StoreError):
        store.write(name, [b"x"])


def test_a_folder_writes_nothing_over(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    store = FolderStore(Disk(), tmp_path / "clips", "clips")
    store.write(NAME, [CLIP])
    store.write(NAME, [b"other bytes"])
    assert b"".join(store.read(NAME)) == CLIP
    assert len(files(tmp_path / "clips")) == 1


@pytest.mark.parametrize("link", ["shared", "shared/clips", f"shared/clips/{NAME[:2]}"])
def test_no_link_below_a_storyboard_is_followed(tmp_path: Path, link: str) -> None:
    root, away = tmp_path / "film", tmp_path / "away"
    away.mkdir()
    (root / link).parent.mkdir(parents=True)
    (root / link).symlink_to(away)
    with pytest.raises(StoreError, match="is a symbolic link or a file"):
        FolderStore(Disk(), root / "shared/clips", "./shared/clips", inside=root).write(NAME, [CLIP])
    assert files(away) == []


def test_a_link_in_the_place_of_a_clip_is_none(tmp_path: Path) -> None:
    shelf = tmp_path / "clips" / NAME[:2]
    shelf.mkdir(parents=True)
    (tmp_path / "secret").write_bytes(CLIP)
    (shelf / f"{NAME[2:]}.mp4").symlink_to(tmp_path / "secret")
    assert FolderStore(Disk(), tmp_path / "clips", "clips").size(NAME) is None


def test_a_clip_goes_there_and_back(store: Store, renders: Renders, tmp_path: Path) -> None:
    renders.prepare(OUT)
    renders.path(OUT).write_bytes(CLIP)
    push(renders, store, OUT, NAME, never)
    renders.path(OUT).unlink()
    assert bring(renders, store, len(CLIP)) == OUT
    assert renders.path(OUT).read_bytes() == CLIP
    assert files(tmp_path / "film") == [OUT]


def test_another_file_is_not_pushed(store: Store, renders: Renders) -> None:
    renders.prepare(OUT)
    renders.path(OUT).write_bytes(b"mine")
    with pytest.raises(Wrong, match="another one than the lock says"):
        push(renders, store, OUT, NAME, never)
    assert store.size(NAME) is None


@pytest.mark.parametrize("size", [None, len(CLIP), 10])
def test_wrong_bytes_and_endless_ones_are_refused(
    store: Store, renders: Renders, tmp_path: Path, size: int | None
) -> None:
    store.write(NAME, [b"x" * (len(CLIP) if size != 10 else 10 << 20)])
    with pytest.raises(Wrong, match="`clips` has other bytes under"):
        bring(renders, store, size)
    assert files(tmp_path / "film") == []


def test_a_pull_that_is_left_leaves_nothing(store: Store, renders: Renders, tmp_path: Path) -> None:
    store.write(NAME, [CLIP])
    with pytest.raises(BrokenOff):
        bring(renders, store, len(CLIP), lambda: True)
    assert files(tmp_path / "film") == []


def test_another_file_with_the_name_stays_and_the_clip_lies_beside_it(store: Store, renders: Renders) -> None:
    store.write(NAME, [CLIP])
    renders.prepare(OUT)
    renders.path(OUT).write_bytes(b"mine")
    placed = bring(renders, store, len(CLIP))
    assert placed == f"renders/x/a_t01_{NAME[:8]}.mp4"
    assert renders.path(OUT).read_bytes() == b"mine"
    assert renders.path(placed).read_bytes() == CLIP


def test_urls_are_told_from_folders_and_shown_without_secrets() -> None:
    assert all(map(is_url, ("s3://bucket/x", "file:///x", "simplecache::s3://bucket")))
    assert not any(map(is_url, ("/mnt/clips", "./clips", "~/clips", "team", "C:\\clips")))
    assert without_secrets("sftp://me:pass@host/x?token=1") == "sftp://host/x"
