"""The normal form of texts and the mentions in them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorapipe.storyboard.text import Mention, normalise, paragraphs, split_mentions, words

PIECES = st.text(alphabet="abé@_-. \n\tK9%守", max_size=40)


def test_single_line_breaks_become_spaces() -> None:
    assert normalise("  The keeper\n  climbs  \n the stairs.\n") == "The keeper climbs the stairs."


def test_blank_lines_stay() -> None:
    assert normalise("one\ntwo\n\nthree\n \n\nfour") == "one two\n\nthree\n\n\nfour"


def test_line_breaks_of_other_systems_are_line_breaks() -> None:
    assert normalise("a\r\nb\rc\r\n\r\nd") == "a b c\n\nd"


def test_composed_and_decomposed_letters_are_one_text() -> None:
    assert normalise("Ho\u0308r nord") == normalise("H\u00f6r nord")


@given(st.lists(st.text(alphabet="abcü,.!", min_size=1, max_size=8), min_size=1, max_size=30), st.data())
def test_wrapping_a_paragraph_anew_changes_nothing(tokens: list[str], data: st.DataObject) -> None:
    breaks = [data.draw(st.sampled_from([" ", "\n", " \n", "\n   ", "\r\n"])) for _ in tokens]
    wrapped = "".join(token + gap for token, gap in zip(tokens, breaks, strict=True))
    assert normalise(wrapped) == normalise(" ".join(tokens))


@given(st.text(max_size=60))
def test_the_normal_form_is_its_own_normal_form(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)


def test_the_look_is_the_first_paragraph() -> None:
    assert paragraphs("35mm", "A gull.") == "35mm\n\nA gull."
    assert paragraphs("", "A gull.") == "A gull."
    assert paragraphs("35mm", "") == "35mm"


@pytest.mark.parametrize(
    ("prompt", "pieces"),
    [
        ("@keeper climbs", [Mention("keeper"), " climbs"]),
        ("mail info@keeper.com now", ["mail info@keeper.com now"]),
        ("灯塔里@keeper走上楼梯", ["灯塔里", Mention("keeper"), "走上楼梯"]),
        ("a sign with @@keeper on it", ["a sign with @keeper on it"]),
        ("@@@keeper", ["@@keeper"]),
        ("(@keeper's lamp)", ["(", Mention("keeper"), "'s lamp)"]),
        ("@old-tom_2, @fox.", [Mention("old-tom_2"), ", ", Mention("fox"), "."]),
        ("@keeper@fox", [Mention("keeper"), "@fox"]),
        ("8 @ noon", ["8 @ noon"]),
        ("", []),
    ],
)
def test_a_prompt_splits_into_text_and_mentions(prompt: str, pieces: list[str | Mention]) -> None:
    assert split_mentions(prompt) == pieces


@pytest.mark.parametrize("before", list("azAZ09._%+-@"))
def test_a_sign_after_a_letter_of_an_address_is_text(before: str) -> None:
    assert list(words(f"x {before}@keeper")) == []


def test_words_in_another_form_are_no_mentions() -> None:
    assert [(word.text, word.offset, word.mention) for word in words("@Keeper, @50mm and @fox, @守")] == [
        ("Keeper", 0, False),
        ("50mm", 9, False),
        ("fox", 19, True),
        ("守", 25, False),
    ]


@given(PIECES)
def test_pieces_put_together_again_are_the_prompt(prompt: str) -> None:
    whole = "".join(piece if isinstance(piece, str) else f"@{piece.id}" for piece in split_mentions(prompt))
    assert whole.replace("@", "") == prompt.replace("@", "")
    assert [piece.id for piece in split_mentions(prompt) if isinstance(piece, Mention)] == [
        word.text for word in words(prompt) if word.mention
    ]


@given(PIECES)
def test_doubled_signs_never_mention(prompt: str) -> None:
    assert not list(words(prompt.replace("@", "@@")))
    assert "".join(map(str, split_mentions(prompt.replace("@", "@@")))) == prompt
