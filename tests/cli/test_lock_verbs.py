"""`lock verify` and `lock resolve`: what is said of a lock, what becomes of one that was merged, and what stays."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from campaign import older
from cli.commands import Sorapipe
from cli.shelf import shoot

from sorapipe.state import lock as locks
from sorapipe.state.records import decode, encode

BOARD = """\
sorapipe: 1
shots:
  - {id: a, prompt: He climbs the stairs.}
  - {id: b, continues: a, prompt: He looks back.}
"""
LOCK = Path("storyboard.lock")


@pytest.fixture
def rendered(here: Path) -> bytes:
    """The lock of a film that is finished."""
    Path("storyboard.yaml").write_text(BOARD)
    shoot("storyboard.yaml")
    return LOCK.read_bytes()


def said(sorapipe: Sorapipe, *words: str, code: int = 0) -> list[dict[str, object]]:
    (found,) = json.loads(sorapipe("lock", "verify", *words, "--json", code=code).out)["locks"]
    assert found["code"] == code
    return found["findings"]


def line(data: bytes, number: int, **members: object) -> bytes:
    """The lock with other members in a line, its digest right again."""
    lines = data.splitlines()
    values = decode(lines[number]) | members
    lines[number] = encode({name: value for name, value in values.items() if value is not None})
    return b"\n".join(lines) + b"\n"


def number_of(data: bytes, word: bytes) -> int:
    return next(number for number, text in enumerate(data.splitlines()) if word in text)


def test_a_sound_lock_is_sound_without_anything_else(
    rendered: bytes, sorapipe: Sorapipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SORAPIPE_STATE_DIR", str(tmp_path / "nowhere"))
    for path in Path("renders").rglob("*.mp4"):
        path.unlink()
    before = LOCK.stat().st_mtime_ns
    for words in ((), ("storyboard.yaml",), ("storyboard.lock",), ("--strict",)):
        assert sorapipe("lock", "verify", *words).out == "storyboard.lock: 4 records, nothing wrong\n"
    assert LOCK.stat().st_mtime_ns == before
    assert not (tmp_path / "nowhere").exists()


def test_every_damaged_line_is_named(rendered: bytes, sorapipe: Sorapipe) -> None:
    lines = rendered.splitlines()
    lines[1] = lines[1].replace(b"task_", b"tusk_")
    lines[2] = b"hello"
    LOCK.write_bytes(b"\n".join(lines))
    result = sorapipe("lock", "verify", code=5)
    assert "storyboard.lock:2: error: this line was changed or damaged: its digest is another" in result.out
    assert "storyboard.lock:3: error: this line was changed or damaged: it does not end with its digest" in result.out
    assert "git checkout COMMIT -- storyboard.lock" in result.out
    assert [one["line"] for one in said(sorapipe, code=5)] == [2, 3]


def test_a_lock_that_is_wholly_damaged_is_told_of_in_few_words(rendered: bytes, sorapipe: Sorapipe) -> None:
    LOCK.write_bytes(rendered + b"junk\n" * 500)
    out = sorapipe("lock", "verify", code=5).out
    assert out.count("error:") == 21
    assert "480 more lines were changed or damaged" in out
    LOCK.write_bytes(b"junk\n" * 500)
    assert sorapipe("lock", "verify", code=5).out == "storyboard.lock: error: no line of it was written by sorapipe\n"


def test_a_hostile_lock_is_shown_escaped(rendered: bytes, sorapipe: Sorapipe) -> None:
    address = "a\x1b]0;x\x07\u202e; rm -rf"
    picks = [{"kind": "pick", "address": address, "take": 10**900, "token": token * 20} for token in "xyz"]
    LOCK.write_bytes(rendered + b"".join(encode(one) + b"\n" for one in picks))
    for words in ((), ("--json",)):
        out = sorapipe("lock", "verify", *words, code=5).out
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert len(out) < 8000
    assert "\x1b" not in sorapipe("lock", "resolve").err


def test_a_recipe_with_another_text_is_found_though_its_line_is_right(rendered: bytes, sorapipe: Sorapipe) -> None:
    number = number_of(rendered, b'"kind":"recipe"')
    digest = decode(rendered.splitlines()[number])["digest"]
    LOCK.write_bytes(line(rendered, number, recipe={"kind": "shot", "prompt": "Another film."}))
    (error,) = [one for one in said(sorapipe, code=5) if one["level"] == "error"]
    assert error["line"] == number + 1
    assert error["message"] == f"the recipe `{str(digest)[:12]}` has another digest than its text"


def test_what_is_picked_must_be_there(rendered: bytes, sorapipe: Sorapipe) -> None:
    pick = encode({"kind": "pick", "address": "a", "take": 7, "token": "z" * 20})
    note = encode({"kind": "note", "address": "b", "take": 3, "token": "y" * 20, "text": "slower"})
    LOCK.write_bytes(rendered + pick + b"\n" + note + b"\n")
    levels = {one["code"]: one["level"] for one in said(sorapipe, code=5)}
    assert levels == {"no-take": "warning", "order": "warning"}
    out = sorapipe("lock", "verify", code=5).out
    assert "error: the pick of a names take 7, which is not in this lock" in out
    assert "warning: the note of b names take 3, which is not in this lock" in out
    assert "`sorapipe pick a N`" in out


def test_a_pick_of_another_shots_take_is_no_pick(rendered: bytes, sorapipe: Sorapipe) -> None:
    token = decode(rendered.splitlines()[number_of(rendered, b'"address":"b"')])["token"]
    LOCK.write_bytes(rendered + encode({"kind": "pick", "address": "a", "take": 1, "token": token}) + b"\n")
    assert "the pick of a names a take of b" in sorapipe("lock", "verify", code=5).out


def test_contradicting_picks_are_a_warning_with_the_way_to_settle_them(rendered: bytes, sorapipe: Sorapipe) -> None:
    token = decode(rendered.splitlines()[number_of(rendered, b'"address":"a"')])["token"]
    picks = [
        {"kind": "pick", "address": "a", "take": 1, "token": token},
        {"kind": "pick", "address": "a", "over": ["0"]},
    ]
    LOCK.write_bytes(rendered + b"".join(encode(one) + b"\n" for one in picks))
    told = sorapipe("lock", "resolve")
    assert "a is picked 2 times: no take, t01" in told.err
    out = sorapipe("lock", "verify").out
    assert "storyboard.lock: warning: a is picked 2 times: no take, t01" in out
    assert "hint: `sorapipe pick a N` settles it" in out
    assert "is picked more than once: a" in sorapipe("lock", "verify", "--strict", code=20).out
    sorapipe("pick", "a", "1")
    assert "nothing wrong" in sorapipe("lock", "verify", "--strict").out


def test_a_recipe_that_is_missing_is_a_warning(rendered: bytes, sorapipe: Sorapipe) -> None:
    digest = decode(rendered.splitlines()[number_of(rendered, b'"address":"b"')])["recipe"]
    LOCK.write_bytes(
        b"".join(one for one in rendered.splitlines(keepends=True) if b'"digest":"%b' % str(digest).encode() not in one)
    )
    (found,) = said(sorapipe)
    assert (found["level"], found["code"]) == ("warning", "no-recipe")
    assert str(found["message"]).startswith("the recipe of b t01 is not in it")


def test_the_storyboard_against_the_lock(rendered: bytes, sorapipe: Sorapipe) -> None:
    board = BOARD.replace("climbs", "runs up") + "  - {id: c, prompt: New.}\n  - {id: d, prompt: Newer.}\n"
    Path("storyboard.yaml").write_text(board)
    result = sorapipe("lock", "verify")
    assert "storyboard.yaml: note: 2 shots have no take yet: c, d" in result.out
    assert "storyboard.yaml: note: 1 shot was edited since its take: a" in result.out
    assert "nothing wrong" in result.out
    assert "storyboard.yaml: error: 2 shots have no take yet" in sorapipe("lock", "verify", "--strict", code=20).out
    sorapipe("accept", "a", "--because", "good")
    shoot("storyboard.yaml")
    assert sorapipe("lock", "verify", "--strict").out.count("\n") == 1


def test_practice_takes_are_none_of_a_real_provider(rendered: bytes, sorapipe: Sorapipe) -> None:
    found = said(sorapipe, "--provider", "openai-compatible", "--strict", code=20)
    assert [one["code"] for one in found] == ["practice"]
    assert [one["code"] for one in said(sorapipe, "--provider", "unheard-of", "--strict", code=20)] == ["practice"]


def test_a_storyboard_that_cannot_be_read_is_another_end(rendered: bytes, sorapipe: Sorapipe) -> None:
    Path("storyboard.yaml").write_text("sorapipe: 1\nshots: [{id: a, promt: x}]\n")
    assert "did you mean `prompt`" in sorapipe("lock", "verify", code=3).out
    LOCK.write_bytes(rendered[:-30])
    sorapipe("lock", "verify", code=5)


def test_no_lock_yet_is_nothing_wrong(here: Path, sorapipe: Sorapipe) -> None:
    assert "neither a storyboard nor a lock" in sorapipe("lock", "verify", code=2).err
    Path("storyboard.yaml").write_text(BOARD)
    Path("cast.yaml").write_text("sorapipe: 1\ncharacters: {fox: {description: a red fox}}\n")
    assert "cast" not in sorapipe("lock", "verify").out
    assert "storyboard.lock: not made yet" in sorapipe("lock", "verify").out
    sorapipe("lock", "verify", "--strict", code=20)
    Path("storyboard.lock").symlink_to("elsewhere.lock")
    assert "is a symbolic link" in sorapipe("lock", "verify", code=5).out


def test_other_programs_have_locks_too(rendered: bytes, sorapipe: Sorapipe) -> None:
    Path("poetry.lock").write_text("[[package]]\nname = 'click'\n")
    assert "poetry" not in sorapipe("lock", "verify").out
    assert "poetry" not in sorapipe("lock", "resolve").err
    assert "no line of it was written by sorapipe" in sorapipe("lock", "resolve", "poetry.lock", code=5).err
    assert Path("poetry.lock").read_text() == "[[package]]\nname = 'click'\n"
    assert "there is `poetry.lock`, `storyboard.lock`" in sorapipe("lock", "resolve", "gone.lock", code=2).err
    assert "neither a lock nor a storyboard" in sorapipe("lock", "resolve", "poetry.toml", code=2).err


def test_a_lock_in_order_is_not_written(rendered: bytes, sorapipe: Sorapipe) -> None:
    before = LOCK.stat()
    assert sorapipe("lock", "resolve").err == "storyboard.lock: in order, 4 records; nothing written\n"
    assert (LOCK.stat().st_mtime_ns, LOCK.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@pytest.mark.parametrize("style", ["merge", "diff3", "nested", "wide"])
def test_marks_of_every_style_are_joined(rendered: bytes, sorapipe: Sorapipe, style: str, ending: bytes) -> None:
    first, one, two, *rest = rendered.splitlines()
    conflict = {
        "merge": [b"<<<<<<< HEAD", one, b"=======", two, b">>>>>>> theirs"],
        "diff3": [b"<<<<<<< HEAD", one, b"||||||| 1234567", b"=======", two, b">>>>>>> theirs"],
        "nested": [
            b"<<<<<<< HEAD", one, b"||||||| merged common ancestors", b"<<<<<<<<< Temporary merge branch 1", one,
            b"||||||||| 7654321", b"=========", two, b">>>>>>>>> Temporary merge branch 2", b"=======", two,
            b">>>>>>> theirs",
        ],
        "wide": [b"<" * 30 + b" HEAD", one, b"=" * 30, one, two, b">" * 30 + b" theirs"],
    }[style]  # fmt: skip
    LOCK.write_bytes(ending.join([first, *conflict, *rest, b""]))
    assert "lock resolve storyboard.lock" in sorapipe("plan", code=5).err
    assert "the marks of a merge conflict" in sorapipe("lock", "verify", code=5).out
    assert "joined, 4 records" in sorapipe("lock", "resolve").err
    assert LOCK.read_bytes() == rendered


def test_a_union_is_sound_and_is_put_in_order(rendered: bytes, sorapipe: Sorapipe) -> None:
    number = number_of(rendered, b'"address":"a"')
    older_line = line(rendered, number, state="submitted", sha256=None, bytes=None, out=None).splitlines()[number]
    lines = rendered.splitlines()
    LOCK.write_bytes(b"\r\n".join([*reversed(lines), older_line, lines[0], b""]))
    assert [one["code"] for one in said(sorapipe)] == ["ends", "order", "twice"]
    assert "`sorapipe lock resolve storyboard.lock`" in sorapipe("lock", "verify").out
    assert "2 records stand there more than once" in sorapipe("lock", "verify").out
    assert "put in order" in sorapipe("lock", "resolve").err
    assert LOCK.read_bytes() == rendered


def test_a_line_that_cannot_be_read_stops_it_and_nothing_is_lost(rendered: bytes, sorapipe: Sorapipe) -> None:
    first, one, *rest = rendered.splitlines()
    data = b"\n".join(
        [first, b"<<<<<<< HEAD", one, b"=======", one.replace(b"task_", b"tusk_"), b">>>>>>> x", *rest, b""]
    )
    LOCK.write_bytes(data)
    result = sorapipe("lock", "resolve", code=5)
    assert "storyboard.lock:5: this line was changed or damaged" in result.err
    assert "`git show :3:./storyboard.lock`" in result.err
    assert LOCK.read_bytes() == data
    assert sorted(path.name for path in Path().iterdir()) == ["renders", "storyboard.lock", "storyboard.yaml"]


def test_one_broken_lock_stops_no_other(rendered: bytes, sorapipe: Sorapipe) -> None:
    Path("bad.lock").write_bytes(rendered[:-20])
    LOCK.write_bytes(rendered + rendered)
    result = sorapipe("lock", "resolve", "bad.lock", "storyboard.lock", code=5)
    assert "bad.lock:5: this line" in result.err
    assert LOCK.read_bytes() == rendered
    assert Path("bad.lock").read_bytes() == rendered[:-20]


def test_a_newer_version_is_refused_by_all(rendered: bytes, sorapipe: Sorapipe) -> None:
    newer = line(rendered, number_of(rendered, b'"kind":"lock"'), version=2)
    LOCK.write_bytes(newer)
    assert "it is of version 2" in sorapipe("lock", "verify", code=5).out
    assert "pip install --upgrade" in sorapipe("lock", "resolve", code=5).err
    assert LOCK.read_bytes() == newer


def test_an_older_version_is_kept_until_there_is_something_to_write(
    rendered: bytes, sorapipe: Sorapipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "MIGRATIONS", dict(locks.MIGRATIONS))
    monkeypatch.setattr(locks.loads, "__kwdefaults__", {"migrations": locks.MIGRATIONS})
    older.teach()
    old = older.make_older(LOCK)
    assert old != rendered
    (found,) = said(sorapipe)
    assert (found["level"], found["message"]) == ("note", "it is of version 0: what writes it next makes it 1")
    assert "nothing written" in sorapipe("lock", "resolve").err
    assert LOCK.read_bytes() == old
    marked = b"<<<<<<< HEAD\n" + old + b"=======\n" + rendered + b">>>>>>> theirs\n"
    LOCK.write_bytes(marked)
    assert "1 conflict joined" in sorapipe("lock", "resolve").err
    assert LOCK.read_bytes() == rendered
    assert Path("storyboard.lock.v0.backup").read_bytes() == marked


def test_the_driver_joins_an_older_version_and_keeps_a_newer_one_whole(
    rendered: bytes, sorapipe: Sorapipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "MIGRATIONS", dict(locks.MIGRATIONS))
    monkeypatch.setattr(locks.loads, "__kwdefaults__", {"migrations": locks.MIGRATIONS})
    older.teach()
    Path("theirs").write_bytes(rendered)
    for ours in ("ours", "theirs"):
        Path("old").write_bytes(older.backward(rendered))
        Path("ours").write_bytes(rendered)
        words = ("ours", "old") if ours == "ours" else ("old", "ours")
        sorapipe("lock", "merge-driver", "theirs", *words, "storyboard.lock")
        assert Path(words[0]).read_bytes() == rendered
    newer = line(rendered, 0, version=2)
    Path("theirs").write_bytes(newer)
    told = sorapipe("lock", "merge-driver", "old", "ours", "theirs", "storyboard.lock", code=1).err
    assert "it is of version 2" in told
    assert "pip install --upgrade" in told
    assert Path("ours").read_bytes() == b"<<<<<<< ours\n" + rendered + b"=======\n" + newer + b">>>>>>> theirs\n"


def test_the_digest_of_a_recipe_is_that_of_its_text(rendered: bytes) -> None:
    for text in rendered.splitlines():
        values = decode(text)
        if values["kind"] == "recipe":
            canonical = json.dumps(values["recipe"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            assert hashlib.sha256(canonical.encode()).hexdigest() == values["digest"]


def test_a_wrong_word_after_lock_is_answered(here: Path, sorapipe: Sorapipe) -> None:
    assert "did you mean `sorapipe lock verify x.lock`?" in sorapipe("lock", "verfy", "x.lock", code=2).err
    assert "`sorapipe lock resolve x.lock`" in sorapipe("resolve", "x.lock", code=2).err
    assert "git gives a merge driver 4 words, not 2" in sorapipe("lock", "merge-driver", "a", "b", code=2).err
    for verb in ("verify", "resolve", "merge-driver"):
        assert f"sorapipe lock {verb}" in sorapipe("lock", verb, "--help").out
