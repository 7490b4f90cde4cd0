"""What outsiders write is shown with its controls escaped, and is text in every page that is drawn."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from attacks.hostile_data import attacks
from attacks.stage import TOKEN, Stage, attempt

SHOWN, MARKUP = attacks("shown"), attacks("markup")


def _film(stage: Stage, text: str) -> None:
    said = json.dumps(text)
    stage.film(
        f"sorapipe: 1\ntitle: {said}\ncharacters: {{t: {{name: {said}, description: {said}}}}}\n"
        f"scenes:\n  - id: s\n    title: {said}\n    shots:\n"
        f"      - {{id: a, title: {said}, notes: {said}, prompt: 'x @t'}}\n      - {{id: b, continues: a, prompt: y}}\n"
    )


@pytest.mark.parametrize("name", SHOWN)
def test_what_drives_a_terminal_is_shown_escaped(stage: Stage, name: str) -> None:
    _film(stage, SHOWN[name]["text"])
    stage.lock(
        attempt(state="failed", task=None, why=SHOWN[name]["text"]),
        {"kind": "note", "address": "a", "token": TOKEN, "take": 1, "text": SHOWN[name]["text"]},
    )
    said = [stage.run(*words, code=0).out for words in (("plan", "--all"), ("status",), ("status", "--json"))]
    assert SHOWN[name]["refused"] in said[0]
    assert SHOWN[name]["refused"] in said[1]
    assert SHOWN[name]["refused"] in json.dumps(json.loads(said[2]), ensure_ascii=False).replace("\\\\", "\\")
    for shape in ("mermaid", "dot", "svg"):
        stage.run("graph", "--format", shape, code=0)


@pytest.mark.parametrize("name", MARKUP)
def test_what_is_markup_is_text_in_every_drawing(stage: Stage, name: str) -> None:
    _film(stage, "a film")
    plain = _drawn(stage)
    _film(stage, MARKUP[name]["text"])
    for shape in ("mermaid", "dot"):
        assert MARKUP[name]["refused"] not in stage.run("graph", "--format", shape, code=0).out
    drawn = _drawn(stage)
    assert _markup(drawn) <= _markup(plain), "nothing in it but what is in any drawing"
    styles = [[one.text for one in it.iter() if one.tag.endswith("style")] for it in (drawn, plain)]
    assert styles[0] == styles[1]


def _drawn(stage: Stage) -> ElementTree.Element:
    return ElementTree.fromstring(stage.run("graph", "--format", "svg", code=0).out)  # noqa: S314 - we drew it


def _markup(drawing: ElementTree.Element) -> set[tuple[str, str]]:
    """Every attribute of every kind of element."""
    return {(one.tag, name) for one in drawing.iter() for name in ("", *one.attrib)}
