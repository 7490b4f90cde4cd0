"""Whole storyboards: what they mean, and what is said about those that mean nothing."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from boards import Memory, board, hints, loaded, problems, prompts, shot

from sorapipe.storyboard.load import load
from sorapipe.storyboard.model import Address, FileRef, FrameOf, ShotSource, UrlSource, Use


def test_five_lines_are_a_film() -> None:
    story = board("title: Hello\nshots:\n  - id: hello\n    prompt: A paper boat.\n")
    assert prompts(story) == {"hello": "A paper boat."}
    assert [(film.file, film.shots) for film in story.films] == [("board.mp4", (Address("hello"),))]
    assert story.title == "Hello" and story.budget is None


def test_every_field_of_a_request_arrives() -> None:
    request = (
        board(
            """
        characters: {fox: {description: a fox}}
        shots:
          - {id: a, prompt: x}
          - id: b
            prompt: "@fox runs"
            look: 35mm
            model: sora-2-hd
            seconds: "15"
            size: 1024x1792
            negative_prompt: rain
            last_frame: {shot: a, at: 0}
            input_reference: {shot: a, at: 3.2}
            watermark: true
            private: true
            character_create: true
            metadata: 007
            style: comic
            seed: 7
            extra: {steps: 30, cfg_scale: 7.50}
        """
        )
        .shots[1]
        .request
    )
    assert request is not None
    assert request.prompt == "35mm\n\n@fox runs" and request.mentions == ("fox",)
    assert (request.model, request.seconds, request.size, request.seed) == ("sora-2-hd", 15, "1024x1792", 7)
    assert request.input_reference == FrameOf(Address("a"), Decimal("3.2"))
    assert request.last_frame == FrameOf(Address("a"), Decimal(0))
    assert request.watermark and request.private and request.character_create
    assert (request.metadata, request.style, request.negative_prompt) == ("007", "comic", "rain")
    assert [key for key, _ in request.extra] == ["cfg_scale", "steps"]


def test_the_rest_of_a_shot_arrives() -> None:
    story = board(
        """
        shots:
          - {id: a, prompt: x, title: Dawn, notes: wind, tags: [day, 007]}
          - id: b
            prompt: y
            takes: 3
            needs: [a]
            frozen: true
            use: {in: 0.5, out: 8, fade: 0.5}
            subtitles:
              - {at: 1.0, for: 2.5, text: {en: "You came.", de: "Du bist da."}}
              - {at: 4, for: 1, text: Well.}
          - {id: c, clip: a, use: {out: 3}}
          - {id: d, prompt: z, use: false}
        """
    )
    first, second, third, fourth = story.shots
    assert (first.title, first.notes, first.tags) == ("Dawn", "wind", ("day", "007"))
    assert (second.takes, second.needs, second.frozen) == (3, (Address("a"),), True)
    assert second.use == Use(True, Decimal("0.5"), Decimal(8), Decimal("0.5"))
    assert [line.text for line in second.subtitles] == [{"en": "You came.", "de": "Du bist da."}, {"": "Well."}]
    assert third.request is None and third.clip == Address("a")
    assert not fourth.use.in_film and Address("d") not in story.films[0].shots


def test_blank_lines_make_paragraphs_however_the_text_is_written() -> None:
    story = board(
        """
        shots:
          - id: folded
            prompt: >-
              one
              two

              three
          - id: literal
            prompt: |
              one
              two

              three
          - {id: quoted, prompt: "one two\\n\\nthree"}
          - id: plain
            prompt: one
              two

              three
        """
    )
    assert set(prompts(story).values()) == {"one two\n\nthree"}


def test_characters_of_every_kind() -> None:
    story = board(
        """
        characters:
          keeper: {name: Old Tom, url: "https://example.org/k.mp4", timestamps: [1, 2.5], description: an old man}
          gull: {from_shot: cliff, timestamps: [2, 4]}
          fox: {handles: {simulator: {id: ch_1, username: fox.ember}}}
          lantern: {description: a lantern}
        shots: [{id: cliff, prompt: "@keeper and @lantern"}]
        """
    )
    keeper, gull, fox, lantern = story.characters.values()
    assert keeper.source == UrlSource("https://example.org/k.mp4", (Decimal(1), Decimal("2.5")))
    assert gull.source == ShotSource(Address("cliff"), (Decimal(2), Decimal(4))) and gull.name == "gull"
    assert fox.handles["simulator"].username == "fox.ember"
    assert lantern.source is None and lantern.description == "a lantern"


def test_a_template_takes_its_values_from_the_shot() -> None:
    story = board(
        """
        vars: {tone: wind}
        characters: {keeper: {description: an old man}}
        templates:
          portrait:
            params: {who: null, mood: calm}
            prompt: "Close on {{ who }}, {{ mood }}, {{ vars.tone }}."
            seconds: 5
        shots:
          - {id: a, template: portrait, with: {who: "@keeper", mood: "like {{ vars.tone }}"}}
          - {id: b, template: portrait, with: {who: a dog}, seconds: 8}
        """
    )
    assert prompts(story) == {"a": "Close on @keeper, like wind, wind.", "b": "Close on a dog, calm, wind."}
    first, second = (one.request for one in story.shots)
    assert first and second and (first.seconds, second.seconds, first.mentions) == (5, 8, ("keeper",))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title: Nothing", ["1: this storyboard has no shots: nothing would be rendered"]),
        ("shots: [{id: a, prompt: x}]\nscenes: [{id: s, shots: [{id: b, prompt: y}]}]",
         ["2: a storyboard has `scenes` or a flat list of `shots`, not both"]),
        ("shots: [{id: a}]", ["2: shot `a` has no prompt"]),
        ("shots: [{id: con, prompt: x}]", ["2: `con` is a reserved file name on Windows"]),
        ("shots: [{id: a, prompt: '@who'}]", ["2: there is no character `@who`"]),
        ("shots: [{id: a, prompt: x, needs: [b]}]", ["2: there is no shot `b`"]),
        ("shots: [{id: a, prompt: x, continues: a}]", ["2: `a` refers to itself"]),
        ("shots: [{id: a, prompt: x, size: '{{ vars.s }}'}]", ["2: `size` is not text"]),
        ("vars: {a: '{{ vars.b }}'}\nshots: [{id: a, prompt: x}]", ["2: `vars` can't hold a template"]),
        ("shots: [{id: a, prompt: x, title: '{{ vars.s }}'}]", ["2: `title` is not rendered, so `{{` means nothing here"]),  # noqa: E501
        ("shots: [{id: a, prompt: '{{ vars.x }}'}]", ["2: unknown name `vars.x`"]),
        ("shots: [{id: a, prompt: '{{ \"{{\" }}'}]", ["2: the rendered text still holds `{{`"]),
        ("shots: [{id: a, prompt: '{{ characters.b.name }}'}]", ["2: there is no character `b`"]),
        ("shots: [{id: a, prompt: '{{ shot.seconds }}'}]", ["2: `seconds` isn't said for this shot"]),
        ("shots: [{id: a, template: b}]", ["2: there is no template `b`"]),
        ("templates: {t: {params: {x: null}, prompt: '{{ x }}'}}\nshots: [{id: a, template: t}]",
         ["3: template `t` needs `x`"]),
        ("templates: {t: {prompt: p}}\nshots: [{id: a, template: t, with: {y: 1}}]",
         ["3: template `t` has no parameter `y`"]),
        ("shots: [{id: a, prompt: x, use: {in: 3, out: 2}}]", ["2: `in` (3) is not before `out` (2)"]),
        ("shots: [{id: a, prompt: x, input_reference: ../k.png}]", ["2: a path can't lead up with `..`"]),
        ("shots: [{id: a, prompt: x, input_reference: /etc/passwd}]", ["2: a path must be relative"]),
        ("shots: [{id: a, prompt: x, input_reference: 'a\\b.png'}]", ["2: a path has `/` between its parts"]),
        ("shots: [{id: a, prompt: x, input_reference: 'C:x.png'}]", ["2: a path must be relative"]),
        ("shots: [{id: a, prompt: x, input_reference: '~/x.png'}]", ["2: a path must be relative"]),
        ("shots: [{id: a, prompt: x, input_reference: \"a\\0.png\"}]", ["2: a path can't hold control characters"]),
        ("shots: [{id: a, prompt: x, input_reference: 'https://x.org/a.png'}]", ["2: this is a link, not a file"]),
        ("shots: [{id: a, prompt: x, input_reference: k.png}]", ["2: `k.png` does not exist"]),
        ("characters: {k: {url: 'https://x y'}}\nshots: [{id: a, prompt: x}]", ["2: this is not the address of a clip on the web"]),  # noqa: E501
        ("characters: {k: {description: d, url: 'https://x.org/a', from_shot: a}}\nshots: [{id: a, prompt: x}]",
         ["2: character `k` is made in 2 ways"]),
        ("characters: {k: {url: 'https://x.org/a', timestamps: [1, 5]}}\nshots: [{id: a, prompt: x}]",
         ["2: 1 to 5 are 4 seconds; a character takes 1 to 3 seconds of a clip"]),
        ("characters: {k: {name: K}}\nshots: [{id: a, prompt: x}]", ["2: nothing says what character `k` looks like"]),
        ("shots: [{id: a, prompt: x}, {id: b, clip: a, prompt: y}]", ["2: `clip` renders nothing, so `prompt` means nothing here"]),  # noqa: E501
        ("moved: [{from: a, to: a}]\nshots: [{id: a, prompt: x}]", ["2: `a` is still a shot here"]),
        ("moved: [{from: b, to: c}]\nshots: [{id: a, prompt: x}]", ["2: there is no shot `c`"]),
    ],
)  # fmt: skip
def test_one_mistake_is_one_error(text: str, says: list[str]) -> None:
    assert problems(text) == says


def test_a_mistake_is_shown_inside_its_block() -> None:
    result = loaded(
        "sorapipe: 1\nshots:\n  - id: a\n    prompt: >-\n      The sea,\n      {{ vars.tine }} and\n      @nobody.\n"
    )
    places = [(one.span.place.line, one.span.place.column, one.span.length) for one in result.diagnostics if one.span]
    assert places == [(6, 15, 4)]
    result = loaded("sorapipe: 1\nshots:\n  - id: a\n    prompt: >-\n      The sea and\n      @nobody.\n")
    places = [(one.span.place.line, one.span.place.column, one.span.length) for one in result.diagnostics if one.span]
    assert places == [(6, 7, 7)]


def test_hints_name_what_was_meant() -> None:
    text = """
    vars: {tone: x}
    characters: {keeper: {description: d}}
    shots:
      - {id: stairs, prompt: "{{ vars.tine }}"}
      - {id: b, prompt: "@Keeper", continues: stars}
      - {id: c, prompt: "@keper"}
      - {id: d, prompt: "f/2 @50mm"}
      - {id: e, prompt: "{{ tone }}"}
    """
    assert hints(text) == [
        "did you mean `vars.tone`?",
        "did you mean `@keeper`? For the sign itself write `@@Keeper`",
        "did you mean `stairs`?",
        "did you mean `@keeper`? For the sign itself write `@@keper`",
        "for the sign itself write `@@50mm`",
        "did you mean `vars.tone`?",
    ]


def test_a_mistake_that_many_shots_share_is_said_once() -> None:
    many = "\n".join(f"  - {{id: s{number}, template: t}}" for number in range(300))
    text = "templates: {t: {prompt: 'in {{ vars.tone }} with @who'}}\nshots:\n" + many
    assert problems(text) == ["2: unknown name `vars.tone`"]


def test_an_error_does_not_bring_others_after_it() -> None:
    unnamed = problems("shots: [{name: storm, prompt: x}, {id: b, prompt: y, needs: [storm]}]")
    assert unnamed and not any("`storm`" in problem for problem in unnamed)
    assert len(problems("shots: [{id: a, promt: x}]")) == 1
    assert len(problems("shots: [{id: a, prompt: x, matrix: {lens: []}}, {id: b, prompt: y, needs: [a]}]")) == 1


def test_a_value_may_bring_a_mention() -> None:
    story = board(
        "vars: {hero: '@fox'}\ncharacters: {fox: {description: d}}\nshots: [{id: a, prompt: '{{ vars.hero }} runs'}]"
    )
    assert story.shots[0].request and story.shots[0].request.mentions == ("fox",)
    assert problems("vars: {hero: '@fax'}\nshots: [{id: a, prompt: '{{ vars.hero }} runs'}]") == [
        "2: there is no character `@fax`"
    ]


def test_a_picture_is_looked_at_once_and_listed() -> None:
    reader = Memory(
        {
            "board.yaml": "sorapipe: 1\ndefaults: {input_reference: refs/a.png}\n"
            "shots: [{id: a, prompt: x}, {id: b, prompt: y}]\n",
            "refs/a.png": b"png",
        }
    )
    result = load("board.yaml", reader)
    assert result.storyboard and list(result.assets) == ["refs/a.png"] and reader.looked == ["refs/a.png"]
    assert all(one.request and one.request.input_reference == FileRef("refs/a.png") for one in result.storyboard.shots)


def test_a_file_with_another_name_is_suggested() -> None:
    reader = Memory(
        {
            "board.yaml": "sorapipe: 1\nshots: [{id: a, prompt: x, input_reference: refs/stair.png}]",
            "refs/stairs.png": "",
        }
    )
    assert [one.hint for one in load("board.yaml", reader).diagnostics] == ["did you mean `refs/stairs.png`?"]


def test_purchases_that_are_equal_are_warned_of() -> None:
    assert problems("shots: [{id: a, prompt: x}, {id: b, prompt: ' x '}, {id: c, prompt: x, seed: 1}]") == [
        "2: `b` has the same request as `a`: each is a purchase of its own"
    ]
    assert problems("shots: [{id: a, prompt: x}, {id: b, prompt: x, frozen: true}]") == []


def test_a_frame_behind_the_cut_is_warned_of() -> None:
    assert problems("shots: [{id: a, prompt: x, use: {out: 8}}, {id: b, prompt: y, continues: a}]") == [
        "2: the last frame of `a` lies behind its `use.out` (8): the film cuts before it"
    ]
    assert problems("shots: [{id: a, prompt: x, use: {out: 8}}, {id: b, prompt: y, continues: {shot: a, at: 8}}]") == []


def test_two_beginnings_are_an_error_with_both_places() -> None:
    text = "shots:\n  - {id: a, prompt: x}\n  - {id: b, prompt: y, continues: a, input_reference: {shot: a}}"
    assert problems(text) == ["4: `continues` and `input_reference` both say how the clip begins"]


def test_moved_names_are_canonical() -> None:
    story = board(
        """
        moved: [{from: old, to: new}, {from: "s[lens=near]", to: s/close}]
        shots: [{id: new, prompt: x}, {id: s, prompt: "{{ matrix.lens }}", matrix: {lens: [wide, close]}}]
        """
    )
    assert story.moved == {"old": "new", "s[lens=near]": "s[lens=close]"}


def test_nothing_is_readable_and_nothing_raises() -> None:
    for body in ("", "[]", "a", "sorapipe: 1", "\x00", "shots: {a: b}", "sorapipe: 1\nshots: [1, [2], {id: {}}]"):
        result = load("board.yaml", Memory({"board.yaml": body}))
        assert (result.storyboard is None) == result.diagnostics.has_errors
    assert load("gone.yaml", Memory({})).storyboard is None


def test_places_of_fields_follow_the_cascade() -> None:
    result = loaded(
        "sorapipe: 1\ndefaults:\n  model: m\n  use: {out: 3}\nshots:\n  - id: a\n    prompt: x\n    use: {in: 1}\n"
    )
    assert result.storyboard is not None
    origin = shot(result.storyboard, "a").origin
    lines = [origin.place(field).place.line for field in (None, "prompt", "model", "use.in", "use.out", "size")]
    assert lines == [6, 7, 3, 8, 4, 6]


def test_many_shots_are_read_quickly() -> None:
    body = "sorapipe: 1\nvars: {tone: wind}\ncharacters: {k: {description: d}}\nshots:\n" + "".join(
        f"  - id: s{number}\n    prompt: '@k number {number} in the {{{{ vars.tone }}}}'\n" for number in range(3000)
    )
    started = time.perf_counter()
    assert load("board.yaml", Memory({"board.yaml": body})).storyboard is not None
    assert time.perf_counter() - started < 3
