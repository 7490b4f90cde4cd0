"""Whatever is done to a manifest's structure, it is read, refused or warned of: nothing ever crashes.

The example manifests are mutated (keys and values deleted, doubled, renamed, retyped, moved) with a fixed seed. The
whole way of `validate` is gone: load, graph, recipes, what the provider takes, and all that is said as text and data.
"""

from __future__ import annotations

import copy
import json
import random
from datetime import date
from pathlib import Path

import pytest
from boards import Memory

from sorapipe.planning.check import check
from sorapipe.planning.graph import build
from sorapipe.planning.recipe import recipes
from sorapipe.providers.profiles import load_profile
from sorapipe.storyboard.diagnostics import Diagnostics, as_json, render
from sorapipe.storyboard.document import Value, parse
from sorapipe.storyboard.load import load
from sorapipe.storyboard.places import Places
from sorapipe.storyboard.source import Source

EXAMPLES = Path(__file__).parents[2] / "examples" / "manifests"
SEEDS = 300

EVERYTHING = """
sorapipe: 1
include: [series/cast.yaml]
vars: {tone: wind, words: [a, b]}
matrix: {lang: {en: {vars: {line: hi}}, nb: {vars: {line: hei}}}, product: products.csv}
exclude: [{lang: nb, product: a-100}]
cells: [{when: {lang: nb}, takes: 3}]
characters:
  keeper: {name: Tom, url: "https://example.org/a.mp4", timestamps: [1, 3], description: an old man}
  gull: {from_shot: "storm[weather=fog]", timestamps: [2, 4]}
  fox: {handles: {simulator: {id: ch_1, username: fox.ember}}}
templates: {portrait: {params: {who: null, mood: calm}, prompt: "Close on {{ who }}, {{ mood }}, {{ vars.tone }}."}}
moved: [{from: gale, to: storm}]
scenes:
  - id: one
    defaults: {look: 35mm}
    shots:
      - {id: storm, matrix: {lang: null, product: null, weather: [squall, fog]}, prompt: "{{ matrix.weather }}",
         include: [{weather: calm, seconds: 15}], cells: [{when: {weather: fog}, takes: 2}]}
      - {id: face, template: portrait, with: {who: "@keeper"}, extra: {a: 1}, seed: 7, style: comic}
      - {id: after, continues: face, prompt: "{{ vars.line }} @keeper {{ characters.keeper.name }}", frozen: true,
         use: {in: 0.5, out: 8, fade: 0.5},
         subtitles: [{at: 1.0, for: 2.5, text: {en: "You came.", de: "{{ vars.tone }}"}}]}
      - {id: again, clip: after, use: false, needs: [face], tags: [a]}
      - {id: last, input_reference: {shot: after, at: 3.2}, last_frame: {shot: after, at: 0}, prompt: He looks back.}
film: {file: "{{ matrix.lang }}_{{ matrix.product }}.mp4", fps: 24, audio: music.wav, shots: [face, after]}
budget: {max_cost: 20, currency: credits}
"""

VALUES: list[Value] = [
    *(None, "", " ", "x", "1,3", "-1", "0", "1e400", "9" * 40, "true", "no", "10s", "..", "../a.yaml", "a/b", "a[b=c]"),
    *(
        "storm/fog",
        "face",
        "@keeper",
        "@",
        "@@",
        "{{ vars.x }}",
        "{{ vars.__class__ }}",
        "{% if",
        "{{",
        "{# ",
        "\u202e",
    ),
    *("x" * 3000, "é", "16:9", "https://x.org/a", "products.csv", "series/cast.yaml", "board.yaml", "*.yaml", "null"),
    *(
        [],
        {},
        [[]],
        [None],
        {"": ""},
        {"": {"": []}},
        {"a": None},
        ["a", "A"],
        {"a": {"b": {"c": ["d"]}}},
        {"shot": "after"},
    ),
]
NAMES = [
    *("", " ", "id", "shots", "scenes", "matrix", "include", "template", "with", "vars", "clip", "<<", "0", "1"),
    *("__class__", "a b", "a.b", "A", "é", "x" * 300, "name", "seconds", "lang", "url", "timestamps", "from_shot"),
    *("\u202e", "null"),
]

Spot = tuple[list[Value] | dict[str, Value], str | int]


def spots(root: Value) -> list[Spot]:
    """Every place of a value in a list or mapping."""
    found: list[Spot] = []
    waiting = [root]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            found += [(value, key) for key in value]
            waiting += value.values()
        elif isinstance(value, list):
            found += [(value, index) for index in range(len(value))]
            waiting += value
    return found


def mutate(root: Value, rng: random.Random) -> None:
    """One change somewhere."""
    every = spots(root)
    if not every:
        return
    home, key = rng.choice(every)
    value: Value = home[key]  # type: ignore[index]
    other_home, other_key = rng.choice(every)
    other: Value = copy.deepcopy(other_home[other_key])  # type: ignore[index]
    new = rng.choice([copy.deepcopy(rng.choice(VALUES)), other, [value], {"a": value}, {rng.choice(NAMES): value}])
    what = rng.randrange(4)
    if what == 0:
        del home[key]  # type: ignore[arg-type]
    elif what == 1 and isinstance(home, dict):
        home[rng.choice(NAMES)] = new if rng.randrange(2) else home.pop(str(key))
    elif isinstance(home, list) and what == 1:
        home.append(copy.deepcopy(value))
    else:
        home[key] = new  # type: ignore[index]


def manifests() -> dict[str, Value]:
    """The examples that can be read by themselves, and one that has a bit of everything."""
    texts = {
        name: (EXAMPLES / name).read_text() for name in ("skerry.yaml", "spots.yaml", "stills.yaml", "series/ep01.yaml")
    }
    found = {}
    for name, text in {**texts, "everything": EVERYTHING}.items():
        document = parse(Source(name, name, text), Places(), Diagnostics())
        assert document is not None
        found[name] = document.root
    return found


def validate(text: str) -> str:
    """All that `validate` does with a storyboard, and says of it."""
    files = {str(path.relative_to(EXAMPLES)): path.read_bytes() for path in EXAMPLES.rglob("*") if path.is_file()}
    result = load(
        "board.yaml", Memory({**files, "cast.yaml": files["series/cast.yaml"], "board.yaml": text}), max_shots=500
    )
    said = result.diagnostics
    graph = build(result.storyboard, said) if result.storyboard is not None else None
    if result.storyboard is not None and graph is not None:
        profile = load_profile("simulator", None).profile
        assert profile is not None
        recipes(result.storyboard, result.assets)
        check(result.storyboard, profile.capabilities, date(2026, 1, 1), lambda _: False, said, result.assets)
    assert (result.storyboard is None) <= said.has_errors
    json.dumps(as_json(said))
    return render(said, result.sources)


def seeded(seed: int) -> str:
    """A mutated manifest as text."""
    rng = random.Random(seed)
    roots = manifests_once()
    root = copy.deepcopy(roots[rng.choice(sorted(roots))])
    for _ in range(rng.randrange(1, 5)):
        mutate(root, rng)
    return json.dumps(root, ensure_ascii=False, indent=rng.choice([None, 1]))


_ROOTS: dict[str, Value] = {}


def manifests_once() -> dict[str, Value]:
    if not _ROOTS:
        _ROOTS.update(manifests())
    return _ROOTS


@pytest.mark.parametrize("part", range(3))
def test_no_structure_crashes(part: int) -> None:
    for seed in range(part * SEEDS // 3, (part + 1) * SEEDS // 3):
        text = seeded(seed)
        try:
            said = validate(text)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}\n{text}") from error
        assert "BUG" not in said and "Traceback" not in said
