"""What a storyboard's books survive: kills, full disks, checkouts, deletions, two machines; on a disk in memory."""

from __future__ import annotations

import errno
import itertools
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from state.film import LOCK, RECIPE, STATE, attempt, disk, render, workspace
from state.memory import Died, Memory

from sorapipe.planning.facts import Attempt, AttemptState, CharacterFact, Facts, Waiver
from sorapipe.state import session as session_module
from sorapipe.state.files import StateError
from sorapipe.state.lock import LockFile, LockUnusable, dumps, join, loads
from sorapipe.state.records import attempt_record, attempt_values, encode
from sorapipe.state.session import Session
from sorapipe.state.workspace import HeldElsewhere
from sorapipe.storyboard.model import Handle


def one(facts: Facts, address: str = "cliff") -> Attempt:
    (made,) = facts.attempts[address]
    return made


def tasks(files: Memory) -> set[str]:
    known = workspace(files).known()
    return {task for made in known.facts.attempts.values() for attempt in made for task in attempt.tasks}


def test_looking_writes_nothing_and_makes_no_folder() -> None:
    files = disk()
    ws = workspace(files)
    assert ws.facts() == Facts()
    assert ws.neighbours() == ([], [])
    assert ws.inventory(ws.facts()) == {}
    assert ws.holder() is None
    assert files.steps == []


def test_a_finished_take_is_in_lock_and_facts() -> None:
    files = disk()
    with workspace(files).hold() as session:
        session.remember({RECIPE: '{"v":1}'})
        render(session, "tok1", "t1")
    known = workspace(files).known()
    assert one(known.facts).state is AttemptState.DONE
    assert known.facts.recipes == {RECIPE: '{"v":1}'}
    assert not known.behind
    assert loads(files.read(LOCK) or b"").tasks() == {"t1"}


def test_a_second_run_with_nothing_new_leaves_the_lock_alone() -> None:
    files = disk()
    with workspace(files).hold() as session:
        render(session, "tok1", "t1")
    before = files.stamp(LOCK)
    with workspace(files).hold() as session:
        assert session.save() is False
    assert files.stamp(LOCK) == before


def test_a_run_that_sends_nothing_makes_no_lock() -> None:
    files = disk()
    with workspace(files).hold():
        pass
    assert files.read(LOCK) is None


def test_only_one_holds_and_the_others_are_told_who() -> None:
    files = disk()
    with workspace(files).hold("sorapipe run skerry.yaml"):
        with pytest.raises(HeldElsewhere, match=r"held by process \d+ on .* \(`sorapipe run skerry.yaml`, since "):
            workspace(files).hold().__enter__()
        assert workspace(files).holder() is not None
    with workspace(files).hold():
        pass


def test_persistence_points_come_in_their_order() -> None:
    files = disk()
    with workspace(files).hold() as session:
        render(session, "tok1", "t1")
    expected = ["P1", "P2", "P3", "P7", "P8", "P9", "P12", "P19", "P20", "P21", "P22", "P23", "P24"]
    assert files.points == expected


@pytest.mark.parametrize("point", ["P1", "P2", "P3", "P7", "P8", "P9", "P12", "P19", "P20", "P21", "P22", "P23", "P24"])
@pytest.mark.parametrize("power", [False, True])
def test_killed_at_any_point_no_task_and_no_intent_is_lost(point: str, power: bool) -> None:
    files = disk()
    files.die_at = point
    with pytest.raises(Died), workspace(files).hold() as session:
        render(session, "tok1", "t1")
    files = files.power_cut() if power else files.kill()
    facts = workspace(files).facts()
    if point == "P1" or (power and point == "P2"):
        assert facts.attempts == {}
        return
    number = int(point[1:])
    made = one(facts)
    synced = 9 if power else 8
    assert made.tasks == (("t1",) if number >= synced else ())
    finished = 20 if power else 19
    expected = AttemptState.DONE if number >= finished else AttemptState.SUBMITTED if number >= synced else None
    assert made.state is (expected or AttemptState.UNCERTAIN)
    with workspace(files).hold() as session:
        assert one(session.facts()) == made
    assert one(workspace(files).facts()) == made
    assert workspace(files).facts().attempts["cliff"] == (made,)


def test_an_intent_without_an_answer_is_uncertain_and_no_longer_an_intent() -> None:
    files = disk()
    files.die_at = "P4"
    with pytest.raises(Died), workspace(files).hold() as session:
        session.intent(attempt("tok1"), {})
        files.reach("P4")
    files = files.kill()
    files.die_at = ""
    with workspace(files).hold() as session:
        session.intent(attempt("tok2", "storm"), {})
        seen = workspace(files).known()
        assert one(seen.facts).state is AttemptState.UNCERTAIN
        assert one(seen.facts, "storm").state is AttemptState.INTENT
        assert seen.held
        session.void("tok2", "rate limit")
    assert workspace(files).facts().attempts.keys() == {"cliff"}
    assert b"uncertain" in (files.read(LOCK) or b"")


def test_a_disk_that_refuses_the_intent_leaves_nothing_uncertain() -> None:
    for nth in itertools.count(1):
        files = disk()
        failed = False
        try:
            with workspace(files).hold() as session:
                files.fail = len(files.steps) + nth
                try:
                    session.intent(attempt("tok1"), {"prompt": "x"})
                except StateError:
                    failed = True
        except StateError:
            continue
        if not failed:
            assert nth > 2
            break
        assert workspace(files).facts().attempts == {}


@pytest.mark.parametrize("for_ever", [False, True])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS])
def test_a_disk_that_refuses_any_step_loses_no_task_that_was_written(for_ever: bool, number: int) -> None:
    for nth in range(1, 60):
        files = disk()
        with workspace(files).hold() as session:
            render(session, "tok0", "t0", "storm")
        files.fail, files.for_ever, files.number = len(files.steps) + nth, for_ever, number
        written: set[str] = {"t0"}
        try:
            with workspace(files).hold() as session:
                session.intent(attempt("tok1"), {})
                session.submitted("tok1", "t1")
                written.add("t1")
                session.save()
                session.done("tok1", sha256="cd" * 32, size=3, out="renders/skerry/cliff_t01.mp4")
        except StateError as error:
            assert error.errno == number
        left = files.power_cut() if nth % 2 else files.kill()
        assert tasks(left) >= written
        with workspace(left).hold():
            pass
        assert loads(left.read(LOCK) or b"").tasks() >= written


@given(st.lists(st.integers(0, 200), min_size=3, max_size=3), st.integers(1, 40))
def test_torn_unsynced_writes_never_spoil_the_books(keeps: list[int], steps: int) -> None:
    files = disk()
    seen: set[str] = set()
    for turn, keep in enumerate(keeps):
        files.fail, files.for_ever = len(files.steps) + steps, True
        try:
            with workspace(files).hold() as session:
                render(session, f"tok{turn}", f"t{turn}", take=turn + 1)
                seen.add(f"t{turn}")
        except StateError:
            pass
        files = files.power_cut(lambda length, keep=keep: min(length, keep))
        assert tasks(files) >= seen
        assert not workspace(files).known().remarks


def test_a_task_that_no_journal_takes_goes_anywhere_at_all() -> None:
    files = disk()
    with pytest.raises(StateError), workspace(files).hold() as session:
        session.intent(attempt("tok1"), {})
        files.fail = len(files.steps) + 1
        with pytest.raises(StateError):
            session.submitted("tok1", "t1")
        where = session.last_resort("tok1", "t1")
        assert where is not None
        assert where.is_relative_to(STATE)
        assert one(session.facts()).tasks == ("t1",)
        files.fail, files.for_ever = len(files.steps) + 1, True
        assert session.last_resort("tok1", "t1") is None
    assert one(workspace(files.power_cut()).facts()).tasks == ("t1",)


def test_a_rescued_task_that_the_lock_knows_is_no_stray_and_journals_are_archived_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(session_module, "ARCHIVE_ABOVE", 0)
    files = disk()
    with workspace(files).hold() as session:
        session.intent(attempt("tok1"), {})
        session.last_resort("tok1", "t1")
        session.done("tok1", sha256="cd" * 32, size=3, out="renders/skerry/cliff_t01.mp4")
        for n in range(2, 9):
            render(session, f"tok{n}", f"t{n}", take=n)
    for run in (2, 3):
        with workspace(files).hold() as session:
            assert not session.remarks
            assert session.strays() == {}
            for n in range(8):
                render(session, f"run{run}tok{n}", f"run{run}t{n}", f"storm{run}", take=n + 1)
    archives = [path for path in files.tree if path.parent.name == "archive" and path.suffix == ".jsonl"]
    assert len(archives) == 3
    assert not workspace(files).known().remarks


def test_a_rescued_task_that_nobody_knows_is_asked_for() -> None:
    files = disk()
    with workspace(files).hold() as session:
        lineage = session.lineage
    line = encode({"kind": "submitted", "token": "tok1", "task": "t1"}) + b"\n"
    files.put(STATE / f"journals/{lineage}.rescued.jsonl", line)
    (remark,) = workspace(files).known().remarks
    assert "sorapipe adopt SHOT t1" in remark
    with workspace(files).hold() as session:
        assert session.strays() == {"t1": "tok1"}


def test_damage_is_told_of_the_file_that_has_it_and_once() -> None:
    files = disk()
    with workspace(files).hold() as session:
        render(session, "tok1", "t1")
        session.last_resort("tok1", "t2")
        lineage = session.lineage
    journal = STATE / f"journals/{lineage}.jsonl"
    lines = (files.read(journal) or b"").splitlines(True)
    files.put(journal, b"".join([lines[0], b"{}\n", *lines[1:]]))
    (remark,) = workspace(files).known().remarks
    assert f"{lineage}.jsonl:2:" in remark


def test_a_run_that_is_alive_is_seen_though_another_lineage_has_a_dead_one() -> None:
    made = []
    for token in ["tok1", "tok2"]:
        files = disk()
        with workspace(files).hold() as session:
            render(session, token, f"t-{token}")
            made.append((session.lineage, files))
    (alive, ours), (dead, theirs) = sorted(made, key=lambda pair: pair[0])
    merged = join(loads(ours.read(LOCK) or b""), loads(theirs.read(LOCK) or b""))
    with workspace(ours).hold() as session:
        assert session.lineage == alive
        session.intent(attempt("tok3", "storm"), {})
        line = encode(attempt_values(attempt("tok4", "boat")) | {"kind": "intent"}) + b"\n"
        ours.put(STATE / f"journals/{dead}.jsonl", line)
        ours.put(LOCK, dumps(merged))
        known = workspace(ours).known()
        assert known.held
        assert one(known.facts, "storm").state is AttemptState.INTENT
        assert one(known.facts, "boat").state is AttemptState.UNCERTAIN
        session.void("tok3", "rate limit")


# Git and people.


def test_a_checkout_of_an_older_lock_gets_its_paid_takes_back() -> None:
    files = disk()
    with workspace(files).hold() as session:
        render(session, "tok1", "t1")
    old = files.read(LOCK) or b""
    with workspace(files).hold() as session:
        render(session, "tok2", "t2", "storm")
        session.pick("storm", "tok2", 1)
    files.put(LOCK, old)
    known = workspace(files).known()
    assert known.behind
    assert one(known.facts, "storm").tasks == ("t2",)
    assert known.facts.picks == {}


def test_a_deleted_lock_is_built_again() -> None:
    files = disk()
    with workspace(files).hold() as session:
        render(session, "tok1", "t1")
    lineage = workspace(files).facts().lineage
    del files.tree[LOCK]
    known = workspace(files).known()
    assert (one(known.facts).tasks, known.facts.lineage, known.behind) == (("t1",), lineage, True)
    with workspace(files).hold() as session:
        session.save()
    assert loads(files.read(LOCK) or b"").tasks() == {"t1"}


def test_a_lock_changed_during_a_run_is_joined() -> None:
    files = disk()
    with workspace(files).hold() as session:
        render(session, "tok1", "t1")
        session.pick("cliff", "tok1", 1)
        session.save()
        lineage = session.lineage
    with workspace(files).hold() as session:
        other = LockFile([lineage])
        other.add(attempt_record(attempt("tok9", "storm", state=AttemptState.DONE, tasks=("t9",))))
        files.put(LOCK, dumps(other))
        render(session, "tok2", "t2", "boat")
        session.save()
        assert loads(files.read(LOCK) or b"").tasks() == {"t1", "t2", "t9"}
        assert session.facts().picks == {}  # that pick belongs to the other branch


def test_a_lock_broken_during_a_run_is_not_overwritten_and_nothing_is_lost() -> None:
    files = disk()
    with workspace(files).hold() as session:
        render(session, "tok1", "t1")
    good = files.read(LOCK) or b""
    broken = good + b"<<<<<<< HEAD\n"
    message = r"skerry.lock:\d: it holds the marks of a merge conflict"
    with pytest.raises(LockUnusable, match=message), workspace(files).hold() as session:
        files.put(LOCK, broken)
        render(session, "tok2", "t2", "storm")
    assert files.read(LOCK) == broken
    files.put(LOCK, good)
    assert tasks(files) == {"t1", "t2"}


def test_locks_of_two_machines_merge_and_both_journals_count() -> None:
    ours, theirs = disk(), disk()
    for files, token in [(ours, "tok1"), (theirs, "tok2")]:
        with workspace(files).hold() as session:
            render(session, token, f"t-{token}")
    merged = join(loads(ours.read(LOCK) or b""), loads(theirs.read(LOCK) or b""))
    ours.put(LOCK, dumps(merged))
    with workspace(ours).hold() as session:
        render(session, "tok3", "t-tok3")
    assert tasks(ours) == {"t-tok1", "t-tok2", "t-tok3"}
    assert len(loads(ours.read(LOCK) or b"").lineages) == 2


def test_a_clone_on_another_machine_goes_on_with_a_task_it_never_sent() -> None:
    files = disk()
    lock = LockFile(["lineage2"])
    lock.add(attempt_record(attempt("tok1", state=AttemptState.SUBMITTED, tasks=("t1",))))
    files.put(LOCK, dumps(lock))
    with workspace(files).hold() as session:
        session.done("tok1", sha256="cd" * 32, size=3, out="renders/skerry/cliff_t01.mp4")
    assert one(workspace(files).facts()).state is AttemptState.DONE
    del files.tree[LOCK]
    assert one(workspace(files).facts()).state is AttemptState.DONE


def test_what_was_paid_here_stays_known_when_git_puts_another_machines_lock_there() -> None:
    ours, theirs = disk(), disk()
    for files, token in [(ours, "tok1"), (theirs, "tok2")]:
        with workspace(files).hold() as session:
            render(session, token, f"t-{token}")
    ours.put(LOCK, theirs.read(LOCK) or b"")
    assert workspace(ours).known().behind
    assert tasks(ours) == {"t-tok1", "t-tok2"}
    with workspace(ours).hold() as session:
        render(session, "tok3", "t-tok3")
    assert loads(ours.read(LOCK) or b"").tasks() == {"t-tok1", "t-tok2", "t-tok3"}
    before = ours.stamp(LOCK)
    with workspace(ours).hold():
        pass
    assert ours.stamp(LOCK) == before
    del ours.tree[LOCK]
    assert tasks(ours) == {"t-tok1", "t-tok3"}, "whichever journal they were written to"


def test_a_lineage_without_a_journal_here_is_not_brought_into_a_lock() -> None:
    files = disk()
    with workspace(files).hold():
        pass
    lock = LockFile(["lineage2"])
    lock.add(attempt_record(attempt("tok1", state=AttemptState.SUBMITTED, tasks=("t1",))))
    files.put(LOCK, dumps(lock))
    assert not workspace(files).known().behind


# Growing.


def grown(files: Memory, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "ARCHIVE_ABOVE", 2000)
    with workspace(files).hold() as session:
        for n in range(count):
            render(session, f"tok{n}", f"t{n}", take=n + 1)
        session.intent(attempt("open", "storm"), {"prompt": "fog"})
        session.submitted("open", "t-open")
        session.ended("open", url="https://x/open")


def test_a_grown_journal_is_archived_and_only_open_work_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    files = disk()
    grown(files, 20, monkeypatch)
    assert files.points[-1] == "P25"
    (journal,) = [path for path in files.tree if path.suffix == ".jsonl" and path.parent.name == "journals"]
    assert len(files.read(journal) or b"") < 3000
    known = workspace(files).known()
    assert len(known.facts.attempts["cliff"]) == 20
    assert one(known.facts, "storm").tasks == ("t-open",)
    assert len(known.durations) == 20
    with workspace(files).hold() as session:
        assert session.request("tok3") == {"prompt": "a gull"}
        assert session.request("open") == {"prompt": "fog"}


@pytest.mark.parametrize("spoiled", [False, True])
@pytest.mark.parametrize("lock", ["deleted", "older"])
def test_archived_takes_come_back_too(lock: str, spoiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    files = disk()
    grown(files, 20, monkeypatch)
    if lock == "deleted":
        del files.tree[LOCK]
    else:
        files.put(LOCK, dumps(LockFile(loads(files.read(LOCK) or b"").lineages)))
    if spoiled:
        (saved,) = [path for path in files.tree if path.suffix == ".saved"]
        files.put(saved, (files.read(saved) or b"")[:-20])
    assert tasks(files) == {"t-open", *(f"t{n}" for n in range(20))}
    assert bool(workspace(files).known().remarks) == spoiled


def test_killed_while_archiving_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    full = disk()
    grown(full, 8, monkeypatch)
    for nth in range(1, len(full.steps) + 1):
        files = disk()
        files.fail, files.for_ever = nth, True
        with suppress(StateError):
            grown(files, 8, monkeypatch)
        files = files.kill()
        there = tasks(files)
        assert there >= {f"t{n}" for n in range(8)} or "P24" not in files.points
        with workspace(files).hold():
            pass
        assert tasks(files) == there


# Choices.


def test_choices_are_lines_and_can_be_taken_back() -> None:
    files = disk()
    with workspace(files).hold() as session:
        render(session, "tok1", "t1")
        session.pick("cliff", "tok1", 1)
        session.no_good("cliff", "tok1", 1)
        session.note("cliff", "tok1", 1, "too dark")
        session.note("cliff", "tok1", 1, "nice gull")
        session.consent("cliff", "tok1", 1)
        session.waive(Waiver("cliff", RECIPE, (("storm", "cd" * 32),), "the client likes it"))
    facts = workspace(files).facts()
    assert [pick.take for pick in facts.picks["cliff"]] == [1]
    assert facts.no_good == {"tok1"}
    assert facts.notes == {"tok1": ("nice gull", "too dark")}
    assert facts.consents == {"tok1"}
    assert facts.waivers["cliff"][0].because == "the client likes it"
    size = len((files.read(LOCK) or b"").splitlines())
    with workspace(files).hold() as session:
        session.pick("cliff", "tok1", 1)
        session.no_good("cliff", "tok1", 1)
        assert session.save() is False
        session.pick("cliff", None)
        session.no_good("cliff", "tok1", 1, on=False)
        session.note("cliff", "tok1", 1, "")
        session.consent("cliff", "tok1", 1, on=False)
    facts = workspace(files).facts()
    assert [pick.token for pick in facts.picks["cliff"]] == [None]
    assert (facts.no_good, facts.notes, facts.consents) == (frozenset(), {}, frozenset())
    assert len((files.read(LOCK) or b"").splitlines()) == size + 4


def test_a_note_can_be_written_again_after_it_was_taken_back() -> None:
    files = disk()
    with workspace(files).hold() as session:
        render(session, "tok1", "t1")
        for text in ["too dark", "", "too dark"]:
            session.note("cliff", "tok1", 1, text)
    assert workspace(files).facts().notes == {"tok1": ("too dark",)}


def test_characters_are_kept_and_come_back() -> None:
    files = disk()
    made = CharacterFact("keeper", RECIPE, "house", None, Handle("ch_1", "old.tom"), "t1")
    with workspace(files).hold() as session:
        session.intent(attempt("tok1", "@keeper"), {})
        session.submitted("tok1", "t1")
        session.done("tok1", sha256=None, size=None, out=None, handle=Handle("ch_1", "old.tom"))
        session.character(CharacterFact("gull", RECIPE, "house", None, Handle("ch_2"), None))
    del files.tree[LOCK]
    facts = workspace(files).facts()
    assert made in facts.characters
    assert {fact.name for fact in facts.characters} == {"keeper", "gull"}


def test_a_token_is_never_used_twice() -> None:
    files = disk()
    with workspace(files).hold() as session:
        session.intent(attempt("tok1"), {})
        with pytest.raises(ValueError, match="BUG"):
            session.intent(attempt("tok1"), {})
        tokens = {session.token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 20 for token in tokens)


def test_neighbours_are_read_and_unusable_ones_passed_over() -> None:
    files = disk()
    lock = LockFile(["lineage2"])
    lock.add(attempt_record(attempt("tok9", state=AttemptState.DONE)))
    files.put(Path("/film/ep02.lock"), dumps(lock))
    files.put(Path("/film/ep03.lock"), dumps(lock)[:-5])
    files.put(Path("/film/uv.lock"), b"version = 1\n")
    found, remarks = workspace(files).neighbours()
    assert [(name, list(facts.attempts)) for name, facts in found] == [("ep02", ["cliff"])]
    assert len(remarks) == 1
    assert "ep03.lock:2" in remarks[0]


def test_an_older_lock_is_backed_up_before_it_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    old = encode({"kind": "lock", "version": 0, "lineage": "lineage2"}) + b"\n"
    first = encode({"kind": "lock", "version": 1, "lineage": "lineage2"})
    monkeypatch.setitem(__import__("sorapipe.state.lock", fromlist=["x"]).MIGRATIONS, 0, lambda lines: [first])
    files = disk()
    files.put(LOCK, old)
    with workspace(files).hold():
        pass
    assert files.read(LOCK) == old
    with workspace(files).hold() as session:
        render(session, "tok1", "t1")
    assert files.read(Path("/film/skerry.lock.v0.backup")) == old
    assert files.points[-5:] == ["P26", "P21", "P22", "P23", "P24"]


def test_an_exception_in_a_run_still_saves() -> None:
    files = disk()

    def work(session: Session) -> None:
        render(session, "tok1", "t1")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), workspace(files).hold() as session:
        work(session)
    assert loads(files.read(LOCK) or b"").tasks() == {"t1"}
