"""Recipes, takes, the lock and the journal, one sentence of their contract at a time, as a person meets them."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from studio import Studio, staged

from sorapipe.cli.console import run as run_here
from sorapipe.providers.profiles import load_profile
from sorapipe.providers.profiles import names as shipped

FILM = """\
sorapipe: 1
characters:
  tom: {name: Old Tom, url: "https://example.org/tom.mp4", timestamps: [1, 3]}
shots:
  - id: stairs
    prompt: He climbs the stairs.
  - id: after
    continues: stairs
    prompt: He looks back.
  - id: row
    prompt: "@tom rows."
    extra: {cfg_scale: 3.20}
  - id: hall
    matrix: {weather: [squall, fog]}
    prompt: "The hall, {{ matrix.weather }}."
    metadata: reel A
"""
CHAIN = """\
sorapipe: 1
shots:
  - {id: door, prompt: A door.}
  - {id: room, continues: door, prompt: A room.}
"""
KINDS = {"lock", "attempt", "recipe", "character", "pick", "ng", "note", "waiver", "consent"}
TOOK = "renders/storyboard/stairs_t01.mp4"


def played(studio: Studio) -> None:
    studio.write("storyboard.yaml", FILM)
    studio.run("run")


def chained(studio: Studio) -> None:
    studio.write("storyboard.yaml", CHAIN)
    studio.run("run")


@pytest.fixture
def film(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """The film after a run."""
    return staged(played, tmp_path, tmp_path_factory)


@pytest.fixture
def chain(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """Two shots, the second begins where the first ends, after a run."""
    return staged(chained, tmp_path, tmp_path_factory)


def edit(studio: Studio, old: str, new: str) -> None:
    text = (studio.folder / "storyboard.yaml").read_text()
    assert old in text
    studio.write("storyboard.yaml", text.replace(old, new))


def profile(name: str, text: str, base: str = "simulator") -> None:
    """A profile of one's own that is the simulator, but for this."""
    folder = Path(os.environ["SORAPIPE_CONFIG_DIR"]) / "providers"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yaml").write_text(f"extends: {base}\nabout: for tests\n{text}")


def bought(studio: Studio, *words: str, code: int = 0) -> int:
    """How many purchases a command makes, by the books of the provider."""
    before = len(studio.ledger())
    studio.run(*words, code=code)
    return len(studio.ledger()) - before


def steps(studio: Studio, *words: str) -> dict[str, tuple[str, str]]:
    """By shot and take: what happens to it and why."""
    found = studio.run("plan", "--json", *words).data["steps"]
    assert isinstance(found, list)
    return {f"{it['label']} t{it['take']:02d}{it['letter']}": (it["action"], it["reason"]["text"]) for it in found}


def in_film(studio: Studio, *words: str) -> dict[str, tuple[str, str]]:
    """By shot: the take in the film, and how it is stale."""
    shots = studio.run("status", "--json", *words).data["shots"]
    assert isinstance(shots, list)
    return {it["label"]: (take["label"], it["stale"]) for it in shots for take in it["takes"] if take["in_film"]}


def of_kind(studio: Studio, kind: str, name: str = "storyboard") -> list[dict[str, Any]]:
    return [record for record in studio.lock(name) if record["kind"] == kind]


def attempts(studio: Studio, address: str, name: str = "storyboard") -> list[dict[str, Any]]:
    return [record for record in of_kind(studio, "attempt", name) if record["address"] == address]


def sealed(values: dict[str, object]) -> bytes:
    """A line of a lock, as the contract describes it."""
    body = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))[:-1].encode()
    return body + b',"~":"' + sha256(body).hexdigest()[:8].encode() + b'"}'


# Recipes.


def test_a_recipe_is_canonical_and_names_what_it_stands_on(film: Studio) -> None:
    found = of_kind(film, "recipe")
    recipes = {}
    for record in found:
        text = json.dumps(record["recipe"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert sha256(text.encode()).hexdigest() == record["digest"]
        assert f'"recipe":{text}'.encode() in (film.folder / "storyboard.lock").read_bytes()
        recipes[record["digest"]] = record["recipe"]
    of = {str(one["address"]): recipes[one["recipe"]] for one in of_kind(film, "attempt")}
    assert of["after"] == {
        "character_create": False, "input_reference": {"at": "last", "frame": "stairs"}, "kind": "shot",
        "private": False, "prompt": "He looks back.", "v": 1, "watermark": False,
    }  # fmt: skip
    (tom,) = of_kind(film, "character")
    assert of["row"]["characters"] == [{"character": "tom", "recipe": tom["recipe"]}]
    assert of["row"]["extra"] == {"cfg_scale": "3.2"}
    assert of["hall[weather=fog]"]["metadata"] == "reel A"
    text = json.dumps(list(recipes.values()))
    assert "sp1:" not in text
    assert "simulator" not in text
    assert "char_" not in text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  - id: stairs\n", "  - id: stairs\n    title: The stairs\n    notes: slower\n    tags: [hero]\n"),
        ("  - id: stairs\n", "  - id: stairs\n    subtitles: [{at: 1.0, for: 2.5, text: {en: Who is there?}}]\n"),
        ("  - id: stairs\n", "  - id: stairs\n    use: {in: 1, out: 6}\n"),
        ("  - id: stairs\n", "  - id: stairs\n    use: false\n"),
        ("characters:\n  tom: {", 'characters:\n  tom: {handles: {simulator: {id: "char_0123456789abcdef0123"}}, '),
        ("extra: {cfg_scale: 3.20}", "extra: {cfg_scale: 3.2}\n    needs: [hall/fog]"),
    ],
)
def test_what_the_provider_never_sees_makes_nothing_stale(film: Studio, old: str, new: str) -> None:
    edit(film, old, new)
    assert film.run("plan", "--json").data["idle"]
    assert bought(film, "run") == 0


def test_values_of_a_profile_make_nothing_stale(film: Studio) -> None:
    profile("tall", "defaults: {model: sora-2-hd, size: 720x1280, seconds: 15}\n")
    assert film.run("plan", "--provider", "tall", "--json").data["idle"]
    assert bought(film, "run", "--provider", "tall") == 0


def test_each_take_records_the_clip_it_was_made_from_and_the_journal_what_was_sent(film: Studio) -> None:
    (parent,), (child,) = attempts(film, "stairs"), attempts(film, "after")
    assert child["inputs"] == {"stairs": parent["sha256"]}
    assert parent["sha256"] == sha256((film.folder / TOOK).read_bytes()).hexdigest()
    (journal,) = (film.state / "journals").glob("*.jsonl")
    lines = [json.loads(line) for line in journal.read_bytes().splitlines()]
    sent = {line["address"]: line["request"] for line in lines if line["kind"] == "intent"}
    (tom,) = of_kind(film, "character")
    assert sent["row"]["prompt"] == f"@{tom['handle']['username']} rows."
    assert sent["row"]["seconds"] == 10
    assert sent["row"]["size"] == "1280x720"
    assert sent["after"]["input_reference"]["sha256"]
    (fog,) = attempts(film, "hall[weather=fog]")
    assert sent["hall[weather=fog]"]["metadata"] == f"reel A sp1:{fog['token']}"
    assert sent["row"]["metadata"] == f"sp1:{sent['row']['token']}"


# What is stale, and what buys it.


@pytest.mark.parametrize(
    ("old", "new", "by", "plain", "flag"),
    [
        ("A door.", "A red door.", "edit", 1, ""),
        ("sorapipe: 1\n", "sorapipe: 1\ndefaults: {model: sora-2-hd}\n", "model", 0, "--reshoot"),
    ],
)
def test_what_is_stale_is_listed_with_its_price_and_bought_by_its_own_word(  # noqa: PLR0913, PLR0917
    chain: Studio, old: str, new: str, by: str, plain: int, flag: str
) -> None:
    edit(chain, old, new)
    assert in_film(chain)["door"] == ("t01", by)
    page = chain.run("plan").out
    assert "credits" in page
    assert bought(chain, "run") == plain
    if flag:
        assert flag in page
        assert bought(chain, "run", flag) == 2
        assert bought(chain, "run", flag) == 0


def test_another_pick_of_the_parent_is_a_cascade(chain: Studio) -> None:
    chain.run("roll", "door")
    assert in_film(chain)["room"] == ("t01", "fresh")
    chain.run("pick", "door", "2")
    assert in_film(chain)["room"] == ("t01", "cascade")
    page = chain.run("plan").out
    assert "--cascade" in page
    assert "10 credits" in page
    assert bought(chain, "run") == 0
    assert bought(chain, "run", "--reshoot") == 0
    assert bought(chain, "run", "--cascade") == 1
    assert in_film(chain)["room"] == ("t02", "fresh")
    (_, new) = attempts(chain, "room")
    assert new["inputs"] == {"door": attempts(chain, "door")[1]["sha256"]}
    chain.run("pick", "door", "1")
    assert in_film(chain)["room"] == ("t01", "fresh")


def test_an_edited_parent_and_its_edited_child_are_one_purchase(chain: Studio) -> None:
    edit(chain, "A door.", "A red door.")
    edit(chain, "A room.", "A dark room.")
    assert bought(chain, "run") == 2
    parent, child = attempts(chain, "door")[1], attempts(chain, "room")[1]
    assert child["inputs"] == {"door": parent["sha256"]}


def test_a_new_child_of_what_is_stale_by_cascade_only_is_blocked(chain: Studio) -> None:
    chain.run("roll", "door")
    chain.run("pick", "door", "2")
    edit(chain, "prompt: A room.}\n", "prompt: A room.}\n  - {id: bed, continues: room, prompt: A bed.}\n")
    action, why = steps(chain)["bed t01"]
    assert action == "blocked"
    assert "--cascade" in chain.run("plan").out
    assert "accept" in why + chain.run("plan").out
    assert bought(chain, "run", code=8) == 0
    chain.run("accept", "room", "--because", "nobody sees it")
    assert bought(chain, "run") == 1


def test_a_cascade_brings_the_child_of_what_was_stale_along(chain: Studio) -> None:
    chain.run("roll", "door")
    chain.run("pick", "door", "2")
    edit(chain, "prompt: A room.}\n", "prompt: A room.}\n  - {id: bed, continues: room, prompt: A bed.}\n")
    assert bought(chain, "run", "--cascade") == 2
    assert attempts(chain, "bed")[0]["inputs"] == {"room": attempts(chain, "room")[1]["sha256"]}


def test_a_waiver_ends_when_the_inputs_change_again(chain: Studio) -> None:
    chain.run("roll", "door", "--takes", "2")
    chain.run("pick", "door", "2")
    chain.run("accept", "room", "--because", "nobody sees it")
    assert in_film(chain)["room"] == ("t01", "fresh")
    (waiver,) = of_kind(chain, "waiver")
    assert waiver["inputs"] == {"door": attempts(chain, "door")[1]["sha256"]}
    assert waiver["recipe"] == attempts(chain, "room")[0]["recipe"]
    chain.run("pick", "door", "3")
    assert in_film(chain)["room"] == ("t01", "cascade")


# Another provider.


def test_a_deleted_clip_comes_from_the_provider_that_made_it(chain: Studio) -> None:
    clip = chain.folder / "renders/storyboard/door_t01.mp4"
    paid = clip.read_bytes()
    clip.unlink()
    assert steps(chain, "--provider", "simulator-jobs")["door t01"][0] == "fetch"
    assert bought(chain, "run", "--provider", "simulator-jobs") == 0
    assert clip.read_bytes() == paid
    assert {it["provider"] for it in of_kind(chain, "attempt")} == {"simulator"}


def test_what_is_rendered_anyway_goes_to_the_new_provider_and_the_child_begins_on_it(chain: Studio) -> None:
    edit(chain, "A door.", "A red door.")
    edit(chain, "A room.", "A dark room.")
    assert bought(chain, "run", "--provider", "simulator-videos") == 2
    assert [it["provider"] for it in attempts(chain, "room")] == ["simulator", "simulator-videos"]


def test_a_character_is_not_made_out_of_another_providers_shot(chain: Studio) -> None:
    edit(chain, "shots:\n", "characters:\n  gate: {from_shot: door, timestamps: [1, 3]}\nshots:\n")
    edit(chain, "prompt: A room.}\n", 'prompt: A room.}\n  - {id: yard, prompt: "@gate falls shut."}\n')
    found = steps(chain, "--provider", "simulator-jobs")
    blocked = [why for action, why in found.values() if action == "blocked"]
    assert len(blocked) == 2  # the character and the shot that it is in
    assert all("@gate is made from a clip of door at `simulator-jobs`" in why for why in blocked)
    assert bought(chain, "run", "--provider", "simulator-jobs", code=8) == 0
    assert bought(chain, "run") == 2


def test_a_take_of_practice_never_replaces_a_real_one(studio: Studio) -> None:
    profile("house", "rehearsal: false\n")
    studio.write("storyboard.yaml", CHAIN)
    house = ("--provider", "house", "--yes")
    assert bought(studio, "run") == 2
    assert in_film(studio) == {"door": ("t01", "fresh"), "room": ("t01", "fresh")}
    assert bought(studio, "run", *house) == 2
    assert in_film(studio) == {"door": ("t02", "fresh"), "room": ("t02", "fresh")}
    assert attempts(studio, "room")[1]["inputs"] == {"door": attempts(studio, "door")[1]["sha256"]}
    studio.run("pick", "door", "1", code=None)
    assert in_film(studio)["door"][0] == "t02"
    edit(studio, "A door.", "A red door.")
    studio.run("run", "door")
    assert in_film(studio)["door"] == ("t02", "edit")
    assert bought(studio, "run", *house) >= 1
    assert in_film(studio, "--provider", "house")["door"][1] == "fresh"


# Takes and picks.


def test_rolls_count_towards_takes_and_an_edit_renders_as_many_new_ones(chain: Studio) -> None:
    chain.run("roll", "room")
    edit(chain, "id: room,", "id: room, takes: 2,")
    assert bought(chain, "run") == 0
    edit(chain, "A room.", "A dark room.")
    assert bought(chain, "run") == 2
    assert [it["take"] for it in attempts(chain, "room")] == [1, 2, 3, 4]


def test_which_take_is_in_the_film(chain: Studio) -> None:
    chain.run("roll", "room", "--takes", "2")
    assert in_film(chain)["room"] == ("t01", "fresh")
    chain.run("ng", "room", "1")
    assert in_film(chain)["room"] == ("t02", "fresh")
    chain.run("pick", "room", "3")
    assert in_film(chain)["room"] == ("t03", "fresh")
    chain.run("roll", "room")
    assert in_film(chain)["room"] == ("t03", "fresh")
    edit(chain, "A room.", "A dark room.")
    assert in_film(chain)["room"] == ("t03", "edit")
    chain.run("pick", "room", "--clear")
    assert in_film(chain)["room"] == ("t04", "edit")
    chain.run("run")
    assert in_film(chain)["room"] == ("t05", "fresh")


def test_a_choice_that_is_taken_back_is_a_line_and_no_line_is_deleted(chain: Studio) -> None:
    lock = chain.folder / "storyboard.lock"
    chain.run("roll", "room")
    seen = set(lock.read_bytes().splitlines())
    for words in (
        ("pick", "room", "2"), ("pick", "room", "1"), ("pick", "room", "--clear"),
        ("ng", "room", "1"), ("ng", "room", "1", "--clear"),
    ):  # fmt: skip
        chain.run(*words)
        now = set(lock.read_bytes().splitlines())
        assert seen < now
        seen = now
    picks = of_kind(chain, "pick")
    named = [name for one in picks for name in one.get("over", [])]
    assert len(picks) == 3
    assert len([one for one in picks if one["~"] not in named]) == 1


WAIT = CHAIN.replace("id: door,", "id: door, takes: 2,")


def test_what_begins_on_several_takes_waits_or_goes_on_with_the_first_good_one(studio: Studio) -> None:
    studio.write("storyboard.yaml", WAIT)
    result = studio.run("run")
    assert "room t01: door gets 2 takes in this run; then pick one" in " ".join(result.out.split())
    assert len(studio.ledger()) == 2
    for verb in ("plan", "run"):
        page = studio.run(verb).out
        assert "pick a take of door" in page
        assert "sorapipe pick door" in page
    studio.run("ng", "door", "1")
    assert bought(studio, "run", "--first-takes") == 1
    assert attempts(studio, "room")[0]["inputs"] == {"door": attempts(studio, "door")[1]["sha256"]}


def test_two_picks_of_two_branches_are_shown_and_block_until_a_pick_settles_them(chain: Studio) -> None:
    lock = chain.folder / "storyboard.lock"
    chain.run("roll", "door")
    before = lock.read_bytes()
    chain.run("pick", "door", "1")
    ours = lock.read_bytes()
    lock.write_bytes(before)
    chain.run("pick", "door", "2")
    lock.write_bytes(ours + lock.read_bytes())
    edit(chain, "A room.", "A dark room.")
    assert steps(chain)["room t02"][0] == "blocked"
    for verb in ("plan", "status"):
        assert "sorapipe pick door" in " ".join(chain.run(verb).out.split()), verb
    assert bought(chain, "run", code=8) == 0
    chain.run("pick", "door", "2")
    assert bought(chain, "run") == 1
    assert attempts(chain, "room")[1]["inputs"] == {"door": attempts(chain, "door")[1]["sha256"]}


# Reuse.


def test_a_shot_under_another_name_is_found_by_its_recipe_once(chain: Studio) -> None:
    edit(chain, "id: room,", "id: chamber,")
    edit(chain, "A room.}\n", "A room.}\n  - {id: double, continues: door, prompt: A room.}\n")
    assert bought(chain, "run") == 1
    clips = {path.name for path in (chain.folder / "renders/storyboard").glob("*.mp4")}
    assert {"chamber_t01.mp4", "double_t01.mp4"} <= clips
    assert attempts(chain, "chamber")[0]["sha256"] != attempts(chain, "double")[0]["sha256"]


def test_two_shots_of_one_recipe_are_two_purchases(studio: Studio) -> None:
    studio.write("storyboard.yaml", "sorapipe: 1\nshots: [{id: a, prompt: A door.}, {id: b, prompt: A door.}]\n")
    assert bought(studio, "run") == 2
    assert attempts(studio, "a")[0]["sha256"] != attempts(studio, "b")[0]["sha256"]


def test_a_neighbours_clip_is_kept_and_the_neighbour_only_read(chain: Studio) -> None:
    for name in ("storyboard.lock", "renders/storyboard"):
        (chain.folder / name).rename(chain.folder / name.replace("storyboard", "ep01"))
    (chain.folder / "storyboard.yaml").rename(chain.folder / "ep01.yaml")
    chain.run("run", "ep01.yaml")
    before = {path: data for path, data in chain.snapshot().items() if "ep01" in path}
    chain.write("ep02.yaml", CHAIN)
    plan = " ".join(chain.run("plan", "ep02.yaml").out.split())
    assert "= keep door t01 made for ep01" in plan
    assert bought(chain, "run", "ep02.yaml") == 0
    assert {path: data for path, data in chain.snapshot().items() if "ep01" in path} == before
    assert attempts(chain, "room", "ep02")[0]["sha256"] == attempts(chain, "room", "ep01")[0]["sha256"]
    assert (chain.folder / "renders/ep02/room_t01.mp4").exists()


def test_a_clip_from_elsewhere_is_a_take_that_cost_nothing(chain: Studio) -> None:
    shutil.copy(chain.folder / "renders/storyboard/door_t01.mp4", chain.folder / "mine.mp4")
    assert bought(chain, "adopt", "room", "--file", "mine.mp4") == 0
    assert [it["cost"] for it in attempts(chain, "room")] == ["10", "0"]


# The lock.


def test_lock_and_clips_are_named_after_the_storyboard(studio: Studio) -> None:
    text = 'sorapipe: 1\nshots: [{id: storm, matrix: {lens: [wide], sky: [fog]}, prompt: "{{ matrix.sky }}"}]\n'
    studio.write("skerry.sorapipe.yaml", text)
    studio.run("run")
    names = sorted(str(path.relative_to(studio.folder)) for path in studio.folder.rglob("*") if path.is_file())
    assert names == ["renders/skerry/storm.wide.fog_t01.mp4", "skerry.lock", "skerry.sorapipe.yaml"]


def everything(studio: Studio) -> None:
    """A film with a record of every kind in its lock."""
    lost = "rules:\n  - {call: create, when: {prompt: Nobody hears}, what: answer-lost}\n"
    faults = studio.write("faults.yml", lost)
    studio.simulator += f" --faults {faults}"
    studio.write("storyboard.yaml", FILM + "  - {id: lost, prompt: Nobody hears of it.}\n")
    studio.run("run", code=9)
    studio.run("roll", "stairs", "--note", "slower — più lento")
    studio.run("pick", "stairs", "2")
    studio.run("ng", "stairs", "1")
    studio.run("accept", "after", "--because", "the old light is better")
    studio.run("resubmit", "lost", "--yes", code=None)


@pytest.fixture
def full(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """The film with everything in its lock."""
    return staged(everything, tmp_path, tmp_path_factory)


def test_a_lock_is_sorted_lines_that_check_themselves(full: Studio) -> None:
    data = (full.folder / "storyboard.lock").read_bytes()
    assert data.endswith(b"\n")
    assert b"\r" not in data
    assert "più" in data.decode()
    lines = data.splitlines()
    records: list[dict[str, Any]] = [json.loads(line) for line in lines]
    for line, record in zip(lines, records, strict=True):
        *names, last = record
        assert last == "~"
        assert names == sorted(names)
        body = line[: line.rindex(b',"~"')]
        assert record["~"] == sha256(body).hexdigest()[:8]
    assert {record["kind"] for record in records} == KINDS
    assert records[0]["kind"] == "lock"
    rest = [
        (it["kind"], it.get("address", it.get("name", "")), it.get("take", 0), it.get("token", ""))
        for it in records[1:]
    ]
    assert all(one <= other for one, other in pairwise(rest))


def test_what_stands_in_a_lock_and_what_never_does(full: Studio) -> None:
    (first,) = of_kind(full, "lock")
    assert first.keys() == {"kind", "lineage", "version", "~"}
    needed = {"address", "take", "token", "recipe", "provider", "model", "state", "kind", "~"}
    known = needed | {
        "inputs", "task", "tasks", "cost", "currency", "sha256", "bytes", "out", "rehearsal", "why", "price", "account",
    }  # fmt: skip
    for record in of_kind(full, "attempt"):
        assert needed <= record.keys() <= known
        assert record["state"] != "intent"
    text = (full.folder / "storyboard.lock").read_text()
    for never in (str(full.folder), str(full.state), "http://", "?sig", "Signature", '"t":', "canary", "127.0.0.1"):
        assert never not in text
    assert text.count("https://") == text.count("https://example.org/tom.mp4") == 1


def test_members_and_kinds_that_nobody_knows_stay_byte_for_byte(chain: Studio) -> None:
    lock = chain.folder / "storyboard.lock"
    strange = sealed({"kind": "festoon", "address": "door", "colours": [1.50, {"b": None}], "when": "later"})
    lines = lock.read_bytes().splitlines()
    at = next(number for number, line in enumerate(lines) if b'"address":"room"' in line)
    marked = json.loads(lines[at])
    marked.pop("~")
    lines[at] = sealed(marked | {"grade": {"warm": 3}})
    lock.write_bytes(b"\n".join([*lines, strange, b""]))
    chain.run("roll", "room")
    chain.run("pick", "room", "2")
    after = lock.read_bytes().splitlines()
    assert strange in after
    assert lines[at] in after


def test_an_order_that_nobody_answered_blocks_its_take_on_every_machine(full: Studio, tmp_path: Path) -> None:
    lost = attempts(full, "lost")
    assert lost
    assert all("task" not in it for it in lost if it["state"] == "uncertain")
    other = Studio(tmp_path / "other", tmp_path / "other-state", full.simulator)
    shutil.copytree(full.folder, other.folder)
    other.state.mkdir()
    (other.state / "simulator").symlink_to(full.state / "simulator")  # one provider, two machines
    page = other.run("plan", "lost").out
    assert "adopt" in page
    assert "resubmit" in page
    assert bought(other, "run", "lost", code=9) == 0


def test_a_newer_lock_is_refused_by_every_verb_and_left_alone(chain: Studio) -> None:
    lock = chain.folder / "storyboard.lock"
    (first,) = of_kind(chain, "lock")
    first.pop("~")
    newer = sealed(first | {"version": 2}) + b"\n" + lock.read_bytes().partition(b"\n")[2]
    lock.write_bytes(newer)
    for words in (
        ("run",), ("plan",), ("status",), ("roll", "room"), ("pick", "room", "1"), ("ng", "room", "1"),
        ("accept", "room", "--because", "x"), ("fetch",), ("verify",), ("lock", "verify"), ("lock", "resolve"),
        ("gc",), ("why", "room"), ("run", "--locked"),
    ):  # fmt: skip
        result = chain.run(*words, code=5)
        assert "it is of version 2" in result.out + result.err, words
    assert lock.read_bytes() == newer
    assert len(chain.ledger()) == 2


RANKS = ("uncertain", "submitted", "vanished", "unavailable", "failed", "suspect", "done")


@pytest.mark.parametrize(("low", "high"), [*pairwise(RANKS), ("uncertain", "done")])
def test_of_two_lines_of_one_order_the_higher_state_holds_and_every_task_stays(
    chain: Studio, low: str, high: str
) -> None:
    lock = chain.folder / "storyboard.lock"
    whole = lock.read_bytes().splitlines()
    made = next(json.loads(line) for line in whole if b'"address":"room"' in line)
    made.pop("~")
    rest = [line for line in whole if b'"address":"room"' not in line]
    one, other = (sealed(made | {"state": state, "task": f"task_{state}"}) for state in (low, high))
    for order in ((one, other), (other, one)):
        lock.write_bytes(b"\n".join([*rest, *order, b""]))
        assert "in order" in chain.run("lock", "resolve").err
        (joined,) = attempts(chain, "room")
        assert joined["state"] == high
        assert joined["tasks"] == sorted([f"task_{low}", f"task_{high}"])


def test_nothing_new_leaves_the_lock_as_it_is(chain: Studio) -> None:
    chain.run("pick", "room", "1")
    before = (chain.folder / "storyboard.lock").stat()
    chain.run("pick", "room", "1", code=None)
    chain.run("run")
    chain.run("fetch", code=None)
    after = (chain.folder / "storyboard.lock").stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


# The journal.


def test_what_lies_in_the_state_folder_and_that_it_is_no_work_tree(chain: Studio) -> None:
    (first,) = of_kind(chain, "lock")
    lineage = first["lineage"]
    assert (chain.state / f"journals/{lineage}.jsonl").is_file()
    assert (chain.state / f"locks/{lineage}").is_file()
    index = [json.loads(line) for line in (chain.state / "index.jsonl").read_text().splitlines()]
    assert any(line.get("lineage") == lineage for line in index)
    assert {path.name for path in chain.folder.iterdir()} == {"storyboard.yaml", "storyboard.lock", "renders"}


def test_a_deleted_lock_takes_its_lineage_from_the_index_and_its_takes_from_the_journal(studio: Studio) -> None:
    chained(studio)
    lock = studio.folder / "storyboard.lock"
    before = lock.read_bytes()
    index = [json.loads(line) for line in (studio.state / "index.jsonl").read_text().splitlines()]
    (lineage,) = {it["lineage"] for it in of_kind(studio, "lock")}
    real = str((studio.folder / "storyboard.yaml").resolve())
    assert [it["lineage"] for it in index if it.get("manifest") == real] == [lineage]
    lock.unlink()
    assert bought(studio, "run") == 0
    assert lock.read_bytes() == before


@pytest.mark.parametrize("first", [(), ("roll", "door"), ("pick", "room", "1")])
def test_after_a_lock_was_deleted_another_model_alone_still_buys_nothing(
    studio: Studio, first: tuple[str, ...]
) -> None:
    chained(studio)
    (studio.folder / "storyboard.lock").unlink()
    if first:
        studio.run(*first)
    studio.run("run")
    edit(studio, "sorapipe: 1\n", "sorapipe: 1\ndefaults: {model: sora-2-hd}\n")
    assert in_film(studio)["room"] == ("t01", "model")
    assert bought(studio, "run") == 0


@pytest.mark.parametrize(("old", "new"), [("", "{model: sora-2-hd}"), ("{model: sora-2}", "{model: sora-2-hd}")])
def test_a_deleted_lock_and_another_model_at_once_buy_nothing(studio: Studio, old: str, new: str) -> None:
    chained(studio)
    if old:
        edit(studio, "sorapipe: 1\n", f"sorapipe: 1\ndefaults: {old}\n")
        studio.run("run", "--reshoot")
    (studio.folder / "storyboard.lock").unlink()
    if old:
        edit(studio, old, new)
    else:
        edit(studio, "sorapipe: 1\n", f"sorapipe: 1\ndefaults: {new}\n")
    assert in_film(studio)["room"][1] == "model"
    assert bought(studio, "run") == 0


def test_a_journal_only_grows_and_a_torn_end_counts_as_never_written(studio: Studio) -> None:
    chained(studio)
    journals = studio.state / "journals"
    (journal,) = journals.glob("*.jsonl")
    seen = journal.read_bytes()
    studio.run("roll", "room")
    assert journal.read_bytes().startswith(seen)
    seen = journal.read_bytes()
    journal.write_bytes(seen + b'{"kind":"submitted","tok')  # the power went
    assert bought(studio, "run") == 0
    assert bought(studio, "roll", "room") == 1
    assert journal.read_bytes().startswith(seen)


@contextmanager
def watched() -> Iterator[list[str]]:
    """What this process opens for writing, makes, moves, deletes or starts meanwhile."""
    found: list[str] = []
    going = [True]
    changes = ("os.mkdir", "os.rename", "os.remove", "os.truncate", "subprocess.Popen", "os.posix_spawn", "os.fork")

    def hook(event: str, words: tuple[object, ...]) -> None:
        if not going:
            return
        if event in changes:
            found.append(f"{event} {words[0]}")
        elif event == "open" and isinstance(words[2], int) and words[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            found.append(f"open {words[0]}")

    sys.addaudithook(hook)
    try:
        yield found
    finally:
        going.clear()


def test_a_run_with_nothing_to_do_opens_nothing_for_writing_and_starts_nothing(
    chain: Studio, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(chain.folder)
    monkeypatch.setenv("SORAPIPE_STATE_DIR", str(chain.state))
    with watched() as found:
        assert run_here(("run",)) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert found == []


# Money.

PRICES = """\
currency: EUR
models:
  sora-2:
    price:
      - {amount: "0.15", per: second, size: 1280x720}
      - {amount: "2", per: clip, seconds: 15}
      - {amount: "1", per: clip}
    character_price: {amount: "0.40", per: clip}
"""


def priced(studio: Studio, provider: str) -> dict[str, str]:
    """The price of each step at a provider, by the shot's or character's name."""
    found = studio.run("plan", "--provider", provider, "--json").data["steps"]
    assert isinstance(found, list)
    return {it["label"]: it["price"] for it in found}


def test_the_first_price_that_fits_counts(studio: Studio) -> None:
    profile("house", PRICES)
    studio.write("storyboard.yaml", """\
sorapipe: 1
characters:
  tom: {name: Old Tom, url: "https://example.org/tom.mp4", timestamps: [1, 3]}
shots:
  - {id: a, size: 1280x720, seconds: 10, prompt: "@tom rows."}
  - {id: b, size: 720x1280, seconds: 15, prompt: B.}
  - {id: c, size: 720x1280, seconds: 10, prompt: C.}
""")  # fmt: skip
    prices = priced(studio, "house")
    assert prices == {"@tom": "0.40", "a": "1.50", "b": "2", "c": "1"}
    assert "EUR" in studio.run("plan", "--provider", "house").out
    profile("simple", 'currency: EUR\nmodels: {sora-2: {price: {amount: "0.15", per: clip}}}\n')
    found = priced(studio, "simple")
    assert {found[label] for label in "abc"} == {"0.15"}


def test_a_character_that_is_made_by_a_create_is_a_full_paid_render_and_says_so(studio: Studio) -> None:
    studio.write("storyboard.yaml", FILM)
    (line,) = [line for line in studio.run("plan").out.splitlines() if "@tom" in line]
    assert "10 credits" in line
    assert "a full paid render" in line


def test_the_token_goes_to_the_provider_where_that_takes_metadata(studio: Studio) -> None:
    takes: dict[str, set[bool]] = {}
    for listed in shipped(None):
        it = load_profile(listed.name, None).profile
        assert it is not None
        if not it.capabilities.rehearsal:
            takes.setdefault(it.dialect, set()).add("metadata" in it.capabilities.fields)
    assert takes == {"tasks": {True}, "jobs": {False}, "videos": {False}}
    studio.write("storyboard.yaml", CHAIN)
    studio.run("run")
    told = {charge["task"]: charge["token"] for charge in studio.ledger()}
    assert told == {it["task"]: it["token"] for it in of_kind(studio, "attempt")}
