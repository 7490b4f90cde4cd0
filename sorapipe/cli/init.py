"""`sorapipe init`: writes a small storyboard that runs as it is; overwrites nothing."""

from __future__ import annotations

from pathlib import Path

import click

from sorapipe.cli.choosing import shell_words, storyboards
from sorapipe.cli.group import VerbCommand
from sorapipe.cli.lock_setup import ATTRIBUTE, ATTRIBUTES, COMMENT, DRIVER, append, configure
from sorapipe.cli.lock_words import of_manifest

_STORYBOARD = """\
# yaml-language-server: $schema=storyboard.schema.json
sorapipe: 1
title: {title}
provider: simulator # practice: free, on this machine. `sorapipe providers` lists the real ones

# What all shots share. A shot may say otherwise.
defaults:
  model: sora-2
  size: 1280x720
  seconds: 10
  look: 35mm film, soft overcast light, muted teal and amber.

# People and things that come back. `@name` in a prompt calls them in.
characters:
  lantern: # only words: a prop that looks the same in every shot
    description: a dented brass lantern with green glass

scenes:
  - id: shore
    title: Before the storm
    shots:
      - id: boat
        prompt: >-
          A small paper boat crosses a grey bay towards a lighthouse.
          The camera drifts beside it, low over the water.

      - id: landing
        continues: boat # begins on the last frame of that clip, so that the cut is seamless
        prompt: The boat touches wet rock. @lantern stands on a step, lit.

  - id: light
    title: The storm
    defaults:
      look: 35mm film, night, hard side light, rain in the beam.
    shots:
      - id: stairs
        takes: 2 # two tries; `sorapipe pick stairs 2` puts the second into the film
        prompt: A spiral staircase seen from above. @lantern is carried up, round and round.

      - id: storm
        matrix: # one shot for each word: storm/squall and storm/fog
          weather: [squall, fog]
        prompt: The lighthouse beam turns in a {{ matrix.weather }}, waves below.
"""
_IGNORED = """\
# clips are large and can be fetched again; the lock beside each storyboard says which is which
renders/
"""


@click.command(
    "init",
    cls=VerbCommand,
    short_help="Write a small storyboard that runs as it is.",
    help="Write a small storyboard that runs as it is, in FOLDER or here. Nothing that exists is overwritten; beside a "
    "storyboard that is there only what git and an editor should know is added.",
    examples=(("sorapipe init skerry", "then: sorapipe run skerry/storyboard.yaml"),),
)
@click.argument("folder", required=False, default=".", type=click.Path(file_okay=False, path_type=Path))
def command(folder: Path) -> None:
    """Writes the files and says what to do next."""
    there = storyboards(folder)
    films = there or [_storyboard(folder)]
    written = [] if there else list(films)
    written += [path for path in (folder / "storyboard.schema.json",) if _schema(path)]
    written += [path for path, text in _beside(folder) if _add_lines(path, text, _locks(films))]
    for path in written:
        click.echo(path)
    if there:
        names = ", ".join(f"`{path}`" for path in there)
        stay = "is there already and stays as it is" if len(there) == 1 else "are there already and stay as they are"
        click.echo(f"{names} {stay}" + ("" if written else "; nothing is missing beside it"), err=True)
        click.echo("for a second film: sorapipe init NAME", err=True)
    _tell_git(films)
    typed = "" if films[0] == Path("storyboard.yaml") else shell_words([str(films[0])])
    click.echo(f"\nnext: sorapipe {'plan' if there else 'run'}{typed}", err=True)


def _storyboard(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "storyboard.yaml"
    title = (folder.resolve().name or "A film").replace("-", " ").replace("_", " ").strip().capitalize()
    _new(path, _STORYBOARD.replace("{title}", _quoted(title)))
    return path


def _beside(folder: Path) -> tuple[tuple[Path, str], ...]:
    return ((folder / ".gitignore", _IGNORED), (folder / ATTRIBUTES, f"{COMMENT}{ATTRIBUTE}\n"))


def _locks(films: list[Path]) -> frozenset[str]:
    return frozenset(of_manifest(path).lock.name for path in films)


def _tell_git(films: list[Path]) -> None:
    """Tells this clone how locks are merged, where somebody has not decided otherwise."""
    from sorapipe.state.files import StateError
    from sorapipe.state.git import Git

    git = Git.of(films[0].parent)
    wanted = git is not None and any(
        git.attribute(of_manifest(path).lock.absolute(), "merge") == "sorapipe" for path in films
    )
    if git is None or not wanted:
        return
    try:
        if configure(git):
            click.echo(f"{DRIVER}: set in this clone, so that git joins locks by their records", err=True)
    except StateError as error:  # the storyboard is there all the same
        click.echo(f"note: {error}: `sorapipe lock merge-driver` tries it again", err=True)


def _schema(path: Path) -> bool:
    """The schema that the storyboard's first line names, for an editor without a network. Whether it was written."""
    from sorapipe.storyboard.schema import schema_text

    if path.exists():
        return False
    _new(path, schema_text())
    return True


def _quoted(title: str) -> str:
    """A folder's name as a YAML text, whatever is in it."""
    import json

    return json.dumps(title, ensure_ascii=False)


def _new(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _add_lines(path: Path, text: str, locks: frozenset[str]) -> bool:
    """Writes the file, or adds what an existing one does not say yet. Whether anything was written. `locks` are the
    names that `*.lock` is meant for."""
    if not path.exists():
        _new(path, text)
        return True
    there = path.read_text(encoding="utf-8", errors="surrogateescape")
    said = {line.strip() for line in there.splitlines()}
    patterns = {line.split()[0] for line in said if line}
    lines = text.splitlines()
    lacking = [line for line in lines if not line.startswith("#") and not _covered(line, patterns, locks)]
    if not lacking:
        return False
    comments = [line for line in lines if line.startswith("#") and line not in said]
    append(path, "".join(f"{line}\n" for line in comments + lacking))
    return True


def _covered(line: str, patterns: set[str], locks: frozenset[str]) -> bool:
    """Whether somebody has decided already about the files that a line is for."""
    name = line.split(maxsplit=1)[0]
    return name in patterns or (name == "*.lock" and locks <= patterns)
