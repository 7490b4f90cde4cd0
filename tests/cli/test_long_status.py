"""`status` of a long film: scenes with numbers, then only what needs a person, and the command for it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from cli.commands import Sorapipe
from cli.shelf import shoot

from sorapipe.planning.facts import AttemptState

SCENES, SHOTS = 8, 10
BOARD = "sorapipe: 1\nscenes:\n" + "".join(
    f"  - id: day-{scene}\n    title: Day {scene}\n    shots:\n"
    + "".join(f"      - {{id: s{scene}x{shot}, prompt: The quay number {scene} {shot}.}}\n" for shot in range(SHOTS))
    for scene in range(SCENES)
)
ENDS = {
    "s1x3": AttemptState.FAILED, "s1x4": AttemptState.FAILED, "s4x0": AttemptState.FAILED,
    "s2x2": AttemptState.SUSPECT, "s3x1": AttemptState.UNCERTAIN, "s3x2": AttemptState.UNCERTAIN,
}  # fmt: skip


@pytest.fixture
def film(here: Path) -> Path:
    """Eighty shots: most are done, some ended badly, one was edited, one has lost its clip, one is new."""
    path = here / "storyboard.yaml"
    path.write_text(BOARD)
    shoot("storyboard.yaml", ends=ENDS)
    edited = BOARD.replace("number 5 5", "number five")
    path.write_text(edited + "      - {id: last, prompt: The end.}\n")
    (here / "renders/storyboard/s6x6_t01.mp4").unlink()
    return here


@pytest.mark.parametrize("columns", ["80", "120"])
def test_scenes_are_counted_and_only_trouble_is_named(
    film: Path, sorapipe: Sorapipe, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    for name, value in {"COLUMNS": columns, "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    lines = sorapipe("status").out.splitlines()
    assert max(map(len, lines)) <= int(columns)
    assert lines[lines.index("scenes") + 1 :][:SCENES] == [
        "  day-0 · Day 0  10 of 10 done",
        "  day-1 · Day 1   8 of 10 done  2 failed",
        "  day-2 · Day 2   9 of 10 done  1 suspect",
        "  day-3 · Day 3   8 of 10 done  2 uncertain",
        "  day-4 · Day 4   9 of 10 done  1 failed",
        "  day-5 · Day 5   9 of 10 done  1 stale",
        "  day-6 · Day 6  10 of 10 done  1 missing",
        "  day-7 · Day 7  10 of 11 done  1 not rendered",
    ]
    assert "73 of 81 shots done, 1 stale, 1 clip missing" in " ".join(lines)
    needs = lines[lines.index("needs attention") + 1 :]
    assert needs[:3] == ["  2 takes to render (20 credits)", "  1 take to fetch again (paid)", "      sorapipe run"]
    assert "  s1x3, s1x4, s4x0: it failed before" in needs
    assert "s0x0" not in " ".join(lines)


def test_alike_things_have_one_command_and_it_works(film: Path, sorapipe: Sorapipe) -> None:
    lines = [line.strip() for line in sorapipe("status").out.splitlines()]
    assert "sorapipe roll s1x3 s1x4 s4x0" in lines
    assert "sorapipe resubmit s3x1 s3x2" in lines
    assert lines.count("sorapipe adopt s3x1 TASK") == 1
    picked = sorapipe("plan", *shlex.split("s1x3 s1x4 s4x0")).out
    assert picked.count("it failed before") == 3


def test_many_that_failed_are_chosen_by_their_end(here: Path, sorapipe: Sorapipe) -> None:
    (here / "storyboard.yaml").write_text(BOARD)
    shoot("storyboard.yaml", ends={f"s{scene}x{shot}": AttemptState.FAILED for scene in (1, 2) for shot in range(9)})
    out = sorapipe("status").out
    assert "  s1x0, s1x1, s1x2, s1x3, s1x4 and 13 more: it failed before" in out
    assert "sorapipe roll result:failed\n" in out


def test_a_command_that_names_only_some_says_so(here: Path, sorapipe: Sorapipe) -> None:
    (here / "storyboard.yaml").write_text(BOARD)
    shoot("storyboard.yaml", ends={f"s{scene}x{shot}": AttemptState.FAILED for scene in (1, 2) for shot in range(9)})
    (here / "storyboard.yaml").write_text(BOARD.replace("number 1 0", "number one"))
    lines = sorapipe("status").out.splitlines()
    at = next(number for number, line in enumerate(lines) if "sorapipe roll" in line)
    assert len(lines[at].split()) == 2 + 12
    assert lines[at + 1].strip() == "… and 5 more alike"


def test_everything_is_shown_where_that_is_asked(film: Path, sorapipe: Sorapipe) -> None:
    short, whole = sorapipe("status").out, sorapipe("status", "--all").out
    assert "`sorapipe status --all` lists every take" in " ".join(short.split())
    assert "--all" not in whole
    assert len([line for line in whole.splitlines() if "renders/storyboard/" in line]) == 80 - len(ENDS)
    assert short[short.index("needs attention") :].startswith(whole[whole.index("needs attention") :])


def test_a_part_of_it_that_is_short_is_a_table(film: Path, sorapipe: Sorapipe) -> None:
    out = sorapipe("status", "scene:day-1").out
    assert "s1x0  ○ t01  done    renders/storyboard/s1x0_t01.mp4" in out
    assert "scenes" not in out


def test_data_is_always_whole(film: Path, sorapipe: Sorapipe) -> None:
    assert len(sorapipe("status", "--json").data["shots"]) == SCENES * SHOTS + 1
    assert sorapipe("status", "--json").out == sorapipe("status", "--all", "--json").out


def test_of_very_many_scenes_those_that_are_done_are_counted(here: Path, sorapipe: Sorapipe) -> None:
    board = "sorapipe: 1\nscenes:\n" + "".join(
        f"  - {{id: day-{number}, shots: [{{id: s{number}, prompt: The quay {number}.}}]}}\n" for number in range(70)
    )
    (here / "storyboard.yaml").write_text(board)
    shoot("storyboard.yaml", ends={"s33": AttemptState.FAILED})
    lines = sorapipe("status").out.splitlines()
    start = lines.index("scenes")
    assert lines[start + 1 : start + 4] == ["  day-33  0 of 1 done  1 failed", "  69 scenes more, all done", ""]


def test_of_a_large_cast_only_who_is_not_there_is_named(here: Path, sorapipe: Sorapipe) -> None:
    cast = "".join(
        f'  p{number}: {{url: "https://example.org/{number}.mp4", timestamps: [1, 3], description: one}}\n'
        for number in range(70)
    )
    (here / "storyboard.yaml").write_text(f"sorapipe: 1\ncharacters:\n{cast}shots: [{{id: a, prompt: A street.}}]\n")
    out = sorapipe("status").out
    assert "  70 not made: @p0, @p1, @p2, @p3, @p4 and 65 more\n" in out
    assert "@p69" in sorapipe("status", "--all").out
