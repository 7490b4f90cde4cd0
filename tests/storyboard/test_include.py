"""Storyboards of several files."""

from __future__ import annotations

from boards import Memory, board, hints, loaded, problems, prompts

from sorapipe.storyboard.load import load
from sorapipe.storyboard.model import FileRef

CAST = """
sorapipe: 1
title: The cast
vars: {town: a harbour, tone: calm}
defaults: {model: sora-2, look: grey}
characters: {mara: {description: a woman}}
templates: {close: {params: {who: null}, prompt: "Close on {{ who }} in {{ vars.town }}."}}
"""


def test_maps_merge_and_the_including_file_wins() -> None:
    story = board(
        """
        include: [cast.yaml]
        vars: {tone: loud}
        defaults: {look: red}
        shots:
          - {id: a, template: close, with: {who: "@mara"}}
          - {id: b, prompt: "{{ vars.tone }}"}
        """,
        cast_yaml=CAST,
    )
    assert prompts(story) == {"a": "red\n\nClose on @mara in a harbour.", "b": "red\n\nloud"}
    assert story.shots[0].request and story.shots[0].request.model == "sora-2"


def test_what_is_ignored_is_noted() -> None:
    text = "include: [cast.yaml]\nshots: [{id: a, prompt: x}]"
    assert problems(text, cast_yaml=CAST) == ["cast.yaml:3: `title` of an included file is ignored"]
    result = loaded("sorapipe: 1\n" + text, cast_yaml=CAST)
    assert result.storyboard and result.storyboard.title is None
    assert result.files == ("board.yaml", "cast.yaml") and set(result.sources) == {"board.yaml", "cast.yaml"}


def test_a_file_may_stand_in_place_of_a_scene() -> None:
    story = board(
        """
        scenes:
          - include: scenes/dawn.yaml
          - {id: noon, shots: [{id: b, prompt: y}]}
          - include: scenes/more.yaml
        """,
        scenes__dawn_yaml="title: Dawn\ndefaults: {look: cold}\nvars: {v: x}\nshots: [{id: a, prompt: '{{ vars.v }}'}]\n",  # noqa: E501
        scenes__more_yaml="scenes: [{id: dusk, shots: [{id: c, prompt: z}]}, {id: night, shots: [{id: d, prompt: w}]}]\n",  # noqa: E501
    )
    assert [(scene.id, scene.title) for scene in story.scenes] == [
        ("dawn", "Dawn"),
        ("noon", None),
        ("dusk", None),
        ("night", None),
    ]
    assert prompts(story) == {"a": "cold\n\nx", "b": "y", "c": "z", "d": "w"}


def test_a_file_may_be_written_like_a_scene() -> None:
    text = "scenes: [{include: s.yaml}]"
    story = board(text, s_yaml="id: one\ntitle: One\nshots: [{id: a, prompt: x}]")
    assert [(scene.id, scene.title, len(scene.shots)) for scene in story.scenes] == [("one", "One", 1)]
    assert len(problems(text, s_yaml="id: one\ncast: {}\nshots: [{id: a, prompt: x}]")) == 1


def test_paths_are_relative_to_the_file_they_stand_in() -> None:
    files = {
        "board.yaml": "sorapipe: 1\nscenes: [{include: scenes/one.yaml}]\n",
        "scenes/one.yaml": "shots: [{id: a, prompt: x, input_reference: refs/k.png, matrix: {p: p.csv}}]\n",
        "scenes/refs/k.png": "png",
        "scenes/p.csv": "id,vars.price\na-1,9.90\n",
    }
    result = load("board.yaml", Memory(dict(files)))
    assert result.storyboard is not None and list(result.assets) == ["scenes/refs/k.png"]
    request = result.storyboard.shots[0].request
    assert request and request.input_reference == FileRef("scenes/refs/k.png")


def test_what_is_defined_twice_has_both_places() -> None:
    text = "include: [cast.yaml]\ncharacters: {mara: {description: b}}\nshots: [{id: a, prompt: x}, {id: a, prompt: y}]"
    result = loaded("sorapipe: 1\n" + text, cast_yaml=CAST.replace("title: The cast\n", ""))
    found = [(one.message, one.related[0].span.place.file) for one in result.diagnostics]
    assert found == [
        ("character `mara` is defined twice", "cast.yaml"),
        ("shot `a` is defined twice", "board.yaml"),
    ]


def test_a_file_that_two_include_is_read_once() -> None:
    story = board(
        "include: [a.yaml, b.yaml]\nshots: [{id: s, prompt: '@k'}]",
        a_yaml="include: [cast.yaml]",
        b_yaml="include: [cast.yaml]",
        cast_yaml="characters: {k: {description: d}}",
    )
    assert list(story.characters) == ["k"]


def test_circles_and_ways_out_of_the_folder_are_refused() -> None:
    shots = "\nshots: [{id: a, prompt: x}]"
    assert problems("include: [a.yaml]" + shots, a_yaml="include: [b.yaml]", b_yaml="include: [a.yaml]") == [
        "b.yaml:1: these files include each other: `a.yaml` → `b.yaml` → `a.yaml`"
    ]
    assert problems("include: [../cast.yaml]" + shots) == ["2: a path can't lead up with `..`"]
    assert hints("include: [../cast.yaml]" + shots) == ["put episodes side by side: series/cast.yaml, series/ep01.yaml"]
    assert problems("include: [casts.yaml]" + shots, cast_yaml="{}") == ["2: `casts.yaml` does not exist"]
    assert hints("include: [casts.yaml]" + shots, cast_yaml="{}") == ["did you mean `cast.yaml`?"]


def test_a_long_chain_of_files_is_bounded() -> None:
    files = {f"f{number}_yaml": f"include: [f{number + 1}.yaml]" for number in range(30)}
    found = problems("include: [f0.yaml]\nshots: [{id: a, prompt: x}]", **files)
    assert len(found) == 1 and "16 files deep" in found[0]


def test_rows_of_a_table_are_an_axis() -> None:
    story = board(
        "shots: [{id: a, prompt: '{{ vars.name }} for {{ vars.price }}', matrix: {product: products.csv}}]",
        products_csv="id,vars.name,vars.price,seconds\na-100,North Mug,9.90,10\na-200,Kettle,049.00,\n",
    )
    assert prompts(story) == {"a/a-100": "North Mug for 9.90", "a/a-200": "Kettle for 049.00"}
    assert [one.request and one.request.seconds for one in story.shots] == [10, None]


def test_problems_of_a_table_are_shown_there() -> None:
    text = "shots: [{id: a, prompt: '{{ vars.line }} x', matrix: {p: p.csv}}]"
    assert problems(text, p_csv="id,vars.line\na,@nobody\n") == ["p.csv:2: there is no character `@nobody`"]
    assert problems(text, p_csv="id,vars.line\na,'{{ vars.x }}'\n") == ["p.csv:2: `vars` can't hold a template"]
