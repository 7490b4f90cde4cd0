"""The words of a text are found again in the values that they were written in."""

from __future__ import annotations

from pathlib import Path
from unicodedata import normalize

import pytest

from sorapipe.state.workspace import Workspace
from sorapipe.storyboard.load import load
from sorapipe.storyboard.model import Storyboard
from sorapipe.storyboard.provenance import made_of, roots

EXAMPLES = Path(__file__).parents[2] / "examples" / "manifests"
FILM = """\
sorapipe: 1
vars: {tone: wind, list: [one, two], who: Tom}
defaults: {look: "35mm, {{ shot.seconds }} s.", seconds: 10}
characters:
  tom: {name: Old Tom, description: an old man}
templates:
  close: {params: {who: null, mood: calm}, prompt: "Close on {{ who|upper }}, {{ mood }}."}
  wide: {params: {who: null}, prompt: "{% if vars.tone == 'wind' %}{{ who }} in the {{ vars.tone }}{% endif %}."}
shots:
  - {id: a, template: close, with: {who: "{{ vars.who }}"}}
  - {id: b, template: wide, with: {who: "@tom"}}
  - {id: c, prompt: "{{ characters.tom.description }} and {% for w in vars.list %}{{ w }} {% endfor %}"}
  - {id: d, matrix: {sky: {fog: {vars: {tone: mist}}, sun: {}}}, prompt: "{{ vars.tone }} {{ matrix.sky }}"}
  - {id: e, look: null, negative_prompt: "no {{ vars.tone }}", prompt: "cafe\u0301 {{ vars.tone }}, e\u0301"}
"""


def storyboard(path: Path) -> Storyboard:
    workspace = Workspace.open(path)
    found = load(workspace.manifest, workspace.reader()).storyboard
    assert found is not None
    return found


@pytest.fixture
def film(tmp_path: Path) -> Storyboard:
    (tmp_path / "film.yaml").write_text(FILM)
    return storyboard(tmp_path / "film.yaml")


def keys(film: Storyboard, label: str, field: str = "prompt") -> dict[str, list[str]]:
    """By root: the words that came from it, whole or in part."""
    shot = next(one for one in film.shots if one.label == label)
    words = made_of(shot, film, field)
    return {key: [word.text for word in words if any(root.key == key for root in word.roots)] for key in roots(words)}


def test_each_word_has_its_root(film: Storyboard) -> None:
    assert keys(film, "a") == {
        "look": ["35mm,", "s."],
        "seconds": ["10"],
        "prompt": ["Close", "on", "TOM,", "calm."],
        "with.who": ["TOM,"],
        "params.mood": ["calm."],
    }
    assert keys(film, "b")["vars.tone"] == ["wind."]
    assert keys(film, "c")["characters.tom.description"] == ["an", "old", "man"]
    assert keys(film, "d/fog")["vars.tone"] == ["mist"]
    assert keys(film, "d/fog")["matrix.sky"] == ["fog"]
    assert keys(film, "d/sun")["vars.tone"] == ["wind"]
    assert keys(film, "e") == {"prompt": ["cafe\u0301", "wind,", "e\u0301"], "vars.tone": ["wind,"]}
    assert keys(film, "e", "negative_prompt") == {"negative_prompt": ["no"], "vars.tone": ["wind"]}


def test_a_root_is_placed_where_the_value_was_written(film: Storyboard) -> None:
    shot = next(one for one in film.shots if one.label == "d/fog")
    root = roots(made_of(shot, film, "prompt"))["vars.tone"]
    line = FILM.splitlines()[root.span.place.line - 1]
    assert line[root.span.place.column - 1 :].startswith("mist")
    assert (root.what, root.role, root.text) == ("variable tone", "sky fog", "mist")


def manifests() -> list[Path]:
    return sorted(path for path in EXAMPLES.rglob("*.yaml") if path.read_text().lstrip("# ").find("sorapipe: 1") >= 0)


@pytest.mark.parametrize("path", manifests(), ids=lambda path: path.name)
def test_the_words_of_all_examples_are_those_that_are_sent(path: Path) -> None:
    board = storyboard(path)
    for shot in board.shots:
        if shot.request is not None:
            words = [normalize("NFC", word.text) for word in made_of(shot, board, "prompt")]
            assert words == shot.request.prompt.split(), shot.label
            negative = [normalize("NFC", word.text) for word in made_of(shot, board, "negative_prompt")]
            assert negative == (shot.request.negative_prompt or "").split()
