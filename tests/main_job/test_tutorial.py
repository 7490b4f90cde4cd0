"""The tutorial: every command in it is run, in its order, and what it shows is what one sees."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import canary
import clones
import pytest
import warm_start
from studio import Studio, shelf, with_shelf

TUTORIAL = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text()
BLOCKS = [(kind, text.rstrip("\n")) for kind, text in re.findall(r"^```(\w*)\n(.*?)^```$", TUTORIAL, flags=re.S | re.M)]
SHOWN = re.compile(r"(?<!`)`sorapipe ([a-z]+)[^`]*`")


@dataclass
class Terminal:
    """What a person types into: it stands in a folder and remembers what was exported."""

    folder: Path
    environment: Mapping[str, str]
    canned: Path
    exported: dict[str, str] = field(default_factory=dict)

    def type(self, line: str) -> str:
        """Runs one line; what it printed. Anything but a good end is a failure."""
        program, *words = shlex.split(line.replace("$PWD", str(self.folder)))
        if program == "cd":
            self.folder = (self.folder / words[0]).resolve(strict=True)
            return ""
        if program == "mkdir":
            (self.folder / words[0]).mkdir()
            return ""
        if program == "export":
            self._export(*words[0].split("=", 1))
            return ""
        if program == "git":
            return clones.Clone(self.folder).git(*words)
        assert program == "sorapipe", line
        code, out, err = warm_start.run(words, self.folder, {**self.environment, **self.exported}, "")
        canary.listen(out, err)
        assert code == 0, f"{line}: exit {code}\n{out}\n{err}"
        return out + err

    def _export(self, name: str, value: str) -> None:
        self.exported[name] = value
        if name == "SORAPIPE_STATE_DIR":
            with_shelf(Path(value) / "simulator", self.canned)

    def edit(self, diff: str) -> None:
        """Changes the storyboard as a person with an editor does: the lines with `-` become those with `+`."""
        path = self.folder / "storyboard.yaml"
        old, new = ("".join(f"{line[1:]}\n" for line in diff.splitlines() if line[0] == sign) for sign in "-+")
        text = path.read_text()
        assert text.count(old) == 1, old
        path.write_text(text.replace(old, new))


@pytest.fixture
def terminal(studio: Studio, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    for name, value in clones.IDENTITY.items():
        monkeypatch.setenv(name, value)
    return Terminal(studio.folder, studio.environment(), shelf(tmp_path_factory))


def test_two_people_make_one_film(terminal: Terminal, studio: Studio) -> None:
    printed = ""
    for kind, text in BLOCKS:
        if kind == "sh":
            printed = "".join(terminal.type(line) for line in text.splitlines())
        elif kind == "diff":
            terminal.edit(text)
        else:
            assert kind == "text", kind
            assert _looks_like(text, printed), f"shown:\n{text}\n\nprinted:\n{printed}"
    here = studio.folder / "skerry-film"
    films = [here / name for name in ("ada", "ben")]
    machines = [Studio(film, here / f"machine-of-{film.name}") for film in films]
    assert [len(machine.ledger()) for machine in machines] == [8, 3]
    assert len({(film / "storyboard.lock").read_bytes() for film in films}) == 1
    assert len({(film / "renders/storyboard/stairs_t03.mp4").read_bytes() for film in films}) == 1


def test_what_it_names_beside_its_steps_exists(studio: Studio) -> None:
    words = {found.split()[0] for found in SHOWN.findall(TUTORIAL)}
    assert words >= {"accept", "ng", "providers", "run"}
    for word in words:
        studio.run(word, "--help")
    folder = Path(__file__).parents[2] / "docs"
    for link in re.findall(r"\]\(([^)]+)\)", TUTORIAL):
        assert (folder / link).exists(), link


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a  b", "a   b\n", True),
        ("a\n…\nd", "a\nb\nc\nd\n", True),
        ("… b …", "a b c", True),
        ("a", "a\nb", False),
        ("a\n…", "b\na", False),
    ],
)
def test_what_is_left_out_is_said(shown: str, printed: str, same: bool) -> None:
    assert _looks_like(shown, printed) == same


def _looks_like(shown: str, printed: str) -> bool:
    """Whether a text is what was printed, but for white space and for what `…` leaves out."""
    pattern = "".join(_patterns(shown.splitlines()))
    return re.fullmatch(pattern, "".join(f"{_even(line)}\n" for line in printed.splitlines())) is not None


def _patterns(lines: list[str]) -> Iterator[str]:
    for line in map(_even, lines):
        if line == "…":
            yield r"(?:.*\n)*?"
        else:
            yield re.escape(line).replace("…", ".*?") + r"\n"


def _even(line: str) -> str:
    return " ".join(line.split())
