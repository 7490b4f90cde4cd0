"""Why a clip is out of date: what changed, where it was written, and what it takes; also since a revision of git."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from cli.commands import Sorapipe
from cli.shelf import shoot

FILM = """\
sorapipe: 1
title: A film
vars: {tone: wind and gulls, unused: nothing}
defaults: {model: sora-2, seconds: 10, look: "35mm, soft light."}
characters:
  tom:
    url: "https://example.org/tom.mp4"
    timestamps: [1, 3]
    description: an old man in a yellow oilskin
  lantern: {description: a dented brass lantern}
templates:
  portrait:
    params: {who: null, mood: calm}
    prompt: "Close on {{ who }}, {{ mood }}, only {{ vars.tone }}."
scenes:
  - id: shore
    defaults: {look: "35mm, cold dawn."}
    shots:
      - {id: cliff, prompt: A gull hangs in the wind., title: The cliff, tags: [opening]}
      - id: boat
        takes: 2
        prompt: >-
          A small boat crosses
          grey water.
      - {id: landing, continues: boat, prompt: He steps out.}
  - id: tower
    shots:
      - {id: face, template: portrait, with: {who: "@lantern"}}
      - {id: stairs, input_reference: refs/stairs.png, prompt: He climbs.}
      - id: spot
        matrix: {product: products.csv}
        prompt: "{{ vars.name }} for {{ vars.price }}."
      - id: loop
        prompt: "{% if vars.tone %}All is {{ vars.tone }}{% endif %} tonight."
"""
PRODUCTS = "id,vars.name,vars.price\na-100,Lamp,9.90\nb-200,Rope,5\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest.fixture
def tram(here: Path) -> Path:
    """A film that is rendered, in a repository."""
    write(here, FILM, PRODUCTS, PNG)
    shoot("storyboard.yaml")
    (here / ".gitignore").write_text("renders\n")
    git(here, "init", "--quiet", "--initial-branch=main")
    commit(here)
    return here


def write(folder: Path, film: str, products: str = PRODUCTS, picture: bytes = PNG) -> None:
    (folder / "refs").mkdir(exist_ok=True)
    (folder / "storyboard.yaml").write_text(film)
    (folder / "products.csv").write_text(products)
    (folder / "refs/stairs.png").write_bytes(picture)


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=Ed", "-c", "user.email=ed@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "a version")


def place(text: str, needle: str) -> str:
    """Where something stands in the film: `storyboard.yaml:12:3`."""
    head = text[: text.index(needle)]
    return f"storyboard.yaml:{head.count(chr(10)) + 1}:{len(head) - head.rfind(chr(10))}"


EDITS = {
    "prompt": (
        ("hangs in", "hangs on", "cliff"),
        ["  prompt", "    35mm, cold dawn. ¶ A gull hangs [-in-]{+on+} the wind.", "    <A gull>"],
    ),
    "look of the scene": (
        ("cold dawn", "warm dawn", "cliff"),
        ["    35mm, [-cold-]{+warm+} dawn. ¶ A gull hangs in …", '    look  <"35mm, warm> (scene shore)'],
    ),
    "look of the defaults": (("soft light", "hard light", "face"), ['    look  <"35mm, hard> (defaults)']),
    "variable": (
        ("wind and", "rain and", "face"),
        ["    … ¶ Close on @lantern, calm, only [-wind-]{+rain+} and gulls.", "    variable tone  <rain and>"],
    ),
    "variable in a condition": (
        ("wind and", "rain and", "loop"),
        ["    35mm, soft light. ¶ All is [-wind-]{+rain+} and gulls tonight.", "    variable tone  <rain and>"],
    ),
    "default of a template": (("mood: calm", "mood: stern", "face"), ["    `mood`  <stern> (template portrait)"]),
    "value for a template": (('"@lantern"}', '"@lantern", mood: sad}', "face"), ["    `mood`  <sad}>"]),
    "text of a template": (("Close on", "Near", "face"), ['    <"Near> (template portrait)']),
    "words taken away": ((", only {{", ", {{", "face"), ["calm, [-only-] wind", '<"Close on>']),
    "seconds": (("seconds: 10", "seconds: 15", "cliff"), ["  seconds 10 → 15  <15, look> (defaults)"]),
    "a prop": (
        ("a dented", "a polished", "face"),
        ["  @lantern", "    description", "      a [-dented-]{+polished+} brass lantern", "      <a polished>"],
    ),
    "a frame": (
        ("input_reference: refs/stairs.png", "continues: cliff", "stairs"),
        ["  begins on another frame (a picture → the last frame of cliff)  continues  <cliff, prompt: He climbs>"],
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_each_change_is_named_with_its_place(tram: Path, sorapipe: Sorapipe, name: str) -> None:
    (old, new, shot), lines = EDITS[name]
    text = FILM.replace(old, new)
    write(tram, text)
    out = sorapipe("why", shot).out
    assert out.startswith(f"{shot}: t01 is in the film and out of date: edited\n")
    for line in lines:
        assert re.sub("<(.*)>", lambda match: place(text, match[1]), line) in out
    assert f"      sorapipe run {shot}\n" in out
    assert f'      sorapipe accept {shot} --because "…"\n' in out


def test_a_value_of_a_table_is_placed_in_its_row(tram: Path, sorapipe: Sorapipe) -> None:
    write(tram, FILM, PRODUCTS.replace("9.90", "8.90"))
    out = sorapipe("why").out
    assert "spot/a-100: t01 is in the film and out of date: edited" in out
    assert "Lamp for [-9.90.-]{+8.90.+}" in out
    assert "variable price  products.csv:2:12 (product a-100)" in out
    assert "spot/b-200" not in out
    assert "nothing changed in 6 other shots" in out


def test_other_bytes_of_a_picture_are_told_with_both_digests(tram: Path, sorapipe: Sorapipe) -> None:
    write(tram, FILM, PRODUCTS, PNG + b"1")
    out = sorapipe("why", "stairs").out
    assert "  input_reference: another picture (refs/stairs.png " in out
    assert " → " in out
    assert place(FILM, "refs/stairs.png") in out
    change = json.loads(sorapipe("why", "stairs", "--json").out)["shots"][0]["changes"][0]
    assert len(change["old"]) == len(change["new"]) == 64


def test_the_takes_of_a_parent_are_told_and_what_is_between_them(tram: Path, sorapipe: Sorapipe) -> None:
    sorapipe("pick", "boat", "1")
    shoot("storyboard.yaml", "landing")
    sorapipe("pick", "boat", "2")
    out = sorapipe("why", "landing").out
    assert out == (
        "landing: t01 is in the film and out of date: a clip that it begins on is another one\n"
        f"  boat: another take is picked (t01 then, t02 now)  continues  {place(FILM, 'boat, prompt: He steps')}\n"
        "  to render it again (1 take; 10 credits):\n"
        "      sorapipe run --cascade landing\n"
        "  to keep it as it is, for nothing:\n"
        '      sorapipe accept landing --because "…"\n'
    )
    write(tram, FILM.replace("grey water", "black water"))
    assert "landing: t01 is in the film and out of date: a clip that it" in sorapipe("why", "landing").out
    shoot("storyboard.yaml", "boat")
    sorapipe("pick", "boat", "3")
    out = sorapipe("why", "landing").out
    assert "(t01 then, t03 now)" in out
    assert "    between the two:\n      prompt\n" in out
    assert "crosses [-grey-]{+black+} water." in out


def test_the_plan_says_the_same(tram: Path, sorapipe: Sorapipe) -> None:
    write(tram, FILM.replace("hangs in", "hangs on"))
    changes = json.loads(sorapipe("why", "cliff", "--json").out)["shots"][0]["changes"]
    steps = json.loads(sorapipe("plan", "cliff", "--json").out)["steps"]
    assert steps[0]["reason"]["text"] == "; ".join(change["text"] for change in changes) == "prompt: in → on"
    (spot,) = changes[0]["places"]
    where = spot["now"]
    assert f"{where['file']}:{where['line']}:{where['column']}" == place(FILM, "A gull hangs")
    assert (spot["what"], spot["role"], spot["then"]) == ("prompt", None, None)


def test_a_model_alone_is_bought_by_reshoot_and_a_waiver_is_told(tram: Path, sorapipe: Sorapipe) -> None:
    write(tram, FILM.replace("model: sora-2", "model: sora-2-hd"))
    out = sorapipe("why", "cliff").out
    assert "cliff: t01 is in the film and out of date only by its model\n  model sora-2 → sora-2-hd" in out
    assert "      sorapipe run --reshoot cliff\n" in out
    sorapipe("accept", "cliff", "--because", "the old lens")
    assert sorapipe("why", "cliff").out.startswith("cliff: t01 is in the film, accepted as it is: the old lens\n")


def test_a_new_shot_and_what_it_needs_are_priced(tram: Path, sorapipe: Sorapipe) -> None:
    write(tram, FILM + "      - {id: more, prompt: '@tom waves.'}\n      - {id: end, continues: more, prompt: Dark.}\n")
    out = sorapipe("why", "end").out
    assert "end: not rendered yet\n  to render it (1 take, 1 take that it needs, 1 character; 30 credits):\n" in out


def test_what_waits_says_for_what(tram: Path, sorapipe: Sorapipe) -> None:
    out = sorapipe("why", "landing").out
    assert out == "landing: not rendered yet\n  pick a take of boat\n      sorapipe pick boat N\n"


def test_nothing_changed(tram: Path, sorapipe: Sorapipe) -> None:
    assert sorapipe("why", "cliff", "face").out == (
        "cliff: nothing changed since t01 was rendered\n\nface: nothing changed since t01 was rendered\n"
    )
    assert sorapipe("why", "--exclude", "landing").out == "nothing changed in 7 shots\n"
    assert "no shot `clif`" in sorapipe("why", "clif", code=2).err


def test_why_writes_nothing(tram: Path, sorapipe: Sorapipe) -> None:
    def files() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in tram.rglob("*") if path.is_file()}

    before = files()
    sorapipe("why")
    sorapipe("why", "--since", "HEAD")
    assert files() == before


def test_since_a_revision_both_sides_are_rendered(tram: Path, sorapipe: Sorapipe) -> None:
    write(tram, FILM.replace("wind and", "rain and").replace("cliff, prompt: A gull", "rock, prompt: A hawk"))
    out = sorapipe("why", "--since", "main").out
    assert out.startswith("since main (")
    assert "face: edited\n  prompt\n" in out
    assert "only [-wind-]{+rain+} and gulls." in out
    assert "    variable tone  storyboard.yaml:3:14\n" in out
    assert "  made from what it was: t01\n" in out
    assert "      sorapipe run face\n" in out
    assert "new: rock\ngone: cliff\n" in out
    assert "the same as then: 5 shots" in out
    data = json.loads(sorapipe("why", "face", "--since", "main", "--json").out)
    assert data["since"]["rev"] == "main"
    (shot,) = data["shots"]
    assert (shot["fate"], shot["takes"], shot["today"]["standing"]) == ("changed", ["t01"], "edit")
    assert shot["changes"][0]["places"][0]["then"]["file"] == "main:storyboard.yaml"


def test_a_deleted_variable_is_placed_where_it_was(tram: Path, sorapipe: Sorapipe) -> None:
    write(tram, FILM.replace(", only {{ vars.tone }}.", "."))
    out = sorapipe("why", "face", "--since", "HEAD").out
    assert "variable tone  taken away (it was HEAD:storyboard.yaml:3:14)" in out


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: The cliff", "title: A rock", "cliff: edited without an effect: title"),
        ("tags: [opening]", "tags: [end]", "cliff: edited without an effect: tags"),
        ("crosses\n          grey water.", "crosses grey\n          water.", ""),
        ("A gull hangs in the wind.", "'A gull hangs in the wind.'", ""),
        ("takes: 2", "takes: 2\n        notes: slower\n        use: {out: 5}",
         "boat: edited without an effect: notes, use"),
        ("unused: nothing", "unused: something", "edited without an effect on any shot: variable unused"),
        ("title: A film", "title: Another film", "edited without an effect on any shot: the title"),
        ("id: tower", "id: house", "its scene (was tower)"),
        ("sorapipe: 1", "# a remark\nsorapipe: 1", ""),
    ],
)  # fmt: skip
def test_cosmetic_edits_give_nothing(tram: Path, sorapipe: Sorapipe, old: str, new: str, said: str) -> None:
    write(tram, FILM.replace(old, new))
    out = sorapipe("why", "--since", "HEAD").out
    assert "nothing that is sent has changed since HEAD (" in out
    assert said in out
    assert "sorapipe run" not in out


def test_the_order_of_shots_is_cosmetic(tram: Path, sorapipe: Sorapipe) -> None:
    line = "      - {id: stairs, input_reference: refs/stairs.png, prompt: He climbs.}\n"
    write(tram, FILM.replace(line, "") + line)
    assert "the order of the shots" in sorapipe("why", "--since", "HEAD").out


def test_a_shot_that_was_renamed_is_the_same(tram: Path, sorapipe: Sorapipe) -> None:
    text = FILM.replace("id: boat", "id: dinghy").replace("continues: boat", "continues: dinghy")
    write(tram, text + "moved: [{from: boat, to: dinghy}]\n")
    out = sorapipe("why", "--since", "HEAD").out
    assert "dinghy: edited without an effect: its name (was boat)" in out
    assert "nothing that is sent has changed" in out


def test_a_revision_that_was_rendered_since_needs_nothing(tram: Path, sorapipe: Sorapipe) -> None:
    write(tram, FILM.replace("hangs in", "hangs on"))
    shoot("storyboard.yaml", "cliff")
    out = sorapipe("why", "cliff", "--since", "HEAD").out
    assert "  made from what it was: t01\n  t02 is in the film and was rendered since: nothing to do\n" in out


def test_pasts_that_there_are_not(tram: Path, sorapipe: Sorapipe, tmp_path: Path) -> None:
    assert "git knows no revision `mian`" in sorapipe("why", "--since", "mian", code=2).err
    assert "git knows no revision" in sorapipe("why", "--since", "--output=x", code=2).err
    (tram / "other.yaml").write_text("sorapipe: 1\nshots: [{id: a, prompt: A.}]\n")
    assert "there was no `other.yaml` at HEAD (" in sorapipe("why", "other.yaml", "--since", "HEAD", code=2).err
    write(tram, FILM.replace("template: portrait", "template: portrat"))
    commit(tram)
    write(tram, FILM)
    err = sorapipe("why", "--since", "HEAD", code=3).err
    assert f"HEAD:{place(FILM, 'portrait, with')}: error: there is no template `portrat`" in err
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "film.yaml").write_text("sorapipe: 1\nshots: [{id: a, prompt: A.}]\n")
    err = sorapipe("why", str(outside / "film.yaml"), "--since", "HEAD", code=2).err
    assert "there is no past to compare with: not a git repository" in err


def test_many_shots_with_one_cause_are_told_together(here: Path, sorapipe: Sorapipe) -> None:
    def board(tone: str, odd: str) -> str:
        lines = "".join(f"  - {{id: s{n}, prompt: 'Number {n} in the {{{{ vars.tone }}}}.'}}\n" for n in range(1500))
        return f"sorapipe: 1\nvars: {{tone: {tone}}}\nshots:\n{lines}  - {{id: odd, prompt: {odd}}}\n"

    (here / "storyboard.yaml").write_text(board("wind", "One."))
    shoot("storyboard.yaml")
    git(here, "init", "--quiet")
    commit(here)
    (here / "storyboard.yaml").write_text(board("rain", "Two."))
    for words in ((), ("--since", "HEAD")):
        out = sorapipe("why", *words).out
        assert "  the same in 1,499 other shots: s1, s2, s3, s4, s5 and 1,494 more\n" in out
        assert out.count("variable tone  storyboard.yaml:2:14") == 1
        assert "\nodd: " in out
    assert len(json.loads(sorapipe("why", "--json").out)["shots"]) == 1501
    assert sorapipe("why", "s1", "s2").out.count("variable tone") == 2
    assert "      the same in 1,499 other shots" in sorapipe("plan", "--against", "HEAD").out


def test_a_take_whose_text_nobody_kept(tram: Path, sorapipe: Sorapipe) -> None:
    write(tram, FILM.replace("hangs in", "hangs on"))
    shoot("storyboard.yaml", "cliff")
    lock = tram / "storyboard.lock"
    kept = [line for line in lock.read_text().splitlines(keepends=True) if "hangs on" not in line]
    lock.write_text("".join(kept))
    write(tram, FILM.replace("hangs in", "sits in"))
    out = sorapipe("why", "cliff").out
    assert "  the recipe is another one (no lock here holds the text that it was made from)\n" in out
