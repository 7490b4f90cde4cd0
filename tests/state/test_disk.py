"""The real disk: locks between processes, links that are not followed, errors with words, clips that stay."""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from state.film import attempt, render

from sorapipe.planning.facts import AttemptState, Facts
from sorapipe.state.disk import Disk
from sorapipe.state.files import StateError, write_atomic
from sorapipe.state.lock import LockUnusable
from sorapipe.state.workspace import HeldElsewhere, Workspace, config_dir, name_of, state_dir
from sorapipe.storyboard.source import FileRefused

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16
HOLD = """
import os, sys, time
from pathlib import Path
from sorapipe.state.workspace import HeldElsewhere, Workspace
while not Path(sys.argv[2]).exists():
    time.sleep(0.001)
try:
    with Workspace.open(Path(sys.argv[1])).hold("sorapipe run"):
        print("won", os.getpid(), flush=True)
        sys.stdin.readline()
except HeldElsewhere as held:
    print("held by", held.holder.pid, flush=True)
"""


@pytest.fixture
def film(tmp_path: Path) -> Path:
    folder = tmp_path / "film"
    folder.mkdir()
    (folder / "skerry.yaml").write_text("sorapipe: 1\n")
    return folder


@pytest.fixture
def ws(film: Path) -> Workspace:
    return Workspace.open(film / "skerry.yaml")


def snapshot(top: Path) -> dict[str, tuple[int, int]]:
    return {str(p): (p.lstat().st_mtime_ns, p.lstat().st_ino) for p in sorted(top.rglob("*"))}


# Who may write.


def test_of_processes_that_start_at_once_one_wins_and_the_rest_know_who(film: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    words = [sys.executable, "-c", HOLD, str(film / "skerry.yaml"), str(go)]
    runs = [
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    go.touch()
    said = {run: run.stdout.readline().split() for run in runs if run.stdout}
    (winner,) = [run for run, words in said.items() if words[:1] == ["won"]]
    assert [words for run, words in said.items() if run is not winner] == [["held", "by", str(winner.pid)]] * 7
    lineages = (state_dir() / "index.jsonl").read_text().splitlines()
    assert len(lineages) == 1
    os.kill(winner.pid, signal.SIGKILL)
    winner.wait()
    with Workspace.open(film / "skerry.yaml").hold():
        pass
    for run in runs:
        run.communicate()


def test_a_second_hold_in_one_process_is_refused_too(ws: Workspace) -> None:
    with ws.hold("first"), pytest.raises(HeldElsewhere) as held:
        ws.hold("second").__enter__()
    assert (held.value.holder.pid, held.value.holder.command) == (os.getpid(), "first")
    assert ws.holder() is None


def test_a_look_at_the_lock_never_stops_a_start(ws: Workspace) -> None:
    with ws.hold():
        pass
    (lock,) = [path for path in (state_dir() / "locks").iterdir() if path.name != "index"]
    words = [sys.executable, "-c", f"""
import time
from pathlib import Path
from sorapipe.state.disk import Disk
print("looking", flush=True)
end = time.monotonic() + 1
while time.monotonic() < end:
    Disk().is_locked(Path({str(lock)!r}))
"""]  # fmt: skip
    looker = subprocess.Popen(words, stdout=subprocess.PIPE)
    assert looker.stdout is not None
    looker.stdout.readline()
    deadline = time.monotonic() + 0.3
    while time.monotonic() < deadline:
        with ws.hold():
            pass
    looker.kill()
    looker.communicate()


# What is touched.


def test_looking_touches_nothing(ws: Workspace, film: Path) -> None:
    before = snapshot(film.parent)
    ws.known()
    ws.neighbours()
    ws.holder()
    assert snapshot(film.parent) == before
    assert not state_dir().exists()


def test_folders_of_state_are_for_the_user_only(ws: Workspace) -> None:
    with ws.hold() as session:
        render(session, "tok1", "t1")
    for path in [state_dir(), *state_dir().rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0


def test_a_film_works_from_hold_to_facts(ws: Workspace, film: Path) -> None:
    with ws.hold() as session:
        session.intent(attempt("tok1"), {"prompt": "x"})
        session.submitted("tok1", "t1")
        out = ws.clips.out("cliff", "t01")
        handle = ws.clips.open_part(out)
        ws.files.append(handle, b"clip")
        ws.files.sync(handle)
        ws.files.close(handle)
        digest = ws.files.digest(ws.clips.part(out))
        assert digest == hashlib.sha256(b"clip").hexdigest()
        assert ws.clips.place(ws.clips.part(out), out, digest) == out
        session.done("tok1", sha256=digest, size=4, out=out)
    (made,) = ws.facts().attempts["cliff"]
    assert made.state is AttemptState.DONE
    assert ws.inventory(ws.facts()) == {"renders/skerry/cliff_t01.mp4": 4}
    before = snapshot(film.parent)
    Workspace.open(film / "skerry.yaml").known()
    assert snapshot(film.parent) == before
    assert sorted(path.name for path in film.iterdir()) == ["renders", "skerry.lock", "skerry.yaml"]
    assert [path.name for path in (film / "renders/skerry").iterdir()] == ["cliff_t01.mp4"]


def test_the_lock_says_what_can_not_be_done(film: Path, ws: Workspace) -> None:
    (film / "skerry.lock").symlink_to("/etc/passwd")
    with pytest.raises(LockUnusable, match=r"skerry.lock: is a symbolic link"):
        ws.known()
    (film / "skerry.lock").unlink()
    (film / "skerry.lock").mkdir()
    with pytest.raises(LockUnusable, match=r"skerry.lock: is a folder"):
        ws.known()


def test_the_disk_speaks_in_one_kind_of_error(tmp_path: Path) -> None:
    files = Disk()
    with pytest.raises(StateError, match=r"can't open `.*/none/x`: no such file or directory"):
        files.open(tmp_path / "none/x")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(StateError, match="too many levels of symbolic links"):
        files.open(tmp_path / "link")
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(StateError, match="not a regular file"):
        files.open(tmp_path / "fifo")
    with pytest.raises(StateError, match="can't read"):
        files.read(tmp_path)
    assert files.read(tmp_path / "none") is None


def test_a_machine_has_one_name_until_it_is_started_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = Disk().boot()
    assert first and first == Disk().boot() and "\n" not in first
    monkeypatch.setattr("sorapipe.state.disk._BOOT", tmp_path / "none")
    assert Disk().boot() == Disk().boot() != first


def test_an_atomic_write_that_fails_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    class Full(Disk):
        def sync(self, handle, before="", after=""):  # type: ignore[no-untyped-def]
            raise StateError("sync", handle.path, "no space left on device", 28)

    (tmp_path / "a.lock").write_bytes(b"old")
    with pytest.raises(StateError, match="no space left") as refused:
        write_atomic(Full(), tmp_path / "a.lock", b"new")
    assert refused.value.full
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.lock", b"old")]


def test_folders_come_from_the_environment_or_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SORAPIPE_STATE_DIR", str(tmp_path / "s"))
    assert state_dir() == tmp_path / "s"
    monkeypatch.delenv("SORAPIPE_STATE_DIR")
    monkeypatch.delenv("SORAPIPE_CONFIG_DIR")
    assert state_dir().name == config_dir().name == "sorapipe"


@pytest.mark.parametrize("name", ["skerry.yaml", "skerry.yml", "skerry.sorapipe.yaml"])
def test_a_storyboard_has_one_name(name: str) -> None:
    assert name_of(name) == "skerry"


# Clips.


def part(ws: Workspace, out: str, data: bytes) -> tuple[Path, str]:
    handle = ws.clips.open_part(out)
    ws.files.append(handle, data)
    ws.files.close(handle)
    return ws.clips.part(out), hashlib.sha256(data).hexdigest()


def test_a_clip_never_overwrites_another(ws: Workspace, film: Path) -> None:
    out = ws.clips.out("cliff", "t01")
    assert ws.clips.place(*_swap(part(ws, out, b"one"), out)) == out
    assert ws.clips.place(*_swap(part(ws, out, b"one"), out)) == out
    path, digest = part(ws, out, b"two")
    beside = ws.clips.place(path, out, digest)
    assert beside == f"renders/skerry/cliff_t01_{digest[:8]}.mp4"
    assert ((film / out).read_bytes(), (film / beside).read_bytes()) == (b"one", b"two")
    assert len(list((film / "renders/skerry").iterdir())) == 2


def _swap(made: tuple[Path, str], out: str) -> tuple[Path, str, str]:
    return made[0], out, made[1]


def test_a_part_goes_on_where_it_stopped(ws: Workspace) -> None:
    out = ws.clips.out("cliff", "t01")
    path, _ = part(ws, out, b"abcXX")
    assert ws.files.size(path) == 5
    handle = ws.clips.open_part(out, keep=3)
    ws.files.append(handle, b"def")
    ws.files.close(handle)
    assert path.read_bytes() == b"abcdef"


def test_clips_of_neighbours_are_looked_for_too(ws: Workspace, film: Path) -> None:
    (film / "renders/ep01").mkdir(parents=True)
    (film / "renders/ep01/cliff_t01.mp4").write_bytes(b"four")
    theirs = Facts(
        attempts={
            "cliff": (attempt("tok1", out="renders/ep01/cliff_t01.mp4"),),
            "storm": (attempt("tok2", out="renders/ep01/storm_t01.mp4"),),
        }
    )
    found = ws.inventory(Facts(), [("ep01", theirs)])
    assert found == {"renders/ep01/cliff_t01.mp4": 4, "renders/ep01/storm_t01.mp4": None}


@pytest.mark.parametrize("which", ["renders", "renders/skerry"])
def test_a_linked_folder_of_clips_is_neither_written_nor_counted(
    ws: Workspace, film: Path, tmp_path: Path, which: str
) -> None:
    (tmp_path / "elsewhere/skerry").mkdir(parents=True)
    (tmp_path / "elsewhere/cliff_t01.mp4").write_bytes(b"x")
    (tmp_path / "elsewhere/skerry/cliff_t01.mp4").write_bytes(b"x")
    (film / which).parent.mkdir(exist_ok=True)
    (film / which).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError, match="symbolic link"):
        ws.clips.open_part(ws.clips.out("cliff", "t01"))
    facts = Facts(attempts={"cliff": (attempt("tok1", out="renders/skerry/cliff_t01.mp4"),)})
    assert ws.inventory(facts) == {"renders/skerry/cliff_t01.mp4": None}


def test_the_file_of_a_suspect_take_is_not_taken_for_the_finished_take_of_another_machine(
    ws: Workspace, film: Path
) -> None:
    out = ws.clips.out("cliff", "t01")
    (film / out).parent.mkdir(parents=True)
    (film / out).write_bytes(b"ours")
    ours = attempt("tok1", state=AttemptState.SUSPECT, sha256=hashlib.sha256(b"ours").hexdigest(), out=out)
    theirs = attempt("tok2", state=AttemptState.DONE, sha256="cd" * 32, out=out)
    assert ws.inventory(Facts(attempts={"cliff": (ours, theirs)})) == {out: 4, "tok1": 4, "tok2": None}


@pytest.mark.parametrize(
    "out", ["/etc/passwd", "../x/y.mp4", "renders/../y.mp4", "renders/skerry/../../x.mp4", "renders/a/b/c.mp4", "x.mp4"]
)
def test_paths_of_clips_out_of_a_strange_lock_are_not_followed(ws: Workspace, out: str) -> None:
    facts = Facts(attempts={"cliff": (attempt("tok1", out=out),)})
    assert ws.inventory(facts) == {out: None}
    with pytest.raises(ValueError, match="not the path of a clip"):
        ws.clips.part(out)


# Reading what a storyboard names.


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("../../.ssh/id_rsa", "leaves the storyboard's folder"),
        ("refs/../../x.png", "leaves the storyboard's folder"),
        ("/etc/passwd", "not a path from the storyboard's folder"),
        ("C:\\x.png", "not a path from the storyboard's folder"),
        ("c:/x.png", "not a path from the storyboard's folder"),
        ("a\0b", "not a path"),
        ("", "not a path"),
        (".", "is a folder"),
        ("refs", "is a folder"),
        ("none.png", "does not exist"),
        ("link.png", "is a symbolic link"),
        ("linked/a.png", "symbolic link"),
        ("skerry.yaml/a.png", "not a folder"),
        ("fifo.png", "not a regular file"),
        ("loop/a.png", "symbolic link"),
        ("a" * 5000, "can't be read: file name too long"),
    ],
)
def test_strange_files_are_refused_in_words(ws: Workspace, film: Path, path: str, says: str) -> None:
    (film / "refs").mkdir()
    (film / "refs/a.png").write_bytes(PNG)
    (film / "link.png").symlink_to("refs/a.png")
    (film / "linked").symlink_to("refs")
    (film / "loop").symlink_to("loop")
    os.mkfifo(film / "fifo.png")
    for look in (ws.reader().read, ws.reader().asset):
        with pytest.raises(FileRefused) as refused:
            look(path)
        assert says in str(refused.value)


def test_files_of_the_system_are_no_storyboards() -> None:
    with pytest.raises(FileRefused, match="folder of the system"):
        Workspace.open(Path("/proc/self/x.yaml")).reader().read("environ")


def test_a_folder_that_is_reached_through_a_link_works(film: Path, tmp_path: Path) -> None:
    (tmp_path / "short").symlink_to(film)
    ws = Workspace.open(tmp_path / "short/skerry.yaml")
    assert ws.reader().read("skerry.yaml") == b"sorapipe: 1\n"
    assert ws.root == film


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"GIF89a..", "image/gif"),
        (b"\0\0\0\x18ftypmp42....", "video/mp4"),
        (b"\0\0\0\x14ftypqt  ....", "video/quicktime"),
        (b"\x1a\x45\xdf\xa3....webm....", "video/webm"),
    ],
)
def test_an_asset_is_known_by_its_bytes(ws: Workspace, film: Path, data: bytes, kind: str) -> None:
    (film / "x.dat").write_bytes(data)
    asset = ws.reader().asset("x.dat")
    assert (asset.media_type, asset.size, asset.sha256) == (kind, len(data), hashlib.sha256(data).hexdigest())
    assert ws.reader().upload(asset) == data


@pytest.mark.parametrize(
    "data", [b"", b"-----BEGIN PRIVATE KEY-----", b"RIFF\0\0\0\0WAVE", b"\x1a\x45\xdf\xa3matroska"]
)
def test_a_secret_by_the_name_of_a_picture_is_not_uploaded(ws: Workspace, film: Path, data: bytes) -> None:
    (film / "id.png").write_bytes(data)
    with pytest.raises(FileRefused, match="not a picture or clip"):
        ws.reader().asset("id.png")


def test_a_swap_between_plan_and_upload_is_refused(ws: Workspace, film: Path) -> None:
    (film / "a.png").write_bytes(PNG)
    asset = ws.reader().asset("a.png")
    (film / "a.png").write_bytes(PNG + b"other")
    with pytest.raises(FileRefused, match="was changed since the plan"):
        ws.reader().upload(asset)
    (film / "a.png").unlink()
    (film / "a.png").symlink_to("/etc/passwd")
    with pytest.raises(FileRefused, match="symbolic link"):
        ws.reader().upload(asset)


def test_files_that_are_too_large_are_refused(ws: Workspace, film: Path) -> None:
    with (film / "big.png").open("wb") as file:
        file.write(PNG)
        file.truncate((64 << 20) + 1)
    with pytest.raises(FileRefused, match="larger than 64 MB"):
        ws.reader().read("big.png")
    with pytest.raises(FileRefused, match="larger than 64 MB"):
        ws.reader().asset("big.png")


def test_names_are_shown_as_the_user_types_them(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(film.parent)
    assert Workspace.open(Path("film/skerry.yaml")).reader().name("cast.yaml") == "film/cast.yaml"
    assert Workspace.open(film / "skerry.yaml").reader().name("cast.yaml") == str(film / "cast.yaml")
    monkeypatch.chdir(film)
    assert Workspace.open(Path("skerry.yaml")).reader().name("scenes/01.yaml") == "scenes/01.yaml"


def test_siblings_are_files_of_the_same_real_folder(ws: Workspace, film: Path) -> None:
    (film / "refs").mkdir()
    (film / "refs/stairs.png").write_bytes(PNG)
    (film / "linked").symlink_to("refs")
    reader = ws.reader()
    assert reader.siblings("refs/stair.png") == ["stairs.png"]
    assert reader.siblings("x.yaml") == ["skerry.yaml"]
    assert reader.siblings("linked/x.png") == reader.siblings("../x.png") == reader.siblings("none/x") == []


def test_a_holder_that_has_not_written_yet_who_it_is_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with path.open("w") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        writing = threading.Timer(0.15, lambda: print("me", file=holder, flush=True))
        writing.start()
        assert Disk().take_lock(path, b"another") is None
        assert path.read_text() == "me\n"
        writing.join()
