"""Where the tags of a template stand, and what is wrong where it can't be read; knows no engine and renders nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from sorapipe.storyboard.filters import TemplateRefused

_CLOSE = {"{{": "}}", "{%": "%}", "{#": "#}"}
_OPEN = re.compile(r"\{[{%#]")
_INSIDE = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\{[{%#]|[}%#]\}""", re.DOTALL)
_WORDS = re.compile(r"[-+\s]*(\w+(?:\.\w+)*)")
_GOT = re.compile(r"got '(.*)'$|unexpected '(.*)'$|unexpected char '(.*?)' at", re.DOTALL)
_UNKNOWN_TAG = re.compile(r"unknown tag '(\w+)'")
_BLOCKS = frozenset({"if", "for"})
_WAYS = "names, filters, `if` and one `for` over a list are allowed"
_FORM = "a template looks names up, and filters them: `{{ vars.tone|upper }}`"


class Tag(NamedTuple):
    """One `{{ … }}`, `{% … %}` or `{# … #}`: from `start` to `end`, which is that of the text for one never closed."""

    sign: str
    start: int
    end: int
    closed: bool
    inner: str

    @property
    def word(self) -> str:
        """What stands in it first."""
        found = _WORDS.match(self.inner)
        return found[1] if found else ""


def tags(text: str) -> list[Tag]:
    """All tags of a text in order. One that another begins in before it ends counts as never closed."""
    found: list[Tag] = []
    at = _OPEN.search(text)
    while at is not None:
        tag = _tag(text, at.start())
        found.append(tag)
        at = _OPEN.search(text, tag.end)
    return found


def find(text: str, line: int, pattern: str) -> tuple[int, int] | None:
    """Offset and length of what matches first in a tag that reaches into `line` (from 1) or stands below it."""
    start = _line_start(text, line)
    for tag in tags(text):
        match = re.search(pattern, tag.inner) if tag.end > start else None
        if match is not None:
            return tag.start + 2 + match.start(), max(1, len(match[0]))
    return None


def loop_in_loop(text: str) -> tuple[int, int] | None:
    """Offset and length of the first loop that stands in another one."""
    depth = 0
    for tag in tags(text):
        if tag.sign == "{%" and tag.word == "for":
            if depth:
                return tag.start, tag.end - tag.start
            depth += 1
        depth -= tag.sign == "{%" and tag.word == "endfor"
    return None


def slip(text: str, said: str, line: int) -> TemplateRefused:
    """What is wrong with a text that an engine couldn't read, in our own words; `said` and `line` are the engine's."""
    every = tags(text)
    unclosed = next((tag for tag in every if not tag.closed), None)
    if unclosed is not None:
        return TemplateRefused(f"this `{unclosed.sign}` is never closed", _closing(unclosed), unclosed.start, 2)
    unknown = _UNKNOWN_TAG.search(said)
    for wrong in _unpaired(every):
        if wrong.word in _BLOCKS:
            hint = f"write `{{% end{wrong.word} %}}` where it ends"
            return _about(wrong, f"this `{wrong.word}` is never closed", hint)
        return _about(
            wrong, f"`{wrong.word}` closes nothing", f"take it out, or begin with `{{% {wrong.word[3:]} … %}}`"
        )
    if unknown is not None:
        at = find(text, line, rf"\b{unknown[1]}\b") or (0, 1)
        return TemplateRefused(f"no `{unknown[1]}` in templates", _WAYS, *at)
    empty = next((tag for tag in every if tag.sign != "{#" and not tag.inner.strip("-+ \t\n")), None)
    if empty is not None:
        return _about(empty, "this says nothing", "name what goes here: `{{ vars.tone }}`")
    return _unexpected(text, every, said, line)


def _unexpected(text: str, every: list[Tag], said: str, line: int) -> TemplateRefused:
    start = _line_start(text, line)
    here = next((tag for tag in every if tag.sign != "{#" and tag.end > start), None)
    got = _GOT.search(said)
    if here is None:
        return TemplateRefused("this template can't be read", _FORM, start)
    word = next(part for part in got.groups() if part is not None) if got else ""
    if word.startswith(("end of", "begin of")) or not word:
        message = "something is missing before this ends" if word.startswith("end of") else "this can't be read"
        return _about(here, message, _FORM)
    at = find(text, line, re.escape(word) if not word[0].isalnum() else rf"\b{re.escape(word)}\b")
    return TemplateRefused(f"`{word}` means nothing here", _FORM, *(at or (here.start, here.end - here.start)))


def _about(tag: Tag, message: str, hint: str) -> TemplateRefused:
    return TemplateRefused(message, hint, tag.start, tag.end - tag.start)


def _closing(tag: Tag) -> str:
    if tag.sign == "{#":
        return "`{#` begins a comment; for the signs themselves write `{{ '{#' }}`"
    if tag.sign == "{{":
        return f"close it: `{{{{ {tag.word or 'vars.tone'} }}}}`"
    return "close it with `%}`"


def _unpaired(every: list[Tag]) -> Iterator[Tag]:
    """Blocks that aren't closed, and ends of blocks that nothing begins."""
    open_blocks: list[Tag] = []
    for tag in every:
        if tag.sign != "{%":
            continue
        if tag.word in _BLOCKS:
            open_blocks.append(tag)
        elif tag.word.startswith("end") and tag.word[3:] in _BLOCKS:
            if not open_blocks or open_blocks[-1].word != tag.word[3:]:
                yield open_blocks[-1] if open_blocks else tag
                return
            open_blocks.pop()
    yield from reversed(open_blocks)


def _tag(text: str, start: int) -> Tag:
    sign = text[start : start + 2]
    if sign == "{#":
        end = text.find("#}", start + 2)
        stop = end + 2 if end >= 0 else len(text)
        return Tag(sign, start, stop, end >= 0, text[start + 2 : end if end >= 0 else stop])
    for match in _INSIDE.finditer(text, start + 2):
        if match[0] == _CLOSE[sign]:
            return Tag(sign, start, match.end(), True, text[start + 2 : match.start()])
        if match[0] in _CLOSE:
            return Tag(sign, start, match.start(), False, text[start + 2 : match.start()])
    return Tag(sign, start, len(text), False, text[start + 2 :])


def _line_start(text: str, line: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return start
